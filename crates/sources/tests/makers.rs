//! Real records of Okta, Google Workspace, Auth0, Duo and OneLogin, outside this repository: every one against facts that jq found in it,
//! and how many of each file come in.

mod common;

use common::{read, sample};
use model::event::Facts;
use model::time::Timestamp;
use sources::{Choice, Hints, Limits, Record, Understanding, Understood, open_with};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The same line that the jq programs make.
fn facts(understood: &Understood) -> String {
    let event = &understood.event;
    let first = |names: &[&Option<String>]| names.iter().find_map(|name| (*name).clone());
    let outcome = |code: i64, reason: &Option<String>| match code {
        0 => Some("success".to_owned()),
        _ => Some(format!("failure: {}", reason.as_deref().unwrap_or("-"))),
    };
    let (kind, user, address, what, outcome) = match &event.facts {
        Facts::SignIn(sign_in) => (
            "sign-in",
            first(&[&sign_in.user_principal_name, &sign_in.user_display_name]),
            sign_in.ip_address.clone(),
            sign_in.app_display_name.clone(),
            outcome(sign_in.error_code, &sign_in.failure_reason),
        ),
        Facts::Audit(audit) => (
            "audit",
            audit.actor.name().map(str::to_owned),
            audit.actor.ip_address.clone(),
            audit.activity.clone(),
            audit.result.clone(),
        ),
        Facts::RiskDetection(detection) => (
            "risk",
            first(&[
                &detection.suspect.user_principal_name,
                &detection.suspect.display_name,
            ]),
            detection.ip_address.clone(),
            detection.event_type.clone(),
            None,
        ),
        other => panic!("the samples have none of these: {other:?}"),
    };
    let fields = [
        Some(kind.to_owned()),
        event.vendor_id.clone(),
        Some(event.time.to_string()),
        user,
        address,
        what,
        outcome,
    ];
    fields
        .map(|field| field.unwrap_or_else(|| "-".to_owned()))
        .join("\t")
}

fn line(record: &Record) -> String {
    match &record.understanding {
        Understanding::Event(understood) => facts(understood),
        Understanding::Ignored { reason } => format!("ignored\t{reason}"),
        Understanding::Rejected { reason, .. } => format!("rejected\t{reason}"),
        Understanding::Fragment(part) => format!("part\t{part:?}"),
    }
}

/// What became of a file, as a store would count it, and why it was not stored.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    new: usize,
    changed: usize,
    known: usize,
    ignored: usize,
    rejected: BTreeMap<String, usize>,
}

fn count(records: &[Record]) -> Counts {
    let mut seen: HashMap<_, HashSet<[u8; 16]>> = HashMap::new();
    let mut counts = Counts::default();
    for record in records {
        match &record.understanding {
            Understanding::Event(understood) => {
                let digests = seen.entry(understood.key).or_default();
                let is_first = digests.is_empty();
                match (digests.insert(understood.rank.digest), is_first) {
                    (true, true) => counts.new += 1,
                    (true, false) => counts.changed += 1,
                    (false, _) => counts.known += 1,
                }
            }
            Understanding::Fragment(part) => panic!("{part:?}"),
            Understanding::Ignored { .. } => counts.ignored += 1,
            Understanding::Rejected { reason, .. } => {
                let reason = reason.split([':', ';', ',']).next().unwrap_or_default();
                *counts.rejected.entry(reason.to_owned()).or_default() += 1;
            }
        }
    }
    counts
}

/// Each record against its line, all formats against `format`, and the counts: new, changed, known, ignored.
fn check(file: &str, golden: &str, format: Option<&str>, expected: [usize; 4], rejected: &[(&str, usize)]) {
    let Some(bytes) = sample(&format!("panther/{file}.jsonl")) else {
        return;
    };
    let lines: Vec<&str> = golden.lines().filter(|line| !line.starts_with('#')).collect();
    let records = read(&bytes);
    assert_eq!(records.len(), lines.len());
    for (number, (record, expected)) in records.iter().zip(lines).enumerate() {
        assert_eq!(record.line, number as u64 + 1);
        let line = line(record);
        // What no format recognises is told with all that was looked for.
        let is_same =
            line == expected || expected.ends_with("no format recognises it") && line.starts_with(expected);
        assert!(is_same, "line {} of {file}:\n  {line}\n  {expected}", number + 1);
        if let (Understanding::Event(understood), Some(format)) = (&record.understanding, format) {
            assert_eq!(understood.format, format, "line {} of {file}", number + 1);
        }
    }
    let [new, changed, known, ignored] = expected;
    let expected = Counts {
        new,
        changed,
        known,
        ignored,
        rejected: rejected
            .iter()
            .map(|(reason, count)| ((*reason).to_owned(), *count))
            .collect(),
    };
    assert_eq!(count(&records), expected, "{file}");
}

const NO_TIME: &str = "it does not say when it happened";
const UNKNOWN: &str = "no format recognises it";

// New, changed and known were counted by a program in Python over the kinds and ids of the golden lines and the sorted JSON of the
// records; in the samples many different records have the same made-up id.

#[test]
fn every_okta_record_says_what_jq_found_in_it() {
    check(
        "okta_system_log",
        include_str!("golden/panther_okta_system_log.tsv"),
        Some("okta"),
        [26, 28, 12, 26],
        &[(NO_TIME, 4), ("its `published` is `redacted`", 4)],
    );
}

#[test]
fn every_google_activity_says_what_jq_found_in_it() {
    check(
        "gsuite_activity",
        include_str!("golden/panther_gsuite_activity.tsv"),
        Some("google-workspace"),
        [61, 0, 29, 0],
        &[(NO_TIME, 47)],
    );
    check(
        "gsuite_reports",
        include_str!("golden/panther_gsuite_reports.tsv"),
        Some("google-workspace"),
        [4, 0, 0, 0],
        &[(NO_TIME, 16)],
    );
}

#[test]
fn every_auth0_record_says_what_jq_found_in_it() {
    check(
        "auth0",
        include_str!("golden/panther_auth0.tsv"),
        Some("auth0"),
        [14, 35, 8, 0],
        &[],
    );
}

#[test]
fn every_duo_record_says_what_jq_found_in_it() {
    check(
        "duo",
        include_str!("golden/panther_duo.tsv"),
        Some("duo"),
        [25, 0, 3, 0],
        &[(NO_TIME, 14)],
    );
}

/// Not one of these records has a time.
#[test]
fn every_onelogin_record_is_refused_for_want_of_a_time() {
    check(
        "onelogin",
        include_str!("golden/panther_onelogin.tsv"),
        Some("onelogin"),
        [0, 0, 0, 0],
        &[(NO_TIME, 26)],
    );
}

/// What the pipeline calls another maker's is ignored; what nobody names is refused, so that nothing is lost without a word.
#[test]
fn of_a_mixed_file_ours_come_in_and_others_are_named() {
    check(
        "standard_multi",
        include_str!("golden/panther_standard_multi.tsv"),
        None,
        [9, 3, 12, 67],
        &[(NO_TIME, 10), (UNKNOWN, 9)],
    );
}

/// File, records, of these undated; and what stays refused.
type Case = (&'static str, usize, usize, &'static [(&'static str, usize)]);

/// With a time for the records that tell none, every record of the makers comes in.
#[test]
fn with_a_given_time_every_undated_record_says_what_jq_found_in_it() {
    let time = "2024-05-01T00:00:00Z";
    let golden = include_str!("golden/panther_given_times.tsv");
    let cases: &[Case] = &[
        ("okta_system_log", 100, 8, &[]),
        ("gsuite_activity", 137, 47, &[]),
        ("gsuite_reports", 20, 16, &[]),
        ("auth0", 57, 0, &[]),
        ("duo", 42, 14, &[]),
        ("onelogin", 26, 26, &[]),
        ("standard_multi", 110, 10, &[(UNKNOWN, 9)]),
    ];
    for (file, all, undated, refused) in cases {
        let Some(bytes) = sample(&format!("panther/{file}.jsonl")) else {
            return;
        };
        let records = read_given(&bytes, time);
        assert_eq!(records.len(), *all, "{file}");
        let refused: BTreeMap<String, usize> = refused
            .iter()
            .map(|(reason, count)| ((*reason).to_owned(), *count))
            .collect();
        assert_eq!(count(&records).rejected, refused, "{file}");
        let mut expected: BTreeMap<usize, &str> = BTreeMap::new();
        for told in golden.lines() {
            if let Some((number, facts)) = told
                .strip_prefix(&format!("{file}\t"))
                .and_then(|told| told.split_once('\t'))
            {
                expected.insert(number.parse().unwrap(), facts);
            }
        }
        assert_eq!(expected.len(), *undated, "{file}");
        for (number, facts) in expected {
            assert_eq!(line(&records[number - 1]), facts, "line {number} of {file}");
        }
        // The others are what they are without the given time.
        let given = |record: &&Record| line(record).split('\t').nth(2) == Some("2024-05-01T00:00:00Z");
        assert_eq!(records.iter().filter(given).count(), *undated, "{file}");
    }
}

#[test]
fn a_given_time_is_told_read_again_and_outranked_by_a_time_of_its_own() {
    let given = "2024-05-01T00:00:00Z";
    let check = |undated: &str, dated: &str, note: &str| {
        let event = |input: &str| match read_given(input.as_bytes(), given).remove(0).understanding {
            Understanding::Event(understood) => *understood,
            other => panic!("{input}: {other:?}"),
        };
        let first = event(undated);
        assert_eq!(first.event.time.to_string(), given);
        let details = match &first.event.facts {
            Facts::SignIn(sign_in) => sign_in.additional_details.clone().unwrap(),
            Facts::Audit(audit) => format!("{:?}", audit.additional_details.last().unwrap()),
            other => panic!("{other:?}"),
        };
        assert_eq!(details, note);
        // The stored original says it without anybody giving a time.
        let Some(Understanding::Event(again)) = sources::understand(&Choice::Auto, first.original.clone())
        else {
            panic!("{}", String::from_utf8_lossy(&first.original));
        };
        assert_eq!((again.key, again.rank), (first.key, first.rank));
        assert_eq!(again.event, first.event);
        // A time of its own is taken, and wins whatever else the record lacks.
        let second = event(dated);
        assert_eq!(second.event.time.to_string(), "2024-06-07T08:09:10Z");
        assert_eq!(second.key, first.key);
        assert!(second.rank > first.rank, "{:?} {:?}", second.rank, first.rank);
    };
    let okta = |more: &str| {
        format!(
            r#"{{"eventType":"user.session.start","uuid":"e1","actor":{{"alternateId":"ann@contoso.example","type":"User"}},
            "outcome":{{"result":"SUCCESS"}}{more}}}"#
        )
    };
    check(
        &okta(r#","severity":"INFO","version":"0","displayMessage":"User login to Okta""#),
        &okta(r#","published":"2024-06-07T08:09:10Z""#),
        "user.session.start; time given at import",
    );
    check(
        r#"{"log":{"eventType":"user.account.reset_password","legacyEventType":"x","uuid":"e2","published":"redacted"}}"#,
        r#"{"eventType":"user.account.reset_password","legacyEventType":"x","uuid":"e2","published":"2024-06-07T08:09:10Z"}"#,
        r#"("time given at import", Some("2024-05-01T00:00:00Z"))"#,
    );
}

/// Without a vendor's id the given time is no part of the identity: the same record is the same event whatever it is given.
#[test]
fn an_undated_record_is_one_event_whatever_time_it_is_given() {
    let record = br#"{"event_type_id":"11","user_id":7,"user_name":"ann@contoso.example","actor_user_id":7}"#;
    let mut keys = HashSet::new();
    for time in ["2024-05-01T00:00:00Z", "2025-05-01T00:00:00Z"] {
        for record in read_given(record, time) {
            let Understanding::Event(understood) = record.understanding else {
                panic!("{record:?}");
            };
            keys.insert((understood.key, understood.rank.digest));
        }
    }
    assert_eq!(keys.len(), 1);
}

/// A page is taken apart, and each record of it that tells no time gets the given one.
#[test]
fn records_of_a_page_are_given_a_time_each_and_a_line_of_text_none() {
    let page =
        br#"{"status":{},"data":[{"event_type_id":5,"user_name":"a@contoso.example"},{"event_type_id":6,"id":9}]}"#;
    let times: Vec<String> = read_given(page, "2024-05-01T00:00:00Z")
        .iter()
        .map(|record| line(record).split('\t').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(times, ["2024-05-01T00:00:00Z"; 2]);
    let row = b"event_type_id,user_name\n5,a@contoso.example\n";
    let told: Vec<String> = read_given(row, "2024-05-01T00:00:00Z").iter().map(line).collect();
    assert!(
        told.iter().all(|line| line.starts_with("rejected\t")) && !told.is_empty(),
        "{told:?}"
    );
}

#[allow(clippy::unwrap_used)] // A helper of tests.
fn read_given(input: &[u8], time: &str) -> Vec<Record> {
    let hints = Hints {
        undated_at: Some(Timestamp::parse_vendor(time).unwrap()),
        ..Hints::default()
    };
    let mut records = Vec::new();
    let mut parser = open_with(Choice::Auto, Limits::default(), hints);
    parser.push(input, &mut records);
    parser.finish(&mut records);
    records
}
