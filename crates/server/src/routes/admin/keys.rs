//! `/keys`: the keys that sign tokens.

use super::apart;
use crate::app::App;
use crate::keyring::{self, OldTokens};
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::control::SigningKeyRecord;

/// A key that signs tokens, or did. The key itself is in its file and never in here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyAnswer {
    /// Its name in the headers of tokens.
    pub key_id: String,
    /// Its file in the folder `keys` of the data folder.
    pub file: String,
    /// Since when it exists.
    pub created: String,
    /// `signs`, `verifies` (old tokens are good) or `ended`.
    pub state: String,
    /// From then on nothing that it signed is good.
    pub not_after: Option<String>,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/keys", get(list))
        .route("/keys/rotate", post(rotate))
}

async fn list(State(app): State<Arc<App>>, request: RequestId) -> Response {
    apart(request, move || answers(&app)).await
}

async fn rotate(
    State(app): State<Arc<App>>,
    request: RequestId,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let old_tokens = match asked.get("old_tokens").map(String::as_str) {
        Some("refused") => OldTokens::Refused,
        _ => OldTokens::Kept,
    };
    apart(request, move || {
        keyring::rotate(&app, old_tokens).map_err(|error| {
            tracing::error!("the signing key could not be changed: {error:#}");
            Problem::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "key",
                "The signing key could not be changed",
            )
            .detail(format!("{error:#}"))
        })?;
        answers(&app)
    })
    .await
}

fn answers(app: &App) -> Result<Vec<KeyAnswer>, Problem> {
    let records = app.control.signing_keys()?;
    let keys = app.keys();
    let signing = keys.signing.kid();
    Ok(records
        .iter()
        .map(|record| answer(record, signing, app.now()))
        .collect())
}

fn answer(record: &SigningKeyRecord, signing: &str, now: Timestamp) -> KeyAnswer {
    let state = if record.kid == signing {
        "signs"
    } else if record.not_after.is_some_and(|end| end <= now) {
        "ended"
    } else {
        "verifies"
    };
    KeyAnswer {
        key_id: record.kid.clone(),
        file: record.file_name.clone(),
        created: record.created.to_string(),
        state: state.to_owned(),
        not_after: record.not_after.map(|end| end.to_string()),
    }
}
