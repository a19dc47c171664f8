//! How long a route may take and how much body it takes.

use super::{Fault, FaultReport, RenderFault, RequestId};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use http::header;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep, timeout};

/// What the routes of a router may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteLimits {
    /// Until the answer starts; `None` for uploads, which take as long as they keep coming.
    pub answer_within: Option<Duration>,
    /// The body as it is sent.
    pub body_bytes: u64,
    /// How long the body may stand still.
    pub body_stall: Duration,
}

/// The router with limits on each of its routes. A handler that reads a body learns by [`Fault::of_body`] why it ended.
pub fn limited(router: Router, limits: RouteLimits, render: RenderFault) -> Router {
    router.layer(from_fn_with_state((limits, render), guard))
}

/// The whole body of a limited route. Unlike axum's own extractors it says why a body could not be had.
pub async fn whole_body(body: Body) -> Result<Bytes, Fault> {
    body.collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| Fault::of_body(&error))
}

async fn guard(
    State((limits, render)): State<(RouteLimits, RenderFault)>,
    request_id: RequestId,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path().to_owned();
    let answer = |fault| {
        render(&FaultReport {
            fault,
            path: &path,
            request: request_id,
        })
    };
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|bytes: u64| bytes > limits.body_bytes) {
        return answer(Fault::BodyTooLarge {
            limit_bytes: limits.body_bytes,
        });
    }
    let request = request.map(|body| {
        Body::new(GuardedBody {
            body,
            left: limits.body_bytes,
            limits,
            waiting: None,
        })
    });
    match limits.answer_within {
        None => next.run(request).await,
        Some(span) => match timeout(span, next.run(request)).await {
            Ok(response) => response,
            Err(_) => answer(Fault::TooSlow {
                seconds: span.as_secs(),
            }),
        },
    }
}

/// A body that is cut when it gets too long or stands still.
struct GuardedBody {
    body: Body,
    left: u64,
    limits: RouteLimits,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl HttpBody for GuardedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(context) {
            this.waiting = None;
            let bytes = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
                _ => 0,
            };
            let Some(left) = this.left.checked_sub(bytes) else {
                let fault = Fault::BodyTooLarge {
                    limit_bytes: this.limits.body_bytes,
                };
                return Poll::Ready(Some(Err(axum::Error::new(fault))));
            };
            this.left = left;
            return Poll::Ready(frame);
        }
        let stall = this.limits.body_stall;
        let waiting = this.waiting.get_or_insert_with(|| Box::pin(sleep(stall)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Some(Err(axum::Error::new(Fault::BodyStalled {
            seconds: stall.as_secs(),
        }))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::render_fault;
    use axum::routing::post;
    use tower::ServiceExt;

    const LIMITS: RouteLimits = RouteLimits {
        answer_within: Some(Duration::from_secs(60)),
        body_bytes: 10,
        body_stall: Duration::from_secs(60),
    };

    async fn read(body: Body) -> String {
        match whole_body(body).await {
            Ok(bytes) => format!("{} bytes", bytes.len()),
            Err(fault) => fault.kind().to_owned(),
        }
    }

    async fn check(limits: RouteLimits, route: Router, body: Body, expected: (u16, &str)) {
        let mut request = Request::post("/").body(body).unwrap();
        request
            .extensions_mut()
            .insert(RequestId::from_guid(uuid::Uuid::nil()));
        if let Some(length) = request.body().size_hint().exact() {
            request
                .headers_mut()
                .insert(header::CONTENT_LENGTH, length.into());
        }
        let response = limited(route, limits, render_fault)
            .oneshot(request)
            .await
            .unwrap();
        let status = response.status().as_u16();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(status, expected.0, "{text}");
        assert!(text.contains(expected.1), "{text}");
    }

    fn reading() -> Router {
        Router::new().route("/", post(read))
    }

    /// A body in pieces, whose length nobody announces.
    fn pieces(pieces: Vec<&'static [u8]>) -> Body {
        struct Pieces(std::vec::IntoIter<&'static [u8]>);
        impl HttpBody for Pieces {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                mut self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
                Poll::Ready(
                    self.0
                        .next()
                        .map(|piece| Ok(Frame::data(Bytes::from_static(piece)))),
                )
            }
        }
        Body::new(Pieces(pieces.into_iter()))
    }

    /// A body of which nothing ever comes.
    fn silence() -> Body {
        struct Silence;
        impl HttpBody for Silence {
            type Data = Bytes;
            type Error = std::convert::Infallible;
            fn poll_frame(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
            ) -> Poll<Option<Result<Frame<Bytes>, std::convert::Infallible>>> {
                Poll::Pending
            }
        }
        Body::new(Silence)
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_taken() {
        check(LIMITS, reading(), Body::from("0123456789"), (200, "10 bytes")).await;
        check(
            LIMITS,
            reading(),
            pieces(vec![b"01234", b"56789"]),
            (200, "10 bytes"),
        )
        .await;
    }

    #[tokio::test]
    async fn a_longer_one_is_refused_at_once_if_announced_and_cut_if_not() {
        check(
            LIMITS,
            reading(),
            Body::from("0123456789a"),
            (413, "larger than 10 bytes"),
        )
        .await;
        check(
            LIMITS,
            reading(),
            pieces(vec![b"01234", b"567890"]),
            (200, "body-too-large"),
        )
        .await;
    }

    #[tokio::test]
    async fn a_body_that_stands_still_is_given_up() {
        let limits = RouteLimits {
            body_stall: Duration::from_millis(5),
            ..LIMITS
        };
        check(limits, reading(), silence(), (200, "body-stalled")).await;
    }

    #[tokio::test]
    async fn a_handler_that_never_answers_is_given_up() {
        let limits = RouteLimits {
            answer_within: Some(Duration::from_millis(5)),
            ..LIMITS
        };
        let never = Router::new().route("/", post(std::future::pending::<&'static str>));
        check(limits, never, Body::empty(), (503, "too-slow")).await;
    }
}
