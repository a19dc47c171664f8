//! The one place that asks the machine what time it is.

use model::time::{TICKS_PER_SECOND, Timestamp};
use std::time::{Duration, Instant, SystemTime};

/// Measures how long something takes, whatever happens to the wall clock meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

/// The present, by the system clock.
#[allow(clippy::disallowed_methods)] // The edge where time comes in; everything else takes it as an argument.
pub fn now() -> Timestamp {
    let ticks = |span: Duration| {
        (span.as_secs() as i64)
            .saturating_mul(TICKS_PER_SECOND)
            .saturating_add(i64::from(span.subsec_nanos()) / 100)
    };
    match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => Timestamp::from_ticks(ticks(since)),
        Err(before) => Timestamp::from_ticks(ticks(before.duration()).saturating_neg()),
    }
}

impl Stopwatch {
    /// Starts measuring.
    #[allow(clippy::disallowed_methods)] // The edge where measuring is done.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// The time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_present_is_after_this_was_written_and_before_the_year_2200() {
        assert!(now() > Timestamp::from_unix_seconds(1_760_000_000));
        assert!(now() < Timestamp::from_unix_seconds(7_258_118_400));
    }

    #[test]
    fn a_stopwatch_never_runs_backwards() {
        let watch = Stopwatch::start();
        let first = watch.elapsed();
        assert!(watch.elapsed() >= first);
    }
}
