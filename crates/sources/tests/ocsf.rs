//! OCSF events, written by hand after the schema and its public examples.

#![allow(clippy::needless_pass_by_value)] // So that cases read like data.

mod common;

use common::{audit, one, or_dash, read, refusal, sign_in, text};
use model::event::{Actor, Audit, Device, Place, SignIn, SignInKind, Target};
use model::identity::{EventKey, Kind, Vendor};
use serde_json::{Value, json};
use sources::{Choice, Understanding, Understood};

const EVENTS: &[u8] = include_bytes!("fixtures/ocsf.jsonl");

fn events() -> Vec<Understood> {
    read(EVENTS)
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Event(understood) => Some(*understood),
            Understanding::Ignored { .. } => None,
            other => panic!("line {}: {other:?}", record.line),
        })
        .collect()
}

#[test]
fn every_field_of_an_authentication_arrives() {
    let events = events();
    assert_eq!(events.len(), 6);
    let event = &events[0].event;
    assert_eq!(events[0].format, "ocsf");
    assert_eq!((event.vendor, event.tenant), (Vendor::Ocsf, None));
    assert_eq!(event.time.to_string(), "2026-03-02T08:15:30.495Z");
    // Whose id it is stands in it: another product may have the same.
    assert_eq!(
        events[0].key,
        EventKey::from_vendor_id(
            Vendor::Ocsf,
            Kind::SignIn,
            "aws/cloudtrail/7dd15a89-ae0f-4340-8e6c-d6981246c701"
        )
    );
    assert_eq!(
        *sign_in(&events[0]),
        SignIn {
            kind: SignInKind::Interactive,
            user_id: text("AIDA2W7SOKHDM47U0001"),
            user_principal_name: text("ann@contoso.example"),
            user_display_name: text("Ann Berg"),
            app_id: text("svc-1"),
            app_display_name: text("Console"),
            resource_display_name: text("signin.example"),
            ip_address: text("203.0.113.7"),
            location: Place {
                city: text("Oslo"),
                state: text("NO-03"),
                country: text("NO"),
                latitude: Some(59.91),
                longitude: Some(10.75),
            },
            device: Device {
                display_name: text("laptop-1"),
                operating_system: text("Windows 10"),
                ..Device::default()
            },
            client_app: text("SAML"),
            user_agent: text("Mozilla/5.0"),
            mfa_required: Some(true),
            mfa_method: text("OTP"),
            correlation_id: text("c-1"),
            ..SignIn::default()
        }
    );
}

#[test]
fn failures_keep_the_products_code_and_marks_for_nothing_are_nothing() {
    let events = events();
    let told: Vec<String> = [1, 5]
        .iter()
        .map(|index| {
            let sign_in = sign_in(&events[*index]);
            format!(
                "{} {} {} {} {}: {} {}",
                or_dash(sign_in.user_id.as_ref()),
                or_dash(sign_in.user_principal_name.as_ref()),
                or_dash(sign_in.ip_address.as_ref()),
                or_dash(sign_in.app_display_name.as_ref()),
                or_dash(sign_in.client_app.as_ref()),
                sign_in.error_code,
                or_dash(sign_in.failure_reason.as_ref()),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            // 0xC000006A
            "- CONTOSO\\bo - DC-1 NTLM: 3221225578 INVALID_CREDENTIALS",
            "- CONTOSO\\bo 203.0.113.20 krbtgt Kerberos: 24 -",
        ]
    );
}

#[test]
fn every_field_of_a_change_arrives() {
    let events = events();
    let cy = Target {
        resource_type: text("User"),
        id: text("AIDA2W7SOKHDM47U0002"),
        user_principal_name: text("cy"),
        ..Target::default()
    };
    assert_eq!(events[2].event.time.to_string(), "2026-03-02T09:00:00Z");
    assert_eq!(
        *audit(&events[2]),
        Audit {
            activity: text("Add user"),
            category: text("UserManagement"),
            result: text("success"),
            logged_by_service: text("AWS CloudTrail"),
            actor: Actor {
                user_id: text("AROA2W7SOKHDLNCO0001"),
                user_principal_name: text("admin"),
                app_display_name: text("console.example"),
                ip_address: text("198.51.100.9"),
                ..Actor::default()
            },
            targets: vec![cy.clone()],
            additional_details: vec![
                ("activity_name".to_owned(), text("Create")),
                ("api.operation".to_owned(), text("CreateUser")),
            ],
            ..Audit::default()
        }
    );
    assert_eq!(
        *audit(&events[3]),
        Audit {
            activity: text("Attach Policy"),
            category: text("UserManagement"),
            result: text("failure"),
            result_reason: text("AccessDenied"),
            logged_by_service: text("AWS CloudTrail"),
            actor: Actor {
                app_id: text("app-1"),
                app_display_name: text("terraform"),
                ..Actor::default()
            },
            targets: vec![
                cy,
                Target {
                    resource_type: text("Policy"),
                    id: text("pol-1"),
                    display_name: text("AdministratorAccess"),
                    ..Target::default()
                }
            ],
            ..Audit::default()
        }
    );
    let membership = audit(&events[4]);
    assert_eq!(membership.activity.as_deref(), Some("Add member to group"));
    let targets: Vec<Option<&str>> = membership.targets.iter().map(Target::name).collect();
    assert_eq!(targets, [Some("cy@contoso.example"), Some("Finance")]);
    assert_eq!(membership.targets[1].resource_type.as_deref(), Some("Group"));
}

#[test]
fn what_fills_no_report_is_counted_by_class_and_activity() {
    let reasons: Vec<String> = read(EVENTS)
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Ignored { reason } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "OCSF class 3002 (Authentication), activity 2 fills no report",
            "OCSF class 3002 (Authentication) of a computer's account fills no report",
            "OCSF class 4001 fills no report",
            "OCSF class 201003 fills no report",
        ]
    );
}

fn event(more: Value) -> Value {
    let mut event = json!({ "activity_id": 1, "category_uid": 3, "class_uid": 3002, "time": 1_772_439_330_495_i64, "status_id": 1,
        "metadata": {"version": "1.0.0", "uid": "1", "product": {"name": "Directory", "vendor_name": "Contoso"}},
        "user": {"name": "ann"}, "service": {"name": "Portal"} });
    for (name, value) in more.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event
}

fn check_refused(more: Value, expected: &str) {
    let told = refusal(Choice::Auto, &event(more.clone()).to_string());
    assert!(told.contains(expected), "{told} for {more}");
}

#[test]
fn what_only_looks_like_an_event_is_none() {
    for more in [
        json!({ "category_uid": 4 }),
        json!({ "class_uid": "abc" }),
        json!({ "class_uid": -3002, "category_uid": -3 }),
        json!({ "category_uid": null, "metadata": {"version": "1.0.0"} }),
        json!({ "category_uid": null, "metadata": {"product": {"name": "x"}} }),
        json!({ "category_uid": "identity" }),
    ] {
        check_refused(more, "rejected: no format recognises it");
    }
    let without_category = one(&event(json!({ "category_uid": null })).to_string());
    assert_eq!(without_category.format, "ocsf");
}

#[test]
fn what_lacks_something_says_what() {
    check_refused(
        json!({ "time": null }),
        "rejected: it does not say when it happened: it has no `time`; export that too",
    );
    for time in [
        json!(1_772_439_330),
        json!(1_772_439_330_495_000_i64),
        json!("1772439330"),
    ] {
        check_refused(
            json!({ "time": time }),
            "which is not the number of milliseconds since 1970 of any time",
        );
    }
    for status in [
        json!({ "status_id": 0 }),
        json!({ "status_id": 99, "status": "pending" }),
        json!({ "status_id": null }),
    ] {
        check_refused(status, "rejected: it does not say whether the sign-in succeeded");
    }
    check_refused(
        json!({ "logon_type_id": 5 }),
        "ignored: OCSF class 3002 (Authentication), logon type 5",
    );
    check_refused(
        json!({ "activity_id": 3 }),
        "ignored: OCSF class 3002 (Authentication), activity 3",
    );
    check_refused(
        json!({ "activity_id": 99 }),
        "ignored: OCSF class 3002 (Authentication), activity 99",
    );
    check_refused(
        json!({ "activity_id": null }),
        "ignored: OCSF class 3002 (Authentication), activity (none)",
    );
}

#[test]
fn a_time_in_words_counts_where_the_number_is_missing() {
    let understood = one(&event(json!({ "time": null, "time_dt": "2026-03-02T08:15:30.495Z" })).to_string());
    assert_eq!(
        understood.event.time,
        one(&event(json!({})).to_string()).event.time
    );
}

#[test]
fn coordinates_have_the_longitude_first() {
    let source = json!({ "ip": "203.0.113.7", "location": {"coordinates": [10.75, 59.91]} });
    let understood = one(&event(json!({ "src_endpoint": source })).to_string());
    let place = &sign_in(&understood).location;
    assert_eq!((place.latitude, place.longitude), (Some(59.91), Some(10.75)));
}

#[test]
fn a_service_account_is_no_person() {
    let understood =
        one(&event(json!({ "user": {"name": "backup", "uid": "s-1", "type_id": 4} })).to_string());
    let sign_in = sign_in(&understood);
    assert_eq!(sign_in.kind, SignInKind::ServicePrincipal);
    assert_eq!(
        (
            sign_in.user_principal_name.as_deref(),
            sign_in.service_principal_name.as_deref()
        ),
        (None, Some("backup"))
    );
}

#[test]
fn the_same_id_of_another_product_is_another_event() {
    let key = |name: &str| {
        let metadata =
            json!({ "version": "1.0.0", "uid": "1", "product": {"name": name, "vendor_name": "Contoso"} });
        one(&event(json!({ "metadata": metadata })).to_string()).key
    };
    assert_ne!(key("Directory"), key("Gateway"));
    assert_eq!(key("Directory"), key("directory"));
}

#[test]
fn when_collectors_handled_it_is_no_change() {
    let rank = |more: Value| {
        let mut metadata = json!({ "version": "1.0.0", "uid": "1", "product": {"name": "Directory", "vendor_name": "Contoso"} });
        for (name, value) in more.as_object().into_iter().flatten() {
            metadata[name] = value.clone();
        }
        one(&event(json!({ "metadata": metadata })).to_string()).rank
    };
    let plain = rank(json!({}));
    assert_eq!(
        rank(json!({ "logged_time": 1, "processed_time": 2, "processed_time_dt": "x" })),
        plain
    );
    assert_ne!(rank(json!({ "event_code": "x" })), plain);
    let modified = rank(json!({ "modified_time": 1_772_439_400_000_i64 }));
    assert_eq!(modified.updated.unwrap().to_string(), "2026-03-02T08:16:40Z");
}

#[test]
fn events_without_id_differ_by_what_they_say() {
    let key = |more: Value| {
        let mut own = event(json!({ "metadata": {"version": "1.0.0", "product": {"name": "Directory"}} }));
        for (name, value) in more.as_object().into_iter().flatten() {
            own[name] = value.clone();
        }
        one(&own.to_string()).key
    };
    let plain = key(json!({}));
    assert_eq!(key(json!({ "message": "x", "severity_id": 2 })), plain);
    for other in [
        json!({ "time": 1_772_439_330_496_i64 }),
        json!({ "user": {"name": "bo"} }),
        json!({ "src_endpoint": {"ip": "203.0.113.7"} }),
        json!({ "service": {"name": "Other"} }),
        json!({ "status_id": 2 }),
    ] {
        assert_ne!(key(other.clone()), plain, "{other}");
    }
}
