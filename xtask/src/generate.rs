//! Files that are made from the code, so that they never say anything else than it.

use anyhow::{Context, Result};
use std::path::Path;

/// A file that is made from the code.
pub(crate) struct GeneratedFile {
    /// Where it lies, from the top folder.
    pub(crate) path: &'static str,
    /// What it says.
    pub(crate) make: fn() -> String,
}

/// The files; one line each.
pub(crate) const ALL: &[GeneratedFile] = &[GeneratedFile {
    path: "docs/reports.md",
    make: model::reports::reports_markdown,
}];

/// Writes the files whose text has changed and names them.
pub(crate) fn write(root: &Path) -> Result<Vec<&'static str>> {
    let mut written = Vec::new();
    for file in ALL {
        let path = root.join(file.path);
        let text = (file.make)();
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("make the folder {}", folder.display()))?;
        }
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
        written.push(file.path);
    }
    Ok(written)
}
