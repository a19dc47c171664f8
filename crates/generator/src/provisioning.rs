//! Accounts that are provisioned in applications, as Microsoft Graph writes it (`auditLogs/provisioning`).
//!
//! Nothing here draws from the chances of the days, so sign-ins and changes are the same with and without it.

use crate::apps::{APPS, App};
use crate::chance::Chance;
use crate::changes::object_id;
use crate::days::Moment;
use crate::people::{Cast, Person};
use crate::sign_in_record::array;
use model::json::ObjectWriter;
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};

/// What is done about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Create,
    Update,
    Disable,
    Delete,
    /// Looked at and left alone.
    Skip,
}

const ACTS: &[(u32, Act)] = &[
    (60, Act::Update),
    (15, Act::Create),
    (8, Act::Disable),
    (5, Act::Delete),
    (12, Act::Skip),
];

/// Indexes of the applications that accounts are provisioned in: Salesforce, GitHub, Atlassian, DocuSign, ServiceNow.
const PROVISIONED: &[usize] = &[6, 9, 10, 11, 12];

const KEY_PROVISIONING: u64 = 16;

/// Everything that is provisioned on a day (counted from 1970-01-01): of forty people one account.
pub(crate) fn of_day(seed: u64, cast: &Cast, day: i64) -> Vec<(Timestamp, Moment)> {
    let mut moments = Vec::new();
    for person in 0..cast.people.len() as u32 {
        let chance = &mut Chance::of(seed, &[KEY_PROVISIONING, u64::from(person), day as u64]);
        if !chance.in_thousand(25) {
            continue;
        }
        let time = Timestamp::from_unix_seconds(day * 86_400 + chance.between(0, 86_399))
            .plus_ticks(chance.between(1, TICKS_PER_SECOND - 1));
        let act = *chance.weighted(ACTS);
        let app = *chance.pick(PROVISIONED);
        moments.push((time, Moment::Provisioned { person, app, act }));
    }
    moments
}

/// Where it happens.
pub(crate) struct Scene<'a> {
    pub(crate) seed: u64,
    pub(crate) tenant: TenantId,
    pub(crate) time: Timestamp,
    pub(crate) person: &'a Person,
    pub(crate) app: usize,
    pub(crate) act: Act,
}

/// The record.
pub(crate) fn write(scene: &Scene<'_>, chance: &mut Chance) -> Vec<u8> {
    let app: &App = &APPS[scene.app];
    let person = scene.person;
    let object = |number: u64| object_id(scene.seed, 2000 + 10 * scene.app as u64 + number).to_string();
    let failed = scene.act != Act::Skip && chance.in_thousand(60);
    let service_principal = object(0);
    let details = ObjectWriter::new()
        .text("ApplicationId", Some(app.id))
        .text("ServicePrincipalId", Some(&service_principal))
        .text("ServicePrincipalDisplayName", Some(app.name))
        .finish();
    let source = ObjectWriter::new()
        .text("id", Some(&person.id.to_string()))
        .text("displayName", Some(&person.display_name))
        .text("identityType", Some("User"))
        .raw(
            "details",
            &ObjectWriter::new()
                .text("id", Some(&person.id.to_string()))
                .text("odatatype", Some("User"))
                .text("DisplayName", Some(&person.display_name))
                .text("UserPrincipalName", Some(&person.user_principal_name))
                .finish(),
        )
        .finish();
    let exists = !(failed || scene.act == Act::Skip);
    let target_id = exists.then(|| format!("{:016x}", chance.number()));
    let target = ObjectWriter::new()
        .text("id", Some(target_id.as_deref().unwrap_or("")))
        .text("displayName", Some(""))
        .text("identityType", Some("urn:ietf:params:scim:schemas:core:2.0:User"))
        .raw("details", b"{}")
        .finish();
    ObjectWriter::new()
        .text("id", Some(&chance.guid().to_string()))
        .time("activityDateTime", scene.time)
        .text("tenantId", Some(&scene.tenant.to_string()))
        .text(
            "jobId",
            Some(&format!("{}OutDelta.{}", app.name.replace(' ', ""), object(1))),
        )
        .text("cycleId", Some(&chance.guid().to_string()))
        .text("changeId", Some(&chance.guid().to_string()))
        .text("provisioningAction", Some(action(scene.act)))
        .integer("durationInMilliseconds", Some(chance.between(300, 5_000)))
        .raw("provisioningStatusInfo", &status(scene.act, failed, app))
        .raw("provisioningSteps", &steps(scene.act, failed, person, app))
        .raw("modifiedProperties", &modified(scene.act, failed, person))
        .raw("servicePrincipal", &named(&service_principal, app.name, None))
        .raw(
            "sourceSystem",
            &named(&object(2), "Azure Active Directory", Some(b"{}")),
        )
        .raw("targetSystem", &named(&object(3), app.name, Some(&details)))
        .raw("initiatedBy", &named("", "Azure AD Provisioning Service", None))
        .raw("sourceIdentity", &source)
        .raw("targetIdentity", &target)
        .finish()
}

fn action(act: Act) -> &'static str {
    match act {
        Act::Create => "create",
        Act::Update => "update",
        Act::Disable => "disable",
        Act::Delete => "delete",
        Act::Skip => "other",
    }
}

fn named(id: &str, name: &str, details: Option<&[u8]>) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    object.text("id", Some(id)).text("displayName", Some(name));
    if let Some(details) = details {
        object.raw("details", details);
    }
    object.finish()
}

fn status(act: Act, failed: bool, app: &App) -> Vec<u8> {
    let word = match (act, failed) {
        (Act::Skip, _) => "skipped",
        (_, true) => "failure",
        (_, false) => "success",
    };
    let error = ObjectWriter::new()
        .text(
            "errorCode",
            Some("SystemForCrossDomainIdentityManagementServiceIncompatible"),
        )
        .text(
            "reason",
            Some(&format!(
                "{} returned an error response with the HTTP status code 409.",
                app.name
            )),
        )
        .text("additionalDetails", None)
        .text("errorCategory", Some("nonServiceFailure"))
        .text("recommendedAction", None)
        .finish();
    ObjectWriter::new()
        .text("status", Some(word))
        .raw("errorInformation", if failed { &error } else { b"null" })
        .finish()
}

fn steps(act: Act, failed: bool, person: &Person, app: &App) -> Vec<u8> {
    let user = &person.user_principal_name;
    let step = |name: &str, kind: &str, status: &str, description: &str| {
        ObjectWriter::new()
            .text("name", Some(name))
            .text("provisioningStepType", Some(kind))
            .text("status", Some(status))
            .text("description", Some(description))
            .raw("details", b"{}")
            .finish()
    };
    let import = format!("Received User '{user}' change of type (Update) from Azure Active Directory");
    let mut steps = vec![step("EntryImportUpdate", "import", "success", &import)];
    if act == Act::Skip {
        let why = format!("User '{user}' will be skipped: not effectively entitled for provisioning");
        steps.push(step("EntrySynchronizationSkip", "processing", "skipped", &why));
    } else {
        let (done, status) = if failed {
            ("could not be written", "failure")
        } else {
            ("was written", "success")
        };
        let export = format!("User '{user}' {done} in {}", app.name);
        steps.push(step("EntryExportUpdate", "export", status, &export));
    }
    array(&steps)
}

/// What is written: all of a new account, the title of one that changes, the switch of one that is closed.
fn modified(act: Act, failed: bool, person: &Person) -> Vec<u8> {
    let change = |name: &str, old: Option<&str>, new: Option<&str>| {
        ObjectWriter::new()
            .text("displayName", Some(name))
            .text("oldValue", old)
            .text("newValue", new)
            .finish()
    };
    let id = person.id.to_string();
    let changes = match act {
        _ if failed => Vec::new(),
        Act::Create => vec![
            change("externalId", None, Some(&id)),
            change("userName", None, Some(&person.user_principal_name)),
            change("displayName", None, Some(&person.display_name)),
            change("title", None, Some(person.title)),
            change("active", None, Some("True")),
        ],
        Act::Update => vec![
            change("title", Some("Trainee"), Some(person.title)),
            change(
                "phoneNumbers[type eq \"mobile\"].value",
                Some("+1 425 555 0100"),
                None,
            ),
        ],
        Act::Disable => vec![change("active", Some("True"), Some("False"))],
        Act::Delete | Act::Skip => Vec::new(),
    };
    array(&changes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_provisioned_applications_are_the_ones_that_are_meant() {
        let names: Vec<&str> = PROVISIONED.iter().map(|app| APPS[*app].name).collect();
        assert_eq!(
            names,
            [
                "Salesforce",
                "GitHub Enterprise Cloud",
                "Atlassian Cloud",
                "DocuSign",
                "ServiceNow"
            ]
        );
    }
}
