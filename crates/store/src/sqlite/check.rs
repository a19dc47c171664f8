//! Recounts in SQL, over the events, everything that a commit counted on its way.

use super::Shared;
use super::append::OUTCOME_NEW;
use super::catalogue;
use super::history;
use super::ledger::prove;
use super::originals::unpacked_bytes;
use super::tenant::Tenant;
use crate::error::StoreError;
use crate::events::CheckReport;
use model::identity::{EventKey, Kind};
use model::time::{Month, TICKS_PER_DAY};
use rusqlite::Connection;
use std::collections::HashMap;

/// Keys of all months that are held at once.
const KEYS_AT_ONCE: u64 = 2_000_000;
/// Faults that are told one by one for each question.
const FAULTS_TOLD: usize = 20;

/// A question whose every answer is a fault, with the sentence that begins it.
struct Question {
    fault: &'static str,
    sql: String,
}

pub(super) fn check(shared: &Shared, tenant: &Tenant) -> Result<CheckReport, StoreError> {
    let mut report = CheckReport::default();
    let mut months = Vec::new();
    for (month, _) in tenant.months() {
        let Some(found) = ask_month(shared, tenant, month, check_month)? else {
            continue;
        };
        months.push(month);
        report.events += found.events;
        report.rows += found.rows;
        report.faults.extend(
            found
                .faults
                .into_iter()
                .map(|fault| format!("{}/{month}: {fault}", tenant.id)),
        );
    }
    for fault in catalogue::read(tenant, prove::catalogue_faults)?.unwrap_or_default() {
        report.faults.push(format!("{}: {fault}", tenant.id));
    }
    for (key, first, second) in doubled_keys(shared, tenant, &months, report.events)? {
        if tenant.is_purged(first) || tenant.is_purged(second) {
            continue;
        }
        report.faults.push(format!(
            "{}: event {key:?} is stored in {first} and again in {second}",
            tenant.id
        ));
    }
    Ok(report)
}

/// Asks a month something; `None` if it was purged meanwhile. A purge waits for one answer, not for the whole recount:
/// everybody who writes would wait behind it.
pub(super) fn ask_month<T>(
    shared: &Shared,
    tenant: &Tenant,
    month: Month,
    ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let _gate = tenant.read_gate();
    if tenant.is_purged(month) {
        return Ok(None);
    }
    shared
        .partitions
        .get(tenant.id, &tenant.folder, month)
        .read(ask)
        .map(Some)
}

fn check_month(connection: &Connection) -> rusqlite::Result<CheckReport> {
    // One transaction, so that commits under way do not look like faults.
    let transaction = connection.unchecked_transaction()?;
    let mut report = CheckReport {
        events: transaction
            .query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0))?
            .unsigned_abs(),
        ..CheckReport::default()
    };
    let integrity: String = transaction.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if integrity != "ok" {
        report.faults.push(format!("the file is damaged: {integrity}"));
    }
    report.rows = transaction
        .query_row(&format!("SELECT count(*) FROM ({LIVE_ROWS})"), [], |row| {
            row.get::<_, i64>(0)
        })?
        .unsigned_abs();
    report.faults.extend(short_blocks(&transaction)?);
    report.faults.extend(history::recount::faults(&transaction)?);
    report.faults.extend(prove::faults(&transaction)?);
    for question in questions() {
        let mut statement = transaction.prepare(&question.sql)?;
        let mut answers = statement.query([])?;
        let mut told = 0;
        while let Some(answer) = answers.next()? {
            told += 1;
            if told <= FAULTS_TOLD {
                report
                    .faults
                    .push(format!("{}: {}", question.fault, answer.get::<_, String>(0)?));
            }
        }
        if told > FAULTS_TOLD {
            report
                .faults
                .push(format!("{}: {} more", question.fault, told - FAULTS_TOLD));
        }
    }
    Ok(report)
}

/// Blocks that cannot be unpacked, or have fewer bytes than their events say.
fn short_blocks(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT id, data, needed FROM blocks LEFT JOIN
            (SELECT block, max(block_end) AS needed FROM events WHERE block IS NOT NULL GROUP BY block) ON block = id",
    )?;
    let mut rows = statement.query([])?;
    let mut faults = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, needed): (i64, Option<i64>) = (row.get(0)?, row.get(2)?);
        match unpacked_bytes(row.get_ref(1)?.as_blob()?) {
            Ok(bytes) if bytes as i64 >= needed.unwrap_or(0) => {}
            Ok(_) => faults.push(format!("block {id} of originals is too short for its events")),
            Err(error) => faults.push(format!("block {id} of originals cannot be unpacked: {error}")),
        }
    }
    Ok(faults)
}

/// The newest version of each row, where that has JSON.
const LIVE_ROWS: &str = "SELECT report, time, key, json FROM
    (SELECT report, time, key, json, row_number() OVER (PARTITION BY report, time, key ORDER BY seq DESC) AS age FROM rows)
    WHERE age = 1 AND json IS NOT NULL";

// Two sides are held against each other by adding one and taking the other away, not by a full join: where neither side is a
// table, SQLite goes through all of one for each row of the other.
fn questions() -> Vec<Question> {
    vec![
        Question {
            fault: "the rows of a day are not as many as counted (report, day, counted, there)",
            sql: format!(
                "WITH there AS (SELECT report, (time - (((time % {TICKS_PER_DAY}) + {TICKS_PER_DAY}) % {TICKS_PER_DAY})) / {TICKS_PER_DAY} AS day, count(*) AS rows
                    FROM ({LIVE_ROWS}) GROUP BY 1, 2),
                 counted AS (SELECT report, day, rows FROM day_counts WHERE rows <> 0)
                 SELECT format('%d, %d, %d, %d', report, day, coalesce(counted.rows, 0), coalesce(there.rows, 0))
                 FROM counted FULL JOIN there USING (report, day)
                 WHERE coalesce(counted.rows, 0) <> coalesce(there.rows, 0)"
            ),
        },
        Question {
            fault: "an event has not exactly one winner (event, winners)",
            sql: "SELECT format('%s, %d', hex(key), sum(winner)) FROM events GROUP BY key HAVING sum(winner) <> 1".to_owned(),
        },
        Question {
            fault: "an event's winner is not the highest of its contents (event)",
            sql: "SELECT hex(key) FROM (SELECT key, winner, row_number() OVER
                    (PARTITION BY key ORDER BY coalesce(updated, -9223372036854775808) DESC, properties DESC, digest DESC) AS place
                    FROM events) WHERE place = 1 AND winner = 0"
                .to_owned(),
        },
        Question {
            fault: "an event has not exactly one first content (event)",
            sql: format!("SELECT hex(key) FROM events GROUP BY key HAVING sum(outcome = {OUTCOME_NEW}) <> 1"),
        },
        Question {
            fault: "a row shows no winning event (report, event)",
            sql: format!(
                "SELECT format('%d, %s', report, hex(live.key)) FROM ({LIVE_ROWS}) AS live LEFT JOIN events
                    ON events.time >> 32 = live.time >> 32 AND events.key = live.key AND events.winner = 1 AND events.time = live.time AND events.quarantined = 0
                 WHERE events.id IS NULL"
            ),
        },
        Question {
            fault: "a winning event has no row although its kind has rows (event)",
            sql: format!(
                "WITH shown AS (SELECT DISTINCT key, time FROM ({LIVE_ROWS})),
                 kinds AS (SELECT DISTINCT kind FROM events JOIN shown USING (key))
                 SELECT hex(events.key) FROM events LEFT JOIN shown ON shown.key = events.key AND shown.time = events.time
                 WHERE winner = 1 AND quarantined = 0 AND shown.key IS NULL AND kind IN (SELECT kind FROM kinds)
                    AND kind IN ({always_shown})",
                always_shown = always_shown()
            ),
        },
        Question {
            fault: "an event with contents in several slots does not say so, or says so wrongly (event)",
            sql: "SELECT hex(key) FROM events GROUP BY key
                 HAVING (min(time >> 32) <> max(time >> 32)) <> max(elsewhere) OR min(elsewhere) <> max(elsewhere)"
                .to_owned(),
        },
        Question {
            fault: "a tally is not the sum of what its events added (tally, day, subject, member)",
            sql: format!(
                "SELECT format('%d, %d, %d, %d', tally, day, subject, member) FROM
                    (SELECT tally, day, subject, member, first, second, third FROM usage
                     UNION ALL SELECT added.value ->> 0,
                        (time - (((time % {TICKS_PER_DAY}) + {TICKS_PER_DAY}) % {TICKS_PER_DAY})) / {TICKS_PER_DAY},
                        added.value ->> 1, added.value ->> 2, -(added.value ->> 3), -(added.value ->> 4), -(added.value ->> 5)
                     FROM events, json_each(events.usage) AS added WHERE winner = 1 AND quarantined = 0)
                 GROUP BY tally, day, subject, member HAVING sum(first) <> 0 OR sum(second) <> 0 OR sum(third) <> 0"
            ),
        },
        Question {
            fault: "an event that does not win still counts in the usage reports (event)",
            sql: "SELECT hex(key) FROM events WHERE usage IS NOT NULL AND (winner = 0 OR quarantined = 1)".to_owned(),
        },
        Question {
            fault: "an event's block of originals is not there, or a block is of no event (event, block)",
            sql: "SELECT format('%s, %d', coalesce(hex(key), '-'), coalesce(block, blocks.id)) FROM
                    (SELECT key, block FROM events WHERE block IS NOT NULL) AS there FULL JOIN blocks ON blocks.id = there.block
                  WHERE blocks.id IS NULL OR there.block IS NULL"
                .to_owned(),
        },
        Question {
            fault: "the change log does not begin a commit where its events do (commit)",
            sql: "SELECT format('%d', seq) FROM (SELECT seq, min(id) AS there FROM events GROUP BY seq) FULL JOIN commits USING (seq)
                 WHERE first_event IS NOT there"
                .to_owned(),
        },
        Question {
            fault: "an event stands in the change log among those of another commit (event)",
            sql: "SELECT format('%d', id) FROM (SELECT id, seq, lag(seq) OVER (ORDER BY id) AS before FROM events)
                 WHERE before > seq"
                .to_owned(),
        },
        Question {
            fault: "the month's own account is wrong (first, last, commit)",
            sql: "SELECT format('%d, %d, %d', first_time, last_time, last_seq) FROM meta
                 WHERE first_time IS NOT (SELECT min(time) FROM events) OR last_time IS NOT (SELECT max(time) FROM events)
                    OR last_seq < coalesce((SELECT max(seq) FROM events), 0) OR last_seq < coalesce((SELECT max(seq) FROM rows), 0)"
                .to_owned(),
        },
    ]
}

/// The numbers of the kinds of which every event has a row, for a list in SQL.
fn always_shown() -> String {
    let shown = Kind::ALL.iter().filter(|kind| kind.is_always_shown());
    let numbers: Vec<String> = shown.map(|kind| kind.number().to_string()).collect();
    numbers.join(", ")
}

/// Identities that two months hold. Keys are taken by stretches of their first two bytes, so that a stretch of every month
/// fits into memory.
fn doubled_keys(
    shared: &Shared,
    tenant: &Tenant,
    months: &[Month],
    events: u64,
) -> Result<Vec<(EventKey, Month, Month)>, StoreError> {
    let mut doubled = Vec::new();
    if months.len() < 2 {
        return Ok(doubled);
    }
    let stretches = events.div_ceil(KEYS_AT_ONCE).clamp(1, 0x1_0000);
    for stretch in 0..stretches {
        let (first, beyond) = (bound(stretch, stretches), bound(stretch + 1, stretches));
        let mut homes: HashMap<[u8; 16], Month> = HashMap::new();
        for month in months {
            let keys: Vec<[u8; 16]> = ask_month(shared, tenant, *month, |connection| {
                let mut statement = connection.prepare_cached(
                    "SELECT DISTINCT key FROM events INDEXED BY events_identity WHERE key >= ?1 AND key < ?2",
                )?;
                let keys = statement.query_map(rusqlite::params![first, beyond], |row| row.get(0))?;
                keys.collect()
            })?
            .unwrap_or_default();
            for key in keys {
                if let Some(home) = homes.insert(key, *month) {
                    doubled.push((EventKey(key), home, *month));
                }
            }
        }
    }
    Ok(doubled)
}

/// Where a stretch of keys begins.
fn bound(stretch: u64, stretches: u64) -> Vec<u8> {
    let start = stretch * 0x1_0000 / stretches;
    if start > 0xffff {
        // After every key of sixteen bytes.
        return vec![0xff; 17];
    }
    (start as u16).to_be_bytes().to_vec()
}
