//! What differs between systems: how a file is recognised after a rename, and how the agent is told to stop.
//!
//! Here is what holds on Linux, where the agent was built and tried. **On Windows nothing of it was ever compiled**: no
//! compiler for that target could be had. What a port has to do stands here, so that it has one place:
//!
//! - A file is recognised by the volume's serial number and the file index (`GetFileInformationByHandleEx` with
//!   `FileIdInfo`, 128 bits), which take the places of device and inode in [`identity`].
//! - A file must be opened with `FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE`
//!   (`std::os::windows::fs::OpenOptionsExt::share_mode`), or its writer cannot rename it while it is followed.
//! - Event logs that are open in the event log service are locked: read copies that `wevtutil epl` makes, or a share.
//! - A service is told to stop by its control handler (`SERVICE_CONTROL_STOP`), not by a signal; the crate
//!   `windows-service` registers one. It takes the place of [`Signals`], and there is no datagram of [`super::notify`].
//! - Modes of files (0600, 0700) become access lists: the state folder belongs under `%ProgramData%`, readable by the
//!   service's account alone.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The file system and the number of a file on it: the same after a rename.
pub(super) fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// A number that changes with the content: when it was written last, in nanoseconds.
pub(super) fn written(metadata: &Metadata) -> i128 {
    i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec())
}

/// Opens what is a file. A pipe that took the name of one since it was listed would hold up whoever opens it.
pub(super) fn open(path: &Path) -> io::Result<File> {
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

/// Reads at a place until the buffer is full or the file ends; answers how much came.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What the system asks of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// To stop.
    Stop,
    /// To read its configuration anew.
    Reload,
}

/// The signals that the agent obeys.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Takes them over from the system's own handling.
    pub(super) fn take() -> io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.terminate.recv() => Asked::Stop,
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.hang_up.recv() => Asked::Reload,
        }
    }
}
