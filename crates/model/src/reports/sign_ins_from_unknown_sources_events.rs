//! signInsFromUnknownSourcesEvents: sign-ins from anonymous addresses.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 23,
    name: "signInsFromUnknownSourcesEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("timeOfLastSuccessfulSignIn"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "Users who signed in from an address that hides where they are, such as a Tor exit.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsFromUnknownSourcesEvent",
    key: "id",
    properties: &[
        Property::new("numberOfSignins", Edm::Int32, "How many sign-ins there were."),
        Property::text("ipAddress", "The address that they came from."),
        Property::new(
            "timeOfLastSuccessfulSignIn",
            Edm::DateTimeOffset,
            "When the last of them happened.",
        )
        .required()
        .filterable(),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
