//! Tenants that were removed: a mark keeps them out until they are admitted again, and their folders leave.

use super::catalogue;
use super::tenant::CATALOGUE_FILE;
use crate::error::StoreError;
use crate::folder::{make_private_folder_while_running, sync_folder};
use model::tenant::TenantId;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What the name of a mark ends with. It holds the epoch in which the tenant would begin anew: page tokens of its first life
/// name commits that are no longer what they were.
const MARK: &str = ".removed";
/// What the name of a folder on its way out ends with, before a number.
const LEAVING: &str = ".leaving-";

/// Notes durably that a tenant is removed.
pub(super) fn mark(tenants_folder: &Path, tenant: TenantId, epoch: u64) -> Result<(), StoreError> {
    let path = mark_of(tenants_folder, tenant);
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(epoch.to_string().as_bytes())?;
        file.sync_all()
    };
    written().map_err(|error| failure(&path, &error))?;
    sync_folder(tenants_folder)
}

/// Whether a tenant was removed, and not admitted again.
pub(super) fn is_removed(tenants_folder: &Path, tenant: TenantId) -> bool {
    mark_of(tenants_folder, tenant).exists()
}

/// Lets a removed tenant begin anew, in the epoch that its mark says.
pub(super) fn admit(tenants_folder: &Path, tenant: TenantId) -> Result<(), StoreError> {
    let path = mark_of(tenants_folder, tenant);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => read.map_err(|error| failure(&path, &error))?,
    };
    // A mark that was cut off by a power failure: whatever it said was small.
    let epoch = text.trim().parse().unwrap_or(catalogue::FIRST_EPOCH + 1);
    let folder = tenants_folder.join(tenant.to_string());
    make_private_folder_while_running(&folder)?;
    catalogue::raise_epoch(&folder.join(CATALOGUE_FILE), tenant, epoch)?;
    fs::remove_file(&path).map_err(|error| failure(&path, &error))?;
    sync_folder(tenants_folder)
}

/// Renames a tenant's folder away, durably. Answers its files as they are called now, and then the folder itself. Every
/// connection to them is closed by now.
pub(super) fn move_away(tenants_folder: &Path, tenant: TenantId) -> Result<Vec<PathBuf>, StoreError> {
    let folder = tenants_folder.join(tenant.to_string());
    // An earlier life of the same tenant may still be on its way out.
    let mut number = 1;
    let away = loop {
        let away = tenants_folder.join(format!("{tenant}{LEAVING}{number}"));
        if !away.exists() {
            break away;
        }
        number += 1;
    };
    fs::rename(&folder, &away).map_err(|error| failure(&folder, &error))?;
    sync_folder(tenants_folder)?;
    content(&away)
}

/// What earlier runs did not take away, and folders whose leaving was cut off after their mark.
pub(super) fn left_behind(tenants_folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut left = Vec::new();
    let failed = |error: io::Error| failure(tenants_folder, &error);
    for entry in fs::read_dir(tenants_folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if name.contains(LEAVING) {
            left.extend(content(&path)?);
        } else if let Some(tenant) = name.strip_suffix(MARK).and_then(TenantId::parse)
            && tenants_folder.join(tenant.to_string()).is_dir()
        {
            left.extend(move_away(tenants_folder, tenant)?);
        }
    }
    Ok(left)
}

fn content(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = |error: io::Error| failure(folder, &error);
    let mut content = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        content.push(entry.map_err(failed)?.path());
    }
    content.push(folder.to_owned());
    Ok(content)
}

fn mark_of(tenants_folder: &Path, tenant: TenantId) -> PathBuf {
    tenants_folder.join(format!("{tenant}{MARK}"))
}

fn failure(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Folder {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}
