//! Formats: each understands one vendor's record. Bytes in, events out; no files, no clock, no waiting.
//!
//! ```
//! use sources::{Choice, Limits, Understanding, open};
//!
//! let mut records = Vec::new();
//! let mut parser = open(Choice::Auto, Limits::default());
//! parser.push(br#"{"id":"1","createdDateTime":"2017-05-17T12:00:00Z","userPrincipalName":"ann@contoso.example","#, &mut records);
//! parser.push(br#""ipAddress":"203.0.113.7","status":{"errorCode":0}}"#, &mut records);
//! parser.finish(&mut records);
//! let Understanding::Event(understood) = &records[0].understanding else { panic!("{records:?}") };
//! assert_eq!(understood.format, "entra-graph");
//! ```

mod address;
mod carriers;
mod dating;
mod entra;
mod fields;
pub mod finding;
pub mod formats;
mod given;
mod line;
pub mod mapping;
mod mim;
mod moment;
mod others;
pub mod own;
mod portal;
mod reading;
mod several;
pub mod splitter;
pub mod table;
mod telling;
mod windows;

pub use formats::{ALL, FormatDef, by_id, stored_by_id};
pub use reading::{Choice, assemble, members, understand};

pub use carriers::lines::split as lines;

use carriers::CarrierReader;
use formats::Told;
use model::batch::{EventDraft, FragmentDraft};
use model::event::Event;
use model::identity::{EventKey, Rank};
use model::time::Timestamp;
use splitter::{Content, Piece, Splitter};
use table::{Expected, Sniffer, Sort, TableReader};

/// What one record may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longer records are refused; a reader holds about this much.
    pub record_bytes_max: usize,
    /// Records whose brackets are nested deeper are refused; at most 127 (one under serde_json's own limit).
    pub depth_max: u32,
}

impl Default for Limits {
    /// 16 MiB and 127 levels: no real record comes near.
    fn default() -> Limits {
        Limits {
            record_bytes_max: 16 * 1024 * 1024,
            depth_max: 127,
        }
    }
}

/// What the edge knows of an input besides its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    /// No line of it is much younger: the modification time of the file, or the time of arrival. Logs that write dates
    /// without a year, or times without a date, need it; those that do not are read the same with any.
    pub not_after: Option<Timestamp>,
    /// The time that somebody gives to records in JSON which tell none, or none that can be read. Without it they are rejected:
    /// nobody knows it but who has the records.
    pub undated_at: Option<Timestamp>,
}

/// A reader of one input. The same bytes give the same records, however they are pushed.
pub trait PushParser: Send {
    /// Takes the next bytes and appends the records that end in them.
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Record>);
    /// The input has ended: appends what is left.
    fn finish(&mut self, out: &mut Vec<Record>);
}

/// One record of an input.
#[derive(Debug)]
pub struct Record {
    /// The line where it starts, from 1.
    pub line: u64,
    /// How many bytes of the input stand before it.
    pub byte: u64,
    /// What it says.
    pub understanding: Understanding,
}

/// What became of a record.
#[derive(Debug)]
pub enum Understanding {
    /// It tells an event.
    Event(Box<Understood>),
    /// It is a part of a record that its maker wrote in several: [`assemble`] puts them together.
    Fragment(Box<FragmentDraft>),
    /// It is understood and none of our business.
    Ignored {
        /// Why, the same words for records of the same sort, so that they can be counted.
        reason: String,
    },
    /// It is not understood.
    Rejected {
        /// What is wrong with it, and what to do.
        reason: String,
        /// Its bytes; of one over the limit only the first.
        original: Vec<u8>,
    },
}

/// A record that tells an event.
#[derive(Debug)]
pub struct Understood {
    /// The format that understood it.
    pub format: &'static str,
    /// What happened.
    pub event: Event,
    /// The event's identity.
    pub key: EventKey,
    /// What decides which content wins.
    pub rank: Rank,
    /// The record as it came, with what it was wrapped in; in UTF-8 if it came in UTF-16.
    pub original: Vec<u8>,
}

impl Understood {
    /// For the store: with its rows and its subjects.
    pub fn draft(self) -> EventDraft {
        EventDraft {
            key: self.key,
            kind: self.event.kind(),
            time: self.event.time,
            rank: self.rank,
            format: self.format,
            original: self.original,
            rows: model::reports::project(&self.event, &self.key),
            subjects: model::batch::subjects(&self.event),
            usage: model::usage::usage(&self.event),
        }
    }
}

impl Understanding {
    fn of_event(format: &'static str, told: Told, original: Vec<u8>) -> Understanding {
        Understanding::Event(Box::new(Understood {
            format,
            event: told.event,
            key: told.key,
            rank: told.rank,
            original,
        }))
    }
}

/// Opens a reader of an input, which may be JSON, a table, or what one of the carriers reads: its start tells, unless a mapping
/// does.
pub fn open(choice: Choice, limits: Limits) -> Box<dyn PushParser> {
    open_with(choice, limits, Hints::default())
}

/// The same for an input of which something is known besides its bytes.
pub fn open_with(choice: Choice, limits: Limits, hints: Hints) -> Box<dyn PushParser> {
    let stage = match &choice {
        Choice::Mapped(mapping) if mapping.is_of_tables() => Stage::Sniffing(Sniffer::new(Expected::Table)),
        Choice::Mapped(_) => Stage::json(limits),
        _ => Stage::Sniffing(Sniffer::new(Expected::Anything)),
    };
    Box::new(Parser {
        choice,
        limits,
        hints,
        stage,
    })
}

struct Parser {
    choice: Choice,
    limits: Limits,
    hints: Hints,
    stage: Stage,
}

/// What is known of the input.
enum Stage {
    /// Nothing yet.
    Sniffing(Sniffer),
    /// It is JSON.
    Json(Box<Splitter>, Vec<Piece>),
    /// It is a table.
    Table(Box<TableReader>),
    /// One of the carriers reads it.
    Carried(Box<dyn CarrierReader>),
}

impl Stage {
    fn json(limits: Limits) -> Stage {
        Stage::Json(Box::new(Splitter::new(limits)), Vec::new())
    }
}

impl PushParser for Parser {
    fn push(&mut self, bytes: &[u8], out: &mut Vec<Record>) {
        match &mut self.stage {
            Stage::Sniffing(sniffer) => {
                let knows = |names: &[String]| reading::knows_headings(&self.choice, names);
                let Some(sort) = sniffer.push(bytes, knows) else {
                    return;
                };
                let bytes = sniffer.take();
                self.settle(sort, &bytes);
                self.push(&bytes, out);
            }
            Stage::Json(splitter, pieces) => {
                splitter.push(bytes, pieces);
                take(&self.choice, self.hints.undated_at, pieces, out);
            }
            Stage::Table(reader) => reader.push(&self.choice, bytes, out),
            Stage::Carried(reader) => reader.push(&self.choice, bytes, out),
        }
    }

    fn finish(&mut self, out: &mut Vec<Record>) {
        match &mut self.stage {
            Stage::Sniffing(sniffer) => {
                let knows = |names: &[String]| reading::knows_headings(&self.choice, names);
                let sort = sniffer.finish(knows);
                let bytes = sniffer.take();
                self.settle(sort, &bytes);
                self.push(&bytes, out);
                self.finish(out);
            }
            Stage::Json(splitter, pieces) => {
                splitter.finish(pieces);
                take(&self.choice, self.hints.undated_at, pieces, out);
            }
            Stage::Table(reader) => reader.finish(&self.choice, out),
            Stage::Carried(reader) => reader.finish(&self.choice, out),
        }
    }
}

impl Parser {
    fn settle(&mut self, sort: Sort, start: &[u8]) {
        let first = start
            .iter()
            .find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0x1E | 0xEF | 0xBB | 0xBF));
        let is_of_lines = matches!(&self.choice, Choice::Only(format) if formats::reads_lines(format))
            && first.is_some_and(|first| first.is_ascii_graphic() && !matches!(first, b'{' | b'['));
        let sort = match sort {
            // Who names a format of lines says what the input is, even where a piece of it begins in the middle of something.
            Sort::Json if is_of_lines => Sort::Carried(&carriers::lines::DEF),
            sort => sort,
        };
        self.stage = match sort {
            Sort::Table { delimiter } => Stage::Table(Box::new(TableReader::new(self.limits, delimiter))),
            Sort::Carried(carrier) => {
                let mut reader = (carrier.open)(self.limits);
                reader.hint(self.hints);
                Stage::Carried(reader)
            }
            Sort::Json => Stage::json(self.limits),
        };
    }
}

fn take(choice: &Choice, given: Option<Timestamp>, pieces: &mut Vec<Piece>, out: &mut Vec<Record>) {
    for Piece { line, byte, content } in pieces.drain(..) {
        let mut tell = |understanding| {
            out.push(Record {
                line,
                byte,
                understanding,
            });
        };
        match content {
            Content::Whole(original) => reading::understand_object(choice, original, given, &mut tell),
            Content::Broken { reason, original } => tell(Understanding::Rejected { reason, original }),
        }
    }
}
