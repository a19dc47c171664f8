//! What came a moment ago is judged without being read back, and as if it had been.

use super::{FAILURES, Place, TENANT, arrival, place, time};
use crate::detection::Recent;
use crate::detection::history::NewSignIns;
use crate::testing;
use generator::{Generator, Plan, Source};
use model::time::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// Kept for as long as it takes.
fn with_recent(kept_max: usize) -> Place {
    let mut place = place();
    place.recent = Some(Recent::keeping(kept_max));
    place
}

/// What the change log brought for the first time.
pub(super) fn new_sign_ins(place: &Place) -> NewSignIns {
    let tools = place.tools("2024-06-01", &|| true);
    let changes = place.events.changes(TENANT, 0, 1_000_000).unwrap();
    tools.historian.new_sign_ins(changes.iter()).unwrap()
}

/// Two days of a directory and of what its people do elsewhere, in all formats of the generator, each by itself.
pub(super) fn two_days() -> Vec<Vec<String>> {
    let plan = Plan {
        seed: 11,
        users: 200,
        days: 2,
        end: time("2024-05-10T20:00:00Z"),
        tenant: TENANT,
        domain: "contoso.example".to_owned(),
    };
    let told: Vec<_> = Generator::new(plan).collect();
    let of = |source: &Source| {
        let told = told.iter().filter(|told| told.source == *source);
        told.map(|told| told.record.clone()).collect()
    };
    Source::ALL.iter().map(of).collect()
}

#[test]
fn what_came_a_moment_ago_is_seen_as_what_is_read_back() {
    let place = with_recent(1_000_000);
    for records in two_days() {
        assert!(!records.is_empty());
        place.bring_records(records);
    }
    // Of the future: it stands aside.
    let aside = testing::sign_in(Uuid::from_u128(1), time("2025-01-01"), "ann", "203.0.113.7", 0);
    place.bring_records([aside.to_string()]);
    let kept = || place.recent.as_ref().unwrap().len();
    let kept_at_first = kept();
    let fresh = new_sign_ins(&place);
    // But for the one that stands aside.
    assert_eq!((kept_at_first, kept()), (fresh.len() + 1, 1));
    let read_back = new_sign_ins(&place);
    assert!(read_back.len() > 1_000, "{}", read_back.len());
    for format in ["entra-graph", "okta", "keycloak"] {
        let count = read_back
            .values()
            .filter(|(_, of)| &*of.source == "test" && of.format.starts_with(format))
            .count();
        assert!(count > 10, "{format}: {count}");
    }
    assert!(fresh == read_back, "they differ");
}

#[test]
fn what_is_not_kept_any_more_is_read_back() {
    for (kept_max, forgets_at) in [
        (1, None),
        (3, None),
        (1_000, Some("2024-06-01T00:01:01Z")),
        (1_000, None),
    ] {
        let place = with_recent(kept_max);
        place.attack("2024-05-10T08:00:00Z", "ann", "203.0.113.7", FAILURES);
        if let (Some(at), Some(recent)) = (forgets_at, &place.recent) {
            recent.forget_old(time(at));
        }
        let now = "2024-05-10T10:00:00Z";
        place.judge(&mut place.driver(now), now);
        assert_eq!(
            place.standing(),
            ["2024-05-10T08:00:10Z ann after-multiple-failures"],
            "{kept_max} {forgets_at:?}"
        );
    }
}

#[test]
fn no_more_is_kept_than_is_allowed_and_nothing_for_long() {
    let place = with_recent(5);
    let recent = place.recent.as_ref().unwrap();
    // How many of eleven that came are there at some time.
    let mut day = 10;
    let mut kept_at = |now: Timestamp| {
        place.attack(
            &format!("2024-05-{day}T08:00:00Z"),
            "ann",
            "203.0.113.7",
            FAILURES,
        );
        day += 1;
        recent.forget_old(now);
        let changes = place.events.changes(TENANT, 0, 1_000).unwrap();
        let keys = || changes.iter().map(|change| change.key);
        let kept = recent.take(TENANT, keys()).len();
        assert_eq!(recent.take(TENANT, keys()).len(), 0, "taken twice");
        kept
    };
    assert_eq!(kept_at(arrival().plus_seconds(60)), 5);
    assert_eq!(kept_at(arrival().plus_seconds(61)), 0);
    assert_eq!(kept_at(arrival()), 5);
}

/// Ten failures and a success that turns out to be a failure as well, before it is judged or after.
fn check_changed(recent: Option<Recent>, is_judged_before: bool) {
    let mut place = place();
    let about = format!("{} {is_judged_before}", recent.is_some());
    place.recent = recent;
    let now = "2024-05-10T10:00:00Z";
    let mut driver = place.driver(now);
    place.attack("2024-05-10T08:00:00Z", "ann", "203.0.113.7", FAILURES);
    if is_judged_before {
        place.judge(&mut driver, now);
        assert_eq!(place.standing().len(), 1, "{about}");
    }
    let last = place.brought.get() - 1;
    let id = Uuid::from_u128(last.into());
    let mut changed = testing::sign_in(id, time("2024-05-10T08:00:10Z"), "ann", "203.0.113.7", 50_126);
    // What tells more wins.
    changed["correlationId"] = json!(id);
    place.bring_records([changed.to_string()]);
    place.judge(&mut driver, now);
    assert_eq!(place.standing(), [""; 0], "{about}");
}

#[test]
fn a_sign_in_that_was_changed_is_judged_by_what_it_says_now() {
    for is_judged_before in [false, true] {
        check_changed(None, is_judged_before);
        check_changed(Some(Recent::default()), is_judged_before);
    }
}

/// Ten failures and a success, whose last content has what somebody else tells as well: what is found, and how many were judged again by it.
fn check_added(add: impl Fn(&mut Value), is_judged_before: bool, expected: (usize, u64)) {
    let place = with_recent(1_000);
    let now = "2024-05-10T10:00:00Z";
    let mut driver = place.driver(now);
    place.attack("2024-05-10T08:00:00Z", "ann", "203.0.113.7", FAILURES);
    if is_judged_before {
        place.judge(&mut driver, now);
    }
    let id = Uuid::from_u128((place.brought.get() - 1).into());
    let mut changed = testing::sign_in(id, time("2024-05-10T08:00:10Z"), "ann", "203.0.113.7", 0);
    // What tells more wins.
    changed["correlationId"] = json!(id);
    add(&mut changed);
    place.bring_records([changed.to_string()]);
    let mut again = 0;
    while !driver.is_at_rest(place.events.snapshot(TENANT).unwrap()) {
        again += driver.round(&place.tools(now, &|| true)).unwrap().again;
    }
    assert_eq!(
        (place.standing().len(), again),
        expected,
        "{changed} {is_judged_before}"
    );
}

#[test]
fn nobody_is_judged_again_for_what_no_detector_looks_at() {
    // She and her address are judged when they are first seen.
    check_added(|_| {}, false, (1, 2));
    check_added(|_| {}, true, (1, 0));
    check_added(|changed| changed["riskState"] = json!("remediated"), true, (1, 0));
    check_added(|changed| changed["userAgent"] = json!("curl/8.5.0"), true, (1, 2));
    check_added(
        |changed| changed["userDisplayName"] = json!("Ann Other"),
        true,
        (1, 2),
    );
    check_added(
        |changed| changed["status"]["errorCode"] = json!(50_126),
        true,
        (0, 2),
    );
}

#[test]
fn what_stood_aside_when_it_came_is_judged_when_it_does_not_any_longer() {
    let place = with_recent(1_000);
    let now = "2024-05-10T10:00:00Z";
    let mut driver = place.driver(now);
    place.attack("2024-05-10T08:00:00Z", "ann", "203.0.113.7", FAILURES - 1);
    place.judge(&mut driver, now);
    assert_eq!(place.standing(), [""; 0]);
    let id = Uuid::from_u128(77);
    let mut told = testing::sign_in(id, time("2025-01-01"), "ann", "203.0.113.7", 50_126);
    place.bring_records([told.to_string()]);
    place.judge(&mut driver, now);
    for name in ["correlationId", "uniqueTokenIdentifier"] {
        told[name] = json!(id);
        told["createdDateTime"] = json!("2024-05-10T08:00:08.5Z");
        place.bring_records([told.to_string()]);
    }
    place.judge(&mut driver, now);
    assert_eq!(
        place.standing(),
        ["2024-05-10T08:00:09Z ann after-multiple-failures"]
    );
}

/// Ten failures and a success, one failure of which names nobody, or an application, before it is changed or afterwards: what is found.
fn check_named(
    hide: impl Fn(&mut Value),
    is_hidden_at_first: bool,
    is_judged_before: bool,
    expected: &[&str],
) {
    let place = with_recent(1_000);
    let now = "2024-05-10T10:00:00Z";
    let mut driver = place.driver(now);
    place.attack("2024-05-10T08:00:00Z", "ann", "203.0.113.7", FAILURES - 1);
    let id = Uuid::from_u128(77);
    let mut told = testing::sign_in(id, time("2024-05-10T08:00:08.5Z"), "ann", "203.0.113.7", 50_126);
    let named = told.clone();
    hide(&mut told);
    let mut contents = [told, named];
    if !is_hidden_at_first {
        contents.reverse();
    }
    // What tells more wins.
    for number in 1..=4 {
        contents[1][format!("addedProperty{number}")] = json!(number);
    }
    for content in &contents {
        place.bring_records([content.to_string()]);
        if is_judged_before {
            place.judge(&mut driver, now);
        }
    }
    place.judge(&mut driver, now);
    assert_eq!(place.standing(), expected, "{contents:?} {is_judged_before}");
}

#[test]
fn what_no_detector_saw_at_first_or_does_not_see_any_longer_is_a_change() {
    let found = ["2024-05-10T08:00:09Z ann after-multiple-failures"];
    for is_judged_before in [false, true] {
        check_named(|_| {}, true, is_judged_before, &found);
        let is_an_applications = |told: &mut Value| {
            told["signInEventTypes"] = json!(["servicePrincipal"]);
            told["servicePrincipalId"] = json!("00000000-0000-0000-0000-000000000009");
            told["isInteractive"] = json!(false);
        };
        check_named(is_an_applications, true, is_judged_before, &found);
        check_named(is_an_applications, false, is_judged_before, &[]);
    }
}

/// Two sources of one format: one is at the clock, the other five hours behind it.
fn check_two_sources(recent: Option<Recent>) {
    let mut place = place();
    place.recent = recent;
    let sign_in = |number: u128, at: &str| {
        let at = time(&format!("2024-05-10T{at}:00Z"));
        testing::sign_in(Uuid::from_u128(number), at, "ann", "203.0.113.7", 0).to_string()
    };
    let now = "2024-05-10T10:00:00Z";
    let mut driver = place.driver(now);
    place.bring_as("live", [sign_in(1, "09:50")]);
    place.bring_as("behind", [sign_in(2, "05:00"), sign_in(3, "05:10")]);
    let round = driver.round(&place.tools(now, &|| true)).unwrap();
    // Those of 05:00 and 05:10 may be followed by others of 04:56, whatever the other source has brought.
    assert_eq!(round.waiting, 3);
    place.judge(&mut driver, "2024-05-10T10:15:00Z");
}

#[test]
fn a_source_that_is_behind_is_not_judged_by_the_clock_of_another() {
    check_two_sources(Some(Recent::default()));
    // Read back from the store, as after an import or a restart.
    check_two_sources(None);
}
