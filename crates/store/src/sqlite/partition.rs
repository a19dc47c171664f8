//! The month files that are open for reading: a bounded number, each with a few connections.

use super::schema;
use crate::error::StoreError;
use model::tenant::TenantId;
use model::time::Month;
use rusqlite::Connection;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections that are kept for the next reader; more readers at once open more and close them after use.
const IDLE_READERS: usize = 4;

/// One month of one tenant, open for reading.
#[derive(Debug)]
pub(super) struct Partition {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Partition {
    pub(super) fn path_of(folder: &Path, month: Month) -> PathBuf {
        folder.join(format!("{month}.db"))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Lends a connection to a question; every statement is finished when it returns, so no read outlives it.
    pub(super) fn read<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.read_if_made(ask)?
            .ok_or_else(|| schema::not_ours(&self.path))
    }

    /// As [`Partition::read`]; `None` if the file's making was cut off.
    pub(super) fn read_if_made<T>(
        &self,
        ask: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => match schema::open_if_made(&self.path)? {
                Some(connection) => connection,
                None => return Ok(None),
            },
        };
        let answer = ask(&connection).map_err(|error| schema::failure(&self.path, &error));
        if answer.is_ok() && schema::may_be_kept(&connection) {
            let mut idle = lock(&self.idle);
            if idle.len() < IDLE_READERS {
                idle.push(connection);
            }
        }
        answer.map(Some)
    }
}

/// The open month files, the least recently used of which closes when there are too many.
#[derive(Debug)]
pub(super) struct Partitions {
    open: Mutex<Open>,
    most: usize,
}

#[derive(Debug, Default)]
struct Open {
    partitions: HashMap<(TenantId, Month), (Arc<Partition>, u64)>,
    uses: u64,
}

impl Partitions {
    pub(super) fn new(most: usize) -> Partitions {
        Partitions {
            open: Mutex::new(Open::default()),
            most: most.max(1),
        }
    }

    /// The month's file, which must exist by the time it is read.
    pub(super) fn get(&self, tenant: TenantId, folder: &Path, month: Month) -> Arc<Partition> {
        let mut open = lock(&self.open);
        open.uses += 1;
        let uses = open.uses;
        if let Some((partition, used)) = open.partitions.get_mut(&(tenant, month)) {
            *used = uses;
            return Arc::clone(partition);
        }
        if open.partitions.len() >= self.most {
            let oldest = open
                .partitions
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(name, _)| *name);
            if let Some(oldest) = oldest {
                open.partitions.remove(&oldest);
            }
        }
        let partition = Arc::new(Partition {
            path: Partition::path_of(folder, month),
            idle: Mutex::new(Vec::new()),
        });
        open.partitions
            .insert((tenant, month), (Arc::clone(&partition), uses));
        partition
    }

    /// Whether a reader of the month waits for the next question.
    pub(super) fn is_open(&self, tenant: TenantId, month: Month) -> bool {
        lock(&self.open)
            .partitions
            .get(&(tenant, month))
            .is_some_and(|(partition, _)| !lock(&partition.idle).is_empty())
    }

    /// Closes a month's connections. Nobody reads it now: the caller has the tenant's gate alone.
    pub(super) fn close(&self, tenant: TenantId, month: Month) {
        lock(&self.open).partitions.remove(&(tenant, month));
    }

    pub(super) fn count(&self) -> usize {
        lock(&self.open).partitions.len()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
