//! Events that somebody knows already, by key and time or by whose history they are in: their winners, and all their contents.

use super::append::OUTCOME_NEW;
use super::originals::Unpacker;
use super::reads::{COLUMNS, ReadBack, change_kind, named_event, read_back, stored_event};
use super::tenant::Tenant;
use super::{Shared, history, schema};
use crate::error::StoreError;
use crate::events::{ChangeKind, Content, Near, Newest, StoredEvent};
use model::batch::Subject;
use model::identity::EventKey;
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::cmp::Reverse;

impl Shared {
    pub(super) fn newest(
        &self,
        tenant: &Tenant,
        subject: &Subject,
        asked: &Newest<'_>,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let _gate = tenant.read_gate();
        let to = asked.before.map_or(Timestamp::MAX, |(time, _)| time);
        let mut found = Vec::new();
        for (month, state) in tenant.months() {
            if state.last < asked.from || state.first > to {
                continue;
            }
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            let events = partition.read(|connection| month_newest(connection, subject, asked, to))?;
            found.append(&mut read_back(&partition, events)?);
        }
        found.sort_by_key(|event| (Reverse(event.time), event.key));
        found.truncate(asked.limit);
        Ok(found)
    }

    pub(super) fn events(
        &self,
        tenant: &Tenant,
        wanted: &[(EventKey, Timestamp)],
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let _gate = tenant.read_gate();
        let mut found = Vec::new();
        for (month, state) in tenant.months() {
            let here: Vec<_> = wanted
                .iter()
                .filter(|(_, time)| state.first <= *time && *time <= state.last)
                .collect();
            if here.is_empty() {
                continue;
            }
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            let events = partition.read(|connection| {
                let mut unpacker = Unpacker::default();
                let mut events = Vec::with_capacity(here.len());
                // Prepared once for all: to ask for it again would cost as much as the look.
                let mut statement = connection.prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM events JOIN names ON names.id = format
                     WHERE time >> 32 = ?1 AND key = ?2 AND winner = 1 AND quarantined = 0"
                ))?;
                for (key, time) in here {
                    let slot = schema::slot(time.ticks());
                    let there = statement
                        .query_row(params![slot, key.0], |row| {
                            stored_event(connection, &mut unpacker, row)
                        })
                        .optional()?;
                    events.extend(match there {
                        Some(there) => Some(there),
                        None => winner_elsewhere(connection, &mut unpacker, key, slot)?,
                    });
                }
                Ok(events)
            })?;
            found.append(&mut read_back(&partition, events)?);
        }
        found.sort_by_key(|event| (event.time, event.key));
        found.dedup_by_key(|event| event.key);
        Ok(found)
    }

    pub(super) fn contents(
        &self,
        tenant: &Tenant,
        key: &EventKey,
        near: Near<'_>,
    ) -> Result<Vec<Content>, StoreError> {
        let _gate = tenant.read_gate();
        let mut found = Vec::new();
        for (month, state) in tenant.months() {
            if matches!(near, Near::Time(time) if time < state.first || state.last < time) {
                continue;
            }
            let partition = self.partitions.get(tenant.id, &tenant.folder, month);
            let contents = partition.read(|connection| match near {
                Near::Time(time) => contents_at(connection, key, time),
                Near::Subject(subject) => contents_in_history(connection, key, subject),
            })?;
            found.append(&mut read_back(&partition, contents)?);
        }
        found.sort_by_key(|content| content.event.commit);
        Ok(found)
    }
}

/// A subject's newest winning events of a month: `limit` of them, and any others of the last one's instant.
fn month_newest(
    connection: &Connection,
    subject: &Subject,
    asked: &Newest<'_>,
    to: Timestamp,
) -> rusqlite::Result<Vec<ReadBack>> {
    // One transaction: a commit between two looks may merge the runs that are still to be looked at.
    let connection = connection.unchecked_transaction()?;
    let times = (asked.from.ticks(), to.ticks());
    let through = i64::try_from(asked.through).unwrap_or(i64::MAX);
    let found = history::find(&connection, subject.number(), times, None, usize::MAX)?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM events JOIN names ON names.id = format
         WHERE events.id = ?1 AND winner = 1 AND quarantined = 0 AND kind = ?2 AND (seq <= ?3 OR outcome <> ?4)"
    ))?;
    let mut unpacker = Unpacker::default();
    let mut events: Vec<ReadBack> = Vec::new();
    let mut last = None;
    for (time, number) in found.events.into_iter().rev() {
        if events.len() >= asked.limit && last.is_some_and(|last| time < last) {
            break;
        }
        let event = statement
            .query_row(
                params![number, asked.kind.number(), through, OUTCOME_NEW],
                |row| {
                    let is_first = change_kind(row.get(10)?) == ChangeKind::New;
                    if is_first && (asked.has)(&EventKey(row.get(0)?), Timestamp::from_ticks(row.get(2)?)) {
                        return named_event(row, Vec::new());
                    }
                    stored_event(&connection, &mut unpacker, row)
                },
            )
            .optional()?;
        let is_older = |event: &StoredEvent| {
            asked
                .before
                .is_none_or(|(time, key)| event.time < time || (event.time == time && event.key > key))
        };
        if let Some(event) = event
            && event.as_ref().map_or(true, is_older)
        {
            events.push(event);
            last = Some(time);
        }
    }
    Ok(events)
}

/// The winner of an event of which another content is in a slot, if so.
fn winner_elsewhere(
    connection: &Connection,
    unpacker: &mut Unpacker,
    key: &EventKey,
    slot: i64,
) -> rusqlite::Result<Option<ReadBack>> {
    let elsewhere = connection
        .prepare_cached("SELECT 1 FROM events WHERE time >> 32 = ?1 AND key = ?2 AND elsewhere = 1 LIMIT 1")?
        .exists(params![slot, key.0])?;
    if !elsewhere {
        return Ok(None);
    }
    connection
        .prepare_cached(&format!(
            "{SLOTS} SELECT {COLUMNS} FROM slots CROSS JOIN events ON events.time >> 32 = slots.slot AND events.key = ?1
                JOIN names ON names.id = format WHERE winner = 1 AND quarantined = 0"
        ))?
        .query_row([key.0], |row| stored_event(connection, unpacker, row))
        .optional()
}

/// Every slot of a month that has events: each is found by one look.
const SLOTS: &str = "WITH RECURSIVE slots(slot) AS (SELECT min(time >> 32) FROM events UNION ALL
    SELECT (SELECT min(time >> 32) FROM events WHERE time >> 32 > slots.slot) FROM slots WHERE slots.slot IS NOT NULL)";

/// The contents of an event, one of which has the time.
fn contents_at(
    connection: &Connection,
    key: &EventKey,
    time: Timestamp,
) -> rusqlite::Result<Vec<Result<Content, String>>> {
    let connection = connection.unchecked_transaction()?;
    let mut unpacker = Unpacker::default();
    let slot = schema::slot(time.ticks());
    let elsewhere: Option<bool> = connection
        .prepare_cached("SELECT max(elsewhere) FROM events WHERE time >> 32 = ?1 AND key = ?2")?
        .query_row(params![slot, key.0], |row| row.get(0))?;
    let (sql, slot) = match elsewhere {
        None => return Ok(Vec::new()),
        Some(false) => (
            format!(
                "SELECT {COLUMNS}, winner, quarantined FROM events JOIN names ON names.id = format
                 WHERE key = ?1 AND time >> 32 = ?2 ORDER BY events.id"
            ),
            Some(slot),
        ),
        Some(true) => (
            format!(
                "{SLOTS} SELECT {COLUMNS}, winner, quarantined FROM slots CROSS JOIN events ON events.time >> 32 = slots.slot AND events.key = ?1
                    JOIN names ON names.id = format WHERE ?2 IS NULL ORDER BY events.id"
            ),
            None,
        ),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let contents = statement.query_map(params![key.0, slot], |row| {
        content(&connection, &mut unpacker, row)
    })?;
    contents.collect()
}

/// The contents of an event in a subject's history.
fn contents_in_history(
    connection: &Connection,
    key: &EventKey,
    subject: &Subject,
) -> rusqlite::Result<Vec<Result<Content, String>>> {
    let connection = connection.unchecked_transaction()?;
    let times = (i64::MIN, i64::MAX);
    let found = history::find(&connection, subject.number(), times, None, usize::MAX)?;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, winner, quarantined FROM events JOIN names ON names.id = format WHERE events.id = ?1 AND key = ?2"
    ))?;
    let mut unpacker = Unpacker::default();
    let mut contents = Vec::new();
    let mut numbers: Vec<i64> = found.events.into_iter().map(|(_, number)| number).collect();
    numbers.sort_unstable();
    for number in numbers {
        let found = statement
            .query_row(params![number, key.0], |row| {
                content(&connection, &mut unpacker, row)
            })
            .optional()?;
        contents.extend(found);
    }
    Ok(contents)
}

fn content(
    connection: &Connection,
    unpacker: &mut Unpacker,
    row: &Row<'_>,
) -> rusqlite::Result<Result<Content, String>> {
    let event = stored_event(connection, unpacker, row)?;
    let (what, wins, quarantined) = (change_kind(row.get(10)?), row.get(12)?, row.get(13)?);
    Ok(event.map(|event| Content {
        event,
        what,
        wins,
        quarantined,
    }))
}
