//! `[enrichment]`: what is known of network addresses beside their countries.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader, Told};
use super::suggest;
use enrich::MaxAges;
use model::whereabouts::ListClass;
use std::path::PathBuf;

/// Files that tell more of addresses than the program itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enrichment {
    /// Files in MaxMind's format; the first that knows something tells it.
    pub databases: Vec<PathBuf>,
    /// Lists of addresses.
    pub lists: Vec<ListFile>,
    /// How old a list may become.
    pub max_ages: MaxAges,
}

/// A list of addresses in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFile {
    /// What it says of the addresses that it names.
    pub class: ListClass,
    /// What evidence, metrics and the log call it; unique within its class.
    pub name: String,
    /// Where it is.
    pub file: PathBuf,
}

/// More would be a mistake: each is asked for every address.
const MOST_DATABASES: usize = 20;
const MOST_LISTS: usize = 200;
/// The longest time after which a list may be stale.
const MOST_DAYS: u64 = 3_650;

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "enrichment.databases",
        kind: Kind::List,
        default: None,
        about: "Files in MaxMind's format that tell places and networks of addresses; the first that knows something tells it.",
    },
    KeyDef {
        path: "enrichment.lists[].class",
        kind: Kind::Text,
        default: None,
        about: "What the list says of its addresses: tor, anonymous-proxy, vpn, relay, satellite, hosting, botnet, corporate.",
    },
    KeyDef {
        path: "enrichment.lists[].file",
        kind: Kind::Text,
        default: None,
        about: "The file: one address or network a line.",
    },
    KeyDef {
        path: "enrichment.lists[].name",
        kind: Kind::Text,
        default: None,
        about: "What evidence, metrics and the log call it; the file's name if left out.",
    },
    KeyDef {
        path: "enrichment.max_age_days",
        kind: Kind::DaysByName,
        default: None,
        about: "After how many days a list is stale: a table of class = days; 0 is never.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Enrichment> {
    let databases = reader.paths("enrichment.databases");
    if databases.len() > MOST_DATABASES {
        reader.refuse(
            "enrichment.databases",
            format!("it takes {MOST_DATABASES} files at the most"),
        );
    }
    let mut lists: Vec<ListFile> = Vec::new();
    let mut sound = Ok(());
    let tables = reader.tables("enrichment.lists");
    if tables.len() > MOST_LISTS {
        reader.conflict(format!("there are more than {MOST_LISTS} [[enrichment.lists]]"));
        return Err(Told);
    }
    for table in tables {
        match list(reader, &table, &lists) {
            Ok(list) => lists.push(list),
            Err(Told) => sound = Err(Told),
        }
    }
    let max_ages = max_ages(reader);
    sound?;
    Ok(Enrichment {
        databases,
        lists,
        max_ages: max_ages?,
    })
}

fn list(reader: &mut Reader<'_>, table: &str, others: &[ListFile]) -> Checked<ListFile> {
    let key = |name: &str| format!("{table}.{name}");
    let class = reader.optional(&key("class"), class_of);
    let class = needed(reader, &key("class"), class, "it has a class, such as \"tor\"");
    let file = reader.path(&key("file"));
    let file = needed(
        reader,
        &key("file"),
        file,
        "it has a file with one address or network a line",
    );
    let name = reader.optional(&key("name"), list_name);
    let (class, file, name) = (class?, file?, name?);
    let name = match name {
        Some(name) => name,
        None => match list_name(&stem(&file)) {
            Ok(name) => name,
            Err(wanted) => {
                reader.refuse(
                    &key("name"),
                    format!("the file's name cannot be its name; {wanted}"),
                );
                return Err(Told);
            }
        },
    };
    if others
        .iter()
        .any(|other| other.class == class && other.name == name)
    {
        reader.refuse(
            &key("name"),
            format!("there is a list `{name}` of this class already; each has a name of its own"),
        );
        return Err(Told);
    }
    Ok(ListFile { class, name, file })
}

fn needed<T>(reader: &mut Reader<'_>, key: &str, value: Checked<Option<T>>, wanted: &str) -> Checked<T> {
    if let Some(value) = value? {
        return Ok(value);
    }
    reader.refuse(key, wanted.to_owned());
    Err(Told)
}

/// The class that a word means; the error says which there are.
pub fn class_of(word: &str) -> Result<ListClass, String> {
    let found = ListClass::ALL.iter().find(|class| class.as_str() == word);
    found.copied().ok_or_else(|| {
        let words: Vec<&str> = ListClass::ALL.iter().map(|class| class.as_str()).collect();
        let hint =
            suggest::nearest(word, &words).map_or(String::new(), |word| format!("; did you mean `{word}`?"));
        format!("the classes are {}{hint}", words.join(", "))
    })
}

/// A name that may stand in the name of a file.
pub fn list_name(text: &str) -> Result<String, String> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 64 || text.starts_with('.') || !text.chars().all(is_fit) {
        return Err(
            "a name has up to 64 letters, digits, dashes, underscores and dots, and begins with no dot"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

/// The name of a file without what stands behind the last dot.
pub fn stem(file: &std::path::Path) -> String {
    let stem = file.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

fn max_ages(reader: &mut Reader<'_>) -> Checked<MaxAges> {
    let mut ages = MaxAges::default();
    let mut sound = Ok(());
    for (key, name, days) in reader.by_name("enrichment.max_age_days") {
        // A variable's name has no dashes.
        match class_of(&name.replace('_', "-")) {
            Ok(class) => match reader.within(&key, days, &(0..=MOST_DAYS), " days") {
                Ok(days) => ages.set(class, (days > 0).then_some(days as u32)),
                Err(Told) => sound = Err(Told),
            },
            Err(wanted) => {
                reader.refuse(&key, wanted);
                sound = Err(Told);
            }
        }
    }
    sound.map(|()| ages)
}
