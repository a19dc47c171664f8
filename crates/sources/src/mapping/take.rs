//! What a mapping takes out of a record: paths, values for values, constants and conditions.

use serde_json::{Map, Value};
use std::fmt;

/// Where something stands in a record: names (or numbers of list elements) parted by dots.
///
/// `\.` is a dot in a name and `\\` a backslash. A member of the record whose name is the whole path counts first, so that
/// headings of tables with dots need no backslash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    written: String,
    whole: String,
    names: Vec<String>,
}

/// How something is had from a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Take {
    /// The first that is there counts.
    pub(super) paths: Vec<Path>,
    /// What the record says, and what is meant.
    pub(super) values: Vec<(String, String)>,
    /// What is meant when the record says nothing.
    pub(super) default: Option<String>,
}

/// Something that must hold for a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Condition {
    pub(super) path: Path,
    pub(super) test: Test,
}

/// What must hold.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    /// It is one of these.
    OneOf(Vec<String>),
    /// It is none of these, or not there.
    NoneOf(Vec<String>),
    /// It is there.
    There,
    /// It is not there.
    NotThere,
}

/// Deeper paths are a mistake.
const NAMES_MAX: usize = 20;

impl Path {
    pub(super) fn parse(written: &str) -> Result<Path, String> {
        let mut names = vec![String::new()];
        let mut letters = written.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '.' => names.push(String::new()),
                '\\' => match letters.next() {
                    Some(escaped @ ('.' | '\\')) => push(&mut names, escaped),
                    _ => return Err("a backslash stands before a dot or a backslash only".to_owned()),
                },
                other => push(&mut names, other),
            }
        }
        if names.iter().any(String::is_empty) {
            return Err("a path is names parted by dots, none of them empty".to_owned());
        }
        if names.len() > NAMES_MAX {
            return Err(format!("a path has at most {NAMES_MAX} names"));
        }
        Ok(Path {
            written: written.to_owned(),
            whole: names.join("."),
            names,
        })
    }

    /// What stands there, unless it is null or blank.
    pub(super) fn find<'a>(&self, record: &'a Map<String, Value>) -> Option<&'a Value> {
        if let Some(value) = record.get(&self.whole).filter(|value| !is_nothing(value)) {
            return Some(value);
        }
        let (first, inner) = self.names.split_first()?;
        let mut value = record.get(first)?;
        for name in inner {
            value = match value {
                Value::Object(members) => members.get(name)?,
                Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        (!is_nothing(value)).then_some(value)
    }
}

fn push(names: &mut [String], letter: char) {
    if let Some(last) = names.last_mut() {
        last.push(letter);
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl Take {
    /// What is meant, as text; lists joined with commas, objects as JSON.
    pub(super) fn text(&self, record: &Map<String, Value>) -> Option<String> {
        let Some(value) = self.paths.iter().find_map(|path| path.find(record)) else {
            return self.default.clone();
        };
        let said = text(value);
        let meant = self
            .values
            .iter()
            .find(|(other, _)| *other == said)
            .map(|(_, meant)| meant.clone());
        Some(meant.unwrap_or(said))
    }
}

impl fmt::Display for Take {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<&str> = self.paths.iter().map(|path| path.written.as_str()).collect();
        f.write_str(&paths.join(" | "))
    }
}

impl Condition {
    pub(super) fn holds(&self, record: &Map<String, Value>) -> bool {
        let found = self.path.find(record);
        let is_among = |words: &[String]| {
            found.is_some_and(|value| {
                let said = text(value);
                words.contains(&said)
            })
        };
        match &self.test {
            Test::OneOf(words) => is_among(words),
            Test::NoneOf(words) => !is_among(words),
            Test::There => found.is_some(),
            Test::NotThere => found.is_none(),
        }
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(text).collect();
            texts.join(",")
        }
        other => other.to_string(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}
