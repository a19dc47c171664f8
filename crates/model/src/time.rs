//! Time as the old API counted it: 100 ns ticks in UTC, so that seven fraction digits go in and come out the same.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Ticks of 100 ns in one second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks of 100 ns in one day.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// An instant: ticks of 100 ns since 1970-01-01T00:00:00Z. Years 0001 to 9999, the range of `Edm.DateTimeOffset`.
/// By serde it is its ticks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Timestamp(i64);

/// A calendar month in UTC, counted from year 0: `year * 12 + (month - 1)`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// Why a text is not a time that we understand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a time that Gatelog reads (ISO 8601 such as 2017-05-17T12:00:00Z, or 5/17/2017 12:00:00 PM)"
)]
pub struct NotATime {
    /// The text as it came, cut to a length that fits a log line.
    pub text: String,
}

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Timestamp = Timestamp(-62_135_596_800 * TICKS_PER_SECOND);
    /// 9999-12-31T23:59:59.9999999Z.
    pub const MAX: Timestamp = Timestamp(253_402_300_800 * TICKS_PER_SECOND - 1);

    /// From ticks of 100 ns since 1970; beyond the years 0001 to 9999 the nearest end.
    pub const fn from_ticks(ticks: i64) -> Timestamp {
        if ticks < Timestamp::MIN.0 {
            Timestamp::MIN
        } else if ticks > Timestamp::MAX.0 {
            Timestamp::MAX
        } else {
            Timestamp(ticks)
        }
    }

    /// Ticks of 100 ns since 1970.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// From whole seconds since 1970.
    pub const fn from_unix_seconds(seconds: i64) -> Timestamp {
        Timestamp::from_ticks(seconds.saturating_mul(TICKS_PER_SECOND))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(TICKS_PER_SECOND)
    }

    /// Whole milliseconds since 1970, rounded down; the `…InMillis` properties of /activities.
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(10_000)
    }

    /// From milliseconds since 1970.
    pub const fn from_unix_millis(millis: i64) -> Timestamp {
        Timestamp::from_ticks(millis.saturating_mul(10_000))
    }

    /// This instant moved by a number of ticks; stays within the years 0001 to 9999.
    #[must_use]
    pub const fn plus_ticks(self, ticks: i64) -> Timestamp {
        Timestamp::from_ticks(self.0.saturating_add(ticks))
    }

    /// This instant moved by a number of seconds.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Timestamp {
        self.plus_ticks(seconds.saturating_mul(TICKS_PER_SECOND))
    }

    /// This instant moved by a number of days of 24 hours.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Timestamp {
        self.plus_ticks(days.saturating_mul(TICKS_PER_DAY))
    }

    /// Days since 1970-01-01, rounded down.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(TICKS_PER_DAY)
    }

    /// The start of the hour that contains this instant.
    #[must_use]
    pub const fn hour_start(self) -> Timestamp {
        let hour = 3600 * TICKS_PER_SECOND;
        Timestamp::from_ticks(self.0.div_euclid(hour) * hour)
    }

    /// The start of the UTC day that contains this instant.
    #[must_use]
    pub const fn day_start(self) -> Timestamp {
        Timestamp::from_ticks(self.day() * TICKS_PER_DAY)
    }

    /// The month that contains this instant.
    pub const fn month(self) -> Month {
        let (year, month, _) = civil_from_days(self.day());
        Month(year as i32 * 12 + month as i32 - 1)
    }

    /// From a UTC date and time of day; `None` if there is no such date or time.
    pub fn from_civil(year: i64, month: i64, day: i64, seconds_of_day: i64, ticks: i64) -> Option<Timestamp> {
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && day <= days_in_month(year, month)
            && (0..86_400).contains(&seconds_of_day);
        if !valid {
            return None;
        }
        Some(Timestamp::from_ticks(
            (days_from_civil(year, month, day) * 86_400 + seconds_of_day) * TICKS_PER_SECOND + ticks,
        ))
    }

    /// Reads a time as vendors write it.
    ///
    /// ISO 8601 with `T` or a space, one- or two-digit hours, 0 to 12 fraction digits (more than 7 truncate), `Z`, an
    /// offset, or nothing (then it is UTC); a date alone is midnight UTC; the US form `8/22/2022 6:07:16 PM`.
    pub fn parse_vendor(text: &str) -> Result<Timestamp, NotATime> {
        parse(text.trim().as_bytes()).ok_or_else(|| NotATime {
            text: text.chars().take(64).collect::<String>(),
        })
    }

    /// Appends `2015-03-12T22:01:18.4385955Z`: no trailing zeros in the fraction, no fraction if it is zero.
    pub fn write_to(self, out: &mut Vec<u8>) {
        let (year, month, day) = civil_from_days(self.day());
        let in_day = self.0.rem_euclid(TICKS_PER_DAY);
        let seconds = in_day / TICKS_PER_SECOND;
        let mut text = *b"0000-00-00T00:00:00.0000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], seconds / 3600);
        put(&mut text[14..16], seconds / 60 % 60);
        put(&mut text[17..19], seconds % 60);
        put(&mut text[20..27], in_day % TICKS_PER_SECOND);
        let mut end = 27;
        while text[end - 1] == b'0' {
            end -= 1;
        }
        if text[end - 1] == b'.' {
            end -= 1;
        }
        // At least one of the last eight bytes is cut, so the mark always fits.
        text[end] = b'Z';
        out.extend_from_slice(&text[..=end]);
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(28);
        self.write_to(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Month {
    /// From a year and a month of 1 to 12; `None` outside 0001-01 to 9999-12.
    pub fn new(year: i32, month: i32) -> Option<Month> {
        ((1..=9999).contains(&year) && (1..=12).contains(&month)).then(|| Month(year * 12 + month - 1))
    }

    /// From `2026-11`.
    pub fn parse(text: &str) -> Option<Month> {
        let (year, month) = text.split_once('-')?;
        if year.len() != 4 || month.len() != 2 {
            return None;
        }
        Month::new(year.parse().ok()?, month.parse().ok()?)
    }

    /// The first instant of the month.
    pub fn start(self) -> Timestamp {
        let (year, month) = (
            i64::from(self.0.div_euclid(12)),
            i64::from(self.0.rem_euclid(12)) + 1,
        );
        Timestamp::from_ticks(days_from_civil(year, month, 1) * TICKS_PER_DAY)
    }

    /// The first instant of the month after this one.
    pub fn end(self) -> Timestamp {
        Month(self.0 + 1).start()
    }

    /// A number that grows by one each month; for the disk, where text would not sort cheaply.
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A span of time as the reports print it: `[d.]hh:mm:ss`, fractions of a second cut off.
pub fn format_span(ticks: i64) -> String {
    let seconds = ticks.unsigned_abs() / TICKS_PER_SECOND as u64;
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let sign = if ticks < 0 { "-" } else { "" };
    let clock = format!("{hours:02}:{:02}:{:02}", seconds / 60 % 60, seconds % 60);
    if days > 0 {
        format!("{sign}{days}.{clock}")
    } else {
        format!("{sign}{clock}")
    }
}

fn put(digits: &mut [u8], mut value: i64) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar. Counts whole 400-year eras from March on, so
/// that the leap day is the last day of its year.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        _ => 31,
    }
}

/// Reads digits and marks from the front of a text.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn number(&mut self, min: usize, max: usize) -> Option<i64> {
        let digits = self
            .0
            .iter()
            .take(max)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        if digits < min {
            return None;
        }
        let value = self.0[..digits]
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        self.0 = &self.0[digits..];
        Some(value)
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn take_word(&mut self, word: &[u8]) -> bool {
        let found = self.0.len() >= word.len() && self.0[..word.len()].eq_ignore_ascii_case(word);
        if found {
            self.0 = &self.0[word.len()..];
        }
        found
    }
}

fn parse(text: &[u8]) -> Option<Timestamp> {
    if text.len() > 64 {
        return None;
    }
    let slash = text.iter().take(3).any(|byte| *byte == b'/');
    let mut scanner = Scanner(text);
    let time = if slash {
        us(&mut scanner)?
    } else {
        iso(&mut scanner)?
    };
    scanner.0.is_empty().then_some(time)
}

fn iso(scanner: &mut Scanner<'_>) -> Option<Timestamp> {
    let year = scanner.number(4, 4)?;
    let month = scanner.take(b'-').then(|| scanner.number(1, 2))??;
    let day = scanner.take(b'-').then(|| scanner.number(1, 2))??;
    if scanner.0.is_empty() {
        return Timestamp::from_civil(year, month, day, 0, 0);
    }
    if !(scanner.take(b'T') || scanner.take(b't') || scanner.take(b' ')) {
        return None;
    }
    let (seconds, ticks) = clock(scanner)?;
    let time = Timestamp::from_civil(year, month, day, seconds, ticks)?;
    let _ = scanner.take(b' ');
    Some(time.plus_seconds(-offset_seconds(scanner)?))
}

/// `8/22/2022 6:07:16 PM`; 24-hour clocks without AM or PM are read too.
fn us(scanner: &mut Scanner<'_>) -> Option<Timestamp> {
    let month = scanner.number(1, 2)?;
    let day = scanner.take(b'/').then(|| scanner.number(1, 2))??;
    let year = scanner.take(b'/').then(|| scanner.number(4, 4))??;
    if scanner.0.is_empty() {
        return Timestamp::from_civil(year, month, day, 0, 0);
    }
    if !(scanner.take(b' ') || scanner.take(b',') && scanner.take(b' ')) {
        return None;
    }
    let (mut seconds, ticks) = clock(scanner)?;
    let _ = scanner.take(b' ');
    let (morning, evening) = (scanner.take_word(b"AM"), scanner.take_word(b"PM"));
    if morning || evening {
        let hour = seconds / 3600;
        if !(1..=12).contains(&hour) {
            return None;
        }
        seconds = seconds % 3600 + (hour % 12 + if evening { 12 } else { 0 }) * 3600;
    }
    Timestamp::from_civil(year, month, day, seconds, ticks)
}

/// Seconds of the day and ticks of the second. A leap second counts as the last second of its minute.
fn clock(scanner: &mut Scanner<'_>) -> Option<(i64, i64)> {
    let hour = scanner.number(1, 2)?;
    let minute = scanner.take(b':').then(|| scanner.number(2, 2))??;
    let mut second = 0;
    let mut ticks = 0;
    if scanner.take(b':') {
        second = scanner.number(2, 2)?;
        if scanner.take(b'.') || scanner.take(b',') {
            let digits = scanner.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 || digits > 12 {
                return None;
            }
            for place in 0..7 {
                let digit = if place < digits {
                    i64::from(scanner.0[place] - b'0')
                } else {
                    0
                };
                ticks = ticks * 10 + digit;
            }
            scanner.0 = &scanner.0[digits..];
        }
    }
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some((hour * 3600 + minute * 60 + second.min(59), ticks))
}

/// `Z`, `+01:00`, `-0500`, `+01`, `UTC`, or nothing, which is UTC.
fn offset_seconds(scanner: &mut Scanner<'_>) -> Option<i64> {
    if scanner.0.is_empty() || scanner.take_word(b"Z") || scanner.take_word(b"UTC") {
        return Some(0);
    }
    let sign = if scanner.take(b'+') {
        1
    } else if scanner.take(b'-') {
        -1
    } else {
        return None;
    };
    let hours = scanner.number(2, 2)?;
    let colon = scanner.take(b':');
    let minutes = if scanner.0.is_empty() && !colon {
        0
    } else {
        scanner.number(2, 2)?
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    Some(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(input: &str, expected: &str) {
        let got = Timestamp::parse_vendor(input).map_or_else(|_| "-".to_owned(), |time| time.to_string());
        assert_eq!(got, expected, "{input}");
    }

    #[test]
    fn seven_digits_go_in_and_come_out_the_same() {
        check("2015-03-12T22:01:18.4385955Z", "2015-03-12T22:01:18.4385955Z");
        check("2018-08-20T15:16:45.5720566Z", "2018-08-20T15:16:45.5720566Z");
    }

    #[test]
    fn trailing_zeros_of_the_fraction_are_not_written() {
        check("2020-05-20T07:06:01Z", "2020-05-20T07:06:01Z");
        check("2020-05-20T07:06:01.7350000Z", "2020-05-20T07:06:01.735Z");
        check("2020-05-20T07:06:01.0000000Z", "2020-05-20T07:06:01Z");
    }

    #[test]
    fn more_than_seven_digits_truncate() {
        check("2023-07-26 22:58:30.983201999", "2023-07-26T22:58:30.9832019Z");
        check("2026-02-18T07:32:50.552947800Z", "2026-02-18T07:32:50.5529478Z");
    }

    #[test]
    fn vendors_write_time_in_many_ways() {
        check("8/22/2022 6:07:16 PM", "2022-08-22T18:07:16Z");
        check("11/16/2022 4:24:03 AM", "2022-11-16T04:24:03Z");
        check("12/1/2022 12:00:00 AM", "2022-12-01T00:00:00Z");
        check("12/1/2022 12:00:00 PM", "2022-12-01T12:00:00Z");
        check("2022-09-09T8:48:50.361Z", "2022-09-09T08:48:50.361Z");
        check("2022-09-09T08:48:50-05:00", "2022-09-09T13:48:50Z");
        check(
            "2024-11-27T03:31:26.7088498+00:00",
            "2024-11-27T03:31:26.7088498Z",
        );
        check("2022-11-16 16:25:17.680", "2022-11-16T16:25:17.68Z");
        check("2014-03-01", "2014-03-01T00:00:00Z");
        check("2016-02-29T00:00:00+0530", "2016-02-28T18:30:00Z");
        check("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z");
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for text in [
            "",
            "-",
            "yesterday",
            "2015-02-29",
            "2015-13-01",
            "2015-00-10",
            "2015-01-01T24:00:00Z",
            "2015-01-01T10:60:00Z",
            "2015-01-01T10:00:00.Z",
            "2015-01-01T10:00:00.1234567890123Z",
            "13/40/2020 1:00:00 PM",
            "8/22/2022 16:07:16 PM",
            "2015-01-01Tx",
            "2015-01-01T10:00:00+99:00",
            "0000-01-01",
            "10:00:00",
        ] {
            check(text, "-");
        }
    }

    #[test]
    fn a_span_is_printed_as_days_and_a_clock() {
        assert_eq!(format_span(0), "00:00:00");
        assert_eq!(format_span(TICKS_PER_SECOND * 4_000 + 9), "01:06:40");
        assert_eq!(format_span(TICKS_PER_DAY * 3 + TICKS_PER_SECOND), "3.00:00:01");
        assert_eq!(format_span(-TICKS_PER_SECOND * 61), "-00:01:01");
    }

    #[test]
    fn months_know_their_ends() {
        let month = Timestamp::parse_vendor("2016-02-29T23:59:59.9999999Z")
            .unwrap()
            .month();
        assert_eq!(month.to_string(), "2016-02");
        assert_eq!(month.start().to_string(), "2016-02-01T00:00:00Z");
        assert_eq!(month.end().to_string(), "2016-03-01T00:00:00Z");
        assert_eq!(Month::parse("2016-02"), Some(month));
        assert_eq!(Month::parse("2016-2"), None);
    }

    proptest! {
        /// `jiff` is another hand's calendar.
        #[test]
        fn the_calendar_agrees_with_jiff(ticks in Timestamp::MIN.ticks()..Timestamp::MAX.plus_days(-2).ticks()) {
            let ours = Timestamp::from_ticks(ticks);
            let nanoseconds = i128::from(ticks) * 100;
            let theirs = jiff::Timestamp::from_nanosecond(nanoseconds).unwrap();
            prop_assert_eq!(ours.to_string(), theirs.to_string());
            prop_assert_eq!(Timestamp::parse_vendor(&ours.to_string()).unwrap(), ours);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,80}") {
            let _ = Timestamp::parse_vendor(&text);
        }
    }
}
