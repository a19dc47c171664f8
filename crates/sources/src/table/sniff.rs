//! Whether an input is JSON, a table or something that a carrier reads, by its first line.

use crate::carriers::{self, CarrierDef, NeedsMore, Start};
use crate::splitter::encoding::Decoder;
use crate::table::heading_name;

/// A first line that is longer than this names no columns.
const FIRST_LINE_BYTES: usize = 64 << 10;
/// Of the input so much is looked at, white space before the first line included.
const START_BYTES: usize = 2 * FIRST_LINE_BYTES;
/// A table whose headings nobody knows has at least so many of them; fewer may be any text.
const HEADINGS_MIN: usize = 3;
/// What may stand between cells: as RFC 4180 says, as Excel writes where the comma is in numbers, and as Excel writes
/// 'Unicode text'. Of equally many the first counts.
const DELIMITERS: &[u8] = b",;\t";

/// What an input is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Records in JSON, or something that is none.
    Json,
    /// A table.
    Table {
        /// What stands between its cells.
        delimiter: u8,
    },
    /// Something else.
    Carried(&'static CarrierDef),
}

/// What an input may turn out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    /// JSON, a table or what a carrier reads.
    Anything,
    /// A table: only its delimiter is not known.
    Table,
}

/// Looks at the start of an input until it is clear what it is. The bytes are kept until then.
#[derive(Debug)]
pub(crate) struct Sniffer {
    expected: Expected,
    raw: Vec<u8>,
    decoder: Decoder,
    text: Vec<u8>,
}

impl Sniffer {
    pub(crate) fn new(expected: Expected) -> Sniffer {
        Sniffer {
            expected,
            raw: Vec::new(),
            decoder: Decoder::new(),
            text: Vec::new(),
        }
    }

    /// Takes bytes; the answer when it is clear. `knows` tells whether somebody knows the headings of a table.
    pub(crate) fn push(&mut self, bytes: &[u8], knows: impl Fn(&[String]) -> bool) -> Option<Sort> {
        self.raw.extend_from_slice(bytes);
        // Not all of a large push: the first line decides.
        for part in bytes.chunks(FIRST_LINE_BYTES) {
            self.decoder.decode(part, &mut self.text);
            let sort = self.sort(&knows, true);
            if sort.is_some() {
                return sort;
            }
        }
        None
    }

    /// The answer, if the text so far gives one. However the input was cut, the same bytes decide.
    fn sort(&self, knows: &impl Fn(&[String]) -> bool, more: bool) -> Option<Sort> {
        let text = &self.text[..self.text.len().min(START_BYTES)];
        let rest = &text[start(text)..];
        let line = &rest[..rest.len().min(FIRST_LINE_BYTES)];
        if self.expected == Expected::Anything && matches!(line.first(), Some(b'{' | b'[')) {
            return Some(Sort::Json);
        }
        if self.expected == Expected::Anything {
            let start = Start {
                raw: &self.raw[..self.raw.len().min(START_BYTES)],
                text: line,
                more: more && line.len() < FIRST_LINE_BYTES && text.len() < START_BYTES,
            };
            match carriers::of(start) {
                Ok(Some(carrier)) => return Some(Sort::Carried(carrier)),
                Err(NeedsMore) => return None,
                Ok(None) => {}
            }
        }
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            return Some(self.sort_of_line(&line[..end], knows));
        }
        if line.len() < FIRST_LINE_BYTES && text.len() < START_BYTES {
            return None;
        }
        Some(match self.expected {
            Expected::Anything => Sort::Json,
            Expected::Table => self.sort_of_line(line, knows),
        })
    }

    /// The input has ended.
    pub(crate) fn finish(&mut self, knows: impl Fn(&[String]) -> bool) -> Sort {
        self.decoder.finish(&mut self.text);
        self.sort(&knows, false).unwrap_or_else(|| {
            let line = &self.text[start(&self.text)..];
            if line.is_empty() {
                return Sort::Json;
            }
            self.sort_of_line(line, &knows)
        })
    }

    /// Every byte that was pushed.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.raw)
    }

    fn sort_of_line(&self, line: &[u8], knows: &impl Fn(&[String]) -> bool) -> Sort {
        match self.expected {
            Expected::Anything => sort_of_line(line, knows),
            Expected::Table => Sort::Table {
                delimiter: delimiter(&String::from_utf8_lossy(line)),
            },
        }
    }
}

/// Where white space, separators of records and a byte order mark end.
fn start(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match &text[at..] {
            [0xEF, 0xBB, 0xBF, ..] => at += 3,
            [b' ' | b'\t' | b'\r' | b'\n' | 0x1E, ..] => at += 1,
            _ => return at,
        }
    }
}

fn sort_of_line(line: &[u8], knows: &impl Fn(&[String]) -> bool) -> Sort {
    let Ok(line) = std::str::from_utf8(line) else {
        return Sort::Json;
    };
    let line = line.trim_end_matches('\r');
    if let Some(delimiter) = separator_hint(line) {
        return Sort::Table { delimiter };
    }
    let (delimiter, names) = headings(line);
    let looks_like_one = names.len() >= HEADINGS_MIN
        && !line.contains(['{', '}', '[', ']', ':', '=', '\\'])
        && names.iter().any(|name| !name.is_empty());
    if knows(&names) || looks_like_one {
        return Sort::Table { delimiter };
    }
    Sort::Json
}

/// `sep=;` tells Excel what stands between cells.
fn separator_hint(line: &str) -> Option<u8> {
    match line.as_bytes().strip_prefix(b"sep=") {
        Some(&[delimiter]) if DELIMITERS.contains(&delimiter) => Some(delimiter),
        _ => None,
    }
}

/// What stands between the cells of a line that is one of a table.
fn delimiter(line: &str) -> u8 {
    let line = line.trim_end_matches('\r');
    separator_hint(line).unwrap_or_else(|| headings(line).0)
}

/// The delimiter that stands most often outside of quotes, and the names that it parts.
pub(crate) fn headings(line: &str) -> (u8, Vec<String>) {
    let count = |delimiter: u8| {
        let mut quoted = false;
        let mut found = 0_usize;
        for byte in line.bytes() {
            if byte == b'"' {
                quoted = !quoted;
            } else if byte == delimiter && !quoted {
                found += 1;
            }
        }
        found
    };
    let mut best = (DELIMITERS[0], count(DELIMITERS[0]));
    for delimiter in &DELIMITERS[1..] {
        let found = count(*delimiter);
        if found > best.1 {
            best = (*delimiter, found);
        }
    }
    let mut quoted = false;
    let parts = line.split(|character: char| {
        quoted ^= character == '"';
        character == char::from(best.0) && !quoted
    });
    let names = parts
        .map(|part| {
            let bare = part.trim().trim_matches('"');
            heading_name(&bare.replace("\"\"", "\""))
        })
        .collect();
    (best.0, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Option<u8>) {
        let knows = |names: &[String]| names.iter().any(|name| name == "Date (UTC)");
        let expected = expected.map_or(Sort::Json, |delimiter| Sort::Table { delimiter });
        let mut whole = Sniffer::new(Expected::Anything);
        let sort = whole
            .push(input.as_bytes(), knows)
            .unwrap_or_else(|| whole.finish(knows));
        assert_eq!(sort, expected, "{input:?}");
        let mut bytewise = Sniffer::new(Expected::Anything);
        let mut found = None;
        for byte in input.bytes() {
            found = found.or_else(|| bytewise.push(&[byte], knows));
        }
        assert_eq!(
            found.unwrap_or_else(|| bytewise.finish(knows)),
            expected,
            "{input:?} byte by byte"
        );
    }

    #[test]
    fn what_must_be_a_table_is_one_however_it_is_cut() {
        for (input, expected) in [
            ("{a;b\nc;d,,,\n", b';'),
            ("a", b','),
            ("[\t", b'\t'),
            ("sep=;\na,b", b';'),
        ] {
            for size in 1..=input.len() {
                let mut sniffer = Sniffer::new(Expected::Table);
                let mut found = None;
                for part in input.as_bytes().chunks(size) {
                    found = found.or_else(|| sniffer.push(part, |_| false));
                }
                let sort = found.unwrap_or_else(|| sniffer.finish(|_| false));
                assert_eq!(
                    sort,
                    Sort::Table { delimiter: expected },
                    "{input:?} in pieces of {size}"
                );
            }
        }
    }

    #[test]
    fn a_first_line_without_end_is_judged_by_the_same_bytes_however_it_is_cut() {
        let long = format!("Date (UTC),{}\n", "x".repeat(FIRST_LINE_BYTES));
        let white = format!("{}Date (UTC),a\n", "\n".repeat(START_BYTES - 4));
        for input in [long, white] {
            for size in [1_000, 60_000, 65_537, 1 << 20] {
                let mut sniffer = Sniffer::new(Expected::Anything);
                let knows = |names: &[String]| names.iter().any(|name| name == "Date (UTC)");
                let mut found = None;
                for part in input.as_bytes().chunks(size) {
                    found = found.or_else(|| sniffer.push(part, knows));
                }
                assert_eq!(
                    found,
                    Some(Sort::Json),
                    "{} bytes in pieces of {size}",
                    input.len()
                );
            }
        }
    }

    #[test]
    fn json_is_json_whatever_stands_before_it() {
        check("{\"a\":1}", None);
        check("\u{feff} \n[1,2,3]\n", None);
        check("", None);
        check("\n\n", None);
    }

    #[test]
    fn a_first_line_of_names_is_a_table() {
        check("\u{feff}\"Date (UTC)\",\"Request ID\"\r\n", Some(b','));
        check("Date (UTC);Request ID;User\n", Some(b';'));
        check("Date (UTC)\tRequest ID", Some(b'\t'));
        check("time,user,outcome\n", Some(b','));
        check("sep=;\nanything", Some(b';'));
    }

    #[test]
    fn a_delimiter_in_quotes_parts_nothing() {
        check("\"Date (UTC)\";\"Name, first, last, middle\";x\n", Some(b';'));
    }

    #[test]
    fn broken_json_and_plain_text_are_no_table() {
        check("\"id\":\"1\",\"user\":\"ann\",\"a\":1}\n{\"a\":1}\n", None);
        check("Hello, world\n", None);
        check("2017-05-17 12:00:00, INFO, started\n", None);
    }
}
