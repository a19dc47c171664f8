//! `gatelog detect` and `gatelog explain --user` beside a running server: what other thresholds would find, and that asking writes nothing.

use super::{AT_ONCE, BERLIN, FAILURES, LAGOS, Site, TRAVEL, habit_until, sign_in, site};
use crate::support::{CONTOSO, shown};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::Value;
use std::process::Output;
use std::time::Duration;
use store::control::{ControlStore, DetectionStore, SqliteControlStore};
use store::folder::DataFolder;
use store::sqlite::Options;

/// Fewer failures are enough, and nobody is too fast.
const OTHER_RULES: &str = "\
[after_multiple_failures]
minimum_failures = 6

[multiple_geographies]
maximum_kmh = 100000.0
";

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

/// Somebody with six failures, somebody with eleven, and somebody with habits who is in Lagos half an hour after Berlin.
fn judged_site() -> Site {
    let site = site();
    let mut sign_ins = habit_until(time("2024-05-20T08:00:00Z"), "ann", 20);
    sign_ins.push(sign_in(1, time("2024-05-20T08:30:00Z"), "ann", 0, LAGOS));
    for (first, user, failures) in [(100, "six", 6), (200, "eleven", 11)] {
        let from = time("2024-05-12T09:00:00Z");
        for n in 0..=failures {
            let code = if n < failures { 50_126 } else { 0 };
            let at = from.plus_seconds(i64::from(n) * 60);
            sign_ins.push(sign_in(first + n, at, user, code, BERLIN));
        }
    }
    site.bring(&sign_ins);
    site.rows_once(FAILURES, "firstSuccessfulSignIn", |rows| rows.len() == 1);
    site.rows_once(TRAVEL, "timeOfSecondSignIn", |rows| rows.len() == 1);
    site
}

impl Site {
    fn detect(&self, arguments: &[&str]) -> Output {
        let always = ["detect", "--since", "2024-05-01"];
        self.workplace.run(&[&always, arguments].concat())
    }

    /// What the command says, if it succeeds.
    fn told(&self, arguments: &[&str]) -> String {
        let output = self.detect(arguments);
        assert!(output.status.success(), "{}", shown(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Every finding there is, retracted ones too, with when each was judged.
    fn findings(&self) -> Value {
        let answer = self.server.get(&self.read, "/contoso.com/findings?state=all");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The server ends by itself.
    fn end(&mut self) {
        self.server.program.signal("TERM");
        while !self.server.program.has_ended() {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn explain(&self, user: &str, at: &str) -> String {
        let host = format!("http://{}", self.server.address);
        let mut command = self
            .workplace
            .command(&["explain", "--user", user, "--at", at, "--host", &host]);
        command.args(["--tenant", "contoso.com"]);
        let output = command.env("GATELOG_TOKEN", &self.read).output().unwrap();
        assert!(output.status.success(), "{}", shown(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn users_of(&self, report: &str, time: &str) -> Vec<String> {
        let rows = self.rows(report, time);
        let mut users: Vec<String> = rows
            .iter()
            .map(|row| row["userName"].as_str().unwrap().to_owned())
            .collect();
        users.sort_unstable();
        users
    }
}

fn golden(name: &str) -> String {
    let path = format!("{}/tests/golden/detect/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn other_thresholds_are_tried_then_stored_and_once_is_enough() {
    let site = judged_site();
    let rules = site.workplace.file("other.toml", OTHER_RULES);
    let rules = ["--rules", rules.to_str().unwrap()];
    let before = site.findings();

    assert_eq!(
        site.told(&[&rules[..], &["--dry-run"]].concat()),
        golden("dry-run")
    );
    assert_eq!(site.findings(), before, "a dry run stores nothing");

    assert_eq!(site.told(&rules), golden("stored"));
    assert_eq!(
        site.users_of(FAILURES, "firstSuccessfulSignIn"),
        ["eleven@contoso.com", "six@contoso.com"]
    );
    assert!(site.rows(TRAVEL, "timeOfSecondSignIn").is_empty());
    let stored = site.findings();

    assert_eq!(site.told(&rules), golden("same"));
    assert_eq!(site.findings(), stored, "the same again adds nothing");
    // By what counted at each time, which is what was stored.
    assert_eq!(site.told(&["--dry-run"]), golden("same-dry-run"));
    let mut site = site.killed();
    assert_eq!(site.told(&rules), golden("same"));
    assert_eq!(site.findings(), stored, "nor after a restart");
    site.end();
    assert_eq!(site.told(&rules), golden("same"), "without a server");
    assert_eq!(site.killed().findings(), stored, "nor without a server");
}

#[test]
fn rules_that_make_no_sense_are_refused_before_anything_is_judged() {
    let site = site();
    site.bring(&[sign_in(1, time("2024-05-20T08:30:00Z"), "ann", 0, LAGOS)]);
    let check = |content: &str, expected: &[&str]| {
        let rules = site.workplace.file("wrong.toml", content);
        let output = site.detect(&["--rules", rules.to_str().unwrap(), "--dry-run"]);
        assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
        for part in expected {
            assert!(shown(&output).contains(part), "{part:?}: {}", shown(&output));
        }
    };
    check(
        "[after_multiple_failures]\nminimum_failure = 3\n",
        &["line 2", "unknown field `minimum_failure`", "`minimum_failures`"],
    );
    check(
        "[after_multiple_failures]\nminimum_failures = 0\n",
        &[
            "after_multiple_failures.minimum_failures is 0",
            "must be at least 1",
        ],
    );
    let missing = site.detect(&["--rules", "nowhere.toml"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(shown(&missing).contains("nowhere.toml"), "{}", shown(&missing));
}

/// The last commit, and the bytes of the control store, after the server has ended by itself.
fn state_after(site: &mut Site) -> (u64, Vec<u8>, IsAtRest) {
    site.end();
    let folder = DataFolder::open(&site.workplace.data()).unwrap();
    let events = store::open(&folder, Options::default()).unwrap();
    let control = SqliteControlStore::open(folder.path()).unwrap();
    let tenant = TenantId::parse(CONTOSO).unwrap();
    let commit = events.snapshot(tenant).unwrap();
    let cursor = control.detection_cursor(tenant).unwrap();
    let is_at_rest = cursor.is_some_and(|cursor| cursor.commit == commit);
    (commit, control.image().unwrap(), IsAtRest(is_at_rest))
}

/// Whether everything is judged that there is.
struct IsAtRest(bool);

#[test]
fn questions_to_a_server_write_nothing() {
    let mut site = judged_site();
    let rules = site.workplace.file("other.toml", OTHER_RULES);
    let rules = rules.to_str().unwrap().to_owned();
    // What was found is a change as well: the next rounds read it.
    let mut before = state_after(&mut site);
    for _ in 0..20 {
        if before.2.0 {
            break;
        }
        site = site.killed();
        std::thread::sleep(Duration::from_secs(2));
        before = state_after(&mut site);
    }
    assert!(before.2.0, "it is never through");
    // The settings say something else than what counted when it was judged, and nothing new comes.
    site = site.killed_with(&[AT_ONCE, &[("detection.rules", rules.as_str())]].concat());
    let explained = site.explain("ann@contoso.com", "2024-05-20T08:30:00Z");
    assert!(explained.contains("multiple-geographies"), "{explained}");
    let explained = site.explain("six@contoso.com", "2024-05-12T09:00:00Z");
    let because = "6 failures of credentials in a row came before it; it takes 10";
    assert!(explained.contains(because), "{explained}");
    let told = site.told(&["--rules", &rules, "--dry-run"]);
    assert_eq!(told, golden("dry-run"));
    let after = state_after(&mut site);
    assert_eq!(after.0, before.0, "the last commit");
    assert!(after.1 == before.1, "the control store was written to");
}
