//! b2cMfaRequestCount: how many second factors were asked for in a window of time.

use super::parts::{APPLICATION_ID, BREAKDOWN, TIME_STAMP, count_of_window, second_factor_adds};
use super::{CountDef, CountedWindow, Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::usage::Tally;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 2,
    name: "b2cMfaRequestCount",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &COUNT,
    time_property: None,
    filters: &[TIME_STAMP, APPLICATION_ID],
    rows: Rows::One(&COUNTED),
    evidence: Evidence::Recovered,
    about: "One item: how many second factors Azure AD B2C asked customers for in the time asked about.",
    filled_by: "The successes of b2cMfaRequestEvent, counted when the report is asked for: exactly those of the time asked about, to the \
                instant. Always exactly one item.",
};

const COUNT: EntityDef = EntityDef {
    name: "B2CMfaRequestCount",
    key: "StartTimeStamp",
    properties: &[
        Property::new(
            "StartTimeStamp",
            Edm::DateTimeOffset,
            "The first instant of the time asked about.",
        )
        .required(),
        Property::new(
            "EndTimeStamp",
            Edm::DateTimeOffset,
            "The last instant of the time asked about.",
        )
        .required(),
        Property::new("MfaCount", Edm::Int32, "How many second factors were asked for."),
        Property::new(
            "MfaTypeBreakDown",
            Edm::Complex(&BREAKDOWN),
            "The same count by kind of factor, such as `SMS` and `voice`.",
        ),
    ],
};

const COUNTED: CountDef = CountDef {
    tally: Tally::CustomerSecondFactors,
    rows: &super::b2c_mfa_request_event::DEF,
    adds: second_factor_adds,
    render,
};

fn render(counted: &CountedWindow<'_>) -> Vec<u8> {
    count_of_window(counted, "MfaCount", "MfaTypeBreakDown")
}
