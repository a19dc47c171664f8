//! signInsFromMultipleGeographiesEvents: sign-ins too far apart for the time between.

use super::parts::found;
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::finding::Found;
use crate::identity::EventKey;
use crate::json::ObjectWriter;
use crate::time::format_span;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 25,
    name: "signInsFromMultipleGeographiesEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("timeOfSecondSignIn"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "Users who signed in from two places with too little time between to travel.",
    filled_by: "[Gatelog's own detection](#gatelogs-own-findings), `multiple-geographies`. The vendor's verdicts of impossible travel are about one sign-in and name no second place: irregularSignInActivityEvents shows them.",
};

const EVENT: EntityDef = EntityDef {
    name: "SignInsFromMultipleGeographiesEvent",
    key: "id",
    properties: &[
        Property::text("firstSigninFrom", "About where the first sign-in came from."),
        Property::text("secondSigninFrom", "About where the second sign-in came from."),
        Property::new(
            "timeOfSecondSignIn",
            Edm::DateTimeOffset,
            "When the second sign-in happened.",
        )
        .required()
        .filterable(),
        Property::text("timeBetweenSignIns", "The time between both, as `[d.]hh:mm:ss`."),
        Property::new(
            "estimatedTravelHours",
            Edm::Int32,
            "About how many hours the way between both places takes.",
        ),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

fn project(event: &Event, _: &EventKey) -> Option<ProjectedRow> {
    let finding = found(event)?;
    let Found::MultipleGeographies {
        first_from,
        second_from,
        between_ticks,
        travel_hours,
    } = finding.found()
    else {
        return None;
    };
    let json = ObjectWriter::new()
        .text("firstSigninFrom", first_from.as_deref())
        .text("secondSigninFrom", second_from.as_deref())
        .time("timeOfSecondSignIn", event.time)
        .text("timeBetweenSignIns", Some(&format_span(*between_ticks)))
        .integer("estimatedTravelHours", Some(i64::from(*travel_hours)))
        .text("id", Some(&finding.id()))
        .text("displayName", finding.display_name())
        .text("userName", finding.user_name())
        .finish();
    Some(finding.row(json))
}
