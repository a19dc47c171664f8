//! A person as the engine remembers them: as they are after their last sign-in, and as they were when one or two days of the last week began.
//!
//! A sign-in that is late by some days is judged from there. So what it costs is what came since, and not all that a person ever did.

use crate::person::Person;
use crate::seen::Seen;
use crate::told::{Judging, Told};
use model::identity::EventKey;
use model::time::{TICKS_PER_DAY, Timestamp};
use std::sync::Arc;

/// From one such day to the next, at the least. What is late by no more than this never takes the whole history, and what is judged again is at
/// most twice as long. Logs of the cloud are late by hours, and by days after a failure.
const EARLIER_EVERY_DAYS: i64 = 4;
/// So many of them are kept.
const EARLIER_KEPT: usize = 2;

/// A person at the beginning of a day: everything before it is in it.
#[derive(Debug, Clone)]
pub(crate) struct Earlier {
    pub(crate) day_start: Timestamp,
    person: Arc<Person>,
}

/// What is remembered of a person.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// As they are, and the last sign-in that is in it; `None` if something came before that and is not judged yet.
    now: Option<(Person, (Timestamp, EventKey))>,
    /// As they were, oldest first.
    earlier: Vec<Earlier>,
}

impl Remembered {
    /// Whether a sign-in comes after everything that is remembered.
    pub(crate) fn goes_on_with(&self, seen: &Seen) -> bool {
        self.now
            .as_ref()
            .is_some_and(|(_, last)| *last < (seen.time, seen.key))
    }

    /// Shows the person the next sign-in; of nobody who is remembered it is the first.
    pub(crate) fn observe(&mut self, seen: &Arc<Seen>, judging: &Judging<'_>, told: &mut Told) {
        let at = (seen.time, seen.key);
        let (person, last) = self.now.get_or_insert_with(|| (Person::default(), at));
        let day_start = seen.time.day_start();
        let is_far = |earlier: &Earlier| {
            day_start.ticks() - earlier.day_start.ticks() >= EARLIER_EVERY_DAYS * TICKS_PER_DAY
        };
        if last.0 < day_start && self.earlier.last().is_none_or(is_far) {
            if self.earlier.len() == EARLIER_KEPT {
                self.earlier.remove(0);
            }
            self.earlier.push(Earlier {
                day_start,
                person: Arc::new(person.clone()),
            });
        }
        *last = at;
        person.observe(seen, judging, told);
    }

    /// Something of a time was not there when the person was judged, or was something else: what rests on it is forgotten.
    pub(crate) fn forget_from(&mut self, time: Timestamp) {
        self.now = None;
        self.earlier.retain(|earlier| earlier.day_start <= time);
    }

    /// The last day up to a time by whose beginning the person is remembered.
    pub(crate) fn before(&self, time: Timestamp) -> Option<&Earlier> {
        self.earlier.iter().rfind(|earlier| earlier.day_start <= time)
    }

    /// Goes back to such a day, or to the beginning of everything.
    pub(crate) fn go_back_to(&mut self, earlier: Option<Earlier>) {
        let from = earlier
            .as_ref()
            .map_or(Timestamp::MIN, |earlier| earlier.day_start);
        self.forget_from(from);
        self.now = earlier.map(|earlier| {
            let nothing_since = (from, EventKey([0; 16]));
            (Person::clone(&earlier.person), nothing_since)
        });
    }

    /// Whether nothing is remembered.
    pub(crate) fn is_nobody(&self) -> bool {
        self.now.is_none()
    }
}
