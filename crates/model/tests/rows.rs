//! Rows of every filled report, over events that mean harm: each has exactly its entity's properties, in order.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

use model::batch::RowDraft;
use model::entity::{Edm, Property};
use model::event::{
    Actor, Audit, Device, Event, Facts, Modified, Place, ProvisionedIdentity, Provisioning, RiskDetection,
    RiskState, SignIn, SignInKind, Suspect, SuspectKind, Target, Verdict,
};
use model::identity::{EventKey, Kind, Vendor};
use model::reports::{self, CountedWindow, Face, ReportDef, Rows};
use model::tenant::TenantId;
use model::time::Timestamp;
use model::usage::Counted;
use proptest::prelude::*;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;

/// The names of a JSON object in the order of its text, twice-given ones twice.
struct Names(Vec<String>);

impl<'de> serde::Deserialize<'de> for Names {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Names, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Names;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Names, M::Error> {
                let mut names = Vec::new();
                while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// Checks that a row is one JSON object with exactly the properties of its report, in order, each of its type.
fn check(report: &ReportDef, json: &[u8]) {
    let names: Names = serde_json::from_slice(json).unwrap();
    let expected: Vec<&str> = report
        .entity
        .properties
        .iter()
        .map(|property| property.name)
        .collect();
    assert_eq!(names.0, expected, "{}", report.name);
    let row: Value = serde_json::from_slice(json).unwrap();
    check_object(report.name, report.entity.properties, &row);
    assert!(!json.contains(&b'\n'), "a row is one line");
}

fn check_object(path: &str, properties: &[Property], object: &Value) {
    let members = object.as_object().unwrap();
    let declared = |name: &str| properties.iter().any(|property| property.name == name);
    for name in members.keys() {
        assert!(
            name.starts_with('@') || declared(name),
            "{path} does not declare {name}"
        );
    }
    for property in properties {
        let path = format!("{path}.{}", property.name);
        let value = &object[property.name];
        if value.is_null() {
            assert!(
                property.nullable && members.contains_key(property.name),
                "{path} is null"
            );
            continue;
        }
        let fits = match property.edm {
            Edm::String => value.is_string(),
            Edm::DateTimeOffset => value
                .as_str()
                .is_some_and(|text| Timestamp::parse_vendor(text).is_ok()),
            Edm::Int32 => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            Edm::Int64 => value.is_i64(),
            Edm::Double => value.is_f64(),
            Edm::Guid => value
                .as_str()
                .is_some_and(|text| uuid::Uuid::try_parse(text).is_ok()),
            Edm::Boolean => value.is_boolean(),
            Edm::Complex(complex) if complex.open => value.as_object().unwrap().values().all(Value::is_i64),
            Edm::Complex(complex) => {
                check_object(&path, complex.properties, value);
                true
            }
            Edm::Collection(complex) => {
                value
                    .as_array()
                    .unwrap()
                    .iter()
                    .for_each(|item| check_object(&path, complex.properties, item));
                true
            }
        };
        assert!(fits, "{path} is {value}");
    }
}

/// What an event gives: the stored rows as they are, and the rendered ones made of them.
fn all_rows(event: &Event, key: &EventKey) -> Vec<(&'static ReportDef, Vec<u8>)> {
    let stored: Vec<RowDraft> = reports::project(event, key);
    let mut rows = Vec::new();
    for report in reports::ALL {
        let of = |number: u16| stored.iter().find(|row| row.report == number);
        match report.rows {
            Rows::Stored(_) => rows.extend(of(report.number).map(|row| (*report, row.json.clone()))),
            Rows::Rendered { from, render } => {
                let json = of(from.number).and_then(|row| render(&row.json, &row.particulars));
                rows.extend(json.map(|json| (*report, json)));
            }
            Rows::Counted { .. } | Rows::One(_) | Rows::Empty => {}
        }
    }
    rows
}

/// Text that has broken writers of JSON, of details and of lists before; or any text; or very much of it.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"},{\"id\":\"forged".to_owned()),
        Just("a\nb\r\tc\u{0}\u{1}\u{1f}\u{7f}".to_owned()),
        Just("\u{2028}\u{2029}\u{feff}\u{202e}".to_owned()),
        Just("UPN=root; ObjectId=1 | Type=User".to_owned()),
        Just("[\"a\",,\"]".to_owned()),
        Just("\\u0000\\".to_owned()),
        (1..20_000_usize).prop_map(|length| "x".repeat(length)),
        ".{0,40}",
    ]
}

/// Words that decide into which report an audit goes.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Self-service Password Management".to_owned()),
        Just("Self-service Group Management".to_owned()),
        Just("Core Directory".to_owned()),
        Just("B2C".to_owned()),
        Just("Exchange token".to_owned()),
        Just("Send SMS to verify phone number".to_owned()),
        Just("ApplicationId".to_owned()),
        Just("UserManagement".to_owned()),
        Just("Reset password (self-service)".to_owned()),
        Just("Self-service password reset flow activity progress".to_owned()),
        Just("User registered security info".to_owned()),
        Just("User registered Mobile Phone SMS".to_owned()),
        Just("User abandoned after entering their user ID".to_owned()),
        Just("Add member to role".to_owned()),
        Just("MethodsUsedForValidation".to_owned()),
        Just("Group.DisplayName".to_owned()),
        Just("User".to_owned()),
        Just("Group".to_owned()),
        Just("success".to_owned()),
        Just("failure".to_owned()),
    ]
}

fn maybe() -> impl Strategy<Value = Option<String>> {
    prop_oneof![2 => Just(None), 2 => hostile().prop_map(Some), 3 => words().prop_map(Some)]
}

fn list_of_maybe<const N: usize>() -> impl Strategy<Value = [Option<String>; N]> {
    prop::collection::vec(maybe(), N).prop_map(|list| list.try_into().unwrap())
}

fn targets() -> impl Strategy<Value = Target> {
    let modified = list_of_maybe::<3>().prop_map(|[name, old, new]| Modified { name, old, new });
    (list_of_maybe::<4>(), prop::collection::vec(modified, 0..3)).prop_map(
        |([resource_type, id, display_name, user_principal_name], modified)| Target {
            resource_type,
            id,
            display_name,
            user_principal_name,
            modified,
        },
    )
}

fn audits() -> impl Strategy<Value = Audit> {
    let details = prop::collection::vec((prop_oneof![hostile(), words()], maybe()), 0..3);
    (
        list_of_maybe::<7>(),
        list_of_maybe::<8>(),
        prop::collection::vec(targets(), 0..3),
        details,
    )
        .prop_map(|(own, actor, targets, additional_details)| {
            let [
                activity,
                category,
                operation_type,
                result,
                result_reason,
                logged_by_service,
                correlation_id,
            ] = own;
            let [
                user_id,
                user_principal_name,
                user_display_name,
                ip_address,
                app_id,
                app_display_name,
                principal,
                name,
            ] = actor;
            Audit {
                activity,
                category,
                operation_type,
                result,
                result_reason,
                logged_by_service,
                correlation_id,
                actor: Actor {
                    user_id,
                    user_principal_name,
                    user_display_name,
                    ip_address,
                    app_id,
                    app_display_name,
                    service_principal_id: principal,
                    service_principal_name: name,
                },
                targets,
                additional_details,
            }
        })
}

fn sign_ins() -> impl Strategy<Value = SignIn> {
    let kind = prop_oneof![
        Just(SignInKind::Interactive),
        Just(SignInKind::NonInteractive),
        Just(SignInKind::ServicePrincipal),
        Just(SignInKind::ManagedIdentity),
    ];
    let numbers = (
        any::<Option<f64>>(),
        any::<Option<f64>>(),
        any::<i64>(),
        any::<Option<bool>>(),
    );
    (
        kind,
        list_of_maybe::<8>(),
        list_of_maybe::<8>(),
        list_of_maybe::<4>(),
        numbers,
    )
        .prop_map(
            |(kind, names, more, device, (latitude, longitude, error_code, mfa_required))| {
                let [
                    user_id,
                    user_principal_name,
                    user_display_name,
                    app_id,
                    app_display_name,
                    principal,
                    name,
                    address,
                ] = names;
                let [
                    city,
                    state,
                    country,
                    failure_reason,
                    mfa_method,
                    mfa_result,
                    client_app,
                    correlation_id,
                ] = more;
                let [id, display_name, operating_system, browser] = device;
                SignIn {
                    kind,
                    user_id,
                    user_principal_name,
                    user_display_name,
                    app_id,
                    app_display_name,
                    service_principal_id: principal,
                    service_principal_name: name,
                    ip_address: address,
                    location: Place {
                        city,
                        state,
                        country,
                        latitude,
                        longitude,
                    },
                    device: Device {
                        id,
                        display_name,
                        operating_system,
                        browser,
                    },
                    client_app,
                    error_code,
                    failure_reason,
                    mfa_required,
                    mfa_method,
                    mfa_result,
                    correlation_id,
                    ..SignIn::default()
                }
            },
        )
}

fn provisionings() -> impl Strategy<Value = Provisioning> {
    let modified = list_of_maybe::<3>().prop_map(|[name, old, new]| Modified { name, old, new });
    let identity = || {
        list_of_maybe::<4>().prop_map(|[identity_type, id, display_name, user_principal_name]| {
            ProvisionedIdentity {
                identity_type,
                id,
                display_name,
                user_principal_name,
            }
        })
    };
    (
        list_of_maybe::<8>(),
        identity(),
        identity(),
        prop::collection::vec(modified, 0..4),
    )
        .prop_map(|(own, source, target, modified)| {
            let [
                job_id,
                action,
                status,
                name,
                instance_name,
                source_system,
                target_system,
                joining_property,
            ] = own;
            Provisioning {
                job_id,
                action,
                status,
                service_principal_name: name,
                instance_name,
                source_system,
                target_system,
                source,
                target,
                joining_property,
                modified,
                ..Provisioning::default()
            }
        })
}

fn suspects() -> impl Strategy<Value = Suspect> {
    let kind = prop_oneof![Just(SuspectKind::User), Just(SuspectKind::ServicePrincipal)];
    (kind, list_of_maybe::<4>()).prop_map(
        |(kind, [id, user_principal_name, display_name, app_id])| Suspect {
            kind,
            id,
            user_principal_name,
            display_name,
            app_id,
        },
    )
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    let state = prop_oneof![
        3 => prop::sample::select(vec!["atRisk", "remediated", "dismissed", "confirmedSafe", "none"])
            .prop_map(|state| Some(state.to_owned())),
        1 => maybe(),
    ];
    (maybe(), state, maybe()).prop_map(|(level, state, detail)| Verdict { level, state, detail })
}

fn detections() -> impl Strategy<Value = RiskDetection> {
    let event_type = prop_oneof![
        8 => prop::sample::select(vec![
            "unlikelyTravel", "anonymizedIPAddress", "maliciousIPAddress", "malwareInfectedIPAddress",
            "leakedCredentials", "passwordSpray", "generic", "mcasSuspiciousInboxManipulationRules",
        ]).prop_map(|word| Some(word.to_owned())),
        1 => maybe(),
    ];
    let times = (any::<Option<i32>>(), any::<Option<i32>>());
    (suspects(), event_type, verdicts(), list_of_maybe::<9>(), times).prop_map(
        |(suspect, event_type, verdict, texts, (activity, detected))| {
            let [
                linked_to,
                source,
                ip_address,
                city,
                state,
                country,
                user_agent,
                malware_name,
                request_id,
            ] = texts;
            let time = |seconds: i32| Timestamp::from_unix_seconds(i64::from(seconds));
            RiskDetection {
                suspect,
                event_type,
                verdict,
                linked_to,
                source,
                ip_address,
                location: Place {
                    city,
                    state,
                    country,
                    ..Place::default()
                },
                user_agent,
                malware_name,
                activity_time: activity.map(time),
                detected_time: detected.map(time),
                request_id,
                ..RiskDetection::default()
            }
        },
    )
}

fn events() -> impl Strategy<Value = Event> {
    let facts = prop_oneof![
        2 => audits().prop_map(|audit| Facts::Audit(Box::new(audit))),
        1 => sign_ins().prop_map(|sign_in| Facts::SignIn(Box::new(sign_in))),
        1 => provisionings().prop_map(|provisioning| Facts::Provisioning(Box::new(provisioning))),
        2 => detections().prop_map(|detection| Facts::RiskDetection(Box::new(detection))),
        1 => (suspects(), verdicts()).prop_map(|(suspect, verdict)| Facts::RiskState(Box::new(RiskState {
            suspect,
            verdict,
            ..RiskState::default()
        }))),
    ];
    let times = Timestamp::MIN.ticks()..=Timestamp::MAX.ticks();
    (facts, maybe(), times, any::<Option<u128>>()).prop_map(|(facts, vendor_id, ticks, tenant)| Event {
        vendor: Vendor::Entra,
        vendor_id,
        time: Timestamp::from_ticks(ticks),
        updated: None,
        tenant: tenant.map(|tenant| TenantId::new(uuid::Uuid::from_u128(tenant))),
        facts,
    })
}

/// The time that orders the rows of a report must be the event's own, to the tick.
fn check_time_and_id(report: &ReportDef, json: &[u8], event: &Event, key: &EventKey) {
    let row: Value = serde_json::from_slice(json).unwrap();
    let time = row[report.time_property.unwrap()].as_str().unwrap();
    assert_eq!(
        Timestamp::parse_vendor(time).unwrap(),
        event.time,
        "{}",
        report.name
    );
    if event.kind() == Kind::RiskDetection {
        // A GUID whatever the vendor's id is; `check` has seen to that.
        return;
    }
    let id = event.vendor_id.clone().unwrap_or_else(|| key.guid().to_string());
    let told = row.get("EventId").unwrap_or(&row["id"]);
    assert_eq!(told.as_str(), Some(id.as_str()), "{}", report.name);
}

/// Microsoft's own definition of allUsersWithAnomalousSignInActivityEvents.
const SIX: [&str; 6] = [
    "signInsFromUnknownSourcesEvents",
    "signInsAfterMultipleFailuresEvents",
    "signInsFromMultipleGeographiesEvents",
    "signInsFromIPAddressesWithSuspiciousActivityEvents",
    "signInsFromPossiblyInfectedDevicesEvents",
    "irregularSignInActivityEvents",
];

proptest! {
    #[test]
    fn every_row_has_exactly_its_entitys_properties_in_order(event in events()) {
        let key = EventKey::from_fields("test/1", event.kind(), &["1"]);
        for (report, json) in all_rows(&event, &key) {
            check(report, &json);
            check_time_and_id(report, &json, &event, &key);
        }
    }

    #[test]
    fn every_event_is_shown_by_the_reports_of_its_kind(event in events()) {
        let rows = all_rows(&event, &EventKey::from_fields("test/1", event.kind(), &["1"]));
        let shown: Vec<&str> = rows.iter().map(|(report, _)| report.name).collect();
        match event.kind() {
            Kind::Audit => {
                prop_assert!(shown.contains(&"auditEvents") && shown.contains(&"audit"));
                let password = shown.iter().filter(|name| name.starts_with("sspr")).count();
                prop_assert!(password <= 1, "a reset or a registration, not both");
            }
            Kind::SignIn => prop_assert!(shown.contains(&"signinEvents")),
            Kind::Provisioning => prop_assert_eq!(&shown, &["accountProvisioningEvents"]),
            Kind::RiskDetection => {
                let six = shown.iter().filter(|name| SIX.contains(name)).count();
                let all = shown.iter().filter(|name| **name == "allUsersWithAnomalousSignInActivityEvents").count();
                prop_assert!(six == all && six <= 1, "exactly the union of the six: {shown:?}");
                let Facts::RiskDetection(detection) = &event.facts else { unreachable!() };
                prop_assert!(detection.verdict.stands() || shown.is_empty(), "{shown:?}");
            }
            Kind::RiskState => prop_assert!(shown.is_empty(), "{shown:?}"),
            Kind::Finding => unreachable!("they have tests of their own"),
        }
    }

    /// What auditEvents lists for all targets together, /activities/audit gives back to each.
    #[test]
    fn no_change_of_a_target_is_lost_or_moved(audit in audits()) {
        let targets = audit.targets.clone();
        let event = Event {
            vendor: Vendor::Entra,
            vendor_id: None,
            time: Timestamp::from_unix_seconds(0),
            updated: None,
            tenant: None,
            facts: Facts::Audit(Box::new(audit)),
        };
        let rows = all_rows(&event, &EventKey::from_fields("test/1", Kind::Audit, &["1"]));
        let (_, json) = rows.iter().find(|(report, _)| report.name == "audit").unwrap();
        let item: Value = serde_json::from_slice(json).unwrap();
        let shown = item["targets"].as_array().unwrap();
        prop_assert_eq!(shown.len(), targets.len());
        for (shown, target) in shown.iter().zip(&targets) {
            prop_assert_eq!(shown["objectId"].as_str(), target.id.as_deref());
            let changes = shown["modifiedProperties"].as_array().unwrap();
            prop_assert_eq!(changes.len(), target.modified.len());
            for (change, modified) in changes.iter().zip(&target.modified) {
                prop_assert_eq!(change["name"].as_str(), modified.name.as_deref());
                prop_assert_eq!(change["newValue"].as_str(), modified.new.as_deref());
            }
        }
    }

    #[test]
    fn a_count_fits_its_entity_whatever_things_are_called(
        key in hostile(), name in prop::option::of(hostile()), title in prop::option::of(hostile()),
        amounts in [0..i64::from(i32::MAX / 3), 0..i64::from(i32::MAX / 3), 0..i64::from(i32::MAX / 3)], others in 0_i64..1_000,
    ) {
        for report in reports::ALL {
            if let Rows::Counted { render, .. } = report.rows {
                check(report, &render(&Counted {
                    id: uuid::Uuid::from_u128(7),
                    day: Timestamp::from_unix_seconds(86_400 * 17_000),
                    key: &key,
                    name: name.as_deref(),
                    title: title.as_deref(),
                    amounts,
                    others,
                    ways: &BTreeMap::from([(key.clone(), amounts[0]), ("SMS".to_owned(), amounts[1])]),
                }));
            }
        }
    }

    /// A stored row that was damaged must not take the service down.
    #[test]
    fn no_stored_row_makes_a_renderer_panic(row in prop::collection::vec(any::<u8>(), 0..80), particulars in ".{0,80}") {
        for report in reports::ALL {
            if let Rows::Rendered { render, .. } = report.rows {
                let _ = render(&row, particulars.as_bytes());
            }
        }
    }
}

#[test]
fn a_count_is_one_item_of_the_entitys_shape() {
    let at = |text| Timestamp::parse_vendor(text).unwrap();
    let some = BTreeMap::from([("SMS".to_owned(), 40), ("\"},{\"a\":\"".to_owned(), 2)]);
    for name in ["b2cAuthenticationCount", "b2cMfaRequestCount"] {
        let report = reports::by_name(Face::Reports, name).unwrap();
        let Rows::One(count) = report.rows else {
            panic!("{name} has more than one item")
        };
        for ways in [&BTreeMap::new(), &some] {
            let counted = CountedWindow {
                start: at("2016-10-15"),
                end: at("2016-11-15"),
                ways,
            };
            check(report, &(count.render)(&counted));
        }
    }
}
