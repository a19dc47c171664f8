//! Records that are kept together come out one by one, also where most of a batch was known already.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

mod told;

use model::batch::EventDraft;
use rusqlite::Connection;
use std::path::Path;
use store::events::EventStore;
use told::{append, assert_clean, batch, event, month, open, tenant, try_append};

fn events(numbers: std::ops::Range<u32>) -> Vec<EventDraft> {
    numbers
        .map(|number| {
            event(
                &format!("e{number}"),
                &format!("2017-05-17T12:00:{:02}Z", number % 60),
                1,
            )
        })
        .collect()
}

/// Every original of the month in the order in which it was stored.
fn originals(store: &dyn EventStore) -> Vec<String> {
    let winners = store.winners(tenant(), month("2017-05"), 0, 1_000).unwrap();
    let text = |original: Vec<u8>| String::from_utf8(original).unwrap();
    winners
        .into_iter()
        .map(|(_, event)| text(event.original))
        .collect()
}

fn blocks(data: &Path) -> i64 {
    let path = data.join("tenants").join(tenant().to_string()).join("2017-05.db");
    Connection::open(path)
        .unwrap()
        .query_row("SELECT count(*) FROM blocks", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_block_of_which_most_was_known_is_taken_apart() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let opened = open(&data);
    let store = opened.store.as_ref();
    // (events of the batch, blocks that are there afterwards)
    for (numbers, expected_blocks) in [(0..40, 1), (0..40, 1), (0..45, 1), (40..60, 2), (60..61, 2)] {
        let known = originals(store);
        let told = try_append(store, batch(&events(numbers.clone()))).unwrap();
        assert_eq!(
            blocks(&data),
            expected_blocks,
            "after {numbers:?}: {:?}",
            told.counts
        );
        assert_eq!(originals(store)[..known.len()], known);
    }
    let expected: Vec<String> = (0..61)
        .map(|number| {
            format!(
                r#"{{"id":"e{number}","eventTime":"2017-05-17T12:00:{:02}Z","content":1}}"#,
                number % 60
            )
        })
        .collect();
    assert_eq!(originals(store), expected);
    assert_clean(store);
}

#[test]
fn a_block_that_is_damaged_is_found() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let opened = open(&data);
    append(opened.store.as_ref(), &events(0..40));
    let path = data.join("tenants").join(tenant().to_string()).join("2017-05.db");
    Connection::open(path)
        .unwrap()
        .execute_batch("UPDATE blocks SET data = substr(data, 1, length(data) / 2)")
        .unwrap();
    let faults = opened.store.check(tenant()).unwrap().faults;
    assert!(
        faults
            .iter()
            .any(|fault| fault.contains("block 1 of originals cannot be unpacked")),
        "{faults:?}"
    );
}
