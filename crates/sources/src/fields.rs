//! A look into a record whose names may come in any case, whose objects may come as text, and where `""` is nothing.

use model::time::Timestamp;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The members of one object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// The [`mark`]s of the names that are there: most names that are asked for are not.
    marks: u128,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(object: &'a Map<String, Value>) -> Fields<'a> {
        let marks = object.keys().fold(0, |marks, name| marks | mark(name));
        Fields { object, marks }
    }

    /// A member that is neither null nor blank: of this very name, else of this name in another case (the first of
    /// several in the order of the alphabet, so that the order of the record does not matter).
    pub(crate) fn get(self, name: &str) -> Option<&'a Value> {
        if self.marks & mark(name) == 0 {
            return None;
        }
        if let Some(value) = self.object.get(name).filter(|value| !is_nothing(value)) {
            return Some(value);
        }
        self.object
            .iter()
            .filter(|(other, value)| other.eq_ignore_ascii_case(name) && !is_nothing(value))
            .min_by(|(one, _), (other, _)| one.cmp(other))
            .map(|(_, value)| value)
    }

    /// Text as written; numbers and truth values as their text.
    pub(crate) fn text(self, name: &str) -> Option<String> {
        scalar(self.get(name)?)
    }

    /// The first of several members that is there.
    pub(crate) fn first_text(self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A whole number, also as text.
    pub(crate) fn integer(self, name: &str) -> Option<i64> {
        match self.get(name)? {
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A number, also as text.
    pub(crate) fn number(self, name: &str) -> Option<f64> {
        match self.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|number: &f64| number.is_finite())
    }

    /// `true` or `false`, also as text.
    pub(crate) fn boolean(self, name: &str) -> Option<bool> {
        match self.get(name)? {
            Value::Bool(value) => Some(*value),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// An object, also as JSON text.
    pub(crate) fn object(self, name: &str) -> Option<Cow<'a, Map<String, Value>>> {
        match self.get(name)? {
            Value::Object(object) => Some(Cow::Borrowed(object)),
            Value::String(text) if text.trim_start().starts_with('{') => {
                serde_json::from_str(text).ok().map(Cow::Owned)
            }
            _ => None,
        }
    }

    /// A list, also as JSON text; nothing if it is neither.
    pub(crate) fn list(self, name: &str) -> Cow<'a, [Value]> {
        match self.get(name) {
            Some(Value::Array(items)) => Cow::Borrowed(items),
            Some(Value::String(text)) if text.trim_start().starts_with('[') => {
                Cow::Owned(serde_json::from_str(text).unwrap_or_default())
            }
            _ => Cow::Borrowed(&[]),
        }
    }

    /// A time: as text, or as milliseconds since 1970, bare (as data frames write it) or in `/Date(…)/` (as Windows
    /// PowerShell does). The error is the text that is none.
    pub(crate) fn time(self, name: &str) -> Option<Result<Timestamp, String>> {
        /// 1973 in milliseconds: smaller numbers would be seconds, which no known export writes.
        const MILLIS_MIN: i64 = 100_000_000_000;
        let value = self.get(name)?;
        if let Some(millis) = value.as_i64().filter(|millis| *millis >= MILLIS_MIN) {
            return Some(Ok(Timestamp::from_unix_millis(millis)));
        }
        let text = scalar(value).unwrap_or_else(|| "not a text".to_owned());
        let in_date = text
            .strip_prefix("/Date(")
            .and_then(|rest| rest.strip_suffix(")/"));
        if let Some(millis) = in_date.and_then(|millis| millis.parse().ok()) {
            return Some(Ok(Timestamp::from_unix_millis(millis)));
        }
        Some(Timestamp::parse_vendor(&text).map_err(|error| error.text))
    }
}

/// A bit that names share which differ only in case, and few others.
fn mark(name: &str) -> u128 {
    let bytes = name.as_bytes();
    let lower = |byte: Option<&u8>| byte.map_or(0, |byte| usize::from(byte | 0x20));
    1 << ((bytes.len() * 41 + lower(bytes.first()) * 7 + lower(bytes.last()) * 29) % 128)
}

/// A value as text: what a text says, else its JSON. Blank text is nothing.
pub(crate) fn as_text(value: &Value) -> Option<String> {
    if is_nothing(value) {
        return None;
    }
    Some(scalar(value).unwrap_or_else(|| value.to_string()))
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}
