//! The security log of Windows: sign-ins of people, changes of accounts and groups.

use super::{FormatDef, Reading};
use crate::mim;
use crate::windows::{WindowsEvent, ad_fs, security};
use serde_json::{Map, Value};

/// The format. It answers for every event of Windows that no other format reads: what is not of people is ignored and counted.
pub(super) const DEF: FormatDef = FormatDef {
    id: "windows-security",
    title: "Windows event",
    about: "The security log of Windows: EVTX files, the same events as XML (wevtutil, Event Viewer) and as JSON (Winlogbeat, \
            NXLog, tools for EVTX files).",
    looks_for: "`Event.System.EventID`, `winlog.event_id`, or `EventID` with `Channel` and `SourceName`",
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    match WindowsEvent::of(record) {
        Some(event) if !mim::is_ours(&event) && !ad_fs::is_ours(&event) => security::read(&event),
        _ => Reading::Unrecognised,
    }
}
