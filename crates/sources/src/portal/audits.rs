//! Audit logs: AuditLogs. They have no id, so a row of the CSV and the record of the JSON download are two events.

use super::As::{Text, Words};
use super::{As, Cells, put_all};
use crate::formats::{Reading, read_as_graph};
use serde_json::{Map, Value, json};

/// The columns, and the property of Graph's `directoryAudit` that each is.
///
/// Headings as seen in the heading line that a public converter of `AuditLogs_2024-11-09.csv` to Timesketch quotes in full;
/// github.com/bitpusher2k/M365IRScripts, `03-ProcessEntraAuditLog.ps1` of May 2024, lists the same columns in the same order.
const COLUMNS: &[(&str, &str, As)] = &[
    ("Date (UTC)", "activityDateTime", Text),
    ("CorrelationId", "correlationId", Text),
    ("Service", "loggedByService", Text),
    ("Category", "category", Text),
    ("Activity", "activityDisplayName", Text),
    ("Result", "result", Words(RESULTS)),
    ("ResultReason", "resultReason", Text),
    ("User Agent", "userAgent", Text),
];

const RESULTS: &[(&str, &str)] = &[
    ("Success", "success"),
    ("Failure", "failure"),
    ("Timeout", "timeout"),
];

const USER: &[(&str, &str, As)] = &[
    ("ActorObjectId", "id", Text),
    ("ActorDisplayName", "displayName", Text),
    ("ActorUserPrincipalName", "userPrincipalName", Text),
    ("IPAddress", "ipAddress", Text),
    ("ActorHomeTenantId", "homeTenantId", Text),
    ("ActorHomeTenantName", "homeTenantName", Text),
];

const APPLICATION: &[(&str, &str, As)] = &[
    ("ActorDisplayName", "displayName", Text),
    ("ActorServicePrincipalId", "servicePrincipalId", Text),
    // Where the former is empty.
    ("ActorObjectId", "servicePrincipalId", Text),
    ("ActorServicePrincipalName", "servicePrincipalName", Text),
    ("IPAddress", "ipAddress", Text),
];

/// `Target1…` to `Target3…`, each with `ModifiedProperty1…` to `ModifiedProperty5…`; `AdditionalDetail1…` to
/// `AdditionalDetail6…`. Read as far as there are columns.
const NUMBERED_MAX: usize = 20;

pub(super) fn is_row(row: Cells<'_>) -> bool {
    let beside = ["ActorType", "CorrelationId", "Service", "Target1Type"];
    row.has("Date (UTC)") && row.has("Activity") && beside.iter().any(|name| row.has(name))
}

pub(super) fn read(row: Cells<'_>) -> Reading {
    read_as_graph(&converted(row))
}

fn converted(row: Cells<'_>) -> Map<String, Value> {
    let mut record = Map::new();
    put_all(row, COLUMNS, &mut record);
    // Without an activity it is still an audit, and says what it lacks.
    record.entry("activityDateTime").or_insert_with(|| "-".into());
    record
        .entry("activityDisplayName")
        .or_insert_with(|| "(no activity)".into());
    let (name, columns) = if is_application(row) {
        ("app", APPLICATION)
    } else {
        ("user", USER)
    };
    let mut actor = Map::new();
    put_all(row, columns, &mut actor);
    if !actor.is_empty() {
        record.insert("initiatedBy".to_owned(), json!({ name: actor }));
    }
    let targets: Vec<Value> = numbered(|number| target(row, number));
    if !targets.is_empty() {
        record.insert("targetResources".to_owned(), targets.into());
    }
    let details: Vec<Value> = numbered(|number| {
        let key = format!("AdditionalDetail{number}Key");
        let value = format!("AdditionalDetail{number}Value");
        row.has(&key)
            .then(|| pair(row, &[("key", &key), ("value", &value)]))
    });
    if !details.is_empty() {
        record.insert("additionalDetails".to_owned(), details.into());
    }
    record
}

fn is_application(row: Cells<'_>) -> bool {
    let word = row.text("ActorType").unwrap_or_default().to_ascii_lowercase();
    if word.contains("user") || row.text("ActorUserPrincipalName").is_some() {
        return false;
    }
    word.contains("app") || word.contains("service") || row.text("ActorServicePrincipalId").is_some()
}

fn target(row: Cells<'_>, number: usize) -> Option<Map<String, Value>> {
    let column = |name: &str| format!("Target{number}{name}");
    if !row.has(&column("Type")) && !row.has(&column("ObjectId")) {
        return None;
    }
    let (kind, id) = (column("Type"), column("ObjectId"));
    let (display_name, principal_name) = (column("DisplayName"), column("UserPrincipalName"));
    let mut target = pair(
        row,
        &[
            ("id", &id),
            ("displayName", &display_name),
            ("type", &kind),
            ("userPrincipalName", &principal_name),
        ],
    );
    let modified = numbered(|property| {
        let column = |name: &str| format!("Target{number}ModifiedProperty{property}{name}");
        let (name, old, new) = (column("Name"), column("OldValue"), column("NewValue"));
        row.has(&name).then(|| {
            pair(
                row,
                &[("displayName", &name), ("oldValue", &old), ("newValue", &new)],
            )
        })
    });
    if !modified.is_empty() {
        target.insert("modifiedProperties".to_owned(), modified.into());
    }
    Some(target)
}

/// The cells that say something, by the names of members.
fn pair(row: Cells<'_>, members: &[(&str, &str)]) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, heading) in members {
        if let Some(cell) = row.text(heading) {
            object.insert((*name).to_owned(), cell.into());
        }
    }
    object
}

/// What numbered columns say, from 1 on, without those that say nothing.
fn numbered(mut read: impl FnMut(usize) -> Option<Map<String, Value>>) -> Vec<Value> {
    let mut found = Vec::new();
    for number in 1..=NUMBERED_MAX {
        let Some(object) = read(number) else { break };
        if !object.is_empty() {
            found.push(Value::Object(object));
        }
    }
    found
}
