//! Sound records of Entra ID made unsound: understood or refused, never a panic; the same identity and content whatever
//! the order of members; rows with exactly the members that their reports declare.

use crate::Chance;
use crate::json_tree::Json;
use crate::{mutation, row};
use arbitrary::Unstructured;
use model::batch::Subject;
use model::reports::{self, Rows};
use model::time::Timestamp;
use sources::{Choice, Limits, Record, Understanding, Understood, open};
use std::sync::OnceLock;

/// One sign-in, one audit, one provisioned account, one detection and one state of risk in each of the three shapes.
const SEEDS: &[&str] = &[
    include_str!("../seeds/graph_sign_in.json"),
    include_str!("../seeds/graph_audit.json"),
    include_str!("../seeds/azure_monitor_sign_in.json"),
    include_str!("../seeds/azure_monitor_audit.json"),
    include_str!("../seeds/log_analytics_sign_in.json"),
    include_str!("../seeds/log_analytics_audit.json"),
    include_str!("../seeds/graph_provisioning.json"),
    include_str!("../seeds/azure_monitor_provisioning.json"),
    include_str!("../seeds/log_analytics_provisioning.json"),
    include_str!("../seeds/graph_risk_detection.json"),
    include_str!("../seeds/azure_monitor_risk_detection.json"),
    include_str!("../seeds/log_analytics_risk_detection.json"),
    include_str!("../seeds/graph_risky_user.json"),
    include_str!("../seeds/azure_monitor_risky_service_principal.json"),
    include_str!("../seeds/log_analytics_risky_user.json"),
];

/// Takes the bytes for the choices of a record and of its changes.
pub fn check(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let Ok(seed) = choices.choose(seeds()) else { return };
    let mut record = seed.clone();
    // Choices that run out leave the record as far as it came.
    let _ = mutation::mutate(&mut record, &mut choices);
    let text = record.to_string();
    let understanding = one(&text);
    // The other way round is as dear as the record itself: one in four, where millions are tried.
    let chance = Chance::of(bytes);
    let is_turned = chance.is_in_full() || chance.one_of(0, &[true, false, false, false]);
    if is_turned && !record.has_twins() {
        check_same(&understanding, &one(&record.reversed().to_string()), &text);
    }
    match understanding {
        Understanding::Event(understood) => check_event(*understood, &text),
        Understanding::Ignored { reason } => assert!(!reason.is_empty(), "{text}"),
        Understanding::Rejected { reason, original } => {
            assert!(!reason.is_empty(), "{text}");
            assert_eq!(original, text.as_bytes());
        }
    }
}

fn seeds() -> &'static [Json] {
    static READ: OnceLock<Vec<Json>> = OnceLock::new();
    READ.get_or_init(|| {
        let read = |seed: &&str| serde_json::from_str(seed).expect("the seeds are JSON");
        SEEDS.iter().map(read).collect()
    })
}

fn one(text: &str) -> Understanding {
    let mut records: Vec<Record> = Vec::new();
    let mut parser = open(Choice::Auto, Limits::default());
    parser.push(text.as_bytes(), &mut records);
    parser.finish(&mut records);
    assert_eq!(records.len(), 1, "{text}");
    records.swap_remove(0).understanding
}

fn check_same(one: &Understanding, other: &Understanding, text: &str) {
    match (one, other) {
        (Understanding::Event(one), Understanding::Event(other)) => {
            assert_eq!(
                (one.format, one.key, one.rank, &one.event),
                (other.format, other.key, other.rank, &other.event),
                "{text}"
            );
        }
        (Understanding::Ignored { reason: one }, Understanding::Ignored { reason: other }) => {
            assert_eq!(one, other, "{text}");
        }
        (Understanding::Rejected { .. }, Understanding::Rejected { .. }) => {}
        _ => panic!("the order of members decides over {text}: {one:?} and {other:?}"),
    }
}

fn check_event(understood: Understood, text: &str) {
    assert_eq!(understood.original, text.as_bytes());
    assert_eq!(understood.rank.updated, understood.event.updated, "{text}");
    let time = understood.event.time;
    let draft = understood.draft();
    assert!(
        !draft.rows.is_empty() || !draft.kind.is_always_shown(),
        "every event has its principal report: {text}"
    );
    for subject in &draft.subjects {
        let (Subject::Person(name) | Subject::Address(name)) = subject;
        assert!(!name.is_empty(), "{text}");
    }
    for stored in &draft.rows {
        let report = reports::by_number(stored.report).expect("a row belongs to a report");
        check_time(report.time_property, &row::check(report, &stored.json), time);
        if !stored.particulars.is_empty() {
            let particulars: serde_json::Value =
                serde_json::from_slice(&stored.particulars).expect("particulars are JSON");
            assert!(particulars.is_object(), "{text}");
        }
        for other in reports::ALL {
            let Rows::Rendered { from, render } = other.rows else {
                continue;
            };
            if from != report {
                continue;
            }
            if let Some(rendered) = render(&stored.json, &stored.particulars) {
                check_time(other.time_property, &row::check(other, &rendered), time);
            } else {
                // Applications and managed identities are no users; audits are all shown.
                let of_users = ["allUserSignInActivityEvents", "applicationUsageDetailEvents"];
                assert!(of_users.contains(&other.name), "{} of {text}", other.name);
            }
        }
    }
}

fn check_time(property: Option<&str>, members: &[(String, Json)], expected: Timestamp) {
    let property = property.expect("a stored report has a time property");
    let time = members.iter().find_map(|(name, value)| match value {
        Json::Text(text) if name == property => Timestamp::parse_vendor(text).ok(),
        _ => None,
    });
    assert_eq!(time, Some(expected));
}
