//! `[detection]`: how sign-ins are judged.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use std::path::PathBuf;
use std::time::Duration;

/// How sign-ins are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detection {
    /// Whether they are.
    pub enabled: bool,
    /// How long after its time a sign-in is waited for, so that those of several sources are judged in order.
    pub allowed_lateness: Duration,
    /// A TOML file with thresholds, by detector.
    pub rules: Option<PathBuf>,
    /// A file with a person on each line: the names that are one person's, with commas between.
    pub people: Option<PathBuf>,
}

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "detection.enabled",
        kind: Kind::Switch,
        default: Some("true"),
        about: "Whether sign-ins are judged, which fills the anomaly reports.",
    },
    KeyDef {
        path: "detection.allowed_lateness_seconds",
        kind: Kind::Seconds,
        default: Some("15m"),
        about: "How long after its time a sign-in is waited for before later ones are judged. One that comes still later is judged all the same, and what it changes is corrected.",
    },
    KeyDef {
        path: "detection.rules",
        kind: Kind::Text,
        default: None,
        about: "A TOML file with thresholds that are not the default, a table for each detector. A change counts for later sign-ins.",
    },
    KeyDef {
        path: "detection.people",
        kind: Kind::Text,
        default: None,
        about: "A file that says which names are one person's: a line for each person, the names with commas between.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Detection> {
    let enabled = reader.switch("detection.enabled");
    let allowed_lateness = reader.seconds("detection.allowed_lateness_seconds", 0..=86_400);
    let rules = reader.path("detection.rules");
    let people = reader.path("detection.people");
    Ok(Detection {
        enabled: enabled?,
        allowed_lateness: allowed_lateness?,
        rules: rules?,
        people: people?,
    })
}
