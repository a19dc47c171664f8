//! cloudAppDiscoveryEvents: cloud applications that were seen in use.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 12,
    name: "cloudAppDiscoveryEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each day and cloud application that was seen in use.",
    filled_by: "Traffic logs; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "CloudAppDiscoveryEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the row.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "The UTC day.").required(),
        Property::text("applicationName", "The cloud application that was seen in use."),
        Property::text("category", "What sort of application it is."),
        Property::new(
            "uniqueUsers",
            Edm::Int32,
            "How many different users used it on that day.",
        ),
        Property::new("requests", Edm::Int64, "How many requests went to it."),
        Property::new("uploadedBytes", Edm::Int64, "Bytes sent to it."),
        Property::new("downloadedBytes", Edm::Int64, "Bytes received from it."),
    ],
};
