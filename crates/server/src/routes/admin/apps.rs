//! `/apps`: registering applications, their secrets, switching them off.

use super::{control_problem, read, tenant};
use crate::app::App;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::{chance, clients};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use issuer::audience::Permission;
use issuer::certificate::Certificate;
use issuer::client::NewSecret;
use issuer::reply;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::control::{
    self, AppKind, AppPermission, AppStatus, NewApp, NewAppCertificate, NewAppSecret, PermissionKind,
};
use uuid::Uuid;

/// An application to be registered.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAppAsked {
    /// Its tenant, by GUID or name.
    pub tenant: String,
    /// What people call it.
    pub name: String,
    /// What it may do: `Directory.Read.All`, `Ingest`.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// What it may do for a user who signed in: `Directory.Read.All`.
    #[serde(default)]
    pub delegated_permissions: Vec<String>,
    /// It runs on people's machines and can keep no secret, so it gets none.
    #[serde(default)]
    pub public: bool,
    /// A certificate in PEM by which it proves who it is.
    pub certificate: Option<String>,
    /// Where answers of an interactive sign-in may go.
    #[serde(default)]
    pub reply_addresses: Vec<String>,
    /// Directory roles that it holds.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Its id; a fresh one if none is given.
    pub client_id: Option<Uuid>,
    /// After how many days its first secret ends; never if none is given.
    pub secret_days: Option<u32>,
}

/// Another secret for an application.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewSecretAsked {
    /// After how many days it ends; never if none is given.
    pub secret_days: Option<u32>,
}

/// An application.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppAnswer {
    /// Its public id.
    pub client_id: Uuid,
    /// Its tenant's GUID.
    pub tenant_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Whether it runs on people's machines and can keep no secret.
    pub public: bool,
    /// What it may do.
    pub permissions: Vec<String>,
    /// What it may do for a user who signed in.
    pub delegated_permissions: Vec<String>,
    /// SHA-256 of its certificates.
    pub certificate_thumbprints: Vec<String>,
    /// Where answers of an interactive sign-in may go.
    pub reply_addresses: Vec<String>,
    /// Directory roles that it holds.
    pub roles: Vec<String>,
    /// The first characters of its secrets.
    pub secret_hints: Vec<String>,
    /// Since when it is registered.
    pub created: String,
    /// Since when it is switched off.
    pub disabled: Option<String>,
    /// Its secret; shown when it is made and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
}

/// A secret; shown this once.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretAnswer {
    /// Whose.
    pub client_id: Uuid,
    /// The secret.
    pub client_secret: String,
    /// When it ends.
    pub expires: Option<String>,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/apps", get(list).post(create))
        .route("/apps/{client_id}", get(show).delete(delete))
        .route("/apps/{client_id}/secrets", post(add_secret))
        .route("/apps/{client_id}/disable", post(disable))
        .route("/apps/{client_id}/enable", post(enable))
}

fn answered<T: Serialize>(status: StatusCode, result: Result<T, Problem>, request: RequestId) -> Response {
    match result {
        Ok(answer) => (status, Json(answer)).into_response(),
        Err(problem) => problem.of_request(request).into_response(),
    }
}

async fn list(
    State(app): State<Arc<App>>,
    request: RequestId,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let listed = || {
        let tenants = match asked.get("tenant") {
            Some(word) => vec![tenant(&app, word)?],
            None => app
                .control
                .tenants()
                .map_err(|error| control_problem(&error))?
                .iter()
                .map(|tenant| tenant.id)
                .collect(),
        };
        let mut apps = Vec::new();
        for tenant in tenants {
            apps.extend(
                app.control
                    .apps(tenant)
                    .map_err(|error| control_problem(&error))?,
            );
        }
        Ok(apps.iter().map(answer).collect::<Vec<_>>())
    };
    answered(StatusCode::OK, listed(), request)
}

async fn show(State(app): State<Arc<App>>, request: RequestId, Path(client_id): Path<Uuid>) -> Response {
    answered(StatusCode::OK, registered(&app, client_id), request)
}

async fn create(State(app): State<Arc<App>>, request: RequestId, body: Bytes) -> Response {
    answered(StatusCode::CREATED, make(&app, &body), request)
}

async fn add_secret(
    State(app): State<Arc<App>>,
    request: RequestId,
    Path(client_id): Path<Uuid>,
    body: Bytes,
) -> Response {
    let made = || {
        let asked: NewSecretAsked = read(&body)?;
        let (text, expires) = new_secret(&app, client_id, asked.secret_days)?;
        Ok(SecretAnswer {
            client_id,
            client_secret: text,
            expires: expires.map(|time| time.to_string()),
        })
    };
    answered(StatusCode::CREATED, made(), request)
}

async fn disable(State(app): State<Arc<App>>, request: RequestId, Path(client_id): Path<Uuid>) -> Response {
    answered(
        StatusCode::OK,
        switched(&app, client_id, AppStatus::Disabled),
        request,
    )
}

async fn enable(State(app): State<Arc<App>>, request: RequestId, Path(client_id): Path<Uuid>) -> Response {
    answered(
        StatusCode::OK,
        switched(&app, client_id, AppStatus::Enabled),
        request,
    )
}

async fn delete(State(app): State<Arc<App>>, request: RequestId, Path(client_id): Path<Uuid>) -> Response {
    let deleted = registered(&app, client_id).and_then(|answer| {
        app.control
            .delete_app(client_id)
            .map_err(|error| control_problem(&error))?;
        Ok(answer)
    });
    answered(StatusCode::OK, deleted, request)
}

fn make(app: &App, body: &Bytes) -> Result<AppAnswer, Problem> {
    let asked: NewAppAsked = read(body)?;
    let mut permissions = Vec::new();
    for name in &asked.permissions {
        let permission =
            Permission::by_name(name).ok_or_else(|| no_such_permission(name, Permission::ALL))?;
        permissions.push(clients::stored(permission));
    }
    for name in &asked.delegated_permissions {
        let permission = Permission::by_name(name)
            .filter(|permission| Permission::DELEGATED.contains(permission))
            .ok_or_else(|| no_such_permission(name, Permission::DELEGATED))?;
        permissions.push(AppPermission {
            kind: PermissionKind::Delegated,
            name: permission.name().to_owned(),
        });
    }
    for address in &asked.reply_addresses {
        reply::check_address(address).map_err(|fault| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-reply-address",
                "The reply address cannot be used",
            )
            .detail(format!("{address:?}: {fault}."))
        })?;
    }
    let certificate = asked.certificate.as_deref().map(certificate).transpose()?;
    if asked.public && (certificate.is_some() || asked.secret_days.is_some()) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "public-with-secret",
            "A public application has no secret",
        )
        .detail("Leave out the certificate and the days of the secret, or register it as confidential."));
    }
    let client_id = asked.client_id.unwrap_or_else(chance::guid);
    let new = NewApp {
        client_id,
        tenant: tenant(app, &asked.tenant)?,
        object_id: chance::guid(),
        name: asked.name,
        kind: if asked.public {
            AppKind::Public
        } else {
            AppKind::Confidential
        },
        permissions,
        reply_addresses: asked.reply_addresses,
        roles: asked.roles,
    };
    app.control
        .create_app(&new, app.now())
        .map_err(|error| control_problem(&error))?;
    if let Some(certificate) = &certificate {
        app.control
            .add_certificate(client_id, certificate, app.now())
            .map_err(|error| control_problem(&error))?;
    }
    // Who proves itself by certificate needs no second way in.
    let client_secret = if asked.public || certificate.is_some() {
        None
    } else {
        Some(new_secret(app, client_id, asked.secret_days)?.0)
    };
    Ok(AppAnswer {
        client_secret,
        ..registered(app, client_id)?
    })
}

fn no_such_permission(name: &str, known: &[Permission]) -> Problem {
    let known: Vec<&str> = known.iter().map(|permission| permission.name()).collect();
    Problem::new(
        StatusCode::BAD_REQUEST,
        "no-such-permission",
        "There is no such permission",
    )
    .detail(format!("{name:?} is not one of: {}.", known.join(", ")))
}

fn certificate(pem: &str) -> Result<NewAppCertificate, Problem> {
    let certificate = Certificate::from_pem(pem).map_err(|fault| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-certificate",
            "The certificate cannot be used",
        )
        .detail(format!("{fault}."))
    })?;
    Ok(NewAppCertificate {
        thumbprint: certificate.thumbprint,
        public_key: certificate.public_key,
        expires: None,
    })
}

fn new_secret(
    app: &App,
    client_id: Uuid,
    days: Option<u32>,
) -> Result<(String, Option<model::time::Timestamp>), Problem> {
    let secret = NewSecret::from_random(&chance::bytes());
    let now = app.now();
    let expires = days.map(|days| now.plus_days(i64::from(days)));
    let kept = NewAppSecret {
        hash: secret.hash.0,
        hint: secret.hint,
        expires,
    };
    app.control
        .add_secret(client_id, &kept, now)
        .map_err(|error| control_problem(&error))?;
    Ok((secret.text.expose_secret().to_owned(), expires))
}

fn switched(app: &App, client_id: Uuid, status: AppStatus) -> Result<AppAnswer, Problem> {
    app.control
        .set_app_status(client_id, status, app.now())
        .map_err(|error| control_problem(&error))?;
    registered(app, client_id)
}

fn registered(app: &App, client_id: Uuid) -> Result<AppAnswer, Problem> {
    match app.control.app(client_id) {
        Ok(Some(found)) => Ok(answer(&found)),
        Ok(None) => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no-such-app",
            "There is no such application",
        )
        .detail(format!(
            "No application has the client id {client_id}; `gatelog app list` shows those that are."
        ))),
        Err(error) => Err(control_problem(&error)),
    }
}

fn answer(app: &control::App) -> AppAnswer {
    let names = |kind| {
        let of_kind = app
            .permissions
            .iter()
            .filter(|permission| permission.kind == kind);
        of_kind.map(|permission| permission.name.clone()).collect()
    };
    AppAnswer {
        client_id: app.client_id,
        tenant_id: app.tenant.guid(),
        name: app.name.clone(),
        public: app.kind == AppKind::Public,
        permissions: names(PermissionKind::Application),
        delegated_permissions: names(PermissionKind::Delegated),
        certificate_thumbprints: app
            .certificates
            .iter()
            .map(|certificate| certificate.thumbprint.map(|byte| format!("{byte:02x}")).concat())
            .collect(),
        reply_addresses: app.reply_addresses.clone(),
        roles: app.roles.clone(),
        secret_hints: app
            .secrets
            .iter()
            .map(|secret| format!("{}…", secret.hint))
            .collect(),
        created: app.created.to_string(),
        disabled: app.disabled.map(|since| since.to_string()),
        client_secret: None,
    }
}
