//! What stands beside the ledger because no row can contradict it: told losses, closings, imported files.

use crate::error::StoreError;
use crate::ledger::{Closing, GivenUp, ImportedFile, Keeping, MOST_IMPORTS, MOST_TOLD_GAPS, ToldGap};
use crate::sqlite::catalogue;
use crate::sqlite::fragments;
use crate::sqlite::tenant::Tenant;
use model::batch::Counts;
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

/// Something to keep.
pub(in crate::sqlite) enum Note {
    Told(ToldGap),
    /// With the record in parts that is given up by it.
    Closed(Closing, Option<GivenUp>),
    Imported(ImportedFile),
}

/// What became of it.
pub(in crate::sqlite) type Noted = Keeping;

impl Note {
    pub(in crate::sqlite) fn keep(&self, tenant: &Tenant) -> Result<Noted, StoreError> {
        tenant.check()?;
        catalogue::write(tenant, |catalogue| match self {
            Note::Told(gap) => tell(catalogue, gap),
            Note::Closed(closing, given_up) => {
                let kept = close(catalogue, closing)?;
                if let Some(given_up) = given_up.as_ref().filter(|_| kept != Keeping::Taken) {
                    fragments::give_up(catalogue, given_up)?;
                }
                Ok(kept)
            }
            Note::Imported(import) => import_of(catalogue, import),
        })
    }
}

/// What became of an id that stands there already, if it does.
fn known(catalogue: &Connection, table: &str, id: Uuid, source: &str) -> rusqlite::Result<Option<Keeping>> {
    let owner: Option<String> = catalogue
        .query_row(
            &format!("SELECT source FROM {table} WHERE id = ?1"),
            [id.as_bytes()],
            |row| row.get(0),
        )
        .optional()?;
    Ok(owner.map(|owner| {
        if owner == source {
            Keeping::Known
        } else {
            Keeping::Taken
        }
    }))
}

fn tell(catalogue: &Connection, gap: &ToldGap) -> rusqlite::Result<Keeping> {
    if let Some(known) = known(catalogue, "told_gaps", gap.id, &gap.source)? {
        return Ok(known);
    }
    let there: i64 = catalogue.query_row(
        "SELECT count(*) FROM told_gaps WHERE source = ?1 AND id NOT IN (SELECT id FROM closed_gaps)",
        [&gap.source],
        |row| row.get(0),
    )?;
    if there.unsigned_abs() >= MOST_TOLD_GAPS as u64 {
        return Ok(Keeping::TooMany);
    }
    catalogue.execute(
        "INSERT INTO told_gaps(id, source, kind, told_at, from_time, to_time, records, detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            gap.id.as_bytes(),
            gap.source,
            gap.kind,
            gap.told_at.ticks(),
            gap.from.map(Timestamp::ticks),
            gap.to.map(Timestamp::ticks),
            gap.records
                .map(|records| i64::try_from(records).unwrap_or(i64::MAX)),
            gap.detail,
        ],
    )?;
    Ok(Keeping::Kept)
}

fn close(catalogue: &Connection, closing: &Closing) -> rusqlite::Result<Keeping> {
    if let Some(known) = known(catalogue, "closed_gaps", closing.id, &closing.source)? {
        return Ok(known);
    }
    catalogue.execute(
        "INSERT INTO closed_gaps(id, source, kind, first, last, closed_at, closed_by, because)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            closing.id.as_bytes(),
            closing.source,
            closing.kind,
            closing.first,
            closing.last,
            closing.at.ticks(),
            closing.by,
            closing.because,
        ],
    )?;
    Ok(Keeping::Kept)
}

fn import_of(catalogue: &Connection, import: &ImportedFile) -> rusqlite::Result<Keeping> {
    let counts = &import.counts;
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    catalogue.execute(
        "INSERT INTO imports(run, file, ended, read, new, changed, known, ignored, rejected, quarantined, oldest, newest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        params![
            import.run.as_bytes(),
            import.file,
            import.ended.ticks(),
            count(counts.read),
            count(counts.new),
            count(counts.changed),
            count(counts.known),
            count(counts.ignored),
            count(counts.rejected),
            count(counts.quarantined),
            import.oldest.map(Timestamp::ticks),
            import.newest.map(Timestamp::ticks),
        ],
    )?;
    catalogue.execute(
        "DELETE FROM imports WHERE id <= (SELECT max(id) FROM imports) - ?1",
        [MOST_IMPORTS],
    )?;
    Ok(Keeping::Kept)
}

pub(super) fn imports(catalogue: &Connection, limit: usize) -> rusqlite::Result<Vec<ImportedFile>> {
    let mut statement = catalogue.prepare(
        "SELECT run, file, ended, read, new, changed, known, ignored, rejected, quarantined, oldest, newest
         FROM imports ORDER BY id DESC LIMIT ?1",
    )?;
    let found = statement.query_map([limit as i64], |row| {
        let count = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
        Ok(ImportedFile {
            run: id(row, 0)?,
            file: row.get(1)?,
            ended: Timestamp::from_ticks(row.get(2)?),
            counts: Counts {
                read: count(3)?,
                new: count(4)?,
                changed: count(5)?,
                known: count(6)?,
                ignored: count(7)?,
                rejected: count(8)?,
                late: 0,
                quarantined: count(9)?,
            },
            oldest: time(row, 10)?,
            newest: time(row, 11)?,
        })
    })?;
    found.collect()
}

pub(super) fn told(catalogue: &Connection) -> rusqlite::Result<Vec<ToldGap>> {
    let mut statement = catalogue.prepare(
        "SELECT id, source, kind, told_at, from_time, to_time, records, detail FROM told_gaps ORDER BY told_at, id",
    )?;
    let found = statement.query_map([], |row| {
        Ok(ToldGap {
            id: id(row, 0)?,
            source: row.get(1)?,
            kind: row.get(2)?,
            told_at: Timestamp::from_ticks(row.get(3)?),
            from: time(row, 4)?,
            to: time(row, 5)?,
            records: row.get::<_, Option<i64>>(6)?.map(i64::unsigned_abs),
            detail: row.get(7)?,
        })
    })?;
    found.collect()
}

pub(super) fn closed(catalogue: &Connection) -> rusqlite::Result<Vec<Closing>> {
    let mut statement = catalogue.prepare(
        "SELECT id, source, kind, first, last, closed_at, closed_by, because FROM closed_gaps ORDER BY closed_at, id",
    )?;
    let found = statement.query_map([], |row| {
        Ok(Closing {
            id: id(row, 0)?,
            source: row.get(1)?,
            kind: row.get(2)?,
            first: row.get(3)?,
            last: row.get(4)?,
            at: Timestamp::from_ticks(row.get(5)?),
            by: row.get(6)?,
            because: row.get(7)?,
        })
    })?;
    found.collect()
}

fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes)
}

pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_ticks))
}
