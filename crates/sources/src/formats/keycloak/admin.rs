//! What administrators do: `ResourceType` and `OperationType` of org.keycloak.events.admin, in the old words.

use super::Told;
use crate::address;
use crate::fields::Fields;
use model::event::{Actor, Audit, Target};
use serde_json::{Map, Value};

/// Resource, operation, activity.
const ACTIVITIES: &[(&str, &str, &str)] = &[
    ("USER", "CREATE", "Add user"),
    ("USER", "UPDATE", "Update user"),
    ("USER", "DELETE", "Delete user"),
    ("GROUP", "CREATE", "Add group"),
    ("GROUP", "UPDATE", "Update group"),
    ("GROUP", "DELETE", "Delete group"),
    ("GROUP_MEMBERSHIP", "CREATE", "Add member to group"),
    ("GROUP_MEMBERSHIP", "DELETE", "Remove member from group"),
    ("REALM_ROLE_MAPPING", "CREATE", "Add role member to Role"),
    ("REALM_ROLE_MAPPING", "DELETE", "Remove role member from Role"),
    ("CLIENT_ROLE_MAPPING", "CREATE", "Add role member to Role"),
    ("CLIENT_ROLE_MAPPING", "DELETE", "Remove role member from Role"),
    ("CLIENT", "CREATE", "Add service principal"),
    ("CLIENT", "UPDATE", "Update service principal"),
    ("CLIENT", "DELETE", "Remove service principal"),
];

pub(super) fn audit(told: &Told) -> Audit {
    let operation = told.operation.as_deref().unwrap_or_default();
    let resource = told.resource.as_deref().unwrap_or_default();
    let path = told.path.as_deref().unwrap_or_default();
    let is_password_reset = resource == "USER" && path.ends_with("/reset-password");
    let known = ACTIVITIES
        .iter()
        .find(|(of, does, _)| *of == resource && *does == operation);
    let activity = match known {
        _ if is_password_reset => "Reset user password".to_owned(),
        Some((.., activity)) => (*activity).to_owned(),
        None => format!("{operation} {resource}"),
    };
    let representation: Map<String, Value> = told
        .representation
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let mut additional_details = vec![
        ("OperationType".to_owned(), told.operation.clone()),
        ("ResourceType".to_owned(), told.resource.clone()),
        ("ResourcePath".to_owned(), told.path.clone()),
    ];
    if let Some(realm) = &told.realm {
        additional_details.push(("Realm".to_owned(), Some(realm.clone())));
    }
    Audit {
        activity: Some(activity),
        category: Some(category(resource).to_owned()),
        operation_type: Some(operation_type(operation).to_owned()),
        result: Some(
            if told.error.is_some() {
                "failure"
            } else {
                "success"
            }
            .to_owned(),
        ),
        result_reason: told.error.clone(),
        logged_by_service: Some("Keycloak".to_owned()),
        actor: Actor {
            user_id: told.user.clone(),
            ip_address: told.address.as_deref().and_then(address::normalise),
            app_id: told.client.clone(),
            ..Actor::default()
        },
        targets: targets(path, resource, &representation),
        additional_details,
        ..Audit::default()
    }
}

fn category(resource: &str) -> &'static str {
    match resource {
        "USER" => "UserManagement",
        "GROUP" | "GROUP_MEMBERSHIP" => "GroupManagement",
        "REALM_ROLE_MAPPING" | "CLIENT_ROLE_MAPPING" | "REALM_ROLE" | "CLIENT_ROLE" => "RoleManagement",
        "CLIENT" => "ApplicationManagement",
        _ => "DirectoryManagement",
    }
}

fn operation_type(operation: &str) -> &str {
    match operation {
        "CREATE" => "Add",
        "UPDATE" | "ACTION" => "Update",
        "DELETE" => "Delete",
        other => other,
    }
}

/// The path names what was acted on: `users/<id>`, `users/<id>/groups/<id>`, `clients/<id>`. The representation has names:
/// of a user its own, of a membership the group's.
fn targets(path: &str, resource: &str, representation: &Map<String, Value>) -> Vec<Target> {
    let fields = Fields::new(representation);
    let mut targets = Vec::new();
    let mut steps = path.split('/');
    while let Some(step) = steps.next() {
        let kind = match step {
            "users" => "User",
            "groups" => "Group",
            "clients" => "ServicePrincipal",
            "roles" | "roles-by-id" => "Role",
            _ => continue,
        };
        let Some(id) = steps.next().filter(|id| !id.is_empty()) else {
            break;
        };
        let is_represented = match resource {
            "USER" => kind == "User",
            "GROUP" | "GROUP_MEMBERSHIP" => kind == "Group",
            "CLIENT" => kind == "ServicePrincipal",
            _ => false,
        };
        let name = |names: &[&str]| is_represented.then(|| fields.first_text(names)).flatten();
        targets.push(Target {
            resource_type: Some(kind.to_owned()),
            id: Some(id.to_owned()),
            display_name: match kind {
                "User" => None,
                _ => name(&["name", "clientId"]),
            },
            user_principal_name: match kind {
                "User" => name(&["username"]),
                _ => None,
            },
            modified: Vec::new(),
        });
    }
    targets
}
