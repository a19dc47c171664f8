//! Says whose a token is, or which check it failed.

use crate::audience::{Audience, Authority};
use crate::challenge::Reason;
use crate::keys::PublicKey;
use crate::protocol::Protocol;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::tenant::TenantId;
use model::time::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// The longest token that is looked at, in bytes. Ours have about 1,200.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Checks tokens of our own making.
#[derive(Debug, Clone)]
pub struct Verifier {
    authority: Authority,
    keys: Vec<PublicKey>,
}

/// What a good token says. Whether its bearer still has the roles is looked up live, not read here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedToken {
    /// The tenant that it is for (`tid`); the caller compares it with the tenant addressed.
    pub tenant: TenantId,
    /// The application that got it (`appid`).
    pub app_id: Uuid,
    /// The user or service principal that it stands for (`oid`).
    pub object_id: Uuid,
    /// The face that it is good for.
    pub audience: Audience,
    /// The application permissions that it was given.
    pub roles: Vec<String>,
    /// The user for whom the application acts; `None` if it acts for itself.
    pub user: Option<VerifiedUser>,
    /// In which shape it was made.
    pub protocol: Protocol,
    /// From this instant on it is no good, also out of a cache.
    pub expires_at: Timestamp,
    /// Its own id (`uti`), which may stand in a log.
    pub token_id: Option<String>,
}

/// What a good token says of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedUser {
    /// The name with which the user signed in (`upn`).
    pub name: String,
    /// What the application may do for the user (`scp`).
    pub scopes: Vec<String>,
    /// What the token came of; whatever came of it may have been revoked.
    pub family: Uuid,
}

/// Which check a token failed. Nothing of the token is in here but claims' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three base64url parts with a JSON object in the first two.
    #[error("the token is not a signed JSON web token")]
    Malformed,
    /// `alg` is not RS256.
    #[error("the token's algorithm is not RS256")]
    Algorithm,
    /// `crit` asks for what we do not know (RFC 7515, 4.1.11).
    #[error("the token's header has critical extensions")]
    CriticalExtension,
    /// `kid` is missing or none of our keys.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The signature is not the key's over these bytes.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim that must be there is missing or of another type.
    #[error("the token's claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// `iss` is not ours for the token's tenant.
    #[error("the token's issuer is another")]
    Issuer,
    /// `aud` is none of those that the caller takes.
    #[error("the token is for another audience")]
    Audience,
    /// `nbf` is still to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `exp` has come.
    #[error("the token has expired")]
    Expired,
}

impl Verifier {
    /// For tokens of this authority, signed by any of these keys: the current one, and old ones whose tokens have not
    /// ended.
    pub fn new(authority: Authority, keys: Vec<PublicKey>) -> Verifier {
        Verifier { authority, keys }
    }

    /// The application for which an id token was made, whether it still holds or not: what a hint is good for (OpenID
    /// Connect RP-Initiated Logout, 2). Only the signature and the issuer are checked.
    pub fn client_of_id_token(&self, token: &str) -> Option<Uuid> {
        let claims: Claims = object(self.signed_payload(token).ok()?)?;
        let tenant = TenantId::parse(text(claims.tid.as_ref(), "tid").ok()?)?;
        let issuer = text(claims.iss.as_ref(), "iss").ok()?;
        [Protocol::V1, Protocol::V2]
            .into_iter()
            .find(|protocol| issuer == self.authority.issuer(tenant, *protocol))?;
        guid(claims.aud.as_ref(), "aud").ok()
    }

    /// Checks everything about a token that does not depend on the tenant addressed.
    ///
    /// The signature comes before the claims, so that nobody learns from the answer what we would have liked to read.
    /// No skew of the clock is tolerated here: our tokens begin 300 s in the past when they are made, and `exp` is the
    /// instant that the client was told.
    pub fn verify(
        &self,
        token: &str,
        allowed: &[Audience],
        now: Timestamp,
    ) -> Result<VerifiedToken, TokenFault> {
        let payload = self.signed_payload(token)?;
        let claims: Claims = object(payload).ok_or(TokenFault::Malformed)?;

        let tenant = text(claims.tid.as_ref(), "tid")?;
        let tenant = TenantId::parse(tenant).ok_or(TokenFault::Claim("tid"))?;
        let issuer = text(claims.iss.as_ref(), "iss")?;
        let protocol = [Protocol::V1, Protocol::V2]
            .into_iter()
            .find(|protocol| issuer == self.authority.issuer(tenant, *protocol))
            .ok_or(TokenFault::Issuer)?;
        let audience = self.authority.audience(text(claims.aud.as_ref(), "aud")?);
        let audience = audience
            .filter(|audience| allowed.contains(audience))
            .ok_or(TokenFault::Audience)?;
        let not_before = seconds(claims.nbf.as_ref(), "nbf")?;
        let expires = seconds(claims.exp.as_ref(), "exp")?;
        if now < not_before {
            return Err(TokenFault::NotYetValid);
        }
        if now >= expires {
            return Err(TokenFault::Expired);
        }
        Ok(VerifiedToken {
            tenant,
            app_id: match protocol {
                Protocol::V1 => guid(claims.appid.as_ref(), "appid")?,
                Protocol::V2 => guid(claims.azp.as_ref(), "azp")?,
            },
            object_id: guid(claims.oid.as_ref(), "oid")?,
            audience,
            user: user(&claims)?,
            protocol,
            roles: roles(claims.roles.as_ref())?,
            expires_at: expires,
            token_id: claims
                .uti
                .as_ref()
                .and_then(|uti| uti.as_str())
                .map(str::to_owned),
        })
    }

    /// The second part of a token whose header and signature are right.
    fn signed_payload<'t>(&self, token: &'t str) -> Result<&'t str, TokenFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenFault::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(TokenFault::Malformed)?;
        let header: Header = object(header).ok_or(TokenFault::Malformed)?;
        if header.alg != "RS256" {
            return Err(TokenFault::Algorithm);
        }
        if header.crit.is_some() {
            return Err(TokenFault::CriticalExtension);
        }
        let key = self
            .keys
            .iter()
            .find(|key| header.kid.as_deref() == Some(key.kid()));
        let key = key.ok_or(TokenFault::UnknownKey)?;
        if !key.verifies(message.as_bytes(), signature) {
            return Err(TokenFault::Signature);
        }
        Ok(payload)
    }
}

impl TokenFault {
    /// What the client is told: whether a new token would help, no more.
    pub const fn reason(self) -> Reason {
        match self {
            TokenFault::Expired => Reason::Expired,
            _ => Reason::Invalid,
        }
    }
}

/// Keys come from our own list alone: `jwk`, `jku` and `x5u` of a header are not even read.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

/// Any value in each, so that a wrong type names its claim.
#[derive(Deserialize)]
struct Claims {
    aud: Option<serde_json::Value>,
    iss: Option<serde_json::Value>,
    nbf: Option<serde_json::Value>,
    exp: Option<serde_json::Value>,
    tid: Option<serde_json::Value>,
    oid: Option<serde_json::Value>,
    appid: Option<serde_json::Value>,
    azp: Option<serde_json::Value>,
    scp: Option<serde_json::Value>,
    upn: Option<serde_json::Value>,
    gatelog_family: Option<serde_json::Value>,
    roles: Option<serde_json::Value>,
    uti: Option<serde_json::Value>,
}

fn object<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    // A derived reader would take an array for an object.
    if json.first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// Who the user is, if there is one: a token with `scp` acts for a user and has no permissions of its own.
fn user(claims: &Claims) -> Result<Option<VerifiedUser>, TokenFault> {
    if claims.scp.is_none() {
        return Ok(None);
    }
    if claims.roles.is_some() {
        return Err(TokenFault::Claim("roles"));
    }
    let scopes = text(claims.scp.as_ref(), "scp")?;
    Ok(Some(VerifiedUser {
        name: text(claims.upn.as_ref(), "upn")?.to_owned(),
        scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
        family: guid(claims.gatelog_family.as_ref(), "gatelog_family")?,
    }))
}

fn text<'v>(value: Option<&'v serde_json::Value>, claim: &'static str) -> Result<&'v str, TokenFault> {
    value
        .and_then(serde_json::Value::as_str)
        .ok_or(TokenFault::Claim(claim))
}

fn guid(value: Option<&serde_json::Value>, claim: &'static str) -> Result<Uuid, TokenFault> {
    Uuid::try_parse(text(value, claim)?).map_err(|_| TokenFault::Claim(claim))
}

fn seconds(value: Option<&serde_json::Value>, claim: &'static str) -> Result<Timestamp, TokenFault> {
    let seconds = value
        .and_then(serde_json::Value::as_i64)
        .ok_or(TokenFault::Claim(claim))?;
    Ok(Timestamp::from_unix_seconds(seconds))
}

fn roles(value: Option<&serde_json::Value>) -> Result<Vec<String>, TokenFault> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let list = value.as_array().ok_or(TokenFault::Claim("roles"))?;
    let mut roles = Vec::with_capacity(list.len());
    for role in list {
        roles.push(text(Some(role), "roles")?.to_owned());
    }
    Ok(roles)
}

#[cfg(test)]
mod tests {
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
}
