//! The rows that our own findings give, against rows written by hand.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::batch::{Subject, subjects};
use model::event::{Event, Facts};
use model::finding::{Finding, Found, IrregularClass, Person};
use model::identity::{EventKey, Kind, Vendor};
use model::reports::{self, Face, Rows};
use model::time::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

#[allow(clippy::unnecessary_wraps)] // So that findings read like the real ones.
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

const ID: Uuid = Uuid::from_u128(0xd9b2_d63d_a233_5123_847a_4f5a_0d9e_2c11);

/// What was found of Joe.
fn finding(found: Found) -> Finding {
    Finding {
        id: ID,
        time: time("2026-11-20T18:05:06.133Z"),
        person: Person {
            user_id: text("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
            user_name: text("joe@contoso.example"),
            display_name: text("Joe Danger"),
        },
        address: text("203.0.113.42"),
        found,
        rule_version: 3,
        summary: "why it is so".to_owned(),
        evidence: json!({"events": ["a", "b"], "threshold": 10})
            .as_object()
            .unwrap()
            .clone(),
        retracted: None,
    }
}

fn event(finding: Finding) -> Event {
    Event {
        vendor: Vendor::Gatelog,
        vendor_id: Some(finding.id.to_string()),
        time: finding.time,
        updated: Some(time("2026-11-20T18:20:00Z")),
        tenant: None,
        facts: Facts::Finding(Box::new(finding)),
    }
}

/// The rows of a finding with their reports: JSON and what stands beside it. That of the union comes last.
fn rows(finding: Finding) -> Vec<(&'static str, String, Value)> {
    let key = EventKey::from_vendor_id(Vendor::Gatelog, Kind::Finding, &finding.id.to_string());
    let mut rows: Vec<_> = reports::project(&event(finding), &key)
        .into_iter()
        .map(|row| {
            let report = reports::by_number(row.report).unwrap();
            let evidence = serde_json::from_slice(&row.particulars).unwrap();
            (report.name, String::from_utf8(row.json).unwrap(), evidence)
        })
        .collect();
    rows.sort_by_key(|(report, ..)| *report == UNION);
    rows
}

const UNION: &str = "allUsersWithAnomalousSignInActivityEvents";

fn check(found: Found, report: &str, expected: &str) {
    let detector = found.detector();
    let shown = rows(finding(found));
    let [own, union] = shown.as_slice() else {
        panic!("{shown:?}")
    };
    assert_eq!((own.0, own.1.as_str()), (report, expected));
    let of_union = format!(
        r#"{{"eventTime":"2026-11-20T18:05:06.133Z","detail":"why it is so","reason":"{report}","id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}}"#
    );
    assert_eq!((union.0, union.1.as_str()), (UNION, of_union.as_str()));
    let evidence = json!({
        "origin": "gatelog", "detector": detector, "ruleVersion": 3, "findingId": "d9b2d63d-a233-5123-847a-4f5a0d9e2c11",
        "judgedAt": "2026-11-20T18:20:00Z", "address": "203.0.113.42", "userId": "51e26eae-d07b-44e5-bb0b-249f49569a8c",
        "summary": "why it is so", "evidence": {"events": ["a", "b"], "threshold": 10},
    });
    assert_eq!((&own.2, &union.2), (&evidence, &evidence));
}

#[test]
fn two_places_too_far_apart_are_multiple_geographies() {
    check(
        Found::MultipleGeographies {
            first_from: text("Dresden, Sachsen, DE"),
            second_from: text("Osaka, JP"),
            between_ticks: 1_034_719_999_999,
            travel_hours: 12,
        },
        "signInsFromMultipleGeographiesEvents",
        r#"{"firstSigninFrom":"Dresden, Sachsen, DE","secondSigninFrom":"Osaka, JP","timeOfSecondSignIn":"2026-11-20T18:05:06.133Z","timeBetweenSignIns":"1.04:44:31","estimatedTravelHours":12,"id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn places_that_nobody_knows_are_null() {
    check(
        Found::MultipleGeographies {
            first_from: None,
            second_from: None,
            between_ticks: 0,
            travel_hours: 1,
        },
        "signInsFromMultipleGeographiesEvents",
        r#"{"firstSigninFrom":null,"secondSigninFrom":null,"timeOfSecondSignIn":"2026-11-20T18:05:06.133Z","timeBetweenSignIns":"00:00:00","estimatedTravelHours":1,"id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn a_success_after_many_failures_says_how_many() {
    check(
        Found::AfterMultipleFailures { failed_attempts: 14 },
        "signInsAfterMultipleFailuresEvents",
        r#"{"firstSuccessfulSignIn":"2026-11-20T18:05:06.133Z","failedAttemptsToSignIn":14,"id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn more_failures_than_the_property_can_say_are_as_many_as_it_can() {
    check(
        Found::AfterMultipleFailures {
            failed_attempts: u32::MAX,
        },
        "signInsAfterMultipleFailuresEvents",
        r#"{"firstSuccessfulSignIn":"2026-11-20T18:05:06.133Z","failedAttemptsToSignIn":2147483647,"id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn an_anonymous_address_is_an_unknown_source() {
    check(
        Found::UnknownSource { sign_ins: 5 },
        "signInsFromUnknownSourcesEvents",
        r#"{"numberOfSignins":5,"ipAddress":"203.0.113.42","timeOfLastSuccessfulSignIn":"2026-11-20T18:05:06.133Z","id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn an_address_where_many_fail_has_suspicious_activity() {
    check(
        Found::SuspiciousAddress,
        "signInsFromIPAddressesWithSuspiciousActivityEvents",
        r#"{"eventTime":"2026-11-20T18:05:06.133Z","ipAddress":"203.0.113.42","id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn an_address_on_an_infection_list_is_a_possibly_infected_device() {
    check(
        Found::InfectedDevice {
            location: text("Dresden, DE"),
            client: text("Mozilla/5.0"),
            suspected_infection: "feodo: Emotet".to_owned(),
            latest_activity: Some(time("2026-11-19T00:00:00Z")),
        },
        "signInsFromPossiblyInfectedDevicesEvents",
        r#"{"deviceIPAddress":"203.0.113.42","lastSignInTime":"2026-11-20T18:05:06.133Z","deviceLocation":"Dresden, DE","client":"Mozilla/5.0","suspectedInfection":"feodo: Emotet","latestPotentiallySuspiciousActivity":"2026-11-19T00:00:00Z","id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn a_list_without_dates_was_active_when_the_sign_in_was() {
    check(
        Found::InfectedDevice {
            location: None,
            client: None,
            suspected_infection: "feodo".to_owned(),
            latest_activity: None,
        },
        "signInsFromPossiblyInfectedDevicesEvents",
        r#"{"deviceIPAddress":"203.0.113.42","lastSignInTime":"2026-11-20T18:05:06.133Z","deviceLocation":null,"client":null,"suspectedInfection":"feodo","latestPotentiallySuspiciousActivity":"2026-11-20T18:05:06.133Z","id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}"#,
    );
}

#[test]
fn a_sign_in_that_does_not_fit_is_irregular_and_its_reason_names_us() {
    for class in [IrregularClass::Irregular, IrregularClass::Suspicious] {
        check(
            Found::Irregular {
                class,
                device: text("Mozilla/5.0"),
                location: text("Osaka, JP"),
            },
            "irregularSignInActivityEvents",
            &format!(
                r#"{{"eventTime":"2026-11-20T18:05:06.133Z","ipAddress":"203.0.113.42","eventClassification":"{}","device":"Mozilla/5.0","reason":"why it is so (Gatelog: irregular, rule 3)","location":"Osaka, JP","id":"d9b2d63d-a233-5123-847a-4f5a0d9e2c11","displayName":"Joe Danger","userName":"joe@contoso.example"}}"#,
                class.as_str()
            ),
        );
    }
}

#[test]
fn a_finding_belongs_to_the_history_of_its_person_its_address_and_itself() {
    let found = event(finding(Found::SuspiciousAddress));
    assert_eq!(
        subjects(&found),
        [
            Subject::person("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
            Subject::person("joe@contoso.example"),
            Subject::address("203.0.113.42"),
            Subject::Finding(ID),
            Subject::Findings,
        ]
    );
}

#[test]
fn a_finding_counts_in_no_usage_report() {
    assert!(model::usage::usage(&event(finding(Found::SuspiciousAddress))).is_empty());
}

/// The first 8 bytes of BLAKE3 (by Python's blake3) over `finding\0` and the id's bytes, and over `findings\0`, little endian.
#[test]
fn numbers_of_findings_on_disk_never_change() {
    assert_eq!(Subject::Finding(ID).number(), NUMBER_OF_FINDING);
    assert_eq!(Subject::Findings.number(), NUMBER_OF_FINDINGS);
}

const NUMBER_OF_FINDING: i64 = -6_829_680_720_316_640_211;
const NUMBER_OF_FINDINGS: i64 = 6_994_005_544_984_796_058;

fn maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[ -~é\u{1}\n\"\\\\]{0,16}")
}

fn founds() -> impl Strategy<Value = Found> {
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
        (maybe(), maybe(), "[ -~\n\"]{0,9}").prop_map(|(location, client, suspected_infection)| {
            Found::InfectedDevice {
                location,
                client,
                suspected_infection,
                latest_activity: None,
            }
        }),
        (maybe(), maybe()).prop_map(|(device, location)| Found::Irregular {
            class: IrregularClass::Irregular,
            device,
            location,
        }),
    ]
}

proptest! {
    /// One of the six and the union, whatever stands in it; nothing once it is retracted.
    #[test]
    fn every_finding_is_shown_by_one_of_the_six_and_by_the_union(
        found in founds(), names in (maybe(), maybe(), maybe()), summary in "[ -~\n\"\\\\]{0,20}", retracted in maybe(),
    ) {
        let (user_id, user_name, display_name) = names;
        let finding = Finding {
            person: Person { user_id, user_name, display_name },
            summary,
            retracted: retracted.clone(),
            ..finding(found)
        };
        let shown = rows(finding);
        if retracted.is_some() {
            prop_assert!(shown.is_empty(), "{shown:?}");
            return Ok(());
        }
        prop_assert_eq!(shown.len(), 2);
        prop_assert_eq!(shown[1].0, UNION);
        let of_union: Value = serde_json::from_str(&shown[1].1).unwrap();
        prop_assert_eq!(of_union["reason"].as_str(), Some(shown[0].0));
        for (name, json, _) in &shown {
            let report = reports::by_name(Face::Reports, name).unwrap();
            prop_assert!(matches!(report.rows, Rows::Stored(_)));
            prop_assert!(!json.contains('\n'), "a row is one line");
            let row: Value = serde_json::from_str(json).unwrap();
            let there: BTreeSet<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
            let declared = report.entity.properties.iter();
            prop_assert_eq!(there, declared.clone().map(|property| property.name).collect());
            for property in declared {
                prop_assert!(property.nullable || !row[property.name].is_null(), "{}", property.name);
            }
            prop_assert_eq!(row[report.time_property.unwrap()].as_str(), Some("2026-11-20T18:05:06.133Z"));
            prop_assert_eq!(&row["id"], &json!(ID));
        }
    }
}
