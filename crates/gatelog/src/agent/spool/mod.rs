//! What was read and is not at the service yet, and how far each input was read: one SQLite file, so that both change together.

mod files;
mod pieces;
mod schema;

pub(crate) use pieces::{NewPiece, Part, Piece, Put, Queued};

use super::gap::{Gap, GapKind};
use super::mark::Digest;
use crate::client::place;
use model::time::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::collections::{BTreeMap, HashSet};
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Gaps that wait at the most; a service that cannot hear of them must not fill the disk.
const GAPS_MOST: u64 = 10_000;

/// What is done when the spool is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenFull {
    /// Nothing more is read: files wait where they are.
    Block,
    /// The oldest pieces go.
    DropOldest,
    /// What was just read goes.
    DropNewest,
}

/// The agent's state on its disk.
pub(crate) struct Spool {
    inner: Mutex<Inner>,
    folder: PathBuf,
    max_bytes: u64,
    /// Two agents never share a folder. Closing the file gives the lock back.
    _lock: Option<File>,
}

struct Inner {
    connection: Connection,
    /// Bytes of all pieces.
    bytes: u64,
    /// The piece that is on its way: it is not dropped meanwhile.
    in_flight: Option<i64>,
    /// Pieces that the service has and that could not be deleted, because the disk was full.
    settled: HashSet<i64>,
}

/// Why the state could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpoolError {
    /// There is no room.
    #[error("the disk of the agent's state is full: {0}")]
    DiskFull(String),
    /// Another agent is at work on it.
    #[error("another agent uses the state folder {0}; each needs its own `state.folder`")]
    Locked(PathBuf),
    /// A newer program wrote it.
    #[error(
        "the state {path} is of version {found}, and this program knows version {known}; use a newer gatelog"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    /// The folder.
    #[error("the state folder cannot be used: {0}")]
    Folder(String),
    /// Anything else.
    #[error("the agent's state: {0}")]
    Database(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for SpoolError {
    fn from(error: rusqlite::Error) -> SpoolError {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => SpoolError::DiskFull(error.to_string()),
            _ => SpoolError::Database(error),
        }
    }
}

impl Spool {
    /// Opens the state, or makes it.
    pub(crate) fn open(folder: &Path, max_bytes: u64) -> Result<Spool, SpoolError> {
        let wrong = |error: &dyn std::fmt::Display| SpoolError::Folder(error.to_string());
        place::private_folder(folder).map_err(|error| wrong(&error))?;
        let lock = place::lock_file(&folder.join("lock")).map_err(|error| wrong(&error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(SpoolError::Locked(folder.to_owned())),
            Err(TryLockError::Error(error)) => return Err(wrong(&error)),
        }
        let path = folder.join("state.db");
        let connection = Connection::open(&path)?;
        schema::settle(&connection)?;
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        match found {
            0 => connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                schema::TABLES,
                schema::VERSION
            ))?,
            1 => connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {} PRAGMA user_version = {}; COMMIT;",
                schema::FROM_1,
                schema::VERSION
            ))?,
            schema::VERSION => {}
            _ => {
                return Err(SpoolError::Newer {
                    path,
                    found,
                    known: schema::VERSION,
                });
            }
        }
        place::sync_folder(folder).map_err(|error| wrong(&error))?;
        Spool::with(connection, folder, max_bytes, Some(lock))
    }

    /// Opens the state to look at it, beside an agent at work; `None` if there is none yet.
    pub(crate) fn look(folder: &Path, max_bytes: u64) -> Result<Option<Spool>, SpoolError> {
        if folder.exists() {
            place::check_private(folder).map_err(|error| SpoolError::Folder(error.to_string()))?;
        }
        let path = folder.join("state.db");
        if !path.exists() {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        connection.pragma_update(None, "query_only", true)?;
        Spool::with(connection, folder, max_bytes, None).map(Some)
    }

    fn with(
        connection: Connection,
        folder: &Path,
        max_bytes: u64,
        lock: Option<File>,
    ) -> Result<Spool, SpoolError> {
        let bytes: i64 =
            connection.query_row("SELECT coalesce(sum(length(body)), 0) FROM pieces", [], |row| {
                row.get(0)
            })?;
        Ok(Spool {
            inner: Mutex::new(Inner {
                connection,
                bytes: bytes as u64,
                in_flight: None,
                settled: HashSet::new(),
            }),
            folder: folder.to_owned(),
            max_bytes,
            _lock: lock,
        })
    }

    /// Where it is.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Bytes of all pieces, and how many may be.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.lock().bytes, self.max_bytes)
    }

    /// Remembers a gap until the service was told.
    pub(crate) fn gap(&self, input: &str, gap: &Gap) -> Result<(), SpoolError> {
        insert_gap(&self.lock().connection, input, gap)
    }

    /// Gaps that the service was not told of, some of them.
    pub(crate) fn gaps(&self) -> Result<Vec<(String, Gap)>, SpoolError> {
        let inner = self.lock();
        let mut statement = inner.connection.prepare_cached(
            "SELECT input, id, kind, records, from_ticks, to_ticks, detail FROM gaps ORDER BY rowid LIMIT 100",
        )?;
        let rows = statement.query_map([], |row| {
            let time = |ticks: Option<i64>| ticks.map(Timestamp::from_ticks);
            Ok((
                row.get(0)?,
                Gap {
                    id: Uuid::parse_str(&row.get::<_, String>(1)?).unwrap_or_default(),
                    kind: GapKind::of(&row.get::<_, String>(2)?),
                    records: row.get::<_, i64>(3)? as u64,
                    from: time(row.get(4)?),
                    to: time(row.get(5)?),
                    detail: row.get(6)?,
                },
            ))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The service was told.
    pub(crate) fn gap_told(&self, id: Uuid) -> Result<(), SpoolError> {
        let inner = self.lock();
        inner
            .connection
            .execute("DELETE FROM gaps WHERE id = ?1", [id.to_string()])?;
        Ok(())
    }

    /// Whether an input was ever read. Marks it so: what is there at the first look may be passed over.
    pub(crate) fn was_known(&self, input: &str) -> Result<bool, SpoolError> {
        let inner = self.lock();
        let known: Option<bool> = inner
            .connection
            .query_row("SELECT is_known FROM inputs WHERE name = ?1", [input], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(known.unwrap_or(false))
    }

    /// Notes that an input was looked at.
    pub(crate) fn is_known(&self, input: &str) -> Result<(), SpoolError> {
        let inner = self.lock();
        inner.connection.execute(
            "INSERT INTO inputs (name, next_sequence, is_known) VALUES (?1, 1, 1)
             ON CONFLICT (name) DO UPDATE SET is_known = 1",
            [input],
        )?;
        Ok(())
    }

    /// The place in a journal.
    pub(crate) fn cursor(&self, input: &str) -> Result<Option<String>, SpoolError> {
        let inner = self.lock();
        let cursor: Option<Option<String>> = inner
            .connection
            .query_row("SELECT cursor FROM inputs WHERE name = ?1", [input], |row| {
                row.get(0)
            })
            .optional()?;
        Ok(cursor.flatten())
    }

    /// Contents that were read, with the day on which each was seen last.
    pub(crate) fn seen(&self, input: &str) -> Result<BTreeMap<Digest, i64>, SpoolError> {
        let inner = self.lock();
        let mut statement = inner
            .connection
            .prepare_cached("SELECT digest, day FROM seen WHERE input = ?1")?;
        let rows = statement.query_map([input], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Forgets contents that were not seen since a day.
    pub(crate) fn forget_before(&self, input: &str, day: i64) -> Result<(), SpoolError> {
        let inner = self.lock();
        inner.connection.execute(
            "DELETE FROM seen WHERE input = ?1 AND day < ?2",
            params![input, day],
        )?;
        Ok(())
    }

    /// A disk with so many pages of room, for tests.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: u32) {
        let inner = self.lock();
        let set: i64 = inner
            .connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get(0))
            .unwrap();
        assert!(set > 0);
    }

    /// How many pages there are, for tests.
    #[cfg(test)]
    pub(crate) fn pages(&self) -> u32 {
        let inner = self.lock();
        inner
            .connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap()
    }

    /// Does something while nobody else can use it, for tests.
    #[cfg(test)]
    pub(crate) fn held<T>(&self, meanwhile: impl FnOnce() -> T) -> T {
        let _inner = self.lock();
        meanwhile()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Whatever panicked, its transaction was rolled back.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn insert_gap(connection: &Connection, input: &str, gap: &Gap) -> Result<(), SpoolError> {
    let waiting: i64 = connection.query_row("SELECT count(*) FROM gaps", [], |row| row.get(0))?;
    if waiting as u64 >= GAPS_MOST {
        // Neighbours are put together: the number of records stays right.
        connection.execute(
            "UPDATE gaps SET records = records + ?1, to_ticks = ?2 WHERE rowid = (SELECT max(rowid) FROM gaps)",
            params![gap.records as i64, gap.to.map(Timestamp::ticks)],
        )?;
        return Ok(());
    }
    connection.execute(
        "INSERT INTO gaps (id, input, kind, records, from_ticks, to_ticks, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            gap.id.to_string(),
            input,
            gap.kind.word(),
            gap.records as i64,
            gap.from.map(Timestamp::ticks),
            gap.to.map(Timestamp::ticks),
            gap.detail
        ],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests;
