//! `/users/{user}/app-passwords`: what programs use that cannot sign in interactively.

use super::secrets::readable;
use super::users::{found, record};
use super::{Admin, apart, read};
use crate::app::App;
use crate::basic;
use crate::layers::RequestId;
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{delete, get};
use edge::chance;
use http::StatusCode;
use issuer::client::SecretHash;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::control::{AppPassword, NewAppPassword};
use uuid::Uuid;

/// An app password to be made.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewAppPasswordAsked {
    /// What people call it.
    pub name: String,
    /// After how many days it ends.
    pub days: Option<u32>,
}

/// An app password.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppPasswordAnswer {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user: String,
    /// What people call it.
    pub name: String,
    /// Its first characters.
    pub hint: String,
    /// Since when it is good.
    pub created: String,
    /// When it ends.
    pub expires: Option<String>,
    /// When it was last used, to about an hour.
    pub last_used: Option<String>,
    /// The password; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// 7 groups of 5 characters out of 31: about 173 bits.
const GROUPS: usize = 7;

/// After so many days it ends if nobody says otherwise.
const DEFAULT_DAYS: u32 = 365;
const MOST_DAYS: u32 = 3_650;

/// The first group tells app passwords apart.
const HINT_CHARACTERS: usize = 5;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/users/{user}/app-passwords", get(list).post(create))
        .route("/users/{user}/app-passwords/{id}", delete(remove))
}

async fn list(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(word): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word, &query)?;
        let passwords = app.control.app_passwords(user.object_id)?;
        let answers = passwords.iter().map(|held| answer(held, user.name.as_str()));
        Ok(answers.collect::<Vec<_>>())
    })
    .await
}

async fn create(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path(word): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word, &query)?;
        let asked: NewAppPasswordAsked = read(&body)?;
        let days = asked.days.unwrap_or(DEFAULT_DAYS);
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Problem::new(
                StatusCode::BAD_REQUEST,
                "bad-days",
                "That is no span for an app password",
            )
            .detail(format!("An app password lives from 1 to {MOST_DAYS} days.")));
        }
        let text = readable::<GROUPS>();
        let now = app.now();
        let new = NewAppPassword {
            id: chance::guid(),
            name: asked.name,
            hash: SecretHash::of(&basic::bare(&text)).0,
            hint: text.chars().take(HINT_CHARACTERS).collect(),
            expires: Some(now.plus_days(i64::from(days))),
        };
        app.control.add_app_password(user.object_id, &new, now)?;
        let details = vec![("AppPassword.Name", new.name.clone())];
        let activity = "Create application password for user";
        record(&app, &admin, &user, activity, "UserManagement", "Add", details);
        Ok(AppPasswordAnswer {
            id: new.id,
            user: user.name.to_string(),
            name: new.name,
            hint: new.hint,
            created: now.to_string(),
            expires: new.expires.map(|end| end.to_string()),
            last_used: None,
            password: Some(text),
        })
    })
    .await
}

async fn remove(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Path((word, id)): Path<(String, Uuid)>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word, &query)?;
        let held = app.control.app_passwords(user.object_id)?;
        let none = || {
            Problem::new(
                StatusCode::NOT_FOUND,
                "no-such-app-password",
                "There is no such app password",
            )
            .detail(format!(
                "{} has no app password {id}; `gatelog user app-password list {}` shows them.",
                user.name, user.name
            ))
        };
        let held = held.iter().find(|held| held.id == id).ok_or_else(none)?;
        app.control.delete_app_password(user.object_id, id)?;
        let details = vec![("AppPassword.Name", held.name.clone())];
        let activity = "Delete application password for user";
        record(&app, &admin, &user, activity, "UserManagement", "Delete", details);
        Ok(answer(held, user.name.as_str()))
    })
    .await
}

fn answer(held: &AppPassword, user: &str) -> AppPasswordAnswer {
    AppPasswordAnswer {
        id: held.id,
        user: user.to_owned(),
        name: held.name.clone(),
        hint: held.hint.clone(),
        created: held.created.to_string(),
        expires: held.expires.map(|end| end.to_string()),
        last_used: held.last_used.map(|last| last.to_string()),
        password: None,
    }
}
