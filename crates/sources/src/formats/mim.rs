//! Microsoft Identity Manager: the requests that its service writes into the 'Identity Manager Request Log'.

use super::{FormatDef, Reading};
use crate::mim;
use serde_json::{Map, Value};

/// The format.
pub(super) const DEF: FormatDef = FormatDef {
    id: mim::FORMAT,
    title: "MIM request",
    about: "Requests of Microsoft Identity Manager (events 4121 and 4137 of the Identity Manager Request Log), whole or in parts: \
            self-service of passwords and groups, and every other change.",
    looks_for: "`EventID` 4121 or 4137 with `Message`, an event of the log 'Identity Manager Request Log', or `HybridObjectID` \
                with `RequestStatus`",
    read,
};

fn read(record: &Map<String, Value>) -> Reading {
    mim::read(record)
}
