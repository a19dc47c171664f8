//! A person or an address as the engine remembers them: as they are after their last sign-in, and as they were when some days of the last two
//! weeks began.
//!
//! A sign-in that is late is judged from such a day on. So what it costs is what came since, and not all that a person ever did.

use crate::seen::Seen;
use crate::told::{Judging, Told};
use model::identity::EventKey;
use model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is watched of a person or an address: a fold over their sign-ins in the order of their times.
pub(crate) trait Watched: Clone + Default {
    /// Shows it the next sign-in.
    fn observe(&mut self, seen: &Arc<Seen>, judging: &Judging<'_>, told: &mut Told);
}

/// One whose day began at least so many days before today is let go of: what comes later than that is rare.
const EARLIER_DAYS_MOST: i64 = 15;

/// What was watched at the beginning of a day: everything before it is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Earlier<W> {
    pub(crate) day_start: Timestamp,
    watched: Arc<W>,
}

/// What is remembered of a person or of an address.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Remembered<W> {
    /// As they are, and the last sign-in that is in it; `None` if something came before that and is not judged yet.
    now: Option<(W, (Timestamp, EventKey))>,
    /// As they were, oldest first.
    earlier: Vec<Earlier<W>>,
    /// How many sign-ins it was shown, some of them more than once.
    shown: u32,
    /// Whether it must not be written down: it rests on what is not kept any more.
    #[serde(skip)]
    is_held_back: bool,
}

impl<W> Default for Remembered<W> {
    fn default() -> Remembered<W> {
        Remembered {
            now: None,
            earlier: Vec::new(),
            shown: 0,
            is_held_back: false,
        }
    }
}

impl<W: Watched> Remembered<W> {
    /// Whether a sign-in comes after everything that is remembered.
    pub(crate) fn goes_on_with(&self, seen: &Seen) -> bool {
        self.now
            .as_ref()
            .is_some_and(|(_, last)| *last < (seen.time, seen.key))
    }

    /// Takes the next sign-in; of nobody who is remembered it is the first.
    pub(crate) fn observe(&mut self, seen: &Arc<Seen>, judging: &Judging<'_>, told: &mut Told) {
        let at = (seen.time, seen.key);
        let (watched, last) = self.now.get_or_insert_with(|| (W::default(), at));
        let day_start = seen.time.day_start();
        if last.0 < day_start {
            self.earlier.push(Earlier {
                day_start,
                watched: Arc::new(watched.clone()),
            });
            thin(&mut self.earlier, day_start);
        }
        *last = at;
        self.shown = self.shown.saturating_add(1);
        watched.observe(seen, judging, told);
    }

    /// Something of a time was not there when it was judged, or was something else: what rests on it is forgotten.
    pub(crate) fn forget_from(&mut self, time: Timestamp) {
        self.now = None;
        self.earlier.retain(|earlier| earlier.day_start <= time);
    }

    /// Forgets the days before a time: what was known then was not everything.
    pub(crate) fn forget_days_before(&mut self, time: Timestamp) {
        self.earlier.retain(|earlier| earlier.day_start >= time);
    }

    /// The last day up to a time that is remembered.
    pub(crate) fn before(&self, time: Timestamp) -> Option<&Earlier<W>> {
        self.earlier.iter().rfind(|earlier| earlier.day_start <= time)
    }

    /// Goes back to such a day, or to the beginning of everything.
    pub(crate) fn go_back_to(&mut self, earlier: Option<Earlier<W>>) {
        let from = earlier
            .as_ref()
            .map_or(Timestamp::MIN, |earlier| earlier.day_start);
        self.forget_from(from);
        if earlier.is_none() {
            *self = Remembered::default();
        }
        self.now = earlier.map(|earlier| {
            let nothing_since = (from, EventKey([0; 16]));
            (W::clone(&earlier.watched), nothing_since)
        });
    }

    /// Whether it may be written down, and there is something to write.
    pub(crate) fn may_be_kept(&self) -> bool {
        !self.is_held_back && (self.now.is_some() || !self.earlier.is_empty())
    }

    /// How many sign-ins it was shown.
    pub(crate) fn shown(&self) -> u32 {
        self.shown
    }

    /// It is not to be written down.
    pub(crate) fn hold_back(&mut self) {
        self.is_held_back = true;
    }

    /// Whether nothing was watched.
    pub(crate) fn is_empty(&self) -> bool {
        self.now.is_none()
    }
}

/// Keeps one day of those that are as old as today, one or two days older, three to six, and seven to fourteen: what is judged again is about twice
/// as long as what comes is late.
fn thin<W>(earlier: &mut Vec<Earlier<W>>, today: Timestamp) {
    let age_days = |earlier: &Earlier<W>| today.day() - earlier.day_start.day();
    earlier.retain(|earlier| age_days(earlier) < EARLIER_DAYS_MOST);
    // Of two the older one: it will soon be the only one that is old enough.
    earlier.dedup_by_key(|earlier| (age_days(earlier) + 1).ilog2());
}
