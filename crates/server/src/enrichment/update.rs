//! Puts a newer file below the data folder, after it was read from its beginning to its end.

use super::files::{self, Folder, MOST_DATABASE_BYTES, MOST_LIST_BYTES, MOST_PLACES};
use enrich::{CountryTable, Database, List};
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::io;
use std::path::{Path, PathBuf};

/// What is put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Update {
    /// Countries: a file in MaxMind's format, or a table of ours.
    Countries(PathBuf),
    /// Places: files in MaxMind's format, which take the place of those that were put there before.
    Places(Vec<PathBuf>),
    /// A newer edition of a list.
    List {
        /// What it says of its addresses.
        class: ListClass,
        /// What it is called.
        name: String,
        /// Where it is.
        file: PathBuf,
    },
}

/// What was put there.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Updated {
    /// The file below the data folder.
    pub file: String,
    /// As of when it is.
    pub as_of: String,
    /// How many ranges, networks or entries it has.
    pub entries: u64,
}

/// Why nothing was put there.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The file is not good.
    #[error("{0}; nothing was changed")]
    Refused(String),
    /// The data folder would not take it.
    #[error("cannot write {path}: {source}")]
    Unwritable {
        /// Where it should have gone.
        path: String,
        /// Why not.
        source: io::Error,
    },
}

/// Checks files and puts them below the data folder, each whole or not at all. The server takes them over when it looks next.
pub fn update(data: &Path, what: &Update) -> Result<Vec<Updated>, UpdateError> {
    let folder = Folder::of(data);
    match what {
        Update::Countries(file) => Ok(vec![countries(&folder, file)?]),
        Update::Places(files) => places(&folder, files),
        Update::List { class, name, file } => Ok(vec![list(&folder, *class, name, file)?]),
    }
}

fn countries(folder: &Folder, file: &Path) -> Result<Updated, UpdateError> {
    let bytes = files::bytes(file, MOST_DATABASE_BYTES).map_err(UpdateError::Refused)?;
    let table = if CountryTable::is_one(&bytes) {
        CountryTable::from_bytes(&bytes).map_err(|error| refused(file, &error))?
    } else {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let database = Database::open(&file.to_string_lossy(), bytes).map_err(|error| plainly(&error))?;
        let source = format!("{name} ({})", database.title());
        // Reads every record on its way.
        database.countries(&source).map_err(|error| plainly(&error))?
    };
    let target = folder.countries();
    let present = files::bytes(&target, MOST_LIST_BYTES).ok();
    let present = present.and_then(|bytes| CountryTable::from_bytes(&bytes).ok());
    let embedded = CountryTable::embedded().map_err(|error| refused(&target, &error))?;
    let in_force = present.map_or(embedded.as_of(), |present| present.as_of().max(embedded.as_of()));
    if table.as_of() < in_force {
        return Err(UpdateError::Refused(format!(
            "{} is as of {}, older than the countries in force ({in_force})",
            file.display(),
            table.as_of()
        )));
    }
    let packed = table.to_bytes().map_err(|error| refused(file, &error))?;
    put(folder, &target, &packed)?;
    Ok(Updated {
        file: target.to_string_lossy().into_owned(),
        as_of: table.as_of().to_string(),
        entries: table.len() as u64,
    })
}

/// All are read before the first is put in its place. One at a time is in memory twice.
fn places(folder: &Folder, files: &[PathBuf]) -> Result<Vec<Updated>, UpdateError> {
    if files.len() > MOST_PLACES {
        return Err(UpdateError::Refused(format!(
            "there may be {MOST_PLACES} files of places at the most"
        )));
    }
    let mut updated = Vec::new();
    for (place, file) in files.iter().enumerate() {
        let bytes = files::bytes(file, MOST_DATABASE_BYTES).map_err(UpdateError::Refused)?;
        let database = Database::open(&file.to_string_lossy(), bytes).map_err(|error| plainly(&error))?;
        database.verify().map_err(|error| plainly(&error))?;
        updated.push(Updated {
            file: folder.places(place + 1).to_string_lossy().into_owned(),
            as_of: database.built().to_string(),
            entries: u64::from(database.nodes()),
        });
    }
    for (place, file) in files.iter().enumerate() {
        let bytes = files::bytes(file, MOST_DATABASE_BYTES).map_err(UpdateError::Refused)?;
        put(folder, &folder.places(place + 1), &bytes)?;
    }
    for number in files.len() + 1..=MOST_PLACES {
        let former = folder.places(number);
        if former.exists() {
            std::fs::remove_file(&former).map_err(|source| unwritable(&former, source))?;
        }
    }
    Ok(updated)
}

fn list(folder: &Folder, class: ListClass, name: &str, file: &Path) -> Result<Updated, UpdateError> {
    let written = files::stamp(file).map_err(UpdateError::Refused)?.written;
    let bytes = files::bytes(file, MOST_LIST_BYTES).map_err(UpdateError::Refused)?;
    let newest = List::read(class, name, &bytes, written).map_err(|error| refused(file, &error))?;
    let target = folder.list(class, name);
    let merged = if target.exists() {
        let kept = files::bytes(&target, MOST_LIST_BYTES).map_err(UpdateError::Refused)?;
        let kept =
            List::read(class, name, &kept, Timestamp::MIN).map_err(|error| refused(&target, &error))?;
        if newest.as_of() < kept.as_of() {
            return Err(UpdateError::Refused(format!(
                "{} is as of {}, older than the list in force ({})",
                file.display(),
                newest.as_of(),
                kept.as_of()
            )));
        }
        kept.succeed(&newest)
    } else {
        newest
    };
    put(folder, &target, merged.to_text().as_bytes())?;
    Ok(Updated {
        file: target.to_string_lossy().into_owned(),
        as_of: merged.as_of().to_string(),
        entries: merged.count_at(merged.as_of()) as u64,
    })
}

fn put(folder: &Folder, target: &Path, bytes: &[u8]) -> Result<(), UpdateError> {
    folder
        .put(target, bytes)
        .map_err(|source| unwritable(target, source))
}

fn refused(file: &Path, error: &dyn std::error::Error) -> UpdateError {
    UpdateError::Refused(format!("{}: {error}", file.display()))
}

/// Of errors that name the file themselves.
fn plainly(error: &enrich::DatabaseError) -> UpdateError {
    UpdateError::Refused(error.to_string())
}

fn unwritable(path: &Path, source: io::Error) -> UpdateError {
    UpdateError::Unwritable {
        path: path.to_string_lossy().into_owned(),
        source,
    }
}
