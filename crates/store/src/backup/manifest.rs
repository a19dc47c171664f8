//! What a finished backup says of itself: every file with its length and digest.

use super::BackupError;
use crate::control::{self, CONTROL_FILE_NAME};
use crate::sqlite;
use model::tenant::TenantId;
use model::time::{Month, Timestamp};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// The manifest's name in the backup.
pub const MANIFEST_FILE: &str = "manifest.json";
/// The folders, in the backup as in the data folder.
pub(super) const TENANTS_FOLDER: &str = "tenants";
pub(super) const KEYS_FOLDER: &str = "keys";
const CATALOGUE: &str = "catalogue.db";
/// The form of a backup that this version writes and reads.
const FORMAT: u32 = 1;
/// The longest manifest that is read: a line of 200 bytes for each of a million files.
const MANIFEST_BYTES: u64 = 200 << 20;

/// What a finished backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The version of the program that took it.
    pub version: String,
    /// When it was begun, in UTC: everything that was acknowledged before is in it.
    pub began: String,
    /// When its last file was copied.
    pub finished: String,
    /// The newest schema of the control store that may be in it.
    pub control_schema: i64,
    /// The newest schema of months and catalogues that may be in it.
    pub event_schema: i64,
    /// Every file but this one.
    pub files: Vec<SavedFile>,
    /// BLAKE3 of the list of files, so that a line that is lost is noticed.
    pub digest: String,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedFile {
    /// Its path in the backup, which is that in the data folder.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Its BLAKE3 digest in hexadecimal.
    pub blake3: String,
}

impl Manifest {
    pub(super) fn new(
        version: &str,
        began: Timestamp,
        finished: Timestamp,
        files: Vec<SavedFile>,
    ) -> Manifest {
        Manifest {
            format: FORMAT,
            version: version.to_owned(),
            began: began.to_string(),
            finished: finished.to_string(),
            control_schema: control::SCHEMA_VERSION,
            event_schema: sqlite::SCHEMA_VERSION,
            digest: digest(&files),
            files,
        }
    }

    /// The length of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// How many tenants have something in it.
    pub fn tenants(&self) -> usize {
        let mut ids: Vec<&str> = self
            .files
            .iter()
            .filter_map(|file| tenant_of(&file.path))
            .collect();
        ids.dedup();
        ids.len()
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, BackupError> {
        serde_json::to_vec_pretty(self).map_err(|error| BackupError::Target {
            path: MANIFEST_FILE.into(),
            reason: error.to_string(),
        })
    }

    /// Reads the manifest of a backup. What it lists is known to be harmless; whether the files are so is not.
    pub fn read(backup: &Path) -> Result<Manifest, BackupError> {
        let refused = |reason: String| BackupError::NotABackup {
            path: backup.to_owned(),
            reason,
        };
        let path = backup.join(MANIFEST_FILE);
        let file = File::open(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => refused(format!("it has no {MANIFEST_FILE}, which is written last")),
            _ => refused(format!("{MANIFEST_FILE}: {error}")),
        })?;
        let mut text = Vec::new();
        file.take(MANIFEST_BYTES)
            .read_to_end(&mut text)
            .map_err(|error| refused(format!("{MANIFEST_FILE}: {error}")))?;
        let form: Form = serde_json::from_slice(&text)
            .map_err(|error| refused(format!("{MANIFEST_FILE} cannot be read: {error}")))?;
        if form.format != FORMAT {
            return Err(refused(format!(
                "it has form {}, and this version knows form {FORMAT}; use the version that took it ({})",
                form.format, form.version
            )));
        }
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| refused(format!("{MANIFEST_FILE} cannot be read: {error}")))?;
        if manifest.control_schema > control::SCHEMA_VERSION || manifest.event_schema > sqlite::SCHEMA_VERSION
        {
            return Err(refused(format!(
                "it was taken by the newer version {} (schemas {} and {}, this one knows up to {} and {}); restore it \
                 with that version",
                manifest.version,
                manifest.control_schema,
                manifest.event_schema,
                control::SCHEMA_VERSION,
                sqlite::SCHEMA_VERSION
            )));
        }
        if manifest.digest != digest(&manifest.files) {
            return Err(refused(format!("{MANIFEST_FILE} was changed or damaged")));
        }
        if let Some(strange) = manifest.files.iter().find(|file| !is_ours(&file.path)) {
            return Err(refused(format!(
                "{MANIFEST_FILE} lists {:?}, which is no file of a data folder",
                strange.path
            )));
        }
        if !manifest.files.iter().any(|file| file.path == CONTROL_FILE_NAME) {
            return Err(refused(format!("{MANIFEST_FILE} lists no {CONTROL_FILE_NAME}")));
        }
        Ok(manifest)
    }
}

/// As much as every form of a manifest says.
#[derive(Deserialize)]
struct Form {
    format: u32,
    #[serde(default)]
    version: String,
}

/// The tenant whose file it is.
pub(super) fn tenant_of(path: &str) -> Option<&str> {
    let rest = path.strip_prefix(TENANTS_FOLDER)?.strip_prefix('/')?;
    rest.split_once('/').map(|(tenant, _)| tenant)
}

/// Whether a path is that of a file of a data folder: a manifest from elsewhere must not reach another place.
fn is_ours(path: &str) -> bool {
    let mut parts = path.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(CONTROL_FILE_NAME), None, None, None) => true,
        (Some(KEYS_FOLDER), Some(name), None, None) => {
            !name.is_empty() && !name.starts_with('.') && !name.contains('\0')
        }
        (Some(TENANTS_FOLDER), Some(tenant), Some(name), None) => {
            TenantId::parse(tenant).is_some_and(|id| id.to_string() == tenant)
                && (name == CATALOGUE || name.strip_suffix(".db").and_then(Month::parse).is_some())
        }
        _ => false,
    }
}

fn digest(files: &[SavedFile]) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in files {
        hasher.update(format!("{} {} {}\n", file.blake3, file.bytes, file.path).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, expected: bool) {
        assert_eq!(is_ours(path), expected, "{path}");
    }

    #[test]
    fn a_manifest_reaches_files_of_a_data_folder_alone() {
        check("control.db", true);
        check("keys/signing-abc.pem", true);
        check("tenants/4b2462a4-bbee-495a-a0e1-f23ae524cc9c/catalogue.db", true);
        check("tenants/4b2462a4-bbee-495a-a0e1-f23ae524cc9c/2026-11.db", true);
        for path in [
            "",
            "/etc/passwd",
            "../control.db",
            "keys/../control.db",
            "keys/..",
            "keys/",
            "keys/a/b",
            "lock",
            "admin.sock",
            "tenants/../2026-11.db",
            "tenants/4b2462a4-bbee-495a-a0e1-f23ae524cc9c/../../x.db",
            "tenants/4b2462a4-bbee-495a-a0e1-f23ae524cc9c/2026-13.db",
            "tenants/4B2462A4-BBEE-495A-A0E1-F23AE524CC9C/2026-11.db",
            "tenants//catalogue.db",
        ] {
            check(path, false);
        }
    }
}
