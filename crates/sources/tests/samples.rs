//! Real records, outside this repository: every one against facts that jq found in it.

mod common;

use common::{or_dash, read, sample};
use model::event::Facts;
use sources::{Record, Understanding, Understood};
use std::collections::{HashMap, HashSet};

fn understood(record: Record) -> Understood {
    match record.understanding {
        Understanding::Event(understood) => *understood,
        other => panic!("line {}: {other:?}", record.line),
    }
}

/// The same line of facts that the jq program makes.
fn facts(understood: &Understood) -> String {
    let event = &understood.event;
    let (kind, user, address, what, outcome, code) = match &event.facts {
        Facts::SignIn(sign_in) => (
            "sign-in",
            or_dash(
                sign_in
                    .user_principal_name
                    .as_ref()
                    .or(sign_in.service_principal_name.as_ref()),
            ),
            or_dash(sign_in.ip_address.as_ref()),
            or_dash(sign_in.app_display_name.as_ref()),
            if sign_in.error_code == 0 {
                "success".to_owned()
            } else {
                "failure".to_owned()
            },
            sign_in.error_code.to_string(),
        ),
        Facts::Audit(audit) => (
            "audit",
            audit.actor.name().unwrap_or("-").to_owned(),
            or_dash(audit.actor.ip_address.as_ref()),
            or_dash(audit.activity.as_ref()),
            or_dash(audit.result.as_ref()),
            "-".to_owned(),
        ),
        other => panic!("the samples have none of these: {other:?}"),
    };
    let tenant = event
        .tenant
        .map_or_else(|| "-".to_owned(), |tenant| tenant.to_string());
    let id = or_dash(event.vendor_id.as_ref());
    [
        kind.to_owned(),
        id,
        tenant,
        event.time.to_string(),
        user,
        address,
        what,
        outcome,
        code,
    ]
    .join("\t")
}

fn check(path: &str, golden: &str, format: &str) {
    let Some(bytes) = sample(path) else { return };
    let expected: Vec<&str> = golden.lines().filter(|line| !line.starts_with('#')).collect();
    let records = read(&bytes);
    assert_eq!(records.len(), expected.len());
    for (number, (record, expected)) in records.into_iter().zip(expected).enumerate() {
        assert_eq!(record.line, number as u64 + 1);
        let understood = understood(record);
        assert_eq!(understood.format, format);
        assert_eq!(facts(&understood), *expected, "line {}", number + 1);
    }
}

/// New, changed and known, as a store would count them.
fn check_counts(path: &str, expected: (usize, usize, usize)) {
    let Some(bytes) = sample(path) else { return };
    let mut seen: HashMap<_, HashSet<[u8; 16]>> = HashMap::new();
    let (mut new, mut changed, mut known) = (0, 0, 0);
    for record in read(&bytes) {
        let understood = understood(record);
        let digests = seen.entry((understood.event.tenant, understood.key)).or_default();
        let is_first = digests.is_empty();
        match (digests.insert(understood.rank.digest), is_first) {
            (true, true) => new += 1,
            (true, false) => changed += 1,
            (false, _) => known += 1,
        }
    }
    assert_eq!((new, changed, known), expected);
}

#[test]
fn every_azure_monitor_record_says_what_jq_found_in_it() {
    check(
        "panther/azure_monitor_entra.jsonl",
        include_str!("golden/panther_azure_monitor_entra.tsv"),
        "entra-azure-monitor",
    );
}

#[test]
fn every_log_analytics_row_says_what_jq_found_in_it() {
    check(
        "msticpy/aad_signinlogs_la.jsonl",
        include_str!("golden/msticpy_aad_signinlogs_la.tsv"),
        "entra-log-analytics",
    );
}

/// Counted with Python: 45 ids, 41 of them twice with other content.
#[test]
fn log_analytics_rows_that_come_again_with_other_content_are_changed() {
    check_counts("msticpy/aad_signinlogs_la.jsonl", (45, 41, 0));
}

/// Counted with Python: 24 records without id, 9 ids with 22 contents, one of them twice.
#[test]
fn azure_monitor_records_without_id_do_not_collide_and_one_comes_twice() {
    check_counts("panther/azure_monitor_entra.jsonl", (24 + 9, 13, 1));
}

#[test]
fn the_winner_is_the_same_in_any_order() {
    for path in [
        "msticpy/aad_signinlogs_la.jsonl",
        "panther/azure_monitor_entra.jsonl",
    ] {
        let Some(bytes) = sample(path) else { return };
        let text = String::from_utf8(bytes).unwrap();
        let backwards: Vec<&str> = text.lines().rev().collect();
        let winners = |input: &str| {
            let mut winners = HashMap::new();
            for record in read(input.as_bytes()) {
                let understood = understood(record);
                let winner = winners.entry(understood.key).or_insert(understood.rank);
                *winner = (*winner).max(understood.rank);
            }
            winners
        };
        assert_eq!(winners(&text), winners(&backwards.join("\n")));
    }
}
