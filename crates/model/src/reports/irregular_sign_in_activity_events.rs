//! irregularSignInActivityEvents: sign-ins that do not fit the user.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 27,
    name: "irregularSignInActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "Sign-ins that do not fit what the user did before.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "IrregularSignInActivityEvent",
    key: "id",
    properties: &[
        Property::new(
            "eventTime",
            Edm::DateTimeOffset,
            "When the irregular activity happened.",
        )
        .required()
        .filterable(),
        Property::text("ipAddress", "The address that the sign-in came from."),
        Property::text(
            "eventClassification",
            "Whether it is `Irregular` or `Suspicious`.",
        ),
        Property::text("device", "What is known of the device."),
        Property::text("reason", "Why the sign-in was marked."),
        Property::text("location", "About where the sign-in came from."),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
