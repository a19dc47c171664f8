//! Where detection goes on: after a start where it was, and from the start once commits are not what they were.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use model::tenant::TenantName;
use model::time::Timestamp;
use std::path::Path;
use store::backup::{self, Existing, Maker};
use store::control::{ControlStore, DetectionCursor, DetectionSnapshot, DetectionStore, SqliteControlStore};
use store::events::EventStore;
use store::folder::DataFolder;
use told::{append, event, month, open, seen, tenant, time};

const MAKER: Maker<'_> = Maker {
    version: "0.0.0",
    now: || Timestamp::from_unix_seconds(1_500_000_000),
};

/// Judges what is new: reads the change log on from the cursor, moves it, and answers the ids of the changes.
fn judge(store: &dyn EventStore, control: &dyn ControlStore) -> usize {
    let (epoch, last) = (store.epoch(tenant()).unwrap(), store.snapshot(tenant()).unwrap());
    let kept = control.detection_cursor(tenant()).unwrap();
    let changes = store
        .changes(tenant(), DetectionCursor::resume(kept, epoch, last), 1_000)
        .unwrap();
    let commit = changes.last().map_or(last, |change| change.commit);
    control
        .put_detection_cursor(tenant(), DetectionCursor { epoch, commit })
        .unwrap();
    changes.len()
}

/// A data folder with three events in two months, all judged, and a snapshot.
fn judged(data: &Path) {
    let open = open(data);
    let control = SqliteControlStore::open(data).unwrap();
    let name = TenantName::parse("contoso.example").unwrap();
    control
        .create_tenant(tenant(), &[name], "Contoso", time("2017-01-01"))
        .unwrap();
    let events = [
        event("1", "2017-01-10", 1),
        event("2", "2017-02-10", 1),
        event("3", "2017-02-11", 1),
    ];
    append(open.store.as_ref(), &events[..2]);
    append(open.store.as_ref(), &events[2..]);
    assert_eq!(judge(open.store.as_ref(), &control), 3);
    let snapshot = DetectionSnapshot {
        name: "habits".to_owned(),
        version: 17_209,
        as_of: time("2017-02-12"),
        bytes: b"state".to_vec(),
    };
    control.put_detection_snapshot(tenant(), &snapshot).unwrap();
}

/// What is judged next, after something was done to the data folder.
fn check(act: impl FnOnce(&dyn EventStore), expected: usize) {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    judged(&data);
    {
        let open = open(&data);
        act(open.store.as_ref());
    }
    let open = open(&data);
    let control = SqliteControlStore::open(&data).unwrap();
    assert_eq!(judge(open.store.as_ref(), &control), expected);
    assert_eq!(judge(open.store.as_ref(), &control), 0, "and then nothing more");
}

#[test]
fn after_a_start_only_what_is_new_is_judged() {
    check(|_| {}, 0);
    check(|store| drop(append(store, &[event("4", "2017-03-01", 1)])), 1);
    check(|store| drop(append(store, &[event("3", "2017-02-11", 2)])), 1);
    check(|store| drop(append(store, &[event("3", "2017-02-11", 1)])), 0);
}

#[test]
fn after_a_month_was_freed_or_rebuilt_all_that_is_left_is_judged_again() {
    let free = |store: &dyn EventStore| {
        let oldest = seen(store, tenant(), "2017-01");
        store.purge(tenant(), &oldest, time("2017-07-01")).unwrap();
    };
    check(free, 2);
    let rebuild = |store: &dyn EventStore| {
        let lease = store.lease(tenant()).unwrap();
        store
            .end_rebuild(&lease, month("2017-02"), true, time("2017-07-01"))
            .unwrap();
    };
    check(rebuild, 3);
}

#[test]
fn after_a_restore_all_is_judged_again_although_the_cursor_came_back_with_it() {
    let parent = tempfile::tempdir().unwrap();
    let at = |name: &str| parent.path().join(name);
    judged(&at("data"));
    std::fs::create_dir_all(at("data").join("keys")).unwrap();
    {
        let open = open(&at("data"));
        let control = SqliteControlStore::open(&at("data")).unwrap();
        let (plan, _hold) = backup::begin(&control, open.store.as_ref(), &at("data"), (MAKER.now)()).unwrap();
        backup::write(&at("data"), &plan, &at("backup"), MAKER).unwrap();
    }
    {
        let folder = DataFolder::open_to_restore(&at("restored")).unwrap();
        backup::restore(&at("backup"), &folder, Existing::Refuse, time("2026-11-21")).unwrap();
    }
    let open = open(&at("restored"));
    let control = SqliteControlStore::open(&at("restored")).unwrap();
    let cursor = control.detection_cursor(tenant()).unwrap().unwrap();
    assert_eq!((cursor.epoch, cursor.commit), (1, 2), "it came back");
    let snapshot = control.detection_snapshot(tenant(), "habits", None).unwrap();
    assert_eq!(snapshot.unwrap().bytes, b"state", "so did the snapshot");
    assert_eq!(judge(open.store.as_ref(), &control), 3);
    assert_eq!(judge(open.store.as_ref(), &control), 0);
}
