//! Windows, and all that is particular to it.
//!
//! It is compiled for `x86_64-pc-windows-gnu` and was run under Wine, not on a Windows machine; docs/agent.md says what was tried.

use super::{Asked, Seen};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlShutdown};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
use tokio::sync::Notify;
use windows_services::{Command, Service};

/// <https://learn.microsoft.com/windows/win32/fileio/file-access-rights-constants>
const FILE_READ_ATTRIBUTES: u32 = 0x80;

/// What is known of the file of a name; links are followed.
pub(crate) fn seen(path: &Path) -> io::Result<Seen> {
    // A file's number is told by its handle alone. One that reads nothing but attributes is in nobody's way, and nobody in its.
    seen_of(&OpenOptions::new().access_mode(FILE_READ_ATTRIBUTES).open(path)?)
}

/// The same of an open file.
pub(crate) fn seen_of(file: &File) -> io::Result<Seen> {
    let information = winapi_util::file::information(file)?;
    let metadata = file.metadata()?;
    Ok(Seen {
        // 32 bits, of which all may be 0.
        identity: (
            information.volume_serial_number() | 1 << 32,
            information.file_index(),
        ),
        bytes: metadata.len(),
        // Hundreds of nanoseconds since 1601.
        written: i128::from(information.last_write_time().unwrap_or_default()),
        is_file: metadata.is_file(),
    })
}

pub(super) fn read_some(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

/// Whether two letters are the same in the names of files.
pub(crate) fn is_same_in_names(letter: char, other: char) -> bool {
    letter == other || letter.to_lowercase().eq(other.to_lowercase())
}

/// How a file is opened that nobody else may read: by what its folder hands down.
pub(crate) fn private_file() -> OpenOptions {
    OpenOptions::new()
}

/// Makes a folder that only whoever makes it, the system and administrators may enter; leaves one that is there as it is.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    // It has its name when it is closed to others, and not before.
    let unfinished = super::beside(path, ".new");
    if unfinished.exists() {
        fs::remove_dir(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)?;
    close_to_others(&unfinished)?;
    fs::rename(&unfinished, path)
}

/// By the system's own program for access lists: nothing is inherited any more; OWNER RIGHTS, SYSTEM and Administrators may do everything
/// (well-known SIDs, for names are translated).
fn close_to_others(folder: &Path) -> io::Result<()> {
    let program = system_folder().join("icacls.exe");
    let told = std::process::Command::new(&program)
        .arg(folder)
        .args(["/inheritance:r", "/grant:r"])
        .args([
            "*S-1-3-4:(OI)(CI)F",
            "*S-1-5-18:(OI)(CI)F",
            "*S-1-5-32-544:(OI)(CI)F",
        ])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::other(format!("{} cannot be started: {error}", program.display())))?;
    if told.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "icacls could not keep others out of it: {}",
        String::from_utf8_lossy(&told.stderr).trim()
    )))
}

/// Not `PATH`, in which another program of this name may stand.
fn system_folder() -> PathBuf {
    let root = std::env::var_os("SystemRoot").unwrap_or_else(|| OsString::from(r"\Windows"));
    PathBuf::from(root).join("System32")
}

/// Says why a file or folder is not private. Access lists of what is there already are the operator's; only links are seen.
pub(crate) fn why_not_private(path: &Path) -> io::Result<Option<String>> {
    let is_link = fs::symlink_metadata(path)?.is_symlink();
    Ok(is_link.then(|| "it is a link, and nothing private is kept behind links".to_owned()))
}

/// Folders are kept by the journal of NTFS, and cannot be brought to the disk by whoever only reads them.
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Where programs keep what they remember: `%LOCALAPPDATA%`.
pub(crate) fn state_home(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, String> {
    of_variable(&variable, "LOCALAPPDATA")
}

/// Where programs are configured: `%APPDATA%`.
pub(crate) fn config_home(variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, String> {
    of_variable(&variable, "APPDATA")
}

fn of_variable(variable: &impl Fn(&str) -> Option<OsString>, name: &str) -> Result<PathBuf, String> {
    variable(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .ok_or_else(|| format!("{name} names no folder"))
}

/// What opens an address in the user's browser, with what stands before the address.
pub(crate) const BROWSER: &[&str] = &["rundll32.exe", "url.dll,FileProtocolHandler"];

/// What asks the event log, where there is one.
pub(crate) fn event_log_program() -> Option<PathBuf> {
    Some(system_folder().join("wevtutil.exe"))
}

/// Nobody listens here: a service tells its state by [`until_stopped`].
pub(crate) fn tell(_: &str) {}

/// The service was told to stop. It stays so, for it may be told before anybody waits.
static STOP: Notify = Notify::const_new();
static IS_STOPPED: AtomicBool = AtomicBool::new(false);

/// Ctrl-C and its relatives, and the stop of a service.
pub(crate) struct Signals {
    interrupt: CtrlC,
    pause: CtrlBreak,
    close: CtrlClose,
    shutdown: CtrlShutdown,
}

impl Signals {
    /// Takes them over from the system's own handling.
    pub(crate) fn take() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: ctrl_c()?,
            pause: ctrl_break()?,
            close: ctrl_close()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// Waits for the next one. None of them means to read the configuration anew: a service is started again for that.
    pub(crate) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.pause.recv() => Asked::Stop,
            _ = self.close.recv() => Asked::Stop,
            _ = self.shutdown.recv() => Asked::Stop,
            () = STOP.notified() => Asked::Stop,
        }
    }
}

/// Does work that goes on until it is told to stop. Where the service control manager started the program, it is told that the service
/// runs, and its stop is handed on to [`Signals`]; else this is the work and nothing more.
///
/// Work that ends without having been told to ends the program without a word to the manager, which takes that for a failure and does
/// what the service's recovery says.
pub(crate) fn until_stopped<T>(work: impl FnOnce() -> T + Send) -> T {
    let (began, is_service) = mpsc::channel();
    let (done, is_done) = mpsc::channel::<()>();
    let is_done = Mutex::new(is_done);
    let dispatcher = thread::spawn(move || {
        let of_console = began.clone();
        let ran = Service::new().can_stop().run(move |_, command| match command {
            Command::Start => {
                let _ = began.send(true);
            }
            Command::Stop => {
                // One that comes before the start holds that up: whoever waits for it goes on at once.
                let _ = began.send(true);
                IS_STOPPED.store(true, Ordering::Release);
                STOP.notify_one();
                let done = is_done.lock().unwrap_or_else(PoisonError::into_inner);
                // The other end is dropped when the work is done. How long that may take is the agent's own `stop_seconds`.
                let _ = done.recv();
            }
            _ => {}
        });
        if ran.is_err() {
            let _ = of_console.send(false);
        }
    });
    let is_service = is_service.recv().unwrap_or(false);
    let outcome = work();
    drop(done);
    if is_service && IS_STOPPED.load(Ordering::Acquire) {
        // It tells the manager that the service has stopped.
        let _ = dispatcher.join();
    }
    outcome
}
