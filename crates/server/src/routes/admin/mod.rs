//! Administration: served on the socket in the data folder, in-process to a command when no server runs, and by token to the
//! administrators of a tenant.
//!
//! Whoever may open the socket's file is the owner of the data folder, so nothing is asked there.

mod app_passwords;
mod apps;
mod backup;
mod by_token;
mod detect;
mod enrichment;
mod import;
mod keys;
mod rebuild;
mod roles;
mod secrets;
pub(super) mod sources;
mod status;
mod tenants;
mod users;

pub use app_passwords::{AppPasswordAnswer, NewAppPasswordAsked};
pub use apps::{AppAnswer, AppChangesAsked, NewAppAsked, NewSecretAsked, SecretAnswer};
pub(crate) use backup::LAST_BACKUP_FILE;
pub use backup::{BackupPlan, FinishedBackup};
pub use detect::{DetectAnswer, DetectAsked, DetectFinding};
pub use import::{
    ImportDone, ImportLine, ImportPlace, ImportStart, ImportTotals, PartsWaiting, RejectedRecord,
    encoded_mapping,
};
pub use keys::KeyAnswer;
pub use rebuild::{OutdatedFile, RebuildAnswer, outdated_files};
pub use roles::{ReportOfRole, RoleAnswer};
pub use sources::{CloseAsked, TenantGaps, TenantProof, TenantSource, TenantSources};
pub use status::{CheckAnswer, MonthAnswer, ReportAnswer, SourceAnswer, StatusAnswer, TenantStatus};
pub use tenants::{NewTenantAsked, TenantAnswer, TenantChangesAsked};
pub use users::{NewUserAsked, PasswordAsked, UserAnswer, UserChangesAsked};

use crate::app::App;
use crate::layers::RequestId;
use crate::own_events::Actor;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json, Router};
use http::StatusCode;
use http::request::Parts;
use model::tenant::TenantId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use store::control::ControlError;
use store::error::StoreError;

/// Who administers, and how far. A handler takes it as an argument; without it nothing is done.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    /// Who it is, for the tenant's own events.
    actor: Actor,
    /// The one tenant that may be seen and changed; `None` is every one.
    only: Option<TenantId>,
}

impl Admin {
    /// Whoever may use the data folder.
    fn of_the_data_folder() -> Admin {
        Admin {
            actor: Actor::CommandLine,
            only: None,
        }
    }

    /// An administrator of one tenant.
    fn of(tenant: TenantId, actor: Actor) -> Admin {
        Admin {
            actor,
            only: Some(tenant),
        }
    }

    /// Whether a tenant may be seen and changed.
    fn may_touch(&self, tenant: TenantId) -> bool {
        self.only.is_none_or(|only| only == tenant)
    }

    /// The tenant that a word names. Of another than one's own it is not told whether it exists.
    fn tenant(&self, app: &App, word: &str) -> Result<TenantId, Problem> {
        let found = tenant(app, word)?;
        if !self.may_touch(found) {
            return Err(no_such_tenant(word));
        }
        Ok(found)
    }

    /// The tenant that a word names, else every one that may be seen.
    fn tenants(&self, app: &App, word: Option<&str>) -> Result<Vec<TenantId>, Problem> {
        if let Some(word) = word {
            return Ok(vec![self.tenant(app, word)?]);
        }
        if let Some(only) = self.only {
            return Ok(vec![only]);
        }
        let tenants = app.control.tenants()?;
        Ok(tenants.iter().map(|tenant| tenant.id).collect())
    }
}

impl<S: Sync> FromRequestParts<S> for Admin {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Admin, StatusCode> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The routes of administration by token, below `/{tenant}/admin`.
pub(super) fn routes_by_token(app: &Arc<App>) -> Router<Arc<App>> {
    let inner = of_one_tenant()
        .router()
        .fallback(by_token::no_such_address)
        .method_not_allowed_fallback(by_token::no_such_address)
        .with_state(Arc::clone(app));
    by_token::routes(inner)
}

/// What an administrator of a tenant may see and change of it.
pub(super) fn of_one_tenant() -> Routes {
    Routes::new()
        .merge(tenants::routes_of_one())
        .merge(apps::routes())
        .merge(users::routes())
        .merge(roles::routes())
        .merge(app_passwords::routes())
        .merge(sources::routes())
}

/// The routes of the socket.
pub fn routes(app: &Arc<App>) -> Router {
    of_one_tenant()
        .merge(tenants::routes())
        .merge(keys::routes())
        .merge(import::routes())
        .merge(backup::routes())
        .merge(detect::routes())
        .merge(enrichment::routes())
        .merge(rebuild::routes())
        .merge(status::routes())
        .router()
        .fallback(no_such_address)
        .layer(Extension(Admin::of_the_data_folder()))
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
pub(super) async fn apart<T: Serialize + Send + 'static>(
    request: RequestId,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Response {
    apart_with(StatusCode::OK, request, work).await
}

/// The same with another status for what went well.
pub(super) async fn apart_with<T: Serialize + Send + 'static>(
    status: StatusCode,
    request: RequestId,
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Response {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(answer)) => (status, Json(answer)).into_response(),
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
pub(super) fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-body", "The body cannot be read").detail(error.to_string())
    })
}

/// The tenant that a word names.
fn tenant(app: &App, word: &str) -> Result<TenantId, Problem> {
    crate::clients::tenant(app.control.as_ref(), word)?.ok_or_else(|| no_such_tenant(word))
}

fn no_such_tenant(word: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-tenant", "There is no such tenant")
        .detail(format!("No tenant is called {word:?}; `gatelog tenant list` shows those that are, `gatelog tenant create` makes one."))
}

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Problem {
        control_problem(&error)
    }
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
pub(super) fn store_problem(error: &StoreError) -> Problem {
    let status = if error.is_passing() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::INTERNAL_SERVER_ERROR
    };
    Problem::new(status, "store", "The store failed").detail(error.to_string())
}
