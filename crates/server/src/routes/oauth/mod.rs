//! OAuth2 and OpenID Connect, v1 and v2: signing in, tokens, and what the service says about itself.

mod authorize;
mod browser;
mod call;
mod device;
mod discovery;
mod grants;
mod logout;
mod notices;
mod outside;
mod pages;
mod revoke;
mod token;
mod userinfo;
mod visit;

use crate::app::App;
use crate::clients;
use crate::keyring::Keys;
use crate::layers::{FaultReport, RequestId};
use crate::routes::listed::Routes;
use axum::body::Body;
use axum::response::Response;
use edge::chance;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use issuer::client::Client;
use issuer::grant::{AddressedTenant, Issuing, TOKEN_HEADERS};
use issuer::protocol::Protocol;
use issuer::refusal::{Refusal, Trace};
use issuer::reply::ReplyTo;
use model::time::Timestamp;
use store::control::ControlError;
use uuid::Uuid;

/// `Content-Type` of answers to clients.
const JSON: &str = "application/json;charset=utf-8";

pub(super) fn routes() -> Routes {
    Routes::new()
        .merge(authorize::routes())
        .merge(outside::routes())
        .merge(token::routes())
        .merge(device::routes())
        .merge(discovery::routes())
        .merge(revoke::routes())
        .merge(userinfo::routes())
        .merge(logout::routes())
}

/// What tells one request from another in answers and logs.
struct Context {
    trace: Trace,
    request: RequestId,
}

/// Why a request gets something else than it asked for.
enum Failure {
    /// It is told to whoever asked.
    Refused(Refusal),
    /// It is told to the application.
    Reply(Box<ReplyTo>, Refusal),
    /// The control store failed.
    Control(ControlError),
    /// Something else of ours failed, and was logged.
    Unavailable,
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Failure {
        Failure::Control(error)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure::Refused(refusal)
    }
}

impl Context {
    fn of(app: &App, headers: &HeaderMap, request: RequestId) -> Context {
        let correlation_id = headers
            .get("client-request-id")
            .and_then(|id| Uuid::try_parse(id.to_str().ok()?).ok())
            .unwrap_or_else(chance::guid);
        let trace_id = Uuid::try_parse(&request.to_string()).unwrap_or(correlation_id);
        Context {
            trace: Trace {
                now: app.now(),
                trace_id,
                correlation_id,
            },
            request,
        }
    }

    /// Writes a refusal down.
    fn note(&self, refusal: &Refusal) {
        tracing::info!(request.id = %self.request, "a token was refused: {refusal}");
    }

    /// A refusal as clients read it.
    fn refusal(&self, refusal: &Refusal) -> Response {
        self.note(refusal);
        let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
        let mut response = answer(status, refusal.body(&self.trace), JSON);
        add_retry_after(&mut response, refusal.retry_after_seconds());
        response
    }

    /// Anything else than what was asked for, as clients read it.
    fn failure(&self, failure: &Failure) -> Response {
        match failure {
            Failure::Refused(refusal) | Failure::Reply(_, refusal) => self.refusal(refusal),
            Failure::Control(error) => {
                tracing::error!(request.id = %self.request, "a token could not be made: {error}");
                transient()
            }
            Failure::Unavailable => transient(),
        }
    }
}

fn transient() -> Response {
    let body = r#"{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred. Please try again."}"#;
    answer(StatusCode::SERVICE_UNAVAILABLE, body.to_owned(), JSON)
}

fn answer(status: StatusCode, body: String, content_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in TOKEN_HEADERS {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    response
}

fn add_retry_after(response: &mut Response, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

/// The tenant that an address names.
fn addressed(app: &App, word: &str) -> Result<AddressedTenant, ControlError> {
    if matches!(word, "common" | "organizations") {
        return Ok(AddressedTenant::OfTheClient);
    }
    let word = word.to_owned();
    Ok(match clients::tenant(app.control.as_ref(), &word)? {
        Some(id) => AddressedTenant::Known { id, word },
        None => AddressedTenant::Unknown { word },
    })
}

/// The application of an id, as the issuer sees it.
fn registered(app: &App, client_id: Option<Uuid>) -> Result<Option<Client>, ControlError> {
    let Some(client_id) = client_id else {
        return Ok(None);
    };
    Ok(app.control.app(client_id)?.as_deref().map(clients::client))
}

/// How tokens are made now.
fn issuing<'a>(app: &'a App, keys: &'a Keys, protocol: Protocol, now: Timestamp) -> Issuing<'a> {
    Issuing {
        authority: &app.authority,
        key: &keys.signing,
        protocol,
        now,
        lifetime_seconds: app.config().tokens.lifetime.as_secs() as i64,
        random: chance::bytes(),
    }
}

/// Faults of the shell around these routes, as RFC 6749 spells errors.
pub(super) fn render_fault(report: &FaultReport<'_>) -> Response {
    let status = report.fault.status();
    let error = if status.is_server_error() {
        "temporarily_unavailable"
    } else {
        "invalid_request"
    };
    let body = serde_json::json!({
        "error": error,
        "error_description": format!("AADSTS90013: {}.\r\nTrace ID: {}", report.fault, report.request),
        "error_codes": [90013],
        "trace_id": report.request.to_string(),
    });
    let mut response = answer(status, body.to_string(), JSON);
    add_retry_after(&mut response, report.fault.retry_after_seconds());
    response
}
