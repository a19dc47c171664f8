//! `/{tenant}/oauth2/token`: an application proves itself and gets tokens.

use super::call::{ClientCall, only_post};
use super::grants::Ready;
use super::{Failure, addressed, issuing, registered};
use crate::layers::ClientAddress;
use crate::routes::listed::Routes;
use axum::response::Response;
use axum::routing::post;
use issuer::grant::{TokenAnswer, authenticate, client_credentials};
use issuer::token_request::{Grant, TokenRequest};
use std::sync::Arc;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/oauth2/token", post(token).fallback(only_post))
        .route("/{tenant}/oauth2/v2.0/token", post(token).fallback(only_post))
}

async fn token(address: ClientAddress, call: ClientCall) -> Response {
    let decided = decide(&call, address).await;
    call.answer(decided.map(|granted| granted.body()))
}

async fn decide(asked: &ClientCall, address: ClientAddress) -> Result<TokenAnswer, Failure> {
    let call = &asked.call;
    let (app, now) = (&call.app, call.context.trace.now);
    let request = TokenRequest::read(&asked.body, asked.authorization(), call.protocol)?;
    let tenant = addressed(app, &call.tenant_word)?;
    let found = registered(app, request.presented.client_id())?;
    let audiences = asked.audiences(found.as_ref());
    if matches!(request.grant, Grant::ClientCredentials) {
        let keys = app.keys();
        let issuing = issuing(app, &keys, call.protocol, now);
        return Ok(client_credentials(
            &request,
            &tenant,
            found.as_ref(),
            &audiences,
            issuing,
        )?);
    }
    let client = tenant.client(&request.presented.client, found.as_ref())?.clone();
    let proof = authenticate(&request.presented, &client, &audiences, now)?;
    let ready = Ready {
        app: Arc::clone(app),
        request,
        tenant,
        client,
        proof,
        now,
    };
    ready.give(address).await
}
