//! `[tokens]`: how long access tokens live.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use std::time::Duration;

/// How long access tokens live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    /// From issue to expiry.
    pub lifetime: Duration,
}

pub(super) const KEYS: &[KeyDef] = &[KeyDef {
    path: "tokens.lifetime_seconds",
    kind: Kind::Seconds,
    default: Some("1h"),
    about: "How long an access token lives.",
}];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Tokens> {
    reader
        .seconds("tokens.lifetime_seconds", 60..=86_400)
        .map(|lifetime| Tokens { lifetime })
}
