//! `[reports]`: what reports show.

use super::key::{KeyDef, Kind};
use super::reader::{Checked, Reader};
use super::suggest;
use model::reports::{self, ReportDef};

/// What reports show.
#[derive(Debug, Clone, PartialEq)]
pub struct Reports {
    /// How far back a report goes when `$filter` compares no date.
    pub window_days: u32,
    /// Reports that show less than what is kept, by the days they go back.
    pub visibility_days: Vec<(&'static ReportDef, u32)>,
}

impl Reports {
    /// How far back a report may be read; `None` is as far as the data go.
    pub fn visibility_of(&self, report: &ReportDef) -> Option<u32> {
        self.visibility_days
            .iter()
            .find(|(other, _)| *other == report)
            .map(|(_, days)| *days)
    }
}

pub(super) const KEYS: &[KeyDef] = &[
    KeyDef {
        path: "reports.window_days",
        kind: Kind::Whole,
        default: Some("30"),
        about: "How far back a report goes when $filter compares no date.",
    },
    KeyDef {
        path: "reports.visibility",
        kind: Kind::DaysByName,
        default: None,
        about: "Reports that may be read less far back than data are kept: a table of report = days.",
    },
];

pub(super) fn read(reader: &mut Reader<'_>) -> Checked<Reports> {
    let window_days = reader.whole("reports.window_days", 1..=36_500);
    let mut visibility_days = Vec::new();
    for (key, name, days) in reader.by_name("reports.visibility") {
        // Without case, because a variable's name has none.
        let Some(report) = reports::ALL
            .iter()
            .copied()
            .find(|report| report.name.eq_ignore_ascii_case(&name))
        else {
            let names: Vec<&str> = reports::ALL.iter().map(|report| report.name).collect();
            let hint = suggest::nearest(&name, &names)
                .map(|name| format!("; did you mean `{name}`?"))
                .unwrap_or_default();
            reader.refuse(&key, format!("there is no report of that name{hint}"));
            continue;
        };
        if let Ok(days) = reader.within(&key, days, &(1..=36_500), " days") {
            visibility_days.push((report, days as u32));
        }
    }
    Ok(Reports {
        window_days: window_days? as u32,
        visibility_days,
    })
}
