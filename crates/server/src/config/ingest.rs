//! `[ingest]`: what programs may bring beyond the formats that Gatelog knows.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use sources::mapping::Mapping;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What programs may bring.
#[derive(Debug, Clone, PartialEq)]
pub struct Ingest {
    /// Mappings by the word in the address: `POST /{tenant}/ingest/<name>`.
    pub mappings: BTreeMap<String, Arc<Mapping>>,
}

pub(super) const KEYS: &[KeyDef] = &[KeyDef {
    path: "ingest.mappings",
    kind: Kind::FilesByName,
    default: None,
    about: "Mapping files by the word that programs use in the address of ingest: a table of name = file.",
}];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Ingest> {
    let mut mappings = BTreeMap::new();
    for (key, name) in reader.names("ingest.mappings") {
        let is_word = name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        if !is_word || name == "auto" || sources::by_id(&name).is_some() {
            reader.refuse(
                &key,
                "its name is a word of small letters, digits and dashes, and not that of a format".to_owned(),
            );
            continue;
        }
        let Some(path) = reader.path(&key)? else {
            continue;
        };
        let read = std::fs::read_to_string(&path)
            .map_err(|error| format!("the file cannot be read: {error}"))
            .and_then(|text| {
                Mapping::parse(&text).map_err(|errors| {
                    format!(
                        "the mapping is not sound: {}",
                        errors.to_string().replace('\n', "; ")
                    )
                })
            });
        match read {
            Ok(mapping) => {
                mappings.insert(name, Arc::new(mapping));
            }
            Err(wrong) => reader.refuse(&key, wrong),
        }
    }
    Ok(Ingest { mappings })
}
