//! What a format says of a record once it has read it: the event, its identity, and what decides which content wins.

use crate::formats::{Reading, Told};
use model::content;
use model::event::{Event, Facts};
use model::identity::{EventKey, Rank, Vendor};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// What tells an event from others.
pub(crate) enum Id<'a> {
    /// The vendor's id of it.
    Vendors(String),
    /// Fields, by a recipe with a name and a version: a change of fields or order is a new version. Absent counts as empty,
    /// letters in lower case.
    Fields(&'static str, &'a [Option<&'a str>]),
    /// An identity that the format made itself.
    Key(EventKey),
}

/// A record as a format read it.
pub(crate) struct Telling<'a> {
    /// Whose ids these are.
    pub(crate) vendor: Vendor,
    /// What tells the event from others.
    pub(crate) id: Id<'a>,
    /// When it happened by the vendor's clock; else a sentence that says what the record lacks.
    pub(crate) time: Result<Timestamp, String>,
    /// When the vendor last changed the record.
    pub(crate) updated: Option<Timestamp>,
    /// The directory that the record names by a GUID.
    pub(crate) tenant: Option<TenantId>,
    /// What happened.
    pub(crate) facts: Facts,
    /// The record's members.
    pub(crate) record: &'a Map<String, Value>,
    /// Members at its top that the way of transport added, beyond those of log pipelines.
    pub(crate) is_carriers: fn(&str) -> bool,
}

impl Telling<'_> {
    /// An event; without a time one that counts only if somebody gives it one. No time is part of its identity then.
    pub(crate) fn event(self) -> Reading {
        let kind = self.facts.kind();
        let (key, vendor_id) = match self.id {
            Id::Vendors(id) => (EventKey::from_vendor_id(self.vendor, kind, &id), Some(id)),
            Id::Key(key) => (key, None),
            Id::Fields(recipe, fields) => {
                let time = self.time.as_ref().map(Timestamp::to_string);
                let mut parts = vec![time.unwrap_or_default()];
                parts.extend(
                    fields
                        .iter()
                        .map(|field| field.unwrap_or_default().to_lowercase()),
                );
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                (EventKey::from_fields(recipe, kind, &parts), None)
            }
        };
        let content = content::digest(self.record, self.is_carriers);
        let (time, lacks) = match self.time {
            Ok(time) => (time, None),
            Err(reason) => (Timestamp::from_ticks(0), Some(reason)),
        };
        let told = Box::new(Told {
            event: Event {
                vendor: self.vendor,
                vendor_id,
                time,
                updated: self.updated,
                tenant: self.tenant,
                facts: self.facts,
            },
            key,
            rank: Rank {
                updated: self.updated,
                properties: content.properties,
                digest: content.digest,
            },
        });
        match lacks {
            None => Reading::Event(told),
            Some(reason) => Reading::Undated(told, reason),
        }
    }
}

/// What log pipelines add to any record: `p_…` is Panther's, `@timestamp` and `@version` Logstash's, `@odata.…` the protocol's,
/// `Event…UtcTime` and `PartitionId` Stream Analytics', and names that start with `_` belong to no vendor's record.
pub(crate) fn is_pipelines(name: &str) -> bool {
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
