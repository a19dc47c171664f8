//! applicationUsageDetailEvents: each sign-in to an application.

use super::all_user_sign_in_activity_events::USERS;
use super::parts::{APPLICATION_ID_OF_USAGE, TIME_STAMP_IS_EVENT_TIME};
use super::signin_events::SignInParticulars;
use super::{Evidence, Face, License, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::json::ObjectWriter;
use crate::time::Timestamp;
use serde::Deserialize;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 8,
    name: "applicationUsageDetailEvents",
    face: Face::Reports,
    license: License::NotRequired,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[TIME_STAMP_IS_EVENT_TIME, APPLICATION_ID_OF_USAGE],
    rows: Rows::Rendered {
        from: &super::signin_events::DEF,
        render,
    },
    evidence: Evidence::Own,
    about: "One row for each sign-in of a person to an application that succeeded.",
    filled_by: "Sign-ins of people, interactive and not, that succeeded: rendered from the items of /activities/signinEvents.",
};

const EVENT: EntityDef = EntityDef {
    name: "ApplicationUsageDetailEvent",
    key: "id",
    properties: &[
        Property::text("id", "The unique identifier of the event.").required(),
        Property::new("eventTime", Edm::DateTimeOffset, "When the sign-in happened.")
            .required()
            .filterable(),
        Property::text("applicationName", "The application that was signed in to."),
        Property::text("applicationId", "The application's id."),
        Property::text("ipAddress", "The address that the sign-in came from."),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

/// What is needed of an item of signinEvents.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignInItem {
    id: String,
    signin_date_time: String,
    user_display_name: Option<String>,
    user_principal_name: Option<String>,
    app_id: Option<String>,
    app_display_name: Option<String>,
    ip_address: Option<String>,
    signin_error_code: i64,
}

fn render(row: &[u8], particulars: &[u8]) -> Option<Vec<u8>> {
    let item: SignInItem = serde_json::from_slice(row).ok()?;
    let particulars: SignInParticulars = serde_json::from_slice(particulars).ok()?;
    if item.signin_error_code != 0 || !USERS.contains(&particulars.kind.as_str()) {
        return None;
    }
    let json = ObjectWriter::new()
        .text("id", Some(&item.id))
        .time("eventTime", Timestamp::parse_vendor(&item.signin_date_time).ok()?)
        .text("applicationName", item.app_display_name.as_deref())
        .text("applicationId", item.app_id.as_deref())
        .text("ipAddress", item.ip_address.as_deref())
        .text("displayName", item.user_display_name.as_deref())
        .text("userName", item.user_principal_name.as_deref())
        .finish();
    Some(json)
}
