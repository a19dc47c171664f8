//! Equal lines that are several events: what rsyslog counts for us, and what happens twice in one second.

use model::identity::EventKey;
use model::time::{TICKS_PER_SECOND, Timestamp};
use std::collections::HashMap;

/// What stands before a line that is kept, so that it can be read again as the same event.
const MARK: &str = "gatelog repeat=";
/// The same before a line that by itself would not be known as one of a log.
const PLAIN_MARK: &str = "gatelog line: ";
/// rsyslog counts as long as nothing else is logged; more than this is no log of sign-ins.
const TIMES_MAX: usize = 1_000;
/// The events of one counted line take no more memory than this.
const BYTES_MAX: usize = 4 << 20;
/// So many different events of one second are told apart from their repetitions.
const EVENTS_OF_A_SECOND: usize = 10_000;

/// Which of several equal lines one is, where its mark says so, and the line without the mark.
pub(super) fn split(line: &str) -> (Option<&str>, &str) {
    if let Some(rest) = line.strip_prefix(PLAIN_MARK) {
        return (None, rest);
    }
    let marked = line
        .strip_prefix(MARK)
        .and_then(|rest| rest.split_once(": "))
        .filter(|(word, _)| {
            word.len() <= 16
                && word.starts_with(|first: char| first.is_ascii_digit())
                && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'/')
        });
    match marked {
        Some((word, rest)) => (Some(word), rest),
        None => (None, line),
    }
}

/// The mark of a line that is kept: which of several it is, or that it is a line at all where that is not plain.
pub(super) fn mark(repeat: Option<&str>, is_known_by_itself: bool) -> String {
    match repeat {
        Some(word) => format!("{MARK}{word}: "),
        None if is_known_by_itself => String::new(),
        None => PLAIN_MARK.to_owned(),
    }
}

/// How often rsyslog says that a message came, and the message: `message repeated 5 times: [ Failed …]`.
pub(crate) fn counted(message: &str) -> Option<(usize, &str)> {
    let (times, rest) = message
        .strip_prefix("message repeated ")?
        .split_once(" times: [")?;
    let inner = rest.trim_end().strip_suffix(']')?;
    let times = times.parse().ok().filter(|times| *times > 0)?;
    Some((times, inner.trim_start()))
}

/// Whether so many events may come of one line of so many bytes.
pub(crate) fn is_bearable(times: usize, bytes: usize) -> bool {
    times <= TIMES_MAX && times.saturating_mul(bytes) <= BYTES_MAX
}

/// Why a line that stands for more is refused.
pub(crate) fn too_many(times: usize) -> String {
    format!("it stands for {times} events, which is more than any log of sign-ins counts")
}

/// Counts equal events of one second, where the time tells no more than the second.
#[derive(Debug, Default)]
pub(super) struct Second {
    time: Timestamp,
    seen: HashMap<EventKey, u32>,
}

impl Second {
    /// The how manieth event of this identity and second it is; 1 for an event with a fraction of a second.
    pub(super) fn count(&mut self, time: Timestamp, key: EventKey) -> u32 {
        if time.ticks() % TICKS_PER_SECOND != 0 {
            return 1;
        }
        if self.time != time || self.seen.len() >= EVENTS_OF_A_SECOND {
            self.time = time;
            self.seen.clear();
        }
        let seen = self.seen.entry(key).or_default();
        *seen += 1;
        *seen
    }
}
