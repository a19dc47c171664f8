//! `gatelog mapping`: shows what records would become, before anything is kept.

use super::import::inputs::{Input, inputs, read_all};
use crate::cli::Common;
use crate::exit::{Code, Usage};
use crate::output::{answer, printable, table};
use anyhow::{Context, Result};
use indicatif::ProgressBar;
use model::event::Facts;
use model::reports;
use serde::Serialize;
use sources::mapping::{MAPPING_BYTES_MAX, Mapping};
use sources::{Choice, Limits, Record, Understanding, Understood, members, open};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// See what a mapping file makes of records.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what each record of a file would become; nothing is kept
    ///
    /// With --mapping as that file says, without it as `gatelog import` would read it. `docs/mapping.md` tells how to
    /// write a mapping file.
    Try {
        /// The file with records; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The mapping file
        #[arg(long, value_name = "FILE")]
        mapping: Option<PathBuf>,
        /// Show so many records; 0 shows all
        #[arg(long, value_name = "NUMBER", default_value_t = 20)]
        limit: usize,
    },
}

/// What `mapping try` answers.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// What was read: the first ones, by line.
    records: Vec<Shown>,
    /// How many there are in all.
    read: u64,
    events: u64,
    ignored: u64,
    rejected: u64,
    /// Mapped properties, and in how many events each was found.
    found: BTreeMap<&'static str, u64>,
}

/// One record.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    /// Only where several files are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    line: u64,
    /// `sign-in`, `audit` …, `ignored` or `rejected`.
    becomes: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// Who is meant by the record's id; without one, the identity is made of its fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    reports: Vec<&'static str>,
    /// Mapped properties that the record has not.
    missing: Vec<&'static str>,
    /// Why it is ignored or rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn run(common: &Common, command: &Command) -> Result<Code> {
    let Command::Try { file, mapping, limit } = command;
    let mapping = match mapping {
        Some(path) => Some(Arc::new(parsed(path)?)),
        None => None,
    };
    let limit = if *limit == 0 { usize::MAX } else { *limit };
    let inputs = inputs(std::slice::from_ref(file))?;
    let mut sums = Answer::default();
    for input in &inputs {
        let name = (inputs.len() > 1).then(|| input.name());
        look(input, name.as_deref(), mapping.as_ref(), limit, &mut sums)?;
    }
    answer(common.output, &sums, || shown(&sums))?;
    Ok(if sums.rejected > 0 {
        Code::Partial
    } else {
        Code::Done
    })
}

/// The text of a mapping file that is sound.
pub(super) fn mapping_text(path: &Path) -> Result<String> {
    let text = read_text(path)?;
    match Mapping::parse(&text) {
        Ok(_) => Ok(text),
        Err(errors) => Err(mistakes(path, &errors.to_string()).into()),
    }
}

fn parsed(path: &Path) -> Result<Mapping> {
    Mapping::parse(&read_text(path)?).map_err(|errors| mistakes(path, &errors.to_string()).into())
}

fn mistakes(path: &Path, errors: &str) -> Usage {
    let lines: Vec<String> = errors.lines().map(|line| format!("  {line}")).collect();
    Usage(format!(
        "the mapping {} is not sound:\n{}",
        path.display(),
        lines.join("\n")
    ))
}

fn read_text(path: &Path) -> Result<String> {
    let file = std::fs::File::open(path)
        .map_err(|error| Usage(format!("cannot read the mapping {}: {error}", path.display())))?;
    let mut text = String::new();
    // One byte more than is read, so that the reader sees that it is too long.
    file.take(MAPPING_BYTES_MAX as u64 + 1)
        .read_to_string(&mut text)
        .with_context(|| format!("read the mapping {}", path.display()))?;
    Ok(text)
}

fn look(
    input: &Input,
    name: Option<&str>,
    mapping: Option<&Arc<Mapping>>,
    limit: usize,
    sums: &mut Answer,
) -> Result<()> {
    let choice = match mapping {
        Some(mapping) => Choice::Mapped(Arc::clone(mapping)),
        None => sources::formats::by_file_name(&input.name()).map_or(Choice::Auto, Choice::Only),
    };
    let mut parser = open(choice, Limits::default());
    let mut records = Vec::new();
    let mut take = |records: &mut Vec<Record>| {
        for record in records.drain(..) {
            sums.add(record, name, mapping, limit);
        }
    };
    read_all(input, &ProgressBar::hidden(), &mut |piece| {
        parser.push(&piece, &mut records);
        take(&mut records);
        true
    })?;
    parser.finish(&mut records);
    take(&mut records);
    Ok(())
}

impl Answer {
    fn add(&mut self, record: Record, name: Option<&str>, mapping: Option<&Arc<Mapping>>, limit: usize) {
        self.read += 1;
        let mut told = Shown {
            file: name.map(str::to_owned),
            line: record.line,
            becomes: "rejected",
            time: None,
            user: None,
            address: None,
            application: None,
            outcome: None,
            id: None,
            reports: Vec::new(),
            missing: Vec::new(),
            reason: None,
        };
        match record.understanding {
            Understanding::Event(understood) => {
                self.events += 1;
                if let Some(mapping) = mapping {
                    let found = mapping.find(&members(&understood.original).unwrap_or_default());
                    for property in &found.present {
                        *self.found.entry(property).or_default() += 1;
                    }
                    for property in &found.missing {
                        self.found.entry(property).or_default();
                    }
                    told.missing = found.missing;
                }
                told.tell(*understood);
            }
            Understanding::Fragment(part) => {
                self.ignored += 1;
                told.becomes = "ignored";
                told.reason = Some(format!("part {} of {} of a record", part.part, part.parts));
            }
            Understanding::Ignored { reason } => {
                self.ignored += 1;
                told.becomes = "ignored";
                told.reason = Some(reason);
            }
            Understanding::Rejected { reason, .. } => {
                self.rejected += 1;
                told.reason = Some(reason);
            }
        }
        if self.records.len() < limit {
            self.records.push(told);
        }
    }
}

impl Shown {
    fn tell(&mut self, understood: Understood) {
        let event = &understood.event;
        self.becomes = event.kind().as_str();
        self.time = Some(event.time.to_string());
        self.id.clone_from(&event.vendor_id);
        if let Facts::SignIn(sign_in) = &event.facts {
            self.user = first([
                &sign_in.user_principal_name,
                &sign_in.user_display_name,
                &sign_in.user_id,
                &sign_in.service_principal_name,
            ]);
            self.address.clone_from(&sign_in.ip_address);
            self.application = first([
                &sign_in.app_display_name,
                &sign_in.app_id,
                &sign_in.resource_display_name,
                &None,
            ]);
            self.outcome = Some(if sign_in.error_code == 0 {
                "success".to_owned()
            } else {
                format!("failure {}", sign_in.error_code)
            });
        }
        if let Facts::Audit(audit) = &event.facts {
            self.user = audit.actor.name().map(str::to_owned);
            self.address.clone_from(&audit.actor.ip_address);
            self.application.clone_from(&audit.activity);
            self.outcome.clone_from(&audit.result);
        }
        let draft = understood.draft();
        self.reports = draft
            .rows
            .iter()
            .filter_map(|row| reports::by_number(row.report))
            .map(|report| report.name)
            .collect();
    }
}

fn first(names: [&Option<String>; 4]) -> Option<String> {
    names.into_iter().find_map(Clone::clone)
}

fn shown(sums: &Answer) -> String {
    let cell = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let rows = sums.records.iter().map(|record| {
        let place = match &record.file {
            Some(file) => format!("{file}:{}", record.line),
            None => record.line.to_string(),
        };
        vec![
            place,
            record.becomes.to_owned(),
            cell(&record.time),
            cell(&record.user),
            cell(&record.address),
            cell(&record.application),
            cell(&record.outcome),
            if record.reports.is_empty() {
                "-".to_owned()
            } else {
                record.reports.join(" + ")
            },
        ]
    });
    let head = [
        "Line",
        "Becomes",
        "Time (UTC)",
        "User",
        "Address",
        "Application or activity",
        "Outcome",
        "Reports",
    ];
    let mut text = vec![table(&head, rows.collect())];
    for record in &sums.records {
        if let Some(reason) = &record.reason {
            text.push(format!(
                "line {}, {}: {}",
                record.line,
                record.becomes,
                printable(reason)
            ));
        } else if !record.missing.is_empty() {
            text.push(format!(
                "line {}: missing {}",
                record.line,
                record.missing.join(", ")
            ));
        }
    }
    let left = sums.read - sums.records.len() as u64;
    if left > 0 {
        text.push(format!("{left} more records (--limit 0 shows all)"));
    }
    text.push(format!(
        "{} records: {} events, {} ignored, {} rejected",
        sums.read, sums.events, sums.ignored, sums.rejected
    ));
    let never: Vec<&str> = sums
        .found
        .iter()
        .filter(|(_, events)| **events == 0)
        .map(|(property, _)| *property)
        .collect();
    if !never.is_empty() {
        text.push(format!("never found: {}; check their paths", never.join(", ")));
    }
    text.join("\n")
}
