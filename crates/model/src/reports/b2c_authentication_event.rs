//! b2cAuthenticationEvent: each authentication of a customer.

use super::parts::{APPLICATION_ID_OF_ROW, authentication_row};
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
    rows: Rows::Stored(authentication_row),
    evidence: Evidence::Own,
    about: "One row for each authentication of a customer by Azure AD B2C.",
    filled_by: "Azure AD B2C audits (category `B2C`, service `B2C`) that say that a token was issued: `Issue an id_token to the \
                application`, `Issue an access token …`, `Issue an authorization code …`, `Issue a SAML assertion …`, `Exchange token`. Where \
                it failed, and where checking the password or the identity provider failed (`Validate local account \
                credentials`, `Validate user authentication`, `Federate with an identity provider`), the row says `Failure`.",
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
        Property::text(
            "ApplicationId",
            "The application that was signed in to, by its client id.",
        ),
        Property::text("PolicyId", "The B2C policy that was used."),
        Property::text(
            "AuthFlowType",
            "The kind of sign-in flow, as clients of the old report read it: an id_token or an access token is `implicit`, an \
             authorization code `confclient-authcode`, an exchange of tokens `publicclient-refreshtoken`, an assertion `saml`. \
             Whether a client is confidential or public no record tells. Null where no token was issued.",
        ),
        Property::text("Result", "`Success` or `Failure`."),
    ],
};
