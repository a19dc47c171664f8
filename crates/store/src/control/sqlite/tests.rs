//! Tests of the control store on a real folder.

use super::*;
use crate::control::schema::{APPLICATION_ID, FROM_1_TO_2, SCHEMA};
use crate::control::{
    AppCertificate, AppKind, AppPermission, AppSecret, DetectionStore, PermissionKind, SCHEMA_VERSION,
};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

pub(super) const NOW: Timestamp = Timestamp::from_unix_seconds(1_495_000_000);
pub(super) const LATER: Timestamp = Timestamp::from_ticks(14_950_000_010_000_001);

pub(super) fn contoso() -> TenantId {
    TenantId::parse("a2aa49aa-2c0c-49d2-af87-f402c421df0b").unwrap()
}

pub(super) fn fabrikam() -> TenantId {
    TenantId::parse("b2aa49aa-2c0c-49d2-af87-f402c421df0b").unwrap()
}

fn name(text: &str) -> TenantName {
    TenantName::parse(text).unwrap()
}

pub(super) fn store_in(folder: &TempDir) -> SqliteControlStore {
    SqliteControlStore::open(folder.path()).unwrap()
}

/// A store with two tenants.
pub(super) fn store() -> (TempDir, SqliteControlStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = store_in(&folder);
    store
        .create_tenant(
            contoso(),
            &[name("contoso.com"), name("contoso.example")],
            "Contoso",
            NOW,
        )
        .unwrap();
    store
        .create_tenant(fabrikam(), &[name("fabrikam.com")], "Fabrikam", LATER)
        .unwrap();
    (folder, store)
}

const CLIENT: Uuid = Uuid::from_u128(7);

fn new_app(client_id: Uuid, tenant: TenantId) -> NewApp {
    let permission = |kind, name: &str| AppPermission {
        kind,
        name: name.to_owned(),
    };
    NewApp {
        client_id,
        tenant,
        object_id: Uuid::from_u128(client_id.as_u128() + 1000),
        name: "SIEM".to_owned(),
        kind: AppKind::Confidential,
        permissions: vec![
            permission(PermissionKind::Delegated, "Directory.Read.All"),
            permission(PermissionKind::Application, "Ingest"),
            permission(PermissionKind::Application, "Directory.Read.All"),
            permission(PermissionKind::Application, "Ingest"),
        ],
        reply_addresses: vec!["https://localhost".to_owned(), "https://localhost".to_owned()],
        roles: vec!["Security Reader".to_owned()],
    }
}

fn secret(byte: u8, expires: Option<Timestamp>) -> NewAppSecret {
    NewAppSecret {
        hash: [byte; 32],
        hint: "abc".to_owned(),
        expires,
    }
}

/// What the error says.
pub(super) fn check<T: std::fmt::Debug>(result: Result<T, ControlError>, expected: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_tenant_is_found_by_its_id_and_by_each_of_its_names() {
    let (folder, store) = store();
    let expected = Tenant {
        id: contoso(),
        names: vec![name("contoso.com"), name("contoso.example")],
        display_name: "Contoso".to_owned(),
        created: NOW,
        settings: TenantSettings::default(),
    };
    let see = |store: &SqliteControlStore| {
        for _ in ["from the file", "from memory"] {
            assert_eq!(store.tenant_by_id(contoso()).unwrap().as_deref(), Some(&expected));
            assert_eq!(
                store.tenant_by_name(&name("contoso.com")).unwrap().as_deref(),
                Some(&expected)
            );
            assert_eq!(
                store.tenant_by_name(&name("contoso.example")).unwrap().as_deref(),
                Some(&expected)
            );
        }
        assert_eq!(store.tenant_by_name(&name("nowhere.com")).unwrap(), None);
        assert_eq!(store.tenant_by_id(TenantId::new(Uuid::nil())).unwrap(), None);
        let ids: Vec<TenantId> = store.tenants().unwrap().iter().map(|tenant| tenant.id).collect();
        assert_eq!(ids, [contoso(), fabrikam()]);
    };
    see(&store);
    drop(store);
    see(&store_in(&folder));
}

#[test]
fn two_tenants_cannot_share_a_name_or_an_id() {
    let (_folder, store) = store();
    check(
        store.create_tenant(contoso(), &[], "Again", NOW),
        "already a tenant with the id a2aa49aa",
    );
    let third = TenantId::new(Uuid::from_u128(3));
    let names = [name("free.com"), name("fabrikam.com")];
    let expected =
        "the name `fabrikam.com` belongs to the tenant b2aa49aa-2c0c-49d2-af87-f402c421df0b already";
    check(store.create_tenant(third, &names, "Third", NOW), expected);
    check(store.add_tenant_name(contoso(), &name("Fabrikam.COM")), expected);
    assert_eq!(store.tenant_by_id(third).unwrap(), None, "all or nothing");
    assert_eq!(
        store.tenant_by_name(&name("free.com")).unwrap(),
        None,
        "all or nothing"
    );
}

#[test]
fn a_tenant_gets_more_names_and_an_old_one_again() {
    let (_folder, store) = store();
    let names = |store: &SqliteControlStore| store.tenant_by_id(fabrikam()).unwrap().unwrap().names.clone();
    assert_eq!(names(&store), [name("fabrikam.com")]);
    store
        .add_tenant_name(fabrikam(), &name("a.fabrikam.com"))
        .unwrap();
    store.add_tenant_name(fabrikam(), &name("fabrikam.com")).unwrap();
    assert_eq!(names(&store), [name("fabrikam.com"), name("a.fabrikam.com")]);
    check(
        store.add_tenant_name(TenantId::new(Uuid::nil()), &name("x.com")),
        "no tenant with the id 00000000",
    );
    let nameless = TenantId::new(Uuid::from_u128(3));
    store.create_tenant(nameless, &[], "", NOW).unwrap();
    assert!(store.tenant_by_id(nameless).unwrap().unwrap().names.is_empty());
}

#[test]
fn an_application_comes_back_with_all_that_belongs_to_it() {
    let (folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    store.add_secret(CLIENT, &secret(2, Some(LATER)), LATER).unwrap();
    store.add_secret(CLIENT, &secret(9, None), NOW).unwrap();
    for expires in [None, Some(LATER)] {
        let certificate = NewAppCertificate {
            thumbprint: [5; 32],
            public_key: vec![1, 2, 3],
            expires,
        };
        store.add_certificate(CLIENT, &certificate, NOW).unwrap();
    }
    drop(store);
    let store = store_in(&folder);
    let permission = |kind, name: &str| AppPermission {
        kind,
        name: name.to_owned(),
    };
    let expected = App {
        client_id: CLIENT,
        tenant: contoso(),
        object_id: Uuid::from_u128(1007),
        name: "SIEM".to_owned(),
        kind: AppKind::Confidential,
        created: NOW,
        disabled: None,
        certificates: vec![AppCertificate {
            thumbprint: [5; 32],
            public_key: vec![1, 2, 3],
            created: NOW,
            expires: Some(LATER),
        }],
        secrets: vec![
            AppSecret {
                hash: [9; 32],
                hint: "abc".to_owned(),
                created: NOW,
                expires: None,
            },
            AppSecret {
                hash: [2; 32],
                hint: "abc".to_owned(),
                created: LATER,
                expires: Some(LATER),
            },
        ],
        permissions: vec![
            permission(PermissionKind::Application, "Directory.Read.All"),
            permission(PermissionKind::Application, "Ingest"),
            permission(PermissionKind::Delegated, "Directory.Read.All"),
        ],
        reply_addresses: vec!["https://localhost".to_owned()],
        roles: vec!["Security Reader".to_owned()],
    };
    assert_eq!(store.app(CLIENT).unwrap().as_deref(), Some(&expected));
    assert_eq!(store.apps(contoso()).unwrap(), [expected]);
    assert_eq!(store.apps(fabrikam()).unwrap(), []);
    assert_eq!(store.app(Uuid::nil()).unwrap(), None);
}

#[test]
fn an_application_has_an_id_of_its_own_and_a_tenant() {
    let (_folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    check(
        store.create_app(&new_app(CLIENT, fabrikam()), NOW),
        "already an application with the client id",
    );
    let same_principal = NewApp {
        client_id: Uuid::from_u128(8),
        ..new_app(CLIENT, contoso())
    };
    check(
        store.create_app(&same_principal, NOW),
        "already an application with the client id",
    );
    let nowhere = new_app(Uuid::from_u128(9), TenantId::new(Uuid::nil()));
    check(store.create_app(&nowhere, NOW), "no tenant with the id 00000000");
}

#[test]
fn an_application_can_be_one_that_keeps_no_secret() {
    let (_folder, store) = store();
    let public = NewApp {
        kind: AppKind::Public,
        ..new_app(CLIENT, contoso())
    };
    store.create_app(&public, NOW).unwrap();
    assert_eq!(store.app(CLIENT).unwrap().unwrap().kind, AppKind::Public);
}

#[test]
fn an_application_is_switched_off_and_on() {
    let (_folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    let since = |store: &SqliteControlStore| store.app(CLIENT).unwrap().unwrap().disabled;
    assert_eq!(since(&store), None);
    store.set_app_status(CLIENT, AppStatus::Disabled, NOW).unwrap();
    store.set_app_status(CLIENT, AppStatus::Disabled, LATER).unwrap();
    assert_eq!(since(&store), Some(NOW), "since the first time");
    store.set_app_status(CLIENT, AppStatus::Enabled, LATER).unwrap();
    assert_eq!(since(&store), None);
    check(
        store.set_app_status(Uuid::nil(), AppStatus::Enabled, NOW),
        "no application with the client id 00000000",
    );
}

#[test]
fn a_secret_is_added_and_given_another_end() {
    let (_folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    store.add_secret(CLIENT, &secret(1, None), NOW).unwrap();
    store.add_secret(CLIENT, &secret(1, Some(LATER)), LATER).unwrap();
    let secrets = store.app(CLIENT).unwrap().unwrap().secrets.clone();
    assert_eq!(
        secrets,
        [AppSecret {
            hash: [1; 32],
            hint: "abc".to_owned(),
            created: NOW,
            expires: Some(LATER)
        }]
    );
    check(
        store.add_secret(Uuid::nil(), &secret(1, None), NOW),
        "no application with the client id 00000000",
    );
    assert!(!format!("{secrets:?}").contains("1, 1, 1"), "no hash is printed");
}

#[test]
fn a_deleted_application_leaves_nothing_behind() {
    let (_folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    store.add_secret(CLIENT, &secret(1, None), NOW).unwrap();
    assert!(store.app(CLIENT).unwrap().is_some());
    assert!(store.delete_app(CLIENT).unwrap());
    assert!(!store.delete_app(CLIENT).unwrap());
    assert_eq!(store.app(CLIENT).unwrap(), None);
    for table in [
        "app_secrets",
        "app_permissions",
        "app_reply_addresses",
        "app_roles",
    ] {
        let rows: i64 = store
            .connection()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn signing_keys_are_listed_newest_first() {
    let (folder, store) = store();
    let key = |kid: &str, created, not_after| SigningKeyRecord {
        kid: kid.to_owned(),
        created,
        not_after,
        file_name: format!("{kid}.pem"),
    };
    store.put_signing_key(&key("old", NOW, None)).unwrap();
    store.put_signing_key(&key("new", LATER, None)).unwrap();
    store.put_signing_key(&key("old", NOW, Some(LATER))).unwrap();
    drop(store);
    assert_eq!(
        store_in(&folder).signing_keys().unwrap(),
        [key("new", LATER, None), key("old", NOW, Some(LATER))]
    );
}

#[test]
fn checkpoints_belong_to_a_tenant() {
    let (folder, store) = store();
    assert_eq!(store.checkpoint(contoso(), "entra").unwrap(), None);
    store.put_checkpoint(contoso(), "entra", b"a", NOW).unwrap();
    store
        .put_checkpoint(contoso(), "entra", b"b\0\xff", LATER)
        .unwrap();
    store.put_checkpoint(contoso(), "okta", b"", NOW).unwrap();
    drop(store);
    let store = store_in(&folder);
    assert_eq!(
        store.checkpoint(contoso(), "entra").unwrap().as_deref(),
        Some(b"b\0\xff".as_slice())
    );
    assert_eq!(
        store.checkpoint(contoso(), "okta").unwrap().as_deref(),
        Some(b"".as_slice())
    );
    assert_eq!(store.checkpoint(fabrikam(), "entra").unwrap(), None);
    let nobody = TenantId::new(Uuid::nil());
    check(
        store.put_checkpoint(nobody, "entra", b"", NOW),
        "no tenant with the id 00000000",
    );
}

#[test]
fn only_the_owner_can_read_the_files() {
    let (folder, store) = store();
    let mode = |file: &str| {
        fs::metadata(folder.path().join(file))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("control.db"), 0o600);
    assert_eq!(mode("control.db-wal"), 0o600);
    drop(store);
    fs::set_permissions(
        folder.path().join("control.db"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let _store = store_in(&folder);
    assert_eq!(mode("control.db"), 0o600, "a wider mode is narrowed");
}

#[test]
fn an_acknowledged_change_is_on_disk() {
    let (_folder, store) = store();
    let connection = store.connection();
    let pragma = |name: &str| -> String {
        connection
            .query_row(
                &format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"),
                [],
                |row| row.get(0),
            )
            .unwrap()
    };
    assert_eq!(pragma("journal_mode"), "wal");
    assert_eq!(pragma("synchronous"), "2", "FULL");
    assert_eq!(pragma("foreign_keys"), "1");
    assert_eq!(pragma("locking_mode"), "exclusive");
    assert_eq!(pragma("user_version"), SCHEMA_VERSION.to_string());
}

#[test]
fn a_file_of_any_older_version_is_brought_up() {
    for version in 1..SCHEMA_VERSION {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("control.db")).unwrap();
        let since = if version > 1 { FROM_1_TO_2 } else { "" };
        connection
            .execute_batch(&format!(
                "{SCHEMA} {since} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};
                 INSERT INTO tenants VALUES (x'A2AA49AA2C0C49D2AF87F402C421DF0B', 0, 'Contoso');
                 INSERT INTO cursors VALUES (x'A2AA49AA2C0C49D2AF87F402C421DF0B', 'travel', 7);"
            ))
            .unwrap();
        drop(connection);
        for start in ["first", "second"] {
            let store = store_in(&folder);
            let outsiders: i64 = store
                .connection()
                .query_row("SELECT count(*) FROM outside_users", [], |row| row.get(0))
                .unwrap();
            assert_eq!(outsiders, 0, "{version}, {start}");
            assert_eq!(
                store.tenants().unwrap().len(),
                1,
                "what was there is there: {version}, {start}"
            );
            assert_eq!(store.detection_cursor(contoso()).unwrap(), None);
        }
    }
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let (folder, store) = store();
    store
        .connection()
        .pragma_update(None, "user_version", SCHEMA_VERSION + 1)
        .unwrap();
    drop(store);
    let before = fs::read(folder.path().join("control.db")).unwrap();
    let error = SqliteControlStore::open(folder.path()).err().unwrap();
    check(
        Err::<(), _>(error),
        "written by a newer version of Gatelog (schema 4, this version knows 3)",
    );
    assert_eq!(fs::read(folder.path().join("control.db")).unwrap(), before);
}

#[test]
fn a_file_that_is_not_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE notes (text)")
        .unwrap();
    check(
        SqliteControlStore::open(folder.path()).map(|_| ()),
        "is no control store of Gatelog",
    );
    fs::write(&path, "x".repeat(5000)).unwrap();
    check(
        SqliteControlStore::open(folder.path()).map(|_| ()),
        "is no control store of Gatelog",
    );
}

#[test]
fn a_file_that_another_has_open_is_refused() {
    let (folder, store) = store();
    check(
        SqliteControlStore::open(folder.path()).map(|_| ()),
        "is in use by another process",
    );
    drop(store);
    store_in(&folder);
}

#[test]
fn an_empty_file_left_by_a_kill_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("control.db"), "").unwrap();
    assert_eq!(store_in(&folder).tenants().unwrap(), []);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    check(SqliteControlStore::open(&missing).map(|_| ()), "could not make");
}

#[test]
fn a_change_is_seen_by_every_thread_at_once() {
    let (_folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..200 {
                    assert!(store.app(CLIENT).unwrap().is_some());
                }
            });
        }
        for _ in 0..10 {
            store.set_app_status(CLIENT, AppStatus::Disabled, NOW).unwrap();
            assert_eq!(store.app(CLIENT).unwrap().unwrap().disabled, Some(NOW));
            store.set_app_status(CLIENT, AppStatus::Enabled, NOW).unwrap();
            assert_eq!(store.app(CLIENT).unwrap().unwrap().disabled, None);
        }
    });
}

#[test]
fn a_deleted_tenant_leaves_nothing_and_its_names_are_free() {
    let (_folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    store.add_secret(CLIENT, &secret(1, None), NOW).unwrap();
    store.put_checkpoint(contoso(), "feed", b"1", NOW).unwrap();
    assert!(store.app(CLIENT).unwrap().is_some(), "remembered");
    assert!(store.delete_tenant(contoso()).unwrap());
    assert!(!store.delete_tenant(contoso()).unwrap());
    assert_eq!(store.app(CLIENT).unwrap(), None);
    assert_eq!(store.tenant_by_id(contoso()).unwrap(), None);
    assert_eq!(store.tenant_by_name(&name("contoso.com")).unwrap(), None);
    assert_eq!(store.checkpoint(contoso(), "feed").unwrap(), None);
    assert!(store.tenant_by_id(fabrikam()).unwrap().is_some());
    store.add_tenant_name(fabrikam(), &name("contoso.com")).unwrap();
    store.create_tenant(contoso(), &[], "Contoso", LATER).unwrap();
    assert_eq!(store.apps(contoso()).unwrap(), []);
}

#[test]
fn an_application_is_changed_and_loses_a_secret() {
    let (_folder, store) = store();
    store.create_app(&new_app(CLIENT, contoso()), NOW).unwrap();
    let ingest = AppPermission {
        kind: PermissionKind::Application,
        name: "Ingest".to_owned(),
    };
    let changes = AppChanges {
        name: Some("Other".to_owned()),
        add_permissions: vec![ingest.clone()],
        remove_permissions: vec![AppPermission {
            kind: PermissionKind::Application,
            name: "Directory.Read.All".to_owned(),
        }],
        add_reply_addresses: vec!["https://other".to_owned()],
        remove_reply_addresses: vec!["https://localhost".to_owned(), "https://nowhere".to_owned()],
    };
    for _ in ["changed", "the same again"] {
        store.update_app(CLIENT, &changes).unwrap();
        let app = store.app(CLIENT).unwrap().unwrap();
        assert_eq!(app.name, "Other");
        let delegated = AppPermission {
            kind: PermissionKind::Delegated,
            name: "Directory.Read.All".to_owned(),
        };
        assert_eq!(app.permissions, [ingest.clone(), delegated]);
        assert_eq!(app.reply_addresses, ["https://other"]);
    }
    store.update_app(CLIENT, &AppChanges::default()).unwrap();
    assert_eq!(store.app(CLIENT).unwrap().unwrap().name, "Other");
    check(
        store.update_app(Uuid::nil(), &AppChanges::default()),
        "application",
    );
    store.add_secret(CLIENT, &secret(1, None), NOW).unwrap();
    assert!(store.delete_secret(CLIENT, [1; 32]).unwrap());
    assert!(!store.delete_secret(CLIENT, [1; 32]).unwrap());
    assert_eq!(store.app(CLIENT).unwrap().unwrap().secrets, []);
}
