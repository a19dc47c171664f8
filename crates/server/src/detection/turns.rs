//! Who judges: the task that goes on, or somebody who has kept history judged again. Never both at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whose turn it is.
#[derive(Debug, Default)]
pub struct Turns {
    judging: Mutex<()>,
    /// How often somebody else judged: engines of before do not know what was found.
    others: AtomicU64,
}

impl Turns {
    /// The task's turn, and how often others had theirs so far.
    pub(crate) fn go_on(&self) -> (MutexGuard<'_, ()>, u64) {
        let turn = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        let others = self.others.load(Ordering::Acquire);
        (turn, others)
    }

    /// Somebody else's turn, while the task rests.
    pub(crate) fn rest(&self) -> MutexGuard<'_, ()> {
        let turn = self.judging.lock().unwrap_or_else(PoisonError::into_inner);
        self.others.fetch_add(1, Ordering::AcqRel);
        turn
    }
}
