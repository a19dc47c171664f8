//! What is counted of a judgement, and what is said of it at the end.

use detect::detectors::{self, irregular};
use serde::Serialize;
use std::collections::BTreeMap;

/// The whole answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    pub(super) sign_ins: u64,
    pub(super) successes: u64,
    pub(super) users: usize,
    pub(super) addresses: usize,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) takeovers: u64,
    pub(super) attack_address_sign_ins: u64,
    pub(super) attack_address_successes: u64,
    /// Successes that are neither takeovers nor from an attacker's address.
    pub(super) honest_successes: u64,
    pub(super) unread_rows: u64,
    pub(super) first_unread: Option<String>,
    pub(super) rows_out_of_order: u64,
    /// Rows that the file has twice.
    pub(super) rows_known: u64,
    /// How often a person or an address came again that was not remembered any more.
    pub(super) forgotten: u64,
    pub(super) detectors: Vec<OfDetector>,
    pub(super) irregular: OfScores,
    pub(super) cannot_tell: Vec<String>,
}

/// A detector's row, by the thresholds as they are shipped.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfDetector {
    pub(super) detector: &'static str,
    pub(super) findings: u64,
    pub(super) takeovers_found: u64,
    /// Successful sign-ins from attackers' addresses that a finding names.
    pub(super) attack_address_sign_ins_found: u64,
    pub(super) honest_flagged: u64,
    pub(super) honest_flagged_percent: Option<f64>,
}

/// What the scores of `irregular` are worth.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfScores {
    /// Takeovers of people who were known well enough to be judged.
    pub(super) takeovers_with_score: u64,
    pub(super) as_shipped: AtThreshold,
    pub(super) at_one_percent: AtThreshold,
}

/// What is flagged from some score on.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AtThreshold {
    /// `None` where everything may be flagged.
    pub(super) score: Option<f64>,
    pub(super) takeovers_caught: u64,
    pub(super) caught_percent: Option<f64>,
    pub(super) honest_flagged: u64,
    pub(super) honest_flagged_percent: Option<f64>,
}

/// What the truth says of a successful sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Honest,
    AttackAddress,
    Takeover,
    /// A takeover from an attacker's address.
    Both,
}

impl Truth {
    pub(super) fn of(is_takeover: bool, is_attack_address: bool) -> Truth {
        match (is_takeover, is_attack_address) {
            (false, false) => Truth::Honest,
            (false, true) => Truth::AttackAddress,
            (true, false) => Truth::Takeover,
            (true, true) => Truth::Both,
        }
    }

    pub(super) fn is_takeover(self) -> bool {
        matches!(self, Truth::Takeover | Truth::Both)
    }

    fn is_attack_address(self) -> bool {
        matches!(self, Truth::AttackAddress | Truth::Both)
    }
}

/// Counts of one detector.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    findings: u64,
    takeovers: u64,
    attack_addresses: u64,
    honest: u64,
}

/// Counts that grow with detectors and different scores, not with sign-ins.
#[derive(Debug, Default)]
pub(super) struct Tally {
    by_detector: BTreeMap<&'static str, Counted>,
    /// How many honest successes, and how many takeovers, have a score, by score.
    honest: BTreeMap<i64, u64>,
    takeovers: BTreeMap<i64, u64>,
}

/// Scores are told with four digits behind the point; so many are one.
const SCORE_PARTS: f64 = 10_000.0;
/// The share of honest sign-ins that the detectors are compared at.
const ONE_IN: u64 = 100;

impl Tally {
    pub(super) fn finding(&mut self, detector: &'static str) {
        self.by_detector.entry(detector).or_default().findings += 1;
    }

    /// A detector names a sign-in for the first time.
    pub(super) fn flagged(&mut self, detector: &'static str, truth: Truth) {
        let counted = self.by_detector.entry(detector).or_default();
        counted.takeovers += u64::from(truth.is_takeover());
        counted.attack_addresses += u64::from(truth.is_attack_address());
        counted.honest += u64::from(truth == Truth::Honest);
    }

    /// A score of a success; those from attackers' addresses that are no takeovers count on neither side.
    pub(super) fn score(&mut self, score: f64, truth: Truth) {
        let part = (score * SCORE_PARTS).round() as i64;
        if truth.is_takeover() {
            *self.takeovers.entry(part).or_default() += 1;
        } else if truth == Truth::Honest {
            *self.honest.entry(part).or_default() += 1;
        }
    }

    #[cfg(test)]
    pub(super) fn honest_scores(&self) -> &BTreeMap<i64, u64> {
        &self.honest
    }

    pub(super) fn of_detectors(&self, honest_successes: u64) -> Vec<OfDetector> {
        let row = |def: &&detectors::DetectorDef| {
            let counted = self.by_detector.get(def.name).copied().unwrap_or_default();
            OfDetector {
                detector: def.name,
                findings: counted.findings,
                takeovers_found: counted.takeovers,
                attack_address_sign_ins_found: counted.attack_addresses,
                honest_flagged: counted.honest,
                honest_flagged_percent: percent(counted.honest, honest_successes),
            }
        };
        detectors::ALL.iter().map(row).collect()
    }

    pub(super) fn of_scores(&self, takeovers: u64, honest_successes: u64) -> OfScores {
        let at = |score: Option<i64>, is_flagged: &dyn Fn(i64) -> bool| {
            let sum = |scores: &BTreeMap<i64, u64>| -> u64 {
                let flagged = scores.iter().filter(|(score, _)| is_flagged(**score));
                flagged.map(|(_, count)| count).sum()
            };
            let (caught, flagged) = (sum(&self.takeovers), sum(&self.honest));
            AtThreshold {
                score: score.map(|score| score as f64 / SCORE_PARTS),
                takeovers_caught: caught,
                caught_percent: percent(caught, takeovers),
                honest_flagged: flagged,
                honest_flagged_percent: percent(flagged, honest_successes),
            }
        };
        let shipped = (irregular::Thresholds::default().irregular_score * SCORE_PARTS).round() as i64;
        let allowed = honest_successes / ONE_IN;
        let mut flagged = 0;
        // The highest score that may not be flagged any more.
        let above = self.honest.iter().rev().find_map(|(score, count)| {
            flagged += count;
            (flagged > allowed).then_some(*score)
        });
        OfScores {
            takeovers_with_score: self.takeovers.values().sum(),
            as_shipped: at(Some(shipped), &|score| score >= shipped),
            at_one_percent: at(above, &|score| above.is_none_or(|above| score > above)),
        }
    }
}

fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| {
        let exact = part as f64 * 100.0 / whole as f64;
        (exact * 1_000.0).round() / 1_000.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The threshold at one in a hundred, the takeovers above it, and the honest above it.
    fn check(honest: &[(i64, u64)], takeovers: &[i64], of: u64, expected: (Option<f64>, u64, u64)) {
        let mut tally = Tally::default();
        for (score, count) in honest {
            for _ in 0..*count {
                tally.score(*score as f64, Truth::Honest);
            }
        }
        for score in takeovers {
            tally.score(*score as f64, Truth::Takeover);
        }
        let at = tally.of_scores(takeovers.len() as u64, of).at_one_percent;
        assert_eq!((at.score, at.takeovers_caught, at.honest_flagged), expected);
    }

    #[test]
    fn at_one_percent_no_more_than_that_many_honest_ones_are_flagged() {
        check(&[(9, 2), (5, 1), (1, 197)], &[8, 5, 20], 200, (Some(5.0), 2, 2));
        check(&[(9, 3), (1, 197)], &[9, 10], 200, (Some(9.0), 1, 0));
        check(&[(9, 1)], &[-3], 200, (None, 1, 1));
        check(&[(3, 1)], &[3, 4], 50, (Some(3.0), 1, 0));
    }

    #[test]
    fn as_shipped_is_from_the_threshold_on() {
        let shipped = irregular::Thresholds::default().irregular_score;
        let mut tally = Tally::default();
        for score in [shipped, shipped - 0.0001, shipped + 3.0] {
            tally.score(score, Truth::Honest);
            tally.score(score, Truth::Both);
            tally.score(score, Truth::AttackAddress);
        }
        let at = tally.of_scores(5, 10).as_shipped;
        assert_eq!((at.takeovers_caught, at.caught_percent), (2, Some(40.0)));
        assert_eq!((at.honest_flagged, at.honest_flagged_percent), (2, Some(20.0)));
    }
}
