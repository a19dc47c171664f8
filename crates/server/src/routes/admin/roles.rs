//! `/roles`: the roles that there are, what they read, and who holds them.

use super::{Admin, apart};
use crate::app::App;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use model::role::{DefinedRole, DirectoryRole, same_name};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::control::User;
use uuid::Uuid;

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoleAnswer {
    /// Its name.
    pub role: String,
    /// Its template id, if it is one of every directory.
    pub template_id: Option<Uuid>,
    /// What it reads, in a sentence.
    pub reads: String,
    /// The reports that it reads, and what it does not see of them; only of a role that the settings define.
    pub reports: Vec<ReportOfRole>,
    /// The names of the users who hold it.
    pub users: Vec<String>,
}

/// A report of a role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportOfRole {
    /// The report's name.
    pub report: String,
    /// The properties that are null.
    pub masked: Vec<String>,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/roles", get(list))
        .route("/roles/{role}", get(show))
}

async fn list(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        answers(&app, &admin, asked.get("tenant").map(String::as_str))
    })
    .await
}

async fn show(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(word): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let roles = answers(&app, &admin, asked.get("tenant").map(String::as_str))?;
        let name = named(&app, &word).unwrap_or_else(|| word.clone());
        let found = roles.into_iter().find(|role| same_name(&role.role, &name));
        found.ok_or_else(|| no_such_role(&app, &word, StatusCode::NOT_FOUND))
    })
    .await
}

/// The name of a role as it is kept, from a name in any case or a template id.
pub(super) fn named(app: &App, word: &str) -> Option<String> {
    if let Some(role) = DirectoryRole::by_name(word) {
        return Some(role.name().to_owned());
    }
    app.config().roles.by_name(word).map(|role| role.name.clone())
}

/// The refusal of a role that is not there; names those that are.
pub(super) fn no_such_role(app: &App, word: &str, status: StatusCode) -> Problem {
    let mut known: Vec<String> = DirectoryRole::ALL
        .iter()
        .map(|role| role.name().to_owned())
        .collect();
    known.extend(app.config().roles.defined.iter().map(|role| role.name.clone()));
    Problem::new(status, "no-such-role", "There is no such role")
        .detail(format!("{word:?} is not one of: {}.", known.join(", ")))
}

fn answers(app: &App, admin: &Admin, only: Option<&str>) -> Result<Vec<RoleAnswer>, Problem> {
    let mut users: Vec<User> = Vec::new();
    for tenant in admin.tenants(app, only)? {
        users.extend(app.control.users(tenant)?);
    }
    let config = app.config();
    let mut roles: Vec<RoleAnswer> = DirectoryRole::ALL.iter().map(|role| built_in(*role)).collect();
    roles.extend(config.roles.defined.iter().map(|role| defined(role)));
    for user in &users {
        for held in &user.roles {
            match roles.iter_mut().find(|role| role.role == *held) {
                Some(role) => role.users.push(user.name.to_string()),
                // It was taken out of the settings, and still stands at somebody.
                None => roles.push(RoleAnswer {
                    role: held.clone(),
                    template_id: None,
                    reads: "nothing: the settings do not define it any more".to_owned(),
                    reports: Vec::new(),
                    users: vec![user.name.to_string()],
                }),
            }
        }
    }
    Ok(roles)
}

fn built_in(role: DirectoryRole) -> RoleAnswer {
    RoleAnswer {
        role: role.name().to_owned(),
        template_id: Some(role.template_id()),
        reads: match role {
            DirectoryRole::ReportsReader => "reports that are not about security",
            _ => "every report",
        }
        .to_owned(),
        reports: Vec::new(),
        users: Vec::new(),
    }
}

fn defined(role: &DefinedRole) -> RoleAnswer {
    let reports: Vec<ReportOfRole> = role
        .reports
        .iter()
        .map(|readable| ReportOfRole {
            report: readable.report.name.to_owned(),
            masked: readable.masked.iter().map(|name| (*name).to_owned()).collect(),
        })
        .collect();
    let masked = reports.iter().filter(|report| !report.masked.is_empty()).count();
    let some = |count: usize| format!("{count} report{}", if count == 1 { "" } else { "s" });
    let reads = if masked == 0 {
        some(reports.len())
    } else {
        format!("{}, {masked} with masked properties", some(reports.len()))
    };
    RoleAnswer {
        role: role.name.clone(),
        template_id: None,
        reads,
        reports,
        users: Vec::new(),
    }
}
