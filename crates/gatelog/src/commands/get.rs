//! `gatelog get`: the rows of a report.

use super::block_on;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::error::ClientError;
use crate::client::paging::Pages;
use crate::client::place;
use crate::client::question::{Question, Report, metadata};
use crate::client::render::{ByteOrderMark, Formulas, Renderer, Separated, Separator, Style};
use crate::client::session::Session;
use crate::client::{columns, since, wait};
use crate::exit::{Code, Usage};
use crate::output::Format;
use anyhow::{Context, Result};
use edge::clock;
use serde_json::Value;
use serde_json::value::RawValue;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Get the rows of a report, newest first.
///
/// Without --all or --top it is one page. Without --since, --until or a --filter on its date, a service shows the last 30 days.
/// A table on a terminal, JSON Lines elsewhere; -o table|json|jsonl|csv|tsv decides otherwise. Only one page is in memory,
/// unless there is a --query.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog get auditEvents --since 7d --all
  gatelog get activities/signinEvents --filter \"loginStatus eq '1'\" --top 50 -o table
  gatelog get auditEvents --since 2026-11-01 --until 2026-11-02T08:00:00+01:00 --all -o csv --bom --to audit.csv
  gatelog get auditEvents --since 1d --all --query \"[?contains(action, 'role')].{who: actor, what: action}\"

A time without a zone is UTC. --filter runs on the service (OData), --query here (JMESPath), over all rows that came.")]
pub(crate) struct Args {
    /// The report, as `gatelog reports` lists it
    report: String,
    /// Which rows, in OData; it runs on the service
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Rows at or after this: 7d, 36h, 90m ago, a date, or a time; without a zone it is UTC
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Rows before this; written like --since
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The newest N rows, on as many pages as they take
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    top: Option<u64>,
    /// Without the newest N rows
    #[arg(long, value_name = "N")]
    skip: Option<u64>,
    /// All pages
    #[arg(long, conflicts_with = "top")]
    all: bool,
    /// What to show of the rows, in JMESPath; it runs here, over all rows that came
    #[arg(long, value_name = "EXPRESSION")]
    query: Option<String>,
    /// Write a file, which has its name only when it is whole
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    #[command(flatten)]
    cells: Cells,
    #[command(flatten)]
    connection: Connection,
}

/// How CSV and TSV are written.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct Cells {
    /// Begin CSV and TSV with a byte order mark, which Excel needs to see UTF-8
    #[arg(long)]
    pub(super) bom: bool,
    /// Leave text in CSV and TSV as it is, also where a spreadsheet would take it for a formula
    #[arg(long)]
    pub(super) raw: bool,
}

impl Cells {
    fn separated(self, by: Separator) -> Style {
        Style::Separated(Separated {
            by,
            mark: if self.bom {
                ByteOrderMark::Written
            } else {
                ByteOrderMark::Absent
            },
            formulas: if self.raw {
                Formulas::AsTheyAre
            } else {
                Formulas::Neutralised
            },
        })
    }

    /// How rows are written in a format. `terminal` is there if a person looks at them.
    pub(super) fn style(self, format: Format, terminal: Option<u16>) -> Style {
        match (format, terminal) {
            (Format::Table, width) => Style::Table(width),
            (Format::Auto, Some(width)) => Style::Table(Some(width)),
            (Format::Auto | Format::Jsonl, _) => Style::JsonLines,
            (Format::Json, _) => Style::Json,
            (Format::Csv, _) => self.separated(Separator::Comma),
            (Format::Tsv, _) => self.separated(Separator::Tab),
        }
    }
}

/// Where rows go.
enum Out {
    Standard,
    File(PathBuf, tempfile::NamedTempFile),
}

/// Whether somebody still reads.
#[derive(PartialEq, Eq)]
enum Reader {
    Reads,
    HasGone,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let report = Report::parse(&args.report)?;
    let query = match &args.query {
        Some(text) => Some(
            jmespath::compile(text)
                .map_err(|error| Usage(format!("--query is no JMESPath: {}", first_lines(&error))))?,
        ),
        None => None,
    };
    let now = clock::now();
    let time = |text: &Option<String>| text.as_deref().map(|text| since::parse(text, now)).transpose();
    let question = Question {
        filter: args.filter.clone(),
        since: time(&args.since)?,
        until: time(&args.until)?,
        top: args.top,
        skip: args.skip,
    };
    let terminal = (args.to.is_none() && std::io::stdout().is_terminal())
        .then(|| comfy_table::Table::new().width().unwrap_or(120));
    let style = args.cells.style(common.output, terminal);
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    let mut out = Out::open(args.to.as_deref())?;
    block_on(wait::or_interrupted(async {
        let needs_time = !report.is_known() && (question.since.is_some() || question.until.is_some());
        let declared = if needs_time || (style.needs_columns() && query.is_none()) {
            metadata(&mut session, report.face).await?
        } else {
            Vec::new()
        };
        let declared = declared.into_iter().find(|set| set.name == report.name);
        let time = report.time(declared.as_ref());
        let url = question.url(&session.host, &session.tenant, &report, time.as_deref())?;
        let columns = declared.as_ref().map(|set| set.columns.clone());
        let mut fetched = Fetched::default();
        let mut renderer = None;
        let mut all_rows = Vec::new();
        let mut pages = Pages::from(&mut session, url);
        while let Some(mut page) = pages.next().await? {
            if let Some(top) = args.top {
                let room = usize::try_from(top - fetched.rows).unwrap_or(usize::MAX);
                page.rows.truncate(room);
            }
            fetched.rows += page.rows.len() as u64;
            fetched.why_empty = page.why_empty.take();
            let is_enough =
                args.top.is_some_and(|top| fetched.rows >= top) || !(args.all || args.top.is_some());
            fetched.has_more = is_enough && page.next.is_some();
            if query.is_some() {
                all_rows.append(&mut page.rows);
            } else if print(&mut out, &mut renderer, style, columns.as_ref(), &page.rows)? == Reader::HasGone
            {
                return Ok(Code::Done);
            }
            if is_enough {
                break;
            }
        }
        if let Some(query) = &query {
            let shown = searched(query, &all_rows)?;
            let rows = match (shown, style) {
                (Value::Array(rows), _) => rows,
                (other, Style::Json) => {
                    out.write(format!("{other}\n").as_bytes())?;
                    return out.finish();
                }
                (other, _) => vec![other],
            };
            let rows = rows
                .iter()
                .map(|row| shaped(row, style))
                .collect::<Result<Vec<_>, _>>()?;
            if print(&mut out, &mut renderer, style, None, &rows)? == Reader::HasGone {
                return Ok(Code::Done);
            }
        }
        if let Some(renderer) = &renderer {
            out.write(&renderer.end())?;
            if let Some(left_out) = renderer.left_out() {
                session.note(&left_out);
            }
        }
        if fetched.rows == 0 {
            let why = fetched
                .why_empty
                .as_deref()
                .unwrap_or("the service does not say why");
            session.note(&format!("no rows: {why}"));
        } else if fetched.has_more && args.top.is_none() {
            session.note(&format!("{} rows of more; --all gets the rest", fetched.rows));
        }
        out.finish()
    }))
}

#[derive(Default)]
struct Fetched {
    rows: u64,
    has_more: bool,
    why_empty: Option<String>,
}

/// Prints rows; the first ones decide on the columns if nobody else has.
fn print(
    out: &mut Out,
    renderer: &mut Option<Renderer>,
    style: Style,
    columns: Option<&Vec<String>>,
    rows: &[Box<RawValue>],
) -> Result<Reader> {
    let is_first = renderer.is_none();
    let renderer = match renderer {
        Some(renderer) => renderer,
        none => {
            let columns = match columns {
                Some(columns) => columns.clone(),
                None if style.needs_columns() => columns::of_rows(rows).context("read the first rows")?,
                None => Vec::new(),
            };
            none.insert(Renderer::new(style, columns, 0))
        }
    };
    let mut bytes = if is_first { renderer.begin()? } else { Vec::new() };
    bytes.extend(renderer.page(rows)?);
    out.write(&bytes)
}

fn searched(query: &jmespath::Expression<'_>, rows: &[Box<RawValue>]) -> Result<Value> {
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        values.push(serde_json::from_str::<Value>(row.get())?);
    }
    let found = query
        .search(Value::Array(values))
        .map_err(|error| Usage(format!("--query cannot be answered: {}", first_lines(&error))))?;
    Ok(serde_json::to_value(&*found)?)
}

/// What a query found is no row of the report: in a table, what is no object stands in one column.
fn shaped(found: &Value, style: Style) -> Result<Box<RawValue>, serde_json::Error> {
    if style.needs_columns() && !found.is_object() {
        return serde_json::value::to_raw_value(&serde_json::json!({ "value": found }));
    }
    serde_json::value::to_raw_value(found)
}

fn first_lines(error: &jmespath::JmespathError) -> String {
    let text = error.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n  ")
}

impl Out {
    fn open(file: Option<&Path>) -> Result<Out, ClientError> {
        let Some(path) = file else {
            return Ok(Out::Standard);
        };
        let part = tempfile::NamedTempFile::new_in(place::folder_of(path))
            .map_err(|error| ClientError::file(path, &error))?;
        Ok(Out::File(path.to_owned(), part))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<Reader> {
        match self {
            Out::File(path, part) => {
                part.write_all(bytes)
                    .map_err(|error| ClientError::file(&*path, &error))?;
            }
            Out::Standard => {
                let mut out = std::io::stdout().lock();
                match out.write_all(bytes).and_then(|()| out.flush()) {
                    // `| head` has seen enough.
                    Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                        return Ok(Reader::HasGone);
                    }
                    other => other.map_err(|error| ClientError::file("standard output", &error))?,
                }
            }
        }
        Ok(Reader::Reads)
    }

    fn finish(&mut self) -> Result<Code> {
        if let Out::File(path, part) = std::mem::replace(self, Out::Standard) {
            part.as_file()
                .sync_all()
                .map_err(|error| ClientError::file(&path, &error))?;
            part.persist(&path)
                .map_err(|error| ClientError::file(&path, &error.error))?;
            place::sync_folder(place::folder_of(&path))?;
        }
        Ok(Code::Done)
    }
}
