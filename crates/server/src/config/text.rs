//! What `gatelog config check` and `gatelog config show` print. No setting holds a secret: keys are named by file.

use super::error::ConfigErrors;
use super::key::{KeyDef, quoted, toml_text};
use super::layering::{self, Origin, Setting};
use super::{Loaded, keys};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Whether `config show` says where each value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origins {
    /// As a comment behind each value.
    Shown,
    /// Values alone.
    Hidden,
}

/// The verdict on a configuration, for people.
pub fn check(loaded: &Result<Loaded, ConfigErrors>) -> String {
    match loaded {
        Ok(loaded) => {
            let from = |wanted: fn(&Origin) -> bool| {
                loaded
                    .settings
                    .values()
                    .filter(|setting| wanted(&setting.origin))
                    .count()
            };
            format!(
                "The configuration is sound: {} from the file, {} from the environment, {} from flags, {} by default.\n",
                settings(from(|origin| matches!(origin, Origin::File { .. }))),
                settings(from(|origin| matches!(origin, Origin::Environment(_)))),
                settings(from(|origin| matches!(origin, Origin::Flag(_)))),
                settings(from(|origin| matches!(origin, Origin::Default))),
            )
        }
        Err(errors) => {
            let count = errors.0.len();
            let mistakes = if count == 1 { "mistake" } else { "mistakes" };
            format!("The configuration has {count} {mistakes}:\n{errors}\n")
        }
    }
}

/// The whole configuration in effect as TOML; what is left out stands as a comment. It can be used as a file again.
pub fn show(loaded: &Loaded, origins: Origins) -> String {
    let mut text = String::new();
    let mut section = "";
    for key in keys() {
        let (its_section, name) = key.path.split_once('.').unwrap_or(("", key.path));
        if let Some(list) = its_section.strip_suffix("[]") {
            if its_section != section {
                tables(&mut text, loaded, list, origins);
                section = its_section;
            }
            continue;
        }
        if its_section != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}[{its_section}]");
            section = its_section;
        }
        match (key.kind, loaded.settings.get(key.path)) {
            (kind, _) if kind.is_by_name() => names(&mut text, loaded, key, origins),
            (_, Some(setting)) => line(&mut text, name, setting, origins),
            (_, None) => {
                let _ = writeln!(text, "# {name} is not set");
            }
        }
    }
    text
}

/// The same for programs: the values by section, and where each came from.
pub fn show_json(loaded: &Loaded) -> serde_json::Value {
    // What `show` prints is TOML that reads back; a fault in that would be ours and is seen as an empty answer.
    let values: toml::Table = toml::from_str(&show(loaded, Origins::Hidden)).unwrap_or_default();
    let origins: serde_json::Map<String, serde_json::Value> = loaded
        .settings
        .iter()
        .map(|(path, setting)| (path.clone(), setting.origin.to_string().into()))
        .collect();
    serde_json::json!({ "settings": values, "origins": origins })
}

fn settings(count: usize) -> String {
    if count == 1 {
        "1 setting".to_owned()
    } else {
        format!("{count} settings")
    }
}

fn line(text: &mut String, name: &str, setting: &Setting, origins: Origins) {
    let value = toml_text(&setting.value);
    let _ = match origins {
        Origins::Shown => writeln!(text, "{name} = {value}  # {}", setting.origin),
        Origins::Hidden => writeln!(text, "{name} = {value}"),
    };
}

/// The tables of a list, each under its heading.
fn tables(text: &mut String, loaded: &Loaded, list: &str, origins: Origins) {
    let prefixes = layering::tables(&loaded.settings, list);
    if prefixes.is_empty() {
        let _ = writeln!(text, "\n# [[{list}]]: there is none");
    }
    let heading = layering::pattern(list).replace("[]", "");
    for prefix in prefixes {
        let _ = writeln!(text, "\n[[{heading}]]");
        let prefix = format!("{prefix}.");
        let mut inner_lists = BTreeSet::new();
        for (path, setting) in &loaded.settings {
            let Some(name) = path.strip_prefix(&prefix) else {
                continue;
            };
            match name.split_once('[') {
                None => line(text, name, setting, origins),
                Some((inner, _)) => drop(inner_lists.insert(inner)),
            }
        }
        // In TOML what stands behind a heading belongs to it, so these come last.
        for inner in inner_lists {
            tables(text, loaded, &format!("{prefix}{inner}"), origins);
        }
    }
}

fn names(text: &mut String, loaded: &Loaded, key: &KeyDef, origins: Origins) {
    let prefix = format!("{}.", key.path);
    let of_table = loaded
        .settings
        .iter()
        .filter_map(|(path, setting)| Some((path.strip_prefix(&prefix)?, setting)));
    let name = key.path.split_once('.').map_or(key.path, |(_, name)| name);
    let mut empty = true;
    for (own_name, setting) in of_table {
        empty = false;
        line(text, &format!("{name}.{}", quoted(own_name)), setting, origins);
    }
    if empty {
        let _ = writeln!(text, "# {name} is not set");
    }
}
