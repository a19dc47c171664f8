//! `/openid/userinfo`: who the user of a token is (OpenID Connect Core, 5.3).

use super::{JSON, answer};
use crate::app::App;
use crate::auth::{self, Denied};
use crate::clients;
use crate::layers::RequestId;
use crate::routes::listed::Routes;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use std::sync::Arc;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/openid/userinfo", get(of_the_token).post(of_the_token))
        .route(
            "/{tenant}/openid/userinfo",
            get(of_the_tenant).post(of_the_tenant),
        )
}

async fn of_the_token(State(app): State<Arc<App>>, request: RequestId, headers: HeaderMap) -> Response {
    told(&app, "", &headers, request)
}

async fn of_the_tenant(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    request: RequestId,
    headers: HeaderMap,
) -> Response {
    let word = if matches!(tenant_word.as_str(), "common" | "organizations") {
        ""
    } else {
        &tenant_word
    };
    told(&app, word, &headers, request)
}

fn told(app: &App, tenant_word: &str, headers: &HeaderMap, request: RequestId) -> Response {
    let (caller, user) = match auth::user_of(app, headers, tenant_word) {
        Ok(found) => found,
        Err(denied) => return refused(app, tenant_word, &denied, request),
    };
    let user = clients::user(&user);
    let body = json!({
        "sub": user.subject_for(caller), "oid": user.object_id.to_string(), "tid": user.tenant.to_string(),
        "name": user.display_name, "given_name": user.given_name, "family_name": user.family_name,
        "preferred_username": user.name, "upn": user.name, "unique_name": user.name,
    });
    let body = match body {
        serde_json::Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        other => other,
    };
    answer(StatusCode::OK, body.to_string(), JSON)
}

/// RFC 6750, 3: what is wrong stands in the challenge.
fn refused(app: &App, tenant_word: &str, denied: &Denied, request: RequestId) -> Response {
    tracing::info!(request.id = %request, "userinfo was refused: {denied}");
    let status = match denied {
        Denied::OtherTenant | Denied::NoPermission { .. } | Denied::NoRole { .. } => StatusCode::FORBIDDEN,
        Denied::Control(_) | Denied::SilentIssuer { .. } => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNAUTHORIZED,
    };
    let mut response = answer(status, r#"{"error":"invalid_token"}"#.to_owned(), JSON);
    if status == StatusCode::UNAUTHORIZED
        && let Ok(challenge) = HeaderValue::from_str(&auth::challenge(app, tenant_word, denied))
    {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}
