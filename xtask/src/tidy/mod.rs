//! What the compiler does not check: each check is a file and a line in the list.

mod generated;
mod headings;
mod length;
mod lints;
mod lists;
mod outside;
mod purity;
mod rust_text;

use crate::tree::Tree;
use anyhow::Result;
use std::fmt;
use std::path::Path;

/// Something that is not in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, from the top folder.
    pub(crate) path: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}\n    {}",
            self.path, self.line, self.what, self.remedy
        )
    }
}

/// The checks that need only the files.
const ALL: &[fn(&Tree) -> Vec<Finding>] = &[
    headings::check,
    length::check,
    lists::check,
    lints::check,
    purity::check,
    outside::check,
    generated::check,
];

/// Everything that is not in order in the files.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    ALL.iter().flat_map(|check| check(tree)).collect()
}

/// Everything that is not in order in what the pure rooms depend on; asks cargo.
pub(crate) fn check_dependencies(root: &Path, tree: &Tree) -> Result<Vec<Finding>> {
    purity::check_dependencies(root, tree)
}

/// `path:line` of each finding: what the tests of the checks compare.
#[cfg(test)]
fn places(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| format!("{}:{}", finding.path, finding.line))
        .collect()
}
