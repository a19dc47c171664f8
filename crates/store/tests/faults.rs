//! Where a store could lose, double or refuse something: cursors, files cut off at birth, purges that fail half-way.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use model::batch::{Lateness, Outcome};
use model::query::Query;
use model::time::TICKS_PER_SECOND;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use store::error::StoreError;
use store::events::{EventStore, Purge};
use store::sqlite::{CommitPoint, Options};
use told::{append, assert_clean, batch, event, ids, key, open, query, seen, tenant, time, try_append};

fn tenant_folder(data: &Path) -> PathBuf {
    data.join("tenants").join(tenant().to_string())
}

/// Follows the change log with a cursor as a detector does: the commit of the last change it was given.
fn follow(sizes: &[usize], limit: usize) {
    let folder = tempfile::tempdir().unwrap();
    let open = open(&folder.path().join("data"));
    let mut expected = Vec::new();
    for (commit, size) in sizes.iter().enumerate() {
        // Every other event in another month: a commit is spread over two files.
        let events: Vec<_> = (0..*size)
            .map(|number| {
                let day = if number % 2 == 0 {
                    "2017-05-10"
                } else {
                    "2017-04-10"
                };
                event(&format!("{commit}-{number}"), day, 1)
            })
            .collect();
        append(open.store.as_ref(), &events);
        expected.extend(events.iter().map(|event| (commit as u64 + 1, event.key)));
    }
    let mut found = Vec::new();
    let mut cursor = 0;
    loop {
        let changes = open.store.changes(tenant(), cursor, limit).unwrap();
        let Some(last) = changes.last() else { break };
        assert!(
            changes.len() <= limit.max(*sizes.iter().max().unwrap()),
            "{} changes at once",
            changes.len()
        );
        cursor = last.commit;
        found.extend(changes.iter().map(|change| (change.commit, change.key)));
    }
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(
        found.len(),
        expected.len(),
        "commits of {sizes:?} read by {limit}"
    );
    assert_eq!(found, expected);
}

#[test]
fn a_cursor_over_the_change_log_misses_nothing_whatever_the_limit() {
    for limit in [1, 2, 3, 7, 10, 100] {
        follow(&[3], limit);
        follow(&[5, 1, 9, 2, 4], limit);
        follow(&[1, 1, 1, 1, 1, 1], limit);
    }
}

/// Puts a file where a kill would have left it, and asserts that the tenant opens, reads and takes events as if it were
/// not there.
fn check_cut_off_at_birth(name: &str, leave: fn(&Path)) {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    append(open(&data).store.as_ref(), &[event("1", "2017-04-10", 1)]);
    leave(&tenant_folder(&data).join(name));
    let open = open(&data);
    assert_eq!(ids(open.store.as_ref()), ["1"], "{name}");
    assert_eq!(open.store.ledger(tenant()).unwrap().len(), 1);
    let ignored = model::batch::Batch {
        ignored: 1,
        ..batch(&[])
    };
    try_append(open.store.as_ref(), ignored).unwrap();
    append(open.store.as_ref(), &[event("2", "2017-05-10", 1)]);
    assert_eq!(ids(open.store.as_ref()), ["2", "1"], "{name}");
    assert_clean(open.store.as_ref());
}

fn leave_nothing_in_it(path: &Path) {
    fs::write(path, b"").unwrap();
}

fn leave_its_first_page(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "page_size", 16_384).unwrap();
    connection
        .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .unwrap();
}

#[test]
fn a_month_or_catalogue_whose_making_was_cut_off_is_made_again() {
    for name in ["2017-05.db", "catalogue.db"] {
        check_cut_off_at_birth(name, leave_nothing_in_it);
        check_cut_off_at_birth(name, leave_its_first_page);
    }
}

#[test]
fn a_database_of_another_program_is_refused_and_left_untouched() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let open = open(&data);
    append(open.store.as_ref(), &[event("1", "2017-04-10", 1)]);
    let path = tenant_folder(&data).join("2017-05.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE theirs(x)")
        .unwrap();
    let before = fs::read(&path).unwrap();
    let refused = try_append(open.store.as_ref(), batch(&[event("2", "2017-05-10", 1)]));
    assert!(matches!(refused, Err(StoreError::NotOurs { .. })), "{refused:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
    // The other months go on.
    append(open.store.as_ref(), &[event("3", "2017-04-11", 1)]);
    assert_eq!(ids(open.store.as_ref()), ["3", "1"]);
}

#[test]
fn a_purge_that_could_not_unlink_is_finished_by_the_next_one() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let open = open(&data);
    append(
        open.store.as_ref(),
        &[event("1", "2017-04-10", 1), event("2", "2017-05-10", 1)],
    );
    let (path, blocked) = (
        tenant_folder(&data).join("2017-04.db"),
        tenant_folder(&data).join("2017-04.db.leaving"),
    );
    fs::create_dir(&blocked).unwrap();
    let now = time("2017-07-01");
    let april = seen(open.store.as_ref(), tenant(), "2017-04");
    assert!(open.store.purge(tenant(), &april, now).is_err());
    // It is purged for good from here on: nothing is accepted that the next start would throw away.
    let late = append(open.store.as_ref(), &[event("3", "2017-04-11", 1)]);
    assert_eq!(late.outcomes, [Outcome::Purged]);
    assert_eq!(ids(open.store.as_ref()), ["2"]);
    fs::remove_dir(&blocked).unwrap();
    assert!(path.exists());
    assert_eq!(open.store.purge(tenant(), &april, now).unwrap(), Purge::Freed);
    assert!(!path.exists(), "the purged month still takes its room");
    assert_clean(open.store.as_ref());
}

#[test]
fn a_purge_that_was_killed_before_it_unlinked_is_finished_by_the_next_start() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let events = [event("1", "2017-04-10", 1), event("2", "2017-05-10", 1)];
    append(open(&data).store.as_ref(), &events);
    let (path, kept) = (
        tenant_folder(&data).join("2017-04.db"),
        parent.path().join("2017-04.db"),
    );
    fs::copy(&path, &kept).unwrap();
    {
        let open = open(&data);
        let april = seen(open.store.as_ref(), tenant(), "2017-04");
        open.store.purge(tenant(), &april, time("2017-07-01")).unwrap();
    }
    // What the kill leaves: the catalogue says purged, the file is still there.
    fs::copy(&kept, &path).unwrap();
    let open = open(&data);
    assert_eq!(ids(open.store.as_ref()), ["2"]);
    assert!(!path.exists());
    // Its part of the account is neither lost nor counted twice.
    assert_eq!(open.store.ledger(tenant()).unwrap()[0].counts.new, 2);
    assert_clean(open.store.as_ref());
}

#[test]
fn an_event_is_late_by_what_its_feed_brought_before_and_not_by_its_own_batch() {
    let folder = tempfile::tempdir().unwrap();
    let open = open(&folder.path().join("data"));
    let feed = |events: &[model::batch::EventDraft]| {
        let batch = model::batch::Batch {
            lateness: Lateness::After(900 * TICKS_PER_SECOND),
            ..batch(events)
        };
        try_append(open.store.as_ref(), batch).unwrap().counts.late
    };
    let first = [event("1", "2017-04-10", 1), event("2", "2017-05-02", 1)];
    assert_eq!(feed(&first), 0);
    // The newest of the batch lives in the earlier month, which is written first.
    let second = [event("1", "2017-05-04", 2), event("3", "2017-05-03", 1)];
    assert_eq!(feed(&second), 0);
    assert_eq!(feed(&[event("4", "2017-05-03T23:44:59Z", 1)]), 1);
}

#[test]
fn times_at_both_ends_of_the_calendar_are_stored_and_found_again() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let first = [
        event("first", "0001-01-01T00:00:00Z", 1),
        event("last", "9999-12-31T23:59:59.9999999Z", 1),
        event("now", "2017-05-01", 1),
    ];
    append(open(&data).store.as_ref(), &first);
    let open = open(&data);
    // The last is far ahead of its arrival: kept, not shown.
    assert_eq!(ids(open.store.as_ref()), ["now", "first"]);
    let again = append(open.store.as_ref(), &first);
    assert_eq!(again.outcomes, [Outcome::Known; 3]);
    assert_clean(open.store.as_ref());
    let oldest = seen(open.store.as_ref(), tenant(), "0001-01");
    open.store.purge(tenant(), &oldest, time("2017-07-01")).unwrap();
    assert_eq!(ids(open.store.as_ref()), ["now"]);
}

#[test]
fn nothing_of_a_month_that_cannot_be_written_is_acknowledged_and_the_rest_is() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let open = open(&data);
    append(open.store.as_ref(), &[event("0", "2017-04-01", 1)]);
    let path = tenant_folder(&data).join("2017-05.db");
    fs::create_dir(&path).unwrap();
    let both = [event("1", "2017-04-10", 1), event("2", "2017-05-10", 1)];
    try_append(open.store.as_ref(), batch(&both)).unwrap_err();
    assert!(open.store.health().write_failure.is_some());
    fs::remove_dir(&path).unwrap();
    let again = append(open.store.as_ref(), &both);
    assert_eq!(again.outcomes, [Outcome::Known, Outcome::New]);
    assert_eq!(open.store.health().write_failure, None);
    // read: 1 + 1 (the month that was written) + 2.
    let counts = open.store.ledger(tenant()).unwrap()[0].counts;
    assert_eq!((counts.read, counts.new, counts.known), (4, 3, 1));
    assert_clean(open.store.as_ref());
    let commits: Vec<u64> = open
        .store
        .changes(tenant(), 0, 100)
        .unwrap()
        .iter()
        .map(|change| change.commit)
        .collect();
    assert_eq!(commits, [1, 2, 3]);
}

/// What a reader sees while the second commit stands between its two months.
static PEEPHOLE: Mutex<Option<Arc<dyn EventStore>>> = Mutex::new(None);
static SEEN: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

fn look_in(_: CommitPoint) {
    let store = PEEPHOLE.lock().unwrap().clone();
    let Some(store) = store else { return };
    // A skiptoken of a folder that was put back from a backup names a commit that is yet to come.
    let query = Query {
        snapshot: Some(u64::MAX),
        ..query(10)
    };
    let seen = (
        store.scan(tenant(), &query).unwrap().rows,
        store.changes(tenant(), 0, 10).unwrap().len(),
    );
    SEEN.lock().unwrap().push(seen);
}

#[test]
fn a_reader_does_not_see_half_a_commit_whatever_it_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        reached: Some(look_in),
        ..Options::default()
    };
    let open = told::open_with(&folder.path().join("data"), options);
    append(open.store.as_ref(), &[event("1", "2017-05-01", 1)]);
    *PEEPHOLE.lock().unwrap() = Some(Arc::clone(&open.store));
    append(
        open.store.as_ref(),
        &[event("2", "2017-05-02", 1), event("3", "2017-06-01", 1)],
    );
    PEEPHOLE.lock().unwrap().take();
    assert_eq!(*SEEN.lock().unwrap(), [(1, 1), (1, 1)]);
    assert_eq!(ids(open.store.as_ref()), ["3", "2", "1"]);
}

static PANICS: AtomicBool = AtomicBool::new(false);

fn panic_once(_: CommitPoint) {
    assert!(!PANICS.swap(false, Ordering::SeqCst), "a test's own panic");
}

#[test]
fn a_panic_while_writing_refuses_one_batch_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        reached: Some(panic_once),
        writer_threads: 1,
        ..Options::default()
    };
    let open = told::open_with(&folder.path().join("data"), options);
    let store = open.store.as_ref();
    append(store, &[event("1", "2017-05-01", 1)]);
    PANICS.store(true, Ordering::SeqCst);
    let both = [event("2", "2017-05-02", 1), event("3", "2017-06-01", 1)];
    let refused = try_append(store, batch(&both));
    assert!(matches!(refused, Err(StoreError::Backend { .. })), "{refused:?}");
    assert!(store.health().write_failure.is_some());
    let again = append(store, &both);
    assert_eq!(again.outcomes, [Outcome::Known, Outcome::New]);
    assert_eq!(store.health().waiting_batches, 0);
    assert_clean(store);
    let commits: Vec<u64> = store
        .changes(tenant(), 0, 10)
        .unwrap()
        .iter()
        .map(|change| change.commit)
        .collect();
    assert_eq!(commits, [1, 2, 3]);
}

/// Commits beside the readers.
const ROUNDS: u32 = 30;

/// Readers, writers, recounts and purges at once, with two open month files for eight months.
#[test]
fn reading_writing_recounting_and_purging_at_once_disturb_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        open_partitions: 2,
        ..Options::default()
    };
    let open = told::open_with(&folder.path().join("data"), options);
    let store = open.store.as_ref();
    // What stays: months 05 to 08. What goes: months 01 to 04, one after the other.
    let day = |number: u32| format!("2016-{:02}-{:02}", number % 8 + 1, number % 28 + 1);
    let first: Vec<_> = (0..80)
        .map(|number| event(&number.to_string(), &day(number), 1))
        .collect();
    append(store, &first);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
                        for id in ids(store) {
                            *seen.entry(id).or_default() += 1;
                        }
                        for number in (0..80_u32).filter(|number| number % 8 >= 4) {
                            assert_eq!(seen.get(&number.to_string()), Some(&1), "event {number}");
                        }
                        store.report_totals(tenant()).unwrap();
                        store.changes(tenant(), 3, 10).unwrap();
                        let person = model::batch::Subject::person("ada@contoso.example");
                        store
                            .history(tenant(), &person, time("2016-01-01"), time("2016-12-31"), 50)
                            .unwrap();
                    }
                })
            })
            .collect();
        let checker = scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                assert_clean(store);
            }
        });
        for round in 0..ROUNDS {
            let number = 1_000 + round;
            let told = append(store, &[event(&number.to_string(), &day(number), 1)]);
            let is_purged = round / 8 >= 1 && (number % 8) < round / 8;
            let expected = if is_purged { Outcome::Purged } else { Outcome::New };
            assert_eq!(told.outcomes, [expected], "round {round}");
            if round % 8 == 7 && round / 8 < 4 {
                let month = seen(store, tenant(), &format!("2016-{:02}", round / 8 + 1));
                assert_eq!(
                    store.purge(tenant(), &month, time("2017-07-01")).unwrap(),
                    Purge::Freed
                );
            }
        }
        is_over.store(true, Ordering::SeqCst);
        for reader in readers {
            reader.join().unwrap();
        }
        checker.join().unwrap();
    });
    assert_clean(store);
    assert!(
        store
            .changes(tenant(), 0, 1_000)
            .unwrap()
            .iter()
            .any(|change| change.key == key("4"))
    );
}
