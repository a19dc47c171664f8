//! The syslog listener: UDP, TCP and TLS, RFC 5424 and RFC 3164.

mod frame;
pub(crate) mod header;
mod room;

use super::gather::{Intake, Line};
use anyhow::{Context, Result};
use edge::clock;
use frame::Frames;
use header::Terms;
use room::{Place, Room};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// Who has not shaken hands by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes read at once.
const READ_BYTES: usize = 16 << 10;

/// Where to listen, and what is made of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listen {
    pub(crate) udp: Option<SocketAddr>,
    pub(crate) tcp: Option<SocketAddr>,
    pub(crate) tls: Option<(SocketAddr, PathBuf, PathBuf)>,
    /// The longest message in bytes.
    pub(crate) message_bytes: usize,
    /// How far the clocks of senders without a zone are ahead of UTC.
    pub(crate) offset_seconds: i64,
    pub(crate) send: Forward,
}

/// What of a message is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forward {
    /// All of it, with a header of RFC 5424.
    Message,
    /// What stands behind the header: for programs that send JSON by syslog.
    Payload,
}

/// Listeners that are bound and not served yet.
pub(crate) struct Bound {
    udp: Option<UdpSocket>,
    tcp: Option<TcpListener>,
    tls: Option<(TcpListener, TlsAcceptor)>,
    listen: Listen,
}

impl Bound {
    /// Takes the addresses.
    pub(crate) async fn take(listen: &Listen) -> Result<Bound> {
        let udp = match listen.udp {
            Some(address) => Some(
                UdpSocket::bind(address)
                    .await
                    .with_context(|| format!("listen on {address} (UDP)"))?,
            ),
            None => None,
        };
        let tcp = match listen.tcp {
            Some(address) => Some(bound(address).await?),
            None => None,
        };
        let tls = match &listen.tls {
            Some((address, certificate, key)) => Some((bound(*address).await?, acceptor(certificate, key)?)),
            None => None,
        };
        Ok(Bound {
            udp,
            tcp,
            tls,
            listen: listen.clone(),
        })
    }

    /// The addresses with the ports that were taken for port 0, as they are told in the log.
    pub(crate) fn told(&self) -> String {
        let udp = self.udp.as_ref().and_then(|socket| socket.local_addr().ok());
        let tcp = self.tcp.as_ref().and_then(|socket| socket.local_addr().ok());
        let tls = self.tls.as_ref().and_then(|(socket, _)| socket.local_addr().ok());
        let all = [("udp", udp), ("tcp", tcp), ("tls", tls)];
        let told = all
            .iter()
            .filter_map(|(name, address)| Some(format!("{name} {}", (*address)?)));
        told.collect::<Vec<_>>().join(", ")
    }

    /// Takes messages until the agent stops.
    pub(crate) async fn serve(self, intake: Intake, stop: CancellationToken) {
        let mut tasks = JoinSet::new();
        let listen = Arc::new(self.listen);
        if let Some(socket) = self.udp {
            tasks.spawn(datagrams(
                socket,
                Arc::clone(&listen),
                intake.clone(),
                stop.clone(),
            ));
        }
        if let Some(listener) = self.tcp {
            tasks.spawn(connections(
                listener,
                None,
                Room::default(),
                Arc::clone(&listen),
                intake.clone(),
                stop.clone(),
            ));
        }
        if let Some((listener, acceptor)) = self.tls {
            tasks.spawn(connections(
                listener,
                Some(acceptor),
                Room::default(),
                listen,
                intake,
                stop,
            ));
        }
        while tasks.join_next().await.is_some() {}
    }
}

async fn bound(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address} (TCP)"))
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor> {
    let read = |path: &Path| format!("read {}", path.display());
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .with_context(|| read(certificate))?;
    let key_der = PrivateKeyDer::from_pem_file(key).with_context(|| read(key))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .with_context(|| format!("use {} with {}", certificate.display(), key.display()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn datagrams(socket: UdpSocket, listen: Arc<Listen>, intake: Intake, stop: CancellationToken) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = stop.cancelled() => return,
        };
        // A port that a former answer could not reach is told here; it is nobody's message.
        let Ok((length, sender)) = received else { continue };
        let message = &buffer[..length.min(listen.message_bytes)];
        if let Some(line) = line(message, &sender, &listen) {
            intake.put_or_lose(line);
        }
    }
}

async fn connections(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    room: Room,
    listen: Arc<Listen>,
    intake: Intake,
    stop: CancellationToken,
) {
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        while tasks.try_join_next().is_some() {}
        let Ok((stream, sender)) = accepted else {
            // Out of descriptors: a moment may help.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let place = tokio::select! {
            place = room.place(sender) => place,
            () = stop.cancelled() => break,
        };
        let Some(place) = place else { return };
        let (acceptor, listen, intake, stop) = (
            acceptor.clone(),
            Arc::clone(&listen),
            intake.clone(),
            stop.clone(),
        );
        tasks.spawn(async move {
            match acceptor {
                None => converse(stream, sender, &place, &listen, &intake, &stop).await,
                Some(acceptor) => match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                    Ok(Ok(stream)) => converse(stream, sender, &place, &listen, &intake, &stop).await,
                    Ok(Err(error)) => tracing::warn!("no TLS with {sender}: {error}"),
                    Err(_) => tracing::warn!("no TLS with {sender}: it took too long"),
                },
            }
        });
    }
    while tasks.join_next().await.is_some() {}
}

/// Reads a connection to its end; no faster than its messages are taken.
async fn converse(
    mut stream: impl AsyncRead + Unpin,
    sender: SocketAddr,
    place: &Place,
    listen: &Listen,
    intake: &Intake,
    stop: &CancellationToken,
) {
    let mut frames = Frames::new(listen.message_bytes);
    let mut buffer = vec![0; READ_BYTES];
    let mut messages = Vec::new();
    loop {
        // What is there already is read before anybody's wish to end.
        let read = tokio::select! {
            biased;
            read = stream.read(&mut buffer) => read,
            // As if its sender had closed it.
            () = place.is_wanted() => Ok(0),
            () = stop.cancelled() => return,
        };
        let Ok(read) = read else { return };
        place.is_used();
        let mut is_syslog = true;
        if read == 0 {
            messages.extend(frames.finish());
        } else {
            is_syslog = frames.push(&buffer[..read], &mut messages).is_ok();
        }
        // Those before what is none are whole.
        for message in messages.drain(..) {
            let Some(line) = line(&message, &sender, listen) else {
                continue;
            };
            if !intake.put(line).await {
                return;
            }
        }
        if !is_syslog {
            tracing::warn!(
                "{sender} sends what is no syslog: its connection is closed, and the rest is not read"
            );
            let detail = format!("{sender} sent what is no syslog: the rest of its connection was not read");
            intake.unreadable(0, &detail);
        }
        if read == 0 || !is_syslog {
            return;
        }
    }
}

fn line(message: &[u8], sender: &SocketAddr, listen: &Listen) -> Option<Line> {
    if message.trim_ascii().is_empty() {
        return None;
    }
    let terms = Terms {
        received: clock::now(),
        offset_seconds: listen.offset_seconds,
    };
    let whole = header::normalised(message, &sender.ip().to_canonical().to_string(), terms);
    let bytes = match listen.send {
        Forward::Message => whole,
        Forward::Payload => header::payload(&whole).to_vec(),
    };
    (!bytes.trim_ascii().is_empty()).then_some(Line { bytes, cursor: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::gap::GapKind;
    use crate::agent::gather::Gatherer;
    use crate::agent::spool::{Spool, WhenFull};
    use tokio::io::AsyncWriteExt;

    #[tokio::test]
    async fn what_stands_before_a_fault_in_the_stream_is_kept_and_the_rest_is_told() {
        let listen = Listen {
            udp: None,
            tcp: None,
            tls: None,
            message_bytes: 1_000,
            offset_seconds: 0,
            send: Forward::Payload,
        };
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(&folder.path().join("state"), 1 << 20).unwrap());
        let (intake, mut lines) = Intake::new();
        let lost = intake.lost();
        let stream: &[u8] =
            b"38 <38>1 2026-01-01T00:00:00Z h a - - - a38 <38>1 2026-01-01T00:00:00Z h a - - - b1x <38>c";
        let sender = SocketAddr::from(([198, 51, 100, 7], 514));
        let stop = CancellationToken::new();
        let place = Room::default().place(sender).await.unwrap();
        converse(stream, sender, &place, &listen, &intake, &stop).await;
        drop(intake);
        let gatherer = Gatherer {
            input: "syslog".to_owned(),
            format: "auto".to_owned(),
            origin: "syslog".to_owned(),
            when_full: WhenFull::Block,
            linger: Duration::ZERO,
            spool: Arc::clone(&spool),
            counters: Arc::default(),
        };
        gatherer.run(&mut lines, &lost, stop).await;
        let mut heard = Vec::new();
        while let Some(piece) = spool.take("syslog").unwrap() {
            heard.extend(crate::agent::lines::unpack(&piece.body).unwrap());
            spool.done(piece.id).unwrap();
        }
        assert_eq!(heard, b"a\nb\n");
        let gaps = spool.gaps().unwrap();
        let told: Vec<_> = gaps
            .iter()
            .map(|(input, gap)| (input.as_str(), gap.kind, gap.records))
            .collect();
        assert_eq!(told, [("syslog", GapKind::Unreadable, 0)]);
        assert!(
            gaps[0]
                .1
                .detail
                .starts_with("198.51.100.7:514 sent what is no syslog"),
            "{gaps:?}"
        );
    }

    #[tokio::test]
    async fn connections_that_say_nothing_do_not_shut_others_out() {
        let listen = Arc::new(Listen {
            udp: None,
            tcp: None,
            tls: None,
            message_bytes: 1_000,
            offset_seconds: 0,
            send: Forward::Payload,
        });
        let listener = bound(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (intake, mut lines) = Intake::new();
        let stop = CancellationToken::new();
        let room = Room::of(2, Duration::from_millis(200));
        let served = tokio::spawn(connections(listener, None, room, listen, intake, stop.clone()));
        let mut idle = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut busy = tokio::net::TcpStream::connect(address).await.unwrap();
        // The one that said something last keeps its place.
        tokio::time::sleep(Duration::from_millis(150)).await;
        busy.write_all(b"<38>1 2026-01-01T00:00:00Z h a - - - one\n")
            .await
            .unwrap();
        assert_eq!(lines.recv().await.unwrap().bytes, b"one");
        let mut third = tokio::net::TcpStream::connect(address).await.unwrap();
        third
            .write_all(b"<38>1 2026-01-01T00:00:00Z h a - - - two\n")
            .await
            .unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(10), lines.recv()).await;
        assert_eq!(heard.unwrap().unwrap().bytes, b"two");
        let mut end = [0; 1];
        assert_eq!(idle.read(&mut end).await.unwrap(), 0, "the idle one was closed");
        busy.write_all(b"<38>1 2026-01-01T00:00:00Z h a - - - three\n")
            .await
            .unwrap();
        assert_eq!(lines.recv().await.unwrap().bytes, b"three");
        stop.cancel();
        served.await.unwrap();
    }
}
