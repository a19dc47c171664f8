//! What a setting is called, what kind of value it takes, and how values of each kind are read.

use std::time::Duration;

/// One setting.
#[derive(Debug)]
pub struct KeyDef {
    /// The full name: `server.listen`. For a table of names, these follow after another dot.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The value when nothing is said; `None` leaves it out.
    pub default: Option<&'static str>,
    /// What it is for, in a sentence.
    pub about: &'static str,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// `true` or `false`.
    Switch,
    /// A whole number.
    Whole,
    /// A span of time: `"30s"`, `"5m"`, `"1h"`; a bare number counts seconds, which stand in the key's name.
    Seconds,
    /// A size: `"16MiB"`; a bare number counts bytes, which stand in the key's name.
    Bytes,
    /// Several texts: an array in TOML, commas elsewhere.
    List,
    /// A table of names, each with a number of days.
    DaysByName,
    /// A table of names, each with a file.
    FilesByName,
}

impl Kind {
    /// Whether names stand below the key, each with a value.
    pub(super) fn is_by_name(self) -> bool {
        matches!(self, Kind::DaysByName | Kind::FilesByName)
    }
}

/// A value as it stood in its layer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    /// From a variable, a flag or a default: text whatever it means.
    Untyped(String),
    /// A TOML string.
    Text(String),
    /// A TOML integer.
    Integer(i64),
    /// A TOML boolean.
    Boolean(bool),
    /// A TOML array of strings.
    List(Vec<String>),
    /// Any other TOML value, by the name of its type.
    Other(&'static str),
}

/// A value of the right kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    Switch(bool),
    Whole(u64),
    Seconds(Duration),
    Bytes(u64),
    List(Vec<String>),
}

impl Raw {
    /// As it is repeated in an error: quoted as TOML would, cut to 80 characters.
    pub(super) fn shown(&self) -> String {
        match self {
            Raw::Untyped(text) | Raw::Text(text) => {
                let text = without_password(text);
                let short: String = text.chars().take(80).collect();
                let more = if short.len() < text.len() { "…" } else { "" };
                format!("{short:?}{more}")
            }
            Raw::Integer(number) => number.to_string(),
            Raw::Boolean(switch) => switch.to_string(),
            Raw::List(_) => "a list".to_owned(),
            Raw::Other(name) => (*name).to_owned(),
        }
    }
}

/// `https://user:secret@host` is refused wherever it stands, but not repeated.
fn without_password(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://…{}", &text[..scheme], &text[at..]),
        _ => text.to_owned(),
    }
}

/// Reads a value of a kind; the error says what would be right.
pub(super) fn value(kind: Kind, raw: &Raw) -> Result<Value, String> {
    match kind {
        Kind::Text | Kind::FilesByName => text(raw),
        Kind::Switch => switch(raw),
        Kind::Whole | Kind::DaysByName => whole(raw),
        Kind::Seconds => seconds(raw),
        Kind::Bytes => bytes(raw),
        Kind::List => list(raw),
    }
}

/// The value as `config show` writes it: TOML that reads back as the same.
pub(super) fn toml_text(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Switch(switch) => switch.to_string(),
        Value::Whole(number) => number.to_string(),
        Value::Seconds(span) => format!("\"{}s\"", span.as_secs()),
        Value::Bytes(bytes) => format!("\"{}\"", size_text(*bytes)),
        Value::List(items) => {
            format!(
                "[{}]",
                items
                    .iter()
                    .map(|item| quoted(item))
                    .collect::<Vec<_>>()
                    .join(", ")
            )
        }
    }
}

/// A text as a TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn text(raw: &Raw) -> Result<Value, String> {
    match raw {
        Raw::Untyped(text) | Raw::Text(text) => Ok(Value::Text(text.clone())),
        _ => Err("it takes a text in quotes".to_owned()),
    }
}

fn switch(raw: &Raw) -> Result<Value, String> {
    match raw {
        Raw::Boolean(switch) => Ok(Value::Switch(*switch)),
        Raw::Untyped(text) if text == "true" => Ok(Value::Switch(true)),
        Raw::Untyped(text) if text == "false" => Ok(Value::Switch(false)),
        _ => Err("it takes true or false, without quotes".to_owned()),
    }
}

fn whole(raw: &Raw) -> Result<Value, String> {
    let number = match raw {
        Raw::Integer(number) => u64::try_from(*number).ok(),
        Raw::Untyped(text) => digits(text),
        _ => None,
    };
    number
        .map(Value::Whole)
        .ok_or_else(|| "it takes a whole number such as 30, without quotes or unit".to_owned())
}

fn seconds(raw: &Raw) -> Result<Value, String> {
    let wanted = || {
        "it takes a span of time such as \"30s\", \"5m\" or \"1h\" (or a whole number of seconds)".to_owned()
    };
    let text = match raw {
        Raw::Integer(number) => {
            return u64::try_from(*number)
                .map(|number| Value::Seconds(Duration::from_secs(number)))
                .map_err(|_| wanted());
        }
        Raw::Untyped(text) | Raw::Text(text) => text,
        _ => return Err(wanted()),
    };
    let (number, unit) = split_unit(text).ok_or_else(wanted)?;
    let seconds_per_unit = match unit {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wanted()),
    };
    number
        .checked_mul(seconds_per_unit)
        .map(|seconds| Value::Seconds(Duration::from_secs(seconds)))
        .ok_or_else(wanted)
}

fn bytes(raw: &Raw) -> Result<Value, String> {
    let wanted =
        || "it takes a size such as \"64KiB\", \"16MiB\" or \"1GiB\" (or a whole number of bytes)".to_owned();
    let text = match raw {
        Raw::Integer(number) => return u64::try_from(*number).map(Value::Bytes).map_err(|_| wanted()),
        Raw::Untyped(text) | Raw::Text(text) => text,
        _ => return Err(wanted()),
    };
    let (number, unit) = split_unit(text).ok_or_else(wanted)?;
    // `M` alone is refused: half of the world reads 1,000,000 and the other half 1,048,576.
    let bytes_per_unit = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(wanted()),
    };
    number
        .checked_mul(bytes_per_unit)
        .map(Value::Bytes)
        .ok_or_else(wanted)
}

fn list(raw: &Raw) -> Result<Value, String> {
    match raw {
        Raw::List(items) => Ok(Value::List(items.clone())),
        Raw::Untyped(text) => Ok(Value::List(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect(),
        )),
        _ => Err("it takes a list of texts such as [\"10.0.0.1\", \"192.168.0.0/16\"]".to_owned()),
    }
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    Some((digits(&text[..end])?, text[end..].trim_start()))
}

fn digits(text: &str) -> Option<u64> {
    let text = text.trim();
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn size_text(bytes: u64) -> String {
    for (unit, size) in [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)] {
        if bytes > 0 && bytes.is_multiple_of(size) {
            return format!("{}{unit}", bytes / size);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, raw: &str, expected: Option<&Value>) {
        assert_eq!(
            value(kind, &Raw::Untyped(raw.to_owned())).ok().as_ref(),
            expected,
            "{raw}"
        );
    }

    #[test]
    fn spans_of_time_have_units() {
        let seconds = |number| Value::Seconds(Duration::from_secs(number));
        check(Kind::Seconds, "30s", Some(&seconds(30)));
        check(Kind::Seconds, "30", Some(&seconds(30)));
        check(Kind::Seconds, "5m", Some(&seconds(300)));
        check(Kind::Seconds, " 1 h ", Some(&seconds(3600)));
        check(Kind::Seconds, "2d", Some(&seconds(172_800)));
        check(Kind::Seconds, "1.5s", None);
        check(Kind::Seconds, "30x", None);
        check(Kind::Seconds, "-1s", None);
        check(Kind::Seconds, "", None);
        check(Kind::Seconds, "99999999999999999999", None);
        check(Kind::Seconds, "18446744073709551615d", None);
    }

    #[test]
    fn sizes_have_units_and_a_bare_m_is_refused() {
        check(Kind::Bytes, "16MiB", Some(&Value::Bytes(16_777_216)));
        check(Kind::Bytes, "16 MB", Some(&Value::Bytes(16_000_000)));
        check(Kind::Bytes, "512", Some(&Value::Bytes(512)));
        check(Kind::Bytes, "16M", None);
        check(Kind::Bytes, "MiB", None);
    }

    #[test]
    fn switches_are_true_or_false() {
        check(Kind::Switch, "true", Some(&Value::Switch(true)));
        check(Kind::Switch, "false", Some(&Value::Switch(false)));
        check(Kind::Switch, "yes", None);
    }

    #[test]
    fn toml_strings_are_no_numbers_and_no_switches() {
        assert!(value(Kind::Whole, &Raw::Text("30".to_owned())).is_err());
        assert!(value(Kind::Switch, &Raw::Text("true".to_owned())).is_err());
        assert!(value(Kind::Text, &Raw::Integer(8080)).is_err());
        assert!(value(Kind::Seconds, &Raw::Integer(-1)).is_err());
    }

    #[test]
    fn a_shown_value_reads_back_as_the_same() {
        for (kind, written) in [
            (Kind::Bytes, "1536B"),
            (Kind::Bytes, "3MiB"),
            (Kind::Seconds, "90s"),
            (Kind::Bytes, "0B"),
        ] {
            let read = value(kind, &Raw::Untyped(written.to_owned())).unwrap();
            assert_eq!(toml_text(&read), format!("\"{written}\""));
        }
    }
}
