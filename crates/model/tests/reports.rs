//! The list of reports and what they may be filtered by, against expectations written down by hand from the wire contract.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::entity::{EntityDef, Property};
use model::reports::{self, Face, FilterValue, Operators, ReportDef, Rows};

/// The 32 names of 24 May 2017 with `LicenseRequired`, then the two that were seen in the wild.
const LIST: &[(&str, &str)] = &[
    ("b2cAuthenticationCountSummary", "False"),
    ("b2cMfaRequestCount", "False"),
    ("b2cMfaRequestEvent", "False"),
    ("b2cAuthenticationEvent", "False"),
    ("b2cAuthenticationCount", "False"),
    ("b2cMfaRequestCountSummary", "False"),
    ("tenantUserCount", "False"),
    ("applicationUsageDetailEvents", "False"),
    ("applicationUsageSummaryEvents", "True"),
    ("b2cUserJourneySummaryEvents", "False"),
    ("b2cUserJourneyEvents", "False"),
    ("cloudAppDiscoveryEvents", "False"),
    ("mimSsgmGroupActivityEvents", "True"),
    ("ssgmGroupActivityEvents", "True"),
    ("mimSsprActivityEvents", "True"),
    ("ssprActivityEvents", "True"),
    ("mimSsprRegistrationActivityEvents", "True"),
    ("ssprRegistrationActivityEvents", "True"),
    ("threatenedCredentials", "False"),
    ("compromisedCredentials", "False"),
    ("auditEvents", "False"),
    ("accountProvisioningEvents", "False"),
    ("signInsFromUnknownSourcesEvents", "False"),
    ("signInsFromIPAddressesWithSuspiciousActivityEvents", "True"),
    ("signInsFromMultipleGeographiesEvents", "False"),
    ("signInsFromPossiblyInfectedDevicesEvents", "True"),
    ("irregularSignInActivityEvents", "True"),
    ("allUsersWithAnomalousSignInActivityEvents", "True"),
    ("signInsAfterMultipleFailuresEvents", "False"),
    ("applicationUsageSummary", "True"),
    ("userActivitySummary", "False"),
    ("groupActivitySummary", "True"),
    ("weakCredentials", "False"),
    ("allUserSignInActivityEvents", "True"),
];

#[test]
fn the_list_is_the_one_of_2017_and_two_more() {
    let listed: Vec<(&str, &str)> = reports::of(Face::Reports)
        .map(|report| (report.name, report.license.as_str()))
        .collect();
    assert_eq!(listed, LIST);
    let activities: Vec<&str> = reports::of(Face::Activities).map(|report| report.name).collect();
    assert_eq!(activities, ["signinEvents", "audit"]);
}

#[test]
fn numbers_on_disk_follow_the_list_and_are_unique() {
    let numbers: Vec<u16> = reports::ALL.iter().map(|report| report.number).collect();
    let expected: Vec<u16> = (1..=34).chain([101, 102]).collect();
    assert_eq!(numbers, expected);
    for report in reports::ALL {
        assert_eq!(reports::by_number(report.number), Some(*report));
    }
}

#[test]
fn a_report_is_found_by_its_exact_name_under_its_own_face() {
    let name = |face, name| reports::by_name(face, name).map(|report| report.name);
    assert_eq!(name(Face::Reports, "auditEvents"), Some("auditEvents"));
    assert_eq!(name(Face::Reports, "auditevents"), None);
    assert_eq!(name(Face::Activities, "auditEvents"), None);
    assert_eq!(name(Face::Activities, "audit"), Some("audit"));
    assert_eq!(
        name(Face::Reports, "allUsersWithAnomalousSignInEvents"),
        Some("allUsersWithAnomalousSignInActivityEvents")
    );
}

fn report(name: &str) -> &'static ReportDef {
    reports::ALL.iter().find(|report| report.name == name).unwrap()
}

/// `actor/userPrincipalName as ActorUserEntity: text aA eq parts`
fn filters(name: &str) -> Vec<String> {
    let filters = report(name).filters.iter().map(|filter| {
        let list = filter
            .collection
            .map_or(String::new(), |list| format!("{list}/any "));
        let cast = filter.cast.map_or(String::new(), |cast| format!(" as {cast}"));
        let value = match filter.value {
            FilterValue::Time => "time",
            FilterValue::Text(model::query::Case::Sensitive) => "text",
            FilterValue::Text(model::query::Case::Insensitive) => "text aA",
            FilterValue::Integer => "integer",
            FilterValue::Guid => "guid",
        };
        let operators = match filter.operators {
            Operators::Comparison => "compare",
            Operators::Equality => "eq",
            Operators::EqualityAndParts => "eq parts",
        };
        format!(
            "{list}{} = {}{cast}: {value} {operators}",
            filter.spelling,
            filter.path.join("/")
        )
    });
    filters.collect()
}

/// Wire contract 2.5: supported filter fields and operators.
#[test]
fn the_activities_filter_by_exactly_the_references_list() {
    assert_eq!(
        filters("audit"),
        [
            "category = category: text eq",
            "activityStatus = activityStatus: integer eq",
            "activityType = activityType: text eq",
            "activity = activity: text eq parts",
            "actor/name = actor/name: text aA eq parts",
            "actor/objectId = actor/objectId: text aA eq",
            "actor/userPrincipalName = actor/userPrincipalName as ActorUserEntity: text aA eq parts",
            "targets/any name = name: text aA eq parts",
            "targets/any objectId = objectId: text aA eq",
            "targets/any userPrincipalName = userPrincipalName as TargetResourceUserEntity: text aA eq parts",
        ]
    );
    assert_eq!(
        filters("signinEvents"),
        [
            "userId = userId: text aA eq",
            "userPrincipalName = userPrincipalName: text aA eq",
            "appId = appId: text aA eq",
            "appDisplayName = appDisplayName: text aA eq",
            "loginStatus = loginStatus: text eq",
        ]
    );
}

#[test]
fn b2c_and_usage_reports_filter_by_names_that_their_rows_may_lack() {
    assert_eq!(
        filters("b2cAuthenticationCount"),
        ["TimeStamp = : time compare", "ApplicationId = : guid eq"]
    );
    assert_eq!(
        filters("b2cMfaRequestCount"),
        ["TimeStamp = : time compare", "ApplicationId = : guid eq"]
    );
    assert_eq!(
        filters("b2cAuthenticationCountSummary"),
        ["TimeStamp = Date: time compare", "ApplicationId = : guid eq"]
    );
    for name in [
        "applicationUsageDetailEvents",
        "applicationUsageSummary",
        "applicationUsageSummaryEvents",
    ] {
        assert_eq!(
            filters(name),
            [
                "TimeStamp = eventTime: time compare",
                "ApplicationId = applicationId: guid eq"
            ]
        );
    }
}

#[test]
fn some_reports_take_no_filter_at_all() {
    for name in [
        "b2cUserJourneySummaryEvents",
        "b2cUserJourneyEvents",
        "cloudAppDiscoveryEvents",
        "userActivitySummary",
        "groupActivitySummary",
    ] {
        assert_eq!(filters(name), [""; 0], "{name}");
        assert!(
            !report(name)
                .entity
                .properties
                .iter()
                .any(|property| property.filterable),
            "{name}"
        );
    }
}

#[test]
fn every_definition_holds_together() {
    for report in reports::ALL {
        let EntityDef { key, properties, .. } = report.entity;
        let is_required = |name: &str| {
            report
                .entity
                .property(name)
                .is_some_and(|property| !property.nullable)
        };
        assert!(is_required(key), "{}: key", report.name);
        assert!(
            report.time_property.is_none_or(is_required),
            "{}: time",
            report.name
        );
        for (index, property) in properties.iter().enumerate() {
            assert!(!property.about.is_empty(), "{}.{}", report.name, property.name);
            // PowerShell cannot read an object with two names that differ only in their case.
            let same = |other: &Property| other.name.eq_ignore_ascii_case(property.name);
            assert_eq!(
                properties.iter().position(same),
                Some(index),
                "{}.{}",
                report.name,
                property.name
            );
        }
        for filter in report.filters.iter().filter(|filter| !filter.path.is_empty()) {
            let top = filter.collection.unwrap_or(filter.path[0]);
            // The application of a count is known to whoever counts, though the old entity has no property for it.
            let is_counted = top == "applicationId" && matches!(report.rows, Rows::Counted { .. });
            assert!(
                is_counted || report.entity.property(top).is_some(),
                "{}: {}",
                report.name,
                filter.spelling
            );
        }
        if let Rows::Rendered { from, .. } = report.rows {
            assert!(
                matches!(from.rows, Rows::Stored(_)),
                "{} is rendered from stored rows",
                report.name
            );
        }
    }
}

#[test]
fn entity_type_names_are_unique() {
    let mut names: Vec<&str> = reports::ALL.iter().map(|report| report.entity.name).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn what_this_version_fills_is_what_it_says() {
    let filled: Vec<&str> = reports::ALL
        .iter()
        .filter(|report| !matches!(report.rows, Rows::Empty))
        .map(|report| report.name)
        .collect();
    assert_eq!(
        filled,
        [
            "b2cAuthenticationCountSummary",
            "b2cMfaRequestCount",
            "b2cMfaRequestEvent",
            "b2cAuthenticationEvent",
            "b2cAuthenticationCount",
            "b2cMfaRequestCountSummary",
            "tenantUserCount",
            "applicationUsageDetailEvents",
            "applicationUsageSummaryEvents",
            "mimSsgmGroupActivityEvents",
            "ssgmGroupActivityEvents",
            "mimSsprActivityEvents",
            "ssprActivityEvents",
            "mimSsprRegistrationActivityEvents",
            "ssprRegistrationActivityEvents",
            "threatenedCredentials",
            "compromisedCredentials",
            "auditEvents",
            "accountProvisioningEvents",
            "signInsFromUnknownSourcesEvents",
            "signInsFromIPAddressesWithSuspiciousActivityEvents",
            "signInsFromMultipleGeographiesEvents",
            "signInsFromPossiblyInfectedDevicesEvents",
            "irregularSignInActivityEvents",
            "allUsersWithAnomalousSignInActivityEvents",
            "signInsAfterMultipleFailuresEvents",
            "applicationUsageSummary",
            "userActivitySummary",
            "groupActivitySummary",
            "weakCredentials",
            "allUserSignInActivityEvents",
            "signinEvents",
            "audit",
        ]
    );
}

#[test]
fn the_well_known_activities_are_forty_or_more() {
    let known = reports::activity_types();
    assert!(known.len() >= 40);
    assert!(
        known
            .iter()
            .any(|one| one.category == "SSPR" && one.activity == "Reset password (self-service)")
    );
}
