//! What commands print: tables for people, JSON for programs, messages beside both.

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;
use std::io::Write;

/// How an answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// Nobody said.
    #[value(hide = true)]
    Auto,
    /// For people
    Table,
    /// For programs
    Json,
    /// Rows of reports, one a line
    Jsonl,
    /// Rows of reports, for spreadsheets
    Csv,
    /// Rows of reports, with tabs
    Tsv,
}

impl Format {
    /// Whether it is for rows of reports alone.
    pub(crate) fn is_for_rows(self) -> bool {
        matches!(self, Format::Jsonl | Format::Csv | Format::Tsv)
    }
}

/// Prints an answer: as JSON, or as the text that people read.
#[allow(clippy::print_stdout)]
pub(crate) fn answer(
    format: Format,
    value: &impl Serialize,
    text: impl FnOnce() -> String,
) -> anyhow::Result<()> {
    let shown = match format {
        Format::Json => serde_json::to_string(value)?,
        _ => text(),
    };
    line(&shown)
}

/// Prints a line of data. A reader that went away (`| head`) is no error.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Says something beside the data.
pub(crate) fn say(text: &str) {
    // Nobody may be listening; the command goes on.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Says why a command ended, cause by cause.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut causes = error.chain().map(ToString::to_string);
    say(&format!("gatelog: {}", causes.next().unwrap_or_default()));
    for cause in causes {
        say(&format!("  because: {cause}"));
    }
}

/// A table without lines, which greps and copies well.
pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head.to_vec());
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)).collect::<Vec<_>>());
    }
    table
        .to_string()
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Text from outside cannot move the cursor, colour the terminal, or turn the direction of writing around.
pub(crate) fn printable(text: &str) -> String {
    let turns = |character| matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|character| {
            if character.is_control() || turns(character) {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}
