//! Changes in the directory, as the unified audit log tells them.

use super::identities::{Identity, SERVICE_PRINCIPAL};
use super::{is_guid, named, told};
use crate::address;
use crate::fields::{Fields, as_text};
use model::event::{Actor, Audit, Modified, Target};
use serde_json::{Map, Value};

/// Reads a record of type `AzureActiveDirectory`.
pub(super) fn read(fields: Fields<'_>) -> Audit {
    let extended = fields.list("ExtendedProperties");
    let operation = fields.text("Operation").unwrap_or_default();
    // The names are Entra's own with a full stop after most of them: `Add user.`, `Add member to group.`
    let activity = operation.trim().trim_end_matches('.').trim_end().to_owned();
    let mut details = Vec::new();
    if activity != operation {
        details.push(("Operation".to_owned(), Some(operation)));
    }
    details.extend(additional_details(&extended));
    Audit {
        activity: Some(activity).filter(|activity| !activity.is_empty()),
        // The second name is that of records until about 2018.
        category: ["extendedAuditEventCategory", "auditEventCategory"]
            .iter()
            .find_map(|name| named(&extended, name)),
        operation_type: None,
        result: fields.text("ResultStatus"),
        result_reason: None,
        logged_by_service: None,
        correlation_id: fields
            .text("InterSystemsId")
            .or_else(|| named(&extended, "correlationId")),
        actor: actor(fields),
        targets: targets(fields),
        additional_details: details,
    }
}

fn actor(fields: Fields<'_>) -> Actor {
    let identity = Identity::of(&fields.list("Actor"));
    let ip_address = ["ActorIpAddress", "ClientIP"]
        .iter()
        .find_map(|name| address::normalise(&fields.text(name)?));
    let user = fields.text("UserId").and_then(told);
    let principal_name = identity
        .principal_name
        .clone()
        .or_else(|| user.clone().filter(|name| name.contains('@')));
    if principal_name.is_some() {
        return Actor {
            user_id: identity.id,
            user_principal_name: principal_name,
            user_display_name: identity.name,
            ip_address,
            ..Actor::default()
        };
    }
    if identity.class.as_deref() == Some(SERVICE_PRINCIPAL) || identity.name.is_some() {
        return Actor {
            ip_address,
            app_id: identity.app_id,
            app_display_name: identity.name,
            service_principal_id: identity
                .id
                .filter(|_| identity.class.as_deref() == Some(SERVICE_PRINCIPAL)),
            ..Actor::default()
        };
    }
    Actor {
        user_id: identity.id,
        user_display_name: user,
        ip_address,
        ..Actor::default()
    }
}

fn targets(fields: Fields<'_>) -> Vec<Target> {
    let modified = modified(fields);
    let identity = Identity::of(&fields.list("Target"));
    let mut target = Target {
        resource_type: identity.class,
        id: identity.id,
        display_name: identity.name,
        user_principal_name: identity.principal_name,
        modified: Vec::new(),
    };
    if target.name().is_none() {
        let object = fields.text("ObjectId").and_then(told);
        match object {
            Some(object) if object.contains('@') => target.user_principal_name = Some(object),
            Some(object) if is_guid(&object) => target.id = Some(object),
            object => target.display_name = object,
        }
    }
    let second = other_target(&modified).filter(|other| other.resource_type != target.resource_type);
    target.modified = modified;
    let mut targets = Vec::new();
    if target != Target::default() {
        targets.push(target);
    }
    targets.extend(second);
    targets
}

/// The group or role that somebody was put into stands among the changes of who was, where Entra's own log has a second target.
fn other_target(modified: &[Modified]) -> Option<Target> {
    let value = |name: &str| {
        let change = modified.iter().find(|change| {
            change
                .name
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(name))
        })?;
        [&change.new, &change.old]
            .into_iter()
            .flatten()
            .find_map(|text| bare(text))
    };
    ["Group", "Role"].into_iter().find_map(|class| {
        let target = Target {
            resource_type: Some(class.to_owned()),
            id: value(&format!("{class}.ObjectID")),
            display_name: value(&format!("{class}.DisplayName")),
            ..Target::default()
        };
        target.name().is_some().then_some(target)
    })
}

fn modified(fields: Fields<'_>) -> Vec<Modified> {
    let list = fields.list("ModifiedProperties");
    let changes = list.iter().filter_map(Value::as_object).map(Fields::new);
    changes
        .map(|change| Modified {
            name: change.text("Name"),
            old: change.get("OldValue").and_then(as_text),
            new: change.get("NewValue").and_then(as_text),
        })
        .filter(|change| *change != Modified::default())
        .collect()
}

/// A value comes bare, as JSON text, or as a JSON list of one text.
fn bare(value: &str) -> Option<String> {
    let text = match serde_json::from_str(value) {
        Ok(Value::String(text)) => text,
        Ok(Value::Array(items)) => match items.as_slice() {
            [Value::String(text)] => text.clone(),
            _ => return None,
        },
        _ => value.trim().to_owned(),
    };
    (!text.is_empty()).then_some(text)
}

/// `additionalDetails` is a text with an object of names and values.
fn additional_details(extended: &[Value]) -> Vec<(String, Option<String>)> {
    let details = named(extended, "additionalDetails")
        .and_then(|text| serde_json::from_str::<Map<String, Value>>(&text).ok());
    details
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, as_text(&value)))
        .collect()
}
