//! The agent's own face on loopback: `/livez` and `/metrics`.

use super::counters::{Counters, page};
use super::spool::{Spool, SpoolError};
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
                let face = Arc::clone(&face);
                async move { Ok::<_, Infallible>(face.answer(request).await) }
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
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return text(StatusCode::METHOD_NOT_ALLOWED, "Ask with GET.\n".to_owned());
        }
        match request.uri().path() {
            "/livez" if self.is_alive.load(Ordering::Relaxed) => text(StatusCode::OK, "alive\n".to_owned()),
            "/livez" => text(
                StatusCode::SERVICE_UNAVAILABLE,
                "a part of the agent has ended; the log says why\n".to_owned(),
            ),
            "/metrics" => {
                // The spool may be at work for long, and whoever asks for `/livez` must not wait for it.
                let (spool, counters) = (Arc::clone(&self.spool), Arc::clone(&self.counters));
                let counted = tokio::task::spawn_blocking(move || {
                    let queued = spool.queued()?;
                    Ok::<_, SpoolError>(page(&counters.all(), &queued, spool.bytes().1))
                });
                match counted.await {
                    Ok(Ok(page)) => text(StatusCode::OK, page),
                    fault => {
                        tracing::error!("the spool cannot be counted: {fault:?}");
                        text(StatusCode::SERVICE_UNAVAILABLE, "the log says why\n".to_owned())
                    }
                }
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    /// Asks on a thread of its own; answers the first line, or nothing within some time.
    fn ask(address: SocketAddr, path: &str, patience: Duration) -> Option<String> {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(patience)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut answer = [0; 15];
        stream.read_exact(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer).into_owned())
    }

    /// One thread serves both: it would be the one that waits.
    #[tokio::test]
    async fn who_asks_whether_it_lives_does_not_wait_for_the_spool() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Arc::new(Spool::open(&folder.path().join("state"), 1 << 20).unwrap());
        let face = Face {
            spool: Arc::clone(&spool),
            counters: Arc::default(),
            is_alive: Arc::new(AtomicBool::new(true)),
        };
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let served = tokio::spawn(serve(listener, face, stop.clone()));
        let asked = tokio::task::spawn_blocking(move || {
            let mut metrics = None;
            let lives = spool.held(|| {
                metrics = Some(std::thread::spawn(move || {
                    ask(address, "/metrics", Duration::from_secs(60))
                }));
                // Long enough for the other one to be at the spool.
                std::thread::sleep(Duration::from_millis(300));
                ask(address, "/livez", Duration::from_secs(5))
            });
            (lives, metrics.unwrap().join().unwrap())
        });
        let ok = Some("HTTP/1.1 200 OK".to_owned());
        assert_eq!(asked.await.unwrap(), (ok.clone(), ok));
        stop.cancel();
        served.await.unwrap();
    }
}
