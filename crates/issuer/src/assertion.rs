//! Client assertions: an application proves who it is by a JSON web token that its certificate's key signed (RFC 7523).

use crate::certificate::{self, SignedBy};
use crate::client::Client;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// The one `client_assertion_type` there is.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The longest assertion that is read, in bytes; one with a chain of certificates in it has some thousands.
pub const MAX_ASSERTION_BYTES: usize = 32 * 1024;

/// How far the clock of a client may be ahead of ours, in seconds.
const SKEW_SECONDS: i64 = 300;

/// How long an assertion may live at the most, in seconds: a day.
const MAX_LIFE_SECONDS: i64 = 86_400;

/// Which check an assertion failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AssertionFault {
    /// Another `client_assertion_type`.
    #[error("client_assertion_type is not {ASSERTION_TYPE}")]
    Type,
    /// Too long, or not three base64url parts with JSON objects in the first two.
    #[error("it is not a signed JSON web token")]
    Malformed,
    /// Neither RS256 nor PS256.
    #[error("its algorithm is neither RS256 nor PS256")]
    Algorithm,
    /// `crit` asks for what we do not know.
    #[error("its header has critical extensions")]
    CriticalExtension,
    /// None of the application's certificates fits, or it has none.
    #[error("no certificate of the application fits its signature")]
    Signature,
    /// A claim is missing or of another type.
    #[error("its claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// `iss` or `sub` is not the client.
    #[error("its claim `{0}` is not the client id")]
    NotTheClient(&'static str),
    /// `aud` is not this token endpoint.
    #[error("its audience is not this token endpoint")]
    Audience,
    /// `nbf` is still to come.
    #[error("it is not valid yet")]
    NotYetValid,
    /// `exp` has come.
    #[error("it has expired")]
    Expired,
    /// `exp` is too far away.
    #[error("it lives longer than {MAX_LIFE_SECONDS} seconds")]
    TooLong,
}

/// Certificates are our own list alone: `x5c`, `jwk`, `jku` and `x5u` of the header are not even read.
#[derive(Deserialize)]
struct Header {
    alg: String,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    sub: Option<Value>,
    aud: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
}

/// The client id that an assertion claims, for requests that name it nowhere else (RFC 7521, 4.2). Nothing is checked.
pub fn claimed_client(assertion: &str) -> Option<Uuid> {
    let claims: Claims = object(assertion.split('.').nth(1)?)?;
    Uuid::try_parse(claims.sub.as_ref()?.as_str()?).ok()
}

/// Checks an assertion of a client. `audiences` are the addresses by which this token endpoint is known.
///
/// It may be used again until it ends: MSAL sends the same one with each request for ten minutes, and a `jti` that counts
/// once would break it. It is worth nothing to anybody without TLS being broken first.
pub fn check(
    assertion: &str,
    client: &Client,
    audiences: &[String],
    now: Timestamp,
) -> Result<(), AssertionFault> {
    if assertion.len() > MAX_ASSERTION_BYTES {
        return Err(AssertionFault::Malformed);
    }
    let (message, signature) = assertion.rsplit_once('.').ok_or(AssertionFault::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(AssertionFault::Malformed)?;
    if payload.contains('.') {
        return Err(AssertionFault::Malformed);
    }
    let header: Header = object(header).ok_or(AssertionFault::Malformed)?;
    let signed_by = match header.alg.as_str() {
        "RS256" => SignedBy::Pkcs1,
        "PS256" => SignedBy::Pss,
        _ => return Err(AssertionFault::Algorithm),
    };
    if header.crit.is_some() {
        return Err(AssertionFault::CriticalExtension);
    }
    // Which certificate the header names does not matter: each of the client's few is tried.
    let fits = client
        .certificates
        .iter()
        .filter(|known| known.expires.is_none_or(|expires| expires > now))
        .any(|known| certificate::verifies(&known.public_key, signed_by, message.as_bytes(), signature));
    if !fits {
        return Err(AssertionFault::Signature);
    }
    let claims: Claims = object(payload).ok_or(AssertionFault::Malformed)?;
    for (name, value) in [("iss", &claims.iss), ("sub", &claims.sub)] {
        let said = value
            .as_ref()
            .and_then(Value::as_str)
            .ok_or(AssertionFault::Claim(name))?;
        if Uuid::try_parse(said).ok() != Some(client.client_id) {
            return Err(AssertionFault::NotTheClient(name));
        }
    }
    check_audience(claims.aud.as_ref(), audiences)?;
    let seconds = now.unix_seconds();
    if let Some(not_before) = &claims.nbf {
        let not_before = numeric_date(not_before).ok_or(AssertionFault::Claim("nbf"))?;
        if not_before > seconds.saturating_add(SKEW_SECONDS) {
            return Err(AssertionFault::NotYetValid);
        }
    }
    let expires = claims
        .exp
        .as_ref()
        .and_then(numeric_date)
        .ok_or(AssertionFault::Claim("exp"))?;
    if expires <= seconds {
        return Err(AssertionFault::Expired);
    }
    if expires.saturating_sub(seconds) > MAX_LIFE_SECONDS + SKEW_SECONDS {
        return Err(AssertionFault::TooLong);
    }
    Ok(())
}

/// Whole seconds since 1970. RFC 7519, 2 allows a fraction, which MSAL for Python writes.
fn numeric_date(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64))
}

/// One text, or a list with one of them in it (RFC 7519, 4.1.3); with or without a query, which ADAL leaves there.
fn check_audience(given: Option<&Value>, audiences: &[String]) -> Result<(), AssertionFault> {
    let is_ours = |value: &Value| {
        let said = value.as_str().unwrap_or_default();
        let said = said.split_once('?').map_or(said, |(address, _)| address);
        let said = said.trim_end_matches('/');
        audiences.iter().any(|ours| ours.eq_ignore_ascii_case(said))
    };
    let found = match given.ok_or(AssertionFault::Claim("aud"))? {
        Value::Array(list) => list.len() <= 10 && list.iter().any(is_ours),
        one @ Value::String(_) => is_ours(one),
        _ => return Err(AssertionFault::Claim("aud")),
    };
    if found {
        Ok(())
    } else {
        Err(AssertionFault::Audience)
    }
}

fn object<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    if json.first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::KnownCertificate;
    use crate::client::tests::{NOW, client};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::OnceLock;

    const ENDPOINT: &str = "https://reports.contoso.com/contoso.com/oauth2/token";

    fn pair() -> &'static RsaKeyPair {
        static PAIR: OnceLock<RsaKeyPair> = OnceLock::new();
        PAIR.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    /// A client whose certificate's key is ours.
    fn known() -> Client {
        let mut client = client();
        client.certificates = vec![KnownCertificate {
            public_key: pair().public_key().as_ref().to_vec(),
            expires: None,
        }];
        client
    }

    fn claims() -> Value {
        json!({
            "iss": "11111111-2222-3333-4444-555555555555", "sub": "11111111-2222-3333-4444-555555555555",
            "aud": ENDPOINT, "exp": NOW.unix_seconds() + 600, "nbf": NOW.unix_seconds(), "jti": "x",
        })
    }

    fn signed(header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; pair().public_modulus_len()];
        let random = SystemRandom::new();
        let padding: &dyn aws_lc_rs::signature::RsaEncoding = if header["alg"] == "PS256" {
            &RSA_PSS_SHA256
        } else {
            &RSA_PKCS1_SHA256
        };
        pair()
            .sign(padding, &random, message.as_bytes(), &mut signature)
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn check_assertion(assertion: &str, client: &Client, expected: Result<(), AssertionFault>) {
        let audiences = [ENDPOINT.to_owned()];
        assert_eq!(check(assertion, client, &audiences, NOW), expected, "{assertion}");
    }

    fn check_claim(name: &str, value: Value, expected: Result<(), AssertionFault>) {
        let mut claims = claims();
        claims[name] = value;
        let assertion = signed(&json!({ "alg": "RS256", "x5t": "any" }), &claims);
        check_assertion(&assertion, &known(), expected);
    }

    #[test]
    fn what_the_certificates_key_signed_is_taken() {
        for alg in ["RS256", "PS256"] {
            let assertion = signed(&json!({ "alg": alg, "typ": "JWT" }), &claims());
            check_assertion(&assertion, &known(), Ok(()));
            assert_eq!(claimed_client(&assertion), Some(client().client_id));
        }
        check_claim("aud", json!([ENDPOINT, "https://other.example"]), Ok(()));
        check_claim("aud", json!(format!("{ENDPOINT}?api-version=1.0")), Ok(()));
    }

    #[test]
    fn another_algorithm_or_key_is_not() {
        for alg in ["none", "HS256", "RS512", "ES256", "rs256", ""] {
            let assertion = signed(&json!({ "alg": alg }), &claims());
            check_assertion(&assertion, &known(), Err(AssertionFault::Algorithm));
        }
        let good = signed(&json!({ "alg": "RS256" }), &claims());
        check_assertion(&good, &client(), Err(AssertionFault::Signature));
        let mut expired = known();
        expired.certificates[0].expires = Some(NOW);
        check_assertion(&good, &expired, Err(AssertionFault::Signature));
        // The right signature under the other algorithm's name.
        let (_, rest) = good.split_once('.').unwrap();
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"PS256"}"#);
        check_assertion(
            &format!("{header}.{rest}"),
            &known(),
            Err(AssertionFault::Signature),
        );
        let critical = signed(&json!({ "alg": "RS256", "crit": ["exp"] }), &claims());
        check_assertion(&critical, &known(), Err(AssertionFault::CriticalExtension));
    }

    #[test]
    fn it_must_be_of_the_client_for_this_endpoint_and_now() {
        let now = NOW.unix_seconds();
        for name in ["iss", "sub"] {
            check_claim(
                name,
                json!("11111111-2222-3333-4444-555555555556"),
                Err(AssertionFault::NotTheClient(name)),
            );
            check_claim(name, json!(1), Err(AssertionFault::Claim(name)));
        }
        for aud in [
            "https://evil.example",
            "",
            "https://reports.contoso.com/fabrikam.com/oauth2/token",
        ] {
            check_claim("aud", json!(aud), Err(AssertionFault::Audience));
        }
        check_claim("aud", json!(null), Err(AssertionFault::Claim("aud")));
        check_claim("exp", json!(now), Err(AssertionFault::Expired));
        check_claim("exp", json!(now + 90_000), Err(AssertionFault::TooLong));
        check_claim("exp", json!(i64::MAX), Err(AssertionFault::TooLong));
        check_claim("exp", json!(i64::MIN), Err(AssertionFault::Expired));
        check_claim("exp", json!("soon"), Err(AssertionFault::Claim("exp")));
        // MSAL for Python: the clock as it is, with a fraction.
        check_claim("exp", json!(now as f64 + 600.25), Ok(()));
        check_claim("exp", json!(now as f64 + 0.75), Err(AssertionFault::Expired));
        check_claim("exp", json!(1e300), Err(AssertionFault::TooLong));
        check_claim("exp", json!(-1e300), Err(AssertionFault::Expired));
        check_claim("nbf", json!(now as f64 + 300.5), Ok(()));
        check_claim("nbf", json!(now as f64 + 301.5), Err(AssertionFault::NotYetValid));
        check_claim("nbf", json!(now + 301), Err(AssertionFault::NotYetValid));
        check_claim("nbf", json!(now + 299), Ok(()));
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        for text in ["", ".", "..", "a.b.c", "e30.e30", "W10.e30.", "e30.e30.e30.e30"] {
            check_assertion(text, &known(), Err(AssertionFault::Malformed));
        }
        check_assertion(
            &"a".repeat(MAX_ASSERTION_BYTES + 1),
            &known(),
            Err(AssertionFault::Malformed),
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[A-Za-z0-9_.-]{0,120}") {
            let audiences = [ENDPOINT.to_owned()];
            prop_assert!(check(&text, &known(), &audiences, NOW).is_err());
            let _ = claimed_client(&text);
        }

        #[test]
        fn no_changed_byte_goes_unseen(at in any::<prop::sample::Index>(), by in 1_u8..128) {
            let mut assertion = signed(&json!({ "alg": "RS256" }), &claims()).into_bytes();
            let index = at.index(assertion.len());
            assertion[index] = (assertion[index] + by) % 128;
            let assertion = String::from_utf8(assertion).unwrap();
            let audiences = [ENDPOINT.to_owned()];
            prop_assert!(check(&assertion, &known(), &audiences, NOW).is_err());
        }
    }
}
