//! auditEvents: what was changed in the directory, by whom, on what.

use super::parts::{DetailText, action, activity_type, category, result_status, row_id, updated_properties};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::{Actor, Audit, Event, Facts, Target};
use crate::identity::EventKey;
use crate::json::ObjectWriter;
use serde::{Deserialize, Serialize};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 21,
    name: "auditEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each change in the directory.",
    filled_by: "Entra directory audits, every one.",
};

const EVENT: EntityDef = EntityDef {
    name: "AuditEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text(
            "actor",
            "The sign-in name of the acting user, else the name of the acting application.",
        ),
        Property::text(
            "action",
            "What was done, in the words of 2015 where they have one for it (`Add role member to Role`), else in the \
             source's words.",
        ),
        Property::text(
            "target",
            "The sign-in name of the first target if it is a user, else its name or id.",
        ),
        Property::text(
            "actorDetail",
            "What is known of the actor, as `UPN=alice@contoso.com; ObjectId=…; IPAddress=…`. A value that holds \
             `;`, `|`, a quote or a control character stands as a JSON string.",
        ),
        Property::text("targetDetail", "The same of each target, separated by ` | `."),
        Property::text(
            "updatedProperties",
            "The properties that changed, as JSON text: `[{\"Name\":…,\"OldValue\":…,\"NewValue\":…}]`, values as \
             the source writes them.",
        ),
    ],
};

/// What a row of auditEvents does not say and /activities/audit does; the changed properties are in the row, so here
/// is only how many of them belong to which target. What is not known is left out.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct AuditParticulars {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) activity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) operation_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) result_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) activity_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor_object_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor_service_principal_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor_user_principal_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) actor_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) additional_details: Vec<(String, Option<String>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) category: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) service: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) targets: Vec<TargetParticulars>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant_id: Option<String>,
}

/// One target of an audit.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TargetParticulars {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) resource_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_principal_name: Option<String>,
    pub(super) updated: usize,
}

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let Facts::Audit(audit) = &event.facts else {
        return None;
    };
    let changes = audit.targets.iter().flat_map(|target| &target.modified);
    let json = ObjectWriter::new()
        .text("id", Some(&row_id(event, key)))
        .time("eventTime", event.time)
        .text("actor", audit.actor.name())
        .text("action", audit.activity.as_deref().map(action))
        .text("target", audit.targets.first().and_then(Target::name))
        .text("actorDetail", actor_detail(&audit.actor).as_deref())
        .text("targetDetail", target_detail(&audit.targets).as_deref())
        .text("updatedProperties", updated_properties(changes).as_deref())
        .finish();
    // Text, numbers and lists always have a JSON form.
    let particulars = serde_json::to_vec(&particulars(event, audit)).unwrap_or_default();
    Some(ProjectedRow { json, particulars })
}

fn actor_detail(actor: &Actor) -> Option<String> {
    DetailText::default()
        .part("UPN", actor.user_principal_name.as_deref())
        .part("ObjectId", actor.user_id.as_deref())
        .part("Name", actor.user_display_name.as_deref())
        .part("IPAddress", actor.ip_address.as_deref())
        .part("Application", actor.app_display_name.as_deref())
        .part("AppId", actor.app_id.as_deref())
        .part("ServicePrincipal", actor.service_principal_name.as_deref())
        .part("ServicePrincipalId", actor.service_principal_id.as_deref())
        .finish()
}

fn target_detail(targets: &[Target]) -> Option<String> {
    let mut detail = DetailText::default();
    for target in targets {
        detail
            .next()
            .part("Type", target.resource_type.as_deref())
            .part("UPN", target.user_principal_name.as_deref())
            .part("ObjectId", target.id.as_deref())
            .part("Name", target.display_name.as_deref());
    }
    detail.finish()
}

fn particulars(event: &Event, audit: &Audit) -> AuditParticulars {
    let status = result_status(audit);
    let actor = &audit.actor;
    let is_user =
        actor.user_id.is_some() || actor.user_principal_name.is_some() || actor.user_display_name.is_some();
    let is_application = [
        &actor.app_id,
        &actor.app_display_name,
        &actor.service_principal_id,
        &actor.service_principal_name,
    ]
    .into_iter()
    .any(Option::is_some);
    let actor_type = match (is_user, is_application) {
        (true, _) => Some("User"),
        (false, true) => Some("Application"),
        (false, false) => None,
    };
    let people_first = [
        &actor.user_display_name,
        &actor.user_principal_name,
        &actor.app_display_name,
        &actor.service_principal_name,
    ];
    let object_first = [&actor.user_id, &actor.service_principal_id, &actor.app_id];
    AuditParticulars {
        activity: audit.activity.clone(),
        operation_type: audit.operation_type.clone(),
        result_reason: audit.result_reason.clone(),
        result_status: status.map(|(word, _)| word.to_owned()),
        status: status.map(|(_, number)| number),
        activity_type: activity_type(audit).map(str::to_owned),
        actor_name: people_first.into_iter().find_map(Clone::clone),
        actor_object_id: object_first.into_iter().find_map(Clone::clone),
        actor_ip_address: actor.ip_address.clone(),
        actor_service_principal_name: actor.service_principal_name.clone(),
        actor_user_principal_name: actor.user_principal_name.clone(),
        actor_type: actor_type.map(str::to_owned),
        additional_details: audit.additional_details.clone(),
        category: category(audit).map(str::to_owned),
        service: audit.logged_by_service.clone(),
        correlation_id: audit.correlation_id.clone(),
        targets: audit.targets.iter().map(target_particulars).collect(),
        tenant_id: event.tenant.map(|tenant| tenant.to_string()),
    }
}

fn target_particulars(target: &Target) -> TargetParticulars {
    TargetParticulars {
        resource_type: target.resource_type.clone(),
        id: target.id.clone(),
        display_name: target.display_name.clone(),
        user_principal_name: target.user_principal_name.clone(),
        updated: target.modified.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Modified;
    use crate::identity::{Kind, Vendor};
    use crate::time::Timestamp;

    #[test]
    fn an_audit_becomes_the_row_of_2015() {
        let owned = |text: &str| Some(text.to_owned());
        let audit = Audit {
            activity: owned("Add member to role"),
            actor: Actor {
                user_id: owned("11111111-2222-3333-4444-555555555555"),
                user_principal_name: owned("alice@contoso.com"),
                ip_address: owned("192.0.2.7"),
                ..Actor::default()
            },
            targets: vec![
                Target {
                    resource_type: owned("User"),
                    user_principal_name: owned("bob@contoso.com"),
                    modified: vec![Modified {
                        name: owned("Role.DisplayName"),
                        old: None,
                        new: owned("\"Global Administrator\""),
                    }],
                    ..Target::default()
                },
                Target {
                    resource_type: owned("Role"),
                    display_name: owned("a; b"),
                    ..Target::default()
                },
            ],
            ..Audit::default()
        };
        let event = Event {
            vendor: Vendor::Entra,
            vendor_id: owned("Directory_1"),
            time: Timestamp::parse_vendor("2015-03-12T22:01:18.4385955Z").unwrap(),
            updated: None,
            tenant: None,
            facts: Facts::Audit(Box::new(audit)),
        };
        let row = project(
            &event,
            &EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, "Directory_1"),
        )
        .unwrap();
        let expected = concat!(
            r#"{"id":"Directory_1","eventTime":"2015-03-12T22:01:18.4385955Z","actor":"alice@contoso.com","#,
            r#""action":"Add role member to Role","target":"bob@contoso.com","#,
            r#""actorDetail":"UPN=alice@contoso.com; ObjectId=11111111-2222-3333-4444-555555555555; IPAddress=192.0.2.7","#,
            r#""targetDetail":"Type=User; UPN=bob@contoso.com | Type=Role; Name=\"a; b\"","#,
            r#""updatedProperties":"[{\"Name\":\"Role.DisplayName\",\"OldValue\":null,\"NewValue\":\"\\\"Global Administrator\\\"\"}]"}"#,
        );
        assert_eq!(String::from_utf8(row.json).unwrap(), expected);
    }
}
