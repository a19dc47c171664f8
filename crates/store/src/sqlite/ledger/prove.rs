//! Recounts the ledger from the events, in SQL and by nothing of what wrote it.

use super::notes::time;
use crate::error::StoreError;
use crate::ledger::{LateBy, Proof, ProvenHour, Recount};
use crate::sqlite::check::ask_month;
use crate::sqlite::tenant::Tenant;
use crate::sqlite::{Shared, catalogue};
use model::batch::Counts;
use model::time::Timestamp;
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// Faults of one sort that are told one by one for a file.
const FAULTS_TOLD: usize = 20;

/// What the events of a month say, by source, hour of arrival and hour of the event. The numbers are written out, so that a
/// wrong constant elsewhere is found: an hour has 36,000,000,000 ticks, a second 10,000,000, and 1 is the outcome of a first
/// content.
const FROM_EVENTS: &str = "SELECT source,
        arrived - (((arrived % 36000000000) + 36000000000) % 36000000000) AS arrival_hour,
        time - (((time % 36000000000) + 36000000000) % 36000000000) AS event_hour,
        sum(outcome = 1) AS new, sum(outcome <> 1) AS changed, sum(quarantined) AS quarantined,
        count(late_by) AS late, coalesce(sum(late_by / 10000000), 0) AS late_seconds, coalesce(max(late_by), 0) AS late_most,
        min(CASE WHEN quarantined = 0 THEN time END) AS oldest, max(CASE WHEN quarantined = 0 THEN time END) AS newest
    FROM events GROUP BY 1, 2, 3";

/// Recounts a tenant's ledger.
pub(super) fn prove(shared: &Shared, tenant: &Tenant) -> Result<Proof, StoreError> {
    let mut proof = Proof::default();
    let mut hours: BTreeMap<(String, i64), ProvenHour> = BTreeMap::new();
    for (month, _) in tenant.months() {
        let found = ask_month(shared, tenant, month, |connection| {
            // One transaction, so that a commit under way does not look like a fault.
            let transaction = connection.unchecked_transaction()?;
            let events = count(&transaction, "SELECT count(*) FROM events")?;
            let lines = count(&transaction, "SELECT count(*) FROM ledger")?;
            let bare = count(
                &transaction,
                "SELECT count(*) FROM ledger WHERE event_hour < -9000000000000000000",
            )?;
            Ok((
                events,
                lines,
                bare,
                month_hours(&transaction)?,
                faults(&transaction)?,
            ))
        })?;
        let Some((events, lines, bare, told, faults)) = found else {
            continue;
        };
        proof.events += events;
        proof.lines += lines;
        proof.lines_without_events += bare;
        proof.faults.extend(
            faults
                .into_iter()
                .map(|fault| format!("{}/{month}: {fault}", tenant.id)),
        );
        for hour in told {
            add(&mut hours, hour);
        }
    }
    let noted = catalogue::read(tenant, |connection| {
        let transaction = connection.unchecked_transaction()?;
        Ok((catalogue_hours(&transaction)?, catalogue_faults(&transaction)?))
    })?;
    if let Some((told, faults)) = noted {
        for (lines, hour) in told {
            proof.lines += lines;
            proof.lines_without_events += lines;
            add(&mut hours, hour);
        }
        let faults = faults.into_iter().map(|fault| format!("{}: {fault}", tenant.id));
        proof.faults.extend(faults);
    }
    proof.hours = hours.into_values().collect();
    proof
        .hours
        .sort_by(|a, b| a.source.cmp(&b.source).then(b.hour.cmp(&a.hour)));
    Ok(proof)
}

/// Lines of a month that disagree with its events, or with themselves.
pub(in crate::sqlite) fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    let difference = format!(
        "SELECT (SELECT name FROM names WHERE id = source), arrival_hour, event_hour, sum(new), sum(changed), sum(quarantined),
            sum(late), sum(late_seconds), max(told_most) - max(there_most), max(told_oldest), max(there_oldest),
            max(told_newest), max(there_newest) FROM
            (SELECT source, arrival_hour, event_hour, new, changed, quarantined, late - late_unmarked AS late, late_seconds,
                late_most AS told_most, 0 AS there_most, oldest AS told_oldest, NULL AS there_oldest,
                newest AS told_newest, NULL AS there_newest FROM ledger
             UNION ALL SELECT source, arrival_hour, event_hour, -new, -changed, -quarantined, -late, -late_seconds,
                0, late_most, NULL, oldest, NULL, newest FROM ({FROM_EVENTS}))
         GROUP BY source, arrival_hour, event_hour
         HAVING sum(new) <> 0 OR sum(changed) <> 0 OR sum(quarantined) <> 0 OR sum(late) <> 0 OR sum(late_seconds) <> 0
            OR max(told_most) <> max(there_most) OR max(told_oldest) IS NOT max(there_oldest)
            OR max(told_newest) IS NOT max(there_newest)"
    );
    collect(connection, &difference, &mut found, |row| {
        let mut differences = Vec::new();
        for (column, name) in [
            (3, "new"),
            (4, "changed"),
            (5, "quarantined"),
            (6, "late"),
            (7, "seconds late"),
            (8, "ticks of the latest"),
        ] {
            let more: i64 = row.get(column)?;
            if more != 0 {
                differences.push(format!("{more:+} {name}"));
            }
        }
        for (told, there, name) in [(9, 10, "oldest"), (11, 12, "newest")] {
            let (told, there) = (time(row, told)?, time(row, there)?);
            if told != there {
                differences.push(format!("{name} {} instead of {}", shown(told), shown(there)));
            }
        }
        Ok(format!(
            "the ledger disagrees with the events of {}: it says {}",
            place(row)?,
            differences.join(", ")
        ))
    })?;
    collect(
        connection,
        "SELECT (SELECT name FROM names WHERE id = source), arrival_hour, event_hour FROM ledger
         WHERE read <> new + changed + known + ignored + rejected
            OR late > new + changed OR quarantined > new + changed OR late_unmarked > late
            OR (event_hour < -9000000000000000000 AND new + changed + known > 0)",
        &mut found,
        |row| Ok(format!("a ledger line does not add up: {}", place(row)?)),
    )?;
    Ok(found)
}

/// Lines of a catalogue that disagree with themselves: their events are gone, or never were.
pub(in crate::sqlite) fn catalogue_faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut found = Vec::new();
    collect(
        connection,
        "SELECT source, arrival_hour, event_hour FROM ledger
         WHERE read <> new + changed + known + ignored + rejected
            OR late > new + changed OR quarantined > new + changed OR late_unmarked > late
            OR (event_hour < -9000000000000000000 AND new + changed + known > 0)",
        &mut found,
        |row| {
            Ok(format!(
                "a line of the catalogue's ledger does not add up: {}",
                place(row)?
            ))
        },
    )?;
    collect(
        connection,
        "SELECT source, arrival_hour, event_hour FROM ledger
         WHERE (month = 0 AND new + changed + known > 0) OR (month <> 0 AND month NOT IN (SELECT month FROM purged))",
        &mut found,
        |row| {
            Ok(format!(
                "a line of the catalogue's ledger tells of events of no purged month: {}",
                place(row)?
            ))
        },
    )?;
    Ok(found)
}

/// Told and recounted, by source and hour of arrival.
fn month_hours(connection: &Connection) -> rusqlite::Result<Vec<ProvenHour>> {
    let sql = format!(
        "WITH told AS (SELECT source, arrival_hour, sum(read) AS read, sum(new) AS new, sum(changed) AS changed,
                sum(known) AS known, sum(ignored) AS ignored, sum(rejected) AS rejected, sum(late) AS all_late,
                sum(quarantined) AS quarantined, sum(late - late_unmarked) AS late, sum(late_seconds) AS late_seconds,
                max(late_most) AS late_most, min(oldest) AS oldest, max(newest) AS newest FROM ledger GROUP BY 1, 2),
            there AS (SELECT source, arrival_hour, sum(new) AS new, sum(changed) AS changed, sum(quarantined) AS quarantined,
                sum(late) AS late, sum(late_seconds) AS late_seconds, max(late_most) AS late_most, min(oldest) AS oldest,
                max(newest) AS newest FROM ({FROM_EVENTS}) GROUP BY 1, 2)
         SELECT (SELECT name FROM names WHERE id = source), arrival_hour,
            told.read, told.new, told.changed, told.known, told.ignored, told.rejected, told.all_late, told.quarantined,
            told.new, told.changed, told.quarantined, told.late, told.late_seconds, told.late_most, told.oldest, told.newest,
            there.new, there.changed, there.quarantined, there.late, there.late_seconds, there.late_most, there.oldest,
            there.newest
         FROM (SELECT source, arrival_hour FROM told UNION SELECT source, arrival_hour FROM there)
         LEFT JOIN told USING (source, arrival_hour) LEFT JOIN there USING (source, arrival_hour)"
    );
    let mut statement = connection.prepare(&sql)?;
    let found = statement.query_map([], |row| {
        Ok(ProvenHour {
            source: name(row)?,
            hour: Timestamp::from_ticks(row.get(1)?),
            counts: counts(row, 2)?,
            told: recount(row, 10)?,
            found: recount(row, 18)?,
        })
    })?;
    found.collect()
}

/// What the catalogue says: nothing is there to recount. With each hour, how many lines it has.
fn catalogue_hours(connection: &Connection) -> rusqlite::Result<Vec<(u64, ProvenHour)>> {
    let mut statement = connection.prepare(
        "SELECT source, arrival_hour, sum(read), sum(new), sum(changed), sum(known), sum(ignored), sum(rejected), sum(late),
            sum(quarantined), count(*) FROM ledger GROUP BY 1, 2",
    )?;
    let found = statement.query_map([], |row| {
        let hour = ProvenHour {
            source: name(row)?,
            hour: Timestamp::from_ticks(row.get(1)?),
            counts: counts(row, 2)?,
            told: Recount::default(),
            found: Recount::default(),
        };
        Ok((number(row, 10)?, hour))
    })?;
    found.collect()
}

fn add(hours: &mut BTreeMap<(String, i64), ProvenHour>, hour: ProvenHour) {
    let key = (hour.source.clone(), hour.hour.ticks());
    let Some(there) = hours.get_mut(&key) else {
        hours.insert(key, hour);
        return;
    };
    there.counts.add(&hour.counts);
    there.told = both(there.told, hour.told);
    there.found = both(there.found, hour.found);
}

fn both(a: Recount, b: Recount) -> Recount {
    Recount {
        new: a.new + b.new,
        changed: a.changed + b.changed,
        quarantined: a.quarantined + b.quarantined,
        late: a.late + b.late,
        late_by: LateBy {
            seconds: a.late_by.seconds + b.late_by.seconds,
            most_ticks: a.late_by.most_ticks.max(b.late_by.most_ticks),
        },
        oldest: [a.oldest, b.oldest].into_iter().flatten().min(),
        newest: a.newest.max(b.newest),
    }
}

fn counts(row: &Row<'_>, from: usize) -> rusqlite::Result<Counts> {
    Ok(Counts {
        read: number(row, from)?,
        new: number(row, from + 1)?,
        changed: number(row, from + 2)?,
        known: number(row, from + 3)?,
        ignored: number(row, from + 4)?,
        rejected: number(row, from + 5)?,
        late: number(row, from + 6)?,
        quarantined: number(row, from + 7)?,
    })
}

fn recount(row: &Row<'_>, from: usize) -> rusqlite::Result<Recount> {
    Ok(Recount {
        new: number(row, from)?,
        changed: number(row, from + 1)?,
        quarantined: number(row, from + 2)?,
        late: number(row, from + 3)?,
        late_by: LateBy {
            seconds: number(row, from + 4)?,
            most_ticks: row.get::<_, Option<i64>>(from + 5)?.unwrap_or_default(),
        },
        oldest: time(row, from + 6)?,
        newest: time(row, from + 7)?,
    })
}

/// A count. What somebody made negative is nothing here; that it does not add up is a fault of its own.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: Option<i64> = row.get(column)?;
    Ok(u64::try_from(number.unwrap_or_default()).unwrap_or_default())
}

fn count(connection: &Connection, sql: &str) -> rusqlite::Result<u64> {
    connection.query_row(sql, [], |row| number(row, 0))
}

fn collect(
    connection: &Connection,
    sql: &str,
    found: &mut Vec<String>,
    tell: impl Fn(&Row<'_>) -> rusqlite::Result<String>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut told = 0;
    while let Some(row) = rows.next()? {
        told += 1;
        if told <= FAULTS_TOLD {
            found.push(tell(row)?);
        }
    }
    if told > FAULTS_TOLD {
        found.push(format!("and {} more like the last", told - FAULTS_TOLD));
    }
    Ok(())
}

/// The source and the two hours of a line, which every question of faults begins with.
fn place(row: &Row<'_>) -> rusqlite::Result<String> {
    let event_hour: i64 = row.get(2)?;
    let happened = if event_hour == i64::MIN {
        "records without an event".to_owned()
    } else {
        format!("events of {}", Timestamp::from_ticks(event_hour))
    };
    let arrival = Timestamp::from_ticks(row.get(1)?);
    Ok(format!(
        "`{}`, arrived in the hour of {arrival}, {happened}",
        name(row)?
    ))
}

/// A source whose name is gone is a fault, and told under its own.
fn name(row: &Row<'_>) -> rusqlite::Result<String> {
    let name: Option<String> = row.get(0)?;
    Ok(name.unwrap_or_else(|| "a source without a name".to_owned()))
}

fn shown(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "none".to_owned(), |time| time.to_string())
}
