//! `/users`: people, their passwords and roles.

use super::secrets::{end_grants, hashed};
use super::{Admin, apart, control_problem, read, roles};
use crate::app::App;
use crate::layers::RequestId;
use crate::own_events::{self, Act, Target};
use crate::problem::Problem;
use crate::routes::listed::Routes;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use edge::chance;
use http::StatusCode;
use issuer::totp;
use model::role::same_name;
use model::user::UserName;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use store::control::{ControlError, NewUser, TotpSecret, User, UserChanges, UserStatus};
use uuid::Uuid;

/// A user to be made.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewUserAsked {
    /// The tenant, by GUID or name.
    pub tenant: String,
    /// The name to sign in with.
    pub name: String,
    /// What people call the user; the name if none is given.
    pub display_name: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// Directory roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The password.
    #[serde(default)]
    pub password: PasswordAsked,
}

/// Where a password comes from.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PasswordAsked {
    /// The service makes one, shown once.
    #[default]
    Generated,
    /// This one.
    Given(String),
    /// None: nobody can sign in with a password.
    Nothing,
}

impl std::fmt::Debug for PasswordAsked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PasswordAsked::Generated => "Generated",
            PasswordAsked::Given(_) => "Given(…)",
            PasswordAsked::Nothing => "Nothing",
        })
    }
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UserChangesAsked {
    /// Another name to sign in with.
    pub name: Option<String>,
    /// What people call the user.
    pub display_name: Option<String>,
    /// The given name; an empty one takes it away.
    pub given_name: Option<String>,
    /// The family name; an empty one takes it away.
    pub family_name: Option<String>,
}

/// A user.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserAnswer {
    /// The object id.
    pub id: Uuid,
    /// The tenant's GUID.
    pub tenant_id: Uuid,
    /// The name to sign in with.
    pub name: String,
    /// What people call the user.
    pub display_name: String,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// Directory roles.
    pub roles: Vec<String>,
    /// Since when we know the user.
    pub created: String,
    /// Since when the user is switched off.
    pub disabled: Option<String>,
    /// Whether there is a password.
    pub has_password: bool,
    /// Since when the password is this one.
    pub password_changed: Option<String>,
    /// Whether one-time codes are asked for.
    pub second_factor: bool,
    /// Failed sign-ins since the last good one.
    pub failures: u32,
    /// Before then no sign-in is tried.
    pub delayed_until: Option<String>,
    /// The last good sign-in.
    pub last_sign_in: Option<String>,
    /// The password that was made; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// What an authenticator application reads; shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otpauth: Option<String>,
}

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/users", get(list).post(create))
        .route("/users/{user}", get(show).post(update).delete(delete))
        .route("/users/{user}/password", post(password))
        .route("/users/{user}/disable", post(disable))
        .route("/users/{user}/enable", post(enable))
        .route("/users/{user}/second-factor", post(add_totp).delete(remove_totp))
        .route("/users/{user}/roles/{role}", post(add_role).delete(remove_role))
}

/// Which user a request is about: the word of its path, and the tenant of its query.
type Which = (Path<String>, Query<HashMap<String, String>>);

async fn list(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    apart(request, move || {
        let mut users = Vec::new();
        for tenant in admin.tenants(&app, asked.get("tenant").map(String::as_str))? {
            let of_tenant = app.control.users(tenant)?;
            users.extend(of_tenant.iter().map(answer));
        }
        Ok(users)
    })
    .await
}

async fn show(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    (word, query): Which,
) -> Response {
    apart(request, move || {
        found(&app, &admin, &word.0, &query.0).map(|user| answer(&user))
    })
    .await
}

async fn create(State(app): State<Arc<App>>, request: RequestId, admin: Admin, body: Bytes) -> Response {
    let made = async {
        let asked: NewUserAsked = read(&body)?;
        let tenant = admin.tenant(&app, &asked.tenant)?;
        let name = name(&asked.name)?;
        let display_name = asked.display_name.unwrap_or_else(|| name.to_string());
        let mut roles = Vec::new();
        for word in &asked.roles {
            roles.push(role(&app, word)?);
        }
        let (password, shown) = hashed(&app, asked.password, &name, &display_name).await?;
        let new = NewUser {
            object_id: chance::guid(),
            tenant,
            name,
            display_name,
            given_name: asked.given_name.filter(|text| !text.is_empty()),
            family_name: asked.family_name.filter(|text| !text.is_empty()),
            password,
            roles,
        };
        Ok((new, shown))
    };
    let (new, shown) = match made.await {
        Ok(made) => made,
        Err(problem) => return Problem::of_request(problem, request).into_response(),
    };
    apart(request, move || {
        app.control.create_user(&new, app.now())?;
        let user = by_id(&app, new.object_id)?;
        record_user(&app, &admin, &user, "Add user", "Add");
        for role in &user.roles {
            record_role(&app, &admin, &user, role, "Add member to role", "Assign");
        }
        Ok(UserAnswer {
            password: shown,
            ..answer(&user)
        })
    })
    .await
}

async fn update(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    (word, query): Which,
    body: Bytes,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word.0, &query.0)?;
        let asked: UserChangesAsked = read(&body)?;
        let text = |text: Option<String>| text.map(|text| Some(text).filter(|text| !text.is_empty()));
        let changes = UserChanges {
            name: asked.name.as_deref().map(name).transpose()?,
            display_name: asked.display_name,
            given_name: text(asked.given_name),
            family_name: text(asked.family_name),
            status: None,
        };
        change(&app, &admin, &user, &changes, "Update user")
    })
    .await
}

async fn disable(State(app): State<Arc<App>>, request: RequestId, admin: Admin, which: Which) -> Response {
    switch(
        app,
        request,
        admin,
        which,
        UserStatus::Disabled,
        "Disable account",
    )
    .await
}

async fn enable(State(app): State<Arc<App>>, request: RequestId, admin: Admin, which: Which) -> Response {
    switch(app, request, admin, which, UserStatus::Enabled, "Enable account").await
}

async fn switch(
    app: Arc<App>,
    request: RequestId,
    admin: Admin,
    (word, query): Which,
    status: UserStatus,
    activity: &'static str,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word.0, &query.0)?;
        let changes = UserChanges {
            status: Some(status),
            ..UserChanges::default()
        };
        let answer = change(&app, &admin, &user, &changes, activity)?;
        if status == UserStatus::Disabled {
            end_grants(&app, &user)?;
        }
        Ok(answer)
    })
    .await
}

async fn delete(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    (word, query): Which,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word.0, &query.0)?;
        app.control.delete_user(user.object_id)?;
        record_user(&app, &admin, &user, "Delete user", "Delete");
        Ok(answer(&user))
    })
    .await
}

async fn password(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    (word, query): Which,
    body: Bytes,
) -> Response {
    let made = async {
        let user = found(&app, &admin, &word.0, &query.0)?;
        let asked: PasswordAsked = read(&body)?;
        let (hash, shown) = hashed(&app, asked, &user.name, &user.display_name).await?;
        Ok((user, hash, shown))
    };
    let (user, hash, shown) = match made.await {
        Ok(made) => made,
        Err(problem) => return Problem::of_request(problem, request).into_response(),
    };
    apart(request, move || {
        app.control
            .set_password(user.object_id, hash.as_ref(), app.now())?;
        end_grants(&app, &user)?;
        record_user(&app, &admin, &user, "Reset user password", "Update");
        Ok(UserAnswer {
            password: shown,
            ..answer_of(&app, user.object_id)?
        })
    })
    .await
}

async fn add_totp(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    (word, query): Which,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word.0, &query.0)?;
        let secret = TotpSecret(chance::bytes::<{ totp::SECRET_BYTES }>().to_vec());
        let uri = totp::enrolment_uri("Gatelog", user.name.as_str(), &secret.0);
        app.control.set_totp(user.object_id, Some(&secret))?;
        let activity = "User registered security info";
        record_user(&app, &admin, &user, activity, "Add");
        Ok(UserAnswer {
            otpauth: Some(uri),
            ..answer_of(&app, user.object_id)?
        })
    })
    .await
}

async fn remove_totp(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    (word, query): Which,
) -> Response {
    apart(request, move || {
        let user = found(&app, &admin, &word.0, &query.0)?;
        app.control.set_totp(user.object_id, None)?;
        let activity = "User deleted security info";
        record_user(&app, &admin, &user, activity, "Delete");
        answer_of(&app, user.object_id)
    })
    .await
}

/// Which user and which role.
type WhichRole = (Path<(String, String)>, Query<HashMap<String, String>>);

async fn add_role(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    which: WhichRole,
) -> Response {
    apart(request, move || {
        let (Path((word, role_word)), Query(query)) = which;
        let user = found(&app, &admin, &word, &query)?;
        let role = role(&app, &role_word)?;
        let is_new = app.control.add_role(user.object_id, &role)?;
        if is_new {
            record_role(&app, &admin, &user, &role, "Add member to role", "Assign");
        }
        answer_of(&app, user.object_id)
    })
    .await
}

async fn remove_role(
    State(app): State<Arc<App>>,
    request: RequestId,
    admin: Admin,
    which: WhichRole,
) -> Response {
    apart(request, move || {
        let (Path((word, role_word)), Query(query)) = which;
        let user = found(&app, &admin, &word, &query)?;
        // Also a role that nobody defines any more can be taken.
        let held = user.roles.iter().find(|held| same_name(held, &role_word));
        let role = held
            .cloned()
            .or_else(|| roles::named(&app, &role_word))
            .unwrap_or(role_word);
        let role = role.as_str();
        let was_there = app.control.remove_role(user.object_id, role)?;
        if !was_there {
            return Err(
                Problem::new(StatusCode::NOT_FOUND, "no-such-role", "The user has not the role")
                    .detail(format!("{} does not hold the role {role:?}.", user.name)),
            );
        }
        record_role(&app, &admin, &user, role, "Remove member from role", "Unassign");
        answer_of(&app, user.object_id)
    })
    .await
}

fn change(
    app: &App,
    admin: &Admin,
    user: &User,
    changes: &UserChanges,
    activity: &'static str,
) -> Result<UserAnswer, Problem> {
    app.control.update_user(user.object_id, changes, app.now())?;
    let user = by_id(app, user.object_id)?;
    record_user(app, admin, &user, activity, "Update");
    Ok(answer(&user))
}

/// The user of a GUID or a name. A name that several tenants have needs the tenant beside it.
pub(super) fn found(
    app: &App,
    admin: &Admin,
    word: &str,
    query: &HashMap<String, String>,
) -> Result<Arc<User>, Problem> {
    let among = admin.tenants(app, query.get("tenant").map(String::as_str))?;
    let nobody = || {
        Problem::new(StatusCode::NOT_FOUND, "no-such-user", "There is no such user").detail(format!(
            "No user is called {word:?}; `gatelog user list` shows those that there are."
        ))
    };
    if let Ok(id) = Uuid::try_parse(word) {
        let user = app.control.user(id)?;
        return user
            .filter(|user| among.contains(&user.tenant))
            .ok_or_else(nobody);
    }
    let name = name(word)?;
    let mut found = Vec::new();
    for tenant in among {
        let user = app.control.user_by_name(tenant, &name);
        found.extend(user?);
    }
    match (found.pop(), found.is_empty()) {
        (None, _) => Err(nobody()),
        (Some(user), true) => Ok(user),
        (Some(_), false) => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "several-users",
            "Several tenants have such a user",
        )
        .detail(format!(
            "Several tenants have a user called {name}; say which with --tenant."
        ))),
    }
}

fn by_id(app: &App, id: Uuid) -> Result<Arc<User>, Problem> {
    match app.control.user(id) {
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(control_problem(&ControlError::NoSuchUser(id))),
        Err(error) => Err(control_problem(&error)),
    }
}

fn name(text: &str) -> Result<UserName, Problem> {
    UserName::parse(text).map_err(|error| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-name", "That cannot name a user").detail(error.to_string())
    })
}

fn role(app: &App, word: &str) -> Result<String, Problem> {
    roles::named(app, word).ok_or_else(|| roles::no_such_role(app, word, StatusCode::BAD_REQUEST))
}

pub(super) fn record(
    app: &App,
    admin: &Admin,
    user: &User,
    activity: &'static str,
    category: &'static str,
    operation: &'static str,
    details: Vec<(&'static str, String)>,
) {
    let act = Act {
        activity,
        category,
        operation,
        target: Target::user(user),
        details,
    };
    own_events::act(app, user.tenant, &admin.actor, &act);
}

/// What was done to a user, where the name of the act says all of it.
fn record_user(app: &App, admin: &Admin, user: &User, activity: &'static str, operation: &'static str) {
    record(
        app,
        admin,
        user,
        activity,
        "UserManagement",
        operation,
        Vec::new(),
    );
}

fn record_role(
    app: &App,
    admin: &Admin,
    user: &User,
    role: &str,
    activity: &'static str,
    operation: &'static str,
) {
    let details = vec![("Role.DisplayName", role.to_owned())];
    record(app, admin, user, activity, "RoleManagement", operation, details);
}

fn answer_of(app: &App, id: Uuid) -> Result<UserAnswer, Problem> {
    by_id(app, id).map(|user| answer(&user))
}

fn answer(user: &User) -> UserAnswer {
    UserAnswer {
        id: user.object_id,
        tenant_id: user.tenant.guid(),
        name: user.name.to_string(),
        display_name: user.display_name.clone(),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
        roles: user.roles.clone(),
        created: user.created.to_string(),
        disabled: user.disabled.map(|since| since.to_string()),
        has_password: user.password.is_some(),
        password_changed: user.password_changed.map(|since| since.to_string()),
        second_factor: user.totp.is_some(),
        failures: user.failures,
        delayed_until: user.delayed_until.map(|until| until.to_string()),
        last_sign_in: user.last_sign_in.map(|last| last.to_string()),
        password: None,
        otpauth: None,
    }
}
