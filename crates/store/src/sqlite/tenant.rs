//! What is known in memory of a tenant: its months, its last commit, what was purged.

use super::catalogue;
use super::leaving::{self, Leaving};
use super::partition::{Partition, Partitions};
use super::schema;
use crate::error::StoreError;
use crate::events::MonthInfo;
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The file name of a tenant's catalogue.
pub(super) const CATALOGUE_FILE: &str = "catalogue.db";

/// A tenant that has a folder.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) id: TenantId,
    pub(super) folder: PathBuf,
    /// Readers share it; a purge has it alone.
    gate: RwLock<()>,
    state: RwLock<State>,
    published: AtomicU64,
    /// Told at each publishing.
    publishing: (Mutex<()>, Condvar),
    epoch: AtomicU64,
    removed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    months: BTreeMap<Month, MonthState>,
    purged: BTreeSet<Month>,
}

/// A month file as its `meta` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MonthState {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) last_write: Timestamp,
    pub(super) last_seq: u64,
}

impl MonthState {
    pub(super) fn info(&self, month: Month) -> MonthInfo {
        MonthInfo {
            month,
            first: self.first,
            last: self.last,
            last_write: self.last_write,
            last_commit: self.last_seq,
        }
    }
}

impl Tenant {
    /// Reads what the files say; finishes a purge that was cut off.
    pub(super) fn load(
        id: TenantId,
        folder: PathBuf,
        partitions: &Partitions,
        leaving: &Leaving,
    ) -> Result<Tenant, StoreError> {
        let mut state = State::default();
        let mut last_seq = 0;
        let mut epoch = catalogue::FIRST_EPOCH;
        let path = folder.join(CATALOGUE_FILE);
        super::upgrade::bring_catalogue_up(id, &folder)?;
        if let Some(connection) = schema::open_if_made(&path)? {
            let read = || -> rusqlite::Result<(u64, u64, BTreeSet<Month>)> {
                let (seq, epoch): (i64, i64) =
                    connection.query_row("SELECT last_seq, epoch FROM meta", [], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?;
                let mut statement = connection.prepare("SELECT month FROM purged")?;
                let months = statement.query_map([], |row| row.get::<_, i32>(0))?;
                let mut purged = BTreeSet::new();
                for number in months {
                    purged.extend(month_of_number(number?));
                }
                Ok((seq.unsigned_abs(), epoch.unsigned_abs(), purged))
            };
            (last_seq, epoch, state.purged) = read().map_err(|error| schema::failure(&path, &error))?;
        }
        for entry in std::fs::read_dir(&folder).map_err(|error| folder_failure(&folder, &error))? {
            let name = entry
                .map_err(|error| folder_failure(&folder, &error))?
                .file_name();
            let Some(name) = name.to_str() else { continue };
            if name.contains(leaving::SUFFIX) {
                leaving.take(vec![folder.join(name)]);
                continue;
            }
            let Some(month) = name.strip_suffix(".db").and_then(Month::parse) else {
                continue;
            };
            if state.purged.contains(&month) {
                leaving.take(move_away(&folder, month)?);
                continue;
            }
            super::upgrade::bring_up(partitions, id, &folder, month)?;
            let partition = partitions.get(id, &folder, month);
            if let Some(found) = partition.read_if_made(read_meta)?.flatten() {
                last_seq = last_seq.max(found.last_seq);
                state.months.insert(month, found);
            }
        }
        Ok(Tenant {
            id,
            folder,
            gate: RwLock::new(()),
            state: RwLock::new(state),
            published: AtomicU64::new(last_seq),
            publishing: (Mutex::new(()), Condvar::new()),
            epoch: AtomicU64::new(epoch),
            removed: AtomicBool::new(false),
        })
    }

    pub(super) fn read_gate(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no purge has the tenant alone or waits for it.
    pub(super) fn is_free(&self) -> bool {
        self.gate.try_read().is_ok()
    }

    pub(super) fn newest_month(&self) -> Option<Month> {
        self.read_state().months.keys().next_back().copied()
    }

    pub(super) fn purge_gate(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn published(&self) -> u64 {
        self.published.load(Ordering::Acquire)
    }

    pub(super) fn publish(&self, seq: u64) {
        let (lock, told) = &self.publishing;
        let _held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.published.store(seq, Ordering::Release);
        told.notify_all();
    }

    /// Waits until pages show what was seen of a commit in some month's file: the writer publishes it when all its months are written.
    /// Not for the thread that writes, and not for a holder of the gate, whom a purge on that thread waits for.
    pub(super) fn wait_for(&self, seq: u64) {
        let (lock, told) = &self.publishing;
        let mut held = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while self.published() < seq {
            held = told.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(super) fn begin_epoch(&self, epoch: u64) {
        self.epoch.store(epoch, Ordering::Release);
    }

    pub(super) fn months(&self) -> Vec<(Month, MonthState)> {
        self.read_state()
            .months
            .iter()
            .map(|(month, state)| (*month, *state))
            .collect()
    }

    pub(super) fn month_infos(&self) -> Vec<MonthInfo> {
        self.months()
            .into_iter()
            .map(|(month, state)| state.info(month))
            .collect()
    }

    pub(super) fn is_purged(&self, month: Month) -> bool {
        self.read_state().purged.contains(&month)
    }

    pub(super) fn purged_months(&self) -> BTreeSet<Month> {
        self.read_state().purged.clone()
    }

    /// Takes over what a commit wrote.
    pub(super) fn wrote(&self, month: Month, written: MonthState) {
        self.write_state().months.insert(month, written);
    }

    /// Forgets a purged month.
    pub(super) fn forget(&self, month: Month) {
        let mut state = self.write_state();
        state.months.remove(&month);
        state.purged.insert(month);
    }

    /// Nothing is left of it: who still holds it reads nothing and writes nothing.
    pub(super) fn remove(&self) {
        self.removed.store(true, Ordering::Release);
        self.write_state().months.clear();
    }

    /// Refuses a tenant that was removed.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        if self.removed.load(Ordering::Acquire) {
            return Err(StoreError::TenantGone {
                tenant: self.id.to_string(),
            });
        }
        Ok(())
    }

    fn read_state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_state(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A month file's own account of itself; `None` before its first event.
pub(super) fn read_meta(connection: &rusqlite::Connection) -> rusqlite::Result<Option<MonthState>> {
    connection.query_row(
        "SELECT first_time, last_time, last_write, last_seq FROM meta",
        [],
        |row| {
            let (first, last): (Option<i64>, Option<i64>) = (row.get(0)?, row.get(1)?);
            let (Some(first), Some(last)) = (first, last) else {
                return Ok(None);
            };
            Ok(Some(MonthState {
                first: Timestamp::from_ticks(first),
                last: Timestamp::from_ticks(last),
                last_write: Timestamp::from_ticks(row.get::<_, Option<i64>>(2)?.unwrap_or(last)),
                last_seq: row.get::<_, i64>(3)?.unsigned_abs(),
            }))
        },
    )
}

/// Renames a month's files away, durably, and answers what they are called now; nothing to do if they are gone. Every
/// connection to them is closed by now.
pub(super) fn move_away(folder: &Path, month: Month) -> Result<Vec<PathBuf>, StoreError> {
    let path = Partition::path_of(folder, month);
    let mut moved = Vec::new();
    for suffix in ["-wal", "-shm", ""] {
        let from = PathBuf::from(format!("{}{suffix}", path.display()));
        if !from.exists() {
            continue;
        }
        let away = PathBuf::from(format!("{}{}{suffix}", path.display(), leaving::SUFFIX));
        std::fs::rename(&from, &away).map_err(|error| folder_failure(&from, &error))?;
        moved.push(away);
    }
    crate::folder::sync_folder(folder)?;
    Ok(moved)
}

fn month_of_number(number: i32) -> Option<Month> {
    Month::new(number.div_euclid(12), number.rem_euclid(12) + 1)
}

fn folder_failure(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Folder {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
