//! Files of our own: where they lie, who may read them, and how they are replaced in one step.

use super::error::ClientError;
use crate::platform;
use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where the tokens are: `$XDG_STATE_HOME/gatelog`; `%LOCALAPPDATA%\gatelog` on Windows.
pub(crate) fn state_folder(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ClientError> {
    of_user(platform::state_home(variable))
}

/// Where the profiles are: `$XDG_CONFIG_HOME/gatelog/config.toml`; `%APPDATA%\gatelog\config.toml` on Windows.
pub(crate) fn config_file(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ClientError> {
    Ok(of_user(platform::config_home(variable))?.join("config.toml"))
}

fn of_user(folder: Result<PathBuf, String>) -> Result<PathBuf, ClientError> {
    match folder {
        Ok(folder) => Ok(folder.join("gatelog")),
        Err(reason) => Err(ClientError::OwnFile {
            path: PathBuf::from("~"),
            reason,
        }),
    }
}

/// Makes a folder that nobody else may enter, or sees that it is one.
pub(crate) fn private_folder(path: &Path) -> Result<(), ClientError> {
    platform::make_private_folder(path).map_err(|error| ClientError::file(path, &error))?;
    check_private(path)
}

/// Refuses a file or folder that others may read or write.
pub(crate) fn check_private(path: &Path) -> Result<(), ClientError> {
    match platform::why_not_private(path) {
        Ok(None) => Ok(()),
        Ok(Some(reason)) => Err(ClientError::OwnFile {
            path: path.to_owned(),
            reason,
        }),
        Err(error) => Err(ClientError::file(path, &error)),
    }
}

/// Writes a file as a whole or not at all: beside it, to the disk, then in its place. Its mode is 0600.
pub(crate) fn replace(path: &Path, content: &[u8]) -> Result<(), ClientError> {
    let folder = folder_of(path);
    let wrong = |error: &dyn std::error::Error| ClientError::file(path, error);
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| wrong(&error))?;
    file.write_all(content)
        .and_then(|()| file.as_file().sync_all())
        .map_err(|error| wrong(&error))?;
    file.persist(path).map_err(|error| wrong(&error.error))?;
    sync_folder(folder)
}

/// Makes a rename in a folder outlive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), ClientError> {
    platform::sync_folder(folder).map_err(|error| ClientError::file(folder, &error))
}

/// The folder that a file lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => Path::new("/"),
    }
}

/// Opens a file that stands for a lock.
pub(crate) fn lock_file(path: &Path) -> Result<File, ClientError> {
    platform::private_file()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| ClientError::file(path, &error))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn what_others_may_read_is_refused() {
        let top = tempfile::tempdir().unwrap();
        let path = top.path().join("tokens.json");
        replace(&path, b"{}").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
        check_private(&path).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o601] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = check_private(&path).unwrap_err().to_string();
            assert!(error.contains("chmod 600"), "{mode:o}: {error}");
        }
        let link = top.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(check_private(&link).unwrap_err().to_string().contains("link"));
    }
}
