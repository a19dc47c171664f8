//! `[[roles]]`: roles of the operator's own, which name reports and mask properties.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader, Told};
use super::suggest;
use model::reports::{self, ReportDef};
use model::role::{DefinedRole, DirectoryRole, ReadableReport, same_name};
use std::sync::Arc;

/// Roles of the operator's own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roles {
    /// In the order of the file.
    pub defined: Vec<Arc<DefinedRole>>,
}

impl Roles {
    /// The role of a name, in any case, words parted by spaces or hyphens.
    pub fn by_name(&self, name: &str) -> Option<&Arc<DefinedRole>> {
        self.defined.iter().find(|role| same_name(&role.name, name))
    }
}

/// The longest name of a role, in characters.
const LONGEST_NAME: usize = 64;

/// Stands for every report.
const ALL_REPORTS: &str = "*";

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "roles[].name",
        kind: Kind::Text,
        default: None,
        about: "What the role is called, in `gatelog role add`.",
    },
    KeyDef {
        path: "roles[].reports",
        kind: Kind::List,
        default: None,
        about: "The reports that it reads, by name; \"*\" is every one.",
    },
    KeyDef {
        path: "roles[].mask",
        kind: Kind::List,
        default: None,
        about: "Properties that it sees as null: \"ipAddress\" in each of its reports that has it, or \"auditEvents.actor\" in one.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Roles> {
    let mut roles = Roles::default();
    let mut sound = Ok(());
    for table in reader.tables("roles") {
        match role(reader, &table, &roles) {
            Ok(role) => roles.defined.push(Arc::new(role)),
            Err(Told) => sound = Err(Told),
        }
    }
    sound.map(|()| roles)
}

fn role(reader: &mut Reader<'_>, table: &str, others: &Roles) -> Checked<DefinedRole> {
    let path = format!("{table}.name");
    let name = reader.optional(&path, |text| name(text, others))?;
    let reports = reports_of(reader, &format!("{table}.reports"));
    let Some(name) = name else {
        reader.refuse(&path, "a role has a name".to_owned());
        return Err(Told);
    };
    let mut role = DefinedRole {
        name,
        reports: reports?,
    };
    let path = format!("{table}.mask");
    let mut sound = Ok(());
    for word in reader.texts(&path) {
        if let Err(wanted) = mask(&mut role, &word) {
            reader.refuse(&path, wanted);
            sound = Err(Told);
        }
    }
    sound.map(|()| role)
}

fn name(text: &str, others: &Roles) -> Result<String, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 || length > LONGEST_NAME || text.contains(|character: char| character.is_control()) {
        return Err(format!(
            "a role's name has 1 to {LONGEST_NAME} characters, none of them a control character"
        ));
    }
    if DirectoryRole::by_name(text).is_some() {
        return Err("that role is built in; take another name".to_owned());
    }
    if others.by_name(text).is_some() {
        return Err("another role has that name".to_owned());
    }
    Ok(text.to_owned())
}

fn reports_of(reader: &mut Reader<'_>, path: &str) -> Checked<Vec<ReadableReport>> {
    let words = reader.texts(path);
    if words.is_empty() {
        let wanted =
            "a role names the reports that it reads, such as [\"auditEvents\"], or [\"*\"] for every one";
        reader.refuse(path, wanted.to_owned());
        return Err(Told);
    }
    let mut found: Vec<ReadableReport> = Vec::new();
    for word in &words {
        let named: Vec<&'static ReportDef> = reports::ALL
            .iter()
            .copied()
            .filter(|report| word == ALL_REPORTS || report.name.eq_ignore_ascii_case(word))
            .collect();
        if named.is_empty() {
            let known: Vec<&str> = reports::ALL.iter().map(|report| report.name).collect();
            reader.refuse(path, format!("there is no report `{word}`{}", hint(word, &known)));
            return Err(Told);
        }
        for report in named {
            if !found.iter().any(|known| known.report == report) {
                found.push(ReadableReport {
                    report,
                    masked: Vec::new(),
                });
            }
        }
    }
    Ok(found)
}

/// Masks what a word names: a property in each report that has it, or `report.property`.
fn mask(role: &mut DefinedRole, word: &str) -> Result<(), String> {
    let (only, property) = match word.split_once('.') {
        Some((report, property)) => (Some(report), property),
        None => (None, word),
    };
    let meant =
        |readable: &ReadableReport| only.is_none_or(|only| readable.report.name.eq_ignore_ascii_case(only));
    if !role.reports.iter().any(meant) {
        let names: Vec<&str> = role.reports.iter().map(|readable| readable.report.name).collect();
        let only = only.unwrap_or_default();
        return Err(format!(
            "`{only}` is none of the reports of the role{}",
            hint(only, &names)
        ));
    }
    let mut known = Vec::new();
    let mut is_known = false;
    for readable in role.reports.iter_mut().filter(|readable| meant(readable)) {
        let report = readable.report;
        known.extend(report.entity.properties.iter().map(|property| property.name));
        let Some(property) = report.entity.property(property) else {
            continue;
        };
        is_known = true;
        let what = if property.name == report.entity.key {
            "key"
        } else if report.time_property == Some(property.name) {
            "time"
        } else {
            if !readable.masked.contains(&property.name) {
                readable.masked.push(property.name);
            }
            continue;
        };
        let more = match only {
            Some(_) => "",
            None => "; name the others as report.property",
        };
        return Err(format!(
            "`{}` is the {what} of {}, which is never masked{more}",
            property.name, report.name
        ));
    }
    if is_known {
        return Ok(());
    }
    Err(format!(
        "no report of the role has a property `{property}`{}; names are case-sensitive, and stand in docs/reports.md",
        hint(property, &known)
    ))
}

fn hint(written: &str, known: &[&str]) -> String {
    suggest::nearest(written, known)
        .map(|name| format!("; did you mean `{name}`?"))
        .unwrap_or_default()
}
