//! applicationUsageSummaryEvents: how much each application was used.

use super::parts::{APPLICATION_ID_OF_USAGE, TIME_STAMP_IS_EVENT_TIME};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::usage::{Counted, Grain};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 9,
    name: "applicationUsageSummaryEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[TIME_STAMP_IS_EVENT_TIME, APPLICATION_ID_OF_USAGE],
    rows: Rows::Counted {
        grain: Grain::Application,
        render,
    },
    evidence: Evidence::Documented,
    about: "One row for each UTC day and application that people signed in to or tried to.",
    filled_by: "Sign-ins of people, interactive and not: counted when the report is asked for, by the day of the event. Sign-ins of \
                applications and workloads are not counted.",
};

const EVENT: EntityDef = EntityDef {
    name: "ApplicationUsageSummaryEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "The UTC day.")
            .required()
            .filterable(),
        Property::text(
            "applicationName",
            "The name of the application that was signed in to.",
        ),
        Property::new(
            "uniqueUsers",
            Edm::Int32,
            "How many different people signed in to it on that day, told apart by their object id, else by their sign-in name.",
        ),
        Property::new("signIns", Edm::Int32, "How many sign-ins succeeded."),
    ],
};

fn render(counted: &Counted<'_>) -> Vec<u8> {
    ObjectWriter::new()
        .text("id", Some(&counted.id.to_string()))
        .time("eventTime", counted.day)
        .text("applicationName", counted.called())
        .integer("uniqueUsers", Some(counted.others))
        .integer("signIns", Some(counted.amounts[0]))
        .finish()
}
