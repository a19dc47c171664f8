//! In which events a person or an address occurs: entries in packed, sorted runs, which merge as they grow.
//!
//! A commit writes its entries as a run of its own; small runs are put together until one is full. So every commit writes at one
//! place of the file, however random its persons are, and a question looks at one place in each run of its time.

mod packed;
pub(super) mod recount;
#[cfg(test)]
mod tests;

use packed::{Damaged, Entry, PART_ENTRIES, pack, unpack};
use rusqlite::types::Type;
use rusqlite::{Connection, params};
use std::collections::BinaryHeap;
use std::ops::Range;

/// A run of as many entries is full, and not merged any more. A merge of a full run takes some ten milliseconds.
const RUN_ENTRIES: u64 = 65_536;
/// Small runs that a month has before the newest of them are put together.
const SMALL_RUNS: usize = 16;

/// The runs of a month that may still be merged, oldest first.
#[derive(Debug, Default)]
pub(super) struct Runs {
    small: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    id: i64,
    entries: u64,
}

/// What one commit adds to the history.
#[derive(Debug, Default)]
pub(super) struct Added(Vec<Entry>);

impl Added {
    pub(super) fn add(&mut self, subjects: &[i64], time: i64, event: i64) {
        self.0.extend(subjects.iter().map(|subject| Entry {
            subject: *subject,
            time,
            event,
        }));
    }
}

impl Runs {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Runs> {
        let mut statement = connection
            .prepare_cached("SELECT id, entries FROM history_runs WHERE entries < ?1 ORDER BY id")?;
        let small = statement.query_map([RUN_ENTRIES as i64], |row| {
            Ok(Run {
                id: row.get(0)?,
                entries: row.get::<_, i64>(1)?.unsigned_abs(),
            })
        })?;
        Ok(Runs {
            small: small.collect::<rusqlite::Result<_>>()?,
        })
    }

    /// Writes what a commit adds, together with the small runs whose turn it is. If the commit fails, the runs must be read
    /// again.
    pub(super) fn write(&mut self, connection: &Connection, added: Added) -> rusqlite::Result<()> {
        let Added(mut entries) = added;
        if entries.is_empty() {
            return Ok(());
        }
        for run in self.small.drain(self.merged_with(entries.len() as u64)..) {
            take_run(connection, run.id, &mut entries)?;
        }
        // Runs are sorted in themselves, which this sort makes use of.
        entries.sort();
        let id = write_run(connection, &entries)?;
        if (entries.len() as u64) < RUN_ENTRIES {
            self.small.push(Run {
                id,
                entries: entries.len() as u64,
            });
        }
        Ok(())
    }

    /// From which of the small runs on all are merged with as many new entries: all if they fill a run; else, once there are
    /// many, the newest as long as they are no larger than what is merged already, so that an entry is moved seldom.
    fn merged_with(&self, mut entries: u64) -> usize {
        let waiting: u64 = self.small.iter().map(|run| run.entries).sum();
        if waiting + entries >= RUN_ENTRIES {
            return 0;
        }
        let mut first = self.small.len();
        if first >= SMALL_RUNS {
            while let Some(run) = self.small[..first].last().filter(|run| run.entries <= entries) {
                entries += run.entries;
                first -= 1;
            }
        }
        first
    }
}

/// Writes sorted entries as a run; answers its number.
pub(super) fn write_run(connection: &Connection, entries: &[Entry]) -> rusqlite::Result<i64> {
    let times = || entries.iter().map(|entry| entry.time);
    let id = connection
        .prepare_cached("INSERT INTO history_runs(first_time, last_time, entries) VALUES (?1, ?2, ?3)")?
        .insert(params![times().min(), times().max(), entries.len() as i64])?;
    let mut insert = connection
        .prepare_cached("INSERT INTO history(run, subject, part, entries) VALUES (?1, ?2, ?3, ?4)")?;
    let mut bytes = Vec::new();
    for (part, together) in entries.chunks(PART_ENTRIES).enumerate() {
        pack(together, &mut bytes);
        let subject = together.first().map(|entry| entry.subject);
        insert.execute(params![id, subject, part as i64, bytes])?;
    }
    Ok(id)
}

/// Takes a run out of the file.
fn take_run(connection: &Connection, id: i64, entries: &mut Vec<Entry>) -> rusqlite::Result<()> {
    {
        let mut statement =
            connection.prepare_cached("SELECT entries FROM history WHERE run = ?1 ORDER BY subject, part")?;
        let mut parts = statement.query([id])?;
        while let Some(part) = parts.next()? {
            unpack(part.get_ref(0)?.as_blob()?, entries).map_err(damaged)?;
        }
    }
    connection
        .prepare_cached("DELETE FROM history WHERE run = ?1")?
        .execute([id])?;
    connection
        .prepare_cached("DELETE FROM history_runs WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Some of a subject's events.
pub(super) struct Found {
    /// Times and numbers, in this order.
    pub(super) events: Vec<(i64, i64)>,
    /// Whether there may be more after these.
    pub(super) has_more: bool,
}

/// A subject's first events of the times from `from` to `to`, at most so many, after a time and number if one is given.
pub(super) fn find(
    connection: &Connection,
    subject: i64,
    (from, to): (i64, i64),
    after: Option<(i64, i64)>,
    most: usize,
) -> rusqlite::Result<Found> {
    let mut runs = connection.prepare_cached(
        "SELECT id FROM history_runs WHERE first_time <= ?2 AND last_time >= ?1 ORDER BY id",
    )?;
    let runs: Vec<i64> = runs
        .query_map(params![from, to], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    // Parts that begin with the subject or before it, the last of them first.
    let mut parts = connection.prepare_cached(
        "SELECT subject, entries FROM history WHERE run = ?1 AND subject <= ?2 ORDER BY subject DESC, part DESC",
    )?;
    let mut first: BinaryHeap<(i64, i64)> = BinaryHeap::new();
    let mut has_more = false;
    let mut entries = Vec::new();
    for run in runs {
        let mut rows = parts.query(params![run, subject])?;
        while let Some(row) = rows.next()? {
            entries.clear();
            unpack(row.get_ref(1)?.as_blob()?, &mut entries).map_err(damaged)?;
            for entry in &entries[of_subject(&entries, subject)] {
                let place = (entry.time, entry.event);
                if entry.time < from || entry.time > to || after.is_some_and(|after| place <= after) {
                    continue;
                }
                first.push(place);
                if first.len() > most {
                    has_more = true;
                    first.pop();
                }
            }
            if row.get::<_, i64>(0)? < subject {
                break;
            }
        }
    }
    Ok(Found {
        events: first.into_sorted_vec(),
        has_more,
    })
}

fn of_subject(entries: &[Entry], subject: i64) -> Range<usize> {
    let start = entries.partition_point(|entry| entry.subject < subject);
    start..start + entries[start..].partition_point(|entry| entry.subject == subject)
}

/// Puts a table of single entries, as schema 2 had it, into runs.
pub(super) fn bring_up(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(&format!("SELECT subject, time, event FROM {table}"))?;
    let mut rows = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(Entry {
            subject: row.get(0)?,
            time: row.get(1)?,
            event: row.get(2)?,
        });
        if entries.len() as u64 == RUN_ENTRIES {
            entries.sort();
            write_run(connection, &entries)?;
            entries.clear();
        }
    }
    if !entries.is_empty() {
        entries.sort();
        write_run(connection, &entries)?;
    }
    Ok(())
}

fn damaged(damaged: Damaged) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, Box::new(damaged))
}
