//! signInsFromIPAddressesWithSuspiciousActivityEvents: sign-ins from addresses where many fail.

use super::parts::{About, found, standing};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::finding::Found;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 24,
    name: "signInsFromIPAddressesWithSuspiciousActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "Users who signed in from an address where unusually many sign-ins fail.",
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `maliciousIPAddress`, `suspiciousIPAddress`, `nationStateIP`; Okta's `security.threat.detected`, Auth0's `limit_mu` and `limit_sul`. [Gatelog's own detection](#gatelogs-own-findings), `suspicious-addresses`.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsFromIPAddressesWithSuspiciousActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When this last happened.")
            .required()
            .filterable(),
        Property::text("ipAddress", "The address that the sign-in came from."),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    of_finding(event).or_else(|| of_verdict(event, key))
}

fn of_finding(event: &Event) -> Option<ProjectedRow> {
    let finding = found(event)?;
    let Found::SuspiciousAddress = finding.found() else {
        return None;
    };
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("ipAddress", finding.address())
        .text("id", Some(&finding.id()))
        .text("displayName", finding.display_name())
        .text("userName", finding.user_name())
        .finish();
    Some(finding.row(json))
}

fn of_verdict(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let verdict = standing(event, key, About::SuspiciousAddress)?;
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("ipAddress", verdict.detection.ip_address.as_deref())
        .text("id", Some(&verdict.event_id()))
        .text("displayName", verdict.display_name())
        .text("userName", verdict.user_name())
        .finish();
    Some(verdict.row(json))
}
