//! `gatelog rebuild` and `gatelog store migrate`: what is derived can be made anew from what is kept; and the usage reports
//! over HTTP.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::PathBuf;
use support::records::{audit, sign_in};
use support::{CONTOSO, Server, Workplace};

/// Three people and two applications on two days, and a group that changes.
fn bring(workplace: &Workplace) {
    workplace.tenant(CONTOSO, "contoso.example");
    let mut lines = Vec::new();
    let told = [
        ("1", "2017-05-17T01:00:00Z", "ada", "Mail", 0),
        ("2", "2017-05-17T02:00:00Z", "ada", "Mail", 0),
        ("3", "2017-05-17T23:59:59Z", "bob", "Mail", 50126),
        ("4", "2017-05-17T12:00:00Z", "bob", "Files", 0),
        ("5", "2017-05-18T00:00:00Z", "eve", "Mail", 0),
    ];
    for (id, when, user, app, error_code) in told {
        let name = format!("{user}@contoso.example");
        let mut record: Value = serde_json::from_str(&sign_in(id, when, &name, app, error_code)).unwrap();
        record["userId"] = json!(user);
        record["userDisplayName"] = json!(user.to_uppercase());
        record["appId"] = json!(if app == "Mail" { MAIL } else { FILES });
        lines.push(record.to_string());
    }
    let change = audit("6", "2017-05-18T08:00:00Z", "Add member to group");
    let mut change: Value = serde_json::from_str(&change).unwrap();
    change["targetResources"] = json!([
        {"type": "User", "id": "zoe", "userPrincipalName": "zoe@contoso.example", "modifiedProperties": []},
        {"type": "Group", "id": "g-1", "displayName": "Sales", "modifiedProperties": []},
    ]);
    lines.push(change.to_string());
    // One by one: the earliest schema kept every original by itself.
    for line in lines {
        let file = workplace.file("told.jsonl", line);
        let output = workplace.json(&["import", "--tenant", "contoso.example", file.to_str().unwrap()]);
        assert_eq!(output["new"], 1, "{output}");
    }
}

const MAIL: &str = "00000002-0000-0ff1-ce00-000000000000";
const FILES: &str = "00000003-0000-0ff1-ce00-000000000000";

fn rows(server: &Server, token: &str, report: &str, filter: &str) -> Vec<Value> {
    let answer = server.get(
        token,
        &format!("/contoso.example/reports/{report}?api-version=beta&$filter={filter}"),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body: Value = serde_json::from_str(&answer.text()).unwrap();
    body["value"].as_array().unwrap().clone()
}

/// The named properties of each row, row by row.
fn check(server: &Server, token: &str, report: &str, filter: &str, names: &[&str], expected: &[&str]) {
    let told: Vec<String> = rows(server, token, report, filter)
        .iter()
        .map(|row| {
            let values: Vec<String> = names
                .iter()
                .map(|name| row[name].to_string().trim_matches('"').to_owned())
                .collect();
            values.join(" ")
        })
        .collect();
    let mut sorted = told.clone();
    sorted.sort();
    assert_eq!(sorted, expected, "{report}?{filter}");
}

#[test]
fn usage_reports_count_people_applications_groups_and_accounts() {
    let workplace = Workplace::new();
    bring(&workplace);
    let app = workplace.app("contoso.example", &["Directory.Read.All"]);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let since = "eventTime%20ge%202017-05-01";
    check(
        &server,
        &token,
        "applicationUsageSummary",
        since,
        &[
            "eventTime",
            "applicationName",
            "uniqueUsers",
            "signIns",
            "failedSignIns",
        ],
        &[
            "2017-05-17T00:00:00Z Files 1 1 0",
            "2017-05-17T00:00:00Z Mail 1 2 1",
            "2017-05-18T00:00:00Z Mail 1 1 0",
        ],
    );
    check(
        &server,
        &token,
        "applicationUsageSummaryEvents",
        &format!("{since}%20and%20ApplicationId%20eq%20{FILES}"),
        &["eventTime", "applicationName", "uniqueUsers", "signIns"],
        &["2017-05-17T00:00:00Z Files 1 1"],
    );
    check(
        &server,
        &token,
        "applicationUsageDetailEvents",
        &format!("{since}%20and%20ApplicationId%20eq%20{MAIL}"),
        &["eventTime", "applicationName", "userName"],
        &[
            "2017-05-17T01:00:00Z Mail ada@contoso.example",
            "2017-05-17T02:00:00Z Mail ada@contoso.example",
            "2017-05-18T00:00:00Z Mail eve@contoso.example",
        ],
    );
    check(
        &server,
        &token,
        "tenantUserCount",
        "TimeStamp%20ge%202017-05-01",
        &[
            "TimeStamp",
            "TotalUserCount",
            "LocalUserCount",
            "AlternateIdUserCount",
        ],
        &["2017-05-17T00:00:00Z 2 2 0", "2017-05-18T00:00:00Z 4 4 0"],
    );
    // These two took no filter in 2017, so the days of this test are outside their window.
    let answer = server.get(
        &token,
        "/contoso.example/reports/userActivitySummary?api-version=beta",
    );
    assert_eq!(answer.status, 200);
    let why = answer.header("gatelog-why-empty").unwrap_or_default().to_owned();
    assert!(why.contains("2017-05-18"), "{why}");
}

fn month_file(workplace: &Workplace) -> PathBuf {
    workplace.data().join("tenants").join(CONTOSO).join("2017-05.db")
}

/// Breaks the month file by hand.
fn damage(workplace: &Workplace, sql: &str) {
    Connection::open(month_file(workplace))
        .unwrap()
        .execute_batch(sql)
        .unwrap();
}

fn assert_sound(workplace: &Workplace) {
    let found = workplace.json(&["store", "check"]);
    assert_eq!(found["faults"], json!([]));
}

fn everything(workplace: &Workplace) -> Vec<Vec<Value>> {
    let app = workplace.app("contoso.example", &["Directory.Read.All"]);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    [
        "auditEvents",
        "allUserSignInActivityEvents",
        "applicationUsageSummary",
    ]
    .iter()
    .map(|report| rows(&server, &token, report, "eventTime%20ge%202017-05-01"))
    .collect()
}

#[test]
fn what_was_damaged_is_made_anew_from_the_originals() {
    let workplace = Workplace::new();
    bring(&workplace);
    let before = everything(&workplace);
    // A sign-in that says something else, and an audit that is not there.
    damage(
        &workplace,
        "UPDATE rows SET json = CAST(replace(CAST(json AS TEXT), 'ADA', 'EVA') AS BLOB)
            WHERE time = (SELECT min(time) FROM rows);
         DELETE FROM rows WHERE time = (SELECT max(time) FROM rows);
         UPDATE day_counts SET rows = 0 WHERE report = (SELECT min(report) FROM day_counts);",
    );
    assert_ne!(everything(&workplace), before);
    let made = workplace.json(&["rebuild"]);
    let told = [
        "events",
        "added",
        "changed",
        "removed",
        "recounted",
        "notUnderstood",
    ]
    .map(|name| made[name].as_u64().unwrap());
    assert_eq!(told, [6, 1, 1, 0, 0, 0], "{made}");
    assert_eq!(everything(&workplace), before);
    assert_sound(&workplace);
    let again = workplace.json(&["rebuild", "auditEvents"]);
    assert_eq!(
        (&again["changed"], &again["added"]),
        (&json!(0), &json!(0)),
        "{again}"
    );
}

#[test]
fn files_of_schema_1_are_brought_up_and_counted() {
    let workplace = Workplace::new();
    bring(&workplace);
    let before = everything(&workplace);
    // As schema 1 was.
    damage(
        &workplace,
        "DROP TABLE usage; DROP TABLE named; DROP INDEX events_identity;
         CREATE UNIQUE INDEX events_identity ON events(key, digest);
         CREATE TABLE old(subject INTEGER NOT NULL, time INTEGER NOT NULL, event INTEGER NOT NULL,
            PRIMARY KEY (subject, time, event)) STRICT, WITHOUT ROWID;
         WITH numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9)
            INSERT INTO old SELECT n, time, id FROM events JOIN numbers ON n <= subjects;
         DROP TABLE history; DROP TABLE history_runs; ALTER TABLE old RENAME TO history;
         CREATE TABLE changes(seq INTEGER NOT NULL, n INTEGER NOT NULL, what INTEGER NOT NULL, event INTEGER NOT NULL,
            PRIMARY KEY (seq, n)) STRICT, WITHOUT ROWID;
         INSERT INTO changes SELECT seq, 0, outcome, id FROM events; DROP TABLE commits; DROP TABLE blocks;
         ALTER TABLE events DROP COLUMN block; ALTER TABLE events DROP COLUMN block_start;
         ALTER TABLE events DROP COLUMN block_end; ALTER TABLE events DROP COLUMN usage; ALTER TABLE events DROP COLUMN elsewhere; ALTER TABLE meta DROP COLUMN counted;
         DROP TABLE received; ALTER TABLE events DROP COLUMN late_by; ALTER TABLE ledger DROP COLUMN batches;
         ALTER TABLE ledger DROP COLUMN late_seconds; ALTER TABLE ledger DROP COLUMN late_most;
         ALTER TABLE ledger DROP COLUMN late_unmarked; ALTER TABLE ledger DROP COLUMN oldest;
         ALTER TABLE ledger DROP COLUMN error; ALTER TABLE ledger DROP COLUMN error_at;
         PRAGMA user_version = 1;",
    );
    let plan = workplace.json(&["store", "migrate", "--dry-run"]);
    let files = plan.as_array().unwrap();
    assert_eq!(files.len(), 1, "{plan}");
    assert_eq!((&files[0]["from"], &files[0]["to"]), (&json!(1), &json!(4)));
    assert_eq!(workplace.json(&["store", "migrate", "--dry-run"]), plan);
    let made = workplace.json(&["store", "migrate"]);
    assert_eq!(
        (&made["events"], &made["recounted"]),
        (&json!(6), &json!(6)),
        "{made}"
    );
    assert_eq!(everything(&workplace), before);
    assert_sound(&workplace);
    assert_eq!(workplace.json(&["store", "migrate", "--dry-run"]), json!([]));
    assert_eq!(workplace.json(&["store", "migrate"])["events"], 0);
}
