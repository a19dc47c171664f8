//! Azure Monitor: the diagnostic records of Entra ID, as storage accounts and event hubs deliver them.

use super::{FormatDef, Reading};
use crate::entra::{Shape, audit, logs, read_audit, read_sign_in, sign_in};
use crate::fields::Fields;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "entra-azure-monitor",
    title: "Azure Monitor diagnostic record of Entra ID",
    about: "What the diagnostic settings of Entra ID send to a storage account or an event hub, also through log \
            pipelines that change the case of names.",
    looks_for: "`category` with `properties`, or with `time` and `operationName`",
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    let envelope = Fields::new(record);
    let Some(category) = envelope.text("category") else {
        return Reading::Unrecognised;
    };
    let properties = envelope.object("properties");
    let is_record =
        properties.is_some() || (envelope.get("time").is_some() && envelope.get("operationName").is_some());
    if !is_record {
        return Reading::Unrecognised;
    }
    let is_flat = properties.is_none();
    let properties = properties.unwrap_or_else(|| Cow::Owned(Map::new()));
    let facts = Fields::new(&properties);
    if let Some(kind) = sign_in::kind_of_category(&category) {
        return read_sign_in(Shape::AzureMonitor, record, sign_in::read(facts, envelope, kind));
    }
    if let Some(log) = logs::of_category(&category) {
        let facts = if is_flat { envelope } else { facts };
        return logs::read(log, Shape::AzureMonitor, record, facts, envelope);
    }
    // Pipelines that flatten logs put the audit's own category where that of the log was.
    let is_audit = category.eq_ignore_ascii_case(audit::LOG) || facts.get("activityDisplayName").is_some();
    if is_audit {
        return read_audit(Shape::AzureMonitor, record, audit::read(facts, envelope));
    }
    let category: String = category.chars().take(80).collect();
    Reading::Ignored(format!("Azure Monitor category `{category}` fills no report yet"))
}
