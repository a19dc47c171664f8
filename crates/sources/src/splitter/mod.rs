//! Cuts a stream of bytes into JSON records, whatever they are packed in, without ever holding the whole.
//!
//! Records are the objects that stand one on a line, one after another, in an array, or in the list `value` or `records`
//! of a page (a page may stand on a line or in an array itself). Text is UTF-8 or UTF-16.
//!
//! A record that breaks is refused alone. Where the next one begins is found by brackets as long as they match, and by
//! lines: a line that starts with `{` no deeper than the broken record did starts another. Where records stood one on a
//! line so far, such a line ends even a record that could still go on.

mod containers;
pub(crate) mod encoding;
mod object;

use crate::Limits;
use containers::{ContainerKind, Containers, Start};
use encoding::Decoder;
use object::{Lists, ObjectScanner, Step};

/// One record of the input, or what stands where one should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The line where it starts, from 1.
    pub line: u64,
    /// How many bytes of the input stand before it.
    pub byte: u64,
    /// The record.
    pub content: Content,
}

/// What a piece is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// An object from `{` to `}`, in UTF-8 if the input was.
    Whole(Vec<u8>),
    /// No record.
    Broken {
        /// What is wrong with it, and what to do.
        reason: String,
        /// Its bytes; of a very long one the first [`ORIGINAL_BYTES_KEPT`].
        original: Vec<u8>,
    },
}

/// So much is kept of a record that is longer than the limit.
pub const ORIGINAL_BYTES_KEPT: usize = 64 * 1024;

/// Cuts bytes into pieces. The same bytes give the same pieces, however they are pushed.
#[derive(Debug)]
pub struct Splitter {
    limits: Limits,
    decoder: Decoder,
    scratch: Vec<u8>,
    state: State,
    containers: Containers,
    object: ObjectScanner,
    role: Role,
    start: Start,
    trouble: Option<Trouble>,
    /// Bytes of the piece in progress that came with earlier pushes.
    buffer: Vec<u8>,
    /// Up to which position the piece in progress is in the buffer.
    saved: u64,
    /// The position of the first byte of the current chunk, in decoded bytes.
    base: u64,
    /// A position up to which raw bytes have been counted, and their number.
    counted: (u64, u64),
    line: u64,
    /// The position of the first byte of the current line.
    line_start: u64,
    /// Whether the line held nothing but white space so far.
    blank: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a record, a comma or the end of a list.
    Between,
    /// Within an object.
    Object,
    /// Within something that is no object.
    Junk { quoted: bool, escaped: bool },
}

/// What the object in progress is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// A record, unless it turns out to be a page.
    Record,
    /// The rest of a page whose list has been read.
    Page,
}

/// The first fault of an object.
#[derive(Debug)]
struct Trouble {
    what: &'static str,
    line: u64,
    column: u64,
}

const TORN: &str = "a new line begins before it ends: it was cut off";

impl Splitter {
    /// At the start of an input.
    pub fn new(limits: Limits) -> Splitter {
        Splitter {
            limits,
            decoder: Decoder::new(),
            scratch: Vec::new(),
            state: State::Between,
            containers: Containers::new(),
            object: ObjectScanner::new(limits.depth_max, Lists::Found),
            role: Role::Record,
            start: Start::default(),
            trouble: None,
            buffer: Vec::new(),
            saved: 0,
            base: 0,
            counted: (0, 0),
            line: 1,
            line_start: 0,
            blank: true,
        }
    }

    /// Takes the next bytes and appends the pieces that end in them.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Piece>) {
        if self.decoder.is_transparent() {
            self.scan(bytes, out);
            return;
        }
        let mut decoded = std::mem::take(&mut self.scratch);
        decoded.clear();
        self.counted.1 += self.decoder.decode(bytes, &mut decoded);
        self.scan(&decoded, out);
        self.scratch = decoded;
    }

    /// The input has ended: appends what is left of it.
    pub fn finish(&mut self, out: &mut Vec<Piece>) {
        let mut rest = Vec::new();
        self.decoder.finish(&mut rest);
        self.scan(&rest, out);
        match self.state {
            State::Object => {
                self.trouble.get_or_insert(Trouble {
                    what: "the input ends in the middle of it; was the file cut off?",
                    line: self.line,
                    column: self.base - self.line_start + 1,
                });
                self.object_ended(&[], 0, out);
            }
            State::Junk { .. } => self.junk_ended(&[], 0, out),
            State::Between => {}
        }
        if self.containers.is_list_open() && self.state == State::Between && !is_end_told(out) {
            let start = self.containers.outermost().latest.unwrap_or_default();
            let reason =
                "the input ends in the middle of the list of records that starts here; was the file cut off?";
            out.push(broken(start, reason.to_owned(), Vec::new()));
        }
        self.containers.close_inside(0);
    }

    /// How much memory it holds for the record in progress, in bytes: no more than twice the limit of a record and the longest
    /// push, whatever comes.
    pub fn held_bytes(&self) -> usize {
        self.buffer.capacity() + self.scratch.capacity()
    }

    fn scan(&mut self, chunk: &[u8], out: &mut Vec<Piece>) {
        let mut at = 0;
        while at < chunk.len() {
            at = match self.state {
                State::Between => self.between(chunk, at, out),
                State::Object => self.object(chunk, at, out),
                State::Junk { .. } => self.junk(chunk, at, out),
            };
        }
        if self.state != State::Between {
            self.save(chunk, chunk.len());
        }
        self.count_raw(chunk, chunk.len());
        self.base += chunk.len() as u64;
    }

    fn between(&mut self, chunk: &[u8], mut at: usize, out: &mut Vec<Piece>) -> usize {
        while at < chunk.len() {
            let byte = chunk[at];
            let kind = self.containers.innermost().kind;
            match byte {
                b'\n' => self.line_break(at),
                // A record separator (RFC 7464) is white space too.
                b' ' | b'\t' | b'\r' | 0x1E => {}
                b',' => self.blank = false,
                b'{' => {
                    if self.blank {
                        self.leave_torn_list(at, out);
                    }
                    self.begin(chunk, at);
                    self.role = Role::Record;
                    let lists = if self.containers.is_full() {
                        Lists::Overlooked
                    } else {
                        Lists::Found
                    };
                    self.object = ObjectScanner::new(self.limits.depth_max, lists);
                    self.object.step(b'{');
                    self.state = State::Object;
                    return at + 1;
                }
                b'[' if !self.containers.is_full() => {
                    self.begin(chunk, at);
                    self.containers.open(ContainerKind::Array);
                }
                b']' if kind != ContainerKind::Input => {
                    self.blank = false;
                    self.containers.close();
                    let start = self.containers.innermost().latest.unwrap_or_default();
                    if kind == ContainerKind::Array {
                        self.note_lines(start);
                    } else {
                        self.start = start;
                        self.role = Role::Page;
                        self.object = ObjectScanner::after_list(self.limits.depth_max);
                        self.state = State::Object;
                        return at + 1;
                    }
                }
                _ => {
                    self.begin(chunk, at);
                    self.state = State::Junk {
                        quoted: false,
                        escaped: false,
                    };
                    return at;
                }
            }
            at += 1;
        }
        at
    }

    fn object(&mut self, chunk: &[u8], mut at: usize, out: &mut Vec<Piece>) -> usize {
        while at < chunk.len() {
            if self.object.is_in_text() {
                at += self.object.text_run(&chunk[at..]);
                if at < chunk.len() && self.object.is_in_text() {
                    self.note_trouble("a line break stands inside a text", at);
                    self.object.give_up();
                }
                continue;
            }
            let byte = chunk[at];
            if byte == b'\n' {
                self.line_break(at);
                self.object.gap();
                at += 1;
                continue;
            }
            if matches!(byte, b' ' | b'\t' | b'\r') {
                self.object.gap();
                at += 1;
                continue;
            }
            let first_on_line = std::mem::take(&mut self.blank);
            if first_on_line && self.is_resynced(byte, at) {
                self.leave_broken(chunk, at, out);
                return at;
            }
            match self.object.step(byte) {
                Step::Inside => at += 1,
                Step::Broken(what) => {
                    self.note_trouble(what, at);
                    // The byte is looked at again: it may start another record.
                    self.blank = first_on_line;
                }
                Step::Closed => {
                    self.object_ended(chunk, at + 1, out);
                    return at + 1;
                }
                Step::ListOfRecords => {
                    self.buffer.clear();
                    self.containers.open(ContainerKind::PageList);
                    self.state = State::Between;
                    return at;
                }
            }
        }
        at
    }

    /// In a list, something that is no record ends at a comma or the list's end; elsewhere at the end of the line.
    fn junk(&mut self, chunk: &[u8], mut at: usize, out: &mut Vec<Piece>) -> usize {
        let in_list = self.containers.innermost().kind != ContainerKind::Input;
        while at < chunk.len() {
            let State::Junk { quoted, escaped } = self.state else {
                return at;
            };
            let byte = chunk[at];
            let ends = byte == b'\n' || in_list && !quoted && matches!(byte, b',' | b']');
            if ends {
                self.junk_ended(chunk, at, out);
                return at;
            }
            self.state = State::Junk {
                quoted: quoted != (byte == b'"' && !escaped),
                escaped: quoted && byte == b'\\' && !escaped,
            };
            at += 1;
            if byte == 0xBF
                && self.position(at) - self.start.position == 3
                && self.is_byte_order_mark(chunk, at)
            {
                // Files that were joined have such a mark in the middle.
                self.state = State::Between;
                self.buffer.clear();
                self.blank = self.start.first_on_line;
                self.line_start = if self.blank {
                    self.position(at)
                } else {
                    self.line_start
                };
                return at;
            }
        }
        at
    }

    fn is_byte_order_mark(&mut self, chunk: &[u8], at: usize) -> bool {
        self.save(chunk, at);
        self.buffer == [0xEF, 0xBB, 0xBF]
    }

    /// Something starts here.
    fn begin(&mut self, chunk: &[u8], at: usize) {
        self.count_raw(chunk, at);
        let position = self.position(at);
        self.start = Start {
            line: self.line,
            byte: self.counted.1,
            position,
            column: position - self.line_start,
            first_on_line: std::mem::take(&mut self.blank),
        };
        self.saved = position;
        self.buffer.clear();
        self.trouble = None;
        let start = self.start;
        self.containers.innermost_mut().latest = Some(start);
    }

    fn object_ended(&mut self, chunk: &[u8], end: usize, out: &mut Vec<Piece>) {
        self.state = State::Between;
        let start = self.start;
        let trouble = self.trouble.take();
        if trouble.is_none() {
            self.note_lines(start);
        }
        if self.role == Role::Page {
            if let Some(trouble) = trouble {
                let reason = format!(
                    "the page that starts here breaks after its records: {}",
                    trouble.told()
                );
                out.push(broken(start, reason, Vec::new()));
            }
            return;
        }
        let length = self.position(end) - start.position;
        let mut original = self.take(chunk, end);
        let reason = if length > self.limits.record_bytes_max as u64 {
            format!(
                "it is {length} bytes long and at most {} are read; raise the limit, or look for a missing bracket",
                self.limits.record_bytes_max
            )
        } else if let Some(trouble) = trouble {
            trouble.told()
        } else {
            out.push(Piece {
                line: start.line,
                byte: start.byte,
                content: Content::Whole(original),
            });
            return;
        };
        while original.last().is_some_and(u8::is_ascii_whitespace) {
            original.pop();
        }
        out.push(broken(start, reason, original));
    }

    fn junk_ended(&mut self, chunk: &[u8], end: usize, out: &mut Vec<Piece>) {
        self.state = State::Between;
        let mut original = self.take(chunk, end);
        while original.last().is_some_and(u8::is_ascii_whitespace) {
            original.pop();
        }
        let reason = "it is no JSON object: a record starts with `{`".to_owned();
        out.push(broken(self.start, reason, original));
    }

    /// Whether a line that starts with this byte cannot belong to the object in progress.
    fn is_resynced(&self, byte: u8, at: usize) -> bool {
        let column = self.column(at);
        match byte {
            b'{' => {
                let Some(owner) = self.containers.owner(column) else {
                    return false;
                };
                let owner = self.containers.get(owner);
                self.object.is_broken() || (owner.lines && owner.starts_lines_at(column))
            }
            b']' => {
                self.object.is_broken()
                    && self.role == Role::Record
                    && self.start.first_on_line
                    && column < self.start.column
                    && self.containers.innermost().kind != ContainerKind::Input
            }
            _ => false,
        }
    }

    /// The line that starts here belongs to no broken object, but to a container around it.
    fn leave_broken(&mut self, chunk: &[u8], at: usize, out: &mut Vec<Piece>) {
        let (line, column) = (self.line, self.column(at));
        if self
            .trouble
            .as_ref()
            .is_none_or(|trouble| (trouble.line, trouble.column) == (line, column + 1))
        {
            self.trouble = Some(Trouble {
                what: TORN,
                line,
                column: column + 1,
            });
        }
        let owner = self.containers.owner(column).unwrap_or(0);
        self.object_ended(chunk, at, out);
        if chunk[at] == b'{' {
            self.containers.close_inside(owner);
        }
        self.blank = true;
    }

    /// A line that starts with `{` where whole pages stood on lines: the page before was cut off between two records.
    fn leave_torn_list(&mut self, at: usize, out: &mut Vec<Piece>) {
        let column = self.column(at);
        let Some(owner) = self.containers.owner(column) else {
            return;
        };
        let container = self.containers.get(owner);
        let Some(latest) = container.latest else { return };
        if self.containers.is_innermost(owner) || !container.lines || latest.column != column {
            return;
        }
        let reason =
            "the list of records that starts here was cut off: a new line begins before it ends".to_owned();
        out.push(broken(latest, reason, Vec::new()));
        self.containers.close_inside(owner);
    }

    /// Remembers whether the item that just ended had a line for itself.
    fn note_lines(&mut self, start: Start) {
        let line = self.line;
        if start.first_on_line {
            self.containers.innermost_mut().lines = start.line == line;
        }
    }

    fn note_trouble(&mut self, what: &'static str, at: usize) {
        let (line, column) = (self.line, self.column(at) + 1);
        self.trouble.get_or_insert(Trouble { what, line, column });
    }

    fn line_break(&mut self, at: usize) {
        self.line += 1;
        self.line_start = self.position(at) + 1;
        self.blank = true;
    }

    /// Keeps the bytes of the piece in progress that stand before `end` in the chunk.
    fn save(&mut self, chunk: &[u8], end: usize) {
        let from = (self.saved.saturating_sub(self.base) as usize).min(end);
        self.saved = self.position(end);
        if self.state == State::Object && self.role == Role::Page {
            return;
        }
        let length = self.saved - self.start.position;
        let room = if length > self.limits.record_bytes_max as u64 {
            let kept = ORIGINAL_BYTES_KEPT.min(self.limits.record_bytes_max);
            self.buffer.truncate(kept);
            kept - self.buffer.len()
        } else {
            usize::MAX
        };
        let bytes = &chunk[from..end];
        self.buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// The bytes of the piece that ends here.
    fn take(&mut self, chunk: &[u8], end: usize) -> Vec<u8> {
        self.save(chunk, end);
        if self.buffer.capacity() > 2 * self.buffer.len() + 1024 {
            // A long buffer is used again; the record gets a copy that fits.
            let original = self.buffer.clone();
            self.buffer.clear();
            return original;
        }
        std::mem::take(&mut self.buffer)
    }

    /// Brings the count of raw bytes up to a place in the chunk.
    fn count_raw(&mut self, chunk: &[u8], at: usize) {
        let position = self.position(at);
        if self.decoder.is_transparent() {
            self.counted.1 += position - self.counted.0;
        } else {
            let from = (self.counted.0 - self.base) as usize;
            for byte in &chunk[from..at] {
                self.counted.1 += self.decoder.raw_width(*byte);
            }
        }
        self.counted.0 = position;
    }

    fn position(&self, at: usize) -> u64 {
        self.base + at as u64
    }

    fn column(&self, at: usize) -> u64 {
        self.position(at) - self.line_start
    }
}

impl Trouble {
    fn told(&self) -> String {
        format!(
            "it is no whole JSON object: {} (line {}, column {})",
            self.what, self.line, self.column
        )
    }
}

/// Whether the last piece says already that the input was cut off.
fn is_end_told(pieces: &[Piece]) -> bool {
    let Some(Piece {
        content: Content::Broken { reason, .. },
        ..
    }) = pieces.last()
    else {
        return false;
    };
    reason.contains("the input ends")
}

fn broken(start: Start, reason: String, original: Vec<u8>) -> Piece {
    Piece {
        line: start.line,
        byte: start.byte,
        content: Content::Broken { reason, original },
    }
}
