//! `/tenants`: making and listing tenants.

use super::{control_problem, read};
use crate::app::App;
use crate::chance;
use crate::layers::RequestId;
use crate::problem::Problem;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use model::tenant::{TenantId, TenantName};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::control::Tenant;
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
}

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/tenants", get(list).post(create))
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
        let name = TenantName::parse(name).map_err(|error| {
            Problem::new(StatusCode::BAD_REQUEST, "bad-name", "That cannot name a tenant")
                .detail(error.to_string())
        })?;
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
    match app.control.tenant_by_id(id) {
        Ok(Some(tenant)) => Ok(answer(&tenant)),
        Ok(None) => Err(super::no_such_tenant(&id.to_string())),
        Err(error) => Err(control_problem(&error)),
    }
}

fn answer(tenant: &Tenant) -> TenantAnswer {
    TenantAnswer {
        id: tenant.id.guid(),
        names: tenant.names.iter().map(ToString::to_string).collect(),
        display_name: tenant.display_name.clone(),
        created: tenant.created.to_string(),
    }
}
