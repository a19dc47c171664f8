//! b2cUserJourneySummaryEvents: user journeys by day, policy and application.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 10,
    name: "b2cUserJourneySummaryEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("Date"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each day, policy and application: how many user journeys began and how they ended.",
    filled_by: "Nothing, as b2cUserJourneyEvents, which it would sum up.",
};

const EVENT: EntityDef = EntityDef {
    name: "B2CUserJourneySummaryEvent",
    key: "EventId",
    properties: &[
        Property::text("EventId", "The unique identifier of the row.").required(),
        Property::new("Date", Edm::DateTimeOffset, "The UTC day.").required(),
        Property::text("PolicyId", "The B2C policy."),
        Property::text("ApplicationId", "The application."),
        Property::new("JourneyCount", Edm::Int32, "How many journeys began on that day."),
        Property::new("SuccessCount", Edm::Int32, "How many of them ended well."),
        Property::new("FailureCount", Edm::Int32, "How many of them did not."),
    ],
};
