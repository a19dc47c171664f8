//! The ways in which programs write a Windows event down as JSON: as its XML has it, as Winlogbeat does, as NXLog does.

use super::{AuditOutcome, WindowsEvent};
use crate::fields::{Fields, as_text};
use serde_json::{Map, Value};

/// The event that a record tells; `None` if it has none of the shapes.
pub(super) fn read(record: &Map<String, Value>) -> Option<WindowsEvent> {
    as_xml(record)
        .or_else(|| as_winlogbeat(record))
        .or_else(|| as_nxlog(record))
}

/// `{"Event":{"System":…,"EventData":…}}`, as our own readers and the common tools for EVTX files write it. The tools differ in
/// where attributes stand: in `#attributes`, after an `@`, or as members.
fn as_xml(record: &Map<String, Value>) -> Option<WindowsEvent> {
    let fields = Fields::new(record);
    let inner = fields.object("Event");
    let event = Fields::new(inner.as_deref().unwrap_or(record));
    let system = event.object("System")?;
    let system = Fields::new(&system);
    let id = value_of(system.get("EventID")?)?.trim().parse().ok()?;
    let time = attribute(system.get("TimeCreated"), "SystemTime");
    let keywords = system.get("Keywords").and_then(value_of);
    let mut read = WindowsEvent {
        id,
        provider: attribute(system.get("Provider"), "Name"),
        channel: system.get("Channel").and_then(value_of),
        computer: system.get("Computer").and_then(value_of),
        record_id: system.get("EventRecordID").and_then(value_of),
        time: time.map(|text| parse_time(&text)),
        outcome: keywords.and_then(|keywords| outcome_of_number(&keywords)),
        ..WindowsEvent::default()
    };
    if let Some(data) = event.get("EventData") {
        take_event_data(data, &mut read);
    }
    if let Some(Value::Object(data)) = event.get("UserData") {
        // One element of the provider's own, whose members are the data.
        for value in data.values() {
            take_event_data(value, &mut read);
        }
    }
    let rendering = event.object("RenderingInfo");
    read.message = rendering.and_then(|rendering| Fields::new(&rendering).text("Message"));
    Some(read)
}

/// Winlogbeat since 7 (`winlog.…`, also with dots in the names) and before it (`event_id`, `log_name` …).
/// <https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog>
fn as_winlogbeat(record: &Map<String, Value>) -> Option<WindowsEvent> {
    let fields = Fields::new(record);
    let dotted = || {
        let members: Map<String, Value> = record
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("winlog.")?.to_owned(), value.clone())))
            .collect();
        (!members.is_empty()).then_some(members)
    };
    let inner = match fields.object("winlog") {
        Some(inner) => Some(inner.into_owned()),
        None => dotted(),
    };
    let is_new = inner.is_some();
    let winlog = Fields::new(inner.as_ref().unwrap_or(record));
    if !is_new && (winlog.get("log_name").is_none() || winlog.get("source_name").is_none()) {
        return None;
    }
    let id = winlog.integer("event_id")?;
    let keywords = winlog.list("keywords");
    let has = |word: &str| {
        keywords
            .iter()
            .any(|keyword| keyword.as_str().is_some_and(|own| own.eq_ignore_ascii_case(word)))
    };
    // The words come in the language of the machine; ECS has them in English.
    let ecs = fields
        .object("event")
        .and_then(|event| Fields::new(&event).text("outcome"));
    let ecs = ecs.or_else(|| fields.text("event.outcome"));
    let outcome = match ecs.as_deref() {
        _ if has("Audit Failure") => Some(AuditOutcome::Failure),
        _ if has("Audit Success") => Some(AuditOutcome::Success),
        Some("failure") => Some(AuditOutcome::Failure),
        Some("success") => Some(AuditOutcome::Success),
        _ => None,
    };
    let time = winlog.text("time_created").or_else(|| fields.text("@timestamp"));
    let mut read = WindowsEvent {
        id,
        provider: winlog.first_text(&["provider_name", "source_name"]),
        channel: winlog.first_text(&["channel", "log_name"]),
        computer: winlog.text("computer_name"),
        record_id: winlog.first_text(&["record_id", "record_number"]),
        time: time.map(|text| parse_time(&text)),
        outcome,
        message: fields.text("message"),
        ..WindowsEvent::default()
    };
    for name in ["event_data", "user_data"] {
        if let Some(data) = winlog.object(name) {
            take_event_data(&Value::Object(data.into_owned()), &mut read);
        }
        let dotted = format!("{name}.");
        if !is_new {
            continue;
        }
        for (name, value) in inner.iter().flatten() {
            if let Some(name) = name.strip_prefix(&dotted) {
                put(&mut read, name, value);
            }
        }
    }
    // Data without names are `param1`, `param2` … there.
    let mut number = 1;
    while let Some(Value::String(text)) = read.data.remove(&format!("param{number}")) {
        read.unnamed.push(text);
        number += 1;
    }
    Some(read)
}

/// NXLog's `im_msvistalog` with `to_json`: the system's members and the data stand beside each other.
/// <https://docs.nxlog.co/refman/current/im/msvistalog.html>
fn as_nxlog(record: &Map<String, Value>) -> Option<WindowsEvent> {
    /// What NXLog says of an event beside the event's own data.
    const ABOUT: &[&str] = &[
        "EventID",
        "Channel",
        "SourceName",
        "Hostname",
        "RecordNumber",
        "EventTime",
        "EventType",
        "Keywords",
        "SeverityValue",
        "Severity",
        "ProviderGuid",
        "Version",
        "TaskValue",
        "Task",
        "OpcodeValue",
        "Opcode",
        "Level",
        "ActivityID",
        "RelatedActivityID",
        "ExecutionProcessID",
        "ExecutionThreadID",
        "ProcessID",
        "ThreadID",
        "Message",
        "Category",
        "EventReceivedTime",
        "SourceModuleName",
        "SourceModuleType",
        "Domain",
        "AccountName",
        "UserID",
        "AccountType",
        "MessageSourceAddress",
        "tag",
        "host",
    ];
    let fields = Fields::new(record);
    let id = fields.integer("EventID")?;
    let channel = fields.text("Channel")?;
    let provider = fields.text("SourceName")?;
    let outcome = match fields.text("EventType").as_deref() {
        Some("AUDIT_SUCCESS") => Some(AuditOutcome::Success),
        Some("AUDIT_FAILURE") => Some(AuditOutcome::Failure),
        _ => fields
            .text("Keywords")
            .and_then(|keywords| outcome_of_number(&keywords)),
    };
    let mut read = WindowsEvent {
        id,
        provider: Some(provider),
        channel: Some(channel),
        computer: fields.text("Hostname"),
        record_id: fields.text("RecordNumber"),
        time: fields.text("EventTime").map(|text| parse_time(&text)),
        outcome,
        message: fields.text("Message"),
        ..WindowsEvent::default()
    };
    for (name, value) in record {
        if !ABOUT.contains(&name.as_str()) && !crate::telling::is_pipelines(name) {
            put(&mut read, name, value);
        }
    }
    Some(read)
}

fn parse_time(text: &str) -> Result<model::time::Timestamp, String> {
    model::time::Timestamp::parse_vendor(text).map_err(|error| error.text)
}

/// The text of an element: itself, or `#text` beside its attributes.
fn value_of(value: &Value) -> Option<String> {
    match value {
        Value::Object(members) => ["#text", "Value", "$"]
            .iter()
            .find_map(|name| as_text(members.get(*name)?)),
        other => as_text(other),
    }
}

/// An attribute of an element.
fn attribute(value: Option<&Value>, name: &str) -> Option<String> {
    match value? {
        Value::Object(members) => {
            let own = members
                .get("#attributes")
                .and_then(Value::as_object)
                .unwrap_or(members);
            [name.to_owned(), format!("@{name}"), format!("-{name}")]
                .iter()
                .find_map(|name| as_text(own.get(name)?))
        }
        other => as_text(other),
    }
}

/// Takes the members of `EventData`: names and values, or the list `Data` of what has names or none.
fn take_event_data(data: &Value, read: &mut WindowsEvent) {
    let Value::Object(members) = data else {
        return take_data(data, read);
    };
    for (name, value) in members {
        match name.as_str() {
            "Data" => take_data(value, read),
            "#attributes" | "#text" => {}
            _ if name.starts_with(['@', '-']) => {}
            _ => put(read, name, value),
        }
    }
}

fn take_data(data: &Value, read: &mut WindowsEvent) {
    match data {
        Value::Array(items) => items.iter().for_each(|item| take_data(item, read)),
        Value::Object(members) => {
            if let Some(name) = attribute(Some(data), "Name") {
                let value = value_of(data).map_or(Value::Null, Value::from);
                put(read, &name, &value);
            } else if let Some(text) = members.get("#text") {
                take_data(text, read);
            }
        }
        other => read.unnamed.extend(as_text(other)),
    }
}

/// `-` is how Windows writes that there is nothing.
fn put(read: &mut WindowsEvent, name: &str, value: &Value) {
    let text = match value {
        Value::Object(members) if members.contains_key("#text") => value_of(value),
        other => as_text(other),
    };
    let Some(text) = text else { return };
    if !matches!(text.trim(), "" | "-") {
        read.data.insert(name.to_owned(), Value::from(text));
    }
}

/// The bits of the keywords: in hexadecimal as in XML, or in decimal.
fn outcome_of_number(keywords: &str) -> Option<AuditOutcome> {
    const FAILURE: u64 = 0x0010_0000_0000_0000;
    const SUCCESS: u64 = 0x0020_0000_0000_0000;
    let keywords = keywords.trim();
    let number = match keywords.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => match keywords.parse::<u64>() {
            Ok(number) => number,
            // Some write it as a number with a sign.
            Err(_) => keywords.parse::<i64>().ok()? as u64,
        },
    };
    match (number & FAILURE != 0, number & SUCCESS != 0) {
        (true, _) => Some(AuditOutcome::Failure),
        (false, true) => Some(AuditOutcome::Success),
        (false, false) => None,
    }
}
