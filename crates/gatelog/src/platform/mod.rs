//! What differs between systems, with one file for each: how a file is recognised after a rename, how files are kept from others,
//! how a program is told to stop. Everything else is the same everywhere.

#[cfg(unix)]
mod notify;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::*;
#[cfg(windows)]
pub(crate) use windows::*;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What is known of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The file system and the number of the file on it: the same after a rename. The first is never 0.
    pub(crate) identity: (u64, u64),
    pub(crate) bytes: u64,
    /// A number that changes with the content: when it was written last.
    pub(crate) written: i128,
    pub(crate) is_file: bool,
}

/// What the system asks of a program that goes on until it is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To stop.
    Stop,
    /// To read its configuration anew.
    #[cfg_attr(
        windows,
        expect(dead_code, reason = "a service of Windows is started again for that")
    )]
    Reload,
}

/// Opens what is a file. A pipe that took the name of one since it was listed would hold up whoever opens it.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let refused = || io::Error::other("it is a pipe or a device, not a file");
    if !std::fs::metadata(path)?.is_file() {
        return Err(refused());
    }
    let file = File::open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(refused())
    }
}

/// Reads at a place until the buffer is full or the file ends; answers how much came. On some systems that moves the place at which the
/// file itself is read: who reads it in a row does so by [`FromStart`].
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match read_some(file, &mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A name beside another one: the same with an ending.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    // Without the separator at its end, behind which the ending would be a name in it.
    let mut name = path.components().collect::<PathBuf>().into_os_string();
    name.push(ending);
    PathBuf::from(name)
}

/// Reads a file from its start, whatever else is read of it meanwhile.
pub(crate) struct FromStart {
    file: File,
    at: u64,
}

impl FromStart {
    /// All of a file.
    pub(crate) fn of(file: File) -> FromStart {
        FromStart { file, at: 0 }
    }
}

impl Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file, buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beside_a_folder_is_not_in_it() {
        for path in ["logs/state", "logs/state/", "logs//state/."] {
            assert_eq!(
                beside(Path::new(path), ".new"),
                Path::new("logs/state.new"),
                "{path}"
            );
        }
    }
}
