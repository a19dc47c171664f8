//! `/tenants`: making, changing and removing tenants.

use super::{Admin, apart, apart_with, control_problem, read, store_problem};
use crate::app::App;
use crate::layers::RequestId;
use crate::own_events::{self, Act, Target};
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{delete, get, post};
use edge::chance;
use http::StatusCode;
use model::tenant::{TenantId, TenantName};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::control::{ControlError, PasswordGrant, Tenant, TenantSettings};
use store::events::Removal;
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

/// What touches one tenant.
pub(super) fn routes_of_one() -> Routes {
    Routes::new()
        .route("/tenants", get(list))
        .route("/tenants/{tenant}", get(show).post(update))
}

/// What makes and removes tenants, for whoever may use the data folder.
pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/tenants", post(create))
        .route("/tenants/{tenant}", delete(remove))
}

async fn show(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(word): Path<String>,
) -> Response {
    apart(request, move || registered(&app, admin.tenant(&app, &word)?)).await
}

async fn update(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(word): Path<String>,
    body: Bytes,
) -> Response {
    apart(request, move || {
        let id = admin.tenant(&app, &word)?;
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
        changed()?;
        let tenant = registered(&app, id)?;
        let mut details = vec![("PasswordGrant", tenant.password_grant.to_string())];
        let names = |names: &[TenantName]| {
            names
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        };
        if !added.is_empty() {
            details.push(("AddedNames", names(&added)));
        }
        if !removed.is_empty() {
            details.push(("RemovedNames", names(&removed)));
        }
        let act = Act {
            activity: "Set Company Information",
            operation: "Update",
            details,
            ..of_directory(&tenant)
        };
        own_events::act(&app, id, &admin.actor, &act);
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

/// An act on the directory as a whole.
fn of_directory(tenant: &TenantAnswer) -> Act {
    Act {
        activity: "Create company",
        category: "DirectoryManagement",
        operation: "Add",
        target: Target {
            sort: "Directory",
            id: tenant.id,
            display_name: tenant.display_name.clone(),
            user_name: None,
        },
        details: Vec::new(),
    }
}

async fn list(State(app): State<Arc<App>>, request: RequestId, admin: Admin) -> Response {
    apart(request, move || {
        let tenants = admin.tenants(&app, None)?.into_iter();
        tenants
            .map(|id| registered(&app, id))
            .collect::<Result<Vec<_>, _>>()
    })
    .await
}

async fn create(State(app): State<Arc<App>>, request: RequestId, admin: Admin, body: Bytes) -> Response {
    apart_with(StatusCode::CREATED, request, move || make(&app, &admin, &body)).await
}

fn make(app: &App, admin: &Admin, body: &Bytes) -> Result<TenantAnswer, Problem> {
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
    app.control.create_tenant(id, &names, &display_name, app.now())?;
    app.events
        .admit_tenant(id)
        .map_err(|error| store_problem(&error))?;
    let tenant = registered(app, id)?;
    own_events::act(app, id, &admin.actor, &of_directory(&tenant));
    Ok(tenant)
}

/// Removes a tenant. What it knows of itself goes first, so that no token of it is good from then on; then its events. A
/// tenant whose removal was cut off in between is named by its GUID.
async fn remove(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(word): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let (id, answer) = match admin.tenant(&app, &word) {
            Ok(id) => (id, registered(&app, id)?),
            Err(problem) => left_over(&app, &word)?.ok_or(problem)?,
        };
        if asked.get("confirm").and_then(|word| TenantId::parse(word)) != Some(id) {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "not-confirmed",
                "Deleting a tenant has to be confirmed",
            )
            .detail(format!(
                "This deletes {} with every event, user and application of it, and cannot be undone. If that is meant, repeat \
                 it with --confirm {id}.",
                answer.display_name
            )));
        }
        app.control
            .delete_tenant(id)?;
        // It has no directory any more that could keep an event of it.
        tracing::warn!(tenant.id = %id, "administration: Delete company ({id}, {})", answer.display_name);
        match app.events.remove_tenant(id).map_err(|error| store_problem(&error))? {
            Removal::Removed | Removal::NotThere => Ok(answer),
            Removal::BackupUnderWay => Err(backup_under_way()),
        }
    })
    .await
}

fn backup_under_way() -> Problem {
    Problem::new(
        StatusCode::CONFLICT,
        "backup-under-way",
        "A backup is being taken",
    )
    .detail(
        "Nobody can sign in to the tenant any more; its files stay until the backup is done. Delete it again then, by its GUID.",
    )
}

/// Events of a tenant that is not known any more.
fn left_over(app: &App, word: &str) -> Result<Option<(TenantId, TenantAnswer)>, Problem> {
    let Some(id) = TenantId::parse(word) else {
        return Ok(None);
    };
    let stored = app.events.tenants().map_err(|error| store_problem(&error))?;
    Ok(stored.contains(&id).then(|| {
        let answer = TenantAnswer {
            id: id.guid(),
            names: Vec::new(),
            display_name: id.to_string(),
            created: String::new(),
            password_grant: false,
        };
        (id, answer)
    }))
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
