//! signInsFromIPAddressesWithSuspiciousActivityEvents: sign-ins from addresses where many fail.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 24,
    name: "signInsFromIPAddressesWithSuspiciousActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "Users who signed in from an address where unusually many sign-ins fail.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsFromIPAddressesWithSuspiciousActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When this last happened.")
            .required()
            .filterable(),
        Property::text("ipAddress", "The address that the sign-in came from."),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
