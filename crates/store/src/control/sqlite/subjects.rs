//! What detection remembers of people and addresses that are not in memory, in a file of its own, `detection.db`.
//!
//! It is a cache: everything in it can be worked out again from the events. So it is in no backup, it is not brought up to a newer form but made
//! anew, and a file with which anything is wrong is thrown away. Yet what is said to be written is on disk: a state that should be gone would be wrong.

use super::bytes;
use super::open::make_file;
use crate::control::error::ControlError;
use crate::control::{DetectionGrounds, KeptSubject};
use model::tenant::TenantId;
use model::time::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The file's name in the data folder.
pub const DETECTION_FILE_NAME: &str = "detection.db";

/// `GtLd`, kept in `PRAGMA application_id`.
const APPLICATION_ID: i64 = 0x4774_4C64;
/// A file of another form is made anew.
const FORM: i64 = 1;

const TABLES: &str = "
CREATE TABLE subjects (
    tenant  BLOB NOT NULL,
    name    TEXT NOT NULL,
    grounds INTEGER NOT NULL,
    through INTEGER NOT NULL,
    kept    INTEGER NOT NULL,
    bytes   BLOB NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
CREATE INDEX subjects_by_age ON subjects (kept);
";

/// Of all tenants together; those that were kept longest ago go first. Some 1 kB each (`cargo xtask bench --only detection`), so that the file
/// stays below 1 GB.
const KEPT_MAX: usize = 500_000;
/// If they are larger than they use to be, a tenth of them goes for this.
const BYTES_MAX: i64 = 1 << 30;
/// The log beside the file gets as short as this again.
const LOG_BYTES_KEPT: i64 = 8 << 20;
/// How often too many are looked for, in states that were written.
const COUNTED_EVERY: usize = 5_000;

/// The file, which is made when something is kept for the first time.
pub(super) struct Subjects {
    path: PathBuf,
    bound: Bound,
    open: Mutex<Option<Open>>,
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) most: usize,
    pub(super) most_bytes: i64,
}

struct Open {
    connection: Connection,
    /// Written since too many were looked for.
    written: usize,
}

impl Subjects {
    pub(super) fn of(folder: &Path) -> Subjects {
        let bound = Bound {
            most: KEPT_MAX,
            most_bytes: BYTES_MAX,
        };
        Subjects::keeping(folder, bound)
    }

    pub(super) fn keeping(folder: &Path, bound: Bound) -> Subjects {
        Subjects {
            path: folder.join(DETECTION_FILE_NAME),
            bound,
            open: Mutex::new(None),
        }
    }

    /// Removes a tenant's states that rest on other grounds, or on commits that there are not.
    pub(super) fn retain(&self, tenant: TenantId, grounds: DetectionGrounds) -> Result<(), ControlError> {
        let sql = "DELETE FROM subjects WHERE tenant = ?1 AND (grounds <> ?2 OR through > ?3)";
        let (number, last) = (grounds.number.cast_signed(), grounds.last_commit.cast_signed());
        self.with("forget states of detection", Make::No, |open| {
            open.connection
                .execute(sql, params![bytes(&tenant.guid()), number, last])
                .map(drop)
        })
        .map(drop)
    }

    pub(super) fn clear(&self, tenant: TenantId) -> Result<(), ControlError> {
        self.with("forget states of detection", Make::No, |open| {
            open.connection
                .execute("DELETE FROM subjects WHERE tenant = ?1", [bytes(&tenant.guid())])?;
            open.connection
                .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        })
        .map(drop)
    }

    pub(super) fn get(&self, tenant: TenantId, name: &str) -> Result<Option<Vec<u8>>, ControlError> {
        let found = self.with("read a state of detection", Make::No, |open| {
            open.connection
                .prepare_cached("SELECT bytes FROM subjects WHERE tenant = ?1 AND name = ?2")?
                .query_row(params![bytes(&tenant.guid()), name], |row| row.get(0))
                .optional()
        })?;
        Ok(found.flatten())
    }

    pub(super) fn put(
        &self,
        tenant: TenantId,
        grounds: DetectionGrounds,
        now: Timestamp,
        subjects: &[KeptSubject],
    ) -> Result<(), ControlError> {
        let is_something_kept = subjects.iter().any(|subject| subject.state.is_some());
        let make = if is_something_kept { Make::Yes } else { Make::No };
        let bound = self.bound;
        self.with("keep states of detection", make, |open| {
            let transaction = open
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let mut keep = transaction.prepare_cached(
                    "INSERT OR REPLACE INTO subjects (tenant, name, grounds, through, kept, bytes)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?;
                let mut remove =
                    transaction.prepare_cached("DELETE FROM subjects WHERE tenant = ?1 AND name = ?2")?;
                for subject in subjects {
                    let guid = tenant.guid();
                    match &subject.state {
                        Some(state) => keep.execute(params![
                            bytes(&guid),
                            subject.name,
                            grounds.number.cast_signed(),
                            grounds.last_commit.cast_signed(),
                            now.ticks(),
                            state
                        ])?,
                        None => remove.execute(params![bytes(&guid), subject.name])?,
                    };
                }
                open.written += subjects.len();
                if open.written >= COUNTED_EVERY.min(bound.most) {
                    open.written = 0;
                    bound.trim(&transaction)?;
                }
            }
            transaction.commit()
        })
        .map(drop)
    }

    /// `None` if there is no file and none is to be made. A file with which anything goes wrong is thrown away, with all that was in it: then nothing
    /// is kept, which is always right, and detection goes on.
    fn with<T>(
        &self,
        doing: &'static str,
        make: Make,
        act: impl FnOnce(&mut Open) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, ControlError> {
        let mut held = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() && make == Make::No && !self.path.exists() {
            return Ok(None);
        }
        let done = match held.as_mut() {
            Some(open) => act(open),
            None => act(held.insert(self.open(doing)?)),
        };
        match done {
            Ok(done) => Ok(Some(done)),
            Err(error) => {
                *held = None;
                self.throw_away(&error.to_string())?;
                Ok(None)
            }
        }
    }

    fn open(&self, doing: &'static str) -> Result<Open, ControlError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make_file(folder, &self.path)?;
        let connection = match connect(&self.path) {
            Ok(Some(connection)) => connection,
            wrong => {
                let reason = wrong
                    .err()
                    .map_or("it is of another form".to_owned(), |error| error.to_string());
                self.throw_away(&reason)?;
                make_file(folder, &self.path)?;
                made(&self.path).map_err(ControlError::while_trying(doing))?
            }
        };
        Ok(Open {
            connection,
            written: COUNTED_EVERY,
        })
    }

    /// What was in it is worked out again from the events.
    fn throw_away(&self, reason: &str) -> Result<(), ControlError> {
        tracing::warn!(
            "{} is made anew, and people and addresses are judged from their histories: {reason}",
            self.path.display()
        );
        for end in ["", "-wal", "-shm"] {
            let mut path = self.path.clone().into_os_string();
            path.push(end);
            let path = PathBuf::from(path);
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(source) => {
                    let doing = "remove";
                    return Err(ControlError::File { doing, path, source });
                }
            }
        }
        // Or it would be there again after a power cut, and behind what was judged.
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let synced = fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|source| ControlError::File {
            doing: "write the folder",
            path: folder.to_owned(),
            source,
        })
    }
}

impl Bound {
    /// Removes what is too much, of what was kept longest ago.
    fn trim(&self, connection: &Connection) -> rusqlite::Result<()> {
        let remove = "DELETE FROM subjects WHERE rowid IN
            (SELECT rowid FROM subjects ORDER BY kept DESC, rowid DESC LIMIT -1 OFFSET ?1)";
        connection.execute(remove, [self.most as i64])?;
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let pages = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
        if pages * number("PRAGMA page_size")? > self.most_bytes {
            let left = number("SELECT count(*) FROM subjects")? * 9 / 10;
            connection.execute(remove, [left])?;
        }
        Ok(())
    }
}

/// Whether a file is made that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    Yes,
    No,
}

/// `None` if the file is of another form.
fn connect(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    // The data folder has one owner at a time.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let (application_id, form) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
    let is_new = number("SELECT count(*) FROM sqlite_schema")? == 0;
    if !is_new && (application_id, form) != (APPLICATION_ID, FORM) {
        return Ok(None);
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    // What is removed is of people who may have to be forgotten.
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    if is_new {
        connection.execute_batch(&format!(
            "BEGIN IMMEDIATE;\n{TABLES}\nPRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {FORM};\nCOMMIT;"
        ))?;
    }
    Ok(Some(connection))
}

/// In an empty file.
fn made(path: &Path) -> rusqlite::Result<Connection> {
    connect(path)?.ok_or(rusqlite::Error::InvalidQuery)
}
