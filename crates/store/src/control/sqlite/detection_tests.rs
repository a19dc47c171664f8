//! What detection keeps, on a real folder.

use super::tests::{LATER, check, contoso, fabrikam, store, store_in};
use super::*;
use crate::control::{
    DETECTION_FILE_NAME, DetectionCursor, DetectionGrounds, DetectionSnapshot, DetectionStore, KeptSubject,
};
use std::os::unix::fs::PermissionsExt;

#[test]
fn how_far_detection_came_is_of_a_tenant_and_goes_with_it() {
    let (folder, store) = store();
    let at = |epoch, commit| DetectionCursor { epoch, commit };
    assert_eq!(store.detection_cursor(contoso()).unwrap(), None);
    store.put_detection_cursor(contoso(), at(1, 7)).unwrap();
    store.put_detection_cursor(contoso(), at(2, 5)).unwrap();
    store
        .put_detection_cursor(fabrikam(), at(u64::MAX, u64::MAX))
        .unwrap();
    let nobody = TenantId::new(Uuid::nil());
    check(
        store.put_detection_cursor(nobody, at(1, 1)),
        "no tenant with the id 00000000",
    );
    drop(store);
    let store = store_in(&folder);
    assert_eq!(store.detection_cursor(contoso()).unwrap(), Some(at(2, 5)));
    assert_eq!(
        store.detection_cursor(fabrikam()).unwrap(),
        Some(at(u64::MAX, u64::MAX))
    );
    store.delete_tenant(contoso()).unwrap();
    assert_eq!(store.detection_cursor(contoso()).unwrap(), None);
}

#[test]
fn snapshots_are_kept_by_name_and_version_and_go_when_they_are_old() {
    let (folder, store) = store();
    let snapshot = |name: &str, version, bytes: &[u8]| DetectionSnapshot {
        name: name.to_owned(),
        version,
        as_of: LATER,
        bytes: bytes.to_vec(),
    };
    let of = |store: &SqliteControlStore, tenant, name, version| {
        let found = store.detection_snapshot(tenant, name, version).unwrap();
        found.map(|found| (found.version, found.as_of, found.bytes))
    };
    for kept in [
        snapshot("habits", 1, b"old"),
        snapshot("habits", 3, b"\0\xff"),
        snapshot("habits", 2, b""),
        snapshot("habits", 1, b"one"),
        snapshot("engine", 9, b"state"),
    ] {
        store.put_detection_snapshot(contoso(), &kept).unwrap();
    }
    drop(store);
    let store = store_in(&folder);
    let newest = Some((3, LATER, b"\0\xff".to_vec()));
    assert_eq!(of(&store, contoso(), "habits", None), newest);
    assert_eq!(
        of(&store, contoso(), "habits", Some(1)),
        Some((1, LATER, b"one".to_vec()))
    );
    assert_eq!(of(&store, contoso(), "habits", Some(4)), None);
    assert_eq!(of(&store, fabrikam(), "habits", None), None);
    assert_eq!(
        store.remove_detection_snapshots(contoso(), "habits", 3).unwrap(),
        2
    );
    assert_eq!(of(&store, contoso(), "habits", Some(2)), None);
    assert_eq!(of(&store, contoso(), "habits", None), newest);
    assert_eq!(
        of(&store, contoso(), "engine", None),
        Some((9, LATER, b"state".to_vec()))
    );
    let nobody = TenantId::new(Uuid::nil());
    check(
        store.put_detection_snapshot(nobody, &snapshot("habits", 1, b"")),
        "no tenant with the id 00000000",
    );
}

fn kept(name: &str, state: Option<&[u8]>) -> KeptSubject {
    KeptSubject {
        name: name.to_owned(),
        state: state.map(<[u8]>::to_vec),
    }
}

const fn grounds(number: u64, last_commit: u64) -> DetectionGrounds {
    DetectionGrounds { number, last_commit }
}

/// The states of these names.
fn states(store: &SqliteControlStore, tenant: TenantId, names: &[&str]) -> Vec<Option<String>> {
    let state = |name: &&str| store.detection_subject(tenant, name).unwrap();
    let states = names.iter().map(state);
    states
        .map(|state| state.map(|state| String::from_utf8(state).unwrap()))
        .collect()
}

#[test]
fn states_are_kept_until_they_are_removed_or_what_they_rest_on_changes() {
    let (folder, store) = store();
    let file = folder.path().join(DETECTION_FILE_NAME);
    let put = |store: &SqliteControlStore, tenant, at, subjects: &[KeptSubject]| {
        store.put_detection_subjects(tenant, at, LATER, subjects)
    };
    // Nothing is made for nothing.
    assert_eq!(states(&store, contoso(), &["ann"]), [None]);
    put(&store, contoso(), grounds(1, 5), &[kept("ann", None)]).unwrap();
    store.retain_detection_subjects(contoso(), grounds(1, 5)).unwrap();
    store.clear_detection_subjects(contoso()).unwrap();
    assert!(!file.exists());
    let three = [
        kept("ann", Some(b"1")),
        kept("bob", Some(b"2")),
        kept("203.0.113.7", Some(b"")),
    ];
    put(&store, contoso(), grounds(1, 5), &three).unwrap();
    put(&store, fabrikam(), grounds(1, 5), &three[..1]).unwrap();
    put(
        &store,
        contoso(),
        grounds(1, 6),
        &[kept("ann", None), kept("bob", Some(b"3"))],
    )
    .unwrap();
    let names = ["ann", "bob", "203.0.113.7"];
    let some = |text: &str| Some(text.to_owned());
    drop(store);
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let store = store_in(&folder);
    assert_eq!(states(&store, contoso(), &names), [None, some("3"), some("")]);
    // A commit that there is not: the folder is not what it was.
    store.retain_detection_subjects(contoso(), grounds(1, 5)).unwrap();
    assert_eq!(states(&store, contoso(), &names), [None, None, some("")]);
    store.retain_detection_subjects(contoso(), grounds(2, 9)).unwrap();
    assert_eq!(states(&store, contoso(), &names), [None, None, None]);
    assert_eq!(states(&store, fabrikam(), &names), [some("1"), None, None]);
    store.delete_tenant(fabrikam()).unwrap();
    assert_eq!(states(&store, fabrikam(), &names), [None, None, None]);
    check(
        put(&store, fabrikam(), grounds(1, 5), &three),
        &format!("no tenant with the id {fabrikam}", fabrikam = fabrikam().guid()),
    );
    assert_eq!(states(&store, fabrikam(), &names), [None, None, None]);
}

#[test]
fn of_too_many_states_those_that_were_kept_longest_ago_go() {
    let (folder, _store) = store();
    let few = subjects::Subjects::keeping(
        folder.path(),
        subjects::Bound {
            most: 3,
            most_bytes: 1 << 30,
        },
    );
    for (second, name) in ["a", "b", "c", "d", "a", "e", "f"].iter().enumerate() {
        let at = LATER.plus_seconds(second as i64);
        few.put(contoso(), grounds(1, 1), at, &[kept(name, Some(b"state"))])
            .unwrap();
    }
    let is_there = |name: &&str| few.get(contoso(), name).unwrap().is_some();
    let there: Vec<&str> = ["a", "b", "c", "d", "e", "f"]
        .into_iter()
        .filter(|name| is_there(name))
        .collect();
    assert_eq!(there, ["a", "e", "f"]);
}

#[test]
fn a_file_of_states_that_is_damaged_or_of_another_form_is_made_anew() {
    let of_another_form = || {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        let other = rusqlite::Connection::open(&path).unwrap();
        other
            .execute_batch("CREATE TABLE subjects (name TEXT); PRAGMA user_version = 99;")
            .unwrap();
        drop(other);
        std::fs::read(&path).unwrap()
    };
    for content in [b"no database, but long enough to be looked at as one, which takes a hundred bytes or some more than that".to_vec(), of_another_form()] {
        let (folder, store) = store();
        let path = folder.path().join(DETECTION_FILE_NAME);
        std::fs::write(&path, &content).unwrap();
        assert_eq!(states(&store, contoso(), &["ann"]), [None]);
        store
            .put_detection_subjects(contoso(), grounds(1, 1), LATER, &[kept("ann", Some(b"state"))])
            .unwrap();
        drop(store);
        let store = store_in(&folder);
        assert_eq!(states(&store, contoso(), &["ann"]), [Some("state".to_owned())]);
    }
}

#[test]
fn of_states_that_are_too_large_some_go_although_they_are_few() {
    let (folder, _store) = store();
    let bound = subjects::Bound {
        most: 1_000,
        most_bytes: 256 << 10,
    };
    let few = subjects::Subjects::keeping(folder.path(), bound);
    let state = vec![7; 1_000];
    for number in 0..3_000 {
        let name = number.to_string();
        few.put(
            contoso(),
            grounds(1, 1),
            LATER.plus_seconds(number),
            &[kept(&name, Some(&state))],
        )
        .unwrap();
    }
    let there = |from: i64, to: i64| {
        let is_there = |number: &i64| few.get(contoso(), &number.to_string()).unwrap().is_some();
        (from..to).filter(is_there).count()
    };
    // Looked for at the first and after every thousand: of the two thousand and one that were there a thousand may stay, and nine tenths of them do.
    assert_eq!((there(0, 2_001), there(2_001, 3_000)), (900, 999));
}

#[test]
fn a_file_that_cannot_be_written_is_thrown_away_and_nobody_waits_for_it() {
    let (folder, store) = store();
    let path = folder.path().join(DETECTION_FILE_NAME);
    store
        .put_detection_subjects(contoso(), grounds(1, 1), LATER, &[kept("ann", Some(b"state"))])
        .unwrap();
    // Another table in the place of ours: no statement can be carried out.
    drop(store);
    let other = rusqlite::Connection::open(&path).unwrap();
    other
        .execute_batch("ALTER TABLE subjects RENAME TO others")
        .unwrap();
    drop(other);
    let store = store_in(&folder);
    assert_eq!(states(&store, contoso(), &["ann"]), [None]);
    assert!(!path.exists());
}
