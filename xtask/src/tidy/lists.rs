//! Every file of a folder that is a list stands in the list.

use super::{Finding, rust_text};
use crate::tree::Tree;

/// The folders where one thing is one file and one line of `mod.rs`.
const LIST_FOLDERS: &[&str] = &[
    "crates/gatelog/src/commands",
    "crates/gatelog/src/commands/service",
    "crates/model/src/reports",
    "crates/server/src/config",
    "crates/server/src/routes",
    "crates/sources/src/carriers",
    "crates/sources/src/formats",
    "xtask/src/judge/contestants",
    "xtask/src/tidy",
];

/// Finds files that are not declared, and files that are declared and then forgotten.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in LIST_FOLDERS {
        let list_path = format!("{folder}/mod.rs");
        let Some(list) = tree.get(&list_path) else {
            continue;
        };
        let with_tests = rust_text::scrub(list);
        let list = rust_text::without_tests(&with_tests);
        for name in members(tree, folder) {
            let path = member_path(tree, folder, &name);
            let Some((line, declaration)) = declaration(&list, &name) else {
                if declaration(&with_tests, &name).is_some() {
                    continue;
                }
                findings.push(Finding {
                    path,
                    line: 1,
                    what: format!("the file is not part of {list_path}"),
                    remedy: format!("add `mod {name};` and its line in the list there, or delete the file"),
                });
                continue;
            };
            if is_used(tree, folder, &list, &name, declaration) {
                continue;
            }
            findings.push(Finding {
                path: list_path.clone(),
                line,
                what: format!("`{name}` is declared, but does not stand in the list"),
                remedy: format!("add the line of `{name}` to the list in this file"),
            });
        }
    }
    findings
}

/// The names of the files and folders directly below a folder.
fn members(tree: &Tree, folder: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (path, _) in tree.rust_files() {
        let Some(rest) = path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        let name = rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs");
        if name != "mod" && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn member_path(tree: &Tree, folder: &str, name: &str) -> String {
    let file = format!("{folder}/{name}.rs");
    if tree.get(&file).is_some() {
        file
    } else {
        format!("{folder}/{name}/mod.rs")
    }
}

/// The line where a module is declared, and the words before `mod`.
fn declaration<'a>(list: &'a str, name: &str) -> Option<(usize, &'a str)> {
    let wanted = format!("mod {name};");
    for (number, line) in list.lines().enumerate() {
        let Some(before) = line.trim().strip_suffix(&wanted) else {
            continue;
        };
        if before.is_empty() || before.starts_with("pub") {
            return Some((number + 1, before));
        }
    }
    None
}

/// An entry, which defines a `DEF`, must be named in the list. Another file may be a help to its siblings, or be open to
/// the rest of the crate.
fn is_used(tree: &Tree, folder: &str, list: &str, name: &str, declaration: &str) -> bool {
    if names_module(list, name) {
        return true;
    }
    let own_path = member_path(tree, folder, name);
    let own = rust_text::scrub(tree.get(&own_path).unwrap_or(""));
    if own.contains("const DEF:") {
        return false;
    }
    if !declaration.is_empty() {
        return true;
    }
    tree.rust_files().any(|(path, text)| {
        path.starts_with(folder)
            && path != own_path
            && !path.ends_with("/mod.rs")
            && names_module(&rust_text::scrub(text), name)
    })
}

/// Whether `name::` stands in the code as a word of its own.
fn names_module(code: &str, name: &str) -> bool {
    let wanted = format!("{name}::");
    code.match_indices(&wanted)
        .any(|(at, _)| !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    const FOLDER: &str = "crates/model/src/reports";

    fn check(list: &str, files: &[(&str, &str)], expected: &[&str]) {
        let mut all = vec![(format!("{FOLDER}/mod.rs"), list)];
        for (name, text) in files {
            all.push((format!("{FOLDER}/{name}"), text));
        }
        let files: Vec<(&str, &str)> = all.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        assert_eq!(places(&super::check(&Tree::of(&files))), expected, "{list}");
    }

    #[test]
    fn what_stands_in_the_list_is_in_order() {
        check(
            "mod a;\nconst ALL: &[X] = &[&a::DEF];",
            &[("a.rs", "pub const DEF: X = X;")],
            &[],
        );
        check(
            "mod a;\nconst ALL: &[X] = &[&a::DEF];",
            &[("a/mod.rs", "pub const DEF: X = X;"), ("a/b.rs", "")],
            &[],
        );
    }

    #[test]
    fn a_file_that_nobody_declares_is_found() {
        check(
            "const ALL: &[X] = &[];",
            &[("a.rs", "pub const DEF: X = X;")],
            &["crates/model/src/reports/a.rs:1"],
        );
        check(
            "// mod a;\n",
            &[("a.rs", "")],
            &["crates/model/src/reports/a.rs:1"],
        );
        check("mod ba;\n", &[("a.rs", "")], &["crates/model/src/reports/a.rs:1"]);
    }

    #[test]
    fn a_file_of_tests_is_no_entry() {
        check("#[cfg(test)]\nmod tests;\n", &[("tests.rs", "")], &[]);
    }

    #[test]
    fn an_entry_that_is_declared_and_forgotten_is_found() {
        let def = "pub const DEF: X = X;";
        let expected = &["crates/model/src/reports/mod.rs:2"];
        check(
            "\nmod a;\nconst ALL: &[X] = &[&ba::DEF]; // a::DEF",
            &[("a.rs", def)],
            expected,
        );
        check("\npub mod a;\nconst ALL: &[X] = &[];", &[("a.rs", def)], expected);
        check(
            "\nmod a;\n#[cfg(test)]\nmod tests { use a::DEF; }",
            &[("a.rs", def)],
            expected,
        );
    }

    #[test]
    fn a_help_for_others_need_not_stand_in_the_list() {
        check("pub mod docs;", &[("docs.rs", "pub fn markdown() {}")], &[]);
        let entry = "pub const DEF: X = super::words::text();";
        check(
            "mod a;\nmod words;\nconst ALL: &[X] = &[&a::DEF];",
            &[("a.rs", entry), ("words.rs", "")],
            &[],
        );
        check(
            "mod words;",
            &[("words.rs", "")],
            &["crates/model/src/reports/mod.rs:1"],
        );
    }
}
