//! The classes Account Change and Group Management.

use super::parties::{Source, User};
use super::{object, product, succeeded};
use crate::fields::Fields;
use model::event::{Actor, Audit, Target};
use serde_json::{Map, Value};

/// An activity by its number: the old service's word, where it has one, else the schema's caption.
type Activities = &'static [(i64, &'static str)];

/// `activity_id` of Account Change.
const OF_ACCOUNTS: Activities = &[
    (1, "Add user"),
    (2, "Enable account"),
    (3, "Change user password"),
    (4, "Reset user password"),
    (5, "Disable account"),
    (6, "Delete user"),
    (7, "Attach Policy"),
    (8, "Detach Policy"),
    (9, "Lock user account"),
    (10, "MFA Factor Enable"),
    (11, "MFA Factor Disable"),
    (12, "Unlock user account"),
];

/// `activity_id` of Group Management. A subgroup keeps the caption: the reports would take it for a person.
const OF_GROUPS: Activities = &[
    (1, "Assign Privileges"),
    (2, "Revoke Privileges"),
    (3, "Add member to group"),
    (4, "Remove member from group"),
    (5, "Delete group"),
    (6, "Add group"),
    (7, "Add Subgroup"),
    (8, "Remove Subgroup"),
];

/// Reads a change of an account.
pub(super) fn of_account(fields: Fields<'_>, metadata: Fields<'_>) -> Audit {
    let mut targets: Vec<Target> = user(fields).into_iter().collect();
    // One until 1.3, a list since.
    let policies = fields.list("policies");
    let policy = fields.object("policy");
    let policies = policies.iter().filter_map(Value::as_object);
    targets.extend(
        policies
            .chain(policy.as_deref())
            .filter_map(|policy| named("Policy", policy)),
    );
    let activity = activity(fields, OF_ACCOUNTS, "Account Change");
    audit(fields, metadata, activity, "UserManagement", targets)
}

/// Reads a change of a group: who was put into it first, as Entra has it.
pub(super) fn of_group(fields: Fields<'_>, metadata: Fields<'_>) -> Audit {
    let mut targets: Vec<Target> = user(fields).into_iter().collect();
    for name in ["group", "subgroup"] {
        targets.extend(fields.object(name).and_then(|group| named("Group", &group)));
    }
    let activity = activity(fields, OF_GROUPS, "Group Management");
    audit(fields, metadata, activity, "GroupManagement", targets)
}

fn audit(
    fields: Fields<'_>,
    metadata: Fields<'_>,
    activity: String,
    category: &str,
    targets: Vec<Target>,
) -> Audit {
    let (vendor, name) = product(metadata);
    let service: Vec<String> = [vendor, name].into_iter().flatten().collect();
    let api = object(fields, "api");
    let details = [
        ("activity_name", fields.text("activity_name")),
        ("type_name", fields.text("type_name")),
        ("api.operation", Fields::new(&api).text("operation")),
    ];
    Audit {
        activity: Some(activity),
        category: Some(category.to_owned()),
        operation_type: None,
        result: match succeeded(fields) {
            Some(true) => Some("success".to_owned()),
            Some(false) => Some("failure".to_owned()),
            None => fields
                .text("status")
                .filter(|word| !word.eq_ignore_ascii_case("unknown")),
        },
        result_reason: fields.text("status_detail"),
        logged_by_service: (!service.is_empty()).then(|| service.join(" ")),
        correlation_id: metadata.text("correlation_uid"),
        actor: actor(fields),
        targets,
        additional_details: details
            .into_iter()
            .filter(|(_, value)| value.is_some())
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    }
}

fn activity(fields: Fields<'_>, activities: Activities, class: &str) -> String {
    let number = fields.integer("activity_id");
    let known = activities.iter().find(|(own, _)| Some(*own) == number);
    match known {
        Some((_, word)) => (*word).to_owned(),
        None => fields.text("activity_name").unwrap_or_else(|| class.to_owned()),
    }
}

fn actor(fields: Fields<'_>) -> Actor {
    let actor = object(fields, "actor");
    let actor = Fields::new(&actor);
    let user = object(actor, "user");
    let user = User::of(Fields::new(&user));
    Actor {
        ip_address: Source::of(fields).ip_address,
        app_display_name: actor.first_text(&["app_name", "invoked_by"]),
        app_id: actor.text("app_uid"),
        user_id: user.id,
        user_principal_name: user.name,
        user_display_name: user.full_name,
        ..Actor::default()
    }
}

fn user(fields: Fields<'_>) -> Option<Target> {
    let user = object(fields, "user");
    let user = User::of(Fields::new(&user));
    user.is_told().then(|| Target {
        resource_type: Some("User".to_owned()),
        id: user.id,
        display_name: user.full_name,
        user_principal_name: user.name,
        modified: Vec::new(),
    })
}

fn named(resource_type: &str, object: &Map<String, Value>) -> Option<Target> {
    let fields = Fields::new(object);
    let (id, display_name) = (fields.text("uid"), fields.text("name"));
    (id.is_some() || display_name.is_some()).then(|| Target {
        resource_type: Some(resource_type.to_owned()),
        id,
        display_name,
        ..Target::default()
    })
}
