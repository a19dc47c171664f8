//! A backlog of a day is judged piece by piece, and as if it had been read at once.

use super::{FAILURES, place, time};
use crate::detection::Recent;
use crate::testing;
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

/// Seconds of a day, who, from which of two addresses, whether with the right password, and whether that is changed at once.
type Told = (i64, usize, u8, bool, bool);

/// What is found of a backlog, each sign-in of which came by itself, in this order; and how many subjects were looked up.
fn found(script: &[Told], judged_at_once: usize) -> (Vec<String>, u64) {
    let mut place = place();
    place.judged_at_once = judged_at_once;
    place.recent = Some(Recent::default());
    place.read_at_once = 5;
    // Whatever comes after the engine began is judged in order, if it comes so.
    let mut driver = place.driver("2024-05-10T00:00:00Z");
    let start = time("2024-05-10T00:00:00Z");
    for (second, user, address, is_right, changes) in script {
        let user = ["ann", "bob", "carol"][*user];
        let address = format!("203.0.113.{address}");
        let code = if *is_right { 0 } else { 50_126 };
        let at = start.plus_seconds(*second);
        place.bring([(at, user, address.as_str(), code)]);
        if *changes {
            let id = Uuid::from_u128((place.brought.get() - 1).into());
            let mut changed = testing::sign_in(id, at, user, &address, 50_126 - code);
            // What tells more wins.
            changed["correlationId"] = json!(id);
            place.bring_records([changed.to_string()]);
        }
    }
    let mut again = 0;
    for now in [
        "2024-05-10T23:59:00Z",
        "2024-05-11T01:00:00Z",
        "2024-05-11T01:00:01Z",
    ] {
        again += driver.round(&place.tools(now, &|| true)).unwrap().again;
    }
    (place.standing(), again)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn pieces_change_no_finding(
        script in prop::collection::vec((0_i64..40_000, 0_usize..3, 0_u8..2, prop::bool::weighted(0.15), prop::bool::weighted(0.1)), 10..80),
    ) {
        let (at_once, _) = found(&script, usize::MAX);
        for judged_at_once in [1, 7] {
            let (in_pieces, _) = found(&script, judged_at_once);
            prop_assert_eq!(&in_pieces, &at_once, "{} at once", judged_at_once);
        }
    }
}

#[test]
fn nothing_is_found_by_what_was_said_before_a_change() {
    let mut place = place();
    (place.judged_at_once, place.read_at_once) = (1, 1);
    // What is read back says already what it says in the end.
    place.recent = Some(Recent::default());
    let mut driver = place.driver("2024-05-10T00:00:00Z");
    let start = time("2024-05-10T08:00:00Z");
    let sign_in = |number: u128, minute: i64, user: &str, code: u32| {
        let id = Uuid::from_u128(number);
        testing::sign_in(id, start.plus_seconds(60 * minute), user, "203.0.113.7", code)
    };
    // The engine knows her.
    place.bring_records([sign_in(30, -60, "ann", 0).to_string()]);
    for now in ["2024-05-10T07:30:00Z", "2024-05-10T07:30:01Z"] {
        driver.round(&place.tools(now, &|| true)).unwrap();
    }
    for number in 0..10 {
        place.bring_records([sign_in(number, number as i64, "ann", 50_126).to_string()]);
    }
    // By the time of this they need not wait any longer; one of them was a success after all.
    place.bring_records([sign_in(20, 25, "bob", 0).to_string()]);
    let mut changed = sign_in(5, 5, "ann", 0);
    changed["correlationId"] = json!(Uuid::nil());
    place.bring_records([changed.to_string()]);
    place.bring_records([
        sign_in(10, 11, "ann", 0).to_string(),
        sign_in(21, 120, "bob", 0).to_string(),
    ]);
    let mut taken_back = 0;
    for now in ["2024-05-10T23:59:00Z", "2024-05-10T23:59:01Z"] {
        let round = driver.round(&place.tools(now, &|| true)).unwrap();
        taken_back += round.retracted;
    }
    assert_eq!((place.standing(), taken_back), (Vec::new(), 0));
}

#[test]
fn what_waits_at_the_end_of_a_backlog_waits_on() {
    let mut place = place();
    (place.judged_at_once, place.read_at_once) = (1, 1);
    let mut driver = place.driver("2024-05-10T00:00:00Z");
    let start = time("2024-05-10T08:00:00Z");
    let mut again = Vec::new();
    // Minutes; the last of each round is after others of the next.
    for (round, minutes) in [[0, 30, 20], [28, 50, 40], [48, 70, 60]].into_iter().enumerate() {
        for minute in minutes {
            place.bring([(start.plus_seconds(60 * minute), "ann", "203.0.113.7", 0)]);
        }
        let now = format!("2024-05-10T10:00:0{round}Z");
        again.push(driver.round(&place.tools(&now, &|| true)).unwrap().again);
    }
    assert_eq!(again, [2, 0, 0]);
}

/// An attack once in every hour.
#[test]
fn each_is_looked_up_once_for_a_backlog() {
    let attacks = (0..10_i64).flat_map(|hour| {
        (0..=i64::from(FAILURES)).map(move |n| (hour * 3_600 + n, 0, 0, n == i64::from(FAILURES), false))
    });
    let script: Vec<Told> = attacks.collect();
    for judged_at_once in [1, 50, usize::MAX] {
        let (found, again) = found(&script, judged_at_once);
        // Ten attacks on her, and a day of brute force from the address; she is looked up, and the address is.
        assert_eq!((found.len(), again), (11, 2), "{judged_at_once}");
    }
}
