//! The ledger of imports, and what a recount says of a ledger that somebody tampered with.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::json;
use support::records::audit;
use support::{CONTOSO, Workplace, shown};

fn record(number: u64) -> String {
    audit(&format!("r{number}"), "2026-01-05T10:20:30Z", "Add user")
}

#[test]
fn runs_of_the_import_are_told_apart_with_their_files() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let first = workplace.file("first.jsonl", record(1));
    let second = workplace.file("second.jsonl", format!("{}\n{}", record(1), record(2)));
    let import = |paths: &[&str]| {
        let mut arguments = vec!["import", "--tenant", "contoso.com"];
        arguments.extend(paths);
        workplace.json(&arguments)
    };
    import(&[first.to_str().unwrap(), second.to_str().unwrap()]);
    import(&[first.to_str().unwrap()]);
    let found = workplace.json(&["sources", "status", "import", "--tenant", "contoso.com"]);
    let imports = found[0]["imports"].as_array().unwrap();
    let told: Vec<(&str, u64, u64)> = imports
        .iter()
        .map(|import| {
            let name = import["file"].as_str().unwrap().rsplit('/').next().unwrap();
            (
                name,
                import["new"].as_u64().unwrap(),
                import["known"].as_u64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("first.jsonl", 0, 1),
            ("second.jsonl", 1, 1),
            ("first.jsonl", 1, 0)
        ]
    );
    assert_ne!(imports[0]["run"], imports[1]["run"]);
    assert_eq!(imports[1]["run"], imports[2]["run"]);
    let counts = &found[0]["source"];
    assert_eq!(
        (&counts["read"], &counts["new"], &counts["known"]),
        (&json!(4), &json!(2), &json!(2))
    );
}

#[test]
fn a_file_without_an_event_is_a_file_of_its_run_all_the_same() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let file = workplace.file("nothing.jsonl", "{\"x\":1}");
    let import = workplace.run(&["import", "--tenant", "contoso.com", file.to_str().unwrap()]);
    assert_eq!(import.status.code(), Some(6), "{}", shown(&import));
    let found = workplace.json(&["sources", "status", "import"]);
    let import = &found[0]["imports"][0];
    assert_eq!(
        (&import["read"], &import["rejected"]),
        (&json!(1), &json!(1)),
        "{found}"
    );
}

/// What `gatelog sources prove` says after somebody changed the file of the month.
fn check_tampered(damage: &str, expected: &str) {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let records = ["a", "b"]
        .map(|id| audit(id, "2026-01-05T10:20:30Z", "Add user"))
        .join("\n");
    let file = workplace.file("records.jsonl", records);
    workplace.json(&["import", "--tenant", "contoso.com", file.to_str().unwrap()]);
    let sound = workplace.run(&["sources", "prove"]);
    assert_eq!(sound.status.code(), Some(0), "{}", shown(&sound));
    let month = workplace.data().join(format!("tenants/{CONTOSO}/2026-01.db"));
    let changed = rusqlite::Connection::open(month)
        .unwrap()
        .execute(damage, [])
        .unwrap();
    assert_ne!(changed, 0, "nothing was changed by {damage}");
    let proved = workplace.run(&["sources", "prove"]);
    assert_eq!(proved.status.code(), Some(1), "{damage}: {}", shown(&proved));
    let text = String::from_utf8(proved.stdout).unwrap();
    assert!(text.contains(expected), "{damage}: {text}");
}

#[test]
fn a_ledger_that_was_tampered_with_does_not_prove() {
    check_tampered(
        "DELETE FROM events WHERE id = (SELECT max(id) FROM events)",
        "it says +1 new",
    );
    check_tampered("UPDATE ledger SET new = 1, known = 1", "it says -1 new");
    check_tampered("UPDATE ledger SET read = read + 1", "DOES NOT ADD UP");
    check_tampered(
        "UPDATE ledger SET newest = newest + 10000000",
        "newest 2026-01-05T10:20:31Z instead of",
    );
}
