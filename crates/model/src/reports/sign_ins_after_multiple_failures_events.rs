//! signInsAfterMultipleFailuresEvents: sign-ins after many failures.

use super::parts::{found, int32};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::finding::Found;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 29,
    name: "signInsAfterMultipleFailuresEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("firstSuccessfulSignIn"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "Users who signed in after many attempts in a row had failed.",
    filled_by: "[Gatelog's own detection](#gatelogs-own-findings), `after-multiple-failures`. No vendor's verdict counts failures.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsAfterMultipleFailuresEvent",
    key: "id",
    properties: &[
        Property::new(
            "firstSuccessfulSignIn",
            Edm::DateTimeOffset,
            "When the first sign-in succeeded after the failures.",
        )
        .required()
        .filterable(),
        Property::new(
            "failedAttemptsToSignIn",
            Edm::Int32,
            "How many attempts failed before it.",
        ),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

fn project(event: &Event, _: &EventKey) -> Option<ProjectedRow> {
    let finding = found(event)?;
    let Found::AfterMultipleFailures { failed_attempts } = finding.found() else {
        return None;
    };
    let json = ObjectWriter::new()
        .time("firstSuccessfulSignIn", event.time)
        .integer("failedAttemptsToSignIn", Some(int32(*failed_attempts)))
        .text("id", Some(&finding.id()))
        .text("displayName", finding.display_name())
        .text("userName", finding.user_name())
        .finish();
    Some(finding.row(json))
}
