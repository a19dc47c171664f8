//! Hostile text in any field of any format stays in its field; and no record is of two makers.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

mod common;

use common::read_as;
use model::entity::{Edm, Property};
use model::reports;
use proptest::prelude::*;
use serde_json::{Map, Value};
use sources::{ALL, Choice, FormatDef, Understanding, Understood, members};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Records to start from: every seed of the fuzzer, and a row of each of the tables that are fixtures here.
fn records() -> &'static [(String, Map<String, Value>)] {
    static READ: OnceLock<Vec<(String, Map<String, Value>)>> = OnceLock::new();
    READ.get_or_init(|| {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        collect(&here.join("../../fuzz/seeds"), "json", &mut files);
        collect(&here.join("tests/fixtures"), "csv", &mut files);
        files.sort();
        let mut records = Vec::new();
        for file in files {
            let name = file.display().to_string();
            let bytes = std::fs::read(&file).unwrap();
            let record = members(bytes.trim_ascii()).unwrap_or_else(|| panic!("{name} is no record"));
            records.push((name, record));
        }
        records
    })
}

fn collect(folder: &Path, ending: &str, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, ending, files);
        } else if path.extension().is_some_and(|other| other == ending) {
            files.push(path);
        }
    }
}

fn events(format: &'static FormatDef, record: &Map<String, Value>) -> Vec<Understood> {
    let text = serde_json::to_vec(record).unwrap();
    let mut events = Vec::new();
    for record in read_as(Choice::Only(format), &text) {
        if let Understanding::Event(understood) = record.understanding {
            events.push(*understood);
        }
    }
    events
}

/// A record that each format understands.
fn fixtures() -> &'static [(&'static FormatDef, Map<String, Value>)] {
    static FOUND: OnceLock<Vec<(&'static FormatDef, Map<String, Value>)>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let of_format = |format: &&'static FormatDef| {
            let found = records()
                .iter()
                .find(|(_, record)| !events(format, record).is_empty());
            let Some((_, record)) = found else {
                panic!(
                    "no seed is a record of {}: put one into fuzz/seeds/{}/",
                    format.id, format.id
                )
            };
            (*format, record.clone())
        };
        ALL.iter().map(of_format).collect()
    })
}

/// What a text holds that is JSON itself: pipelines and event logs keep objects so.
fn within(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// How many texts are in a value, at any depth.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(text) => within(text).map_or(1, |value| texts(&value)),
        Value::Array(items) => items.iter().map(texts).sum(),
        Value::Object(members) => members.values().map(texts).sum(),
        _ => 0,
    }
}

/// Where hostile text stands: a line of a log is one text, of which only the end can be hostile.
#[derive(Debug, Clone, Copy)]
enum Instead {
    OfText,
    OfItsEnd,
}

/// Puts hostile text into the place of the one that is counted down to, or after it.
fn replace(value: &mut Value, number: &mut usize, hostile: &str, instead: Instead) {
    match value {
        Value::String(text) => {
            if let Some(mut value) = within(text) {
                replace(&mut value, number, hostile, instead);
                *text = value.to_string();
                return;
            }
            if *number == 0 {
                if matches!(instead, Instead::OfText) {
                    text.clear();
                }
                text.push_str(hostile);
            }
            *number = number.wrapping_sub(1);
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| replace(item, number, hostile, instead)),
        Value::Object(members) => members
            .values_mut()
            .for_each(|value| replace(value, number, hostile, instead)),
        _ => {}
    }
}

/// A row is one JSON object on one line of visible bytes, with exactly the members that its report declares, each of its type.
fn check_rows(understood: Understood) {
    for row in understood.draft().rows {
        let report = reports::by_number(row.report).unwrap();
        for json in [&row.json, &row.particulars] {
            assert!(
                json.iter().all(|byte| *byte >= b' '),
                "{} has a control character",
                report.name
            );
        }
        let json: Map<String, Value> = serde_json::from_slice(&row.json).unwrap();
        check_members(report.name, &json, report.entity.properties);
        if !row.particulars.is_empty() {
            serde_json::from_slice::<Map<String, Value>>(&row.particulars).unwrap();
        }
    }
}

fn check_members(place: &str, json: &Map<String, Value>, properties: &[Property]) {
    let mut names: Vec<&str> = json.keys().map(String::as_str).collect();
    let mut declared: Vec<&str> = properties.iter().map(|property| property.name).collect();
    names.sort_unstable();
    declared.sort_unstable();
    assert_eq!(names, declared, "{place}");
    for property in properties {
        let fits = match (property.edm, &json[property.name]) {
            (_, Value::Null) => property.nullable,
            (Edm::String | Edm::Guid | Edm::DateTimeOffset, value) => value.is_string(),
            (Edm::Boolean, value) => value.is_boolean(),
            (Edm::Int32 | Edm::Int64 | Edm::Double, value) => value.is_number(),
            (Edm::Complex(_), value) => value.is_object(),
            (Edm::Collection(_), value) => value.is_array(),
        };
        assert!(fits, "{} of {place} is {}", property.name, json[property.name]);
    }
}

/// Text that wants out: quotes, escapes of terminals, line ends, marks that turn the direction, brackets of JSON.
fn hostile() -> impl Strategy<Value = String> {
    let scrap = prop::sample::select(vec![
        "\"",
        "\\",
        "\\\"",
        "\",\"role\":\"admin\",\"",
        "\n",
        "\r\n",
        "\t",
        "\0",
        "\u{1b}[2J",
        "\u{1b}]0;x\u{7}",
        "\u{9b}31m",
        "\u{7f}",
        "\u{202e}",
        "\u{2066}",
        "\u{200f}",
        "\u{2028}",
        "\u{feff}",
        "\u{fffd}",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        ";",
        "=cmd|'/c calc'!A0",
        "'",
        "<script>",
        "&amp;",
        "%00",
        "%7C",
        "../",
        "é",
        "😀",
        "İ",
        "ſ",
        " ",
        "-",
        "unknown",
        "User",
        "SUCCESS",
        "2026-01-01",
        "@",
        "1e400",
    ]);
    prop::collection::vec(scrap, 0..6).prop_map(|scraps| scraps.concat())
}

proptest! {
    #[test]
    fn hostile_text_stays_in_its_field(format in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), instead in prop::sample::select(vec![Instead::OfText, Instead::OfItsEnd]), hostile in hostile()) {
        let (format, record) = format.get(fixtures());
        let mut value = Value::Object(record.clone());
        let mut number = place.index(texts(&value).max(1));
        replace(&mut value, &mut number, &hostile, instead);
        let Value::Object(record) = value else { unreachable!() };
        for understood in events(format, &record) {
            check_rows(understood);
        }
    }
}

/// One field after another of each format; and in some fields of each, spread over the record, a megabyte.
#[test]
fn long_text_stays_in_its_field() {
    const SPREAD: usize = 1;
    let short = "\"\n\u{1b}[31m\u{202e}\u{0}\\";
    let long = short.repeat(100_000);
    assert!(long.len() > 1_000_000);
    for (format, record) in fixtures() {
        let whole = Value::Object(record.clone());
        let places = texts(&whole);
        let mut understood = 0;
        for (place, instead) in
            (0..places).flat_map(|place| [(place, Instead::OfText), (place, Instead::OfItsEnd)])
        {
            let is_long = place % (places / SPREAD).max(1) == 0;
            let mut value = whole.clone();
            let text = if is_long { &long } else { short };
            replace(&mut value, &mut { place }, text, instead);
            let Value::Object(record) = value else {
                unreachable!()
            };
            for event in events(format, &record) {
                check_rows(event);
                understood += 1;
            }
        }
        assert!(understood > 0, "{} understood none", format.id);
    }
}

/// Entra's formats are one maker's: its tables have the headings of its JSON.
#[test]
fn no_record_is_of_two_makers() {
    let maker = |format: &FormatDef| {
        if format.id.starts_with("entra-") {
            "entra"
        } else {
            format.id
        }
    };
    for (name, record) in records() {
        let makers: BTreeSet<&str> = ALL
            .iter()
            .filter(|format| !events(format, record).is_empty())
            .map(|format| maker(format))
            .collect();
        assert_eq!(makers.len(), 1, "{name} is of {makers:?}");
    }
}
