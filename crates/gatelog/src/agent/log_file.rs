//! The log as a file, where nobody keeps standard error: a service of Windows has none.

use crate::client::place;
use crate::platform;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// A file is put aside when it is so long; the one that was put aside before goes.
const BYTES_MOST: u64 = 16 << 20;

/// A file that lines are added to. Beside it lies the one before, `<name>.1`.
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_most: u64,
}

impl LogFile {
    /// Opens it, or makes one that nobody else may read: it tells of people.
    pub(crate) fn open(path: &Path) -> io::Result<LogFile> {
        LogFile::with(path, BYTES_MOST)
    }

    fn with(path: &Path, bytes_most: u64) -> io::Result<LogFile> {
        let file = opened(path)?;
        Ok(LogFile {
            path: path.to_owned(),
            bytes: file.metadata()?.len(),
            file,
            bytes_most,
        })
    }

    /// Puts the file aside and begins another. Where that is refused, lines go on into this one, and it is tried again when it has grown
    /// by as much once more.
    fn put_aside(&mut self) {
        let aside = platform::beside(&self.path, ".1");
        // Somebody may have taken the file away, or put it aside.
        let is_away = match fs::rename(&self.path, &aside) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_away && let Ok(file) = opened(&self.path) {
            self.file = file;
        }
        self.bytes = 0;
    }
}

/// Says why the log cannot be written there, and changes nothing.
pub(crate) fn look(path: &Path) -> Result<(), String> {
    let wrong = |reason: &dyn std::fmt::Display| format!("the log {}: {reason}", path.display());
    let folder = place::folder_of(path);
    if !folder.is_dir() {
        return Err(wrong(&format!("there is no folder {}", folder.display())));
    }
    match OpenOptions::new().append(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(wrong(&error)),
        _ => Ok(()),
    }
}

fn opened(path: &Path) -> io::Result<File> {
    platform::private_file().create(true).append(true).open(path)
}

impl Write for LogFile {
    // Whole lines come, one or several at a time.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.bytes > 0 && self.bytes + lines.len() as u64 > self.bytes_most {
            self.put_aside();
        }
        self.file.write_all(lines)?;
        self.bytes += lines.len() as u64;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_put_aside_and_none_of_its_lines_is_cut() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.log");
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let mut log = LogFile::with(&path, 12).unwrap();
        for line in ["first\n", "second\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(
            (read("agent.log.1"), read("agent.log")),
            ("first\n".into(), "second\n".into())
        );
        // Another start goes on with what is there.
        drop(log);
        let mut log = LogFile::with(&path, 12).unwrap();
        log.write_all(b"3rd\n").unwrap();
        assert_eq!(read("agent.log"), "second\n3rd\n");
        log.write_all(b"a line that is longer than a file may be\n")
            .unwrap();
        let too_long = "a line that is longer than a file may be\n";
        assert_eq!(
            (read("agent.log.1"), read("agent.log")),
            ("second\n3rd\n".into(), too_long.into())
        );
        // Somebody takes the file away: lines are in one that has its name again when it would have been put aside.
        fs::remove_file(&path).unwrap();
        log.write_all(b"back\n").unwrap();
        assert_eq!(read("agent.log"), "back\n");
    }

    #[test]
    fn a_look_says_why_there_can_be_no_log_and_makes_none() {
        let folder = tempfile::tempdir().unwrap();
        let check = |path: &Path, expected: Option<&str>| match (look(path), expected) {
            (Ok(()), None) => {}
            (Err(reason), Some(expected)) => assert!(reason.contains(expected), "{reason}"),
            (told, expected) => panic!("{told:?} for {expected:?}"),
        };
        check(&folder.path().join("agent.log"), None);
        assert!(!folder.path().join("agent.log").exists());
        check(&folder.path().join("away/agent.log"), Some("there is no folder"));
        check(folder.path(), Some("the log"));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.log");
        LogFile::open(&path).unwrap().write_all(b"x\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }
}
