//! The files that say how sign-ins are judged: thresholds, and which names are one person's.

use crate::config::Detection;
use detect::{People, Rules};
use std::path::{Path, PathBuf};

/// A rules file or a file of people is larger than this only by mistake.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why a file does not say how sign-ins are judged.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}; mend it, or take its key out of [detection]")]
    NotReadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is too large.
    #[error("{path} has more than {FILE_BYTES_MAX} bytes: it is no file of that kind")]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// It says what is no threshold.
    #[error("{path}: {reason}")]
    NotUnderstood {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

/// The thresholds: those of the file, where it has them.
pub(crate) fn rules(settings: &Detection) -> Result<Rules, SettingsError> {
    match &settings.rules {
        Some(path) => rules_of(path),
        None => Ok(Rules::default()),
    }
}

fn rules_of(path: &Path) -> Result<Rules, SettingsError> {
    rules_in(&text_of(path)?).map_err(|reason| SettingsError::NotUnderstood {
        path: path.to_owned(),
        reason,
    })
}

/// The thresholds of a text: TOML, a table for each detector; what it does not name has the default. The error says what is wrong, and
/// where.
pub(crate) fn rules_in(text: &str) -> Result<Rules, String> {
    let rules: Rules = toml::from_str(text).map_err(|error| error.to_string())?;
    rules.check()?;
    Ok(rules)
}

/// Who has which names.
pub(crate) fn people(settings: &Detection) -> Result<People, SettingsError> {
    let Some(path) = &settings.people else {
        return Ok(People::default());
    };
    let text = text_of(path)?;
    let lists: Vec<Vec<String>> = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split(',').map(|name| name.trim().to_owned()).collect())
        .collect();
    Ok(People::stitched(lists.iter().map(Vec::as_slice)))
}

fn text_of(path: &Path) -> Result<String, SettingsError> {
    let not_readable = |source| SettingsError::NotReadable {
        path: path.to_owned(),
        source,
    };
    let about = std::fs::metadata(path).map_err(not_readable)?;
    if about.len() > FILE_BYTES_MAX {
        return Err(SettingsError::TooLarge {
            path: path.to_owned(),
        });
    }
    std::fs::read_to_string(path).map_err(not_readable)
}
