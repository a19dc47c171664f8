//! `gatelog export`: whole reports into files.

use super::get::Cells;
use super::{block_on, reports};
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::error::ClientError;
use crate::client::export::state::{Asked, FILE_NAME, State};
use crate::client::export::{Export, Written, hold, is_of_the_report_alone, progress};
use crate::client::question::Report;
use crate::client::session::Session;
use crate::client::since;
use crate::client::wait::or_interrupted;
use crate::exit::{Code, Usage, code_of};
use crate::output::{Format, complain, say, table};
use anyhow::Result;
use edge::clock;
use indicatif::ProgressBar;
use model::time::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Write whole reports into files: every row that the service keeps, unless --since says otherwise.
///
/// Each report is a file of the folder, called after it, which has its name only when it is whole. Only one page is in memory.
/// What was interrupted goes on with --resume where it was, and gives the same file.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog export --to /srv/archive/2026-11-22
  gatelog export auditEvents activities/signinEvents --since 30d -o csv --to .
  gatelog export --to /srv/archive/2026-11-22 --resume

Files are readable by you alone. gatelog-export.json beside them says how far the export is; it holds no token.
Exit code 6: some reports could not be written; the others are whole.")]
pub(crate) struct Args {
    /// The reports [default: all that the service has]
    reports: Vec<String>,
    /// The folder to write to; it is made if it is not there
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// Go on with an export that was interrupted
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,
    /// Begin anew, over the files of an earlier export
    #[arg(long)]
    overwrite: bool,
    /// Which rows, in OData; it runs on the service, for each report
    #[arg(long, value_name = "EXPRESSION")]
    filter: Option<String>,
    /// Rows at or after this: 7d, 36h, 90m ago, a date, or a time; without a zone it is UTC
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Rows before this; written like --since
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Show no progress
    #[arg(long)]
    no_progress: bool,
    #[command(flatten)]
    cells: Cells,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let named = args
        .reports
        .iter()
        .map(|name| Report::parse(name))
        .collect::<Result<Vec<_>, _>>()?;
    std::fs::create_dir_all(&args.to).map_err(|error| ClientError::file(&args.to, &error))?;
    let _held = hold(&args.to)?;
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    let state = state(common.output, args, &session)?;
    let format = match state.question.format.as_str() {
        "json" => Format::Json,
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        _ => Format::Jsonl,
    };
    let cells = Cells {
        bom: state.question.bom,
        raw: state.question.raw,
    };
    let is_quiet = session.settings.quiet;
    let ended = block_on(or_interrupted(async {
        let reports = if named.is_empty() {
            reports::all(&mut session).await?
        } else {
            named
        };
        let mut export = Export {
            session: &mut session,
            folder: &args.to,
            style: cells.style(format, None),
            state,
            progress: if is_quiet || args.no_progress {
                ProgressBar::hidden()
            } else {
                progress()
            },
            declared: [None, None],
        };
        export.state.save(&args.to)?;
        let mut written: Vec<Written> = Vec::new();
        let mut failed: Option<Code> = None;
        for report in &reports {
            if export.state.file_name(report).starts_with('.') || export.state.file_name(report) == FILE_NAME
            {
                continue;
            }
            match export.write(report).await {
                Ok(done) => written.push(done),
                Err(error) if is_of_the_report_alone(&error) => {
                    let error = error.context(format!("could not export {}", report.path()));
                    complain(&error);
                    failed.get_or_insert(code_of(&error));
                }
                Err(error) => {
                    export.progress.finish_and_clear();
                    export
                        .session
                        .note("the same command with --resume goes on from here");
                    return Err(error);
                }
            }
        }
        export.progress.finish_and_clear();
        if !is_quiet {
            say(&told(&written));
        }
        Ok(match failed {
            None => Code::Done,
            Some(code) if written.is_empty() => code,
            Some(_) => Code::Partial,
        })
    }));
    if ended.is_err() && !is_quiet {
        say("gatelog: the same command with --resume goes on from here");
    }
    ended
}

/// A new export, or the one that is resumed, if it is the same.
fn state(output: Format, args: &Args, session: &Session) -> Result<State> {
    let format = match output {
        Format::Auto | Format::Jsonl => "jsonl",
        Format::Json => "json",
        Format::Csv => "csv",
        Format::Tsv => "tsv",
        Format::Table => {
            return Err(Usage("a table is for people; export jsonl, json, csv or tsv".to_owned()).into());
        }
    };
    let now = clock::now();
    let time = |text: &Option<String>| -> Result<Option<String>, Usage> {
        let time = text.as_deref().map(|text| since::parse(text, now)).transpose()?;
        Ok(time.map(|time| time.to_string()))
    };
    let asked = Asked {
        format: format.to_owned(),
        bom: args.cells.bom,
        raw: args.cells.raw,
        filter: args.filter.clone(),
        // Without a comparison a service shows its last 30 days alone.
        since: Some(time(&args.since)?.unwrap_or_else(|| Timestamp::from_unix_seconds(0).to_string())),
        until: time(&args.until)?,
    };
    let fresh = State {
        host: session.host.origin(),
        tenant: session.tenant.clone(),
        question: asked,
        reports: BTreeMap::new(),
    };
    let folder = args.to.as_path();
    if args.overwrite {
        return Ok(fresh);
    }
    let known = State::load(folder)?;
    match (known, args.resume) {
        (Some(known), true) => resumed(known, &fresh, args, folder),
        (None, true) => Err(Usage(format!(
            "there is no export in {} to go on with",
            folder.display()
        ))
        .into()),
        (Some(_), false) => Err(Usage(format!(
            "{} has an export already: --resume goes on with it, --overwrite begins anew",
            folder.display()
        ))
        .into()),
        (None, false) => Ok(fresh),
    }
}

/// An export goes on as it began: with other rows or another format its files would be of two minds.
fn resumed(known: State, fresh: &State, args: &Args, folder: &Path) -> Result<State> {
    let differs = |what: &str, then: &str, now: &str| {
        Usage(format!(
            "the export in {} began with {what} {then}, not {now}; leave that out, or begin anew with --overwrite",
            folder.display()
        ))
    };
    let (then, now) = (&known.question, &fresh.question);
    if (&known.host, &known.tenant) != (&fresh.host, &fresh.tenant) {
        let of = |state: &State| format!("{} of {}", state.tenant, state.host);
        return Err(differs("the tenant", &of(&known), &of(fresh)).into());
    }
    if then.format != now.format {
        return Err(differs("the format", &then.format, &now.format).into());
    }
    if (then.bom, then.raw) != (now.bom, now.raw) {
        let of = |asked: &Asked| format!("--bom {} --raw {}", asked.bom, asked.raw);
        return Err(differs("the cells", &of(then), &of(now)).into());
    }
    if args.filter.is_some() && then.filter != now.filter {
        let of = |asked: &Asked| asked.filter.clone().unwrap_or_else(|| "none".to_owned());
        return Err(differs("the filter", &of(then), &of(now)).into());
    }
    // A span is another instant by now: that of the beginning counts. An instant must be the same.
    Ok(known)
}

fn told(written: &[Written]) -> String {
    let rows = written
        .iter()
        .map(|one| {
            vec![
                one.report.clone(),
                one.rows.to_string(),
                one.bytes.to_string(),
                one.file.clone(),
            ]
        })
        .collect();
    table(&["Report", "Rows", "Bytes", "File"], rows)
}
