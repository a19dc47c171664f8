//! The list of reports, in the order of the service's answer, and what a report's definition says.

mod account_provisioning_events;
mod all_user_sign_in_activity_events;
mod all_users_with_anomalous_sign_in_activity_events;
mod application_usage_detail_events;
mod application_usage_summary;
mod application_usage_summary_events;
mod audit;
mod audit_events;
mod b2c_authentication_count;
mod b2c_authentication_count_summary;
mod b2c_authentication_event;
mod b2c_mfa_request_count;
mod b2c_mfa_request_count_summary;
mod b2c_mfa_request_event;
mod b2c_user_journey_events;
mod b2c_user_journey_summary_events;
mod cloud_app_discovery_events;
mod compromised_credentials;
mod docs;
mod group_activity_summary;
mod irregular_sign_in_activity_events;
mod mim_ssgm_group_activity_events;
mod mim_sspr_activity_events;
mod mim_sspr_registration_activity_events;
mod parts;
mod sign_ins_after_multiple_failures_events;
mod sign_ins_from_ip_addresses_with_suspicious_activity_events;
mod sign_ins_from_multiple_geographies_events;
mod sign_ins_from_possibly_infected_devices_events;
mod sign_ins_from_unknown_sources_events;
mod signin_events;
mod ssgm_group_activity_events;
mod sspr_activity_events;
mod sspr_registration_activity_events;
mod tenant_user_count;
mod threatened_credentials;
mod user_activity_summary;
mod weak_credentials;

pub use all_users_with_anomalous_sign_in_activity_events::report_of_finding;
pub use docs::reports_markdown;
pub use parts::{ActivityType, BREAKDOWN, activity_types, window_ends};
pub(crate) use parts::{CustomerSort, action, customer, is_success};

use crate::batch::RowDraft;
use crate::entity::EntityDef;
use crate::event::Event;
use crate::identity::EventKey;
use crate::query::Case;
use crate::time::Timestamp;
use crate::usage::{Counted, Grain, Tally};
use std::collections::BTreeMap;

/// Everything that is known of a report. `$metadata`, the report list, the `$filter` check, the JSON and the docs page
/// derive from it.
#[derive(Debug)]
pub struct ReportDef {
    /// The number on disk; never changed or used again.
    pub number: u16,
    /// The name in addresses; case-sensitive.
    pub name: &'static str,
    /// Where it is served.
    pub face: Face,
    /// What `LicenseRequired` said in 2017.
    pub license: License,
    /// What a row looks like.
    pub entity: &'static EntityDef,
    /// The property that orders the rows and that the window applies to; `None` if no property of the entity is the
    /// row's time.
    pub time_property: Option<&'static str>,
    /// What `$filter` takes beyond the entity's filterable properties.
    pub filters: &'static [FilterDef],
    /// Where the rows come from.
    pub rows: Rows,
    /// How we know what it looks like.
    pub evidence: Evidence,
    /// What a row means, in a sentence or two.
    pub about: &'static str,
    /// Which events fill it, and what fills it later.
    pub filled_by: &'static str,
}

impl ReportDef {
    /// The member whose comparisons are about the row's own time: the report's time property, or, where no property of the
    /// entity is that, the name that `$filter` has for it (`TimeStamp`, wire contract 2.3). A comparison with that name
    /// becomes a time range; no row has a member of the name.
    pub fn time_member(&self) -> Option<&'static str> {
        self.time_property.or_else(|| {
            let named = self
                .filters
                .iter()
                .find(|filter| filter.path.is_empty() && filter.value == FilterValue::Time);
            named.map(|filter| filter.spelling)
        })
    }
}

impl PartialEq for ReportDef {
    fn eq(&self, other: &ReportDef) -> bool {
        self.number == other.number
    }
}

/// The address family of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// `/{tenant}/reports/<name>`
    Reports,
    /// `/{tenant}/activities/<name>`
    Activities,
}

/// Whether the old service asked for a Premium licence. Ours never does; old clients read the word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum License {
    /// `"True"`
    Required,
    /// `"False"`
    NotRequired,
}

impl License {
    /// As the report list spells it: a string, not a boolean (wire contract 2.1 \[C: ANN\]).
    pub fn as_str(self) -> &'static str {
        match self {
            License::Required => "True",
            License::NotRequired => "False",
        }
    }
}

/// How we know what a report's rows look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Microsoft's reference documents the entity.
    Documented,
    /// Recovered from what real clients read.
    Recovered,
    /// No public description is left: the definition is ours.
    Own,
}

/// Where a report's rows come from.
#[derive(Clone, Copy)]
pub enum Rows {
    /// One row per event, made when the event is stored; `None` where the event is not for this report.
    Stored(fn(&Event, &EventKey) -> Option<ProjectedRow>),
    /// Rows of another report, shown otherwise.
    Rendered {
        /// The report whose rows are stored.
        from: &'static ReportDef,
        /// Its row's JSON and particulars in, this report's JSON out; `None` leaves the row out.
        render: fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    },
    /// Counted from the tallies of [`crate::usage`] when it is asked for.
    Counted {
        /// What a row stands for.
        grain: Grain,
        /// A row's JSON.
        render: fn(&Counted<'_>) -> Vec<u8>,
    },
    /// Exactly one item: how much happened in the window asked about, counted when it is asked for.
    One(&'static CountDef),
    /// Nothing fills it yet: the answer is an empty list.
    Empty,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Rows::Stored(_) => "Stored",
            Rows::Rendered { .. } => "Rendered",
            Rows::Counted { .. } => "Counted",
            Rows::One(_) => "One",
            Rows::Empty => "Empty",
        })
    }
}

/// How the one item of a report is counted: whole UTC days of the window from tallies, parts of days from rows. Both say the
/// same of the same events.
#[derive(Debug)]
pub struct CountDef {
    /// The tally: an application (the subject) and a way (the member), with how many as its first amount.
    pub tally: Tally,
    /// The report with a row for each of the events that are counted.
    pub rows: &'static ReportDef,
    /// What such a row adds, by its JSON; `None` is nothing.
    pub adds: fn(&serde_json::Value) -> Option<Adds<'_>>,
    /// The item's JSON.
    pub render: fn(&CountedWindow<'_>) -> Vec<u8>,
}

/// What a row adds to the count of its time: one, for an application, by a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adds<'a> {
    /// When.
    pub time: Timestamp,
    /// The application by its id, as the row has it; empty if it is not told.
    pub subject: &'a str,
    /// By which way.
    pub way: &'a str,
}

/// What was counted in a window.
#[derive(Debug, Clone, Copy)]
pub struct CountedWindow<'a> {
    /// The first instant that was asked about.
    pub start: Timestamp,
    /// The last one.
    pub end: Timestamp,
    /// How many, by way.
    pub ways: &'a BTreeMap<String, i64>,
}

/// A row as a report makes it from an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectedRow {
    /// The JSON object as it is served.
    pub json: Vec<u8>,
    /// What a rendered report needs beyond it (a JSON object), empty if nothing.
    pub particulars: Vec<u8>,
}

impl ProjectedRow {
    /// A row that only its own report shows.
    pub fn plain(json: Vec<u8>) -> ProjectedRow {
        ProjectedRow {
            json,
            particulars: Vec::new(),
        }
    }
}

/// One thing that `$filter` may name.
#[derive(Debug, PartialEq, Eq)]
pub struct FilterDef {
    /// The path as `$filter` spells it, without type casts: `actor/name`; inside `any` it starts at the item: `name`.
    pub spelling: &'static str,
    /// For `targets/any(t: …)`: the list.
    pub collection: Option<&'static str>,
    /// A type cast that may or must stand before the last segment: the type's name without name space.
    pub cast: Option<&'static str>,
    /// The members from the row (or the item) down; empty if the row has no such property (then `TimeStamp` is the row's time,
    /// and another name is known to whoever counts).
    pub path: &'static [&'static str],
    /// What it is compared with.
    pub value: FilterValue,
    /// What may be done with it.
    pub operators: Operators,
}

/// What a filterable thing is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterValue {
    /// A date or an instant, bare.
    Time,
    /// Text in single quotes.
    Text(Case),
    /// A whole number, bare.
    Integer,
    /// A GUID, bare.
    Guid,
}

/// What `$filter` may do with a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operators {
    /// `eq gt ge lt le`
    Comparison,
    /// `eq` alone
    Equality,
    /// `eq`, `contains(…)`, `startsWith(…)`
    EqualityAndParts,
}

/// Every report in the order of the report list: the 32 names of 2017, the two more that were seen in the
/// wild, then what /activities serves. `/activities/auditActivityTypes` has no rows: see [`activity_types`].
pub const ALL: &[&ReportDef] = &[
    &b2c_authentication_count_summary::DEF,
    &b2c_mfa_request_count::DEF,
    &b2c_mfa_request_event::DEF,
    &b2c_authentication_event::DEF,
    &b2c_authentication_count::DEF,
    &b2c_mfa_request_count_summary::DEF,
    &tenant_user_count::DEF,
    &application_usage_detail_events::DEF,
    &application_usage_summary_events::DEF,
    &b2c_user_journey_summary_events::DEF,
    &b2c_user_journey_events::DEF,
    &cloud_app_discovery_events::DEF,
    &mim_ssgm_group_activity_events::DEF,
    &ssgm_group_activity_events::DEF,
    &mim_sspr_activity_events::DEF,
    &sspr_activity_events::DEF,
    &mim_sspr_registration_activity_events::DEF,
    &sspr_registration_activity_events::DEF,
    &threatened_credentials::DEF,
    &compromised_credentials::DEF,
    &audit_events::DEF,
    &account_provisioning_events::DEF,
    &sign_ins_from_unknown_sources_events::DEF,
    &sign_ins_from_ip_addresses_with_suspicious_activity_events::DEF,
    &sign_ins_from_multiple_geographies_events::DEF,
    &sign_ins_from_possibly_infected_devices_events::DEF,
    &irregular_sign_in_activity_events::DEF,
    &all_users_with_anomalous_sign_in_activity_events::DEF,
    &sign_ins_after_multiple_failures_events::DEF,
    &application_usage_summary::DEF,
    &user_activity_summary::DEF,
    &group_activity_summary::DEF,
    &weak_credentials::DEF,
    &all_user_sign_in_activity_events::DEF,
    &signin_events::DEF,
    &audit::DEF,
];

/// The report of a name under an address family. One alias is known: Microsoft's own sample asks for
/// `allUsersWithAnomalousSignInEvents` (wire contract 2.1).
pub fn by_name(face: Face, name: &str) -> Option<&'static ReportDef> {
    let name = if face == Face::Reports && name == "allUsersWithAnomalousSignInEvents" {
        "allUsersWithAnomalousSignInActivityEvents"
    } else {
        name
    };
    ALL.iter()
        .copied()
        .find(|report| report.face == face && report.name == name)
}

/// The report of a number on disk.
pub fn by_number(number: u16) -> Option<&'static ReportDef> {
    ALL.iter().copied().find(|report| report.number == number)
}

/// The reports of an address family, in order.
pub fn of(face: Face) -> impl Iterator<Item = &'static ReportDef> {
    ALL.iter().copied().filter(move |report| report.face == face)
}

/// The rows that an event gives, one for each stored report that shows it.
pub fn project(event: &Event, key: &EventKey) -> Vec<RowDraft> {
    let mut rows = Vec::new();
    for report in ALL {
        let Rows::Stored(project) = report.rows else {
            continue;
        };
        let Some(row) = project(event, key) else { continue };
        rows.push(RowDraft {
            report: report.number,
            json: row.json,
            particulars: row.particulars,
        });
    }
    rows
}
