//! tenantUserCount: how many users the directory has.

use super::parts::BREAKDOWN;
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::usage::{Counted, Grain};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 7,
    name: "tenantUserCount",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &COUNT,
    time_property: Some("TimeStamp"),
    filters: &[],
    rows: Rows::Counted {
        grain: Grain::Accounts,
        render,
    },
    evidence: Evidence::Recovered,
    about: "One item for each UTC day: how many accounts of people had been **seen** by its end and not been deleted. It is not the \
            directory's own count: an account that no event ever named is not known here.",
    filled_by: "Accounts that a sign-in that succeeded or a directory audit that succeeded names, from the first event that is kept \
                on; `Delete user` ends one, `Add user` and `Restore user` begin it again. Counted when the report is asked \
                for.",
};

const COUNT: EntityDef = EntityDef {
    name: "TenantUserCount",
    key: "TimeStamp",
    properties: &[
        Property::new("TimeStamp", Edm::DateTimeOffset, "The UTC day.")
            .required()
            .filterable(),
        Property::new(
            "TotalUserCount",
            Edm::Int32,
            "Accounts that were seen and not deleted.",
        ),
        Property::new(
            "LocalUserCount",
            Edm::Int32,
            "Those with a sign-in name of the directory.",
        ),
        Property::new(
            "OtherUserCount",
            Edm::Int32,
            "Those whose sign-in name no event told.",
        ),
        Property::new(
            "AlternateIdUserCount",
            Edm::Int32,
            "Guests: those with `#EXT#` in the sign-in name.",
        ),
        Property::new(
            "AlternateIdUserBreakDown",
            Edm::Complex(&BREAKDOWN),
            "`AlternateIdUserCount` by identity provider. Events do not tell which, so all are under `unknown`.",
        ),
    ],
};

fn render(counted: &Counted<'_>) -> Vec<u8> {
    let [local, guests, nameless] = counted.amounts;
    let breakdown = if guests == 0 {
        "{}".to_owned()
    } else {
        format!(r#"{{"unknown":{guests}}}"#)
    };
    ObjectWriter::new()
        .time("TimeStamp", counted.day)
        .integer("TotalUserCount", Some(local + guests + nameless))
        .integer("LocalUserCount", Some(local))
        .integer("OtherUserCount", Some(nameless))
        .integer("AlternateIdUserCount", Some(guests))
        .raw("AlternateIdUserBreakDown", breakdown.as_bytes())
        .finish()
}
