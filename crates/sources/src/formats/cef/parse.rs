//! The text of the Common Event Format: seven parts between bars, then keys and values.
//!
//! `CEF:Version|Device Vendor|Device Product|Device Version|Signature ID|Name|Severity|Extension`: in the header a bar and a
//! backslash are escaped, in the extension an equals sign, a backslash and line breaks (ArcSight, Implementing the Common Event
//! Format, 'Character Encoding').

use crate::carriers::lines::envelope::{Envelope, Stamp};
use model::time::Timestamp;
use std::collections::BTreeMap;

/// Keys of an event that are more are nobody's.
const KEYS_MAX: usize = 500;

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::formats) struct Cef {
    pub(in crate::formats) vendor: String,
    pub(in crate::formats) product: String,
    pub(in crate::formats) signature: String,
    pub(in crate::formats) name: String,
    extension: BTreeMap<String, Value>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Is(String),
    /// It stands several times with different values.
    Several,
}

impl Cef {
    /// The event of a line; `None` if it is none, an error if its header is not whole.
    pub(in crate::formats) fn of(text: &str) -> Option<Result<Cef, String>> {
        let rest = text.trim_start().strip_prefix("CEF:")?;
        let (parts, extension) = header(rest);
        let [version, vendor, product, _device, signature, name, _severity] = &parts[..] else {
            return Some(Err(format!(
                "its CEF header has {} of 7 parts: CEF:Version|Device Vendor|Device Product|Device Version|Signature ID|Name|\
                 Severity|Extension",
                parts.len()
            )));
        };
        if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return None;
        }
        Some(Ok(Cef {
            vendor: vendor.trim().to_owned(),
            product: product.trim().to_owned(),
            signature: signature.trim().to_owned(),
            name: name.trim().to_owned(),
            extension: keys(extension),
        }))
    }

    /// A value that says something.
    pub(in crate::formats) fn get(&self, key: &str) -> Option<&str> {
        match self.extension.get(key)? {
            Value::Is(text) => {
                let text = text.trim();
                (!matches!(text, "" | "-" | "null" | "N/A")).then_some(text)
            }
            Value::Several => None,
        }
    }

    /// The first of several that says something.
    pub(in crate::formats) fn first(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The first of these keys that stands several times with different values: a sender that does not escape lets whoever
    /// writes one value write another.
    pub(in crate::formats) fn doubled<'a>(&self, keys: &[&'a str]) -> Option<&'a str> {
        keys.iter()
            .copied()
            .find(|key| self.extension.get(*key) == Some(&Value::Several))
    }

    /// When it happened: the end of the activity, else its receipt by the device, else its start.
    pub(in crate::formats) fn time(&self) -> Option<Timestamp> {
        ["end", "rt", "start"].iter().find_map(|key| time(self.get(key)?))
    }
}

/// Milliseconds since 1970, `MMM dd yyyy HH:mm:ss[.SSS]` in UTC, or an ISO time.
fn time(text: &str) -> Option<Timestamp> {
    if text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Timestamp::from_unix_millis);
    }
    let bare = ["UTC", "GMT", "Z"]
        .iter()
        .find_map(|zone| text.strip_suffix(zone))
        .unwrap_or(text)
        .trim_end();
    if let Stamp::Full(time) = Envelope::of(&format!("{bare} ")).stamp {
        return Some(time);
    }
    Timestamp::parse_vendor(text).ok()
}

/// The parts before the last bar of the header, and the extension.
fn header(text: &str) -> (Vec<String>, &str) {
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => {
                if !matches!(character, '|' | '\\') {
                    part.push('\\');
                }
                part.push(character);
                escaped = false;
            }
            '\\' => escaped = true,
            '|' => {
                parts.push(std::mem::take(&mut part));
                if parts.len() == 7 {
                    return (parts, &text[at + 1..]);
                }
            }
            _ => part.push(character),
        }
    }
    // The last bar may be missing where there is no extension.
    if parts.len() == 6 {
        parts.push(part);
    }
    (parts, "")
}

/// `key=value with spaces key=value`: a value ends before the word that stands before the next equals sign.
fn keys(text: &str) -> BTreeMap<String, Value> {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut word = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b' ' | b'\t' => word = at + 1,
            b'=' => {
                // Before an escaped sign stands a backslash, which no key has.
                let is_key = at > word && text.as_bytes()[word..at].iter().all(|byte| is_of_key(*byte));
                if is_key && starts.len() < KEYS_MAX {
                    starts.push((word, at));
                }
                // A second sign in the same word is part of the value, and nothing is looked at twice.
                word = text.len();
            }
            _ => {}
        }
    }
    let mut keys = BTreeMap::new();
    for (number, (start, equals)) in starts.iter().enumerate() {
        let end = starts.get(number + 1).map_or(text.len(), |(next, _)| *next);
        let value = Value::Is(unescaped(text[equals + 1..end].trim_end()));
        keys.entry(text[*start..*equals].to_owned())
            .and_modify(|held| {
                if *held != value {
                    *held = Value::Several;
                }
            })
            .or_insert(value);
    }
    keys
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut escaped = false;
    for character in text.chars() {
        match (escaped, character) {
            (false, '\\') => escaped = true,
            (false, _) => plain.push(character),
            (true, _) => {
                match character {
                    'n' => plain.push('\n'),
                    'r' => plain.push('\r'),
                    '=' | '\\' | '|' => plain.push(character),
                    _ => plain.extend(['\\', character]),
                }
                escaped = false;
            }
        }
    }
    if escaped {
        plain.push('\\');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(&str, &str)]) {
        let cef = Cef::of(text).unwrap().unwrap();
        for (key, value) in expected {
            let found = match *key {
                "vendor" => &cef.vendor,
                "product" => &cef.product,
                "signature" => &cef.signature,
                "name" => &cef.name,
                key => cef.get(key).unwrap_or("none"),
            };
            assert_eq!(found, *value, "{key} of {text}");
        }
    }

    #[test]
    fn escapes_of_the_header_are_those_of_bars() {
        check(
            r"CEF:0|Acme\|Corp|VPN \\ Gate|1.0|100|login a=b|3|src=203.0.113.7",
            &[
                ("vendor", "Acme|Corp"),
                ("product", r"VPN \ Gate"),
                ("signature", "100"),
                ("name", "login a=b"),
                ("src", "203.0.113.7"),
            ],
        );
        check("CEF:0|a|b|c|d|e|1", &[("name", "e"), ("src", "none")]);
        assert!(Cef::of("CEF:0|a|b|c|d").unwrap().is_err());
        assert!(Cef::of("CEF:x|a|b|c|d|e|1|").is_none());
        assert!(Cef::of("hello").is_none());
    }

    #[test]
    fn values_have_spaces_and_escaped_signs() {
        check(
            r"CEF:0|a|b|c|d|e|1|duser=ann lee msg=a\=b c\\d\ne|f request=https://a/?x=1&y=2 cs1Label=Rule Name cs1=",
            &[
                ("duser", "ann lee"),
                ("msg", "a=b c\\d\ne|f"),
                ("request", "https://a/?x=1&y=2"),
                ("cs1Label", "Rule Name"),
                ("cs1", "none"),
            ],
        );
    }

    #[test]
    fn a_key_that_says_two_things_says_none() {
        let cef = Cef::of("CEF:0|a|b|c|d|e|1|duser=x outcome=success outcome=failure act=a act=a")
            .unwrap()
            .unwrap();
        assert_eq!(cef.get("outcome"), None);
        assert_eq!(cef.doubled(&["act", "outcome"]), Some("outcome"));
        assert_eq!(cef.get("act"), Some("a"));
    }

    #[test]
    fn times_are_read_in_each_of_their_forms() {
        for text in [
            "1793534400123",
            "Nov 01 2026 12:00:00.123",
            "Nov 01 2026 12:00:00.123 UTC",
            "2026-11-01T12:00:00.123Z",
        ] {
            let found = time(text).map(|time| time.to_string());
            assert_eq!(found.as_deref(), Some("2026-11-01T12:00:00.123Z"), "{text}");
        }
        assert_eq!(time("Nov 01 12:00:00"), None);
    }
}
