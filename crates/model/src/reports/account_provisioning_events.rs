//! accountProvisioningEvents: accounts that were provisioned in applications.

use super::parts::row_id;
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::{Event, Facts, Modified, Provisioning};
use crate::identity::{EventKey, Vendor};
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 22,
    name: "accountProvisioningEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each account that was created, changed or removed in an application, or left alone there.",
    filled_by: "Entra provisioning logs, every one; Okta's `application.provision.*` and `app.user_management.*`. `result` is the status of the record itself (`provisioningStatusInfo`), never its `resultType`. The Log Analytics table AADProvisioningLogs has no time but `TimeGenerated`: its rows have that one, until the same event comes by another way.",
};

const EVENT: EntityDef = EntityDef {
    name: "AccountProvisioningEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text(
            "application",
            "The application that the account was provisioned in or from, by the name of its service principal, else of the target system.",
        ),
        Property::text(
            "instanceName",
            "The instance of that application: its name in the target system's details, else the id of the job.",
        ),
        Property::text(
            "operation",
            "What was done, in the source's words: `create`, `update`, `delete`, `disable` …",
        ),
        Property::text(
            "sourceType",
            "The type of the source of the activity, such as `User`.",
        ),
        Property::text(
            "targetType",
            "The type of its target, such as `urn:ietf:params:scim:schemas:core:2.0:User`.",
        ),
        Property::text(
            "joiningProperty",
            "The value by which both were matched, such as an employee number, where the record tells it; else the `externalId` that was written.",
        ),
        Property::text(
            "addedProperties",
            "The names of the properties that were added or changed, separated by `, `.",
        ),
        Property::text(
            "removedProperties",
            "The names of the properties that were removed.",
        ),
        Property::text(
            "result",
            "What became of it: `Success`, `Failure`, `Skipped`, `Warning`, or another word of the source's status.",
        ),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let Facts::Provisioning(provisioning) = &event.facts else {
        return None;
    };
    let first = |names: [&Option<String>; 2]| names.into_iter().find_map(Clone::clone);
    let application = first([&provisioning.service_principal_name, &provisioning.target_system]);
    // Okta names what changed without the values.
    let added: fn(&Modified) -> bool = match event.vendor {
        Vendor::Okta => |modified| modified.new.is_some() || modified.old.is_none(),
        _ => |modified| modified.new.is_some(),
    };
    let instance = first([&provisioning.instance_name, &provisioning.job_id]);
    let json = ObjectWriter::new()
        .text("id", Some(&row_id(event, key)))
        .time("eventTime", event.time)
        .text("application", application.as_deref())
        .text("instanceName", instance.as_deref())
        .text("operation", provisioning.action.as_deref())
        .text("sourceType", provisioning.source.identity_type.as_deref())
        .text("targetType", provisioning.target.identity_type.as_deref())
        .text("joiningProperty", joining_property(provisioning))
        .text("addedProperties", names(provisioning, added).as_deref())
        .text(
            "removedProperties",
            names(provisioning, |modified| {
                modified.new.is_none() && modified.old.is_some()
            })
            .as_deref(),
        )
        .text("result", provisioning.status.as_deref().map(result))
        .finish();
    Some(ProjectedRow::plain(json))
}

/// The word for a status, one spelling for all sources; a word that is not known stays as it is.
fn result(status: &str) -> &str {
    ["Success", "Failure", "Skipped", "Warning"]
        .into_iter()
        .find(|word| word.eq_ignore_ascii_case(status))
        .unwrap_or(status)
}

/// The older logs told the value (`JoiningProperty : 21023`). Where a record does not, `externalId` is near: SCIM (RFC
/// 7643, section 3.1) has it for the one who provisions to know the account by.
fn joining_property(provisioning: &Provisioning) -> Option<&str> {
    let is_external_id = |modified: &&Modified| {
        modified
            .name
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case("externalId"))
    };
    let written = || provisioning.modified.iter().find(is_external_id)?.new.as_deref();
    provisioning.joining_property.as_deref().or_else(written)
}

fn names(provisioning: &Provisioning, which: fn(&Modified) -> bool) -> Option<String> {
    let names: Vec<&str> = provisioning
        .modified
        .iter()
        .filter(|modified| which(modified))
        .filter_map(|modified| modified.name.as_deref())
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ProvisionedIdentity;
    use crate::identity::Kind;
    use crate::time::Timestamp;

    #[allow(clippy::unnecessary_wraps)] // So that the facts read like those of a record.
    fn owned(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn modified(name: &str, old: Option<&str>, new: Option<&str>) -> Modified {
        Modified {
            name: owned(name),
            old: old.map(str::to_owned),
            new: new.map(str::to_owned),
        }
    }

    fn check(provisioning: Provisioning, expected: &str) {
        let event = Event {
            vendor: Vendor::Entra,
            vendor_id: owned("ebc7b845-7505-2dfa-269a-93257fab469a"),
            time: Timestamp::parse_vendor("2022-08-23T13:36:52.869547Z").unwrap(),
            updated: None,
            tenant: None,
            facts: Facts::Provisioning(Box::new(provisioning)),
        };
        let key = EventKey::from_fields("test/1", Kind::Provisioning, &["1"]);
        let row = project(&event, &key).unwrap();
        assert_eq!(String::from_utf8(row.json).unwrap(), expected);
    }

    #[test]
    fn an_account_that_could_not_be_created_becomes_the_row_of_2015() {
        let provisioning = Provisioning {
            job_id: owned("ContosoOutDelta.1"),
            action: owned("create"),
            status: owned("failure"),
            service_principal_name: owned("Contoso"),
            instance_name: owned("Contoso (test)"),
            target_system: owned("Contoso"),
            source: ProvisionedIdentity {
                identity_type: owned("Group"),
                ..ProvisionedIdentity::default()
            },
            target: ProvisionedIdentity {
                identity_type: owned("urn:ietf:params:scim:schemas:core:2.0:Group"),
                ..ProvisionedIdentity::default()
            },
            modified: vec![
                modified("displayName", None, Some("Pilot")),
                modified("mailNickname", Some("a"), Some("b")),
                modified("manager", Some("c"), None),
                modified("phone", Some("1"), None),
                modified("nothing", None, None),
            ],
            ..Provisioning::default()
        };
        let expected = concat!(
            r#"{"id":"ebc7b845-7505-2dfa-269a-93257fab469a","eventTime":"2022-08-23T13:36:52.869547Z","#,
            r#""application":"Contoso","instanceName":"Contoso (test)","operation":"create","sourceType":"Group","#,
            r#""targetType":"urn:ietf:params:scim:schemas:core:2.0:Group","joiningProperty":null,"#,
            r#""addedProperties":"displayName, mailNickname","removedProperties":"manager, phone","result":"Failure"}"#,
        );
        check(provisioning, expected);
    }

    #[test]
    fn what_the_record_does_not_say_is_null_or_told_by_something_near() {
        let provisioning = Provisioning {
            job_id: owned("job"),
            target_system: owned("Dropbox"),
            status: owned("quarantined"),
            modified: vec![modified("externalId", None, Some("e3b2b242"))],
            ..Provisioning::default()
        };
        let expected = concat!(
            r#"{"id":"ebc7b845-7505-2dfa-269a-93257fab469a","eventTime":"2022-08-23T13:36:52.869547Z","#,
            r#""application":"Dropbox","instanceName":"job","operation":null,"sourceType":null,"targetType":null,"#,
            r#""joiningProperty":"e3b2b242","addedProperties":"externalId","removedProperties":null,"#,
            r#""result":"quarantined"}"#,
        );
        check(provisioning, expected);
    }
}
