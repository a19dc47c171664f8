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
mod tests;
