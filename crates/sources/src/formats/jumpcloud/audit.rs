//! Changes in JumpCloud's directory.

use super::{is_person, object};
use crate::address;
use crate::fields::{Fields, as_text};
use model::event::{Actor, Audit, Modified, Target};
use serde_json::Value;

/// What the types of events that change the directory begin with.
const CHANGES: &[&str] = &[
    "user_",
    "admin_",
    "group_",
    "association_change",
    "application_",
    "totp_",
    "policy_",
    "authnpolicy_",
    "authpolicy_",
    "iplist_",
    "organization_",
    "activedirectory_",
    "idsource_",
    "radiusserver_",
    "sambadomain_",
    "system_",
];

/// Whether it is a change; mails that were sent, commands that ran and searches are none.
pub(super) fn is_change(event_type: &str) -> bool {
    CHANGES.iter().any(|start| event_type.starts_with(start)) && !event_type.ends_with("_email")
}

/// The types of events that the old service had a word for. The others keep their own: a request for a reset is no reset, an
/// administrator no user.
const ACTIVITIES: &[(&str, &str)] = &[
    ("user_create", "Add user"),
    ("user_delete", "Delete user"),
    ("user_update", "Update user"),
    ("user_password_change", "Change user password"),
    ("user_password_reset", "Reset user password"),
    ("user_activated", "Enable account"),
    ("user_unsuspended", "Enable account"),
    ("user_suspended", "Disable account"),
    ("user_lockout", "Lock user account"),
    ("user_unlocked", "Unlock user account"),
    ("group_create", "Add group"),
    ("group_update", "Update group"),
    ("group_delete", "Delete group"),
];

/// The types of things, and what Entra calls them.
const TYPES: &[(&str, &str)] = &[
    ("user", "User"),
    ("user_group", "Group"),
    ("group", "Group"),
    ("system", "Device"),
    ("application", "Application"),
    ("policy", "Policy"),
    ("admin", "Administrator"),
];

pub(super) fn read(fields: Fields<'_>, event_type: &str) -> Audit {
    let initiator = object(fields, "initiated_by");
    let initiator = Fields::new(&initiator);
    let association = object(fields, "association");
    let association = Fields::new(&association);
    let mut targets = connected(association);
    let activity = match membership(&targets, association) {
        Some(activity) => activity,
        None => activity(fields, initiator, event_type),
    };
    if targets.is_empty() {
        targets.extend(target(fields));
    }
    let mut additional_details = vec![("event_type".to_owned(), Some(event_type.to_owned()))];
    let details = [
        ("auth_method", fields.text("auth_method")),
        ("initiated_by.source", initiator.text("source")),
    ];
    for (name, value) in details {
        if value.is_some() {
            additional_details.push((name.to_owned(), value));
        }
    }
    let is_membership = activity.ends_with(" group");
    Audit {
        category: if is_membership {
            Some("GroupManagement".to_owned())
        } else {
            category(event_type).map(str::to_owned)
        },
        operation_type: association.text("op"),
        activity: Some(activity),
        // Most changes do not say: JumpCloud logs them once they are made.
        result: fields
            .boolean("success")
            .map(|success| if success { "success" } else { "failure" }.to_owned()),
        result_reason: fields.text("error_message"),
        logged_by_service: Some("JumpCloud".to_owned()),
        correlation_id: None,
        actor: actor(fields, initiator),
        targets,
        additional_details,
    }
}

/// Somebody who sets their own password changes it; an administrator resets it.
fn activity(fields: Fields<'_>, initiator: Fields<'_>, event_type: &str) -> String {
    if event_type == "user_password_set" {
        let resource = object(fields, "resource");
        let own = Fields::new(&resource).text("id");
        let is_own = own.is_some() && own == initiator.text("id");
        return if is_own {
            "Change user password"
        } else {
            "Reset user password"
        }
        .to_owned();
    }
    let known = ACTIVITIES.iter().find(|(own, _)| *own == event_type);
    known.map_or(event_type, |(_, activity)| *activity).to_owned()
}

fn category(event_type: &str) -> Option<&'static str> {
    const CATEGORIES: &[(&str, &str)] = &[
        ("user_group_", "GroupManagement"),
        ("user_", "UserManagement"),
        ("totp_", "UserManagement"),
        ("admin_", "RoleManagement"),
        ("group_", "GroupManagement"),
        ("application_", "ApplicationManagement"),
        ("system_", "Device"),
        ("policy_", "Policy"),
        ("authnpolicy_", "Policy"),
        ("authpolicy_", "Policy"),
        ("iplist_", "Policy"),
    ];
    CATEGORIES
        .iter()
        .find(|(start, _)| event_type.starts_with(start))
        .map(|(_, category)| *category)
}

fn actor(fields: Fields<'_>, initiator: Fields<'_>) -> Actor {
    let ip_address = ["client_ip", "src_ip"]
        .iter()
        .find_map(|name| address::normalise(&fields.text(name)?));
    if is_person(initiator) {
        return Actor {
            user_id: initiator.text("id"),
            user_principal_name: initiator.first_text(&["username", "email"]),
            ip_address,
            ..Actor::default()
        };
    }
    Actor {
        app_id: initiator.text("id"),
        app_display_name: initiator.first_text(&["name", "username", "email", "type"]),
        ip_address,
        ..Actor::default()
    }
}

/// `resource` is what was changed, `changes` what in it.
fn target(fields: Fields<'_>) -> Option<Target> {
    let resource = object(fields, "resource");
    let resource = Fields::new(&resource);
    let list = fields.list("changes");
    let changes = list.iter().filter_map(Value::as_object).map(Fields::new);
    let resource_type = resource.text("type").map(|word| type_of(&word));
    let name = resource.first_text(&["username", "email", "recipient_email"]);
    let target = Target {
        id: resource.text("id"),
        display_name: resource.first_text(&["displayName", "display_name", "name", "hostname"]),
        user_principal_name: name,
        resource_type,
        modified: changes
            .map(|change| Modified {
                name: change.text("field"),
                old: change.get("from").and_then(as_text),
                new: change.get("to").and_then(as_text),
            })
            .collect(),
    };
    (target != Target::default()).then_some(target)
}

/// Both ends of an association: of a membership the member first, as Entra has it.
fn connected(association: Fields<'_>) -> Vec<Target> {
    let connection = object(association, "connection");
    let connection = Fields::new(&connection);
    let mut ends: Vec<Target> = ["to", "from"]
        .into_iter()
        .filter_map(|name| {
            let end = connection.object(name)?;
            let end = Fields::new(&end);
            let resource_type = end.text("type").map(|word| type_of(&word));
            let is_user = resource_type.as_deref() == Some("User");
            let name = end.text("name");
            Some(Target {
                id: end.text("object_id"),
                display_name: name.clone().filter(|_| !is_user),
                user_principal_name: name.filter(|_| is_user),
                resource_type,
                modified: Vec::new(),
            })
        })
        .collect();
    ends.sort_by_key(|end| end.resource_type.as_deref() == Some("Group"));
    ends
}

/// Whether a person was put into a group or taken out of it.
fn membership(ends: &[Target], association: Fields<'_>) -> Option<String> {
    let [member, group] = ends else { return None };
    let is = |end: &Target, word: &str| end.resource_type.as_deref() == Some(word);
    if !is(member, "User") || !is(group, "Group") {
        return None;
    }
    match association.text("op")?.as_str() {
        "add" => Some("Add member to group".to_owned()),
        "remove" => Some("Remove member from group".to_owned()),
        _ => None,
    }
}

fn type_of(word: &str) -> String {
    let known = TYPES.iter().find(|(own, _)| own.eq_ignore_ascii_case(word));
    known.map_or(word, |(_, entra)| *entra).to_owned()
}
