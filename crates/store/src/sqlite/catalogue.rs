//! A tenant's catalogue: ledger lines that no month holds, and what outlives a purge.

use super::ledger::lines::{self, Additions};
use super::schema::{self, failure};
use super::tenant::{CATALOGUE_FILE, Tenant};
use crate::error::StoreError;
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use std::path::Path;

/// `ledger.month` of lines that belong to no purged month.
const NO_MONTH: i32 = 0;
/// The epoch of a tenant whose commits were never cut.
pub(super) const FIRST_EPOCH: u64 = 1;

/// Adds to the ledger what no month's commit can carry.
pub(super) fn count(tenant: &Tenant, additions: &Additions) -> Result<(), StoreError> {
    write(tenant, |transaction| {
        lines::count_without_month(transaction, NO_MONTH, additions)
    })
}

/// Does something to a tenant's catalogue, which is made if it is not there, in one transaction.
pub(super) fn write<T>(
    tenant: &Tenant,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let connection = schema::open_catalogue(&path, tenant.id)?;
    let work = || -> rusqlite::Result<T> {
        // Parts of records are kept by other threads meanwhile: whoever reads first and writes then must not be overtaken.
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        let done = work(&transaction)?;
        transaction.commit()?;
        Ok(done)
    };
    work().map_err(|error| failure(&path, &error))
}

/// Asks a tenant's catalogue something; `None` if there is none.
pub(super) fn read<T>(
    tenant: &Tenant,
    ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<Option<T>, StoreError> {
    let path = tenant.folder.join(CATALOGUE_FILE);
    let Some(connection) = schema::open_if_made(&path)? else {
        return Ok(None);
    };
    ask(&connection).map(Some).map_err(|error| failure(&path, &error))
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
    write(tenant, |catalogue| {
        let last_seq: i64 = partition.query_row("SELECT last_seq FROM meta", [], |row| row.get(0))?;
        lines::take_over(catalogue, month.number(), partition)?;
        catalogue.execute(
            "INSERT INTO purged(month, purged_at, last_seq) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![month.number(), now.ticks(), last_seq],
        )?;
        let epoch: i64 = catalogue.query_row(
            "UPDATE meta SET last_seq = max(last_seq, ?1), epoch = epoch + 1 RETURNING epoch",
            [last_seq],
            |row| row.get(0),
        )?;
        Ok(epoch.unsigned_abs())
    })
}
