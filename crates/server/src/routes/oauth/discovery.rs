//! What the service says about itself: discovery documents, keys, instances, and where a user signs in.

use super::call::Call;
use super::{JSON, addressed, answer};
use crate::app::App;
use crate::routes::listed::Routes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use issuer::discovery;
use issuer::form::Form;
use issuer::grant::AddressedTenant;
use issuer::refusal::Refusal;
use model::user::UserName;
use serde_json::{Value, json};
use std::sync::Arc;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/.well-known/openid-configuration", get(document))
        .route("/{tenant}/v2.0/.well-known/openid-configuration", get(document))
        // RFC 8414, 3.1: the path of the issuer stands behind the well-known word; some clients put it in front.
        .route("/{tenant}/.well-known/oauth-authorization-server", get(document))
        .route(
            "/{tenant}/v2.0/.well-known/oauth-authorization-server",
            get(document),
        )
        .route("/.well-known/oauth-authorization-server/{tenant}", get(document))
        .route(
            "/.well-known/oauth-authorization-server/{tenant}/v2.0",
            get(document),
        )
        .route("/{tenant}/discovery/keys", get(keys))
        .route("/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/{tenant}/discovery/instance", get(instance))
        .route("/{tenant}/userrealm/{user}", get(realm))
        .route("/{tenant}/UserRealm/{user}", get(realm))
        .route("/assets/gatelog.css", get(stylesheet))
}

/// How long a document may be kept: a new key is published before it signs.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

async fn document(call: Call) -> Response {
    let Call {
        app,
        tenant_word,
        protocol,
        context,
    } = call;
    let tenant = match addressed(&app, &tenant_word) {
        Ok(AddressedTenant::Known { id, .. }) => Some(id),
        Ok(AddressedTenant::OfTheClient) => None,
        Ok(AddressedTenant::Unknown { word }) => {
            return context.refusal(&Refusal::NoSuchTenant {
                tenant: word
                    .chars()
                    .filter(|character| !character.is_control())
                    .take(100)
                    .collect(),
            });
        }
        Err(error) => return context.failure(&error.into()),
    };
    public(&discovery::document(
        &app.authority,
        &tenant_word,
        tenant,
        protocol,
    ))
}

async fn keys(State(app): State<Arc<App>>) -> Response {
    let keys = app.keys();
    public(&discovery::keys(keys.published(app.now()), None))
}

async fn instance(call: Call, RawQuery(query): RawQuery) -> Response {
    let Call { app, context, .. } = call;
    let form = match Form::parse(query.unwrap_or_default().as_bytes()) {
        Ok(form) => form,
        Err(error) => return context.refusal(&Refusal::NotAForm(error)),
    };
    let Some(endpoint) = form.get("authorization_endpoint") else {
        return context.refusal(&Refusal::MissingParameter("authorization_endpoint"));
    };
    match discovery::instance(&app.authority, &[], endpoint) {
        Some(found) => public(&found),
        None => context.refusal(&Refusal::UnknownInstance),
    }
}

/// Where a user signs in: here, always. Whether there is such a user is not told (contract 4.2).
async fn realm(Path((_, user)): Path<(String, String)>, call: Call) -> Response {
    let Call { app, context, .. } = call;
    let Ok(name) = UserName::parse(&user) else {
        return context.refusal(&Refusal::BadParameter {
            name: "user",
            why: "must be a name such as ada@contoso.com",
        });
    };
    let host = app.authority.origin();
    let host = host.split_once("://").map_or(host, |(_, host)| host);
    let body = json!({
        "ver": "1.0", "account_type": "Managed", "domain_name": name.domain(), "cloud_instance_name": host,
        "cloud_audience_urn": "urn:federation:gatelog",
    });
    answer(StatusCode::OK, body.to_string(), JSON)
}

async fn stylesheet() -> Response {
    let mut response = answer(
        StatusCode::OK,
        super::pages::STYLESHEET.to_owned(),
        "text/css;charset=utf-8",
    );
    keep(&mut response);
    response
}

fn public(document: &Value) -> Response {
    let mut response = answer(StatusCode::OK, document.to_string(), JSON);
    keep(&mut response);
    // Nothing in here is anybody's secret, and pages of other origins may read it.
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn keep(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, KEPT);
    headers.remove(header::PRAGMA);
}
