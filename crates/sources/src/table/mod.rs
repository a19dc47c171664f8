//! Reads tables of text: the first row names the columns, each further row is a record.

mod rows;
mod sniff;

pub use rows::{COLUMNS_MAX, ROW_BYTES_MAX, Row, RowContent, RowSplitter};
pub(crate) use sniff::{Expected, Sniffer, Sort, headings};

use crate::formats::{is_secret, kept_of_breach_list};
use crate::reading::{Choice, Judged, judge, keeps_only_what_it_reads, knows_headings, wanted_headings};
use crate::{Limits, Record, Understanding};
use serde_json::{Map, Value};

/// Reads the rows of one input.
pub(crate) struct TableReader {
    rows: RowSplitter,
    pieces: Vec<Row>,
    heading: Option<Heading>,
}

/// The row that names the columns.
#[derive(Debug)]
struct Heading {
    line: u64,
    names: Vec<String>,
    /// Its bytes: they stand before each row that is kept, so that the row can be read again alone.
    original: Vec<u8>,
    sort: HeadingSort,
    keeps: Keeps,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeadingSort {
    Known,
    Unknown,
}

/// What is kept of the rows below headings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// They, as they came, and the headings before each.
    Rows,
    /// Of those that are understood, what is understood; nothing of others: they may have passwords in them.
    WhatIsUnderstood,
}

/// What stands for a row of which nothing is kept.
const WITHHELD: &[u8] = b"(not kept: rows of this table may have passwords in them)";

impl Keeps {
    fn of(self, original: Vec<u8>) -> Vec<u8> {
        match self {
            Keeps::Rows => original,
            Keeps::WhatIsUnderstood => WITHHELD.to_vec(),
        }
    }
}

impl TableReader {
    pub(crate) fn new(limits: Limits, delimiter: u8) -> TableReader {
        TableReader {
            rows: RowSplitter::new(limits, delimiter),
            pieces: Vec::new(),
            heading: None,
        }
    }

    pub(crate) fn push(&mut self, choice: &Choice, bytes: &[u8], out: &mut Vec<Record>) {
        self.rows.push(bytes, &mut self.pieces);
        self.read(choice, out);
    }

    pub(crate) fn finish(&mut self, choice: &Choice, out: &mut Vec<Record>) {
        self.rows.finish(&mut self.pieces);
        self.read(choice, out);
    }

    fn read(&mut self, choice: &Choice, out: &mut Vec<Record>) {
        for row in std::mem::take(&mut self.pieces) {
            let (line, byte) = (row.line, row.byte);
            if let Some(understanding) = self.understand(choice, row) {
                out.push(Record {
                    line,
                    byte,
                    understanding,
                });
            }
        }
    }

    fn understand(&mut self, choice: &Choice, row: Row) -> Option<Understanding> {
        let line = row.line;
        let (cells, original) = match row.content {
            RowContent::Whole { cells, original } => (cells, original),
            RowContent::Broken { reason, original } => {
                let keeps = self.heading.as_ref().map_or(Keeps::Rows, |heading| heading.keeps);
                let original = keeps.of(original);
                return Some(Understanding::Rejected { reason, original });
            }
        };
        if is_separator_hint(&original) || cells.iter().all(|cell| cell.trim().is_empty()) {
            return None;
        }
        if let Some(heading) = &self.heading
            && !heading.is_begun_again(&original, &cells)
        {
            return heading.understand(choice, &cells, original);
        }
        // The first row, or that of a file that was joined to another.
        let heading = Heading::new(choice, line, &cells, original);
        let refusal = (heading.sort == HeadingSort::Unknown).then(|| Understanding::Rejected {
            reason: unknown_headings(choice, &heading.names),
            original: heading.original.clone(),
        });
        self.heading = Some(heading);
        refusal
    }
}

impl Heading {
    fn new(choice: &Choice, line: u64, cells: &[String], original: Vec<u8>) -> Heading {
        let names: Vec<String> = cells.iter().map(|cell| heading_name(cell)).collect();
        let sort = if knows_headings(choice, &names) {
            HeadingSort::Known
        } else {
            HeadingSort::Unknown
        };
        let has_secrets = sort == HeadingSort::Unknown && names.iter().any(|name| is_secret(name));
        let keeps = if has_secrets || keeps_only_what_it_reads(choice, &names) {
            Keeps::WhatIsUnderstood
        } else {
            Keeps::Rows
        };
        Heading {
            line,
            names,
            original,
            sort,
            keeps,
        }
    }

    /// Whether a row names columns again. In the admin center's tables the first column is a date, so its own heading
    /// there can only be a heading; in other tables somebody may be called like that.
    fn is_begun_again(&self, original: &[u8], cells: &[String]) -> bool {
        let is_date = |name: &str| name.eq_ignore_ascii_case("Date (UTC)");
        let starts_with_date =
            |names: &[String]| names.first().is_some_and(|name| is_date(&heading_name(name)));
        original == self.original || starts_with_date(&self.names) && starts_with_date(cells)
    }

    fn understand(&self, choice: &Choice, cells: &[String], original: Vec<u8>) -> Option<Understanding> {
        if self.sort == HeadingSort::Unknown {
            let reason = format!(
                "the headings of its columns are not known: see what is said of line {}",
                self.line
            );
            let original = self.keeps.of(original);
            return Some(Understanding::Rejected { reason, original });
        }
        let wanted = self.names.len();
        let too_many = cells.iter().skip(wanted).any(|cell| !cell.trim().is_empty());
        if cells.len() < wanted || too_many {
            let reason = format!(
                "it has {} columns, and the headings in line {} have {wanted}: was it cut off, or is a quote missing?",
                cells.len(),
                self.line
            );
            let original = self.keeps.of(original);
            return Some(Understanding::Rejected { reason, original });
        }
        let record = self.record(cells);
        if self.keeps == Keeps::WhatIsUnderstood {
            let kept = kept_of_breach_list(&record)?;
            // Text always has a JSON form.
            let original = || serde_json::to_vec(&kept).unwrap_or_default();
            return judge(choice, &kept).understanding(original);
        }
        let with_heading = || [&self.original[..], b"\n", &original[..]].concat();
        match judge(choice, &record) {
            Judged::Event(format, told) => Some(Understanding::of_event(format, told, with_heading())),
            judged @ Judged::Fragment(..) => judged.understanding(with_heading),
            Judged::Ignored(reason) => Some(Understanding::Ignored { reason }),
            Judged::Rejected(reason) | Judged::Undated(_, _, reason) => {
                Some(Understanding::Rejected { reason, original })
            }
            Judged::NoRecord => None,
        }
    }

    /// The row as an object. Of two columns with one name, the first that says something counts.
    fn record(&self, cells: &[String]) -> Map<String, Value> {
        let mut record = Map::new();
        for (name, cell) in self.names.iter().zip(cells) {
            if name.is_empty() {
                continue;
            }
            let is_empty = record
                .get(name)
                .is_none_or(|held| held.as_str().is_some_and(|text| text.trim().is_empty()));
            if is_empty {
                record.insert(name.clone(), Value::String(cell.clone()));
            }
        }
        record
    }
}

/// Whether an input is read as a table when no mapping says what it is.
pub fn is_table(input: &[u8]) -> bool {
    let knows = |names: &[String]| knows_headings(&Choice::Auto, names);
    let mut sniffer = Sniffer::new(Expected::Anything);
    let sort = sniffer
        .push(input, knows)
        .unwrap_or_else(|| sniffer.finish(knows));
    sort != Sort::Json
}

/// The cells of a row that stands below the row of its headings.
pub(crate) fn members(original: &[u8]) -> Option<Map<String, Value>> {
    let line = original.split(|byte| *byte == b'\n').next()?;
    let (delimiter, _) = sniff::headings(std::str::from_utf8(line).ok()?);
    let mut rows = RowSplitter::new(Limits::default(), delimiter);
    let mut pieces = Vec::new();
    rows.push(original, &mut pieces);
    rows.finish(&mut pieces);
    let mut found = pieces.into_iter().filter_map(|row| match row.content {
        RowContent::Whole { cells, original } => Some((cells, original)),
        RowContent::Broken { .. } => None,
    });
    let (headings, original) = found.next()?;
    let (cells, _) = found.next()?;
    Some(Heading::new(&Choice::Auto, 1, &headings, original).record(&cells))
}

/// A heading as it is compared: without the white space that the admin center leaves at ends and doubles in the middle
/// (`Application ID `, `Autonomous system  number`), and without the `[UTC]` that Log Analytics adds.
pub(crate) fn heading_name(cell: &str) -> String {
    let mut name = String::with_capacity(cell.len());
    for word in cell.split_whitespace() {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(word);
    }
    if let Some(bare) = name.strip_suffix(" [UTC]") {
        return bare.to_owned();
    }
    name
}

/// `sep=;` tells Excel what stands between cells.
fn is_separator_hint(row: &[u8]) -> bool {
    row.len() == 5 && row[..4].eq_ignore_ascii_case(b"sep=")
}

fn unknown_headings(choice: &Choice, names: &[String]) -> String {
    let found: Vec<String> = names
        .iter()
        .filter(|name| !name.is_empty())
        .take(8)
        .map(|name| format!("`{}`", name.chars().take(60).collect::<String>()))
        .collect();
    let more = if names.len() > 8 { " …" } else { "" };
    format!(
        "the headings of its columns are not known, so none of its rows is read: found {}{more}; wanted are {}",
        found.join(", "),
        wanted_headings(choice, names)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: &str, expected: &str) {
        assert_eq!(heading_name(cell), expected, "{cell:?}");
    }

    #[test]
    fn headings_are_compared_without_stray_white_space() {
        check("Application ID ", "Application ID");
        check("Autonomous system  number", "Autonomous system number");
        check("\u{a0}User", "User");
        check("", "");
    }

    #[test]
    fn the_zone_that_log_analytics_adds_is_left_out() {
        check("TimeGenerated [UTC]", "TimeGenerated");
        check("Date (UTC)", "Date (UTC)");
    }
}
