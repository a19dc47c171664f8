//! Input that is made to hurt: every reader answers with an error, holds no more than its limit, and never panics.

mod common;

use common::read_as;
use serde_json::{Value, json};
use sources::splitter::{Content, Splitter};
use sources::table::{ROW_BYTES_MAX, RowContent, RowSplitter};
use sources::{ALL, Choice, Limits, Understanding, open};

const PUSH_BYTES: usize = 64 << 10;
const HUNDRED_MB: usize = 100 << 20;

/// The headings of each kind of table that is known without a mapping.
const HEADINGS: &[&str] = &[
    "Date (UTC),Request ID,Username,Sign-in error code",
    "Date (UTC),Activity,ActorType,CorrelationId",
    "Date,Action,Status,Change ID",
    "RecordId,CreationDate,RecordType,Operation,UserId,AuditData",
];

/// Why the reader of a choice refuses an input: nobody is to take this for an event.
fn told(choice: &Choice, input: &[u8]) -> Vec<String> {
    read_as(choice.clone(), input)
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Rejected { reason, original } => {
                assert!(original.len() <= Limits::default().record_bytes_max);
                Some(reason)
            }
            // Whoever asks for a format of log lines has any line taken for one, and passed over if it tells nothing.
            Understanding::Ignored { .. } if matches!(choice, Choice::Only(_)) => None,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn choices() -> Vec<Choice> {
    let mut choices = vec![Choice::Auto];
    choices.extend(ALL.iter().map(|format| Choice::Only(format)));
    choices
}

fn check(input: &[u8], expected: &str) {
    for choice in choices() {
        let reasons = told(&choice, input);
        assert!(
            !reasons.is_empty() || matches!(choice, Choice::Only(_)),
            "{choice:?}"
        );
        for reason in reasons {
            assert!(reason.contains(expected), "{reason} by {choice:?}");
        }
    }
}

/// A start, then one byte again and again up to a hundred megabytes, then an end, in pushes as they come from a socket.
fn pushes<'a>(start: &'a [u8], again: &'a [u8], end: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let times = HUNDRED_MB / again.len();
    std::iter::once(start)
        .chain(std::iter::repeat_n(again, times))
        .chain([end])
}

#[test]
fn a_line_of_a_hundred_megabytes_is_held_up_to_the_limit_and_refused() {
    let limit = Limits::default().record_bytes_max;
    let filling = vec![b'x'; PUSH_BYTES];
    for (start, end, expected) in [
        (
            &b"{\"id\":\""[..],
            &b"\"}\n{\"a\":1}\n"[..],
            "it is 104857609 bytes long and at most 16777216 are read",
        ),
        (b"{\"id\":\"", b"", "it is 104857607 bytes long"),
        (b"x", b"", "it is no JSON object"),
    ] {
        let mut splitter = Splitter::new(Limits::default());
        let mut pieces = Vec::new();
        let mut held_most = 0;
        for push in pushes(start, &filling, end) {
            splitter.push(push, &mut pieces);
            held_most = held_most.max(splitter.held_bytes());
        }
        splitter.finish(&mut pieces);
        assert!(
            held_most <= 2 * (limit + PUSH_BYTES),
            "{held_most} bytes were held"
        );
        let Content::Broken { reason, original } = &pieces[0].content else {
            panic!("it was taken for a record")
        };
        assert!(reason.contains(expected), "{reason}");
        assert!(original.len() <= sources::splitter::ORIGINAL_BYTES_KEPT);
        assert_eq!(pieces.len(), if end.is_empty() { 1 } else { 2 });
    }
}

#[test]
fn a_row_of_a_hundred_megabytes_is_held_up_to_the_limit_and_refused() {
    let filling = vec![b'x'; PUSH_BYTES];
    let lines = [vec![b'x'; 1_023], vec![b'\n']]
        .concat()
        .repeat(PUSH_BYTES / 1_024);
    for (start, again, rows_expected) in [
        (&b"a,b\n"[..], &filling, 2),
        (b"a,b\n\"", &filling, 2),
        (b"a,b\n1,\"", &lines, 102_401),
    ] {
        let mut rows = RowSplitter::new(Limits::default(), b',');
        let (mut held_most, mut found, mut broken) = (0, 0, Vec::new());
        let mut out = Vec::new();
        for push in pushes(start, again, b"") {
            rows.push(push, &mut out);
            held_most = held_most.max(rows.held_bytes());
            found += out.len();
            broken.extend(out.drain(..).filter_map(|row| match row.content {
                RowContent::Broken { reason, original } => Some((reason, original.len())),
                RowContent::Whole { .. } => None,
            }));
        }
        rows.finish(&mut out);
        found += out.len();
        broken.extend(out.drain(..).filter_map(|row| match row.content {
            RowContent::Broken { reason, original } => Some((reason, original.len())),
            RowContent::Whole { .. } => None,
        }));
        assert!(
            held_most <= 2 * (ROW_BYTES_MAX + PUSH_BYTES),
            "{held_most} bytes were held"
        );
        assert_eq!((found, broken.len()), (rows_expected, 1), "{broken:?}");
        assert!(broken[0].1 <= sources::splitter::ORIGINAL_BYTES_KEPT);
    }
}

/// What stands before the first line is clear is held too: a reader that waits for it must not wait for ever.
#[test]
fn a_first_line_without_end_is_refused_by_every_reader() {
    let filling = vec![b'a'; PUSH_BYTES];
    for choice in choices() {
        let mut parser = open(
            choice.clone(),
            Limits {
                record_bytes_max: 1 << 20,
                ..Limits::default()
            },
        );
        let mut records = Vec::new();
        for push in std::iter::repeat_n(&filling[..], 64) {
            parser.push(push, &mut records);
        }
        parser.finish(&mut records);
        assert_eq!(records.len(), 1, "{choice:?}");
        let Understanding::Rejected { reason, original } = &records[0].understanding else {
            panic!("{records:?}")
        };
        assert!(!reason.is_empty() && original.len() <= 1 << 20);
    }
}

#[test]
fn ten_thousand_levels_are_refused() {
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
    check(nested("{\"a\":", "}").as_bytes(), "it is nested too deep");
    check(
        format!("{{\"a\":{}}}", nested("[", "]")).as_bytes(),
        "it is nested too deep",
    );
    check(
        format!("[{}]", nested("{\"a\":", "}")).as_bytes(),
        "it is nested too deep",
    );
    check(nested("[", "]").as_bytes(), "it is no JSON object");
    check("{\"a\":".repeat(10_000).as_bytes(), "it is nested too deep");
    // One after another, none of which closes.
    assert!(told(&Choice::Auto, "{\"value\":[".repeat(10_000).as_bytes()).len() < 20);
}

/// Members that come as JSON in a text are parsed again: there the depth is bounded, too.
#[test]
fn ten_thousand_levels_in_a_text_are_refused_or_are_a_text() {
    let nested = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let list = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for (record, is_event) in [
        (json!({ "CreationDate": "x", "AuditData": nested }), false),
        (json!({ "log": nested }), false),
        (
            json!({ "category": "SignInLogs", "time": "2026-03-02T09:00:00Z", "operationName": "x", "properties": nested }),
            false,
        ),
        (
            json!({ "CreationTime": "2026-03-02T09:00:00", "RecordType": 8, "Operation": "Add user.", "Workload": "AzureActiveDirectory",
            "Target": list, "Actor": nested, "ExtendedProperties": [{"Name": "additionalDetails", "Value": nested}] }),
            true,
        ),
        (
            json!({ "event_type": "user_create", "service": "directory", "organization": "1", "timestamp": "2026-03-02T09:00:00Z",
            "resource": nested, "changes": list, "initiated_by": nested }),
            true,
        ),
        (
            json!({ "class_uid": 3001, "category_uid": 3, "time": 1_772_442_000_000_i64, "user": nested, "policies": list, "actor": nested }),
            true,
        ),
    ] {
        for record in read_as(Choice::Auto, record.to_string().as_bytes()) {
            match record.understanding {
                Understanding::Event(understood) => {
                    assert!(is_event, "{}", understood.format);
                    let _ = understood.draft();
                }
                other => assert!(!is_event, "{other:?}"),
            }
        }
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_in_every_place() {
    let expected = "it is not valid UTF-8";
    check(b"{\"id\":\"\xC3\x28\"}", expected);
    check(b"{\"\xFF\":1}", expected);
    check(b"\xFF\xFE\x00\xD8{\x00", "it is n");
    // No place for a value: what stands there is no JSON, whatever it is.
    check(b"{\xF0\x9F}", "it is no whole JSON object");
    check(b"\x80\x81\x82\n", "it is no JSON object");
    for headings in HEADINGS {
        let mut input = headings.as_bytes().to_vec();
        input.extend_from_slice(b"\n\xC3\x28,1,2,3,4,5\n");
        let reasons = told(&Choice::Auto, &input);
        assert_eq!(reasons.len(), 1);
        assert!(reasons[0].contains(expected), "{reasons:?}");
    }
}

#[test]
fn zero_bytes_are_refused_in_every_place() {
    check(b"{\"id\":\"a\0b\"}", "control character");
    check(b"{\"a\":\0}", "it is no whole JSON object");
    // This begins as UTF-16 does.
    check(b"{\0}", "it is no JSON object");
    check(b"\0\0\0\0", "it is no JSON object");
    check(&vec![0; 200_000], "it is no JSON object");
    for headings in HEADINGS {
        for row in ["\0", "a\0b,1,2,3,4,5", "\"a\0\",1,2,3,4,5"] {
            let reasons = told(&Choice::Auto, format!("{headings}\n{row}\n").as_bytes());
            assert_eq!(reasons.len(), 1, "{row:?}");
            assert!(reasons[0].contains("it has a zero byte"), "{reasons:?}");
        }
    }
}

/// Starts of lines are compared with words: a letter may stand across the end of the word.
#[test]
fn letters_of_several_bytes_may_stand_anywhere() {
    for length in 0..12 {
        for letter in ["é", "€", "😀"] {
            for line in [
                format!("{}{letter}", "s".repeat(length)),
                format!("sep{}{letter};", "=".repeat(length)),
            ] {
                let _ = read_as(Choice::Auto, line.as_bytes());
                let _ = read_as(Choice::Auto, format!("{line}\n{line}\n").as_bytes());
            }
        }
    }
}

/// The longest text that a record can bring: nobody copies it into a message.
#[test]
fn reasons_stay_short_whatever_a_record_says() {
    let long = "x".repeat(1 << 20);
    let mut records: Vec<Value> = [
        json!({ "RecordType": 6, "Operation": "x", "Workload": long }),
        json!({ "RecordType": long, "Operation": "x", "OrganizationId": "x" }),
        json!({ "RecordType": 8, "Operation": "x", "OrganizationId": "x", "CreationTime": long }),
        json!({ "event_type": long, "service": long, "organization": "x" }),
        json!({ "event_type": "user_create", "service": "x", "organization": "x", "timestamp": long }),
        json!({ "class_uid": 3001, "category_uid": 3, "time_dt": long }),
        json!({ "category": long, "properties": {} }),
    ]
    .to_vec();
    let unknown: serde_json::Map<String, Value> = [(long, json!(1))].into_iter().collect();
    records.push(Value::Object(unknown));
    for record in records {
        for record in read_as(Choice::Auto, record.to_string().as_bytes()) {
            let (Understanding::Ignored { reason } | Understanding::Rejected { reason, .. }) =
                record.understanding
            else {
                panic!("it was understood")
            };
            assert!(reason.len() < 4_000, "{} bytes: {}", reason.len(), &reason[..200]);
        }
    }
}

/// A page is taken apart into its records; of one that has more than any vendor answers nothing is.
#[test]
fn a_page_of_very_many_records_is_one_rejection() {
    const PAGE: &str =
        "it is a page of 10001 records, and at most 10000 are taken apart; import it in smaller pages";
    let check = |start: &str, end: &str, item: &str, expected: &str| {
        let list = vec![item; 10_001].join(",");
        let got = told(&Choice::Auto, format!("{start}{list}{end}").as_bytes());
        assert_eq!(got.len(), 1, "{start}");
        assert_eq!(got[0], expected, "{start}");
    };
    check(
        r#"{"kind":"admin#reports#activities","items":["#,
        "]}",
        "{}",
        PAGE,
    );
    check(
        r#"{"eventType":"com.okta.event_hook","data":{"events":["#,
        "]}}",
        "{}",
        PAGE,
    );
    let duo = r#"{"action":"a","username":"b","isotimestamp":"c"}"#;
    check(r#"{"stat":"OK","response":["#, "]}", duo, PAGE);
    check(r#"{"data":["#, "]}", r#"{"event_type_id":5}"#, PAGE);
    check(
        r#"{"logs":["#,
        "]}",
        r#"{"log_id":"1","type":"s","date":"c"}"#,
        PAGE,
    );
}

/// Ten thousand activities with ten thousand events each are not taken apart either.
#[test]
fn pages_of_activities_of_very_many_events_are_taken_apart_so_far() {
    let events = vec!["{}"; 6_000].join(",");
    let activity = format!(r#"{{"kind":"admin#reports#activity","events":[{events}]}}"#);
    let page = format!(
        r#"{{"kind":"admin#reports#activities","items":[{}]}}"#,
        vec![activity.as_str(); 20].join(",")
    );
    let got = told(&Choice::Auto, page.as_bytes());
    // Of 20 + 6,000 + 6,000 … fifty thousand at the most: eight activities; each of the others is told as one.
    assert_eq!(got.len(), 8 * 6_000 + 12);
    assert_eq!(
        got.last().unwrap(),
        "it holds 6000 records, and of one page at most 50000 are taken apart; import it in smaller pages"
    );
}
