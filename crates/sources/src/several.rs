//! One object that holds several records: a page of an API's answer, or an activity with several events.

use crate::formats::Reading;
use serde_json::{Map, Value};

/// Each event of an activity is kept with what stands around them, so that it can be read alone; that may not multiply a
/// record beyond this many bytes. Real activities have a few events of a few kilobytes.
const COPIED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Records that a page, or an activity events, may have. Vendors answer a thousand at the most.
const RECORDS_MAX: usize = 10_000;
/// Records that one object may be taken apart into, those of pages within pages among them.
pub(crate) const TAKEN_APART_RECORDS_MAX: usize = 50_000;

/// The records of a page, each as it stands in the list.
pub(crate) fn of_page(list: &[Value]) -> Reading {
    if list.len() > RECORDS_MAX {
        return Reading::Rejected(format!(
            "it is a page of {} records, and at most {RECORDS_MAX} are taken apart; import it in smaller pages",
            list.len()
        ));
    }
    let mut records = Vec::with_capacity(list.len());
    for (number, item) in list.iter().enumerate() {
        let Some(record) = item.as_object() else {
            return Reading::Rejected(format!(
                "it is a page of records whose entry {} is no object; import the pages as the vendor answers them",
                number + 1
            ));
        };
        records.push(record.clone());
    }
    Reading::Several(records)
}

/// One record for each item of a list, with everything that stands beside the list.
pub(crate) fn of_items(record: &Map<String, Value>, name: &str, items: &[Value]) -> Reading {
    if items.len() > RECORDS_MAX {
        return Reading::Rejected(format!(
            "it has {} `{name}`, and at most {RECORDS_MAX} are taken apart",
            items.len()
        ));
    }
    let around: Map<String, Value> = record
        .iter()
        .filter(|(other, _)| !other.eq_ignore_ascii_case(name))
        .map(|(other, value)| (other.clone(), value.clone()))
        .collect();
    let around_bytes = serde_json::to_vec(&around).map_or(usize::MAX, |text| text.len());
    if around_bytes.saturating_mul(items.len()) > COPIED_BYTES_MAX {
        return Reading::Rejected(format!(
            "it has {} `{name}` and {around_bytes} bytes beside them: more than can be taken apart",
            items.len()
        ));
    }
    let with = |item: &Value| {
        let mut part = around.clone();
        part.insert(name.to_owned(), Value::Array(vec![item.clone()]));
        part
    };
    Reading::Several(items.iter().map(with).collect())
}

/// Whether it is a page without records: `{"@odata.context": …, "value": []}`, `{"records": []}`, or what Auth0 (`logs`), OneLogin
/// (`data`) and Duo (`response`) answer where nothing happened.
pub(crate) fn is_empty_page(record: &Map<String, Value>) -> bool {
    /// The list, and what may stand beside it.
    const PAGES: &[(&str, &[&str])] = &[
        ("value", &["records", "nextLink"]),
        ("records", &["value", "nextLink"]),
        ("logs", &["start", "limit", "length", "total", "next"]),
        ("data", &["status", "pagination"]),
        ("response", &["stat", "metadata"]),
        ("authlogs", &["metadata"]),
    ];
    let is_list = |name: &str| name == "value" || name == "records";
    let is_empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    PAGES.iter().any(|(list, beside)| {
        let is_without = match (*list, record.get(*list)) {
            // Of an error it has what went wrong beside it, or instead.
            ("response", Some(response)) => {
                record.get("stat").is_some_and(|stat| stat == "OK")
                    && (is_empty(response) || response.as_object().is_some_and(is_empty_page))
            }
            (_, found) => found.is_some_and(is_empty),
        };
        is_without
            && record.iter().all(|(name, value)| {
                name == list
                    || beside.contains(&name.as_str()) && (!is_list(name) || is_empty(value))
                    || name.contains("odata.")
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn each_item_keeps_what_stands_beside_the_list() {
        let whole = record(r#"{"id":1,"events":[{"a":1},{"b":2}]}"#);
        let Reading::Several(parts) = of_items(&whole, "events", whole["events"].as_array().unwrap()) else {
            panic!()
        };
        assert_eq!(
            parts,
            [
                record(r#"{"id":1,"events":[{"a":1}]}"#),
                record(r#"{"id":1,"events":[{"b":2}]}"#)
            ]
        );
    }

    #[test]
    fn a_small_record_cannot_be_multiplied_into_a_large_one() {
        let items = vec![Value::Null; 10_000];
        let whole = record(&format!(r#"{{"id":"{}"}}"#, "x".repeat(2_000)));
        let Reading::Rejected(reason) = of_items(&whole, "events", &items) else {
            panic!()
        };
        assert!(reason.contains("10000 `events` and 2009 bytes"), "{reason}");
    }

    #[test]
    fn a_page_with_something_else_in_its_list_is_refused() {
        let Reading::Rejected(reason) = of_page(&[record("{}").into(), Value::Null]) else {
            panic!()
        };
        assert!(reason.contains("entry 2 is no object"), "{reason}");
        assert!(matches!(of_page(&[]), Reading::Several(none) if none.is_empty()));
    }
}
