//! A tenant's catalogue: ledger lines that no month holds, and what outlives a purge.

use super::append::Ledger;
use super::schema::{self, failure};
use super::tenant::{CATALOGUE_FILE, Tenant};
use crate::error::StoreError;
use model::time::{Month, Timestamp};
use rusqlite::{Connection, params};

/// `ledger.month` of lines that belong to no purged month.
const NO_MONTH: i32 = 0;

/// Adds ledger lines that no month's commit can carry.
pub(super) fn count(tenant: &Tenant, ledger: &Ledger) -> Result<(), StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let connection = schema::open_catalogue(&path, tenant.id)?;
    let write = || -> rusqlite::Result<()> {
        let transaction = connection.unchecked_transaction()?;
        for ((source, arrival_hour, event_hour), delta) in ledger {
            transaction.execute(
                "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
                 ON CONFLICT DO UPDATE SET read = read + excluded.read, ignored = ignored + excluded.ignored,
                    rejected = rejected + excluded.rejected",
                params![
                    NO_MONTH,
                    source,
                    arrival_hour,
                    event_hour,
                    delta.read,
                    delta.new,
                    delta.changed,
                    delta.known,
                    delta.ignored,
                    delta.rejected,
                    delta.late,
                    delta.quarantined,
                    delta.newest
                ],
            )?;
        }
        transaction.commit()
    };
    write().map_err(|error| failure(&path, &error))
}

/// Takes over a month's ledger and notes that it is purged; doing it twice is the same as once.
pub(super) fn take_over(
    tenant: &Tenant,
    month: Month,
    now: Timestamp,
    partition: &Connection,
) -> Result<(), StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let connection = schema::open_catalogue(&path, tenant.id)?;
    let write = || -> rusqlite::Result<()> {
        let last_seq: i64 = partition.query_row("SELECT last_seq FROM meta", [], |row| row.get(0))?;
        let transaction = connection.unchecked_transaction()?;
        transaction.execute("DELETE FROM ledger WHERE month = ?1", [month.number()])?;
        let mut lines = partition.prepare(
            "SELECT name, arrival_hour, event_hour, read, new, changed, known, ignored, rejected, late, quarantined, newest
             FROM ledger JOIN names ON names.id = ledger.source",
        )?;
        let mut lines = lines.query([])?;
        while let Some(line) = lines.next()? {
            transaction.execute(
                "INSERT INTO ledger VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
                params![
                    month.number(),
                    line.get::<_, String>(0)?,
                    line.get::<_, i64>(1)?,
                    line.get::<_, i64>(2)?,
                    line.get::<_, i64>(3)?,
                    line.get::<_, i64>(4)?,
                    line.get::<_, i64>(5)?,
                    line.get::<_, i64>(6)?,
                    line.get::<_, i64>(7)?,
                    line.get::<_, i64>(8)?,
                    line.get::<_, i64>(9)?,
                    line.get::<_, i64>(10)?,
                    line.get::<_, Option<i64>>(11)?,
                ],
            )?;
        }
        transaction.execute(
            "INSERT INTO purged(month, purged_at, last_seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![month.number(), now.ticks(), last_seq],
        )?;
        transaction.execute(
            "UPDATE meta SET last_seq = max(last_seq, ?1), epoch = epoch + 1",
            [last_seq],
        )?;
        transaction.commit()
    };
    write().map_err(|error| failure(&path, &error))
}
