//! Duo: authentication and administrator logs, as the Admin API answers them.
//!
//! The members are those of <https://duo.com/docs/adminapi#authentication-logs> and `#administrator-logs`.

use super::{FormatDef, Reading};
use crate::fields::Fields;
use crate::telling::{Id, Telling, is_pipelines};
use crate::{address, dating, several};
use model::event::{Actor, Audit, Device, Facts, Place, SignIn, Target};
use model::identity::Vendor;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "duo",
    title: "Duo log event",
    about: "Events of Duo's authentication and administrator logs: answers of /admin/v2/logs/authentication and /admin/v1/logs/administrator.",
    looks_for: "`event_type` with `factor` and `result` or with `access_device`, or `action` and `username` with `isotimestamp`",
    read,
};

/// `timestamp` counts seconds; `isotimestamp` is the same moment, with milliseconds since version 2.
const TIMES: &[&str] = &["isotimestamp", "timestamp"];

fn read(record: &Map<String, Value>) -> Reading {
    let fields = Fields::new(record);
    if fields.get("stat").is_some() {
        return page(fields);
    }
    if is_authentication(fields) {
        return authentication(record, fields);
    }
    if is_administration(fields) {
        return administration(record, fields);
    }
    Reading::Unrecognised
}

/// `{"stat": "OK", "response": {"authlogs": […], "metadata": …}}`, or a list in `response`.
fn page(fields: Fields<'_>) -> Reading {
    let response = fields.object("response").unwrap_or_default();
    let of_answer = fields.list("response");
    let lists = [Fields::new(&response).list("authlogs"), of_answer];
    for list in lists {
        let known = |record: &Map<String, Value>| {
            let fields = Fields::new(record);
            is_authentication(fields) || is_administration(fields)
        };
        if !list.is_empty() && list.iter().filter_map(Value::as_object).any(known) {
            return several::of_page(&list);
        }
    }
    Reading::Unrecognised
}

fn kind(fields: Fields<'_>) -> Option<String> {
    fields.first_text(&["event_type", "eventtype"])
}

fn is_authentication(fields: Fields<'_>) -> bool {
    let has = |name: &str| fields.get(name).is_some();
    matches!(kind(fields).as_deref(), Some("authentication" | "enrollment"))
        && (has("factor") && has("result") || has("access_device") || has("auth_device"))
}

fn is_administration(fields: Fields<'_>) -> bool {
    let has = |name: &str| fields.get(name).is_some();
    has("action")
        && has("username")
        && (has("isotimestamp") || kind(fields).as_deref() == Some("administrator"))
}

fn authentication(record: &Map<String, Value>, fields: Fields<'_>) -> Reading {
    let time = dating::event_time(fields, TIMES, fields);
    let device = fields.object("access_device").unwrap_or_default();
    let device = Fields::new(&device);
    // Version 1 has the address at the top and the user's name as text.
    let address = [device.text("ip"), fields.text("ip")]
        .into_iter()
        .flatten()
        .find_map(|text| address::normalise(&text));
    let user = fields.object("user").unwrap_or_default();
    let user = Fields::new(&user);
    let (user_id, user_name) = (
        user.text("key"),
        user.text("name").or_else(|| fields.text("username")),
    );
    let user_name = user_name.or_else(|| fields.text("email"));
    let application = fields.object("application").unwrap_or_default();
    let application = Fields::new(&application);
    let app_name = application.text("name").or_else(|| fields.text("integration"));
    let app_id = application.text("key").or_else(|| fields.text("ikey"));
    let (factor, result, reason) = (
        fields.text("factor"),
        fields.text("result"),
        fields.text("reason"),
    );
    let facts = if kind(fields).as_deref() == Some("enrollment") {
        // Users enrol by themselves, when they sign in for the first time.
        let target = Target {
            resource_type: Some("User".to_owned()),
            id: user_id.clone(),
            user_principal_name: user_name.clone(),
            ..Target::default()
        };
        Facts::Audit(Box::new(Audit {
            activity: Some("User registered security info".to_owned()),
            category: Some("UserManagement".to_owned()),
            result: result
                .as_deref()
                .and_then(outcome)
                .map(|done| word(done).to_owned()),
            result_reason: reason.clone(),
            logged_by_service: Some("Duo".to_owned()),
            actor: Actor {
                user_id: user_id.clone(),
                user_principal_name: user_name.clone(),
                ip_address: address.clone(),
                ..Actor::default()
            },
            targets: vec![target],
            additional_details: vec![
                ("event_type".to_owned(), Some("enrollment".to_owned())),
                ("AuthenticationMethod".to_owned(), factor.clone()),
            ],
            ..Audit::default()
        }))
    } else {
        let Some(done) = result.as_deref().and_then(outcome) else {
            return Reading::Rejected(
                "it does not say whether the sign-in succeeded: it has no `result` that is success, denied, failure, error or fraud"
                    .to_owned(),
            );
        };
        let is_success = done == Outcome::Success;
        Facts::SignIn(Box::new(SignIn {
            user_id: user_id.clone(),
            user_principal_name: user_name.clone(),
            app_id: app_id.clone(),
            app_display_name: app_name,
            ip_address: address.clone(),
            location: place(device, fields),
            device: Device {
                operating_system: device.text("os"),
                browser: device.text("browser"),
                display_name: device.text("hostname"),
                id: None,
            },
            error_code: i64::from(!is_success),
            failure_reason: reason.clone().or_else(|| result.clone()).filter(|_| !is_success),
            additional_details: reason.clone(),
            mfa_required: Some(true),
            mfa_method: factor.clone(),
            mfa_result: result.clone(),
            risk_event_types: result
                .clone()
                .filter(|result| result.eq_ignore_ascii_case("fraud")),
            ..SignIn::default()
        }))
    };
    let told_apart_by = [
        user_name.as_deref(),
        app_id.as_deref(),
        factor.as_deref(),
        result.as_deref(),
        reason.as_deref(),
        address.as_deref(),
    ];
    Telling {
        vendor: Vendor::Duo,
        id: fields
            .text("txid")
            .map_or(Id::Fields("duo-authentication/1", &told_apart_by), Id::Vendors),
        time,
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

/// Where the access device was, by Duo's judgement.
fn place(device: Fields<'_>, fields: Fields<'_>) -> Place {
    let place = device
        .object("location")
        .or_else(|| fields.object("location"))
        .unwrap_or_default();
    let place = Fields::new(&place);
    Place {
        city: place.text("city"),
        state: place.text("state"),
        country: place.text("country"),
        ..Place::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Success,
    Failure,
}

/// `success`, `denied`, `fraud`; version 1 says `FAILURE` and `ERROR`.
fn outcome(result: &str) -> Option<Outcome> {
    match result.to_ascii_lowercase().as_str() {
        "success" => Some(Outcome::Success),
        "denied" | "failure" | "error" | "fraud" => Some(Outcome::Failure),
        _ => None,
    }
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Success => "success",
        Outcome::Failure => "failure",
    }
}

fn administration(record: &Map<String, Value>, fields: Fields<'_>) -> Reading {
    let time = dating::event_time(fields, TIMES, fields);
    let action = fields.text("action").unwrap_or_default();
    let description = description(fields);
    let facts = match action.as_str() {
        "admin_login" => Facts::SignIn(Box::new(admins_sign_in(fields, &description, &action, 0))),
        "admin_login_error" | "admin_2fa_error" => {
            Facts::SignIn(Box::new(admins_sign_in(fields, &description, &action, 1)))
        }
        _ => Facts::Audit(Box::new(audit(fields, &description, &action))),
    };
    let (name, object, text) = (
        fields.text("username"),
        fields.text("object"),
        fields.text("description"),
    );
    let told_apart_by = [
        Some(action.as_str()),
        name.as_deref(),
        object.as_deref(),
        text.as_deref(),
    ];
    Telling {
        vendor: Vendor::Duo,
        id: Id::Fields("duo-administrator/1", &told_apart_by),
        time,
        updated: None,
        tenant: None,
        facts,
        record,
        is_carriers: is_pipelines,
    }
    .event()
}

/// An object as text; free text has no members.
fn description(fields: Fields<'_>) -> Map<String, Value> {
    fields
        .object("description")
        .map_or_else(Map::new, Cow::into_owned)
}

/// The log names administrators by their full names; some actions tell the address of their mail.
fn admins_sign_in(
    fields: Fields<'_>,
    description: &Map<String, Value>,
    action: &str,
    error_code: i64,
) -> SignIn {
    let description = Fields::new(description);
    SignIn {
        user_principal_name: description.text("email"),
        user_display_name: fields.text("username"),
        app_display_name: Some("Duo Admin Panel".to_owned()),
        ip_address: description
            .text("ip_address")
            .and_then(|text| address::normalise(&text)),
        error_code,
        failure_reason: description.text("error").filter(|_| error_code != 0),
        additional_details: Some(action.to_owned()),
        mfa_method: description.text("factor"),
        mfa_required: description.get("factor").map(|_| true),
        ..SignIn::default()
    }
}

fn audit(fields: Fields<'_>, description: &Map<String, Value>, action: &str) -> Audit {
    const KNOWN: &[(&str, &str)] = &[
        ("user_create", "Add user"),
        ("user_delete", "Delete user"),
        ("user_restore", "Restore user"),
        ("user_update", "Update user"),
        ("group_create", "Add group"),
        ("group_update", "Update group"),
        ("group_delete", "Delete group"),
        ("integration_create", "Add application"),
        ("integration_update", "Update application"),
        ("integration_delete", "Delete application"),
    ];
    /// What the object of an action is, by the start of the action's name.
    const OBJECTS: &[(&str, &str, &str)] = &[
        ("user_", "User", "UserManagement"),
        ("bypass_", "User", "UserManagement"),
        ("group_", "Group", "GroupManagement"),
        ("integration_", "Application", "ApplicationManagement"),
        ("application_", "Application", "ApplicationManagement"),
        ("policy_", "Policy", "Policy"),
        ("admin_", "Administrator", "RoleManagement"),
    ];
    let known = KNOWN
        .iter()
        .find(|(duo, _)| *duo == action)
        .map(|(_, entra)| *entra);
    let object = OBJECTS.iter().find(|(start, ..)| action.starts_with(start));
    let is_user = object.is_some_and(|(_, kind, _)| *kind == "User");
    let named = fields.text("object");
    let name = fields.text("username");
    let is_program = matches!(name.as_deref(), Some("API" | "System"));
    let address = Fields::new(description)
        .text("ip_address")
        .and_then(|text| address::normalise(&text));
    let mut details = vec![("action".to_owned(), Some(action.to_owned()))];
    if let Some(text) = fields.text("description") {
        details.push(("description".to_owned(), Some(text)));
    }
    Audit {
        activity: Some(known.unwrap_or(action).to_owned()),
        category: object.map(|(_, _, category)| (*category).to_owned()),
        // The log has what was performed; of an action that nobody has named here it is not known whether it can fail.
        result: known.map(|_| "success".to_owned()),
        logged_by_service: Some("Duo".to_owned()),
        actor: Actor {
            user_display_name: name.clone().filter(|_| !is_program),
            app_display_name: name.filter(|_| is_program),
            ip_address: address,
            ..Actor::default()
        },
        targets: named
            .map(|named| Target {
                resource_type: object.map(|(_, kind, _)| (*kind).to_owned()),
                user_principal_name: Some(named.clone()).filter(|_| is_user),
                display_name: Some(named).filter(|_| !is_user),
                ..Target::default()
            })
            .into_iter()
            .collect(),
        additional_details: details,
        ..Audit::default()
    }
}
