//! Answers as they were timed, and the arithmetic over them: quantiles within a window, slopes, thirds of a run.

use std::ops::Range;

/// One answer. Times are in seconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    /// What was asked, as a place in the run's list of kinds.
    pub(super) kind: usize,
    /// When it should have been asked: a request that could not be sent in time counts as waiting since then.
    pub(super) due: f64,
    /// How long it took from then on, in seconds.
    pub(super) took: f64,
}

/// What the answers of one kind within a window came to, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figures {
    pub(super) count: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) most: f64,
}

/// The figures of the answers that were due within a window.
pub(super) fn figures(samples: &[Sample], kind: usize, window: &Range<f64>) -> Figures {
    let mut spans: Vec<f64> = samples
        .iter()
        .filter(|sample| sample.kind == kind && window.contains(&sample.due))
        .map(|sample| sample.took)
        .collect();
    spans.sort_unstable_by(f64::total_cmp);
    Figures {
        count: spans.len(),
        p50: quantile(&spans, 0.5),
        p99: quantile(&spans, 0.99),
        most: spans.last().copied().unwrap_or(0.0),
    }
}

/// The value that this share of sorted values does not exceed; zero if there are none.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let wanted = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted
        .get(wanted.min(sorted.len()).saturating_sub(1))
        .copied()
        .unwrap_or(0.0)
}

/// How much `y` grows with each unit of `x`: the line of least squares through the points; zero for fewer than two.
pub(super) fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (middle_x, middle_y) = (mean(|point| point.0), mean(|point| point.1));
    let (mut along, mut square) = (0.0, 0.0);
    for (x, y) in points {
        along += (x - middle_x) * (y - middle_y);
        square += (x - middle_x).powi(2);
    }
    if square > 0.0 { along / square } else { 0.0 }
}

/// The three equal parts of a run of so many seconds.
pub(super) fn thirds(seconds: f64) -> [Range<f64>; 3] {
    let third = seconds / 3.0;
    [0.0..third, third..2.0 * third, 2.0 * third..f64::INFINITY]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} for {expected}");
    }

    #[test]
    fn quantiles_are_values_that_occurred() {
        let even: Vec<f64> = (1..=200).map(f64::from).collect();
        for (share, expected) in [(0.5, 100.0), (0.99, 198.0), (1.0, 200.0), (0.0, 1.0)] {
            near(quantile(&even, share), expected);
        }
        near(quantile(&[7.0], 0.99), 7.0);
        near(quantile(&[], 0.99), 0.0);
    }

    #[test]
    fn figures_are_of_one_kind_and_one_window() {
        let sample = |kind, due, took| Sample { kind, due, took };
        let samples = [
            sample(0, 0.5, 9.0),
            sample(0, 1.0, 3.0),
            sample(1, 1.5, 8.0),
            sample(0, 1.9, 1.0),
            sample(0, 2.0, 7.0),
        ];
        let found = figures(&samples, 0, &(1.0..2.0));
        assert_eq!(found.count, 2);
        near(found.p50, 1.0);
        near(found.p99, 3.0);
        near(found.most, 3.0);
        assert_eq!(figures(&samples, 2, &(0.0..9.0)).count, 0);
    }

    #[test]
    fn a_slope_is_the_growth_for_each_unit() {
        near(slope(&[(0.0, 5.0), (10.0, 25.0)]), 2.0);
        near(slope(&[(0.0, 1.0), (1.0, 3.0), (2.0, 2.0), (3.0, 4.0)]), 0.8);
        near(slope(&[(0.0, 4.0), (1.0, 4.0), (2.0, 4.0)]), 0.0);
        near(slope(&[(3.0, 4.0)]), 0.0);
        near(slope(&[]), 0.0);
    }

    #[test]
    fn the_last_third_has_what_comes_late() {
        let [first, second, last] = thirds(90.0);
        assert!(first.contains(&0.0) && first.contains(&29.9) && !first.contains(&30.0));
        assert!(second.contains(&30.0) && !second.contains(&60.0));
        assert!(last.contains(&60.0) && last.contains(&95.0));
    }
}
