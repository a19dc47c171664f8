//! Every Rust file opens with a sentence that says what it is for.

use super::Finding;
use crate::tree::Tree;

/// Finds files without such a sentence.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        if opens_with_a_sentence(text) {
            continue;
        }
        findings.push(Finding {
            path: path.to_owned(),
            line: 1,
            what: "the file does not open with a `//!` sentence".to_owned(),
            remedy: "say on the first line what the file is for, as a sentence that ends with a full stop"
                .to_owned(),
        });
    }
    findings
}

fn opens_with_a_sentence(text: &str) -> bool {
    let paragraph: Vec<&str> = text
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    paragraph
        .last()
        .is_some_and(|line| line.ends_with(['.', '?', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::places;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(
            places(&super::check(&Tree::of(&[("crates/a/src/b.rs", text)]))),
            expected,
            "{text}"
        );
    }

    #[test]
    fn a_file_opens_with_a_sentence() {
        check("//! What it is for.\n\nfn main() {}\n", &[]);
        check(
            "//! A sentence that runs\n//! over two lines.\n//!\n//! And more\n",
            &[],
        );
    }

    #[test]
    fn anything_else_is_found() {
        check("fn main() {}\n", &["crates/a/src/b.rs:1"]);
        check("\n//! Too late.\n", &["crates/a/src/b.rs:1"]);
        check("//!\n//! After a gap.\n", &["crates/a/src/b.rs:1"]);
        check("//! no end\nuse a;\n", &["crates/a/src/b.rs:1"]);
        check("// A plain comment.\n", &["crates/a/src/b.rs:1"]);
        check("", &["crates/a/src/b.rs:1"]);
    }
}
