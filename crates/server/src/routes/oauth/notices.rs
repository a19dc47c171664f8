//! What people read when a page cannot go on.

use super::Context;
use super::browser::Browser;
use super::pages::{self, NoticePage};
use crate::passwords::Refused;
use axum::response::Response;
use http::StatusCode;
use tokio::task::spawn_blocking;

/// What people are told beside the form for name and password; by default nothing.
#[derive(Default)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) message: Option<String>,
    pub(super) needs_code: bool,
    pub(super) retry_after_seconds: Option<u64>,
}

impl Told {
    /// A sentence, and nothing that went wrong.
    pub(super) fn of(message: &str) -> Told {
        Told {
            message: Some(message.to_owned()),
            ..Told::default()
        }
    }
}

/// `None` if it is our fault, which the log has.
pub(super) fn told(refused: &Refused, context: &Context) -> Option<Told> {
    tracing::info!(request.id = %context.request, aadsts = refused.aadsts_code(), "somebody could not sign in: {refused}");
    let (status, message, needs_code) = match refused {
        Refused::Wrong => (
            StatusCode::OK,
            "The user name or the password is not right.".to_owned(),
            false,
        ),
        Refused::CodeMissing => (
            StatusCode::OK,
            "Type your password again, and the code that your authenticator shows.".to_owned(),
            true,
        ),
        Refused::CodeWrong => (
            StatusCode::OK,
            "The code is not right, or was used before. Wait for the next one.".to_owned(),
            true,
        ),
        Refused::Disabled => (
            StatusCode::OK,
            "This account is switched off. Ask an administrator.".to_owned(),
            false,
        ),
        Refused::Delayed { seconds } => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("There were too many tries. Wait {seconds} seconds and try again."),
            false,
        ),
        Refused::Busy { seconds } => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("Too many people sign in at once. Try again in {seconds} seconds."),
            false,
        ),
        Refused::Control(_) | Refused::Failed(_) => return None,
    };
    Some(Told {
        status,
        message: Some(message),
        needs_code,
        retry_after_seconds: refused.retry_after_seconds().map(u64::from),
    })
}

pub(super) fn unavailable(browser: &Browser) -> Response {
    let notice = NoticePage {
        heading: "Not now",
        text: "The service could not answer. Try again in a moment.",
        details: None,
    };
    pages::page(StatusCode::SERVICE_UNAVAILABLE, &notice, browser, None)
}

pub(super) fn stale_form(browser: &Browser) -> Response {
    let notice = NoticePage {
        heading: "This form is no longer good",
        text: "It was made for another browser, or too long ago. Go back to the application and start again. Your browser must allow cookies.",
        details: None,
    };
    pages::page(StatusCode::BAD_REQUEST, &notice, browser, None)
}

/// Runs what waits for the disk apart from the event loop.
pub(super) async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    match spawn_blocking(work).await {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!("a request of a browser failed: {panic}");
            let mut response = Response::default();
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}
