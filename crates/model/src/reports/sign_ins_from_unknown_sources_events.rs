//! signInsFromUnknownSourcesEvents: sign-ins from anonymous addresses.

use super::parts::{About, found, int32, standing};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::finding::Found;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 23,
    name: "signInsFromUnknownSourcesEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("timeOfLastSuccessfulSignIn"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "Users who signed in from an address that hides where they are, such as a Tor exit.",
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `anonymizedIPAddress`, `riskyIPAddress`; a row for each, since a verdict is about one sign-in and does not say whether it succeeded. [Gatelog's own detection](#gatelogs-own-findings), `unknown-sources`: a row for each user, address and UTC day.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsFromUnknownSourcesEvent",
    key: "id",
    properties: &[
        Property::new("numberOfSignins", Edm::Int32, "How many sign-ins there were."),
        Property::text("ipAddress", "The address that they came from."),
        Property::new(
            "timeOfLastSuccessfulSignIn",
            Edm::DateTimeOffset,
            "When the last of them happened.",
        )
        .required()
        .filterable(),
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
    let Found::UnknownSource { sign_ins } = finding.found() else {
        return None;
    };
    let json = ObjectWriter::new()
        .integer("numberOfSignins", Some(int32(*sign_ins)))
        .text("ipAddress", finding.address())
        .time("timeOfLastSuccessfulSignIn", event.time)
        .text("id", Some(&finding.id()))
        .text("displayName", finding.display_name())
        .text("userName", finding.user_name())
        .finish();
    Some(finding.row(json))
}

fn of_verdict(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let verdict = standing(event, key, About::UnknownSource)?;
    let json = ObjectWriter::new()
        .integer("numberOfSignins", Some(1))
        .text("ipAddress", verdict.detection.ip_address.as_deref())
        .time("timeOfLastSuccessfulSignIn", event.time)
        .text("id", Some(&verdict.event_id()))
        .text("displayName", verdict.display_name())
        .text("userName", verdict.user_name())
        .finish();
    Some(verdict.row(json))
}
