//! `[tokens]`: how long tokens, codes and sessions live.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use std::time::Duration;

/// How long tokens, codes and sessions live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// An access token, from issue to expiry.
    pub lifetime: Duration,
    /// How long a code may take to its application and back.
    pub code: Duration,
    /// How long a refresh token waits for its next use.
    pub refresh: Duration,
    /// How long a device waits for its user.
    pub device_code: Duration,
    /// How long a browser stays signed in.
    pub session: Duration,
}

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "tokens.lifetime_seconds",
        kind: Kind::Seconds,
        default: Some("1h"),
        about: "How long an access token lives.",
    },
    KeyDef {
        path: "tokens.code_seconds",
        kind: Kind::Seconds,
        default: Some("10m"),
        about: "How long an application may take to redeem the code of a sign-in.",
    },
    KeyDef {
        path: "tokens.refresh_seconds",
        kind: Kind::Seconds,
        default: Some("336h"),
        about: "How long a refresh token waits for its next use; each use gives a new one.",
    },
    KeyDef {
        path: "tokens.device_code_seconds",
        kind: Kind::Seconds,
        default: Some("15m"),
        about: "How long a device waits for its user to type its code.",
    },
    KeyDef {
        path: "tokens.session_seconds",
        kind: Kind::Seconds,
        default: Some("8h"),
        about: "How long a browser stays signed in.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Tokens> {
    let lifetime = reader.seconds("tokens.lifetime_seconds", 60..=86_400);
    let code = reader.seconds("tokens.code_seconds", 30..=3_600);
    let refresh = reader.seconds("tokens.refresh_seconds", 3_600..=366 * 86_400);
    let device_code = reader.seconds("tokens.device_code_seconds", 60..=3_600);
    let session = reader.seconds("tokens.session_seconds", 60..=30 * 86_400);
    Ok(Tokens {
        lifetime: lifetime?,
        code: code?,
        refresh: refresh?,
        device_code: device_code?,
        session: session?,
    })
}
