//! accountProvisioningEvents: accounts that were provisioned in applications.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 22,
    name: "accountProvisioningEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "One row for each account that was created, changed or removed in an application.",
    filled_by: "Provisioning logs; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "AccountProvisioningEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("application", "The application that caused the event."),
        Property::text("instanceName", "The instance of that application."),
        Property::text("operation", "What was done."),
        Property::text("sourceType", "The type of the source of the activity."),
        Property::text("targetType", "The type of its target."),
        Property::text("joiningProperty", "The property by which both were matched."),
        Property::text("addedProperties", "The names of the properties that were added."),
        Property::text(
            "removedProperties",
            "The names of the properties that were removed.",
        ),
        Property::text("result", "What became of it."),
    ],
};
