//! The files of enrichment below the data folder, and how files are read and put there.

use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use store::folder::{give_to_owner_of, sync_folder};

/// The largest list that is read: some millions of lines.
pub(super) const MOST_LIST_BYTES: u64 = 256 << 20;
/// The largest file of places; those that are sold have about 2 GB.
pub(super) const MOST_DATABASE_BYTES: u64 = 3 << 30;
/// As many files of places `gatelog enrich update` keeps.
pub(super) const MOST_PLACES: usize = 8;

/// Where everything is.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    data: PathBuf,
    top: PathBuf,
}

impl Folder {
    pub(super) fn of(data: &Path) -> Folder {
        Folder {
            data: data.to_owned(),
            top: data.join("enrichment"),
        }
    }

    /// The table of countries that replaces the one that comes with the program.
    pub(super) fn countries(&self) -> PathBuf {
        self.top.join("countries.table")
    }

    /// The files of places that were put here, the first first.
    pub(super) fn places(&self, number: usize) -> PathBuf {
        self.top.join(format!("places-{number}.mmdb"))
    }

    /// A list that was put here, with all that is kept of its older editions.
    pub(super) fn list(&self, class: ListClass, name: &str) -> PathBuf {
        self.top.join("lists").join(list_file(class, name))
    }

    /// What is kept of the older editions of a list that the configuration names.
    pub(super) fn kept(&self, class: ListClass, name: &str) -> PathBuf {
        self.top.join("kept").join(list_file(class, name))
    }

    /// Every list that was put here, by class and name.
    pub(super) fn lists(&self) -> Vec<(ListClass, String, PathBuf)> {
        let mut found = Vec::new();
        let Ok(entries) = fs::read_dir(self.top.join("lists")) else {
            return found;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().and_then(|name| name.to_str());
            let parts = name.and_then(|name| name.strip_suffix(".list")?.split_once('.'));
            let Some((class, name)) = parts else { continue };
            let class = ListClass::ALL.iter().find(|known| known.as_str() == class);
            if let Some(class) = class {
                found.push((*class, name.to_owned(), path));
            }
        }
        found.sort();
        found
    }

    /// Writes a file whole or not at all: beside its place, to the disk, then into it. It belongs to the data folder's owner.
    pub(super) fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.top);
        for folder in [self.top.as_path(), folder] {
            if !folder.exists() {
                fs::create_dir_all(folder)?;
                give_to_owner_of(&self.data, folder).map_err(io::Error::other)?;
            }
        }
        let newborn = folder.join(".newborn");
        let mut file = File::create(&newborn)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        give_to_owner_of(&self.data, &newborn).map_err(io::Error::other)?;
        fs::rename(&newborn, path)?;
        sync_folder(folder).map_err(io::Error::other)
    }
}

fn list_file(class: ListClass, name: &str) -> String {
    format!("{}.{name}.list", class.as_str())
}

/// What tells one content of a file from another without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) written: Timestamp,
    bytes: u64,
}

/// When a file was written, and how long it is.
pub(super) fn stamp(path: &Path) -> Result<Stamp, String> {
    let found = fs::metadata(path).map_err(|error| cannot_read(path, &error))?;
    let written = found.modified().map_err(|error| cannot_read(path, &error))?;
    Ok(Stamp {
        written: timestamp(written),
        bytes: found.len(),
    })
}

/// A file's bytes, if they are not more than there may be.
pub(super) fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let file = File::open(path).map_err(|error| cannot_read(path, &error))?;
    let mut bytes = Vec::new();
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| cannot_read(path, &error))?;
    if bytes.len() as u64 > most {
        return Err(format!("{} has more than {most} bytes", path.display()));
    }
    Ok(bytes)
}

fn cannot_read(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_ticks(i64::try_from(since.as_nanos() / 100).unwrap_or(i64::MAX))
}
