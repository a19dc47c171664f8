//! Names of files with `*`, `?` and `**` in them, and the files that they name now.

use crate::platform;
use std::path::{Path, PathBuf};

/// Files that one pattern finds at the most: whoever names `/**` by mistake must not fill the memory.
const FILES_MOST: usize = 50_000;
/// Folders below each other that `**` goes down.
const DEEPEST: usize = 32;

/// A pattern such as `/var/log/app/*.json`. A folder means the files directly in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    text: String,
    /// The folder before the first part with a wildcard.
    root: PathBuf,
    parts: Vec<String>,
}

impl Pattern {
    /// Reads a pattern; a relative one is below `folder`.
    pub(crate) fn parse(text: &str, folder: &Path) -> Result<Pattern, String> {
        if text.is_empty() {
            return Err("a name of files is empty".to_owned());
        }
        let whole = folder.join(text);
        let mut root = PathBuf::new();
        let mut parts: Vec<String> = Vec::new();
        for part in whole.components() {
            let name = part.as_os_str().to_string_lossy();
            if parts.is_empty() && !name.contains(['*', '?']) {
                root.push(part);
            } else {
                parts.push(name.into_owned());
            }
        }
        if parts.iter().filter(|part| *part == "**").count() > 1 {
            return Err(format!("{text:?} has `**` more than once"));
        }
        Ok(Pattern {
            text: text.to_owned(),
            root,
            parts,
        })
    }

    /// As it was written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names this file.
    pub(crate) fn matches(&self, path: &Path) -> bool {
        let mut names = path.components().map(|part| part.as_os_str().to_string_lossy());
        for part in self.root.components() {
            if !names
                .next()
                .is_some_and(|name| is_same(&part.as_os_str().to_string_lossy(), &name))
            {
                return false;
            }
        }
        let names: Vec<String> = names.map(std::borrow::Cow::into_owned).collect();
        if self.parts.is_empty() {
            return names.len() <= 1;
        }
        matches_parts(&self.parts, &names)
    }

    /// The files that it names now, in the order of their names. What cannot be looked into is told in `faults`.
    pub(crate) fn files(&self, faults: &mut Vec<String>) -> Vec<PathBuf> {
        let mut found = Vec::new();
        if self.parts.is_empty() && !self.root.is_dir() {
            match std::fs::metadata(&self.root) {
                Ok(metadata) if metadata.is_file() => found.push(self.root.clone()),
                // Whoever opens a pipe waits until somebody writes into it.
                Ok(_) => faults.push(format!(
                    "{}: it is a pipe or a device, not a file",
                    self.root.display()
                )),
                // A file that comes later is no fault.
                Err(_) => {}
            }
            return found;
        }
        let everything = ["*".to_owned()];
        let parts = if self.parts.is_empty() {
            &everything[..]
        } else {
            &self.parts
        };
        walk(&self.root, parts, 0, &mut found, faults);
        found.sort();
        found.dedup();
        found
    }
}

/// Whether two names are one.
fn is_same(name: &str, other: &str) -> bool {
    let (mut letters, mut others) = (name.chars(), other.chars());
    loop {
        match (letters.next(), others.next()) {
            (None, None) => return true,
            (Some(letter), Some(other)) if platform::is_same_in_names(letter, other) => {}
            _ => return false,
        }
    }
}

fn matches_parts(parts: &[String], names: &[String]) -> bool {
    match (parts.split_first(), names.split_first()) {
        (None, None) => true,
        (Some((part, rest)), _) if part == "**" => {
            (0..=names.len()).any(|skipped| matches_parts(rest, &names[skipped..]))
        }
        (Some((part, rest)), Some((name, names))) => is_like(part, name) && matches_parts(rest, names),
        _ => false,
    }
}

fn walk(folder: &Path, parts: &[String], depth: usize, found: &mut Vec<PathBuf>, faults: &mut Vec<String>) {
    let Some((part, rest)) = parts.split_first() else {
        return;
    };
    if depth > DEEPEST {
        return;
    }
    if part == "**" {
        walk(folder, rest, depth, found, faults);
    } else if !part.contains(['*', '?']) && !rest.is_empty() {
        walk(&folder.join(part), rest, depth + 1, found, faults);
        return;
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        // A folder that comes later is no fault.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        Err(error) => {
            faults.push(format!("{}: {error}", folder.display()));
            return;
        }
    };
    for entry in entries.flatten() {
        if found.len() >= FILES_MOST {
            faults.push(format!("{}: more than {FILES_MOST} files", folder.display()));
            return;
        }
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(metadata) = std::fs::metadata(&path) else {
            continue;
        };
        if part == "**" {
            // Links to folders are not followed down, or a circle would have no end.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                walk(&path, parts, depth + 1, found, faults);
            }
        } else if is_like(part, &name) {
            if rest.is_empty() && metadata.is_file() {
                found.push(path);
            } else if !rest.is_empty() && metadata.is_dir() {
                walk(&path, rest, depth + 1, found, faults);
            }
        }
    }
}

/// Whether a name is like a part with `*` and `?`. Hidden names are not what `*` means, as in a shell.
fn is_like(part: &str, name: &str) -> bool {
    if name.starts_with('.') && !part.starts_with('.') {
        return false;
    }
    let (part, name): (Vec<char>, Vec<char>) = (part.chars().collect(), name.chars().collect());
    let (mut at, mut in_name) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while in_name < name.len() {
        match part.get(at) {
            Some('*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(character) if *character == '?' || platform::is_same_in_names(*character, name[in_name]) => {
                at += 1;
                in_name += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else {
                    return false;
                };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                in_name = taken + 1;
            }
        }
    }
    part[at..].iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, path: &str, expected: bool) {
        let pattern = Pattern::parse(pattern, Path::new("/etc")).unwrap();
        assert_eq!(pattern.matches(Path::new(path)), expected, "{pattern:?} {path}");
    }

    #[test]
    fn stars_and_question_marks_are_within_a_name() {
        check("/log/*.json", "/log/a.json", true);
        check("/log/*.json", "/log/a.json.1", false);
        check("/log/*.json*", "/log/a.json.1.gz", true);
        check("/log/*.json", "/log/a/b.json", false);
        check("/log/*.json", "/log/.a.json", false);
        check("/log/a?.log", "/log/ab.log", true);
        check("/log/a?.log", "/log/a.log", false);
        check("/log/*a*b*", "/log/xaybz", true);
        check("/log/*/x.log", "/log/app/x.log", true);
        // Where names have no case, neither a folder's nor a file's.
        check("/log/*.evtx", "/Log/Mim.EVTX", cfg!(windows));
    }

    #[test]
    fn two_stars_go_down() {
        check("/log/**/x.log", "/log/x.log", true);
        check("/log/**/x.log", "/log/a/b/x.log", true);
        check("/log/**/x.log", "/log/a/b/y.log", false);
        assert!(Pattern::parse("/a/**/b/**/c", Path::new("/")).is_err());
    }

    #[test]
    fn a_folder_is_what_is_in_it_and_a_name_is_below_the_configuration() {
        check("/log", "/log/a", true);
        check("/log", "/log/a/b", false);
        check("in/*.log", "/etc/in/a.log", true);
    }

    #[test]
    fn files_are_found_in_order() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "b.log",
            "a.log",
            "c.txt",
            ".hidden.log",
            "deep/d.log",
            "deep/er/e.log",
        ] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let check = |pattern: &str, expected: &[&str]| {
            let mut faults = Vec::new();
            let found = Pattern::parse(pattern, folder.path()).unwrap().files(&mut faults);
            let names: Vec<String> = found
                .iter()
                .map(|path| path.strip_prefix(folder.path()).unwrap())
                .map(|path| path.to_str().unwrap().replace(std::path::MAIN_SEPARATOR, "/"))
                .collect();
            assert_eq!(names, expected, "{pattern}");
            assert!(faults.is_empty());
        };
        check("*.log", &["a.log", "b.log"]);
        check("**/*.log", &["a.log", "b.log", "deep/d.log", "deep/er/e.log"]);
        check("deep", &["deep/d.log"]);
        check("a.log", &["a.log"]);
        check("nothing/*.log", &[]);
        check("nothing.log", &[]);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_no_file_by_whichever_name() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(folder.path().join("pipe.log"))
            .status();
        assert!(made.unwrap().success());
        let check = |pattern: &str, fault: &str| {
            let mut faults = Vec::new();
            let found = Pattern::parse(pattern, folder.path()).unwrap().files(&mut faults);
            assert!(found.is_empty(), "{found:?}");
            assert!(faults.concat().ends_with(fault), "{pattern} {faults:?}");
        };
        check("pipe.log", "pipe.log: it is a pipe or a device, not a file");
        check("*.log", "");
    }
}
