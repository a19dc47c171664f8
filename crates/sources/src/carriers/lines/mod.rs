//! Logs of lines: the envelope of syslog is taken off each, and what is left is read as a record or as text.
//!
//! A line of nobody is ignored and counted by its program; a damaged line of a maker that we know is rejected. Bytes that
//! are no UTF-8 are read as U+FFFD and kept as they are, except in JSON, where they are refused as everywhere.

mod dates;
pub(crate) mod envelope;
mod recognise;
pub(crate) mod repeat;
pub mod split;

pub(crate) use dates::{Dates, nearest};

use super::{CarrierDef, CarrierReader};
use crate::line::{Line, nobodys, program_word};
use crate::reading::{Choice, Judged, recognise as judge, understand_parsed};
use crate::{Hints, Limits, Record, Understanding};
use envelope::{Envelope, Stamp};
use model::time::Timestamp;
use serde_json::{Map, Value};
use split::{LineSplitter, TextLine, TextLineContent};
use std::collections::HashSet;

/// The carrier.
pub(crate) const DEF: CarrierDef = CarrierDef {
    title: "a log of lines",
    recognises: recognise::recognises,
    open: |limits| Box::new(LineReader::new(limits)),
};

/// So many programs of an input are named in the reasons for which lines are ignored.
const PROGRAMS_NAMED: usize = 100;

struct LineReader {
    splitter: LineSplitter,
    lines: Vec<TextLine>,
    judge: LineJudge,
}

impl LineReader {
    fn new(limits: Limits) -> LineReader {
        LineReader {
            splitter: LineSplitter::new(limits),
            lines: Vec::new(),
            judge: LineJudge {
                line_bytes_max: limits.record_bytes_max,
                dates: Dates::default(),
                given: None,
                seconds: repeat::Seconds::default(),
                programs: HashSet::new(),
            },
        }
    }

    fn read(&mut self, choice: &Choice, out: &mut Vec<Record>) {
        for TextLine { line, byte, content } in self.lines.drain(..) {
            let mut take = |understanding| {
                out.push(Record {
                    line,
                    byte,
                    understanding,
                });
            };
            match content {
                TextLineContent::Whole(original) => self.judge.read(choice, original, &mut take),
                TextLineContent::TooLong(original) => take(Understanding::Rejected {
                    reason: format!(
                        "the line is longer than {} bytes, which no line of events is; raise the limit, or look for missing \
                         line breaks",
                        self.judge.line_bytes_max
                    ),
                    original,
                }),
            }
        }
    }
}

impl CarrierReader for LineReader {
    fn hint(&mut self, hints: Hints) {
        self.judge.dates = Dates::new(hints.not_after);
        self.judge.given = hints.undated_at;
    }

    fn push(&mut self, choice: &Choice, bytes: &[u8], out: &mut Vec<Record>) {
        self.splitter.push(bytes, &mut self.lines);
        self.read(choice, out);
    }

    fn finish(&mut self, choice: &Choice, out: &mut Vec<Record>) {
        self.splitter.finish(&mut self.lines);
        self.read(choice, out);
    }
}

/// Says what each line is, and remembers of the lines before it what that needs.
struct LineJudge {
    line_bytes_max: usize,
    dates: Dates,
    /// The time of records in JSON that tell none.
    given: Option<Timestamp>,
    seconds: repeat::Seconds,
    programs: HashSet<String>,
}

type Take<'a> = &'a mut dyn FnMut(Understanding);

impl LineJudge {
    fn read(&mut self, choice: &Choice, original: Vec<u8>, take: Take<'_>) {
        let text = String::from_utf8_lossy(&original).into_owned();
        let (repeat, line) = repeat::split(&text);
        let envelope = Envelope::of(line);
        if envelope.message.trim_start().starts_with('{') {
            return self.read_json(choice, &envelope, original, take);
        }
        let kept = Kept {
            original: &original,
            mark_bytes: text.len() - line.len(),
            // A mark within a line is no mark, and must not become one.
            is_known_by_itself: recognise::is_first_of_log(line) && repeat::split(line).1.len() == line.len(),
            envelope: &envelope,
        };
        let (time, missing) = match self.dates.resolve(envelope.stamp) {
            Ok(time) => (time, None),
            Err(reason) => (None, Some(reason)),
        };
        // A text with its date reads the same whenever it is read.
        let dated = match (envelope.stamp, time) {
            (Stamp::NoDate(_), Some(time)) => Some(format!("{} {}", date(time), envelope.message)),
            _ => None,
        };
        let message = dated.as_deref().unwrap_or(envelope.message);
        let (times, message) = repeat::counted(message).map_or((None, message), |(times, inner)| {
            (repeat.is_none().then_some(times), inner)
        });
        let told = Line {
            text: message,
            time,
            host: envelope.host,
            program: envelope.program,
            process: envelope.process,
            repeat,
        };
        let (format, event) = match (self.judged(choice, told), missing) {
            (Ok(event), _) => event,
            // What has no time of its own needs that of the line; whether it is an event is seen with any.
            (Err(NoEvent::Rejected(_)), Some(reason)) if self.is_event(choice, told) => {
                return take(NoEvent::Rejected(reason.to_owned()).with(original));
            }
            (Err(no_event), _) => return take(no_event.with(original)),
        };
        if let Some(times) = times {
            if !repeat::is_bearable(times, original.len()) {
                return take(Understanding::Rejected {
                    reason: repeat::too_many(times),
                    original,
                });
            }
            for number in 1..=times {
                let word = format!("{number}/{times}");
                self.take_again(
                    choice,
                    Line {
                        repeat: Some(&word),
                        ..told
                    },
                    &kept,
                    take,
                );
            }
            return;
        }
        let is_told_apart = event.event.vendor_id.is_some()
            || repeat.is_some()
            || time != Some(event.event.time)
            || !envelope.is_of_whole_second(line);
        let number = if is_told_apart {
            1
        } else {
            self.seconds.count(event.event.time, event.key)
        };
        if number > 1 {
            let word = number.to_string();
            return self.take_again(
                choice,
                Line {
                    repeat: Some(&word),
                    ..told
                },
                &kept,
                take,
            );
        }
        let original = kept.bytes(time, repeat);
        take(Understanding::of_event(format, event, original));
    }

    /// A line that is the same event as others but for its number.
    fn take_again(&mut self, choice: &Choice, line: Line<'_>, kept: &Kept<'_>, take: Take<'_>) {
        match self.judged(choice, line) {
            Ok((format, event)) => {
                let original = kept.bytes(line.time, line.repeat);
                take(Understanding::of_event(format, event, original));
            }
            Err(understanding) => take(understanding.with(kept.original.to_vec())),
        }
    }

    fn judged(
        &mut self,
        choice: &Choice,
        line: Line<'_>,
    ) -> Result<(&'static str, crate::formats::Told), NoEvent> {
        let record = line.record();
        match judge(choice, &record) {
            Some(Judged::Event(format, told)) => Ok((format, told)),
            Some(Judged::Ignored(reason)) => Err(NoEvent::Ignored(reason)),
            Some(Judged::Rejected(reason) | Judged::Undated(_, _, reason)) => Err(NoEvent::Rejected(reason)),
            // No line of text is a part of a record.
            Some(Judged::NoRecord | Judged::Fragment(..)) | None => {
                Err(self.unknown(choice, &record, line.program))
            }
        }
    }

    fn is_event(&mut self, choice: &Choice, line: Line<'_>) -> bool {
        let time = Some(Timestamp::default());
        self.judged(choice, Line { time, ..line }).is_ok()
    }

    /// What a line is that the choice does not know.
    fn unknown(&mut self, choice: &Choice, record: &Map<String, Value>, program: Option<&str>) -> NoEvent {
        if let Choice::Only(format) = choice
            && let Some(Judged::Event(other, _)) = judge(&Choice::Auto, record)
        {
            return NoEvent::Rejected(format!(
                "it is no {}, but looks like {other}: choose that format, or auto",
                format.title
            ));
        }
        NoEvent::Ignored(self.nobodys(program))
    }

    fn nobodys(&mut self, program: Option<&str>) -> String {
        let program = program_word(program);
        if let Some(name) = program
            && !self.programs.contains(name)
        {
            if self.programs.len() == PROGRAMS_NAMED {
                return nobodys(Some("other programs"));
            }
            self.programs.insert(name.to_owned());
        }
        nobodys(program)
    }

    /// A record in a line is judged as one by itself. What nobody knows is ignored, as are other lines of nobody.
    fn read_json(&mut self, choice: &Choice, envelope: &Envelope<'_>, original: Vec<u8>, take: Take<'_>) {
        let message = envelope.message.trim();
        let parsed: Result<Map<String, Value>, _> = serde_json::from_str(message);
        let record = match parsed {
            Ok(record) => record,
            Err(error) => {
                let is_ours = mended(message).is_some_and(|record| judge(choice, &record).is_some());
                let no_event = if is_ours {
                    NoEvent::Rejected(format!(
                        "its JSON is damaged: {error}; was it cut off by the longest message that syslog lets through?"
                    ))
                } else {
                    NoEvent::Ignored(self.nobodys(envelope.program))
                };
                return take(no_event.with(original));
            }
        };
        if judge(choice, &record).is_none() {
            return take(self.unknown(choice, &record, envelope.program).with(original));
        }
        if std::str::from_utf8(&original).is_err() {
            return take(NoEvent::Rejected("it is not valid UTF-8".to_owned()).with(original));
        }
        understand_parsed(choice, &record, original, self.given, take);
    }
}

/// What tells no event.
enum NoEvent {
    Ignored(String),
    Rejected(String),
}

impl NoEvent {
    fn with(self, original: Vec<u8>) -> Understanding {
        match self {
            NoEvent::Ignored(reason) => Understanding::Ignored { reason },
            NoEvent::Rejected(reason) => Understanding::Rejected { reason, original },
        }
    }
}

/// A line as it came, to be kept so that it can be read again without what else was known of its input.
struct Kept<'a> {
    original: &'a [u8],
    /// The mark of a repetition before it.
    mark_bytes: usize,
    /// Whether it would be read as a line where it stands alone.
    is_known_by_itself: bool,
    envelope: &'a Envelope<'a>,
}

impl Kept<'_> {
    /// The bytes as they came, but with a date that was not whole made whole, and with the mark of a repetition. All before
    /// the date is ASCII, so places in the text are places in the bytes.
    fn bytes(&self, time: Option<Timestamp>, repeat: Option<&str>) -> Vec<u8> {
        let mut kept = repeat::mark(repeat, self.is_known_by_itself).into_bytes();
        let line = &self.original[self.mark_bytes..];
        let stamp_at = &self.envelope.stamp_at;
        let rest = match (self.envelope.stamp, time) {
            (Stamp::NoYear { .. }, Some(time)) => {
                kept.extend_from_slice(&line[..stamp_at.start]);
                kept.extend_from_slice(time.to_string().as_bytes());
                &line[stamp_at.end..]
            }
            (Stamp::NoDate(_), Some(time)) => {
                kept.extend_from_slice(date(time).as_bytes());
                kept.push(b' ');
                line
            }
            _ => line,
        };
        kept.extend_from_slice(rest);
        kept
    }
}

/// `2026-11-01`
fn date(time: Timestamp) -> String {
    time.to_string()
        .chars()
        .take_while(|character| *character != 'T')
        .collect()
}

/// An object that was cut off, without its last member that is not whole, so that it can be seen whose it was.
fn mended(text: &str) -> Option<Map<String, Value>> {
    let mut end = 0;
    scan(text, |at, byte| {
        if byte == b',' {
            end = at;
        }
    });
    let whole = &text[..end];
    let mut open = Vec::new();
    scan(whole, |_, byte| match byte {
        b'{' => open.push('}'),
        b'[' => open.push(']'),
        b'}' | b']' => {
            open.pop();
        }
        _ => {}
    });
    let closing: String = open.iter().rev().collect();
    serde_json::from_str(&format!("{whole}{closing}")).ok()
}

/// Gives the places of the bytes of JSON that stand outside of texts.
fn scan(text: &str, mut see: impl FnMut(usize, u8)) {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            byte => see(at, byte),
        }
    }
}
