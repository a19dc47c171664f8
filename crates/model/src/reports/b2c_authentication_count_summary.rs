//! b2cAuthenticationCountSummary: how many customers were authenticated on each day.

use super::parts::{APPLICATION_ID, BREAKDOWN, TIME_STAMP_IS_DATE};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 1,
    name: "b2cAuthenticationCountSummary",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &SUMMARY,
    time_property: Some("Date"),
    filters: &[TIME_STAMP_IS_DATE, APPLICATION_ID],
    rows: Rows::Empty,
    evidence: Evidence::Recovered,
    about: "One item a day: how many times customers were authenticated by Azure AD B2C, and by which kind of flow.",
    filled_by: "Azure AD B2C logs; not filled by this version.",
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
