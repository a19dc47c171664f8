//! What detection remembers of people and addresses that are not in memory, in a file of its own, `detection.db`.
//!
//! It is a cache: everything in it can be worked out again from the events. So it is in no backup, it is not brought up to a newer form but made
//! anew, and a file that is damaged is thrown away. Yet what is said to be written is on disk: a state that should be gone would be wrong.

use super::bytes;
use super::open::make_file;
use crate::control::error::ControlError;
use crate::control::{DetectionGrounds, KeptSubject};
use model::tenant::TenantId;
use model::time::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior, params};
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
/// How often too many are looked for, in states that were written.
const COUNTED_EVERY: usize = 5_000;

/// The file, which is made when something is kept for the first time.
pub(super) struct Subjects {
    path: PathBuf,
    most: usize,
    open: Mutex<Option<Open>>,
}

struct Open {
    connection: Connection,
    /// Written since too many were looked for.
    written: usize,
}

impl Subjects {
    pub(super) fn of(folder: &Path) -> Subjects {
        Subjects::keeping(folder, KEPT_MAX)
    }

    pub(super) fn keeping(folder: &Path, most: usize) -> Subjects {
        Subjects {
            path: folder.join(DETECTION_FILE_NAME),
            most,
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
                .execute("DELETE FROM subjects WHERE tenant = ?1", [bytes(&tenant.guid())])
                .map(drop)
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
        let most = self.most;
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
                if open.written >= COUNTED_EVERY.min(most) {
                    open.written = 0;
                    transaction.execute(
                        "DELETE FROM subjects WHERE rowid IN
                            (SELECT rowid FROM subjects ORDER BY kept DESC, rowid DESC LIMIT -1 OFFSET ?1)",
                        [most as i64],
                    )?;
                }
            }
            transaction.commit()
        })
        .map(drop)
    }

    /// `None` if there is no file and none is to be made. A file that is none any more is thrown away, with all that was in it.
    fn with<T>(
        &self,
        doing: &'static str,
        make: Make,
        act: impl FnOnce(&mut Open) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, ControlError> {
        let mut held = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_none() {
            if make == Make::No && !self.path.exists() {
                return Ok(None);
            }
            *held = Some(self.open(doing)?);
        }
        let Some(open) = held.as_mut() else {
            return Ok(None);
        };
        match act(open) {
            Ok(done) => Ok(Some(done)),
            Err(error) => {
                if is_damaged(&error) {
                    *held = None;
                    self.throw_away(&error.to_string())?;
                }
                Err(ControlError::while_trying(doing)(error))
            }
        }
    }

    fn open(&self, doing: &'static str) -> Result<Open, ControlError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make_file(folder, &self.path)?;
        let failed = ControlError::while_trying(doing);
        let connection = match connect(&self.path) {
            Ok(Some(connection)) => connection,
            Ok(None) => {
                self.throw_away("it is of another form")?;
                make_file(folder, &self.path)?;
                made(&self.path).map_err(failed)?
            }
            Err(error) if is_damaged(&error) => {
                self.throw_away(&error.to_string())?;
                make_file(folder, &self.path)?;
                made(&self.path).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        Ok(Open {
            connection,
            written: 0,
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
        Ok(())
    }
}

/// Whether a file is made that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Make {
    Yes,
    No,
}

fn is_damaged(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
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
