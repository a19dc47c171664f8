//! irregularSignInActivityEvents: sign-ins that do not fit the user.

use super::parts::{About, found, place_name, standing};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::finding::Found;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 27,
    name: "irregularSignInActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "Sign-ins that do not fit what the user did before.",
    filled_by: "Risk detections of Entra ID Protection that the vendor did not take back: `unlikelyTravel`, `unfamiliarFeatures`, `newCountry` and others, see [verdicts of the vendor](#verdicts-of-the-vendor). `reason` says what the vendor says. So do suspicious sign-ins of Google Workspace. [Gatelog's own detection](#gatelogs-own-findings), `irregular`; there `reason` names Gatelog.",
};

const EVENT: EntityDef = EntityDef {
    name: "IrregularSignInActivityEvent",
    key: "id",
    properties: &[
        Property::new(
            "eventTime",
            Edm::DateTimeOffset,
            "When the irregular activity happened.",
        )
        .required()
        .filterable(),
        Property::text("ipAddress", "The address that the sign-in came from."),
        Property::text(
            "eventClassification",
            "`Suspicious` where the vendor's level is high or our own score is, else `Irregular`.",
        ),
        Property::text("device", "What is known of the device: the client's User-Agent."),
        Property::text("reason", "Why the sign-in was marked."),
        Property::text("location", "About where the sign-in came from."),
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
    let Found::Irregular {
        class,
        device,
        location,
    } = finding.found()
    else {
        return None;
    };
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("ipAddress", finding.address())
        .text("eventClassification", Some(class.as_str()))
        .text("device", device.as_deref())
        .text("reason", Some(&finding.reason()))
        .text("location", location.as_deref())
        .text("id", Some(&finding.id()))
        .text("displayName", finding.display_name())
        .text("userName", finding.user_name())
        .finish();
    Some(finding.row(json))
}

fn of_verdict(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let verdict = standing(event, key, About::IrregularSignIn)?;
    let detection = verdict.detection;
    let level = detection.verdict.level.as_deref().unwrap_or_default();
    let classification = if level.eq_ignore_ascii_case("high") {
        "Suspicious"
    } else {
        "Irregular"
    };
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("ipAddress", detection.ip_address.as_deref())
        .text("eventClassification", Some(classification))
        .text("device", detection.user_agent.as_deref())
        .text("reason", Some(&verdict.reason()))
        .text("location", place_name(&detection.location).as_deref())
        .text("id", Some(&verdict.event_id()))
        .text("displayName", verdict.display_name())
        .text("userName", verdict.user_name())
        .finish();
    Some(verdict.row(json))
}
