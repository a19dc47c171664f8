//! Any text as a token: never good unless we signed it, and then only for what its claims say.

use crate::Chance;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use issuer::audience::{Audience, Authority};
use issuer::keys::{PublicKey, SigningKey, generate};
use issuer::verify::Verifier;
use model::time::Timestamp;
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::OnceLock;

/// The modulus of the example in RFC 7638, section 3.1, whose private half is not published: no token is signed by it.
/// Its name is `NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs`, which the corpus uses.
const FOREIGN_MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

/// Within the life of the claims of the corpus.
const NOW: Timestamp = Timestamp::from_unix_seconds(1_570_060_000);

const GOOD_CLAIMS: &str = r#"{"aud":"https://graph.windows.net","iss":"https://reports.contoso.com/a2aa49aa-2c0c-49d2-af87-f402c421df0b/","iat":1570059368,"nbf":1570059368,"exp":1570063268,"tid":"a2aa49aa-2c0c-49d2-af87-f402c421df0b","roles":["Directory.Read.All"],"appid":"11111111-2222-3333-4444-555555555555","oid":"66666666-7777-8888-9999-aaaaaaaaaaaa","uti":"u"}"#;

struct Bench {
    foreign: Verifier,
    own: Verifier,
    key: SigningKey,
    good: String,
}

/// Takes the bytes for a token, for the claims of one that we sign, and for damage to a good one.
pub fn check(bytes: &[u8]) {
    let bench = bench();
    if let Ok(text) = std::str::from_utf8(bytes) {
        for verifier in [&bench.foreign, &bench.own] {
            let verified = verifier.verify(text, &[Audience::Reports, Audience::Ingest], NOW);
            assert!(verified.is_err(), "not signed by us: {text}");
        }
        // A signature costs a hundred times what all the rest does.
        if Chance::of(bytes).is_in_full() {
            check_claims(bench, text);
        }
        check_forged(bench, text);
    }
    check_damaged(bench, bytes);
}

fn bench() -> &'static Bench {
    static BENCH: OnceLock<Bench> = OnceLock::new();
    BENCH.get_or_init(|| {
        let authority = Authority::new("https://reports.contoso.com", &[]);
        let modulus = URL_SAFE_NO_PAD
            .decode(FOREIGN_MODULUS)
            .expect("the example is base64url");
        let pem = generate().expect("a key can be made");
        let key = SigningKey::from_pem(&pem).expect("the key is one");
        let claims: &RawValue = serde_json::from_str(GOOD_CLAIMS).expect("the claims are JSON");
        let good = key.sign(&claims).expect("the key signs");
        let own = Verifier::new(authority.clone(), vec![key.public().clone()]);
        assert!(own.verify(&good, &[Audience::Reports], NOW).is_ok());
        Bench {
            foreign: Verifier::new(authority, vec![PublicKey::new(&modulus, &[1, 0, 1])]),
            own,
            key,
            good,
        }
    })
}

/// Claims of any sort under our own signature: what comes out is what they say, read by other means.
fn check_claims(bench: &Bench, text: &str) {
    let Ok(claims) = serde_json::from_str::<&RawValue>(text) else {
        return;
    };
    let Ok(token) = bench.key.sign(&claims) else {
        return;
    };
    let Ok(verified) = bench.own.verify(&token, &[Audience::Reports], NOW) else {
        return;
    };
    let claims: Value = serde_json::from_str(text).expect("it was JSON");
    let tenant = verified.tenant.to_string();
    assert!(
        claims["tid"]
            .as_str()
            .is_some_and(|tid| tid.eq_ignore_ascii_case(&tenant)),
        "{text}"
    );
    let issuers = ["", "v2.0"].map(|end| format!("https://reports.contoso.com/{tenant}/{end}"));
    assert!(
        claims["iss"]
            .as_str()
            .is_some_and(|issuer| issuers.iter().any(|ours| ours == issuer)),
        "{text}"
    );
    // A token for a user never has permissions of an application.
    assert!(verified.user.is_none() || verified.roles.is_empty(), "{text}");
    let seconds = NOW.unix_seconds();
    assert!(
        claims["nbf"].as_i64().is_some_and(|begins| begins <= seconds),
        "{text}"
    );
    assert!(
        claims["exp"].as_i64().is_some_and(|ends| ends > seconds),
        "{text}"
    );
    assert_eq!(verified.audience, Audience::Reports);
    assert!(NOW < verified.expires_at);
    let roles: Vec<&str> = claims["roles"]
        .as_array()
        .map(|roles| roles.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    assert_eq!(verified.roles, roles, "{text}");
}

/// Claims of any sort under a right header, with the signature of another token or none.
fn check_forged(bench: &Bench, claims: &str) {
    let payload = URL_SAFE_NO_PAD.encode(claims);
    let (header, rest) = bench.good.split_once('.').expect("a token has three parts");
    let (good_payload, signature) = rest.split_once('.').expect("a token has three parts");
    if payload == good_payload {
        return;
    }
    for signature in [signature, "", "AAAA"] {
        let token = format!("{header}.{payload}.{signature}");
        let verified = bench
            .own
            .verify(&token, &[Audience::Reports, Audience::Ingest], NOW);
        assert!(verified.is_err(), "not signed by us: {claims}");
    }
}

/// A good token with some bytes changed, or cut, or with something after it.
fn check_damaged(bench: &Bench, bytes: &[u8]) {
    let mut token = bench.good.clone().into_bytes();
    for damage in bytes.chunks_exact(3).take(8) {
        let at = usize::from(u16::from_le_bytes([damage[0], damage[1]])) % (token.len() + 1);
        match damage[2] {
            0x00 => token.truncate(at),
            0xFF => token.insert(at, b'A'),
            _ if at < token.len() => token[at] = damage[2] & 0x7F,
            other => token.push(other & 0x7F),
        }
        if token.is_empty() {
            break;
        }
    }
    let Ok(token) = String::from_utf8(token) else {
        return;
    };
    let verified = bench.own.verify(&token, &[Audience::Reports], NOW);
    assert_eq!(verified.is_ok(), token == bench.good, "{token}");
}
