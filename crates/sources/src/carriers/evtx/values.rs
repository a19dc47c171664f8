//! The values of binary XML as the text that Windows shows for them.

use model::time::Timestamp;
use std::fmt::Write;

/// A value: nothing, a text, or several.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Text {
    Nothing,
    One(String),
    Several(Vec<String>),
}

/// What is in an array of a type has this bit beside the type.
const ARRAY: u8 = 0x80;
/// Between 1601, where Windows counts from, and 1970, in ticks of 100 ns.
const FILETIME_OF_1970: i64 = 116_444_736_000_000_000;

/// The text of a value of a type, after MS-EVEN6 2.2.3.1 and libyal's description of the format. `None` for a type or a size that
/// does not exist.
pub(super) fn text(value_type: u8, bytes: &[u8]) -> Option<Text> {
    if value_type & ARRAY == 0 {
        return one(value_type, bytes);
    }
    let element = value_type & !ARRAY;
    let mut items: Vec<&[u8]> = match element {
        0x01 => texts_of_two_bytes(bytes),
        0x02 => bytes.split(|byte| *byte == 0).collect(),
        _ => bytes.chunks(size(element)?).collect(),
    };
    // A list of texts ends with the end of its last one.
    if items.last().is_some_and(|last| last.is_empty()) {
        items.pop();
    }
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        match one(element, item)? {
            Text::One(text) => texts.push(text),
            Text::Nothing => texts.push(String::new()),
            Text::Several(_) => return None,
        }
    }
    Some(Text::Several(texts))
}

fn texts_of_two_bytes(bytes: &[u8]) -> Vec<&[u8]> {
    let mut texts = Vec::new();
    let mut start = 0;
    for (number, unit) in bytes.chunks(2).enumerate() {
        if unit == [0, 0] {
            texts.push(&bytes[start..number * 2]);
            start = number * 2 + 2;
        }
    }
    texts.push(&bytes[start.min(bytes.len())..]);
    texts
}

/// Bytes of a value whose size its type tells.
fn size(value_type: u8) -> Option<usize> {
    Some(match value_type {
        0x03 | 0x04 => 1,
        0x05 | 0x06 => 2,
        0x07 | 0x08 | 0x0B | 0x0D | 0x14 => 4,
        0x09 | 0x0A | 0x0C | 0x11 | 0x15 => 8,
        0x0F | 0x12 => 16,
        _ => return None,
    })
}

fn one(value_type: u8, bytes: &[u8]) -> Option<Text> {
    if bytes.is_empty() || value_type == 0x00 {
        return Some(Text::Nothing);
    }
    if size(value_type).is_some_and(|size| size != bytes.len()) {
        return None;
    }
    let unsigned = || little_endian(bytes);
    Some(Text::One(match value_type {
        0x01 => return Some(some_text(utf16(bytes))),
        0x02 => return Some(some_text(latin(bytes))),
        0x03 => i8::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x05 => i16::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x07 => i32::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x09 => i64::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x04 | 0x06 | 0x08 | 0x0A => unsigned().to_string(),
        0x0B => f32::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x0C => f64::from_le_bytes(bytes.try_into().ok()?).to_string(),
        0x0D => (unsigned() != 0).to_string(),
        0x0E => hexadecimal(bytes),
        0x0F => guid(bytes)?,
        0x10 | 0x14 | 0x15 if bytes.len() <= 8 => format!("{:#x}", unsigned()),
        0x11 => file_time(i64::from_le_bytes(bytes.try_into().ok()?)),
        0x12 => system_time(bytes)?,
        0x13 => sid(bytes)?,
        _ => return None,
    }))
}

fn some_text(text: String) -> Text {
    if text.is_empty() {
        return Text::Nothing;
    }
    Text::One(text)
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// UTF-16 up to the zero at its end; half a surrogate pair is shown as the mark for what cannot be read.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    let text: String = text.collect();
    text.trim_end_matches('\0').to_owned()
}

/// Text in the machine's code page, which the file does not name: ASCII is certain, what is above is taken for Latin-1.
fn latin(bytes: &[u8]) -> String {
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    text.trim_end_matches('\0').to_owned()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02X}");
    }
    text
}

fn guid(bytes: &[u8]) -> Option<String> {
    let first = u32::from_le_bytes(bytes.get(..4)?.try_into().ok()?);
    let second = u16::from_le_bytes(bytes.get(4..6)?.try_into().ok()?);
    let third = u16::from_le_bytes(bytes.get(6..8)?.try_into().ok()?);
    let rest = hexadecimal(bytes.get(8..16)?).to_ascii_lowercase();
    Some(format!(
        "{{{first:08x}-{second:04x}-{third:04x}-{}-{}}}",
        &rest[..4],
        &rest[4..]
    ))
}

fn file_time(ticks: i64) -> String {
    Timestamp::from_ticks(ticks.saturating_sub(FILETIME_OF_1970)).to_string()
}

fn system_time(bytes: &[u8]) -> Option<String> {
    let part = |at: usize| {
        bytes
            .get(at..at + 2)
            .map(|part| i64::from(u16::from_le_bytes([part[0], part[1]])))
    };
    let seconds = part(8)? * 3_600 + part(10)? * 60 + part(12)?;
    Timestamp::from_civil(part(0)?, part(2)?, part(6)?, seconds, part(14)? * 10_000)
        .map(|time| time.to_string())
}

fn sid(bytes: &[u8]) -> Option<String> {
    let [revision, count, authority @ ..] = bytes else {
        return None;
    };
    let (authority, parts) = authority.split_at_checked(6)?;
    if parts.len() != usize::from(*count) * 4 {
        return None;
    }
    let number = authority
        .iter()
        .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    let mut text = format!("S-{revision}-{number}");
    for part in parts.chunks_exact(4) {
        let _ = write!(text, "-{}", little_endian(part));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value_type: u8, bytes: &[u8], expected: &str) {
        let got = match text(value_type, bytes) {
            Some(Text::One(text)) => text,
            Some(Text::Nothing) => "nothing".to_owned(),
            Some(Text::Several(texts)) => texts.join("|"),
            None => "none".to_owned(),
        };
        assert_eq!(got, expected, "{value_type:#x} {bytes:?}");
    }

    #[test]
    fn values_are_shown_as_windows_shows_them() {
        check(0x01, &[b'A', 0, 0xE4, 0, 0, 0], "Aä");
        check(0x01, &[], "nothing");
        check(0x02, b"ab\0", "ab");
        check(0x03, &[0xFF], "-1");
        check(0x06, &[0x11, 0x12], "4625");
        check(0x0D, &[1, 0, 0, 0], "true");
        check(0x0E, &[0xDE, 0xAD], "DEAD");
        check(0x14, &[0x6D, 0, 0, 0xC0], "0xc000006d");
        check(0x15, &[0xE7, 3, 0, 0, 0, 0, 0, 0], "0x3e7");
        check(
            0x0F,
            &[
                0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xA5, 0xBA, 0x3E, 0x3B, 3, 0x28, 0xC3, 0x0D,
            ],
            "{54849625-5478-4994-a5ba-3e3b0328c30d}",
        );
        check(0x13, &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0], "S-1-5-18");
        check(
            0x11,
            &[0, 0x80, 0x3E, 0xD5, 0xDE, 0xB1, 0x9D, 1],
            "1970-01-01T00:00:00Z",
        );
        check(
            0x12,
            &[0xE5, 7, 5, 0, 4, 0, 20, 0, 12, 0, 49, 0, 52, 0, 0x3B, 1],
            "2021-05-20T12:49:52.315Z",
        );
    }

    #[test]
    fn an_array_is_several_texts() {
        check(0x81, &[b'a', 0, 0, 0, b'b', 0, b'c', 0, 0, 0], "a|bc");
        check(0x81, &[b'a', 0, 0, 0, 0, 0, b'c', 0], "a||c");
        check(0x82, b"a\0b\0", "a|b");
        check(0x86, &[1, 0, 2, 0], "1|2");
    }

    #[test]
    fn what_does_not_fit_its_type_is_no_value() {
        check(0x06, &[1], "none");
        check(0x13, &[1, 9, 0], "none");
        check(0x13, &[1, 2, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0], "none");
        check(0x77, &[1], "none");
        check(0x86, &[1, 0, 2], "none");
    }
}
