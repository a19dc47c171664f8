//! `/{tenant}/oauth2/token`: an application proves itself and gets a bearer token.

use crate::app::App;
use crate::layers::{RequestId, whole_body};
use crate::{chance, clients};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use issuer::grant::{AddressedTenant, Issuing, TOKEN_HEADERS, client_credentials};
use issuer::refusal::{Refusal, Trace};
use issuer::token_request::TokenRequest;
use std::sync::Arc;
use store::control::ControlError;
use uuid::Uuid;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/{tenant}/oauth2/token", post(token).fallback(only_post))
}

/// The message and code of the old service for a wrong method on this address.
async fn only_post() -> Response {
    let body = r#"{"error":"invalid_request","error_description":"AADSTS900561: The endpoint only accepts POST requests."}"#;
    let mut response = answer(
        StatusCode::METHOD_NOT_ALLOWED,
        body.to_owned(),
        "application/json;charset=utf-8",
    );
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn token(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    request_id: RequestId,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = match whole_body(body).await {
        Ok(body) => body,
        Err(fault) => return answer(fault.status(), fault.to_string(), "text/plain;charset=utf-8"),
    };
    let correlation_id = parts
        .headers
        .get("client-request-id")
        .and_then(|id| Uuid::try_parse(id.to_str().ok()?).ok())
        .unwrap_or_else(chance::guid);
    let trace_id = Uuid::try_parse(&request_id.to_string()).unwrap_or(correlation_id);
    let trace = Trace {
        now: app.now(),
        trace_id,
        correlation_id,
    };
    match decide(&app, &tenant_word, &parts.headers, &body, &trace) {
        Ok(Ok(body)) => answer(StatusCode::OK, body, "application/json;charset=utf-8"),
        Ok(Err(refusal)) => {
            tracing::info!(request.id = %request_id, "a token was refused: {refusal}");
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let mut response = answer(status, refusal.body(&trace), "application/json;charset=utf-8");
            let asked_by_basic = parts.headers.contains_key(header::AUTHORIZATION);
            if status == StatusCode::UNAUTHORIZED && asked_by_basic {
                let challenge = HeaderValue::from_static(issuer::token_request::BASIC_CHALLENGE);
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
        Err(error) => {
            tracing::error!(request.id = %request_id, "a token could not be made: {error}");
            let body = r#"{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred. Please try again."}"#;
            answer(
                StatusCode::SERVICE_UNAVAILABLE,
                body.to_owned(),
                "application/json;charset=utf-8",
            )
        }
    }
}

fn decide(
    app: &App,
    tenant_word: &str,
    headers: &HeaderMap,
    body: &[u8],
    trace: &Trace,
) -> Result<Result<String, Refusal>, ControlError> {
    let authorization = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let request = match TokenRequest::read(body, authorization) {
        Ok(request) => request,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let tenant = match tenant_word {
        "common" | "organizations" => AddressedTenant::OfTheClient,
        word => match clients::tenant(app.control.as_ref(), word)? {
            Some(id) => AddressedTenant::Known {
                id,
                word: word.to_owned(),
            },
            None => AddressedTenant::Unknown {
                word: word.to_owned(),
            },
        },
    };
    let registered = match request.client_id() {
        Some(client_id) => app.control.app(client_id)?,
        None => None,
    };
    let client = registered.as_deref().map(clients::client);
    let keys = app.keys();
    let issuing = Issuing {
        authority: &app.authority,
        key: &keys.signing,
        now: trace.now,
        lifetime_seconds: app.config().tokens.lifetime.as_secs() as i64,
        random: chance::bytes(),
    };
    let decided = client_credentials(&request, &tenant, client.as_ref(), issuing);
    Ok(decided.map(|granted| granted.body()))
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
