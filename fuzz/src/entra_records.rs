//! Sound records of Entra ID made unsound: understood or refused, never a panic; the same identity and content whatever
//! the order of members; rows with exactly the members that their reports declare.

use crate::Chance;
use crate::json_tree::Json;
use crate::{event, mutation};
use arbitrary::Unstructured;
use sources::{Choice, Limits, Record, Understanding, open};
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
    let _ = mutation::mutate(&mut record, &mut choices, &mutation::ENTRA);
    let text = record.to_string();
    let understanding = one(&text);
    // The other way round is as dear as the record itself: one in four, where millions are tried.
    let chance = Chance::of(bytes);
    let is_turned = chance.is_in_full() || chance.one_of(0, &[true, false, false, false]);
    if is_turned && !record.has_twins() {
        event::check_same(&understanding, &one(&record.reversed().to_string()), &text);
    }
    match understanding {
        Understanding::Event(understood) => {
            assert_eq!(understood.original, text.as_bytes());
            event::check(*understood, &text);
        }
        Understanding::Fragment(part) => crate::tables::check_part(&part),
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
