//! Finds files of a newer version before the first of them is opened, so that a start refuses what a request would stumble on.

use super::schema;
use crate::error::StoreError;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Where a SQLite file has its `user_version`, in big-endian bytes (the file format, 1.3).
const USER_VERSION_AT: usize = 60;
const HEADER_BYTES: usize = 64;

/// Refuses a store in which a month or a catalogue is of a newer schema. Reads a few bytes of each file, past SQLite: the
/// caller holds the data folder, and none of them is open yet. What only a log beside a file tells is refused later, when
/// the file is opened.
pub(super) fn refuse(tenants_folder: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| StoreError::Folder {
        path: tenants_folder.to_owned(),
        reason: error.to_string(),
    };
    for tenant in fs::read_dir(tenants_folder).map_err(failed)? {
        let Ok(files) = fs::read_dir(tenant.map_err(failed)?.path()) else {
            continue;
        };
        for file in files {
            let path = file.map_err(failed)?.path();
            let is_database = path.extension().is_some_and(|extension| extension == "db");
            if is_database
                && let Some(found) = schema_of(&path)
                && found > schema::known_version(&path)
            {
                let known = schema::known_version(&path);
                return Err(StoreError::NewerSchema { path, found, known });
            }
        }
    }
    Ok(())
}

/// What cannot be read says nothing here; whoever opens the file is told.
fn schema_of(path: &Path) -> Option<i64> {
    let mut header = [0; HEADER_BYTES];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    let version = header[USER_VERSION_AT..].try_into().ok()?;
    Some(i64::from(i32::from_be_bytes(version)))
}
