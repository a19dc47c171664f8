//! One record's bytes become what they say: parsed, recognised, unwrapped where a log pipeline wrapped it.

use crate::carriers::{self, CarrierDef};
use crate::fields::Fields;
use crate::formats::{self, ALL, FormatDef, Reading, Told};
use crate::line::{self, Line};
use crate::mapping::{self, Mapping};
use crate::mim::{self, Part};
use crate::table::{self, Expected, Sniffer, Sort, TableReader};
use crate::{Limits, Understanding};
use crate::{given, others, portal, several};
use model::batch::FragmentDraft;
use model::time::Timestamp;
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
    /// It tells an event of the named format, and not when it happened (the reason).
    Undated(&'static str, Box<Told>, String),
    /// It is a part of a record of the named format.
    Fragment(&'static str, Part),
    /// It is understood and none of our business.
    Ignored(String),
    /// It is not understood.
    Rejected(String),
    /// It is a page without records.
    NoRecord,
}

impl Judged {
    /// What becomes of the record; `None` if it is none. `original` gives what is kept of it.
    pub(crate) fn understanding(self, original: impl FnOnce() -> Vec<u8>) -> Option<Understanding> {
        Some(match self {
            Judged::Event(format, told) => Understanding::of_event(format, told, original()),
            Judged::Fragment(format, part) => Understanding::Fragment(Box::new(FragmentDraft {
                format,
                whole: part.whole,
                part: part.number,
                parts: part.count,
                original: original(),
            })),
            Judged::Ignored(reason) => Understanding::Ignored { reason },
            Judged::Rejected(reason) | Judged::Undated(_, _, reason) => Understanding::Rejected {
                reason,
                original: original(),
            },
            Judged::NoRecord => return None,
        })
    }
}

/// Members in which log pipelines keep the record that they carry, as an object or as JSON text: Panther, Fluent Bit and
/// Docker (`log`), Splunk (`result._raw`), Logstash and Filebeat (`message`, `event.original`), queues (`body`), EventBridge (`detail`).
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
    "detail",
];

/// `event.original` and `result._raw` are two steps, a wrapper around them a third.
const UNWRAPPED_MAX: u32 = 3;

/// A page holds activities, an activity events: nothing is taken apart a third time.
const TAKEN_APART_MAX: u32 = 2;

/// Reads one record: an object from `{` to `}`, or a row of a table with the row of its headings before it. `None` if it
/// is a page without records: that is none.
pub fn understand(choice: &Choice, original: Vec<u8>) -> Option<Understanding> {
    if original.first().is_some_and(|byte| *byte != b'{') {
        return understand_row(choice, original);
    }
    first_of_object(choice, original)
}

fn first_of_object(choice: &Choice, original: Vec<u8>) -> Option<Understanding> {
    let mut first = None;
    understand_object(choice, original, None, &mut |understanding| {
        first.get_or_insert(understanding);
    });
    first
}

/// Reads one object, which may hold several records: `tell` is called for each, in their order. What is kept of a record that
/// stood among others is that record alone, with what stood around it where it cannot be understood without. Records that tell no
/// time get the one that is `given`, if any.
pub(crate) fn understand_object(
    choice: &Choice,
    original: Vec<u8>,
    given: Option<Timestamp>,
    tell: &mut dyn FnMut(Understanding),
) {
    match parse(&original) {
        Ok(record) => understand_parsed(choice, &record, original, given, tell),
        Err(reason) => tell(Understanding::Rejected { reason, original }),
    }
}

/// The same for an object that was parsed.
pub(crate) fn understand_parsed(
    choice: &Choice,
    record: &Map<String, Value>,
    original: Vec<u8>,
    given: Option<Timestamp>,
    tell: &mut dyn FnMut(Understanding),
) {
    let mut page = Page {
        given,
        left: several::TAKEN_APART_RECORDS_MAX,
    };
    page.take_apart(choice, record, original, 0, tell);
}

/// What is being taken apart.
struct Page {
    /// The time of records that tell none.
    given: Option<Timestamp>,
    /// How many records it may still be taken apart into.
    left: usize,
}

impl Page {
    /// `taken_apart` tells how many others the record stood in.
    fn take_apart(
        &mut self,
        choice: &Choice,
        record: &Map<String, Value>,
        mut original: Vec<u8>,
        taken_apart: u32,
        tell: &mut dyn FnMut(Understanding),
    ) {
        let judged = match find(choice, record) {
            Found::One(judged) => judged,
            Found::Several(parts) if parts.len() > self.left => Judged::Rejected(format!(
                "it holds {} records, and of one page at most {} are taken apart; import it in smaller pages",
                parts.len(),
                several::TAKEN_APART_RECORDS_MAX
            )),
            Found::Several(parts) if taken_apart < TAKEN_APART_MAX => {
                self.left -= parts.len();
                for part in parts {
                    // A value that was parsed always has a JSON form.
                    let original = serde_json::to_vec(&part).unwrap_or_default();
                    self.take_apart(choice, &part, original, taken_apart + 1, tell);
                }
                return;
            }
            Found::Several(_) => Judged::Rejected("it is a list within a list of records".to_owned()),
        };
        let judged = self.dated(judged, record, &mut original);
        if let Some(understanding) = judged.understanding(|| original) {
            tell(understanding);
        }
    }

    /// Gives a record that tells no time one: as its original says, or as this page's records get.
    fn dated(&self, judged: Judged, record: &Map<String, Value>, original: &mut Vec<u8>) -> Judged {
        let Judged::Undated(format, mut told, reason) = judged else {
            return judged;
        };
        let noted = given::of(record);
        let Some(time) = noted.or(self.given) else {
            return Judged::Undated(format, told, reason);
        };
        if noted.is_none() {
            let Some(with_note) = given::noted(original, time) else {
                return Judged::Undated(format, told, reason);
            };
            *original = with_note;
        }
        given::give(&mut told, time);
        Judged::Event(format, *told)
    }
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
            return first_of_object(choice, original);
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
    if original.first() == Some(&b'<') {
        return carriers::event_xml::members(original);
    }
    table::members(original)
}

/// Puts a record together of the originals of all its parts, in their order, and reads it. What it was put together of, and why that
/// did not become an event, is told as for any record. `None` for a format without parts.
pub fn assemble(format: &str, parts: &[Vec<u8>]) -> Option<Understanding> {
    let format = ALL
        .iter()
        .copied()
        .find(|own| own.id == format && own.id == mim::FORMAT)?;
    let assembled = mim::assemble(parts.iter().map(|part| members(part)))?;
    match assembled {
        Ok(record) => first_of_object(&Choice::Only(format), record),
        Err((reason, original)) => Some(Understanding::Rejected { reason, original }),
    }
}

/// What a parsed record is, as far as the choice understands it; for carriers, which bring one record at a time.
pub(crate) fn judge(choice: &Choice, record: &Map<String, Value>) -> Judged {
    single(find(choice, record))
}

/// What a parsed record is; `None` if the choice does not know it.
pub(crate) fn recognise(choice: &Choice, record: &Map<String, Value>) -> Option<Judged> {
    recognise_all(choice, record).map(single)
}

/// What a parsed object is.
enum Found {
    /// One record, or none.
    One(Judged),
    /// Several records.
    Several(Vec<Map<String, Value>>),
}

fn single(found: Found) -> Judged {
    match found {
        Found::One(judged) => judged,
        Found::Several(parts) => Judged::Rejected(format!(
            "it holds {} records, which are taken apart only where they come as JSON",
            parts.len()
        )),
    }
}

fn find(choice: &Choice, record: &Map<String, Value>) -> Found {
    recognise_all(choice, record).unwrap_or_else(|| {
        if several::is_empty_page(record) {
            return Found::One(Judged::NoRecord);
        }
        let others = others::reason(record, CARRIERS).filter(|_| matches!(choice, Choice::Auto));
        Found::One(match others {
            Some(reason) => Judged::Ignored(reason),
            None => Judged::Rejected(unrecognised(choice, record)),
        })
    })
}

fn recognise_all(choice: &Choice, record: &Map<String, Value>) -> Option<Found> {
    let formats = match choice {
        Choice::Auto => ALL,
        Choice::Only(format) => std::slice::from_ref(format),
        Choice::Mapped(mapping) => {
            return Some(Found::One(judged(mapping::FORMAT, mapping.read(record))));
        }
    };
    match unwrap(formats, record, 0) {
        Some((_, Reading::Several(parts))) => Some(Found::Several(parts)),
        Some((format, reading)) => Some(Found::One(judged(format.id, reading))),
        None => of_line(formats, record),
    }
}

/// What the line is that a record carries: one of journald, or what a log pipeline made of a line.
fn of_line(formats: &[&'static FormatDef], record: &Map<String, Value>) -> Option<Found> {
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
        return Some(Found::One(of(&carried).unwrap_or_else(nobodys)));
    }
    let wrapped = line::of_wrapper(record);
    let judged = wrapped.as_ref().and_then(|wrapped| of(&wrapped.line));
    if let (Some(wrapped), Some(Judged::Event(..))) = (&wrapped, &judged)
        && let Some(counted) = wrapped.counted()
    {
        return Some(match counted {
            Ok(lines) => Found::Several(lines),
            Err(reason) => Found::One(Judged::Rejected(reason)),
        });
    }
    let nobodys = || line::is_dockers(record).then(|| Judged::Ignored(line::nobodys(Some("a container"))));
    judged.or_else(nobodys).map(Found::One)
}

fn judged(format: &'static str, reading: Reading) -> Judged {
    match reading {
        Reading::Event(told) => Judged::Event(format, *told),
        Reading::Undated(told, reason) => Judged::Undated(format, told, reason),
        Reading::Fragment(part) => Judged::Fragment(format, part),
        Reading::Ignored(reason) => Judged::Ignored(reason),
        Reading::Rejected(reason) => Judged::Rejected(reason),
        Reading::Unrecognised | Reading::Several(_) => Judged::NoRecord,
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

/// Whether the rows under such headings may stand beside passwords, so that only what is understood of them is kept.
pub(crate) fn keeps_only_what_it_reads(choice: &Choice, names: &[String]) -> bool {
    let formats = match choice {
        Choice::Auto => ALL,
        Choice::Only(format) => std::slice::from_ref(format),
        Choice::Mapped(_) => return false,
    };
    unwrap(formats, &dummy(names), UNWRAPPED_MAX)
        .is_some_and(|(format, _)| formats::keeps_only_what_it_reads(format))
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
        match unwrap(formats, &carried, unwrapped + 1) {
            // Kept without what it was wrapped in.
            Some((format, Reading::Event(_))) if formats::keeps_only_what_it_reads(format) => {
                return Some((format, Reading::Several(vec![carried.into_owned()])));
            }
            None => {}
            found => return found,
        }
    }
    None
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
