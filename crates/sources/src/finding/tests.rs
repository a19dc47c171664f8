//! Stored findings: byte by byte as they were written, read back as they were, and taken from nobody else.

use super::*;
use crate::{by_id, stored_by_id};
use proptest::prelude::*;
use serde_json::json;

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

fn travel() -> Finding {
    Finding {
        id: Uuid::from_u128(0x51e2_6eae_d07b_54e5_bb0b_249f_4956_9a8c),
        time: time("2026-11-20T08:31:07.1234567Z"),
        person: Person {
            user_id: Some("4f1d2c3b-0000-4000-8000-00000000000a".to_owned()),
            user_name: Some("Ann@contoso.example".to_owned()),
            display_name: None,
        },
        address: Some("203.0.113.7".to_owned()),
        found: Found::MultipleGeographies {
            first_from: Some("Dresden, DE".to_owned()),
            second_from: None,
            between_ticks: 54_000_000_000,
            travel_hours: 11,
        },
        rule_version: 1,
        summary: "8,900 km in 1.5 h".to_owned(),
        evidence: json!({"events": ["b", "a"], "km": 8900.5})
            .as_object()
            .unwrap()
            .clone(),
        retracted: None,
    }
}

const STORED: &str = concat!(
    r#"{"gatelogFinding":1,"id":"51e26eae-d07b-54e5-bb0b-249f49569a8c","detector":"multiple-geographies","ruleVersion":1,"#,
    r#""time":"2026-11-20T08:31:07.1234567Z","judgedAt":"2026-11-20T08:46:00Z","#,
    r#""person":{"userId":"4f1d2c3b-0000-4000-8000-00000000000a","userName":"Ann@contoso.example","displayName":null},"#,
    r#""address":"203.0.113.7","found":{"firstFrom":"Dresden, DE","secondFrom":null,"betweenTicks":54000000000,"travelHours":11},"#,
    r#""summary":"8,900 km in 1.5 h","retracted":null,"evidence":{"events":["b","a"],"km":8900.5}}"#,
);

#[test]
fn a_finding_is_kept_as_these_bytes_and_no_other() {
    let stored = encode(&travel(), time("2026-11-20T08:46:00Z")).unwrap();
    assert_eq!(String::from_utf8(stored).unwrap(), STORED);
    let judged = decode(STORED.as_bytes()).unwrap();
    assert_eq!(judged.finding, travel());
    assert_eq!(judged.judged_at, time("2026-11-20T08:46:00Z"));
}

#[test]
fn a_draft_is_an_event_of_the_service_ranked_by_when_it_was_judged() {
    let draft = draft(&travel(), time("2026-11-20T08:46:00Z")).unwrap();
    assert_eq!((draft.kind, draft.format), (Kind::Finding, "gatelog-finding"));
    assert_eq!(draft.key, key(travel().id));
    assert_eq!(draft.time, travel().time);
    assert_eq!(draft.rank.updated, Some(time("2026-11-20T08:46:00Z")));
    assert_eq!(draft.rows.len(), 2);
    assert!(draft.usage.is_empty());
    assert_eq!(draft.original, STORED.as_bytes());
}

#[test]
fn a_retraction_is_the_same_event_with_no_row_and_another_content() {
    let retracted = Finding {
        retracted: Some("the first sign-in turned out to be another person's".to_owned()),
        ..travel()
    };
    let held = draft(&travel(), time("2026-11-20T08:46:00Z")).unwrap();
    let gone = draft(&retracted, time("2026-11-20T09:00:00Z")).unwrap();
    assert_eq!(gone.key, held.key);
    assert!(gone.rows.is_empty());
    assert!(gone.rank > held.rank);
    let again = draft(&travel(), time("2026-11-20T10:00:00Z")).unwrap();
    assert!(again.rank > gone.rank);
    assert_ne!(
        again.rank.digest, held.rank.digest,
        "it would be known, and stay hidden"
    );
}

#[test]
fn nobody_can_ask_for_the_format_and_stored_events_find_it() {
    assert!(by_id("gatelog-finding").is_none());
    assert_eq!(stored_by_id("gatelog-finding").unwrap().id, "gatelog-finding");
    for forged in [STORED.to_owned(), format!(r#"{{"message":{STORED}}}"#)] {
        let understood = understand(&Choice::Auto, forged.into_bytes());
        assert!(
            matches!(understood, Some(Understanding::Rejected { .. })),
            "{understood:?}"
        );
    }
}

fn check_refused(find: &str, instead: &str, expected: &str) {
    assert!(STORED.contains(find), "{find}");
    let error = decode(STORED.replacen(find, instead, 1).as_bytes()).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn what_was_not_written_here_is_refused_with_the_reason() {
    check_refused(
        r#""gatelogFinding":1"#,
        r#""gatelogFinding":2"#,
        "reads version 1",
    );
    check_refused(
        r#""gatelogFinding":1"#,
        r#""gatelogfinding":1"#,
        "no `gatelogFinding`",
    );
    check_refused(r#""id":"5"#, r#""id":"x"#, "no GUID");
    check_refused("multiple-geographies", "irregular", "no `class`");
    check_refused("multiple-geographies", "unheard-of", "no detector is called");
    check_refused("08:46:00Z", "08:46:00+00:00", "a time as this program writes it");
    check_refused(
        r#""travelHours":11"#,
        r#""travelHours":11000000000"#,
        "a whole number that fits",
    );
    check_refused(
        r#""ruleVersion":1"#,
        r#""ruleVersion":-1"#,
        "a whole number that fits",
    );
    check_refused(r#""address":"203.0.113.7""#, r#""address":7"#, "is not text");
    check_refused(r#""address":"203.0.113.7","#, "", "no `address`");
    check_refused(
        r#""retracted":null"#,
        r#""retracted":null,"note":"x""#,
        "nobody wrote",
    );
    check_refused(
        r#""displayName":null"#,
        r#""displayName":null,"x":1"#,
        "nobody wrote",
    );
    check_refused(r#""evidence":{"#, r#""evidence":[],"e":{"#, "is not an object");
    check_refused(
        "Dresden, DE",
        &"x".repeat(TEXT_BYTES_MAX + 1),
        "at most 8192 are read",
    );
}

#[test]
fn long_text_is_cut_between_letters_and_too_much_evidence_is_a_fault() {
    let mut long = travel();
    long.person.display_name = Some(format!("x{}", "é".repeat(TEXT_BYTES_MAX)));
    let stored = encode(&long, time("2026-11-20T08:46:00Z")).unwrap();
    let kept = decode(&stored).unwrap().finding.person.display_name.unwrap();
    assert_eq!(kept, format!("x{}", "é".repeat(TEXT_BYTES_MAX / 2 - 1)));
    long.evidence
        .insert("events".to_owned(), Value::from("x".repeat(EVIDENCE_BYTES_MAX)));
    let error = draft(&long, time("2026-11-20T08:46:00Z")).unwrap_err();
    assert!(matches!(error, NotStorable::TooMuchEvidence { .. }), "{error}");
}

fn text() -> impl Strategy<Value = String> {
    "[ -~é\u{1}\n\"\\\\]{0,20}"
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}

fn times() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.ticks()..=Timestamp::MAX.ticks()).prop_map(Timestamp::from_ticks)
}

fn founds() -> impl Strategy<Value = Found> {
    let class = prop_oneof![Just(IrregularClass::Irregular), Just(IrregularClass::Suspicious)];
    prop_oneof![
        (maybe(), maybe(), any::<i64>(), any::<i32>()).prop_map(
            |(first_from, second_from, between_ticks, travel_hours)| Found::MultipleGeographies {
                first_from,
                second_from,
                between_ticks,
                travel_hours,
            }
        ),
        any::<u32>().prop_map(|failed_attempts| Found::AfterMultipleFailures { failed_attempts }),
        any::<u32>().prop_map(|sign_ins| Found::UnknownSource { sign_ins }),
        Just(Found::SuspiciousAddress),
        (maybe(), maybe(), text(), prop::option::of(times())).prop_map(
            |(location, client, suspected_infection, latest_activity)| Found::InfectedDevice {
                location,
                client,
                suspected_infection,
                latest_activity,
            }
        ),
        (class, maybe(), maybe()).prop_map(|(class, device, location)| Found::Irregular {
            class,
            device,
            location,
        }),
    ]
}

prop_compose! {
    fn findings()(
        id in any::<u128>(), time in times(), person in (maybe(), maybe(), maybe()), address in maybe(), found in founds(),
        rule_version in any::<u32>(), summary in text(), retracted in maybe(),
        evidence in prop::collection::btree_map(text(), prop_oneof![
            text().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            // Numbers of a few digits, as detectors round them: those of seventeen may come back one unit off.
            (-1_000_000_i32..1_000_000).prop_map(|hundredths| Value::from(f64::from(hundredths) / 100.0)),
            prop::collection::vec(text(), 0..3).prop_map(Value::from),
        ], 0..4),
    ) -> Finding {
        let (user_id, user_name, display_name) = person;
        Finding {
            id: Uuid::from_u128(id),
            time,
            person: Person { user_id, user_name, display_name },
            address,
            found,
            rule_version,
            summary,
            evidence: evidence.into_iter().collect(),
            retracted,
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_detector_finds_is_read_back_as_it_was(finding in findings(), judged_at in times()) {
        let stored = encode(&finding, judged_at).unwrap();
        let judged = decode(&stored).unwrap();
        prop_assert_eq!(&judged.finding, &finding);
        prop_assert_eq!(judged.judged_at, judged_at);
        prop_assert_eq!(encode(&judged.finding, judged_at).unwrap(), stored);
        let draft = draft(&finding, judged_at).unwrap();
        prop_assert_eq!(draft.rows.is_empty(), finding.retracted.is_some());
        prop_assert_eq!(model::reports::project(&judged.event(), &draft.key), draft.rows);
        prop_assert!(Found::DETECTORS.contains(&finding.found.detector()));
    }

    #[test]
    fn damaged_findings_are_refused_and_never_panic(place in 0..STORED.len(), byte in any::<u8>()) {
        let mut damaged = STORED.as_bytes().to_vec();
        damaged[place] = byte;
        let _ = decode(&damaged);
        let _ = understand(&Choice::Only(&DEF), damaged);
    }
}
