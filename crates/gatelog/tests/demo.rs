//! The demo's made-up records of several sources are understood by the formats of their makers, fill the reports, and hold what
//! detection finds.

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

/// A running demo, with as many people as asked for.
struct Demo {
    ready: Value,
    _program: Program,
}

impl Demo {
    fn start(users: &str) -> Demo {
        let mut command = bare(&[
            "demo",
            "--listen",
            "127.0.0.1:0",
            "-o",
            "json",
            "--users",
            users,
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
        Demo {
            ready: serde_json::from_str(&line).unwrap(),
            _program: program,
        }
    }

    fn get(&self, target: &str) -> Value {
        let text = |name: &str| self.ready[name].as_str().unwrap();
        let address = text("url").strip_prefix("http://").unwrap();
        let answer = Request::get(&format!("/contoso.example/{target}"))
            .bearer(text("token"))
            .send(address);
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        answer.json()
    }

    /// The rows of January, all on one page.
    fn rows(&self, report: &str, time: &str) -> Vec<Value> {
        let page = self.get(&format!(
            "reports/{report}?api-version=beta&$filter={time}%20ge%202026-01-01%20and%20{time}%20lt%202026-02-01"
        ));
        assert_eq!(page.get("@odata.nextLink"), None, "{report}");
        page["value"].as_array().unwrap().clone()
    }

    /// Everything that Gatelog itself found, all on one page.
    fn findings(&self) -> Vec<Value> {
        let page = self.get("findings?since=2026-01-01&limit=1000");
        assert_eq!(page["next"], Value::Null);
        page["findings"].as_array().unwrap().clone()
    }
}

#[test]
fn the_demo_fills_the_reports_of_several_sources() {
    let demo = Demo::start("200");
    let rows = |report: &str, time: &str| demo.rows(report, time);
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

/// Which report shows what, and by which property it is filtered.
const SIX: &[(&str, &str)] = &[
    ("signInsFromUnknownSourcesEvents", "timeOfLastSuccessfulSignIn"),
    ("signInsAfterMultipleFailuresEvents", "firstSuccessfulSignIn"),
    ("signInsFromMultipleGeographiesEvents", "timeOfSecondSignIn"),
    ("signInsFromIPAddressesWithSuspiciousActivityEvents", "eventTime"),
    ("signInsFromPossiblyInfectedDevicesEvents", "lastSignInTime"),
    ("irregularSignInActivityEvents", "eventTime"),
];

/// What has to be found: from which address of a scene somebody got in, the report that shows it, and what the evidence says at a
/// place.
const SCENES: &[(&str, &str, &str, &str)] = &[
    ("198.51.100.242", SIX[0].0, "/listed/list", "\"tor-exits\""),
    ("203.0.113.172", SIX[1].0, "/failedAttempts", "12"),
    (
        "198.51.100.217",
        SIX[2].0,
        "/second/address",
        "\"198.51.100.217\"",
    ),
    ("203.0.113.171", SIX[3].0, "/peopleWhoFailed", "8"),
    (
        "198.51.100.226",
        SIX[4].0,
        "/listed/list",
        "\"seen-at-sinkholes\"",
    ),
    (
        "198.51.100.217",
        SIX[5].0,
        "/signIn/address",
        "\"198.51.100.217\"",
    ),
];

/// Two who work through an exit that stands elsewhere: its address, and what is said of it.
const NO_JOURNEYS: &[(&str, &str)] = &[
    ("203.0.113.180", "address is on the vpn list rented-vpns"),
    ("192.0.2.230", "address is on the corporate list own-gateways"),
];

/// Who got in from an address, and when last, as the records say.
fn who_got_in(address: &str) -> (String, String) {
    let last = records(Source::Entra)
        .filter(|record| record["ipAddress"] == address && record["status"]["errorCode"] == 0)
        .last()
        .unwrap();
    let text = |name: &str| last[name].as_str().unwrap().to_owned();
    (text("userPrincipalName"), text("createdDateTime"))
}

#[test]
fn the_demo_has_an_honest_example_of_every_anomaly_report_before_anybody_asks() {
    let demo = Demo::start("200");
    let findings = demo.findings();
    for (address, report, place, expected) in SCENES {
        let (user, _) = who_got_in(address);
        let found: Vec<&Value> = findings
            .iter()
            .filter(|finding| finding["report"] == *report && finding["address"] == *address)
            .collect();
        assert_eq!(found.len(), 1, "{report} {address}: {found:?}");
        assert_eq!(found[0]["userName"], user.as_str(), "{report}");
        let whole = demo.get(&format!("findings/{}", found[0]["id"].as_str().unwrap()));
        let evidence = &whole["evidence"];
        assert_eq!(
            evidence.pointer(place).map(Value::to_string).as_deref(),
            Some(*expected),
            "{report}: {evidence}"
        );
    }
    the_union_is_the_six(&demo, &findings);
    for (exit, says) in NO_JOURNEYS {
        let (user, time) = who_got_in(exit);
        let why = demo.get(&format!("findings/why?user={user}&at={time}"));
        let notes: Vec<&str> = why["notes"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|note| note["detector"] == "multiple-geographies")
            .map(|note| note["because"].as_str().unwrap())
            .collect();
        assert!(notes.iter().any(|note| note.contains(says)), "{exit}: {why}");
        let is_journey = |finding: &&Value| finding["detector"] == "multiple-geographies";
        let journeys = findings.iter().filter(is_journey);
        assert_eq!(
            journeys
                .filter(|finding| finding["userName"] == user.as_str())
                .count(),
            0
        );
    }
    // What the vendor said is there besides.
    for report in [
        "compromisedCredentials",
        "threatenedCredentials",
        "weakCredentials",
    ] {
        assert!(!demo.rows(report, "eventTime").is_empty(), "{report}");
    }
    honest_people_are_left_alone(&findings);
}

/// Row by row, with Gatelog's own findings and the vendor's verdicts.
fn the_union_is_the_six(demo: &Demo, findings: &[Value]) {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let mut six: Vec<(String, String)> = Vec::new();
    for (report, time) in SIX {
        let rows = demo.rows(report, time);
        let ids: Vec<String> = rows.iter().map(|row| text(row, "id")).collect();
        let own = findings.iter().filter(|finding| finding["report"] == *report);
        let mut count = 0;
        for finding in own {
            assert!(ids.contains(&text(finding, "id")), "{report}: {finding}");
            count += 1;
        }
        assert!(count > 0, "{report} has no row of Gatelog's own");
        six.extend(ids.into_iter().map(|id| (id, (*report).to_owned())));
    }
    let union = demo.rows("allUsersWithAnomalousSignInActivityEvents", "eventTime");
    let mut union: Vec<(String, String)> = union
        .iter()
        .map(|row| (text(row, "id"), text(row, "reason")))
        .collect();
    six.sort();
    union.sort();
    assert_eq!(union, six);
    assert!(
        six.len() > findings.len(),
        "verdicts of the vendor are among them"
    );
}

/// Of some 200 people in a month.
fn honest_people_are_left_alone(findings: &[Value]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry(finding["detector"].as_str().unwrap()).or_default() += 1;
    }
    for (detector, most) in [
        ("multiple-geographies", 5),
        ("after-multiple-failures", 3),
        ("unknown-sources", 1),
        ("infected-devices", 1),
        ("suspicious-addresses", 5),
        // Beside the scenes and the strangers, those who are in a foreign city for the first time.
        ("irregular", 20),
    ] {
        assert!(counts[detector] <= most, "{counts:?}");
    }
}
