//! Any text as a client assertion, a certificate, or the code that somebody types: never a panic, never good.

use issuer::assertion::{check as check_assertion, claimed_client};
use issuer::certificate::Certificate;
use issuer::client::{Client, ClientKind, ClientStatus, KnownCertificate};
use issuer::opaque::typed_user_code;
use issuer::reply::check_address;
use model::tenant::TenantId;
use model::time::Timestamp;
use uuid::Uuid;

/// A certificate whose private key was thrown away: nothing is signed by it.
const PEM: &str = include_str!("../../crates/issuer/testdata/certificate.pem");

const NOW: Timestamp = Timestamp::from_unix_seconds(1_570_060_000);

/// Takes the bytes for each of them.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let endpoint = ["https://reports.contoso.com/contoso.com/oauth2/token".to_owned()];
    assert!(
        check_assertion(&text, &client(), &endpoint, NOW).is_err(),
        "{text}"
    );
    let _ = claimed_client(&text);
    if let Ok(certificate) = Certificate::from_pem(&text) {
        assert!(certificate.public_key.len() <= 1_100);
    }
    if let Some(code) = typed_user_code(&text) {
        assert_eq!(typed_user_code(&code), Some(code.clone()), "{text}");
    }
    if check_address(&text).is_ok() {
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
        assert!(issuer::reply::origin(&text).is_some(), "{text}");
    }
}

fn client() -> Client {
    let certificate = Certificate::from_pem(PEM).expect("the certificate is one");
    Client {
        client_id: Uuid::from_u128(0x1111_1111_2222_3333_4444_5555_5555_5555),
        tenant: TenantId::new(Uuid::from_u128(1)),
        object_id: Uuid::from_u128(2),
        name: "fuzz".to_owned(),
        kind: ClientKind::Confidential,
        status: ClientStatus::Enabled,
        secrets: Vec::new(),
        certificates: vec![KnownCertificate {
            public_key: certificate.public_key,
            expires: None,
        }],
        permissions: Vec::new(),
        delegated: Vec::new(),
        reply_addresses: Vec::new(),
    }
}
