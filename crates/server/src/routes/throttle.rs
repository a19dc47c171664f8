//! Before a token is made or a sign-in is tried: whether this address and this application have asked too often.

use crate::app::App;
use crate::layers::{ClientAddress, FaultReport, RequestId, whole_body};
use crate::legacy;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use issuer::form::Form;
use std::sync::Arc;
use uuid::Uuid;

/// Lets a request through, or answers 429 with `Retry-After` (RFC 6585, 4).
pub(super) async fn throttle(
    State(app): State<Arc<App>>,
    request_id: RequestId,
    ClientAddress(address): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    if !is_of_programs(request.uri().path()) {
        return match address.map(|address| app.rates.sign_in_of_address(address)) {
            Some(Err(seconds)) => too_many(seconds, request_id),
            _ => next.run(request).await,
        };
    }
    if let Some(Err(seconds)) = address.map(|address| app.rates.token_of_address(address)) {
        return too_many(seconds, request_id);
    }
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let body = match whole_body(body).await {
        Ok(body) => body,
        Err(fault) => {
            return legacy::render_fault(&FaultReport {
                fault,
                path: &path,
                request: request_id,
            });
        }
    };
    let client_id = client_id(&parts.headers, &body);
    if let Some(Err(seconds)) = client_id.map(|client_id| app.rates.token_of_client(client_id)) {
        return too_many(seconds, request_id);
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Whether programs ask there, and no people: these have a rate of their own.
fn is_of_programs(path: &str) -> bool {
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    ["token", "introspect", "revoke", "devicecode"].contains(&last)
}

/// The client's id as it stands in the request, whether it is right or not.
fn client_id(headers: &http::HeaderMap, body: &[u8]) -> Option<Uuid> {
    let of_form = || {
        let form = Form::parse(body).ok()?;
        Uuid::try_parse(form.get("client_id")?.trim()).ok()
    };
    let of_basic = || {
        let (name, _) = crate::basic::credentials(headers)?;
        Uuid::try_parse(name.trim()).ok()
    };
    of_basic().or_else(of_form)
}

fn too_many(seconds: u64, request_id: RequestId) -> Response {
    tracing::info!(request.id = %request_id, "asked for tokens too often; the next try is in {seconds} s");
    let body = format!(
        r#"{{"error":"temporarily_unavailable","error_description":"AADSTS90033: Too many requests. Please try again in {seconds} seconds."}}"#
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}
