//! What is missing at the service and why: told to it, so that nobody has to find out.

use model::time::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

/// More than this the service does not take.
const DETAIL_LETTERS: usize = 500;

/// Why something is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GapKind {
    /// The spool was full, and the operator's policy was to drop.
    Dropped,
    /// A file ended or went away before it was read to its end.
    HalfReadFile,
    /// A file was cut before all of it was read.
    Truncated,
    /// Something is there and cannot be read or taken.
    Unreadable,
}

/// Records that the service will not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gap {
    pub(crate) id: Uuid,
    pub(crate) kind: GapKind,
    /// How many records, where that is known.
    pub(crate) records: u64,
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Option<Timestamp>,
    /// What happened, for people.
    pub(crate) detail: String,
}

impl GapKind {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            GapKind::Dropped => "dropped",
            GapKind::HalfReadFile => "half-read-file",
            GapKind::Truncated => "truncated",
            GapKind::Unreadable => "unreadable",
        }
    }

    /// The kind of a word.
    pub(crate) fn of(word: &str) -> GapKind {
        match word {
            "dropped" => GapKind::Dropped,
            "half-read-file" => GapKind::HalfReadFile,
            "truncated" => GapKind::Truncated,
            _ => GapKind::Unreadable,
        }
    }
}

impl Gap {
    /// A gap that was noticed just now.
    pub(crate) fn noticed(kind: GapKind, records: u64, now: Timestamp, detail: String) -> Gap {
        Gap {
            id: edge::chance::guid(),
            kind,
            records,
            from: None,
            to: Some(now),
            detail,
        }
    }

    /// As it is told to the service.
    pub(crate) fn json(&self) -> Value {
        json!({
            "id": self.id,
            "kind": self.kind.word(),
            "records": self.records,
            // A clock that was set back must not make it unreadable.
            "from": self.from.min(self.to.or(self.from)).map(|time| time.to_string()),
            "to": self.to.map(|time| time.to_string()),
            "detail": self.detail.chars().take(DETAIL_LETTERS).collect::<String>(),
        })
    }
}
