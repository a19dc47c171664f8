//! `[log]`: what is written to standard error.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use std::str::FromStr;
use tracing_subscriber::filter::Targets;

/// What is written to standard error.
#[derive(Debug, Clone, PartialEq)]
pub struct Log {
    /// How a line looks.
    pub format: LogFormat,
    /// Which lines.
    pub level: Targets,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// For programs: one JSON object a line.
    Json,
}

impl Log {
    /// Reads both settings as they stand in a file: `human` or `json`, and levels as in `info,store=debug`.
    pub fn parse(format: &str, levels: &str) -> Result<Log, String> {
        Ok(Log {
            format: format_of(format)?,
            level: level(levels)?,
        })
    }
}

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
    let level = reader.text("log.level", level);
    Ok(Log {
        format: format?,
        level: level?,
    })
}

fn format_of(text: &str) -> Result<LogFormat, String> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err("it takes \"human\" or \"json\"".to_owned()),
    }
}

/// A word without `=` is a level, or the filter would read it as the name of a room and show everything of it.
fn level(text: &str) -> Result<Targets, String> {
    let wanted = || {
        "it takes error, warn, info, debug, trace or off, or several as in \"info,store=debug\"".to_owned()
    };
    for part in text.split(',') {
        let level = part.rsplit('=').next().unwrap_or_default();
        if tracing_subscriber::filter::LevelFilter::from_str(level).is_err() || level.is_empty() {
            return Err(wanted());
        }
    }
    Targets::from_str(text).map_err(|_| wanted())
}
