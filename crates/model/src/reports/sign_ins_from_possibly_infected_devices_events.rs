//! signInsFromPossiblyInfectedDevicesEvents: sign-ins from addresses that talk to botnets.

use super::parts::{About, found, place_name, standing};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::finding::Found;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 26,
    name: "signInsFromPossiblyInfectedDevicesEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("lastSignInTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "Users who signed in from an address that was seen talking to a botnet.",
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `malwareInfectedIPAddress`. [Gatelog's own detection](#gatelogs-own-findings), `infected-devices`.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsFromPossiblyInfectedDevicesEvent",
    key: "id",
    properties: &[
        Property::text("deviceIPAddress", "The address that the sign-in came from."),
        Property::new(
            "lastSignInTime",
            Edm::DateTimeOffset,
            "When the last sign-in happened.",
        )
        .required()
        .filterable(),
        Property::text("deviceLocation", "About where that address is."),
        Property::text(
            "client",
            "What is known of the device that may be infected: the client's User-Agent.",
        ),
        Property::text("suspectedInfection", "What is known of the infection."),
        Property::new(
            "latestPotentiallySuspiciousActivity",
            Edm::DateTimeOffset,
            "When the infection was seen.",
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
    let Found::InfectedDevice {
        location,
        client,
        suspected_infection,
        latest_activity,
    } = finding.found()
    else {
        return None;
    };
    let json = ObjectWriter::new()
        .text("deviceIPAddress", finding.address())
        .time("lastSignInTime", event.time)
        .text("deviceLocation", location.as_deref())
        .text("client", client.as_deref())
        .text("suspectedInfection", Some(suspected_infection))
        .time(
            "latestPotentiallySuspiciousActivity",
            latest_activity.unwrap_or(event.time),
        )
        .text("id", Some(&finding.id()))
        .text("displayName", finding.display_name())
        .text("userName", finding.user_name())
        .finish();
    Some(finding.row(json))
}

fn of_verdict(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let verdict = standing(event, key, About::InfectedDevice)?;
    let detection = verdict.detection;
    let json = ObjectWriter::new()
        .text("deviceIPAddress", detection.ip_address.as_deref())
        .time("lastSignInTime", event.time)
        .text("deviceLocation", place_name(&detection.location).as_deref())
        .text("client", detection.user_agent.as_deref())
        .text("suspectedInfection", detection.malware_name.as_deref())
        .time(
            "latestPotentiallySuspiciousActivity",
            detection.activity_time.unwrap_or(event.time),
        )
        .text("id", Some(&verdict.event_id()))
        .text("displayName", verdict.display_name())
        .text("userName", verdict.user_name())
        .finish();
    Some(verdict.row(json))
}
