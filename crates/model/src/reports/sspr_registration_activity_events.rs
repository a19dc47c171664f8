//! ssprRegistrationActivityEvents: users who registered for password reset.

use super::parts::{is_password_registration, registration_activity, role, row_id, user_of};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::{Event, Facts};
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 18,
    name: "ssprRegistrationActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each record of a user who registered for password reset, or changed what is registered.",
    filled_by: "Entra directory audits such as `User registered security info` and `User registered for self-service \
                password reset`, without what an administrator registered for a user. Of other makers the factors that \
                users enrolled, changed or removed by themselves.",
};

const EVENT: EntityDef = EntityDef {
    name: "SsprRegistrationActivityEvent",
    key: "id",
    properties: &[
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("role", "The role of the user, where the source names it."),
        Property::text(
            "registrationActivity",
            "What was registered, as a raw key: `reportSSPR_RegistrationData_PrivateMobilePhone`, \
             `…_PrivateAlternateEmail` and `…_LastRegisteredTime` were seen in real answers; `…_OfficePhone` and \
             `…_SecurityQuestions` are inferred. A method that the old service did not have is \
             `…_LastRegisteredTime`; null where nothing was registered (a failure, a deletion).",
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
    if !is_password_registration(audit) {
        return None;
    }
    let (display_name, user_name) = user_of(audit);
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("role", role(audit))
        .text("registrationActivity", registration_activity(audit))
        .text("id", Some(&row_id(event, key)))
        .text("displayName", display_name)
        .text("userName", user_name)
        .finish();
    Some(ProjectedRow::plain(json))
}
