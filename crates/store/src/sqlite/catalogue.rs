//! A tenant's catalogue: ledger lines that no month holds, and what outlives a purge.

use super::append::Ledger;
use super::schema::{self, failure};
use super::tenant::{CATALOGUE_FILE, Tenant};
use crate::error::StoreError;
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use rusqlite::{Connection, params};
use std::path::Path;

/// `ledger.month` of lines that belong to no purged month.
const NO_MONTH: i32 = 0;
/// The epoch of a tenant whose commits were never cut.
pub(super) const FIRST_EPOCH: u64 = 1;

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

/// Begins a new epoch in the catalogue at `path`, which is made if it is not there; answers its number. It is at least
/// `least`: a restore gives the time, so that two restores of one backup do not have the same epoch.
pub(super) fn raise_epoch(path: &Path, tenant: TenantId, least: u64) -> Result<u64, StoreError> {
    let connection = schema::open_catalogue(path, tenant)?;
    let raised: i64 = connection
        .query_row(
            "UPDATE meta SET epoch = max(epoch + 1, ?1) RETURNING epoch",
            [least.cast_signed()],
            |row| row.get(0),
        )
        .map_err(|error| failure(path, &error))?;
    Ok(raised.unsigned_abs())
}

/// Takes over a month's ledger, notes that it is purged and begins another epoch, whose number it answers. Done twice,
/// only the epoch is another.
pub(super) fn take_over(
    tenant: &Tenant,
    month: Month,
    now: Timestamp,
    partition: &Connection,
) -> Result<u64, StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let connection = schema::open_catalogue(&path, tenant.id)?;
    let write = || -> rusqlite::Result<u64> {
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
        let epoch: i64 = transaction.query_row(
            "UPDATE meta SET last_seq = max(last_seq, ?1), epoch = epoch + 1 RETURNING epoch",
            [last_seq],
            |row| row.get(0),
        )?;
        transaction.commit()?;
        Ok(epoch.unsigned_abs())
    };
    write().map_err(|error| failure(&path, &error))
}
