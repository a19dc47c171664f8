//! What can be wrong with a configuration: what, where, and what to do.

use std::fmt;
use std::path::PathBuf;

/// One mistake in the configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration file {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{place}: this is not TOML: {message}")]
    NotToml {
        /// File and line.
        place: String,
        /// What the TOML parser says.
        message: String,
    },
    /// No such key.
    #[error("{place}: there is no setting `{key}`{}", hint(.suggestion.as_deref()))]
    UnknownKey {
        /// File and line, variable or flag.
        place: String,
        /// The key as it was written.
        key: String,
        /// The spelling that was probably meant.
        suggestion: Option<String>,
    },
    /// The value does not suit the key.
    #[error("{place}: `{key}` cannot be {value}: {wanted}")]
    WrongValue {
        /// File and line, variable or flag.
        place: String,
        /// The key.
        key: String,
        /// The value as it was written, cut to a length that fits a line.
        value: String,
        /// What would be right.
        wanted: String,
    },
    /// Settings that do not go together, or one that is missing.
    #[error("{0}")]
    Conflict(String),
}

/// Every mistake that was found, one a line.
#[derive(Debug)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

fn hint(suggestion: Option<&str>) -> String {
    match suggestion {
        Some(suggestion) => format!("; did you mean `{suggestion}`?"),
        None => "; `gatelog config show` lists every setting".to_owned(),
    }
}
