//! Listening: takes connections in, hands their requests to a door, and lets them end in peace when it stops.

mod activity;
mod bind;
mod connection;
mod stall;
mod tls;

pub use bind::BindError;
pub use tls::{Tls, TlsError};

use crate::config::Limits;
use crate::layers::{Door, Peer, Transport};
use bind::{SocketFile, bind_tcp, bind_unix};
use connection::ConnectionRules;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// An address that is listened on.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    tls: Option<Tls>,
    limits: ListenerLimits,
}

/// What the connections of a listener may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Connections at the same time; more wait in the kernel's queue.
    pub connections: usize,
    /// Request line and headers together.
    pub header_bytes: usize,
    /// How long a connection may go without a whole new request head, its TLS handshake included.
    pub header_wait: Duration,
    /// How long an answer may wait for the client to take more of it.
    pub stall: Duration,
}

/// When a listener stops, and how long it waits for what is in flight.
#[derive(Debug, Clone)]
pub struct Stopping {
    /// No new connections and no new requests from here on.
    pub asked: CancellationToken,
    /// No more waiting: what is in flight is cut.
    pub at_once: CancellationToken,
    /// The longest wait between the two.
    pub drain: Duration,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener, SocketAddr),
    Unix {
        listener: UnixListener,
        _file: SocketFile,
    },
}

impl ListenerLimits {
    /// The configured limits.
    pub fn new(limits: &Limits) -> ListenerLimits {
        ListenerLimits {
            connections: limits.connections,
            header_bytes: limits.header_bytes,
            header_wait: limits.header_wait,
            stall: limits.stall,
        }
    }
}

impl Listener {
    /// Listens with TCP, and with TLS over it if there is a certificate. Port 0 takes any free one.
    pub async fn tcp(
        address: SocketAddr,
        tls: Option<Tls>,
        limits: ListenerLimits,
    ) -> Result<Listener, BindError> {
        let (socket, bound) = bind_tcp(address).await?;
        Ok(Listener {
            socket: Socket::Tcp(socket, bound),
            tls,
            limits,
        })
    }

    /// Listens on a Unix socket that only the owner of the process may open.
    pub fn unix(path: &std::path::Path, limits: ListenerLimits) -> Result<Listener, BindError> {
        let (listener, file) = bind_unix(path)?;
        Ok(Listener {
            socket: Socket::Unix {
                listener,
                _file: file,
            },
            tls: None,
            limits,
        })
    }

    /// The address that was bound, with the port that was taken for port 0; a Unix socket has none.
    pub fn address(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(_, bound) => Some(*bound),
            Socket::Unix { .. } => None,
        }
    }

    /// Serves until it is asked to stop, then waits for what is in flight. Answers how many connections were cut.
    pub async fn serve(self, door: Arc<Door>, stopping: Stopping) -> usize {
        let Listener { socket, tls, limits } = self;
        let slots = Arc::new(Semaphore::new(limits.connections));
        let rules = Arc::new(ConnectionRules::new(limits, door, stopping.asked.clone()));
        let mut connections = JoinSet::new();
        let mut backoff = FIRST_BACKOFF;
        while let Some(slot) = free_slot(&slots, &stopping.asked, &mut connections).await {
            let accepted = tokio::select! {
                biased;
                () = stopping.asked.cancelled() => break,
                Some(ended) = connections.join_next() => {
                    report(ended);
                    continue;
                }
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok(accepted) => {
                    backoff = FIRST_BACKOFF;
                    let tls = tls.as_ref().map(Tls::acceptor);
                    connections.spawn(connect(accepted, tls, rules.clone(), slot));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    // Out of file descriptors, mostly: the connection stays in the queue, so asking again at once
                    // would spin until somebody else closes one.
                    tracing::warn!(
                        "cannot accept a connection: {error}; trying again in {} ms",
                        backoff.as_millis()
                    );
                    tokio::select! {
                        () = sleep(backoff) => backoff = (backoff * 2).min(LONGEST_BACKOFF),
                        () = stopping.asked.cancelled() => break,
                    }
                }
            }
        }
        drop(socket);
        drained(connections, &rules.streams, &stopping).await
    }
}

const FIRST_BACKOFF: Duration = Duration::from_millis(20);
const LONGEST_BACKOFF: Duration = Duration::from_secs(1);

enum Accepted {
    Tcp(tokio::net::TcpStream, Peer),
    Unix(tokio::net::UnixStream, Peer),
}

impl Socket {
    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Socket::Tcp(listener, bound) => {
                let (stream, address) = listener.accept().await?;
                // Answers are written whole; waiting for more bytes to send along only adds delay.
                stream.set_nodelay(true)?;
                let local = stream.local_addr().unwrap_or(*bound);
                let peer = Peer {
                    address: Some(address.ip()),
                    local: Some(local),
                    transport: Transport::Plain,
                };
                Ok(Accepted::Tcp(stream, peer))
            }
            Socket::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                let peer = Peer {
                    address: None,
                    local: None,
                    transport: Transport::UnixSocket,
                };
                Ok(Accepted::Unix(stream, peer))
            }
        }
    }
}

/// Waits for room for one more connection; `None` when it is time to stop.
async fn free_slot(
    slots: &Arc<Semaphore>,
    asked: &CancellationToken,
    connections: &mut JoinSet<()>,
) -> Option<OwnedSemaphorePermit> {
    loop {
        tokio::select! {
            biased;
            () = asked.cancelled() => return None,
            slot = slots.clone().acquire_owned() => return slot.ok(),
            Some(ended) = connections.join_next() => report(ended),
        }
    }
}

async fn connect(
    accepted: Accepted,
    tls: Option<TlsAcceptor>,
    rules: Arc<ConnectionRules>,
    slot: OwnedSemaphorePermit,
) {
    match (accepted, tls) {
        (Accepted::Unix(stream, peer), _) => connection::serve(stream, peer, &rules).await,
        (Accepted::Tcp(stream, peer), None) => connection::serve(stream, peer, &rules).await,
        (Accepted::Tcp(stream, mut peer), Some(tls)) => {
            let handshake = tokio::select! {
                () = rules.asked.cancelled() => return,
                handshake = timeout(rules.limits.header_wait, tls.accept(stream)) => handshake,
            };
            match handshake {
                Ok(Ok(stream)) => {
                    peer.transport = Transport::Tls;
                    connection::serve(stream, peer, &rules).await;
                }
                Ok(Err(error)) => tracing::debug!("a TLS handshake failed: {error}"),
                Err(_) => tracing::debug!("a TLS handshake took too long"),
            }
        }
    }
    drop(slot);
}

/// Waits for connections to end, no longer than told; cuts the others.
async fn drained(mut connections: JoinSet<()>, streams: &TaskTracker, stopping: &Stopping) -> usize {
    streams.close();
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
        streams.wait().await;
    };
    tokio::select! {
        () = all_ended => return 0,
        () = sleep(stopping.drain) => {}
        () = stopping.at_once.cancelled() => {}
    }
    let cut = connections.len();
    connections.shutdown().await;
    cut
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection ended in a panic: {error}");
    }
}

/// Whether the trouble is with the connection that was being accepted, not with accepting.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, InvalidInput, NotConnected,
    };
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | InvalidInput | NotConnected
    )
}

#[cfg(test)]
mod tests;
