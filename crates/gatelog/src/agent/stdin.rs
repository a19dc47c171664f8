//! Lines of standard input, as fast as they can be kept.

use super::gather::{Intake, Line, Lost};
use super::lines::LINE_BYTES_MOST;
use std::io::{BufRead, Read};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::Receiver;

/// Where lines come out, and what was lost before.
pub(crate) type Lines = (Receiver<Line>, Arc<Lost>);

/// The one reader of the process. It cannot be called back from reading, so it stays when the configuration is read anew, and
/// what it has read goes to the next input.
#[derive(Default)]
pub(crate) struct Pipe(Mutex<Option<Lines>>);

impl Pipe {
    /// Takes over the lines; the reader is started by who comes first.
    pub(crate) fn take<R: Read>(&self, open: impl FnOnce() -> R + Send + 'static) -> Lines {
        if let Some(lines) = self.lock().take() {
            return lines;
        }
        let (intake, lines) = Intake::new();
        let lost = intake.lost();
        // It ends with the input or with the process.
        std::thread::spawn(move || {
            if let Err(error) = read(open(), &intake) {
                tracing::error!("standard input cannot be read: {error}");
            }
        });
        (lines, lost)
    }

    /// Gives them back for the next input.
    pub(crate) fn give_back(&self, lines: Lines) {
        *self.lock() = Some(lines);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Lines>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads to the end. A line that is too long is cut: its rest is a line that the service will refuse, and tell.
fn read(input: impl Read, intake: &Intake) -> std::io::Result<()> {
    let mut reader = std::io::BufReader::with_capacity(256 << 10, input);
    loop {
        let mut bytes = Vec::new();
        let read = reader
            .by_ref()
            .take(LINE_BYTES_MOST as u64)
            .read_until(b'\n', &mut bytes)?;
        if read == 0 || !intake.put_waiting(Line { bytes, cursor: None }) {
            return Ok(());
        }
    }
}
