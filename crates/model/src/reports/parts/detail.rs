//! Details of an actor, a target or a change, written as text that a person and a program can read.

use crate::event::Modified;
use crate::json::write_text;
use serde::{Deserialize, Serialize};

/// Builds `UPN=alice@contoso.com; ObjectId=…`: names that we chose, values as they came.
///
/// A value that could be taken for the beginning of another part (with `;`, `|`, `"` or a control character) stands as
/// a JSON string in double quotes, so hostile text cannot forge a part.
#[derive(Default)]
pub(in crate::reports) struct DetailText(String);

impl DetailText {
    /// Adds a part if its value is known.
    pub(in crate::reports) fn part(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        let Some(value) = value else { return self };
        if !self.0.is_empty() && !self.0.ends_with(SEPARATOR) {
            self.0.push_str("; ");
        }
        self.0.push_str(name);
        self.0.push('=');
        if value.contains([';', '|', '"']) || value.contains(char::is_control) {
            let mut quoted = Vec::with_capacity(value.len() + 8);
            write_text(&mut quoted, value);
            self.0.push_str(&String::from_utf8_lossy(&quoted));
        } else {
            self.0.push_str(value);
        }
        self
    }

    /// Begins the next thing.
    pub(in crate::reports) fn next(&mut self) -> &mut Self {
        if !self.0.is_empty() && !self.0.ends_with(SEPARATOR) {
            self.0.push_str(SEPARATOR);
        }
        self
    }

    /// The text, or nothing if no part was known.
    pub(in crate::reports) fn finish(&mut self) -> Option<String> {
        if self.0.ends_with(SEPARATOR) {
            self.0.truncate(self.0.len() - SEPARATOR.len());
        }
        (!self.0.is_empty()).then(|| std::mem::take(&mut self.0))
    }
}

const SEPARATOR: &str = " | ";

/// One changed property as `updatedProperties` writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::reports) struct Updated {
    /// The property.
    #[serde(rename = "Name")]
    pub(in crate::reports) name: Option<String>,
    /// Its value before, as the record writes it.
    #[serde(rename = "OldValue")]
    pub(in crate::reports) old: Option<String>,
    /// Its value after, as the record writes it.
    #[serde(rename = "NewValue")]
    pub(in crate::reports) new: Option<String>,
}

/// The changes as JSON text, `[{"Name":…,"OldValue":…,"NewValue":…}]`; nothing if nothing changed.
pub(in crate::reports) fn updated_properties<'a>(
    changes: impl Iterator<Item = &'a Modified>,
) -> Option<String> {
    let updated: Vec<Updated> = changes
        .map(|change| Updated {
            name: change.name.clone(),
            old: change.old.clone(),
            new: change.new.clone(),
        })
        .collect();
    if updated.is_empty() {
        None
    } else {
        serde_json::to_string(&updated).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(things: &[&[(&str, Option<&str>)]], expected: Option<&str>) {
        let mut detail = DetailText::default();
        for parts in things {
            detail.next();
            for (name, value) in *parts {
                detail.part(name, *value);
            }
        }
        assert_eq!(detail.finish().as_deref(), expected);
    }

    #[test]
    fn what_is_known_is_named_and_what_is_not_is_left_out() {
        check(
            &[&[
                ("UPN", Some("a@b.c")),
                ("ObjectId", None),
                ("IPAddress", Some("192.0.2.1")),
            ]],
            Some("UPN=a@b.c; IPAddress=192.0.2.1"),
        );
        check(
            &[&[("UPN", Some("a@b.c"))], &[], &[("Name", Some("g"))]],
            Some("UPN=a@b.c | Name=g"),
        );
        check(&[&[("UPN", None)], &[]], None);
    }

    #[test]
    fn a_value_cannot_forge_a_part() {
        check(&[&[("Name", Some("x; UPN=root"))]], Some(r#"Name="x; UPN=root""#));
        check(
            &[&[("Name", Some("x | y"))], &[("Name", Some("\"\n"))]],
            Some(r#"Name="x | y" | Name="\"\n""#),
        );
    }

    #[test]
    fn changes_are_a_json_list() {
        let change = Modified {
            name: Some("Mobile".into()),
            old: None,
            new: Some("[\"1\"]".into()),
        };
        assert_eq!(
            updated_properties([&change].into_iter()).as_deref(),
            Some(r#"[{"Name":"Mobile","OldValue":null,"NewValue":"[\"1\"]"}]"#)
        );
        assert_eq!(updated_properties([].into_iter()), None);
    }
}
