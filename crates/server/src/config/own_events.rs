//! `[own_events]`: what the service tells of itself.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};

/// What the service tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvents {
    /// Whether sign-ins to Gatelog, administrative acts and exports are events of the tenant.
    pub enabled: bool,
}

pub(super) const KEYS: &[KeyDef] = &[KeyDef {
    path: "own_events.enabled",
    kind: Kind::Switch,
    default: Some("true"),
    about: "Whether sign-ins to Gatelog and what administrators do are events of the tenant, with the source `gatelog`.",
}];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<OwnEvents> {
    reader
        .switch("own_events.enabled")
        .map(|enabled| OwnEvents { enabled })
}
