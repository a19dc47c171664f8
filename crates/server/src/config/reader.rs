//! Takes values out of the settings for the sections, and keeps every complaint with its place.

use super::error::ConfigError;
use super::key::Value;
use super::layering::{self, Origin, Setting, Settings};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The settings, and where complaints go.
pub(super) struct Reader<'a> {
    settings: &'a Settings,
    errors: &'a mut Vec<ConfigError>,
    /// Where systemd puts what `LoadCredential=` and its kin name.
    credentials: Option<PathBuf>,
}

/// What stands before the name of a credential.
const CREDENTIAL: &str = "credential:";

/// Something was wrong, and the complaint is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told;

/// A checked value, unless there was something to complain about.
pub(super) type Checked<T> = Result<T, Told>;

impl<'a> Reader<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        errors: &'a mut Vec<ConfigError>,
        credentials: Option<PathBuf>,
    ) -> Reader<'a> {
        Reader {
            settings,
            errors,
            credentials,
        }
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

    /// A text that may be left out, checked.
    pub(super) fn optional<T>(
        &mut self,
        path: &str,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Checked<Option<T>> {
        let Some(setting) = self.setting(path) else {
            return Ok(None);
        };
        let Value::Text(text) = &setting.value else {
            return Err(Told);
        };
        match check(text) {
            Ok(value) => Ok(Some(value)),
            Err(wanted) => {
                self.refuse(path, wanted);
                Err(Told)
            }
        }
    }

    /// A text that has a default, checked.
    pub(super) fn text<T>(
        &mut self,
        path: &str,
        check: impl FnOnce(&str) -> Result<T, String>,
    ) -> Checked<T> {
        self.optional(path, check)?.ok_or(Told)
    }

    /// A file or folder. A relative path in the configuration file starts at that file's folder, elsewhere at the
    /// working folder; `credential:NAME` is a file that systemd passes to the service.
    pub(super) fn path(&mut self, path: &str) -> Checked<Option<PathBuf>> {
        let credentials = self.credentials.clone();
        let text = self.optional(path, |text| match text.strip_prefix(CREDENTIAL) {
            Some(name) => credential(name, credentials.as_deref()),
            None if text.is_empty() => Err("it takes the path of a file or folder".to_owned()),
            None => Ok(PathBuf::from(text)),
        })?;
        Ok(text.map(|written| self.base(path).join(written)))
    }

    /// Several files; where relative paths start is as with one.
    pub(super) fn paths(&self, path: &str) -> Vec<PathBuf> {
        let base = self.base(path);
        self.texts(path)
            .iter()
            .map(|written| base.join(written))
            .collect()
    }

    /// Where the relative paths of a setting start.
    fn base(&self, path: &str) -> PathBuf {
        match self.setting(path).map(|setting| &setting.origin) {
            Some(Origin::File { path, .. }) => path.parent().map(PathBuf::from).unwrap_or_default(),
            _ => PathBuf::new(),
        }
    }

    /// Several texts, each checked.
    pub(super) fn list<T>(
        &mut self,
        path: &str,
        check: impl Fn(&str) -> Result<T, String>,
    ) -> Checked<Vec<T>> {
        let Value::List(items) = &self.setting(path).ok_or(Told)?.value else {
            return Err(Told);
        };
        let mut checked = Vec::new();
        for item in items {
            match check(item) {
                Ok(value) => checked.push(value),
                Err(wanted) => {
                    self.refuse(path, wanted);
                    return Err(Told);
                }
            }
        }
        Ok(checked)
    }

    /// A switch.
    pub(super) fn switch(&mut self, path: &str) -> Checked<bool> {
        match self.setting(path).ok_or(Told)?.value {
            Value::Switch(switch) => Ok(switch),
            _ => Err(Told),
        }
    }

    /// A whole number within bounds.
    pub(super) fn whole(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Checked<u64> {
        let Value::Whole(number) = self.setting(path).ok_or(Told)?.value else {
            return Err(Told);
        };
        self.within(path, number, &bounds, "")
    }

    /// A whole number that may be left out.
    pub(super) fn optional_whole(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Checked<Option<u64>> {
        if self.setting(path).is_none() {
            return Ok(None);
        }
        self.whole(path, bounds).map(Some)
    }

    /// A span of time within bounds of seconds.
    pub(super) fn seconds(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Checked<Duration> {
        let Value::Seconds(span) = self.setting(path).ok_or(Told)?.value else {
            return Err(Told);
        };
        self.within(path, span.as_secs(), &bounds, " seconds")
            .map(Duration::from_secs)
    }

    /// A span of time that may be left out.
    pub(super) fn optional_seconds(
        &mut self,
        path: &str,
        bounds: RangeInclusive<u64>,
    ) -> Checked<Option<Duration>> {
        if self.setting(path).is_none() {
            return Ok(None);
        }
        self.seconds(path, bounds).map(Some)
    }

    /// A size within bounds of bytes.
    pub(super) fn bytes(&mut self, path: &str, bounds: RangeInclusive<u64>) -> Checked<u64> {
        let Value::Bytes(bytes) = self.setting(path).ok_or(Told)?.value else {
            return Err(Told);
        };
        self.within(path, bytes, &bounds, " bytes")
    }

    /// The tables of a list, in order: what stands before the names of each one's settings (`roles[1]`).
    pub(super) fn tables(&self, list: &str) -> Vec<String> {
        layering::tables(self.settings, list)
    }

    /// Several texts that may be left out, as they are.
    pub(super) fn texts(&self, path: &str) -> Vec<String> {
        match self.setting(path).map(|setting| &setting.value) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        }
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

    /// The full names below a table of names, each with its own name.
    pub(super) fn names(&self, path: &str) -> Vec<(String, String)> {
        let prefix = format!("{path}.");
        let below = self.settings.keys().filter_map(|full_name| {
            let name = full_name.strip_prefix(&prefix)?;
            Some((full_name.clone(), name.to_owned()))
        });
        below.collect()
    }

    /// Checks a number against bounds.
    pub(super) fn within(
        &mut self,
        path: &str,
        number: u64,
        bounds: &RangeInclusive<u64>,
        unit: &str,
    ) -> Checked<u64> {
        if bounds.contains(&number) {
            return Ok(number);
        }
        self.refuse(
            path,
            format!("it goes from {} to {}{unit}", bounds.start(), bounds.end()),
        );
        Err(Told)
    }
}

/// The file of a credential (systemd.exec(5), `LoadCredential=`).
fn credential(name: &str, folder: Option<&Path>) -> Result<PathBuf, String> {
    if name.is_empty() || name.starts_with('.') || name.contains('/') {
        return Err("after \"credential:\" it takes the name of a credential, which has no slash".to_owned());
    }
    let Some(folder) = folder else {
        return Err(format!(
            "there is no CREDENTIALS_DIRECTORY: credentials come from systemd, by a line such as \
             LoadCredential={name}:/path/of/the/file in the service's unit"
        ));
    };
    Ok(folder.join(name))
}
