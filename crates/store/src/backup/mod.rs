//! Backups of a whole data folder: taken while it is served, and brought back.
//!
//! The order is what makes a backup whole: the control store first, then each tenant's catalogue, then its months, then
//! the keys. Checkpoints and cursors are never newer than the rows that they speak of, and a fragment that left the
//! catalogue is in the month that was copied after it.

mod manifest;
mod restore;

pub use manifest::{MANIFEST_FILE, Manifest, SavedFile};
pub use restore::{Existing, Restored, restore, verify};

use crate::control::{CONTROL_FILE_NAME, ControlError, ControlStore};
use crate::error::StoreError;
use crate::events::{EventStore, TenantFiles};
use crate::folder::sync_folder;
use crate::sqlite::backup::{Copied, copy};
use manifest::{KEYS_FOLDER, TENANTS_FOLDER};
use model::time::Timestamp;
use std::any::Any;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What a name ends with until the backup is whole.
const UNFINISHED: &str = ".unfinished";
/// How much is read or written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// What a backup copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// When it was made: everything that was acknowledged before will be in the backup.
    pub began: Timestamp,
    /// The control store, as it was before anything else is copied.
    pub control: Vec<u8>,
    /// Tenant by tenant.
    pub tenants: Vec<TenantFiles>,
    /// The files of the folder of keys, by name.
    pub keys: Vec<String>,
}

/// Who makes a backup.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// The program's version.
    pub version: &'a str,
    /// The present.
    pub now: fn() -> Timestamp,
}

/// Why a backup could not be taken, or not be brought back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The event store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The control store.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The place for the backup cannot be used.
    #[error("cannot back up to {}: {reason}", path.display())]
    Target {
        /// The place.
        path: PathBuf,
        /// Why not, and what to do.
        reason: String,
    },
    /// There is no finished backup.
    #[error("{} is no finished backup of Gatelog: {reason}", path.display())]
    NotABackup {
        /// The place.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A file of the backup is not what was saved.
    #[error("the backup is damaged: {}: {reason}; use another one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There are data already where the backup shall go.
    #[error(
        "the data folder {} is not empty (it holds {found}); name another with --data, or say --replace to move what is \
         there aside", path.display()
    )]
    NotEmpty {
        /// The data folder.
        path: PathBuf,
        /// One of the things in it.
        found: String,
    },
    /// A file or folder could not be read or written.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Begins a backup of the stores in `data` at the present `now`. Until the second answer is dropped, no month leaves.
pub fn begin(
    control: &dyn ControlStore,
    events: &dyn EventStore,
    data: &Path,
    now: Timestamp,
) -> Result<(Plan, Box<dyn Any + Send + Sync>), BackupError> {
    // Listed before the control store is copied, so that every tenant of the list is in the copy.
    let source = events.begin_backup()?;
    let control = control.image()?;
    let keys_folder = data.join(KEYS_FOLDER);
    let mut keys = Vec::new();
    let failed = failure("list the keys in", &keys_folder);
    for entry in fs::read_dir(&keys_folder).map_err(&failed)? {
        keys.extend(entry.map_err(&failed)?.file_name().into_string());
    }
    keys.sort_unstable();
    let plan = Plan {
        began: now,
        control,
        tenants: source.tenants,
        keys,
    };
    Ok((plan, source.hold))
}

/// Whether a backup can go to `to`, before anything is asked of a server: the folder is not there or empty, and can be
/// replaced as a whole.
pub fn check_target(data: &Path, to: &Path) -> Result<(), BackupError> {
    let refused = |reason: &str| BackupError::Target {
        path: to.to_owned(),
        reason: reason.to_owned(),
    };
    let (parent, _) = parent_and_name(to)?;
    let parent_found = fs::metadata(&parent)
        .map_err(|error| refused(&format!("{}: {error}; make that folder first", parent.display())))?;
    let inside = |folder: &Path| {
        let data = fs::canonicalize(data).ok();
        let folder = fs::canonicalize(folder).ok();
        matches!((data, folder), (Some(data), Some(folder)) if folder.starts_with(&data))
    };
    if inside(&parent) {
        return Err(refused(
            "that is inside of the data folder; take a place outside of it",
        ));
    }
    match fs::symlink_metadata(to) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(refused(&error.to_string())),
        Ok(found) if !found.is_dir() => return Err(refused("there is something else than a folder")),
        Ok(found) if found.dev() != parent_found.dev() => {
            return Err(refused(
                "a file system is mounted there, and a backup appears as a whole; name a new folder in it",
            ));
        }
        Ok(_) => {
            let mut entries = fs::read_dir(to).map_err(|error| refused(&error.to_string()))?;
            if entries.next().is_some() {
                return Err(refused("the folder is not empty; name a new one"));
            }
        }
    }
    let unfinished = unfinished(to)?;
    if unfinished.exists() {
        return Err(refused(&format!(
            "{} is there: another backup is at work, or one was cut off; if none is at work, remove it",
            unfinished.display()
        )));
    }
    Ok(())
}

/// Takes the backup. It is made under another name, which it loses when every byte of it is on disk: what has the name
/// `to` is whole. After an error nothing is left.
pub fn write(data: &Path, plan: &Plan, to: &Path, maker: Maker<'_>) -> Result<Manifest, BackupError> {
    check_target(data, to)?;
    let folder = unfinished(to)?;
    make_folder(&folder)?;
    let written = fill(data, plan, &folder, maker).and_then(|manifest| {
        fs::rename(&folder, to).map_err(failure("name the finished backup", to))?;
        sync_folder(&parent_and_name(to)?.0)?;
        Ok(manifest)
    });
    if written.is_err() {
        // The error is what matters; what stays behind says by its name that it is unfinished.
        let _ = fs::remove_dir_all(&folder);
    }
    written
}

fn fill(data: &Path, plan: &Plan, folder: &Path, maker: Maker<'_>) -> Result<Manifest, BackupError> {
    let mut files = Vec::new();
    write_new(&folder.join(CONTROL_FILE_NAME), &plan.control)?;
    files.push(saved(folder, CONTROL_FILE_NAME.to_owned())?);
    let tenants = folder.join(TENANTS_FOLDER);
    make_folder(&tenants)?;
    for tenant in &plan.tenants {
        make_folder(&tenants.join(&tenant.tenant))?;
        for name in &tenant.files {
            let path = format!("{TENANTS_FOLDER}/{}/{name}", tenant.tenant);
            if copy(&data.join(&path), &folder.join(&path))? == Copied::Whole {
                files.push(saved(folder, path)?);
            }
        }
        sync_folder(&tenants.join(&tenant.tenant))?;
    }
    sync_folder(&tenants)?;
    let keys = folder.join(KEYS_FOLDER);
    make_folder(&keys)?;
    for name in &plan.keys {
        let path = format!("{KEYS_FOLDER}/{name}");
        let from = data.join(&path);
        let key = fs::read(&from).map_err(failure("read the key", &from))?;
        write_new(&folder.join(&path), &key)?;
        files.push(saved(folder, path)?);
    }
    sync_folder(&keys)?;
    let manifest = Manifest::new(maker.version, plan.began, (maker.now)(), files);
    let path = folder.join(MANIFEST_FILE);
    write_new(&path, &manifest.to_bytes()?)?;
    File::open(&path)
        .and_then(|file| file.sync_all())
        .map_err(failure("write", &path))?;
    sync_folder(folder)?;
    Ok(manifest)
}

/// Makes a written file durable, and what the manifest says of it: read back from where it was written.
fn saved(folder: &Path, path: String) -> Result<SavedFile, BackupError> {
    let at = folder.join(&path);
    let file = File::open(&at).map_err(failure("read", &at))?;
    file.sync_all().map_err(failure("write", &at))?;
    let (bytes, digest) = digest_of(file, &mut io::sink()).map_err(failure("read back", &at))?;
    Ok(SavedFile {
        path,
        bytes,
        blake3: digest,
    })
}

/// Reads to the end, passing on what is read; answers the length and the BLAKE3 digest.
fn digest_of(mut from: impl Read, to: &mut impl Write) -> io::Result<(u64, String)> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        let taken = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(taken) => taken,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..taken]);
        to.write_all(&buffer[..taken])?;
        bytes += taken as u64;
    }
    Ok((bytes, hasher.finalize().to_hex().to_string()))
}

fn write_new(path: &Path, content: &[u8]) -> Result<(), BackupError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(content))
        .map_err(failure("write", path))
}

fn make_folder(path: &Path) -> Result<(), BackupError> {
    DirBuilder::new()
        .mode(0o700)
        .create(path)
        .map_err(failure("make the folder", path))
}

fn unfinished(to: &Path) -> Result<PathBuf, BackupError> {
    let (parent, mut name) = parent_and_name(to)?;
    name.push(UNFINISHED);
    Ok(parent.join(name))
}

fn parent_and_name(to: &Path) -> Result<(PathBuf, OsString), BackupError> {
    let Some(name) = to.file_name() else {
        return Err(BackupError::Target {
            path: to.to_owned(),
            reason: "give the folder a name of its own, such as backup-2026-11-21".to_owned(),
        });
    };
    let parent = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    Ok((parent, name.to_owned()))
}

/// For `map_err`: names what was tried, and with what.
fn failure(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::File {
        doing,
        path: path.clone(),
        source,
    }
}
