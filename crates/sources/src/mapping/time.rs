//! Times as makers write them.

use jiff::fmt::strtime::{self, BrokenDownTime};
use model::time::{TICKS_PER_SECOND, Timestamp};
use serde_json::Value;

/// How a time is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeFormat {
    pub(super) style: Style,
    /// Seconds east of UTC of times that do not say it themselves.
    pub(super) offset_seconds: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Style {
    /// ISO 8601, and the other texts that [`Timestamp::parse_vendor`] reads.
    Iso,
    EpochSeconds,
    EpochMillis,
    /// A pattern of `strptime`.
    Pattern(String),
}

/// The words for `format`, for messages.
pub(super) const FORMATS: &str =
    "`iso`, `epoch-seconds`, `epoch-millis`, or a pattern such as `%d.%m.%Y %H:%M:%S`";

impl Style {
    pub(super) fn parse(text: &str) -> Result<Style, String> {
        match text {
            "iso" => Ok(Style::Iso),
            "epoch-seconds" => Ok(Style::EpochSeconds),
            "epoch-millis" => Ok(Style::EpochMillis),
            pattern if pattern.contains('%') => check_pattern(pattern),
            _ => Err(format!("it takes {FORMATS}")),
        }
    }
}

/// A pattern is good if a time that it writes can be read again.
fn check_pattern(pattern: &str) -> Result<Style, String> {
    const TRIAL_SECONDS: i64 = 1_700_000_000;
    if pattern.len() > 100 {
        return Err("a pattern has at most 100 bytes".to_owned());
    }
    let trial = jiff::Timestamp::from_second(TRIAL_SECONDS).map_err(|error| error.to_string())?;
    let written = strtime::format(pattern, trial).map_err(|error| format!("the pattern is none: {error}"))?;
    match read_pattern(pattern, 0, &written) {
        Some(time) if (time.unix_seconds() - TRIAL_SECONDS).abs() < 86_400 => {
            Ok(Style::Pattern(pattern.to_owned()))
        }
        _ => Err("the pattern does not tell year, month, day and hour".to_owned()),
    }
}

/// `UTC`, `Z` or `+01:00`: seconds east of UTC.
pub(super) fn parse_zone(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("UTC") || text == "Z" {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let number = |digits: &str, most: i64| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number
            .then(|| digits.parse::<i64>().ok())
            .flatten()
            .filter(|number| *number <= most)
    };
    Some(sign * (number(hours, 14)? * 3600 + number(minutes, 59)? * 60))
}

impl TimeFormat {
    /// Reads a time; the error says what is wrong with it.
    pub(super) fn read(&self, value: &Value) -> Result<Timestamp, String> {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        };
        let read = match &self.style {
            Style::Iso => Timestamp::parse_vendor(&text).ok().map(|time| {
                let offset = if says_zone(&text) { 0 } else { self.offset_seconds };
                time.plus_seconds(-offset)
            }),
            Style::EpochSeconds => epoch(&text, TICKS_PER_SECOND),
            Style::EpochMillis => epoch(&text, TICKS_PER_SECOND / 1000),
            Style::Pattern(pattern) => read_pattern(pattern, self.offset_seconds, &text),
        };
        let shown: String = text.chars().take(60).collect();
        read.ok_or_else(|| {
            let wanted = match &self.style {
                Style::Iso => "no time that can be read (such as 2017-05-17T12:00:00Z)".to_owned(),
                Style::EpochSeconds => "no number of seconds since 1970".to_owned(),
                Style::EpochMillis => "no number of milliseconds since 1970".to_owned(),
                Style::Pattern(pattern) => format!("no time of the pattern `{pattern}`"),
            };
            format!("is `{shown}`, which is {wanted}")
        })
    }
}

/// Whether a text that is a time ends in `Z`, `UTC` or an offset.
fn says_zone(text: &str) -> bool {
    let clock = text.find(':').map_or("", |at| &text[at..]);
    clock.ends_with(['Z', 'z', 'C', 'c']) || clock.contains(['+', '-'])
}

/// A number of units since 1970, with or without a fraction; digits below 100 ns are cut off.
fn epoch(text: &str, ticks_per_unit: i64) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let mut ticks = whole.parse::<i64>().ok()?.checked_mul(ticks_per_unit)?;
    let mut unit = ticks_per_unit;
    for digit in fraction.chars() {
        unit /= 10;
        let part = i64::from(digit.to_digit(10)?) * unit;
        ticks += if negative { -part } else { part };
    }
    let time = Timestamp::from_ticks(ticks);
    (time.ticks() == ticks).then_some(time)
}

fn read_pattern(pattern: &str, offset_seconds: i64, text: &str) -> Option<Timestamp> {
    let parts = BrokenDownTime::parse(pattern, text).ok()?;
    if let Some(timestamp) = parts.timestamp() {
        return from_jiff(timestamp.as_second(), timestamp.subsec_nanosecond());
    }
    let civil = match parts.to_datetime() {
        Ok(civil) => civil,
        // A date alone is its midnight.
        Err(_) if parts.hour().is_none() => parts.to_date().ok()?.to_datetime(jiff::civil::Time::midnight()),
        Err(_) => return None,
    };
    let offset = parts
        .offset()
        .map_or(offset_seconds, |offset| i64::from(offset.seconds()));
    let seconds = i64::from(civil.hour()) * 3600 + i64::from(civil.minute()) * 60 + i64::from(civil.second());
    let time = Timestamp::from_civil(
        i64::from(civil.year()),
        i64::from(civil.month()),
        i64::from(civil.day()),
        seconds,
        i64::from(civil.subsec_nanosecond() / 100),
    )?;
    Some(time.plus_seconds(-offset))
}

fn from_jiff(seconds: i64, nanoseconds: i32) -> Option<Timestamp> {
    let ticks = seconds.checked_mul(TICKS_PER_SECOND)?;
    Some(Timestamp::from_ticks(ticks).plus_ticks(i64::from(nanoseconds / 100)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[allow(clippy::needless_pass_by_value)] // So that cases are one line of data.
    fn check(format: &str, zone: &str, value: Value, expected: &str) {
        let format = TimeFormat {
            style: Style::parse(format).unwrap(),
            offset_seconds: parse_zone(zone).unwrap(),
        };
        let read = format
            .read(&value)
            .map_or_else(|wrong| wrong, |time| time.to_string());
        assert_eq!(read, expected, "{value}");
    }

    #[test]
    fn numbers_count_from_1970() {
        check(
            "epoch-seconds",
            "UTC",
            json!(1_495_022_400),
            "2017-05-17T12:00:00Z",
        );
        check(
            "epoch-seconds",
            "UTC",
            json!("1495022400.1234567"),
            "2017-05-17T12:00:00.1234567Z",
        );
        check("epoch-seconds", "UTC", json!("-0.5"), "1969-12-31T23:59:59.5Z");
        check(
            "epoch-millis",
            "UTC",
            json!(1_495_022_400_001_i64),
            "2017-05-17T12:00:00.001Z",
        );
        check(
            "epoch-millis",
            "UTC",
            json!("x"),
            "is `x`, which is no number of milliseconds since 1970",
        );
        check(
            "epoch-seconds",
            "UTC",
            json!(i64::MAX),
            "is `9223372036854775807`, which is no number of seconds since 1970",
        );
    }

    #[test]
    fn a_time_that_says_no_zone_is_of_the_mappings_zone() {
        check("iso", "UTC", json!("2017-05-17T12:00:00"), "2017-05-17T12:00:00Z");
        check(
            "iso",
            "+02:00",
            json!("2017-05-17T12:00:00"),
            "2017-05-17T10:00:00Z",
        );
        check(
            "iso",
            "+02:00",
            json!("2017-05-17T12:00:00Z"),
            "2017-05-17T12:00:00Z",
        );
        check(
            "iso",
            "+02:00",
            json!("2017-05-17 12:00:00-01:00"),
            "2017-05-17T13:00:00Z",
        );
        check(
            "iso",
            "-05:30",
            json!("5/17/2017 12:00:00 PM"),
            "2017-05-17T17:30:00Z",
        );
    }

    #[test]
    fn patterns_are_those_of_strptime() {
        check(
            "%d.%m.%Y %H:%M:%S",
            "+01:00",
            json!("17.05.2017 12:00:00"),
            "2017-05-17T11:00:00Z",
        );
        check(
            "%d/%b/%Y:%H:%M:%S %z",
            "+01:00",
            json!("17/May/2017:12:00:00 -0200"),
            "2017-05-17T14:00:00Z",
        );
        check(
            "%Y%m%d%H%M%S%.f",
            "UTC",
            json!("20170517120000.25"),
            "2017-05-17T12:00:00.25Z",
        );
        check("%d.%m.%Y", "UTC", json!("17.05.2017"), "2017-05-17T00:00:00Z");
        check(
            "%d.%m.%Y",
            "UTC",
            json!("31.02.2017"),
            "is `31.02.2017`, which is no time of the pattern `%d.%m.%Y`",
        );
    }

    #[test]
    fn a_pattern_that_cannot_tell_a_time_is_refused() {
        for pattern in ["%H:%M", "%Y", "%!", "%", "no pattern", "%d.%m"] {
            assert!(Style::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn zones_are_offsets() {
        assert_eq!(parse_zone("+05:30"), Some(19_800));
        assert_eq!(parse_zone("UTC"), Some(0));
        for zone in ["Europe/Berlin", "+5", "+15:00", "+01:60", "", "+é"] {
            assert_eq!(parse_zone(zone), None, "{zone}");
        }
    }
}
