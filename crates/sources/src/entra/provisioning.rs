//! Provisioning logs of Entra ID: one reading for every shape. Azure Monitor keeps the names of an older API (`Name` for
//! `displayName`, numbers for the kinds of steps), Log Analytics writes the objects as text.

use crate::fields::{Fields, as_text};
use model::event::{Modified, ProvisionedIdentity, Provisioning};
use serde_json::{Map, Value};

/// Reads what was provisioned. Fails if the record says neither what was done nor what became of it.
///
/// The status is the one of `provisioningStatusInfo`, never `resultType`: that says `Success` beside failures.
pub(super) fn read(facts: Fields<'_>) -> Result<Provisioning, String> {
    let status = facts
        .object("provisioningStatusInfo")
        .or_else(|| facts.object("statusInfo"))
        .unwrap_or_default();
    let status = Fields::new(&status);
    let error = status.object("errorInformation").unwrap_or_default();
    let error = Fields::new(&error);
    let service_principal = one_of(facts, "servicePrincipal");
    let service_principal = Fields::new(&service_principal);
    let source_system = facts.object("sourceSystem").unwrap_or_default();
    let target_system = facts.object("targetSystem").unwrap_or_default();
    let target_system = Fields::new(&target_system);
    let target_details = target_system.object("details").unwrap_or_default();
    let provisioning = Provisioning {
        job_id: facts.text("jobId"),
        cycle_id: facts.text("cycleId"),
        change_id: facts.text("changeId"),
        action: facts.first_text(&["provisioningAction", "action"]),
        status: status.text("status").map(|status| word_of(&status)),
        error_code: error.text("errorCode"),
        error_reason: error.text("reason"),
        service_principal_id: service_principal.text("id"),
        service_principal_name: name(service_principal),
        instance_name: Fields::new(&target_details).text("ServicePrincipalDisplayName"),
        source_system: name(Fields::new(&source_system)),
        target_system: name(target_system),
        source: identity(facts, "sourceIdentity"),
        target: identity(facts, "targetIdentity"),
        joining_property: joining_property(facts),
        modified: facts
            .list("modifiedProperties")
            .iter()
            .filter_map(Value::as_object)
            .map(modification)
            .collect(),
    };
    if provisioning.action.is_none() && provisioning.status.is_none() {
        return Err(
            "it does not say what was provisioned: it has neither `provisioningAction` nor a status in \
                    `provisioningStatusInfo`; export those too"
                .to_owned(),
        );
    }
    Ok(provisioning)
}

/// `statusInfo` has the number of the word.
fn word_of(status: &str) -> String {
    match status {
        "0" => "success",
        "1" => "failure",
        "2" => "skipped",
        "3" => "warning",
        word => word,
    }
    .to_owned()
}

/// An object, or the first of a list of objects: the reference shows both for the service principal.
fn one_of(facts: Fields<'_>, name: &str) -> Map<String, Value> {
    if let Some(object) = facts.object(name) {
        return object.into_owned();
    }
    let list = facts.list(name);
    list.iter()
        .find_map(Value::as_object)
        .cloned()
        .unwrap_or_default()
}

fn name(fields: Fields<'_>) -> Option<String> {
    fields.first_text(&["displayName", "name"])
}

fn identity(facts: Fields<'_>, side: &str) -> ProvisionedIdentity {
    let identity = facts.object(side).unwrap_or_default();
    let identity = Fields::new(&identity);
    let details = identity.object("details").unwrap_or_default();
    let details = Fields::new(&details);
    ProvisionedIdentity {
        identity_type: identity
            .text("identityType")
            .or_else(|| details.first_text(&["odatatype", "@odata.type"])),
        id: identity.text("id").or_else(|| details.text("id")),
        display_name: name(identity).or_else(|| details.text("DisplayName")),
        user_principal_name: details.text("UserPrincipalName"),
    }
}

/// The first step that names it.
fn joining_property(facts: Fields<'_>) -> Option<String> {
    let steps = facts.list("provisioningSteps");
    let of_step = |step: &Map<String, Value>| {
        let details = Fields::new(step).object("details")?;
        Fields::new(&details).text("JoiningProperty")
    };
    steps.iter().filter_map(Value::as_object).find_map(of_step)
}

fn modification(modified: &Map<String, Value>) -> Modified {
    let modified = Fields::new(modified);
    Modified {
        name: modified.text("displayName"),
        old: modified.get("oldValue").and_then(as_text),
        new: modified.get("newValue").and_then(as_text),
    }
}
