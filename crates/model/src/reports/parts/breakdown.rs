//! Break-downs of a count by names that are data, and the counts that always answer exactly one item.

use crate::entity::{ComplexDef, NAMESPACE};
use crate::json::ObjectWriter;
use crate::query::TimeRanges;
use crate::reports::CountedWindow;
use crate::time::{TICKS_PER_DAY, Timestamp};
use std::collections::BTreeMap;

/// How many of a count fall on which name. Recovered from what clients read (wire contract 2.3).
pub const BREAKDOWN: ComplexDef = ComplexDef {
    name: "Breakdown",
    namespace: NAMESPACE,
    properties: &[],
    open: true,
    about: "A count by name. The names are data, such as the identity providers of the directory, so the type is \
            open and declares none of them; every member is a whole number.",
};

/// A window that is open at one end is taken to be this long.
const WINDOW_TICKS: i64 = 30 * TICKS_PER_DAY;

/// The first and the last instant that the one item of a count speaks of.
///
/// They are those of the window. The service narrows every window to at most what it answers by default; where an end is
/// open all the same, it lies 30 days from the other one, and a window that is open at both ends, or empty, is the instant
/// 1970-01-01T00:00:00Z: a client that expects exactly one item with two times gets them whatever it asked.
pub fn window_ends(window: &TimeRanges) -> (Timestamp, Timestamp) {
    let start = window
        .iter()
        .next()
        .map(|(first, _)| first)
        .filter(|first| *first > Timestamp::MIN);
    let end = window
        .iter()
        .next_back()
        .map(|(_, last)| last)
        .filter(|last| *last < Timestamp::MAX);
    match (start, end) {
        (Some(start), Some(end)) => (start, end),
        (Some(start), None) => (start, start.plus_ticks(WINDOW_TICKS)),
        (None, Some(end)) => (end.plus_ticks(-WINDOW_TICKS), end),
        (None, None) => (Timestamp::from_unix_seconds(0), Timestamp::from_unix_seconds(0)),
    }
}

/// The one item of a count report, by the names of its count and its break-down.
pub(in crate::reports) fn count_of_window(
    counted: &CountedWindow<'_>,
    count: &str,
    breakdown: &str,
) -> Vec<u8> {
    ObjectWriter::new()
        .time("StartTimeStamp", counted.start)
        .time("EndTimeStamp", counted.end)
        .integer(count, Some(counted.ways.values().sum()))
        .raw(breakdown, &breakdown_of(counted.ways))
        .finish()
}

/// A break-down as JSON, in the order of its names.
pub(in crate::reports) fn breakdown_of(ways: &BTreeMap<String, i64>) -> Vec<u8> {
    let mut object = ObjectWriter::new();
    for (name, count) in ways {
        object.integer(name, Some(*count));
    }
    object.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Operator;

    fn check(window: &TimeRanges, expected: &str) {
        let (start, end) = window_ends(window);
        assert_eq!(format!("{start} {end}"), expected);
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_vendor(text).unwrap()
    }

    #[test]
    fn a_window_with_two_ends_is_answered_as_asked() {
        let window = TimeRanges::between(at("2016-10-15"), at("2016-11-15"));
        check(&window, "2016-10-15T00:00:00Z 2016-11-15T00:00:00Z");
        let later = TimeRanges::between(at("2017-01-01"), at("2017-01-02"));
        check(&window.union(&later), "2016-10-15T00:00:00Z 2017-01-02T00:00:00Z");
    }

    #[test]
    fn an_open_end_lies_thirty_days_from_the_other() {
        check(
            &TimeRanges::compared(Operator::GreaterOrEqual, at("2016-10-15")),
            "2016-10-15T00:00:00Z 2016-11-14T00:00:00Z",
        );
        check(
            &TimeRanges::compared(Operator::LessOrEqual, at("2016-10-31")),
            "2016-10-01T00:00:00Z 2016-10-31T00:00:00Z",
        );
    }

    #[test]
    fn no_window_is_still_an_answer() {
        check(&TimeRanges::all(), "1970-01-01T00:00:00Z 1970-01-01T00:00:00Z");
        check(&TimeRanges::none(), "1970-01-01T00:00:00Z 1970-01-01T00:00:00Z");
    }

    fn check_count(ways: &[(&str, i64)], expected: &str) {
        let ways = ways
            .iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect();
        let counted = CountedWindow {
            start: at("2016-10-15"),
            end: at("2016-11-15"),
            ways: &ways,
        };
        let json = String::from_utf8(count_of_window(&counted, "MfaCount", "MfaTypeBreakDown")).unwrap();
        let times = r#"{"StartTimeStamp":"2016-10-15T00:00:00Z","EndTimeStamp":"2016-11-15T00:00:00Z","#;
        assert_eq!(json, format!("{times}{expected}}}"));
    }

    #[test]
    fn nothing_counted_is_zero_and_an_empty_object() {
        check_count(&[], r#""MfaCount":0,"MfaTypeBreakDown":{}"#);
    }

    #[test]
    fn a_count_is_the_sum_of_its_breakdown() {
        check_count(
            &[("voice", 2), ("SMS", 40)],
            r#""MfaCount":42,"MfaTypeBreakDown":{"SMS":40,"voice":2}"#,
        );
    }
}
