//! What is known of addresses: looked up, renewed by command and by files that change, with and without a running service.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::Value;
use std::fs;
use support::http::Request;
use support::{Server, Workplace, shown};

const CITY: &[u8] = include_bytes!("../../enrich/tests/data/nested-city.mmdb");

fn look_up(workplace: &Workplace, address: &str, at: &str) -> Value {
    workplace.json(&["enrich", "lookup", address, "--at", at])
}

/// The lists that named an address, with their notes.
fn listed(workplace: &Workplace, address: &str, at: &str) -> Vec<String> {
    let found = look_up(workplace, address, at);
    let word = |listing: &Value, name: &str| listing[name].as_str().unwrap_or("-").to_owned();
    let listed = found["listed"].as_array().unwrap();
    let told = listed.iter().map(|listing| {
        format!(
            "{}:{} {}",
            word(listing, "class"),
            word(listing, "list"),
            word(listing, "note")
        )
    });
    told.collect()
}

fn update(workplace: &Workplace, arguments: &[&str]) {
    let output = workplace.run(&[&["enrich", "update"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
}

/// Arguments that are refused, the code, and what is said.
fn check_refused(workplace: &Workplace, arguments: &[&str], code: i32, said: &str) {
    let output = workplace.run(&[&["enrich"], arguments].concat());
    assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains(said), "{said:?} in {text}");
}

#[test]
fn countries_are_known_without_any_file() {
    let workplace = Workplace::new();
    let found = look_up(&workplace, "8.8.8.8", "2026-05-01");
    assert_eq!(
        (&found["country"], &found["scope"]),
        (&"US".into(), &"public".into())
    );
    let found = look_up(&workplace, "::ffff:10.1.2.3", "2026-05-01");
    assert_eq!(
        (&found["country"], &found["scope"]),
        (&Value::Null, &"private".into())
    );
    assert_eq!(found["address"], "10.1.2.3");
    check_refused(
        &workplace,
        &["lookup", "printer"],
        2,
        "`printer` is no network address",
    );
    check_refused(&workplace, &["lookup", "8.8.8.8", "--at", "noon"], 2, "noon");
}

#[test]
fn a_newer_list_counts_from_its_day_and_an_older_day_keeps_its_own() {
    let workplace = Workplace::new();
    let list = |name: &str, text: &str| workplace.file(name, text).to_str().unwrap().to_owned();
    let may = list(
        "may.txt",
        "# as-of: 2026-05-01\n203.0.113.7 first\n203.0.113.8 both\n",
    );
    let june = list(
        "june.txt",
        "# as-of: 2026-06-01\n203.0.113.8 both\n203.0.113.9 second\n",
    );
    update(&workplace, &["--list", "tor", &may, "--name", "exits"]);
    update(&workplace, &["--list", "tor", &june, "--name", "exits"]);
    for (address, at, expected) in [
        ("203.0.113.7", "2026-05-20", &["tor:exits first"][..]),
        ("203.0.113.7", "2026-06-02", &[]),
        ("203.0.113.8", "2026-05-20", &["tor:exits both"]),
        ("203.0.113.8", "2026-06-02", &["tor:exits both"]),
        ("203.0.113.9", "2026-05-20", &[]),
        ("203.0.113.9", "2026-06-02", &["tor:exits second"]),
    ] {
        assert_eq!(listed(&workplace, address, at), expected, "{address} at {at}");
    }
    // Nothing is changed by what cannot be used.
    check_refused(
        &workplace,
        &["update", "--list", "tor", &may, "--name", "exits"],
        1,
        "older than the list in force",
    );
    let bad = list("bad.txt", "203.0.113.10\nnobody\n");
    check_refused(
        &workplace,
        &["update", "--list", "tor", &bad, "--name", "exits"],
        1,
        "line 2 of the list `exits`: `nobody` is no address and no network",
    );
    check_refused(
        &workplace,
        &["update", "--list", "torr", &may],
        2,
        "did you mean `tor`?",
    );
    check_refused(
        &workplace,
        &["update", "--city", &may],
        1,
        "no sound file in MaxMind's format",
    );
    check_refused(&workplace, &["update"], 2, "--country");
    assert_eq!(
        listed(&workplace, "203.0.113.9", "2026-06-02"),
        ["tor:exits second"]
    );
}

fn metric(server: &Server, labelled: &str) -> Option<i64> {
    let text = Request::get("/metrics").send(&server.admin).text();
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{labelled} ")))?;
    line.rsplit(' ').next().unwrap().parse().ok()
}

#[test]
fn a_running_service_takes_over_what_is_brought_and_what_changes() {
    let workplace = Workplace::new();
    let file = workplace.file("exits.txt", "203.0.113.7 old\n");
    let settings = workplace.file(
        "gatelog.toml",
        "[[enrichment.lists]]\nclass = \"tor\"\nfile = \"exits.txt\"\n",
    );
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--admin-listen",
        "127.0.0.1:0",
        "--config",
    ];
    let arguments = [&arguments[..], &[settings.to_str().unwrap()]].concat();
    let mut server = Server::start(workplace.command(&arguments).env_remove("GATELOG__LOG__LEVEL"));
    server.program.wait_for("exits.txt was read");
    let later = "2036-01-01";
    assert_eq!(listed(&workplace, "203.0.113.7", later), ["tor:exits old"]);

    let city = workplace.file("city.mmdb", CITY);
    update(&workplace, &["--city", city.to_str().unwrap()]);
    let found = look_up(&workplace, "203.0.113.1", later);
    assert_eq!(
        (&found["city"], &found["radiusKm"]),
        (&"Berlin".into(), &20.0.into())
    );

    fs::write(&file, "203.0.113.7 old\n<html>\n").unwrap();
    server.program.signal("HUP");
    let told = server.program.wait_for("line 2 of the list `exits`");
    assert!(told.contains("what was read before stays in force"), "{told}");
    assert_eq!(listed(&workplace, "203.0.113.7", later), ["tor:exits old"]);
    let status = workplace.run(&["enrich", "status"]);
    assert_eq!(status.status.code(), Some(1), "{}", shown(&status));
    assert!(shown(&status).contains("failed"), "{}", shown(&status));

    fs::write(&file, "203.0.113.8 newer and longer\n").unwrap();
    server.program.signal("HUP");
    server.program.wait_for("exits.txt was read");
    server.program.wait_for("reloaded");
    assert_eq!(listed(&workplace, "203.0.113.7", later), Vec::<String>::new());
    assert_eq!(
        listed(&workplace, "203.0.113.8", later),
        ["tor:exits newer and longer"]
    );
    assert_eq!(listed(&workplace, "203.0.113.7", "2026-01-01"), ["tor:exits old"]);

    // Measured at the start, and once a minute.
    let labelled = |name: &str, rest: &str| format!("{name}{{kind=\"{rest}\"}}");
    let countries = labelled(
        "gatelog_enrichment_entries",
        "countries\",class=\"\",name=\"embedded",
    );
    assert_eq!(metric(&server, &countries), Some(616_929));
    let list = "list\",class=\"tor\",name=\"exits";
    assert_eq!(
        metric(&server, &labelled("gatelog_enrichment_entries", list)),
        Some(1)
    );
    assert_eq!(
        metric(&server, &labelled("gatelog_enrichment_failed", list)),
        Some(0)
    );
    assert!(metric(&server, &labelled("gatelog_enrichment_age_seconds", list)).is_some());
}
