//! The demo's made-up records of several sources are understood by the formats of their makers, and fill the reports.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use generator::{Generator, Plan, Source, Told};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::Value;
use sources::{Choice, Limits, Understanding};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use support::http::Request;
use support::{CONTOSO, Program, bare};

const END: &str = "2026-01-31T12:00:00Z";

fn month() -> impl Iterator<Item = Told> {
    Generator::new(Plan {
        seed: 1,
        users: 200,
        days: 30,
        end: Timestamp::parse_vendor(END).unwrap(),
        tenant: TenantId::parse(CONTOSO).unwrap(),
        domain: "contoso.example".to_owned(),
    })
}

/// Which format reads a source, and what of it is ignored on purpose.
const READ_BY: &[(Source, &str, &[&str])] = &[
    (Source::Entra, "entra-graph", &[]),
    (Source::AzureAdB2c, "entra-graph", &[]),
    (Source::Windows, "windows-security", &[]),
    (Source::Mim, "mim", &[]),
    (Source::Okta, "okta", &[]),
    // An interrupt is no failed sign-in.
    (Source::Keycloak, "keycloak", &["no credential was refused"]),
    (Source::Sshd, "unix-auth", &[]),
];

#[test]
fn every_made_up_record_is_understood_by_the_format_of_its_maker() {
    let mut inputs: BTreeMap<Source, (u64, Vec<u8>)> = BTreeMap::new();
    for told in month() {
        let (count, input) = inputs.entry(told.source).or_default();
        *count += 1;
        input.extend_from_slice(told.record.as_bytes());
        input.push(b'\n');
    }
    assert_eq!(inputs.len(), Source::ALL.len());
    for (source, format, ignored_on_purpose) in READ_BY {
        let (count, input) = &inputs[source];
        let mut records = Vec::new();
        let mut parser = sources::open(Choice::Auto, Limits::default());
        for piece in input.chunks(60_000) {
            parser.push(piece, &mut records);
        }
        parser.finish(&mut records);
        assert_eq!(records.len() as u64, *count, "{source:?}");
        let mut parts = 0;
        let mut ignored = 0;
        for record in records {
            match record.understanding {
                Understanding::Event(understood) => assert_eq!(understood.format, *format),
                Understanding::Fragment(part) => {
                    assert_eq!(part.format, *format);
                    parts += 1;
                }
                Understanding::Ignored { reason } => {
                    let is_meant = ignored_on_purpose.iter().any(|words| reason.contains(words));
                    assert!(is_meant, "{source:?}: {reason}");
                    ignored += 1;
                }
                Understanding::Rejected { reason, original } => {
                    panic!("{source:?}: {reason}: {}", String::from_utf8_lossy(&original))
                }
            }
        }
        assert_eq!(parts > 0, *source == Source::Mim, "{source:?}: {parts} parts");
        assert_eq!(ignored > 0, !ignored_on_purpose.is_empty(), "{source:?}");
    }
}

#[test]
fn the_demo_fills_the_reports_of_several_sources() {
    let mut command = bare(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "-o",
        "json",
        "--users",
        "200",
        "--days",
        "30",
        "--seed",
        "1",
        "--end",
        END,
    ]);
    let mut program = Program::start(command.stdout(Stdio::piped()));
    let mut line = String::new();
    BufReader::new(program.stdout()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| ready[name].as_str().unwrap();
    let address = text("url").strip_prefix("http://").unwrap();
    let rows = |report: &str, time: &str| -> Vec<Value> {
        let target = format!(
            "/contoso.example/reports/{report}?api-version=beta&$filter={time}%20ge%202026-01-01%20and%20{time}%20lt%202026-02-01"
        );
        let answer = Request::get(&target).bearer(text("token")).send(address);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["value"].as_array().unwrap().clone()
    };
    for report in [
        "mimSsprActivityEvents",
        "mimSsprRegistrationActivityEvents",
        "mimSsgmGroupActivityEvents",
        "ssprActivityEvents",
        "ssprRegistrationActivityEvents",
        "ssgmGroupActivityEvents",
    ] {
        assert!(rows(report, "eventTime").len() > 5, "{report}");
    }
    // Each request in parts is one event, and each event of the MIM reports is one request.
    let requests = month()
        .filter(|told| told.source == Source::Mim)
        .filter(|told| {
            let record: Value = serde_json::from_str(&told.record).unwrap();
            record["EventID"] == 4121 || record["Message"].as_str().unwrap().contains("message 1 out of")
        })
        .count();
    let shown: usize = [
        "mimSsprActivityEvents",
        "mimSsprRegistrationActivityEvents",
        "mimSsgmGroupActivityEvents",
    ]
    .iter()
    .map(|report| rows(report, "eventTime").len())
    .sum();
    assert_eq!(shown, requests);
    // What customers did, as the records say it.
    let customers = |activity: &[&str]| {
        let is_one = |told: &Told| {
            let record: Value = serde_json::from_str(&told.record).unwrap();
            record["result"] == "success"
                && activity.contains(&record["activityDisplayName"].as_str().unwrap())
        };
        month()
            .filter(|told| told.source == Source::AzureAdB2c)
            .filter(is_one)
            .count()
    };
    for (count, property, activities) in [
        (
            "b2cAuthenticationCount",
            "AuthenticationCount",
            &[
                "Issue an id_token to the application",
                "Issue an access token to the application",
                "Issue an authorization code to the application",
                "Exchange token",
            ][..],
        ),
        (
            "b2cMfaRequestCount",
            "MfaCount",
            &[
                "Send SMS to verify phone number",
                "Make phone call to verify phone number",
            ],
        ),
    ] {
        let one = rows(count, "TimeStamp");
        assert_eq!(one.len(), 1, "{count}");
        assert_eq!(one[0][property], customers(activities), "{count}");
        let days = rows(&format!("{count}Summary"), "Date");
        let sum: i64 = days.iter().map(|day| day[property].as_i64().unwrap()).sum();
        assert_eq!(one[0][property], sum, "{count}Summary");
        assert!(days.len() >= 29, "{count}Summary: {} days", days.len());
    }
    for report in ["b2cAuthenticationEvent", "b2cMfaRequestEvent"] {
        assert!(rows(report, "TimeStamp").len() > 50, "{report}");
    }
}
