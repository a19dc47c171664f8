//! Directory audits of Entra ID: one reading for every shape, since the members have the same names but for their case.

use crate::address;
use crate::fields::{Fields, as_text};
use model::event::{Actor, Audit, Modified, Target};
use serde_json::{Map, Value};

/// The log's name in Azure Monitor and the table's in Log Analytics.
pub(crate) const LOG: &str = "AuditLogs";

/// Reads an audit: `facts` has what happened, `envelope` what Azure Monitor wrote around it (else the same).
pub(crate) fn read(facts: Fields<'_>, envelope: Fields<'_>) -> Audit {
    let both = |names: &[&str]| facts.first_text(names).or_else(|| envelope.first_text(names));
    let additional_details = details(facts);
    Audit {
        activity: both(&["activityDisplayName", "operationName"]),
        // In the envelope this is the log's name, except where a pipeline put the audit's own there.
        category: [facts, envelope].iter().find_map(|fields| {
            fields
                .text("category")
                .filter(|name| !name.eq_ignore_ascii_case(LOG))
        }),
        operation_type: both(&["operationType", "AADOperationType"]),
        result: both(&["result"]).or_else(|| both(&["resultType"])).or_else(|| {
            // Azure writes the word None where there is no signature.
            both(&["resultSignature"]).filter(|text| !text.eq_ignore_ascii_case("none"))
        }),
        result_reason: both(&["resultReason"]).or_else(|| both(&["resultDescription"])),
        logged_by_service: both(&["loggedByService"]),
        correlation_id: both(&["correlationId"]),
        actor: actor(facts, envelope, &additional_details),
        targets: facts
            .list("targetResources")
            .iter()
            .filter_map(Value::as_object)
            .map(target)
            .collect(),
        additional_details,
    }
}

fn actor(facts: Fields<'_>, envelope: Fields<'_>, details: &[(String, Option<String>)]) -> Actor {
    let initiator = facts.object("initiatedBy").unwrap_or_default();
    let initiator = Fields::new(&initiator);
    let user = initiator.object("user").unwrap_or_default();
    let user = Fields::new(&user);
    let app = initiator.object("app").unwrap_or_default();
    let app = Fields::new(&app);
    let address_in_details = || {
        details
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("ipaddr"))
            .and_then(|(_, value)| value.clone())
    };
    let addresses = [
        user.text("ipAddress"),
        app.text("ipAddress"),
        envelope.text("callerIpAddress"),
        envelope.text("ipAddress"),
        address_in_details(),
    ];
    let mut actor = Actor {
        user_id: user.text("id"),
        user_principal_name: user.text("userPrincipalName"),
        user_display_name: user.text("displayName"),
        ip_address: addresses
            .into_iter()
            .flatten()
            .find_map(|text| address::normalise(&text)),
        app_id: app.text("appId"),
        app_display_name: app.text("displayName"),
        service_principal_id: app.text("servicePrincipalId"),
        service_principal_name: app.text("servicePrincipalName"),
    };
    if actor.name().is_none() {
        actor.user_display_name = envelope.text("identity");
    }
    actor
}

fn target(target: &Map<String, Value>) -> Target {
    let target = Fields::new(target);
    let modified = target.list("modifiedProperties");
    Target {
        resource_type: target.text("type"),
        id: target.text("id"),
        display_name: target.text("displayName"),
        user_principal_name: target.text("userPrincipalName"),
        modified: modified
            .iter()
            .filter_map(Value::as_object)
            .map(modification)
            .collect(),
    }
}

fn modification(modified: &Map<String, Value>) -> Modified {
    let modified = Fields::new(modified);
    Modified {
        name: modified.text("displayName"),
        old: modified.get("oldValue").and_then(as_text),
        new: modified.get("newValue").and_then(as_text),
    }
}

/// `[{"key": …, "value": …}]`
fn details(facts: Fields<'_>) -> Vec<(String, Option<String>)> {
    let mut named = Vec::new();
    for detail in facts
        .list("additionalDetails")
        .iter()
        .filter_map(Value::as_object)
    {
        let detail = Fields::new(detail);
        let Some(name) = detail.first_text(&["key", "name"]) else {
            continue;
        };
        named.push((name, detail.get("value").and_then(as_text)));
    }
    named
}
