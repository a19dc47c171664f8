//! Small records that cost next to nothing to write: made-up ones with id, time and content put in. Whose they are and which
//! one it is stands in the id, so that nobody has to remember ids.

use anyhow::{Context, Result};
use generator::RecordSize;
use model::time::Timestamp;
use std::io::Write;

/// What the name of the application says from the first change on.
const REVISION: &str = "revision ";
/// Enough that neighbours differ.
const TEMPLATES: u64 = 512;

/// Which record: of whom, and which of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) owner: u32,
    pub(super) number: u64,
}

/// Made-up records, cut where the id, the time and the name of the application stand.
#[derive(Debug)]
pub(super) struct Templates(Vec<[String; 5]>);

impl Name {
    /// The id that says so, as a GUID.
    fn write(self, out: &mut Vec<u8>) -> std::io::Result<()> {
        write!(
            out,
            "{:08x}-0000-4000-8000-{:012x}",
            self.owner,
            self.number & 0xffff_ffff_ffff
        )
    }

    /// What an id says; `None` if it is not one of these.
    pub(super) fn read(id: &str) -> Option<Name> {
        let (owner, number) = id.split_once("-0000-4000-8000-")?;
        Some(Name {
            owner: u32::from_str_radix(owner, 16).ok()?,
            number: u64::from_str_radix(number, 16).ok()?,
        })
    }
}

/// The content that a row shows, by the name of its application; 0 for the first.
pub(super) fn revision_of(app_display_name: &str) -> u32 {
    app_display_name
        .strip_prefix(REVISION)
        .and_then(|number| number.parse().ok())
        .unwrap_or(0)
}

impl Templates {
    pub(super) fn new(seed: u64) -> Result<Templates> {
        let moment = Timestamp::from_unix_seconds(1_767_225_600);
        let mut templates = Vec::new();
        for record in generator::uniform(seed, TEMPLATES, moment, moment, RecordSize::Small) {
            templates.push(cut(&record.json).context("cut a made-up record")?);
        }
        Ok(Templates(templates))
    }

    /// Appends a record and a line feed. A higher revision wins over a lower one: it has more properties.
    pub(super) fn write(
        &self,
        out: &mut Vec<u8>,
        name: Name,
        time: Timestamp,
        revision: u32,
    ) -> std::io::Result<()> {
        let [start, to_time, to_app, app, end] = &self.0[(name.number % self.0.len() as u64) as usize];
        out.write_all(start.as_bytes())?;
        name.write(out)?;
        write!(out, "{to_time}{time}{to_app}")?;
        if revision == 0 {
            out.write_all(app.as_bytes())?;
        } else {
            write!(out, "{REVISION}{revision}")?;
        }
        let open = end.strip_suffix('}').unwrap_or(end);
        out.write_all(open.as_bytes())?;
        for number in 1..=revision {
            write!(out, ",\"addedProperty{number}\":{number}")?;
        }
        out.write_all(b"}\n")
    }
}

/// Before the id, up to the time, up to the application, the application, the rest.
fn cut(json: &str) -> Option<[String; 5]> {
    let (start, rest) = split_at_value(json, "\"id\":\"")?;
    let (_, rest) = rest.split_at(rest.find('"')?);
    let (to_time, rest) = split_at_value(rest, "\"createdDateTime\":\"")?;
    let (_, rest) = rest.split_at(rest.find('"')?);
    let (to_app, rest) = split_at_value(rest, "\"appDisplayName\":\"")?;
    let (app, rest) = rest.split_at(rest.find('"')?);
    Some([start, to_time, to_app, app, rest].map(str::to_owned))
}

fn split_at_value<'a>(text: &'a str, before: &str) -> Option<(&'a str, &'a str)> {
    Some(text.split_at(text.find(before)? + before.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn check(number: u64, revision: u32) {
        let templates = Templates::new(1).unwrap();
        let name = Name { owner: 7, number };
        let time = Timestamp::parse_vendor("2026-03-01T10:00:00Z").unwrap();
        let mut line = Vec::new();
        templates.write(&mut line, name, time, revision).unwrap();
        assert_eq!(line.last(), Some(&b'\n'));
        let record: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(Name::read(record["id"].as_str().unwrap()), Some(name));
        assert_eq!(
            Timestamp::parse_vendor(record["createdDateTime"].as_str().unwrap()).ok(),
            Some(time)
        );
        assert_eq!(revision_of(record["appDisplayName"].as_str().unwrap()), revision);
        assert!(record["userPrincipalName"].is_string());
        let added = (1..=revision).filter(|number| record[format!("addedProperty{number}")].is_number());
        assert_eq!(added.count() as u32, revision);
    }

    #[test]
    fn a_record_says_whose_it_is_and_which_content() {
        check(0, 0);
        check(513, 1);
        check(0xffff_ffff_ffff, 3);
    }

    #[test]
    fn other_ids_are_nobodys() {
        assert_eq!(Name::read("4b2462a4-bbee-495a-a0e1-f23ae524cc9c"), None);
        assert_eq!(Name::read(""), None);
    }
}
