//! threatenedCredentials: users whose credentials are in danger.

use super::parts::{About, standing};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 19,
    name: "threatenedCredentials",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Own,
    about: "One row for each user whose credentials are in danger, such as after a password spray that reached them.",
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `passwordSpray`, `userReportedSuspiciousActivity` and others about credentials that somebody is after. `reason` says what the vendor says.",
};

const EVENT: EntityDef = EntityDef {
    name: "ThreatenedCredentialsEvent",
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

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let verdict = standing(event, key, About::ThreatenedCredentials)?;
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("credentialType", verdict.credential_type())
        .text("reason", Some(&verdict.reason()))
        .text("id", Some(&verdict.suspect_id()))
        .text("displayName", verdict.display_name())
        .text("userName", verdict.user_name())
        .finish();
    Some(verdict.row(json))
}
