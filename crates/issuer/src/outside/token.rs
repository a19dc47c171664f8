//! Says who the bearer of an outside issuer's token is, or which check it failed.

use super::keys::{Algorithm, KeySet};
use super::mapping::{self, RoleRule};
use crate::form::printable;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::tenant::TenantId;
use model::time::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// The longest token that is looked at, in bytes. Those of Entra with 200 groups have some ten thousand.
pub const MAX_TOKEN_BYTES: usize = 32 * 1024;

/// The most by which the issuer's clock may differ from ours, in seconds.
pub const MAX_SKEW_SECONDS: i64 = 300;

/// How long a token may still hold, in seconds. Entra's longest live 28 hours; what lives for years is a password.
const MAX_LIFE_SECONDS: i64 = 48 * 3_600;

/// The longest subject, in bytes (OpenID Connect Core, 2, has 255 characters).
const MAX_SUBJECT_BYTES: usize = 1_024;

/// The claims that name people, the first that is there.
const NAME_CLAIMS: &[&str] = &["preferred_username", "upn", "unique_name", "email"];

/// What is believed of an outside issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Its `iss`, letter by letter.
    pub issuer: String,
    /// What `aud` of an access token must be, or have among its values, letter by letter.
    pub audiences: Vec<String>,
    /// By which algorithms it may sign.
    pub algorithms: Vec<Algorithm>,
    /// By how much its clock may differ, in seconds; at most [`MAX_SKEW_SECONDS`].
    pub skew_seconds: i64,
    /// The claim that names somebody for ever: `sub`, in Entra ID rather `oid`.
    pub subject_claim: String,
    /// The claim that says what somebody is called; `None` takes the usual ones.
    pub name_claim: Option<String>,
    /// Which roles its claims give.
    pub roles: Vec<RoleRule>,
}

/// Somebody for whom an outside issuer vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outsider {
    /// What the issuer calls this one and nobody else, ever.
    pub subject: String,
    /// What people call this one; it may change and be given to somebody else.
    pub name: String,
    /// The full name, if the issuer tells.
    pub display_name: Option<String>,
    /// The given name, if the issuer tells.
    pub given_name: Option<String>,
    /// The family name, if the issuer tells.
    pub family_name: Option<String>,
    /// The roles here that the claims give.
    pub roles: Vec<String>,
    /// The application that got the token, as the issuer names it.
    pub client: Option<String>,
    /// From this instant on the token is no good.
    pub expires_at: Timestamp,
}

/// What a token says of itself before anything of it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// `iss`
    pub issuer: String,
    /// `kid` of the header.
    pub kid: Option<String>,
}

/// An id token's place in one sign-in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// Our name at the issuer.
    pub client_id: &'a str,
    /// What we sent along and want back.
    pub nonce: &'a str,
    /// The access token that came with it, if one came.
    pub access_token: Option<&'a str>,
}

/// Which check a token failed. Nothing of the token is in here but claims' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutsideFault {
    /// Longer than [`MAX_TOKEN_BYTES`].
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// Not three base64url parts with a JSON object in the first two.
    #[error("the token is not a signed JSON web token")]
    Malformed,
    /// `alg` is none of those that this issuer may use.
    #[error("the token's algorithm is not one that this issuer may use")]
    Algorithm,
    /// `crit` asks for what we do not know (RFC 7515, 4.1.11).
    #[error("the token's header has critical extensions")]
    CriticalExtension,
    /// `typ`, of the header or of Keycloak's claim, says that it is for something else.
    #[error("the token is of a type that is not taken here")]
    Type,
    /// `kid` is missing, or none of the issuer's keys.
    #[error("the token's key is unknown")]
    UnknownKey,
    /// The signature is not the key's over these bytes.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim that must be there is missing or of another type.
    #[error("the token's claim `{0}` is missing or malformed")]
    Claim(&'static str),
    /// The claim that is configured to name somebody is missing or malformed.
    #[error("the token's claim that names its subject is missing or malformed")]
    Subject,
    /// `iss` is another.
    #[error("the token's issuer is another")]
    Issuer,
    /// `aud` is none of ours.
    #[error("the token is for another audience")]
    Audience,
    /// It may only be used with a proof that we do not ask for (RFC 7800).
    #[error("the token is bound to a key of its client, and is no bearer token")]
    Bound,
    /// `nbf` or `iat` is still to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `exp` has come.
    #[error("the token has expired")]
    Expired,
    /// `exp` is too far away.
    #[error("the token lives longer than {MAX_LIFE_SECONDS} seconds")]
    LivesTooLong,
    /// It is not the answer to what was asked.
    #[error("the id token is not the answer to this sign-in")]
    Nonce,
    /// It came with another access token than the one it was made with.
    #[error("the id token and the access token do not belong together")]
    AccessTokenHash,
}

/// Whose a token claims to be, for finding the issuer's keys. Nothing is checked.
pub fn claimed_issuer(token: &str) -> Option<Claimed> {
    if token.len() > MAX_TOKEN_BYTES {
        return None;
    }
    let mut parts = token.split('.');
    let header: Header = object(parts.next()?)?;
    let claims: IssuerClaim = object(parts.next()?)?;
    Some(Claimed {
        issuer: claims.iss,
        kid: header.kid,
    })
}

impl Trust {
    /// Checks an access token: everything about it but the tenant addressed.
    ///
    /// The signature comes before the claims, so that nobody learns from the answer what we would have liked to read.
    pub fn access_token(&self, token: &str, keys: &KeySet, now: Timestamp) -> Result<Outsider, OutsideFault> {
        let (typ, claims) = self.signed(token, keys)?;
        // RFC 9068, 2.1; issuers before it say JWT or nothing. What is for logging out or proves a key is no access token.
        if !matches!(
            typ.as_deref(),
            None | Some("jwt" | "at+jwt" | "application/at+jwt")
        ) {
            return Err(OutsideFault::Type);
        }
        // Keycloak says it in a claim; an id token of any issuer may have a hash of what came with it.
        let said = claims.get("typ").and_then(Value::as_str);
        if said.is_some_and(|said| said != "Bearer" && !said.eq_ignore_ascii_case("at+jwt"))
            || claims.contains_key("at_hash")
            || claims.contains_key("c_hash")
        {
            return Err(OutsideFault::Type);
        }
        self.check_issuer(&claims)?;
        if !audiences(&claims)?
            .iter()
            .any(|audience| self.audiences.iter().any(|ours| ours == audience))
        {
            return Err(OutsideFault::Audience);
        }
        if claims.contains_key("cnf") {
            return Err(OutsideFault::Bound);
        }
        self.outsider(&claims, now)
    }

    /// Checks the id token of a sign-in (OpenID Connect Core, 3.1.3.7).
    pub fn id_token(
        &self,
        token: &str,
        keys: &KeySet,
        sign_in: SignIn<'_>,
        now: Timestamp,
    ) -> Result<Outsider, OutsideFault> {
        let (typ, claims) = self.signed(token, keys)?;
        if !matches!(typ.as_deref(), None | Some("jwt")) {
            return Err(OutsideFault::Type);
        }
        let said = claims.get("typ").and_then(Value::as_str);
        if said.is_some_and(|said| !said.eq_ignore_ascii_case("id")) {
            return Err(OutsideFault::Type);
        }
        self.check_issuer(&claims)?;
        let audiences = audiences(&claims)?;
        let party = claims.get("azp");
        let is_for_us = audiences.contains(&sign_in.client_id)
            && party.is_none_or(|party| party == sign_in.client_id)
            && (audiences.len() == 1 || party.is_some());
        if !is_for_us {
            return Err(OutsideFault::Audience);
        }
        let nonce = claims
            .get("nonce")
            .and_then(Value::as_str)
            .ok_or(OutsideFault::Nonce)?;
        if !bool::from(nonce.as_bytes().ct_eq(sign_in.nonce.as_bytes())) {
            return Err(OutsideFault::Nonce);
        }
        if let (Some(hash), Some(access_token)) = (claims.get("at_hash"), sign_in.access_token) {
            // The hash is that of the algorithm's name: SHA-384 of ES384 is not computed, and then not believed either.
            let digest = Sha256::digest(access_token.as_bytes());
            let half = URL_SAFE_NO_PAD.encode(&digest[..16]);
            let is_sha256 = header_algorithm(token) != Some(Algorithm::Es384);
            if is_sha256 && hash != half.as_str() {
                return Err(OutsideFault::AccessTokenHash);
            }
        }
        self.outsider(&claims, now)
    }

    /// Type and claims of a token whose header and signature are right.
    fn signed(
        &self,
        token: &str,
        keys: &KeySet,
    ) -> Result<(Option<String>, Map<String, Value>), OutsideFault> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(OutsideFault::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(OutsideFault::Malformed)?;
        let (header, payload) = message.split_once('.').ok_or(OutsideFault::Malformed)?;
        let header: Header = object(header).ok_or(OutsideFault::Malformed)?;
        let algorithm = Algorithm::by_name(&header.alg)
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or(OutsideFault::Algorithm)?;
        if header.crit.is_some() {
            return Err(OutsideFault::CriticalExtension);
        }
        let kid = header
            .kid
            .filter(|kid| keys.has(kid))
            .ok_or(OutsideFault::UnknownKey)?;
        if !keys.verifies(&kid, algorithm, message.as_bytes(), signature) {
            return Err(OutsideFault::Signature);
        }
        let typ = match header.typ {
            None => None,
            Some(Value::String(typ)) => Some(typ.to_ascii_lowercase()),
            Some(_) => return Err(OutsideFault::Type),
        };
        let claims = object(payload).ok_or(OutsideFault::Malformed)?;
        Ok((typ, claims))
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), OutsideFault> {
        match claims.get("iss") {
            Some(Value::String(issuer)) if *issuer == self.issuer => Ok(()),
            Some(Value::String(_)) => Err(OutsideFault::Issuer),
            _ => Err(OutsideFault::Claim("iss")),
        }
    }

    /// Who it is, once everything else is right but the time.
    fn outsider(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Outsider, OutsideFault> {
        let skew = self.skew_seconds.clamp(0, MAX_SKEW_SECONDS);
        let present = now.unix_seconds();
        let expires = seconds(claims, "exp")?.ok_or(OutsideFault::Claim("exp"))?;
        for name in ["nbf", "iat"] {
            if seconds(claims, name)?.is_some_and(|begins| begins > present.saturating_add(skew)) {
                return Err(OutsideFault::NotYetValid);
            }
        }
        if expires.saturating_add(skew) <= present {
            return Err(OutsideFault::Expired);
        }
        if expires.saturating_sub(present) > MAX_LIFE_SECONDS {
            return Err(OutsideFault::LivesTooLong);
        }
        let subject = mapping::claim(claims, &self.subject_claim)
            .and_then(Value::as_str)
            .filter(|subject| (1..=MAX_SUBJECT_BYTES).contains(&subject.len()))
            .ok_or(OutsideFault::Subject)?;
        let text = |name: &str| {
            let text = claims.get(name).and_then(Value::as_str)?.trim();
            (!text.is_empty()).then(|| printable(text))
        };
        let name = match &self.name_claim {
            Some(name) => mapping::claim(claims, name)
                .and_then(Value::as_str)
                .map(|name| printable(name.trim())),
            None => NAME_CLAIMS.iter().find_map(|name| text(name)),
        };
        Ok(Outsider {
            subject: subject.to_owned(),
            name: name
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| printable(subject)),
            display_name: text("name"),
            given_name: text("given_name"),
            family_name: text("family_name"),
            roles: mapping::roles(claims, &self.roles),
            client: ["azp", "appid", "client_id"].iter().find_map(|name| text(name)),
            expires_at: Timestamp::from_unix_seconds(expires.saturating_add(skew)),
        })
    }
}

/// The id by which somebody from outside is known in a tenant: the same for ever, and another for each issuer, subject
/// and tenant.
pub fn object_id(issuer: &str, subject: &str, tenant: TenantId) -> Uuid {
    /// Drawn once for this purpose.
    const OUTSIDERS: Uuid = Uuid::from_u128(0x6c2f_2d0e_87d5_4c39_9a52_31c8_f70b_4be6);
    let mut name = Vec::new();
    for part in [
        tenant.guid().as_bytes().as_slice(),
        issuer.as_bytes(),
        subject.as_bytes(),
    ] {
        name.extend((part.len() as u64).to_be_bytes());
        name.extend(part);
    }
    Uuid::new_v5(&OUTSIDERS, &name)
}

/// Keys come from the issuer's set alone: `jwk`, `jku`, `x5c` and `x5u` of a header are not even read.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<Value>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct IssuerClaim {
    iss: String,
}

fn header_algorithm(token: &str) -> Option<Algorithm> {
    let header: Header = object(token.split('.').next()?)?;
    Algorithm::by_name(&header.alg)
}

fn object<T: serde::de::DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    // A derived reader would take an array for an object.
    if json.first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// One text, or a list of texts (RFC 7519, 4.1.3).
fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, OutsideFault> {
    let fault = OutsideFault::Claim("aud");
    match claims.get("aud") {
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(list)) => list.iter().map(|one| one.as_str().ok_or(fault)).collect(),
        _ => Err(fault),
    }
}

/// A time as RFC 7519 has it: seconds since 1970, which may have a fraction.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, OutsideFault> {
    let fault = OutsideFault::Claim(name);
    let value = match claims.get(name) {
        None => return Ok(None),
        Some(Value::Number(number)) => number,
        Some(_) => return Err(fault),
    };
    let whole = value.as_i64().or_else(|| {
        let fraction = value.as_f64().filter(|number| number.abs() < 1e15)?;
        Some(fraction as i64)
    });
    whole.map(Some).ok_or(fault)
}

#[cfg(test)]
mod tests;
