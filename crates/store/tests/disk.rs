//! A disk that is full or turns read-only under a running store: writing says so, reading goes on, nothing is lost.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use model::batch::{Batch, Outcome};
use model::tenant::TenantId;
use std::collections::BTreeSet;
use std::fs;
use store::error::StoreError;
use store::events::EventStore;
use store::folder::DataFolder;
use store::sqlite::Options;
use told::machine::{MountPoint, in_own_mounts, run, text};
use told::{
    append, assert_clean, batch, event, ids, large_event, open, open_with, seen, tenant, time, try_append,
};

/// Appends until the disk is full; answers the ids that were acknowledged.
fn fill(store: &dyn EventStore, from: u32, day: &str) -> BTreeSet<String> {
    let mut acknowledged = BTreeSet::new();
    for number in from.. {
        let events: Vec<_> = (0..40)
            .map(|place| large_event(number * 100 + place, day, 16_000))
            .collect();
        match try_append(store, batch(&events)) {
            Ok(appended) => {
                assert_eq!(appended.outcomes, [Outcome::New; 40]);
                acknowledged.extend((0..40).map(|place| (number * 100 + place).to_string()));
            }
            Err(error) => {
                assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
                assert!(
                    error.is_passing() && error.to_string().contains("is full"),
                    "{error}"
                );
                break;
            }
        }
        assert!(number < from + 200, "the disk never fills");
    }
    acknowledged
}

/// Every acknowledged event has its row, once, and there is no other.
fn check_rows(store: &dyn EventStore, acknowledged: &BTreeSet<String>) {
    let ids = ids(store);
    let there: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(there.len(), ids.len(), "a row is there twice");
    let lost: Vec<_> = acknowledged.difference(&there).take(5).collect();
    let more: Vec<_> = there.difference(acknowledged).take(5).collect();
    assert!(
        lost.is_empty() && more.is_empty(),
        "lost: {lost:?} …, not acknowledged: {more:?} …"
    );
}

#[test]
fn a_full_disk_refuses_writing_loses_nothing_and_goes_on_with_room() {
    if !in_own_mounts("a_full_disk_refuses_writing_loses_nothing_and_goes_on_with_room") {
        return;
    }
    let point = MountPoint::new();
    let disk = point.disk.clone();
    run("mount", &["-t", "tmpfs", "-o", "size=64m", "none", text(&disk)]);
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![0; 16 << 20]).unwrap();
    let crumb = disk.join("crumb");
    fs::write(&crumb, vec![0; 512 << 10]).unwrap();
    let data = disk.join("data");
    let opened = open(&data);
    let store = opened.store.as_ref();
    append(store, &[event("first", "2017-04-10", 1)]);
    let mut acknowledged = fill(store, 1, "2017-05-10");
    assert!(acknowledged.len() > 400, "{} events fit", acknowledged.len());
    acknowledged.insert("first".to_owned());
    assert!(store.health().write_failure.is_some());
    // Writing stays refused, also for a tenant that is new, and reading goes on.
    for _ in 0..3 {
        let refused = try_append(store, batch(&[large_event(7, "2017-05-10", 1 << 20)]));
        assert!(matches!(refused, Err(StoreError::DiskFull { .. })), "{refused:?}");
    }
    let elsewhere = Batch {
        tenant: TenantId::new(uuid::Uuid::from_u128(8)),
        ..batch(&[large_event(7, "2017-05-10", 1 << 20)])
    };
    let refused = try_append(store, elsewhere);
    assert!(refused.as_ref().is_err_and(StoreError::is_passing), "{refused:?}");
    check_rows(store, &acknowledged);
    assert_clean(store);
    // A start on the full disk serves what is there.
    drop(opened);
    let opened = open(&data);
    let store = opened.store.as_ref();
    check_rows(store, &acknowledged);
    // With room again, everything goes on where it stood.
    fs::remove_file(&ballast).unwrap();
    let appended = append(
        store,
        &[event("first", "2017-04-10", 1), event("last", "2017-04-11", 1)],
    );
    assert_eq!(appended.outcomes, [Outcome::Known, Outcome::New]);
    acknowledged.insert("last".to_owned());
    assert_eq!(store.health().write_failure, None);
    check_rows(store, &acknowledged);
    assert_clean(store);
    // Full once more: freeing a month makes room, and needs far less than the month's log holds.
    acknowledged.extend(fill(store, 1_000, "2017-03-10"));
    fs::remove_file(&crumb).unwrap();
    store
        .purge(tenant(), &seen(store, tenant(), "2017-05"), time("2017-07-01"))
        .unwrap();
    append(store, &[large_event(9_999_999, "2017-03-10", 1 << 20)]);
    acknowledged.insert("9999999".to_owned());
    acknowledged.retain(|id| id.parse().map_or(true, |number: u32| number >= 100_000));
    check_rows(store, &acknowledged);
    drop(opened);
    let opened = open(&data);
    check_rows(opened.store.as_ref(), &acknowledged);
    assert_clean(opened.store.as_ref());
}

#[test]
fn a_disk_that_turns_read_only_refuses_writing_and_serves_reading() {
    if !in_own_mounts("a_disk_that_turns_read_only_refuses_writing_and_serves_reading") {
        return;
    }
    let point = MountPoint::new();
    let (disk, image) = (point.disk.clone(), point.parent.path().join("image"));
    run("truncate", &["-s", "64M", text(&image)]);
    run("mkfs.ext4", &["-q", "-F", text(&image)]);
    run("mount", &["-o", "loop", text(&image), text(&disk)]);
    let data = disk.join("data");
    let options = || Options {
        open_partitions: 1,
        ..Options::default()
    };
    let cold = TenantId::new(uuid::Uuid::from_u128(8));
    let opened = open_with(&data, options());
    try_append(
        opened.store.as_ref(),
        Batch {
            tenant: cold,
            ..batch(&[event("theirs", "2017-04-10", 1)])
        },
    )
    .unwrap();
    drop(opened);
    let opened = open_with(&data, options());
    let store = opened.store.as_ref();
    let events = [
        event("1", "2017-04-10", 1),
        event("2", "2017-05-10", 1),
        event("3", "2017-06-01", 1),
    ];
    append(store, &events);
    assert_eq!(ids(store), ["3", "2", "1"]);
    // What ext4 does itself when its journal cannot be written; a plain remount is refused while files are open.
    run("mount", &["-o", "remount,abort", text(&disk)]);
    for _ in 0..3 {
        let refused = try_append(store, batch(&[event("4", "2017-05-11", 1)]));
        assert!(
            matches!(refused, Err(StoreError::NotWritable { .. })),
            "{refused:?}"
        );
        assert!(refused.unwrap_err().is_passing());
    }
    assert!(store.health().write_failure.is_some());
    assert_eq!(ids(store), ["3", "2", "1"]);
    assert_eq!(store.changes(tenant(), 0, 10).unwrap().len(), 3);
    assert_eq!(store.ledger(tenant()).unwrap()[0].counts.new, 3);
    let person = model::batch::Subject::person("ada@contoso.example");
    let told = store
        .history(tenant(), &person, time("2017-01-01"), time("2017-12-31"), 10)
        .unwrap();
    assert_eq!(told.len(), 3);
    // A tenant that nobody has asked about since the start.
    assert_eq!(store.report_totals(cold).unwrap()[0].rows, Some(1));
    assert_clean(store);
    // A new start there is refused in words.
    drop(opened);
    let refused = DataFolder::open(&data).unwrap_err().to_string();
    assert!(
        refused.contains(text(&data)) && refused.contains("read-only"),
        "{refused}"
    );
    // After a repair everything that was acknowledged is there.
    run("umount", &[text(&disk)]);
    run("mount", &["-o", "loop", text(&image), text(&disk)]);
    let opened = open_with(&data, options());
    let store = opened.store.as_ref();
    assert_eq!(ids(store), ["3", "2", "1"]);
    append(store, &[event("4", "2017-05-11", 1)]);
    assert_eq!(ids(store), ["3", "4", "2", "1"]);
    assert_clean(store);
}

#[test]
fn a_start_on_a_read_only_folder_is_refused_in_words() {
    if !in_own_mounts("a_start_on_a_read_only_folder_is_refused_in_words") {
        return;
    }
    let point = MountPoint::new();
    let disk = point.disk.clone();
    let data = disk.join("data");
    append(open(&data).store.as_ref(), &[event("1", "2017-04-10", 1)]);
    run("mount", &["--bind", text(&disk), text(&disk)]);
    run("mount", &["-o", "remount,bind,ro", text(&disk)]);
    for folder in [&data, &disk.join("another")] {
        let refused = DataFolder::open(folder).unwrap_err().to_string();
        assert!(
            refused.contains(text(folder))
                && refused.contains("the file system is read-only; name another folder with --data"),
            "{refused}"
        );
    }
}
