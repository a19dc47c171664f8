//! ssgmGroupActivityEvents: what users did with groups by self-service.

use super::parts::{own_group_activity, row_id};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::{Event, Facts};
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 14,
    name: "ssgmGroupActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each thing that a user did with a group by self-service: joining, leaving, asking, approving.",
    filled_by: "Entra directory audits of the service `Self-service Group Management`, without the calls of its portal \
                that only read or that touch no group. Of other makers users who joined or left a group by themselves.",
};

const EVENT: EntityDef = EntityDef {
    name: "SsgmGroupActivityEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("group", "The group that was acted on: its name, else its id."),
        Property::text("action", "What was done to the group, in the source's words."),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let Facts::Audit(audit) = &event.facts else {
        return None;
    };
    let (group, action) = own_group_activity(event, audit)?;
    let json = ObjectWriter::new()
        .text("id", Some(&row_id(event, key)))
        .time("eventTime", event.time)
        .text("group", group.as_deref())
        .text("action", Some(action))
        .finish();
    Some(ProjectedRow::plain(json))
}
