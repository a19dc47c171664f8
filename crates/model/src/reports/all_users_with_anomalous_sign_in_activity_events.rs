//! allUsersWithAnomalousSignInActivityEvents: every user whom an anomaly report names.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 28,
    name: "allUsersWithAnomalousSignInActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "Every user whom one of the six anomaly reports names: unknown sources, multiple failures, multiple geographies, suspicious addresses, infected devices, irregular activity. Also answers to `allUsersWithAnomalousSignInEvents`.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "AllUsersWithAnomalousSignInActivityEvent",
    key: "id",
    properties: &[
        Property::new(
            "eventTime",
            Edm::DateTimeOffset,
            "When the irregular activity happened.",
        )
        .required()
        .filterable(),
        Property::text("detail", "Details of the activity."),
        Property::text("reason", "The activity for which the user is listed."),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
