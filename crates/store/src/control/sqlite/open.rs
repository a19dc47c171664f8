//! Opens the file: checks that it is ours and of a schema that we know, and makes it if it is not there.

use crate::control::error::ControlError;
use crate::control::schema::{APPLICATION_ID, FROM_1_TO_2, FROM_2_TO_3, SCHEMA, SCHEMA_VERSION};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

/// The file's name in the data folder.
pub const CONTROL_FILE_NAME: &str = "control.db";

/// Hashes of secrets are nobody else's business.
const FILE_MODE: u32 = 0o600;

/// How long a start waits for a process that is just ending.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// What a file says it is.
struct Stamp {
    application_id: i64,
    schema_version: i64,
    tables: i64,
}

pub(super) fn open(folder: &Path) -> Result<Connection, ControlError> {
    let path = folder.join(CONTROL_FILE_NAME);
    make_file(folder, &path)?;

    let failed = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ControlError::InUse { path: path.clone() }
        }
        Some(ErrorCode::NotADatabase) => ControlError::NotAControlStore { path: path.clone() },
        _ => ControlError::Database {
            doing: "be opened",
            source,
        },
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // Before the first access: then the process has the file to itself until it ends.
    connection
        .pragma_update(None, "locking_mode", "EXCLUSIVE")
        .map_err(failed)?;

    let stamp = stamp(&connection).map_err(failed)?;
    let is_new = stamp.application_id == 0 && stamp.schema_version == 0 && stamp.tables == 0;
    if !is_new && stamp.application_id != APPLICATION_ID {
        return Err(ControlError::NotAControlStore { path });
    }
    if stamp.schema_version > SCHEMA_VERSION {
        return Err(ControlError::NewerSchema {
            path,
            found: stamp.schema_version,
        });
    }

    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(failed)?;
    // An acknowledged change survives a power cut.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(failed)?;
    connection
        .pragma_update(None, "foreign_keys", "ON")
        .map_err(failed)?;
    connection
        .pragma_update(None, "trusted_schema", "OFF")
        .map_err(failed)?;
    if is_new {
        // One transaction: a kill in between leaves an empty file, which is new again at the next start.
        let stamped = format!(
            "BEGIN IMMEDIATE;\n{SCHEMA}\n{FROM_1_TO_2}\n{FROM_2_TO_3}\nPRAGMA application_id = {APPLICATION_ID};\n\
             PRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
        );
        connection.execute_batch(&stamped).map_err(failed)?;
    } else if stamp.schema_version < SCHEMA_VERSION {
        let from_1 = if stamp.schema_version == 1 {
            FROM_1_TO_2
        } else {
            ""
        };
        let raised = format!(
            "BEGIN IMMEDIATE;\n{from_1}\n{FROM_2_TO_3}\nPRAGMA user_version = {SCHEMA_VERSION};\nCOMMIT;"
        );
        connection.execute_batch(&raised).map_err(failed)?;
    }
    Ok(connection)
}

/// Makes the file with its mode before SQLite could make it with a wider one; its journal files inherit the mode.
pub(super) fn make_file(folder: &Path, path: &Path) -> Result<(), ControlError> {
    let failed = |doing: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| ControlError::File { doing, path, source }
    };
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
    {
        Ok(_) => {
            let folder_file = File::open(folder).map_err(failed("open the folder", folder))?;
            folder_file.sync_all().map_err(failed("write the folder", folder))
        }
        // By its name only: opening and closing a database that is in use would drop its locks.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::set_permissions(path, Permissions::from_mode(FILE_MODE))
                .map_err(failed("set the mode of", path))
        }
        Err(error) => Err(failed("make", path)(error)),
    }
}

fn stamp(connection: &Connection) -> rusqlite::Result<Stamp> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get(0));
    Ok(Stamp {
        application_id: number("PRAGMA application_id")?,
        schema_version: number("PRAGMA user_version")?,
        tables: number("SELECT count(*) FROM sqlite_schema")?,
    })
}
