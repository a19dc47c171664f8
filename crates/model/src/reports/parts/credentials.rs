//! The rows of the three reports about credentials: one shape, filled by verdicts about different things.

use super::verdicts::{About, standing};
use crate::entity::{Edm, Property};
use crate::event::Event;
use crate::identity::EventKey;
use crate::json::ObjectWriter;
use crate::reports::ProjectedRow;

/// What such a row says (wire contract 2.2).
pub(in crate::reports) const CREDENTIAL_PROPERTIES: &[Property] = &[
    Property::new("eventTime", Edm::DateTimeOffset, "When the event happened.")
        .required()
        .filterable(),
    Property::text("credentialType", "The kind of credential, such as `Password`."),
    Property::text("reason", "Why the account is listed."),
    Property::new(
        "id",
        Edm::Guid,
        "The unique identifier of the user. A user who is listed twice has two rows with this id.",
    )
    .required(),
    Property::text("displayName", "The user's name for people."),
    Property::text("userName", "The user's sign-in name."),
];

/// The row of a verdict that speaks of credentials in this way and was not taken back.
pub(in crate::reports) fn credentials_row(
    event: &Event,
    key: &EventKey,
    about: About,
) -> Option<ProjectedRow> {
    let verdict = standing(event, key, about)?;
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("credentialType", verdict.credential_type())
        .text("reason", Some(&verdict.reason()))
        .text("id", Some(&verdict.suspect_id()))
        .text("displayName", verdict.display_name())
        .text("userName", verdict.user_name())
        .finish();
    Some(verdict.row(json))
}
