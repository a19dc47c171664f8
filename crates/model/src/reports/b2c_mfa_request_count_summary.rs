//! b2cMfaRequestCountSummary: how many second factors were asked for on each day.

use super::parts::{APPLICATION_ID, BREAKDOWN, TIME_STAMP_IS_DATE, breakdown_of};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::usage::{Counted, Grain, Tally};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 6,
    name: "b2cMfaRequestCountSummary",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &SUMMARY,
    time_property: Some("Date"),
    filters: &[TIME_STAMP_IS_DATE, APPLICATION_ID],
    rows: Rows::Counted {
        grain: Grain::Ways(Tally::CustomerSecondFactors),
        render,
    },
    evidence: Evidence::Recovered,
    about: "One item a day: how many second factors Azure AD B2C asked customers for, and of which kind. The names of its properties are inferred from its neighbours.",
    filled_by: "The successes of b2cMfaRequestEvent, counted when the report is asked for, by the UTC day of the event; a day without \
                any has no item.",
};

const SUMMARY: EntityDef = EntityDef {
    name: "B2CMfaRequestCountSummary",
    key: "Date",
    properties: &[
        Property::new("Date", Edm::DateTimeOffset, "The UTC day.")
            .required()
            .filterable(),
        Property::new(
            "MfaCount",
            Edm::Int32,
            "How many second factors were asked for on that day.",
        ),
        Property::new(
            "MfaTypeBreakDown",
            Edm::Complex(&BREAKDOWN),
            "The same count by kind of factor, such as `SMS` and `voice`.",
        ),
    ],
};

fn render(counted: &Counted<'_>) -> Vec<u8> {
    ObjectWriter::new()
        .time("Date", counted.day)
        .integer("MfaCount", Some(counted.ways.values().sum()))
        .raw("MfaTypeBreakDown", &breakdown_of(counted.ways))
        .finish()
}
