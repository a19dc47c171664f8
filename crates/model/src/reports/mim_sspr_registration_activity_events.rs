//! mimSsprRegistrationActivityEvents: registration for password reset in MIM.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 17,
    name: "mimSsprRegistrationActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "One row for each registration of a user for password reset in Microsoft Identity Manager.",
    filled_by: "MIM request logs; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "MimSsprRegistrationActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("role", "The role of the user."),
        Property::text(
            "registrationActivity",
            "What was registered, as a raw key such as `reportSSPR_RegistrationData_PrivateMobilePhone`.",
        ),
        Property::text("id", "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
