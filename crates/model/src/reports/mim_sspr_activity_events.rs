//! mimSsprActivityEvents: self-service password reset in MIM.

use super::parts::{MimSelfService, methods_used, mim_password_result, mim_request, role, row_id, user_of};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 15,
    name: "mimSsprActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each attempt of a user to reset their password in Microsoft Identity Manager.",
    filled_by: "Requests of MIM's Identity Manager Request Log that reset a password, asked for by the person or by the \
                portal for resets. Read from documentation: no such request was seen.",
};

const EVENT: EntityDef = EntityDef {
    name: "MimSsprActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("role", "The role of the user."),
        Property::text(
            "methodsUsed",
            "The methods with which the user proved who they are.",
        ),
        Property::text(
            "result",
            "What became of the attempt, as a raw key such as `reportSSPR_ResultType_Succeeded`.",
        ),
        Property::text("details", "More about the attempt, in the source's words."),
        Property::text("id", "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let request = mim_request(event, MimSelfService::PasswordReset)?;
    let (display_name, user_name) = user_of(request);
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("role", role(request))
        .text("methodsUsed", methods_used(request).as_deref())
        .text("result", mim_password_result(request))
        .text(
            "details",
            request.result_reason.as_deref().or(request.activity.as_deref()),
        )
        .text("id", Some(&row_id(event, key)))
        .text("displayName", display_name)
        .text("userName", user_name)
        .finish();
    Some(ProjectedRow::plain(json))
}
