//! Lines of standard input, as fast as they can be kept.

use super::gather::{Intake, Line};
use super::lines::LINE_BYTES_MOST;
use std::io::{BufRead, Read};

/// Reads to the end. A line that is too long is cut: its rest is a line that the service will refuse, and tell.
pub(crate) fn read(input: impl Read, intake: &Intake) -> std::io::Result<()> {
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
