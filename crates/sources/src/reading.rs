//! One record's bytes become what they say: parsed, recognised, unwrapped where a log pipeline wrapped it.

use crate::carriers::{self, CarrierDef};
use crate::fields::Fields;
use crate::formats::{ALL, FormatDef, Reading, Told};
use crate::line::{self, Line};
use crate::mapping::{self, Mapping};
use crate::portal;
use crate::table::{self, Expected, Sniffer, Sort, TableReader};
use crate::{Limits, Understanding};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Which formats may understand a record.
#[derive(Debug, Clone)]
pub enum Choice {
    /// The one that recognises it.
    Auto,
    /// This one; what others would understand is rejected.
    Only(&'static FormatDef),
    /// What a mapping file says.
    Mapped(Arc<Mapping>),
}

/// What a parsed record is.
pub(crate) enum Judged {
    /// It tells an event, as the named format understood it.
    Event(&'static str, Told),
    /// It is understood and none of our business.
    Ignored(String),
    /// It is not understood.
    Rejected(String),
    /// It is a page without records.
    NoRecord,
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

/// Reads one record: an object from `{` to `}`, or a row of a table with the row of its headings before it. `None` if it
/// is a page without records: that is none.
pub fn understand(choice: &Choice, original: Vec<u8>) -> Option<Understanding> {
    if original.first().is_some_and(|byte| *byte != b'{') {
        return understand_row(choice, original);
    }
    understand_object(choice, original)
}

pub(crate) fn understand_object(choice: &Choice, original: Vec<u8>) -> Option<Understanding> {
    let record = match parse(&original) {
        Ok(record) => record,
        Err(reason) => return Some(Understanding::Rejected { reason, original }),
    };
    Some(match judge(choice, &record) {
        Judged::Event(format, told) => Understanding::of_event(format, told, original),
        Judged::Ignored(reason) => Understanding::Ignored { reason },
        Judged::Rejected(reason) => Understanding::Rejected { reason, original },
        Judged::NoRecord => return None,
    })
}

/// A row that was kept with its headings, or what a carrier had brought.
fn understand_row(choice: &Choice, original: Vec<u8>) -> Option<Understanding> {
    let expected = match choice {
        Choice::Mapped(_) => Expected::Table,
        _ => Expected::Anything,
    };
    let mut sniffer = Sniffer::new(expected);
    let knows = |names: &[String]| knows_headings(choice, names);
    let sort = sniffer
        .push(&original, knows)
        .unwrap_or_else(|| sniffer.finish(knows));
    let mut records = Vec::new();
    let delimiter = match sort {
        Sort::Table { delimiter } => delimiter,
        Sort::Carried(carrier) => return carried(carrier, choice, &original),
        Sort::Json => {
            // A line that stood in the middle of a log may look like nothing by itself.
            let line = carried(&carriers::lines::DEF, choice, &original);
            if let Some(Understanding::Event(_)) = line {
                return line;
            }
            return understand_object(choice, original);
        }
    };
    let mut reader = TableReader::new(Limits::default(), delimiter);
    reader.push(choice, &original, &mut records);
    reader.finish(choice, &mut records);
    records.into_iter().next().map(|record| record.understanding)
}

fn carried(carrier: &CarrierDef, choice: &Choice, original: &[u8]) -> Option<Understanding> {
    let mut records = Vec::new();
    let mut reader = (carrier.open)(Limits::default());
    reader.push(choice, original, &mut records);
    reader.finish(choice, &mut records);
    records.into_iter().next().map(|record| record.understanding)
}

/// The members of a record whose original is given: an object, or a row with its headings. `None` for what is neither.
pub fn members(original: &[u8]) -> Option<Map<String, Value>> {
    if original.first() == Some(&b'{') {
        return parse(original).ok();
    }
    table::members(original)
}

/// What a parsed record is, as far as the choice understands it.
pub(crate) fn judge(choice: &Choice, record: &Map<String, Value>) -> Judged {
    recognise(choice, record).unwrap_or_else(|| {
        if is_empty_page(record) {
            Judged::NoRecord
        } else {
            Judged::Rejected(unrecognised(choice, record))
        }
    })
}

/// What a parsed record is; `None` if the choice does not know it.
pub(crate) fn recognise(choice: &Choice, record: &Map<String, Value>) -> Option<Judged> {
    let formats = match choice {
        Choice::Auto => ALL,
        Choice::Only(format) => std::slice::from_ref(format),
        Choice::Mapped(mapping) => return Some(judged(mapping::FORMAT, mapping.read(record))),
    };
    unwrap(formats, record, 0)
        .map(|(format, reading)| judged(format.id, reading))
        .or_else(|| of_line(formats, record))
}

/// What the line is that a record carries: one of journald, or what a log pipeline made of a line.
fn of_line(formats: &[&'static FormatDef], record: &Map<String, Value>) -> Option<Judged> {
    if Line::of(record).is_some() {
        return None;
    }
    let of = |record: &Map<String, Value>| {
        let (format, reading) = unwrap(formats, record, UNWRAPPED_MAX)?;
        Some(judged(format.id, reading))
    };
    if let Some(carried) = line::of_journal(record) {
        let program = Line::of(&carried).and_then(|line| line.program);
        let nobodys = || Judged::Ignored(line::nobodys(line::program_word(program)));
        return Some(of(&carried).unwrap_or_else(nobodys));
    }
    let found = line::of_wrapper(record).and_then(|carried| of(&carried));
    let nobodys = || line::is_dockers(record).then(|| Judged::Ignored(line::nobodys(Some("a container"))));
    found.or_else(nobodys)
}

fn judged(format: &'static str, reading: Reading) -> Judged {
    match reading {
        Reading::Event(told) => Judged::Event(format, *told),
        Reading::Ignored(reason) => Judged::Ignored(reason),
        Reading::Rejected(reason) => Judged::Rejected(reason),
        Reading::Unrecognised => Judged::NoRecord,
    }
}

/// Whether rows under such headings would be recognised, whatever stands in them.
pub(crate) fn knows_headings(choice: &Choice, names: &[String]) -> bool {
    let formats = match choice {
        Choice::Auto => ALL,
        Choice::Only(format) => std::slice::from_ref(format),
        Choice::Mapped(mapping) => return mapping.knows_headings(names),
    };
    unwrap(formats, &dummy(names), UNWRAPPED_MAX).is_some()
}

/// A row that says something under each heading.
fn dummy(names: &[String]) -> Map<String, Value> {
    names
        .iter()
        .map(|name| (name.clone(), Value::from("x")))
        .collect()
}

/// The headings that would be understood, for the message when none are.
pub(crate) fn wanted_headings(choice: &Choice, names: &[String]) -> String {
    match choice {
        Choice::Auto => portal::HEADINGS_WANTED.to_owned(),
        Choice::Only(format) => match unwrap(ALL, &dummy(names), UNWRAPPED_MAX) {
            Some((other, _)) => format!(
                "{}; they are those of a {}: choose the format {} or auto",
                format.looks_for, other.title, other.id
            ),
            None => format!("{}; {}", format.looks_for, portal::IN_ENGLISH),
        },
        Choice::Mapped(mapping) => mapping.headings_wanted(),
    }
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

fn unrecognised(choice: &Choice, record: &Map<String, Value>) -> String {
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
            let mut wanted: Vec<String> = Vec::new();
            for format in ALL {
                // Formats that differ in what they make of a record are told once.
                if !wanted.iter().any(|told| told.starts_with(format.looks_for)) {
                    wanted.push(format!("{} ({})", format.looks_for, format.id));
                }
            }
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
        Choice::Mapped(_) => format!("the mapping knows no such record; {members}"),
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(120).collect()
}
