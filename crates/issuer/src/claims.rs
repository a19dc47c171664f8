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
    /// `<origin>/<tid>/`.
    pub iss: String,
    /// Seconds since 1970. Like `nbf` it lies 300 s back, so that `exp` is 3900 s later, as clients of the old service
    /// saw it.
    pub iat: i64,
    /// Seconds since 1970.
    pub nbf: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// The client's id.
    pub appid: String,
    /// How the client proved who it is: `1` is a secret.
    pub appidacr: &'static str,
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
    /// Always `1.0`.
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
