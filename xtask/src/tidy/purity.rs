//! The pure rooms stay pure: no waiting, no clock, no files, no environment, no network.

use super::{Finding, rust_text};
use crate::tree::Tree;
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// The rooms whose code only thinks. A room that does not exist yet is passed over.
const PURE_ROOMS: &[&str] = &[
    "model",
    "odata",
    "sources",
    "detect",
    "enrich",
    "issuer",
    "generator",
    "world",
];

/// Words of code that have no place there, with what they bring in.
const IMPURE_WORDS: &[(&str, &str)] = &[
    ("std::fs", "files"),
    ("std::env", "the environment"),
    ("std::process", "processes"),
    ("TcpStream", "the network"),
    ("TcpListener", "the network"),
    ("UdpSocket", "the network"),
    ("SystemTime", "the system clock"),
    ("Instant::now", "the system clock"),
    ("async fn", "waiting"),
    ("async move", "waiting"),
    ("async {", "waiting"),
];

/// Modules of the standard library that may not hide in a `use std::{…}` either.
const IMPURE_MODULES: &[&str] = &["fs", "env", "process"];

/// Packages that bring in waiting, the network or a database.
const IMPURE_PACKAGES: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "mio",
    "hyper",
    "axum",
    "reqwest",
    "rusqlite",
];

/// Finds impure words in the code of the pure rooms, tests apart.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let Some(room) = PURE_ROOMS
            .iter()
            .find(|room| path.starts_with(&format!("crates/{room}/src/")))
        else {
            continue;
        };
        if path.ends_with("/tests.rs") {
            continue;
        }
        let code = rust_text::without_tests(&rust_text::scrub(text));
        for (number, line) in code.lines().enumerate() {
            for (word, brings) in IMPURE_WORDS {
                if has_word(line, word) {
                    findings.push(impure(path, number + 1, room, word, brings));
                }
            }
        }
        for (line, module) in grouped_modules(&code) {
            findings.push(impure(
                path,
                line,
                room,
                &format!("std::{{{module}}}"),
                "the machine",
            ));
        }
    }
    findings
}

/// Finds impure packages below the pure rooms: the same as `cargo tree -p gatelog-<room> -e normal -i tokio`.
pub(crate) fn check_dependencies(root: &Path, tree: &Tree) -> Result<Vec<Finding>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut findings = Vec::new();
    for room in PURE_ROOMS {
        let manifest = format!("crates/{room}/Cargo.toml");
        if tree.get(&manifest).is_none() {
            continue;
        }
        let package = format!("gatelog-{room}");
        let output = Command::new(&cargo)
            .args([
                "tree",
                "--locked",
                "--edges",
                "normal",
                "--prefix",
                "none",
                "--package",
                &package,
            ])
            .current_dir(root)
            .output()
            .with_context(|| format!("ask cargo what {package} depends on"))?;
        if !output.status.success() {
            bail!(
                "cargo could not tell what {package} depends on: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        findings.extend(impure_packages(
            &manifest,
            &String::from_utf8_lossy(&output.stdout),
        ));
    }
    Ok(findings)
}

/// The impure packages in cargo's answer, one package a line.
fn impure_packages(manifest: &str, answer: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in IMPURE_PACKAGES {
        if answer.lines().any(|line| line.split(' ').next() == Some(package)) {
            findings.push(Finding {
                path: manifest.to_owned(),
                line: 1,
                what: format!("the room is pure, but depends on `{package}`"),
                remedy: format!(
                    "find it with `cargo tree -e normal -i {package}` and move that work to the edge"
                ),
            });
        }
    }
    findings
}

fn impure(path: &str, line: usize, room: &str, word: &str, brings: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        line,
        what: format!("`{word}` brings {brings} into the pure room `{room}`"),
        remedy: "let the caller at the edge fetch it and pass it as an argument".to_owned(),
    }
}

/// Whether the word stands in the line and is not a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let in_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let longer_before = line[..at].ends_with(in_name);
        let longer_after = word.ends_with(in_name) && line[at + word.len()..].starts_with(in_name);
        !longer_before && !longer_after
    })
}

/// Impure modules in `std::{…}`, with the line of the group.
fn grouped_modules(code: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for (at, group) in code.match_indices("std::{") {
        let rest = &code[at + group.len()..];
        let end = rest.find(';').unwrap_or(rest.len());
        let line = code[..at].matches('\n').count() + 1;
        for module in IMPURE_MODULES {
            if rest[..end]
                .split([',', '{', '}', ':'])
                .any(|part| part.trim() == *module)
            {
                found.push((line, *module));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    fn check(path: &str, text: &str, expected: &[&str]) {
        assert_eq!(
            places(&super::check(&Tree::of(&[(path, text)]))),
            expected,
            "{text}"
        );
    }

    const PURE: &str = "crates/odata/src/a.rs";

    #[test]
    fn every_impure_word_is_found() {
        for (word, _) in IMPURE_WORDS {
            check(
                PURE,
                &format!("fn a() {{\n    {word} ;\n}}\n"),
                &["crates/odata/src/a.rs:2"],
            );
        }
        check(
            PURE,
            "use std::{\n    collections::HashMap,\n    fs::File,\n};\n",
            &["crates/odata/src/a.rs:1"],
        );
        check(PURE, "pub async fn read() {}\n", &["crates/odata/src/a.rs:1"]);
    }

    #[test]
    fn words_of_texts_comments_and_tests_are_not() {
        check(
            PURE,
            "/// Like `std::fs`.\nconst A: &str = \"std::env\"; // SystemTime\n",
            &[],
        );
        check(
            PURE,
            "#[cfg(test)]\nmod tests {\n    fn a() { std::env::var(\"A\"); }\n}\n",
            &[],
        );
        check(
            PURE,
            "#[cfg(test)]\nmod tests {\n}\nfn a() { std::env::var(\"A\"); }\n",
            &["crates/odata/src/a.rs:4"],
        );
        check(
            PURE,
            "fn my_async fn_like(mystd::fs_x: u8) {}\nuse std::net::IpAddr;\n",
            &[],
        );
    }

    #[test]
    fn other_rooms_may() {
        check("crates/server/src/a.rs", "use std::fs;\n", &[]);
        check("crates/odata/tests/a.rs", "use std::fs;\n", &[]);
    }

    #[test]
    fn impure_packages_are_found_in_the_answer_of_cargo() {
        let clean = "gatelog-odata v0.1.0 (crates/odata)\nserde v1.0.0\ntokio-like v1.0.0\n";
        assert!(impure_packages("crates/odata/Cargo.toml", clean).is_empty());
        let findings = impure_packages(
            "crates/odata/Cargo.toml",
            &format!("{clean}tokio v1.54.1\ntokio v1.54.1 (*)\n"),
        );
        assert_eq!(places(&findings), ["crates/odata/Cargo.toml:1"]);
    }
}
