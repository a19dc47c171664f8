//! signInsFromPossiblyInfectedDevicesEvents: sign-ins from addresses that talk to botnets.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 26,
    name: "signInsFromPossiblyInfectedDevicesEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("lastSignInTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "Users who signed in from an address that was seen talking to a botnet.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsFromPossiblyInfectedDevicesEvent",
    key: "id",
    properties: &[
        Property::text("deviceIPAddress", "The address that the sign-in came from."),
        Property::new(
            "lastSignInTime",
            Edm::DateTimeOffset,
            "When the last sign-in happened.",
        )
        .required()
        .filterable(),
        Property::text("deviceLocation", "About where that address is."),
        Property::text("client", "What is known of the device that may be infected."),
        Property::text("suspectedInfection", "What is known of the infection."),
        Property::new(
            "latestPotentiallySuspiciousActivity",
            Edm::DateTimeOffset,
            "When the infection was seen.",
        )
        .required()
        .filterable(),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
