//! `/apps`: registering applications, changing and removing them, their secrets.

use super::{Admin, apart, apart_with, control_problem, read};
use crate::app::App;
use crate::layers::RequestId;
use crate::own_events::{self, Act, Target};
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use edge::chance;
use http::StatusCode;
use issuer::audience::Permission;
use issuer::certificate::Certificate;
use issuer::client::NewSecret;
use issuer::reply;
use model::time::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::control::{
    self, AppChanges, AppKind, AppPermission, AppStatus, NewApp, NewAppCertificate, NewAppSecret,
    PermissionKind,
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

/// What is to be changed of an application; what is left out stays.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AppChangesAsked {
    /// What people call it.
    pub name: Option<String>,
    /// Permissions that it gets.
    #[serde(default)]
    pub add_permissions: Vec<String>,
    /// Permissions that it loses.
    #[serde(default)]
    pub remove_permissions: Vec<String>,
    /// Permissions for users who signed in that it gets.
    #[serde(default)]
    pub add_delegated_permissions: Vec<String>,
    /// Permissions for users who signed in that it loses.
    #[serde(default)]
    pub remove_delegated_permissions: Vec<String>,
    /// Reply addresses that it gets.
    #[serde(default)]
    pub add_reply_addresses: Vec<String>,
    /// Reply addresses that it loses.
    #[serde(default)]
    pub remove_reply_addresses: Vec<String>,
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

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/apps", get(list).post(create))
        .route("/apps/{client_id}", get(show).post(update).delete(delete))
        .route("/apps/{client_id}/secrets", post(add_secret))
        .route(
            "/apps/{client_id}/secrets/{hint}",
            axum::routing::delete(delete_secret),
        )
        .route("/apps/{client_id}/disable", post(disable))
        .route("/apps/{client_id}/enable", post(enable))
}

async fn list(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let mut apps = Vec::new();
        for tenant in admin.tenants(&app, asked.get("tenant").map(String::as_str))? {
            let of_tenant = app.control.apps(tenant);
            apps.extend(of_tenant?);
        }
        Ok(apps.iter().map(answer).collect::<Vec<_>>())
    })
    .await
}

async fn show(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(client_id): Path<Uuid>,
) -> Response {
    apart(request, move || {
        found(&app, &admin, client_id).map(|found| answer(&found))
    })
    .await
}

async fn create(State(app): State<Arc<App>>, request: RequestId, admin: Admin, body: Bytes) -> Response {
    apart_with(StatusCode::CREATED, request, move || make(&app, &admin, &body)).await
}

async fn update(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(client_id): Path<Uuid>,
    body: Bytes,
) -> Response {
    apart(request, move || {
        let before = found(&app, &admin, client_id)?;
        let asked: AppChangesAsked = read(&body)?;
        for address in &asked.add_reply_addresses {
            check_reply_address(address)?;
        }
        let changes = AppChanges {
            name: asked.name,
            add_permissions: permissions(&asked.add_permissions, &asked.add_delegated_permissions)?,
            remove_permissions: permissions(&asked.remove_permissions, &asked.remove_delegated_permissions)?,
            add_reply_addresses: asked.add_reply_addresses,
            remove_reply_addresses: asked.remove_reply_addresses,
        };
        app.control.update_app(client_id, &changes)?;
        let after = found(&app, &admin, client_id)?;
        let details = differences(&answer(&before), &answer(&after));
        record(&app, &admin, &after, "Update application", "Update", details);
        Ok(answer(&after))
    })
    .await
}

async fn add_secret(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(client_id): Path<Uuid>,
    body: Bytes,
) -> Response {
    apart_with(StatusCode::CREATED, request, move || {
        let registered = found(&app, &admin, client_id)?;
        let asked: NewSecretAsked = read(&body)?;
        let secret = new_secret(&app, client_id, asked.secret_days)?;
        let details = vec![("AddedSecret", format!("{}…", secret.hint))];
        record(&app, &admin, &registered, CREDENTIALS, "Update", details);
        Ok(SecretAnswer {
            client_id,
            client_secret: secret.text,
            expires: secret.expires.map(|time| time.to_string()),
        })
    })
    .await
}

async fn delete_secret(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path((client_id, hint)): Path<(Uuid, String)>,
) -> Response {
    apart(request, move || {
        let registered = found(&app, &admin, client_id)?;
        let hint = hint.trim_end_matches('…');
        let meant: Vec<_> = registered
            .secrets
            .iter()
            .filter(|secret| secret.hint == hint)
            .collect();
        let [secret] = meant.as_slice() else {
            return Err(
                Problem::new(StatusCode::NOT_FOUND, "no-such-secret", "There is no such secret").detail(format!(
                    "{} secrets of {} begin with {hint:?}; `gatelog app show {client_id}` shows the beginnings.",
                    meant.len(),
                    registered.name
                )),
            );
        };
        app.control
            .delete_secret(client_id, secret.hash)?;
        let details = vec![("RemovedSecret", format!("{hint}…"))];
        record(&app, &admin, &registered, CREDENTIALS, "Update", details);
        found(&app, &admin, client_id).map(|found| answer(&found))
    })
    .await
}

async fn disable(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(client_id): Path<Uuid>,
) -> Response {
    apart(request, move || {
        switched(&app, &admin, client_id, AppStatus::Disabled)
    })
    .await
}

async fn enable(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(client_id): Path<Uuid>,
) -> Response {
    apart(request, move || {
        switched(&app, &admin, client_id, AppStatus::Enabled)
    })
    .await
}

async fn delete(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(client_id): Path<Uuid>,
) -> Response {
    apart(request, move || {
        let gone = found(&app, &admin, client_id)?;
        app.control.delete_app(client_id)?;
        record(&app, &admin, &gone, "Delete application", "Delete", Vec::new());
        Ok(answer(&gone))
    })
    .await
}

fn make(app: &App, admin: &Admin, body: &Bytes) -> Result<AppAnswer, Problem> {
    let asked: NewAppAsked = read(body)?;
    let permissions = permissions(&asked.permissions, &asked.delegated_permissions)?;
    for address in &asked.reply_addresses {
        check_reply_address(address)?;
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
        tenant: admin.tenant(app, &asked.tenant)?,
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
    app.control.create_app(&new, app.now())?;
    if let Some(certificate) = &certificate {
        app.control.add_certificate(client_id, certificate, app.now())?;
    }
    // Who proves itself by certificate needs no second way in.
    let client_secret = if asked.public || certificate.is_some() {
        None
    } else {
        Some(new_secret(app, client_id, asked.secret_days)?.text)
    };
    let made = found(app, admin, client_id)?;
    let details = vec![("Permissions", all_permissions(&answer(&made)))];
    record(app, admin, &made, "Add application", "Add", details);
    Ok(AppAnswer {
        client_secret,
        ..answer(&made)
    })
}

/// Permissions by their names: those of the application itself, and those for users who signed in.
fn permissions(own: &[String], delegated: &[String]) -> Result<Vec<AppPermission>, Problem> {
    let mut found = Vec::new();
    for (names, known, kind) in [
        (own, Permission::APPLICATION, PermissionKind::Application),
        (delegated, Permission::DELEGATED, PermissionKind::Delegated),
    ] {
        for name in names {
            let permission = Permission::by_name(name)
                .filter(|permission| known.contains(permission))
                .ok_or_else(|| no_such_permission(name, known))?;
            found.push(AppPermission {
                kind,
                name: permission.name().to_owned(),
            });
        }
    }
    Ok(found)
}

fn check_reply_address(address: &str) -> Result<(), Problem> {
    reply::check_address(address).map_err(|fault| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "bad-reply-address",
            "The reply address cannot be used",
        )
        .detail(format!("{address:?}: {fault}."))
    })
}

/// What changed of an application, for whoever reads the audit later.
fn differences(before: &AppAnswer, after: &AppAnswer) -> Vec<(&'static str, String)> {
    let told = |app: &AppAnswer| {
        [
            ("DisplayName", app.name.clone()),
            ("Permissions", all_permissions(app)),
            ("ReplyUrls", app.reply_addresses.join(" ")),
        ]
    };
    let changed = told(before).into_iter().zip(told(after));
    changed
        .filter(|(before, after)| before != after)
        .map(|((name, before), (_, after))| (name, format!("{before} → {after}")))
        .collect()
}

fn all_permissions(app: &AppAnswer) -> String {
    let delegated = app
        .delegated_permissions
        .iter()
        .map(|name| format!("{name} (delegated)"));
    let all = app.permissions.iter().cloned().chain(delegated);
    all.collect::<Vec<_>>().join(" ")
}

/// Entra's name for a change of secrets and certificates.
const CREDENTIALS: &str = "Update application – Certificates and secrets management";

fn record(
    app: &App,
    admin: &Admin,
    registered: &control::App,
    activity: &'static str,
    operation: &'static str,
    details: Vec<(&'static str, String)>,
) {
    let act = Act {
        activity,
        category: "ApplicationManagement",
        operation,
        target: Target {
            sort: "Application",
            id: registered.object_id,
            display_name: registered.name.clone(),
            user_name: None,
        },
        details,
    };
    own_events::act(app, registered.tenant, &admin.actor, &act);
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

/// A secret that was just made.
struct MadeSecret {
    text: String,
    hint: String,
    expires: Option<Timestamp>,
}

fn new_secret(app: &App, client_id: Uuid, days: Option<u32>) -> Result<MadeSecret, Problem> {
    let secret = NewSecret::from_random(&chance::bytes());
    let now = app.now();
    let expires = days.map(|days| now.plus_days(i64::from(days)));
    let kept = NewAppSecret {
        hash: secret.hash.0,
        hint: secret.hint,
        expires,
    };
    app.control.add_secret(client_id, &kept, now)?;
    Ok(MadeSecret {
        text: secret.text.expose_secret().to_owned(),
        hint: kept.hint,
        expires,
    })
}

fn switched(app: &App, admin: &Admin, client_id: Uuid, status: AppStatus) -> Result<AppAnswer, Problem> {
    found(app, admin, client_id)?;
    app.control.set_app_status(client_id, status, app.now())?;
    let after = found(app, admin, client_id)?;
    let details = vec![("AccountEnabled", (status == AppStatus::Enabled).to_string())];
    record(app, admin, &after, "Update service principal", "Update", details);
    Ok(answer(&after))
}

/// The application of an id, if it is of a tenant that may be seen.
fn found(app: &App, admin: &Admin, client_id: Uuid) -> Result<Arc<control::App>, Problem> {
    match app.control.app(client_id) {
        Ok(Some(found)) if admin.may_touch(found.tenant) => Ok(found),
        Ok(_) => Err(Problem::new(
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
