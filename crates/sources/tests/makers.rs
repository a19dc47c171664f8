//! Real records of Okta, Google Workspace, Auth0, Duo and OneLogin, outside this repository: every one against facts that jq found in it,
//! and how many of each file come in.

mod common;

use common::{read, sample};
use model::event::Facts;
use sources::{Record, Understanding, Understood};
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
        [17, 28, 11, 0],
        &[
            (NO_TIME, 4),
            ("it does not say whether the sign-in succeeded", 2),
            ("its `published` is `redacted`", 4),
            (UNKNOWN, 34),
        ],
    );
}

#[test]
fn every_google_activity_says_what_jq_found_in_it() {
    check(
        "gsuite_activity",
        include_str!("golden/panther_gsuite_activity.tsv"),
        Some("google-workspace"),
        [61, 0, 29, 0],
        &[(NO_TIME, 40), ("it does not say what happened", 7)],
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
