//! A file that is being written, and has its name only when it is whole.

use crate::client::error::ClientError;
use crate::client::place;
use crate::platform;
use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The unfinished file. Its mode is 0600: it tells of people.
pub(super) struct Part {
    path: PathBuf,
    file: File,
    bytes: u64,
}

impl Part {
    /// From the start; what an earlier attempt left is overwritten.
    pub(super) fn begin(path: &Path) -> Result<Part, ClientError> {
        let file = platform::private_file()
            .create(true)
            .write(true)
            .truncate(true)
            .open(path)
            .map_err(|error| ClientError::file(path, &error))?;
        Ok(Part {
            path: path.to_owned(),
            file,
            bytes: 0,
        })
    }

    /// After so many bytes; what came later is cut off. `None` if the file has less than that: then it begins anew.
    pub(super) fn go_on(path: &Path, bytes: u64) -> Result<Option<Part>, ClientError> {
        let wrong = |error: std::io::Error| ClientError::file(path, &error);
        let mut file = match OpenOptions::new().write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error)),
        };
        if file.metadata().map_err(wrong)?.len() < bytes {
            return Ok(None);
        }
        file.set_len(bytes)
            .and_then(|()| file.seek(SeekFrom::Start(bytes)))
            .map_err(wrong)?;
        Ok(Some(Part {
            path: path.to_owned(),
            file,
            bytes,
        }))
    }

    /// How long it is.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), ClientError> {
        self.file
            .write_all(bytes)
            .map_err(|error| ClientError::file(&self.path, &error))?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Brings what was written to the disk.
    pub(super) fn sync(&self) -> Result<(), ClientError> {
        self.file
            .sync_data()
            .map_err(|error| ClientError::file(&self.path, &error))
    }

    /// Gives it its name.
    pub(super) fn finish(self, name: &Path) -> Result<(), ClientError> {
        self.sync()?;
        std::fs::rename(&self.path, name).map_err(|error| ClientError::file(name, &error))?;
        place::sync_folder(place::folder_of(name))
    }
}
