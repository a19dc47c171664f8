//! Brings month files of older schemas up to the present one, a file in one transaction: all of it or nothing.

use super::history;
use super::partition::{Partition, Partitions};
use super::schema::{self, CATALOGUE_VERSION, SCHEMA_VERSION};
use super::tables;
use super::tenant::CATALOGUE_FILE;
use crate::error::StoreError;
use model::tenant::TenantId;
use model::time::Month;
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};

/// From schema 1 to 2: identities and history by slots of time, tallies for the usage reports. What the events that are there
/// already add to the tallies is not known to the store; `meta.counted` says that they are still to be counted.
const FROM_1: &str = "
ALTER TABLE meta ADD COLUMN counted INTEGER NOT NULL DEFAULT 1;
UPDATE meta SET counted = NOT EXISTS (SELECT 1 FROM events);
ALTER TABLE events ADD COLUMN elsewhere INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN usage TEXT;
ALTER TABLE events ADD COLUMN block INTEGER;
ALTER TABLE events ADD COLUMN block_start INTEGER;
ALTER TABLE events ADD COLUMN block_end INTEGER;
UPDATE events SET outcome = 3 WHERE id IN (SELECT event FROM changes WHERE what = 3);
CREATE TABLE commits(seq INTEGER PRIMARY KEY, first_event INTEGER NOT NULL) STRICT;
INSERT INTO commits SELECT seq, min(event) FROM changes GROUP BY seq;
DROP TABLE changes;
UPDATE events SET elsewhere = 1 WHERE key IN
    (SELECT key FROM events GROUP BY key HAVING min(time >> 34) <> max(time >> 34));
DROP INDEX events_identity;
CREATE UNIQUE INDEX events_identity ON events(time >> 34, key, digest);
CREATE TABLE history_by_slot(
    slot INTEGER NOT NULL,
    subject INTEGER NOT NULL,
    time INTEGER NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (slot, subject, time, event)
) STRICT, WITHOUT ROWID;
INSERT INTO history_by_slot SELECT time >> 34, subject, time, event FROM history ORDER BY 1, 2, 3, 4;
DROP TABLE history;
ALTER TABLE history_by_slot RENAME TO history;
";

/// From schema 2 to 3: slots of identities become shorter, and the history comes in runs.
const FROM_2: &str = "
UPDATE events SET elsewhere = 1 WHERE key IN
    (SELECT key FROM events GROUP BY key HAVING min(time >> 32) <> max(time >> 32));
DROP INDEX events_identity;
CREATE UNIQUE INDEX events_identity ON events(time >> 32, key, digest);
ALTER TABLE history RENAME TO history_by_slot;
";

/// From schema 3 to 4: how late events were, how many batches came, the window that they cover and the last error. How late those
/// were that are there already is not known any more, so they are counted apart.
const FROM_3: &str = "
ALTER TABLE events ADD COLUMN late_by INTEGER;
ALTER TABLE ledger ADD COLUMN batches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN late_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN late_most INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN late_unmarked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN oldest INTEGER;
ALTER TABLE ledger ADD COLUMN error TEXT;
ALTER TABLE ledger ADD COLUMN error_at INTEGER;
UPDATE ledger SET late_unmarked = late WHERE late > 0;
UPDATE ledger SET oldest = there.first FROM
    (SELECT source, arrived - (((arrived % 36000000000) + 36000000000) % 36000000000) AS arrival,
        time - (((time % 36000000000) + 36000000000) % 36000000000) AS happened, min(time) AS first
     FROM events WHERE quarantined = 0 GROUP BY 1, 2, 3) AS there
    WHERE ledger.source = there.source AND arrival_hour = arrival AND event_hour = happened;
";

/// From schema 1 of a catalogue to 2: the same columns for the totals of purged months, whose windows are not known any more.
const CATALOGUE_FROM_1: &str = "
ALTER TABLE ledger ADD COLUMN batches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN late_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN late_most INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN late_unmarked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledger ADD COLUMN oldest INTEGER;
ALTER TABLE ledger ADD COLUMN error TEXT;
ALTER TABLE ledger ADD COLUMN error_at INTEGER;
UPDATE ledger SET late_unmarked = late WHERE late > 0;
";

/// A month file or a catalogue of an older schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outdated {
    /// Where it is.
    pub path: PathBuf,
    /// The schema that it has.
    pub from: i64,
    /// The schema that it gets.
    pub to: i64,
    /// Its size; bringing it up needs room beside it.
    pub bytes: u64,
}

/// The files of tenants below a data folder that an opening would bring up. Changes nothing.
pub fn outdated(data_folder: &Path) -> Result<Vec<Outdated>, StoreError> {
    let mut found = Vec::new();
    for tenant in entries(&data_folder.join("tenants"))? {
        if !tenant.is_dir() {
            continue;
        }
        for path in entries(&tenant)? {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if name != CATALOGUE_FILE && name.strip_suffix(".db").and_then(Month::parse).is_none() {
                continue;
            }
            let to = schema::known_version(&path);
            let Some(connection) = schema::open_if_made(&path)? else {
                continue;
            };
            let from = version(&connection).map_err(|error| schema::failure(&path, &error))?;
            if from < to {
                let bytes = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
                found.push(Outdated {
                    path,
                    from,
                    to,
                    bytes,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Brings a month up if it is of an older schema. Nobody else has it open: its tenant is being loaded.
pub(super) fn bring_up(
    partitions: &Partitions,
    tenant: TenantId,
    folder: &Path,
    month: Month,
) -> Result<(), StoreError> {
    let found = partitions.get(tenant, folder, month).read_if_made(version)?;
    if found.is_none_or(|found| found >= SCHEMA_VERSION) {
        return Ok(());
    }
    partitions.close(tenant, month);
    let path = Partition::path_of(folder, month);
    let connection = schema::open_partition_writer(&path, tenant, month)?;
    let began = connection.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0));
    let events = began.map_err(|error| schema::failure(&path, &error))?;
    tracing::info!(
        "{}: bringing {events} events from schema {} to {SCHEMA_VERSION}",
        path.display(),
        found.unwrap_or_default()
    );
    up(&connection).map_err(|error| schema::failure(&path, &error))
}

/// Brings a tenant's catalogue up if it is of an older schema.
pub(super) fn bring_catalogue_up(tenant: TenantId, folder: &Path) -> Result<(), StoreError> {
    let path = folder.join(CATALOGUE_FILE);
    let Some(found) = schema::open_if_made(&path)? else {
        return Ok(());
    };
    let failed = |error: rusqlite::Error| schema::failure(&path, &error);
    if version(&found).map_err(failed)? >= CATALOGUE_VERSION {
        return Ok(());
    }
    drop(found);
    let connection = schema::open_catalogue(&path, tenant)?;
    let up = || -> rusqlite::Result<()> {
        let transaction = rusqlite::Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
        if version(&transaction)? == 1 {
            transaction.execute_batch(CATALOGUE_FROM_1)?;
            transaction.execute_batch(tables::CATALOGUE_ADDED_BY_2)?;
            transaction.pragma_update(None, "user_version", 2)?;
        }
        transaction.commit()
    };
    up().map_err(failed)
}

fn up(connection: &Connection) -> rusqlite::Result<()> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if version(&transaction)? == 1 {
        transaction.execute_batch(FROM_1)?;
        transaction.execute_batch(tables::ADDED_BY_2)?;
        transaction.pragma_update(None, "user_version", 2)?;
    }
    if version(&transaction)? == 2 {
        transaction.execute_batch(FROM_2)?;
        transaction.execute_batch(tables::ADDED_BY_3)?;
        history::bring_up(&transaction, "history_by_slot")?;
        transaction.execute_batch("DROP TABLE history_by_slot")?;
        transaction.pragma_update(None, "user_version", 3)?;
    }
    if version(&transaction)? == 3 {
        transaction.execute_batch(FROM_3)?;
        transaction.execute_batch(tables::ADDED_BY_4)?;
        transaction.pragma_update(None, "user_version", 4)?;
    }
    transaction.commit()?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failure = |error: std::io::Error| StoreError::Folder {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    std::fs::read_dir(folder)
        .map_err(failure)?
        .map(|entry| entry.map(|entry| entry.path()).map_err(failure))
        .collect()
}
