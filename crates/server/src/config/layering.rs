//! Defaults < file < environment < flags: which layer says what about which setting.

use super::error::ConfigError;
use super::key::{self, KeyDef, Raw, Value};
use super::{keys, suggest};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What the layers above the defaults say.
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The configuration file: where it is and what stands in it.
    pub file: Option<(PathBuf, String)>,
    /// The environment: `GATELOG__SECTION__KEY` counts, and `GATELOG_DATA` for `data.folder`.
    pub environment: Vec<(String, String)>,
    /// Settings by full name (`server.listen`), as given by flags.
    pub overrides: Vec<(String, String)>,
}

/// The variable in which systemd says where credentials are.
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

impl Inputs {
    /// Where credentials are, if systemd gave any.
    pub(super) fn credentials(&self) -> Option<PathBuf> {
        let (_, value) = self
            .environment
            .iter()
            .find(|(name, _)| name == CREDENTIALS_DIRECTORY)?;
        Some(PathBuf::from(value))
    }
}

/// Which layer a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A variable.
    Environment(String),
    /// A flag.
    Flag(String),
}

/// Every setting that has a value, by its full name.
pub(super) type Settings = BTreeMap<String, Setting>;

/// A value and where it came from.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) value: Value,
    pub(super) raw: Raw,
    pub(super) origin: Origin,
}

impl Setting {
    /// A text that nobody set.
    pub(super) fn by_default(text: &str) -> Setting {
        Setting {
            value: Value::Text(text.to_owned()),
            raw: Raw::Untyped(text.to_owned()),
            origin: Origin::Default,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File { path, line } => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "variable {name}"),
            Origin::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// The process's environment as far as a configuration may look at it.
pub(super) fn process_environment() -> Vec<(String, String)> {
    let mut variables = Vec::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        if name.starts_with("GATELOG") || matches!(name, "XDG_DATA_HOME" | "HOME" | CREDENTIALS_DIRECTORY) {
            variables.push((name.to_owned(), value.to_string_lossy().into_owned()));
        }
    }
    variables.sort();
    variables
}

/// Lays the layers over each other. A later layer replaces a value whole.
pub(super) fn lay(inputs: &Inputs) -> (Settings, Vec<ConfigError>) {
    let mut layers = Layers {
        settings: Settings::new(),
        errors: Vec::new(),
    };
    for key in keys() {
        if let Some(default) = key.default {
            layers.set(
                key,
                key.path.to_owned(),
                Raw::Untyped(default.to_owned()),
                Origin::Default,
            );
        }
    }
    if let Some((path, text)) = &inputs.file {
        layers.file(path, text);
    }
    layers.environment(&inputs.environment);
    for (name, value) in &inputs.overrides {
        layers.named(name, Raw::Untyped(value.clone()), Origin::Flag(name.clone()));
    }
    (layers.settings, layers.errors)
}

/// The longest file that is read: a configuration is a page or two.
const MOST_FILE_BYTES: usize = 1 << 20;

struct Layers {
    settings: Settings,
    errors: Vec<ConfigError>,
}

impl Layers {
    fn set(&mut self, key: &KeyDef, path: String, raw: Raw, origin: Origin) {
        match key::value(key.kind, &raw) {
            Ok(value) => {
                // A variable's name has no case; it replaces the file's `auditEvents` all the same.
                let path = self
                    .settings
                    .keys()
                    .find(|other| other.eq_ignore_ascii_case(&path))
                    .cloned()
                    .unwrap_or(path);
                self.settings.insert(path, Setting { value, raw, origin });
            }
            Err(wanted) => self.errors.push(ConfigError::WrongValue {
                place: origin.to_string(),
                key: path,
                value: raw.shown(),
                wanted,
            }),
        }
    }

    fn named(&mut self, name: &str, raw: Raw, origin: Origin) {
        match find(name) {
            Some(key) => {
                let path = match key.kind {
                    kind if kind.is_by_name() => name.to_owned(),
                    _ => key.path.to_owned(),
                };
                self.set(key, path, raw, origin);
            }
            None => self.unknown(name, &origin),
        }
    }

    fn unknown(&mut self, name: &str, origin: &Origin) {
        self.errors.push(ConfigError::UnknownKey {
            place: origin.to_string(),
            key: name.chars().take(80).collect(),
            suggestion: suggest::nearest(name, &paths()).map(str::to_owned),
        });
    }

    fn environment(&mut self, variables: &[(String, String)]) {
        // First, so that the general spelling wins where somebody sets both.
        if let Some((name, value)) = variables.iter().find(|(name, _)| name == "GATELOG_DATA") {
            self.named(
                "data.folder",
                Raw::Untyped(value.clone()),
                Origin::Environment(name.clone()),
            );
        }
        for (name, value) in variables {
            if let Some(rest) = name.strip_prefix("GATELOG__") {
                let path = rest
                    .split("__")
                    .collect::<Vec<_>>()
                    .join(".")
                    .to_ascii_lowercase();
                let origin = Origin::Environment(name.clone());
                // Which table of a list is meant only the file can say.
                if find(&path).is_some() && !path.contains('[') {
                    self.named(&path, Raw::Untyped(value.clone()), origin);
                } else {
                    let meant = suggest::nearest(&path, &paths()).map(variable);
                    self.errors.push(ConfigError::UnknownKey {
                        place: "environment".to_owned(),
                        key: name.chars().take(80).collect(),
                        suggestion: meant,
                    });
                }
            } else if let Some(meant) = single_underscores(name) {
                self.errors.push(ConfigError::UnknownKey {
                    place: "environment".to_owned(),
                    key: name.clone(),
                    suggestion: Some(meant),
                });
            }
        }
    }

    fn file(&mut self, path: &std::path::Path, text: &str) {
        let place = |line: usize| Origin::File {
            path: path.to_owned(),
            line,
        };
        if text.len() > MOST_FILE_BYTES {
            let message = format!("it is longer than {MOST_FILE_BYTES} bytes");
            self.errors.push(ConfigError::NotToml {
                place: place(1).to_string(),
                message,
            });
            return;
        }
        let document = match DeTable::parse(text) {
            Ok(document) => document.into_inner(),
            Err(error) => {
                let line = error.span().map_or(1, |span| line_of(text, span.start));
                let message = error.message().trim().replace('\n', "; ");
                self.errors.push(ConfigError::NotToml {
                    place: place(line).to_string(),
                    message,
                });
                return;
            }
        };
        self.table("", &document, &|offset| place(line_of(text, offset)));
    }

    fn table(&mut self, prefix: &str, table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) {
        for (name, value) in table {
            let origin_here = origin(name.span().start);
            let path = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let known = pattern(&path);
            match value.get_ref() {
                DeValue::Array(items) if is_list(&known) => self.list(&path, items, origin),
                _ if is_list(&known) => self.not_a_list(path, value, &origin_here),
                DeValue::Table(inner) if keys().any(|key| key.kind.is_by_name() && key.path == known) => {
                    self.names(&path, inner, origin);
                }
                DeValue::Table(inner) if keys().any(|key| key.path.starts_with(&format!("{known}."))) => {
                    self.table(&path, inner, origin);
                }
                DeValue::Table(_) if find(&path).is_none() => self.unknown_section(&path, &origin_here),
                _ => match find(&path).filter(|key| !key.kind.is_by_name()) {
                    Some(key) => self.set(key, path, raw(value), origin_here),
                    None if find(&path).is_some() => self.not_a_table(path, value, &origin_here),
                    None => self.unknown(&path, &origin_here),
                },
            }
        }
    }

    /// The tables of a list, counted from 1: `roles[1]`.
    fn list(&mut self, path: &str, items: &[Spanned<DeValue<'_>>], origin: &dyn Fn(usize) -> Origin) {
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{}]", index + 1);
            match item.get_ref() {
                DeValue::Table(inner) if !inner.is_empty() => self.table(&path, inner, origin),
                DeValue::Table(_) => self.errors.push(ConfigError::WrongValue {
                    place: origin(item.span().start).to_string(),
                    key: path,
                    value: "empty".to_owned(),
                    wanted: "write its settings below it, or take it out".to_owned(),
                }),
                _ => self.not_a_list(path, item, &origin(item.span().start)),
            }
        }
    }

    fn not_a_list(&mut self, path: String, value: &Spanned<DeValue<'_>>, origin: &Origin) {
        let name = pattern(&path).replace("[]", "");
        let wanted = format!("there may be several: write [[{name}]] above the settings of each");
        let value = raw(value).shown();
        self.errors.push(ConfigError::WrongValue {
            place: origin.to_string(),
            key: path,
            value,
            wanted,
        });
    }

    fn names(&mut self, prefix: &str, table: &DeTable<'_>, origin: &dyn Fn(usize) -> Origin) {
        for (name, value) in table {
            let origin_here = origin(name.span().start);
            let path = format!("{prefix}.{}", name.get_ref());
            if let DeValue::Table(_) = value.get_ref() {
                self.errors.push(ConfigError::WrongValue {
                    place: origin_here.to_string(),
                    key: path,
                    value: "a table".to_owned(),
                    wanted: "a name with dots stands in quotes: \"contoso.com\" = 90".to_owned(),
                });
            } else if let Some(key) = find(&path) {
                self.set(key, path, raw(value), origin_here);
            }
        }
    }

    fn unknown_section(&mut self, path: &str, origin: &Origin) {
        let sections: Vec<&str> = keys().filter_map(|key| key.path.split('.').next()).collect();
        self.errors.push(ConfigError::UnknownKey {
            place: origin.to_string(),
            key: format!("[{path}]"),
            suggestion: suggest::nearest(path, &sections).map(|section| format!("[{section}]")),
        });
    }

    fn not_a_table(&mut self, path: String, value: &Spanned<DeValue<'_>>, origin: &Origin) {
        let wanted = format!("it is a table: write [{path}] and below it one name = value a line");
        let value = raw(value).shown();
        self.errors.push(ConfigError::WrongValue {
            place: origin.to_string(),
            key: path,
            value,
            wanted,
        });
    }
}

/// The key of a full name; for a table of names, of any name below it.
fn find(path: &str) -> Option<&'static KeyDef> {
    let path = pattern(path);
    keys().find(|key| {
        if key.kind.is_by_name() {
            let name = path.strip_prefix(key.path);
            name == Some("") || name.is_some_and(|name| name.len() > 1 && name.starts_with('.'))
        } else {
            key.path == path
        }
    })
}

/// A full name as the list of keys has it: `roles[].name` is the key of `roles[2].name`.
pub(super) fn pattern(path: &str) -> String {
    let (mut known, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('[') {
        known.push_str(before);
        known.push('[');
        rest = match after.split_once(']') {
            Some((number, behind)) if number.parse::<usize>().is_ok() => {
                known.push(']');
                behind
            }
            _ => after,
        };
    }
    known + rest
}

/// Whether a name is that of a list of tables.
fn is_list(path: &str) -> bool {
    keys().any(|key| {
        key.path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with("[]."))
    })
}

/// What the settings of each table of a list begin with, in the file's order: `roles[1]`, `roles[2]`.
pub(super) fn tables(settings: &Settings, list: &str) -> Vec<String> {
    let numbers: BTreeSet<usize> = settings
        .keys()
        .filter_map(|path| {
            let (number, _) = path.strip_prefix(list)?.strip_prefix('[')?.split_once(']')?;
            number.parse().ok()
        })
        .collect();
    numbers.iter().map(|number| format!("{list}[{number}]")).collect()
}

fn paths() -> Vec<&'static str> {
    keys().map(|key| key.path).collect()
}

/// The variable that sets a key.
fn variable(path: &str) -> String {
    format!("GATELOG__{}", path.replace('.', "__").to_ascii_uppercase())
}

/// `GATELOG_SERVER_LISTEN` would be ignored without a word; this finds what was meant.
fn single_underscores(name: &str) -> Option<String> {
    keys()
        .map(|key| variable(key.path))
        .find(|right| right != name && right.replace("__", "_") == name)
}

fn raw(value: &Spanned<DeValue<'_>>) -> Raw {
    match value.get_ref() {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i64::from_str_radix(&digits, number.radix())
                .map_or(Raw::Other("a number that large"), Raw::Integer)
        }
        DeValue::Boolean(switch) => Raw::Boolean(*switch),
        DeValue::Float(_) => Raw::Other("a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
        DeValue::Array(items) => {
            let mut texts = Vec::new();
            for item in items {
                let DeValue::String(text) = item.get_ref() else {
                    return Raw::Other("a list of other things than texts");
                };
                texts.push(text.to_string());
            }
            Raw::List(texts)
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.get(..offset).unwrap_or(text).matches('\n').count() + 1
}
