//! weakCredentials: users whose credentials are easy to guess.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 33,
    name: "weakCredentials",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each user whose credentials are easy to guess.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "WeakCredentialsEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("credentialType", "The kind of credential, such as `Password`."),
        Property::text("reason", "Why the account is listed."),
        Property::new(
            "id",
            Edm::Guid,
            "The unique identifier of the user. A user who is listed twice has two rows with this id.",
        )
        .required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};
