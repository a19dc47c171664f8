//! Values of settings: sizes, words, addresses, spans to UTC, and names that were probably meant.

use crate::agent::spool::WhenFull;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use std::net::SocketAddr;

/// A number of bytes: `"512MiB"`, or a whole number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Size, D::Error> {
        struct Reads;
        impl Visitor<'_> for Reads {
            type Value = Size;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a size such as \"512MiB\" or \"2GiB\", or a whole number of bytes")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Size, E> {
                u64::try_from(number)
                    .map(Size)
                    .map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Size, E> {
                size(text)
                    .map(Size)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Reads)
    }
}

fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// `block`, `drop-oldest` or `drop-newest`.
pub(super) fn when_full(key: &str, word: &str, mistakes: &mut Vec<String>) -> Option<WhenFull> {
    match word {
        "block" => Some(WhenFull::Block),
        "drop-oldest" => Some(WhenFull::DropOldest),
        "drop-newest" => Some(WhenFull::DropNewest),
        _ => {
            let hint = did_you_mean(word, &["block", "drop-oldest", "drop-newest"].map(str::to_owned));
            mistakes.push(format!(
                "`{key}` is block, drop-oldest or drop-newest, not {word:?}{hint}"
            ));
            None
        }
    }
}

/// An address with a port.
pub(super) fn address(key: &str, text: &str, mistakes: &mut Vec<String>) -> Option<SocketAddr> {
    text.parse()
        .map_err(|_| {
            mistakes.push(format!(
                "`{key}` takes an address and a port such as \"127.0.0.1:514\", not {text:?}"
            ));
        })
        .ok()
}

/// `+01:00` as seconds ahead of UTC.
pub(super) fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let part = |text: &str| (text.len() == 2).then(|| text.parse::<u32>().ok()).flatten();
    let (hours, minutes) = (part(hours)?, part(minutes)?);
    (hours <= 14 && minutes < 60).then(|| sign * (i64::from(hours) * 3_600 + i64::from(minutes) * 60))
}

/// The field that serde does not know, and those that it knows.
pub(super) fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut words = rest.split('`').skip(1).step_by(2).map(str::to_owned);
    let written = words.next()?;
    Some((written, words.collect()))
}

/// `; did you mean …?`, or nothing.
pub(super) fn did_you_mean(written: &str, known: &[String]) -> String {
    let nearest = known
        .iter()
        .map(|name| (strsim::osa_distance(written, name), name))
        .min();
    match nearest {
        Some((distance, name)) if distance <= (written.len() / 3).max(2) => {
            format!("; did you mean `{name}`?")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        let check = |text: &str, expected: Option<u64>| assert_eq!(size(text), expected, "{text}");
        check("512MiB", Some(536_870_912));
        check("2 GB", Some(2_000_000_000));
        check("7", Some(7));
        check("7M", None);
        check("", None);
        check("99999999999GiB", None);
    }

    #[test]
    fn offsets_are_hours_and_minutes() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(offset(text), expected, "{text}");
        check("Z", Some(0));
        check("+01:00", Some(3_600));
        check("-05:30", Some(-19_800));
        check("01:00", None);
        check("+1", None);
        check("+15:00", None);
        check("", None);
    }
}
