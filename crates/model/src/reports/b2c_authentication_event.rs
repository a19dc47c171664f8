//! b2cAuthenticationEvent: each authentication of a customer.

use super::parts::APPLICATION_ID_OF_ROW;
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 4,
    name: "b2cAuthenticationEvent",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("TimeStamp"),
    filters: &[APPLICATION_ID_OF_ROW],
    rows: Rows::Empty,
    evidence: Evidence::Own,
    about: "One row for each authentication of a customer by Azure AD B2C.",
    filled_by: "Azure AD B2C logs; not filled by this version.",
};

const EVENT: EntityDef = EntityDef {
    name: "B2CAuthenticationEvent",
    key: "EventId",
    properties: &[
        Property::text("EventId", "The unique identifier of the event.").required(),
        Property::new(
            "TimeStamp",
            Edm::DateTimeOffset,
            "When the customer was authenticated.",
        )
        .required()
        .filterable(),
        Property::text("ObjectId", "The user's object id."),
        Property::text("ApplicationId", "The application that was signed in to."),
        Property::text("PolicyId", "The B2C policy that was used."),
        Property::text(
            "AuthFlowType",
            "The kind of sign-in flow, such as `implicit` or `confclient-authcode`.",
        ),
        Property::text("Result", "What became of it."),
    ],
};
