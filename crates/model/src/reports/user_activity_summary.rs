//! userActivitySummary: how much each user signed in on each day.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::usage::{Counted, Grain};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 31,
    name: "userActivitySummary",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &SUMMARY,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Counted {
        grain: Grain::Account,
        render,
    },
    evidence: Evidence::Own,
    about: "One row for each UTC day and person who signed in or tried to.",
    filled_by: "Sign-ins of people, interactive and not: counted when the report is asked for, by the day of the event.",
};

const SUMMARY: EntityDef = EntityDef {
    name: "UserActivitySummary",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the row.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "The UTC day.").required(),
        Property::new(
            "signIns",
            Edm::Int32,
            "How many sign-ins of the user succeeded on that day.",
        ),
        Property::new("failedSignIns", Edm::Int32, "How many attempts failed."),
        Property::new(
            "applications",
            Edm::Int32,
            "How many different applications the user signed in to.",
        ),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

fn render(counted: &Counted<'_>) -> Vec<u8> {
    ObjectWriter::new()
        .text("id", Some(&counted.id.to_string()))
        .time("eventTime", counted.day)
        .integer("signIns", Some(counted.amounts[0]))
        .integer("failedSignIns", Some(counted.amounts[1]))
        .integer("applications", Some(counted.others))
        .text("displayName", counted.title)
        .text("userName", counted.name)
        .finish()
}
