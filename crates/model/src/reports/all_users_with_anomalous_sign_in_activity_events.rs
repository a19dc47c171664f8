//! allUsersWithAnomalousSignInActivityEvents: every user whom an anomaly report names.

use super::parts::{About, found, standing};
use super::{Evidence, Face, License, ProjectedRow, ReportDef, Rows};
use crate::entity::{Edm, EntityDef, Property};
use crate::event::Event;
use crate::finding::Found;
use crate::identity::EventKey;
use crate::json::ObjectWriter;

/// The report.
pub(super) const DEF: ReportDef = ReportDef {
    number: 28,
    name: "allUsersWithAnomalousSignInActivityEvents",
    face: Face::Reports,
    license: License::Required,
    entity: &EVENT,
    time_property: Some("eventTime"),
    filters: &[],
    rows: Rows::Stored(project),
    evidence: Evidence::Documented,
    about: "Every user whom one of the six anomaly reports names: unknown sources, multiple failures, multiple geographies, suspicious addresses, infected devices, irregular activity. Also answers to `allUsersWithAnomalousSignInEvents`.",
    filled_by: "Whatever fills one of the six: [Gatelog's own detection](#gatelogs-own-findings); risk detections of Entra ID Protection that the vendor did not take back, and those of Okta, Google Workspace and Auth0. A row for each row of the six.",
};

const EVENT: EntityDef = EntityDef {
    name: "AllUsersWithAnomalousSignInActivityEvent",
    key: "id",
    properties: &[
        Property::new(
            "eventTime",
            Edm::DateTimeOffset,
            "When the irregular activity happened.",
        )
        .required()
        .filterable(),
        Property::text(
            "detail",
            "Details of the activity: what the report's row says, on one line.",
        ),
        Property::text(
            "reason",
            "The activity for which the user is listed: the name of the report that shows it.",
        ),
        Property::new("id", Edm::Guid, "The unique identifier of the event.").required(),
        Property::text("displayName", "The user's name for people."),
        Property::text("userName", "The user's sign-in name."),
    ],
};

/// The ones of the six reports that verdicts fill. The other two they cannot: a verdict is about one sign-in, and travel
/// needs two places, many failures a count.
const OF_THE_SIX: &[(About, &ReportDef)] = &[
    (
        About::UnknownSource,
        &super::sign_ins_from_unknown_sources_events::DEF,
    ),
    (
        About::SuspiciousAddress,
        &super::sign_ins_from_ip_addresses_with_suspicious_activity_events::DEF,
    ),
    (
        About::InfectedDevice,
        &super::sign_ins_from_possibly_infected_devices_events::DEF,
    ),
    (
        About::IrregularSignIn,
        &super::irregular_sign_in_activity_events::DEF,
    ),
];

fn project(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    of_finding(event).or_else(|| of_verdict(event, key))
}

fn of_finding(event: &Event) -> Option<ProjectedRow> {
    let finding = found(event)?;
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("detail", Some(finding.summary()))
        .text("reason", Some(report_of_finding(finding.found()).name))
        .text("id", Some(&finding.id()))
        .text("displayName", finding.display_name())
        .text("userName", finding.user_name())
        .finish();
    Some(finding.row(json))
}

/// The one of the six reports that shows such findings.
pub fn report_of_finding(found: &Found) -> &'static ReportDef {
    match found {
        Found::MultipleGeographies { .. } => &super::sign_ins_from_multiple_geographies_events::DEF,
        Found::AfterMultipleFailures { .. } => &super::sign_ins_after_multiple_failures_events::DEF,
        Found::UnknownSource { .. } => &super::sign_ins_from_unknown_sources_events::DEF,
        Found::SuspiciousAddress => &super::sign_ins_from_ip_addresses_with_suspicious_activity_events::DEF,
        Found::InfectedDevice { .. } => &super::sign_ins_from_possibly_infected_devices_events::DEF,
        Found::Irregular { .. } => &super::irregular_sign_in_activity_events::DEF,
    }
}

fn of_verdict(event: &Event, key: &EventKey) -> Option<ProjectedRow> {
    let shown = |(about, report): &(About, &ReportDef)| {
        standing(event, key, *about).map(|verdict| (verdict, report.name))
    };
    let (verdict, report) = OF_THE_SIX.iter().find_map(shown)?;
    let json = ObjectWriter::new()
        .time("eventTime", event.time)
        .text("detail", Some(&verdict.summary()))
        .text("reason", Some(report))
        .text("id", Some(&verdict.event_id()))
        .text("displayName", verdict.display_name())
        .text("userName", verdict.user_name())
        .finish();
    Some(verdict.row(json))
}
