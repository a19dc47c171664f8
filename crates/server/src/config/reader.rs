//! Takes values out of the settings for the sections, and keeps every complaint with its place.

use super::error::ConfigError;
use super::key::Value;
use super::layering::{Origin, Setting, Settings};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// The settings, and where complaints go. A method answers `None` where something was wrong and has been said.
pub(super) struct Reader<'a> {
    settings: &'a Settings,
    errors: &'a mut Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(settings: &'a Settings, errors: &'a mut Vec<ConfigError>) -> Reader<'a> {
        Reader { settings, errors }
    }

    /// The value of a setting, if it has one.
    fn setting(&self, path: &str) -> Option<&'a Setting> {
        self.settings.get(path)
    }

    /// Complains about a setting's value.
    pub(super) fn refuse(&mut self, path: &str, wanted: String) {
        let (place, value) = match self.setting(path) {
            Some(setting) => (setting.origin.to_string(), setting.raw.shown()),
            None => (Origin::Default.to_string(), "left out".to_owned()),
        };
        self.errors.push(ConfigError::WrongValue {
            place,
            key: path.to_owned(),
            value,
            wanted,
        });
    }

    /// Complains about settings that do not go together.
    pub(super) fn conflict(&mut self, sentence: String) {
        self.errors.push(ConfigError::Conflict(sentence));
    }

    /// A text, checked; the outer `None` means that it was wrong, the inner that nothing was said.
    pub(super) fn optional<T>(
        &mut self,
        path: &str,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<Option<T>> {
        let Some(setting) = self.setting(path) else {
            return Some(None);
        };
        let Value::Text(text) = &setting.value else {
            return None;
        };
        match check(text) {
            Ok(value) => Some(Some(value)),
            Err(wanted) => {
                self.refuse(path, wanted);
                None
            }
        }
    }

    /// A text that has a default, checked.
    pub(super) fn text<T>(&mut self, path: &str, check: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.optional(path, check).flatten()
    }

    /// A file or folder. A relative path in the configuration file starts at that file's folder, elsewhere at the
    /// working folder.
    pub(super) fn path(&mut self, path: &str) -> Option<Option<PathBuf>> {
        let text = self.optional(path, |text| {
            if text.is_empty() {
                Err("it takes the path of a file or folder".to_owned())
            } else {
                Ok(PathBuf::from(text))
            }
        })?;
        let (Some(written), Some(setting)) = (text, self.setting(path)) else {
            return Some(None);
        };
        let base = match &setting.origin {
            Origin::File { path, .. } => path.parent().map(PathBuf::from).unwrap_or_default(),
            _ => PathBuf::new(),
        };
        Some(Some(base.join(written)))
    }

    /// Several texts, each checked.
    pub(super) fn list<T>(
        &mut self,
        path: &str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Vec<T>> {
        let Value::List(items) = &self.setting(path)?.value else {
            return None;
        };
        let mut checked = Vec::new();
        for item in items {
            match check(item) {
                Ok(value) => checked.push(value),
                Err(wanted) => {
                    self.refuse(path, wanted);
                    return None;
                }
            }
        }
        Some(checked)
    }

    /// A switch.
    pub(super) fn switch(&mut self, path: &str) -> Option<bool> {
        match self.setting(path)?.value {
            Value::Switch(switch) => Some(switch),
            _ => None,
        }
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let Value::Whole(number) = self.setting(path)?.value else {
            return None;
        };
        self.within(path, number, &bounds, "")
    }

    /// A whole number that may be left out.
    pub(super) fn optional_whole(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Option<Option<u64>> {
        if self.setting(path).is_none() {
            return Some(None);
        }
        self.whole(path, bounds).map(Some)
    }

    /// A span of time within bounds of seconds.
    pub(super) fn seconds(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Option<Duration> {
        let Value::Seconds(span) = self.setting(path)?.value else {
            return None;
        };
        self.within(path, span.as_secs(), &bounds, " seconds")
            .map(Duration::from_secs)
    }

    /// A size within bounds of bytes.
    pub(super) fn bytes(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Option<u64> {
        let Value::Bytes(bytes) = self.setting(path)?.value else {
            return None;
        };
        self.within(path, bytes, &bounds, " bytes")
    }

    /// The full names below a table of names, each with its own name and its number.
    pub(super) fn by_name(&self, path: &str) -> Vec<(String, String, u64)> {
        let prefix = format!("{path}.");
        let mut found = Vec::new();
        for (full_name, setting) in self.settings {
            if let (Some(name), Value::Whole(number)) = (full_name.strip_prefix(&prefix), &setting.value) {
                found.push((full_name.clone(), name.to_owned(), *number));
            }
        }
        found
    }

    /// Checks a number against bounds.
    pub(super) fn within(
        &mut self,
        path: &str,
        number: u64,
        bounds: &RangeInclusive<u64>,
        unit: &str,
    ) -> Option<u64> {
        if bounds.contains(&number) {
            return Some(number);
        }
        self.refuse(
            path,
            format!("it goes from {} to {}{unit}", bounds.start(), bounds.end()),
        );
        None
    }
}
