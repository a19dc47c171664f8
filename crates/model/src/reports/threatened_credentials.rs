//! threatenedCredentials: users whose credentials are in danger.

use super::parts::{About, CREDENTIAL_PROPERTIES, credentials_row};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::EntityDef;
use crate::event::Event;
use crate::identity::EventKey;

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
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `passwordSpray`, `userReportedSuspiciousActivity` and others about credentials that somebody is after. `reason` says what the vendor says. Okta, Google Workspace and Auth0: see [verdicts of the vendor](#verdicts-of-the-vendor).",
};

const EVENT: EntityDef = EntityDef {
    name: "ThreatenedCredentialsEvent",
    key: "id",
    properties: CREDENTIAL_PROPERTIES,
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    credentials_row(event, key, About::ThreatenedCredentials)
}
