//! Why a request was not let in, for programs that read problems (RFC 9457): ingest and administration.

use crate::app::App;
use crate::auth::{self, Denied};
use crate::layers::RequestId;
use crate::problem::Problem;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use issuer::verify::TokenFault;

/// What differs between the faces.
pub(super) struct Face {
    /// What its tokens are asked for with.
    pub(super) resource: &'static str,
    /// The title where somebody is known and may not.
    pub(super) may_not: &'static str,
}

/// The answer to a request that was not let in.
pub(super) fn answer(
    face: &Face,
    app: &App,
    tenant_word: &str,
    denied: &Denied,
    request: RequestId,
) -> Response {
    let (status, kind, title, detail) = match denied {
        Denied::NoToken | Denied::BadPassword => (
            StatusCode::UNAUTHORIZED,
            "no-token",
            "A bearer token is needed",
            denied.to_string(),
        ),
        Denied::BadToken(TokenFault::Audience) => (
            StatusCode::UNAUTHORIZED,
            "bad-token",
            "The token is not good here",
            format!(
                "The token is for something else; ask for one with resource={}.",
                face.resource
            ),
        ),
        Denied::BadToken(_)
        | Denied::BadOutsideToken { .. }
        | Denied::NoSuchApplication(_)
        | Denied::NoSuchUser(_)
        | Denied::Revoked => (
            StatusCode::UNAUTHORIZED,
            "bad-token",
            "The token is not good here",
            denied.to_string(),
        ),
        Denied::SilentIssuer { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "silent-issuer",
            "The token cannot be checked now",
            denied.to_string(),
        ),
        Denied::OtherTenant => (
            StatusCode::FORBIDDEN,
            "other-tenant",
            "The token is of another tenant",
            denied.to_string(),
        ),
        Denied::NoPermission { .. } | Denied::NoRole { .. } => (
            StatusCode::FORBIDDEN,
            "no-permission",
            face.may_not,
            denied.to_string(),
        ),
        Denied::Control(error) => {
            tracing::error!(request.id = %request, "a caller could not be looked up: {error}");
            return Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "The service failed",
            )
            .of_request(request)
            .into_response();
        }
    };
    let mut response = Problem::new(status, kind, title)
        .detail(detail)
        .of_request(request)
        .into_response();
    if status == StatusCode::UNAUTHORIZED
        && let Ok(challenge) = HeaderValue::from_str(&auth::challenge(app, tenant_word, denied))
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
