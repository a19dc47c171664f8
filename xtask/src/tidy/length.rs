//! No Rust file grows beyond what a reader can hold.

use super::Finding;
use crate::tree::Tree;

/// Beyond this a file is about two things.
const MOST_LINES: usize = 600;

/// Finds files that are too long.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let lines = text.lines().count();
        if lines <= MOST_LINES {
            continue;
        }
        findings.push(Finding {
            path: path.to_owned(),
            line: MOST_LINES + 1,
            what: format!("the file has {lines} lines, more than {MOST_LINES}"),
            remedy: "look for the second thing that it is about and give that a file of its own".to_owned(),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    fn check(lines: usize, expected: &[&str]) {
        assert_eq!(
            places(&super::check(&Tree::of(&[("a.rs", &"x\n".repeat(lines))]))),
            expected,
            "{lines}"
        );
    }

    #[test]
    fn six_hundred_lines_are_the_ceiling() {
        check(600, &[]);
        check(601, &["a.rs:601"]);
    }
}
