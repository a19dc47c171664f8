//! groupActivitySummary: how much each group changed on each day.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 32,
    name: "groupActivitySummary",
    face: Face::Reports,
    license: License::Required,
    entity: &SUMMARY,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each day and group: how much it changed.",
    filled_by: "Counts over directory audits; not filled by this version.",
};

const SUMMARY: EntityDef = EntityDef {
    name: "GroupActivitySummary",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the row.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "The UTC day.").required(),
        Property::text("group", "The group."),
        Property::new(
            "membersAdded",
            Edm::Int32,
            "How many members were added on that day.",
        ),
        Property::new("membersRemoved", Edm::Int32, "How many members were removed."),
        Property::new("otherChanges", Edm::Int32, "How many other changes there were."),
    ],
};
