//! Break-downs of a count by names that are data, and the counts that always answer exactly one item.

use crate::entity::{ComplexDef, NAMESPACE};
use crate::json::ObjectWriter;
use crate::query::TimeRanges;
use crate::time::{TICKS_PER_DAY, Timestamp};

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

/// The one item of a count report of which nothing has been counted.
///
/// `StartTimeStamp` and `EndTimeStamp` are the first and the last instant of the window. The service narrows every
/// window to at most what it answers by default; for a caller that does not, an open end lies 30 days from the other
/// one, and a window that is open at both ends, or empty, is the instant 1970-01-01T00:00:00Z: a client that expects
/// exactly one item with two times gets them whatever it asked.
pub(in crate::reports) fn count_of_nothing(window: &TimeRanges, count: &str, breakdown: &str) -> Vec<u8> {
    let (start, end) = ends(window);
    ObjectWriter::new()
        .time("StartTimeStamp", start)
        .time("EndTimeStamp", end)
        .integer(count, Some(0))
        .raw(breakdown, b"{}")
        .finish()
}

fn ends(window: &TimeRanges) -> (Timestamp, Timestamp) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Operator;

    fn check(window: &TimeRanges, expected: &str) {
        let (start, end) = ends(window);
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

    #[test]
    fn nothing_counted_is_zero_and_an_empty_object() {
        let window = TimeRanges::between(at("2016-10-15"), at("2016-11-15"));
        assert_eq!(
            String::from_utf8(count_of_nothing(&window, "MfaCount", "MfaTypeBreakDown")).unwrap(),
            r#"{"StartTimeStamp":"2016-10-15T00:00:00Z","EndTimeStamp":"2016-11-15T00:00:00Z","MfaCount":0,"MfaTypeBreakDown":{}}"#
        );
    }
}
