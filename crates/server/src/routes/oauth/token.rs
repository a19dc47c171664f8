//! `/{tenant}/oauth2/token`: an application proves itself and gets tokens.

use super::grants::Ready;
use super::{Context, Failure, JSON, addressed, answer, registered};
use crate::app::App;
use crate::chance;
use crate::layers::{ClientAddress, RequestId, whole_body};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use issuer::grant::{Issuing, TokenAnswer, authenticate, client_credentials};
use issuer::protocol::Protocol;
use issuer::token_request::{BASIC_CHALLENGE, Grant, TokenRequest};
use issuer::user_grant::endpoint_addresses;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/{tenant}/oauth2/token", post(token_v1).fallback(only_post))
        .route("/{tenant}/oauth2/v2.0/token", post(token_v2).fallback(only_post))
}

/// The message and code of the old service for a wrong method on this address.
pub(super) async fn only_post() -> Response {
    let body = r#"{"error":"invalid_request","error_description":"AADSTS900561: The endpoint only accepts POST requests."}"#;
    let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, body.to_owned(), JSON);
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

async fn token_v1(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    request_id: RequestId,
    address: ClientAddress,
    request: Request,
) -> Response {
    token(app, tenant_word, Protocol::V1, request_id, address, request).await
}

async fn token_v2(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    request_id: RequestId,
    address: ClientAddress,
    request: Request,
) -> Response {
    token(app, tenant_word, Protocol::V2, request_id, address, request).await
}

async fn token(
    app: Arc<App>,
    tenant_word: String,
    protocol: Protocol,
    request_id: RequestId,
    address: ClientAddress,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let body = match whole_body(body).await {
        Ok(body) => body,
        Err(fault) => return answer(fault.status(), fault.to_string(), "text/plain;charset=utf-8"),
    };
    let context = Context::of(&app, &parts.headers, request_id);
    let asked = Asked {
        app,
        tenant_word,
        protocol,
        address,
    };
    match asked.decide(&parts.headers, &body, &context).await {
        Ok(granted) => answer(StatusCode::OK, granted.body(), JSON),
        Err(failure) => with_challenge(context.failure(&failure), &parts.headers),
    }
}

/// A client that failed with a Basic header is told that this is how it asked (RFC 6749, 5.2).
pub(super) fn with_challenge(mut response: Response, asked: &HeaderMap) -> Response {
    let asked_by_basic = asked.contains_key(header::AUTHORIZATION);
    if response.status() == StatusCode::UNAUTHORIZED && asked_by_basic {
        let challenge = HeaderValue::from_static(BASIC_CHALLENGE);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What of an Authorization header can be read.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
}

/// The addresses by which the token endpoint that was asked is known.
pub(super) fn audiences(
    app: &App,
    tenant_word: &str,
    client: Option<&issuer::client::Client>,
) -> Vec<String> {
    let mut words = vec![tenant_word.to_owned()];
    words.extend(client.map(|client| client.tenant.to_string()));
    endpoint_addresses(&app.authority, &words)
}

struct Asked {
    app: Arc<App>,
    tenant_word: String,
    protocol: Protocol,
    address: ClientAddress,
}

impl Asked {
    async fn decide(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        context: &Context,
    ) -> Result<TokenAnswer, Failure> {
        let app = &self.app;
        let request = TokenRequest::read(body, authorization(headers), self.protocol)?;
        let tenant = addressed(app, &self.tenant_word)?;
        let found = registered(app, request.presented.client_id())?;
        let audiences = audiences(app, &self.tenant_word, found.as_ref());
        if matches!(request.grant, Grant::ClientCredentials) {
            let keys = app.keys();
            let issuing = Issuing {
                authority: &app.authority,
                key: &keys.signing,
                protocol: self.protocol,
                now: context.trace.now,
                lifetime_seconds: app.config().tokens.lifetime.as_secs() as i64,
                random: chance::bytes(),
            };
            return Ok(client_credentials(
                &request,
                &tenant,
                found.as_ref(),
                &audiences,
                issuing,
            )?);
        }
        let client = tenant.client(&request.presented.client, found.as_ref())?.clone();
        let proof = authenticate(&request.presented, &client, &audiences, context.trace.now)?;
        let ready = Ready {
            app: Arc::clone(app),
            request,
            tenant,
            client,
            proof,
            now: context.trace.now,
        };
        ready.give(self.address).await
    }
}
