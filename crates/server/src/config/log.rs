//! `[log]`: what is written to standard error.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use edge::logging::{Log, format_of, level_of};

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "log.format",
        kind: Kind::Text,
        default: Some("human"),
        about: "How a log line looks: human or json.",
    },
    KeyDef {
        path: "log.level",
        kind: Kind::Text,
        default: Some("info"),
        about: "Which lines: error, warn, info, debug or trace; by room as in \"info,store=debug\".",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Log> {
    let format = reader.text("log.format", format_of);
    let level = reader.text("log.level", level_of);
    Ok(Log {
        format: format?,
        level: level?,
    })
}
