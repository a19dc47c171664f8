//! Windows events as XML: one `<Event>` after another, as `wevtutil` writes them, with or without a root around them; also as
//! Event Viewer saves them.

use super::{CarrierDef, CarrierReader, Recognised, Start};
use crate::reading::{self, Choice};
use crate::splitter::ORIGINAL_BYTES_KEPT;
use crate::splitter::encoding::Decoder;
use crate::windows::tree::{Content, Element};
use crate::{Limits, Record, Understanding};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

/// The carrier.
pub(super) const DEF: CarrierDef = CarrierDef {
    title: "Windows events as XML",
    recognises,
    open: |limits| Box::new(EventReader::new(limits)),
};

/// Elements within elements; an event has four.
const DEPTH_MAX: usize = 64;
/// Events of the provider's own within one event; there is one at most.
const NESTED_MAX: u32 = 8;
/// What may stand before the first event and tells nothing.
const ROOTS: &[&str] = &["<Events", "<?xml"];

/// An event, or a root or an XML declaration before one. Of other XML nothing is known here.
fn recognises(start: Start<'_>) -> Recognised {
    let text = String::from_utf8_lossy(start.text);
    let text = text.as_ref();
    if !text.starts_with('<') {
        return if text.is_empty() && start.more {
            Recognised::NeedsMore
        } else {
            Recognised::No
        };
    }
    let mut undecided = false;
    for begin in ROOTS.iter().copied().chain(["<Event>", "<Event "]) {
        if text.starts_with(begin) {
            return Recognised::Yes;
        }
        undecided |= begin.starts_with(text);
    }
    if text.starts_with("<Event") && text[6..].starts_with(char::is_whitespace) {
        return Recognised::Yes;
    }
    if undecided && start.more {
        Recognised::NeedsMore
    } else {
        Recognised::No
    }
}

/// The members of an event whose original is given; `None` for what is none.
pub(crate) fn members(original: &[u8]) -> Option<Map<String, Value>> {
    let text = std::str::from_utf8(original).ok()?;
    Some(parse(text).ok()?.into_record())
}

struct EventReader {
    limits: Limits,
    decoder: Decoder,
    /// Decoded text from the start of what is being read.
    text: Vec<u8>,
    /// Up to where `text` was searched.
    searched: usize,
    inside: Inside,
    /// Where `text` begins: its line, and the decoded bytes before it.
    line: u64,
    byte: u64,
    /// How much of an event beyond the limit was left out.
    left_out: usize,
    /// What stands before the next event, and where it begins.
    between: Vec<u8>,
    between_start: (u64, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// Between events.
    Nothing,
    Event {
        /// How many events of the provider's own are open within it.
        nested: u32,
        /// How many there were: each costs a look at all that is before it.
        seen: u32,
    },
}

impl Inside {
    /// At the start of an event.
    const EVENT: Inside = Inside::Event { nested: 0, seen: 0 };
}

impl EventReader {
    fn new(limits: Limits) -> EventReader {
        EventReader {
            limits,
            decoder: Decoder::new(),
            text: Vec::new(),
            searched: 0,
            inside: Inside::Nothing,
            line: 1,
            byte: 0,
            left_out: 0,
            between: Vec::new(),
            between_start: (1, 0),
        }
    }

    fn read(&mut self, choice: &Choice, out: &mut Vec<Record>) {
        const END: &[u8] = b"</Event>";
        loop {
            match self.inside {
                Inside::Nothing => {
                    let Some(at) = find_event(&self.text, self.searched) else {
                        // What could be the start of one is kept.
                        self.pass_over(self.text.len().saturating_sub(OPEN.len()));
                        return;
                    };
                    self.pass_over(at);
                    self.tell_between(out);
                    self.inside = Inside::EVENT;
                    self.searched = OPEN.len();
                }
                Inside::Event { nested, seen } => {
                    // An end beyond the next event is not its own, and is not looked for: of very many events without an
                    // end each would look through all that has come.
                    let next = find_event(&self.text, self.searched);
                    let before_next = &self.text[..next.unwrap_or(self.text.len())];
                    let end = find(before_next, END, self.searched).map(|at| at + END.len());
                    if let (Some(next), None) = (next, end) {
                        if seen < NESTED_MAX && self.is_in_user_data(next) {
                            self.inside = Inside::Event {
                                nested: nested + 1,
                                seen: seen + 1,
                            };
                            self.searched = next + OPEN.len();
                            continue;
                        }
                        let reason = "another event begins before it ends: it was cut off";
                        self.reject(next, reason, out);
                        self.left_out = 0;
                        self.inside = Inside::EVENT;
                        self.searched = OPEN.len();
                        continue;
                    }
                    if let (Some(end), 1..) = (end, nested) {
                        self.inside = Inside::Event {
                            nested: nested - 1,
                            seen,
                        };
                        self.searched = end;
                        continue;
                    }
                    let Some(end) = end else {
                        // Never back: an event within this one counts once.
                        self.searched = self.searched.max(self.text.len().saturating_sub(END.len()));
                        self.shorten();
                        return;
                    };
                    let record = (self.line, self.byte, self.left_out);
                    let original = self.take(end);
                    self.inside = Inside::Nothing;
                    self.searched = 0;
                    let understanding = self.understand(choice, original, record.2);
                    if let Some(understanding) = understanding {
                        out.push(Record {
                            line: record.0,
                            byte: record.1,
                            understanding,
                        });
                    }
                    self.left_out = 0;
                }
            }
        }
    }

    fn understand(&self, choice: &Choice, original: Vec<u8>, left_out: usize) -> Option<Understanding> {
        let length = original.len() + left_out;
        if length > self.limits.record_bytes_max {
            let reason = format!(
                "it is {length} bytes long and at most {} are read; raise the limit, or look for a missing </Event>",
                self.limits.record_bytes_max
            );
            return Some(rejected(reason, &original));
        }
        let parsed = match std::str::from_utf8(&original) {
            Ok(text) => parse(text),
            Err(error) => Err(format!(
                "it is not valid UTF-8 at byte {} of the event; save the file as UTF-8 or UTF-16",
                error.valid_up_to()
            )),
        };
        match parsed {
            Ok(element) => reading::judge(choice, &element.into_record()).understanding(|| original),
            Err(reason) => Some(rejected(reason, &original)),
        }
    }

    /// Whether a place is within `UserData`, where a provider's own element may be called `Event`, too.
    fn is_in_user_data(&self, place: usize) -> bool {
        let before = &self.text[..place];
        let opens = find(before, b"<UserData", 0);
        opens.is_some_and(|opens| find(before, b"</UserData>", opens).is_none())
    }

    /// Takes what stands between events; of much only the start is kept.
    fn pass_over(&mut self, end: usize) {
        let start = (self.line, self.byte);
        let passed = self.take(end);
        self.searched = 0;
        if self.between.is_empty() {
            self.between_start = start;
        }
        let room = ORIGINAL_BYTES_KEPT - self.between.len().min(ORIGINAL_BYTES_KEPT);
        self.between.extend_from_slice(&passed[..room.min(passed.len())]);
    }

    /// White space, the ends of a root and declarations may stand between events. Anything else is told.
    fn tell_between(&mut self, out: &mut Vec<Record>) {
        let between = std::mem::take(&mut self.between);
        let between = String::from_utf8_lossy(&between);
        let Some(junk) = junk(&between) else { return };
        out.push(Record {
            line: self.between_start.0,
            byte: self.between_start.1,
            understanding: rejected(
                "it is no event: one starts with `<Event` and ends with `</Event>`".to_owned(),
                junk.as_bytes(),
            ),
        });
    }

    /// Of an event beyond the limit only the start is kept, and the end in which its own may begin.
    fn shorten(&mut self) {
        if self.text.len() <= self.limits.record_bytes_max.max(2 * ORIGINAL_BYTES_KEPT) {
            return;
        }
        let kept_end = self.searched;
        self.left_out += kept_end - ORIGINAL_BYTES_KEPT;
        self.text.drain(ORIGINAL_BYTES_KEPT..kept_end);
        self.searched = ORIGINAL_BYTES_KEPT;
    }

    fn take(&mut self, end: usize) -> Vec<u8> {
        let taken: Vec<u8> = self.text.drain(..end).collect();
        self.line += taken.split(|byte| *byte == b'\n').count() as u64 - 1;
        self.byte += taken.len() as u64;
        taken
    }

    /// Refuses what stands before `end`.
    fn reject(&mut self, end: usize, reason: &str, out: &mut Vec<Record>) {
        let (line, byte) = (self.line, self.byte);
        let original = self.take(end);
        out.push(Record {
            line,
            byte,
            understanding: rejected(reason.to_owned(), &original),
        });
    }
}

impl CarrierReader for EventReader {
    fn push(&mut self, choice: &Choice, bytes: &[u8], out: &mut Vec<Record>) {
        // Piece by piece, so that one huge push does not have to be held decoded.
        for piece in bytes.chunks(ORIGINAL_BYTES_KEPT) {
            self.decoder.decode(piece, &mut self.text);
            self.read(choice, out);
        }
    }

    fn finish(&mut self, choice: &Choice, out: &mut Vec<Record>) {
        self.decoder.finish(&mut self.text);
        self.read(choice, out);
        let end = self.text.len();
        match self.inside {
            Inside::Nothing => {
                self.pass_over(end);
                self.tell_between(out);
            }
            Inside::Event { .. } => {
                let reason = "the input ends before the event does; was the file cut off?";
                self.reject(end, reason, out);
            }
        }
    }
}

fn rejected(reason: String, original: &[u8]) -> Understanding {
    Understanding::Rejected {
        reason,
        original: original[..original.len().min(ORIGINAL_BYTES_KEPT)].to_vec(),
    }
}

const OPEN: &[u8] = b"<Event>";

/// Where an event begins: its name ends there, so that `<Events` and `<EventData` do not count.
fn find_event(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = find(text, b"<Event", at) {
        match text.get(found + b"<Event".len()) {
            Some(b'>' | b' ' | b'\t' | b'\r' | b'\n') => return Some(found),
            _ => at = found + 1,
        }
    }
    None
}

fn find(text: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    rest.windows(wanted.len())
        .position(|window| window == wanted)
        .map(|at| from + at)
}

/// What is left of a text between events after what may stand there.
fn junk(between: &str) -> Option<&str> {
    let mut rest = between.trim_start_matches('\u{feff}').trim();
    loop {
        rest = rest.trim_start();
        let is_known = ["<?xml", "<Events", "</Events", "<!--"]
            .iter()
            .any(|known| rest.starts_with(known));
        let end = if rest.starts_with("<!--") {
            rest.find("-->").map(|at| at + 3)
        } else {
            rest.find('>').map(|at| at + 1)
        };
        match end {
            Some(end) if is_known => rest = &rest[end..],
            _ => return (!rest.is_empty() && !is_known).then_some(rest),
        }
    }
}

/// The element that a text is. Entities of its own a document may not have.
pub(crate) fn parse(text: &str) -> Result<Element, String> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|error| {
            format!(
                "it is not valid XML: {error} (at byte {} of the event)",
                reader.error_position()
            )
        })?;
        let done = match event {
            Event::Start(start) => {
                if open.len() >= DEPTH_MAX {
                    return Err(format!("its elements are nested more than {DEPTH_MAX} deep"));
                }
                open.push(element(&start)?);
                None
            }
            Event::Empty(start) => Some(element(&start)?),
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                add(&mut open, &text.xml10_content());
                None
            }
            Event::CData(text) => {
                add(&mut open, &text.xml10_content());
                None
            }
            Event::GeneralRef(reference) => {
                let character = reference
                    .resolve_char_ref()
                    .map_err(|error| format!("it is not valid XML: {error}"))?;
                match character {
                    Some(character) => add(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => match quick_xml::escape::resolve_xml_entity(&reference) {
                        Some(text) => add(&mut open, text),
                        None => return Err("it has an entity that XML does not have by itself".to_owned()),
                    },
                }
                None
            }
            Event::DocType(_) => return Err("it has a document type, which no event has".to_owned()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => None,
            Event::Eof => return Err("it ends before its elements do".to_owned()),
        };
        let Some(done) = done else { continue };
        match open.last_mut() {
            Some(parent) => parent.content.push(Content::Element(done)),
            None => return Ok(done),
        }
    }
}

fn element(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| format!("it is not valid XML: {error}"))?;
        let value = quick_xml::escape::unescape(&attribute.value)
            .map_err(|error| format!("it is not valid XML: {error}"))?;
        attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element {
        name: start.local_name().as_ref().to_owned(),
        attributes,
        content: Vec::new(),
    })
}

fn add(open: &mut [Element], text: &str) {
    let Some(element) = open.last_mut() else { return };
    match element.content.last_mut() {
        Some(Content::Text(before)) => before.push_str(text),
        _ => element.content.push(Content::Text(text.to_owned())),
    }
}
