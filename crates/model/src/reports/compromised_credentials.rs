//! compromisedCredentials: users whose credentials have become known.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 20,
    name: "compromisedCredentials",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "One row for each user whose credentials have become known to others.",
    filled_by: "Derived by detection; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "CompromisedCredentialsEvent",
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
