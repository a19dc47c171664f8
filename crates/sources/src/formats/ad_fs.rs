//! Active Directory Federation Services: what it writes into the security log of Windows.

use super::{FormatDef, Reading};
use crate::windows::{WindowsEvent, ad_fs};
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: "ad-fs",
    title: "AD FS audit",
    about: "Audits of Active Directory Federation Services in the security log of Windows, as EVTX, XML or JSON: credentials checked, \
            tokens issued, passwords changed.",
    looks_for: "an event of Windows whose provider is `AD FS Auditing`",
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    match WindowsEvent::of(record) {
        Some(event) if ad_fs::is_ours(&event) => ad_fs::read(&event),
        _ => Reading::Unrecognised,
    }
}
