//! The repository as the checks see it: paths and texts, from the disk or made up by a test.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::path::Path;

/// Text files by their path from the top folder, with `/` between the parts.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

/// What holds nothing of ours: in a linked working tree `.git` is a file.
const SKIPPED: &[&str] = &["target", ".git", "node_modules"];

/// Whether a file is Rust source.
pub(crate) fn is_rust(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "rs")
}

impl Tree {
    /// Reads every text file below a folder.
    pub(crate) fn load(root: &Path) -> Result<Tree> {
        let mut tree = Tree::default();
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))?;
            for entry in entries {
                let entry = entry.with_context(|| format!("list {}", folder.display()))?;
                let kind = entry
                    .file_type()
                    .with_context(|| format!("look at {}", entry.path().display()))?;
                let name = entry.file_name();
                if SKIPPED.iter().any(|skipped| name == *skipped) {
                    continue;
                }
                if kind.is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                // What is not UTF-8 is a picture or a database, and none of these checks' business.
                let Ok(text) = std::fs::read_to_string(entry.path()) else {
                    continue;
                };
                let path = entry.path();
                let relative = path.strip_prefix(root).unwrap_or(&path);
                tree.files
                    .insert(relative.to_string_lossy().replace('\\', "/"), text);
            }
        }
        Ok(tree)
    }

    /// A tree for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        Tree {
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        }
    }

    /// All files in the order of their paths.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The Rust files.
    pub(crate) fn rust_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files().filter(|(path, _)| is_rust(path))
    }

    /// The text of one file.
    pub(crate) fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }
}
