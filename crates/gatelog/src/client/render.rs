//! Rows as they are printed: JSON, JSON Lines, CSV, TSV, and tables for people.

use super::cells::{Cell, Members, compact, neutralised};
use crate::output::printable;
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// No cell of a table is wider; `-o json` has all of it.
const WIDEST_CELL: usize = 48;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// For people; the width of the terminal, if there is one.
    Table(Option<u16>),
    /// One list.
    Json,
    /// One row a line.
    JsonLines,
    /// With a separator.
    Separated(Separated),
}

/// Tables for programs and spreadsheets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Separated {
    pub(crate) by: Separator,
    pub(crate) mark: ByteOrderMark,
    pub(crate) formulas: Formulas,
}

/// What stands between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    /// RFC 4180: quotes where needed, CR LF at the end of each row.
    Comma,
    /// Tabs, line ends and backslashes within a cell are written as `\t`, `\n`, `\r` and `\\`.
    Tab,
}

/// Whether the file begins with U+FEFF, without which Excel takes UTF-8 for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrderMark {
    Written,
    Absent,
}

/// What becomes of text that a spreadsheet would take for a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Formulas {
    /// It gets an apostrophe before it.
    Neutralised,
    /// It stays as it is, for programs.
    AsTheyAre,
}

impl Style {
    /// Whether the columns must be known before the first row.
    pub(crate) fn needs_columns(self) -> bool {
        matches!(self, Style::Table(_) | Style::Separated(_))
    }
}

/// Prints rows, page by page, of which only one is in memory.
pub(crate) struct Renderer {
    style: Style,
    columns: Vec<String>,
    rows: u64,
    /// Of a table, since its first page.
    widths: Option<Vec<usize>>,
    hidden_columns: usize,
    undeclared: BTreeSet<String>,
}

impl Renderer {
    /// With the columns of the report, which JSON does not need. `rows` were printed before, by an export that is resumed.
    pub(crate) fn new(style: Style, columns: Vec<String>, rows: u64) -> Renderer {
        Renderer {
            style,
            columns,
            rows,
            widths: None,
            hidden_columns: 0,
            undeclared: BTreeSet::new(),
        }
    }

    /// How many rows were printed.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What stands before the first row.
    pub(crate) fn begin(&self) -> anyhow::Result<Vec<u8>> {
        Ok(match self.style {
            Style::Json => b"[".to_vec(),
            Style::Separated(separated) => {
                let mut out = Vec::new();
                if separated.mark == ByteOrderMark::Written {
                    out.extend_from_slice("\u{feff}".as_bytes());
                }
                let head = self.columns.iter().map(|name| Cell::Text(name.clone())).collect();
                separated.write(&mut out, vec![head])?;
                out
            }
            Style::Table(_) | Style::JsonLines => Vec::new(),
        })
    }

    /// The rows of a page.
    pub(crate) fn page(&mut self, rows: &[Box<RawValue>]) -> anyhow::Result<Vec<u8>> {
        let mut out = Vec::new();
        match self.style {
            Style::Json => {
                for (index, row) in rows.iter().enumerate() {
                    out.extend_from_slice(if self.rows == 0 && index == 0 {
                        b"\n"
                    } else {
                        b",\n"
                    });
                    out.extend_from_slice(compact(row.get()).as_bytes());
                }
            }
            Style::JsonLines => {
                for row in rows {
                    out.extend_from_slice(compact(row.get()).as_bytes());
                    out.push(b'\n');
                }
            }
            Style::Separated(separated) => {
                let cells = self.cells(rows)?;
                separated.write(&mut out, cells)?;
            }
            Style::Table(width) => {
                let cells = self.cells(rows)?;
                out = self.table(cells, width).into_bytes();
            }
        }
        self.rows += rows.len() as u64;
        Ok(out)
    }

    /// What stands after the last row.
    pub(crate) fn end(&self) -> Vec<u8> {
        match self.style {
            Style::Json if self.rows == 0 => b"]\n".to_vec(),
            Style::Json => b"\n]\n".to_vec(),
            _ => Vec::new(),
        }
    }

    /// What was left out, for people to know.
    pub(crate) fn left_out(&self) -> Option<String> {
        if self.hidden_columns > 0 {
            return Some(format!(
                "{} more columns do not fit here; -o json has all of them",
                self.hidden_columns
            ));
        }
        if self.undeclared.is_empty() {
            return None;
        }
        let names: Vec<String> = self.undeclared.iter().map(|name| printable(name)).collect();
        Some(format!(
            "rows have properties that have no column ({}); -o jsonl keeps them",
            names.join(", ")
        ))
    }

    fn cells(&mut self, rows: &[Box<RawValue>]) -> anyhow::Result<Vec<Vec<Cell>>> {
        let mut table = Vec::with_capacity(rows.len());
        for row in rows {
            let members = Members::read(row)?;
            for (name, _) in &members.0 {
                if self.undeclared.len() < 20 && !self.columns.contains(name) {
                    self.undeclared.insert(name.clone());
                }
            }
            table.push(
                self.columns
                    .iter()
                    .map(|name| Cell::of(members.get(name)))
                    .collect(),
            );
        }
        Ok(table)
    }

    /// The widths are those of the first page, so that the columns of the next one stand below.
    fn table(&mut self, rows: Vec<Vec<Cell>>, terminal: Option<u16>) -> String {
        let rows: Vec<Vec<String>> = rows
            .into_iter()
            .map(|row| row.into_iter().map(|cell| printable(&cell.into_text())).collect())
            .collect();
        let is_first = self.widths.is_none();
        let widths = self.widths.get_or_insert_with(|| {
            let mut widths: Vec<usize> = self.columns.iter().map(|name| name.width()).collect();
            for row in &rows {
                for (width, cell) in widths.iter_mut().zip(row) {
                    *width = (*width).max(cell.width());
                }
            }
            widths.into_iter().map(|width| width.min(WIDEST_CELL)).collect()
        });
        let shown = fitting(widths, terminal);
        self.hidden_columns = widths.len() - shown;
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled);
        if is_first {
            table.set_header(
                self.columns[..shown]
                    .iter()
                    .map(|name| printable(name))
                    .collect::<Vec<_>>(),
            );
        }
        for row in rows {
            let cells = row.iter().zip(widths.iter()).take(shown);
            table.add_row(cells.map(|(cell, width)| cut(cell, *width)).collect::<Vec<_>>());
        }
        for (index, width) in widths.iter().take(shown).enumerate() {
            if let Some(column) = table.column_mut(index) {
                let padded = Width::Fixed(u16::try_from(*width + 2).unwrap_or(u16::MAX));
                column.set_constraint(ColumnConstraint::Absolute(padded));
            }
        }
        let mut out = String::new();
        for line in table.to_string().lines() {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

/// How many columns from the left fit: all of them where there is no terminal, and always one.
fn fitting(widths: &[usize], terminal: Option<u16>) -> usize {
    let Some(room) = terminal.map(usize::from) else {
        return widths.len();
    };
    let mut used = 0;
    for (index, width) in widths.iter().enumerate() {
        // A blank on either side.
        used += width + 2;
        if used > room && index > 0 {
            return index;
        }
    }
    widths.len()
}

/// As much of a text as has room, by columns of the terminal: some characters take two.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        cut.push(character);
    }
    cut.push('…');
    cut
}

impl Separated {
    fn write(self, out: &mut Vec<u8>, rows: Vec<Vec<Cell>>) -> anyhow::Result<()> {
        let text = |cell: Cell| match cell {
            Cell::Text(text) if self.formulas == Formulas::Neutralised => neutralised(text),
            other => other.into_text(),
        };
        match self.by {
            Separator::Comma => {
                let mut writer = csv::WriterBuilder::new()
                    .terminator(csv::Terminator::CRLF)
                    .from_writer(out);
                for row in rows {
                    writer.write_record(row.into_iter().map(text))?;
                }
                writer.flush()?;
            }
            Separator::Tab => {
                for row in rows {
                    let cells: Vec<String> = row.into_iter().map(|cell| without_tabs(&text(cell))).collect();
                    out.extend_from_slice(cells.join("\t").as_bytes());
                    out.push(b'\n');
                }
            }
        }
        Ok(())
    }
}

fn without_tabs(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('\t', "\\t")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Separated = Separated {
        by: Separator::Comma,
        mark: ByteOrderMark::Absent,
        formulas: Formulas::Neutralised,
    };

    /// Two pages of rows, in a style; the columns are t and n.
    fn check(style: Style, pages: &[&[&str]], expected: &str) {
        let mut renderer = Renderer::new(style, vec!["t".to_owned(), "n".to_owned()], 0);
        let mut out = renderer.begin().unwrap();
        for page in pages {
            let rows: Vec<Box<RawValue>> = page
                .iter()
                .map(|row| serde_json::from_str(row).unwrap())
                .collect();
            out.extend(renderer.page(&rows).unwrap());
        }
        out.extend(renderer.end());
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    const PAGES: &[&[&str]] = &[
        &[r#"{"t":"a","n":1}"#, r#"{"t":null,"n":-2}"#],
        &[r#"{"n":3,"t":"c"}"#],
    ];

    #[test]
    fn json_is_one_list_and_json_lines_are_lines() {
        check(
            Style::Json,
            PAGES,
            "[\n{\"t\":\"a\",\"n\":1},\n{\"t\":null,\"n\":-2},\n{\"n\":3,\"t\":\"c\"}\n]\n",
        );
        check(Style::Json, &[], "[]\n");
        check(Style::JsonLines, &[&["{\n\"t\": 1}"]], "{\"t\":1}\n");
    }

    #[test]
    fn csv_is_that_of_rfc_4180() {
        check(Style::Separated(CSV), PAGES, "t,n\r\na,1\r\n,-2\r\nc,3\r\n");
        check(
            Style::Separated(CSV),
            &[&[r#"{"t":"a,b \"c\"","n":"x\r\ny"}"#, r#"{"t":{"k":[1,"v"]}}"#]],
            "t,n\r\n\"a,b \"\"c\"\"\",\"x\r\ny\"\r\n\"{\"\"k\"\":[1,\"\"v\"\"]}\",\r\n",
        );
    }

    #[test]
    fn formulas_are_neutralised_unless_raw() {
        let rows: &[&[&str]] = &[&[r#"{"t":"=1+1","n":-1}"#, r#"{"t":"\t@x","n":"-1"}"#]];
        check(Style::Separated(CSV), rows, "t,n\r\n'=1+1,-1\r\n'\t@x,'-1\r\n");
        let raw = Separated {
            formulas: Formulas::AsTheyAre,
            ..CSV
        };
        check(Style::Separated(raw), rows, "t,n\r\n=1+1,-1\r\n\t@x,-1\r\n");
    }

    #[test]
    fn a_byte_order_mark_and_tabs_where_asked() {
        let style = Separated {
            mark: ByteOrderMark::Written,
            ..CSV
        };
        check(Style::Separated(style), &[], "\u{feff}t,n\r\n");
        let style = Separated {
            by: Separator::Tab,
            ..CSV
        };
        check(
            Style::Separated(style),
            &[&[r#"{"t":"a\tb\nc\\d","n":"x\"y"}"#]],
            "t\tn\na\\tb\\nc\\\\d\tx\"y\n",
        );
    }

    #[test]
    fn a_table_keeps_the_widths_of_its_first_page_and_cannot_move_the_cursor() {
        check(
            Style::Table(None),
            &[&[r#"{"t":"abc","n":1}"#], &[r#"{"t":"\u001b[2Jabcdef","n":22}"#]],
            " t    n\n abc  1\n \u{fffd}[…  …\n",
        );
        let wide = "x".repeat(60);
        check(
            Style::Table(None),
            &[&[&format!(r#"{{"t":"{wide}","n":1}}"#)]],
            &format!(" t{}  n\n {}…  1\n", " ".repeat(47), "x".repeat(47)),
        );
    }

    #[test]
    fn a_terminal_shows_the_columns_that_fit() {
        check(Style::Table(Some(6)), &[&[r#"{"t":"abc","n":1}"#]], " t\n abc\n");
        check(Style::Table(Some(1)), &[&[r#"{"t":"abc","n":1}"#]], " t\n abc\n");
    }

    #[test]
    fn what_has_no_column_is_told() {
        let mut renderer = Renderer::new(Style::Separated(CSV), vec!["t".to_owned()], 0);
        let row: Box<RawValue> = serde_json::from_str(r#"{"t":1,"more":2,"@odata.type":"x"}"#).unwrap();
        renderer.page(&[row]).unwrap();
        assert!(renderer.left_out().unwrap().contains("(more)"));
    }
}
