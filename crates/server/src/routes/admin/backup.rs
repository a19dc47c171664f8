//! `/backup`: the control store's image and the list of files, and a promise that nothing leaves while the answer is read.
//!
//! The command copies the files by itself, with its own rights and its own view of the disks: a server in a sandbox can
//! write to its data folder alone.

use super::{control_problem, panicked, read, store_problem};
use crate::app::App;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use store::backup::{self, BackupError};
use store::events::TenantFiles;
use store::folder::give_to_owner_of;
use tokio::time::{Interval, interval};

/// The file in the data folder that tells of the last finished backup.
pub(crate) const LAST_BACKUP_FILE: &str = "last-backup.json";
/// How often the answer says that it still holds.
const PULSE: Duration = Duration::from_secs(1);

/// The first line of the answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupPlan {
    /// Where the files are.
    pub data_folder: String,
    /// When the plan was made, in ticks of 100 ns since 1970.
    pub began_ticks: i64,
    /// The control store's image, in base64.
    pub control: String,
    /// Tenant by tenant.
    pub tenants: Vec<TenantFiles>,
    /// The files of the folder of keys.
    pub keys: Vec<String>,
}

/// A finished backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FinishedBackup {
    /// Where it is.
    pub folder: String,
    /// Everything that was acknowledged before is in it.
    pub began: String,
    /// When its last file was copied, in seconds since 1970.
    pub finished_seconds: i64,
    /// Files, the manifest aside.
    pub files: usize,
    /// Their length.
    pub bytes: u64,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/backup", post(begin))
        .route("/backup/finished", post(finished))
}

async fn begin(State(app): State<Arc<App>>, request: RequestId) -> Response {
    let began = tokio::task::spawn_blocking(move || plan(&app)).await;
    match began {
        Ok(Ok((line, hold))) => Response::new(Body::from_stream(Held {
            line: Some(line),
            pulse: interval(PULSE),
            _hold: hold,
        })),
        Ok(Err(problem)) => problem.of_request(request).into_response(),
        Err(panic) => panicked(request, &panic),
    }
}

type Hold = Box<dyn Any + Send + Sync>;

fn plan(app: &App) -> Result<(Bytes, Hold), Problem> {
    let data = app.config().data.folder.clone();
    let (plan, hold) =
        backup::begin(app.control.as_ref(), app.events.as_ref(), &data, app.now()).map_err(problem)?;
    let failed = |reason: String| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "backup", "The backup failed").detail(reason)
    };
    // The command may stand in another folder than the server.
    let data = std::fs::canonicalize(&data).map_err(|error| failed(error.to_string()))?;
    let told = BackupPlan {
        data_folder: data.to_string_lossy().into_owned(),
        began_ticks: plan.began.ticks(),
        control: STANDARD.encode(&plan.control),
        tenants: plan.tenants,
        keys: plan.keys,
    };
    let mut line = serde_json::to_vec(&told).map_err(|error| failed(error.to_string()))?;
    line.push(b'\n');
    Ok((Bytes::from(line), hold))
}

fn problem(error: BackupError) -> Problem {
    match error {
        BackupError::Store(error) => store_problem(&error),
        BackupError::Control(error) => control_problem(&error),
        other => {
            tracing::error!("a backup could not begin: {other}");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "backup", "The backup failed")
                .detail(other.to_string())
        }
    }
}

/// Remembers the backup beside the data, so that its age can be watched.
async fn finished(State(app): State<Arc<App>>, request: RequestId, body: Bytes) -> Response {
    let remembered = read::<FinishedBackup>(&body).and_then(|backup| {
        let folder = app.config().data.folder.clone();
        let (path, newborn) = (folder.join(LAST_BACKUP_FILE), folder.join(".last-backup"));
        // A new file each time: an older one may be root's.
        let written = std::fs::write(&newborn, &body)
            .map_err(|error| error.to_string())
            .and_then(|()| give_to_owner_of(&folder, &newborn).map_err(|error| error.to_string()))
            .and_then(|()| std::fs::rename(&newborn, &path).map_err(|error| error.to_string()));
        written.map_err(|reason| {
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "backup",
                "It could not be noted",
            )
            .detail(format!("{}: {reason}", path.display()))
        })?;
        app.metrics.note_backup(backup.finished_seconds);
        tracing::info!(
            "a backup of {} files and {} bytes is at {}",
            backup.files,
            backup.bytes,
            backup.folder
        );
        Ok(backup)
    });
    match remembered {
        Ok(backup) => Json(backup).into_response(),
        Err(problem) => problem.of_request(request).into_response(),
    }
}

/// The plan, then an empty line a second. It is dropped with its connection, and with it the hold.
struct Held {
    line: Option<Bytes>,
    pulse: Interval,
    _hold: Hold,
}

impl futures_core::Stream for Held {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(line) = self.line.take() {
            return Poll::Ready(Some(Ok(line)));
        }
        self.pulse
            .poll_tick(context)
            .map(|_| Some(Ok(Bytes::from_static(b"\n"))))
    }
}
