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
use std::sync::LazyLock;
use support::http::Request;
use support::{CONTOSO, Program, bare};

const END: &str = "2026-01-31T12:00:00Z";

/// Every record of the demo's tenant.
static MONTH: LazyLock<Vec<Told>> = LazyLock::new(|| {
    let plan = Plan {
        seed: 1,
        users: 200,
        days: 30,
        end: Timestamp::parse_vendor(END).unwrap(),
        tenant: TenantId::parse(CONTOSO).unwrap(),
        domain: "contoso.example".to_owned(),
    };
    Generator::new(plan).collect()
});

/// The records of a source that writes JSON.
fn records(source: Source) -> impl Iterator<Item = Value> {
    MONTH
        .iter()
        .filter(move |told| told.source == source)
        .map(|told| serde_json::from_str(&told.record).unwrap())
}

/// Which format reads a source.
const READ_BY: &[(Source, &str)] = &[
    (Source::Entra, "entra-graph"),
    (Source::AzureAdB2c, "entra-graph"),
    (Source::Windows, "windows-security"),
    (Source::Mim, "mim"),
    (Source::Okta, "okta"),
    (Source::Keycloak, "keycloak"),
    (Source::Sshd, "unix-auth"),
];

#[test]
fn every_made_up_record_is_understood_by_the_format_of_its_maker() {
    let mut inputs: BTreeMap<Source, (u64, Vec<u8>)> = BTreeMap::new();
    for told in MONTH.iter() {
        let (count, input) = inputs.entry(told.source).or_default();
        *count += 1;
        input.extend_from_slice(told.record.as_bytes());
        input.push(b'\n');
    }
    assert_eq!(inputs.len(), Source::ALL.len());
    for (source, format) in READ_BY {
        let (count, input) = &inputs[source];
        let mut records = Vec::new();
        let mut parser = sources::open(Choice::Auto, Limits::default());
        for piece in input.chunks(60_000) {
            parser.push(piece, &mut records);
        }
        parser.finish(&mut records);
        assert_eq!(records.len() as u64, *count, "{source:?}");
        let mut parts = 0;
        for record in records {
            match record.understanding {
                Understanding::Event(understood) => assert_eq!(understood.format, *format),
                Understanding::Fragment(part) => {
                    assert_eq!(part.format, *format);
                    parts += 1;
                }
                Understanding::Ignored { reason } => panic!("{source:?}: ignored: {reason}"),
                Understanding::Rejected { reason, original } => {
                    panic!("{source:?}: {reason}: {}", String::from_utf8_lossy(&original))
                }
            }
        }
        assert_eq!(parts > 0, *source == Source::Mim, "{source:?}: {parts} parts");
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
    let requests = records(Source::Mim)
        .filter(|record| {
            let message = record["Message"].as_str().unwrap_or_default();
            record["EventID"] == 4121 || message.contains("message 1 out of")
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
    let customers = |activities: &[&str]| {
        records(Source::AzureAdB2c)
            .filter(|record| {
                let activity = record["activityDisplayName"].as_str().unwrap();
                record["result"] == "success" && activities.contains(&activity)
            })
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
        assert!(days.len() > 20, "{count}Summary: {} days", days.len());
    }
    for report in ["b2cAuthenticationEvent", "b2cMfaRequestEvent"] {
        assert!(rows(report, "TimeStamp").len() > 50, "{report}");
    }
}
