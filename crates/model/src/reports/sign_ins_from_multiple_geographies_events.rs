//! signInsFromMultipleGeographiesEvents: sign-ins too far apart for the time between.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 25,
    name: "signInsFromMultipleGeographiesEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("timeOfSecondSignIn"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Documented,
    about: "Users who signed in from two places with too little time between to travel.",
    filled_by: "Derived by detection; not filled by this version. The vendor's verdicts of impossible travel are about one sign-in and name no second place: irregularSignInActivityEvents shows them.",
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
