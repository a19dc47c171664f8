//! Runs against a plain list of the same entries.

use super::*;
use crate::sqlite::tables::ADDED_BY_3;
use proptest::prelude::*;

/// Times reach from 0 to this, so that many are met twice.
const TIMES: i64 = 40;

fn empty() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(ADDED_BY_3).unwrap();
    connection
}

fn added(entries: &[Entry]) -> Added {
    let mut added = Added::default();
    for entry in entries {
        added.add(&[entry.subject], entry.time, entry.event);
    }
    added
}

fn runs(connection: &Connection) -> Vec<u64> {
    let mut statement = connection
        .prepare("SELECT entries FROM history_runs ORDER BY id")
        .unwrap();
    let sizes = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    sizes.map(|size| size.unwrap().unsigned_abs()).collect()
}

/// Asks for a subject's events in stretches of `most`.
fn ask(connection: &Connection, subject: i64, times: (i64, i64), most: usize) -> Vec<(i64, i64)> {
    let mut all = Vec::new();
    loop {
        let found = find(connection, subject, times, all.last().copied(), most).unwrap();
        assert!(found.events.len() <= most);
        all.extend(found.events);
        if !found.has_more {
            return all;
        }
    }
}

fn subject() -> impl Strategy<Value = i64> {
    prop_oneof![Just(i64::MIN), Just(i64::MAX), -2..3_i64]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_question_finds_what_was_written_in_whatever_commits(
        commits in prop::collection::vec(prop::collection::vec((subject(), 0..TIMES), 1..80), 1..60),
        from in 0..TIMES, to in 0..TIMES, most in 1..50_usize,
    ) {
        let connection = empty();
        let mut kept = Runs::default();
        let mut plain: Vec<Entry> = Vec::new();
        for commit in commits {
            let before = plain.len();
            for (subject, time) in commit {
                plain.push(Entry { subject, time, event: plain.len() as i64 + 1 });
            }
            kept.write(&connection, added(&plain[before..])).unwrap();
        }
        let mut found = Vec::new();
        prop_assert_eq!(recount::each(&connection, |entry| found.push(*entry)).unwrap(), Vec::<String>::new());
        found.sort();
        let mut sorted = plain.clone();
        sorted.sort();
        prop_assert_eq!(found, sorted);
        for subject in [i64::MIN, -2, -1, 0, 1, 2, 3, i64::MAX] {
            let mut expected: Vec<(i64, i64)> = plain
                .iter()
                .filter(|entry| entry.subject == subject && (from..=to).contains(&entry.time))
                .map(|entry| (entry.time, entry.event))
                .collect();
            expected.sort_unstable();
            prop_assert_eq!(ask(&connection, subject, (from, to), most), expected);
        }
    }
}

#[test]
fn single_events_come_together_in_few_runs_and_full_runs_stay() {
    let connection = empty();
    let mut kept = Runs::default();
    let full: Vec<Entry> = (0..RUN_ENTRIES as i64)
        .map(|event| Entry {
            subject: event.wrapping_mul(0x9e37_79b9_7f4a_7c15_u64 as i64),
            time: event,
            event,
        })
        .collect();
    kept.write(&connection, added(&full)).unwrap();
    for event in 0..3_000 {
        let entry = Entry {
            subject: 7,
            time: event,
            event: RUN_ENTRIES as i64 + event,
        };
        kept.write(&connection, added(&[entry])).unwrap();
        assert!(
            runs(&connection).len() <= 2 * SMALL_RUNS,
            "{:?}",
            runs(&connection)
        );
    }
    assert_eq!(runs(&connection)[0], RUN_ENTRIES);
    assert_eq!(runs(&connection).iter().sum::<u64>(), RUN_ENTRIES + 3_000);
    assert_eq!(ask(&connection, 7, (0, i64::MAX), 100).len(), 3_000);
    // What is remembered between commits is what a new start reads.
    let sizes =
        |runs: &Runs| -> Vec<(i64, u64)> { runs.small.iter().map(|run| (run.id, run.entries)).collect() };
    assert_eq!(sizes(&Runs::read(&connection).unwrap()), sizes(&kept));
}

#[test]
fn damage_is_told() {
    let connection = empty();
    let entries: Vec<Entry> = (0..300)
        .map(|event| Entry {
            subject: event / 3,
            time: event,
            event,
        })
        .collect();
    Runs::default().write(&connection, added(&entries)).unwrap();
    let check = |sql: &str, expected: &str| {
        let transaction = connection.unchecked_transaction().unwrap();
        transaction.execute_batch(sql).unwrap();
        let faults = recount::each(&transaction, |_| ()).unwrap().join("; ");
        assert!(faults.contains(expected), "{sql}: {faults}");
    };
    check("DELETE FROM history WHERE part = 1", "does not hold what it says");
    check(
        "UPDATE history SET entries = x'80' WHERE part = 1",
        "cannot be unpacked",
    );
    check(
        "UPDATE history SET subject = 1 WHERE part = 1",
        "does not begin with its subject",
    );
    check(
        "UPDATE history_runs SET last_time = 298",
        "does not hold what it says",
    );
    check("DELETE FROM history_runs", "3 parts of the history are of no run");
}
