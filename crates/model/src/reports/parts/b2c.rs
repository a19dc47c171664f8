//! What one audit of Azure AD B2C says of a customer: that tokens were issued, that signing in failed, that a second
//! factor was asked for.
//!
//! The activities are those of Microsoft's audit activity reference (`reference-audit-activities`, service B2C), the details
//! those of the example in its page on B2C audit logs (`active-directory-b2c/view-audit-logs`). No real record was seen.

use super::vocabulary::{is_success, result_status};
use crate::event::{Audit, Event, Facts, Target};
use crate::identity::EventKey;
use crate::json::ObjectWriter;
use crate::reports::{Adds, ProjectedRow};
use crate::time::Timestamp;
use serde_json::Value;

/// What a record of B2C is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Somebody was authenticated, by such a flow.
    Authenticated(&'static str),
    /// Somebody tried to be and was not.
    NotAuthenticated,
    /// A second factor was asked for, by such a way.
    SecondFactor(&'static str),
}

/// One record of B2C.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Customer<'a> {
    /// What it is about.
    pub(crate) sort: Sort,
    audit: &'a Audit,
}

/// What issues tokens, and the flow that it belongs to unless the record names another. Microsoft's workbook for B2C counts
/// the first four as authentications (github.com/azure-ad-b2c/siem, workbooks/dashboard.json); the assertion is our addition.
///
/// The flows are called as clients of the old report read them (wire contract 2.3 \[C: GLT\]). A record does not tell a
/// confidential client from a public one, so the whole of a name is more than it says.
const ISSUING: &[(&str, &str)] = &[
    ("Issue an id_token to the application", "implicit"),
    ("Issue an access token to the application", "implicit"),
    (
        "Issue an authorization code to the application",
        AUTHORIZATION_CODE,
    ),
    // Both renewing and redeeming a code are written down so; renewing goes on for as long as a session does.
    ("Exchange token", REFRESH_TOKEN),
    ("Issue a SAML assertion to the application", "saml"),
];

const AUTHORIZATION_CODE: &str = "confclient-authcode";
const REFRESH_TOKEN: &str = "publicclient-refreshtoken";

/// What a detail `GrantType` says of the flow, letters alone. The example in the documentation has no such detail.
const GRANTS: &[(&str, &str)] = &[
    ("authorizationcode", AUTHORIZATION_CODE),
    ("refreshtoken", REFRESH_TOKEN),
    ("implicit", "implicit"),
    ("hybrid", "hybrid"),
];

/// What comes before tokens: if it fails, none are issued.
const PROVING: &[&str] = &[
    "Validate local account credentials",
    "Validate user authentication",
    "Federate with an identity provider",
];

/// What asks for a second factor, and how it is sent.
const ASKING: &[(&str, &str)] = &[
    ("Send SMS to verify phone number", "SMS"),
    ("Make phone call to verify phone number", "voice"),
];

/// The record, if it is one of B2C about a customer who signs in.
pub(crate) fn customer(audit: &Audit) -> Option<Customer<'_>> {
    let service = audit.logged_by_service.as_ref().or(audit.category.as_ref())?;
    if !service.eq_ignore_ascii_case("B2C") {
        return None;
    }
    let activity = audit.activity.as_deref()?;
    let sort = if let Some(flow) = named(ISSUING, activity) {
        if is_success(audit) {
            Sort::Authenticated(grant(audit).unwrap_or(flow))
        } else {
            Sort::NotAuthenticated
        }
    } else if let Some(way) = named(ASKING, activity) {
        Sort::SecondFactor(way)
    } else if PROVING.iter().any(|known| known.eq_ignore_ascii_case(activity)) && !is_success(audit) {
        Sort::NotAuthenticated
    } else {
        return None;
    };
    Some(Customer { sort, audit })
}

impl<'a> Customer<'a> {
    /// The way by which it counts in the reports of counts; what did not succeed counts nowhere.
    pub(crate) fn counts_as(&self) -> Option<&'static str> {
        match self.sort {
            Sort::Authenticated(way) | Sort::SecondFactor(way) => is_success(self.audit).then_some(way),
            Sort::NotAuthenticated => None,
        }
    }

    /// The application that was signed in to, by its client id.
    pub(crate) fn application(&self) -> Option<&'a str> {
        self.detail("ApplicationId")
            .or_else(|| self.detail("ClientId"))
            .or(self.audit.actor.app_id.as_deref())
            // The portal's `Spn` of the actor is the application's id.
            .or(self.audit.actor.service_principal_name.as_deref())
    }

    fn detail(&self, name: &str) -> Option<&'a str> {
        detail(self.audit, name)
    }

    fn object_id(&self) -> Option<&'a str> {
        let is_user = |target: &&Target| {
            let resource = target.resource_type.as_deref();
            resource.is_none_or(|word| word.eq_ignore_ascii_case("User"))
        };
        self.audit.targets.iter().find(is_user)?.id.as_deref()
    }
}

/// The row of b2cAuthenticationEvent.
pub(in crate::reports) fn authentication_row(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let customer = of_event(event)?;
    let flow = match customer.sort {
        Sort::Authenticated(flow) => Some(flow),
        Sort::NotAuthenticated => None,
        Sort::SecondFactor(_) => return None,
    };
    Some(row(event, key, &customer, FLOW, flow))
}

/// The row of b2cMfaRequestEvent.
pub(in crate::reports) fn second_factor_row(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let customer = of_event(event)?;
    let Sort::SecondFactor(way) = customer.sort else {
        return None;
    };
    Some(row(event, key, &customer, WAY, Some(way)))
}

/// What a row of b2cAuthenticationEvent adds to the counts.
pub(in crate::reports) fn authentication_adds(row: &Value) -> Option<Adds<'_>> {
    adds(row, FLOW)
}

/// What a row of b2cMfaRequestEvent adds to the counts.
pub(in crate::reports) fn second_factor_adds(row: &Value) -> Option<Adds<'_>> {
    adds(row, WAY)
}

const FLOW: &str = "AuthFlowType";
const WAY: &str = "MfaType";
const SUCCESS: &str = "Success";

fn adds<'a>(row: &'a Value, way: &str) -> Option<Adds<'a>> {
    if row["Result"] != SUCCESS {
        return None;
    }
    Some(Adds {
        time: Timestamp::parse_vendor(row["TimeStamp"].as_str()?).ok()?,
        subject: row["ApplicationId"].as_str().unwrap_or_default(),
        way: row[way].as_str()?,
    })
}

fn of_event(event: &Event) -> Option<Customer<'_>> {
    match &event.facts {
        Facts::Audit(audit) => customer(audit),
        _ => None,
    }
}

fn row(
    event: &Event,
    key: &EventKey,
    customer: &Customer<'_>,
    way_name: &str,
    way: Option<&str>,
) -> ProjectedRow {
    let json = ObjectWriter::new()
        .text("EventId", Some(&super::row_id(event, key)))
        .time("TimeStamp", event.time)
        .text("ObjectId", customer.object_id())
        .text("ApplicationId", customer.application())
        .text("PolicyId", customer.detail("PolicyId"))
        .text(way_name, way)
        .text("Result", result_status(customer.audit).map(|(word, _)| word))
        .finish();
    ProjectedRow::plain(json)
}

fn named(list: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    let found = list.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    found.map(|(_, means)| *means)
}

fn grant(audit: &Audit) -> Option<&'static str> {
    let letters: String = detail(audit, "GrantType")?
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect();
    named(GRANTS, &letters)
}

/// A named detail of the record; B2C writes `N/A` where it has nothing to say.
fn detail<'a>(audit: &'a Audit, name: &str) -> Option<&'a str> {
    let found = audit
        .additional_details
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    let value = found?.1.as_deref()?.trim();
    (!value.is_empty() && !value.eq_ignore_ascii_case("N/A")).then_some(value)
}
