//! What a kill between two months of one batch leaves behind, and that sending again heals it.
//!
//! The image of the folder is taken by another process while the store stands between two commits: just what a kill at
//! that moment leaves.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use model::batch::{Batch, EventDraft, Lateness, Outcome, RowDraft};
use model::identity::{EventKey, Kind, Rank, Vendor};
use model::query::{Query, TimeRanges};
use model::reports::{self, Face};
use model::tenant::TenantId;
use model::time::Timestamp;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use store::events::EventStore;
use store::folder::DataFolder;
use store::sqlite::{CommitPoint, Options};

static WATCHED: Mutex<Option<(PathBuf, PathBuf)>> = Mutex::new(None);

fn take_image(point: CommitPoint) {
    assert_eq!(point, CommitPoint::BetweenMonths);
    if let Some((folder, image)) = WATCHED.lock().unwrap().take() {
        assert!(
            Command::new("cp")
                .arg("-r")
                .args([&folder, &image])
                .status()
                .unwrap()
                .success()
        );
    }
}

fn tenant() -> TenantId {
    TenantId::new(uuid::Uuid::from_u128(7))
}

fn event(id: &str, time: &str, content: u8) -> EventDraft {
    let report = reports::by_name(Face::Reports, "auditEvents").unwrap();
    let json = format!(r#"{{"id":"{id}","eventTime":"{time}","content":{content}}}"#).into_bytes();
    EventDraft {
        key: EventKey::from_vendor_id(Vendor::Entra, Kind::Audit, id),
        kind: Kind::Audit,
        time: Timestamp::parse_vendor(time).unwrap(),
        rank: Rank {
            updated: None,
            properties: u32::from(content),
            digest: [content; 16],
        },
        format: "test",
        original: json.clone(),
        rows: vec![RowDraft {
            report: report.number,
            json,
            particulars: Vec::new(),
        }],
        subjects: Vec::new(),
        usage: Vec::new(),
    }
}

fn append(store: &Arc<dyn EventStore>, events: &[EventDraft]) -> Vec<Outcome> {
    let batch = Batch {
        tenant: tenant(),
        source: "test".to_owned(),
        arrived: Timestamp::parse_vendor("2017-06-01").unwrap(),
        lateness: Lateness::NotCounted,
        events: events.to_vec(),
        ignored: 0,
        rejected: 0,
        sequence: None,
        error: None,
    };
    store
        .append(&store.lease(tenant()).unwrap(), batch)
        .unwrap()
        .outcomes
}

fn rows(store: &Arc<dyn EventStore>) -> Vec<u8> {
    let query = Query {
        report: reports::by_name(Face::Reports, "auditEvents").unwrap(),
        times: TimeRanges::all(),
        predicate: None,
        skip: 0,
        after: None,
        snapshot: None,
        limit: 100,
        max_examined: 1_000,
    };
    store.scan(tenant(), &query).unwrap().block
}

/// Stores the events in a folder that is killed after its first month, and asserts what the image makes of them.
fn check(events: &[EventDraft], left_by_the_kill: usize) {
    let parent = tempfile::tempdir().unwrap();
    let (path, image) = (parent.path().join("data"), parent.path().join("image"));
    let folder = DataFolder::open(&path).unwrap();
    *WATCHED.lock().unwrap() = Some((path.clone(), image.clone()));
    let whole = store::open(
        &folder,
        Options {
            reached: Some(take_image),
            ..Options::default()
        },
    )
    .unwrap();
    append(&whole, events);
    let healed = open(&image);
    assert_clean(&healed.0);
    let left = String::from_utf8(rows(&healed.0)).unwrap();
    assert_eq!(
        left.matches("\"id\"").count(),
        left_by_the_kill,
        "after the kill: {left}"
    );
    append(&healed.0, events);
    assert_clean(&healed.0);
    assert_eq!(
        rows(&healed.0),
        rows(&whole),
        "the healed folder is not as if never killed"
    );
}

fn open(path: &Path) -> (Arc<dyn EventStore>, DataFolder) {
    let folder = DataFolder::open(path).unwrap();
    (store::open(&folder, Options::default()).unwrap(), folder)
}

fn assert_clean(store: &Arc<dyn EventStore>) {
    let report = store.check(tenant()).unwrap();
    assert!(report.faults.is_empty(), "{}", report.faults.join("\n"));
}

/// One test, because the image-taker is one for the process.
#[test]
fn a_kill_between_two_months_is_healed_by_sending_again() {
    check(&[event("1", "2017-04-10", 1), event("2", "2017-05-10", 1)], 1);
    // The same id in both months, in both orders: one event, whose home is the month of the first.
    check(
        &[
            event("1", "2017-04-10", 1),
            event("1", "2017-05-10", 2),
            event("2", "2017-05-11", 1),
        ],
        1,
    );
    check(
        &[
            event("1", "2017-05-10", 2),
            event("1", "2017-04-10", 1),
            event("2", "2017-04-11", 1),
        ],
        1,
    );
}
