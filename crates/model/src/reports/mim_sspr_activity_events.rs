//! mimSsprActivityEvents: self-service password reset in MIM.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 15,
    name: "mimSsprActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "One row for each attempt of a user to reset their password in Microsoft Identity Manager.",
    filled_by: "MIM request logs; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "MimSsprActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("role", "The role of the user."),
        Property::text(
            "methodsUsed",
            "The methods with which the user proved who they are.",
        ),
        Property::text(
            "result",
            "What became of the attempt, as a raw key such as `reportSSPR_ResultType_Succeeded`.",
        ),
        Property::text("details", "More about the attempt, in the source's words."),
        Property::text("id", "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
