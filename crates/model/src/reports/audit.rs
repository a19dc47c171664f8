//! /activities/audit: the audits as the API of 2016 to 2018 showed them, rendered from the rows of auditEvents.

use super::audit_events::{AuditParticulars, TargetParticulars};
use super::parts::Updated;
use super::{Evidence, Face, FilterDef, FilterValue, License, Operators, ReportDef, Rows};
use crate::entity::{AUDIT_LOG_NAMESPACE, ComplexDef, Edm, EntityDef, Property};
use crate::json::{ObjectWriter, write_text};
use crate::query::Case;
use crate::time::Timestamp;
use serde::Deserialize;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 102,
    name: "audit",
    face: Face::Activities,
    license: License::NotRequired,
    entity: &ITEM,
    time_property: Some("activityDate"),
    filters: FILTERS,
    rows: Rows::Rendered {
        from: &super::audit_events::DEF,
        render,
    },
    evidence: Evidence::Recovered,
    about: "One item for each change in the directory, with its targets and details: the successor of auditEvents.",
    filled_by: "Entra directory audits, every one; the same events as auditEvents.",
};

const ITEM: EntityDef = EntityDef {
    name: "AuditActivityEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::text("activity", "What was done, in the source's words."),
        Property::new("activityDate", Edm::DateTimeOffset, "When it was done.")
            .required()
            .filterable(),
        Property::new(
            "activityDateInMillis",
            Edm::Int64,
            "The same in milliseconds since 1970.",
        )
        .required(),
        Property::text("activityOperationType", "`Add`, `Update`, `Delete`, `Assign` …"),
        Property::text(
            "activityResultDescription",
            "Why it ended so, in the source's words.",
        ),
        Property::text("activityResultStatus", "`Success` or `Failure`."),
        Property::new(
            "activityStatus",
            Edm::Int32,
            "The same as a number, 0 or -1. Clients filter by it; that it is also shown is our addition.",
        ),
        Property::text(
            "activityType",
            "What sort of thing was acted on: `User`, `Group`, `Application` …",
        ),
        Property::new("actor", Edm::Complex(&ACTOR), "Who did it."),
        Property::text("actorType", "`User` or `Application`."),
        Property::new(
            "additionalDetails",
            Edm::Collection(&DETAIL),
            "Named details, as the source lists them.",
        ),
        Property::text(
            "category",
            "The old word for the service that wrote the record (`Directory`, `SSPR`, `SSGM`, `Sync`, \
             `IdentityProtection`, `Invited Users`, `MIM Service`, `Automated Password Rollover`), else the record's \
             own category.",
        ),
        Property::text("componentOrSource", "The service that wrote the record."),
        Property::text("correlationId", "Ties together the records of one act."),
        Property::text("domainName", "Not known to today's sources: null."),
        Property::text("internalCorrelationId", "Not known to today's sources: null."),
        Property::text("source", "The service that wrote the record."),
        Property::new("targets", Edm::Collection(&TARGET), "What it was done to."),
        Property::text("tenantGeolocation", "Not known to today's sources: null."),
        Property::text("tenantId", "The directory, where the record names it."),
        Property::text("tenantName", "Not known to today's sources: null."),
    ],
};

/// The type of `actor`; the name is the one that clients write in casts (wire contract 2.4 \[C: AREF\]).
const ACTOR: ComplexDef = ComplexDef {
    name: "ActorUserEntity",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[
        Property::text(
            "name",
            "The user's name for people, else the sign-in name, else the application's name.",
        ),
        Property::text(
            "objectId",
            "The user's object id, else the service principal's, else the application's id.",
        ),
        Property::text("ipAddress", "The address it was done from."),
        Property::text("servicePrincipalName", "The service principal's name."),
        Property::text("userPrincipalName", "The user's sign-in name."),
    ],
    open: false,
    about: "Who did it: a user or an application.",
};

/// The type of the items of `targets`; the name is the one that clients write in casts.
const TARGET: ComplexDef = ComplexDef {
    name: "TargetResourceUserEntity",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[
        Property::text("targetResourceType", "`User`, `Group`, `ServicePrincipal` …"),
        Property::text("objectId", "The object id."),
        Property::text("name", "The name for people."),
        Property::text("userPrincipalName", "The sign-in name, if it is a user."),
        Property::new("modifiedProperties", Edm::Collection(&MODIFIED), "What changed."),
    ],
    open: false,
    about: "What it was done to. A target that is a user also carries `@odata.type`, as it did then.",
};

const DETAIL: ComplexDef = ComplexDef {
    name: "AdditionalDetail",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[
        Property::text("name", "The detail's name."),
        Property::text("value", "Its value."),
    ],
    open: false,
    about: "A named detail.",
};

const MODIFIED: ComplexDef = ComplexDef {
    name: "ModifiedProperty",
    namespace: AUDIT_LOG_NAMESPACE,
    properties: &[
        Property::text("name", "The property."),
        Property::text("oldValue", "Its value before, as the record writes it."),
        Property::text("newValue", "Its value after, as the record writes it."),
    ],
    open: false,
    about: "A changed property of a target.",
};

/// Exactly what the reference of 2017 lists (wire contract 2.5 \[C: AREF\]), besides `activityDate`.
const FILTERS: &[FilterDef] = &[
    plain(
        "category",
        &["category"],
        FilterValue::Text(Case::Sensitive),
        Operators::Equality,
    ),
    plain(
        "activityStatus",
        &["activityStatus"],
        FilterValue::Integer,
        Operators::Equality,
    ),
    plain(
        "activityType",
        &["activityType"],
        FilterValue::Text(Case::Sensitive),
        Operators::Equality,
    ),
    plain(
        "activity",
        &["activity"],
        FilterValue::Text(Case::Sensitive),
        Operators::EqualityAndParts,
    ),
    plain(
        "actor/name",
        &["actor", "name"],
        FilterValue::Text(Case::Insensitive),
        Operators::EqualityAndParts,
    ),
    plain(
        "actor/objectId",
        &["actor", "objectId"],
        FilterValue::Text(Case::Insensitive),
        Operators::Equality,
    ),
    FilterDef {
        spelling: "actor/userPrincipalName",
        collection: None,
        cast: Some(ACTOR.name),
        path: &["actor", "userPrincipalName"],
        value: FilterValue::Text(Case::Insensitive),
        operators: Operators::EqualityAndParts,
    },
    of_target("name", &["name"], None, Operators::EqualityAndParts),
    of_target("objectId", &["objectId"], None, Operators::Equality),
    of_target(
        "userPrincipalName",
        &["userPrincipalName"],
        Some(TARGET.name),
        Operators::EqualityAndParts,
    ),
];

const fn plain(
    spelling: &'static str,
    path: &'static [&'static str],
    value: FilterValue,
    operators: Operators,
) -> FilterDef {
    FilterDef {
        spelling,
        collection: None,
        cast: None,
        path,
        value,
        operators,
    }
}

const fn of_target(
    spelling: &'static str,
    path: &'static [&'static str],
    cast: Option<&'static str>,
    operators: Operators,
) -> FilterDef {
    let value = FilterValue::Text(Case::Insensitive);
    FilterDef {
        spelling,
        collection: Some("targets"),
        cast,
        path,
        value,
        operators,
    }
}

/// What is needed of a row of auditEvents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuditRow {
    id: String,
    event_time: String,
    updated_properties: Option<String>,
}

fn render(row: &[u8], particulars: &[u8]) -> Option<Vec<u8>> {
    let row: AuditRow = serde_json::from_slice(row).ok()?;
    let audit: AuditParticulars = serde_json::from_slice(particulars).ok()?;
    let time = Timestamp::parse_vendor(&row.event_time).ok()?;
    let updated: Vec<Updated> = match &row.updated_properties {
        Some(json) => serde_json::from_str(json).ok()?,
        None => Vec::new(),
    };
    let actor = ObjectWriter::new()
        .text("name", audit.actor_name.as_deref())
        .text("objectId", audit.actor_object_id.as_deref())
        .text("ipAddress", audit.actor_ip_address.as_deref())
        .text(
            "servicePrincipalName",
            audit.actor_service_principal_name.as_deref(),
        )
        .text("userPrincipalName", audit.actor_user_principal_name.as_deref())
        .finish();
    let item = ObjectWriter::new()
        .text("id", Some(&row.id))
        .text("activity", audit.activity.as_deref())
        .time("activityDate", time)
        .integer("activityDateInMillis", Some(time.unix_millis()))
        .text("activityOperationType", audit.operation_type.as_deref())
        .text("activityResultDescription", audit.result_reason.as_deref())
        .text("activityResultStatus", audit.result_status.as_deref())
        .integer("activityStatus", audit.status)
        .text("activityType", audit.activity_type.as_deref())
        .raw("actor", &actor)
        .text("actorType", audit.actor_type.as_deref())
        .raw(
            "additionalDetails",
            &additional_details(&audit.additional_details),
        )
        .text("category", audit.category.as_deref())
        .text("componentOrSource", audit.service.as_deref())
        .text("correlationId", audit.correlation_id.as_deref())
        .text("domainName", None)
        .text("internalCorrelationId", None)
        .text("source", audit.service.as_deref())
        .raw("targets", &targets(&audit.targets, &updated))
        .text("tenantGeolocation", None)
        .text("tenantId", audit.tenant_id.as_deref())
        .text("tenantName", None)
        .finish();
    Some(item)
}

fn additional_details(details: &[(String, Option<String>)]) -> Vec<u8> {
    let items = details.iter().map(|(name, value)| {
        ObjectWriter::new()
            .text("name", Some(name))
            .text("value", value.as_deref())
            .finish()
    });
    list(items)
}

/// The row lists the changes of all targets one after another; each target knows how many are its own.
fn targets(targets: &[TargetParticulars], updated: &[Updated]) -> Vec<u8> {
    let mut rest = updated;
    let mut items = Vec::with_capacity(targets.len());
    for target in targets {
        let (own, others) = rest.split_at(target.updated.min(rest.len()));
        rest = others;
        let modified = list(own.iter().map(|change| {
            ObjectWriter::new()
                .text("name", change.name.as_deref())
                .text("oldValue", change.old.as_deref())
                .text("newValue", change.new.as_deref())
                .finish()
        }));
        let mut item = ObjectWriter::new();
        if target.resource_type.as_deref() == Some("User") {
            item.raw("@odata.type", &user_type());
        }
        items.push(
            item.text("targetResourceType", target.resource_type.as_deref())
                .text("objectId", target.id.as_deref())
                .text("name", target.display_name.as_deref())
                .text("userPrincipalName", target.user_principal_name.as_deref())
                .raw("modifiedProperties", &modified)
                .finish(),
        );
    }
    list(items.into_iter())
}

fn user_type() -> Vec<u8> {
    let mut name = Vec::new();
    write_text(&mut name, &format!("#{}.{}", TARGET.namespace, TARGET.name));
    name
}

fn list(items: impl Iterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut out = vec![b'['];
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(&item);
    }
    out.push(b']');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Audit, Event, Facts, Modified, Target};
    use crate::identity::{EventKey, Kind, Vendor};

    fn rendered(audit: Audit) -> String {
        let event = Event {
            vendor: Vendor::Entra,
            vendor_id: Some("Directory_1".to_owned()),
            time: Timestamp::parse_vendor("2018-08-20T15:16:45.5720566Z").unwrap(),
            updated: None,
            tenant: None,
            facts: Facts::Audit(Box::new(audit)),
        };
        let key = EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, "Directory_1");
        let Rows::Stored(project) = crate::reports::audit_events::DEF.rows else {
            panic!("not stored")
        };
        let row = project(&event, &key).unwrap();
        String::from_utf8(render(&row.json, &row.particulars).unwrap()).unwrap()
    }

    fn owned(text: &str) -> Option<String> {
        (!text.is_empty()).then(|| text.to_owned())
    }

    #[test]
    fn an_audit_becomes_the_item_of_2018() {
        let change = |name: &str| Modified {
            name: owned(name),
            old: None,
            new: owned("1"),
        };
        let item = rendered(Audit {
            activity: owned("Add member to group"),
            category: owned("GroupManagement"),
            operation_type: owned("Assign"),
            result: owned("success"),
            result_reason: None,
            logged_by_service: owned("Core Directory"),
            correlation_id: owned("c"),
            actor: Actor {
                user_id: owned("u1"),
                user_principal_name: owned("alice@contoso.com"),
                user_display_name: owned("Alice"),
                ip_address: owned("192.0.2.7"),
                ..Actor::default()
            },
            targets: vec![
                Target {
                    resource_type: owned("User"),
                    id: owned("u2"),
                    user_principal_name: owned("bob@contoso.com"),
                    modified: vec![change("A"), change("B")],
                    ..Target::default()
                },
                Target {
                    resource_type: owned("Group"),
                    id: owned("g"),
                    display_name: owned("Sales"),
                    modified: vec![change("C")],
                    ..Target::default()
                },
            ],
            additional_details: vec![("User-Agent".to_owned(), None)],
        });
        let expected = concat!(
            r#"{"id":"Directory_1","activity":"Add member to group","activityDate":"2018-08-20T15:16:45.5720566Z","#,
            r#""activityDateInMillis":1534778205572,"activityOperationType":"Assign","activityResultDescription":null,"#,
            r#""activityResultStatus":"Success","activityStatus":0,"activityType":"Group","#,
            r#""actor":{"name":"Alice","objectId":"u1","ipAddress":"192.0.2.7","servicePrincipalName":null,"#,
            r#""userPrincipalName":"alice@contoso.com"},"actorType":"User","#,
            r#""additionalDetails":[{"name":"User-Agent","value":null}],"category":"Directory","#,
            r#""componentOrSource":"Core Directory","correlationId":"c","domainName":null,"#,
            r#""internalCorrelationId":null,"source":"Core Directory","targets":["#,
            r##"{"@odata.type":"#Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.AuditLog.TargetResourceUserEntity","##,
            r#""targetResourceType":"User","objectId":"u2","name":null,"userPrincipalName":"bob@contoso.com","#,
            r#""modifiedProperties":[{"name":"A","oldValue":null,"newValue":"1"},{"name":"B","oldValue":null,"newValue":"1"}]},"#,
            r#"{"targetResourceType":"Group","objectId":"g","name":"Sales","userPrincipalName":null,"#,
            r#""modifiedProperties":[{"name":"C","oldValue":null,"newValue":"1"}]}],"#,
            r#""tenantGeolocation":null,"tenantId":null,"tenantName":null}"#,
        );
        assert_eq!(item, expected);
    }

    #[test]
    fn an_application_acts_by_its_name_and_service_principal() {
        let item = rendered(Audit {
            actor: Actor {
                app_display_name: owned("Sync"),
                service_principal_id: owned("sp"),
                ..Actor::default()
            },
            ..Audit::default()
        });
        let actor = concat!(
            r#""actor":{"name":"Sync","objectId":"sp","ipAddress":null,"servicePrincipalName":null,"#,
            r#""userPrincipalName":null},"actorType":"Application""#,
        );
        assert!(item.contains(actor), "{item}");
        assert!(
            item.contains(r#""activityResultStatus":null,"activityStatus":null"#),
            "{item}"
        );
    }

    #[test]
    fn what_is_not_a_stored_row_is_left_out() {
        assert_eq!(render(b"{}", b"{}"), None);
        assert_eq!(render(b"", b""), None);
    }
}
