//! The shapes of rows, against lines written down by hand from the wire contract.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::entity::{Edm, Property};
use model::reports::{self, Evidence, ReportDef};

fn letter(edm: Edm) -> String {
    match edm {
        Edm::String => "S".to_owned(),
        Edm::DateTimeOffset => "D".to_owned(),
        Edm::Int32 => "I".to_owned(),
        Edm::Int64 => "L".to_owned(),
        Edm::Double => "F64".to_owned(),
        Edm::Guid => "G".to_owned(),
        Edm::Boolean => "B".to_owned(),
        Edm::Complex(complex) => complex.name.to_owned(),
        Edm::Collection(complex) => format!("[{}]", complex.name),
    }
}

/// `eventTime D F required`
fn line(property: &Property) -> String {
    let filter = if property.filterable { " F" } else { "" };
    let required = if property.nullable { "" } else { " required" };
    format!("{} {}{filter}{required}", property.name, letter(property.edm))
}

fn report(name: &str) -> &'static ReportDef {
    reports::ALL.iter().find(|report| report.name == name).unwrap()
}

fn check(name: &str, entity: &str, key: &str, time: Option<&str>, properties: &[&str]) {
    let report = report(name);
    let got: Vec<String> = report.entity.properties.iter().map(line).collect();
    assert_eq!(got, properties, "{name}");
    assert_eq!(
        (report.entity.name, report.entity.key, report.time_property),
        (entity, key, time),
        "{name}"
    );
}

/// A documented type: its key is `id`.
fn check_documented(name: &str, entity: &str, time: &str, properties: &[&str]) {
    check(name, entity, "id", Some(time), properties);
    assert_eq!(report(name).evidence, Evidence::Documented, "{name}");
}

/// Wire contract 2.2, line by line.
#[test]
fn the_seventeen_documented_types_are_the_references() {
    check_documented(
        "allUsersWithAnomalousSignInActivityEvents",
        "AllUsersWithAnomalousSignInActivityEvent",
        "eventTime",
        &[
            "eventTime D F required",
            "detail S",
            "reason S",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
    check_documented(
        "accountProvisioningEvents",
        "AccountProvisioningEvent",
        "eventTime",
        &[
            "id S required",
            "eventTime D F required",
            "application S",
            "instanceName S",
            "operation S",
            "sourceType S",
            "targetType S",
            "joiningProperty S",
            "addedProperties S",
            "removedProperties S",
            "result S",
        ],
    );
    check_documented(
        "applicationUsageSummaryEvents",
        "ApplicationUsageSummaryEvent",
        "eventTime",
        &[
            "id S required",
            "eventTime D F required",
            "applicationName S",
            "uniqueUsers I",
            "signIns I",
        ],
    );
    check_documented(
        "auditEvents",
        "AuditEvent",
        "eventTime",
        &[
            "id S required",
            "eventTime D F required",
            "actor S",
            "action S",
            "target S",
            "actorDetail S",
            "targetDetail S",
            "updatedProperties S",
        ],
    );
    check_documented(
        "compromisedCredentials",
        "CompromisedCredentialsEvent",
        "eventTime",
        &[
            "eventTime D F required",
            "credentialType S",
            "reason S",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
    check_documented(
        "irregularSignInActivityEvents",
        "IrregularSignInActivityEvent",
        "eventTime",
        &[
            "eventTime D F required",
            "ipAddress S",
            "eventClassification S",
            "device S",
            "reason S",
            "location S",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
    let group = &["id S required", "eventTime D F required", "group S", "action S"];
    check_documented(
        "mimSsgmGroupActivityEvents",
        "MimSsgmGroupActivityEvent",
        "eventTime",
        group,
    );
    check_documented(
        "ssgmGroupActivityEvents",
        "SsgmGroupActivityEvent",
        "eventTime",
        group,
    );
    let reset = &[
        "eventTime D F required",
        "role S",
        "methodsUsed S",
        "result S",
        "details S",
        "id S required",
        "displayName S",
        "userName S",
    ];
    check_documented(
        "mimSsprActivityEvents",
        "MimSsprActivityEvent",
        "eventTime",
        reset,
    );
    check_documented("ssprActivityEvents", "SsprActivityEvent", "eventTime", reset);
    let registration = &[
        "eventTime D F required",
        "role S",
        "registrationActivity S",
        "id S required",
        "displayName S",
        "userName S",
    ];
    check_documented(
        "mimSsprRegistrationActivityEvents",
        "MimSsprRegistrationActivityEvent",
        "eventTime",
        registration,
    );
    check_documented(
        "ssprRegistrationActivityEvents",
        "SsprRegistrationActivityEvent",
        "eventTime",
        registration,
    );
    check_documented(
        "signInsAfterMultipleFailuresEvents",
        "SignInsAfterMultipleFailuresEvent",
        "firstSuccessfulSignIn",
        &[
            "firstSuccessfulSignIn D F required",
            "failedAttemptsToSignIn I",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
    check_documented(
        "signInsFromIPAddressesWithSuspiciousActivityEvents",
        "SignInsFromIPAddressesWithSuspiciousActivityEvent",
        "eventTime",
        &[
            "eventTime D F required",
            "ipAddress S",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
    check_documented(
        "signInsFromMultipleGeographiesEvents",
        "SignInsFromMultipleGeographiesEvent",
        "timeOfSecondSignIn",
        &[
            "firstSigninFrom S",
            "secondSigninFrom S",
            "timeOfSecondSignIn D F required",
            "timeBetweenSignIns S",
            "estimatedTravelHours I",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
    check_documented(
        "signInsFromPossiblyInfectedDevicesEvents",
        "SignInsFromPossiblyInfectedDevicesEvent",
        "lastSignInTime",
        &[
            "deviceIPAddress S",
            "lastSignInTime D F required",
            "deviceLocation S",
            "client S",
            "suspectedInfection S",
            "latestPotentiallySuspiciousActivity D F required",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
    check_documented(
        "signInsFromUnknownSourcesEvents",
        "SignInsFromUnknownSourcesEvent",
        "timeOfLastSuccessfulSignIn",
        &[
            "numberOfSignins I",
            "ipAddress S",
            "timeOfLastSuccessfulSignIn D F required",
            "id G required",
            "displayName S",
            "userName S",
        ],
    );
}

/// Base types and navigation cannot be written in an [`EntityDef`] at all; complex properties could.
#[test]
fn exactly_seventeen_types_are_documented_and_none_has_a_complex_property() {
    let documented: Vec<&ReportDef> = reports::ALL
        .iter()
        .copied()
        .filter(|report| report.evidence == Evidence::Documented)
        .collect();
    assert_eq!(documented.len(), 17);
    for report in documented {
        for property in report.entity.properties {
            assert!(
                !matches!(property.edm, Edm::Complex(_) | Edm::Collection(_)),
                "{}",
                property.name
            );
        }
    }
}

/// Wire contract 2.3; the keys are ours, since OData V4 wants one for every type of an entity set.
#[test]
fn the_recovered_types_are_what_clients_read() {
    check(
        "tenantUserCount",
        "TenantUserCount",
        "TimeStamp",
        Some("TimeStamp"),
        &[
            "TimeStamp D F required",
            "TotalUserCount I",
            "LocalUserCount I",
            "OtherUserCount I",
            "AlternateIdUserCount I",
            "AlternateIdUserBreakDown Breakdown",
        ],
    );
    check(
        "b2cAuthenticationCountSummary",
        "B2CAuthenticationCountSummary",
        "Date",
        Some("Date"),
        &[
            "Date D F required",
            "AuthenticationCount I",
            "AuthFlowTypeBreakDown Breakdown",
        ],
    );
    check(
        "b2cAuthenticationCount",
        "B2CAuthenticationCount",
        "StartTimeStamp",
        None,
        &[
            "StartTimeStamp D required",
            "EndTimeStamp D required",
            "AuthenticationCount I",
            "AuthFlowTypeBreakDown Breakdown",
        ],
    );
    check(
        "b2cMfaRequestCount",
        "B2CMfaRequestCount",
        "StartTimeStamp",
        None,
        &[
            "StartTimeStamp D required",
            "EndTimeStamp D required",
            "MfaCount I",
            "MfaTypeBreakDown Breakdown",
        ],
    );
    check(
        "b2cMfaRequestCountSummary",
        "B2CMfaRequestCountSummary",
        "Date",
        Some("Date"),
        &["Date D F required", "MfaCount I", "MfaTypeBreakDown Breakdown"],
    );
    check(
        "b2cUserJourneyEvents",
        "B2CUserJourneyEvent",
        "EventId",
        Some("TransactionStart"),
        &[
            "EventId S required",
            "ObjectId S",
            "TransactionStart D required",
            "TransactionEnd D",
            "ResourceId S",
            "JourneyOutcome S",
            "PolicyId S",
            "UserJourneyId S",
            "ApplicationId S",
        ],
    );
    let breakdown = reports::BREAKDOWN;
    assert!(breakdown.open && breakdown.properties.is_empty());
}

/// Wire contract 2.5.
#[test]
fn the_activities_are_what_clients_read() {
    check(
        "signinEvents",
        "SigninEvent",
        "id",
        Some("signinDateTime"),
        &[
            "id S required",
            "signinDateTime D F required",
            "signinDateTimeInMillis L required",
            "userDisplayName S",
            "userPrincipalName S",
            "userId S",
            "appId S",
            "appDisplayName S",
            "ipAddress S",
            "deviceInformation S",
            "geoCoordinates GeoCoordinates required",
            "location SigninLocation required",
            "loginStatus S required",
            "signinErrorCode L required",
            "failureReason S",
            "mfaRequired B",
            "mfaAuthDetail S",
            "mfaResult S",
        ],
    );
    check(
        "audit",
        "AuditActivityEvent",
        "id",
        Some("activityDate"),
        &[
            "id S required",
            "activity S",
            "activityDate D F required",
            "activityDateInMillis L required",
            "activityOperationType S",
            "activityResultDescription S",
            "activityResultStatus S",
            "activityStatus I",
            "activityType S",
            "actor ActorUserEntity",
            "actorType S",
            "additionalDetails [AdditionalDetail]",
            "category S",
            "componentOrSource S",
            "correlationId S",
            "domainName S",
            "internalCorrelationId S",
            "source S",
            "targets [TargetResourceUserEntity]",
            "tenantGeolocation S",
            "tenantId S",
            "tenantName S",
        ],
    );
}
