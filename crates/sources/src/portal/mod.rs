//! The Entra admin center's CSV downloads: a row becomes the record that Microsoft Graph has of the same event.
//!
//! Microsoft documents no headings. Each list of columns here says where its headings were seen.

mod audits;
mod provisioning;
mod sign_ins;

use crate::formats::Reading;
use model::event::SignInKind;
use serde_json::{Map, Value};

/// For the message when nobody recognises a record.
pub(crate) const LOOKS_FOR: &str = "the headings `Date (UTC)` with `Request ID`, or with `Activity`";

/// What to do about headings in another language.
pub(crate) const IN_ENGLISH: &str =
    "if it comes from the Entra admin center in another language, download it with the portal in English";

/// For the message when nobody knows the headings of a table.
pub(crate) const HEADINGS_WANTED: &str = "those of the Entra admin center's CSV downloads in English: `Date (UTC)`, \
    `Request ID`, `Username`, `Sign-in error code` … (sign-ins), `Date (UTC)`, `Activity`, `Result`, `ActorType` … (audit \
    logs), or `Date`, `Action`, `Status`, `Change ID` … (provisioning logs), or Office 365's unified audit log with its column \
    `AuditData`; if it comes from the admin center in another language, download it with the portal in English; tables of other makers need a mapping (`gatelog mapping try`)";

/// The kind of a table's sign-ins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Interactive, or an application's where the columns say so.
    AsHeadingsSay,
    /// This one, whatever the columns say.
    Is(SignInKind),
}

/// Reads a row: an object of headings and cells.
pub(crate) fn read(record: &Map<String, Value>, kind: Kind) -> Reading {
    let row = Cells { record };
    if sign_ins::are_details(row) {
        return Reading::Ignored(
            "rows of an `AuthDetails` download tell single steps of sign-ins, which fill no report"
                .to_owned(),
        );
    }
    if sign_ins::is_row(row) {
        return sign_ins::read(row, kind);
    }
    if audits::is_row(row) {
        return audits::read(row);
    }
    if provisioning::is_row(row) {
        return provisioning::read(row);
    }
    if provisioning::is_part(row) {
        return Reading::Ignored(
            "rows of a `ProvisioningLogs_…` download tell parts of provisioning events; download the JSON to have them"
                .to_owned(),
        );
    }
    Reading::Unrecognised
}

/// The cells of a row by their headings.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells<'a> {
    record: &'a Map<String, Value>,
}

impl<'a> Cells<'a> {
    /// What a cell says; `None` if it is empty or there is no such column.
    fn text(self, heading: &str) -> Option<&'a str> {
        let cell = self.cell(heading)?.trim();
        (!cell.is_empty()).then_some(cell)
    }

    /// Whether there is such a column.
    fn has(self, heading: &str) -> bool {
        self.cell(heading).is_some()
    }

    fn cell(self, heading: &str) -> Option<&'a str> {
        let value = self.record.get(heading).or_else(|| {
            self.record
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(heading))
                .map(|(_, value)| value)
        });
        value.and_then(Value::as_str)
    }
}

/// How a cell becomes a member.
#[derive(Debug, Clone, Copy)]
enum As {
    /// As it is.
    Text,
    /// As a number, if it is one.
    Whole,
    /// As true or false, if it is one.
    Switch,
    /// By a list of the admin center's words and Graph's.
    Words(&'static [(&'static str, &'static str)]),
}

/// Puts the cell of each column where Graph has it: `status.errorCode` is in an object `status`.
fn put_all(row: Cells<'_>, columns: &[(&str, &str, As)], record: &mut Map<String, Value>) {
    for (heading, path, shape) in columns {
        if let Some(cell) = row.text(heading) {
            put(record, path, shaped(cell, *shape));
        }
    }
}

fn put(record: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            record.entry(path).or_insert(value);
        }
        Some((outer, inner)) => {
            let held = record.entry(outer).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(members) = held {
                put(members, inner, value);
            }
        }
    }
}

fn shaped(cell: &str, shape: As) -> Value {
    match shape {
        As::Text => Value::from(cell),
        As::Whole => cell
            .parse::<i64>()
            .map_or_else(|_| Value::from(cell), Value::from),
        As::Switch => match cell.to_ascii_lowercase().as_str() {
            "true" | "yes" => Value::from(true),
            "false" | "no" => Value::from(false),
            _ => Value::from(cell),
        },
        As::Words(words) => {
            let known = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(cell));
            Value::from(known.map_or(cell, |(_, graph)| graph))
        }
    }
}
