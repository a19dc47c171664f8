//! Keeping findings: again, retracted, found again, with the clock set back; and reading them for one subject.

use super::*;
use model::finding::{Found, Person};
use serde_json::Map;
use std::sync::Arc;
use store::events::EventStore;
use store::folder::DataFolder;
use store::sqlite::Options;
use uuid::Uuid;

struct Place {
    store: Arc<dyn EventStore>,
    _folder: DataFolder,
    _parent: tempfile::TempDir,
}

fn place() -> Place {
    let parent = tempfile::tempdir().unwrap();
    let folder = DataFolder::open(&parent.path().join("data")).unwrap();
    Place {
        store: store::open(&folder, Options::default()).unwrap(),
        _folder: folder,
        _parent: parent,
    }
}

fn tenant() -> TenantId {
    TenantId::new(Uuid::from_u128(7))
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

fn finding(id: u128, at: &str, retracted: Option<&str>) -> Finding {
    Finding {
        id: Uuid::from_u128(id),
        time: time(at),
        person: Person {
            user_name: Some("Ann@contoso.example".to_owned()),
            ..Person::default()
        },
        address: Some("203.0.113.7".to_owned()),
        found: Found::UnknownSource { sign_ins: 1 },
        rule_version: 1,
        summary: "why".to_owned(),
        evidence: Map::new(),
        retracted: retracted.map(str::to_owned),
    }
}

/// Keeps findings at times, one after the other; `new/changed/same/purged` of each, and then how many rows there are.
fn check(steps: &[(Finding, &str, &str)], rows: u64) {
    let place = place();
    for (number, (finding, now, expected)) in steps.iter().enumerate() {
        let kept = keep(
            place.store.as_ref(),
            tenant(),
            std::slice::from_ref(finding),
            time(now),
        )
        .unwrap();
        let Kept {
            new,
            changed,
            same,
            purged,
        } = kept;
        assert_eq!(
            format!("{new}/{changed}/{same}/{purged}"),
            *expected,
            "step {number}"
        );
    }
    let totals = place.store.report_totals(tenant()).unwrap();
    let shown: u64 = totals.iter().filter_map(|total| total.rows).sum();
    // Its own report, and the one that shows all.
    assert_eq!(shown, rows * 2);
    assert_eq!(place.store.check(tenant()).unwrap().faults, Vec::<String>::new());
}

const AT: &str = "2026-11-20T08:00:00Z";
const NOON: &str = "2026-11-20T12:00:00Z";
const ONE: &str = "2026-11-20T13:00:00Z";
const TWO: &str = "2026-11-20T14:00:00Z";

#[test]
fn what_was_found_again_is_kept_once() {
    let found = || finding(1, AT, None);
    check(
        &[
            (found(), NOON, "1/0/0/0"),
            (found(), NOON, "0/0/1/0"),
            (found(), TWO, "0/0/1/0"),
        ],
        1,
    );
}

#[test]
fn what_was_retracted_is_gone_and_what_holds_again_is_back() {
    let found = || finding(1, AT, None);
    let gone = |why| finding(1, AT, Some(why));
    check(
        &[
            (found(), NOON, "1/0/0/0"),
            (gone("it was late"), ONE, "0/1/0/0"),
            (gone("for another reason"), TWO, "0/0/1/0"),
        ],
        0,
    );
    check(
        &[
            (found(), NOON, "1/0/0/0"),
            (gone("it was late"), ONE, "0/1/0/0"),
            (found(), TWO, "0/1/0/0"),
        ],
        1,
    );
}

#[test]
fn the_last_judgement_counts_although_the_clock_was_set_back() {
    let found = || finding(1, AT, None);
    let gone = || finding(1, AT, Some("it was late"));
    check(&[(found(), TWO, "1/0/0/0"), (gone(), NOON, "0/1/0/0")], 0);
    check(
        &[
            (found(), TWO, "1/0/0/0"),
            (gone(), TWO, "0/1/0/0"),
            (found(), TWO, "0/1/0/0"),
        ],
        1,
    );
    // And although it moved to another time meanwhile, where nothing of it was kept.
    let moved = || finding(1, "2026-11-20T11:00:00Z", Some("it was late"));
    check(&[(found(), TWO, "1/0/0/0"), (moved(), NOON, "0/1/0/0")], 0);
}

#[test]
fn a_finding_that_moves_keeps_its_identity() {
    check(
        &[
            (finding(1, AT, None), NOON, "1/0/0/0"),
            (finding(1, "2026-11-20T11:00:00Z", None), ONE, "0/1/0/0"),
            (finding(2, AT, None), ONE, "1/0/0/0"),
        ],
        2,
    );
}

#[test]
fn findings_of_a_subject_are_read_back_with_their_state() {
    let place = place();
    let store = place.store.as_ref();
    let all = [
        finding(1, AT, None),
        finding(2, "2026-11-21T08:00:00Z", None),
        finding(3, "2026-11-23T08:00:00Z", None),
    ];
    keep(store, tenant(), &all, time("2026-11-24T00:00:00Z")).unwrap();
    let gone = finding(2, "2026-11-21T08:00:00Z", Some("it was late"));
    keep(store, tenant(), &[gone], time("2026-11-24T01:00:00Z")).unwrap();
    for subject in [
        Subject::person("ann@contoso.example"),
        Subject::address("203.0.113.7"),
    ] {
        let kept = of_subject(store, tenant(), &subject, time(AT), time("2026-11-22")).unwrap();
        let told: Vec<(u128, Option<&str>)> = kept
            .iter()
            .map(|kept| (kept.finding.id.as_u128(), kept.finding.retracted.as_deref()))
            .collect();
        assert_eq!(told, [(1, None), (2, Some("it was late"))]);
    }
    let nobody = Subject::person("bob@contoso.example");
    let kept = of_subject(store, tenant(), &nobody, Timestamp::MIN, Timestamp::MAX).unwrap();
    assert!(kept.is_empty());
    let ledger = store.ledger(tenant()).unwrap();
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].source.as_str(), ledger[0].counts.read), (SOURCE, 4));
    assert_eq!(crate::ledger::names::kind(SOURCE), crate::ledger::names::OWN);
}
