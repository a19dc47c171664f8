//! What is kept, in which order, and what happens where there is no room.

use super::*;
use crate::agent::mark::Mark;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_764_547_200);

/// A body of so many bytes, each record of it one.
fn put(spool: &Spool, bytes: usize, cursor: &str, when_full: WhenFull) -> Result<Put, SpoolError> {
    let body = vec![b'x'; bytes];
    let piece = NewPiece {
        input: "in",
        format: "auto",
        kind: "application/x-ndjson",
        origin: "a test",
        records: bytes as u64,
        body: &body,
    };
    spool.put(&piece, &Mark::Cursor(cursor.to_owned()), when_full, NOW)
}

fn open(folder: &Path, max_bytes: u64) -> Spool {
    Spool::open(&folder.join("state"), max_bytes).unwrap()
}

/// The numbers and lengths of what waits, oldest first; all of it goes.
fn taken(spool: &Spool) -> Vec<(u64, String, usize)> {
    let mut all = Vec::new();
    while let Some(piece) = spool.take("in").unwrap() {
        all.push((piece.sequence, piece.part.clone(), piece.body.len()));
        spool.done(piece.id).unwrap();
    }
    all
}

fn one(sequence: u64, length: usize) -> (u64, String, usize) {
    (sequence, String::new(), length)
}

#[test]
fn pieces_leave_in_order_and_their_numbers_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1_000);
    put(&spool, 1, "a", WhenFull::Block).unwrap();
    put(&spool, 2, "b", WhenFull::Block).unwrap();
    assert!(matches!(
        Spool::open(&folder.path().join("state"), 1),
        Err(SpoolError::Locked(_))
    ));
    drop(spool);
    let spool = open(folder.path(), 1_000);
    assert_eq!(spool.bytes(), (3, 1_000));
    assert_eq!(spool.cursor("in").unwrap().as_deref(), Some("b"));
    assert_eq!(taken(&spool), [one(1, 1), one(2, 2)]);
    put(&spool, 3, "c", WhenFull::Block).unwrap();
    assert_eq!(taken(&spool), [one(3, 3)]);
}

#[test]
fn parts_stand_in_the_place_of_their_piece() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1_000);
    put(&spool, 8, "a", WhenFull::Block).unwrap();
    put(&spool, 9, "b", WhenFull::Block).unwrap();
    let part = |length: usize| Part {
        records: 1,
        body: vec![b'x'; length],
    };
    let piece = spool.take("in").unwrap().unwrap();
    spool.split(&piece, &[part(3), part(5)]).unwrap();
    let piece = spool.take("in").unwrap().unwrap();
    spool.split(&piece, &[part(1), part(2)]).unwrap();
    let parts = [("00", 1), ("01", 2), ("1", 5)].map(|(part, length)| (1, part.to_owned(), length));
    assert_eq!(spool.bytes().0, 17);
    assert_eq!(taken(&spool), [&parts[..], &[one(2, 9)]].concat());
}

#[test]
fn at_the_bound_it_is_as_the_policy_says() {
    let check =
        |policy: WhenFull, expected: Put, left: &[(u64, String, usize)], gaps: &[u64], cursor: &str| {
            let folder = tempfile::tempdir().unwrap();
            let spool = open(folder.path(), 10);
            put(&spool, 4, "a", policy).unwrap();
            put(&spool, 5, "b", policy).unwrap();
            assert_eq!(put(&spool, 3, "c", policy).unwrap(), expected, "{policy:?}");
            let told: Vec<u64> = spool.gaps().unwrap().iter().map(|(_, gap)| gap.records).collect();
            assert_eq!(told, gaps, "{policy:?}");
            assert_eq!(spool.cursor("in").unwrap().as_deref(), Some(cursor), "{policy:?}");
            assert_eq!(taken(&spool), left, "{policy:?}");
        };
    check(WhenFull::Block, Put::Full, &[one(1, 4), one(2, 5)], &[], "b");
    check(
        WhenFull::DropOldest,
        Put::Kept { dropped: 4 },
        &[one(2, 5), one(3, 3)],
        &[4],
        "c",
    );
    check(
        WhenFull::DropNewest,
        Put::Dropped { records: 3 },
        &[one(1, 4), one(2, 5)],
        &[3],
        "c",
    );
}

#[test]
fn a_piece_on_its_way_is_not_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 10);
    put(&spool, 4, "a", WhenFull::Block).unwrap();
    put(&spool, 5, "b", WhenFull::Block).unwrap();
    let piece = spool.take("in").unwrap().unwrap();
    assert_eq!(
        put(&spool, 3, "c", WhenFull::DropOldest).unwrap(),
        Put::Kept { dropped: 5 }
    );
    spool.done(piece.id).unwrap();
    assert_eq!(taken(&spool), [one(3, 3)]);
}

#[test]
fn what_does_not_fit_on_the_disk_does_not_count_as_read() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(folder.path(), 1 << 30);
    put(&spool, 10, "a", WhenFull::Block).unwrap();
    spool.limit_pages(spool.pages());
    let outcome = put(&spool, 200_000, "b", WhenFull::Block);
    assert!(matches!(outcome, Err(SpoolError::DiskFull(_))), "{outcome:?}");
    assert_eq!(spool.cursor("in").unwrap().as_deref(), Some("a"));
    assert_eq!(spool.bytes().0, 10);
    // With room, the number that it did not get is the next one's.
    spool.limit_pages(1_000_000);
    put(&spool, 20, "b", WhenFull::Block).unwrap();
    assert_eq!(taken(&spool), [one(1, 10), one(2, 20)]);
}

#[test]
fn a_newer_state_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path(), 10));
    let path = folder.path().join("state/state.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let outcome = Spool::open(&folder.path().join("state"), 10);
    assert!(matches!(outcome, Err(SpoolError::Newer { found: 99, .. })));
}

#[test]
fn a_state_of_version_1_is_read_on_and_its_pieces_have_no_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/state.db");
    let spool = open(folder.path(), 1_000);
    put(&spool, 5, "a", WhenFull::Block).unwrap();
    drop(spool);
    // As version 1 left it.
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("ALTER TABLE pieces DROP COLUMN format; PRAGMA user_version = 1;")
        .unwrap();
    drop(connection);
    let spool = open(folder.path(), 1_000);
    let piece = spool.take("in").unwrap().unwrap();
    assert_eq!((piece.body.len(), piece.format), (5, None));
    spool.done(piece.id).unwrap();
    put(&spool, 6, "b", WhenFull::Block).unwrap();
    let piece = spool.take("in").unwrap().unwrap();
    assert_eq!((piece.sequence, piece.format.as_deref()), (2, Some("auto")));
}
