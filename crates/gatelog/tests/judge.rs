//! `gatelog judge --rba`: what detectors find in a data set of which the truth is known. The figures were counted by hand from the rows.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::{Value, json};
use std::fmt::Write;
use support::{Workplace, shown};

/// Six sign-ins of three users: four successes, one of them a takeover, and two from an attacker's address.
const FIXTURE: &str = include_str!("../../world/fixtures/rba.csv");

const HOME: &str = "NO,Vestland,Bergen,64501,Mozilla/5.0 (Windows NT 10.0),Chrome 79.0,Windows 10,desktop";
const AWAY: &str = "RO,-,-,64510,python-requests/2.22.0,Python Requests 2.22,Other,unknown";

/// Rows of our own, after those of the fixture.
struct Rows {
    text: String,
    index: u32,
}

impl Rows {
    fn add(
        &mut self,
        time: &str,
        user: &str,
        address: &str,
        from: &str,
        [success, attack, takeover]: [bool; 3],
    ) {
        let word = |is: bool| if is { "True" } else { "False" };
        let _ = writeln!(
            self.text,
            "{},{time},{user},,{address},{from},{},{},{}",
            self.index,
            word(success),
            word(attack),
            word(takeover)
        );
        self.index += 1;
    }
}

const HONEST: [bool; 3] = [true, false, false];
const FAILED: [bool; 3] = [false, false, false];
const ATTEMPT: [bool; 3] = [false, true, false];
const FROM_ATTACKER: [bool; 3] = [true, true, false];
const TAKEOVER: [bool; 3] = [true, true, true];

/// The fixture, and: somebody with habits who is taken over from far away half an hour after being at home; ten failures and a success
/// of an attacker, and of an owner; six strangers who fail at an address from which a seventh is taken over.
fn data_set() -> String {
    let mut rows = Rows {
        text: FIXTURE.to_owned(),
        index: 6,
    };
    for day in 1..=12 {
        let time = format!("2020-03-{day:02} 08:00:00.5");
        rows.add(&time, "700", "203.0.113.10", HOME, HONEST);
    }
    rows.add("2020-03-12 08:30:00", "700", "198.51.100.50", AWAY, TAKEOVER);
    for second in 10..20 {
        let time = format!("2020-03-13 09:00:{second}");
        rows.add(&time, "701", "198.51.100.61", AWAY, ATTEMPT);
    }
    rows.add("2020-03-13 09:01:00", "701", "198.51.100.61", AWAY, FROM_ATTACKER);
    for second in 10..20 {
        let time = format!("2020-03-14 09:00:{second}");
        rows.add(&time, "702", "203.0.113.11", HOME, FAILED);
    }
    rows.add("2020-03-14 09:01:00", "702", "203.0.113.11", HOME, HONEST);
    for stranger in 1..=6 {
        let (time, user) = (format!("2020-03-15 10:0{stranger}:00"), format!("80{stranger}"));
        rows.add(&time, &user, "198.51.100.60", AWAY, ATTEMPT);
    }
    rows.add("2020-03-15 10:10:00", "703", "198.51.100.60", AWAY, TAKEOVER);
    rows.text
}

fn judged(file: &str, arguments: &[&str]) -> (i32, Value, String) {
    let workplace = Workplace::new();
    let path = workplace.file("rba.csv", file);
    let mut all = vec!["judge", "--rba", path.to_str().unwrap(), "-o", "json"];
    all.extend(arguments);
    let output = workplace.run(&all);
    let json = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), json, said)
}

#[test]
fn everything_is_counted_as_by_hand() {
    let (code, json, said) = judged(&data_set(), &[]);
    assert_eq!((code, said.as_str()), (0, ""));
    for (name, expected) in [
        ("signIns", json!(48)),
        ("successes", json!(20)),
        ("users", json!(13)),
        ("addresses", json!(9)),
        ("takeovers", json!(3)),
        ("attackAddressSignIns", json!(21)),
        ("attackAddressSuccesses", json!(4)),
        ("honestSuccesses", json!(16)),
        ("from", json!("2020-02-04T07:15:01.021Z")),
        ("to", json!("2020-03-15T10:10:00Z")),
        ("unreadRows", json!(0)),
        ("rowsOutOfOrder", json!(0)),
        ("rowsKnown", json!(0)),
        ("forgotten", json!(0)),
    ] {
        assert_eq!(json[name], expected, "{name}");
    }
    let detectors: Vec<String> = json["detectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            format!(
                "{}: {} {} {} {} {}",
                row["detector"].as_str().unwrap(),
                row["findings"],
                row["takeoversFound"],
                row["attackAddressSignInsFound"],
                row["honestFlagged"],
                row["honestFlaggedPercent"]
            )
        })
        .collect();
    assert_eq!(
        detectors,
        [
            "unknown-sources: 0 0 0 0 0.0",
            "after-multiple-failures: 2 0 1 1 6.25",
            "multiple-geographies: 1 1 1 0 0.0",
            "suspicious-addresses: 1 1 1 0 0.0",
            "infected-devices: 0 0 0 0 0.0",
            "irregular: 1 1 1 0 0.0",
        ]
    );
    let irregular = &json["irregular"];
    // Thresholds are tuned; where a row lies beside them is not.
    let shipped = detect::detectors::irregular::Thresholds::default().irregular_score;
    assert_eq!(irregular["takeoversWithScore"], 1);
    assert_eq!(
        irregular["asShipped"],
        json!({"score": shipped, "takeoversCaught": 1, "caughtPercent": 33.333, "honestFlagged": 0, "honestFlaggedPercent": 0.0})
    );
    let at_one = &irregular["atOnePercent"];
    assert_eq!(
        (&at_one["takeoversCaught"], &at_one["honestFlagged"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(json["cannotTell"].as_array().unwrap().len(), 5);
}

/// The table with `#` for each digit of a score: detectors are tuned.
fn without_scores(table: &str) -> String {
    let mut masked = String::new();
    for line in table.lines() {
        let is_of_scores = line.starts_with("as shipped, from") || line.starts_with("at 1 % honest, above");
        let score = if is_of_scores { 26..36 } else { 0..0 };
        for (place, character) in line.chars().enumerate() {
            let is_masked = score.contains(&place) && character.is_ascii_digit();
            masked.push(if is_masked { '#' } else { character });
        }
        masked.push('\n');
    }
    masked
}

#[test]
fn people_get_a_table() {
    let workplace = Workplace::new();
    let path = workplace.file("rba.csv", data_set());
    let output = workplace.run(&["judge", "--rba", path.to_str().unwrap()]);
    assert!(output.status.success(), "{}", shown(&output));
    let table = without_scores(&String::from_utf8(output.stdout).unwrap());
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/judge/rba.table");
    assert_eq!(table, std::fs::read_to_string(golden).unwrap());
}

#[test]
fn only_the_first_rows_are_read_if_that_is_asked() {
    let (code, json, _) = judged(&data_set(), &["--rows", "6"]);
    assert_eq!(
        (code, &json["signIns"], &json["takeovers"]),
        (0, &json!(6), &json!(1))
    );
    assert_eq!(judged(&data_set(), &["--rows", "0"]).0, 2);
}

#[test]
fn rows_that_cannot_be_used_are_counted_and_told() {
    let heading = FIXTURE.lines().next().unwrap();
    let row = |number: usize| FIXTURE.lines().nth(number).unwrap();
    // A row twice, one that is no row, one that is older than the one before.
    let file = [heading, row(1), row(1), "x,y", row(3), row(2)].join("\n");
    let (code, json, said) = judged(&file, &[]);
    assert_eq!(code, 6);
    assert_eq!(
        ["signIns", "rowsKnown", "unreadRows", "rowsOutOfOrder"].map(|name| json[name].as_u64().unwrap()),
        [2, 1, 1, 1]
    );
    assert!(
        said.contains("line 4 has 2 cells and the heading has 16"),
        "{said}"
    );
    assert!(said.contains("sort it by `Login Timestamp`"), "{said}");
}

#[test]
fn whoever_is_not_remembered_is_told_of() {
    let (_, json, _) = judged(&data_set(), &["--remember", "1"]);
    assert!(json["forgotten"].as_u64().unwrap() > 0, "{json}");
    let told = json["cannotTell"].as_array().unwrap();
    assert!(
        told.last()
            .unwrap()
            .as_str()
            .unwrap()
            .contains("--remember takes more")
    );
}

#[test]
fn what_is_no_such_file_is_refused_with_what_to_do() {
    for (file, expected) in [
        ("", "the file is empty"),
        ("a,b\n1,2\n", "is it the RBA data set's CSV, with its heading?"),
        (FIXTURE.lines().next().unwrap(), "it has a heading and no rows"),
    ] {
        let (code, _, said) = judged(file, &[]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains(expected), "{said}");
    }
    let workplace = Workplace::new();
    let output = workplace.run(&["judge", "--rba", "nowhere.csv"]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
}
