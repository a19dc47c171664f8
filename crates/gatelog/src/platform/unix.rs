//! Linux and its relatives.

pub(crate) use super::notify::tell;
use super::{Asked, Seen};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What is known of the file of a name; links are followed.
pub(crate) fn seen(path: &Path) -> io::Result<Seen> {
    Ok(of(&fs::metadata(path)?))
}

/// The same of an open file.
pub(crate) fn seen_of(file: &File) -> io::Result<Seen> {
    Ok(of(&file.metadata()?))
}

fn of(metadata: &Metadata) -> Seen {
    Seen {
        identity: (metadata.dev(), metadata.ino()),
        bytes: metadata.len(),
        written: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
        is_file: metadata.is_file(),
    }
}

pub(super) fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Whether two letters are the same in the names of files.
pub(crate) fn is_same_in_names(letter: char, other: char) -> bool {
    letter == other
}

/// How a file is opened that nobody else may read, if it is made by that: its mode is 0600.
pub(crate) fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// Makes a folder, and those above it, that nobody else may enter; leaves one that is there as it is.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Says why a file or folder is not private, and what to do; `None` if nobody else may read or write it.
pub(crate) fn why_not_private(path: &Path) -> io::Result<Option<String>> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(Some(
            "it is a link, and nothing private is kept behind links".to_owned(),
        ));
    }
    let mode = metadata.mode() & 0o7777;
    let is_open = mode & 0o077 != 0;
    let wanted = if metadata.is_dir() { "700" } else { "600" };
    Ok(is_open.then(|| {
        format!(
            "others may read it (mode {mode:03o}), and it holds tokens or records; `chmod {wanted} {}`, and sign in anew \
             if somebody read a token",
            path.display()
        )
    }))
}

/// Makes a rename in a folder outlive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Where programs keep what they remember: `$XDG_STATE_HOME`, else `~/.local/state`.
pub(crate) fn state_home(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, String> {
    below(&variable, "XDG_STATE_HOME", ".local/state")
}

/// Where programs are configured: `$XDG_CONFIG_HOME`, else `~/.config`.
pub(crate) fn config_home(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, String> {
    below(&variable, "XDG_CONFIG_HOME", ".config")
}

/// The folder of a variable, if it is absolute (the XDG base directory specification), else one of the home folder.
fn below(variable: &impl Fn(&str) -> Option<OsString>, name: &str, at_home: &str) -> Result<PathBuf, String> {
    let folder = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    folder(name)
        .or_else(|| folder("HOME").map(|home| home.join(at_home)))
        .ok_or_else(|| format!("neither {name} nor HOME names a folder"))
}

/// What opens an address in the user's browser, with what stands before the address.
pub(crate) const BROWSER: &[&str] = if cfg!(target_os = "macos") {
    &["open"]
} else {
    &["xdg-open"]
};

/// What asks the event log, where there is one.
pub(crate) fn event_log_program() -> Option<PathBuf> {
    None
}

/// The signals that are obeyed.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Takes them over from the system's own handling.
    pub(crate) fn take() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }
}

/// Does work that goes on until it is told to stop. Whoever starts a program here needs no word of it but [`tell`].
pub(crate) fn until_stopped<T>(work: impl FnOnce() -> T + Send) -> T {
    work()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| OsString::from(value))
        };
        state_home(variable).ok().map(|path| path.display().to_string())
    }

    #[test]
    fn the_state_is_where_xdg_says() {
        assert_eq!(
            folder(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]).as_deref(),
            Some("/s")
        );
        assert_eq!(folder(&[("HOME", "/h")]).as_deref(), Some("/h/.local/state"));
        assert_eq!(
            folder(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]).as_deref(),
            Some("/h/.local/state")
        );
        assert_eq!(folder(&[]), None);
    }
}
