//! `/{tenant}/oauth2/logout`: the browser's session ends (OpenID Connect RP-Initiated Logout).

use super::notices::{blocking, unavailable};
use super::pages::{self, NoticePage};
use super::registered;
use super::visit::Visit;
use crate::app::App;
use crate::routes::listed::Routes;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use issuer::form::Form;
use issuer::reply;
use uuid::Uuid;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/oauth2/logout", get(asked).post(posted))
        .route("/{tenant}/oauth2/v2.0/logout", get(asked).post(posted))
}

async fn asked(visit: Visit, RawQuery(query): RawQuery) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    blocking(move || end(visit, &form)).await
}

async fn posted(visit: Visit, body: Body) -> Response {
    let form = visit.form(body).await.unwrap_or_default();
    blocking(move || end(visit, &form)).await
}

/// Signing somebody out against their will is a nuisance and no danger, so nothing is asked. Sending them elsewhere is:
/// only to a reply address of the application that says to be asking.
fn end(visit: Visit, form: &Form) -> Response {
    let Visit { call, mut browser } = visit;
    let app = call.app.as_ref();
    if let Err(error) = browser.sign_out(app) {
        tracing::error!(request.id = %call.context.request, "a session could not be ended: {error}");
        return unavailable(&browser);
    }
    if let Some(target) = target(app, form) {
        return pages::redirect(&target, &browser);
    }
    let notice = NoticePage {
        heading: "You are signed out",
        text: "You can close this page. Applications that you let in keep what they have until it ends or is revoked.",
        details: None,
    };
    pages::page(StatusCode::OK, &notice, &browser, None)
}

fn target(app: &App, form: &Form) -> Option<String> {
    let address = form.get("post_logout_redirect_uri")?;
    let client_id = form
        .get("client_id")
        .and_then(|id| Uuid::try_parse(id.trim()).ok())
        .or_else(|| client_of_hint(app, form.get("id_token_hint")?))?;
    let client = registered(app, Some(client_id)).ok().flatten()?;
    if !reply::is_registered(&client, address) {
        return None;
    }
    let Some(state) = form.get("state") else {
        return Some(address.to_owned());
    };
    let separator = if address.contains('?') { '&' } else { '?' };
    Some(format!("{address}{separator}state={}", reply::escaped(state)))
}

/// The application for which an id token of ours was made; an old one will do.
fn client_of_hint(app: &App, hint: &str) -> Option<Uuid> {
    app.keys().verifier.client_of_id_token(hint)
}
