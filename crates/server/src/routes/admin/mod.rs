//! Administration: served on the socket in the data folder, and in-process to a command when no server runs.
//!
//! Whoever may open the socket's file is the owner of the data folder, so nothing is asked.

mod app_passwords;
mod apps;
mod backup;
mod import;
mod keys;
mod rebuild;
mod roles;
mod status;
mod tenants;
mod users;

pub use app_passwords::{AppPasswordAnswer, NewAppPasswordAsked};
pub use apps::{AppAnswer, NewAppAsked, NewSecretAsked, SecretAnswer};
pub(crate) use backup::LAST_BACKUP_FILE;
pub use backup::{BackupPlan, FinishedBackup};
pub use import::{
    ImportDone, ImportLine, ImportPlace, ImportStart, ImportTotals, RejectedRecord, encoded_mapping,
};
pub use keys::KeyAnswer;
pub use rebuild::{OutdatedFile, RebuildAnswer, outdated_files};
pub use roles::{ReportOfRole, RoleAnswer};
pub use status::{CheckAnswer, MonthAnswer, ReportAnswer, SourceAnswer, StatusAnswer, TenantStatus};
pub use tenants::{NewTenantAsked, TenantAnswer, TenantChangesAsked};
pub use users::{NewUserAsked, PasswordAsked, UserAnswer, UserChangesAsked};

use crate::app::App;
use crate::layers::RequestId;
use crate::problem::Problem;
use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use http::StatusCode;
use model::tenant::TenantId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use store::control::ControlError;
use store::error::StoreError;

/// The routes of the socket.
pub fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .merge(tenants::routes())
        .merge(apps::routes())
        .merge(keys::routes())
        .merge(users::routes())
        .merge(roles::routes())
        .merge(app_passwords::routes())
        .merge(import::routes())
        .merge(backup::routes())
        .merge(rebuild::routes())
        .merge(status::routes())
        .fallback(no_such_address)
        .with_state(Arc::clone(app))
}

async fn no_such_address(request: RequestId) -> Response {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no-such-address",
        "There is no such address",
    )
    .of_request(request)
    .into_response()
}

/// Runs what waits for the disk apart from the event loop.
async fn apart<T: Serialize + Send + 'static>(
    request: RequestId,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => Json(answer).into_response(),
        Ok(Err(problem)) => problem.of_request(request).into_response(),
        Err(panic) => panicked(request, &panic),
    }
}

/// The answer to a request whose work panicked; the log has why.
fn panicked(request: RequestId, panic: &tokio::task::JoinError) -> Response {
    tracing::error!("an administrative request failed: {panic}");
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "The service failed",
    )
    .of_request(request)
    .into_response()
}

/// The body as JSON of a shape.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-body", "The body cannot be read").detail(error.to_string())
    })
}

/// The tenant that a word names.
fn tenant(app: &App, word: &str) -> Result<TenantId, Problem> {
    match crate::clients::tenant(app.control.as_ref(), word) {
        Ok(Some(tenant)) => Ok(tenant),
        Ok(None) => Err(no_such_tenant(word)),
        Err(error) => Err(control_problem(&error)),
    }
}

fn no_such_tenant(word: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-tenant", "There is no such tenant")
        .detail(format!("No tenant is called {word:?}; `gatelog tenant list` shows those that are, `gatelog tenant create` makes one."))
}

fn control_problem(error: &ControlError) -> Problem {
    let problem = |status, kind, title| Problem::new(status, kind, title).detail(error.to_string());
    match error {
        ControlError::TenantExists(_)
        | ControlError::NameTaken { .. }
        | ControlError::AppExists { .. }
        | ControlError::UserExists { .. } => problem(StatusCode::CONFLICT, "taken", "That is taken"),
        ControlError::NoSuchTenant(_) | ControlError::NoSuchApp(_) | ControlError::NoSuchUser(_) => {
            problem(StatusCode::NOT_FOUND, "not-there", "That is not there")
        }
        _ => {
            tracing::error!("the control store failed: {error}");
            problem(
                StatusCode::INTERNAL_SERVER_ERROR,
                "control-store",
                "The control store failed",
            )
        }
    }
}

/// Administrators may know what failed where; clients are told less elsewhere.
fn store_problem(error: &StoreError) -> Problem {
    let status = if error.is_passing() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    };
    Problem::new(status, "store", "The store failed").detail(error.to_string())
}
