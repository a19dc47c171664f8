//! Whether the history holds each event under each of its subjects, once.

use super::packed::{Damaged, Entry, unpack};
use rusqlite::{Connection, params};

/// Events that are held at once, sixteen bytes each; the history is read anew for each stretch of them.
const EVENTS_AT_ONCE: i64 = 4_000_000;
/// Events that are told one by one.
const FAULTS_TOLD: usize = 20;

/// An event as it is stored, less what the history has told of it.
#[derive(Clone, Copy, Default)]
struct Expected {
    time: i64,
    /// Subjects under which it was not met yet.
    left: i64,
}

/// What is wrong with a month's history.
pub(in crate::sqlite) fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let last: i64 = connection.query_row("SELECT coalesce(max(id), 0) FROM events", [], |row| row.get(0))?;
    let mut stray = 0;
    let mut faults = each(connection, |entry| {
        stray += u64::from(!(1..=last).contains(&entry.event));
    })?;
    if stray > 0 {
        faults.push(format!("{stray} entries of the history are of no event"));
    }
    let mut first = 1;
    while first <= last {
        of_stretch(connection, first, first + EVENTS_AT_ONCE - 1, &mut faults)?;
        first += EVENTS_AT_ONCE;
    }
    Ok(faults)
}

fn of_stretch(
    connection: &Connection,
    first: i64,
    last: i64,
    faults: &mut Vec<String>,
) -> rusqlite::Result<()> {
    let mut expected: Vec<Expected> = Vec::new();
    let mut events =
        connection.prepare("SELECT id, time, subjects FROM events WHERE id BETWEEN ?1 AND ?2 ORDER BY id")?;
    let mut rows = events.query(params![first, last])?;
    while let Some(row) = rows.next()? {
        let place = (row.get::<_, i64>(0)? - first) as usize;
        expected.resize(place + 1, Expected::default());
        expected[place] = Expected {
            time: row.get(1)?,
            left: row.get(2)?,
        };
    }
    let mut at_other_times = 0;
    each(connection, |entry| {
        let place = usize::try_from(entry.event.wrapping_sub(first)).ok();
        if let Some(event) = place.and_then(|place| expected.get_mut(place)) {
            event.left -= 1;
            at_other_times += u64::from(event.time != entry.time);
        }
    })?;
    if at_other_times > 0 {
        faults.push(format!(
            "{at_other_times} entries of the history have another time than their event"
        ));
    }
    let wrong = || expected.iter().enumerate().filter(|(_, event)| event.left != 0);
    for (place, event) in wrong().take(FAULTS_TOLD) {
        faults.push(format!(
            "an event is not in the history of each of its subjects once (event, entries missing): {}, {}",
            first + place as i64,
            event.left
        ));
    }
    let more = wrong().count().saturating_sub(FAULTS_TOLD);
    if more > 0 {
        faults.push(format!(
            "an event is not in the history of each of its subjects once: {more} more"
        ));
    }
    Ok(())
}

/// Every entry, run by run, and what is wrong with the runs themselves.
pub(super) fn each(connection: &Connection, mut take: impl FnMut(&Entry)) -> rusqlite::Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut runs =
        connection.prepare("SELECT id, first_time, last_time, entries FROM history_runs ORDER BY id")?;
    let mut parts =
        connection.prepare("SELECT subject, entries FROM history WHERE run = ?1 ORDER BY subject, part")?;
    let mut runs = runs.query([])?;
    let mut entries = Vec::new();
    while let Some(run) = runs.next()? {
        let id: i64 = run.get(0)?;
        let mut count = 0;
        let mut times: Option<(i64, i64)> = None;
        let mut last: Option<Entry> = None;
        let mut is_sorted = true;
        let mut rows = parts.query([id])?;
        while let Some(row) = rows.next()? {
            entries.clear();
            if let Err(Damaged(reason)) = unpack(row.get_ref(1)?.as_blob()?, &mut entries) {
                faults.push(format!("run {id} of the history cannot be unpacked: {reason}"));
                continue;
            }
            if entries.first().map(|entry| entry.subject) != Some(row.get(0)?) {
                faults.push(format!(
                    "a part of run {id} of the history does not begin with its subject"
                ));
            }
            for entry in &entries {
                is_sorted &= last.is_none_or(|last| last < *entry);
                last = Some(*entry);
                let (first, newest) = times.unwrap_or((entry.time, entry.time));
                times = Some((first.min(entry.time), newest.max(entry.time)));
                count += 1;
                take(entry);
            }
        }
        if !is_sorted {
            faults.push(format!("run {id} of the history is not in order"));
        }
        let told: (i64, i64, i64) = (run.get(1)?, run.get(2)?, run.get(3)?);
        if times.map(|(first, last)| (first, last, count)) != Some(told) {
            faults.push(format!("run {id} of the history does not hold what it says"));
        }
    }
    let stray: i64 = connection.query_row(
        "SELECT count(*) FROM history WHERE run NOT IN (SELECT id FROM history_runs)",
        [],
        |row| row.get(0),
    )?;
    if stray > 0 {
        faults.push(format!("{stray} parts of the history are of no run"));
    }
    Ok(faults)
}
