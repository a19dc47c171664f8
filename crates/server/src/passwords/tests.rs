//! Sign-ins with passwords against a real control store.

use super::*;
use crate::service::Service;
use crate::testing::config;
use edge::chance;
use std::net::IpAddr;
use store::control::{NewUser, TotpSecret, UserChanges, UserStatus};
use tempfile::TempDir;

const GOOD: &str = "plum harbour seventeen";
const ALICE: Uuid = Uuid::from_u128(0xa);
const HOME: &str = "192.0.2.1";

fn contoso() -> TenantId {
    TenantId::new(Uuid::from_u128(1))
}

/// A service with `alice@contoso.com`, whose password is `GOOD`, and `bob@contoso.com`, who has none.
struct Trial {
    _folder: TempDir,
    service: Service,
}

impl Trial {
    async fn begin() -> Trial {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_string_lossy().into_owned();
        let service = Service::apart(config(&[("data.folder", &path)])).unwrap();
        let app = &service.app;
        app.control
            .create_tenant(contoso(), &[], "Contoso", app.now())
            .unwrap();
        let password = Password::typed(GOOD).unwrap();
        let hash = app.passwords.hash(password, chance::bytes()).await.unwrap();
        for (object_id, name, password) in [
            (ALICE, "alice@contoso.com", Some(hash)),
            (Uuid::from_u128(0xb), "bob@contoso.com", None),
        ] {
            let user = NewUser {
                object_id,
                tenant: contoso(),
                name: UserName::parse(name).unwrap(),
                display_name: String::new(),
                given_name: None,
                family_name: None,
                password,
                roles: Vec::new(),
            };
            app.control.create_user(&user, app.now()).unwrap();
        }
        Trial {
            _folder: folder,
            service,
        }
    }

    fn app(&self) -> &Arc<App> {
        &self.service.app
    }

    /// What became of a sign-in from an address, with a code or without one.
    async fn signs_in(&self, name: &str, password: &str, code: Option<&str>, from: &str) -> String {
        let password = SecretString::from(password);
        let attempt = Attempt {
            tenant: contoso(),
            name,
            password: &password,
            code,
            address: ClientAddress(Some(from.parse::<IpAddr>().unwrap())),
            application: None,
        };
        match check(self.app(), &attempt).await {
            Ok(user) => user.name.to_string(),
            Err(Refused::Delayed { .. }) => "delayed".to_owned(),
            Err(refused) => refused.to_string(),
        }
    }

    async fn check(&self, name: &str, password: &str, expected: &str) {
        assert_eq!(
            self.signs_in(name, password, None, HOME).await,
            expected,
            "{name}"
        );
    }
}

const WRONG: &str = "the user name or the password is wrong";

#[tokio::test]
async fn the_right_password_is_whose_it_is() {
    let trial = Trial::begin().await;
    trial.check("Alice@Contoso.COM ", GOOD, "alice@contoso.com").await;
    let user = trial.app().control.user(ALICE).unwrap().unwrap();
    assert!(user.last_sign_in.is_some());
}

#[tokio::test]
async fn nobody_learns_why_it_was_wrong_and_each_try_costs_one_hash() {
    let trial = Trial::begin().await;
    for (name, password) in [
        ("alice@contoso.com", "something else entirely"),
        ("nobody@contoso.com", GOOD),
        ("bob@contoso.com", GOOD),
        ("no name at all\r\n", GOOD),
        ("alice@contoso.com", &"x".repeat(10_000)),
        ("", ""),
    ] {
        let before = trial.app().metrics.password_verifications();
        trial.check(name, password, WRONG).await;
        assert_eq!(trial.app().metrics.password_verifications() - before, 1, "{name}");
    }
}

#[tokio::test]
async fn failures_are_counted_for_names_that_there_are_and_for_others_alike() {
    let trial = Trial::begin().await;
    let start = trial.app().now();
    for name in ["alice@contoso.com", "nobody@contoso.com"] {
        for round in 0..=FREE_ACCOUNT_FAILURES {
            let key = account_key(contoso(), name);
            assert_eq!(
                trial.app().passwords.accounts.wait(&key, start),
                None,
                "{name} {round}"
            );
            trial.check(name, "wrong", WRONG).await;
        }
        let wait = trial
            .app()
            .passwords
            .accounts
            .wait(&account_key(contoso(), name), start);
        assert!(wait.is_some(), "{name}");
    }
    trial.app().background.close();
    trial.app().background.wait().await;
    let user = trial.app().control.user(ALICE).unwrap().unwrap();
    assert_eq!(user.failures, FREE_ACCOUNT_FAILURES + 1, "and written down");
    assert!(user.delayed_until.is_some());
}

#[tokio::test]
async fn a_delayed_account_is_not_looked_at_even_with_the_right_password() {
    let trial = Trial::begin().await;
    let app = trial.app();
    let until = app.now().plus_seconds(900);
    app.control.note_failure(ALICE, Some(until)).unwrap();
    let before = app.metrics.password_verifications();
    trial.check("alice@contoso.com", GOOD, "delayed").await;
    assert_eq!(app.metrics.password_verifications(), before, "no hash is spent");
}

#[tokio::test]
async fn a_delayed_address_cannot_try_other_accounts() {
    let trial = Trial::begin().await;
    let app = trial.app();
    let later = app.now().plus_seconds(100_000);
    for _ in 0..=FREE_ADDRESS_FAILURES + 10 {
        app.passwords
            .addresses
            .fail(&address_key(HOME.parse().unwrap()), later);
    }
    trial.check("alice@contoso.com", GOOD, "delayed").await;
    let elsewhere = trial.signs_in("alice@contoso.com", GOOD, None, "192.0.2.2").await;
    assert_eq!(elsewhere, "alice@contoso.com");
}

#[tokio::test]
async fn only_the_right_password_tells_that_a_user_is_switched_off() {
    let trial = Trial::begin().await;
    let app = trial.app();
    let off = UserChanges {
        status: Some(UserStatus::Disabled),
        ..UserChanges::default()
    };
    app.control.update_user(ALICE, &off, app.now()).unwrap();
    trial.check("alice@contoso.com", "wrong", WRONG).await;
    trial
        .check("alice@contoso.com", GOOD, "the user is switched off")
        .await;
}

#[tokio::test]
async fn a_one_time_code_is_asked_for_after_the_password_and_counts_once() {
    let trial = Trial::begin().await;
    let app = trial.app();
    let secret = TotpSecret(vec![9; totp::SECRET_BYTES]);
    app.control.set_totp(ALICE, Some(&secret)).unwrap();
    let alice = "alice@contoso.com";
    let wrong_code = "the one-time code is wrong or was used before";
    trial.check(alice, "wrong", WRONG).await;
    trial.check(alice, GOOD, "a one-time code is needed").await;
    assert_eq!(
        trial.signs_in(alice, GOOD, Some("000000x"), HOME).await,
        wrong_code
    );
    let code = totp::code_at(&secret.0, app.now());
    assert_eq!(trial.signs_in(alice, "wrong", Some(&code), HOME).await, WRONG);
    assert_eq!(trial.signs_in(alice, GOOD, Some(&code), HOME).await, alice);
    assert_eq!(trial.signs_in(alice, GOOD, Some(&code), HOME).await, wrong_code);
}

#[tokio::test]
async fn more_than_can_wait_are_put_off() {
    let passwords = Passwords::new(1);
    let held = Arc::clone(&passwords.places)
        .acquire_many_owned(1 + WAITING_HASHES as u32)
        .await
        .unwrap();
    let compared = passwords.compare(Password::empty(), String::new()).await;
    assert!(matches!(compared, Err(Refused::Busy { .. })), "{compared:?}");
    drop(held);
    let compared = passwords.compare(Password::empty(), String::new()).await;
    assert_eq!(compared.unwrap(), Compared::Different);
}
