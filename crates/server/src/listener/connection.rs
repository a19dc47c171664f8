//! One connection: HTTP/1.1 or HTTP/2, whichever the client speaks, until it ends, idles too long, or we stop.

use super::ListenerLimits;
use super::activity::Activity;
use super::stall::StallGuard;
use crate::layers::{Door, Peer};
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct ConnectionRules {
    pub(super) limits: ListenerLimits,
    pub(super) asked: CancellationToken,
    /// The requests of HTTP/2 connections, each a task of its own.
    pub(super) streams: TaskTracker,
    door: Arc<Door>,
    http: auto::Builder<Streams>,
}

/// Requests at the same time on one HTTP/2 connection.
const HTTP2_STREAMS: u32 = 128;
/// A silent HTTP/2 client is asked for a sign of life this often, and has as long to give one.
const HTTP2_PING: Duration = Duration::from_secs(20);

/// Starts the tasks of HTTP/2 where somebody waits for them.
#[derive(Debug, Clone)]
struct Streams(TaskTracker);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        self.0.spawn(stream);
    }
}

impl ConnectionRules {
    pub(super) fn new(limits: ListenerLimits, door: Arc<Door>, asked: CancellationToken) -> ConnectionRules {
        let streams = TaskTracker::new();
        let mut http = auto::Builder::new(Streams(streams.clone()));
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_wait)
            .max_buf_size(limits.header_bytes);
        http.http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(HTTP2_STREAMS)
            .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
            .keep_alive_interval(HTTP2_PING)
            .keep_alive_timeout(HTTP2_PING);
        ConnectionRules {
            limits,
            asked,
            streams,
            door,
            http,
        }
    }
}

/// Serves a connection to its end.
pub(super) async fn serve<S>(stream: S, peer: Peer, rules: &ConnectionRules)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new();
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        let (door, peer) = (rules.door.clone(), peer.clone());
        request.extensions_mut().insert(activity.open());
        async move { Ok::<_, Infallible>(door.answer(&peer, request.map(Body::new)).await) }
    });
    let io = TokioIo::new(StallGuard::new(stream, rules.limits.stall));
    let mut connection = pin!(rules.http.serve_connection(io, service));
    let mut ending = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!("a connection ended: {error}");
                }
                return;
            }
            () = rules.asked.cancelled(), if !ending => {}
            () = activity.idle_for(rules.limits.header_wait) => {
                if ending {
                    // It was told to end, had nothing to finish, and did not: nobody loses anything.
                    return;
                }
            }
        }
        ending = true;
        connection.as_mut().graceful_shutdown();
    }
}
