//! b2cMfaRequestEvent: the second factors that customers were asked for.

use super::parts::{APPLICATION_ID_OF_ROW, second_factor_row};
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 3,
    name: "b2cMfaRequestEvent",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("TimeStamp"),
    filters: &[APPLICATION_ID_OF_ROW],
    rows: Rows::Stored(second_factor_row),
    evidence: Evidence::Own,
    about: "One row for each second factor that Azure AD B2C asked a customer for.",
    filled_by: "Azure AD B2C audits `Send SMS to verify phone number` and `Make phone call to verify phone number`. What the customer \
                answered is another record (`Verify phone number`), which is in auditEvents.",
};

const EVENT: EntityDef = EntityDef {
    name: "B2CMfaRequestEvent",
    key: "EventId",
    properties: &[
        Property::text("EventId", "The unique identifier of the event.").required(),
        Property::new(
            "TimeStamp",
            Edm::DateTimeOffset,
            "When the second factor was asked for.",
        )
        .required()
        .filterable(),
        Property::text("ObjectId", "The user's object id."),
        Property::text(
            "ApplicationId",
            "The application that was signed in to, by its client id.",
        ),
        Property::text("PolicyId", "The B2C policy that asked."),
        Property::text("MfaType", "How the factor was sent: `SMS` or `voice`."),
        Property::text("Result", "`Success` or `Failure`: whether it could be sent."),
    ],
};
