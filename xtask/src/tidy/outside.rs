//! Nothing in the tree names a machine on which it was written or a server from which its parts were fetched.

use super::{Finding, rust_text};
use crate::tree::{Tree, is_rust};

/// The folder of one particular machine, which is wrong everywhere. Written in two halves, or this file would find itself.
const WORKSHOP: &str = concat!("/wo", "rk/");

/// Folders that a test may make up and that are wrong elsewhere: each machine has its own.
const MACHINE_FOLDERS: &[&str] = &[
    concat!("/tm", "p/"),
    concat!("/ho", "me/"),
    concat!("/Use", "rs/"),
    concat!("/ro", "ot/"),
    concat!("C:", "\\"),
];

/// Servers of packages, and the words in the names of private ones.
const REGISTRIES: &[&str] = &[
    concat!("artif", "actory"),
    concat!("jfr", "og"),
    concat!("sona", "type"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("registry.npm", "js"),
    concat!("pypi", ".org"),
    concat!("python", "hosted"),
    concat!("proxy.gol", "ang"),
];

/// The only source that the lock file may name.
const LOCK_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Finds such names.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.files() {
        if path.ends_with("Cargo.lock") {
            check_lock(path, text, &mut findings);
            continue;
        }
        let without_tests = if is_rust(path) {
            rust_text::without_tests(text)
        } else {
            text.to_owned()
        };
        let is_test = path.contains("/tests/") || path.starts_with("tests/") || path.ends_with("/tests.rs");
        for (number, line) in text.lines().enumerate() {
            if names_folder(line, WORKSHOP) {
                findings.push(machine_folder(path, number + 1, WORKSHOP));
            }
            for registry in REGISTRIES {
                if line.to_ascii_lowercase().contains(registry) {
                    findings.push(Finding {
                        path: path.to_owned(),
                        line: number + 1,
                        what: format!("the line names a server of packages (`{registry}`)"),
                        remedy: "leave the choice of a registry to the machine's own configuration"
                            .to_owned(),
                    });
                }
            }
        }
        if is_test {
            continue;
        }
        for (number, line) in without_tests.lines().enumerate() {
            for folder in MACHINE_FOLDERS {
                if names_folder(line, folder) {
                    findings.push(machine_folder(path, number + 1, folder));
                }
            }
        }
    }
    findings
}

fn check_lock(path: &str, text: &str, findings: &mut Vec<Finding>) {
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("source = ") && line != LOCK_SOURCE {
            findings.push(Finding {
                path: path.to_owned(),
                line: number + 1,
                what: format!("a package does not come from the public registry: {line}"),
                remedy: "take the dependency from the registry, without git addresses and mirrors".to_owned(),
            });
        }
    }
}

fn machine_folder(path: &str, line: usize, folder: &str) -> Finding {
    Finding {
        path: path.to_owned(),
        line,
        what: format!("the line names a folder of one machine (`{folder}`)"),
        remedy: "take the folder as an argument, or ask the system for one".to_owned(),
    }
}

/// Whether the folder stands there as the beginning of a path, and not in the middle of a longer one.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "/._-}~".contains(before))
    })
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

    #[test]
    fn the_workshop_is_found_everywhere() {
        check(
            "README.md",
            concat!("one\nsee /wo", "rk/shared\n"),
            &["README.md:2"],
        );
        check("a/tests/b.rs", concat!("// /wo", "rk/a\n"), &["a/tests/b.rs:1"]);
    }

    #[test]
    fn the_middle_of_a_longer_path_is_not() {
        let line = concat!(
            "https://host.example/net",
            "/wo",
            "rk/a and ./wo",
            "rk/ and ${X}/tm",
            "p/\n"
        );
        check("README.md", line, &[]);
    }

    #[test]
    fn folders_of_a_machine_are_for_tests_only() {
        for folder in MACHINE_FOLDERS {
            let line = format!("    let a = \"{folder}a\";\n");
            check(
                "crates/a/src/b.rs",
                &format!("fn a() {{\n{line}}}\n"),
                &["crates/a/src/b.rs:2"],
            );
            check("README.md", &format!("see {folder}a\n"), &["README.md:1"]);
            check(
                "crates/a/src/b.rs",
                &format!("#[cfg(test)]\nmod tests {{\n{line}}}\n"),
                &[],
            );
            check("crates/a/tests/b.rs", &line, &[]);
            check("crates/a/src/c/tests.rs", &line, &[]);
        }
    }

    #[test]
    fn servers_of_packages_are_found() {
        check(
            ".cargo/config.toml",
            concat!("[source.x]\nregistry = \"https://Artif", "actory.example/x\"\n"),
            &[".cargo/config.toml:2"],
        );
        check(
            "Cargo.lock",
            "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n",
            &[],
        );
        check(
            "Cargo.lock",
            "a\nsource = \"git+https://host.example/x\"\n",
            &["Cargo.lock:2"],
        );
    }
}
