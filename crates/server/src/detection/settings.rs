//! The files that say how sign-ins are judged: thresholds, and which names are one person's.

use crate::config::Detection;
use detect::{People, Rules};
use std::path::{Path, PathBuf};

/// A rules file or a file of people is larger than this only by mistake.
const FILE_BYTES_MAX: u64 = 64 << 20;

/// Why a file does not say how sign-ins are judged.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It cannot be read.
    #[error("{path} cannot be read: {source}; mend it, or take its key out of [detection]")]
    NotReadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is too large.
    #[error(
        "{path} has more than {FILE_BYTES_MAX} bytes, so it is no file of that kind; name another, or take its key out of [detection]"
    )]
    TooLarge {
        /// Which.
        path: PathBuf,
    },
    /// It says what is no threshold, or no name.
    #[error("{path}: {reason}")]
    NotUnderstood {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where.
        reason: String,
    },
}

/// The thresholds: those of the file, where it has them.
pub(crate) fn rules(settings: &Detection) -> Result<Rules, SettingsError> {
    match &settings.rules {
        Some(path) => rules_of(path),
        None => Ok(Rules::default()),
    }
}

fn rules_of(path: &Path) -> Result<Rules, SettingsError> {
    rules_in(&text_of(path)?).map_err(|reason| SettingsError::NotUnderstood {
        path: path.to_owned(),
        reason,
    })
}

/// The thresholds of a text: TOML, a table for each detector; what it does not name has the default. The error says what is wrong, and
/// where.
pub(crate) fn rules_in(text: &str) -> Result<Rules, String> {
    let rules: Rules = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
    rules.check()?;
    Ok(rules)
}

/// Who has which names.
pub(crate) fn people(settings: &Detection) -> Result<People, SettingsError> {
    let Some(path) = &settings.people else {
        return Ok(People::default());
    };
    people_in(&text_of(path)?).map_err(|reason| SettingsError::NotUnderstood {
        path: path.clone(),
        reason,
    })
}

/// Who has which names, by a text: a line for each person, the names with commas between; a comment is a line that begins with `#`, or the
/// rest of one after a blank and `#`, since names of guests have `#EXT#` in them. The error says what is wrong, and where.
fn people_in(text: &str) -> Result<People, String> {
    let mut lists: Vec<Vec<String>> = Vec::new();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let names = without_comment(line).split(',').map(str::trim);
        let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        // No name has any of these; a line that was meant otherwise would stitch nothing, and nobody would know.
        let is_none = |name: &&String| name.contains(|c: char| c.is_control() || "\";[]".contains(c));
        if let Some(name) = names.iter().find(is_none) {
            return Err(format!(
                "line {number}: {name:?} is no name: a line has the names of one person, with commas between and without quotes"
            ));
        }
        lists.push(names);
    }
    Ok(People::stitched(lists.iter().map(Vec::as_slice)))
}

fn without_comment(line: &str) -> &str {
    let is_comment = |at: &usize| line[..*at].chars().next_back().is_none_or(char::is_whitespace);
    let comment = line.match_indices('#').map(|(at, _)| at).find(is_comment);
    &line[..comment.unwrap_or(line.len())]
}

fn text_of(path: &Path) -> Result<String, SettingsError> {
    let not_readable = |source| SettingsError::NotReadable {
        path: path.to_owned(),
        source,
    };
    let about = std::fs::metadata(path).map_err(not_readable)?;
    if about.len() > FILE_BYTES_MAX {
        return Err(SettingsError::TooLarge {
            path: path.to_owned(),
        });
    }
    std::fs::read_to_string(path).map_err(not_readable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn settings(rules: Option<&Path>, people: Option<&Path>) -> Detection {
        Detection {
            enabled: true,
            allowed_lateness: Duration::ZERO,
            rules: rules.map(Path::to_owned),
            people: people.map(Path::to_owned),
        }
    }

    /// What is told of a file names it, and says everything of this.
    fn check(told: Option<SettingsError>, path: &Path, expected: &[&str]) {
        let told = told.expect("it was taken").to_string();
        for part in expected.iter().chain([&path.to_str().unwrap()]) {
            assert!(told.contains(part), "{part:?} is missing in {told:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_rules_is_told_with_the_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rules.toml");
        let cases: [(&[u8], &[&str]); 8] = [
            (
                b"\n[after_multiple_failures]\nminimum_failure = 3\n",
                &["line 3", "unknown field `minimum_failure`", "`minimum_failures`"],
            ),
            (
                b"[after_failures]\nminimum_failures = 3\n",
                &[
                    "line 1",
                    "unknown field `after_failures`",
                    "`after_multiple_failures`",
                ],
            ),
            (
                b"[after_multiple_failures]\nminimum_failures = \"ten\"\n",
                &["line 2", "string \"ten\"", "expected u32"],
            ),
            (
                b"[after_multiple_failures]\nminimum_failures = -1\n",
                &["line 2", "`-1`", "expected u32"],
            ),
            (b"[after_multiple_failures\n", &["line 1", "]"]),
            (
                b"[after_multiple_failures]\nminimum_failures = 0\n",
                &[
                    "after_multiple_failures.minimum_failures is 0",
                    "must be at least 1",
                ],
            ),
            (
                b"[multiple_geographies]\nmaximum_kmh = nan\n",
                &["multiple_geographies.maximum_kmh is NaN", "must be more than 0"],
            ),
            (
                b"\xff\xfe[",
                &["cannot be read", "UTF-8", "mend it, or take its key out"],
            ),
        ];
        for (content, expected) in cases {
            std::fs::write(&path, content).unwrap();
            check(rules(&settings(Some(&path), None)).err(), &path, expected);
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_is_far_too_large_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("nowhere.toml");
        let large = folder.path().join("large.toml");
        let file = std::fs::File::create(&large).unwrap();
        file.set_len(FILE_BYTES_MAX + 1).unwrap();
        let read = |path: &Path| {
            [
                rules(&settings(Some(path), None)).err(),
                people(&settings(None, Some(path))).err(),
            ]
        };
        for told in read(&missing) {
            check(
                told,
                &missing,
                &[
                    "cannot be read",
                    "No such file",
                    "take its key out of [detection]",
                ],
            );
        }
        for told in read(&large) {
            check(
                told,
                &large,
                &["67108864 bytes", "take its key out of [detection]"],
            );
        }
        let nothing = settings(None, None);
        assert_eq!(rules(&nothing).unwrap(), Rules::default());
        assert!(people(&nothing).is_ok());
    }

    #[test]
    fn what_is_wrong_with_people_is_told_with_the_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.txt");
        let with_commas = "with commas between and without quotes";
        let cases: [(&str, &[&str]); 4] = [
            (
                "# ours\nann@contoso.example;00u1\n",
                &["line 2", "ann@contoso.example;00u1", with_commas],
            ),
            ("\"ann@contoso.example\",\"00u1\"\n", &["line 1", with_commas]),
            ("\n\nann\t00u1\n", &["line 3", "ann\\t00u1", with_commas]),
            ("[people]\n", &["line 1", "[people]", with_commas]),
        ];
        for (content, expected) in cases {
            std::fs::write(&path, content).unwrap();
            check(people(&settings(None, Some(&path))).err(), &path, expected);
        }
    }

    fn check_people(text: &str, expected: &[&str]) {
        let people = people_in(text).unwrap();
        let subject = people.subject(Some(expected[0]), None).unwrap();
        let names: Vec<&str> = people.names(&subject).collect();
        assert_eq!(names, expected, "{text:?}");
    }

    #[test]
    fn a_line_has_the_names_of_one_person() {
        check_people(
            "\u{feff}ann@contoso.example, 00U1,\r\n",
            &["ann@contoso.example", "00u1"],
        );
        check_people("ann, 00u1 # she moved\nbob, 00u2\n", &["ann", "00u1"]);
        check_people("#ann, 00u1\nann, 00u3\n", &["ann", "00u3"]);
        check_people(
            "gert_fabrikam.example#EXT#@contoso.example, S-1-5-21-1-2-3-1104\n",
            &[
                "gert_fabrikam.example#ext#@contoso.example",
                "s-1-5-21-1-2-3-1104",
            ],
        );
        check_people("CONTOSO\\ann, ann\n", &["contoso\\ann", "ann"]);
    }
}
