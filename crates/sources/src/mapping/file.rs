//! The mapping file: TOML whose every mistake is told with its line.

use super::fields::Field;
use super::nearest::nearest;
use super::take::{Condition, Path, Take, Test};
use super::time::{FORMATS, Style, TimeFormat, parse_zone};
use super::{Mapping, Outcome, Records, Rule};
use model::identity::Kind;
use std::collections::BTreeMap;
use std::fmt;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest mapping file that is read: a mapping is a page or two.
pub const MAPPING_BYTES_MAX: usize = 16 << 10;
/// More sorts of records than any log has.
const RULES_MAX: usize = 50;
/// The longest name of a vendor family.
const FAMILY_MAX: usize = 40;

/// One mistake in a mapping file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct MappingError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// Every mistake that was found, one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappingErrors(pub Vec<MappingError>);

impl fmt::Display for MappingErrors {
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

impl std::error::Error for MappingErrors {}

pub(super) fn parse(text: &str) -> Result<Mapping, MappingErrors> {
    let mut reader = Reader {
        text,
        errors: Vec::new(),
    };
    let mapping = reader.mapping();
    match mapping {
        Some(mapping) if reader.errors.is_empty() => Ok(mapping),
        _ => {
            reader.errors.sort_by_key(|error| error.line);
            Err(MappingErrors(reader.errors))
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    errors: Vec<MappingError>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Reader<'a> {
    fn wrong(&mut self, at: usize, message: impl Into<String>) {
        let line = self.text.get(..at).unwrap_or(self.text).matches('\n').count() + 1;
        self.errors.push(MappingError {
            line,
            message: message.into(),
        });
    }

    fn mapping(&mut self) -> Option<Mapping> {
        if self.text.len() > MAPPING_BYTES_MAX {
            self.wrong(0, format!("it is longer than {MAPPING_BYTES_MAX} bytes"));
            return None;
        }
        let document = match DeTable::parse(self.text) {
            Ok(document) => document,
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                self.wrong(
                    at,
                    format!("this is not TOML: {}", error.message().trim().replace('\n', "; ")),
                );
                return None;
            }
        };
        let table = document.get_ref();
        self.only(table, &["family", "records", "event"]);
        let family = self.family(table);
        let records = self.word(
            table,
            0,
            "records",
            &[("json", Records::Json), ("csv", Records::Csv)],
        );
        let mut rules = Vec::new();
        match get(table, "event").map(|value| (value.span().start, value.get_ref())) {
            Some((_, DeValue::Array(items))) if !items.is_empty() && items.len() <= RULES_MAX => {
                for item in items {
                    match item.get_ref() {
                        DeValue::Table(inner) => rules.extend(self.rule(inner, item.span().start)),
                        _ => self.wrong(item.span().start, "`event` is written as [[event]], a table"),
                    }
                }
            }
            Some((at, DeValue::Array(_))) => {
                self.wrong(at, format!("there are 1 to {RULES_MAX} [[event]]"));
            }
            Some((at, _)) => self.wrong(at, "`event` is written as [[event]], with two brackets"),
            None => self.wrong(0, "it has no [[event]]: one for each sort of records"),
        }
        Some(Mapping {
            family: family?,
            records: records?,
            rules,
        })
    }

    /// Whose ids these are; part of every identity, so it is kept to what never changes by a pipeline.
    fn family(&mut self, table: &DeTable<'a>) -> Option<String> {
        let (text, at) = self.text_of(table, 0, "family")?;
        let is_word = !text.is_empty()
            && text.len() <= FAMILY_MAX
            && text
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_word {
            self.wrong(
                at,
                format!("`family` names the maker of the ids in small letters, digits and dashes, at most {FAMILY_MAX}: `acme-vpn`"),
            );
            return None;
        }
        if text == "entra" {
            self.wrong(at, "`family` cannot be `entra`: those ids are Microsoft's");
            return None;
        }
        Some(text)
    }

    fn rule(&mut self, table: &DeTable<'a>, at: usize) -> Option<Rule> {
        self.only(table, &["kind", "when", "time", "id", "outcome", "fields"]);
        let kind = self.word(
            table,
            at,
            "kind",
            &[("sign-in", Kind::SignIn), ("audit", Kind::Audit)],
        );
        let when = self.when(table);
        let time = self.time(table, at);
        let id = match get(table, "id") {
            Some(value) => Some(self.take(value)?),
            None => None,
        };
        let outcome = match get(table, "outcome") {
            Some(value) => Some(self.outcome(value)?),
            None => None,
        };
        let kind = kind?;
        let fields = self.fields(table, kind);
        if kind == Kind::SignIn && outcome.is_none() && !fields.contains_key(&Field::ErrorCode) {
            self.wrong(
                at,
                "a sign-in needs `outcome` (what means success) or a field `error_code` (0 is success)",
            );
        }
        let (time, time_format) = time?;
        Some(Rule {
            kind,
            when,
            time,
            time_format,
            id,
            outcome,
            fields,
        })
    }

    fn time(&mut self, table: &DeTable<'a>, at: usize) -> Option<(Path, TimeFormat)> {
        let Some(value) = get(table, "time") else {
            self.wrong(
                at,
                "it has no `time`: `time = \"path\"` or `time = { path = …, format = … }`",
            );
            return None;
        };
        let at = value.span().start;
        let mut format = TimeFormat {
            style: Style::Iso,
            offset_seconds: 0,
        };
        let inner = match value.get_ref() {
            DeValue::String(path) => return Some((self.path(path, at)?, format)),
            DeValue::Table(inner) => inner,
            _ => {
                self.wrong(at, "`time` is a path, or a table with `path` and `format`");
                return None;
            }
        };
        self.only(inner, &["path", "format", "zone"]);
        let (path, path_at) = self.text_of(inner, at, "path")?;
        if get(inner, "format").is_some() {
            let (text, at) = self.text_of(inner, at, "format")?;
            match Style::parse(&text) {
                Ok(style) => format.style = style,
                Err(wrong) => {
                    self.wrong(
                        at,
                        format!("`format` cannot be `{text}`: {wrong}; it takes {FORMATS}"),
                    );
                    return None;
                }
            }
        }
        if get(inner, "zone").is_some() {
            let (text, at) = self.text_of(inner, at, "zone")?;
            let Some(seconds) = parse_zone(&text) else {
                self.wrong(
                    at,
                    "`zone` is `UTC` or an offset such as `+01:00`: names such as Europe/Berlin change with the season and \
                     leave an hour of each year open",
                );
                return None;
            };
            format.offset_seconds = seconds;
        }
        Some((self.path(&path, path_at)?, format))
    }

    fn when(&mut self, table: &DeTable<'a>) -> Vec<Condition> {
        let Some(value) = get(table, "when") else {
            return Vec::new();
        };
        let DeValue::Table(inner) = value.get_ref() else {
            self.wrong(
                value.span().start,
                "`when` is a table of paths and what must stand there",
            );
            return Vec::new();
        };
        let mut conditions = Vec::new();
        for (name, value) in inner {
            let path = self.path(name.get_ref(), name.span().start);
            let test = self.test(value);
            if let (Some(path), Some(test)) = (path, test) {
                conditions.push(Condition { path, test });
            }
        }
        conditions
    }

    fn test(&mut self, value: &Value<'a>) -> Option<Test> {
        let DeValue::Table(inner) = value.get_ref() else {
            return Some(Test::OneOf(self.words(value)?));
        };
        self.only(inner, &["not", "exists"]);
        if inner.len() != 1 {
            self.wrong(value.span().start, "a condition has either `not` or `exists`");
            return None;
        }
        if let Some(words) = get(inner, "not") {
            return Some(Test::NoneOf(self.words(words)?));
        }
        match get(inner, "exists").map(Spanned::get_ref) {
            Some(DeValue::Boolean(true)) => Some(Test::There),
            Some(DeValue::Boolean(false)) => Some(Test::NotThere),
            _ => {
                self.wrong(value.span().start, "`exists` is true or false");
                None
            }
        }
    }

    fn outcome(&mut self, value: &Value<'a>) -> Option<Outcome> {
        let at = value.span().start;
        let DeValue::Table(inner) = value.get_ref() else {
            self.wrong(
                at,
                "`outcome` is a table: `{ path = \"result\", success = [\"ok\"] }`",
            );
            return None;
        };
        self.only(inner, &["path", "success", "failure"]);
        let Some(path) = get(inner, "path") else {
            self.wrong(at, "`outcome` has no `path`");
            return None;
        };
        let take = Take {
            paths: self.paths(path)?,
            values: Vec::new(),
            default: None,
        };
        let Some(success) = get(inner, "success") else {
            self.wrong(at, "`outcome` has no `success`: the words that mean success");
            return None;
        };
        let success = self.words(success)?;
        let failure = match get(inner, "failure") {
            Some(words) => Some(self.words(words)?),
            None => None,
        };
        Some(Outcome {
            take,
            success,
            failure,
        })
    }

    fn fields(&mut self, table: &DeTable<'a>, kind: Kind) -> BTreeMap<Field, Take> {
        let mut fields = BTreeMap::new();
        let Some(value) = get(table, "fields") else {
            return fields;
        };
        let DeValue::Table(inner) = value.get_ref() else {
            self.wrong(value.span().start, "`fields` is a table: [event.fields]");
            return fields;
        };
        for (name, value) in inner {
            let Some(field) = Field::by_name(kind, name.get_ref()) else {
                let what = format!("a field of events of kind `{}`", kind.as_str());
                self.unknown(name, &what, &Field::names(kind));
                continue;
            };
            if let Some(take) = self.take(value) {
                fields.insert(field, take);
            }
        }
        fields
    }

    /// `"path"`, `["path", "or path"]`, `{ path = …, values = { … }, default = … }` or `{ value = "constant" }`.
    fn take(&mut self, value: &Value<'a>) -> Option<Take> {
        let at = value.span().start;
        let DeValue::Table(inner) = value.get_ref() else {
            return Some(Take {
                paths: self.paths(value)?,
                values: Vec::new(),
                default: None,
            });
        };
        self.only(inner, &["path", "values", "default", "value"]);
        if get(inner, "value").is_some() {
            if inner.len() > 1 {
                self.wrong(at, "`value` is a constant: nothing else stands beside it");
                return None;
            }
            let (text, _) = self.text_of(inner, at, "value")?;
            return Some(Take {
                paths: Vec::new(),
                values: Vec::new(),
                default: Some(text),
            });
        }
        let Some(path) = get(inner, "path") else {
            self.wrong(at, "it has neither `path` nor `value`");
            return None;
        };
        let paths = self.paths(path)?;
        let mut values = Vec::new();
        if let Some(table) = get(inner, "values") {
            let DeValue::Table(words) = table.get_ref() else {
                self.wrong(
                    table.span().start,
                    "`values` is a table: what the record says = what is meant",
                );
                return None;
            };
            for (said, meant) in words {
                values.push((said.get_ref().to_string(), self.scalar(meant)?));
            }
        }
        let default = match get(inner, "default") {
            Some(value) => Some(self.scalar(value)?),
            None => None,
        };
        Some(Take {
            paths,
            values,
            default,
        })
    }

    fn paths(&mut self, value: &Value<'a>) -> Option<Vec<Path>> {
        let at = value.span().start;
        match value.get_ref() {
            DeValue::String(path) => Some(vec![self.path(path, at)?]),
            DeValue::Array(items) if !items.is_empty() => {
                let mut paths = Vec::new();
                for item in items {
                    let DeValue::String(path) = item.get_ref() else {
                        self.wrong(item.span().start, "a path is a text");
                        return None;
                    };
                    paths.push(self.path(path, item.span().start)?);
                }
                Some(paths)
            }
            _ => {
                self.wrong(
                    at,
                    "a path is a text such as \"actor.name\", or a list of such texts",
                );
                None
            }
        }
    }

    fn path(&mut self, text: &str, at: usize) -> Option<Path> {
        match Path::parse(text) {
            Ok(path) => Some(path),
            Err(wrong) => {
                self.wrong(at, format!("the path `{text}` is none: {wrong}"));
                None
            }
        }
    }

    /// One text, number or truth value, or a list of them.
    fn words(&mut self, value: &Value<'a>) -> Option<Vec<String>> {
        match value.get_ref() {
            DeValue::Array(items) if !items.is_empty() => {
                let mut words = Vec::new();
                for item in items {
                    words.push(self.scalar(item)?);
                }
                Some(words)
            }
            _ => Some(vec![self.scalar(value)?]),
        }
    }

    fn scalar(&mut self, value: &Value<'a>) -> Option<String> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.as_str().replace('_', "")),
            DeValue::Float(number) => Some(number.as_str().replace('_', "")),
            DeValue::Boolean(value) => Some(value.to_string()),
            _ => {
                self.wrong(value.span().start, "it takes a text, a number, or true or false");
                None
            }
        }
    }

    fn text_of(&mut self, table: &DeTable<'a>, at: usize, name: &str) -> Option<(String, usize)> {
        match get(table, name).map(|value| (value.get_ref(), value.span().start)) {
            Some((DeValue::String(text), at)) => Some((text.to_string(), at)),
            Some((_, at)) => {
                self.wrong(at, format!("`{name}` is a text in quotes"));
                None
            }
            None => {
                self.wrong(at, format!("it has no `{name}`"));
                None
            }
        }
    }

    /// One of a few words.
    fn word<T: Copy>(
        &mut self,
        table: &DeTable<'a>,
        at: usize,
        name: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let (text, at) = self.text_of(table, at, name)?;
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let found = words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, meant)| *meant);
        if found.is_none() {
            self.wrong(
                at,
                format!("`{name}` cannot be `{text}`: it is one of {}", quoted(&known)),
            );
        }
        found
    }

    fn only(&mut self, table: &DeTable<'a>, known: &[&str]) {
        for (name, _) in table {
            if !known.contains(&name.get_ref().as_ref()) {
                self.unknown(name, "a key here", known);
            }
        }
    }

    fn unknown(&mut self, name: &Spanned<std::borrow::Cow<'a, str>>, what: &str, known: &[&str]) {
        let written: String = name.get_ref().chars().take(60).collect();
        let hint = match nearest(&written, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", quoted(known)),
        };
        self.wrong(name.span().start, format!("`{written}` is not {what}; {hint}"));
    }
}

fn get<'t, 'a>(table: &'t DeTable<'a>, name: &str) -> Option<&'t Value<'a>> {
    table.get(name)
}

fn quoted(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}
