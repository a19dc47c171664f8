//! Records of Okta, Google Workspace, Auth0, Duo and OneLogin, written by us in the makers' shapes: which reports each fills, against
//! values written by hand.

#![allow(clippy::unwrap_used, reason = "the helpers of a test are part of the test")]

mod common;

use common::read;
use model::reports;
use serde_json::{Map, Value};
use sources::{Choice, Understanding, understand};
use std::path::Path;

/// A record of the folder from which the fuzzer starts, too.
fn seed(path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds");
    std::fs::read_to_string(folder.join(path).with_extension("json")).unwrap()
}

/// Each row of each event as `report: value, value`, of the properties that are asked for; what is null is `-`.
fn rows(path: &str, properties: &[&str]) -> Vec<String> {
    let mut told = Vec::new();
    for record in read(seed(path).as_bytes()) {
        let Understanding::Event(understood) = record.understanding else {
            panic!("{path}: {record:?}");
        };
        for row in understood.draft().rows {
            let report = reports::by_number(row.report).unwrap();
            let members: Map<String, Value> = serde_json::from_slice(&row.json).unwrap();
            let values: Vec<String> = properties
                .iter()
                .filter_map(|name| members.get(*name))
                .map(|value| match value {
                    Value::Null => "-".to_owned(),
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                })
                .collect();
            told.push(format!("{}: {}", report.name, values.join(", ")));
        }
    }
    told
}

fn check(path: &str, properties: &[&str], expected: &[&str]) {
    assert_eq!(rows(path, properties), expected, "{path}");
}

const AUDIT: &[&str] = &["actor", "action", "target"];
const SELF: &[&str] = &[
    "group",
    "action",
    "registrationActivity",
    "result",
    "methodsUsed",
    "userName",
];

#[test]
fn sign_ins_become_sign_ins() {
    for (path, user) in [
        ("okta/sign_in", "ann@contoso.example"),
        ("okta/sign_in_failed", "ann@contoso.example"),
        ("okta/single_sign_on", "ann@contoso.example"),
        ("google-workspace/sign_in", "ann@contoso.example"),
        ("google-workspace/sign_in_failed", "ann@contoso.example"),
        ("google-workspace/saml", "ann@contoso.example"),
        ("auth0/sign_in", "ann@contoso.example"),
        ("auth0/wrong_password", "ann@contoso.example"),
        ("duo/authentication", "ann@contoso.example"),
        ("duo/fraud", "ann@contoso.example"),
        ("duo/version_1", "ann"),
        ("duo/admin_login_failed", "bob@contoso.example"),
    ] {
        let expected = format!("signinEvents: {user}");
        check(path, &["userPrincipalName"], &[expected.as_str()]);
    }
}

/// Error code, reason, application, whether a second factor, level of risk.
fn check_sign_in(path: &str, expected: (i64, &str, &str, Option<bool>, &str)) {
    let records = read(seed(path).as_bytes());
    let [record] = records.as_slice() else {
        panic!("{path}: {records:?}")
    };
    let Understanding::Event(understood) = &record.understanding else {
        panic!("{path}: {record:?}")
    };
    let model::event::Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!("{path}: {:?}", understood.event)
    };
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let got = (
        sign_in.error_code,
        dash(&sign_in.failure_reason),
        dash(&sign_in.app_display_name),
        sign_in.mfa_required,
        dash(&sign_in.risk_level),
    );
    let (code, reason, application, second, risk) = expected;
    assert_eq!(
        got,
        (
            code,
            reason.to_owned(),
            application.to_owned(),
            second,
            risk.to_owned()
        ),
        "{path}"
    );
}

#[test]
fn a_sign_in_says_how_it_ended_and_where_to() {
    check_sign_in("okta/sign_in", (0, "-", "-", None, "medium"));
    check_sign_in("okta/sign_in_failed", (1, "INVALID_CREDENTIALS", "-", None, "-"));
    check_sign_in("okta/single_sign_on", (0, "-", "Wiki", None, "-"));
    check_sign_in("google-workspace/sign_in", (0, "-", "-", Some(true), "-"));
    check_sign_in(
        "google-workspace/sign_in_failed",
        (1, "login_failure_invalid_password", "-", None, "-"),
    );
    check_sign_in("google-workspace/saml", (0, "-", "Wiki", None, "-"));
    check_sign_in("auth0/sign_in", (0, "-", "Shop", None, "-"));
    check_sign_in(
        "auth0/wrong_password",
        (1, "Wrong email or password.", "Shop", None, "-"),
    );
    check_sign_in("auth0/client", (0, "-", "Shop", None, "-"));
    check_sign_in("duo/authentication", (0, "-", "Wiki", Some(true), "-"));
    check_sign_in("duo/fraud", (1, "user_marked_fraud", "Wiki", Some(true), "-"));
    check_sign_in("duo/version_1", (1, "Invalid passcode", "VPN", Some(true), "-"));
    check_sign_in(
        "duo/admin_login_failed",
        (1, "Login request denied.", "Duo Admin Panel", Some(true), "-"),
    );
    check_sign_in("onelogin/sign_in", (0, "-", "-", None, "-"));
    check_sign_in(
        "onelogin/sign_in_failed",
        (1, "Invalid credentials", "-", None, "-"),
    );
    check_sign_in("onelogin/application", (0, "-", "Wiki", None, "-"));
}

#[test]
fn audits_speak_the_words_of_the_old_service() {
    check(
        "okta/group_added",
        AUDIT,
        &["auditEvents: bob@contoso.example, Add member to group, ann@contoso.example"],
    );
    check(
        "okta/lower_case",
        AUDIT,
        &["auditEvents: bob@contoso.example, Add role member to Role, ann@contoso.example"],
    );
    check(
        "okta/event_hook",
        AUDIT,
        &[
            "auditEvents: bob@contoso.example, Add User, ann@contoso.example",
            "auditEvents: bob@contoso.example, Disable account, ann@contoso.example",
        ],
    );
    check(
        "google-workspace/two_events",
        AUDIT,
        &[
            "auditEvents: ann@contoso.example, Add member to group, bob@contoso.example",
            "auditEvents: ann@contoso.example, Reset user password, bob@contoso.example",
        ],
    );
    check(
        "google-workspace/page",
        AUDIT,
        &[
            "auditEvents: ann@contoso.example, logout, -",
            "auditEvents: ann@contoso.example, authorize, Notes",
        ],
    );
    check(
        "auth0/management_api",
        AUDIT,
        &["auditEvents: bob@contoso.example, Add role member to Role, auth0|ann"],
    );
    check(
        "auth0/page",
        AUDIT,
        &[
            "auditEvents: ann@contoso.example, Add User, ann@contoso.example",
            "auditEvents: ann@contoso.example, slo, -",
        ],
    );
    check(
        "duo/administrator",
        AUDIT,
        &["auditEvents: Bob Baker, Add User, ann"],
    );
    check(
        "onelogin/privilege",
        AUDIT,
        &["auditEvents: Bob Baker, Add role member to Role, Ann Archer"],
    );
    check(
        "onelogin/webhook",
        AUDIT,
        &["auditEvents: Bob Baker, Delete User, Ann Archer"],
    );
    check(
        "onelogin/page",
        AUDIT,
        &[
            "auditEvents: Bob Baker, Add User, Ann Archer",
            "auditEvents: Bob Baker, event type 211, Ann Archer",
        ],
    );
    check(
        "onelogin/password_reset",
        AUDIT,
        &["auditEvents: Bob Baker, Reset user password, Ann Archer"],
    );
}

#[test]
fn what_a_record_does_not_say_is_not_said_of_it() {
    // Of a sign-in of which nobody knows how it ended there is no row among sign-ins, as success or as failure.
    check(
        "okta/without_outcome",
        &[
            "userPrincipalName",
            "actor",
            "action",
            "activity",
            "activityResult",
        ],
        &["auditEvents: ann@contoso.example, user.session.start"],
    );
    check(
        "google-workspace/without_name",
        &["actor", "action"],
        &["auditEvents: ann@contoso.example, -"],
    );
}

#[test]
fn a_row_of_a_query_is_the_event_that_it_was_made_of() {
    check(
        "okta/columns",
        AUDIT,
        &["auditEvents: bob@contoso.example, Reset user password, ann@contoso.example"],
    );
    check(
        "okta/columns_sign_in",
        &["userPrincipalName", "ipAddress"],
        &["signinEvents: ann@contoso.example, 203.0.113.7"],
    );
}

#[test]
fn what_users_do_to_themselves_is_self_service() {
    check(
        "okta/group_joined",
        SELF,
        &[
            "ssgmGroupActivityEvents: Sales, Add member to group",
            "auditEvents: Add member to group",
        ],
    );
    check(
        "okta/password_reset",
        SELF,
        &[
            "ssprActivityEvents: reportSSPR_ResultType_Succeeded, EMAIL, ann@contoso.example",
            "auditEvents: Reset user password",
        ],
    );
    let registered = |key: &str| {
        format!("ssprRegistrationActivityEvents: reportSSPR_RegistrationData_{key}, ann@contoso.example")
    };
    let phone = registered("PrivateMobilePhone");
    for (path, action) in [
        ("okta/factor_enrolled", "User registered security info"),
        ("google-workspace/recovery_phone", "User updated security info"),
        ("auth0/enrolled", "User registered security info"),
    ] {
        check(
            path,
            SELF,
            &[phone.as_str(), format!("auditEvents: {action}").as_str()],
        );
    }
    check(
        "duo/enrollment",
        SELF,
        &[
            registered("LastRegisteredTime").as_str(),
            "auditEvents: User registered security info",
        ],
    );
    check(
        "auth0/password_changed",
        SELF,
        &[
            "ssprActivityEvents: reportSSPR_ResultType_Succeeded, -, ann@contoso.example",
            "auditEvents: Change user password",
        ],
    );
    check(
        "onelogin/password_changed",
        SELF,
        &[
            "ssprActivityEvents: reportSSPR_ResultType_Succeeded, -, -",
            "auditEvents: Change user password",
        ],
    );
}

#[test]
fn verdicts_fill_the_reports_of_verdicts() {
    let verdict = &["ipAddress", "credentialType", "userName"];
    check(
        "okta/breached",
        verdict,
        &["compromisedCredentials: Password, ann@contoso.example"],
    );
    check(
        "google-workspace/password_leak",
        verdict,
        &["compromisedCredentials: Password, bob@contoso.example"],
    );
    check(
        "auth0/password_leak",
        verdict,
        &["compromisedCredentials: Password, ann@contoso.example"],
    );
    for (path, address) in [
        ("okta/threat", "203.0.113.7"),
        ("auth0/address_blocked", "203.0.113.7"),
    ] {
        let suspicious = format!("signInsFromIPAddressesWithSuspiciousActivityEvents: {address}, -");
        check(
            path,
            verdict,
            &[
                suspicious.as_str(),
                "allUsersWithAnomalousSignInActivityEvents: -",
            ],
        );
    }
}

#[test]
fn provisioning_names_the_application_and_what_changed() {
    check(
        "okta/provisioned",
        &[
            "application",
            "instanceName",
            "operation",
            "sourceType",
            "targetType",
            "addedProperties",
            "removedProperties",
            "result",
        ],
        &[
            "accountProvisioningEvents: Wiki, 0oawiki, push, SystemPrincipal, AppUser, department, title, -, Success",
        ],
    );
}

#[test]
fn an_activity_of_several_events_is_the_same_events_flattened() {
    let raw = read(seed("google-workspace/two_events").as_bytes());
    let flat = read(seed("google-workspace/flattened").as_bytes());
    let identity = |record: &sources::Record| match &record.understanding {
        Understanding::Event(understood) => (understood.key, understood.rank.digest),
        other => panic!("{other:?}"),
    };
    assert_eq!(raw.len(), 2);
    assert_ne!(identity(&raw[0]), identity(&raw[1]));
    assert_eq!(identity(&raw[1]), identity(&flat[0]));
}

#[test]
fn a_record_out_of_several_can_be_read_again_alone() {
    for path in [
        "google-workspace/two_events",
        "google-workspace/page",
        "okta/event_hook",
        "auth0/page",
        "duo/page",
        "onelogin/page",
    ] {
        let records = read(seed(path).as_bytes());
        assert_eq!(records.len(), 2, "{path}");
        for record in records {
            let Understanding::Event(first) = record.understanding else {
                panic!("{path}: {record:?}")
            };
            let Some(Understanding::Event(again)) = understand(&Choice::Auto, first.original.clone()) else {
                panic!("{path}")
            };
            assert_eq!(
                (again.key, again.rank, &again.event),
                (first.key, first.rank, &first.event),
                "{path}"
            );
        }
    }
}

#[test]
fn an_empty_page_is_no_record() {
    assert!(read(br#"{"kind":"admin#reports#activities","etag":"x"}"#).is_empty());
    assert!(read(br#"{"kind":"admin#reports#activities","items":[]}"#).is_empty());
}

#[test]
fn rows_of_one_moment_are_of_as_many_events_as_people() {
    let row = |actor: &str| {
        let row = format!(
            r#"{{"p_event_time":"2026-03-04 05:06:07","actorId":"{actor}","eventType":"user.session.start","sourceIP":"203.0.113.7","result":"FAILURE"}}"#
        );
        match read(row.as_bytes()).remove(0).understanding {
            Understanding::Event(understood) => understood.key,
            other => panic!("{other:?}"),
        }
    };
    assert_ne!(row("ann@contoso.example"), row("bob@contoso.example"));
    assert_eq!(row("ann@contoso.example"), row("ann@contoso.example"));
    assert_ne!(row("00uann"), row("00ubob"));
}
