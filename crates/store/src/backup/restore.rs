//! A backup checked, and brought back.

use super::manifest::{KEYS_FOLDER, Manifest, SavedFile, TENANTS_FOLDER, tenant_of};
use super::{BackupError, digest_of, failure, make_folder};
use crate::control::{CONTROL_FILE_NAME, ControlStore, SqliteControlStore};
use crate::folder::{DataFolder, LOCK, RESTORING, give_to_owner_of, sync_folder};
use crate::sqlite::backup::{can_be_opened, raise_epoch};
use model::tenant::TenantId;
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What happens to what is in the data folder already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Nothing is touched, and nothing restored.
    Refuse,
    /// It is moved to a folder within the data folder.
    MoveAside,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup says of itself.
    pub manifest: Manifest,
    /// Where what was there before is now.
    pub moved_aside: Option<PathBuf>,
}

/// Reads every file of a backup and compares it with what the manifest says.
pub fn verify(backup: &Path) -> Result<Manifest, BackupError> {
    let manifest = Manifest::read(backup)?;
    for file in &manifest.files {
        read_checked(backup, file, &mut io::sink())?;
    }
    Ok(manifest)
}

/// Brings a backup back into a data folder, and begins a new epoch for each of its tenants: whoever holds a position in
/// the commits that came after the backup is told so.
///
/// Everything is copied, checked and on disk before the first file of the data folder is touched. A kill after that leaves
/// a folder that no server opens, until a restore is run again.
pub fn restore(
    backup: &Path,
    folder: &DataFolder,
    existing: Existing,
    now: Timestamp,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(backup)?;
    let data = folder.path();
    let staged = data.join(RESTORING);
    if staged.exists() {
        fs::remove_dir_all(&staged).map_err(failure("remove the cut-off restore", &staged))?;
    }
    let there = entries(data)?;
    if let (Some(found), Existing::Refuse) = (there.first(), existing) {
        return Err(BackupError::NotEmpty {
            path: data.to_owned(),
            found: found.clone(),
        });
    }
    make_folder(&staged)?;
    let whole = stage(backup, &manifest, &staged, now).and_then(|()| {
        give_to_owner_of(data, &staged)?;
        Ok(give_to_owner_of(data, &data.join(LOCK))?)
    });
    if let Err(error) = whole {
        // Nothing of the data folder was touched; without the staged files it is as it was.
        let _ = fs::remove_dir_all(&staged);
        return Err(error);
    }
    let moved_aside = if there.is_empty() {
        None
    } else {
        Some(move_aside(data, &there, now)?)
    };
    for name in [KEYS_FOLDER, TENANTS_FOLDER, CONTROL_FILE_NAME] {
        let to = data.join(name);
        fs::rename(staged.join(name), &to).map_err(failure("put in its place", &to))?;
    }
    sync_folder(data)?;
    fs::remove_dir(&staged).map_err(failure("remove", &staged))?;
    sync_folder(data)?;
    Ok(Restored {
        manifest,
        moved_aside,
    })
}

/// What is in a data folder, but for what says nothing: its lock, and the socket of a server that is gone.
fn entries(data: &Path) -> Result<Vec<String>, BackupError> {
    let failed = failure("list", data);
    let mut names = Vec::new();
    for entry in fs::read_dir(data).map_err(&failed)? {
        let name = entry.map_err(&failed)?.file_name().to_string_lossy().into_owned();
        if name != LOCK && name != "admin.sock" {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn stage(backup: &Path, manifest: &Manifest, staged: &Path, now: Timestamp) -> Result<(), BackupError> {
    let tenants_folder = staged.join(TENANTS_FOLDER);
    make_folder(&tenants_folder)?;
    make_folder(&staged.join(KEYS_FOLDER))?;
    for file in &manifest.files {
        let to = staged.join(&file.path);
        if let Some(folder) = to.parent()
            && !folder.exists()
        {
            make_folder(folder)?;
        }
        let mut written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&to)
            .map_err(failure("write", &to))?;
        read_checked(backup, file, &mut written)?;
        written.sync_all().map_err(failure("write", &to))?;
        if to.extension().is_some_and(|extension| extension == "db") && tenant_of(&file.path).is_some() {
            can_be_opened(&to)?;
        }
    }
    let mut tenants: BTreeSet<TenantId> = manifest
        .files
        .iter()
        .filter_map(|file| tenant_of(&file.path).and_then(TenantId::parse))
        .collect();
    // Also one that had nothing yet: what came after the backup may have handed out tokens.
    tenants.extend(
        SqliteControlStore::open(staged)?
            .tenants()?
            .iter()
            .map(|tenant| tenant.id),
    );
    for tenant in tenants {
        let folder = tenants_folder.join(tenant.to_string());
        if !folder.exists() {
            make_folder(&folder)?;
        }
        raise_epoch(
            &folder.join("catalogue.db"),
            tenant,
            now.unix_seconds().cast_unsigned(),
        )?;
        sync_folder(&folder)?;
    }
    for folder in [&tenants_folder, &staged.join(KEYS_FOLDER), staged] {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Reads a file of the backup, passes it on, and refuses it if it is not what was saved.
fn read_checked(backup: &Path, file: &SavedFile, to: &mut impl io::Write) -> Result<(), BackupError> {
    let path = backup.join(&file.path);
    let damaged = |reason: String| BackupError::Damaged {
        path: path.clone(),
        reason,
    };
    let from = File::open(&path).map_err(|error| damaged(error.to_string()))?;
    let (bytes, digest) = digest_of(from, to).map_err(failure("copy", &path))?;
    if bytes != file.bytes {
        return Err(damaged(format!("it has {bytes} bytes of {}", file.bytes)));
    }
    if digest != file.blake3 {
        return Err(damaged("its content is not what was saved".to_owned()));
    }
    Ok(())
}

fn move_aside(data: &Path, names: &[String], now: Timestamp) -> Result<PathBuf, BackupError> {
    let aside = data.join(format!("replaced-{}", now.unix_seconds()));
    make_folder(&aside)?;
    for name in names {
        let from = data.join(name);
        fs::rename(&from, aside.join(name)).map_err(failure("move aside", &from))?;
    }
    sync_folder(&aside)?;
    sync_folder(data)?;
    Ok(aside)
}
