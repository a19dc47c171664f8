//! Whether an input is JSON or a table, by its first line.

use crate::splitter::encoding::Decoder;
use crate::table::heading_name;

/// A first line that is longer than this names no columns.
const FIRST_LINE_BYTES: usize = 64 << 10;
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
}

/// Looks at the start of an input until it is clear what it is. The bytes are kept until then.
#[derive(Debug)]
pub(crate) struct Sniffer {
    raw: Vec<u8>,
    decoder: Decoder,
    text: Vec<u8>,
}

impl Sniffer {
    pub(crate) fn new() -> Sniffer {
        Sniffer {
            raw: Vec::new(),
            decoder: Decoder::new(),
            text: Vec::new(),
        }
    }

    /// Takes bytes; the answer when it is clear. `knows` tells whether somebody knows the headings of a table.
    pub(crate) fn push(&mut self, bytes: &[u8], knows: impl Fn(&[String]) -> bool) -> Option<Sort> {
        // Not all of a large push: the first line decides.
        for part in bytes.chunks(FIRST_LINE_BYTES) {
            self.decoder.decode(part, &mut self.text);
            let looked_at = &self.text[start(&self.text)..];
            let sort = match looked_at.first() {
                None => None,
                Some(b'{' | b'[') => Some(Sort::Json),
                Some(_) => match looked_at.iter().position(|byte| *byte == b'\n') {
                    Some(end) => Some(sort_of_line(&looked_at[..end], &knows)),
                    None if looked_at.len() > FIRST_LINE_BYTES => Some(Sort::Json),
                    None => None,
                },
            };
            if sort.is_some() || self.text.len() > 2 * FIRST_LINE_BYTES {
                self.raw.extend_from_slice(bytes);
                return Some(sort.unwrap_or(Sort::Json));
            }
        }
        self.raw.extend_from_slice(bytes);
        None
    }

    /// The input has ended.
    pub(crate) fn finish(&mut self, knows: impl Fn(&[String]) -> bool) -> Sort {
        self.decoder.finish(&mut self.text);
        let looked_at = &self.text[start(&self.text)..];
        match looked_at.first() {
            None | Some(b'{' | b'[') => Sort::Json,
            Some(_) => sort_of_line(looked_at, &knows),
        }
    }

    /// What stands between the cells of the first line, taken for that of a table.
    pub(crate) fn delimiter(&self) -> u8 {
        let line = self.text[start(&self.text)..].split(|byte| *byte == b'\n').next();
        headings(&String::from_utf8_lossy(line.unwrap_or_default())).0
    }

    /// Every byte that was pushed.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.raw)
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
    let line = line.trim_end();
    if let Some(&[delimiter]) = line.as_bytes().strip_prefix(b"sep=")
        && DELIMITERS.contains(&delimiter)
    {
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
        let mut whole = Sniffer::new();
        let sort = whole
            .push(input.as_bytes(), knows)
            .unwrap_or_else(|| whole.finish(knows));
        assert_eq!(sort, expected, "{input:?}");
        let mut bytewise = Sniffer::new();
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
