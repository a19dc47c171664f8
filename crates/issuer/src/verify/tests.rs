//! Whose tokens are good, and for what: claims under our signature, damaged and foreign ones.

use super::*;
use crate::client::tests::{NOW, client, tenant};
use crate::grant::tests::{authority, token};
use crate::keys::tests::key;
use crate::keys::{SigningKey, generate};
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::{Value, json};

const REPORTS: &[Audience] = &[Audience::Reports];

fn verifier() -> Verifier {
    Verifier::new(authority(), vec![key().public().clone()])
}

fn check(token: &str, expected: Result<&str, TokenFault>) {
    let got = verifier().verify(token, REPORTS, NOW);
    assert_eq!(
        got.map(|good| good.app_id.to_string()),
        expected.map(str::to_owned),
        "{token}"
    );
}

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The claims of a good token, one of them changed; `null` takes it away.
fn claims_with(claim: &str, value: Value) -> Value {
    let mut claims = json!({
        "aud": "https://graph.windows.net", "iss": authority().issuer(tenant(), Protocol::V1), "iat": 1_570_059_368,
        "nbf": 1_570_059_368, "exp": 1_570_063_268, "tid": tenant().to_string(), "roles": ["Directory.Read.All"],
        "appid": "11111111-2222-3333-4444-555555555555", "oid": "66666666-7777-8888-9999-aaaaaaaaaaaa", "uti": "u",
    });
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
        value => claims[claim] = value,
    }
    claims
}

/// A good token but for one claim, really signed.
fn signed_with(claim: &str, value: Value) -> String {
    key().sign(&claims_with(claim, value)).unwrap()
}

/// A good token but for its header, really signed: RS256 over whatever the header says.
fn signed_under(header: &Value) -> String {
    let message = format!("{}.{}", encode(header), encode(&claims_with("uti", json!("u"))));
    let key = {
        use secrecy::ExposeSecret;
        EncodingKey::from_rsa_pem(crate::keys::tests::key_pem().expose_secret().as_bytes()).unwrap()
    };
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::RS256).unwrap();
    format!("{message}.{signature}")
}

const APP: &str = "11111111-2222-3333-4444-555555555555";

#[test]
fn a_token_that_we_gave_out_is_good() {
    let got = verifier()
        .verify(&token("https://graph.windows.net", &client()), REPORTS, NOW)
        .unwrap();
    let expected = VerifiedToken {
        tenant: tenant(),
        app_id: Uuid::try_parse(APP).unwrap(),
        object_id: Uuid::try_parse("66666666-7777-8888-9999-aaaaaaaaaaaa").unwrap(),
        audience: Audience::Reports,
        user: None,
        protocol: Protocol::V1,
        roles: vec!["Directory.Read.All".to_owned()],
        expires_at: Timestamp::from_unix_seconds(1_570_063_268),
        token_id: Some("_____________________w".to_owned()),
    };
    assert_eq!(got, expected);
    check(&signed_with("uti", json!("u")), Ok(APP));
    check(
        &signed_under(&json!({ "alg": "RS256", "kid": key().kid() })),
        Ok(APP),
    );
}

/// A user's token but for one claim, really signed.
fn users_with(claim: &str, value: Value) -> String {
    let mut claims = claims_with("roles", Value::Null);
    claims["scp"] = json!("Directory.Read.All User.Read");
    claims["upn"] = json!("ada@contoso.com");
    claims["gatelog_family"] = json!("00000000-0000-0000-0000-0000000000fa");
    claims[claim] = value;
    key().sign(&claims).unwrap()
}

#[test]
fn a_users_token_says_who_it_is_and_what_for() {
    let got = verifier()
        .verify(&users_with("uti", json!("u")), REPORTS, NOW)
        .unwrap();
    let expected = VerifiedUser {
        name: "ada@contoso.com".to_owned(),
        scopes: vec!["Directory.Read.All".to_owned(), "User.Read".to_owned()],
        family: Uuid::from_u128(0xfa),
    };
    assert_eq!(got.user, Some(expected));
    assert!(got.roles.is_empty());
}

#[test]
fn a_users_token_never_has_permissions_of_an_application() {
    check(
        &users_with("roles", json!(["Directory.Read.All"])),
        Err(TokenFault::Claim("roles")),
    );
    check(&users_with("roles", json!([])), Err(TokenFault::Claim("roles")));
    check(
        &users_with("scp", json!(["Directory.Read.All"])),
        Err(TokenFault::Claim("scp")),
    );
    for claim in ["upn", "gatelog_family"] {
        check(&users_with(claim, json!(1)), Err(TokenFault::Claim(claim)));
    }
}

#[test]
fn a_token_of_v2_names_its_client_as_v2_does() {
    let issuer = authority().issuer(tenant(), Protocol::V2);
    let mut claims = claims_with("iss", json!(issuer));
    check(&key().sign(&claims).unwrap(), Err(TokenFault::Claim("azp")));
    claims["azp"] = claims["appid"].take();
    check(&key().sign(&claims).unwrap(), Ok(APP));
}

#[test]
fn alg_none_is_no_signature() {
    let claims = encode(&claims_with("uti", json!("u")));
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = encode(&json!({ "typ": "JWT", "alg": alg, "kid": key().kid() }));
        check(&format!("{header}.{claims}."), Err(TokenFault::Algorithm));
    }
}

#[test]
fn the_public_key_is_not_a_shared_secret() {
    let jwk = key().public().jwk();
    let public_forms = [
        jwk.n.clone().into_bytes(),
        URL_SAFE_NO_PAD.decode(&jwk.n).unwrap(),
        jwk.kid.into_bytes(),
    ];
    for secret in public_forms {
        let mut header = jsonwebtoken::Header::new(Algorithm::HS256);
        header.kid = Some(key().kid().to_owned());
        let claims = claims_with("uti", json!("u"));
        let token = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
        check(&token, Err(TokenFault::Algorithm));
        // The same under the right algorithm's name.
        let (_, rest) = token.split_once('.').unwrap();
        let header = encode(&json!({ "alg": "RS256", "kid": key().kid() }));
        check(&format!("{header}.{rest}"), Err(TokenFault::Signature));
    }
}

#[test]
fn only_rs256_is_taken_even_when_the_signature_is_right() {
    for alg in ["RS512", "PS256", "rs256", "ES256", "HS256"] {
        check(
            &signed_under(&json!({ "alg": alg, "kid": key().kid() })),
            Err(TokenFault::Algorithm),
        );
    }
}

#[test]
fn the_key_comes_from_our_own_list() {
    let jwk = serde_json::to_value(key().public().jwk()).unwrap();
    check(
        &signed_under(&json!({ "alg": "RS256" })),
        Err(TokenFault::UnknownKey),
    );
    check(
        &signed_under(&json!({ "alg": "RS256", "kid": null })),
        Err(TokenFault::UnknownKey),
    );
    check(
        &signed_under(&json!({ "alg": "RS256", "jwk": jwk })),
        Err(TokenFault::UnknownKey),
    );
    for kid in ["", "../../etc/passwd", "' OR 1=1 --", "\0"] {
        check(
            &signed_under(&json!({ "alg": "RS256", "kid": kid })),
            Err(TokenFault::UnknownKey),
        );
    }
    check(
        &signed_under(&json!({ "alg": "RS256", "kid": key().kid(), "crit": ["exp"] })),
        Err(TokenFault::CriticalExtension),
    );
}

#[test]
fn another_key_under_our_keys_name_is_seen() {
    let other = SigningKey::from_pem(&generate().unwrap()).unwrap();
    let token = other.sign(&claims_with("uti", json!("u"))).unwrap();
    check(&token, Err(TokenFault::UnknownKey));
    let (_, rest) = token.split_once('.').unwrap();
    let header = encode(&json!({ "alg": "RS256", "kid": key().kid() }));
    check(&format!("{header}.{rest}"), Err(TokenFault::Signature));
}

#[test]
fn a_changed_token_is_seen() {
    let good = signed_with("uti", json!("u"));
    let (header, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let changed = encode(&claims_with("oid", json!("66666666-7777-8888-9999-bbbbbbbbbbbb")));
    check(
        &format!("{header}.{changed}.{signature}"),
        Err(TokenFault::Signature),
    );
    check(&format!("{header}.{changed}."), Err(TokenFault::Signature));
    check(&format!("{good}A"), Err(TokenFault::Signature));
    check(&good[..good.len() - 1], Err(TokenFault::Signature));
    check(&format!("{good}.{signature}"), Err(TokenFault::Signature));
    check(&format!(" {good}"), Err(TokenFault::Malformed));
}

#[test]
fn a_token_holds_from_nbf_until_before_exp() {
    let token = signed_with("uti", json!("u"));
    let at = |seconds: i64, ticks: i64| {
        let now = Timestamp::from_unix_seconds(seconds).plus_ticks(ticks);
        verifier().verify(&token, REPORTS, now).map(|_| ())
    };
    assert_eq!(at(1_570_059_368, -1), Err(TokenFault::NotYetValid));
    assert_eq!(at(1_570_059_368, 0), Ok(()));
    assert_eq!(at(1_570_063_268, -1), Ok(()));
    assert_eq!(at(1_570_063_268, 0), Err(TokenFault::Expired));
    check(&signed_with("exp", json!(i64::MAX)), Ok(APP));
    check(&signed_with("nbf", json!(i64::MIN)), Ok(APP));
    check(&signed_with("exp", json!(i64::MIN)), Err(TokenFault::Expired));
}

#[test]
fn every_claim_that_counts_must_be_there_and_of_its_type() {
    for claim in ["aud", "iss", "nbf", "exp", "tid", "oid", "appid"] {
        check(&signed_with(claim, Value::Null), Err(TokenFault::Claim(claim)));
        check(&signed_with(claim, json!({})), Err(TokenFault::Claim(claim)));
    }
    check(
        &signed_with("exp", json!("1570063268")),
        Err(TokenFault::Claim("exp")),
    );
    check(&signed_with("exp", json!(1e30)), Err(TokenFault::Claim("exp")));
    check(
        &signed_with("tid", json!("common")),
        Err(TokenFault::Claim("tid")),
    );
    check(
        &signed_with("roles", json!("Directory.Read.All")),
        Err(TokenFault::Claim("roles")),
    );
    check(&signed_with("roles", json!([1])), Err(TokenFault::Claim("roles")));
    check(&signed_with("roles", Value::Null), Ok(APP));
    check(&signed_with("uti", Value::Null), Ok(APP));
}

#[test]
fn the_issuer_is_ours_for_the_tokens_tenant() {
    let other_tenant = "ffffffff-2c0c-49d2-af87-f402c421df0b";
    check(&signed_with("tid", json!(other_tenant)), Err(TokenFault::Issuer));
    for issuer in [
        "",
        "https://sts.windows.net/a2aa49aa-2c0c-49d2-af87-f402c421df0b/",
        "https://reports.contoso.com/",
    ] {
        check(&signed_with("iss", json!(issuer)), Err(TokenFault::Issuer));
    }
    let two = json!([authority().issuer(tenant(), Protocol::V1), "https://evil.example"]);
    check(&signed_with("iss", two), Err(TokenFault::Claim("iss")));
}

#[test]
fn a_token_for_sending_does_not_read() {
    check(
        &signed_with("aud", json!("api://gatelog-ingest")),
        Err(TokenFault::Audience),
    );
    check(
        &signed_with("aud", json!("https://graph.microsoft.com")),
        Err(TokenFault::Audience),
    );
    check(&signed_with("aud", json!("")), Err(TokenFault::Audience));
    check(
        &signed_with("aud", json!(["https://graph.windows.net"])),
        Err(TokenFault::Claim("aud")),
    );
    let ingest = signed_with("aud", json!("api://gatelog-ingest"));
    let both = verifier()
        .verify(&ingest, &[Audience::Reports, Audience::Ingest], NOW)
        .unwrap();
    assert_eq!(both.audience, Audience::Ingest);
    assert_eq!(verifier().verify(&ingest, &[], NOW), Err(TokenFault::Audience));
}

#[test]
fn what_is_no_token_is_malformed() {
    for text in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "eyJ.eyJ.",
        "Bearer x",
        "e30.e30",
        "W10.e30.",
        "bnVsbA.e30.",
    ] {
        check(text, Err(TokenFault::Malformed));
    }
    check(&"a".repeat(MAX_TOKEN_BYTES), Err(TokenFault::Malformed));
    check(&"a".repeat(MAX_TOKEN_BYTES + 1), Err(TokenFault::TooLong));
    // The same member twice: which one would count?
    let header = URL_SAFE_NO_PAD.encode(format!(
        r#"{{"alg":"none","alg":"RS256","kid":"{}"}}"#,
        key().kid()
    ));
    check(&format!("{header}.e30."), Err(TokenFault::Malformed));
}

#[test]
fn a_client_learns_whether_a_new_token_would_help_and_no_more() {
    assert_eq!(TokenFault::Expired.reason(), Reason::Expired);
    for fault in [
        TokenFault::Signature,
        TokenFault::Issuer,
        TokenFault::NotYetValid,
        TokenFault::Claim("tid"),
    ] {
        assert_eq!(fault.reason(), Reason::Invalid, "{fault}");
    }
}

#[test]
fn an_old_key_still_verifies() {
    let old = SigningKey::from_pem(&generate().unwrap()).unwrap();
    let token = old.sign(&claims_with("uti", json!("u"))).unwrap();
    let both = Verifier::new(authority(), vec![key().public().clone(), old.public().clone()]);
    assert!(both.verify(&token, REPORTS, NOW).is_ok());
}

proptest! {
    #[test]
    fn no_text_makes_the_verifier_panic(text in ".{0,120}") {
        prop_assert!(verifier().verify(&text, REPORTS, NOW).is_err());
    }

    /// Whatever byte is changed, the token is no longer ours.
    #[test]
    fn no_changed_byte_goes_unseen(at in any::<prop::sample::Index>(), by in 1_u8..128) {
        let mut token = signed_with("uti", json!("u")).into_bytes();
        let index = at.index(token.len());
        token[index] = (token[index] + by) % 128;
        let token = String::from_utf8(token).unwrap();
        prop_assert!(verifier().verify(&token, REPORTS, NOW).is_err());
    }
}
