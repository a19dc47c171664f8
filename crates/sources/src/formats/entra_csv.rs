//! The Entra admin center's CSV downloads: sign-ins, audit logs and provisioning logs.

use super::{FormatDef, Reading};
use crate::portal::{self, Kind};
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "entra-csv",
    title: "row of the Entra admin center's CSV download",
    about: "What the Entra admin center downloads as CSV of sign-ins, audit logs and provisioning logs, in English. Sign-ins are interactive, or an application's where the columns say so.",
    looks_for: portal::LOOKS_FOR,
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    portal::read(record, Kind::AsHeadingsSay)
}
