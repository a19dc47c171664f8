//! groupActivitySummary: how much each group changed on each day.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::usage::{Counted, Grain};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 32,
    name: "groupActivitySummary",
    face: Face::Reports,
    license: License::Required,
    entity: &SUMMARY,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Counted {
        grain: Grain::Group,
        render,
    },
    evidence: Evidence::Own,
    about: "One row for each UTC day and group that was changed.",
    filled_by: "Directory audits that succeeded and name a group: counted when the report is asked for, by the day of the event.",
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

fn render(counted: &Counted<'_>) -> Vec<u8> {
    ObjectWriter::new()
        .text("id", Some(&counted.id.to_string()))
        .time("eventTime", counted.day)
        .text("group", counted.called())
        .integer("membersAdded", Some(counted.amounts[0]))
        .integer("membersRemoved", Some(counted.amounts[1]))
        .integer("otherChanges", Some(counted.amounts[2]))
        .finish()
}
