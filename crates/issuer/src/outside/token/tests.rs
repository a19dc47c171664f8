//! Whose word is taken, and for what: claims under an outside issuer's signature, damaged and foreign ones.

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
    RsaKeyPair,
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::OnceLock;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_570_059_668);
const ISSUER: &str = "https://id.contoso.com/realms/main";

fn rsa() -> &'static RsaKeyPair {
    static PAIR: OnceLock<RsaKeyPair> = OnceLock::new();
    PAIR.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
}

fn elliptic() -> &'static EcdsaKeyPair {
    static PAIR: OnceLock<EcdsaKeyPair> = OnceLock::new();
    PAIR.get_or_init(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
}

fn modulus() -> Vec<u8> {
    let public: PublicKeyComponents<Vec<u8>> = PublicKeyComponents::from(rsa().public_key());
    public.n
}

fn keys() -> KeySet {
    let n = URL_SAFE_NO_PAD.encode(modulus());
    let point = elliptic().public_key().as_ref();
    let (x, y) = (
        URL_SAFE_NO_PAD.encode(&point[1..33]),
        URL_SAFE_NO_PAD.encode(&point[33..]),
    );
    let set = json!({ "keys": [
        { "kty": "RSA", "kid": "r", "n": n, "e": "AQAB", "use": "sig" },
        { "kty": "EC", "crv": "P-256", "kid": "e", "x": x, "y": y },
    ] });
    KeySet::read(set.to_string().as_bytes()).unwrap()
}

fn trust() -> Trust {
    Trust {
        issuer: ISSUER.to_owned(),
        audiences: vec!["api://gatelog".to_owned()],
        algorithms: vec![Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es256],
        skew_seconds: 60,
        subject_claim: "sub".to_owned(),
        name_claim: None,
        roles: vec![RoleRule {
            claim: "groups".to_owned(),
            value: "soc".to_owned(),
            role: "Security Reader".to_owned(),
        }],
    }
}

fn claims() -> Value {
    let now = NOW.unix_seconds();
    json!({
        "iss": ISSUER, "aud": "api://gatelog", "sub": "f:1:ada", "exp": now + 600, "iat": now, "nbf": now,
        "preferred_username": "ada@contoso.com", "name": "Ada Lovelace", "groups": ["soc"], "azp": "cli",
    })
}

fn changed(mut claims: Value, name: &str, value: Value) -> Value {
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

fn signed(header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let random = SystemRandom::new();
    let signature = if header["alg"] == "ES256" {
        elliptic()
            .sign(&random, message.as_bytes())
            .unwrap()
            .as_ref()
            .to_vec()
    } else {
        let padding: &dyn RsaEncoding = if header["alg"] == "PS256" {
            &RSA_PSS_SHA256
        } else {
            &RSA_PKCS1_SHA256
        };
        let mut signature = vec![0; rsa().public_modulus_len()];
        rsa()
            .sign(padding, &random, message.as_bytes(), &mut signature)
            .unwrap();
        signature
    };
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn rs256() -> Value {
    json!({ "alg": "RS256", "kid": "r", "typ": "JWT" })
}

fn check(token: &str, expected: Result<&str, OutsideFault>) {
    let got = trust().access_token(token, &keys(), NOW);
    assert_eq!(
        got.map(|outsider| outsider.subject),
        expected.map(str::to_owned),
        "{token}"
    );
}

fn check_claim(name: &str, value: Value, expected: Result<&str, OutsideFault>) {
    check(&signed(&rs256(), &changed(claims(), name, value)), expected);
}

fn check_header(name: &str, value: Value, expected: Result<&str, OutsideFault>) {
    check(&signed(&changed(rs256(), name, value), &claims()), expected);
}

const ADA: Result<&str, OutsideFault> = Ok("f:1:ada");

#[test]
fn a_token_of_the_issuer_says_who_its_bearer_is() {
    let got = trust().access_token(&signed(&rs256(), &claims()), &keys(), NOW);
    let expected = Outsider {
        subject: "f:1:ada".to_owned(),
        name: "ada@contoso.com".to_owned(),
        display_name: Some("Ada Lovelace".to_owned()),
        given_name: None,
        family_name: None,
        roles: vec!["Security Reader".to_owned()],
        client: Some("cli".to_owned()),
        expires_at: NOW.plus_seconds(660),
    };
    assert_eq!(got, Ok(expected));
    check(&signed(&json!({ "alg": "PS256", "kid": "r" }), &claims()), ADA);
    check(&signed(&json!({ "alg": "ES256", "kid": "e" }), &claims()), ADA);
    let claimed = claimed_issuer(&signed(&rs256(), &claims())).unwrap();
    assert_eq!(
        (claimed.issuer.as_str(), claimed.kid.as_deref()),
        (ISSUER, Some("r"))
    );
}

#[test]
fn no_algorithm_but_those_that_are_configured_is_taken() {
    for algorithm in [
        "none", "None", "HS256", "HS384", "RS512", "ES384", "EdDSA", "rs256", "",
    ] {
        check_header("alg", json!(algorithm), Err(OutsideFault::Algorithm));
    }
    let mut only_elliptic = trust();
    only_elliptic.algorithms = vec![Algorithm::Es256];
    let got = only_elliptic.access_token(&signed(&rs256(), &claims()), &keys(), NOW);
    assert_eq!(got, Err(OutsideFault::Algorithm));
}

/// The oldest trick: the public key, which everybody has, used as the secret of HS256.
#[test]
fn a_public_key_is_not_a_secret() {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "alg": "HS256", "kid": "r", "typ": "JWT" });
    let message = format!("{}.{}", encode(&header), encode(&claims()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &modulus());
    let tag = aws_lc_rs::hmac::sign(&key, message.as_bytes());
    let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(tag.as_ref()));
    check(&token, Err(OutsideFault::Algorithm));
}

#[test]
fn the_key_is_the_issuers_own_and_fits_the_algorithm() {
    check_header("kid", json!("x"), Err(OutsideFault::UnknownKey));
    check_header("kid", Value::Null, Err(OutsideFault::UnknownKey));
    check_header("kid", json!("e"), Err(OutsideFault::Signature));
    check_header("kid", json!(["r"]), Err(OutsideFault::Malformed));
    check_header("jwk", json!({ "kty": "RSA" }), ADA);
    check_header("jku", json!("https://evil.example/keys"), ADA);
    check_header("crit", json!(["exp"]), Err(OutsideFault::CriticalExtension));
    // The right signature under another algorithm's name.
    let good = signed(&rs256(), &claims());
    let (_, rest) = good.split_once('.').unwrap();
    for algorithm in ["PS256", "ES256"] {
        let header = URL_SAFE_NO_PAD.encode(changed(rs256(), "alg", json!(algorithm)).to_string());
        check(&format!("{header}.{rest}"), Err(OutsideFault::Signature));
    }
    check(&good[..good.len() - 8], Err(OutsideFault::Signature));
    let (message, _) = good.rsplit_once('.').unwrap();
    check(&format!("{message}."), Err(OutsideFault::Signature));
}

#[test]
fn what_is_for_something_else_is_no_access_token() {
    for typ in ["JWT", "jwt", "at+jwt", "AT+JWT", "application/at+jwt"] {
        check_header("typ", json!(typ), ADA);
    }
    check_header("typ", Value::Null, ADA);
    for typ in [
        json!("logout+jwt"),
        json!("dpop+jwt"),
        json!("id"),
        json!(""),
        json!(1),
    ] {
        check_header("typ", typ, Err(OutsideFault::Type));
    }
    check_claim("typ", json!("Bearer"), ADA);
    for typ in ["ID", "Refresh", "Offline", "Logout"] {
        check_claim("typ", json!(typ), Err(OutsideFault::Type));
    }
    check_claim("at_hash", json!("x"), Err(OutsideFault::Type));
    check_claim("c_hash", json!("x"), Err(OutsideFault::Type));
    check_claim("cnf", json!({ "jkt": "x" }), Err(OutsideFault::Bound));
}

#[test]
fn issuer_and_audience_are_compared_letter_by_letter() {
    for issuer in [
        "https://id.contoso.com/realms/main/",
        "https://id.contoso.com/realms/Main",
        "https://id.contoso.com",
        "",
    ] {
        check_claim("iss", json!(issuer), Err(OutsideFault::Issuer));
    }
    check_claim("iss", Value::Null, Err(OutsideFault::Claim("iss")));
    check_claim("iss", json!([ISSUER]), Err(OutsideFault::Claim("iss")));
    check_claim("aud", json!(["other", "api://gatelog"]), ADA);
    for audience in [
        json!("api://gatelog/"),
        json!("API://gatelog"),
        json!(["other"]),
        json!([]),
        json!("https://graph.windows.net"),
    ] {
        check_claim("aud", audience, Err(OutsideFault::Audience));
    }
    for audience in [Value::Null, json!(1), json!([1])] {
        check_claim("aud", audience, Err(OutsideFault::Claim("aud")));
    }
}

#[test]
fn a_token_holds_for_its_time_and_a_minute_around_it() {
    let now = NOW.unix_seconds();
    check_claim("exp", json!(now - 59), ADA);
    check_claim("exp", json!(now - 60), Err(OutsideFault::Expired));
    check_claim("exp", json!(now as f64 + 0.5), ADA);
    check_claim("exp", json!(now + 48 * 3_600), ADA);
    for far in [json!(now + 48 * 3_600 + 1), json!(i64::MAX)] {
        check_claim("exp", far, Err(OutsideFault::LivesTooLong));
    }
    check_claim("exp", json!(i64::MIN), Err(OutsideFault::Expired));
    for odd in [
        Value::Null,
        json!("soon"),
        json!(1e300),
        json!(u64::MAX),
        json!([]),
    ] {
        check_claim("exp", odd, Err(OutsideFault::Claim("exp")));
    }
    for name in ["nbf", "iat"] {
        check_claim(name, json!(now + 60), ADA);
        check_claim(name, json!(now + 61), Err(OutsideFault::NotYetValid));
        check_claim(name, Value::Null, ADA);
        check_claim(name, json!("x"), Err(OutsideFault::Claim(name)));
    }
    let mut lenient = trust();
    lenient.skew_seconds = 1_000_000;
    let token = signed(&rs256(), &changed(claims(), "exp", json!(now - 300)));
    assert_eq!(
        lenient.access_token(&token, &keys(), NOW),
        Err(OutsideFault::Expired),
        "there is a most"
    );
}

#[test]
fn somebody_has_a_subject_and_perhaps_a_name() {
    for subject in [Value::Null, json!(""), json!(7), json!("x".repeat(1_025))] {
        check_claim("sub", subject, Err(OutsideFault::Subject));
    }
    let name = |trust: &Trust, claims: &Value| {
        trust
            .access_token(&signed(&rs256(), claims), &keys(), NOW)
            .unwrap()
            .name
    };
    let nameless = changed(claims(), "preferred_username", Value::Null);
    assert_eq!(name(&trust(), &nameless), "f:1:ada");
    assert_eq!(
        name(
            &trust(),
            &changed(nameless.clone(), "email", json!("ada@x.example"))
        ),
        "ada@x.example"
    );
    assert_eq!(
        name(&trust(), &changed(nameless, "upn", json!("a\r\nb: c"))),
        "a??b: c"
    );
    let mut by_oid = trust();
    by_oid.subject_claim = "oid".to_owned();
    by_oid.name_claim = Some("name".to_owned());
    let token = changed(claims(), "oid", json!("1234"));
    assert_eq!(name(&by_oid, &token), "Ada Lovelace");
    let missing = by_oid.access_token(&signed(&rs256(), &claims()), &keys(), NOW);
    assert_eq!(missing, Err(OutsideFault::Subject));
}

#[test]
fn an_outsider_has_one_id_for_each_issuer_subject_and_tenant() {
    let tenant = |number| TenantId::parse(&Uuid::from_u128(number).to_string()).unwrap();
    let ada = object_id(ISSUER, "ada", tenant(1));
    assert_eq!(ada, object_id(ISSUER, "ada", tenant(1)));
    let others = [
        object_id(ISSUER, "ada", tenant(2)),
        object_id(ISSUER, "Ada", tenant(1)),
        object_id("https://other.example", "ada", tenant(1)),
        object_id(&format!("{ISSUER}a"), "da", tenant(1)),
    ];
    for other in others {
        assert_ne!(ada, other);
    }
}

const ASKED: SignIn<'_> = SignIn {
    client_id: "gatelog",
    nonce: "n-0S6_WzA2Mj",
    access_token: Some("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
};

fn id_claims() -> Value {
    let claims = changed(claims(), "aud", json!("gatelog"));
    let claims = changed(claims, "azp", Value::Null);
    changed(claims, "nonce", json!("n-0S6_WzA2Mj"))
}

fn check_id(name: &str, value: Value, expected: Result<&str, OutsideFault>) {
    let token = signed(&rs256(), &changed(id_claims(), name, value));
    let got = trust().id_token(&token, &keys(), ASKED, NOW);
    assert_eq!(
        got.map(|outsider| outsider.subject),
        expected.map(str::to_owned),
        "{name}"
    );
}

#[test]
fn an_id_token_is_the_answer_to_one_sign_in() {
    check_id("x", json!(1), ADA);
    for nonce in [Value::Null, json!("n-0S6_WzA2M"), json!(""), json!(1)] {
        check_id("nonce", nonce, Err(OutsideFault::Nonce));
    }
    check_id("aud", json!("api://gatelog"), Err(OutsideFault::Audience));
    check_id("aud", json!(["gatelog"]), ADA);
    check_id("aud", json!(["gatelog", "other"]), Err(OutsideFault::Audience));
    check_id("azp", json!("gatelog"), ADA);
    check_id("azp", json!("other"), Err(OutsideFault::Audience));
    check_id("typ", json!("ID"), ADA);
    check_id("typ", json!("Bearer"), Err(OutsideFault::Type));
    check_id("iss", json!("https://evil.example"), Err(OutsideFault::Issuer));
    check_id("exp", json!(NOW.unix_seconds() - 60), Err(OutsideFault::Expired));
}

/// The example of OpenID Connect Core, A.4: access token and hash.
#[test]
fn an_id_token_belongs_to_the_access_token_beside_it() {
    check_id("at_hash", json!("77QmUPtjPfzWtF2AnpK9RQ"), ADA);
    check_id(
        "at_hash",
        json!("77QmUPtjPfzWtF2AnpK9RR"),
        Err(OutsideFault::AccessTokenHash),
    );
}

#[test]
fn what_is_no_token_is_malformed() {
    for text in ["", ".", "..", "a.b.c", "e30.e30", "W10.e30.", "e30.e30.e30"] {
        check(text, Err(OutsideFault::Malformed));
        assert_eq!(claimed_issuer(text), None, "{text}");
    }
    let long = "a".repeat(MAX_TOKEN_BYTES + 1);
    check(&long, Err(OutsideFault::TooLong));
    assert_eq!(claimed_issuer(&long), None);
    let good = signed(&rs256(), &claims());
    check(
        &format!("{good}.x"),
        Err(OutsideFault::UnknownKey).or(Err(OutsideFault::Signature)),
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.-]{0,120}") {
        prop_assert!(trust().access_token(&text, &keys(), NOW).is_err());
        let _ = claimed_issuer(&text);
    }

    #[test]
    fn no_changed_byte_goes_unseen(at in any::<prop::sample::Index>(), by in 1_u8..128) {
        let mut token = signed(&rs256(), &claims()).into_bytes();
        let index = at.index(token.len());
        token[index] = (token[index] + by) % 128;
        let token = String::from_utf8(token).unwrap();
        prop_assert!(trust().access_token(&token, &keys(), NOW).is_err());
    }

    #[test]
    fn any_claim_may_be_any_value(name in "iss|aud|exp|nbf|iat|sub|typ|cnf|nonce|groups|name", number in any::<f64>()) {
        let _ = trust().access_token(&signed(&rs256(), &changed(claims(), &name, json!(number))), &keys(), NOW);
    }
}
