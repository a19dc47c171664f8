//! One transaction of one month: events, rows, identities, counts, history, change log and ledger together.

use super::filter::KeyFilter;
use super::history;
use super::originals::{Original, WrittenBlocks};
use super::schema;
use super::tally::{Names, Sums};
use super::tenant::{MonthState, read_meta};
use crate::error::StoreError;
use model::batch::{Outcome, QUARANTINE_AHEAD_TICKS, RowDraft};
use model::identity::{EventKey, Kind, Rank};
use model::time::{TICKS_PER_DAY, Timestamp};
use model::usage::UsageDraft;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use std::collections::HashMap;
use std::path::PathBuf;

/// The numbers of `events.outcome`: what the commit did to the event.
pub(super) const OUTCOME_NEW: i64 = 1;
/// Other content came and won.
pub(super) const OUTCOME_REPLACED: i64 = 2;
/// Other content came and lost.
pub(super) const OUTCOME_KEPT: i64 = 3;

/// An event ready to be written: its original is compressed already, on the caller's thread.
#[derive(Debug)]
pub(super) struct PreparedEvent {
    pub(super) key: EventKey,
    pub(super) kind: Kind,
    pub(super) time: Timestamp,
    pub(super) rank: Rank,
    pub(super) format: &'static str,
    pub(super) original: Original,
    pub(super) rows: Vec<RowDraft>,
    pub(super) subjects: Vec<i64>,
    pub(super) usage: Vec<UsageDraft>,
}

/// What became of one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stored {
    pub(super) outcome: Outcome,
    pub(super) quarantined: bool,
    /// By how many ticks a new content was late; `None` if it was not.
    pub(super) late_by: Option<i64>,
}

/// How an event came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub(super) source: &'a str,
    pub(super) at: Timestamp,
    /// By how many ticks it is late, if it is not known already.
    pub(super) late_by: Option<i64>,
    /// The key filter's word: `false` spares the look-up.
    pub(super) may_hold: bool,
}

/// The writing connection of a month, with what it remembers between commits.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    names: HashMap<String, i64>,
    named: Names,
    /// Not read yet, or not known after a failure: `None`.
    runs: Option<history::Runs>,
}

impl Writer {
    pub(super) fn new(path: PathBuf, connection: Connection) -> Writer {
        Writer {
            path,
            connection,
            names: HashMap::new(),
            named: Names::default(),
            runs: None,
        }
    }

    /// Lets go what is more than its share, for so many writers of a thread are open: a month that is not written to any
    /// more would otherwise keep what it once needed. What is still needed is read again.
    pub(super) fn share_memory(&mut self, open_writers: usize) -> Result<(), StoreError> {
        self.named.forget();
        self.share_cache(open_writers)
    }

    /// The cache alone: all of it for the month whose turn it is (of one), its share for those that wait.
    pub(super) fn share_cache(&self, open_writers: usize) -> Result<(), StoreError> {
        schema::share_writer_cache(&self.connection, open_writers)
            .map_err(|error| schema::failure(&self.path, &error))
    }

    /// Every key that the month holds.
    pub(super) fn read_filter(&self) -> Result<KeyFilter, StoreError> {
        let read = || -> rusqlite::Result<KeyFilter> {
            let count: i64 = self
                .connection
                .query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
            let mut filter = KeyFilter::with_capacity(count as usize + count as usize / 2);
            let mut statement = self
                .connection
                .prepare("SELECT key FROM events INDEXED BY events_identity")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                filter.insert(&row.get::<_, [u8; 16]>(0)?);
            }
            Ok(filter)
        };
        read().map_err(|error| schema::failure(&self.path, &error))
    }

    /// Whether the month holds an identity, most likely at this time.
    pub(super) fn holds(&self, key: &EventKey, likely: Timestamp) -> Result<bool, StoreError> {
        let look = || -> rusqlite::Result<bool> {
            let is_there = self
                .connection
                .prepare_cached("SELECT 1 FROM events WHERE time >> 32 = ?1 AND key = ?2 LIMIT 1")?
                .exists(params![schema::slot(likely.ticks()), key.0])?;
            if is_there {
                return Ok(true);
            }
            self.connection
                .prepare_cached(REVISIONS_IN_ANY_SLOT)?
                .exists([key.0])
        };
        look().map_err(|error| schema::failure(&self.path, &error))
    }

    /// Runs one commit. What `fill` stored is durable when this returns, or none of it is there.
    pub(super) fn commit<T>(
        &mut self,
        seq: u64,
        written_at: Timestamp,
        fill: impl FnOnce(&mut Commit<'_>) -> rusqlite::Result<T>,
    ) -> Result<(T, MonthState), StoreError> {
        let names_before = self.names.clone();
        let outcome = self.try_commit(seq, written_at, fill);
        if outcome.is_err() {
            self.names = names_before;
            self.named.forget();
            self.runs = None;
        }
        outcome.map_err(|error| schema::failure(&self.path, &error))
    }

    fn try_commit<T>(
        &mut self,
        seq: u64,
        written_at: Timestamp,
        fill: impl FnOnce(&mut Commit<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<(T, MonthState)> {
        let transaction =
            rusqlite::Transaction::new_unchecked(&self.connection, rusqlite::TransactionBehavior::Immediate)?;
        let before = read_meta(&transaction)?;
        let mut commit = Commit {
            connection: &transaction,
            insert_event: self.connection.prepare_cached(INSERT_EVENT)?,
            put_row: self.connection.prepare_cached(PUT_ROW)?,
            names: &mut self.names,
            named: &mut self.named,
            sums: Sums::default(),
            history: history::Added::default(),
            blocks: WrittenBlocks::default(),
            seq: seq as i64,
            has_events: false,
            day_counts: HashMap::new(),
            first: before.map(|state| state.first),
            last: before.map(|state| state.last),
        };
        let answer = fill(&mut commit)?;
        let (state, added) = commit.finish(written_at)?;
        let runs = match &mut self.runs {
            Some(runs) => runs,
            none => none.insert(history::Runs::read(&transaction)?),
        };
        runs.write(&transaction, added)?;
        transaction.commit()?;
        Ok((answer, state))
    }
}

/// A transaction under way.
pub(super) struct Commit<'a> {
    pub(super) connection: &'a Connection,
    /// Looked up once, not for each event.
    insert_event: CachedStatement<'a>,
    put_row: CachedStatement<'a>,
    names: &'a mut HashMap<String, i64>,
    pub(super) named: &'a mut Names,
    pub(super) sums: Sums,
    history: history::Added,
    blocks: WrittenBlocks,
    seq: i64,
    has_events: bool,
    day_counts: HashMap<(u16, i64), i64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

/// How a new content takes its place.
struct Placed {
    outcome: Outcome,
    wins: bool,
    quarantined: bool,
    /// Whether other contents of the event lie in other slots.
    is_elsewhere: bool,
    /// What it added to the tallies.
    usage: Option<String>,
}

/// A kept content of an event.
struct Revision {
    id: i64,
    digest: [u8; 16],
    time: i64,
    is_winner: bool,
    is_quarantined: bool,
    updated: Option<i64>,
    properties: i64,
    is_elsewhere: bool,
}

const INSERT_EVENT: &str =
    "INSERT INTO events(key, digest, time, seq, kind, format, source, arrived, outcome, winner,
        quarantined, updated, properties, subjects, original, elsewhere, usage, block, block_start, block_end, late_by)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";
const PUT_ROW: &str =
    "INSERT INTO rows(report, time, key, seq, json, particulars) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET json = excluded.json, particulars = excluded.particulars";
/// Where an identity is, in a slot that is known or in any: slots are found by one look each.
const REVISIONS_IN_SLOT: &str =
    "SELECT id, digest, time, winner, quarantined, updated, properties, elsewhere FROM events
    WHERE time >> 32 = ?1 AND key = ?2";
const REVISIONS_IN_ANY_SLOT: &str = "WITH RECURSIVE slots(slot) AS (SELECT min(time >> 32) FROM events UNION ALL
        SELECT (SELECT min(time >> 32) FROM events WHERE time >> 32 > slots.slot) FROM slots WHERE slots.slot IS NOT NULL)
    SELECT id, digest, time, winner, quarantined, updated, properties, elsewhere
    FROM slots CROSS JOIN events ON events.time >> 32 = slots.slot AND events.key = ?1";

impl Commit<'_> {
    /// Stores one event.
    pub(super) fn store(&mut self, event: &PreparedEvent, arrival: Arrival<'_>) -> rusqlite::Result<Stored> {
        let revisions = if arrival.may_hold {
            self.revisions(event)?
        } else {
            Vec::new()
        };
        let quarantined = event.time.ticks() > arrival.at.ticks().saturating_add(QUARANTINE_AHEAD_TICKS);
        if revisions
            .iter()
            .any(|revision| revision.digest == event.rank.digest)
        {
            return Ok(Stored {
                outcome: Outcome::Known,
                quarantined: false,
                late_by: None,
            });
        }
        let winner = revisions.iter().find(|revision| revision.is_winner);
        let wins = winner.is_none_or(|winner| event.rank > winner.rank());
        let outcome = if revisions.is_empty() {
            Outcome::New
        } else {
            Outcome::Changed
        };
        let slot = schema::slot(event.time.ticks());
        let is_elsewhere = revisions
            .iter()
            .any(|revision| schema::slot(revision.time) != slot);
        let usage = if wins && !quarantined {
            self.sums
                .add(self.connection, self.named, event.time.ticks(), &event.usage)?
        } else {
            None
        };
        let placed = Placed {
            outcome,
            wins,
            quarantined,
            is_elsewhere,
            usage,
        };
        let id = self.insert_event(event, arrival, &placed)?;
        if is_elsewhere {
            for revision in revisions.iter().filter(|revision| !revision.is_elsewhere) {
                self.cached("UPDATE events SET elsewhere = 1 WHERE id = ?1")?
                    .execute([revision.id])?;
            }
        }
        if wins {
            if let Some(winner) = winner {
                self.retire(&event.key, winner)?;
            }
            if !quarantined {
                self.show(event)?;
            }
        }
        self.history.add(&event.subjects, event.time.ticks(), id);
        if !self.has_events {
            self.has_events = true;
            self.cached("INSERT INTO commits(seq, first_event) VALUES (?1, ?2)")?
                .execute(params![self.seq, id])?;
        }
        self.first = Some(self.first.map_or(event.time, |first| first.min(event.time)));
        self.last = Some(self.last.map_or(event.time, |last| last.max(event.time)));
        Ok(Stored {
            outcome,
            quarantined,
            late_by: arrival.late_by,
        })
    }

    fn finish(mut self, written_at: Timestamp) -> rusqlite::Result<(MonthState, history::Added)> {
        for ((report, day), rows) in std::mem::take(&mut self.day_counts) {
            self.cached(
                "INSERT INTO day_counts(report, day, rows) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET rows = rows + excluded.rows",
            )?
            .execute(params![report, day, rows])?;
        }
        std::mem::take(&mut self.sums).write(self.connection)?;
        std::mem::take(&mut self.blocks).finish(self.connection)?;
        self.cached("UPDATE meta SET first_time = ?1, last_time = ?2, last_write = ?3, last_seq = ?4")?
            .execute(params![
                self.first.map(Timestamp::ticks),
                self.last.map(Timestamp::ticks),
                written_at.ticks(),
                self.seq
            ])?;
        let first = self.first.unwrap_or(written_at);
        let last = self.last.unwrap_or(first);
        let state = MonthState {
            first,
            last,
            last_write: written_at,
            last_seq: self.seq as u64,
        };
        Ok((state, self.history))
    }

    pub(super) fn cached(&self, sql: &str) -> rusqlite::Result<CachedStatement<'_>> {
        self.connection.prepare_cached(sql)
    }

    pub(super) fn name(&mut self, name: &str) -> rusqlite::Result<i64> {
        if let Some(id) = self.names.get(name) {
            return Ok(*id);
        }
        let found: Option<i64> = self
            .cached("SELECT id FROM names WHERE name = ?1")?
            .query_row([name], |row| row.get(0))
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => self
                .cached("INSERT INTO names(name) VALUES (?1)")?
                .insert([name])?,
        };
        self.names.insert(name.to_owned(), id);
        Ok(id)
    }

    /// The contents of an event that are kept: all of them, unless the slot of its time has this very one.
    fn revisions(&self, event: &PreparedEvent) -> rusqlite::Result<Vec<Revision>> {
        let slot = schema::slot(event.time.ticks());
        let near = self.read_revisions(REVISIONS_IN_SLOT, params![slot, event.key.0])?;
        let is_all = near
            .iter()
            .any(|revision| revision.digest == event.rank.digest || !revision.is_elsewhere);
        if is_all {
            return Ok(near);
        }
        self.read_revisions(REVISIONS_IN_ANY_SLOT, params![event.key.0])
    }

    fn read_revisions(&self, sql: &str, of: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Vec<Revision>> {
        let mut statement = self.cached(sql)?;
        let found = statement.query_map(of, |row| {
            Ok(Revision {
                id: row.get(0)?,
                digest: row.get(1)?,
                time: row.get(2)?,
                is_winner: row.get(3)?,
                is_quarantined: row.get(4)?,
                updated: row.get(5)?,
                properties: row.get(6)?,
                is_elsewhere: row.get(7)?,
            })
        })?;
        found.collect()
    }

    fn insert_event(
        &mut self,
        event: &PreparedEvent,
        arrival: Arrival<'_>,
        placed: &Placed,
    ) -> rusqlite::Result<i64> {
        let format = self.name(event.format)?;
        let source = self.name(arrival.source)?;
        let original = self.blocks.columns(self.connection, &event.original)?;
        let id = self.insert_event.insert(params![
            event.key.0,
            event.rank.digest,
            event.time.ticks(),
            self.seq,
            event.kind.number(),
            format,
            source,
            arrival.at.ticks(),
            match (placed.outcome, placed.wins) {
                (Outcome::New, _) => OUTCOME_NEW,
                (_, true) => OUTCOME_REPLACED,
                (_, false) => OUTCOME_KEPT,
            },
            placed.wins,
            placed.quarantined,
            event.rank.updated.map(Timestamp::ticks),
            event.rank.properties,
            event.subjects.len() as i64,
            original.alone,
            placed.is_elsewhere,
            placed.usage,
            original.block,
            original.start,
            original.end,
            arrival.late_by,
        ])?;
        self.blocks.holds(&event.original, id);
        Ok(id)
    }

    /// Takes the former winner's rows out, a version without JSON for each, and what it added to the tallies.
    fn retire(&mut self, key: &EventKey, winner: &Revision) -> rusqlite::Result<()> {
        let usage: Option<String> = self
            .cached("SELECT usage FROM events WHERE id = ?1")?
            .query_row([winner.id], |row| row.get(0))?;
        if let Some(usage) = usage {
            self.sums.take_back(winner.time, &usage);
        }
        self.cached("UPDATE events SET winner = 0, usage = NULL WHERE id = ?1")?
            .execute([winner.id])?;
        if winner.is_quarantined {
            return Ok(());
        }
        let reports: Vec<u16> = self
            .cached("SELECT DISTINCT report FROM rows WHERE report IN (SELECT DISTINCT report FROM day_counts) AND time = ?1 AND key = ?2")?
            .query_map(params![winner.time, key.0], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        for report in self.pending_reports(reports) {
            let live: Option<Option<i64>> = self
                .cached(
                    "SELECT json IS NOT NULL FROM rows WHERE report = ?1 AND time = ?2 AND key = ?3
                     ORDER BY seq DESC LIMIT 1",
                )?
                .query_row(params![report, winner.time, key.0], |row| row.get(0))
                .optional()?;
            if live.flatten() == Some(1) {
                self.put_row(report, winner.time, key, None, None)?;
                self.count_row(report, winner.time, -1);
            }
        }
        Ok(())
    }

    /// Reports whose first row of all came in this very transaction have no day count on disk yet.
    fn pending_reports(&self, mut reports: Vec<u16>) -> Vec<u16> {
        reports.extend(self.day_counts.keys().map(|(report, _)| *report));
        reports.sort_unstable();
        reports.dedup();
        reports
    }

    fn show(&mut self, event: &PreparedEvent) -> rusqlite::Result<()> {
        let time = event.time.ticks();
        for row in &event.rows {
            self.put_draft(&event.key, time, row)?;
            self.count_row(row.report, time, 1);
        }
        Ok(())
    }

    pub(super) fn put_draft(&mut self, key: &EventKey, time: i64, row: &RowDraft) -> rusqlite::Result<()> {
        let particulars = (!row.particulars.is_empty()).then_some(row.particulars.as_slice());
        self.put_row(row.report, time, key, Some(&row.json), particulars)
    }

    /// A version of a row. Two versions in one commit are one: nobody can have seen the first.
    pub(super) fn put_row(
        &mut self,
        report: u16,
        time: i64,
        key: &EventKey,
        json: Option<&[u8]>,
        particulars: Option<&[u8]>,
    ) -> rusqlite::Result<()> {
        self.put_row
            .execute(params![report, time, key.0, self.seq, json, particulars])?;
        Ok(())
    }

    pub(super) fn count_row(&mut self, report: u16, time: i64, rows: i64) {
        *self
            .day_counts
            .entry((report, time.div_euclid(TICKS_PER_DAY)))
            .or_default() += rows;
    }
}

impl Revision {
    fn rank(&self) -> Rank {
        Rank {
            updated: self.updated.map(Timestamp::from_ticks),
            properties: self.properties as u32,
            digest: self.digest,
        }
    }
}
