//! A sign-in as it is kept: whose, where, for how long, and how to renew it.

use super::endpoints::Endpoints;
use super::proof::SecretSource;
use super::tokens::Granted;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::path::PathBuf;

/// A token that ends sooner than this is renewed before it is used, so that it does not end on its way.
const RENEW_BEFORE_SECONDS: i64 = 120;

/// Who the token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A person, who signed in.
    User,
    /// An application by itself.
    Application,
}

/// A sign-in. Where it was made is part of it: its tokens go nowhere else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) kind: Kind,
    pub(crate) host: String,
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) resource: String,
    pub(crate) endpoints: Endpoints,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) authority: Option<String>,
    /// Of the application; the secret itself is never kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<SecretSource>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<String>,
    #[serde(default)]
    pub(crate) plain_http: bool,
    #[serde(serialize_with = "open", deserialize_with = "close")]
    pub(crate) access_token: SecretString,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "open_some",
        deserialize_with = "close_some"
    )]
    pub(crate) refresh_token: Option<SecretString>,
    /// Seconds since 1970.
    pub(crate) ends: i64,
    pub(crate) lifetime_seconds: i64,
}

impl Login {
    /// Whether the token can be used for a request that is made now (seconds since 1970).
    pub(crate) fn is_fresh(&self, now: i64) -> bool {
        let margin = RENEW_BEFORE_SECONDS.min(self.lifetime_seconds / 5);
        now + margin < self.ends
    }

    /// The same sign-in with other tokens. A refresh token that was not replaced stays good (RFC 6749, 6).
    pub(crate) fn renewed(&self, granted: Granted, now: i64) -> Login {
        Login {
            access_token: granted.access_token,
            refresh_token: granted.refresh_token.or_else(|| self.refresh_token.clone()),
            ends: now + granted.lifetime_seconds,
            lifetime_seconds: granted.lifetime_seconds,
            ..self.clone()
        }
    }
}

fn open<S: Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

// Serde hands over what the field is.
#[allow(clippy::ref_option)]
fn open_some<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => open(secret, serializer),
        None => serializer.serialize_none(),
    }
}

fn close<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

fn close_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
