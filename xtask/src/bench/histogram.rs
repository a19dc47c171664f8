//! A histogram of durations with buckets about 3 % wide, so that a quantile costs little memory and less time.

use std::time::Duration;

/// Each power of two nanoseconds is divided into this many buckets.
const STEPS: usize = 32;
const STEP_BITS: u32 = STEPS.trailing_zeros();
const BUCKETS: usize = 64 * STEPS;

/// Counts durations.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Histogram {
    /// Without durations.
    pub(super) fn new() -> Histogram {
        Histogram {
            buckets: vec![0; BUCKETS],
            count: 0,
        }
    }

    /// Counts one.
    pub(super) fn record(&mut self, span: Duration) {
        let nanoseconds = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanoseconds)] += 1;
        self.count += 1;
    }

    /// Counts those of another.
    pub(super) fn add(&mut self, other: &Histogram) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
    }

    /// The duration that this share of them do not exceed, at most 3 % too large; zero if there are none.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let wanted = (share * self.count as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return Duration::from_nanos(upper_end(index));
            }
        }
        Duration::ZERO
    }
}

/// Small values have a bucket each; above, the leading bits say the bucket.
fn bucket(nanoseconds: u64) -> usize {
    if nanoseconds < STEPS as u64 {
        return nanoseconds as usize;
    }
    let magnitude = nanoseconds.ilog2() - STEP_BITS;
    let step = (nanoseconds >> magnitude) as usize - STEPS;
    (magnitude as usize + 1) * STEPS + step
}

/// The largest value of a bucket.
fn upper_end(index: usize) -> u64 {
    if index < STEPS {
        return index as u64;
    }
    let magnitude = (index / STEPS - 1) as u32;
    let step = (index % STEPS + STEPS) as u64;
    (step << magnitude) + ((1 << magnitude) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(microseconds: &[u64], share: f64, expected: u64) {
        let mut histogram = Histogram::new();
        for value in microseconds {
            histogram.record(Duration::from_micros(*value));
        }
        let found = histogram.quantile(share).as_nanos() as f64 / 1_000.0;
        let expected = expected as f64;
        assert!(
            found >= expected && found <= expected * 1.032,
            "{found} for {expected}"
        );
    }

    #[test]
    fn quantiles_are_right_to_three_percent() {
        let even: Vec<u64> = (1..=1_000).collect();
        check(&even, 0.5, 500);
        check(&even, 0.99, 990);
        check(&even, 1.0, 1_000);
        check(&[7], 0.99, 7);
        check(&[1, 1_000_000], 0.5, 1);
        check(&[1, 1_000_000], 0.99, 1_000_000);
    }

    #[test]
    fn an_empty_one_says_zero() {
        assert_eq!(Histogram::new().quantile(0.99), Duration::ZERO);
    }

    #[test]
    fn every_value_lies_in_a_bucket_that_ends_at_or_after_it() {
        for power in 0..64 {
            for value in [1_u64 << power, (1 << power) + (1 << power) / 3, u64::MAX >> power] {
                assert!(bucket(value) < BUCKETS, "{value}");
                assert!(upper_end(bucket(value)) >= value, "{value}");
            }
        }
    }
}
