//! The year of a date that has none, and the date of a time that has none: by what else is known of the input.

use super::envelope::Stamp;
use model::time::{TICKS_PER_DAY, TICKS_PER_SECOND, Timestamp};

/// A leap day is looked for so many years back: 1900 and 2100 have none.
const YEARS_BACK: i64 = 8;
/// Clocks differ: a time of day may lie so far after the end of its input.
const SKEW_TICKS: i64 = 3600 * TICKS_PER_SECOND;

/// What is known of the time of an input.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dates {
    /// No line is much younger: the file's modification time, or the time of arrival.
    not_after: Option<Timestamp>,
    /// The time of the latest line whose date is known by the input itself.
    known: Option<Timestamp>,
    /// The latest time without a date that was placed by `not_after`.
    placed: Option<Timestamp>,
    past_midnight: bool,
}

const NO_YEAR: &str = "its date has no year, and nothing tells it: give the file itself to `gatelog import` (its modification \
    time tells the year), or have the log written with whole dates (rsyslog: the template RSYSLOG_FileFormat)";
const NO_DATE: &str = "its time has no date, and nothing tells it: give the file itself to `gatelog import` (its modification \
    time tells the day), or have the log written with dates (Keycloak: --log-console-format with %d{yyyy-MM-dd HH:mm:ss,SSS})";
const PAST_MIDNIGHT: &str = "its time has no date, and the times of the input go past midnight, so that nobody knows the day: \
    have the log written with dates (Keycloak: --log-console-format with %d{yyyy-MM-dd HH:mm:ss,SSS})";
const NO_SUCH_DAY: &str = "its date has no year, and no year has such a day";

impl Dates {
    pub(crate) fn new(not_after: Option<Timestamp>) -> Dates {
        Dates {
            not_after,
            ..Dates::default()
        }
    }

    /// The time of a stamp, `None` if there is none. The error says what is missing.
    pub(crate) fn resolve(&mut self, stamp: Stamp) -> Result<Option<Timestamp>, &'static str> {
        match stamp {
            Stamp::Absent => Ok(None),
            Stamp::Full(time) => {
                self.known = Some(time);
                Ok(Some(time))
            }
            Stamp::NoYear {
                month,
                day,
                seconds,
                ticks,
            } => self
                .with_year(|year| Timestamp::from_civil(year, month, day, seconds, ticks))
                .map(Some),
            Stamp::NoDate(of_day) => self.with_date(of_day).map(Some),
        }
    }

    fn with_year(&mut self, in_year: impl Fn(i64) -> Option<Timestamp>) -> Result<Timestamp, &'static str> {
        if let Some(known) = self.known {
            let year = year_of(known);
            let near = (year - YEARS_BACK..=year + YEARS_BACK)
                .filter_map(in_year)
                .min_by_key(|time| known.ticks().abs_diff(time.ticks()))
                .ok_or(NO_SUCH_DAY)?;
            self.known = Some(near);
            return Ok(near);
        }
        let latest = self.not_after.ok_or(NO_YEAR)?.plus_ticks(TICKS_PER_DAY);
        let year = year_of(latest);
        (year - YEARS_BACK..=year)
            .filter_map(in_year)
            .filter(|time| *time <= latest)
            .max()
            .ok_or(NO_SUCH_DAY)
    }

    fn with_date(&mut self, of_day: i64) -> Result<Timestamp, &'static str> {
        if let Some(known) = self.known {
            let near = nearest(known, of_day);
            self.known = Some(near);
            return Ok(near);
        }
        let latest = self.not_after.ok_or(NO_DATE)?.plus_ticks(SKEW_TICKS);
        let midnight = latest.ticks() - latest.ticks().rem_euclid(TICKS_PER_DAY);
        let mut time = Timestamp::from_ticks(midnight + of_day);
        if time > latest {
            time = time.plus_ticks(-TICKS_PER_DAY);
        }
        // All of them are on the day of the end of the input, unless they went past a midnight.
        let is_back = |placed: Timestamp| time.plus_ticks(SKEW_TICKS) < placed;
        self.past_midnight |= self.placed.is_some_and(is_back);
        if self.past_midnight {
            return Err(PAST_MIDNIGHT);
        }
        self.placed = self.placed.max(Some(time));
        Ok(time)
    }
}

/// A time of day on the day that brings it nearest to an instant.
pub(crate) fn nearest(instant: Timestamp, of_day: i64) -> Timestamp {
    let midnight = instant.ticks() - instant.ticks().rem_euclid(TICKS_PER_DAY);
    let day = |offset: i64| Timestamp::from_ticks(midnight + offset * TICKS_PER_DAY + of_day);
    [day(-1), day(0), day(1)]
        .into_iter()
        .min_by_key(|time| instant.ticks().abs_diff(time.ticks()))
        .unwrap_or(instant)
}

fn year_of(time: Timestamp) -> i64 {
    i64::from(time.month().number().div_euclid(12))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriers::lines::envelope::Envelope;

    fn check(not_after: Option<&str>, stamps: &[&str], expected: &[&str]) {
        let time = |text: &str| Timestamp::parse_vendor(text).unwrap();
        let mut dates = Dates::new(not_after.map(time));
        let found: Vec<String> = stamps
            .iter()
            .map(|stamp| {
                let line = format!("{stamp} x");
                match dates.resolve(Envelope::of(&line).stamp) {
                    Ok(Some(time)) => time.to_string(),
                    Ok(None) => "-".to_owned(),
                    Err(reason) => reason[..20].to_owned(),
                }
            })
            .collect();
        assert_eq!(found, expected, "{not_after:?} {stamps:?}");
    }

    #[test]
    fn a_year_is_the_one_before_if_the_date_would_lie_after_the_end_of_the_file() {
        let end = Some("2026-01-05T10:00:00Z");
        check(
            end,
            &[
                "Dec 31 23:59:59",
                "Jan  5 09:00:00",
                "Jan  6 09:00:00",
                "Jan  7 09:00:00",
            ],
            &[
                "2025-12-31T23:59:59Z",
                "2026-01-05T09:00:00Z",
                "2026-01-06T09:00:00Z",
                "2025-01-07T09:00:00Z",
            ],
        );
        check(end, &["Feb 29 00:00:00"], &["2024-02-29T00:00:00Z"]);
        check(end, &["Feb 30 00:00:00"], &["its date has no year"]);
    }

    #[test]
    fn a_line_with_a_year_tells_that_of_the_next() {
        check(
            Some("2030-06-01"),
            &["2026-12-31T23:59:59Z", "Jan  1 00:00:01", "Dec 31 23:59:58"],
            &[
                "2026-12-31T23:59:59Z",
                "2027-01-01T00:00:01Z",
                "2026-12-31T23:59:58Z",
            ],
        );
    }

    #[test]
    fn without_any_of_them_nobody_guesses() {
        check(None, &["Oct 11 22:14:15"], &["its date has no year"]);
        check(None, &["12:00:00,123"], &["its time has no date"]);
    }

    #[test]
    fn a_time_of_day_is_of_the_last_day_and_no_later() {
        check(
            Some("2026-11-02T01:00:00Z"),
            &["23:59:00,000"],
            &["2026-11-01T23:59:00Z"],
        );
        check(
            Some("2026-11-02T01:00:00Z"),
            &["00:59:00,000", "01:30:00"],
            &["2026-11-02T00:59:00Z", "2026-11-02T01:30:00Z"],
        );
        check(
            Some("2026-11-02T23:00:00Z"),
            &["22:00:00,000", "00:10:00,000", "22:30:00,000"],
            &[
                "2026-11-02T22:00:00Z",
                "its time has no date",
                "its time has no date",
            ],
        );
        check(
            None,
            &["2026-11-01 23:59:59,000", "00:00:01,000"],
            &["2026-11-01T23:59:59Z", "2026-11-02T00:00:01Z"],
        );
    }
}
