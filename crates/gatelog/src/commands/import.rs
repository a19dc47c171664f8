//! `gatelog import`: keeps the records of files, folders or standard input.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::{Code, Usage};
use crate::output::{answer, printable, table};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::reports::{self, Face};
use model::time::Timestamp;
use serde::Serialize;
use server::inputs::decoding::{Carrier, Encoding};
use server::link::{Link, query_value};
use server::routes::admin::{ImportDone, ImportPlace, ImportTotals, RejectedRecord};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Chain, Cursor, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use uuid::Uuid;

/// How much of a file is read at once, and how many such pieces wait.
const PIECE_BYTES: usize = 256 << 10;
const PIECES_WAITING: usize = 4;
/// The name that every file of rejected records ends with; such files are not read again with their folder.
const REJECTED_SUFFIX: &str = ".rejected.jsonl";

/// Keep the records of files, folders or standard input.
///
/// Reads Entra sign-ins, directory audits, provisioning logs and risk detections as Microsoft Graph JSON, Azure Monitor
/// diagnostic records and Log Analytics rows; .gz and .zst too. Importing the same records again changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog import InteractiveSignIns.json AuditLogs.json
  gatelog import --tenant contoso.com logs/
  az monitor log-analytics query -w $WORKSPACE --analytics-query 'SigninLogs' | gatelog import -
  gatelog import -o json export.json.gz

Records that are not understood are written to import-<time>.rejected.jsonl with file, line, reason and original;
the exit code is 6 then. A time without zone is UTC.")]
pub(crate) struct Args {
    /// Files and folders; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The tenant of every record, by name or GUID; records that name another are rejected
    #[arg(long)]
    tenant: Option<String>,
    /// auto, entra-graph, entra-azure-monitor or entra-log-analytics
    #[arg(long, default_value = "auto")]
    format: String,
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
    rejected_file: Option<PathBuf>,
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
        let place: ImportPlace = link.get(&target).await?;
        let mut sums = Answer {
            files: inputs.len(),
            ..Answer::default()
        };
        for input in &inputs {
            bar.set_message(input.name());
            let done = bring(&link, &place, input, &bar, &mut refused)
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
    let path = refused.finish()?;
    let mut sums = answer_now?;
    sums.rejected_file = path;
    answer(common.output, &sums, || shown(&sums, window_days, &origin))?;
    Ok(if sums.total.rejected > 0 {
        Code::Partial
    } else {
        Code::Done
    })
}

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Input {
    File { path: PathBuf, bytes: u64 },
    Stdin,
}

impl Input {
    fn name(&self) -> String {
        match self {
            Input::File { path, .. } => path.display().to_string(),
            Input::Stdin => "standard input".to_owned(),
        }
    }
}

/// The files that the paths name; folders with everything below them, in the order of their names.
fn inputs(paths: &[PathBuf]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            inputs.push(Input::Stdin);
            continue;
        }
        let facts = std::fs::metadata(path)
            .map_err(|error| Usage(format!("cannot read {}: {error}", path.display())))?;
        if facts.is_dir() {
            let before = inputs.len();
            walk(path, &mut inputs)?;
            if inputs.len() == before {
                return Err(Usage(format!("there is no file in {}", path.display())).into());
            }
        } else {
            inputs.push(Input::File {
                path: path.clone(),
                bytes: facts.len(),
            });
        }
    }
    Ok(inputs)
}

fn walk(folder: &Path, inputs: &mut Vec<Input>) -> Result<()> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("read the folder {}", folder.display()))? {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with('.') || name.ends_with(REJECTED_SUFFIX) {
            continue;
        }
        let facts = std::fs::metadata(&path).with_context(|| format!("read {}", path.display()))?;
        if facts.is_dir() {
            walk(&path, inputs)?;
        } else if facts.is_file() {
            inputs.push(Input::File {
                path,
                bytes: facts.len(),
            });
        }
    }
    Ok(())
}

fn progress(inputs: &[Input], args: &Args) -> ProgressBar {
    if args.no_progress || !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let sizes: Option<u64> = inputs
        .iter()
        .map(|input| match input {
            Input::File { bytes, .. } => Some(*bytes),
            Input::Stdin => None,
        })
        .sum();
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

async fn bring(
    link: &Link,
    place: &ImportPlace,
    input: &Input,
    bar: &ProgressBar,
    refused: &mut RejectedFile,
) -> Result<ImportDone> {
    let (sender, pieces) = channel(PIECES_WAITING);
    let (reading, counting) = (input.clone(), bar.clone());
    let reader = tokio::task::spawn_blocking(move || read_all(&reading, &counting, &sender));
    let name = input.name();
    let done = link
        .import(place, pieces, |record| refused.write(&name, &record))
        .await;
    // What went wrong with the file tells more than that the import ended early.
    reader.await??;
    done
}

fn read_all(input: &Input, bar: &ProgressBar, sender: &Sender<bytes::Bytes>) -> Result<()> {
    match input {
        Input::File { path, .. } => {
            let file = File::open(path).with_context(|| format!("open {}", path.display()))?;
            read_from(bar.wrap_read(file), sender).with_context(|| format!("read {}", path.display()))
        }
        Input::Stdin => read_from(bar.wrap_read(std::io::stdin()), sender).context("read standard input"),
    }
}

fn read_from(packed: impl Read + Send, sender: &Sender<bytes::Bytes>) -> Result<()> {
    let (encoding, packed) = look(packed)?;
    let mut reader = encoding.reader(packed, Carrier::File)?;
    loop {
        let mut piece = vec![0; PIECE_BYTES];
        let mut filled = 0;
        while filled < piece.len() {
            match reader.read(&mut piece[filled..]) {
                Ok(0) => break,
                Ok(taken) => filled += taken,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        if filled == 0 {
            return Ok(());
        }
        piece.truncate(filled);
        // Nobody takes it: the import ended, and says why itself.
        if sender.blocking_send(piece.into()).is_err() {
            return Ok(());
        }
    }
}

/// What was looked at and what was not.
type Whole<R> = Chain<Cursor<Vec<u8>>, R>;

/// How a file is packed, by its first bytes, and the file from its start.
fn look<R: Read>(mut packed: R) -> std::io::Result<(Encoding, Whole<R>)> {
    let mut start = Vec::new();
    packed.by_ref().take(4).read_to_end(&mut start)?;
    Ok((Encoding::by_magic(&start), Cursor::new(start).chain(packed)))
}

/// The file of rejected records, made when the first comes.
struct RejectedFile {
    path: Option<PathBuf>,
    file: Option<BufWriter<File>>,
}

impl RejectedFile {
    fn new(path: Option<PathBuf>) -> RejectedFile {
        RejectedFile { path, file: None }
    }

    fn write(&mut self, input: &str, record: &RejectedRecord) -> Result<()> {
        #[derive(Serialize)]
        struct Line<'a> {
            file: &'a str,
            #[serde(flatten)]
            record: &'a RejectedRecord,
        }
        if self.file.is_none() {
            let path = self.path.get_or_insert_with(|| {
                let now: String = server::clock::now()
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
        .map(|line| row(&line.format, &line.reports, &line.totals))
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
    if let Some(path) = &sums.rejected_file {
        text.push(format!("rejected records, with reasons: {}", path.display()));
    }
    text.extend(hint(sums, window_days, origin));
    text.join("\n")
}

/// The request that shows what lies before the default window.
fn hint(sums: &Answer, window_days: u32, origin: &str) -> Option<String> {
    let window_starts = server::clock::now().plus_days(-i64::from(window_days));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_with_everything_below_it_but_not_what_was_rejected() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("b")).unwrap();
        for name in [
            "c.json",
            "a.json.gz",
            "b/x.json",
            ".hidden",
            "import-1.rejected.jsonl",
        ] {
            std::fs::write(folder.path().join(name), "{}").unwrap();
        }
        let names: Vec<String> = inputs(&[folder.path().to_owned()])
            .unwrap()
            .iter()
            .map(|input| {
                input
                    .name()
                    .strip_prefix(&format!("{}/", folder.path().display()))
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(names, ["a.json.gz", "b/x.json", "c.json"]);
    }

    #[test]
    fn what_is_not_there_is_the_callers_mistake() {
        let error = inputs(&[PathBuf::from("/no/such/file.json")]).unwrap_err();
        assert_eq!(crate::exit::code_of(&error), Code::Usage);
        assert!(error.to_string().contains("/no/such/file.json"), "{error}");
    }

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
