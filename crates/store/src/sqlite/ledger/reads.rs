//! Questions to the ledger: totals, hours, and what gaps are found from.

use super::lines::{HOUR_TICKS, NO_EVENT_HOUR};
use super::notes::{self, time};
use super::numbers::Numbers;
use crate::error::StoreError;
use crate::events::LedgerLine;
use crate::ledger::{HourOf, LateBy, SourceError, SourceFacts, SourceHour};
use crate::sqlite::Shared;
use crate::sqlite::catalogue;
use crate::sqlite::tenant::Tenant;
use model::batch::{Counts, QUARANTINE_AHEAD_TICKS};
use model::time::Timestamp;
use rusqlite::{Connection, Row, params};
use std::collections::BTreeMap;

/// What lines are summed up to. The last error rides behind its time in twenty digits, so that the largest text is the last.
const SUMS: &str = "sum(read), sum(new), sum(changed), sum(known), sum(ignored), sum(rejected), sum(late), sum(quarantined),
    sum(batches), sum(late_seconds), max(late_most), min(oldest), max(newest), max(format('%020d', error_at) || error)";
/// Digits before the text of an error.
const TIME_DIGITS: usize = 20;

/// What a stretch of lines comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    batches: u64,
    counts: Counts,
    late_by: LateBy,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    last_error: Option<SourceError>,
}

impl Sum {
    fn read(row: &Row<'_>, from: usize) -> rusqlite::Result<Sum> {
        let count = |column: usize| row.get::<_, i64>(from + column).map(i64::unsigned_abs);
        Ok(Sum {
            counts: Counts {
                read: count(0)?,
                new: count(1)?,
                changed: count(2)?,
                known: count(3)?,
                ignored: count(4)?,
                rejected: count(5)?,
                late: count(6)?,
                quarantined: count(7)?,
            },
            batches: count(8)?,
            late_by: LateBy {
                seconds: count(9)?,
                most_ticks: row.get(from + 10)?,
            },
            oldest: time(row, from + 11)?,
            newest: time(row, from + 12)?,
            last_error: row
                .get::<_, Option<String>>(from + 13)?
                .and_then(|text| error(&text)),
        })
    }

    fn add(&mut self, other: Sum) {
        self.batches += other.batches;
        self.counts.add(&other.counts);
        self.late_by.seconds += other.late_by.seconds;
        self.late_by.most_ticks = self.late_by.most_ticks.max(other.late_by.most_ticks);
        self.oldest = [self.oldest, other.oldest].into_iter().flatten().min();
        self.newest = self.newest.max(other.newest);
        self.last_error = self.last_error.take().max(other.last_error);
    }
}

fn error(text: &str) -> Option<SourceError> {
    let (at, reason) = text.split_at_checked(TIME_DIGITS)?;
    Some(SourceError {
        at: Timestamp::from_ticks(at.parse().ok()?),
        reason: reason.to_owned(),
    })
}

impl Shared {
    pub(in crate::sqlite) fn ledger(&self, tenant: &Tenant) -> Result<Vec<LedgerLine>, StoreError> {
        let mut lines: BTreeMap<String, LedgerLine> = BTreeMap::new();
        let ask = |connection: &Connection, lines: &str| {
            let sql = format!(
                "SELECT name, min(arrival_hour), max(arrival_hour), {SUMS} FROM {lines} GROUP BY name"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, Sum::read(row, 3)?))
            })?;
            found.collect::<rusqlite::Result<Vec<(String, i64, i64, Sum)>>>()
        };
        for (source, first, last, sum) in self.counted(tenant, "ledger", ask)? {
            let (first, last) = (Timestamp::from_ticks(first), Timestamp::from_ticks(last));
            let Some(line) = lines.get_mut(&source) else {
                let line = line(source.clone(), first, last, sum);
                lines.insert(source, line);
                continue;
            };
            let mut before = Sum {
                batches: line.batches,
                counts: line.counts,
                late_by: line.late_by,
                oldest: line.oldest,
                newest: line.newest,
                last_error: line.last_error.take(),
            };
            before.add(sum);
            let span = (line.first_arrival.min(first), line.last_arrival.max(last));
            *line = self::line(source, span.0, span.1, before);
        }
        Ok(lines.into_values().collect())
    }

    pub(super) fn source_hours(
        &self,
        tenant: &Tenant,
        source: &str,
        by: HourOf,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<SourceHour>, StoreError> {
        let column = match by {
            HourOf::Arrival => "arrival_hour",
            HourOf::Event => "event_hour",
        };
        let before = before.map_or(i64::MAX, Timestamp::ticks);
        let ask = |connection: &Connection, lines: &str| {
            let sql = format!(
                "SELECT {column}, {SUMS} FROM {lines} WHERE name = ?1 AND {column} < ?2 AND {column} > {NO_EVENT_HOUR}
                 GROUP BY {column} ORDER BY {column} DESC LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map(params![source, before, limit as i64], |row| {
                Ok((row.get(0)?, Sum::read(row, 1)?))
            })?;
            found.collect::<rusqlite::Result<Vec<(i64, Sum)>>>()
        };
        let mut hours: BTreeMap<i64, Sum> = BTreeMap::new();
        for (hour, sum) in self.counted(tenant, "ledger", ask)? {
            match hours.get_mut(&hour) {
                Some(there) => there.add(sum),
                None => drop(hours.insert(hour, sum)),
            }
        }
        let hours = hours.into_iter().rev().take(limit);
        Ok(hours.map(|(hour, sum)| source_hour(hour, sum)).collect())
    }

    pub(super) fn source_facts(
        &self,
        tenant: &Tenant,
        only: Option<&str>,
    ) -> Result<Vec<SourceFacts>, StoreError> {
        let is_asked = |source: &str| only.is_none_or(|only| only == source);
        let mut hours: BTreeMap<String, BTreeMap<i64, u64>> = BTreeMap::new();
        let wanted = wanted(only);
        let ask_hours = |connection: &Connection, lines: &str| {
            let sql = format!(
                "SELECT name, event_hour, sum(new + changed + known - quarantined) AS events FROM {lines}
                 WHERE {wanted} AND event_hour > {NO_EVENT_HOUR}
                    AND event_hour <= arrival_hour + {QUARANTINE_AHEAD_TICKS} GROUP BY 1, 2 HAVING events > 0"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_map([only], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            found.collect::<rusqlite::Result<Vec<(String, i64, i64)>>>()
        };
        for (source, hour, events) in self.counted(tenant, "ledger", ask_hours)? {
            let hour = hour.div_euclid(HOUR_TICKS);
            *hours.entry(source).or_default().entry(hour).or_default() += events.unsigned_abs();
        }
        let received = self.received(tenant, only)?;
        let mut facts: BTreeMap<String, SourceFacts> = BTreeMap::new();
        let of = |facts: &mut BTreeMap<String, SourceFacts>,
                  source: &str,
                  add: &mut dyn FnMut(&mut SourceFacts)| {
            if is_asked(source) {
                add(facts.entry(source.to_owned()).or_insert_with(|| SourceFacts {
                    source: source.to_owned(),
                    ..SourceFacts::default()
                }));
            }
        };
        for (source, found) in hours {
            of(&mut facts, &source, &mut |facts| {
                facts.hours = found.iter().map(|(hour, events)| (*hour, *events)).collect();
            });
        }
        for (source, numbers) in received {
            let runs = numbers.runs();
            let runs: Vec<(u64, u64)> = runs
                .map(|(first, last)| (first.unsigned_abs(), last.unsigned_abs()))
                .collect();
            of(&mut facts, &source, &mut |facts| facts.received.clone_from(&runs));
        }
        let noted = catalogue::read(tenant, |connection| {
            Ok((notes::told(connection)?, notes::closed(connection)?))
        })?;
        let (told, closed) = noted.unwrap_or_default();
        for gap in told {
            of(&mut facts, &gap.source, &mut |facts| facts.told.push(gap.clone()));
        }
        for closing in closed {
            of(&mut facts, &closing.source, &mut |facts| {
                facts.closed.push(closing.clone());
            });
        }
        Ok(facts.into_values().collect())
    }

    /// The numbers of uploads that came whole, source by source; `only` asks for one. Put together row by row: what one file after
    /// another says again is never held.
    pub(in crate::sqlite) fn received(
        &self,
        tenant: &Tenant,
        only: Option<&str>,
    ) -> Result<BTreeMap<String, Numbers>, StoreError> {
        let wanted = wanted(only);
        let mut received: BTreeMap<String, Numbers> = BTreeMap::new();
        let ask = |connection: &Connection, lines: &str| {
            let sql = format!("SELECT name, first, last FROM {lines} WHERE {wanted}");
            let mut statement = connection.prepare_cached(&sql)?;
            let mut found = statement.query([only])?;
            while let Some(row) = found.next()? {
                let source: String = row.get(0)?;
                received
                    .entry(source)
                    .or_default()
                    .add((row.get(1)?, row.get(2)?));
            }
            Ok(Vec::<()>::new())
        };
        self.everywhere(tenant, "received", ask)?;
        Ok(received)
    }

    /// Asks as [`Shared::everywhere`], and answers when pages show all that was counted: who is told that so many events are new
    /// finds so many.
    fn counted<T>(
        &self,
        tenant: &Tenant,
        table: &str,
        ask: impl FnMut(&Connection, &str) -> rusqlite::Result<Vec<T>>,
    ) -> Result<Vec<T>, StoreError> {
        let (found, commit) = self.everywhere(tenant, table, ask)?;
        tenant.wait_for(commit);
        Ok(found)
    }

    /// Asks every month and the catalogue; the question is told where to select a table of theirs from, with the source's `name`. Also
    /// answers of which commit it may have seen something.
    fn everywhere<T>(
        &self,
        tenant: &Tenant,
        table: &str,
        mut ask: impl FnMut(&Connection, &str) -> rusqlite::Result<Vec<T>>,
    ) -> Result<(Vec<T>, u64), StoreError> {
        let of_month =
            format!("(SELECT name, {table}.* FROM {table} JOIN names ON names.id = {table}.source)");
        let of_catalogue = format!("(SELECT source AS name, {table}.* FROM {table})");
        let _gate = tenant.read_gate();
        let mut found = Vec::new();
        let mut seen = 0;
        for (month, _) in tenant.months() {
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            let (lines, commit) = partition.read(|connection| {
                let lines = ask(connection, &of_month)?;
                // Asked for afterwards: it is never of a commit before the one that was seen.
                let mut statement = connection.prepare_cached("SELECT last_seq FROM meta")?;
                Ok((lines, statement.query_row([], |row| row.get::<_, i64>(0))?))
            })?;
            found.extend(lines);
            seen = seen.max(commit.unsigned_abs());
        }
        let noted = catalogue::read(tenant, |connection| ask(connection, &of_catalogue))?;
        found.extend(noted.unwrap_or_default());
        Ok((found, seen))
    }
}

/// Which lines are asked for; `?1` is the source, or NULL for all. One text for both could not use an index.
fn wanted(only: Option<&str>) -> &'static str {
    match only {
        Some(_) => "name = ?1",
        None => "?1 IS NULL",
    }
}

fn line(source: String, first_arrival: Timestamp, last_arrival: Timestamp, sum: Sum) -> LedgerLine {
    LedgerLine {
        source,
        batches: sum.batches,
        counts: sum.counts,
        late_by: sum.late_by,
        first_arrival,
        last_arrival,
        oldest: sum.oldest,
        newest: sum.newest,
        last_error: sum.last_error,
    }
}

fn source_hour(hour: i64, sum: Sum) -> SourceHour {
    SourceHour {
        hour: Timestamp::from_ticks(hour),
        batches: sum.batches,
        counts: sum.counts,
        late_by: sum.late_by,
        oldest: sum.oldest,
        newest: sum.newest,
        last_error: sum.last_error,
    }
}
