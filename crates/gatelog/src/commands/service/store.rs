//! `gatelog store`: what is stored, and whether a recount agrees.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use server::link::{Link, query_value};
use server::routes::admin::{CheckAnswer, RebuildAnswer, StatusAnswer, outdated_files};

/// See what is stored, and recount it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// What is stored for each tenant: months, reports, sources
    Status {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Bring files that an older version wrote to the present schema, all at once instead of when each tenant is first asked for
    Migrate {
        /// Only say which files that are
        #[arg(long)]
        dry_run: bool,
    },
    /// Recount everything over the stored events and say what does not agree
    Check {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
    },
}

pub(super) fn run(common: &Common, command: &Command) -> Result<Code> {
    let config = config_of(common)?;
    if let Command::Migrate { dry_run: true } = command {
        return plan(common, &config);
    }
    let link = Link::open(&config)?;
    block_on(async {
        match command {
            Command::Migrate { .. } => {
                let made: RebuildAnswer = link.post("/migrate", &()).await?;
                answer(common.output, &made, || super::rebuild::told(&made))?;
                Ok(Code::Done)
            }
            Command::Status { tenant } => {
                let status: StatusAnswer = link.get(&target("/status", tenant.as_deref())).await?;
                answer(common.output, &status, || shown(&status))?;
                Ok(Code::Done)
            }
            Command::Check { tenant } => {
                let found: CheckAnswer = link.get(&target("/check", tenant.as_deref())).await?;
                answer(common.output, &found, || recounted(&found))?;
                Ok(if found.faults.is_empty() {
                    Code::Done
                } else {
                    Code::Failed
                })
            }
        }
    })
}

/// Says what a migration would do, and changes nothing.
fn plan(common: &Common, config: &server::config::Config) -> Result<Code> {
    let files = outdated_files(config)?;
    answer(common.output, &files, || {
        if files.is_empty() {
            return "every file has the present schema; there is nothing to do".to_owned();
        }
        let bytes: u64 = files.iter().map(|file| file.bytes).sum();
        let rows = files.iter().map(|file| {
            vec![
                file.file.clone(),
                format!("{} to {}", file.from, file.to),
                file.bytes.to_string(),
            ]
        });
        format!(
            "{}\n{} files would be brought up, {bytes} bytes in all; each is done whole or not at all, and needs room \
             beside it meanwhile",
            table(&["File", "Schema", "Bytes"], rows.collect()),
            files.len()
        )
    })?;
    Ok(Code::Done)
}

fn target(path: &str, tenant: Option<&str>) -> String {
    tenant.map_or_else(
        || path.to_owned(),
        |tenant| format!("{path}?tenant={}", query_value(tenant)),
    )
}

fn shown(status: &StatusAnswer) -> String {
    let mut text = Vec::new();
    for tenant in &status.tenants {
        let names = if tenant.names.is_empty() {
            "without a name".to_owned()
        } else {
            tenant.names.join(" ")
        };
        text.push(format!("tenant {} ({names})", tenant.id));
        let months = tenant.months.iter().map(|month| {
            vec![
                month.month.clone(),
                month.first.clone(),
                month.last.clone(),
                month.last_write.clone(),
            ]
        });
        text.push(table(
            &["  Month", "First event", "Last event", "Last written"],
            indented(months),
        ));
        let reports = tenant.reports.iter().map(|report| {
            vec![
                report.report.clone(),
                report
                    .rows
                    .map_or_else(|| "counted".to_owned(), |rows| rows.to_string()),
                report.newest.clone(),
            ]
        });
        text.push(table(&["  Report", "Rows", "Newest (UTC)"], indented(reports)));
        let sources = tenant.sources.iter().map(|source| {
            let counts = [
                source.read,
                source.new,
                source.changed,
                source.known,
                source.ignored,
                source.rejected,
                source.late,
                source.quarantined,
            ];
            let mut row = vec![source.source.clone()];
            row.extend(counts.iter().map(ToString::to_string));
            row.push(source.newest.clone().unwrap_or_default());
            row
        });
        text.push(table(
            &[
                "  Source",
                "Read",
                "New",
                "Changed",
                "Known",
                "Ignored",
                "Rejected",
                "Late",
                "Quarantined",
                "Newest (UTC)",
            ],
            indented(sources),
        ));
    }
    if text.is_empty() {
        text.push("nothing is stored yet; `gatelog import FILE` brings records".to_owned());
    }
    if let Some(failure) = &status.write_failure {
        text.push(format!("the last write failed: {failure}"));
    }
    text.join("\n")
}

fn indented(rows: impl Iterator<Item = Vec<String>>) -> Vec<Vec<String>> {
    rows.map(|mut row| {
        row[0].insert_str(0, "  ");
        row
    })
    .collect()
}

fn recounted(found: &CheckAnswer) -> String {
    let mut lines: Vec<String> = found.faults.clone();
    lines.push(format!(
        "recounted {} events and {} rows of {} tenants: {}",
        found.events,
        found.rows,
        found.tenants,
        if found.faults.is_empty() {
            "everything agrees".to_owned()
        } else {
            format!("{} faults", found.faults.len())
        }
    ));
    lines.join("\n")
}
