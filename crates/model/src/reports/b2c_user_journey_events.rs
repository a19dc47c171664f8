//! b2cUserJourneyEvents: the ways of customers through B2C policies.

use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 11,
    name: "b2cUserJourneyEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("TransactionStart"),
    filters: &[],
    rows: Rows::Empty,
    evidence: Evidence::Recovered,
    about: "One row for each way of a customer through a B2C policy: sign-up, sign-in, profile edit.",
    filled_by: "Nothing: no log of Azure AD B2C says where a journey began and how it ended. Its audits are single steps, tied \
                together by a correlation id, and of a journey that was left there is no last one.",
};

const EVENT: EntityDef = EntityDef {
    name: "B2CUserJourneyEvent",
    key: "EventId",
    properties: &[
        Property::text("EventId", "The unique identifier of the event.").required(),
        Property::text("ObjectId", "The user's object id."),
        Property::new("TransactionStart", Edm::DateTimeOffset, "When the journey began.").required(),
        Property::new("TransactionEnd", Edm::DateTimeOffset, "When it ended."),
        Property::text("ResourceId", "The resource that the journey led to."),
        Property::text("JourneyOutcome", "How it ended."),
        Property::text("PolicyId", "The B2C policy that drew the journey."),
        Property::text("UserJourneyId", "The kind of journey."),
        Property::text("ApplicationId", "The application it began at."),
    ],
};
