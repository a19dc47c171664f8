//! Taking an address: a TCP port, or a Unix socket that nobody else can open.

use edge::chance;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tokio::net::{TcpListener, UnixListener};

/// Why an address could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A TCP port.
    #[error("cannot listen on {address}: {source}; {}", advice(.source))]
    Tcp {
        /// The address that was asked for.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// A Unix socket.
    #[error("cannot make the socket {path}: {source}", path = path.display())]
    Unix {
        /// The socket's file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody answers on the socket.
    #[error("another server answers on {path}; stop it first, or use another data folder", path = path.display())]
    InUse {
        /// The socket's file.
        path: PathBuf,
    },
    /// There is something else than a socket.
    #[error("{path} is there and is not a socket; move it away", path = path.display())]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
    /// The system takes no more than 107 bytes.
    #[error("the path {path} is too long for a socket ({length} bytes of at most {LONGEST_PATH}); use a data folder with a shorter path", path = path.display())]
    TooLong {
        /// The path.
        path: PathBuf,
        /// Its length.
        length: usize,
    },
}

/// The file of a Unix socket, removed when nobody listens any more.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A newer server may have put its own socket there.
        if inode(&self.path).is_ok_and(|inode| inode == self.inode)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!("cannot remove the socket {}: {error}", self.path.display());
        }
    }
}

/// The bytes of `sun_path` without the closing zero.
const LONGEST_PATH: usize = 107;

/// Listens with TCP; answers the bound address, too, for port 0.
pub(super) async fn bind_tcp(address: SocketAddr) -> Result<(TcpListener, SocketAddr), BindError> {
    let refused = |source| BindError::Tcp { address, source };
    let listener = TcpListener::bind(address).await.map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}

/// Listens on a Unix socket with mode 0600. A socket that a killed server left behind is replaced; one that answers,
/// and any other file, is not. To be called within a runtime.
///
/// The socket is made in a private folder beside its place, gets its mode there, and is then renamed: at no moment could
/// somebody else open it, and its name never points to nothing.
pub(super) fn bind_unix(path: &Path) -> Result<(UnixListener, SocketFile), BindError> {
    let refused = |source| BindError::Unix {
        path: path.to_owned(),
        source,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(refused(error)),
        Ok(found) if !found.file_type().is_socket() => {
            return Err(BindError::NotASocket {
                path: path.to_owned(),
            });
        }
        Ok(_) => match std::os::unix::net::UnixStream::connect(path) {
            Ok(_) => {
                return Err(BindError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
            Err(error) => return Err(refused(error)),
        },
    }
    let [a, b, c] = chance::bytes();
    let nursery = path.with_file_name(format!(".s{a:02x}{b:02x}{c:02x}"));
    let newborn = nursery.join("s");
    let length = newborn.as_os_str().len().max(path.as_os_str().len());
    if length > LONGEST_PATH {
        return Err(BindError::TooLong {
            path: path.to_owned(),
            length,
        });
    }
    fs::DirBuilder::new()
        .mode(0o700)
        .create(&nursery)
        .map_err(refused)?;
    let made = (|| {
        let listener = UnixListener::bind(&newborn)?;
        fs::set_permissions(&newborn, fs::Permissions::from_mode(0o600))?;
        let inode = inode(&newborn)?;
        fs::rename(&newborn, path)?;
        Ok((
            listener,
            SocketFile {
                path: path.to_owned(),
                inode,
            },
        ))
    })();
    if made.is_err() {
        // Whatever went wrong is told; that the file was there or not adds nothing.
        let _ = fs::remove_file(&newborn);
    }
    fs::remove_dir(&nursery).map_err(refused)?;
    made.map_err(refused)
}

fn inode(path: &Path) -> io::Result<u64> {
    fs::symlink_metadata(path).map(|found| found.ino())
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::AddrInUse => {
            "another program listens there (`ss -ltnp` shows which): stop it or take another port"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 need a privilege: take a higher one, or give CAP_NET_BIND_SERVICE"
        }
        ErrorKind::AddrNotAvailable => "no network interface of this machine has that address",
        _ => "choose another address with server.listen or server.admin_listen",
    }
}
