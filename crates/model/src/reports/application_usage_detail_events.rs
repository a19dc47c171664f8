//! applicationUsageDetailEvents: each sign-in to an application.

use super::parts::{APPLICATION_ID_OF_USAGE, TIME_STAMP_IS_EVENT_TIME};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 8,
    name: "applicationUsageDetailEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[TIME_STAMP_IS_EVENT_TIME, APPLICATION_ID_OF_USAGE],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each sign-in to an application.",
    filled_by: "Sign-ins; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "ApplicationUsageDetailEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the sign-in happened.")
            .required()
            .filterable(),
        Property::text("applicationName", "The application that was signed in to."),
        Property::text("applicationId", "The application's id."),
        Property::text("ipAddress", "The address that the sign-in came from."),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
