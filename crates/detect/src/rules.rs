//! The thresholds of all detectors, and from when which of them counts.

use crate::detectors::{
    after_multiple_failures, infected_devices, irregular, multiple_geographies, suspicious_addresses,
    unknown_sources,
};
use model::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The thresholds of all detectors, by detector.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// signInsFromMultipleGeographiesEvents
    pub multiple_geographies: multiple_geographies::Thresholds,
    /// signInsAfterMultipleFailuresEvents
    pub after_multiple_failures: after_multiple_failures::Thresholds,
    /// signInsFromUnknownSourcesEvents
    pub unknown_sources: unknown_sources::Thresholds,
    /// signInsFromIPAddressesWithSuspiciousActivityEvents
    pub suspicious_addresses: suspicious_addresses::Thresholds,
    /// signInsFromPossiblyInfectedDevicesEvents
    pub infected_devices: infected_devices::Thresholds,
    /// irregularSignInActivityEvents
    pub irregular: irregular::Thresholds,
}

impl Rules {
    /// Fails with a sentence if a threshold makes no sense.
    pub fn check(&self) -> Result<(), String> {
        let travel = &self.multiple_geographies;
        let positive = [
            ("multiple_geographies.maximum_kmh", travel.maximum_kmh),
            ("multiple_geographies.minimum_weight", travel.minimum_weight),
            ("irregular.suspicious_score", self.irregular.suspicious_score),
            ("irregular.irregular_score", self.irregular.irregular_score),
        ];
        for (name, value) in positive {
            if !(value.is_finite() && value > 0.0) {
                return Err(format!("{name} is {value}, and must be more than 0"));
            }
        }
        let not_negative = [
            ("multiple_geographies.slack_minutes", travel.slack_minutes),
            ("multiple_geographies.minimum_km", travel.minimum_km),
        ];
        for (name, value) in not_negative {
            if !(value.is_finite() && value >= 0.0) {
                return Err(format!("{name} is {value}, and must be 0 or more"));
            }
        }
        let addresses = &self.suspicious_addresses;
        let at_least_one = [
            (
                "after_multiple_failures.minimum_failures",
                self.after_multiple_failures.minimum_failures,
            ),
            ("suspicious_addresses.minimum_people", addresses.minimum_people),
            (
                "suspicious_addresses.people_for_each_success",
                addresses.people_for_each_success,
            ),
            (
                "suspicious_addresses.minimum_failures",
                addresses.minimum_failures,
            ),
            (
                "suspicious_addresses.failures_for_each_success",
                addresses.failures_for_each_success,
            ),
        ];
        for (name, value) in at_least_one {
            if value == 0 {
                return Err(format!("{name} is 0, and must be at least 1"));
            }
        }
        if self.irregular.suspicious_score < self.irregular.irregular_score {
            return Err(
                "irregular.suspicious_score must not be less than irregular.irregular_score".to_owned(),
            );
        }
        Ok(())
    }
}

/// Rules by the time from which they count: a change is for sign-ins of later, never for those that were judged by what counted then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleBook {
    /// Oldest first; the first counts from the beginning of time.
    versions: Vec<Version>,
}

/// Rules that count from a moment on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Named in findings; 1 for the first.
    pub number: u32,
    /// The first instant, in ticks, of sign-ins that are judged by it.
    pub from_ticks: i64,
    /// The thresholds.
    pub rules: Rules,
}

impl RuleBook {
    /// A book with one version, for all times.
    pub fn of(rules: Rules) -> RuleBook {
        RuleBook {
            versions: vec![Version {
                number: 1,
                from_ticks: Timestamp::MIN.ticks(),
                rules,
            }],
        }
    }

    /// Writes other rules into the book, for sign-ins from a moment on. The same as now changes nothing.
    pub fn change(&mut self, rules: Rules, from: Timestamp) -> bool {
        let newest = self.newest();
        if newest.rules == rules {
            return false;
        }
        let number = newest.number + 1;
        let from_ticks = from.ticks().max(newest.from_ticks);
        self.versions.push(Version {
            number,
            from_ticks,
            rules,
        });
        true
    }

    /// Writes rules into the book that count for all sign-ins from a moment on, whatever counted for them before. Where the same counted
    /// already its version stays, so that writing them twice changes nothing that was found.
    pub fn rewrite(&mut self, rules: Rules, from: Timestamp) {
        let mut from_ticks = from.ticks();
        if self.at(from).rules == rules {
            let later = self.versions.iter();
            let other = later
                .filter(|version| version.from_ticks > from_ticks)
                .find(|version| version.rules != rules);
            let Some(other) = other else { return };
            from_ticks = other.from_ticks;
        }
        let number = self.newest().number + 1;
        self.versions.retain(|version| version.from_ticks < from_ticks);
        self.versions.push(Version {
            number,
            from_ticks,
            rules,
        });
    }

    /// What counts for a sign-in of a moment.
    pub fn at(&self, time: Timestamp) -> &Version {
        let counting = self
            .versions
            .iter()
            .rev()
            .find(|version| version.from_ticks <= time.ticks());
        // Rules from a moment on may be all that there are.
        counting.unwrap_or_else(|| self.newest())
    }

    /// What counts now.
    pub fn newest(&self) -> &Version {
        // A book is never empty: it begins with one version, and none is taken out.
        &self.versions[self.versions.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_failures(minimum: u32) -> Rules {
        let mut rules = Rules::default();
        rules.after_multiple_failures.minimum_failures = minimum;
        rules
    }

    #[test]
    fn a_change_is_for_later_sign_ins_only() {
        let at = Timestamp::from_unix_seconds;
        let mut book = RuleBook::of(with_failures(10));
        assert!(!book.change(with_failures(10), at(50)));
        assert!(book.change(with_failures(5), at(100)));
        for (seconds, number, failures) in [(0, 1, 10), (99, 1, 10), (100, 2, 5), (1_000, 2, 5)] {
            let version = book.at(at(seconds));
            assert_eq!(
                (
                    version.number,
                    version.rules.after_multiple_failures.minimum_failures
                ),
                (number, failures),
                "{seconds}"
            );
        }
    }

    /// Versions of a book after it was rewritten, as `number from failures`.
    fn check_rewritten(changes: &[(u32, i64)], minimum: u32, from: i64, expected: &[&str]) {
        let at = Timestamp::from_unix_seconds;
        let mut book = RuleBook::of(with_failures(10));
        for (minimum, from) in changes {
            assert!(book.change(with_failures(*minimum), at(*from)));
        }
        book.rewrite(with_failures(minimum), at(from));
        let told: Vec<String> = book
            .versions
            .iter()
            .map(|version| {
                let from = match version.from_ticks {
                    ticks if ticks == Timestamp::MIN.ticks() => "ever".to_owned(),
                    ticks => Timestamp::from_ticks(ticks).unix_seconds().to_string(),
                };
                let failures = version.rules.after_multiple_failures.minimum_failures;
                format!("{} {from} {failures}", version.number)
            })
            .collect();
        assert_eq!(told, expected, "{changes:?} {minimum} {from}");
    }

    #[test]
    fn a_rewritten_book_has_the_rules_from_then_on() {
        check_rewritten(&[], 5, 50, &["1 ever 10", "2 50 5"]);
        check_rewritten(&[(5, 100)], 7, 50, &["1 ever 10", "3 50 7"]);
        check_rewritten(
            &[(5, 100), (6, 200)],
            7,
            200,
            &["1 ever 10", "2 100 5", "4 200 7"],
        );
    }

    #[test]
    fn the_same_rules_written_again_keep_their_version() {
        check_rewritten(&[], 10, 50, &["1 ever 10"]);
        check_rewritten(&[(5, 100)], 5, 100, &["1 ever 10", "2 100 5"]);
        check_rewritten(&[(5, 100)], 5, 150, &["1 ever 10", "2 100 5"]);
        // What the settings say came after; a number is never given twice.
        check_rewritten(
            &[(5, 100), (10, 200)],
            5,
            100,
            &["1 ever 10", "2 100 5", "4 200 5"],
        );
    }

    fn check(change: fn(&mut Rules), expected: Option<&str>) {
        let mut rules = Rules::default();
        change(&mut rules);
        assert_eq!(rules.check().err().as_deref(), expected);
    }

    #[test]
    fn thresholds_that_make_no_sense_are_refused_by_name() {
        check(|_| {}, None);
        check(
            |rules| rules.multiple_geographies.maximum_kmh = 0.0,
            Some("multiple_geographies.maximum_kmh is 0, and must be more than 0"),
        );
        check(
            |rules| rules.multiple_geographies.maximum_kmh = f64::NAN,
            Some("multiple_geographies.maximum_kmh is NaN, and must be more than 0"),
        );
        check(
            |rules| rules.multiple_geographies.minimum_weight = f64::INFINITY,
            Some("multiple_geographies.minimum_weight is inf, and must be more than 0"),
        );
        check(|rules| rules.multiple_geographies.slack_minutes = 0.0, None);
        check(
            |rules| rules.multiple_geographies.slack_minutes = -1.0,
            Some("multiple_geographies.slack_minutes is -1, and must be 0 or more"),
        );
        check(|rules| rules.multiple_geographies.minimum_km = 0.0, None);
        check(
            |rules| rules.multiple_geographies.minimum_km = f64::NAN,
            Some("multiple_geographies.minimum_km is NaN, and must be 0 or more"),
        );
        check(|rules| rules.multiple_geographies.learning_days = 0, None);
        check(|rules| rules.after_multiple_failures.minimum_failures = 1, None);
        check(
            |rules| rules.after_multiple_failures.minimum_failures = 0,
            Some("after_multiple_failures.minimum_failures is 0, and must be at least 1"),
        );
        check(
            |rules| rules.suspicious_addresses.minimum_people = 0,
            Some("suspicious_addresses.minimum_people is 0, and must be at least 1"),
        );
        check(
            |rules| rules.suspicious_addresses.people_for_each_success = 0,
            Some("suspicious_addresses.people_for_each_success is 0, and must be at least 1"),
        );
        check(
            |rules| rules.suspicious_addresses.minimum_failures = 0,
            Some("suspicious_addresses.minimum_failures is 0, and must be at least 1"),
        );
        check(
            |rules| rules.suspicious_addresses.failures_for_each_success = 0,
            Some("suspicious_addresses.failures_for_each_success is 0, and must be at least 1"),
        );
        check(|rules| rules.suspicious_addresses.mistyped_failures = 0, None);
        check(
            |rules| rules.irregular.irregular_score = 0.0,
            Some("irregular.irregular_score is 0, and must be more than 0"),
        );
        check(
            |rules| rules.irregular.suspicious_score = -0.5,
            Some("irregular.suspicious_score is -0.5, and must be more than 0"),
        );
        check(
            |rules| rules.irregular.suspicious_score = rules.irregular.irregular_score,
            None,
        );
        check(
            |rules| rules.irregular.suspicious_score = rules.irregular.irregular_score - 0.1,
            Some("irregular.suspicious_score must not be less than irregular.irregular_score"),
        );
    }
}
