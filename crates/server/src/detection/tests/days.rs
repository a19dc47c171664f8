//! Days and the snapshots made of them, through restarts and whatever comes late.

use super::{Place, TENANT, place, time};
use crate::detection::{Driver, remove_before};
use detect::Rules;
use serde_json::Value;
use std::collections::BTreeMap;

/// What happens to detection, moment by moment.
enum Step {
    /// Successes come, in one commit.
    Bring(&'static [&'static str]),
    /// A round is gone through.
    Round(&'static str),
    /// The program ends without a word and begins anew.
    Restart(&'static str),
}
use Step::{Bring, Restart, Round};

fn check_days(about: &str, steps: &[Step], expected: &[(&str, u64)]) {
    let place = place();
    let mut driver = place.driver("2024-05-01T00:00:00Z");
    for step in steps {
        match step {
            Bring(times) => {
                place.bring(times.iter().map(|at| (time(at), "ann", "203.0.113.7", 0)));
            }
            Round(now) => {
                driver.round(&place.tools(now, &|| true)).unwrap();
            }
            Restart(now) => driver = place.driver(now),
        }
    }
    let expected: BTreeMap<String, u64> = expected
        .iter()
        .map(|(day, count)| ((*day).to_owned(), *count))
        .collect();
    assert_eq!(place.kept_days(), expected, "{about}");
}

#[test]
fn a_restart_counts_no_day_twice_and_none_too_little() {
    check_days(
        "one waits at the restart",
        &[
            Bring(&["2024-05-10T10:00:00Z"]),
            Bring(&["2024-05-10T11:58:00Z"]),
            Round("2024-05-10T12:00:00Z"),
            Restart("2024-05-10T12:00:30Z"),
            Round("2024-05-10T12:20:00Z"),
            Round("2024-05-10T12:20:01Z"),
        ],
        &[("2024-05-10", 2)],
    );
    check_days(
        "it waits through two restarts, and midnight is between",
        &[
            Bring(&["2024-05-10T23:40:00Z"]),
            Bring(&["2024-05-10T23:55:00Z", "2024-05-10T23:56:00Z"]),
            Bring(&["2024-05-11T00:01:00Z"]),
            Round("2024-05-11T00:05:00Z"),
            Restart("2024-05-11T00:06:00Z"),
            Round("2024-05-11T00:11:30Z"),
            Restart("2024-05-11T00:12:00Z"),
            Round("2024-05-11T00:30:00Z"),
            Round("2024-05-11T00:30:01Z"),
        ],
        &[("2024-05-10", 3), ("2024-05-11", 1)],
    );
    check_days(
        "days are kept less often than the cursor moves",
        &[
            Bring(&["2024-05-10T10:00:00Z"]),
            Round("2024-05-10T12:00:00Z"),
            Round("2024-05-10T12:00:01Z"),
            Bring(&["2024-05-10T11:30:00Z"]),
            Round("2024-05-10T12:00:10Z"),
            Round("2024-05-10T12:00:11Z"),
            Bring(&["2024-05-10T11:40:00Z"]),
            Round("2024-05-10T12:00:20Z"),
            Round("2024-05-10T12:00:21Z"),
            Restart("2024-05-10T12:00:30Z"),
            Bring(&["2024-05-10T11:50:00Z"]),
            Round("2024-05-10T12:20:00Z"),
            Round("2024-05-10T12:20:01Z"),
        ],
        &[("2024-05-10", 4)],
    );
}

#[test]
fn a_day_that_was_closed_stays_as_it_was_through_a_restart() {
    check_days(
        "one comes late for a closed day, while the cursor waits",
        &[
            Bring(&["2024-05-10T23:30:00Z"]),
            Round("2024-05-11T00:05:00Z"),
            Round("2024-05-11T00:05:01Z"),
            Bring(&["2024-05-11T00:06:00Z"]),
            Round("2024-05-11T00:07:00Z"),
            Bring(&["2024-05-10T23:20:00Z"]),
            Round("2024-05-11T00:08:00Z"),
            Restart("2024-05-11T00:09:00Z"),
            Round("2024-05-11T00:30:00Z"),
            Round("2024-05-11T00:30:01Z"),
        ],
        &[("2024-05-10", 1), ("2024-05-11", 1)],
    );
}

/// Rules by which whoever comes from elsewhere is irregular at once.
fn suspicious_rules() -> Rules {
    let mut rules = Rules::default();
    rules.irregular.irregular_score = 1.0;
    rules.irregular.learning_days = 5;
    rules
}

/// Forty days on which three people sign in, and on the twentieth ann does so from elsewhere: the evidence of what is found.
fn found_of_the_odd_one(about: &str, comes: impl Fn(&Place, &mut Driver, &dyn Fn(&Place))) -> Vec<Value> {
    let place = place();
    let open = |now: &str| Driver::open(TENANT, &suspicious_rules(), &place.tools(now, &|| true)).unwrap();
    let mut driver = open("2024-03-01T01:00:00Z");
    let odd = |place: &Place| {
        place.bring([(time("2024-03-20T12:00:00Z"), "ann", "198.51.100.9", 0)]);
    };
    let first = time("2024-03-01T08:00:00Z");
    for day in 0..40 {
        for (user, address) in [
            ("ann", "203.0.113.7"),
            ("bob", "203.0.113.8"),
            ("carol", "203.0.113.7"),
        ] {
            place.bring([(first.plus_days(day), user, address, 0)]);
        }
        if day == 19 && about == "in time" {
            odd(&place);
        }
        let now = first.plus_days(day).plus_seconds(14 * 3_600).to_string();
        place.judge(&mut driver, &now);
    }
    comes(&place, &mut driver, &odd);
    place.judge(&mut driver, "2024-05-10T12:00:00Z");
    let found = place.found().into_iter();
    found
        .filter(|finding| finding.found.detector() == "irregular")
        .map(|finding| {
            // The event's id is counted in the order of arrival here.
            let mut evidence = finding.evidence;
            evidence.remove("signIn");
            Value::Object(evidence)
        })
        .collect()
}

#[test]
fn a_sign_in_is_scored_by_the_snapshot_of_its_day_however_late_it_comes() {
    let in_time = found_of_the_odd_one("in time", |_, _, _| {});
    assert_eq!(in_time.len(), 1);
    // The snapshot of the day is made of the 19 days before, on each of which three people came.
    let day = time("2024-03-20").day();
    assert_eq!(
        in_time[0]["population"],
        serde_json::json!({ "day": day, "signIns": 57 })
    );
    let late = found_of_the_odd_one("long after, when no counts are at hand", |place, driver, odd| {
        // More than the time for which counts are kept goes by.
        for now in ["2024-05-10T10:00:00Z", "2024-05-10T11:00:00Z"] {
            place.bring([(time(now), "bob", "203.0.113.8", 0)]);
            place.judge(driver, &now.replace(":00:00Z", ":30:00Z"));
        }
        odd(place);
    });
    assert_eq!(late, in_time);
    let restarted = found_of_the_odd_one(
        "after a restart, when a day before it was closed since",
        |place, driver, odd| {
            // Of this day nobody knew when the snapshots were made.
            place.bring((0..9).map(|n| {
                (
                    time("2024-02-29T08:00:00Z").plus_seconds(n),
                    "dan",
                    "198.51.100.9",
                    0,
                )
            }));
            place.judge(driver, "2024-05-10T11:00:00Z");
            // As at every start, where nothing was freed.
            let first = time("2024-02-29").day();
            assert!(!remove_before(&place.control, TENANT, first).unwrap());
            *driver = Driver::open(
                TENANT,
                &suspicious_rules(),
                &place.tools("2024-05-10T11:30:00Z", &|| true),
            )
            .unwrap();
            odd(place);
        },
    );
    assert_eq!(restarted, in_time);
}
