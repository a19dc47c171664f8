//! What detection keeps, on a real folder.

use super::tests::{LATER, check, contoso, fabrikam, store, store_in};
use super::*;
use crate::control::{DetectionCursor, DetectionSnapshot, DetectionStore};

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
