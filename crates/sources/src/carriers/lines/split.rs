//! Cuts a stream of bytes into lines, whatever way they are pushed, without holding more than one.

use crate::Limits;
use crate::splitter::ORIGINAL_BYTES_KEPT;
use crate::splitter::encoding::Decoder;

/// One line of the input that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// Its number, from 1.
    pub line: u64,
    /// How many bytes of the input stand before it.
    pub byte: u64,
    /// What it is.
    pub content: TextLineContent,
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextLineContent {
    /// Its bytes, without the line break; in UTF-8 if it came in UTF-16.
    Whole(Vec<u8>),
    /// It is longer than the limit: its first bytes.
    TooLong(Vec<u8>),
}

/// Cuts bytes into lines. The same bytes give the same lines, however they are pushed.
#[derive(Debug)]
pub struct LineSplitter {
    line_bytes_max: usize,
    decoder: Decoder,
    /// Bytes of the line in progress.
    buffer: Vec<u8>,
    too_long: bool,
    /// The place of the line in progress: number from 0, and bytes before it.
    start: (u64, u64),
    /// Raw bytes before the next one.
    next: u64,
}

const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

impl LineSplitter {
    /// At the start of an input.
    pub fn new(limits: Limits) -> LineSplitter {
        LineSplitter {
            line_bytes_max: limits.record_bytes_max,
            decoder: Decoder::new(),
            buffer: Vec::new(),
            too_long: false,
            start: (0, 0),
            next: 0,
        }
    }

    /// Takes the next bytes and appends the lines that end in them.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<TextLine>) {
        if self.decoder.is_transparent() {
            self.scan(bytes, out);
            return;
        }
        let mut decoded = Vec::new();
        let mark = self.decoder.decode(bytes, &mut decoded);
        self.next += mark;
        self.start.1 += mark;
        self.scan(&decoded, out);
    }

    /// The input has ended: appends what is left of it.
    pub fn finish(&mut self, out: &mut Vec<TextLine>) {
        let mut rest = Vec::new();
        self.decoder.finish(&mut rest);
        self.scan(&rest, out);
        self.line_ended(out);
    }

    fn scan(&mut self, mut bytes: &[u8], out: &mut Vec<TextLine>) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.take(&bytes[..end]);
            self.next += self.decoder.raw_width(b'\n');
            self.line_ended(out);
            self.start = (self.start.0 + 1, self.next);
            bytes = &bytes[end + 1..];
        }
        self.take(bytes);
    }

    fn take(&mut self, bytes: &[u8]) {
        self.next += if self.decoder.is_transparent() {
            bytes.len() as u64
        } else {
            bytes.iter().map(|byte| self.decoder.raw_width(*byte)).sum()
        };
        // One more than the limit is room for a carriage return.
        let room = (self.line_bytes_max + 1).saturating_sub(self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.too_long |= bytes.len() > room;
    }

    fn line_ended(&mut self, out: &mut Vec<TextLine>) {
        let mut original = std::mem::take(&mut self.buffer);
        let mut too_long = std::mem::take(&mut self.too_long);
        let (line, mut byte) = self.start;
        if !too_long && original.last() == Some(&b'\r') {
            original.pop();
        }
        // Files that were joined have such a mark in the middle.
        if original.starts_with(BYTE_ORDER_MARK) {
            original.drain(..BYTE_ORDER_MARK.len());
            byte += BYTE_ORDER_MARK
                .iter()
                .map(|byte| self.decoder.raw_width(*byte))
                .sum::<u64>();
        }
        too_long |= original.len() > self.line_bytes_max;
        if original.is_empty() {
            return;
        }
        let content = if too_long {
            original.truncate(ORIGINAL_BYTES_KEPT.min(self.line_bytes_max));
            TextLineContent::TooLong(original)
        } else {
            TextLineContent::Whole(original)
        };
        out.push(TextLine {
            line: line + 1,
            byte,
            content,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &[u8], expected: &[(u64, u64, &str)]) {
        let limits = Limits {
            record_bytes_max: 8,
            ..Limits::default()
        };
        for size in 1..=input.len() {
            let mut splitter = LineSplitter::new(limits);
            let mut lines = Vec::new();
            for piece in input.chunks(size) {
                splitter.push(piece, &mut lines);
            }
            splitter.finish(&mut lines);
            let told: Vec<(u64, u64, String)> = lines
                .into_iter()
                .map(|line| match line.content {
                    TextLineContent::Whole(text) => {
                        (line.line, line.byte, String::from_utf8_lossy(&text).into_owned())
                    }
                    TextLineContent::TooLong(text) => (
                        line.line,
                        line.byte,
                        format!("{}…", String::from_utf8_lossy(&text)),
                    ),
                })
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(line, byte, text)| (*line, *byte, (*text).to_owned()))
                .collect();
            assert_eq!(told, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn lines_end_with_the_breaks_of_any_system_and_empty_ones_are_none() {
        check(b"a\r\n\nb\n", &[(1, 0, "a"), (3, 4, "b")]);
        check(b"\xEF\xBB\xBFa\nb", &[(1, 3, "a"), (2, 5, "b")]);
        check(b"\xFF\xFEa\0\n\0b\0", &[(1, 2, "a"), (2, 6, "b")]);
    }

    #[test]
    fn a_line_over_the_limit_is_not_held() {
        check(b"12345678\r\n9\n", &[(1, 0, "12345678"), (2, 10, "9")]);
        check(b"123456789\nb", &[(1, 0, "12345678…"), (2, 10, "b")]);
        check(b"12345678\rxyz\nb", &[(1, 0, "12345678…"), (2, 13, "b")]);
        check(b"1234567890123\r\nb", &[(1, 0, "12345678…"), (2, 15, "b")]);
    }
}
