//! Tests of grants on a real folder.

use super::*;
use crate::control::{AppKind, ControlStore, NewApp, NewUser, UserStore};
use model::tenant::{TenantId, TenantName};
use model::user::UserName;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_495_000_000);
const APP: Uuid = Uuid::from_u128(7);
const OTHER_APP: Uuid = Uuid::from_u128(8);
const ADA: Uuid = Uuid::from_u128(0xada);
const FAMILY: Uuid = Uuid::from_u128(0xfa);
const HASH: GrantHash = GrantHash([1; 32]);
const NEXT_HASH: GrantHash = GrantHash([2; 32]);

fn in_seconds(seconds: i64) -> Timestamp {
    NOW.plus_seconds(seconds)
}

/// A store with a tenant, two applications and a user.
fn store() -> (TempDir, SqliteControlStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteControlStore::open(folder.path()).unwrap();
    let tenant = TenantId::new(Uuid::from_u128(1));
    let name = TenantName::parse("contoso.com").unwrap();
    store.create_tenant(tenant, &[name], "Contoso", NOW).unwrap();
    for client_id in [APP, OTHER_APP] {
        let app = NewApp {
            client_id,
            tenant,
            object_id: Uuid::from_u128(client_id.as_u128() + 1000),
            name: "script".to_owned(),
            kind: AppKind::Confidential,
            permissions: Vec::new(),
            reply_addresses: Vec::new(),
            roles: Vec::new(),
        };
        store.create_app(&app, NOW).unwrap();
    }
    let user = NewUser {
        object_id: ADA,
        tenant,
        name: UserName::parse("ada@contoso.com").unwrap(),
        display_name: "Ada".to_owned(),
        given_name: None,
        family_name: None,
        password: None,
        roles: Vec::new(),
    };
    store.create_user(&user, NOW).unwrap();
    (folder, store)
}

fn code() -> AuthorizationCode {
    AuthorizationCode {
        family: FAMILY,
        app: APP,
        user: ADA,
        reply_address: "https://localhost".to_owned(),
        resource: "https://graph.windows.net".to_owned(),
        scope: "openid Directory.Read.All".to_owned(),
        nonce: Some("n".to_owned()),
        challenge: Some(CodeChallenge {
            text: "c".repeat(43),
            method: ChallengeMethod::S256,
        }),
        expires: in_seconds(600),
    }
}

fn token() -> RefreshToken {
    RefreshToken {
        family: FAMILY,
        app: APP,
        user: ADA,
        resource: "https://graph.windows.net".to_owned(),
        scope: "Directory.Read.All".to_owned(),
        expires: in_seconds(86_400),
    }
}

fn device(user_code: &str) -> NewDeviceCode {
    NewDeviceCode {
        user_code: user_code.to_owned(),
        tenant: TenantId::new(Uuid::from_u128(1)),
        app: APP,
        resource: "https://graph.windows.net".to_owned(),
        scope: "Directory.Read.All".to_owned(),
        expires: in_seconds(900),
    }
}

fn take_code(store: &SqliteControlStore, app: Uuid) -> Taken<AuthorizationCode> {
    store.take_code(HASH, app, NOW, in_seconds(7_200)).unwrap()
}

fn take_token(store: &SqliteControlStore, hash: GrantHash) -> Taken<RefreshToken> {
    store
        .take_refresh_token(hash, APP, NOW, in_seconds(7_200))
        .unwrap()
}

#[test]
fn a_code_counts_once() {
    let (_folder, store) = store();
    store.put_code(HASH, &code(), NOW).unwrap();
    assert_eq!(
        take_code(&store, OTHER_APP),
        Taken::None,
        "it is not that application's"
    );
    assert_eq!(take_code(&store, APP), Taken::Fresh(code()));
    assert!(!store.is_revoked(None, Some(FAMILY)));
    assert_eq!(take_code(&store, APP), Taken::Used);
    let unknown = store.take_code(NEXT_HASH, APP, NOW, NOW).unwrap();
    assert_eq!(unknown, Taken::None);
}

#[test]
fn a_replayed_code_revokes_what_it_gave_and_what_it_is_about_to_give() {
    let (folder, store) = store();
    store.put_code(HASH, &code(), NOW).unwrap();
    assert!(matches!(take_code(&store, APP), Taken::Fresh(_)));
    assert!(store.put_refresh_token(HASH, &token(), NOW).unwrap());
    assert_eq!(take_code(&store, APP), Taken::Used);
    assert_eq!(take_token(&store, HASH), Taken::None);
    assert!(store.is_revoked(Some("any"), Some(FAMILY)));
    assert!(!store.is_revoked(Some("any"), Some(Uuid::nil())));
    // The first redeemer may only now come to keeping its token.
    assert!(!store.put_refresh_token(NEXT_HASH, &token(), NOW).unwrap());
    drop(store);
    let store = SqliteControlStore::open(folder.path()).unwrap();
    assert!(store.is_revoked(None, Some(FAMILY)), "also after a restart");
}

#[test]
fn of_many_who_redeem_a_code_at_once_one_gets_it() {
    let (_folder, store) = store();
    for round in 0..20_u8 {
        let hash = GrantHash([round + 10; 32]);
        store.put_code(hash, &code(), NOW).unwrap();
        let fresh = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| store.take_code(hash, APP, NOW, in_seconds(1)).unwrap()))
                .collect();
            let taken = tries.into_iter().map(|thread| thread.join().unwrap());
            taken.filter(|taken| matches!(taken, Taken::Fresh(_))).count()
        });
        assert_eq!(fresh, 1);
    }
}

#[test]
fn a_refresh_token_counts_once_and_its_reuse_ends_the_family() {
    let (_folder, store) = store();
    store.put_refresh_token(HASH, &token(), NOW).unwrap();
    assert_eq!(store.refresh_token(HASH, NOW).unwrap(), Some(token()));
    assert_eq!(take_token(&store, HASH), Taken::Fresh(token()));
    store.put_refresh_token(NEXT_HASH, &token(), NOW).unwrap();
    assert_eq!(take_token(&store, HASH), Taken::Used);
    assert_eq!(
        take_token(&store, NEXT_HASH),
        Taken::None,
        "the next one ended with it"
    );
    assert_eq!(store.refresh_token(NEXT_HASH, NOW).unwrap(), None);
    assert!(store.is_revoked(None, Some(FAMILY)));
}

#[test]
fn a_refresh_token_ends() {
    let (_folder, store) = store();
    store.put_refresh_token(HASH, &token(), NOW).unwrap();
    let at_its_end = store
        .take_refresh_token(HASH, APP, in_seconds(86_400), NOW)
        .unwrap();
    assert_eq!(at_its_end, Taken::None);
    let others = store.take_refresh_token(HASH, OTHER_APP, NOW, NOW).unwrap();
    assert_eq!(others, Taken::None, "it is not that application's");
    assert_eq!(take_token(&store, HASH), Taken::Fresh(token()));
}

#[test]
fn a_token_is_revoked_by_its_own_id() {
    let (_folder, store) = store();
    store.revoke_token("uti", in_seconds(10)).unwrap();
    assert!(store.is_revoked(Some("uti"), None));
    assert!(!store.is_revoked(Some("other"), None) && !store.is_revoked(None, None));
    store.forget_ended(in_seconds(10)).unwrap();
    assert!(!store.is_revoked(Some("uti"), None), "it has ended by itself");
}

fn poll(store: &SqliteControlStore, seconds: i64) -> Poll {
    let interval = 5 * model::time::TICKS_PER_SECOND;
    store
        .poll_device(HASH, APP, in_seconds(seconds), interval)
        .unwrap()
}

#[test]
fn a_device_waits_for_its_user() {
    let (_folder, store) = store();
    assert!(store.put_device_code(HASH, &device("AAAA-AAAA"), NOW).unwrap());
    assert!(
        !store
            .put_device_code(NEXT_HASH, &device("AAAA-AAAA"), NOW)
            .unwrap(),
        "the code is taken"
    );
    assert_eq!(poll(&store, 0), Poll::Pending);
    assert_eq!(poll(&store, 4), Poll::TooFast);
    assert_eq!(poll(&store, 9), Poll::Pending);
    let waiting = store.waiting_device("AAAA-AAAA", NOW).unwrap().unwrap();
    assert_eq!((waiting.app, waiting.user), (APP, None));
    let decide = |decision| store.decide_device("AAAA-AAAA", ADA, decision, NOW).unwrap();
    assert!(decide(Decision::Approve));
    assert!(!decide(Decision::Decline), "it is decided");
    assert_eq!(store.waiting_device("AAAA-AAAA", NOW).unwrap(), None);
    let others = store.poll_device(HASH, OTHER_APP, NOW, 0).unwrap();
    assert_eq!(others, Poll::None, "it is not that application's");
    let Poll::Approved(approved) = poll(&store, 10) else {
        panic!("it was approved");
    };
    assert_eq!(approved.user, Some(ADA));
    assert_eq!(poll(&store, 20), Poll::None, "it was used");
}

#[test]
fn a_device_can_be_declined_or_forgotten() {
    let (_folder, store) = store();
    store.put_device_code(HASH, &device("AAAA-AAAA"), NOW).unwrap();
    assert!(
        store
            .decide_device("AAAA-AAAA", ADA, Decision::Decline, NOW)
            .unwrap()
    );
    assert_eq!(poll(&store, 0), Poll::Declined);
    store
        .put_device_code(NEXT_HASH, &device("BBBB-BBBB"), NOW)
        .unwrap();
    let late = in_seconds(900);
    assert_eq!(store.poll_device(NEXT_HASH, APP, late, 0).unwrap(), Poll::Expired);
    assert_eq!(store.waiting_device("BBBB-BBBB", late).unwrap(), None);
    assert!(
        !store
            .decide_device("BBBB-BBBB", ADA, Decision::Approve, late)
            .unwrap()
    );
}

#[test]
fn a_session_lasts_until_its_end() {
    let (_folder, store) = store();
    store.put_session(HASH, ADA, in_seconds(60), NOW).unwrap();
    let session = store.session(HASH, in_seconds(59)).unwrap().unwrap();
    assert_eq!((session.user, session.created), (ADA, NOW));
    assert_eq!(store.session(HASH, in_seconds(60)).unwrap(), None);
    assert_eq!(store.session(NEXT_HASH, NOW).unwrap(), None);
    assert!(store.end_session(HASH).unwrap());
    assert!(!store.end_session(HASH).unwrap());
    assert_eq!(store.session(HASH, NOW).unwrap(), None);
}

#[test]
fn consents_add_up() {
    let (_folder, store) = store();
    store.add_consents(ADA, APP, &["b", "a"], NOW).unwrap();
    store.add_consents(ADA, APP, &["a"], NOW).unwrap();
    assert_eq!(store.consents(ADA, APP).unwrap(), ["a", "b"]);
    assert_eq!(store.consents(ADA, OTHER_APP).unwrap(), [""; 0]);
}

#[test]
fn everything_of_a_user_ends_together() {
    let (_folder, store) = store();
    store.put_code(HASH, &code(), NOW).unwrap();
    store.put_refresh_token(HASH, &token(), NOW).unwrap();
    store.put_session(HASH, ADA, in_seconds(60), NOW).unwrap();
    store.end_grants_of(ADA, in_seconds(7_200), NOW).unwrap();
    assert_eq!(take_code(&store, APP), Taken::Used);
    assert_eq!(take_token(&store, HASH), Taken::None);
    assert_eq!(store.session(HASH, NOW).unwrap(), None);
    assert!(store.is_revoked(None, Some(FAMILY)));
}

#[test]
fn what_has_ended_is_forgotten_and_nothing_else() {
    let (_folder, store) = store();
    store.put_code(HASH, &code(), NOW).unwrap();
    store.put_refresh_token(HASH, &token(), NOW).unwrap();
    store.put_session(HASH, ADA, in_seconds(60), NOW).unwrap();
    store.put_device_code(HASH, &device("AAAA-AAAA"), NOW).unwrap();
    assert_eq!(store.forget_ended(in_seconds(59)).unwrap(), 0);
    assert_eq!(
        store.forget_ended(in_seconds(86_400)).unwrap(),
        2,
        "session and refresh token"
    );
    assert_eq!(
        store.forget_ended(in_seconds(86_400 + 900)).unwrap(),
        2,
        "code and device"
    );
}

#[test]
fn no_hash_is_printed() {
    assert_eq!(format!("{HASH:?}"), "GrantHash(…)");
}
