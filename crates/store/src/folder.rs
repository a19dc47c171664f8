//! The data folder: one process at a time, readable by its owner alone.

use crate::error::StoreError;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file that one process holds.
pub(crate) const LOCK: &str = "lock";

/// The folder in a data folder in which a restore gathers its files. It goes last: while it is there, the rest may be
/// half of something.
pub(crate) const RESTORING: &str = "restoring";

/// A data folder that this process holds alone until the value is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    lock: File,
}

impl Drop for DataFolder {
    /// Closing the file would not do: a program that another thread is just starting has a copy of it until it runs, and the lock with it.
    fn drop(&mut self) {
        // Where that fails, the end of the last copy gives it back.
        let _ = self.lock.unlock();
    }
}

impl DataFolder {
    /// Makes the folder if need be (0700) and takes its lock. A folder that a restore left half-done is refused.
    pub fn open(path: &Path) -> Result<DataFolder, StoreError> {
        let folder = DataFolder::open_to_restore(path)?;
        if path.join(RESTORING).exists() {
            return Err(StoreError::Folder {
                path: path.to_owned(),
                reason: "a restore was cut off and left it half-done; run `gatelog restore` again".to_owned(),
            });
        }
        Ok(folder)
    }

    /// The same, also where a restore was cut off: for the one that makes it good.
    pub fn open_to_restore(path: &Path) -> Result<DataFolder, StoreError> {
        make_private_folder(path)?;
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(|error| refused(path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(DataFolder {
                path: path.to_owned(),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(error)) => Err(refused(path, &error)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes a folder that only its owner can enter, with its parents, and makes its entry durable.
pub fn make_private_folder(path: &Path) -> Result<(), StoreError> {
    try_make_private_folder(path).map_err(|error| refused(path, &error))
}

/// As [`make_private_folder`], for a folder that is made while the store runs: a disk that is full or read-only then is
/// the same fault as when a file cannot grow, and passes like it.
pub(crate) fn make_private_folder_while_running(path: &Path) -> Result<(), StoreError> {
    try_make_private_folder(path).map_err(|error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull {
            path: path.to_owned(),
        },
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => StoreError::NotWritable {
            path: path.to_owned(),
            reason: error.to_string(),
        },
        _ => refused(path, &error),
    })
}

fn try_make_private_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let made: Vec<&Path> = path.ancestors().take_while(|folder| !folder.exists()).collect();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    for folder in made {
        if let Some(parent) = folder.parent() {
            try_sync_folder(parent)?;
        }
    }
    Ok(())
}

/// Gives a file or folder, with all that is in it, to the owner of `like`: what root made for the service must be the
/// service's. Nothing to do for everybody else.
pub fn give_to_owner_of(like: &Path, path: &Path) -> Result<(), StoreError> {
    try_give_to_owner_of(like, path).map_err(|error| refused(path, &error))
}

fn try_give_to_owner_of(like: &Path, path: &Path) -> std::io::Result<()> {
    let (owner, found) = (fs::metadata(like)?, fs::symlink_metadata(path)?);
    if (owner.uid(), owner.gid()) != (found.uid(), found.gid()) {
        std::os::unix::fs::lchown(path, Some(owner.uid()), Some(owner.gid()))?;
    }
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            try_give_to_owner_of(like, &entry?.path())?;
        }
    }
    Ok(())
}

/// Makes the names in a folder durable: without it, a new file can vanish in a power cut although its content was synced.
pub fn sync_folder(path: &Path) -> Result<(), StoreError> {
    try_sync_folder(path).map_err(|error| refused(path, &error))
}

fn try_sync_folder(path: &Path) -> std::io::Result<()> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    File::open(path).and_then(|folder| folder.sync_all())
}

fn refused(path: &Path, error: &std::io::Error) -> StoreError {
    let advice = match error.kind() {
        ErrorKind::PermissionDenied => {
            "give this user the right to write there, or name another folder with --data"
        }
        ErrorKind::ReadOnlyFilesystem => "the file system is read-only; name another folder with --data",
        ErrorKind::StorageFull => "the disk is full",
        _ => "name another folder with --data",
    };
    StoreError::Folder {
        path: path.to_owned(),
        reason: format!("{error}; {advice}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_holds_the_folder_and_then_the_next() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let first = DataFolder::open(&path).unwrap();
        assert!(matches!(DataFolder::open(&path), Err(StoreError::InUse { .. })));
        drop(first);
        DataFolder::open(&path).unwrap();
    }

    #[test]
    fn a_copy_in_a_program_that_is_just_starting_does_not_hold_it() {
        let parent = tempfile::tempdir().unwrap();
        let first = DataFolder::open(parent.path()).unwrap();
        let copy = first.lock.try_clone().unwrap();
        drop(first);
        DataFolder::open(parent.path()).unwrap();
        drop(copy);
    }

    #[test]
    fn others_cannot_look_inside() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("data");
        let _folder = DataFolder::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(
            fs::metadata(path.join("lock")).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
