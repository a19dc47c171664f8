//! What a batch brings beside events that are stored: records that told none, errors, the number of its upload.

use super::{AppendJob, Place, Progress};
use crate::sqlite::ledger::lines::{Additions, Ledger, MOST_LATE_TICKS, NO_EVENT_HOUR};
use model::batch::Lateness;
use model::time::{Month, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What one transaction carries of it.
#[derive(Debug, Default)]
pub(super) struct Leftover {
    lines: Ledger,
    /// Jobs whose upload is whole with this transaction.
    whole: Vec<usize>,
    /// Jobs that something here is of.
    pub(super) concerned: BTreeSet<usize>,
}

impl Leftover {
    /// As additions to the ledger. A number is noted only where everything before it is stored.
    pub(super) fn of_whole(self, jobs: &[AppendJob], progress: &Progress) -> Additions {
        let whole = self.whole.into_iter();
        let whole = whole.filter(|index| progress.failures[*index].is_none());
        let received = whole.filter_map(|index| {
            let job = &jobs[index];
            Some((job.source.clone(), i64::try_from(job.sequence?).ok()?))
        });
        Additions {
            received: received.collect(),
            lines: self.lines,
            runs: Vec::new(),
        }
    }
}

/// Finds for each batch the transaction that takes along what has no month: the first of its own, else the catalogue's. The
/// number of an upload goes with the last.
pub(super) fn find(
    jobs: &[AppendJob],
    homes: &BTreeMap<Month, Vec<Place>>,
    progress: &Progress,
) -> BTreeMap<Option<Month>, Leftover> {
    let mut leftovers: BTreeMap<Option<Month>, Leftover> = BTreeMap::new();
    for (index, job) in jobs.iter().enumerate() {
        let purged = &progress.outcomes[index];
        let purged = purged.iter().filter(|outcome| outcome.is_some()).count() as u64;
        let holds = |places: &[Place]| places.iter().any(|place| place.job == index);
        let mut months = homes
            .iter()
            .filter(|(_, places)| holds(places))
            .map(|(month, _)| *month);
        let first = months.next();
        let last = months.next_back().or(first);
        if job.sequence.is_some() {
            let leftover = leftovers.entry(last).or_default();
            leftover.whole.push(index);
            leftover.concerned.insert(index);
        }
        let tells_nothing = job.ignored + job.rejected + purged == 0 && job.error.is_none();
        if tells_nothing && (first.is_some() || job.sequence.is_none()) {
            continue;
        }
        let arrival_hour = job.arrived.hour_start().ticks();
        let leftover = leftovers.entry(first).or_default();
        leftover.concerned.insert(index);
        let key = (job.source.clone(), arrival_hour, NO_EVENT_HOUR);
        let delta = leftover.lines.entry(key).or_default();
        delta.batches += i64::from(first.is_none());
        delta.ignored += job.ignored as i64;
        delta.rejected += (job.rejected + purged) as i64;
        delta.read += (job.ignored + job.rejected + purged) as i64;
        if let Some(error) = &job.error {
            delta.fail(job.arrived.ticks(), error);
        } else if purged > 0 {
            delta.fail(job.arrived.ticks(), PURGED);
        }
    }
    leftovers
}

/// The error of an event whose month is gone.
const PURGED: &str = "an event is of a month that was purged for good";

/// By how many ticks an event of a feed is behind the feed's newest, if that is too many.
pub(super) fn late_by(lateness: Lateness, time: Timestamp, newest: Option<Timestamp>) -> Option<i64> {
    let Lateness::After(allowed) = lateness else {
        return None;
    };
    let newest = newest.filter(|newest| time.plus_ticks(allowed) < *newest)?;
    let late_by = newest.ticks().saturating_sub(time.ticks());
    Some(late_by.min(MOST_LATE_TICKS))
}
