//! `/tenants`: making and listing tenants.

use super::{apart, control_problem, read, tenant};
use crate::app::App;
use crate::chance;
use crate::layers::RequestId;
use crate::own_events::{self, Act, Actor, Target};
use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use model::tenant::{TenantId, TenantName};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::control::{ControlError, PasswordGrant, Tenant, TenantSettings};
use uuid::Uuid;

/// A tenant to be made.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewTenantAsked {
    /// Its domain names, the main one first.
    pub names: Vec<String>,
    /// Its GUID; a fresh one if it has none.
    pub id: Option<Uuid>,
    /// What people call it.
    pub display_name: Option<String>,
}

/// A tenant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantAnswer {
    /// Its GUID.
    pub id: Uuid,
    /// Its domain names, the main one first.
    pub names: Vec<String>,
    /// What people call it.
    pub display_name: String,
    /// Since when it is known.
    pub created: String,
    /// Whether applications may send a user's password for a token.
    #[serde(default)]
    pub password_grant: bool,
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantChangesAsked {
    /// What people call it.
    pub display_name: Option<String>,
    /// Names that it gets.
    #[serde(default)]
    pub add_names: Vec<String>,
    /// Names that it loses.
    #[serde(default)]
    pub remove_names: Vec<String>,
    /// Whether applications may send a user's password for a token.
    pub password_grant: Option<bool>,
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/tenants", get(list).post(create))
        .route("/tenants/{tenant}", get(show).post(update))
}

async fn show(State(app): State<Arc<App>>, request: RequestId, Path(word): Path<String>) -> Response {
    apart(request, move || registered(&app, tenant(&app, &word)?)).await
}

async fn update(
    State(app): State<Arc<App>>,
    request: RequestId,
    Path(word): Path<String>,
    body: Bytes,
) -> Response {
    apart(request, move || {
        let id = tenant(&app, &word)?;
        let asked: TenantChangesAsked = read(&body)?;
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        for name in &asked.add_names {
            added.push(checked(name)?);
        }
        for name in &asked.remove_names {
            removed.push(checked(name)?);
        }
        let changed = || -> Result<(), ControlError> {
            for name in &added {
                app.control.add_tenant_name(id, name)?;
            }
            for name in &removed {
                app.control.remove_tenant_name(id, name)?;
            }
            if let Some(display_name) = &asked.display_name {
                app.control.set_tenant_display_name(id, display_name)?;
            }
            if let Some(allowed) = asked.password_grant {
                let password_grant = if allowed {
                    PasswordGrant::Allowed
                } else {
                    PasswordGrant::Refused
                };
                app.control
                    .set_tenant_settings(id, TenantSettings { password_grant })?;
            }
            Ok(())
        };
        changed().map_err(|error| control_problem(&error))?;
        let tenant = registered(&app, id)?;
        let act = Act {
            activity: "Set Company Information",
            category: "DirectoryManagement",
            operation: "Update",
            target: Target {
                sort: "Directory",
                id: id.guid(),
                display_name: tenant.display_name.clone(),
                user_name: None,
            },
            details: vec![("PasswordGrant", tenant.password_grant.to_string())],
        };
        own_events::act(&app, id, &Actor::CommandLine, &act);
        Ok(tenant)
    })
    .await
}

fn registered(app: &App, id: TenantId) -> Result<TenantAnswer, Problem> {
    match app.control.tenant_by_id(id) {
        Ok(Some(tenant)) => Ok(answer(&tenant)),
        Ok(None) => Err(super::no_such_tenant(&id.to_string())),
        Err(error) => Err(control_problem(&error)),
    }
}

fn checked(name: &str) -> Result<TenantName, Problem> {
    TenantName::parse(name).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-name", "That cannot name a tenant")
            .detail(error.to_string())
    })
}

async fn list(State(app): State<Arc<App>>, request: RequestId) -> Response {
    match app.control.tenants() {
        Ok(tenants) => Json(tenants.iter().map(answer).collect::<Vec<_>>()).into_response(),
        Err(error) => control_problem(&error).of_request(request).into_response(),
    }
}

async fn create(State(app): State<Arc<App>>, request: RequestId, body: Bytes) -> Response {
    match make(&app, &body) {
        Ok(tenant) => (StatusCode::CREATED, Json(tenant)).into_response(),
        Err(problem) => problem.of_request(request).into_response(),
    }
}

fn make(app: &App, body: &Bytes) -> Result<TenantAnswer, Problem> {
    let asked: NewTenantAsked = read(body)?;
    let mut names = Vec::new();
    for name in &asked.names {
        let name = checked(name)?;
        names.push(name);
    }
    let id = TenantId::new(asked.id.unwrap_or_else(chance::guid));
    let display_name = asked
        .display_name
        .or_else(|| asked.names.first().cloned())
        .unwrap_or_else(|| id.to_string());
    app.control
        .create_tenant(id, &names, &display_name, app.now())
        .map_err(|error| control_problem(&error))?;
    registered(app, id)
}

fn answer(tenant: &Tenant) -> TenantAnswer {
    TenantAnswer {
        id: tenant.id.guid(),
        names: tenant.names.iter().map(ToString::to_string).collect(),
        display_name: tenant.display_name.clone(),
        created: tenant.created.to_string(),
        password_grant: tenant.settings.password_grant == PasswordGrant::Allowed,
    }
}
