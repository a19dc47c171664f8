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

    /// Writes rules into the book that count for all sign-ins from a moment on, whatever counted for them before.
    pub fn rewrite(&mut self, rules: Rules, from: Timestamp) {
        let number = self.newest().number + 1;
        let from_ticks = from.ticks();
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
}
