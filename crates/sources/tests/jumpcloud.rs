//! JumpCloud Directory Insights, on events written by hand in the shapes that JumpCloud documents and public samples have.

#![allow(clippy::needless_pass_by_value)] // So that cases read like data.

mod common;

use common::{audit, one, or_dash, read, refusal, sign_in, text};
use model::event::{Actor, Audit, Device, Modified, Place, SignIn, SignInKind, Target};
use model::identity::{EventKey, Kind, Vendor};
use serde_json::{Value, json};
use sources::{Choice, Understanding, Understood};

const EVENTS: &[u8] = include_bytes!("fixtures/jumpcloud.jsonl");

fn events() -> Vec<Understood> {
    read(EVENTS)
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Event(understood) => Some(*understood),
            Understanding::Ignored { reason } => {
                assert_eq!(
                    reason,
                    "JumpCloud event `mdm_command_result` of the service `mdm` fills no report"
                );
                None
            }
            other => panic!("line {}: {other:?}", record.line),
        })
        .collect()
}

#[test]
fn every_field_of_a_sign_in_arrives() {
    let events = events();
    assert_eq!(events.len(), 10);
    let event = &events[0].event;
    assert_eq!(events[0].format, "jumpcloud");
    assert_eq!((event.vendor, event.tenant), (Vendor::JumpCloud, None));
    assert_eq!(event.time.to_string(), "2026-03-02T08:15:30.495Z");
    assert_eq!(
        events[0].key,
        EventKey::from_vendor_id(Vendor::JumpCloud, Kind::SignIn, "648c6c758c2ac07fa1fd0001")
    );
    assert_eq!(
        *sign_in(&events[0]),
        SignIn {
            kind: SignInKind::Interactive,
            user_id: text("603e0c284295c570a1790001"),
            user_principal_name: text("ann"),
            app_display_name: text("JumpCloud User Portal"),
            ip_address: text("203.0.113.7"),
            location: Place {
                city: None,
                state: text("Paris"),
                country: text("FR"),
                latitude: Some(48.83),
                longitude: Some(2.41),
            },
            device: Device {
                id: text("61958333dd6a1b033f2b0001"),
                display_name: text("LAPTOP-1"),
                operating_system: text("Mac OS X 10.15.7"),
                browser: text("Chrome 114.0.0.0"),
            },
            client_app: text("Browser"),
            mfa_required: Some(true),
            mfa_method: text("totp"),
            ..SignIn::default()
        }
    );
}

#[test]
fn each_door_tells_who_came_where_and_what_became_of_it() {
    let told: Vec<String> = events()
        .iter()
        .filter(|event| event.event.kind() == Kind::SignIn)
        .map(|event| {
            let sign_in = sign_in(event);
            format!(
                "{} {} at {} from {} by {}: {} {}",
                sign_in.kind.as_str(),
                or_dash(sign_in.user_principal_name.as_ref()),
                or_dash(sign_in.app_display_name.as_ref()),
                or_dash(sign_in.ip_address.as_ref()),
                or_dash(sign_in.client_app.as_ref()),
                sign_in.error_code,
                or_dash(sign_in.failure_reason.as_ref()),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "interactiveUser ann at JumpCloud User Portal from 203.0.113.7 by Browser: 0 -",
            "interactiveUser ann at JumpCloud User Portal from 198.51.100.9 by -: 1 password failed",
            "interactiveUser admin@contoso.example at JumpCloud Admin Portal from 203.0.113.7 by Browser: 0 -",
            "interactiveUser ann at Google Workspace from 203.0.113.7 by saml: 1 not authorized",
            "nonInteractiveUser bo at JumpCloud RADIUS from 203.0.113.14 by RADIUS: 1 mschap: MS-CHAP2-Response is incorrect",
            "nonInteractiveUser bo at JumpCloud LDAP from 203.0.113.15 by LDAP: 49 -",
            "interactiveUser bo at JumpCloud device login from 203.0.113.16 by sshd: 0 -",
        ]
    );
    assert_eq!(
        sign_in(&events()[6]).resource_display_name.as_deref(),
        Some("SERVER-1")
    );
    assert_eq!(
        sign_in(&events()[3]).app_id.as_deref(),
        Some("60d05c1385450d17af700001")
    );
}

#[test]
fn every_field_of_a_change_arrives() {
    let events = events();
    let admin = Actor {
        user_id: text("61e536ebdbbe784cb2e50001"),
        user_principal_name: text("admin@contoso.example"),
        ip_address: text("203.0.113.7"),
        ..Actor::default()
    };
    let cy = Target {
        resource_type: text("User"),
        id: text("6127579ec58b6d6144c00001"),
        user_principal_name: text("cy"),
        ..Target::default()
    };
    assert_eq!(
        *audit(&events[7]),
        Audit {
            activity: text("Add user"),
            category: text("UserManagement"),
            result: text("success"),
            logged_by_service: text("JumpCloud"),
            actor: admin.clone(),
            targets: vec![cy.clone()],
            additional_details: vec![
                ("event_type".to_owned(), text("user_create")),
                ("auth_method".to_owned(), text("session")),
            ],
            ..Audit::default()
        }
    );
    // It does not say whether it was done.
    assert_eq!(
        *audit(&events[8]),
        Audit {
            activity: text("Update user"),
            category: text("UserManagement"),
            logged_by_service: text("JumpCloud"),
            actor: admin.clone(),
            targets: vec![Target {
                modified: vec![
                    Modified {
                        name: text("company"),
                        old: text("Contoso"),
                        new: text("Contoso Ltd"),
                    },
                    Modified {
                        name: text("suspended"),
                        old: text("false"),
                        new: text("true"),
                    },
                ],
                ..cy.clone()
            }],
            additional_details: vec![
                ("event_type".to_owned(), text("user_update")),
                ("auth_method".to_owned(), text("api key")),
                ("initiated_by.source".to_owned(), text("scim")),
            ],
            ..Audit::default()
        }
    );
    let group = Target {
        resource_type: text("Group"),
        id: text("6447f8a7caa17d71c56b0001"),
        display_name: text("Finance"),
        ..Target::default()
    };
    let membership = audit(&events[9]);
    assert_eq!(membership.activity.as_deref(), Some("Add member to group"));
    assert_eq!(membership.category.as_deref(), Some("GroupManagement"));
    assert_eq!(membership.targets, [cy, group]);
}

fn event(more: Value) -> Value {
    let mut event = json!({ "event_type": "user_update", "service": "directory", "organization": "1", "id": "2",
        "timestamp": "2026-03-02T09:00:00Z", "initiated_by": {"id": "a", "type": "admin", "email": "admin@contoso.example"},
        "resource": {"id": "b", "type": "user", "username": "cy"} });
    for (name, value) in more.as_object().into_iter().flatten() {
        event[name] = value.clone();
    }
    event
}

fn check_activity(more: Value, expected: &str) {
    let understood = one(&event(more.clone()).to_string());
    assert_eq!(audit(&understood).activity.as_deref(), Some(expected), "{more}");
}

#[test]
fn events_have_the_old_services_words_where_it_had_one() {
    for (event_type, expected) in [
        ("user_delete", "Delete user"),
        ("user_password_change", "Change user password"),
        ("user_password_reset", "Reset user password"),
        ("user_suspended", "Disable account"),
        ("user_unlocked", "Unlock user account"),
        ("group_create", "Add group"),
        ("group_delete", "Delete group"),
        ("user_password_reset_request", "user_password_reset_request"),
        ("admin_create", "admin_create"),
        ("policy_update", "policy_update"),
    ] {
        check_activity(json!({ "event_type": event_type }), expected);
    }
    let set = |by: &str| json!({ "event_type": "user_password_set", "initiated_by": {"id": by, "type": "user", "username": "x"} });
    check_activity(set("b"), "Change user password");
    check_activity(set("a"), "Reset user password");
}

#[test]
fn a_machine_that_did_it_is_no_person() {
    let understood = one(&event(
        json!({ "initiated_by": {"id": "s", "type": "system", "name": "connector"} }),
    )
    .to_string());
    let actor = &audit(&understood).actor;
    assert_eq!(
        (
            actor.user_id.as_deref(),
            actor.app_id.as_deref(),
            actor.app_display_name.as_deref()
        ),
        (None, Some("s"), Some("connector"))
    );
}

fn check_refused(more: Value, expected: &str) {
    let told = refusal(Choice::Auto, &event(more.clone()).to_string());
    assert!(told.contains(expected), "{told} for {more}");
}

#[test]
fn what_lacks_something_says_what() {
    check_refused(
        json!({ "timestamp": null }),
        "rejected: it does not say when it happened: it has no `timestamp`",
    );
    check_refused(
        json!({ "event_type": "sso_auth" }),
        "rejected: it does not say whether the sign-in succeeded: it has neither `success` nor `sso_token_success`",
    );
    check_refused(
        json!({ "event_type": "ldap_search", "service": "ldap" }),
        "ignored: JumpCloud event `ldap_search`",
    );
    check_refused(
        json!({ "event_type": "user_activation_email" }),
        "ignored: JumpCloud event `user_activation_email`",
    );
    check_refused(
        json!({ "organization": null, "initiated_by": null }),
        "rejected: no format recognises it",
    );
}

#[test]
fn events_without_id_differ_by_what_they_say() {
    let key = |more: Value| {
        let mut own = event(json!({ "id": null }));
        for (name, value) in more.as_object().into_iter().flatten() {
            own[name] = value.clone();
        }
        one(&own.to_string()).key
    };
    let plain = key(json!({}));
    assert_eq!(key(json!({ "@version": "2", "geoip": {} })), plain);
    for other in [
        json!({ "timestamp": "2026-03-02T09:00:01Z" }),
        json!({ "client_ip": "203.0.113.7" }),
        json!({ "resource": {"id": "c"} }),
        json!({ "event_type": "user_delete" }),
    ] {
        assert_ne!(key(other.clone()), plain, "{other}");
    }
}
