//! mimSsgmGroupActivityEvents: self-service group management in MIM.

use super::parts::{MimSelfService, mim_group, mim_request, row_id};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 13,
    name: "mimSsgmGroupActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "One row for each thing that a user did with a group by self-service in Microsoft Identity Manager.",
    filled_by: "Requests of MIM's Identity Manager Request Log about groups: those that make or delete one, and those in \
                which somebody adds or removes themselves. Read from documentation: no such request was seen.",
};

const EVENT: EntityDef = EntityDef {
    name: "MimSsgmGroupActivityEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
            .required()
            .filterable(),
        Property::text("group", "The group that was acted on: its name, else its id."),
        Property::text(
            "action",
            "What was done to the group: `Add member to group`, `Remove member from group`, `Add group`, `Delete group`.",
        ),
    ],
};

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let request = mim_request(event, MimSelfService::Group)?;
    let json = ObjectWriter::new()
        .text("id", Some(&row_id(event, key)))
        .time("eventTime", event.time)
        .text("group", mim_group(request))
        .text("action", request.activity.as_deref())
        .finish();
    Some(ProjectedRow::plain(json))
}
