//! applicationUsageSummaryEvents: how much each application was used.

use super::parts::{APPLICATION_ID, TIME_STAMP_IS_EVENT_TIME};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 9,
    name: "applicationUsageSummaryEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[TIME_STAMP_IS_EVENT_TIME, APPLICATION_ID],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "How much each application was used.",
    filled_by: "Counts over sign-ins; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "ApplicationUsageSummaryEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text(
            "applicationName",
            "The name of the application that was signed in to.",
        ),
        Property::new(
            "uniqueUsers",
            Edm::Int32,
            "How many different users signed in to it.",
        ),
        Property::new("signIns", Edm::Int32, "How many sign-ins there were."),
    ],
};
