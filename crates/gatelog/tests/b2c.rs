//! Azure AD B2C's audits from record to served row and count, by whatever road they come; made anew from what an older
//! version stored.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use rusqlite::Connection;
use serde_json::{Value, json};
use support::{App, CONTOSO, Server, Workplace};

/// The same eleven events by three roads; two applications, four days.
const GRAPH: &str = include_str!("../../sources/tests/fixtures/b2c_graph.jsonl");
const AZURE_MONITOR: &str = include_str!("../../sources/tests/fixtures/b2c_azure_monitor.jsonl");
const LOG_ANALYTICS: &str = include_str!("../../sources/tests/fixtures/b2c_log_analytics.jsonl");

const SHOP: &str = "ada78934-a6da-4e69-b816-10de0d79db1d";
const CLUB: &str = "5f1c6a02-9d5b-4c55-8e0e-6d2f6f0f9c11";
const NOBODYS: &str = "00000000-0000-4000-8000-000000000000";

const SINCE: &str = "TimeStamp ge 2026-03-01 and TimeStamp lt 2026-03-05";

fn workplace() -> (Workplace, App) {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    (workplace, app)
}

/// Imports a road; answers new, changed and known.
fn import(workplace: &Workplace, road: &str) -> [u64; 3] {
    let file = workplace.file("road.jsonl", road);
    let output = workplace.json(&["import", "--tenant", CONTOSO, file.to_str().unwrap()]);
    assert_eq!(
        (&output["ignored"], &output["rejected"]),
        (&json!(0), &json!(0)),
        "{output}"
    );
    ["new", "changed", "known"].map(|name| output[name].as_u64().unwrap())
}

fn rows(server: &Server, token: &str, report: &str, filter: &str) -> Vec<Value> {
    let filter = filter.replace(' ', "+");
    let answer = server.get(
        token,
        &format!("/contoso.com/reports/{report}?api-version=beta&$filter={filter}"),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["value"].as_array().unwrap().clone()
}

/// The named properties of each row as text, in the order of the answer.
fn check(server: &Server, token: &str, asked: (&str, &str), names: &[&str], expected: &[&str]) {
    let (report, filter) = asked;
    let told: Vec<String> = rows(server, token, report, filter)
        .iter()
        .map(|row| {
            let values: Vec<String> = names
                .iter()
                .map(|name| row[name].to_string().replace('"', ""))
                .collect();
            values.join(" ")
        })
        .collect();
    assert_eq!(told, expected, "{report}?{filter}");
}

/// Every answer of the reports of B2C that the tests know, the events and the counts.
fn check_everything(server: &Server, token: &str) {
    let of = |app: &str| format!("{SINCE} and ApplicationId eq {app}");
    let events = &["TimeStamp", "AuthFlowType", "Result"];
    check(
        server,
        token,
        ("b2cAuthenticationEvent", SINCE),
        events,
        &[
            "2026-03-04T00:00:00Z null Failure",
            "2026-03-03T12:01:00Z implicit Success",
            "2026-03-02T12:00:00Z null Failure",
            "2026-03-02T09:00:31.25Z publicclient-refreshtoken Success",
            "2026-03-02T08:00:31.5Z confclient-authcode Success",
            "2026-03-02T00:00:00Z implicit Success",
            "2026-03-01T23:59:59.9999999Z implicit Success",
        ],
    );
    check(
        server,
        token,
        ("b2cAuthenticationEvent", &of(CLUB)),
        &["EventId", "ObjectId", "ApplicationId", "PolicyId", "Result"],
        &[
            &format!(
                "B2C_CTS01_4984511 22222222-0000-4000-8000-000000000006 {CLUB} B2C_1A_signup_signin Failure"
            ),
            &format!(
                "B2C_CTS01_4984510 22222222-0000-4000-8000-000000000005 {CLUB} B2C_1A_signup_signin Success"
            ),
        ],
    );
    check(
        server,
        token,
        ("b2cMfaRequestEvent", SINCE),
        &["TimeStamp", "MfaType", "Result", "ApplicationId"],
        &[
            &format!("2026-03-03T12:00:01Z voice Failure {CLUB}"),
            &format!("2026-03-03T12:00:00Z voice Success {CLUB}"),
            &format!("2026-03-02T08:00:00Z SMS Success {SHOP}"),
        ],
    );
    let days = &["Date", "AuthenticationCount", "AuthFlowTypeBreakDown"];
    check(
        server,
        token,
        ("b2cAuthenticationCountSummary", SINCE),
        days,
        &[
            "2026-03-03T00:00:00Z 1 {implicit:1}",
            "2026-03-02T00:00:00Z 3 {confclient-authcode:1,implicit:1,publicclient-refreshtoken:1}",
            "2026-03-01T00:00:00Z 1 {implicit:1}",
        ],
    );
    check(
        server,
        token,
        ("b2cAuthenticationCountSummary", &of(CLUB)),
        days,
        &["2026-03-03T00:00:00Z 1 {implicit:1}"],
    );
    check(
        server,
        token,
        ("b2cAuthenticationCountSummary", &of(NOBODYS)),
        days,
        &[],
    );
    check(
        server,
        token,
        ("b2cMfaRequestCountSummary", "Date ge 2026-03-01"),
        &["Date", "MfaCount", "MfaTypeBreakDown"],
        &[
            "2026-03-03T00:00:00Z 1 {voice:1}",
            "2026-03-02T00:00:00Z 1 {SMS:1}",
        ],
    );
    check_windows(server, token);
}

/// The counts of one item, of whole days and of parts of days, to the instant.
fn check_windows(server: &Server, token: &str) {
    let windows = [
        (
            SINCE,
            "5 {confclient-authcode:1,implicit:3,publicclient-refreshtoken:1}",
        ),
        // Both ends are instants at which something happened.
        (
            "TimeStamp ge 2026-03-02T08:00:31.5Z and TimeStamp lt 2026-03-02T09:00:31.25Z",
            "1 {confclient-authcode:1}",
        ),
        (
            "TimeStamp gt 2026-03-02T08:00:31.5Z and TimeStamp le 2026-03-02T09:00:31.25Z",
            "1 {publicclient-refreshtoken:1}",
        ),
        (
            "TimeStamp ge 2026-03-01T23:59:59.9999999Z and TimeStamp le 2026-03-02",
            "2 {implicit:2}",
        ),
        (
            "TimeStamp gt 2026-03-01T23:59:59.9999999Z and TimeStamp lt 2026-03-02",
            "0 {}",
        ),
        // A part of a day, a whole one and a part.
        (
            "TimeStamp ge 2026-03-01T12:00:00Z and TimeStamp lt 2026-03-03T12:01:00.0000001Z",
            "5 {confclient-authcode:1,implicit:3,publicclient-refreshtoken:1}",
        ),
        (
            "(TimeStamp lt 2026-03-02 and TimeStamp ge 2026-03-01) or TimeStamp ge 2026-03-03",
            "2 {implicit:2}",
        ),
        (
            "ApplicationId eq ADA78934-A6DA-4E69-B816-10DE0D79DB1D and TimeStamp ge 2026-03-01",
            "4 {confclient-authcode:1,implicit:2,publicclient-refreshtoken:1}",
        ),
        (
            "TimeStamp ge 2026-03-02T09:00:00Z and ApplicationId eq 5f1c6a02-9d5b-4c55-8e0e-6d2f6f0f9c11",
            "1 {implicit:1}",
        ),
        (
            "TimeStamp ge 2026-03-01 and ApplicationId eq 00000000-0000-4000-8000-000000000000",
            "0 {}",
        ),
    ];
    for (filter, expected) in windows {
        check(
            server,
            token,
            ("b2cAuthenticationCount", filter),
            &["AuthenticationCount", "AuthFlowTypeBreakDown"],
            &[expected],
        );
    }
    let names = &["StartTimeStamp", "EndTimeStamp", "MfaCount", "MfaTypeBreakDown"];
    check(
        server,
        token,
        ("b2cMfaRequestCount", SINCE),
        names,
        &["2026-03-01T00:00:00Z 2026-03-04T23:59:59.9999999Z 2 {SMS:1,voice:1}"],
    );
    check(
        server,
        token,
        (
            "b2cMfaRequestCount",
            "TimeStamp ge 2026-03-02T08:00:00.0000001Z and TimeStamp le 2026-03-03T12:00:00Z",
        ),
        names,
        &["2026-03-02T08:00:00.0000001Z 2026-03-03T12:00:00Z 1 {voice:1}"],
    );
    // With an open beginning the item speaks of the thirty days before its end, and counts those.
    check(
        server,
        token,
        ("b2cMfaRequestCount", "TimeStamp le 2026-04-02T00:00:00Z"),
        names,
        &["2026-03-03T00:00:00Z 2026-04-02T00:00:00Z 1 {voice:1}"],
    );
}

#[test]
fn customers_are_counted_once_by_whatever_road_they_are_told() {
    for roads in [
        [GRAPH, AZURE_MONITOR, LOG_ANALYTICS],
        [LOG_ANALYTICS, GRAPH, AZURE_MONITOR],
    ] {
        let (workplace, app) = workplace();
        assert_eq!(import(&workplace, roads[0]), [11, 0, 0]);
        assert_eq!(import(&workplace, roads[1]), [0, 11, 0], "changed once");
        assert_eq!(import(&workplace, roads[1]), [0, 0, 11], "then known");
        assert_eq!(import(&workplace, roads[2]), [0, 11, 0]);
        let found = workplace.json(&["store", "check"]);
        assert_eq!(found["faults"], json!([]));
        let server = workplace.serve();
        let token = server.reading_token(&app);
        check_everything(&server, &token);
    }
}

#[test]
fn what_an_older_version_stored_is_shown_and_counted_after_a_rebuild() {
    for asked in [
        &["rebuild"][..],
        &[
            "rebuild",
            "b2cAuthenticationEvent",
            "b2cAuthenticationCount",
            "b2cMfaRequestCount",
        ][..],
    ] {
        let (workplace, app) = workplace();
        assert_eq!(import(&workplace, GRAPH), [11, 0, 0]);
        // As a version was that knew audits and nothing of B2C.
        let file = workplace.data().join("tenants").join(CONTOSO).join("2026-03.db");
        Connection::open(file)
            .unwrap()
            .execute_batch(
                "DELETE FROM rows WHERE report IN (3, 4); DELETE FROM day_counts WHERE report IN (3, 4);
                 DELETE FROM usage WHERE tally IN (5, 6);
                 UPDATE events SET usage = (SELECT nullif(json_group_array(json(value)), '[]')
                    FROM json_each(usage) WHERE value ->> 0 NOT IN (5, 6));",
            )
            .unwrap();
        let found = workplace.json(&["store", "check"]);
        assert_eq!(
            found["faults"],
            json!([]),
            "the file is as the older version left it"
        );
        {
            let server = workplace.serve();
            let token = server.reading_token(&app);
            check(
                &server,
                &token,
                ("b2cAuthenticationEvent", SINCE),
                &["EventId"],
                &[],
            );
            check(
                &server,
                &token,
                ("b2cAuthenticationCount", SINCE),
                &["AuthenticationCount"],
                &["0"],
            );
        }
        let (verb, reports) = asked.split_first().unwrap();
        if reports.is_empty() {
            let made = workplace.json(&[verb]);
            // Ten rows, and seven successes; the phone number that was verified adds nothing.
            let told = ["events", "added", "recounted"].map(|name| made[name].as_u64().unwrap());
            assert_eq!(told, [11, 10, 7], "{made}");
        }
        for report in reports {
            workplace.json(&[verb, report]);
        }
        let found = workplace.json(&["store", "check"]);
        assert_eq!(found["faults"], json!([]));
        let server = workplace.serve();
        let token = server.reading_token(&app);
        check_everything(&server, &token);
    }
}
