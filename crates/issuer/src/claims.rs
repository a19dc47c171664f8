//! The claims of access tokens (contract 4.5).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::time::Timestamp;
use serde::Serialize;

/// How far in the past a token begins, in seconds, for clients and servers whose clocks are behind.
pub const BACKDATED_SECONDS: i64 = 300;

/// The claims of a token that an application got for itself, in the order in which the old service wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppClaims {
    /// The audience as the client spelled it.
    pub aud: String,
    /// `<origin>/<tid>/` in v1, `<origin>/<tid>/v2.0` in v2.
    pub iss: String,
    /// Seconds since 1970. Like `nbf` it lies 300 s back, so that `exp` is 3900 s later, as clients of the old service
    /// saw it.
    pub iat: i64,
    /// Seconds since 1970.
    pub nbf: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// Who got it.
    #[serde(flatten)]
    pub client: ClientClaims,
    /// Who vouches for it: the same as `iss`.
    pub idp: String,
    /// The id of the application's service principal.
    pub oid: String,
    /// What the application may do on this audience; left out if nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<&'static str>,
    /// The same as `oid`.
    pub sub: String,
    /// The tenant.
    pub tid: String,
    /// The token's own id.
    pub uti: String,
    /// `1.0` or `2.0`.
    pub ver: &'static str,
}

/// The claims of a token that an application got for a user who signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserClaims {
    /// As in [`AppClaims`].
    pub aud: String,
    /// As in [`AppClaims`].
    pub iss: String,
    /// As in [`AppClaims`].
    pub iat: i64,
    /// As in [`AppClaims`].
    pub nbf: i64,
    /// As in [`AppClaims`].
    pub exp: i64,
    /// Always `1`: the user was asked.
    pub acr: &'static str,
    /// How the user proved who it is.
    pub amr: [&'static str; 1],
    /// Who got it.
    #[serde(flatten)]
    pub client: ClientClaims,
    /// The user's family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The user's given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// What people call the user.
    pub name: String,
    /// The user's id.
    pub oid: String,
    /// What the application may do for the user, with spaces between.
    pub scp: String,
    /// The user's name for this application.
    pub sub: String,
    /// The tenant.
    pub tid: String,
    /// The name with which the user signs in.
    pub unique_name: String,
    /// The same.
    pub upn: String,
    /// The token's own id.
    pub uti: String,
    /// `1.0` or `2.0`.
    pub ver: &'static str,
    /// The template ids of the user's roles. They inform; what counts is looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub wids: Vec<String>,
    /// What the token came of, so that all that came of it can be revoked together. Our own claim.
    pub gatelog_family: String,
}

/// Who got a token, spelled as the version does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ClientClaims {
    /// v1
    Appid {
        /// The client's id.
        appid: String,
        /// How it proved who it is.
        appidacr: &'static str,
    },
    /// v2
    Azp {
        /// The client's id.
        azp: String,
        /// How it proved who it is.
        azpacr: &'static str,
    },
}

/// The claims of an id token (OpenID Connect Core, 2; contract 4.2, but signed).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdClaims {
    /// The client's id.
    pub aud: String,
    /// `<origin>/<tid>/` in v1, `<origin>/<tid>/v2.0` in v2.
    pub iss: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub nbf: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// How the user proved who it is.
    pub amr: [&'static str; 1],
    /// The user's family name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The user's given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// What people call the user.
    pub name: String,
    /// What the client wanted back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The user's id.
    pub oid: String,
    /// v2: the name with which the user signs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// The user's name for this application.
    pub sub: String,
    /// The tenant.
    pub tid: String,
    /// v1: the name with which the user signs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_name: Option<String>,
    /// v1: the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upn: Option<String>,
    /// `1.0` or `2.0`.
    pub ver: &'static str,
}

/// From when to when a token holds, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// `iat` and `nbf`.
    pub not_before: i64,
    /// `exp`.
    pub expires_on: i64,
    /// From now to `exp`: what the client is told as `expires_in`.
    pub lifetime: i64,
}

impl Validity {
    /// Of a token that is given out now and lives so many seconds.
    pub const fn from_now(now: Timestamp, lifetime: i64) -> Validity {
        let seconds = now.unix_seconds();
        Validity {
            not_before: seconds - BACKDATED_SECONDS,
            expires_on: seconds + lifetime,
            lifetime,
        }
    }
}

/// A token's own id, out of 128 random bits: 22 characters, as the old service's were.
pub(crate) fn token_id(random: [u8; 16]) -> String {
    URL_SAFE_NO_PAD.encode(random)
}
