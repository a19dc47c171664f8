//! The agent's own face on loopback: `/livez` and `/metrics`.

use super::counters::{Counters, page};
use super::spool::Spool;
use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Connections at the same time.
const CONNECTIONS: usize = 16;
/// Nobody needs longer to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is told.
pub(crate) struct Face {
    pub(crate) spool: Arc<Spool>,
    pub(crate) counters: Arc<Counters>,
    /// Whether every input and the sender are at work.
    pub(crate) is_alive: Arc<AtomicBool>,
}

/// Takes the address.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("listen on {address} (http.listen)"))
}

/// Answers until the agent stops.
pub(crate) async fn serve(listener: TcpListener, face: Face, stop: CancellationToken) {
    let face = Arc::new(face);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let face = Arc::clone(&face);
        tokio::spawn(async move {
            let _permit = permit;
            let answer = service_fn(move |request: Request<Incoming>| {
                let response = face.answer(request.method(), request.uri().path());
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), answer);
            // Who breaks off does not want to know.
            let _ = tokio::time::timeout(PATIENCE, connection).await;
        });
    }
}

impl Face {
    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "Ask with GET.\n".to_owned());
        }
        match path {
            "/livez" if self.is_alive.load(Ordering::Relaxed) => text(StatusCode::OK, "alive\n".to_owned()),
            "/livez" => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "a part of the agent has ended; the log says why\n".to_owned(),
            ),
            "/metrics" => match self.spool.queued() {
                Ok(queued) => text(
                    StatusCode::OK,
                    page(&self.counters.all(), &queued, self.spool.bytes().1),
                ),
                Err(error) => {
                    tracing::error!("the spool cannot be counted: {error}");
                    text(StatusCode::SERVICE_UNAVAILABLE, "the log says why\n".to_owned())
                }
            },
            _ => text(
                StatusCode::NOT_FOUND,
                "There are /livez and /metrics.\n".to_owned(),
            ),
        }
    }
}

fn text(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        hyper::header::CONTENT_TYPE,
        hyper::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"),
    );
    response
}
