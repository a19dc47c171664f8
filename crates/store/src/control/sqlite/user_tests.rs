//! Tests of users, their roles and app passwords on a real folder.

use super::tests::{LATER, NOW, contoso, fabrikam};
use super::*;
use crate::control::{
    NewAppPassword, NewUser, OutsideUser, PasswordGrant, PasswordHash, Totp, TotpSecret, UserChanges,
    UserStatus, UserStore, Vouched,
};
use model::user::UserName;
use tempfile::TempDir;

const ALICE: Uuid = Uuid::from_u128(0xa);
const BOB: Uuid = Uuid::from_u128(0xb);

fn name(text: &str) -> UserName {
    UserName::parse(text).unwrap()
}

fn new_user(object_id: Uuid, tenant: TenantId, text: &str) -> NewUser {
    NewUser {
        object_id,
        tenant,
        name: name(text),
        display_name: "Alice Adams".to_owned(),
        given_name: Some("Alice".to_owned()),
        family_name: None,
        password: Some(PasswordHash("$argon2id$first".to_owned())),
        roles: vec![
            "Security Reader".to_owned(),
            "Reports Reader".to_owned(),
            "Security Reader".to_owned(),
        ],
    }
}

/// A store with two tenants, and `alice@contoso.com` in the first.
fn store() -> (TempDir, SqliteControlStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteControlStore::open(folder.path()).unwrap();
    store.create_tenant(contoso(), &[], "Contoso", NOW).unwrap();
    store.create_tenant(fabrikam(), &[], "Fabrikam", NOW).unwrap();
    store
        .create_user(&new_user(ALICE, contoso(), "alice@contoso.com"), NOW)
        .unwrap();
    (folder, store)
}

fn alice(store: &SqliteControlStore) -> User {
    let user = store.user(ALICE).unwrap().unwrap();
    let by_name = store.user_by_name(contoso(), &name("alice@contoso.com")).unwrap();
    assert_eq!(by_name.as_ref(), Some(&user), "memory and file say the same");
    User::clone(&user)
}

/// What the error says.
fn check<T: std::fmt::Debug>(result: Result<T, ControlError>, expected: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_user_comes_back_with_all_that_belongs_to_it() {
    let (folder, store) = store();
    drop(store);
    let store = SqliteControlStore::open(folder.path()).unwrap();
    let expected = User {
        object_id: ALICE,
        tenant: contoso(),
        name: name("alice@contoso.com"),
        display_name: "Alice Adams".to_owned(),
        given_name: Some("Alice".to_owned()),
        family_name: None,
        created: NOW,
        disabled: None,
        password: Some(PasswordHash("$argon2id$first".to_owned())),
        password_changed: Some(NOW),
        totp: None,
        failures: 0,
        delayed_until: None,
        last_sign_in: None,
        vouched: None,
        roles: vec!["Reports Reader".to_owned(), "Security Reader".to_owned()],
    };
    for _ in ["from the file", "from memory"] {
        assert_eq!(alice(&store), expected);
    }
    assert_eq!(store.users(contoso()).unwrap(), [expected]);
    assert_eq!(store.users(fabrikam()).unwrap(), []);
    assert_eq!(store.user(BOB).unwrap(), None);
}

#[test]
fn a_user_is_found_in_any_case_and_only_in_the_own_tenant() {
    let (_folder, store) = store();
    let find = |tenant, text: &str| {
        let found = store.user_by_name(tenant, &name(text)).unwrap();
        found.map(|user| user.object_id)
    };
    assert_eq!(find(contoso(), "ALICE@Contoso.com"), Some(ALICE));
    assert_eq!(find(fabrikam(), "alice@contoso.com"), None);
    assert_eq!(find(contoso(), "bob@contoso.com"), None);
}

#[test]
fn a_name_is_taken_within_a_tenant_and_free_in_another() {
    let (_folder, store) = store();
    check(
        store.create_user(&new_user(BOB, contoso(), "Alice@contoso.com"), NOW),
        "already a user called alice@contoso.com",
    );
    check(
        store.create_user(&new_user(ALICE, fabrikam(), "x@contoso.com"), NOW),
        "or one with the object id 00000000-0000-0000-0000-00000000000a",
    );
    store
        .create_user(&new_user(BOB, fabrikam(), "alice@contoso.com"), NOW)
        .unwrap();
    check(
        store.create_user(
            &new_user(Uuid::from_u128(3), TenantId::new(Uuid::nil()), "a@b.com"),
            NOW,
        ),
        "no tenant with the id 00000000",
    );
    assert_eq!(store.users(contoso()).unwrap().len(), 1);
    assert_eq!(store.users(fabrikam()).unwrap()[0].object_id, BOB);
}

#[test]
fn a_change_leaves_what_it_does_not_name() {
    let (_folder, store) = store();
    let before = alice(&store);
    let changes = UserChanges {
        display_name: Some("Alice Brown".to_owned()),
        given_name: Some(None),
        family_name: Some(Some("Brown".to_owned())),
        ..UserChanges::default()
    };
    store.update_user(ALICE, &changes, LATER).unwrap();
    let after = alice(&store);
    let expected = User {
        display_name: "Alice Brown".to_owned(),
        given_name: None,
        family_name: Some("Brown".to_owned()),
        ..before
    };
    assert_eq!(after, expected);
    check(
        store.update_user(BOB, &UserChanges::default(), LATER),
        "no user with the object id 00000000-0000-0000-0000-00000000000b",
    );
}

#[test]
fn another_name_must_be_free() {
    let (_folder, store) = store();
    store
        .create_user(&new_user(BOB, contoso(), "bob@contoso.com"), NOW)
        .unwrap();
    let rename = |text: &str| UserChanges {
        name: Some(name(text)),
        display_name: Some("Renamed".to_owned()),
        ..UserChanges::default()
    };
    check(
        store.update_user(BOB, &rename("ALICE@contoso.com"), LATER),
        "already a user called alice@contoso.com",
    );
    let bob = store.user(BOB).unwrap().unwrap();
    assert_eq!(
        (bob.name.as_str(), bob.display_name.as_str()),
        ("bob@contoso.com", "Alice Adams"),
        "all or nothing"
    );
    store
        .update_user(BOB, &rename("robert@contoso.com"), LATER)
        .unwrap();
    assert_eq!(store.user(BOB).unwrap().unwrap().name, name("robert@contoso.com"));
}

#[test]
fn a_user_is_switched_off_and_on() {
    let (_folder, store) = store();
    let switch = |status| UserChanges {
        status: Some(status),
        ..UserChanges::default()
    };
    store
        .update_user(ALICE, &switch(UserStatus::Disabled), NOW)
        .unwrap();
    store
        .update_user(ALICE, &switch(UserStatus::Disabled), LATER)
        .unwrap();
    assert_eq!(alice(&store).disabled, Some(NOW), "since the first time");
    store
        .update_user(ALICE, &switch(UserStatus::Enabled), LATER)
        .unwrap();
    assert_eq!(alice(&store).disabled, None);
}

#[test]
fn a_new_password_forgets_failures() {
    let (_folder, store) = store();
    store.note_failure(ALICE, Some(LATER)).unwrap();
    let hash = PasswordHash("$argon2id$second".to_owned());
    store.set_password(ALICE, Some(&hash), LATER).unwrap();
    let user = alice(&store);
    assert_eq!(user.password, Some(hash));
    assert_eq!(user.password_changed, Some(LATER));
    assert_eq!((user.failures, user.delayed_until), (0, None));
    store.set_password(ALICE, None, LATER).unwrap();
    assert_eq!(alice(&store).password, None);
    check(
        store.set_password(BOB, None, NOW),
        "no user with the object id 00000000",
    );
}

#[test]
fn failures_add_up_until_a_sign_in_succeeds() {
    let (_folder, store) = store();
    store.note_failure(ALICE, None).unwrap();
    store.note_failure(ALICE, Some(LATER)).unwrap();
    let user = alice(&store);
    assert_eq!((user.failures, user.delayed_until), (2, Some(LATER)));
    store.note_sign_in(ALICE, LATER).unwrap();
    let user = alice(&store);
    assert_eq!((user.failures, user.delayed_until), (0, None));
    assert_eq!(user.last_sign_in, Some(LATER));
    check(
        store.note_failure(BOB, None),
        "no user with the object id 00000000",
    );
    check(
        store.note_sign_in(BOB, NOW),
        "no user with the object id 00000000",
    );
}

#[test]
fn a_step_of_one_time_codes_counts_once() {
    let (_folder, store) = store();
    assert!(!store.use_totp_step(ALICE, 7).unwrap(), "no second factor");
    let secret = TotpSecret(vec![1, 2, 3]);
    store.set_totp(ALICE, Some(&secret)).unwrap();
    assert!(store.use_totp_step(ALICE, 7).unwrap());
    assert!(!store.use_totp_step(ALICE, 7).unwrap(), "used");
    assert!(
        !store.use_totp_step(ALICE, 6).unwrap(),
        "before one that was used"
    );
    assert!(store.use_totp_step(ALICE, 8).unwrap());
    let expected = Totp {
        secret: secret.clone(),
        last_step: Some(8),
    };
    assert_eq!(alice(&store).totp, Some(expected));
    store.set_totp(ALICE, Some(&secret)).unwrap();
    assert!(store.use_totp_step(ALICE, 7).unwrap(), "a new secret begins anew");
    store.set_totp(ALICE, None).unwrap();
    assert_eq!(alice(&store).totp, None);
}

#[test]
fn roles_are_given_and_taken() {
    let (_folder, store) = store();
    assert!(store.add_role(ALICE, "Global Administrator").unwrap());
    assert!(!store.add_role(ALICE, "Global Administrator").unwrap());
    assert!(store.remove_role(ALICE, "Reports Reader").unwrap());
    assert!(!store.remove_role(ALICE, "Reports Reader").unwrap());
    assert_eq!(alice(&store).roles, ["Global Administrator", "Security Reader"]);
    check(store.add_role(BOB, "x"), "no user with the object id 00000000");
    check(store.remove_role(BOB, "x"), "no user with the object id 00000000");
}

fn app_password(id: u128, byte: u8, expires: Option<Timestamp>) -> NewAppPassword {
    NewAppPassword {
        id: Uuid::from_u128(id),
        name: "Excel".to_owned(),
        hash: [byte; 32],
        hint: "abc".to_owned(),
        expires,
    }
}

#[test]
fn an_app_password_is_found_by_its_hash_until_it_is_deleted() {
    let (_folder, store) = store();
    store
        .add_app_password(ALICE, &app_password(1, 1, Some(LATER)), NOW)
        .unwrap();
    store
        .add_app_password(ALICE, &app_password(2, 2, None), LATER)
        .unwrap();
    let expected = AppPassword {
        id: Uuid::from_u128(1),
        user: ALICE,
        name: "Excel".to_owned(),
        hint: "abc".to_owned(),
        created: NOW,
        expires: Some(LATER),
        last_used: None,
    };
    for _ in ["from the file", "from memory"] {
        assert_eq!(store.app_password([1; 32]).unwrap().as_deref(), Some(&expected));
    }
    assert_eq!(store.app_password([3; 32]).unwrap(), None);
    store.note_app_password_use(Uuid::from_u128(1), LATER).unwrap();
    let used = store.app_password([1; 32]).unwrap().unwrap();
    assert_eq!(used.last_used, Some(LATER));
    let ids: Vec<Uuid> = store
        .app_passwords(ALICE)
        .unwrap()
        .iter()
        .map(|password| password.id)
        .collect();
    assert_eq!(ids, [Uuid::from_u128(1), Uuid::from_u128(2)]);

    assert!(
        !store.delete_app_password(BOB, Uuid::from_u128(1)).unwrap(),
        "another's"
    );
    assert!(store.delete_app_password(ALICE, Uuid::from_u128(1)).unwrap());
    assert!(!store.delete_app_password(ALICE, Uuid::from_u128(1)).unwrap());
    assert_eq!(store.app_password([1; 32]).unwrap(), None);
    check(
        store.add_app_password(BOB, &app_password(3, 3, None), NOW),
        "no user with the object id 00000000",
    );
}

#[test]
fn a_deleted_user_leaves_nothing_behind() {
    let (_folder, store) = store();
    store
        .add_app_password(ALICE, &app_password(1, 1, None), NOW)
        .unwrap();
    assert!(store.app_password([1; 32]).unwrap().is_some());
    assert!(store.delete_user(ALICE).unwrap());
    assert!(!store.delete_user(ALICE).unwrap());
    assert_eq!(store.user(ALICE).unwrap(), None);
    assert_eq!(store.app_password([1; 32]).unwrap(), None);
    for table in ["user_roles", "app_passwords"] {
        let rows: i64 = store
            .connection()
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

#[test]
fn no_secret_of_a_user_is_printed() {
    let (_folder, store) = store();
    store
        .set_totp(ALICE, Some(&TotpSecret(vec![211, 212, 213])))
        .unwrap();
    let printed = format!("{:?} {:?}", alice(&store), app_password(1, 214, None));
    for secret in ["argon2id", "211", "214"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn a_tenant_is_renamed_and_its_settings_are_switched() {
    let (_folder, store) = store();
    let settings = || store.tenant_by_id(contoso()).unwrap().unwrap().settings;
    assert_eq!(settings().password_grant, PasswordGrant::Refused);
    for password_grant in [PasswordGrant::Allowed, PasswordGrant::Refused] {
        store
            .set_tenant_settings(contoso(), TenantSettings { password_grant })
            .unwrap();
        assert_eq!(settings().password_grant, password_grant);
    }
    store.set_tenant_display_name(contoso(), "Contoso Ltd").unwrap();
    assert_eq!(
        store.tenant_by_id(contoso()).unwrap().unwrap().display_name,
        "Contoso Ltd"
    );
    let domain = TenantName::parse("contoso.example").unwrap();
    store.add_tenant_name(contoso(), &domain).unwrap();
    assert!(
        !store.remove_tenant_name(fabrikam(), &domain).unwrap(),
        "another's"
    );
    assert!(store.remove_tenant_name(contoso(), &domain).unwrap());
    assert_eq!(store.tenant_by_name(&domain).unwrap(), None);
    check(
        store.set_tenant_display_name(TenantId::new(Uuid::nil()), "x"),
        "no tenant with the id 00000000",
    );
}

fn outsider(object_id: Uuid, names: &[&str], roles: &[&str]) -> OutsideUser {
    OutsideUser {
        object_id,
        tenant: contoso(),
        names: names.iter().map(|text| name(text)).collect(),
        display_name: "Olga".to_owned(),
        given_name: None,
        family_name: None,
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        issuer: "https://id.example".to_owned(),
        subject: "olga".to_owned(),
    }
}

#[test]
fn somebody_from_outside_has_the_roles_of_the_last_sign_in() {
    let (folder, store) = store();
    let kept = |store: &SqliteControlStore| {
        let user = store.user(BOB).unwrap().unwrap();
        (user.name.to_string(), user.roles.clone(), user.vouched.clone())
    };
    let word = |signed_in| {
        Some(Vouched {
            issuer: "https://id.example".to_owned(),
            signed_in,
        })
    };
    let first = outsider(
        BOB,
        &["olga#ext#@contoso.com"],
        &["Reports Reader", "Security Reader"],
    );
    store.keep_outsider(&first, NOW).unwrap();
    let roles = vec!["Reports Reader".to_owned(), "Security Reader".to_owned()];
    assert_eq!(
        kept(&store),
        ("olga#ext#@contoso.com".to_owned(), roles, word(NOW))
    );
    let second = outsider(BOB, &["o#ext#@contoso.com"], &["Reports Reader"]);
    store.keep_outsider(&second, LATER).unwrap();
    drop(store);
    let store = SqliteControlStore::open(folder.path()).unwrap();
    let roles = vec!["Reports Reader".to_owned()];
    assert_eq!(
        kept(&store),
        ("o#ext#@contoso.com".to_owned(), roles, word(LATER))
    );
    assert!(store.delete_user(BOB).unwrap());
    assert_eq!(store.user(BOB).unwrap(), None);
}

#[test]
fn somebody_from_outside_takes_nobodys_name() {
    let (_folder, store) = store();
    let names = ["alice@contoso.com", "alice#ext#@contoso.com"];
    store.keep_outsider(&outsider(BOB, &names, &[]), NOW).unwrap();
    assert_eq!(
        store.user(BOB).unwrap().unwrap().name,
        name("alice#ext#@contoso.com")
    );
    assert_eq!(alice(&store).name, name("alice@contoso.com"));
    check(
        store.keep_outsider(&outsider(Uuid::from_u128(0xc), &names, &[]), NOW),
        "alice@contoso.com",
    );
    // Known already, and no other name is free: the old one stays.
    store
        .keep_outsider(&outsider(BOB, &names[..1], &[]), LATER)
        .unwrap();
    assert_eq!(
        store.user(BOB).unwrap().unwrap().name,
        name("alice#ext#@contoso.com")
    );
}
