//! `/{tenant}/oauth2/revoke` (RFC 7009) and `/{tenant}/oauth2/introspect` (RFC 7662).

use super::call::{ClientCall, Identified, only_post};
use super::grants::{known_as, revoked_until};
use super::{Context, Failure};
use crate::app::App;
use crate::routes::listed::Routes;
use axum::response::Response;
use axum::routing::post;
use issuer::audience::Audience;
use issuer::client::Client;
use issuer::grant::{Proof, authenticate};
use issuer::refusal::Refusal;
use issuer::verify::VerifiedToken;
use secrecy::SecretString;
use serde_json::{Value, json};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/oauth2/revoke", post(revoke).fallback(only_post))
        .route("/{tenant}/oauth2/v2.0/revoke", post(revoke).fallback(only_post))
        .route(
            "/{tenant}/oauth2/introspect",
            post(introspect).fallback(only_post),
        )
        .route(
            "/{tenant}/oauth2/v2.0/introspect",
            post(introspect).fallback(only_post),
        )
}

/// Every audience that our tokens have.
const ANY: &[Audience] = &[Audience::Reports, Audience::Ingest];

async fn revoke(call: ClientCall) -> Response {
    call.answer_with(|call| about_a_token(call, revoked)).await
}

async fn introspect(call: ClientCall) -> Response {
    call.answer_with(|call| about_a_token(call, introspected)).await
}

/// What is done about a token that a client names.
type Deed = fn(&App, &Client, Proof, &SecretString, &Context) -> Result<Value, Failure>;

fn about_a_token(asked: &ClientCall, deed: Deed) -> Result<String, Failure> {
    let Identified {
        form,
        presented,
        client,
        ..
    } = asked.identified()?;
    let context = &asked.call.context;
    let audiences = asked.audiences(Some(&client));
    let proof = authenticate(&presented, &client, &audiences, context.trace.now)?;
    let token = form
        .get("token")
        .map(SecretString::from)
        .ok_or(Refusal::MissingParameter("token"))?;
    let done = deed(&asked.call.app, &client, proof, &token, context)?;
    Ok(done.to_string())
}

/// A token that is none, or another's, is answered like one that was revoked: nothing can be learnt (RFC 7009, 2.2).
fn revoked(
    app: &App,
    client: &Client,
    _: Proof,
    token: &SecretString,
    context: &Context,
) -> Result<Value, Failure> {
    let now = context.trace.now;
    if let Some(hash) = known_as(token)
        && let Some(kept) = app.control.refresh_token(hash, now)?
        && kept.app == client.client_id
    {
        app.control.revoke_family(kept.family, revoked_until(now), now)?;
        return Ok(json!({}));
    }
    if let Some(verified) = verified(app, token, context)
        && verified.app_id == client.client_id
        && let Some(id) = &verified.token_id
    {
        app.control.revoke_token(id, verified.expires_at)?;
    }
    Ok(json!({}))
}

/// What a token is worth now. Only to an application that can keep a secret, and only about tokens of its own tenant.
fn introspected(
    app: &App,
    client: &Client,
    proof: Proof,
    token: &SecretString,
    context: &Context,
) -> Result<Value, Failure> {
    if proof == Proof::None {
        return Err(Refusal::ClientMustProve.into());
    }
    let now = context.trace.now;
    if let Some(hash) = known_as(token)
        && let Some(kept) = app.control.refresh_token(hash, now)?
        && kept.app == client.client_id
    {
        return Ok(json!({
            "active": true, "token_type": "refresh_token", "client_id": kept.app.to_string(), "scope": kept.scope,
            "exp": kept.expires.unix_seconds(), "oid": kept.user.to_string(),
        }));
    }
    let inactive = json!({ "active": false });
    let Some(verified) = verified(app, token, context) else {
        return Ok(inactive);
    };
    let is_revoked = app.control.is_revoked(
        verified.token_id.as_deref(),
        verified.user.as_ref().map(|user| user.family),
    );
    let its_app = app.control.app(verified.app_id)?;
    let is_known = its_app.is_some_and(|its| its.tenant == verified.tenant && its.disabled.is_none());
    let user_is_there = match &verified.user {
        None => true,
        Some(_) => app
            .control
            .user(verified.object_id)?
            .is_some_and(|user| user.tenant == verified.tenant && user.disabled.is_none()),
    };
    if is_revoked || !is_known || !user_is_there || verified.tenant != client.tenant {
        return Ok(inactive);
    }
    let mut body = json!({
        "active": true, "token_type": "Bearer", "client_id": verified.app_id.to_string(),
        "exp": verified.expires_at.unix_seconds(), "tid": verified.tenant.to_string(),
        "oid": verified.object_id.to_string(),
        "iss": app.authority.issuer(verified.tenant, verified.protocol),
    });
    match &verified.user {
        Some(user) => {
            body["scope"] = user.scopes.join(" ").into();
            body["username"] = user.name.as_str().into();
        }
        None => body["roles"] = verified.roles.clone().into(),
    }
    Ok(body)
}

fn verified(app: &App, token: &SecretString, context: &Context) -> Option<VerifiedToken> {
    use secrecy::ExposeSecret;
    app.keys()
        .verifier
        .verify(token.expose_secret().trim(), ANY, context.trace.now)
        .ok()
}
