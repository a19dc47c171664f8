//! What is judged from a day that is remembered is judged as if it had been from the whole history.

use super::{place, time};
use crate::detection::{Asked, What, rerun};
use crate::testing;
use detect::Rules;
use serde_json::json;
use uuid::Uuid;

#[test]
fn a_history_that_is_too_long_goes_on_from_no_day_that_is_remembered() {
    let mut place = place();
    place.history_max = 11;
    let mut driver = place.driver("2024-05-09T00:00:00Z");
    let at = |day: u32, second: i64| time(&format!("2024-05-{day:02}T08:00:00Z")).plus_seconds(second);
    let sign_in = |day, second, code| (at(day, second), "ann", "203.0.113.7", code);
    // Nine wrong passwords before day 10, and one on day 11: between them is a right one, which is not among the last eleven sign-ins.
    place.bring((0..9).map(|second| sign_in(9, second, 50_126)));
    place.judge(&mut driver, "2024-05-09T12:00:00Z");
    place.bring([sign_in(10, 0, 0)]);
    place.judge(&mut driver, "2024-05-10T12:00:00Z");
    place.bring((0..11).map(|second| sign_in(11, second, if second == 0 { 50_126 } else { 0 })));
    place.judge(&mut driver, "2024-05-11T12:00:00Z");
    place.bring([sign_in(10, 30, 0)]);
    place.judge(&mut driver, "2024-05-11T13:00:00Z");
    assert_eq!(place.standing(), [""; 0]);
}

#[test]
fn what_rests_on_what_waits_from_the_day_before_is_not_taken_back() {
    let place = place();
    place.bring([(time("2024-05-08T08:00:00Z"), "ann", "203.0.113.7", 0)]);
    let before = "2024-05-08T12:00:00Z";
    place.judge(&mut place.driver(before), before);
    let failed = time("2024-05-09T23:52:00Z");
    place.bring((0..10).map(|n| (failed.plus_seconds(40 * n), "ann", "203.0.113.7", 50_126)));
    let got_in = time("2024-05-10T00:01:00Z");
    place.bring([(got_in, "ann", "203.0.113.7", 0)]);
    let asked = Asked {
        since: time("2024-05-08"),
        rules: None,
        what: What::Stored,
    };
    let now = "2024-05-10T00:02:00Z";
    rerun(&place.tools(now, &|| true), &Rules::default(), &asked).unwrap();
    let expected = ["2024-05-10T00:01:00Z ann after-multiple-failures"];
    assert_eq!(place.standing(), expected);
    let mut driver = place.driver(now);
    driver
        .round(&place.tools("2024-05-10T00:02:01Z", &|| true))
        .unwrap();
    let id = Uuid::from_u128(11);
    let mut changed = testing::sign_in(id, got_in, "ann", "203.0.113.7", 0);
    // What tells more wins, and detectors see it.
    changed["correlationId"] = json!(id);
    changed["userAgent"] = json!("curl/8.5.0");
    place.bring_records([changed.to_string()]);
    let mut taken_back = 0;
    for now in ["00:04:00", "00:04:01", "00:04:02", "00:20:00", "00:20:01"] {
        let now = format!("2024-05-10T{now}Z");
        taken_back += driver.round(&place.tools(&now, &|| true)).unwrap().retracted;
        assert_eq!(place.standing(), expected, "at {now}");
    }
    assert_eq!(taken_back, 0);
}
