//! Parts of records that wait in a tenant's catalogue for their others.

use super::schema::{self, failure};
use super::tenant::{CATALOGUE_FILE, Tenant};
use crate::error::StoreError;
use crate::events::{Fragment, Kept, Unassembled};
use crate::ledger::GivenUp;
use model::batch::FragmentDraft;
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

/// Records that may wait for parts, for one tenant.
const WHOLES_MAX: i64 = 10_000;
/// Parts that may wait of which nothing tells the record. No other part ever completes them, so they are counted apart: however
/// many come, records of which all parts will come have their places.
const UNKNOWN_MAX: i64 = 1_000;
/// Bytes that the parts of one record may have together.
const WHOLE_BYTES_MAX: i64 = 16 << 20;
/// A record that was put together leaves a mark under this number, so that a part which comes again does not wait for ever.
const MARK: u32 = 0;
/// So long a mark is kept: whoever brings parts again later brings all of them.
const MARK_DAYS: i64 = 400;

/// The table's own index begins with the source, and parts of one record may come from several.
/// The one of before had not the number of parts in it, so records could not be counted from it.
const INDEX: &str = "DROP INDEX IF EXISTS fragments_by_whole;
    CREATE INDEX IF NOT EXISTS fragments_of_wholes ON fragments(whole, part, parts)";

/// How many records wait, asked once for all parts that come together.
#[derive(Debug, Default)]
struct Waiting {
    with_number: Option<i64>,
    unknown: Option<i64>,
}

impl Waiting {
    /// Takes a place for the first part of a record; `false` if there is none left.
    fn admit(&mut self, transaction: &Transaction<'_>, parts: u32) -> rusqlite::Result<bool> {
        let (count, most, of_sort) = if parts == 0 {
            (&mut self.unknown, UNKNOWN_MAX, "parts = 0")
        } else {
            (&mut self.with_number, WHOLES_MAX, "parts > 0")
        };
        let before = match *count {
            Some(before) => before,
            None => transaction
                .prepare_cached(&format!(
                    "SELECT count(DISTINCT whole) FROM fragments WHERE part > ?1 AND {of_sort}"
                ))?
                .query_row([MARK], |row| row.get(0))?,
        };
        let is_free = before < most;
        *count = Some(before + i64::from(is_free));
        Ok(is_free)
    }
}

/// Keeps parts durably, in their order.
pub(super) fn keep(
    tenant: &Tenant,
    source: &str,
    arrived: Timestamp,
    fragments: &[FragmentDraft],
) -> Result<Vec<Kept>, StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let connection = schema::open_catalogue(&path, tenant.id)?;
    let write = || -> rusqlite::Result<Vec<Kept>> {
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(INDEX)?;
        let mut waiting = Waiting::default();
        let mut kept = Vec::with_capacity(fragments.len());
        for fragment in fragments {
            kept.push(keep_one(&transaction, source, arrived, fragment, &mut waiting)?);
        }
        transaction.commit()?;
        Ok(kept)
    };
    write().map_err(|error| failure(&path, &error))
}

fn keep_one(
    transaction: &Transaction<'_>,
    source: &str,
    arrived: Timestamp,
    fragment: &FragmentDraft,
    waiting: &mut Waiting,
) -> rusqlite::Result<Kept> {
    let mut of_whole = transaction.prepare_cached(
        "SELECT sum(part = ?3), count(*), coalesce(sum(length(original) * (part <> ?4)), 0), sum(part = ?4) FROM fragments
         WHERE whole = ?1 AND format = ?2",
    )?;
    let (marks, there, bytes_of_others, same) = of_whole.query_row(
        params![fragment.whole, fragment.format, MARK, fragment.part],
        |row| {
            Ok((
                row.get::<_, Option<i64>>(0)?.unwrap_or_default(),
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Option<i64>>(3)?.unwrap_or_default(),
            ))
        },
    )?;
    if marks > 0 {
        return Ok(Kept::WholeAlready);
    }
    if bytes_of_others + fragment.original.len() as i64 > WHOLE_BYTES_MAX {
        return Ok(Kept::TooLarge);
    }
    if there == 0 && !waiting.admit(transaction, fragment.parts)? {
        return Ok(Kept::TooMany);
    }
    if same > 0 {
        // From wherever it comes: the same changes nothing, and another content is the better one. One of them was damaged, else
        // they were the same; and while the earlier one stayed, the record would never become whole.
        transaction
            .prepare_cached(
                "UPDATE fragments SET parts = ?4, original = ?5
                 WHERE whole = ?1 AND format = ?2 AND part = ?3 AND (parts <> ?4 OR original <> ?5)",
            )?
            .execute(params![
                fragment.whole,
                fragment.format,
                fragment.part,
                fragment.parts,
                fragment.original
            ])?;
    } else {
        transaction
            .prepare_cached(
                "INSERT INTO fragments(source, format, whole, part, parts, arrived, original)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                source,
                fragment.format,
                fragment.whole,
                fragment.part,
                fragment.parts,
                arrived.ticks(),
                fragment.original
            ])?;
    }
    Ok(Kept::Waits)
}

/// The parts of a record that are there, in their order.
pub(super) fn of(tenant: &Tenant, format: &str, whole: &str) -> Result<Vec<Fragment>, StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let Some(connection) = schema::open_if_made(&path)? else {
        return Ok(Vec::new());
    };
    let read = || -> rusqlite::Result<Vec<Fragment>> {
        let mut statement = connection.prepare(
            "SELECT part, parts, original FROM fragments WHERE whole = ?1 AND format = ?2 AND part > ?3 ORDER BY part",
        )?;
        let rows = statement.query_map(params![whole, format, MARK], |row| {
            Ok(Fragment {
                part: row.get(0)?,
                parts: row.get(1)?,
                original: row.get(2)?,
            })
        })?;
        rows.collect()
    };
    read().map_err(|error| failure(&path, &error))
}

/// Removes the parts of a record that was put together, and leaves its mark. Done twice, nothing is left to do.
pub(super) fn forget(tenant: &Tenant, format: &str, whole: &str, now: Timestamp) -> Result<(), StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let connection = schema::open_catalogue(&path, tenant.id)?;
    let write = || -> rusqlite::Result<()> {
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        transaction.execute(
            "DELETE FROM fragments WHERE whole = ?1 AND format = ?2 AND part > ?3",
            params![whole, format, MARK],
        )?;
        transaction.execute(
            "INSERT INTO fragments(source, format, whole, part, parts, arrived, original)
             VALUES ('', ?1, ?2, ?3, 0, ?4, x'') ON CONFLICT DO NOTHING",
            params![format, whole, MARK, now.ticks()],
        )?;
        transaction.execute(
            "DELETE FROM fragments WHERE part = ?1 AND arrived < ?2",
            params![MARK, now.plus_days(-MARK_DAYS).ticks()],
        )?;
        transaction.commit()
    };
    write().map_err(|error| failure(&path, &error))
}

/// Removes the parts of a record that is not waited for any longer. It leaves no mark: brought again, they wait again.
pub(super) fn give_up(catalogue: &Connection, record: &GivenUp) -> rusqlite::Result<()> {
    catalogue.execute(
        "DELETE FROM fragments WHERE whole = ?1 AND format = ?2 AND part > ?3",
        params![record.whole, record.format, MARK],
    )?;
    Ok(())
}

/// The records that wait for parts, those that wait longest first.
pub(super) fn unassembled(tenant: &Tenant) -> Result<Vec<Unassembled>, StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let Some(connection) = schema::open_if_made(&path)? else {
        return Ok(Vec::new());
    };
    read_unassembled(&connection).map_err(|error| failure(&path, &error))
}

fn read_unassembled(connection: &Connection) -> rusqlite::Result<Vec<Unassembled>> {
    // A catalogue of a version that did not keep parts has the table, too, but one that was cut off in its making may not.
    let is_there = connection
        .query_row("SELECT 1 FROM sqlite_master WHERE name = 'fragments'", [], |_| {
            Ok(())
        })
        .optional()?;
    if is_there.is_none() {
        return Ok(Vec::new());
    }
    // The source is that of the part with the least time of arrival.
    let mut statement = connection.prepare(
        "SELECT source, format, whole, count(DISTINCT part), max(parts), min(arrived) FROM fragments WHERE part > ?1
         GROUP BY format, whole ORDER BY 6, whole",
    )?;
    let rows = statement.query_map([MARK], |row| {
        Ok(Unassembled {
            source: row.get(0)?,
            format: row.get(1)?,
            whole: row.get(2)?,
            have: row.get(3)?,
            parts: row.get(4)?,
            first_arrived: Timestamp::from_ticks(row.get(5)?),
        })
    })?;
    rows.collect()
}
