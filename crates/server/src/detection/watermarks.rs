//! Until when sign-ins need not wait any longer for such as come late: a watermark for each format, by what it brings.
//!
//! A format that brings something is at the newest of it: a feed that is hours behind, or files of last year, come in an order of their own,
//! and are judged in the order of their times as what comes live is. One that brings nothing more is at the clock.

use model::time::Timestamp;
use std::collections::HashMap;

/// The newest time that each format brought since it was asked last.
#[derive(Debug, Default)]
pub(super) struct Watermarks(HashMap<String, Timestamp>);

/// Until when the sign-ins of each format are judged.
pub(super) struct Marks {
    brought: HashMap<String, Timestamp>,
    quiet: Timestamp,
}

impl Watermarks {
    /// A format brought a sign-in of a time.
    pub(super) fn note(&mut self, format: &str, time: Timestamp) {
        match self.0.get_mut(format) {
            Some(newest) => *newest = time.max(*newest),
            None => drop(self.0.insert(format.to_owned(), time)),
        }
    }

    /// The marks by what was noted, which is forgotten; a time that is yet to come counts as now.
    pub(super) fn take(&mut self, now: Timestamp, lateness_ticks: i64) -> Marks {
        let mut brought = std::mem::take(&mut self.0);
        for newest in brought.values_mut() {
            *newest = (*newest).min(now).plus_ticks(-lateness_ticks);
        }
        Marks {
            brought,
            quiet: now.plus_ticks(-lateness_ticks),
        }
    }
}

impl Marks {
    /// The mark of a format.
    pub(super) fn of(&self, format: &str) -> Timestamp {
        self.brought.get(format).copied().unwrap_or(self.quiet)
    }

    /// None is later.
    pub(super) fn latest(&self) -> Timestamp {
        self.quiet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_770_000_000 + 60 * minutes)
    }

    /// What was brought (format and minute), and the marks of two formats an hour after the beginning.
    fn check(brought: &[(&str, i64)], expected: [i64; 2]) {
        let mut watermarks = Watermarks::default();
        for (format, minute) in brought {
            watermarks.note(format, at(*minute));
        }
        let marks = watermarks.take(at(60), 15 * 60 * 10_000_000);
        let found = ["okta", "entra"].map(|format| marks.of(format));
        assert_eq!(found, expected.map(at), "{brought:?}");
        assert!(found.iter().all(|mark| *mark <= marks.latest()));
        // What was brought before says nothing of what is brought next.
        let next = watermarks.take(at(60), 15 * 60 * 10_000_000);
        assert_eq!(next.of("okta"), at(45));
    }

    #[test]
    fn who_brings_is_at_the_newest_of_it_and_who_is_quiet_at_the_clock() {
        check(&[], [45, 45]);
        check(&[("okta", 10), ("okta", 30), ("okta", 20)], [15, 45]);
        check(&[("okta", -9_000), ("entra", 60)], [-9_015, 45]);
        check(&[("okta", 61), ("entra", 9_000)], [45, 45]);
    }
}
