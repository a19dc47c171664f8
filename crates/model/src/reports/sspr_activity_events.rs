//! ssprActivityEvents: attempts of users to reset, change or unlock by themselves.

use super::parts::{is_own_password_activity, methods_used, password_result, role, row_id, user_of};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::{Event, Facts};
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 16,
    name: "ssprActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each record of a user who reset or changed their password, or unlocked their account, by \
            self-service. Today's sources also log the steps of a reset: a step that went well has no `result`, \
            because the attempt goes on.",
    filled_by: "Entra directory audits of the service `Self-service Password Management` (and the same activities of \
                other services), without registration and without what an administrator did. Of other makers what users \
                did to their own password or account: resets, changes, unlocks.",
};

const EVENT: EntityDef = EntityDef {
    name: "SsprActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("role", "The role of the user, where the source names it."),
        Property::text(
            "methodsUsed",
            "The methods with which the user proved who they are, as the source names them, joined with ` + `.",
        ),
        Property::text(
            "result",
            "What became of the attempt, as a raw key: `reportSSPR_ResultType_Succeeded`, `…_Failed` and `…_Block` \
             were seen in real answers; `…_Abandoned`, `…_Cancelled` and `…_ContactedAdmin` are inferred.",
        ),
        Property::text(
            "details",
            "More about the attempt, in the source's words; else the activity's name.",
        ),
        Property::text("id", "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let Facts::Audit(audit) = &event.facts else {
        return None;
    };
    if !is_own_password_activity(event, audit) {
        return None;
    }
    let (display_name, user_name) = user_of(audit);
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("role", role(audit))
        .text("methodsUsed", methods_used(audit).as_deref())
        .text("result", password_result(audit))
        .text(
            "details",
            audit.result_reason.as_deref().or(audit.activity.as_deref()),
        )
        .text("id", Some(&row_id(event, key)))
        .text("displayName", display_name)
        .text("userName", user_name)
        .finish();
    Some(ProjectedRow::plain(json))
}
