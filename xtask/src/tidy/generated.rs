//! Files that are made from the code say what the code says.

use super::Finding;
use crate::generate::{self, GeneratedFile};
use crate::tree::Tree;

/// Finds files that are behind the code.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    behind(tree, generate::ALL)
}

fn behind(tree: &Tree, files: &[GeneratedFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let wanted = (file.make)();
        let found = tree.get(file.path).unwrap_or("");
        if found == wanted {
            continue;
        }
        let same = found
            .lines()
            .zip(wanted.lines())
            .take_while(|(found, wanted)| found == wanted)
            .count();
        findings.push(Finding {
            path: file.path.to_owned(),
            line: same + 1,
            what: "the file is not what the code makes".to_owned(),
            remedy: "run `cargo xtask generate` and commit what it writes".to_owned(),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    const FILES: &[GeneratedFile] = &[GeneratedFile {
        path: "docs/a.md",
        make: || "one\ntwo\n".to_owned(),
    }];

    fn check(files: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(places(&behind(&Tree::of(files), FILES)), expected);
    }

    #[test]
    fn a_current_file_is_in_order() {
        check(&[("docs/a.md", "one\ntwo\n")], &[]);
    }

    #[test]
    fn a_file_that_is_behind_or_absent_is_found() {
        check(&[("docs/a.md", "one\n2\n")], &["docs/a.md:2"]);
        check(&[("docs/a.md", "one\ntwo")], &["docs/a.md:3"]);
        check(&[], &["docs/a.md:1"]);
    }
}
