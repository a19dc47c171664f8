//! weakCredentials: users whose credentials are easy to guess.

use super::parts::{About, CREDENTIAL_PROPERTIES, credentials_row};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::EntityDef;
use crate::event::Event;
use crate::identity::EventKey;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 33,
    name: "weakCredentials",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Own,
    about: "One row for each user whose credentials are easy to guess.",
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `passwordSpray`, which is noticed when one of a few common passwords fits.",
};

const EVENT: EntityDef = EntityDef {
    name: "WeakCredentialsEvent",
    key: "id",
    properties: CREDENTIAL_PROPERTIES,
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    credentials_row(event, key, About::WeakCredentials)
}
