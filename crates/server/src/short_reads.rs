//! Where a short page is read: on the event loop while the files lie in memory, apart from it while they come from a disk.
//!
//! Handing a page to another thread costs as much as reading it. A page that waits for a disk must not hold the loop, though, and
//! only apart from it can many wait at once.

use crate::clock::Stopwatch;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Some leaves of a tree are read within 0.1 ms out of memory. What takes longer than this waited for a disk, or for its turn on
/// a machine that is busy.
const SLOW: Duration = Duration::from_millis(5);
/// After a slow one, pages are read apart for this long, so that one in very many at the most holds the loop.
const APART: Duration = Duration::from_millis(100);

/// How the last short pages were read.
pub struct ShortReads {
    age: Stopwatch,
    /// Microseconds of that age, until when pages are read apart.
    apart_until_us: AtomicU64,
}

impl Default for ShortReads {
    fn default() -> ShortReads {
        ShortReads {
            age: Stopwatch::start(),
            apart_until_us: AtomicU64::new(0),
        }
    }
}

impl ShortReads {
    /// Now, as the others here want to know it.
    pub fn now(&self) -> Duration {
        self.age.elapsed()
    }

    /// Whether a page may be read on the event loop now.
    pub fn may_hold_the_loop(&self, now: Duration) -> bool {
        microseconds(now) >= self.apart_until_us.load(Ordering::Relaxed)
    }

    /// A page was read, here or apart.
    pub fn was_read(&self, from: Duration, to: Duration) {
        if to.saturating_sub(from) > SLOW {
            let until = microseconds(to + APART);
            self.apart_until_us.fetch_max(until, Ordering::Relaxed);
        }
    }
}

fn microseconds(span: Duration) -> u64 {
    span.as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that began and ended at these milliseconds, and whether the next one, at a third, may hold the loop.
    fn check(read: &[(u64, u64)], at: u64, expected: bool) {
        let reads = ShortReads::default();
        for (from, to) in read {
            reads.was_read(Duration::from_millis(*from), Duration::from_millis(*to));
        }
        assert_eq!(
            reads.may_hold_the_loop(Duration::from_millis(at)),
            expected,
            "{read:?} {at}"
        );
    }

    #[test]
    fn pages_are_read_apart_for_a_while_after_one_that_was_slow() {
        check(&[], 0, true);
        check(&[(0, 5)], 5, true);
        check(&[(0, 6)], 6, false);
        check(&[(0, 6)], 105, false);
        check(&[(0, 6)], 106, true);
        // One that is slow as well goes on with it, one that is quick does not end it, and a late word of an early one changes nothing.
        check(&[(0, 6), (50, 60)], 110, false);
        check(&[(0, 6), (50, 60)], 160, true);
        check(&[(0, 6), (7, 8)], 8, false);
        check(&[(50, 60), (0, 6)], 159, false);
    }
}
