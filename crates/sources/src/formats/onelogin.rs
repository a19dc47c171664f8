//! OneLogin: events, as the Events API answers them and as webhooks and EventBridge send them.
//!
//! The members and the numbers are those of <https://developers.onelogin.com/api-docs/1/events/event-resource>.

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::telling::{Id, Telling, is_pipelines};
use crate::{address, dating, several};
use model::event::{Actor, Audit, Facts, Modified, SignIn, Target};
use model::identity::Vendor;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "onelogin",
    title: "OneLogin event",
    about: "Events of OneLogin: answers of /api/1/events, event webhooks, EventBridge.",
    looks_for: "`event_type_id`",
    read,
};

/// The API has the first, webhooks the second.
const TIMES: &[&str] = &["created_at", "event_timestamp"];

/// What an event is about.
enum Meaning {
    /// Whether it succeeded, and the protocol where it is not the browser's.
    SignIn(i64, Option<&'static str>),
    /// Entra's word where a user did it to themself, and where somebody else did.
    Audit(&'static str, &'static str),
    /// OneLogin's own name of it.
    Named(&'static str),
    Unknown,
}

/// The numbers that were seen in OneLogin's own client or in public rules. Others are kept by their number.
fn meaning(number: i64) -> Meaning {
    match number {
        5 | 8 => Meaning::SignIn(0, None),
        6 | 90 => Meaning::SignIn(1, None),
        69 => Meaning::SignIn(1, Some("RADIUS")),
        4 | 72 => Meaning::Audit("Add member to role", "Add member to role"),
        11 => Meaning::Audit("Change user password", "Reset user password"),
        12 => Meaning::Audit("Unlock user account", "Unlock user account"),
        13 => Meaning::Audit("Add user", "Add user"),
        15 => Meaning::Audit("Disable account", "Disable account"),
        16 => Meaning::Audit("Enable account", "Enable account"),
        17 => Meaning::Audit("Delete user", "Delete user"),
        24 | 172 => Meaning::Audit("User deleted security info", "Admin deleted security info"),
        1 => Meaning::Named("APP_ADDED_TO_ROLE"),
        2 => Meaning::Named("APP_REMOVED_FROM_ROLE"),
        3 => Meaning::Named("USER_ASSUMED_USER"),
        19 => Meaning::Named("USER_LOCKED"),
        _ => Meaning::Unknown,
    }
}

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    // A page: `{"status": …, "pagination": …, "data": […]}`.
    let data = fields.list("data");
    let is_event = |record: &Map<String, Value>| Fields::new(record).integer("event_type_id").is_some();
    if !data.is_empty() && data.iter().filter_map(Value::as_object).any(is_event) {
        return several::of_page(&data);
    }
    let Some(number) = fields.integer("event_type_id") else {
        return Reading::Unrecognised;
    };
    let time = dating::event_time(fields, TIMES, fields);
    let user = Person::of(fields, "user_id", "user_name");
    let actor = Person::of(fields, "actor_user_id", "actor_user_name");
    let address = fields.text("ipaddr").and_then(|text| address::normalise(&text));
    let app_id = fields.text("app_id");
    let facts = match meaning(number) {
        Meaning::SignIn(error_code, client_app) => Facts::SignIn(Box::new(SignIn {
            user_id: user.id.clone(),
            user_principal_name: user.name.clone(),
            user_display_name: user.display_name.clone(),
            app_id: app_id.clone(),
            app_display_name: fields.text("app_name"),
            ip_address: address.clone(),
            client_app: client_app.map(str::to_owned),
            user_agent: fields.text("user_agent"),
            error_code,
            failure_reason: fields
                .first_text(&["error_description", "custom_message", "notes"])
                .filter(|_| error_code != 0),
            additional_details: fields
                .text("risk_score")
                .map(|score| format!("risk score {score}")),
            mfa_method: fields.first_text(&["authentication_factor_description", "otp_device_name"]),
            ..SignIn::default()
        })),
        other => Facts::Audit(Box::new(audit(
            fields,
            number,
            &other,
            &user,
            &actor,
            address.as_deref(),
        ))),
    };
    let number = number.to_string();
    let told_apart_by = [
        Some(number.as_str()),
        user.id.as_deref(),
        actor.id.as_deref(),
        app_id.as_deref(),
        address.as_deref(),
    ];
    let id = fields.first_text(&["id", "uuid"]);
    Telling {
        vendor: Vendor::OneLogin,
        id: id.map_or(Id::Fields("onelogin/1", &told_apart_by), Id::Vendors),
        time,
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

/// Whom an event names: OneLogin writes the full name, or the address of somebody who has none.
#[derive(Debug, Clone, Default)]
struct Person {
    id: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
}

impl Person {
    fn of(fields: Fields<'_>, id: &str, name: &str) -> Person {
        let written = fields.text(name);
        let is_address = written.as_deref().is_some_and(|name| name.contains('@'));
        Person {
            id: fields.text(id),
            name: written.clone().filter(|_| is_address),
            display_name: written.filter(|_| !is_address),
        }
    }
}

fn audit(
    fields: Fields<'_>,
    number: i64,
    meaning: &Meaning,
    user: &Person,
    actor: &Person,
    address: Option<&str>,
) -> Audit {
    let is_by_oneself = actor.id.is_some() && actor.id == user.id;
    let (activity, is_known) = match meaning {
        Meaning::Audit(own, admins) => ((*(if is_by_oneself { own } else { admins })).to_owned(), true),
        Meaning::Named(name) => ((*name).to_owned(), true),
        Meaning::SignIn(..) | Meaning::Unknown => (format!("event type {number}"), false),
    };
    let mut details = vec![("event_type_id".to_owned(), Some(number.to_string()))];
    for name in [
        "notes",
        "custom_message",
        "error_description",
        "operation_name",
        "policy_name",
    ] {
        if let Some(text) = fields.text(name) {
            details.push((name.to_owned(), Some(text)));
        }
    }
    if let Some(factor) = fields.first_text(&["authentication_factor_description", "otp_device_name"]) {
        details.push(("AuthenticationMethod".to_owned(), Some(factor)));
    }
    let role = fields.first_text(&["role_name", "privilege_name"]);
    let mut modified: Vec<Modified> = role
        .map(|role| Modified {
            name: Some("Role.DisplayName".to_owned()),
            old: None,
            new: Some(role),
        })
        .into_iter()
        .collect();
    let mut targets = Vec::new();
    if user.id.is_some() || user.name.is_some() || user.display_name.is_some() {
        targets.push(Target {
            resource_type: Some("User".to_owned()),
            id: user.id.clone(),
            display_name: user.display_name.clone(),
            user_principal_name: user.name.clone(),
            modified: std::mem::take(&mut modified),
        });
    }
    for (kind, id, name) in [
        ("Group", "group_id", "group_name"),
        ("Application", "app_id", "app_name"),
    ] {
        let (id, name) = (fields.text(id), fields.text(name));
        if id.is_some() || name.is_some() {
            targets.push(Target {
                resource_type: Some(kind.to_owned()),
                id,
                display_name: name,
                user_principal_name: None,
                modified: std::mem::take(&mut modified),
            });
        }
    }
    Audit {
        activity: Some(activity),
        category: Some("UserManagement".to_owned()).filter(|_| !targets.is_empty()),
        // OneLogin's types say what was done; whether one that nobody has named here can fail is not known.
        result: is_known.then(|| "success".to_owned()),
        logged_by_service: Some("OneLogin".to_owned()),
        actor: Actor {
            user_id: actor.id.clone(),
            user_principal_name: actor.name.clone(),
            user_display_name: actor.display_name.clone(),
            ip_address: address.map(str::to_owned),
            app_display_name: fields.text("actor_system"),
            ..Actor::default()
        },
        targets,
        additional_details: details,
        ..Audit::default()
    }
}
