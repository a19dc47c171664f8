//! compromisedCredentials: users whose credentials have become known.

use super::parts::{About, CREDENTIAL_PROPERTIES, credentials_row};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::EntityDef;
use crate::event::Event;
use crate::identity::EventKey;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 20,
    name: "compromisedCredentials",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each user whose credentials have become known to others.",
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `leakedCredentials`, and accounts that an administrator confirmed as compromised. Also of applications: `displayName` then names the service principal and `userName` is null. `reason` says what the vendor says. Okta, Google Workspace and Auth0: see [verdicts of the vendor](#verdicts-of-the-vendor). Imported [breach lists](sources/breach-list.md): `reason` says so and names the breach and its date, `eventTime` is midnight UTC of that date, and `credentialType` is `Password` only where the list says that passwords were in it.",
};

const EVENT: EntityDef = EntityDef {
    name: "CompromisedCredentialsEvent",
    key: "id",
    properties: CREDENTIAL_PROPERTIES,
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    credentials_row(event, key, About::KnownCredentials)
}
