//! The Entra admin center's CSV download of managed identities' sign-ins: the name of the file tells them apart.

use super::{FormatDef, Reading};
use crate::portal::{self, Kind};
use model::event::SignInKind;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "entra-csv-managed-identity",
    title: "row of the Entra admin center's CSV download of managed identities' sign-ins",
    about: "The CSV download of sign-ins of managed identities, whose headings are those of other applications.",
    looks_for: portal::LOOKS_FOR,
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    portal::read(record, Kind::Is(SignInKind::ManagedIdentity))
}
