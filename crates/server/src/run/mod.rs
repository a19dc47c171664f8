//! Running the server: taking its addresses, serving until a signal, and ending in good order.

use crate::config::Config;
use crate::health::Readiness;
use crate::layers::{Door, Origin, origin_of};
use crate::listener::{BindError, Listener, ListenerLimits, Stopping, Tls, TlsError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

/// The addresses of a server, taken and not served yet. Who connects already waits.
#[derive(Debug)]
pub struct Listeners {
    main: Listener,
    admin: Listener,
    socket: Option<Listener>,
    tls: Option<Tls>,
    main_address: SocketAddr,
    admin_address: SocketAddr,
    origin: Origin,
}

/// What is served on each of them.
#[derive(Debug)]
pub struct Doors {
    /// Reports, tokens, ingest.
    pub main: Door,
    /// Metrics and health.
    pub admin: Door,
    /// Administration, for the owner of the data folder.
    pub socket: Door,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system takes no handler for a signal.
    #[error("cannot watch for signals: {0}")]
    Signals(#[source] io::Error),
}

/// The wish that a server stops. Clones are the same wish.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: CancellationToken,
    at_once: CancellationToken,
}

/// Connections at the same time on the admin address and on the socket, apart from the main limit: a server with every
/// connection taken must still say how it is.
const ADMIN_CONNECTIONS: usize = 64;

impl Listeners {
    /// Takes the configured addresses, and the socket of administration if there is one. Nothing is served before
    /// [`run`].
    pub async fn bind(config: &Config, socket: Option<&Path>) -> Result<Listeners, StartError> {
        let server = &config.server;
        let tls = server.tls.as_ref().map(Tls::load).transpose()?;
        let limits = ListenerLimits::new(&config.limits);
        let few = ListenerLimits {
            connections: ADMIN_CONNECTIONS,
            ..limits
        };
        // Probes and scrapers of this machine need no certificate; others get the service's own.
        let on_loopback = server.admin_listen.ip().to_canonical().is_loopback();
        let admin_tls = if on_loopback { None } else { tls.clone() };
        let main = Listener::tcp(server.listen, tls.clone(), limits).await?;
        let admin = Listener::tcp(server.admin_listen, admin_tls, few).await?;
        let socket = socket.map(|path| Listener::unix(path, few)).transpose()?;
        let main_address = main.address().unwrap_or(server.listen);
        let admin_address = admin.address().unwrap_or(server.admin_listen);
        let origin = origin_of(server, main_address);
        Ok(Listeners {
            main,
            admin,
            socket,
            tls,
            main_address,
            admin_address,
            origin,
        })
    }

    /// Where the service is, with the port that was taken for port 0.
    pub fn main_address(&self) -> SocketAddr {
        self.main_address
    }

    /// Where metrics and health are.
    pub fn admin_address(&self) -> SocketAddr {
        self.admin_address
    }

    /// The certificate, if the service speaks TLS itself.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The service's own address for links and tokens that no request asked for: the public one, else where it listens.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl Stop {
    /// No wish yet.
    pub fn new() -> Stop {
        Stop::default()
    }

    /// Stop: nothing new, and what is in flight may end.
    pub fn ask(&self) {
        self.asked.cancel();
    }

    /// Stop without waiting for what is in flight.
    pub fn at_once(&self) {
        self.asked.cancel();
        self.at_once.cancel();
    }

    /// Ends when somebody asks; background work ends with it.
    pub async fn asked(&self) {
        self.asked.cancelled().await;
    }

    /// Whether somebody has asked.
    pub fn is_asked(&self) -> bool {
        self.asked.is_cancelled()
    }

    /// Asks at SIGTERM or SIGINT, and insists at the second. Ends when the server has stopped without one.
    pub fn watch_signals(&self) -> Result<impl Future<Output = ()> + Send + 'static, StartError> {
        let mut terminate = signal(SignalKind::terminate()).map_err(StartError::Signals)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(StartError::Signals)?;
        let stop = self.clone();
        Ok(async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if stop.asked.is_cancelled() {
                    tracing::warn!("{name} again: stopping at once");
                    stop.at_once();
                    return;
                }
                tracing::info!("{name}: stopping; once more to stop at once");
                stop.ask();
            }
        })
    }
}

/// Serves until it is asked to stop; then says so on `/readyz`, lets requests in flight end for as long as configured,
/// and returns when nothing is left. Metrics and health answer until the last request has ended.
pub async fn run(listeners: Listeners, doors: Doors, readiness: &Readiness, stop: &Stop, drain: Duration) {
    let Listeners {
        main, admin, socket, ..
    } = listeners;
    let stopping = Stopping {
        asked: stop.asked.clone(),
        at_once: stop.at_once.clone(),
        drain,
    };
    let admin_asked = CancellationToken::new();
    let admin_stopping = Stopping {
        asked: admin_asked.clone(),
        at_once: stop.at_once.clone(),
        drain: ADMIN_DRAIN,
    };
    let mut serving = JoinSet::new();
    serving.spawn(main.serve(Arc::new(doors.main), stopping.clone()));
    if let Some(socket) = socket {
        serving.spawn(socket.serve(Arc::new(doors.socket), stopping));
    }
    let mut admin_serving = JoinSet::new();
    admin_serving.spawn(admin.serve(Arc::new(doors.admin), admin_stopping));
    tokio::select! {
        () = stop.asked() => {}
        // A listener ends only when it is asked to; a server that listens no more must not linger.
        Some(served) = serving.join_next() => {
            count_cut(served);
            stop.ask();
        }
    }
    readiness.start_draining();
    let mut cut = ended(serving).await;
    admin_asked.cancel();
    cut += ended(admin_serving).await;
    if cut > 0 {
        tracing::warn!(
            connections = cut,
            "{cut} connections were cut: they did not end within {drain:?}"
        );
    }
}

/// What the admin listener has in flight is a page of numbers.
const ADMIN_DRAIN: Duration = Duration::from_secs(1);

async fn ended(mut serving: JoinSet<usize>) -> usize {
    let mut cut = 0;
    while let Some(served) = serving.join_next().await {
        cut += count_cut(served);
    }
    cut
}

fn count_cut(served: Result<usize, JoinError>) -> usize {
    served.unwrap_or_else(|error| {
        tracing::error!("a listener ended in a panic: {error}");
        0
    })
}

#[cfg(test)]
mod tests;
