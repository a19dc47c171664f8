//! `$filter` cut into words, values and marks.

use super::FilterError;
use crate::error::shown;
use std::borrow::Cow;

/// A piece of the text and the byte at which it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) offset: usize,
    pub(super) kind: Kind<'a>,
}

/// The pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// A name, an operator, or a GUID that begins with a letter.
    Word(&'a str),
    /// A number, a time or a GUID, as it stands; a time whose `+` became a space has its `+` back.
    Bare(Cow<'a, str>),
    /// Text in single quotes, without them.
    Quoted(String),
    /// `(`
    Open,
    /// `)`
    Close,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// `/`
    Slash,
}

impl std::fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Kind::Word(word) => write!(f, "`{}`", shown(word)),
            Kind::Bare(value) => write!(f, "`{}`", shown(value)),
            Kind::Quoted(text) => write!(f, "`'{}'`", shown(text)),
            Kind::Open => f.write_str("`(`"),
            Kind::Close => f.write_str("`)`"),
            Kind::Comma => f.write_str("`,`"),
            Kind::Colon => f.write_str("`:`"),
            Kind::Slash => f.write_str("`/`"),
        }
    }
}

/// Cuts the text.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    let mut tokens = Vec::new();
    let mut offset = 0;
    while let Some(letter) = text[offset..].chars().next() {
        let rest = &text[offset..];
        let (kind, length) = match letter {
            '(' => (Kind::Open, 1),
            ')' => (Kind::Close, 1),
            ',' => (Kind::Comma, 1),
            ':' => (Kind::Colon, 1),
            '/' => (Kind::Slash, 1),
            '\'' => quoted(rest, offset)?,
            _ if letter.is_whitespace() => {
                offset += letter.len_utf8();
                continue;
            }
            _ if letter.is_ascii_digit() || starts_a_negative_number(rest) => bare(rest),
            _ if letter.is_alphabetic() || letter == '_' => word(rest, offset)?,
            _ => return Err(unexpected(letter, offset)),
        };
        tokens.push(Token { offset, kind });
        offset += length;
    }
    Ok(tokens)
}

fn starts_a_negative_number(rest: &str) -> bool {
    rest.strip_prefix('-')
        .is_some_and(|digits| digits.starts_with(|digit: char| digit.is_ascii_digit()))
}

/// Text up to the closing quote; two quotes are one.
fn quoted(rest: &str, offset: usize) -> Result<(Kind<'static>, usize), FilterError> {
    let mut value = String::new();
    let mut from = 1;
    while let Some(length) = rest[from..].find('\'') {
        let end = from + length;
        value.push_str(&rest[from..end]);
        if !rest[end + 1..].starts_with('\'') {
            return Ok((Kind::Quoted(value), end + 1));
        }
        value.push('\'');
        from = end + 2;
    }
    Err(FilterError::malformed(
        offset,
        "The quote is not closed. A quote inside the text is written twice (`''`), and an `&` in it as `%26`",
    ))
}

fn word(rest: &str, offset: usize) -> Result<(Kind<'_>, usize), FilterError> {
    let length = run(rest, |letter| {
        letter.is_alphanumeric() || matches!(letter, '_' | '.' | '-')
    });
    let word = &rest[..length];
    if rest[length..].starts_with('\'') {
        return Err(match word.to_ascii_lowercase().as_str() {
            "datetime" | "datetimeoffset" => FilterError::malformed(
                offset,
                "Dates are written bare, without a type and quotes: 2016-01-08T09:05:00Z",
            ),
            "guid" => FilterError::malformed(offset, "GUIDs are written bare, without a type and quotes"),
            _ => FilterError::malformed(
                offset + length,
                "A quote cannot stand here; is there a space or `eq` missing?",
            ),
        });
    }
    Ok((Kind::Word(word), length))
}

fn bare(rest: &str) -> (Kind<'_>, usize) {
    let length = run(rest, |letter| {
        letter.is_alphanumeric() || matches!(letter, ':' | '.' | '-' | '+')
    });
    let Some((separator, tail)) = torn_off(&rest[..length], &rest[length..]) else {
        return (Kind::Bare(Cow::Borrowed(&rest[..length])), length);
    };
    let mended = format!("{}{separator}{tail}", &rest[..length]);
    let whole = length + 1 + tail.len();
    // A date with its clock torn off may have lost its zone too.
    match torn_off(&mended, &rest[whole..]) {
        Some((separator, zone)) => (
            Kind::Bare(Cow::Owned(format!("{mended}{separator}{zone}"))),
            whole + 1 + zone.len(),
        ),
        None => (Kind::Bare(Cow::Owned(mended)), whole),
    }
}

/// What belongs to a time but stands after a space: the zone whose `+` a decoder took for a space
/// (`2016-01-08T09:05:00 00:00`), and the clock of `2016-01-08 09:05:00`.
fn torn_off<'a>(time: &str, after: &'a str) -> Option<(char, &'a str)> {
    let after = after.strip_prefix(' ')?;
    let length = run(after, |letter| {
        letter.is_alphanumeric() || matches!(letter, ':' | '.' | '-' | '+')
    });
    let tail = &after[..length];
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    let clock = digits == 2 && tail.as_bytes().get(2) == Some(&b':');
    let is_date = time.len() == 10 && time.bytes().filter(|byte| *byte == b'-').count() == 2;
    if is_date && clock {
        return Some(('T', tail));
    }
    let (_, hours) = time.split_once('T')?;
    let has_zone = hours.contains(['Z', 'z', '+', '-']);
    let zone = clock && length == 5 || digits == 4 && length == 4;
    (!has_zone && hours.contains(':') && zone).then_some(('+', tail))
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

fn unexpected(letter: char, offset: usize) -> FilterError {
    let message = match letter {
        '‘' | '’' | '‚' | '‛' | '“' | '”' | '„' | '′' | '´' | '`' => {
            format!("`{letter}` is not a straight quote. Use straight quotes: 'text'")
        }
        '"' => "Text is written in single quotes: 'text'".to_owned(),
        '=' | '<' | '>' | '!' => {
            format!("`{letter}` is not an operator here. Use eq, gt, ge, lt or le")
        }
        '|' => "`|` is not an operator here. Use or".to_owned(),
        '$' => "`$` cannot stand here; is there an `&` missing before an option?".to_owned(),
        _ => format!("`{}` cannot stand here", letter.escape_debug()),
    };
    FilterError::malformed(offset, message)
}
