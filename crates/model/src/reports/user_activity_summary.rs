//! userActivitySummary: how much each user signed in on each day.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 31,
    name: "userActivitySummary",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &SUMMARY,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each day and user: how much they signed in.",
    filled_by: "Counts over sign-ins; not filled by this version.",
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
            "How many times the user signed in on that day.",
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
