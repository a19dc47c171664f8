//! What can go wrong in the shell itself, before or instead of a route's own answer.

use super::RequestId;
use axum::response::Response;
use http::StatusCode;
use std::error::Error;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The `Host` header is missing, doubled, or no host.
    #[error("the Host header must hold one host name or address, with a port if need be")]
    BadHost,
    /// A bug: the handler panicked. The log has the place, under the request's id.
    #[error("the server made a mistake; its log says more under this request's id")]
    Panicked,
    /// The answer took too long.
    #[error("there was no answer within {seconds} seconds; ask for less at once, or again later")]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// The body is longer than it may be.
    #[error("the body is larger than {limit_bytes} bytes; send it in parts")]
    BodyTooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The body stopped coming.
    #[error("nothing of the body came for {seconds} seconds")]
    BodyStalled {
        /// The limit.
        seconds: u64,
    },
    /// The connection broke while the body came.
    #[error("the body broke off before its end")]
    BodyBroken,
}

/// A fault and the request that it happened to.
#[derive(Debug)]
pub struct FaultReport<'a> {
    /// What went wrong.
    pub fault: Fault,
    /// The path as it was routed: it tells which audience reads the answer.
    pub path: &'a str,
    /// The request's id.
    pub request: RequestId,
}

/// Spells a fault for its audience.
pub type RenderFault = fn(&FaultReport<'_>) -> Response;

impl Fault {
    /// The status that fits.
    pub fn status(self) -> StatusCode {
        match self {
            Fault::BadHost | Fault::BodyBroken => StatusCode::BAD_REQUEST,
            Fault::Panicked => StatusCode::INTERNAL_SERVER_ERROR,
            Fault::TooSlow { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Fault::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::BodyStalled { .. } => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// After how many seconds it is worth trying again, if it is.
    pub fn retry_after_seconds(self) -> Option<u64> {
        matches!(self, Fault::TooSlow { .. }).then_some(5)
    }

    /// A word for programs.
    pub fn kind(self) -> &'static str {
        match self {
            Fault::BadHost => "bad-host",
            Fault::Panicked => "server-error",
            Fault::TooSlow { .. } => "too-slow",
            Fault::BodyTooLarge { .. } => "body-too-large",
            Fault::BodyStalled { .. } => "body-stalled",
            Fault::BodyBroken => "body-broken",
        }
    }

    /// The same for every fault of the kind, for people.
    pub fn title(self) -> &'static str {
        match self {
            Fault::BadHost => "The Host header is not right",
            Fault::Panicked => "The server made a mistake",
            Fault::TooSlow { .. } => "The answer took too long",
            Fault::BodyTooLarge { .. } => "The body is too large",
            Fault::BodyStalled { .. } => "The body stopped coming",
            Fault::BodyBroken => "The body broke off",
        }
    }

    /// What an error met while reading a limited body means.
    pub fn of_body(error: &(dyn Error + 'static)) -> Fault {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(fault) = error.downcast_ref::<Fault>() {
                return *fault;
            }
            cause = error.source();
        }
        Fault::BodyBroken
    }
}
