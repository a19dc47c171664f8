//! signInsAfterMultipleFailuresEvents: sign-ins after many failures.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 29,
    name: "signInsAfterMultipleFailuresEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("firstSuccessfulSignIn"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "Users who signed in after many attempts in a row had failed.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsAfterMultipleFailuresEvent",
    key: "id",
    properties: &[
        Property::new(
            "firstSuccessfulSignIn",
            Edm::DateTimeOffset,
            "When the first sign-in succeeded after the failures.",
        )
        .required()
        .filterable(),
        Property::new(
            "failedAttemptsToSignIn",
            Edm::Int32,
            "How many attempts failed before it.",
        ),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
