//! `gatelog sources`: what came from where hour by hour, what is missing, and a recount.

use super::{block_on, config_of};
use crate::administration::{Administration, Remote};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use model::time::format_span;
use server::ledger::gaps::GapAnswer;
use server::ledger::{CountsAnswer, HourAnswer, ImportAnswer, SourceSummary};
use server::link::query_value;
use server::routes::admin::{CloseAsked, TenantGaps, TenantProof, TenantSource, TenantSources};

/// See what came from where, what is missing, and recount it.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// What each source brought, how far behind it is, and its gaps; with a source, hour by hour
    #[command(after_help = "Examples:
  gatelog sources status
  gatelog sources status import --hours 24
  gatelog sources status ingest:11111111-0000-4000-8000-000000000001/mim --by arrival
  gatelog sources status --host https://reports.contoso.com -o json

A source that brings events by HTTP is called `ingest:` and the application's client id, with the name of the input behind a
slash if its sender gave one. Hours are UTC; `MISSING` marks an hour without events against the source's habit.")]
    Status {
        /// Only this source, with its hours
        source: Option<String>,
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
        /// How many hours, the newest first
        #[arg(long, default_value_t = 48, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=840))]
        hours: u16,
        /// Whether hours are those of the events or those of their arrival
        #[arg(long, default_value = "event", value_parser = ["event", "arrival"])]
        by: String,
        /// Show gaps that were closed, too
        #[arg(long)]
        closed: bool,
    },
    /// Say that a gap is no concern any more, and why
    #[command(after_help = "Examples:
  gatelog sources close-gap 5c1f0a3e-6a7b-5d0e-9b1a-0d2f4c6e8a10 --because 'the vendor was down, see INC-4711'

The id is in `gatelog sources status`. Who closed it, when and why is kept; hours that go missing later are another gap.")]
    CloseGap {
        /// The gap's id
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
        /// The tenant, if the id is not to be looked for in all
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Recount from the stored events what the ledger says, and check the sums of the rest; exit code 1 if anything disagrees
    #[command(after_help = "Examples:
  gatelog sources prove
  gatelog sources prove --tenant contoso.com --hours 168 -o json

New, changed, late and quarantined events and the oldest and newest of each hour are counted anew from the events. Known,
ignored and rejected records leave no event: for them the sum must hold, also in months that were freed.")]
    Prove {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
        /// Hours of arrival that are shown of each source, the newest; all are recounted
        #[arg(long, default_value_t = 24, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=840))]
        hours: u16,
    },
}

pub(super) fn run(common: &Common, remote: &Remote, command: &Command) -> Result<Code> {
    let link = remote.open(common, config_of)?;
    block_on(async {
        match command {
            Command::Status {
                source: Some(source),
                tenant,
                hours,
                by,
                closed,
            } => {
                let target = format!(
                    "/sources/hours?source={}&hours={hours}&by={by}",
                    query_value(source)
                );
                let found: Vec<TenantSource> = link.get(&of(target, tenant.as_deref())).await?;
                let closed = closed_gaps(&link, tenant.as_deref(), Some(source), *closed).await?;
                answer(common.output, &found, || {
                    let many = found.len() > 1;
                    let shown = found.iter().map(|found| source_shown(found, many, &closed));
                    shown.collect::<Vec<_>>().join("\n\n")
                })?;
                Ok(Code::Done)
            }
            Command::Status {
                source: None,
                tenant,
                closed,
                ..
            } => {
                let found: Vec<TenantSources> =
                    link.get(&of("/sources".to_owned(), tenant.as_deref())).await?;
                let state = if *closed { "all" } else { "open" };
                let target = format!("/sources/gaps?state={state}");
                let gaps: Vec<TenantGaps> = link.get(&of(target, tenant.as_deref())).await?;
                answer(common.output, &found, || sources_shown(&found, &gaps))?;
                Ok(Code::Done)
            }
            Command::CloseGap { id, because, tenant } => {
                let target = of(
                    format!("/sources/gaps/{}/close", query_value(id)),
                    tenant.as_deref(),
                );
                let reason = CloseAsked {
                    because: because.clone(),
                };
                let gap: GapAnswer = link.post(&target, &reason).await?;
                answer(common.output, &gap, || closing_shown(&gap))?;
                Ok(Code::Done)
            }
            Command::Prove { tenant, hours } => {
                let target = of(format!("/sources/prove?hours={hours}"), tenant.as_deref());
                let proofs: Vec<TenantProof> = link.post(&target, &()).await?;
                let agrees = proofs.iter().all(|proof| proof.proof.agrees);
                answer(common.output, &proofs, || proofs_shown(&proofs))?;
                Ok(if agrees { Code::Done } else { Code::Failed })
            }
        }
    })
}

fn of(target: String, tenant: Option<&str>) -> String {
    let Some(tenant) = tenant else { return target };
    let joint = if target.contains('?') { '&' } else { '?' };
    format!("{target}{joint}tenant={}", query_value(tenant))
}

/// Gaps of a source that were closed, if they are asked for.
async fn closed_gaps(
    link: &Administration,
    tenant: Option<&str>,
    source: Option<&str>,
    asked: bool,
) -> Result<Vec<TenantGaps>> {
    if !asked {
        return Ok(Vec::new());
    }
    let mut target = "/sources/gaps?state=all".to_owned();
    if let Some(source) = source {
        target = format!("{target}&source={}", query_value(source));
    }
    let mut found: Vec<TenantGaps> = link.get(&of(target, tenant)).await?;
    for tenant in &mut found {
        tenant.gaps.gaps.retain(|gap| gap.closed.is_some());
    }
    Ok(found)
}

fn sources_shown(found: &[TenantSources], gaps: &[TenantGaps]) -> String {
    let mut text = Vec::new();
    for tenant in found {
        if found.len() > 1 {
            let names = if tenant.names.is_empty() {
                "without a name".to_owned()
            } else {
                tenant.names.join(" ")
            };
            text.push(format!("tenant {} ({names})", tenant.tenant));
        }
        if tenant.sources.sources.is_empty() {
            text.push("nothing has come yet; `gatelog import FILE` brings records".to_owned());
            continue;
        }
        let rows = tenant.sources.sources.iter().map(summary_row);
        text.push(table(SUMMARY_HEAD, rows.collect()));
        let of_tenant = gaps.iter().filter(|gaps| gaps.tenant == tenant.tenant);
        let gaps: Vec<&GapAnswer> = of_tenant.flat_map(|gaps| &gaps.gaps.gaps).collect();
        text.push(gaps_shown(&gaps));
        let errors = tenant.sources.sources.iter().filter_map(|source| {
            let error = source.last_error.as_ref()?;
            Some(vec![source.name.clone(), error.at.clone(), error.reason.clone()])
        });
        let errors: Vec<Vec<String>> = errors.collect();
        if !errors.is_empty() {
            text.push(table(&["Last error of", "At (UTC)", "What"], errors));
        }
    }
    text.join("\n\n")
}

const SUMMARY_HEAD: &[&str] = &[
    "Source",
    "Batches",
    "Read",
    "New",
    "Changed",
    "Known",
    "Ignored",
    "Rejected",
    "Late",
    "Latest by",
    "Quarantined",
    "Newest (UTC)",
    "Behind",
    "Gaps",
];

fn summary_row(source: &SourceSummary) -> Vec<String> {
    let mut row = vec![source.name.clone(), source.batches.to_string()];
    row.extend(counts(&source.counts));
    row.push(late_by(source.counts.late, source.latest_seconds));
    row.push(source.counts.quarantined.to_string());
    row.push(source.newest.clone().unwrap_or_default());
    row.push(source.lag_seconds.map_or_else(String::new, span));
    row.push(match source.open_gaps {
        0 => "none".to_owned(),
        open => format!("{open} open"),
    });
    row
}

/// Read, new, changed, known, ignored, rejected, late.
fn counts(counts: &CountsAnswer) -> Vec<String> {
    let numbers = [
        counts.read,
        counts.new,
        counts.changed,
        counts.known,
        counts.ignored,
        counts.rejected,
        counts.late,
    ];
    numbers.iter().map(ToString::to_string).collect()
}

fn late_by(late: u64, latest_seconds: u64) -> String {
    if late == 0 || latest_seconds == 0 {
        return String::new();
    }
    span(latest_seconds.cast_signed())
}

fn span(seconds: i64) -> String {
    let ticks = seconds.saturating_mul(model::time::TICKS_PER_SECOND);
    format_span(ticks.max(0))
}

fn gaps_shown(gaps: &[&GapAnswer]) -> String {
    if gaps.is_empty() {
        return "no gap is open".to_owned();
    }
    let rows = gaps.iter().map(|gap| {
        vec![
            gap.source.clone(),
            gap.kind.clone(),
            gap.from
                .clone()
                .or_else(|| gap.first_number.map(|number| number.to_string()))
                .unwrap_or_default(),
            gap.to
                .clone()
                .or_else(|| gap.last_number.map(|number| number.to_string()))
                .unwrap_or_default(),
            gap.records
                .map_or_else(String::new, |records| records.to_string()),
            gap.id.to_string(),
            match &gap.closed {
                Some(closed) => format!(
                    "{} (closed {} by {}: {})",
                    gap.detail, closed.at, closed.by, closed.because
                ),
                None => gap.detail.clone(),
            },
        ]
    });
    let head = ["Gap of", "Kind", "From", "To", "Records", "Id", "What"];
    table(&head, rows.collect())
}

fn source_shown(found: &TenantSource, with_tenant: bool, closed: &[TenantGaps]) -> String {
    let mut text = Vec::new();
    if with_tenant {
        text.push(format!("tenant {}", found.tenant));
    }
    text.push(table(SUMMARY_HEAD, vec![summary_row(&found.source.source)]));
    let of_tenant = closed.iter().filter(|closed| closed.tenant == found.tenant);
    let mut gaps: Vec<&GapAnswer> = found.source.gaps.iter().collect();
    gaps.extend(of_tenant.flat_map(|closed| &closed.gaps.gaps));
    text.push(gaps_shown(&gaps));
    let hour = if found.source.by == "event" {
        "Hour of the events (UTC)"
    } else {
        "Hour of arrival (UTC)"
    };
    let head = [
        hour,
        "Batches",
        "Read",
        "New",
        "Changed",
        "Known",
        "Ignored",
        "Rejected",
        "Late",
        "Latest by",
        "Quarantined",
        "Oldest (UTC)",
        "Newest (UTC)",
        "",
    ];
    text.push(table(&head, found.source.hours.iter().map(hour_row).collect()));
    if let Some(next) = &found.source.next {
        text.push(format!("there are hours before {next}; --hours shows more"));
    }
    if !found.source.imports.is_empty() {
        let head = [
            "Run",
            "File",
            "Stored (UTC)",
            "Read",
            "New",
            "Changed",
            "Known",
            "Ignored",
            "Rejected",
        ];
        text.push(table(
            &head,
            found.source.imports.iter().map(import_row).collect(),
        ));
    }
    text.join("\n\n")
}

fn hour_row(hour: &HourAnswer) -> Vec<String> {
    let mut row = vec![hour.hour.clone(), hour.batches.to_string()];
    row.extend(counts(&hour.counts));
    row.push(late_by(hour.counts.late, hour.latest_seconds));
    row.push(hour.counts.quarantined.to_string());
    row.push(hour.oldest.clone().unwrap_or_default());
    row.push(hour.newest.clone().unwrap_or_default());
    row.push(match (&hour.last_error, hour.missing) {
        (_, true) => "MISSING".to_owned(),
        (Some(error), _) => error.reason.clone(),
        (None, _) => String::new(),
    });
    row
}

fn import_row(import: &ImportAnswer) -> Vec<String> {
    // Files of one run have the first letters of its id in common; all of them are in the JSON.
    let run: String = import.run.to_string().chars().take(8).collect();
    let mut row = vec![run, import.file.clone(), import.ended.clone()];
    row.extend(counts(&import.counts).into_iter().take(6));
    row
}

fn closing_shown(gap: &GapAnswer) -> String {
    let closed = gap.closed.as_ref();
    format!(
        "closed the gap of {} ({}): {}",
        gap.source,
        gap.detail,
        closed.map(|closed| closed.because.clone()).unwrap_or_default()
    )
}

fn proofs_shown(proofs: &[TenantProof]) -> String {
    let mut text = Vec::new();
    for TenantProof { tenant, proof } in proofs {
        if proofs.len() > 1 {
            text.push(format!("tenant {tenant}"));
        }
        let rows = proof.hours.iter().map(|hour| {
            let (told, found) = (&hour.told, &hour.found);
            let both = |told: String, found: String| {
                if told == found {
                    found
                } else {
                    format!("{found} (ledger {told})")
                }
            };
            let number = |told: u64, found: u64| both(told.to_string(), found.to_string());
            let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "none".to_owned());
            vec![
                hour.source.clone(),
                hour.hour.clone(),
                number(told.new, found.new),
                number(told.changed, found.changed),
                number(told.late, found.late),
                number(told.late_seconds, found.late_seconds),
                number(told.quarantined, found.quarantined),
                both(time(&told.oldest), time(&found.oldest)),
                both(time(&told.newest), time(&found.newest)),
                format!(
                    "{} = {} + {} + {} + {} + {}{}",
                    hour.counts.read,
                    hour.counts.new,
                    hour.counts.changed,
                    hour.counts.known,
                    hour.counts.ignored,
                    hour.counts.rejected,
                    if hour.adds_up { "" } else { "  DOES NOT ADD UP" }
                ),
            ]
        });
        let head = [
            "Source",
            "Hour of arrival (UTC)",
            "New",
            "Changed",
            "Late",
            "Seconds late",
            "Quarantined",
            "Oldest (UTC)",
            "Newest (UTC)",
            "Read = new + changed + known + ignored + rejected",
        ];
        text.push(table(&head, rows.collect()));
        if !proof.faults.is_empty() {
            text.push(proof.faults.join("\n"));
        }
        text.push(format!(
            "recounted {} events against {} lines of the ledger, {} of which are of freed months or told no event: {}",
            proof.events,
            proof.lines,
            proof.lines_without_events,
            match proof.faults.len() {
                0 => "everything agrees".to_owned(),
                1 => "1 fault".to_owned(),
                faults => format!("{faults} faults"),
            }
        ));
    }
    if text.is_empty() {
        text.push("there is no tenant yet".to_owned());
    }
    text.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::path::PathBuf;

    /// Compares with a file beside the tests. `GATELOG_BLESS=1` writes it, to be looked at.
    fn check(name: &str, actual: &str) {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("tests/golden/sources")
            .join(name);
        if std::env::var_os("GATELOG_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, format!("{actual}\n")).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(format!("{actual}\n"), expected, "{}", path.display());
    }

    fn shape<T: serde::de::DeserializeOwned>(json: Value) -> T {
        serde_json::from_value(json).unwrap()
    }

    const TENANT: &str = "4f0c2b7e-6d1a-4d38-9a55-0c1e8b7d2f10";
    const MIM: &str = "ingest:11111111-0000-4000-8000-000000000001/mim";

    fn summary() -> Value {
        json!({
            "name": MIM, "kind": "ingest", "batches": 12, "read": 130, "new": 100, "changed": 4, "known": 20, "ignored": 5,
            "rejected": 1, "late": 3, "quarantined": 1, "lateSeconds": 5_403, "latestSeconds": 3_600,
            "firstArrival": "2026-11-01T10:00:00Z", "lastArrival": "2026-11-28T10:00:00Z",
            "oldest": "2026-10-31T23:00:00.1234567Z", "newest": "2026-11-28T10:41:12Z", "lagSeconds": 90_061,
            "lastError": { "at": "2026-11-28T10:42:00Z", "reason": "line 7: no time\u{1b}[31m" }, "openGaps": 2,
        })
    }

    fn hour_gap() -> Value {
        json!({
            "id": "5c1f0a3e-6a7b-5d0e-9b1a-0d2f4c6e8a10", "source": MIM, "kind": "hour",
            "from": "2026-11-28T07:00:00Z", "to": "2026-11-28T09:00:00Z", "firstNumber": null, "lastNumber": null,
            "records": null, "detail": "no events in 2 hours, against the habit", "toldAt": null, "closed": null,
        })
    }

    fn number_gap() -> Value {
        json!({
            "id": "6d2f0a3e-6a7b-5d0e-9b1a-0d2f4c6e8a11", "source": MIM, "kind": "sequence",
            "from": null, "to": null, "firstNumber": 3, "lastNumber": 4,
            "records": null, "detail": "2 uploads never came", "toldAt": null, "closed": null,
        })
    }

    fn closed_gap() -> Value {
        json!({
            "id": "7e3f0a3e-6a7b-5d0e-9b1a-0d2f4c6e8a12", "source": MIM, "kind": "dropped",
            "from": "2026-11-20T07:00:00Z", "to": null, "firstNumber": null, "lastNumber": null, "records": 420,
            "detail": "the spool was full", "toldAt": "2026-11-20T08:00:00Z",
            "closed": { "at": "2026-11-21T09:00:00Z", "by": "ada@contoso.example", "because": "a drill" },
        })
    }

    #[test]
    fn the_table_of_sources_marks_gaps_and_errors() {
        let quiet = json!({
            "name": "import", "kind": "import", "batches": 1, "read": 2, "new": 2, "changed": 0, "known": 0, "ignored": 0,
            "rejected": 0, "late": 0, "quarantined": 0, "lateSeconds": 0, "latestSeconds": 0,
            "firstArrival": "2026-11-01T10:00:00Z", "lastArrival": "2026-11-01T10:00:00Z",
            "oldest": "2026-10-01T00:00:00Z", "newest": "2026-10-31T00:00:00Z", "lagSeconds": 2_505_600,
            "lastError": null, "openGaps": 0,
        });
        let found: Vec<TenantSources> = shape(json!([
            { "tenant": TENANT, "names": ["contoso.example"], "sources": [quiet, summary()] },
        ]));
        let gaps: Vec<TenantGaps> = shape(json!([{ "tenant": TENANT, "gaps": [hour_gap(), number_gap()] }]));
        check("status.table", &sources_shown(&found, &gaps));
    }

    #[test]
    fn the_table_of_a_source_marks_the_hours_that_are_missing() {
        let hour = |hour: &str, read: u64, missing: bool, error: Value| {
            json!({
                "hour": hour, "batches": read.min(1), "read": read, "new": read, "changed": 0, "known": 0, "ignored": 0,
                "rejected": 0, "late": 0, "quarantined": 0, "lateSeconds": 0, "latestSeconds": 0,
                "oldest": null, "newest": null, "lastError": error, "missing": missing,
            })
        };
        let error = json!({ "at": "2026-11-28T10:42:00Z", "reason": "line 7: no time" });
        let found = shape(json!({
            "tenant": TENANT, "source": summary(), "by": "event",
            "hours": [
                hour("2026-11-28T10:00:00Z", 3, false, error),
                hour("2026-11-28T09:00:00Z", 5, false, Value::Null),
                hour("2026-11-28T08:00:00Z", 0, true, Value::Null),
                hour("2026-11-28T07:00:00Z", 0, true, Value::Null),
            ],
            "next": "2026-11-28T07:00:00Z", "gaps": [hour_gap()], "imports": [{
                "run": TENANT, "file": "a.csv", "ended": "2026-11-28T10:42:00Z", "read": 3, "new": 1, "changed": 0, "known": 2,
                "ignored": 0, "rejected": 0, "late": 0, "quarantined": 0, "oldest": null, "newest": null,
            }],
        }));
        let closed: Vec<TenantGaps> = shape(json!([{ "tenant": TENANT, "gaps": [closed_gap()] }]));
        check("hours.table", &source_shown(&found, false, &closed));
    }

    #[test]
    fn the_table_of_a_proof_shows_both_sides_where_they_differ() {
        let recount = |new: u64, newest: &str| {
            json!({
                "new": new, "changed": 1, "quarantined": 0, "late": 1, "lateSeconds": 1_800, "latestTicks": 18_000_000_000_u64,
                "oldest": "2026-11-28T09:00:00Z", "newest": newest,
            })
        };
        let hour = |hour: &str, read: u64, adds_up: bool, told: Value, found: Value| {
            json!({
                "source": MIM, "hour": hour, "read": read, "new": 2, "changed": 1, "known": 4, "ignored": 1, "rejected": 0,
                "late": 1, "quarantined": 0, "addsUp": adds_up, "told": told, "found": found,
            })
        };
        let (one, other) = ("2026-11-28T09:30:00Z", "2026-11-28T09:40:00Z");
        let proofs: Vec<TenantProof> = shape(json!([{
            "tenant": TENANT, "agrees": false, "events": 5, "lines": 3, "linesWithoutEvents": 1,
            "hours": [
                hour("2026-11-28T10:00:00Z", 8, true, recount(2, one), recount(2, one)),
                hour("2026-11-28T09:00:00Z", 9, false, recount(2, other), recount(1, one)),
            ],
            "faults": ["the ledger disagrees with the events"],
        }]));
        check("prove.table", &proofs_shown(&proofs));
    }

    #[test]
    fn a_target_names_the_tenant_after_what_it_asks() {
        assert_eq!(of("/sources".to_owned(), Some("a b")), "/sources?tenant=a%20b");
        assert_eq!(of("/sources?x=1".to_owned(), Some("c")), "/sources?x=1&tenant=c");
        assert_eq!(of("/sources".to_owned(), None), "/sources");
    }
}
