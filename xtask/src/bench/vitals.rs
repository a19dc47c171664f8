//! What a process holds and what a folder takes, read from outside.

use super::product::{core_seconds, rss_anon};
use super::steady::Steady;
use anyhow::{Context, Result};
use std::path::Path;

/// A process at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vitals {
    /// Its own memory that is in use, in bytes.
    pub(super) rss_anon: u64,
    pub(super) descriptors: u64,
    pub(super) threads: u64,
    /// What it has cost so far, in seconds of a core.
    pub(super) core_seconds: f64,
}

/// A reading and its moment, in seconds since the run began.
pub(super) type Reading = (f64, Vitals);

impl Vitals {
    pub(super) fn of(process: u32) -> Result<Vitals> {
        Ok(Vitals {
            rss_anon: rss_anon(process)?,
            descriptors: entries(&format!("/proc/{process}/fd"))?,
            threads: entries(&format!("/proc/{process}/task"))?,
            core_seconds: core_seconds(&process.to_string())?,
        })
    }
}

fn entries(folder: &str) -> Result<u64> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("read {folder}"))?;
    Ok(entries.count() as u64)
}

/// Reads a process again and again until the run ends.
pub(super) fn follow(steady: &Steady, process: u32, every_seconds: f64) -> Vec<Reading> {
    let mut readings = Vec::new();
    let mut due = steady.watch.seconds();
    while steady.wait_until(due) {
        due += every_seconds;
        match Vitals::of(process) {
            Ok(vitals) => readings.push((steady.watch.seconds(), vitals)),
            Err(error) => steady.fault(&format!("the server cannot be read: {error:#}")),
        }
    }
    readings
}

/// Bytes that the files below a folder take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Room {
    /// All of them, as allocated.
    pub(super) all: u64,
    /// Write-ahead logs among them.
    pub(super) logs: u64,
}

/// Adds up a folder. Files that go meanwhile are left out.
pub(super) fn room(folder: &Path) -> Room {
    use std::os::unix::fs::MetadataExt;
    let mut room = Room::default();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return room;
    };
    for entry in entries.flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            let below = self::room(&entry.path());
            room.all += below.all;
            room.logs += below.logs;
            continue;
        }
        // What stat(2) counts in, whatever the file system's blocks are.
        let bytes = metadata.blocks() * 512;
        room.all += bytes;
        if entry.file_name().to_string_lossy().ends_with("-wal") {
            room.logs += bytes;
        }
    }
    room
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_are_counted_apart_and_with_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        std::fs::write(folder.path().join("a.db"), vec![1; 100_000]).unwrap();
        std::fs::write(folder.path().join("below/a.db-wal"), vec![1; 50_000]).unwrap();
        let found = room(folder.path());
        assert!(found.all >= 150_000 && found.all < 200_000, "{found:?}");
        assert!(found.logs >= 50_000 && found.logs < 70_000, "{found:?}");
    }

    #[test]
    fn a_process_has_descriptors_threads_and_memory() {
        let own = Vitals::of(std::process::id()).unwrap();
        assert!(own.descriptors > 2 && own.threads > 0 && own.rss_anon > 0);
    }
}
