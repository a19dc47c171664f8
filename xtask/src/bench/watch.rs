//! The one place of the bench that asks the machine how late it is.

use std::time::{Duration, Instant};

/// Measures how long something takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watch(Instant);

impl Watch {
    /// Starts measuring.
    #[allow(clippy::disallowed_methods, reason = "measuring is what the bench does")]
    pub(super) fn start() -> Watch {
        Watch(Instant::now())
    }

    /// The time since the start.
    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// The same in seconds.
    pub(super) fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }
}
