//! b2cAuthenticationCount: how many customers were authenticated in a window of time.

use super::parts::{APPLICATION_ID, BREAKDOWN, TIME_STAMP, authentication_adds, count_of_window};
use super::{CountDef, CountedWindow, Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::usage::Tally;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 5,
    name: "b2cAuthenticationCount",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &COUNT,
    time_property: None,
    filters: &[TIME_STAMP, APPLICATION_ID],
    rows: Rows::One(&COUNTED),
    evidence: Evidence::Recovered,
    about: "One item: how many times customers were authenticated by Azure AD B2C in the time asked about.",
    filled_by: "The successes of b2cAuthenticationEvent, counted when the report is asked for: exactly those of the time asked about, to the \
                instant. Always exactly one item.",
};

const COUNT: EntityDef = EntityDef {
    name: "B2CAuthenticationCount",
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
        Property::new(
            "AuthenticationCount",
            Edm::Int32,
            "How many times somebody was authenticated.",
        ),
        Property::new(
            "AuthFlowTypeBreakDown",
            Edm::Complex(&BREAKDOWN),
            "The same count by kind of sign-in flow, such as `implicit`, `hybrid`, `confclient-authcode`, `publicclient-refreshtoken`.",
        ),
    ],
};

const COUNTED: CountDef = CountDef {
    tally: Tally::CustomerAuthentications,
    rows: &super::b2c_authentication_event::DEF,
    adds: authentication_adds,
    render,
};

fn render(counted: &CountedWindow<'_>) -> Vec<u8> {
    count_of_window(counted, "AuthenticationCount", "AuthFlowTypeBreakDown")
}
