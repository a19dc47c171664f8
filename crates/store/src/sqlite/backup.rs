//! Copies of single files while others write to them, and the promise that no month leaves while a backup is taken.

use super::schema::{self, failure};
use super::tenant::CATALOGUE_FILE;
use crate::error::StoreError;
use model::tenant::TenantId;
use model::time::Month;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Pages that one step copies: 4 MiB of a month. Between two steps whoever else wants the disk has it.
const STEP_PAGES: i32 = 256;
/// How often a copy may be begun again because somebody wrote, before the file is held as it is.
const FREE_TRIES: u32 = 2;
/// What a month's log may grow by while it is held, or by the month's own size if that is more.
const LOG_GROWTH: u64 = 1 << 30;
/// How often a step asks for a lock that somebody holds, and how long it waits in between: half a minute together.
const LOCK_TRIES: u32 = 1_500;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How many backups are being taken. A purge has it alone.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<usize>);

/// A backup under way; it ends when this is dropped.
pub(super) struct Hold(Arc<UnderWay>);

impl UnderWay {
    /// Waits for a purge that is at work, and lets none begin.
    pub(super) fn begin(self: &Arc<UnderWay>) -> Hold {
        *self.count() += 1;
        Hold(Arc::clone(self))
    }

    /// Lets no backup begin while the answer lives; `None` if one is being taken.
    pub(super) fn hold_off(&self) -> Option<MutexGuard<'_, usize>> {
        Some(self.count()).filter(|count| **count == 0)
    }

    /// Whether one may be under way. It does not wait for who holds them off.
    pub(super) fn may_be_under_way(&self) -> bool {
        !self.0.try_lock().is_ok_and(|count| *count == 0)
    }

    fn count(&self) -> MutexGuard<'_, usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        *self.0.count() -= 1;
    }
}

/// The catalogue and the months of a tenant, as its folder has them: nothing is loaded for that, and so nothing brought
/// up to another schema.
pub(super) fn files_of(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |error: std::io::Error| StoreError::Folder {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    let mut months = Vec::new();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if name == CATALOGUE_FILE {
            files.push(name);
        } else if name.strip_suffix(".db").and_then(Month::parse).is_some() {
            months.push(name);
        }
    }
    months.sort_unstable();
    files.extend(months);
    Ok(files)
}

/// What became of a file that was to be copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// The copy is whole, and as the file was at one moment during the call.
    Whole,
    /// The file's making was cut off: there is nothing in it, and no copy was made.
    NothingThere,
}

/// Copies a month or a catalogue that other threads or processes may be writing to. The copy is a file of its own (0600)
/// without a log; it is not yet durable.
///
/// A file that nobody writes to is copied step by step without holding anything in between. One that changes meanwhile
/// would have to be begun again for ever, so it is held as it is: then its log cannot be taken in until the copy is done,
/// and grows. That is bounded: a log that grows by more than the month itself ends the copy with an error.
pub fn copy(from: &Path, to: &Path) -> Result<Copied, StoreError> {
    let Some(source) = schema::open_if_made(from)? else {
        return Ok(Copied::NothingThere);
    };
    for _ in 0..FREE_TRIES {
        if copy_free(from, &source, to, &mut make_target(to)?)? == Pass::Done {
            return Ok(Copied::Whole);
        }
        // Without a journal there is no way back from the half of a copy: the next one is a new file.
        std::fs::remove_file(to).map_err(|error| StoreError::NotWritable {
            path: to.to_owned(),
            reason: error.to_string(),
        })?;
    }
    copy_held(from, &source, to, &mut make_target(to)?)?;
    Ok(Copied::Whole)
}

/// Whether a copied month or catalogue can be opened by this version.
pub fn can_be_opened(path: &Path) -> Result<(), StoreError> {
    schema::open_if_made(path).map(drop)
}

/// Begins a new epoch for a tenant whose catalogue is at `path`: see [`crate::events::EventStore::epoch`].
pub fn raise_epoch(path: &Path, tenant: TenantId, least: u64) -> Result<u64, StoreError> {
    super::catalogue::raise_epoch(path, tenant, least)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    Done,
    /// Somebody wrote, and SQLite began again.
    BegunAgain,
}

/// Nobody needs the half of a copy, so it is written without a journal and without waiting for the disk.
fn make_target(to: &Path) -> Result<Connection, StoreError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|error| StoreError::NotWritable {
            path: to.to_owned(),
            reason: error.to_string(),
        })?;
    let open = || -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let target = Connection::open_with_flags(to, flags)?;
        target.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
        target.pragma_update(None, "synchronous", "OFF")?;
        Ok(target)
    };
    open().map_err(|error| failure(to, &error))
}

fn copy_free(
    from: &Path,
    source: &Connection,
    to: &Path,
    target: &mut Connection,
) -> Result<Pass, StoreError> {
    let backup = Backup::new(source, target).map_err(|error| failure(to, &error))?;
    let mut left_before = i32::MAX;
    while step(from, &backup, to)? == StepResult::More {
        let left = backup.progress().remaining;
        if left >= left_before {
            return Ok(Pass::BegunAgain);
        }
        left_before = left;
    }
    Ok(Pass::Done)
}

fn copy_held(from: &Path, source: &Connection, to: &Path, target: &mut Connection) -> Result<(), StoreError> {
    let held = source
        .unchecked_transaction()
        .map_err(|error| failure(from, &error))?;
    // The first question is what holds it.
    held.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
        .map_err(|error| failure(from, &error))?;
    let log = PathBuf::from(format!("{}-wal", from.display()));
    // By name only: a live database must not be opened but by SQLite.
    let length = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let most = length(&log) + length(from).max(LOG_GROWTH);
    let backup = Backup::new(&held, target).map_err(|error| failure(to, &error))?;
    while step(from, &backup, to)? == StepResult::More {
        if length(&log) > most {
            return Err(StoreError::Backend {
                path: from.to_owned(),
                reason: "more was written to it than it holds while it was copied; copy to a faster disk, or while less \
                         is brought"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// One step of a copy, waiting for locks that others hold for a moment.
fn step(from: &Path, backup: &Backup<'_, '_>, to: &Path) -> Result<StepResult, StoreError> {
    for _ in 0..LOCK_TRIES {
        let stepped = backup.step(STEP_PAGES).map_err(|error| failure(to, &error))?;
        if !matches!(stepped, StepResult::Busy | StepResult::Locked) {
            return Ok(stepped);
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Err(StoreError::Backend {
        path: from.to_owned(),
        reason: "somebody holds its lock and does not let go".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn month_file(folder: &Path, rows: i64) -> (PathBuf, Connection) {
        let path = folder.join("2017-05.db");
        let tenant = TenantId::new(uuid::Uuid::from_u128(7));
        let month = Month::parse("2017-05").unwrap();
        let writer = schema::open_partition_writer(&path, tenant, month).unwrap();
        writer
            .execute_batch("CREATE TABLE pair(a INTEGER, b INTEGER, filler BLOB)")
            .unwrap();
        for _ in 0..rows {
            put(&writer);
        }
        (path, writer)
    }

    /// Two rows that belong together, in two places of the file.
    fn put(writer: &Connection) {
        let transaction = writer.unchecked_transaction().unwrap();
        transaction
            .execute("UPDATE meta SET last_seq = last_seq + 1", [])
            .unwrap();
        transaction
            .execute(
                "INSERT INTO pair SELECT last_seq, last_seq, randomblob(65536) FROM meta",
                [],
            )
            .unwrap();
        transaction.commit().unwrap();
    }

    fn state(path: &Path) -> (i64, i64) {
        let connection = Connection::open(path).unwrap();
        let ask = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        (ask("SELECT last_seq FROM meta"), ask("SELECT count(*) FROM pair"))
    }

    #[test]
    fn a_copy_has_all_that_was_committed_also_what_only_the_log_has() {
        let folder = tempfile::tempdir().unwrap();
        let (path, _writer) = month_file(folder.path(), 20);
        let to = folder.path().join("copy.db");
        assert_eq!(copy(&path, &to).unwrap(), Copied::Whole);
        assert_eq!(state(&to), (20, 20));
        assert!(!folder.path().join("copy.db-wal").exists());
    }

    #[test]
    fn a_copy_of_a_file_that_is_written_without_pause_ends_and_is_of_one_moment() {
        let folder = tempfile::tempdir().unwrap();
        let (path, writer) = month_file(folder.path(), 400);
        let stop = AtomicBool::new(false);
        let copies = std::thread::scope(|scope| {
            scope.spawn(|| {
                let writer = writer;
                while !stop.load(Ordering::Relaxed) {
                    put(&writer);
                }
            });
            let copies: Vec<_> = (0..3)
                .map(|number| {
                    let to = folder.path().join(format!("copy-{number}.db"));
                    (state(&path).0, copy(&path, &to), to)
                })
                .collect();
            stop.store(true, Ordering::Relaxed);
            copies
        });
        for (before, copied, to) in copies {
            assert_eq!(copied.unwrap(), Copied::Whole);
            let sound: String = Connection::open(&to)
                .unwrap()
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(sound, "ok");
            let (counted, there) = state(&to);
            assert!(counted >= before, "{counted} of {before}");
            assert_eq!(counted, there);
        }
    }

    #[test]
    fn a_file_that_was_never_made_gives_no_copy() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("2017-05.db"), folder.path().join("copy.db"));
        std::fs::write(&from, b"").unwrap();
        assert_eq!(copy(&from, &to).unwrap(), Copied::NothingThere);
        assert_eq!(
            copy(&folder.path().join("2017-06.db"), &to).unwrap(),
            Copied::NothingThere
        );
        assert!(!to.exists());
    }

    #[test]
    fn no_month_is_freed_while_any_backup_is_taken() {
        let under_way = Arc::new(UnderWay::default());
        let (first, second) = (under_way.begin(), under_way.begin());
        assert!(under_way.hold_off().is_none());
        drop(first);
        assert!(under_way.hold_off().is_none());
        drop(second);
        assert!(under_way.hold_off().is_some());
    }
}
