//! Files of our own: where they lie, who may read them, and how they are replaced in one step.

use super::error::ClientError;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where the tokens are: `$XDG_STATE_HOME/gatelog`.
pub(crate) fn state_folder(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ClientError> {
    below(&variable, "XDG_STATE_HOME", ".local/state")
}

/// Where the profiles are: `$XDG_CONFIG_HOME/gatelog/config.toml`.
pub(crate) fn config_file(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, ClientError> {
    Ok(below(&variable, "XDG_CONFIG_HOME", ".config")?.join("config.toml"))
}

/// The folder of a variable, if it is absolute (the XDG base directory specification), else one of the home folder.
fn below(
    variable: &impl Fn(&str) -> Option<OsString>,
    name: &str,
    at_home: &str,
) -> Result<PathBuf, ClientError> {
    let own = variable(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let folder = own.or_else(|| {
        let home = variable("HOME")
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())?;
        Some(home.join(at_home))
    });
    folder
        .map(|folder| folder.join("gatelog"))
        .ok_or_else(|| ClientError::OwnFile {
            path: PathBuf::from("~"),
            reason: format!("neither {name} nor HOME names a folder"),
        })
}

/// Makes a folder that nobody else may enter, or sees that it is one.
pub(crate) fn private_folder(path: &Path) -> Result<(), ClientError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| ClientError::file(path, &error))?;
    check_private(path)
}

/// Refuses a file or folder that others may read or write.
pub(crate) fn check_private(path: &Path) -> Result<(), ClientError> {
    let metadata = fs::symlink_metadata(path).map_err(|error| ClientError::file(path, &error))?;
    let refused = |reason: String| ClientError::OwnFile {
        path: path.to_owned(),
        reason,
    };
    if metadata.is_symlink() {
        return Err(refused(
            "it is a link, and nothing private is kept behind links".to_owned(),
        ));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        let wanted = if metadata.is_dir() { "700" } else { "600" };
        return Err(refused(format!(
            "others may read it (mode {mode:03o}), and it holds tokens or records; `chmod {wanted} {}`, and sign in \
             anew if somebody read a token",
            path.display()
        )));
    }
    Ok(())
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
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| ClientError::file(folder, &error))
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
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| ClientError::file(path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn folder(variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        };
        state_folder(variable).ok().map(|path| path.display().to_string())
    }

    #[test]
    fn the_state_folder_is_where_xdg_says() {
        assert_eq!(
            folder(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]).as_deref(),
            Some("/s/gatelog")
        );
        assert_eq!(
            folder(&[("HOME", "/h")]).as_deref(),
            Some("/h/.local/state/gatelog")
        );
        assert_eq!(
            folder(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]).as_deref(),
            Some("/h/.local/state/gatelog")
        );
        assert_eq!(folder(&[]), None);
    }

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
