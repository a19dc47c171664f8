//! Until when sign-ins need not wait any longer for such as come late: a watermark for each source, by what it brings.
//!
//! A source that brings something is at the newest of it: a feed that is hours behind, or files of last year, come in an order of their own,
//! and are judged in the order of their times as what comes live is. One that brings nothing more is at the clock. No sign-in waits longer
//! than what comes late may: else one that came live would wait for the end of a backlog that is behind it.

use model::time::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// Whose watermark a sign-in waits for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bringer {
    /// The source that brought it, by its name in the ledger,
    pub(super) source: Arc<str>,
    /// and its format: a client that names no input brings several.
    pub(super) format: Arc<str>,
}

/// The newest time that each brought in a round.
#[derive(Debug, Default)]
pub(super) struct Watermarks(HashMap<Bringer, Timestamp>);

/// Until when the sign-ins of each are judged.
pub(super) struct Marks {
    brought: HashMap<Bringer, Timestamp>,
    quiet: Timestamp,
}

impl Watermarks {
    /// Somebody brought a sign-in of a time.
    pub(super) fn note(&mut self, bringer: &Bringer, time: Timestamp) {
        match self.0.get_mut(bringer) {
            Some(newest) => *newest = time.max(*newest),
            None => drop(self.0.insert(bringer.clone(), time)),
        }
    }

    /// What was noted says nothing of what is brought next.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// The marks by what was noted; a time that is yet to come counts as now.
    pub(super) fn marks(&self, now: Timestamp, lateness_ticks: i64) -> Marks {
        let mut brought = self.0.clone();
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
    /// Whether a sign-in of a time need not wait any longer, that somebody brought and that was read at some moment.
    pub(super) fn let_go(&self, bringer: &Bringer, time: Timestamp, read_at: Timestamp) -> bool {
        let mark = self.brought.get(bringer).copied().unwrap_or(self.quiet);
        time <= mark || (time <= self.quiet && read_at <= self.quiet)
    }

    /// No mark is later.
    pub(super) fn latest(&self) -> Timestamp {
        self.quiet
    }

    /// No mark of who brought something is later.
    pub(super) fn latest_brought(&self) -> Timestamp {
        self.brought.values().copied().max().unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_770_000_000 + 60 * minutes)
    }

    fn source(name: &str) -> Bringer {
        of(name, "okta")
    }

    fn of(source: &str, format: &str) -> Bringer {
        Bringer {
            source: source.into(),
            format: format.into(),
        }
    }

    /// What was brought (source and minute), and which of these times of a source may go, an hour after the beginning and by what was
    /// read just then.
    fn check(brought: &[(&str, i64)], asked: &str, minutes: &[i64], expected: &[bool]) {
        let mut watermarks = Watermarks::default();
        for (name, minute) in brought {
            watermarks.note(&source(name), at(*minute));
        }
        // What is of another format says nothing.
        watermarks.note(&of(asked, "duo"), at(-9_999));
        let may_go = |watermarks: &Watermarks| {
            let marks = watermarks.marks(at(60), 15 * 60 * 10_000_000);
            assert_eq!(marks.latest(), at(45));
            let go = |minute: &i64| marks.let_go(&source(asked), at(*minute), at(60));
            minutes.iter().map(go).collect::<Vec<bool>>()
        };
        for _ in 0..2 {
            assert_eq!(may_go(&watermarks), expected, "{brought:?} {asked}");
        }
        watermarks.forget();
        let quiet: Vec<bool> = minutes.iter().map(|minute| *minute <= 45).collect();
        assert_eq!(may_go(&watermarks), quiet, "{brought:?} {asked}");
    }

    #[test]
    fn who_brings_is_at_the_newest_of_it_and_who_is_quiet_at_the_clock() {
        check(&[], "okta", &[-9, 45, 46], &[true, true, false]);
        let brought = [("okta", 10), ("okta", 30), ("okta", 20)];
        check(&brought, "okta", &[15, 16, 45], &[true, false, false]);
        check(&brought, "entra", &[15, 16, 45, 46], &[true, true, true, false]);
        check(&[("okta", -9_000)], "okta", &[-9_015, -9_014], &[true, false]);
        check(
            &[("okta", 61), ("okta", 9_000)],
            "okta",
            &[45, 46],
            &[true, false],
        );
    }

    #[test]
    fn nobody_waits_for_the_end_of_a_backlog() {
        let mut watermarks = Watermarks::default();
        watermarks.note(&source("okta"), at(-9_000));
        let marks = watermarks.marks(at(60), 15 * 60 * 10_000_000);
        let go = |minute, read_at| marks.let_go(&source("okta"), at(minute), at(read_at));
        assert_eq!([go(40, 44), go(40, 45), go(40, 46)], [true, true, false]);
        // What is of the future waits for its time, whenever it was read.
        assert!(!go(46, 0));
    }
}
