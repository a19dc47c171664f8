//! Every crate of the workspace keeps the workspace's lints.

use super::Finding;
use crate::tree::Tree;

/// Finds members of the workspace that do not inherit its lints.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members(tree.get("Cargo.toml").unwrap_or("")) {
        let path = format!("{member}/Cargo.toml");
        if tree.get(&path).is_some_and(inherits_lints) {
            continue;
        }
        findings.push(Finding {
            path,
            line: 1,
            what: "the crate does not inherit the lints of the workspace".to_owned(),
            remedy: "add `[lints]` with `workspace = true`".to_owned(),
        });
    }
    findings
}

/// The folders in `members = […]`.
fn members(manifest: &str) -> Vec<&str> {
    let Some((_, rest)) = manifest.split_once("\nmembers = [") else {
        return Vec::new();
    };
    let list = rest.split_once(']').map_or(rest, |(list, _)| list);
    list.split('"').skip(1).step_by(2).collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let mut section = "";
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section == "[lints]" && line.replace(' ', "") == "workspace=true" {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    fn check(manifest: &str, expected: &[&str]) {
        let root = "[workspace]\nmembers = [\n    \"crates/a\",\n]\n";
        let tree = Tree::of(&[("Cargo.toml", root), ("crates/a/Cargo.toml", manifest)]);
        assert_eq!(places(&super::check(&tree)), expected, "{manifest}");
    }

    #[test]
    fn a_crate_inherits_the_lints() {
        check("[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n", &[]);
    }

    #[test]
    fn a_crate_that_does_not_is_found() {
        check("[package]\nname = \"a\"\n", &["crates/a/Cargo.toml:1"]);
        check(
            "[lints]\n\n[package]\nworkspace = true\n",
            &["crates/a/Cargo.toml:1"],
        );
        check("[lints]\nworkspace = false\n", &["crates/a/Cargo.toml:1"]);
    }

    #[test]
    fn a_member_without_a_manifest_is_found() {
        let tree = Tree::of(&[("Cargo.toml", "[workspace]\nmembers = [\"crates/a\", \"xtask\"]\n")]);
        assert_eq!(
            places(&super::check(&tree)),
            ["crates/a/Cargo.toml:1", "xtask/Cargo.toml:1"]
        );
    }
}
