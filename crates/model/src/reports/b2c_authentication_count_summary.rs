//! b2cAuthenticationCountSummary: how many customers were authenticated on each day.

use super::parts::{APPLICATION_ID, BREAKDOWN, TIME_STAMP_IS_DATE, breakdown_of};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::usage::{Counted, Grain, Tally};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 1,
    name: "b2cAuthenticationCountSummary",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &SUMMARY,
    time_property: Some("Date"),
    filters: &[TIME_STAMP_IS_DATE, APPLICATION_ID],
    rows: Rows::Counted {
        grain: Grain::Ways(Tally::CustomerAuthentications),
        render,
    },
    evidence: Evidence::Recovered,
    about: "One item a day: how many times customers were authenticated by Azure AD B2C, and by which kind of flow.",
    filled_by: "The successes of b2cAuthenticationEvent, counted when the report is asked for, by the UTC day of the event; a day without \
                any has no item.",
};

const SUMMARY: EntityDef = EntityDef {
    name: "B2CAuthenticationCountSummary",
    key: "Date",
    properties: &[
        Property::new("Date", Edm::DateTimeOffset, "The UTC day.")
            .required()
            .filterable(),
        Property::new(
            "AuthenticationCount",
            Edm::Int32,
            "How many times somebody was authenticated on that day.",
        ),
        Property::new(
            "AuthFlowTypeBreakDown",
            Edm::Complex(&BREAKDOWN),
            "The same count by kind of sign-in flow, such as `implicit`, `hybrid`, `confclient-authcode`, `publicclient-refreshtoken`.",
        ),
    ],
};

fn render(counted: &Counted<'_>) -> Vec<u8> {
    ObjectWriter::new()
        .time("Date", counted.day)
        .integer("AuthenticationCount", Some(counted.ways.values().sum()))
        .raw("AuthFlowTypeBreakDown", &breakdown_of(counted.ways))
        .finish()
}
