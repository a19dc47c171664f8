//! What the service tells of itself becomes events of the tenant: sign-ins to it, what administrators did, exports.
//!
//! Their source is `gatelog`. They are shown in `activities/signinEvents`, `auditEvents` and `activities/audit`, and count
//! in no usage report. Tokens that applications get for themselves are too many; they go to the log only.

use crate::app::App;
use crate::auth::Caller;
use crate::exports::Reading;
use crate::inputs::intake::{Intake, TenantRule, Terms};
use crate::layers::ClientAddress;
use edge::{chance, clock};
use model::batch::Lateness;
use model::reports::ReportDef;
use model::tenant::TenantId;
use serde_json::{Value, json};
use sources::{Choice, Limits};
use std::sync::Arc;
use store::control::{self, User};
use uuid::Uuid;

/// The source's name in the ledger, and the service's in the rows.
const SOURCE: &str = "gatelog";
const SERVICE: &str = "Gatelog";

/// Who did something.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Whoever may use the command line on this machine's data folder.
    CommandLine,
    /// An application, for itself.
    Application(Arc<control::App>),
    /// A user who signed in.
    User {
        /// The user.
        user: Arc<User>,
        /// From where.
        address: ClientAddress,
    },
}

/// Something that an administrator did.
#[derive(Debug, Clone)]
pub struct Act {
    /// What, in the words of Entra's audit log (`Add user`).
    pub activity: &'static str,
    /// Its category there (`UserManagement`).
    pub category: &'static str,
    /// `Add`, `Update`, `Delete`, `Assign`, `Unassign`.
    pub operation: &'static str,
    /// What it was done to.
    pub target: Target,
    /// More about it, never a secret.
    pub details: Vec<(&'static str, String)>,
}

/// What something was done to.
#[derive(Debug, Clone)]
pub struct Target {
    /// `User`, `ServicePrincipal`, `Directory`.
    pub sort: &'static str,
    /// Its object id.
    pub id: Uuid,
    /// What people call it.
    pub display_name: String,
    /// The name to sign in with, of a user.
    pub user_name: Option<String>,
}

/// A sign-in of a person, or an attempt at one.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The user. A name that nobody has is no event: people type passwords into the wrong field.
    pub user: Arc<User>,
    /// The client id of the application that the user signed in to.
    pub application: Option<Uuid>,
    /// From where.
    pub address: ClientAddress,
    /// `None` if it succeeded, else the AADSTS code and a sentence.
    pub failure: Option<(u32, String)>,
    /// Whether a one-time code was asked for.
    pub second_factor: bool,
    /// The outside issuer that vouched for the user, by its name in the configuration.
    pub issuer: Option<String>,
}

impl Target {
    /// A user.
    pub fn user(user: &User) -> Target {
        Target {
            sort: "User",
            id: user.object_id,
            display_name: user.display_name.clone(),
            user_name: Some(user.name.to_string()),
        }
    }
}

/// Keeps what an administrator did. Waits for the disk. An act that could not be kept is in the log, and stays done.
pub fn act(app: &App, tenant: TenantId, actor: &Actor, act: &Act) {
    tracing::info!(
        tenant.id = %tenant, target.id = %act.target.id,
        "administration: {} ({})", act.activity, act.target.id
    );
    let initiated_by = match actor {
        Actor::CommandLine => json!({ "app": { "displayName": "Gatelog command line" } }),
        Actor::Application(app) => json!({ "app": {
            "appId": app.client_id, "displayName": app.name, "servicePrincipalId": app.object_id,
        }}),
        Actor::User { user, address } => json!({ "user": {
            "id": user.object_id, "userPrincipalName": user.name.as_str(), "displayName": user.display_name,
            "ipAddress": address.0.map(|address| address.to_string()),
        }}),
    };
    let details: Vec<Value> = act
        .details
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let record = json!({
        "id": chance::guid(),
        "activityDateTime": app.now().to_string(),
        "activityDisplayName": act.activity,
        "category": act.category,
        "operationType": act.operation,
        "result": "success",
        "loggedByService": SERVICE,
        "correlationId": chance::guid(),
        "initiatedBy": initiated_by,
        "targetResources": [{
            "type": act.target.sort, "id": act.target.id, "displayName": act.target.display_name,
            "userPrincipalName": act.target.user_name,
        }],
        "additionalDetails": details,
    });
    keep(app, tenant, &record);
}

/// Counts the rows of a page that goes out, and keeps that somebody exports a report with the page that makes it an export:
/// one event for each reader, report and UTC day, whatever the program and however many requests it took.
pub fn page(app: &Arc<App>, caller: &Caller, address: ClientAddress, report: &'static ReportDef, rows: u64) {
    let config = app.config();
    if rows == 0 || !config.own_events.enabled {
        return;
    }
    let reading = Reading {
        tenant: caller.tenant,
        app_id: caller.app_id,
        user: caller.user,
        report: report.number,
    };
    let sum = app
        .exports
        .count(reading, rows, config.own_events.export_rows, app.now());
    let Some(sum) = sum else { return };
    let app = Arc::clone(app);
    app.background
        .clone()
        .spawn_blocking(move || export(&app, reading, address, report, sum));
}

fn export(app: &App, reading: Reading, address: ClientAddress, report: &'static ReportDef, rows: u64) {
    let user = reading
        .user
        .and_then(|user| app.control.user(user).ok().flatten());
    let registered = app.control.app(reading.app_id).ok().flatten();
    let actor = match (user, registered.clone()) {
        (Some(user), _) => Actor::User { user, address },
        (None, Some(app)) => Actor::Application(app),
        // Removed since it asked.
        (None, None) => return,
    };
    let mut details = vec![
        ("Report", report.name.to_owned()),
        ("RowsSoFarToday", rows.to_string()),
    ];
    details.extend(registered.map(|app| ("Application", app.name.clone())));
    let exported = Act {
        activity: "Export report",
        category: "DirectoryManagement",
        operation: "Download",
        target: Target {
            sort: "Directory",
            id: reading.tenant.guid(),
            display_name: report.name.to_owned(),
            user_name: None,
        },
        details,
    };
    act(app, reading.tenant, &actor, &exported);
}

/// Keeps a sign-in, after its answer: a person shall not wait for it.
pub fn sign_in(app: &Arc<App>, sign_in: SignIn) {
    let app = Arc::clone(app);
    app.background.clone().spawn_blocking(move || {
        let user = &sign_in.user;
        let registered = sign_in
            .application
            .and_then(|id| app.control.app(id).ok().flatten());
        let app_name = registered.map(|registered| registered.name.clone());
        let (code, reason) = sign_in.failure.clone().unzip();
        let factors = if sign_in.second_factor {
            "multiFactorAuthentication"
        } else {
            "singleFactorAuthentication"
        };
        let record = json!({
            "id": chance::guid(),
            "createdDateTime": app.now().to_string(),
            "signInEventTypes": ["interactiveUser"],
            "userId": user.object_id,
            "userPrincipalName": user.name.as_str(),
            "userDisplayName": user.display_name,
            "appId": sign_in.application,
            "appDisplayName": app_name,
            "resourceDisplayName": SERVICE,
            "ipAddress": sign_in.address.0.map(|address| address.to_string()),
            "authenticationRequirement": factors,
            "tokenIssuerName": sign_in.issuer,
            "status": { "errorCode": code.unwrap_or(0), "failureReason": reason },
        });
        keep(&app, user.tenant, &record);
    });
}

fn keep(app: &App, tenant: TenantId, record: &Value) {
    if !app.config().own_events.enabled {
        return;
    }
    let mut intake = Intake::new(Terms {
        store: app.events.as_ref(),
        tenants: TenantRule::Only(tenant),
        source: SOURCE,
        lateness: Lateness::NotCounted,
        choice: Choice::Only(&sources::own::DEF),
        recent: None,
        limits: Limits::default(),
        sequence: None,
        now: clock::now,
    });
    let kept = intake
        .push(record.to_string().as_bytes())
        .and_then(|()| intake.finish());
    if let Err(error) = kept {
        tracing::warn!(tenant.id = %tenant, "an event of the service itself could not be kept: {error}");
    }
    for rejection in intake.take_rejections() {
        tracing::warn!(tenant.id = %tenant, "an event of the service itself was not understood: {}", rejection.reason);
    }
}
