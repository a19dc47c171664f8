//! mimSsprRegistrationActivityEvents: registration for password reset in MIM.

use super::parts::{MimSelfService, mim_request, registration_activity, role, row_id, user_of};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 17,
    name: "mimSsprRegistrationActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each registration of a user for password reset in Microsoft Identity Manager.",
    filled_by: "Requests of MIM's Identity Manager Request Log that register somebody at a gate of a password reset. Read from \
                documentation: no such request was seen.",
};

const EVENT: EntityDef = EntityDef {
    name: "MimSsprRegistrationActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("role", "The role of the user."),
        Property::text(
            "registrationActivity",
            "What was registered, as a raw key such as `reportSSPR_RegistrationData_PrivateMobilePhone`.",
        ),
        Property::text("id", "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let request = mim_request(event, MimSelfService::Registration)?;
    let (display_name, user_name) = user_of(request);
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("role", role(request))
        .text("registrationActivity", registration_activity(request))
        .text("id", Some(&row_id(event, key)))
        .text("displayName", display_name)
        .text("userName", user_name)
        .finish();
    Some(ProjectedRow::plain(json))
}
