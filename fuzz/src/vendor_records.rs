//! Sound records of other makers made unsound: understood or refused, never a panic; the same identity and content whatever the
//! order of members; rows with exactly the members that their reports declare; the same event again from what is kept of it.

use crate::Chance;
use crate::event;
use crate::json_tree::Json;
use crate::mutation::{self, ENTRA, Words};
use crate::tables;
use arbitrary::Unstructured;
use sources::{Choice, Limits, Record, Understanding, open, understand};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A file of `seeds/<maker>/`.
struct Seed {
    /// `<maker>/<name>`
    name: String,
    record: Json,
    /// Members that the maker's seeds have, and texts of them, beside those that mean something in any record.
    names: &'static [&'static str],
    texts: &'static [&'static str],
}

/// Takes the name of a seed on the first line, such as `okta/sign_in`, and the bytes for the choices of its changes. Bytes without
/// such a line change a seed that their hash chooses.
pub fn check(bytes: &[u8]) {
    let chance = Chance::of(bytes);
    let (seed, rest) = choose(bytes, chance);
    let mut record = seed.record.clone();
    let mut choices = Unstructured::new(rest);
    let words = Words {
        names: seed.names,
        texts: seed.texts,
    };
    // Choices that run out leave the record as far as it came.
    let _ = mutation::mutate(&mut record, &mut choices, &words);
    let text = record.to_string();
    let all = read(&text);
    // The other way round is as dear as the record itself: one in four, where millions are tried.
    let is_turned = chance.is_in_full() || chance.one_of(0, &[true, false, false, false]);
    if is_turned && !record.has_twins() {
        let turned = read(&record.reversed().to_string());
        assert_eq!(all.len(), turned.len(), "{text}");
        for (one, other) in all.iter().zip(&turned) {
            event::check_same(one, other, &text);
        }
    }
    for understanding in all {
        check_one(understanding, &text);
    }
}

/// What is kept of a record is the same record again: what came alone as it came, what stood among others by itself.
fn check_one(understanding: Understanding, text: &str) {
    match understanding {
        Understanding::Event(understood) => {
            let again = understand(&Choice::Auto, understood.original.clone());
            let Some(Understanding::Event(again)) = again else {
                panic!("what is kept of {text} is no event: {again:?}");
            };
            assert_eq!(
                (again.format, again.key, again.rank, &again.event),
                (
                    understood.format,
                    understood.key,
                    understood.rank,
                    &understood.event
                ),
                "{text}"
            );
            event::check(*understood, text);
        }
        Understanding::Fragment(part) => tables::check_part(&part),
        Understanding::Ignored { reason } | Understanding::Rejected { reason, .. } => {
            assert!(!reason.is_empty(), "{text}");
        }
    }
}

fn choose(bytes: &[u8], chance: Chance) -> (&'static Seed, &[u8]) {
    let named = bytes.iter().position(|byte| *byte == b'\n').and_then(|at| {
        let seed = seeds().iter().find(|seed| seed.name.as_bytes() == &bytes[..at])?;
        Some((seed, &bytes[at + 1..]))
    });
    named.unwrap_or_else(|| {
        let number = usize::from(chance.0[1]) * 256 + usize::from(chance.0[2]);
        (&seeds()[number % seeds().len()], bytes)
    })
}

fn read(text: &str) -> Vec<Understanding> {
    let mut records: Vec<Record> = Vec::new();
    let mut parser = open(Choice::Auto, Limits::default());
    parser.push(text.as_bytes(), &mut records);
    parser.finish(&mut records);
    records.into_iter().map(|record| record.understanding).collect()
}

/// Every file in a folder of `seeds/`: whoever adds one adds a seed.
fn seeds() -> &'static [Seed] {
    static READ: OnceLock<Vec<Seed>> = OnceLock::new();
    READ.get_or_init(|| {
        let mut seeds = Vec::new();
        for folder in listed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")) {
            if folder.is_dir() {
                seeds.extend(of_maker(&folder));
            }
        }
        assert!(!seeds.is_empty(), "there are seeds");
        seeds
    })
}

fn of_maker(folder: &Path) -> Vec<Seed> {
    let maker = folder.file_name().unwrap_or_default().to_string_lossy();
    let mut files = Vec::new();
    let (mut names, mut texts) = (ENTRA.names.to_vec(), ENTRA.texts.to_vec());
    for path in listed(folder) {
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let bytes = std::fs::read(&path).expect("a seed can be read");
        let record: Json = serde_json::from_slice(&bytes).expect("a seed is JSON");
        gather(&record, &mut names, &mut texts);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        files.push((format!("{maker}/{name}"), record));
    }
    let (names, texts): (&'static [_], &'static [_]) = (names.leak(), texts.leak());
    let seed = |(name, record)| Seed {
        name,
        record,
        names,
        texts,
    };
    files.into_iter().map(seed).collect()
}

/// In the order of the alphabet, so that it does not depend on the disk.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of seeds can be listed");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder of seeds can be listed").path())
        .collect();
    paths.sort();
    paths
}

/// The words of a seed live as long as the program.
fn gather(value: &Json, names: &mut Vec<&'static str>, texts: &mut Vec<&'static str>) {
    match value {
        Json::Text(text) if !texts.contains(&text.as_str()) => texts.push(text.clone().leak()),
        Json::List(items) => items.iter().for_each(|item| gather(item, names, texts)),
        Json::Object(members) => {
            for (name, value) in members {
                // At the top these two would make the record a page, which is another target's matter.
                let is_page = name == "value" || name == "records";
                if !is_page && !names.contains(&name.as_str()) {
                    names.push(name.clone().leak());
                }
                gather(value, names, texts);
            }
        }
        _ => {}
    }
}
