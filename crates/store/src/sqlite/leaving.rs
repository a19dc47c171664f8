//! Files of freed months on their way out. Taking gigabytes back takes a file system seconds: here nobody waits for it.

use crate::error::StoreError;
use crossbeam_channel::{Sender, unbounded};
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// What the name of a freed month's file ends with, before the ending of a log.
pub(super) const SUFFIX: &str = ".leaving";
/// A file gets shorter by this much at once: a step of the file system's journal that commits of others do not feel.
const STEP_BYTES: u64 = 64 << 20;
/// Between two steps the disk is left to others.
const PAUSE: Duration = Duration::from_millis(20);

/// Removes files on a thread of its own. What is left when the store closes is removed after the next start.
#[derive(Debug)]
pub(super) struct Leaving {
    queue: Option<Sender<PathBuf>>,
    closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Leaving {
    /// Starts the thread.
    pub(super) fn start(folder: &Path) -> Result<Leaving, StoreError> {
        let (queue, files) = unbounded::<PathBuf>();
        let closing = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&closing);
        let thread = std::thread::Builder::new()
            .name("store-leaving".to_owned())
            .spawn(move || {
                for path in files {
                    if let Err(error) = remove(&path, &asked) {
                        tracing::warn!(
                            "{} still takes its room: {error}; the next start tries again",
                            path.display()
                        );
                    }
                }
            })
            .map_err(|error| StoreError::Folder {
                path: folder.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Leaving {
            queue: Some(queue),
            closing,
            thread: Some(thread),
        })
    }

    /// Takes files that nobody has open any more.
    pub(super) fn take(&self, files: Vec<PathBuf>) {
        let Some(queue) = &self.queue else { return };
        for path in files {
            // Without the thread it stays for the next start.
            let _ = queue.send(path);
        }
    }
}

impl Drop for Leaving {
    /// Waits for the step under way, not for the file.
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Release);
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that removes freed months ended by a panic");
        }
    }
}

/// Shortens a file step by step, and unlinks what is left of it; removes a folder that is empty.
fn remove(path: &Path, closing: &AtomicBool) -> io::Result<()> {
    if path.is_dir() {
        // Of a removed tenant, after its files.
        return fs::remove_dir(path);
    }
    let file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut length = file.metadata()?.len();
    while length > STEP_BYTES {
        if closing.load(Ordering::Acquire) {
            return Ok(());
        }
        length -= STEP_BYTES;
        file.set_len(length)?;
        // Each step is a journal's commit of its own; otherwise many would come at once all the same.
        file.sync_all()?;
        std::thread::sleep(PAUSE);
    }
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(folder: &Path, name: &str, length: u64) -> PathBuf {
        let path = folder.join(name);
        fs::File::create(&path).unwrap().set_len(length).unwrap();
        path
    }

    #[test]
    fn a_long_file_goes_in_steps_and_what_is_gone_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = made(folder.path(), "2017-04.db.leaving", 2 * STEP_BYTES + 1);
        let open = AtomicBool::new(false);
        remove(&path, &open).unwrap();
        assert!(!path.exists());
        remove(&path, &open).unwrap();
    }

    #[test]
    fn a_store_that_closes_does_not_wait_for_a_long_file() {
        let folder = tempfile::tempdir().unwrap();
        let length = 2 * STEP_BYTES;
        let path = made(folder.path(), "2017-04.db.leaving", length);
        remove(&path, &AtomicBool::new(true)).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), length);
    }
}
