//! What a tenant is brought, and what must therefore be there: new, late, repeated and changed records, each of which can be
//! said again from its number alone.

use crate::bench::fleet::Brought;
use crate::bench::templates::{Name, Templates};
use anyhow::Result;
use generator::chance::Chance;
use model::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Records of one upload.
pub(super) const BATCH: u64 = 100;
/// Of them: sent again as they were, and sent again with another content.
const AGAIN: u64 = 10;
const CHANGED: u64 = 10;
/// One record in so many is late.
const LATE_ONE_IN: u64 = 8;
/// A late record is at most so many days behind.
const LATE_DAYS_MOST: u64 = 3;
/// What is sent again is one of so many last.
const REACH: u64 = 200_000;
const DAY_SECONDS: u64 = 86_400;

/// Days of a run, and how fast they pass.
#[derive(Debug, Clone, Copy)]
pub(super) struct Days {
    /// The start of the first day.
    pub(super) first: Timestamp,
    pub(super) count: u64,
    /// Records of a tenant that make a day.
    pub(super) records: u64,
}

impl Days {
    /// The first days hold what is late at the beginning.
    fn day_of(self, number: u64) -> u64 {
        LATE_DAYS_MOST + number / self.records
    }

    /// When the record of a number happened.
    fn time_of(self, number: u64) -> Timestamp {
        let within = number % self.records * DAY_SECONDS / self.records;
        let mut seconds = self.day_of(number) * DAY_SECONDS + within;
        if number % LATE_ONE_IN == LATE_ONE_IN - 1 {
            let behind = Chance::of(5, &[number]).between(3_600, (LATE_DAYS_MOST * DAY_SECONDS) as i64);
            seconds -= behind as u64;
        }
        self.first.plus_seconds(seconds as i64)
    }

    pub(super) fn start_of(self, day: u64) -> Timestamp {
        self.first.plus_seconds((day * DAY_SECONDS) as i64)
    }

    fn place(self, time: Timestamp) -> usize {
        let seconds = time.unix_seconds() - self.first.unix_seconds();
        ((seconds.max(0) as u64 / DAY_SECONDS).min(self.count - 1)) as usize
    }
}

/// How many events each day of a tenant has: at least what was acknowledged, at most what was sent.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) days: Days,
    sent: Vec<AtomicU64>,
    acknowledged: Vec<AtomicU64>,
    /// The day that is being brought.
    today: AtomicU64,
}

impl Counts {
    pub(super) fn new(days: Days) -> Counts {
        let zeros = || (0..days.count).map(|_| AtomicU64::new(0)).collect();
        Counts {
            days,
            sent: zeros(),
            acknowledged: zeros(),
            today: AtomicU64::new(0),
        }
    }

    pub(super) fn acknowledged(&self, day: u64) -> u64 {
        self.acknowledged[day as usize].load(Ordering::SeqCst)
    }

    pub(super) fn sent(&self, day: u64) -> u64 {
        self.sent[day as usize].load(Ordering::SeqCst)
    }

    /// The days that have most of their events.
    pub(super) fn full_days(&self) -> std::ops::Range<u64> {
        LATE_DAYS_MOST..self.today.load(Ordering::SeqCst)
    }
}

/// Everything that was brought to a tenant.
#[derive(Debug)]
pub(super) struct Diary {
    owner: u32,
    days: Days,
    /// The highest content of each number.
    revisions: Vec<u8>,
    chance: Chance,
}

/// An upload, and what the service must answer.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) body: Vec<u8>,
    pub(super) expected: Brought,
    /// The days of its new records.
    places: Vec<usize>,
}

impl Diary {
    pub(super) fn new(owner: u32, days: Days) -> Diary {
        Diary {
            owner,
            days,
            revisions: Vec::new(),
            chance: Chance::of(17, &[u64::from(owner)]),
        }
    }

    /// The next upload, noted as sent.
    pub(super) fn upload(&mut self, templates: &Templates, counts: &Counts) -> Result<Upload> {
        let before = self.revisions.len() as u64;
        let mut body = Vec::new();
        let mut old = BTreeSet::new();
        if before >= BATCH {
            while (old.len() as u64) < AGAIN + CHANGED {
                old.insert(before - 1 - self.chance.below(before.min(REACH)));
            }
        }
        let (mut changed, mut known) = (0, 0);
        for number in &old {
            let revision = &mut self.revisions[*number as usize];
            if changed < CHANGED && *revision < u8::MAX {
                *revision += 1;
                changed += 1;
            } else {
                known += 1;
            }
            let revision = u32::from(*revision);
            self.write(&mut body, templates, *number, revision)?;
        }
        let new = BATCH - old.len() as u64;
        let mut places = Vec::new();
        for number in before..before + new {
            self.revisions.push(0);
            self.write(&mut body, templates, number, 0)?;
            places.push(self.days.place(self.days.time_of(number)));
        }
        for place in &places {
            counts.sent[*place].fetch_add(1, Ordering::SeqCst);
        }
        let today = self.days.day_of(before).min(self.days.count);
        counts.today.store(today, Ordering::SeqCst);
        Ok(Upload {
            body,
            expected: Brought { new, changed, known },
            places,
        })
    }

    fn write(&self, body: &mut Vec<u8>, templates: &Templates, number: u64, revision: u32) -> Result<()> {
        let name = Name {
            owner: self.owner,
            number,
        };
        templates.write(body, name, self.days.time_of(number), revision)?;
        Ok(())
    }

    /// What was brought, for the recount: the content that each number must show.
    pub(super) fn revisions(&self) -> &[u8] {
        &self.revisions
    }
}

impl Upload {
    /// Notes that it was acknowledged.
    pub(super) fn acknowledge(&self, counts: &Counts) {
        for place in &self.places {
            counts.acknowledged[*place].fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAYS: Days = Days {
        first: Timestamp::from_unix_seconds(1_772_323_200),
        count: 40,
        records: 1_000,
    };

    #[test]
    fn uploads_are_new_known_and_changed_and_the_counts_follow() {
        let (templates, counts) = (Templates::new(1).unwrap(), Counts::new(DAYS));
        let mut diary = Diary::new(1, DAYS);
        let first = diary.upload(&templates, &counts).unwrap();
        assert_eq!((first.expected.new, first.expected.changed), (100, 0));
        let second = diary.upload(&templates, &counts).unwrap();
        let expected = second.expected;
        assert_eq!((expected.new, expected.changed, expected.known), (80, 10, 10));
        assert_eq!(String::from_utf8(second.body).unwrap().lines().count(), 100);
        first.acknowledge(&counts);
        let all = |of: fn(&Counts, u64) -> u64| (0..DAYS.count).map(|day| of(&counts, day)).sum::<u64>();
        assert_eq!(all(Counts::sent), 180);
        assert_eq!(all(Counts::acknowledged), 100);
        assert_eq!(diary.revisions().len(), 180);
        assert_eq!(
            diary
                .revisions()
                .iter()
                .map(|revision| u64::from(*revision))
                .sum::<u64>(),
            10
        );
    }

    #[test]
    fn one_in_eight_is_late_and_none_before_the_first_day() {
        let late = (0..8_000).filter(|number| DAYS.time_of(*number) < DAYS.start_of(DAYS.day_of(*number)));
        assert!(late.count() > 700);
        assert!((0..8_000).all(|number| DAYS.time_of(number) >= DAYS.first));
    }
}
