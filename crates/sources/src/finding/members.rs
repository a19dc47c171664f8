//! The members of one object, each taken once: what is missing, of another type, too long or left over is told.

use super::TEXT_BYTES_MAX;
use model::time::Timestamp;
use serde_json::{Map, Value};

/// An object whose members are all known.
pub(super) struct Members<'a> {
    /// How a sentence about it begins.
    what: &'static str,
    object: &'a Map<String, Value>,
    taken: Vec<&'static str>,
}

impl<'a> Members<'a> {
    pub(super) fn of(what: &'static str, object: &'a Map<String, Value>) -> Members<'a> {
        Members {
            what,
            object,
            taken: Vec::new(),
        }
    }

    fn take(&mut self, name: &'static str) -> Result<&'a Value, String> {
        self.taken.push(name);
        self.object
            .get(name)
            .ok_or_else(|| format!("{} has no `{name}`", self.what))
    }

    fn other_type(&self, name: &str, wanted: &str) -> String {
        format!("`{name}` of {} is not {wanted}", self.what)
    }

    /// Text or null.
    pub(super) fn text(&mut self, name: &'static str) -> Result<Option<String>, String> {
        match self.take(name)? {
            Value::Null => Ok(None),
            Value::String(text) if text.len() <= TEXT_BYTES_MAX => Ok(Some(text.clone())),
            Value::String(text) => Err(format!(
                "`{name}` of {} has {} bytes, and at most {TEXT_BYTES_MAX} are read",
                self.what,
                text.len()
            )),
            _ => Err(self.other_type(name, "text")),
        }
    }

    /// Text.
    pub(super) fn needed_text(&mut self, name: &'static str) -> Result<String, String> {
        let text = self.text(name)?;
        text.ok_or_else(|| self.other_type(name, "text"))
    }

    /// A whole number that fits.
    pub(super) fn whole<T: TryFrom<i64>>(&mut self, name: &'static str) -> Result<T, String> {
        let number = self.take(name)?.as_i64();
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.other_type(name, "a whole number that fits"))
    }

    /// A time or null.
    pub(super) fn maybe_time(&mut self, name: &'static str) -> Result<Option<Timestamp>, String> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let time = Timestamp::parse_vendor(&text)
            .ok()
            .filter(|time| time.to_string() == text);
        time.map(Some)
            .ok_or_else(|| self.other_type(name, "a time as this program writes it"))
    }

    /// A time.
    pub(super) fn time(&mut self, name: &'static str) -> Result<Timestamp, String> {
        let time = self.maybe_time(name)?;
        time.ok_or_else(|| self.other_type(name, "a time"))
    }

    /// An object.
    pub(super) fn object(&mut self, name: &'static str) -> Result<&'a Map<String, Value>, String> {
        let object = self.take(name)?.as_object();
        object.ok_or_else(|| self.other_type(name, "an object"))
    }

    /// Nothing else may be there.
    pub(super) fn end(self) -> Result<(), String> {
        let left = self
            .object
            .keys()
            .find(|name| !self.taken.contains(&name.as_str()));
        match left {
            Some(name) => {
                let name: String = name.chars().take(60).collect();
                Err(format!("{} has a member {name:?} that nobody wrote", self.what))
            }
            None => Ok(()),
        }
    }
}
