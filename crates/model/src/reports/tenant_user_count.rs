//! tenantUserCount: how many users the directory has.

use super::parts::BREAKDOWN;
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 7,
    name: "tenantUserCount",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &COUNT,
    time_property: Some("TimeStamp"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Recovered,
    about: "One item a day: how many users the directory has, and how they sign in.",
    filled_by: "User counts of the directory; not filled by this version.",
};

const COUNT: EntityDef = EntityDef {
    name: "TenantUserCount",
    key: "TimeStamp",
    properties: &[
        Property::new("TimeStamp", Edm::DateTimeOffset, "The UTC day.")
            .required()
            .filterable(),
        Property::new("TotalUserCount", Edm::Int32, "All users of the directory."),
        Property::new("LocalUserCount", Edm::Int32, "Users with a local account."),
        Property::new(
            "OtherUserCount",
            Edm::Int32,
            "Users who are neither local nor from another identity provider.",
        ),
        Property::new(
            "AlternateIdUserCount",
            Edm::Int32,
            "Users who sign in with an account of another identity provider.",
        ),
        Property::new(
            "AlternateIdUserBreakDown",
            Edm::Complex(&BREAKDOWN),
            "`AlternateIdUserCount` by identity provider.",
        ),
    ],
};
