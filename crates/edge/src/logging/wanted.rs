//! Which lines are written, and how they look.

use std::str::FromStr;
use tracing_subscriber::filter::{LevelFilter, Targets};

/// What is written to the log.
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
            level: level_of(levels)?,
        })
    }
}

/// The format that a setting names. The error says what it takes.
pub fn format_of(text: &str) -> Result<LogFormat, String> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err("it takes \"human\" or \"json\"".to_owned()),
    }
}

/// The lines that a setting names. A word without `=` is a level, or the filter would read it as the name of a room and show
/// everything of it. The error says what it takes.
pub fn level_of(text: &str) -> Result<Targets, String> {
    let wanted = || {
        "it takes error, warn, info, debug, trace or off, or several as in \"info,store=debug\"".to_owned()
    };
    for part in text.split(',') {
        let level = part.rsplit('=').next().unwrap_or_default();
        if LevelFilter::from_str(level).is_err() || level.is_empty() {
            return Err(wanted());
        }
    }
    Targets::from_str(text).map_err(|_| wanted())
}
