//! One record's bytes become what they say: parsed, recognised, unwrapped where a log pipeline wrapped it.

use crate::entra::fields::Fields;
use crate::formats::{ALL, FormatDef, Reading};
use crate::{Understanding, Understood};
use serde_json::{Map, Value};

/// Which formats may understand a record.
#[derive(Debug, Clone, Copy)]
pub enum Choice {
    /// The one that recognises it.
    Auto,
    /// This one; what others would understand is rejected.
    Only(&'static FormatDef),
}

/// Members in which log pipelines keep the record that they carry, as an object or as JSON text: Panther, Fluent Bit and
/// Docker (`log`), Splunk (`result._raw`), Logstash and Filebeat (`message`, `event.original`), queues (`body`).
const CARRIERS: &[&str] = &[
    "log",
    "_raw",
    "raw",
    "message",
    "event",
    "event.original",
    "original",
    "body",
    "result",
];

/// `event.original` and `result._raw` are two steps, a wrapper around them a third.
const UNWRAPPED_MAX: u32 = 3;

/// Reads one record, from `{` to `}`. `None` if it is a page without records: that is none.
pub fn understand(choice: Choice, original: Vec<u8>) -> Option<Understanding> {
    let record = match parse(&original) {
        Ok(record) => record,
        Err(reason) => return Some(Understanding::Rejected { reason, original }),
    };
    let formats = match choice {
        Choice::Auto => ALL,
        Choice::Only(ref format) => std::slice::from_ref(format),
    };
    let (format, reading) = match unwrap(formats, &record, 0) {
        Some(found) => found,
        None if is_empty_page(&record) => return None,
        None => {
            let reason = unrecognised(choice, &record);
            return Some(Understanding::Rejected { reason, original });
        }
    };
    Some(match reading {
        Reading::Event(told) => Understanding::Event(Box::new(Understood {
            format: format.id,
            event: told.event,
            key: told.key,
            rank: told.rank,
            original,
        })),
        Reading::Ignored(reason) => Understanding::Ignored { reason },
        Reading::Rejected(reason) => Understanding::Rejected { reason, original },
        Reading::Unrecognised => return None,
    })
}

fn parse(original: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(original).map_err(|error| {
        let at = error.valid_up_to();
        let byte = original.get(at).copied().unwrap_or_default();
        format!(
            "it is not valid UTF-8: byte {byte:#04X} at offset {at} of the record; save the file as UTF-8"
        )
    })?;
    serde_json::from_str(text)
        .map_err(|error| format!("it is not valid JSON: {error} (counted from its start)"))
}

/// The first format that recognises the record or, failing that, a record that it carries.
fn unwrap(
    formats: &[&'static FormatDef],
    record: &Map<String, Value>,
    unwrapped: u32,
) -> Option<(&'static FormatDef, Reading)> {
    for format in formats {
        match (format.read)(record) {
            Reading::Unrecognised => {}
            reading => return Some((format, reading)),
        }
    }
    if unwrapped == UNWRAPPED_MAX {
        return None;
    }
    for name in CARRIERS {
        let Some(carried) = Fields::new(record).object(name) else {
            continue;
        };
        if let Some(found) = unwrap(formats, &carried, unwrapped + 1) {
            return Some(found);
        }
    }
    None
}

/// `{"@odata.context": …, "value": []}` or `{"records": []}`.
fn is_empty_page(record: &Map<String, Value>) -> bool {
    let is_list = |name: &str| name == "value" || name == "records";
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    record
        .iter()
        .any(|(name, value)| is_list(name) && is_empty(value))
        && record.iter().all(|(name, value)| {
            (is_list(name) && is_empty(value)) || name.contains("odata.") || name == "nextLink"
        })
}

fn unrecognised(choice: Choice, record: &Map<String, Value>) -> String {
    let fields = Fields::new(record);
    if let Some(error) = fields.object("error") {
        let error = Fields::new(&error);
        if let (Some(code), Some(message)) = (error.text("code"), error.text("message")) {
            return format!(
                "it is an error answer, not a record: {} ({})",
                shorten(&message),
                shorten(&code)
            );
        }
    }
    let names: Vec<String> = record
        .keys()
        .take(8)
        .map(|name| format!("`{}`", shorten(name)))
        .collect();
    let members = if names.is_empty() {
        "it has no members".to_owned()
    } else {
        format!("it has {}", names.join(", "))
    };
    match choice {
        Choice::Auto => {
            let wanted: Vec<String> = ALL
                .iter()
                .map(|format| format!("{} ({})", format.looks_for, format.id))
                .collect();
            format!(
                "no format recognises it: looked for {}; {members}",
                wanted.join("; ")
            )
        }
        Choice::Only(format) => {
            let other = unwrap(ALL, record, 0).map_or(String::new(), |(other, _)| {
                format!(
                    "; it looks like {}: choose the format {} or auto",
                    other.title, other.id
                )
            });
            format!(
                "it is no {}: looked for {}; {members}{other}",
                format.title, format.looks_for
            )
        }
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(120).collect()
}
