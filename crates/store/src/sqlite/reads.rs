//! Questions that are not about rows: history, change log, totals.

use super::append::{OUTCOME_NEW, OUTCOME_REPLACED};
use super::originals::Unpacker;
use super::partition::Partition;
use super::tenant::Tenant;
use super::{Shared, history};
use crate::error::StoreError;
use crate::events::{Change, ChangeKind, ReportTotal, StoredEvent};
use model::batch::Subject;
use model::identity::{EventKey, Kind};
use model::time::{Month, TICKS_PER_DAY, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

/// Entries of a history that are looked at beyond what is asked for.
const MORE_AT_ONCE: usize = 64;

impl Shared {
    pub(super) fn history(
        &self,
        tenant: &Tenant,
        subject: &Subject,
        kinds: &[Kind],
        (from, to): (Timestamp, Timestamp),
        limit: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let _gate = tenant.read_gate();
        let mut found = Vec::new();
        for (month, state) in tenant.months() {
            if state.last < from || state.first > to {
                continue;
            }
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            let times = (from.ticks(), to.ticks());
            let events =
                partition.read(|connection| month_history(connection, subject, bits(kinds), times, limit))?;
            found.append(&mut read_back(&partition, events)?);
        }
        found.sort_by_key(|event| (event.time, event.key));
        found.truncate(limit);
        Ok(found)
    }

    pub(super) fn changes(
        &self,
        tenant: &Tenant,
        since: u64,
        limit: usize,
    ) -> Result<Vec<Change>, StoreError> {
        let _gate = tenant.read_gate();
        // What is being committed now is not seen before every month of it is durable.
        let published = tenant.published();
        let mut found = Vec::new();
        for (month, state) in tenant.months() {
            if state.last_seq <= since {
                continue;
            }
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            found.extend(partition.read(|connection| month_changes(connection, since, published, limit))?);
        }
        found.sort_by_key(|change| change.commit);
        Ok(whole_commits(found, limit))
    }

    pub(super) fn winners(
        &self,
        tenant: &Tenant,
        month: Month,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, StoredEvent)>, StoreError> {
        let _gate = tenant.read_gate();
        if !tenant.months().iter().any(|(stored, _)| *stored == month) {
            return Ok(Vec::new());
        }
        let partition = self.partitions.get(tenant.id, &tenant.folder, month);
        let mut unpacker = Unpacker::default();
        let found = partition.read(|connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS}, events.id FROM events JOIN names ON names.id = format
                 WHERE events.id > ?1 AND winner = 1 AND quarantined = 0 ORDER BY events.id LIMIT ?2",
            ))?;
            let rows = statement.query_map(params![after as i64, limit as i64], |row| {
                Ok((
                    row.get::<_, i64>(12)?.unsigned_abs(),
                    stored_event(connection, &mut unpacker, row)?,
                ))
            })?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        found
            .into_iter()
            .map(|(number, event)| {
                let event = event.map_err(|reason| StoreError::Backend {
                    path: partition.path().to_owned(),
                    reason,
                })?;
                Ok((number, event))
            })
            .collect()
    }

    pub(super) fn uncounted(&self, tenant: &Tenant) -> Result<Vec<Month>, StoreError> {
        let _gate = tenant.read_gate();
        let mut found = Vec::new();
        for (month, _) in tenant.months() {
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            let is_counted: bool = partition
                .read(|connection| connection.query_row("SELECT counted FROM meta", [], |row| row.get(0)))?;
            if !is_counted {
                found.push(month);
            }
        }
        Ok(found)
    }

    pub(super) fn report_totals(&self, tenant: &Tenant) -> Result<Vec<ReportTotal>, StoreError> {
        let _gate = tenant.read_gate();
        let mut totals: BTreeMap<u16, ReportTotal> = BTreeMap::new();
        for (month, _) in tenant.months() {
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            for total in partition.read(month_totals)? {
                totals
                    .entry(total.report)
                    .and_modify(|sum| {
                        sum.rows = sum.rows.zip(total.rows).map(|(rows, more)| rows + more);
                        sum.newest = sum.newest.max(total.newest);
                    })
                    .or_insert(total);
            }
        }
        let mut totals: Vec<ReportTotal> = totals.into_values().collect();
        totals.extend(self.usage_totals(tenant)?);
        Ok(totals)
    }
}

/// A subject's winning events of a month: the first `limit`, and any others of the last one's instant.
fn month_history(
    connection: &Connection,
    subject: &Subject,
    kinds: i64,
    times: (i64, i64),
    limit: usize,
) -> rusqlite::Result<Vec<ReadBack>> {
    // One transaction: a commit between two looks may merge the runs that are still to be looked at.
    let connection = connection.unchecked_transaction()?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM events
            JOIN names ON names.id = format WHERE events.id = ?1 AND winner = 1 AND quarantined = 0 AND (?2 >> kind) & 1",
    ))?;
    let mut unpacker = Unpacker::default();
    let mut events = Vec::new();
    // Losing contents are in the history, too, so more than the limit may be needed to reach it.
    let mut after = None;
    loop {
        let found = history::find(
            &connection,
            subject.number(),
            times,
            after,
            limit.saturating_add(MORE_AT_ONCE),
        )?;
        for (time, number) in found.events {
            if events.len() >= limit && after.is_some_and(|(before, _)| time > before) {
                return Ok(events);
            }
            let event = statement.query_row(params![number, kinds], |row| {
                stored_event(&connection, &mut unpacker, row)
            });
            events.extend(event.optional()?);
            after = Some((time, number));
        }
        if !found.has_more {
            return Ok(events);
        }
    }
}

/// A month's changes after a commit: whole commits, at least `limit` changes if there are so many.
fn month_changes(
    connection: &Connection,
    since: u64,
    published: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Change>> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, outcome, key, time, kind, quarantined FROM events
         WHERE id >= (SELECT first_event FROM commits WHERE seq > ?1 ORDER BY seq LIMIT 1) AND seq <= ?2 ORDER BY id",
    )?;
    let mut rows = statement.query(params![since as i64, published as i64])?;
    let mut found: Vec<Change> = Vec::new();
    while let Some(row) = rows.next()? {
        let change = Change {
            commit: row.get::<_, i64>(0)?.unsigned_abs(),
            what: change_kind(row.get(1)?),
            key: EventKey(row.get(2)?),
            time: Timestamp::from_ticks(row.get(3)?),
            kind: kind_of(row.get(4)?)?,
            quarantined: row.get(5)?,
        };
        let ends_a_commit = found.last().is_some_and(|last| last.commit != change.commit);
        if ends_a_commit && found.len() >= limit {
            break;
        }
        found.push(change);
    }
    Ok(found)
}

/// As many commits as fit into `limit`, and the first in any case. A commit is never cut in two: a cursor that moved past
/// half of it would lose the rest.
fn whole_commits(mut changes: Vec<Change>, limit: usize) -> Vec<Change> {
    let Some(beyond) = changes.get(limit).map(|change| change.commit) else {
        return changes;
    };
    let last = if beyond == changes[0].commit {
        beyond
    } else {
        beyond - 1
    };
    changes.retain(|change| change.commit <= last);
    changes
}

/// What a commit did to an event, by its number on disk.
pub(super) fn change_kind(outcome: i64) -> ChangeKind {
    match outcome {
        OUTCOME_NEW => ChangeKind::New,
        OUTCOME_REPLACED => ChangeKind::Replaced,
        _ => ChangeKind::Kept,
    }
}

/// The kind of a number on disk.
fn kind_of(number: u8) -> rusqlite::Result<Kind> {
    Kind::from_number(number).ok_or_else(|| {
        let reason = format!("an event of kind {number} is of a newer version");
        rusqlite::Error::FromSqlConversionFailure(4, Type::Integer, reason.into())
    })
}

/// Kinds as bits at their numbers on disk.
pub(super) fn bits(kinds: &[Kind]) -> i64 {
    kinds.iter().fold(0, |bits, kind| bits | 1 << kind.number())
}

/// An event, or why it cannot be read back.
pub(super) type ReadBack = Result<StoredEvent, String>;

/// The events of a month; the first that cannot be read back is an error of its file.
pub(super) fn read_back<T>(
    partition: &Partition,
    events: Vec<Result<T, String>>,
) -> Result<Vec<T>, StoreError> {
    let all: Result<Vec<T>, String> = events.into_iter().collect();
    all.map_err(|reason| StoreError::Backend {
        path: partition.path().to_owned(),
        reason,
    })
}

/// The columns that [`stored_event`] reads, of `events` joined with `names`.
pub(super) const COLUMNS: &str =
    "key, kind, time, arrived, names.name, original, block, block_start, block_end, seq, outcome,
    (SELECT brought.name FROM names AS brought WHERE brought.id = source)";

/// An event whose row begins with [`COLUMNS`].
pub(super) fn stored_event(
    connection: &Connection,
    unpacker: &mut Unpacker,
    row: &Row<'_>,
) -> rusqlite::Result<ReadBack> {
    match unpacker.original(connection, row, 5)? {
        Ok(original) => named_event(row, original),
        Err(reason) => Ok(Err(format!("an event's original cannot be read back: {reason}"))),
    }
}

/// The same with this for its original.
pub(super) fn named_event(row: &Row<'_>, original: Vec<u8>) -> rusqlite::Result<ReadBack> {
    let number: u8 = row.get(1)?;
    let Some(kind) = Kind::from_number(number) else {
        return Ok(Err(format!("an event of kind {number} cannot be read back")));
    };
    Ok(Ok(StoredEvent {
        key: EventKey(row.get(0)?),
        kind,
        time: Timestamp::from_ticks(row.get(2)?),
        arrived: Timestamp::from_ticks(row.get(3)?),
        format: row.get(4)?,
        source: row.get(11)?,
        original,
        commit: row.get::<_, i64>(9)?.unsigned_abs(),
    }))
}

fn month_totals(connection: &Connection) -> rusqlite::Result<Vec<ReportTotal>> {
    let mut statement = connection.prepare_cached(
        "SELECT report, sum(rows), max(day) FROM day_counts WHERE rows > 0 GROUP BY report",
    )?;
    let sums = statement.query_map([], |row| {
        Ok((
            row.get::<_, u16>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, i64>(2)?,
        ))
    })?;
    let mut totals = Vec::new();
    for sum in sums {
        let (report, rows, day) = sum?;
        let newest: Option<i64> = connection
            .prepare_cached(
                "SELECT time FROM rows AS row WHERE report = ?1 AND time < ?2 AND json IS NOT NULL AND seq =
                    (SELECT max(seq) FROM rows WHERE report = row.report AND time = row.time AND key = row.key)
                 ORDER BY time DESC LIMIT 1",
            )?
            .query_row(params![report, (day + 1).saturating_mul(TICKS_PER_DAY)], |row| row.get(0))
            .optional()?;
        if let Some(newest) = newest {
            totals.push(ReportTotal {
                report,
                rows: Some(rows.unsigned_abs()),
                newest: Timestamp::from_ticks(newest),
            });
        }
    }
    Ok(totals)
}
