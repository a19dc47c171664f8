//! Where a short page is read: on the event loop while the files lie in memory, apart from it while they come from a disk.
//!
//! Handing a page to another thread costs as much as reading it. A page that waits for a disk must not hold the loop, though, and
//! only apart from it can many wait at once.

use edge::clock::Stopwatch;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Some leaves of a tree are read within 0.1 ms out of memory. If the other workers have all been at one for longer than this, the last
/// one reads none.
const HELD_UP: Duration = Duration::from_millis(1);
/// What takes longer than this waited for a disk, not for its turn on a machine that is busy.
const SLOW: Duration = Duration::from_millis(20);
/// After a slow one, pages are read apart for this long.
const APART: Duration = Duration::from_millis(100);
/// A worker that reads no page.
const NONE: u64 = u64::MAX;

/// The short pages that are read now, and how the last ones were.
pub struct ShortReads {
    age: Stopwatch,
    /// For each worker of the event loop, microseconds of the age when it began a page that has not ended, or [`NONE`].
    began_us: Box<[AtomicU64]>,
    /// Microseconds of the age, until when pages are read apart.
    apart_until_us: AtomicU64,
}

/// A page that is being read.
pub struct Reading<'r> {
    reads: &'r ShortReads,
    began: Duration,
    /// Where it stands among those on the loop.
    place: Option<usize>,
}

impl ShortReads {
    /// For an event loop with so many workers.
    pub fn new(workers: usize) -> ShortReads {
        ShortReads {
            age: Stopwatch::start(),
            began_us: (0..workers).map(|_| AtomicU64::new(NONE)).collect(),
            apart_until_us: AtomicU64::new(0),
        }
    }

    /// Begins a page on the event loop; `None` if it must be read apart.
    pub fn here(&self) -> Option<Reading<'_>> {
        let began = self.age.elapsed();
        self.begins(began).map(|place| Reading {
            reads: self,
            began,
            place: Some(place),
        })
    }

    /// Begins a page on a thread that may wait.
    pub fn apart(&self) -> Reading<'_> {
        Reading {
            reads: self,
            began: self.age.elapsed(),
            place: None,
        }
    }

    fn begins(&self, now: Duration) -> Option<usize> {
        let now_us = microseconds(now);
        if now_us < self.apart_until_us.load(Ordering::Relaxed) {
            return None;
        }
        let is_held_up = |began_us: &&AtomicU64| {
            let began_us = began_us.load(Ordering::Relaxed);
            began_us != NONE && now_us.saturating_sub(began_us) > microseconds(HELD_UP)
        };
        if self.began_us.iter().filter(is_held_up).count() + 1 >= self.began_us.len() {
            return None;
        }
        self.began_us.iter().position(|began_us| {
            began_us
                .compare_exchange(NONE, now_us, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        })
    }

    fn ended(&self, place: Option<usize>, from: Duration, to: Duration) {
        if let Some(began_us) = place.and_then(|place| self.began_us.get(place)) {
            began_us.store(NONE, Ordering::Relaxed);
        }
        if to.saturating_sub(from) > SLOW {
            self.apart_until_us
                .fetch_max(microseconds(to + APART), Ordering::Relaxed);
        }
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.reads.ended(self.place, self.began, self.reads.age.elapsed());
    }
}

fn microseconds(span: Duration) -> u64 {
    span.as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(microseconds: u64) -> Duration {
        Duration::from_micros(microseconds)
    }

    /// Pages that began and ended at these microseconds, each by itself, and whether the next one, at a third, may hold the loop.
    fn check_after(read: &[(u64, u64)], at: u64, expected: bool) {
        let reads = ShortReads::new(2);
        for (from, to) in read {
            reads.ended(None, us(*from), us(*to));
        }
        assert_eq!(reads.begins(us(at)).is_some(), expected, "{read:?} {at}");
    }

    #[test]
    fn pages_are_read_apart_for_a_while_after_one_that_was_slow() {
        check_after(&[], 0, true);
        check_after(&[(0, 20_000)], 20_000, true);
        check_after(&[(0, 20_001)], 20_001, false);
        check_after(&[(0, 20_001)], 120_000, false);
        check_after(&[(0, 20_001)], 120_001, true);
        // One that is slow as well goes on with it, one that is quick does not end it, and a late word of an early one changes nothing.
        check_after(&[(0, 21_000), (50_000, 80_000)], 179_999, false);
        check_after(&[(0, 21_000), (50_000, 80_000)], 180_000, true);
        check_after(&[(0, 21_000), (30_000, 30_100)], 30_100, false);
        check_after(&[(50_000, 80_000), (0, 21_000)], 179_999, false);
    }

    /// Of so many workers, pages that begin and end at these microseconds, in the order of their beginnings: which of them may hold the loop.
    fn check_together(workers: usize, pages: &[(u64, u64)], expected: &[bool]) {
        let reads = ShortReads::new(workers);
        let mut open: Vec<(usize, u64, u64)> = Vec::new();
        let mut may = Vec::new();
        for (from, to) in pages {
            open.retain(|(place, began, end)| {
                if end <= from {
                    reads.ended(Some(*place), us(*began), us(*end));
                }
                end > from
            });
            let place = reads.begins(us(*from));
            may.push(place.is_some());
            open.extend(place.map(|place| (place, *from, *to)));
        }
        assert_eq!(may, expected, "{workers} {pages:?}");
    }

    #[test]
    fn the_last_worker_reads_none_while_all_others_are_held_up() {
        const LONG: u64 = 15_000;
        check_together(2, &[(5_000, LONG), (6_001, 6_100)], &[true, false]);
        // What it reads itself meanwhile does not make the other one quick.
        check_together(
            2,
            &[(5_000, LONG), (5_500, 5_600), (6_000, 6_100), (6_400, 6_500)],
            &[true, true, true, false],
        );
        check_together(2, &[(5_000, 6_000), (6_001, 6_100)], &[true, true]);
        check_together(
            3,
            &[(5_000, LONG), (7_000, LONG), (8_001, 8_100)],
            &[true, true, false],
        );
        check_together(
            3,
            &[(5_000, LONG), (7_000, LONG), (8_000, 8_100)],
            &[true, true, true],
        );
        // There are no more of them than workers.
        check_together(
            2,
            &[(5_000, LONG), (5_100, LONG), (5_200, LONG)],
            &[true, true, false],
        );
    }

    #[test]
    fn a_page_has_ended_however_it_ends() {
        let reads = ShortReads::new(2);
        let here = || {
            let began = reads.began_us.iter();
            began
                .filter(|began_us| began_us.load(Ordering::Relaxed) != NONE)
                .count()
        };
        for _ in 0..3 {
            let reading = reads.here();
            assert_eq!((reading.is_some(), here()), (true, 1));
            drop(reading);
            drop(reads.apart());
            assert_eq!(here(), 0);
        }
    }
}
