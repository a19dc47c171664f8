//! Reads the files of enrichment, each only if it changed. One that cannot be read leaves in force what was read before.

use super::Care;
use super::files::{self, Folder, MOST_DATABASE_BYTES, MOST_LIST_BYTES, MOST_PLACES, Stamp};
use crate::config::Config;
use enrich::{CountryTable, CountryTableBuilder, Database, Enrichment, List, Parts};
use model::time::Timestamp;
use model::whereabouts::ListClass;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The enrichment in force, and what is known of each of its files.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) enrichment: Arc<Enrichment>,
    pub(super) embedded: Arc<CountryTable>,
    pub(super) countries: Held<CountryTable>,
    pub(super) databases: Vec<Held<Database>>,
    pub(super) lists: Vec<(ListClass, Held<List>)>,
}

/// A file, what was read of it last, and why not the newest.
#[derive(Debug)]
pub(super) struct Held<T> {
    pub(super) name: String,
    pub(super) file: PathBuf,
    stamp: Option<Stamp>,
    pub(super) part: Option<Arc<T>>,
    pub(super) failure: Option<String>,
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Held<T> {
        Held {
            name: self.name.clone(),
            file: self.file.clone(),
            stamp: self.stamp,
            part: self.part.clone(),
            failure: self.failure.clone(),
        }
    }
}

impl<T> Held<T> {
    fn is_same(&self, other: &Held<T>) -> bool {
        let parts = (self.part.as_ref(), other.part.as_ref());
        let same_part = match parts {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, None) => true,
            _ => false,
        };
        same_part && self.name == other.name && self.file == other.file && self.failure == other.failure
    }
}

impl Loaded {
    /// Whether nothing at all changed.
    pub(super) fn is_same(&self, other: &Loaded) -> bool {
        let same_databases = self.databases.len() == other.databases.len()
            && self
                .databases
                .iter()
                .zip(&other.databases)
                .all(|(one, two)| one.is_same(two));
        let same_lists = self.lists.len() == other.lists.len()
            && self
                .lists
                .iter()
                .zip(&other.lists)
                .all(|(one, two)| one.0 == two.0 && one.1.is_same(&two.1));
        let same_ages = self.enrichment.parts().max_ages == other.enrichment.parts().max_ages;
        self.countries.is_same(&other.countries) && same_databases && same_lists && same_ages
    }
}

/// Reads what has to be read. `before` is what is in force.
pub(super) fn load(config: &Config, before: Option<&Arc<Loaded>>, care: Care) -> Arc<Loaded> {
    let folder = Folder::of(&config.data.folder);
    let embedded = before.map_or_else(embedded, |before| Arc::clone(&before.embedded));
    let countries = countries(&folder, before.map(|before| &before.countries));
    let databases = databases(config, &folder, before, care);
    let lists = lists(config, &folder, before);

    // The newer one: an update of the program may bring a table that is newer than what was put here.
    let in_force = match &countries.part {
        Some(table) if table.as_of() > embedded.as_of() => table,
        _ => &embedded,
    };
    let parts = Parts {
        countries: Arc::clone(in_force),
        databases: databases.iter().filter_map(|held| held.part.clone()).collect(),
        lists: lists.iter().filter_map(|(_, held)| held.part.clone()).collect(),
        max_ages: config.enrichment.max_ages.clone(),
    };
    Arc::new(Loaded {
        enrichment: Arc::new(Enrichment::new(parts)),
        embedded,
        countries,
        databases,
        lists,
    })
}

fn embedded() -> Arc<CountryTable> {
    let table = CountryTable::embedded().unwrap_or_else(|error| {
        // A test reads it whole; nobody but a broken program comes here.
        tracing::error!("the table of countries that comes with the program: {error}");
        CountryTableBuilder::new(Timestamp::MIN, "nothing").finish()
    });
    Arc::new(table)
}

fn countries(folder: &Folder, before: Option<&Held<CountryTable>>) -> Held<CountryTable> {
    let file = folder.countries();
    if !file.exists() {
        return Held {
            name: "updated".to_owned(),
            file,
            stamp: None,
            part: None,
            failure: None,
        };
    }
    renewed("updated", file, before, |file, _, _| {
        let bytes = files::bytes(file, MOST_LIST_BYTES)?;
        CountryTable::from_bytes(&bytes).map_err(|error| format!("{}: {error}", file.display()))
    })
}

fn databases(
    config: &Config,
    folder: &Folder,
    before: Option<&Arc<Loaded>>,
    care: Care,
) -> Vec<Held<Database>> {
    let put_here = (1..=MOST_PLACES)
        .map(|number| folder.places(number))
        .take_while(|file| file.exists());
    let wanted = config.enrichment.databases.iter().cloned().chain(put_here);
    let known = before.map_or(&[][..], |before| &before.databases);
    let read = |file: PathBuf| {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let before = known.iter().find(|held| held.file == file);
        renewed(&name, file, before, |file, _, _| {
            let bytes = files::bytes(file, MOST_DATABASE_BYTES)?;
            let database =
                Database::open(&file.to_string_lossy(), bytes).map_err(|error| error.to_string())?;
            if care == Care::Full {
                database.verify().map_err(|error| error.to_string())?;
            }
            Ok(database)
        })
    };
    wanted.map(read).collect()
}

fn lists(config: &Config, folder: &Folder, before: Option<&Arc<Loaded>>) -> Vec<(ListClass, Held<List>)> {
    let known = before.map_or(&[][..], |before| &before.lists);
    let held = |class: ListClass, file: &Path| {
        let found = known
            .iter()
            .find(|(other, held)| *other == class && held.file == file);
        found.map(|(_, held)| held)
    };
    let mut lists = Vec::new();
    for list in &config.enrichment.lists {
        let kept = folder.kept(list.class, &list.name);
        // Another file under the same name is the same list, as far as its older editions go.
        let before = held(list.class, &list.file).filter(|held| held.name == list.name);
        let renewed = renewed(&list.name, list.file.clone(), before, |file, written, before| {
            edition(folder, &kept, list.class, &list.name, file, written, before)
        });
        // Without the file, what is kept of it is better than nothing.
        let renewed = match renewed.part {
            None => Held {
                part: read_list(&kept, list.class, &list.name, Timestamp::MIN)
                    .ok()
                    .map(Arc::new),
                ..renewed
            },
            Some(_) => renewed,
        };
        lists.push((list.class, renewed));
    }
    for (class, name, file) in folder.lists() {
        if config
            .enrichment
            .lists
            .iter()
            .any(|list| list.class == class && list.name == name)
        {
            continue;
        }
        let renewed = renewed(&name, file.clone(), held(class, &file), |file, written, _| {
            read_list(file, class, &name, written)
        });
        lists.push((class, renewed));
    }
    lists
}

/// A newer edition of a list, with all that is kept of the older ones; what is kept is written down.
fn edition(
    folder: &Folder,
    kept: &Path,
    class: ListClass,
    name: &str,
    file: &Path,
    written: Timestamp,
    before: Option<&Arc<List>>,
) -> Result<List, String> {
    let newest = read_list(file, class, name, written)?;
    let older = match before {
        Some(list) => Some(List::clone(list)),
        None if kept.exists() => match read_list(kept, class, name, Timestamp::MIN) {
            Ok(list) => Some(list),
            Err(reason) => {
                // Not lost, and not in the way.
                tracing::error!(
                    "what is kept of the list `{name}` cannot be used and is left as it is: {reason}"
                );
                return Ok(newest);
            }
        },
        None => None,
    };
    let Some(older) = older else {
        keep(folder, kept, &newest);
        return Ok(newest);
    };
    if newest.as_of() < older.as_of() {
        return Err(format!(
            "{} is as of {}, older than what is in force ({}): put a newer file there, or write a line \
             `# as-of: DATE` into it",
            file.display(),
            newest.as_of(),
            older.as_of()
        ));
    }
    let merged = older.succeed(&newest);
    if merged != older || !kept.exists() {
        keep(folder, kept, &merged);
    }
    Ok(merged)
}

/// The list counts all the same; only after the next start its older editions would be forgotten.
fn keep(folder: &Folder, path: &Path, list: &List) {
    if let Err(error) = folder.put(path, list.to_text().as_bytes()) {
        tracing::error!(
            "the older editions of the list `{}` cannot be kept in {}: {error}",
            list.name(),
            path.display()
        );
    }
}

fn read_list(file: &Path, class: ListClass, name: &str, written: Timestamp) -> Result<List, String> {
    let bytes = files::bytes(file, MOST_LIST_BYTES)?;
    List::read(class, name, &bytes, written).map_err(|error| format!("{}: {error}", file.display()))
}

/// Reads a file unless it is the one that was read last. `read` gets when it was written, and what is in force.
fn renewed<T>(
    name: &str,
    file: PathBuf,
    before: Option<&Held<T>>,
    read: impl FnOnce(&Path, Timestamp, Option<&Arc<T>>) -> Result<T, String>,
) -> Held<T> {
    let in_force = before.and_then(|before| before.part.clone());
    let stamp = files::stamp(&file);
    if let (Some(before), Ok(stamp)) = (before, &stamp)
        && before.stamp == Some(*stamp)
        && before.name == name
    {
        return before.clone();
    }
    let content = match &stamp {
        Ok(stamp) => read(&file, stamp.written, in_force.as_ref()),
        Err(reason) => Err(reason.clone()),
    };
    let (part, failure) = match content {
        Ok(part) => {
            tracing::info!("enrichment: {} was read", file.display());
            (Some(Arc::new(part)), None)
        }
        Err(reason) => {
            if before.and_then(|before| before.failure.as_ref()) != Some(&reason) {
                let what = if in_force.is_some() {
                    "what was read before stays in force"
                } else {
                    "it counts as absent"
                };
                tracing::error!("enrichment: {reason}; {what}");
            }
            (in_force, Some(reason))
        }
    };
    Held {
        name: name.to_owned(),
        file,
        stamp: stamp.ok(),
        part,
        failure,
    }
}
