//! The filters of the B2C and usage reports, which name things that their rows do not always have (wire contract 2.3).

use crate::reports::{FilterDef, FilterValue, Operators};

/// `TimeStamp`, where the row is a count over the window itself.
pub(in crate::reports) const TIME_STAMP: FilterDef = time_stamp(&[]);
/// `TimeStamp`, where the row's day is called `Date`.
pub(in crate::reports) const TIME_STAMP_IS_DATE: FilterDef = time_stamp(&["Date"]);
/// `TimeStamp`, where the row's time is called `eventTime`.
pub(in crate::reports) const TIME_STAMP_IS_EVENT_TIME: FilterDef = time_stamp(&["eventTime"]);

/// `ApplicationId`, where rows do not tell the application; an application that nobody knows is no error.
pub(in crate::reports) const APPLICATION_ID: FilterDef = application_id(&[]);
/// `ApplicationId`, where rows have it by that name.
pub(in crate::reports) const APPLICATION_ID_OF_ROW: FilterDef = application_id(&["ApplicationId"]);
/// `ApplicationId`, where rows have it in the spelling of the older reports.
pub(in crate::reports) const APPLICATION_ID_OF_USAGE: FilterDef = application_id(&["applicationId"]);

const fn time_stamp(path: &'static [&'static str]) -> FilterDef {
    FilterDef {
        spelling: "TimeStamp",
        collection: None,
        cast: None,
        path,
        value: FilterValue::Time,
        operators: Operators::Comparison,
    }
}

const fn application_id(path: &'static [&'static str]) -> FilterDef {
    FilterDef {
        spelling: "ApplicationId",
        collection: None,
        cast: None,
        path,
        value: FilterValue::Guid,
        operators: Operators::Equality,
    }
}
