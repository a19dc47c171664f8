//! What the service says of the sources that bring events: totals, hours, gaps, proofs, as JSON.

pub mod gaps;
pub(crate) mod measures;
pub mod names;

use gaps::GapAnswer;
use model::batch::Counts;
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::error::StoreError;
use store::events::{EventStore, LedgerLine};
use store::ledger::{HourOf, ImportedFile, Proof, ProvenHour, Recount, SourceHour};
use uuid::Uuid;

/// Hours of one answer at the most: five weeks.
pub const MOST_HOURS: usize = 840;
/// Imported files that are told.
const IMPORTS_TOLD: usize = 200;

/// What became of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountsAnswer {
    /// Records read: the sum of the next five.
    pub read: u64,
    /// Events not seen before.
    pub new: u64,
    /// Events seen before with other content.
    pub changed: u64,
    /// Events seen before with this content.
    pub known: u64,
    /// Records that are none of our business.
    pub ignored: u64,
    /// Records that were not taken.
    pub rejected: u64,
    /// Of new and changed: late.
    pub late: u64,
    /// Of new and changed: too far in the future.
    pub quarantined: u64,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorAnswer {
    /// When.
    pub at: String,
    /// What.
    pub reason: String,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceSummary {
    /// Its name, such as `import` or `ingest:<client id>/<input>`.
    pub name: String,
    /// `import`, `ingest`, or `own` for what the service tells of itself.
    pub kind: String,
    /// Batches that came; an upload of some thousand events is one.
    pub batches: u64,
    /// What became of their records.
    #[serde(flatten)]
    pub counts: CountsAnswer,
    /// The sum of how late the late ones were, in seconds.
    pub late_seconds: u64,
    /// How late the latest was, in seconds.
    pub latest_seconds: u64,
    /// The first hour in which it brought something.
    pub first_arrival: Option<String>,
    /// The last.
    pub last_arrival: Option<String>,
    /// Its oldest event.
    pub oldest: Option<String>,
    /// Its newest event.
    pub newest: Option<String>,
    /// How far its newest event is behind now, in seconds.
    pub lag_seconds: Option<i64>,
    /// What went wrong last.
    pub last_error: Option<ErrorAnswer>,
    /// Gaps that are open.
    pub open_gaps: usize,
}

/// Every source of a tenant.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourcesAnswer {
    /// Source by source, in the order of their names.
    pub sources: Vec<SourceSummary>,
}

/// An hour of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HourAnswer {
    /// When it begins.
    pub hour: String,
    /// Batches that came; each is counted in one hour.
    pub batches: u64,
    /// What became of their records.
    #[serde(flatten)]
    pub counts: CountsAnswer,
    /// The sum of how late the late ones were, in seconds.
    pub late_seconds: u64,
    /// How late the latest was, in seconds.
    pub latest_seconds: u64,
    /// The oldest event.
    pub oldest: Option<String>,
    /// The newest event.
    pub newest: Option<String>,
    /// What went wrong last.
    pub last_error: Option<ErrorAnswer>,
    /// Whether it is missing: the source has a habit of events in such an hour, and brought none.
    pub missing: bool,
}

/// A source and its hours.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceAnswer {
    /// The sums.
    pub source: SourceSummary,
    /// `event` or `arrival`: which hours these are.
    pub by: String,
    /// Its hours, newest first.
    pub hours: Vec<HourAnswer>,
    /// To be given as `before` for the hours before these; null if there are none.
    pub next: Option<String>,
    /// The newest gaps that are open.
    pub gaps: Vec<GapAnswer>,
    /// The files that were imported, newest first; of the source `import` alone.
    pub imports: Vec<ImportAnswer>,
}

/// A file that was imported.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportAnswer {
    /// The run of the command that brought it.
    pub run: Uuid,
    /// The file.
    pub file: String,
    /// When its last record was stored.
    pub ended: String,
    /// What became of its records.
    #[serde(flatten)]
    pub counts: CountsAnswer,
    /// The oldest event in it.
    pub oldest: Option<String>,
    /// The newest.
    pub newest: Option<String>,
}

/// Which hours of a source are asked for.
#[derive(Debug, Clone, Copy)]
pub struct HoursAsked {
    /// By which of the two hours.
    pub by: HourOf,
    /// Only hours before this.
    pub before: Option<Timestamp>,
    /// How many.
    pub limit: usize,
}

/// What a recount came to.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProofAnswer {
    /// Whether all agrees.
    pub agrees: bool,
    /// Events that were recounted.
    pub events: u64,
    /// Lines of the ledger that were looked at.
    pub lines: u64,
    /// Those of purged months and of records without an event: only their sums can be checked.
    pub lines_without_events: u64,
    /// Source by source, the newest hours of arrival.
    pub hours: Vec<ProvenAnswer>,
    /// What does not agree.
    pub faults: Vec<String>,
}

/// An hour of arrival, told and recounted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvenAnswer {
    /// The source.
    pub source: String,
    /// When the hour begins.
    pub hour: String,
    /// What the ledger says of records.
    #[serde(flatten)]
    pub counts: CountsAnswer,
    /// Whether read is the sum of new, changed, known, ignored and rejected.
    pub adds_up: bool,
    /// What the ledger says of events that are there.
    pub told: RecountAnswer,
    /// What the events say.
    pub found: RecountAnswer,
}

/// What can be counted from events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RecountAnswer {
    /// First contents.
    pub new: u64,
    /// Other contents.
    pub changed: u64,
    /// Too far in the future.
    pub quarantined: u64,
    /// Late.
    pub late: u64,
    /// The sum of how late, in seconds.
    pub late_seconds: u64,
    /// How late the latest was, in ticks of 100 ns.
    pub latest_ticks: i64,
    /// The oldest.
    pub oldest: Option<String>,
    /// The newest.
    pub newest: Option<String>,
}

/// The sources of a tenant, or the one that is asked for.
pub fn sources(
    events: &dyn EventStore,
    tenant: TenantId,
    only: Option<&str>,
    now: Timestamp,
) -> Result<Vec<SourceSummary>, StoreError> {
    let mut found: BTreeMap<String, SourceSummary> = BTreeMap::new();
    for line in events.ledger(tenant)? {
        if only.is_none_or(|only| only == line.source) {
            found.insert(line.source.clone(), summary(line, now));
        }
    }
    for gap in gaps::of(events, tenant, only, now)? {
        let source = found
            .entry(gap.source.clone())
            .or_insert_with(|| nothing_of(gap.source.clone()));
        source.open_gaps += usize::from(gap.closed.is_none());
    }
    Ok(found.into_values().collect())
}

/// A source and a stretch of its hours; `None` if there is no such source.
pub fn source(
    events: &dyn EventStore,
    tenant: TenantId,
    name: &str,
    asked: HoursAsked,
    now: Timestamp,
) -> Result<Option<SourceAnswer>, StoreError> {
    let Some(source) = sources(events, tenant, Some(name), now)?.pop() else {
        return Ok(None);
    };
    let mut gaps = gaps::of(events, tenant, Some(name), now)?;
    gaps.retain(|gap| gap.closed.is_none());
    // One more than asked tells whether there are others before these.
    let found = events.source_hours(tenant, name, asked.by, asked.before, asked.limit + 1)?;
    let mut hours: BTreeMap<Timestamp, HourAnswer> = found
        .into_iter()
        .map(|hour| (hour.hour, hour_answer(hour)))
        .collect();
    if asked.by == HourOf::Event {
        let oldest = hours.keys().next().copied();
        for hour in gaps.iter().flat_map(|gap| gap.hours(MOST_HOURS)) {
            let is_in_reach = oldest.is_some_and(|oldest| hour >= oldest)
                && asked.before.is_none_or(|before| hour < before);
            if is_in_reach {
                hours.entry(hour).or_insert_with(|| missing_hour(hour));
            }
        }
    }
    let more = hours.len() > asked.limit;
    let hours: Vec<HourAnswer> = hours.into_values().rev().take(asked.limit).collect();
    let next = hours.last().filter(|_| more).map(|hour| hour.hour.clone());
    let imports = if name == names::IMPORT {
        events.imports(tenant, IMPORTS_TOLD)?
    } else {
        Vec::new()
    };
    Ok(Some(SourceAnswer {
        source,
        by: match asked.by {
            HourOf::Event => "event",
            HourOf::Arrival => "arrival",
        }
        .to_owned(),
        hours,
        next,
        gaps,
        imports: imports.into_iter().map(import_answer).collect(),
    }))
}

/// Recounts a tenant's ledger; of each source the newest hours are told.
pub fn prove(
    events: &dyn EventStore,
    tenant: TenantId,
    hours_of_each: usize,
) -> Result<ProofAnswer, StoreError> {
    let Proof {
        events,
        lines,
        lines_without_events,
        hours,
        faults,
    } = events.prove(tenant)?;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    let hours = hours.into_iter().filter(|hour| {
        let of_source = told.entry(hour.source.clone()).or_default();
        *of_source += 1;
        *of_source <= hours_of_each
    });
    Ok(ProofAnswer {
        agrees: faults.is_empty(),
        events,
        lines,
        lines_without_events,
        hours: hours.map(proven_answer).collect(),
        faults,
    })
}

fn summary(line: LedgerLine, now: Timestamp) -> SourceSummary {
    SourceSummary {
        kind: names::kind(&line.source).to_owned(),
        name: line.source,
        batches: line.batches,
        counts: counts_answer(&line.counts),
        late_seconds: line.late_by.seconds,
        latest_seconds: whole_seconds(line.late_by.most_ticks),
        first_arrival: Some(line.first_arrival.to_string()),
        last_arrival: Some(line.last_arrival.to_string()),
        oldest: text(line.oldest),
        newest: text(line.newest),
        lag_seconds: line
            .newest
            .map(|newest| now.unix_seconds() - newest.unix_seconds()),
        last_error: line.last_error.map(error_answer),
        open_gaps: 0,
    }
}

/// A source that told of a loss before it brought anything.
fn nothing_of(name: String) -> SourceSummary {
    SourceSummary {
        kind: names::kind(&name).to_owned(),
        name,
        batches: 0,
        counts: CountsAnswer::default(),
        late_seconds: 0,
        latest_seconds: 0,
        first_arrival: None,
        last_arrival: None,
        oldest: None,
        newest: None,
        lag_seconds: None,
        last_error: None,
        open_gaps: 0,
    }
}

fn hour_answer(hour: SourceHour) -> HourAnswer {
    HourAnswer {
        hour: hour.hour.to_string(),
        batches: hour.batches,
        counts: counts_answer(&hour.counts),
        late_seconds: hour.late_by.seconds,
        latest_seconds: whole_seconds(hour.late_by.most_ticks),
        oldest: text(hour.oldest),
        newest: text(hour.newest),
        last_error: hour.last_error.map(error_answer),
        missing: false,
    }
}

fn missing_hour(hour: Timestamp) -> HourAnswer {
    HourAnswer {
        hour: hour.to_string(),
        batches: 0,
        counts: CountsAnswer::default(),
        late_seconds: 0,
        latest_seconds: 0,
        oldest: None,
        newest: None,
        last_error: None,
        missing: true,
    }
}

fn import_answer(import: ImportedFile) -> ImportAnswer {
    ImportAnswer {
        run: import.run,
        file: import.file,
        ended: import.ended.to_string(),
        counts: counts_answer(&import.counts),
        oldest: text(import.oldest),
        newest: text(import.newest),
    }
}

fn proven_answer(hour: ProvenHour) -> ProvenAnswer {
    ProvenAnswer {
        source: hour.source,
        hour: hour.hour.to_string(),
        counts: counts_answer(&hour.counts),
        adds_up: hour.counts.adds_up(),
        told: recount_answer(&hour.told),
        found: recount_answer(&hour.found),
    }
}

fn recount_answer(recount: &Recount) -> RecountAnswer {
    RecountAnswer {
        new: recount.new,
        changed: recount.changed,
        quarantined: recount.quarantined,
        late: recount.late,
        late_seconds: recount.late_by.seconds,
        latest_ticks: recount.late_by.most_ticks,
        oldest: text(recount.oldest),
        newest: text(recount.newest),
    }
}

fn counts_answer(counts: &Counts) -> CountsAnswer {
    CountsAnswer {
        read: counts.read,
        new: counts.new,
        changed: counts.changed,
        known: counts.known,
        ignored: counts.ignored,
        rejected: counts.rejected,
        late: counts.late,
        quarantined: counts.quarantined,
    }
}

fn error_answer(error: store::ledger::SourceError) -> ErrorAnswer {
    ErrorAnswer {
        at: error.at.to_string(),
        reason: error.reason,
    }
}

fn whole_seconds(ticks: i64) -> u64 {
    (ticks / TICKS_PER_SECOND).unsigned_abs()
}

fn text(time: Option<Timestamp>) -> Option<String> {
    time.map(|time| time.to_string())
}
