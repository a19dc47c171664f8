//! `gatelog import`: keeps the records of files, folders or standard input.

pub(super) mod inputs;

use super::mapping::mapping_text;
use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, printable, table};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use inputs::{Input, REJECTED_SUFFIX, inputs, send_all};
use model::reports::{self, Face};
use model::time::Timestamp;
use serde::Serialize;
use server::link::{Link, query_value};
use server::routes::admin::{
    ImportDone, ImportPlace, ImportTotals, PartsWaiting, RejectedRecord, encoded_mapping,
};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc::channel;
use uuid::Uuid;

/// How many pieces of a file wait to be sent.
const PIECES_WAITING: usize = 4;
/// So many different reasons of rejections are shown; the file of rejected records has all.
const REASONS_SHOWN: usize = 3;
/// What stands in the table for events that are kept and that no report shows, such as a verdict that was taken back.
const SHOWN_NOWHERE: &str = "(kept, in no report)";

/// Keep the records of files, folders or standard input.
///
/// Reads the logs of Entra ID (the admin center's CSV and JSON downloads, Microsoft Graph, Azure Monitor, Log Analytics), Okta, Google
/// Workspace, Auth0, Duo, OneLogin, JumpCloud, Keycloak, PingFederate, AD FS, MIM, Office 365, Windows event logs (EVTX, XML, JSON),
/// sshd and PAM, OCSF and CEF; in .zip, .gz and .zst too. Each record's format is found by what it says. Records of still other makers
/// are read with a mapping file. Importing the same records again changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog import InteractiveSignIns_2026-11-01_2026-11-08.csv AuditLogs.json
  gatelog import --tenant contoso.com logs/
  gatelog import --tenant contoso.com Security.evtx /var/log/auth.log okta.json
  az monitor log-analytics query -w $WORKSPACE --analytics-query 'SigninLogs' | gatelog import -
  gatelog import -o json export.json.gz downloads.zip
  gatelog import --mapping acme-vpn.toml vpn-*.log

Records that are not understood are written to import-<time>.rejected.jsonl with file, line, reason and original;
the exit code is 6 then. A time without zone is UTC.")]
pub(crate) struct Args {
    /// Files and folders; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The tenant of every record, by name or GUID; records that name another are rejected
    #[arg(long)]
    tenant: Option<String>,
    /// Take records of one format alone, such as entra-graph or okta; the README lists them
    #[arg(long, default_value = "auto")]
    format: String,
    /// Read records as this mapping file says (`gatelog mapping try` shows what becomes of them)
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    mapping: Option<PathBuf>,
    /// Take records in JSON that tell no time, or none that can be read, as if they were of this one; without it they are rejected
    #[arg(long, value_name = "TIME")]
    undated_at: Option<String>,
    /// Where rejected records are written [default: ./import-<time>.rejected.jsonl]
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// No progress bar
    #[arg(long)]
    no_progress: bool,
}

/// What an import answers to programs.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(flatten)]
    total: ImportTotals,
    files: usize,
    lines: Vec<AnswerLine>,
    tenants: BTreeMap<Uuid, ImportTotals>,
    ignored_reasons: BTreeMap<String, u64>,
    unassembled: BTreeMap<Uuid, PartsWaiting>,
    rejected_file: Option<PathBuf>,
    #[serde(skip)]
    reasons: Vec<(String, String)>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AnswerLine {
    format: String,
    reports: String,
    #[serde(flatten)]
    totals: ImportTotals,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let config = config_of(common)?;
    let mapping = match &args.mapping {
        Some(path) => Some(mapping_text(path)?),
        None => None,
    };
    let inputs = inputs(&args.paths)?;
    let window_days = config.reports.window_days;
    let origin = server::link::origin(&config);
    let link = Link::open(&config)?;
    let mut refused = RejectedFile::new(args.rejected.clone());
    let bar = progress(&inputs, args);
    let answer_now = block_on(async {
        let mut target = format!("/import-place?format={}", query_value(&args.format));
        if let Some(tenant) = &args.tenant {
            target = format!("{target}&tenant={}", query_value(tenant));
        }
        if let Some(mapping) = &mapping {
            target = format!("{target}&mapping={}", encoded_mapping(mapping));
        }
        if let Some(time) = &args.undated_at {
            target = format!("{target}&undatedAt={}", query_value(time));
        }
        let place: ImportPlace = link.get(&target).await?;
        let mut sums = Answer {
            files: inputs.len(),
            ..Answer::default()
        };
        for input in &inputs {
            bar.set_message(input.name());
            let done = bring(&link, &place_of(&place, input), input, &bar, &mut refused)
                .await
                .with_context(|| {
                    format!(
                        "import {} (what was stored stays; import again, nothing is doubled)",
                        input.name()
                    )
                })?;
            sums.add(done);
        }
        Ok(sums)
    });
    bar.finish_and_clear();
    let reasons = std::mem::take(&mut refused.reasons);
    let path = refused.finish()?;
    let mut sums = answer_now?;
    sums.rejected_file = path;
    sums.reasons = reasons;
    answer(common.output, &sums, || shown(&sums, window_days, &origin))?;
    Ok(if sums.total.rejected > 0 {
        Code::Partial
    } else {
        Code::Done
    })
}

fn progress(inputs: &[Input], args: &Args) -> ProgressBar {
    if args.no_progress || !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let sizes: Option<u64> = inputs.iter().map(Input::bytes).sum();
    let (bar, template) = match sizes {
        Some(bytes) => (
            ProgressBar::new(bytes),
            "{wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}\n{wide_msg}",
        ),
        None => (
            ProgressBar::no_length(),
            "{spinner} {bytes} {binary_bytes_per_sec} {elapsed}\n{wide_msg}",
        ),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// The headings of some downloads do not tell what the name of the file does.
fn place_of(place: &ImportPlace, input: &Input) -> ImportPlace {
    let mut place = place.clone();
    place.not_after = input.written_at().map(|time| time.to_string());
    let is_auto = place.mapping.is_none() && place.format.as_deref().is_none_or(|format| format == "auto");
    if is_auto && let Some(format) = sources::formats::by_file_name(&input.name()) {
        place.format = Some(format.id.to_owned());
    }
    place.file = Some(input.name());
    place
}

async fn bring(
    link: &Link,
    place: &ImportPlace,
    input: &Input,
    bar: &ProgressBar,
    refused: &mut RejectedFile,
) -> Result<ImportDone> {
    let (sender, pieces) = channel(PIECES_WAITING);
    let (reading, counting) = (input.clone(), bar.clone());
    let reader = tokio::task::spawn_blocking(move || send_all(&reading, &counting, &sender));
    let name = input.name();
    let done = link
        .import(place, pieces, |record| refused.write(&name, &record))
        .await;
    // What went wrong with the file tells more than that the import ended early.
    reader.await??;
    done
}

/// The file of rejected records, made when the first comes.
struct RejectedFile {
    path: Option<PathBuf>,
    file: Option<BufWriter<File>>,
    /// The first reasons that differ, each with the place where it was met first.
    reasons: Vec<(String, String)>,
}

impl RejectedFile {
    fn new(path: Option<PathBuf>) -> RejectedFile {
        RejectedFile {
            path,
            file: None,
            reasons: Vec::new(),
        }
    }

    fn write(&mut self, input: &str, record: &RejectedRecord) -> Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            file: &'a str,
            #[serde(flatten)]
            record: &'a RejectedRecord,
        }
        let is_told = self.reasons.iter().any(|(_, reason)| *reason == record.reason);
        if self.reasons.len() < REASONS_SHOWN && !is_told {
            self.reasons
                .push((format!("{input}:{}", record.line), record.reason.clone()));
        }
        if self.file.is_none() {
            let path = self.path.get_or_insert_with(|| {
                let now: String = edge::clock::now()
                    .to_string()
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .collect();
                PathBuf::from(format!("import-{now}{REJECTED_SUFFIX}"))
            });
            // It holds original records: for its owner alone.
            let made = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&*path);
            let file = made.with_context(|| format!("write rejected records to {}", path.display()))?;
            self.file = Some(BufWriter::new(file));
        }
        if let Some(file) = &mut self.file {
            serde_json::to_writer(&mut *file, &Line { file: input, record })?;
            file.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Where they are, if there are any.
    fn finish(self) -> Result<Option<PathBuf>> {
        let Some(mut file) = self.file else {
            return Ok(None);
        };
        file.flush().context("write rejected records")?;
        Ok(self.path)
    }
}

impl Answer {
    fn add(&mut self, done: ImportDone) {
        add(&mut self.total, &done.total);
        for (format, reports, totals) in done.lines {
            match self
                .lines
                .iter_mut()
                .find(|line| line.format == format && line.reports == reports)
            {
                Some(line) => add(&mut line.totals, &totals),
                None => self.lines.push(AnswerLine {
                    format,
                    reports,
                    totals,
                }),
            }
        }
        for (tenant, totals) in done.tenants {
            add(self.tenants.entry(tenant).or_default(), &totals);
        }
        for (reason, records) in done.ignored_reasons {
            *self.ignored_reasons.entry(reason).or_default() += records;
        }
        // What waits is what was seen after the later file.
        self.unassembled.extend(done.unassembled);
    }
}

fn add(sum: &mut ImportTotals, other: &ImportTotals) {
    sum.read += other.read;
    sum.new += other.new;
    sum.changed += other.changed;
    sum.known += other.known;
    sum.ignored += other.ignored;
    sum.rejected += other.rejected;
    sum.quarantined += other.quarantined;
    let earlier = |a: &String, b: &String| time(a) <= time(b);
    if let Some(first) = &other.first
        && sum.first.as_ref().is_none_or(|held| earlier(first, held))
    {
        sum.first = Some(first.clone());
    }
    if let Some(last) = &other.last
        && sum.last.as_ref().is_none_or(|held| earlier(held, last))
    {
        sum.last = Some(last.clone());
    }
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap_or_default()
}

fn shown(sums: &Answer, window_days: u32, origin: &str) -> String {
    let row = |first: &str, second: &str, totals: &ImportTotals| {
        let mut row = vec![first.to_owned(), second.to_owned()];
        let counts = [
            totals.read,
            totals.new,
            totals.changed,
            totals.known,
            totals.ignored,
            totals.rejected,
        ];
        row.extend(counts.iter().map(ToString::to_string));
        row.push(totals.first.clone().unwrap_or_default());
        row.push(totals.last.clone().unwrap_or_default());
        row
    };
    let mut rows: Vec<_> = sums
        .lines
        .iter()
        .map(|line| {
            let events = line.totals.new + line.totals.changed + line.totals.known;
            let reports = if line.reports.is_empty() && events > 0 {
                SHOWN_NOWHERE
            } else {
                &line.reports
            };
            row(&line.format, reports, &line.totals)
        })
        .collect();
    rows.push(row("all", "", &sums.total));
    let head = [
        "Format",
        "Reports",
        "Read",
        "New",
        "Changed",
        "Known",
        "Ignored",
        "Rejected",
        "First (UTC)",
        "Last (UTC)",
    ];
    let mut text = vec![table(&head, rows)];
    for (reason, records) in &sums.ignored_reasons {
        text.push(format!("ignored {records}: {}", printable(reason)));
    }
    let waiting = sums.unassembled.values();
    let (records, parts) = waiting.fold((0, 0), |(records, parts), waits| {
        (records + waits.records, parts + waits.parts)
    });
    if records > 0 {
        text.push(format!(
            "{parts} part{} of {records} record{} kept until the others come",
            plural(parts),
            plural(records)
        ));
    }
    if sums.total.quarantined > 0 {
        text.push(format!(
            "{} events are dated more than a day into the future: kept, and not shown in reports",
            sums.total.quarantined
        ));
    }
    if sums.tenants.len() > 1 {
        let tenants = sums
            .tenants
            .iter()
            .map(|(tenant, totals)| row(&tenant.to_string(), "", totals))
            .map(|mut row| {
                row.remove(1);
                row
            });
        text.push(String::new());
        text.push(table(
            &[
                "Tenant",
                "Read",
                "New",
                "Changed",
                "Known",
                "Ignored",
                "Rejected",
                "First (UTC)",
                "Last (UTC)",
            ],
            tenants.collect(),
        ));
    }
    for (place, reason) in &sums.reasons {
        text.push(format!("rejected, {}: {}", printable(place), printable(reason)));
    }
    if let Some(path) = &sums.rejected_file {
        text.push(format!("rejected records, with reasons: {}", path.display()));
    }
    text.extend(hint(sums, window_days, origin));
    text.join("\n")
}

/// The request that shows what lies before the default window.
fn hint(sums: &Answer, window_days: u32, origin: &str) -> Option<String> {
    let window_starts = edge::clock::now().plus_days(-i64::from(window_days));
    let is_outside = |line: &&AnswerLine| {
        line.totals
            .first
            .as_ref()
            .is_some_and(|first| time(first) < window_starts)
    };
    let line = sums
        .lines
        .iter()
        .filter(is_outside)
        .max_by_key(|line| line.totals.read)?;
    let first = line.totals.first.as_ref()?;
    let name = line.reports.split(" + ").next()?;
    let (face, family) = match reports::by_name(Face::Reports, name) {
        Some(_) => (Face::Reports, "reports"),
        None => (Face::Activities, "activities"),
    };
    let property = reports::by_name(face, name)?.time_property?;
    let tenant = sums.tenants.iter().max_by_key(|(_, totals)| totals.read)?.0;
    Some(format!(
        "\nRows before {window_starts} lie outside the reports' default window of {window_days} days. To see them:\n  \
         curl -G '{origin}/{tenant}/{family}/{name}' -H \"Authorization: Bearer $TOKEN\" \\\n    \
         --data-urlencode 'api-version=beta' --data-urlencode '$filter={property} ge {first}'"
    ))
}

/// What a noun ends in after a number.
fn plural(number: u64) -> &'static str {
    if number == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_keep_the_earliest_and_the_latest() {
        let totals = |first: &str, last: &str| ImportTotals {
            read: 1,
            first: Some(first.to_owned()),
            last: Some(last.to_owned()),
            ..ImportTotals::default()
        };
        let mut sum = totals("2020-05-20T07:06:01.5Z", "2020-05-20T07:06:01.5Z");
        add(&mut sum, &totals("2020-05-20T07:06:01Z", "2020-05-20T07:06:02Z"));
        add(&mut sum, &ImportTotals::default());
        let range = (sum.first.as_deref(), sum.last.as_deref(), sum.read);
        assert_eq!(
            range,
            (Some("2020-05-20T07:06:01Z"), Some("2020-05-20T07:06:02Z"), 2)
        );
    }
}
