//! The Entra admin center's CSV download of non-interactive sign-ins: only the name of the file tells them apart.

use super::{FormatDef, Reading};
use crate::portal::{self, Kind};
use model::event::SignInKind;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "entra-csv-non-interactive",
    title: "row of the Entra admin center's CSV download of non-interactive sign-ins",
    about: "The CSV download of non-interactive sign-ins, whose headings are those of interactive ones.",
    looks_for: portal::LOOKS_FOR,
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    portal::read(record, Kind::Is(SignInKind::NonInteractive))
}
