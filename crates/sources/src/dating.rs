//! When a record of another maker happened: by the maker's own clock, never by when somebody received it.

use crate::fields::Fields;
use model::time::Timestamp;

/// 1973 in seconds since 1970, and in milliseconds: a number between the two counts seconds.
const SECONDS: std::ops::Range<i64> = 100_000_000..100_000_000_000;

/// The first of the maker's times that can be read; else Panther's `p_event_time`, which it made of the maker's time. Panther
/// gives a record without a time the one at which it was parsed, so a `p_event_time` that is its `p_parse_time` does not count.
/// Fails with a sentence that says what is missing or unreadable.
pub(crate) fn event_time(
    fields: Fields<'_>,
    names: &[&str],
    envelope: Fields<'_>,
) -> Result<Timestamp, String> {
    let mut unreadable = None;
    for name in names {
        match time(fields, name) {
            Some(Ok(time)) => return Ok(time),
            Some(Err(text)) => unreadable = unreadable.or(Some((*name, text))),
            None => {}
        }
    }
    let pipelines = time(envelope, "p_event_time").and_then(Result::ok);
    let parsed = time(envelope, "p_parse_time").and_then(Result::ok);
    if let Some(time) = pipelines.filter(|time| Some(*time) != parsed) {
        return Ok(time);
    }
    if let Some((name, text)) = unreadable {
        return Err(format!(
            "its `{name}` is `{text}`, which is no time that can be read (such as 2017-05-17T12:00:00Z)"
        ));
    }
    let received = if pipelines.is_some() {
        "; its `p_event_time` is when the pipeline parsed it"
    } else {
        ""
    };
    let name = names.first().copied().unwrap_or_default();
    Err(format!(
        "it does not say when it happened: it has no `{name}`{received}; export that too"
    ))
}

/// As [`Fields::time`], and also `2017-05-17 12:00:00 UTC` and seconds since 1970.
fn time(fields: Fields<'_>, name: &str) -> Option<Result<Timestamp, String>> {
    let text = match fields.time(name)? {
        Ok(time) => return Some(Ok(time)),
        Err(text) => text,
    };
    if let Some(seconds) = fields.integer(name).filter(|seconds| SECONDS.contains(seconds)) {
        return Some(Ok(Timestamp::from_unix_seconds(seconds)));
    }
    let named = text
        .strip_suffix("UTC")
        .map(str::trim_end)
        .and_then(|text| Timestamp::parse_vendor(text).ok());
    Some(named.ok_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, Value};

    fn check(record: &str, expected: Result<&str, &str>) {
        let record: Map<String, Value> = serde_json::from_str(record).unwrap();
        let fields = Fields::new(&record);
        let time = event_time(fields, &["isotimestamp", "timestamp"], fields);
        let time = time.map(|time| time.to_string());
        match expected {
            Ok(expected) => assert_eq!(time.as_deref(), Ok(expected), "{record:?}"),
            Err(part) => assert!(time.unwrap_err().contains(part), "{record:?}"),
        }
    }

    #[test]
    fn the_makers_time_counts_first() {
        check(
            r#"{"isotimestamp":"2022-12-14 20:09:57","timestamp":1,"p_event_time":"2023-01-01"}"#,
            Ok("2022-12-14T20:09:57Z"),
        );
        check(
            r#"{"isotimestamp":"soon","timestamp":1671048597}"#,
            Ok("2022-12-14T20:09:57Z"),
        );
        check(
            r#"{"isotimestamp":"2022-12-14 20:09:57 UTC"}"#,
            Ok("2022-12-14T20:09:57Z"),
        );
    }

    #[test]
    fn the_pipelines_time_counts_only_where_it_is_not_when_it_was_parsed() {
        check(
            r#"{"p_event_time":"2022-12-14 20:09:57","p_parse_time":"2022-12-14 20:10:57"}"#,
            Ok("2022-12-14T20:09:57Z"),
        );
        check(
            r#"{"p_event_time":"2022-12-14 20:09:57","p_parse_time":"2022-12-14T20:09:57.000Z"}"#,
            Err("no `isotimestamp`; its `p_event_time` is when the pipeline parsed it"),
        );
    }

    #[test]
    fn a_record_without_a_time_is_told_what_it_lacks() {
        check("{}", Err("it has no `isotimestamp`; export that too"));
        check(
            r#"{"isotimestamp":"redacted"}"#,
            Err("`isotimestamp` is `redacted`"),
        );
        check(
            r#"{"isotimestamp":"redacted","p_event_time":"redacted"}"#,
            Err("`isotimestamp` is `redacted`"),
        );
        check(r#"{"timestamp":12}"#, Err("`timestamp` is `12`"));
    }
}
