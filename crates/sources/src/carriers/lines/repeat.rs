//! Equal lines that are several events: what rsyslog counts for us, and what happens twice in one second.

use model::identity::EventKey;
use model::time::{TICKS_PER_SECOND, Timestamp};
use std::collections::{HashMap, VecDeque};

/// What stands before a line that is kept, so that it can be read again as the same event.
const MARK: &str = "gatelog repeat=";
/// The same before a line that by itself would not be known as one of a log.
const PLAIN_MARK: &str = "gatelog line: ";
/// rsyslog counts as long as nothing else is logged; more than this is no log of sign-ins.
const TIMES_MAX: usize = 1_000;
/// The events of one counted line take no more memory than this.
const BYTES_MAX: usize = 4 << 20;
/// So many seconds are known,
const SECONDS: usize = 60;
/// and so many different events of all of them are told apart from their repetitions.
const EVENTS: usize = 20_000;

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

/// Counts equal events of one second, where the time tells no more than the second. Lines of several hosts or threads come
/// interleaved, so the last seconds are known, the least recently used of them forgotten first.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    last: VecDeque<(Timestamp, HashMap<EventKey, u32>)>,
    /// Events in all of them.
    events: usize,
}

impl Seconds {
    /// The how manieth event of this identity and second it is; 1 for an event with a fraction of a second.
    pub(super) fn count(&mut self, time: Timestamp, key: EventKey) -> u32 {
        if time.ticks() % TICKS_PER_SECOND != 0 {
            return 1;
        }
        // What is asked for most often stands last.
        let held = self.last.iter().rposition(|(second, _)| *second == time);
        let held = held.and_then(|at| self.last.remove(at));
        let (_, mut seen) = held.unwrap_or_default();
        let count = seen.entry(key).or_default();
        *count += 1;
        let count = *count;
        self.events += usize::from(count == 1);
        self.last.push_back((time, seen));
        while self.last.len() > SECONDS || self.events > EVENTS {
            self.forget_oldest();
        }
        count
    }

    fn forget_oldest(&mut self) {
        if let Some((_, seen)) = self.last.pop_front() {
            self.events -= seen.len();
        }
    }
}
