//! What the agent tells systemd of itself (sd_notify(3)): one datagram, so no library is needed for it.

use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Tells a state such as `READY=1`. Where nobody listens, nothing is told.
pub(crate) fn tell(state: &str) {
    tell_to(std::env::var_os("NOTIFY_SOCKET"), state);
}

fn tell_to(socket: Option<OsString>, state: &str) {
    let Some(name) = socket.filter(|name| !name.is_empty()) else {
        return;
    };
    let address = match name.as_bytes() {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest),
        _ => SocketAddr::from_pathname(&name),
    };
    let sent = address.and_then(|address| UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address));
    if let Err(error) = sent {
        tracing::warn!("systemd could not be told {state:?}: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_one_datagram() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let socket = UnixDatagram::bind(&path).unwrap();
        tell_to(Some(path.into_os_string()), "READY=1");
        let mut buffer = [0; 32];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"READY=1");
        tell_to(None, "READY=1");
    }

    #[test]
    fn a_socket_may_have_no_name_in_the_file_system() {
        let name = format!("gatelog-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let socket = UnixDatagram::bind_addr(&address).unwrap();
        tell_to(Some(format!("@{name}").into()), "STOPPING=1");
        let mut buffer = [0; 32];
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"STOPPING=1");
    }
}
