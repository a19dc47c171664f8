//! What the three shapes of Entra records have in common: the same members, spelled and packed differently.

pub(crate) mod address;
pub(crate) mod audit;
pub(crate) mod fields;
mod identity;
pub(crate) mod sign_in;

use crate::formats::{Reading, Told};
use fields::Fields;
use model::content;
use model::event::{Audit, Event, Facts, SignIn};
use model::identity::{Kind, Rank, Vendor};
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
    let time = match event_time(shape, &facts, members, envelope) {
        Ok(time) => time,
        Err(reason) => return Reading::Rejected(reason),
    };
    let updated = UPDATED.iter().find_map(|name| members.time(name)?.ok());
    let vendor_id = members.text("id");
    let content = content::digest(record, is_carrier(shape));
    let kind = match &facts {
        Facts::SignIn(_) => Kind::SignIn,
        Facts::Audit(_) => Kind::Audit,
    };
    let key = match &vendor_id {
        Some(id) => model::identity::EventKey::from_vendor_id(Vendor::Entra, kind, id),
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
            properties: content.properties,
            digest: content.digest,
        },
    }))
}

/// The vendor's time of the event, else (Azure Monitor) the record's own `time`; never when it was received.
fn event_time(
    shape: Shape,
    facts: &Facts,
    members: Fields<'_>,
    envelope: Fields<'_>,
) -> Result<Timestamp, String> {
    let own = match facts {
        Facts::SignIn(_) => "createdDateTime",
        Facts::Audit(_) => "activityDateTime",
    };
    let record_time = (shape == Shape::AzureMonitor).then_some((envelope, "time"));
    let mut unreadable = None;
    for (fields, name) in [(members, own)].into_iter().chain(record_time) {
        match fields.time(name) {
            Some(Ok(time)) => return Ok(time),
            Some(Err(text)) => unreadable = unreadable.or(Some((name, text))),
            None => {}
        }
    }
    let also = if record_time.is_some() {
        " and no `time`"
    } else {
        ""
    };
    let received = if shape == Shape::LogAnalytics {
        "; `TimeGenerated` is when it was received"
    } else {
        ""
    };
    Err(match unreadable {
        Some((name, text)) => format!(
            "its `{name}` is `{text}`, which is no time that can be read (such as 2017-05-17T12:00:00Z)"
        ),
        None => {
            format!("it does not say when it happened: it has no `{own}`{also}{received}; export that too")
        }
    })
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

/// `p_…` is Panther's, `@timestamp` and `@version` Logstash's, `@odata.…` the protocol's, `Event…UtcTime` and
/// `PartitionId` Stream Analytics', and names that start with `_` belong to no vendor's record.
fn is_pipelines(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "@timestamp",
        "@version",
        "TimeGenerated",
        "EventProcessedUtcTime",
        "EventEnqueuedUtcTime",
        "PartitionId",
    ];
    name.starts_with("p_") || name.starts_with('_') || name.starts_with("@odata.") || NAMES.contains(&name)
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
