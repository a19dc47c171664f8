//! applicationUsageSummary: how much each application was used on each day.

use super::parts::{APPLICATION_ID_OF_USAGE, TIME_STAMP_IS_EVENT_TIME};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 30,
    name: "applicationUsageSummary",
    face: Face::Reports,
    license: License::Required,
    entity: &SUMMARY,
    time_property: Some("eventTime"),
    filters: &[TIME_STAMP_IS_EVENT_TIME, APPLICATION_ID_OF_USAGE],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each day and application: how much it was used.",
    filled_by: "Counts over sign-ins; not filled by this version.",
};

const SUMMARY: EntityDef = EntityDef {
    name: "ApplicationUsageSummary",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the row.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "The UTC day.")
            .required()
            .filterable(),
        Property::text("applicationName", "The application."),
        Property::text("applicationId", "The application's id."),
        Property::new(
            "uniqueUsers",
            Edm::Int32,
            "How many different users signed in to it on that day.",
        ),
        Property::new("signIns", Edm::Int32, "How many sign-ins there were."),
        Property::new("failedSignIns", Edm::Int32, "How many attempts failed."),
    ],
};
