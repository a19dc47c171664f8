//! The tables of a month file and of a tenant's catalogue, and how their connections are opened.

use super::tables;
use super::tenant::CATALOGUE_FILE;
use crate::error::StoreError;
use model::tenant::TenantId;
use model::time::Month;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, params};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The schema of month files that this version writes.
pub const SCHEMA_VERSION: i64 = 4;
/// The schema of catalogues that this version writes.
pub(super) const CATALOGUE_VERSION: i64 = 2;
/// What `PRAGMA synchronous` answers when every commit waits for the disk.
const SYNCHRONOUS_FULL: i64 = 2;
/// What the cache of the month file holds that one thread is writing to. It takes the pages that a commit of some thousand
/// events touches; with less a commit spills some of them in the middle. All other month files that the thread keeps open share
/// as much again, however many months and tenants there are.
const THREAD_CACHE_KIB: usize = 16_384;
/// None of those others has more than this, or the service would hold more and more while months are freed.
const WAITING_CACHE_KIB: usize = 2_048;
/// Pages in a write-ahead log that bring on a checkpoint: pages that are written again and again reach the file once.
const CHECKPOINT_PAGES: i64 = 2_000;
/// What stays of a write-ahead log once its pages are in the file: a thousand tenants have one each.
const LOG_BYTES_KEPT: i64 = 4 << 20;
/// Ticks in a slot of `events_identity` are two to the power of this.
const SLOT_SHIFT: u32 = 32;
/// "GATE": tells our files from other SQLite databases.
const APPLICATION_ID: i64 = 0x4741_5445;
/// How long a statement waits for another connection's lock.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// Rows of half a kilobyte to a kilobyte: a page of 100 rows touches half a dozen of these.
const PAGE_BYTES: u32 = 16_384;

/// The slot of an instant, as `time >> 32` says it in SQL.
pub(super) fn slot(time_ticks: i64) -> i64 {
    time_ticks >> SLOT_SHIFT
}

/// Opens a month for writing, making it if it is not there.
pub(super) fn open_partition_writer(
    path: &Path,
    tenant: TenantId,
    month: Month,
) -> Result<Connection, StoreError> {
    let connection = open_writer(
        path,
        tenant,
        &[
            tables::PARTITION,
            tables::ADDED_BY_2,
            tables::ADDED_BY_3,
            tables::ADDED_BY_4,
        ],
        SCHEMA_VERSION,
        |connection| {
            connection.execute(
                "INSERT INTO meta(id, tenant, month) VALUES (1, ?1, ?2)",
                params![tenant.guid().as_bytes(), month.number()],
            )?;
            Ok(())
        },
    )?;
    let stored: i32 = connection
        .query_row("SELECT month FROM meta", [], |row| row.get(0))
        .map_err(|error| failure(path, &error))?;
    if stored != month.number() {
        return Err(StoreError::NotOurs {
            path: path.to_owned(),
            tenant: tenant.to_string(),
        });
    }
    Ok(connection)
}

/// Opens a tenant's catalogue for writing, making it if it is not there.
pub(super) fn open_catalogue(path: &Path, tenant: TenantId) -> Result<Connection, StoreError> {
    let tables = &[tables::CATALOGUE, tables::CATALOGUE_ADDED_BY_2];
    open_writer(path, tenant, tables, CATALOGUE_VERSION, |connection| {
        connection.execute(
            "INSERT INTO meta(id, tenant) VALUES (1, ?1)",
            params![tenant.guid().as_bytes()],
        )?;
        Ok(())
    })
}

/// Opens a file for reading only; `None` if it is not there, or if a kill or a full disk cut its making off: it has no
/// tables then, and the next write makes them.
pub(super) fn open_if_made(path: &Path) -> Result<Option<Connection>, StoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let opened = open_for_reading(path).and_then(|connection| {
        // The first question of all makes the write-ahead log if there is none.
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        Ok(connection)
    });
    let connection = match opened {
        Err(_) if has_no_log(path) && is_on_read_only_disk(path) => open_without_log(path),
        opened => opened,
    }
    .map_err(|error| failure(path, &error))?;
    Ok(match making(path, &connection)? {
        Making::CutOff => None,
        Making::Done => Some(connection),
    })
}

fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    configure_reader(&connection)?;
    Ok(connection)
}

/// Whether a file was closed in good order: everything is in it.
fn has_no_log(path: &Path) -> bool {
    !PathBuf::from(format!("{}-wal", path.display())).exists()
}

/// Whether nothing can be made beside a file because the disk is read-only now, which it was not at the start.
fn is_on_read_only_disk(path: &Path) -> bool {
    let probe = path.with_extension("probe");
    match File::create_new(&probe) {
        Ok(_) => {
            // A probe that stays is never looked at.
            let _ = std::fs::remove_file(&probe);
            false
        }
        Err(error) => error.kind() == ErrorKind::ReadOnlyFilesystem,
    }
}

/// Reads a file as one that does not change: otherwise SQLite makes a write-ahead log even for reading, and cannot. Such a
/// connection must not be kept: once the disk can be written again, the file may change.
fn open_without_log(path: &Path) -> rusqlite::Result<Connection> {
    let mut escaped = String::new();
    for character in path.display().to_string().chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '?' => escaped.push_str("%3f"),
            '#' => escaped.push_str("%23"),
            other => escaped.push(other),
        }
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)?;
    configure_reader(&connection)?;
    Ok(connection)
}

/// Whether a reader may be kept for the next question.
pub(super) fn may_be_kept(connection: &Connection) -> bool {
    !connection.is_readonly("main").unwrap_or(true)
}

/// The file is something else.
pub(super) fn not_ours(path: &Path) -> StoreError {
    StoreError::NotOurs {
        path: path.to_owned(),
        tenant: "any tenant".to_owned(),
    }
}

/// What a SQLite error means to the one who called.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { path },
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied,
        ) => StoreError::NotWritable { path, reason },
        _ => StoreError::Backend { path, reason },
    }
}

fn open_writer(
    path: &Path,
    tenant: TenantId,
    tables: &[&str],
    version: i64,
    fill: impl Fn(&Connection) -> rusqlite::Result<()>,
) -> Result<Connection, StoreError> {
    let is_new = !path.exists();
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| failure(path, &error))?;
    connection
        .busy_timeout(BUSY_WAIT)
        .map_err(|error| failure(path, &error))?;
    // Looked at before anything is set: what is not ours stays as it is.
    let making = making(path, &connection)?;
    configure_writer(&connection).map_err(|error| failure(path, &error))?;
    check_durability(path, &connection)?;
    if making == Making::CutOff {
        create(&connection, tables, version, fill).map_err(|error| failure(path, &error))?;
    }
    let owner: Vec<u8> = connection
        .query_row("SELECT tenant FROM meta", [], |row| row.get(0))
        .map_err(|error| failure(path, &error))?;
    if owner != tenant.guid().as_bytes() {
        return Err(StoreError::NotOurs {
            path: path.to_owned(),
            tenant: tenant.to_string(),
        });
    }
    if is_new && let Some(parent) = path.parent() {
        crate::folder::sync_folder(parent)?;
    }
    Ok(connection)
}

fn create(
    connection: &Connection,
    tables: &[&str],
    version: i64,
    fill: impl Fn(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    for tables in tables {
        transaction.execute_batch(tables)?;
    }
    fill(&transaction)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()
}

/// How far a file got when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Making {
    /// It is empty, or has a header and no table.
    CutOff,
    /// It has its tables, which come in one transaction.
    Done,
}

/// Whether a file is ours and of a version that is known here.
fn making(path: &Path, connection: &Connection) -> Result<Making, StoreError> {
    let look = || -> rusqlite::Result<(i64, i64, i64)> {
        let tables = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
        Ok((
            pragma(connection, "user_version")?,
            pragma(connection, "application_id")?,
            tables,
        ))
    };
    let (found, application, tables) = look().map_err(|error| failure(path, &error))?;
    if (found, application, tables) == (0, 0, 0) {
        return Ok(Making::CutOff);
    }
    if application != APPLICATION_ID {
        return Err(not_ours(path));
    }
    let known = known_version(path);
    if found > known {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(Making::Done)
}

/// The newest schema of a file that this version reads: catalogues and months count their own.
pub(super) fn known_version(path: &Path) -> i64 {
    if path.file_name().is_some_and(|name| name == CATALOGUE_FILE) {
        CATALOGUE_VERSION
    } else {
        SCHEMA_VERSION
    }
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// Gives a writer its share of what the caches of a thread may hold; what is above it is let go at once.
pub(super) fn share_writer_cache(connection: &Connection, open_writers: usize) -> rusqlite::Result<()> {
    let kib = match open_writers {
        0 | 1 => THREAD_CACHE_KIB,
        several => WAITING_CACHE_KIB.min(THREAD_CACHE_KIB / several),
    };
    connection.pragma_update(None, "cache_size", -(kib as i64))
}

/// WAL and FULL: a commit is on the disk when it returns, and readers never wait for it.
fn configure_writer(connection: &Connection) -> rusqlite::Result<()> {
    keep_plans(connection)?;
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    share_writer_cache(connection, 1)?;
    // What the cache let go is read back without copying.
    connection.query_row("PRAGMA mmap_size = 8589934592", [], |_| Ok(()))?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.query_row(
        &format!("PRAGMA journal_size_limit = {LOG_BYTES_KEPT}"),
        [],
        |_| Ok(()),
    )?;
    connection.set_prepared_statement_cache_capacity(48);
    Ok(())
}

/// Statements keep their plan whatever values they are given. Otherwise SQLite may prepare a statement again for each question,
/// which costs more than a page of rows.
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(drop)
}

/// Some file systems refuse WAL without an error; an acknowledgement from there would be a guess.
fn check_durability(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let read = || -> rusqlite::Result<(String, i64)> {
        let journal: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
        Ok((journal, pragma(connection, "synchronous")?))
    };
    let (journal, synchronous) = read().map_err(|error| failure(path, &error))?;
    if journal == "wal" && synchronous == SYNCHRONOUS_FULL {
        return Ok(());
    }
    Err(StoreError::Folder {
        path: path.to_owned(),
        reason: format!(
            "this file system gives journal_mode {journal} and synchronous {synchronous} where a write-ahead log with full \
             syncs is needed; put the data folder on a local disk"
        ),
    })
}

fn configure_reader(connection: &Connection) -> rusqlite::Result<()> {
    keep_plans(connection)?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -1_024)?;
    connection.query_row("PRAGMA mmap_size = 8589934592", [], |_| Ok(()))?;
    connection.set_prepared_statement_cache_capacity(16);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path) -> Result<Connection, StoreError> {
        let tenant = TenantId::new(uuid::Uuid::from_u128(7));
        open_partition_writer(
            &folder.join("2017-05.db"),
            tenant,
            Month::parse("2017-05").unwrap(),
        )
    }

    #[test]
    fn writers_share_what_the_caches_of_a_thread_hold() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(folder.path()).unwrap();
        for (open_writers, expected) in [(1, -16_384), (2, -2_048), (4, -2_048), (24, -682)] {
            share_writer_cache(&connection, open_writers).unwrap();
            assert_eq!(
                pragma(&connection, "cache_size").unwrap(),
                expected,
                "{open_writers}"
            );
        }
    }

    fn check(name: &str, expected: &str) {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(folder.path()).unwrap();
        let got = connection
            .query_row(&format!("PRAGMA {name}"), [], |row| {
                row.get::<_, rusqlite::types::Value>(0)
            })
            .unwrap();
        let got = match got {
            rusqlite::types::Value::Integer(number) => number.to_string(),
            rusqlite::types::Value::Text(text) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(got, expected, "{name}");
    }

    #[test]
    fn the_writer_waits_for_the_disk() {
        check("journal_mode", "wal");
        check("synchronous", "2");
        check("page_size", "16384");
        check("user_version", "4");
        check("application_id", "1195463749");
    }

    #[test]
    fn a_file_of_a_newer_version_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path())
            .unwrap()
            .pragma_update(None, "user_version", 5)
            .unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::NewerSchema {
                    found: 5,
                    known: 4,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_catalogue_of_a_newer_version_is_refused_although_months_count_further() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CATALOGUE_FILE);
        let tenant = TenantId::new(uuid::Uuid::from_u128(7));
        open_catalogue(&path, tenant)
            .unwrap()
            .pragma_update(None, "user_version", 3)
            .unwrap();
        let error = open_catalogue(&path, tenant).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::NewerSchema {
                    found: 3,
                    known: 2,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn a_file_of_another_tenant_or_month_or_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("2017-05.db");
        drop(open(folder.path()).unwrap());
        let other = TenantId::new(uuid::Uuid::from_u128(8));
        let month = Month::parse("2017-05").unwrap();
        assert!(matches!(
            open_partition_writer(&path, other, month),
            Err(StoreError::NotOurs { .. })
        ));
        let june = Month::parse("2017-06").unwrap();
        let ours = TenantId::new(uuid::Uuid::from_u128(7));
        assert!(matches!(
            open_partition_writer(&path, ours, june),
            Err(StoreError::NotOurs { .. })
        ));
        let foreign = folder.path().join("foreign.db");
        let connection = Connection::open(&foreign).unwrap();
        connection
            .execute_batch("CREATE TABLE t(x); PRAGMA user_version = 1")
            .unwrap();
        drop(connection);
        assert!(matches!(open_if_made(&foreign), Err(StoreError::NotOurs { .. })));
    }
}
