//! Cuts a stream of bytes into the rows of a table (RFC 4180), whatever way they are pushed, without holding the whole.
//!
//! Cells may be quoted, and a quoted cell may contain line breaks. A row that breaks is refused alone: where a quote is
//! never closed, only the line on which the row began is refused, and reading goes on with the line after it.

use crate::Limits;
use crate::splitter::ORIGINAL_BYTES_KEPT;
use crate::splitter::encoding::Decoder;

/// One row of the input, or what stands where one should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line where it starts, from 1.
    pub line: u64,
    /// How many bytes of the input stand before it.
    pub byte: u64,
    /// The row.
    pub content: RowContent,
}

/// What a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowContent {
    /// A row from its first byte to its line break.
    Whole {
        /// What its cells say, without quotes.
        cells: Vec<String>,
        /// Its bytes, in UTF-8, without the line break.
        original: Vec<u8>,
    },
    /// No row.
    Broken {
        /// What is wrong with it, and what to do.
        reason: String,
        /// Its bytes; of a very long one the first [`ORIGINAL_BYTES_KEPT`].
        original: Vec<u8>,
    },
}

/// No table of events has a row that is longer; a missing quote makes one.
pub const ROW_BYTES_MAX: usize = 4 << 20;
/// No table of events has more columns.
pub const COLUMNS_MAX: usize = 2_000;

const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Cuts bytes into rows. The same bytes give the same rows, however they are pushed.
#[derive(Debug)]
pub struct RowSplitter {
    delimiter: u8,
    row_bytes_max: usize,
    decoder: Decoder,
    state: State,
    /// Bytes of the row in progress.
    buffer: Vec<u8>,
    start: Place,
    /// The place of the next byte.
    next: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Place {
    /// From 0.
    line: u64,
    /// In bytes of the input.
    byte: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of a cell was read.
    CellStart,
    /// What may be a byte order mark, at the start of a row.
    Mark,
    /// In a cell without quotes.
    Plain,
    /// In quotes.
    Quoted,
    /// After a quote in quotes: the end of the cell, or the first of two that mean one.
    QuoteSeen,
    /// After a quote and carriage returns: only a line break may follow.
    ReturnSeen,
    /// In a row that is refused, until its line ends.
    Refused(Fault),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    QuoteInPlain,
    TextAfterQuote,
    NeverClosed,
    TooLong,
}

impl RowSplitter {
    /// At the start of an input whose cells are parted by a delimiter (a comma, a semicolon or a tab).
    pub fn new(limits: Limits, delimiter: u8) -> RowSplitter {
        RowSplitter {
            delimiter,
            row_bytes_max: limits.record_bytes_max.min(ROW_BYTES_MAX),
            decoder: Decoder::new(),
            state: State::CellStart,
            buffer: Vec::new(),
            start: Place::default(),
            next: Place::default(),
        }
    }

    /// Takes the next bytes and appends the rows that end in them.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Row>) {
        if self.decoder.is_transparent() {
            self.scan(bytes, out);
            return;
        }
        let mut decoded = Vec::new();
        self.next.byte += self.decoder.decode(bytes, &mut decoded);
        self.scan(&decoded, out);
    }

    /// The input has ended: appends what is left of it.
    pub fn finish(&mut self, out: &mut Vec<Row>) {
        let mut rest = Vec::new();
        self.decoder.finish(&mut rest);
        self.scan(&rest, out);
        while self.state == State::Quoted {
            self.fail(Fault::NeverClosed, out);
        }
        if !self.buffer.is_empty() {
            self.row_ended(out);
        }
    }

    /// How much memory it holds for the row in progress, in bytes: no more than twice the limit of a row, whatever comes.
    pub fn held_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    fn scan(&mut self, bytes: &[u8], out: &mut Vec<Row>) {
        for byte in bytes {
            self.step(*byte, out);
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<Row>) {
        if self.buffer.is_empty() {
            self.start = self.next;
        }
        self.next.byte += self.decoder.raw_width(byte);
        if byte == b'\n' {
            self.next.line += 1;
            if self.state != State::Quoted {
                self.row_ended(out);
                return;
            }
        }
        let refused = matches!(self.state, State::Refused(_));
        if !refused || self.buffer.len() < ORIGINAL_BYTES_KEPT.min(self.row_bytes_max) {
            self.buffer.push(byte);
        }
        let after = match (self.state, byte) {
            (State::Refused(_), _) => return,
            (State::CellStart, 0xEF) if self.buffer.len() == 1 => Ok(State::Mark),
            (State::Mark, _) if BYTE_ORDER_MARK.starts_with(&self.buffer) => {
                if self.buffer.len() == BYTE_ORDER_MARK.len() {
                    self.buffer.clear();
                    Ok(State::CellStart)
                } else {
                    Ok(State::Mark)
                }
            }
            (State::Quoted, b'"') => Ok(State::QuoteSeen),
            (State::CellStart | State::QuoteSeen, b'"') | (State::Quoted, _) => Ok(State::Quoted),
            (State::CellStart | State::Mark | State::Plain | State::QuoteSeen, _)
                if byte == self.delimiter =>
            {
                Ok(State::CellStart)
            }
            (State::QuoteSeen | State::ReturnSeen, b'\r') => Ok(State::ReturnSeen),
            (State::QuoteSeen | State::ReturnSeen, _) => Err(Fault::TextAfterQuote),
            (State::Mark | State::Plain, b'"') => Err(Fault::QuoteInPlain),
            (State::CellStart | State::Mark | State::Plain, _) => Ok(State::Plain),
        };
        match after {
            Ok(_) if self.buffer.len() > self.row_bytes_max => self.fail(Fault::TooLong, out),
            Ok(state) => self.state = state,
            Err(fault) => self.fail(fault, out),
        }
    }

    /// The row in progress cannot be one. If it has several lines, a quote that is never closed has swallowed the later
    /// ones: they are read anew, and since then every quote among them has the other meaning, that costs no third look.
    fn fail(&mut self, fault: Fault, out: &mut Vec<Row>) {
        let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
            self.state = State::Refused(fault);
            self.buffer.truncate(ORIGINAL_BYTES_KEPT.min(self.row_bytes_max));
            return;
        };
        let rest = self.buffer.split_off(end + 1);
        self.buffer.truncate(end);
        let width: u64 = self
            .buffer
            .iter()
            .chain(b"\n")
            .map(|byte| self.decoder.raw_width(*byte))
            .sum();
        self.next = Place {
            line: self.start.line + 1,
            byte: self.start.byte + width,
        };
        self.state = State::Refused(Fault::NeverClosed);
        self.row_ended(out);
        self.scan(&rest, out);
    }

    fn row_ended(&mut self, out: &mut Vec<Row>) {
        let state = std::mem::replace(&mut self.state, State::CellStart);
        let mut original = std::mem::take(&mut self.buffer);
        // However many: what is kept must be read again the same where its line break is gone.
        while original.last() == Some(&b'\r') {
            original.pop();
        }
        let content = match state {
            State::Refused(fault) => RowContent::Broken {
                reason: fault.told(self.row_bytes_max),
                original,
            },
            _ if original.is_empty() => return,
            _ => content(original, self.delimiter),
        };
        out.push(Row {
            line: self.start.line + 1,
            byte: self.start.byte,
            content,
        });
    }
}

impl Fault {
    fn told(self, row_bytes_max: usize) -> String {
        match self {
            Fault::QuoteInPlain => {
                "it is no row of a table: a quote stands in a cell that does not begin with one; put the cell in quotes, and \
                 write \"\" for a quote in it"
                    .to_owned()
            }
            Fault::TextAfterQuote => {
                "it is no row of a table: text stands between a closing quote and the end of the cell; write \"\" for a quote \
                 in a cell"
                    .to_owned()
            }
            Fault::NeverClosed => {
                "it is no row of a table: a quote is opened in it and never closed; was the file cut off?".to_owned()
            }
            Fault::TooLong => format!("it is longer than {row_bytes_max} bytes, which no row of events is"),
        }
    }
}

/// What the cells of a row say. Quotes were looked at already: they stand at the ends of cells or doubled.
fn content(original: Vec<u8>, delimiter: u8) -> RowContent {
    let text = match std::str::from_utf8(&original) {
        Ok(text) => text,
        Err(error) => {
            let reason = format!(
                "it is not valid UTF-8 at offset {} of the row; save the file as UTF-8 (in Excel: 'CSV UTF-8')",
                error.valid_up_to()
            );
            return RowContent::Broken { reason, original };
        }
    };
    if let Some(at) = text.bytes().position(|byte| byte == 0) {
        let reason = format!(
            "it has a zero byte at offset {at} of the row, which no text has; was the file damaged, or is it UTF-16 without a \
             byte order mark? save it as UTF-8"
        );
        return RowContent::Broken { reason, original };
    }
    let mut cells = Vec::new();
    let mut rest = text;
    loop {
        if cells.len() == COLUMNS_MAX {
            let reason = format!("it has more than {COLUMNS_MAX} columns, which no table of events has");
            return RowContent::Broken { reason, original };
        }
        let (cell, after) = cell(rest, char::from(delimiter));
        cells.push(cell);
        match after {
            Some(after) => rest = after,
            None => return RowContent::Whole { cells, original },
        }
    }
}

/// The first cell of a text, and what follows its delimiter.
fn cell(text: &str, delimiter: char) -> (String, Option<&str>) {
    let Some(quoted) = text.strip_prefix('"') else {
        return match text.split_once(delimiter) {
            Some((cell, after)) => (cell.to_owned(), Some(after)),
            None => (text.to_owned(), None),
        };
    };
    let mut cell = String::new();
    let mut rest = quoted;
    while let Some((before, after)) = rest.split_once('"') {
        cell.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                cell.push('"');
                rest = after;
            }
            None => return (cell, after.trim_start_matches('\r').strip_prefix(delimiter)),
        }
    }
    cell.push_str(rest);
    (cell, None)
}
