//! `[own_events]`: what the service tells of itself.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};

/// What the service tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEvents {
    /// Whether sign-ins to Gatelog, administrative acts and exports are events of the tenant.
    pub enabled: bool,
    /// Reading more rows of a report than this in a UTC day is an export.
    pub export_rows: u64,
}

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "own_events.enabled",
        kind: Kind::Switch,
        default: Some("true"),
        about: "Whether sign-ins to Gatelog, what administrators do and exports are events of the tenant, with the source `gatelog`.",
    },
    KeyDef {
        path: "own_events.export_rows",
        kind: Kind::Whole,
        default: Some("10000"),
        about: "Whoever reads more rows of a report than this in a UTC day exports it, which is one event.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<OwnEvents> {
    let enabled = reader.switch("own_events.enabled");
    let export_rows = reader.whole("own_events.export_rows", 0..=1_000_000_000_000);
    Ok(OwnEvents {
        enabled: enabled?,
        export_rows: export_rows?,
    })
}
