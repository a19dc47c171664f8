//! Lines on their way out. Those of the access log are gathered and written some times a second by a thread of their own:
//! no request waits for standard error. All others are written at once, after those that came before them.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long lines are gathered.
const GATHERED_FOR: Duration = Duration::from_millis(100);
/// The most bytes that wait; what comes while there are more is left out and counted.
const WAITING_BYTES: usize = 1 << 20;

/// Where lines go. When it is dropped, what was gathered is written.
pub(super) struct Gathering<W: Write + Send + 'static> {
    shared: Arc<Shared<W>>,
    /// Without a thread that writes later, every line is written at once.
    has_thread: bool,
}

struct Shared<W> {
    waiting: Mutex<Waiting>,
    /// There is something to do: the first line, many lines, or the end.
    came: Condvar,
    /// Locked before `waiting` by whoever needs both, so that lines leave in their order.
    out: Mutex<Out<W>>,
}

#[derive(Debug, Default)]
struct Waiting {
    lines: Vec<u8>,
    left_out: u64,
    is_ending: bool,
}

struct Out<W> {
    writer: W,
    /// Changes places with the lines that wait, so that neither is made anew each time.
    lines: Vec<u8>,
}

impl<W: Write + Send + 'static> fmt::Debug for Gathering<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Gathering")
    }
}

impl<W: Write + Send + 'static> Gathering<W> {
    /// Begins to gather for a writer.
    pub(super) fn start(writer: W) -> Gathering<W> {
        let shared = Arc::new(Shared {
            waiting: Mutex::default(),
            came: Condvar::new(),
            out: Mutex::new(Out {
                writer,
                lines: Vec::new(),
            }),
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || of_thread.write_from_time_to_time());
        Gathering {
            shared,
            has_thread: thread.is_ok(),
        }
    }

    /// Takes a line that may be written a little later; leaves it out if too many wait. Never waits for the writer.
    pub(super) fn gather(&self, line: &[u8]) -> io::Result<()> {
        if !self.has_thread {
            return self.write(line);
        }
        let mut waiting = lock(&self.shared.waiting);
        let before = waiting.lines.len();
        if before + line.len() > WAITING_BYTES {
            waiting.left_out += 1;
            return Ok(());
        }
        waiting.lines.extend_from_slice(line);
        let are_many = before <= WAITING_BYTES / 2 && waiting.lines.len() > WAITING_BYTES / 2;
        drop(waiting);
        if before == 0 || are_many {
            self.shared.came.notify_one();
        }
        Ok(())
    }

    /// Writes a line now, after all that were gathered.
    pub(super) fn write(&self, line: &[u8]) -> io::Result<()> {
        let mut out = lock(&self.shared.out);
        self.shared.write_waiting(&mut out)?;
        out.writer.write_all(line)
    }

    /// Writes what was gathered.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.write(&[])
    }
}

impl<W: Write + Send + 'static> Drop for Gathering<W> {
    fn drop(&mut self) {
        lock(&self.shared.waiting).is_ending = true;
        self.shared.came.notify_one();
        // There is nobody left to be told.
        let _ = self.flush();
    }
}

impl<W: Write> Shared<W> {
    fn write_from_time_to_time(&self) {
        while self.wait_for_lines() {
            // Standard error is where a failure would be told.
            let _ = self.write_waiting(&mut lock(&self.out));
            let left_out = std::mem::take(&mut lock(&self.waiting).left_out);
            if left_out > 0 {
                tracing::warn!(
                    lines = left_out,
                    "{left_out} lines of the access log were left out: the log is not taken as fast as it is written"
                );
            }
        }
    }

    /// Waits for a line and then for more; answers `false` at the end.
    fn wait_for_lines(&self) -> bool {
        let waiting = self
            .came
            .wait_while(lock(&self.waiting), |waiting| {
                waiting.lines.is_empty() && waiting.left_out == 0 && !waiting.is_ending
            })
            .unwrap_or_else(PoisonError::into_inner);
        let (waiting, _) = self
            .came
            .wait_timeout_while(waiting, GATHERED_FOR, |waiting| {
                waiting.lines.len() <= WAITING_BYTES / 2 && !waiting.is_ending
            })
            .unwrap_or_else(PoisonError::into_inner);
        !waiting.is_ending
    }

    fn write_waiting(&self, out: &mut Out<W>) -> io::Result<()> {
        std::mem::swap(&mut lock(&self.waiting).lines, &mut out.lines);
        let written = out.writer.write_all(&out.lines);
        out.lines.clear();
        written
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Hands on what is written, and waits for leave before each write if it must.
    struct Handed(Sender<String>, Option<Receiver<()>>);

    impl Write for Handed {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if let Some(leave) = &self.1 {
                leave.recv().map_err(io::Error::other)?;
            }
            let text = String::from_utf8_lossy(bytes).into_owned();
            self.0.send(text).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn free() -> (Gathering<Handed>, Receiver<String>) {
        let (sender, written) = channel();
        (Gathering::start(Handed(sender, None)), written)
    }

    #[test]
    fn gathered_lines_are_written_without_being_asked_for() {
        let (lines, written) = free();
        lines.gather(b"one\n").unwrap();
        assert_eq!(written.recv().unwrap(), "one\n");
        lines.gather(b"two\n").unwrap();
        assert_eq!(written.recv().unwrap(), "two\n");
    }

    #[test]
    fn a_line_that_is_written_at_once_comes_after_those_before_it() {
        let (lines, written) = free();
        lines.gather(b"one\n").unwrap();
        lines.gather(b"two\n").unwrap();
        lines.write(b"error\n").unwrap();
        lines.gather(b"three\n").unwrap();
        drop(lines);
        let all: String = written.iter().collect();
        assert_eq!(all, "one\ntwo\nerror\nthree\n");
    }

    #[test]
    fn what_was_gathered_is_written_at_the_end() {
        let (lines, written) = free();
        lines.gather(b"last words\n").unwrap();
        drop(lines);
        assert_eq!(written.iter().collect::<String>(), "last words\n");
    }

    #[test]
    fn lines_are_left_out_and_counted_while_the_log_is_not_taken() {
        let (sender, written) = channel();
        let (leave, leaves) = channel();
        let lines = Gathering::start(Handed(sender, Some(leaves)));
        // Goes before the lines do, whose end waits for a thread that waits for leave: a fault must fail and not hang.
        let leave = leave;
        let line = [b'x'; 1_024];
        lines.gather(&line).unwrap();
        // The thread has taken the first and waits for leave; nobody who gathers waits with it.
        while !lock(&lines.shared.waiting).lines.is_empty() {
            std::thread::yield_now();
        }
        for _ in 0..WAITING_BYTES / line.len() + 7 {
            lines.gather(&line).unwrap();
        }
        assert_eq!(lock(&lines.shared.waiting).left_out, 7);
        assert_eq!(lock(&lines.shared.waiting).lines.len(), WAITING_BYTES);
        for _ in 0..2 {
            leave.send(()).unwrap();
        }
        assert_eq!(written.recv().unwrap().len(), line.len());
        assert_eq!(written.recv().unwrap().len(), WAITING_BYTES);
    }
}
