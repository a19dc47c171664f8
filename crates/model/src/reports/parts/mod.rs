//! What several reports share: filters, the open type of break-downs, the old words for audits, and who did what.

mod activity_types;
mod b2c;
mod breakdown;
mod credentials;
mod detail;
mod filters;
mod findings;
mod group_self_service;
mod mim;
mod others_verdicts;
mod own_acts;
mod password_self_service;
mod verdicts;
mod vocabulary;

pub use activity_types::{ActivityType, activity_types};
pub use breakdown::{BREAKDOWN, window_ends};

pub(crate) use b2c::{Sort as CustomerSort, customer};
pub(super) use b2c::{authentication_adds, authentication_row, second_factor_adds, second_factor_row};
pub(super) use breakdown::{breakdown_of, count_of_window};
pub(super) use credentials::{CREDENTIAL_PROPERTIES, credentials_row};
pub(super) use detail::{DetailText, Updated, updated_properties};
pub(super) use filters::{
    APPLICATION_ID, APPLICATION_ID_OF_ROW, APPLICATION_ID_OF_USAGE, TIME_STAMP, TIME_STAMP_IS_DATE,
    TIME_STAMP_IS_EVENT_TIME,
};
pub(super) use findings::{found, int32};
pub(super) use mim::{MimSelfService, mim_group, mim_password_result, mim_request};
pub(super) use others_verdicts::OTHERS;
pub(super) use own_acts::{is_own_password_activity, own_group_activity};
pub(super) use password_self_service::{
    is_password_registration, methods_used, password_result, registration_activity, role, user_of,
};
pub(super) use verdicts::{About, KNOWN, place_name, standing};
pub(crate) use vocabulary::{action, is_success};
pub(super) use vocabulary::{activity_type, category, result_status};

use crate::event::Event;
use crate::identity::EventKey;

/// The id that a row is served with: the vendor's, else the one that was derived for the event.
pub(super) fn row_id(event: &Event, key: &EventKey) -> String {
    event.vendor_id.clone().unwrap_or_else(|| key.guid().to_string())
}
