//! mimSsgmGroupActivityEvents: self-service group management in MIM.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 13,
    name: "mimSsgmGroupActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "One row for each thing that a user did with a group by self-service in Microsoft Identity Manager.",
    filled_by: "MIM request logs; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "MimSsgmGroupActivityEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("group", "The group that was acted on."),
        Property::text("action", "What was done to the group."),
    ],
};
