//! What the three shapes of Entra records have in common: the same members, spelled and packed differently.

pub(crate) mod audit;
mod identity;
pub(crate) mod logs;
mod provisioning;
mod risk;
pub(crate) mod sign_in;

use crate::fields::Fields;
use crate::formats::{Reading, Told};
use crate::telling::is_pipelines;
use model::content;
use model::event::{Audit, Event, Facts, SignIn};
use model::identity::{EventKey, Rank, Vendor};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// How a record is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The members stand in the record.
    Graph,
    /// The members stand in `properties`.
    AzureMonitor,
    /// The members are columns in PascalCase.
    LogAnalytics,
}

/// Members that say when the vendor last changed the record.
const UPDATED: &[&str] = &[
    "lastModifiedDateTime",
    "lastUpdatedDateTime",
    "riskLastUpdatedDateTime",
];

/// An event from what was read of a sign-in.
pub(crate) fn read_sign_in(
    shape: Shape,
    record: &Map<String, Value>,
    read: Result<SignIn, String>,
) -> Reading {
    let sign_in = match read {
        Ok(sign_in) => sign_in,
        Err(reason) => return Reading::Rejected(reason),
    };
    tell(shape, record, Facts::SignIn(Box::new(sign_in)))
}

/// An event from what was read of an audit.
pub(crate) fn read_audit(shape: Shape, record: &Map<String, Value>, audit: Audit) -> Reading {
    tell(shape, record, Facts::Audit(Box::new(audit)))
}

fn tell(shape: Shape, record: &Map<String, Value>, facts: Facts) -> Reading {
    let envelope = Fields::new(record);
    let properties = if shape == Shape::AzureMonitor {
        envelope.object("properties")
    } else {
        None
    };
    let members = properties.as_deref().map_or(envelope, Fields::new);
    let dated = match event_time(shape, &facts, members, envelope) {
        Ok(dated) => dated,
        Err(reason) => return Reading::Rejected(reason),
    };
    let time = dated.time;
    let updated = UPDATED.iter().find_map(|name| members.time(name)?.ok());
    // The id in a record about somebody's state is theirs, not the event's.
    let vendor_id = match facts {
        Facts::RiskState(_) => None,
        _ => members.text("id"),
    };
    let content = content::digest(record, is_carrier(shape));
    let key = match &vendor_id {
        Some(id) => EventKey::from_vendor_id(Vendor::Entra, facts.kind(), id),
        None => identity::from_facts(shape, time, &facts),
    };
    let tenant = tenant(shape, members, envelope);
    Reading::Event(Box::new(Told {
        event: Event {
            vendor: Vendor::Entra,
            vendor_id,
            time,
            updated,
            tenant,
            facts,
        },
        key,
        rank: Rank {
            updated,
            // A record that knows when it happened wins over one that only knows when it was received.
            properties: match dated.by {
                DatedBy::Vendor => content.properties,
                DatedBy::Workspace => 0,
            },
            digest: content.digest,
        },
    }))
}

/// When an event happened, and who says so.
struct Dated {
    time: Timestamp,
    by: DatedBy,
}

/// Who says when an event happened.
#[derive(Clone, Copy)]
enum DatedBy {
    /// The vendor.
    Vendor,
    /// The workspace, which wrote down when it was received.
    Workspace,
}

/// The vendor's time of the event, else (Azure Monitor) the record's own `time`. Never when it was received, but for one
/// table: AADProvisioningLogs has no other time.
fn event_time(
    shape: Shape,
    facts: &Facts,
    members: Fields<'_>,
    envelope: Fields<'_>,
) -> Result<Dated, String> {
    let own = own_times(facts);
    let mut times: Vec<(Fields<'_>, &str, DatedBy)> =
        own.iter().map(|name| (members, *name, DatedBy::Vendor)).collect();
    let mut also = "";
    let mut received = "";
    match (shape, facts) {
        (Shape::AzureMonitor, _) => {
            times.push((envelope, "time", DatedBy::Vendor));
            also = " and no `time`";
        }
        (Shape::LogAnalytics, Facts::Provisioning(_)) => {
            times.push((envelope, "TimeGenerated", DatedBy::Workspace));
            also = " and no `TimeGenerated`";
        }
        (Shape::LogAnalytics, _) => received = "; `TimeGenerated` is when it was received",
        (Shape::Graph, _) => {}
    }
    let mut unreadable = None;
    for (fields, name, by) in times {
        match fields.time(name) {
            Some(Ok(time)) => return Ok(Dated { time, by }),
            Some(Err(text)) => unreadable = unreadable.or(Some((name, text))),
            None => {}
        }
    }
    if let Some((name, text)) = unreadable {
        return Err(format!(
            "its `{name}` is `{text}`, which is no time that can be read (such as 2017-05-17T12:00:00Z)"
        ));
    }
    let own = own.first().copied().unwrap_or_default();
    Err(format!(
        "it does not say when it happened: it has no `{own}`{also}{received}; export that too"
    ))
}

/// The members with the vendor's time of the event, the first one first. A verdict that is linked to a sign-in has the
/// sign-in's time; one about a person or an application has no activity, and the time when it was detected.
fn own_times(facts: &Facts) -> &'static [&'static str] {
    match facts {
        Facts::SignIn(_) => &["createdDateTime"],
        Facts::Audit(_) | Facts::Provisioning(_) => &["activityDateTime"],
        Facts::RiskDetection(detection) => {
            let linked_to = detection.linked_to.as_deref().unwrap_or_default();
            let is_of_somebody = ["user", "servicePrincipal"]
                .iter()
                .any(|word| word.eq_ignore_ascii_case(linked_to));
            if is_of_somebody {
                &["detectedDateTime", "activityDateTime"]
            } else {
                &["activityDateTime", "detectedDateTime"]
            }
        }
        Facts::RiskState(_) => &["riskLastUpdatedDateTime"],
        // No record of Entra's is one.
        Facts::Finding(_) => &[],
    }
}

/// The directory, if the record names it by a GUID. The Log Analytics column `TenantId` is the workspace.
fn tenant(shape: Shape, members: Fields<'_>, envelope: Fields<'_>) -> Option<TenantId> {
    let by_name = |fields: Fields<'_>, name: &str| TenantId::parse(fields.text(name)?.trim());
    let named = if shape == Shape::LogAnalytics {
        None
    } else {
        by_name(envelope, "tenantId")
    };
    named
        .or_else(|| by_name(envelope, "AADTenantId"))
        .or_else(|| {
            if shape == Shape::AzureMonitor {
                by_name(members, "tenantId")
            } else {
                None
            }
        })
        .or_else(|| tenant_of_path(&envelope.text("resourceId")?))
}

/// `/tenants/<guid>/providers/Microsoft.aadiam`
fn tenant_of_path(path: &str) -> Option<TenantId> {
    let mut segments = path.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case("tenants"))?;
    TenantId::parse(segments.next()?)
}

/// Members that the way of transport adds to a record: they differ each time the same event is delivered.
fn is_carrier(shape: Shape) -> fn(&str) -> bool {
    match shape {
        Shape::Graph | Shape::AzureMonitor => is_pipelines,
        Shape::LogAnalytics => is_workspaces,
    }
}

/// What a workspace adds to each of its rows; `_ResourceId`, `_ItemId`, `_BilledSize` … start with `_`.
fn is_workspaces(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "TenantId",
        "SourceSystem",
        "Type",
        "MG",
        "ManagementGroupName",
        "Computer",
    ];
    is_pipelines(name) || NAMES.contains(&name)
}
