//! The Office 365 unified audit log, on records written by hand in the shapes that Microsoft documents and public samples have.

#![allow(clippy::needless_pass_by_value)] // So that cases read like data.

mod common;

use common::{audit, one, or_dash, read, refusal, sign_in, text};
use model::event::{Actor, Audit, Device, Modified, SignIn, SignInKind, Target};
use model::identity::{EventKey, Kind, Vendor};
use serde_json::{Value, json};
use sources::{Choice, Record, Understanding, Understood};

const JSON: &[u8] = include_bytes!("fixtures/office_365.jsonl");
const PURVIEW: &[u8] = include_bytes!("fixtures/office_365_purview.csv");
const OLDER: &[u8] = include_bytes!("fixtures/office_365_older.csv");

fn events(input: &[u8]) -> Vec<Understood> {
    read(input)
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Event(understood) => Some(*understood),
            Understanding::Ignored { .. } => None,
            other => panic!("line {}: {other:?}", record.line),
        })
        .collect()
}

#[test]
fn every_field_of_a_sign_in_arrives() {
    let events = events(JSON);
    assert_eq!(events[0].format, "office-365");
    let event = &events[0].event;
    assert_eq!(event.vendor, Vendor::Office365);
    assert_eq!(
        event.vendor_id.as_deref(),
        Some("11111111-0000-4000-8000-000000000001")
    );
    assert_eq!(event.time.to_string(), "2026-03-02T08:15:30Z");
    assert_eq!(
        event.tenant.map(|tenant| tenant.to_string()).as_deref(),
        Some("4b2462a4-bbee-495a-a0e1-f23ae524cc9c")
    );
    assert_eq!(
        *sign_in(&events[0]),
        SignIn {
            kind: SignInKind::Interactive,
            user_id: text("26be570a-ae82-4189-b4e2-a37c6808512d"),
            user_principal_name: text("ann@contoso.example"),
            app_id: text("89bee1f7-5e6e-4d8a-9f3d-ecd601259da7"),
            resource_id: text("00000003-0000-0000-c000-000000000000"),
            ip_address: text("203.0.113.7"),
            device: Device {
                id: text("d3b0a2a1-7c11-4c58-9d51-0a5b6f3f1c77"),
                display_name: text("LAPTOP-1"),
                operating_system: text("Windows 10"),
                browser: text("Edge"),
            },
            user_agent: text("Mozilla/5.0 (Windows NT 10.0; Win64; x64)"),
            additional_details: text("Redirect"),
            correlation_id: text("97673886-7fef-4712-91b5-ffd40cc938b0"),
            ..SignIn::default()
        }
    );
}

#[test]
fn a_failure_is_told_by_its_number_or_its_name_and_not_by_the_result() {
    let events = events(JSON);
    let told: Vec<String> = events
        .iter()
        .filter(|event| event.event.kind() == Kind::SignIn)
        .map(|event| {
            let sign_in = sign_in(event);
            format!(
                "{} {} {} {}",
                sign_in.error_code,
                or_dash(sign_in.failure_reason.as_ref()),
                or_dash(sign_in.user_principal_name.as_ref()),
                or_dash(sign_in.ip_address.as_ref())
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "0 - ann@contoso.example 203.0.113.7",
            "50126 InvalidUserNameOrPassword ann@contoso.example 2001:db8::7",
            // Whom it does not know it does not name.
            "50034 UserAccountNotFound - 203.0.113.7",
        ]
    );
    assert_eq!(sign_in(&events[2]).user_id, None);
    assert_eq!(sign_in(&events[2]).resource_id, None);
}

#[test]
fn every_field_of_a_change_arrives() {
    let events = events(JSON);
    assert_eq!(events[3].event.time.to_string(), "2026-03-02T09:00:00Z");
    assert_eq!(
        *audit(&events[3]),
        Audit {
            activity: text("Add user"),
            category: text("User"),
            result: text("Success"),
            correlation_id: text("b13fcc43-cd82-4316-b847-06d75c7d08db"),
            actor: Actor {
                user_id: text("7f1d7e3a-0d9b-4b52-8b7c-2c3b8f1a9e10"),
                user_principal_name: text("admin@contoso.example"),
                ip_address: text("198.51.100.9"),
                ..Actor::default()
            },
            targets: vec![Target {
                resource_type: text("User"),
                id: text("0c8f1a0e-5d5c-4a33-9b0a-61a2a8a5d0c2"),
                user_principal_name: text("bo@contoso.example"),
                modified: vec![
                    Modified {
                        name: text("AccountEnabled"),
                        old: text("[]"),
                        new: text("[\r\n  true\r\n]"),
                    },
                    Modified {
                        name: text("Included Updated Properties"),
                        old: None,
                        new: text("AccountEnabled"),
                    },
                ],
                ..Target::default()
            }],
            additional_details: vec![
                ("Operation".to_owned(), text("Add user.")),
                ("User-Agent".to_owned(), text("Mozilla/5.0")),
                ("UserType".to_owned(), text("Member")),
            ],
            ..Audit::default()
        }
    );
}

#[test]
fn a_membership_names_the_group_as_second_target_and_an_application_as_actor() {
    let events = events(JSON);
    let audit = audit(&events[4]);
    assert_eq!(audit.activity.as_deref(), Some("Add member to group"));
    let targets: Vec<(Option<&str>, Option<&str>)> = audit
        .targets
        .iter()
        .map(|target| (target.resource_type.as_deref(), target.name()))
        .collect();
    assert_eq!(
        targets,
        [
            (Some("User"), Some("bo@contoso.example")),
            (Some("Group"), Some("Finance"))
        ]
    );
    assert_eq!(
        audit.targets[1].id.as_deref(),
        Some("c3a5d7e9-1111-4222-8333-944455566677")
    );
    assert_eq!(
        audit.actor,
        Actor {
            app_id: text("3b245ca3-dcce-4a54-a070-49ad8de02963"),
            app_display_name: text("Deployer"),
            service_principal_id: text("4b6986ec-c49c-40c0-89ce-b2ac51213e39"),
            ..Actor::default()
        }
    );
}

#[test]
fn what_other_workloads_log_is_counted_by_workload() {
    let reasons: Vec<String> = read(JSON)
        .into_iter()
        .filter_map(|record| match record.understanding {
            Understanding::Ignored { reason } => Some(reason),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [
            "Office 365 workload `SharePoint` fills no report",
            "Office 365 record type `75` fills no report"
        ]
    );
}

/// The same record by JSON and by either download is known, whatever came first: same identity, same content.
#[test]
fn json_and_both_downloads_tell_the_same_events() {
    let told = |input: &[u8]| -> Vec<_> {
        events(input)
            .into_iter()
            .map(|understood| (understood.key, understood.rank, understood.event))
            .collect()
    };
    let json = told(JSON);
    assert_eq!(json.len(), 5);
    assert_eq!(told(PURVIEW), json);
    assert_eq!(told(OLDER), json);
    assert_eq!(
        json[0].0,
        EventKey::from_vendor_id(
            Vendor::Office365,
            Kind::SignIn,
            "11111111-0000-4000-8000-000000000001"
        )
    );
}

#[test]
fn what_is_kept_of_a_row_is_read_again_the_same() {
    for understood in events(PURVIEW) {
        let again = sources::understand(&Choice::Auto, understood.original.clone());
        let Some(Understanding::Event(again)) = again else {
            panic!("{again:?}")
        };
        assert_eq!((again.key, again.rank), (understood.key, understood.rank));
    }
}

#[test]
fn what_powershell_and_graph_wrap_is_unwrapped() {
    let record: Value = serde_json::from_slice(JSON.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let bare = one(&record.to_string());
    for wrapped in [
        json!({ "RecordType": "AzureActiveDirectoryStsLogon", "CreationDate": "/Date(1772439330000)/", "Operations": "UserLoggedIn",
            "AuditData": record.to_string(), "ResultIndex": 1 }),
        json!({ "id": "1", "createdDateTime": "2026-03-02T08:15:30Z", "auditLogRecordType": "azureActiveDirectoryStsLogon",
            "operation": "UserLoggedIn", "clientIp": "203.0.113.7", "auditData": record }),
    ] {
        let understood = one(&wrapped.to_string());
        assert_eq!(
            (understood.key, understood.rank),
            (bare.key, bare.rank),
            "{wrapped}"
        );
    }
}

fn check_refused(input: &Value, expected: &str) {
    let told = refusal(Choice::Auto, &input.to_string());
    assert!(told.contains(expected), "{told} for {input}");
}

fn record(more: Value) -> Value {
    let mut record = json!({ "CreationTime": "2026-03-02T08:15:30", "Id": "1", "Operation": "UserLoggedIn", "RecordType": 15,
        "Workload": "AzureActiveDirectory", "UserId": "ann@contoso.example", "ResultStatus": "Succeeded" });
    for (name, value) in more.as_object().into_iter().flatten() {
        record[name] = value.clone();
    }
    record
}

#[test]
fn what_lacks_something_says_what() {
    check_refused(
        &record(json!({ "CreationTime": null })),
        "rejected: it does not say when it happened: it has no `CreationTime`; export that too",
    );
    check_refused(
        &record(json!({ "CreationTime": "yesterday" })),
        "rejected: its `CreationTime` is `yesterday`, which is no time that can be read",
    );
    check_refused(
        &record(json!({ "Operation": "Something", "ResultStatus": "" })),
        "rejected: it does not say whether the sign-in succeeded",
    );
    check_refused(
        &json!({ "CreationDate": "x", "AuditData": "{\"CreationTime\":\"2026-03-0" }),
        "rejected: its `AuditData` is no JSON object: EOF while parsing a string at line 1 column 26; was the cell cut off?",
    );
    check_refused(
        &json!({ "CreationDate": "x", "AuditData": "" }),
        "rejected: its `AuditData` is empty",
    );
    check_refused(
        &json!({ "CreationDate": "x", "AuditData": "{\"a\":1}" }),
        "rejected: its `AuditData` is no record of the unified audit log",
    );
}

fn check_code(more: Value, expected: i64) {
    let understood = one(&record(more.clone()).to_string());
    assert_eq!(sign_in(&understood).error_code, expected, "{more}");
}

#[test]
fn interrupts_and_unknown_errors_are_no_success() {
    check_code(json!({}), 0);
    check_code(json!({ "ErrorNumber": "0" }), 0);
    check_code(json!({ "ErrorNumber": 50140 }), 50140);
    check_code(json!({ "Operation": "UserLoginFailed" }), 1);
    check_code(json!({ "Operation": "UserLoginFailed", "ErrorNumber": "0" }), 1);
    check_code(
        json!({ "Operation": "UserLoginFailed", "LogonError": "KmsiInterrupt" }),
        50140,
    );
    check_code(json!({ "LogonError": "SomethingNew" }), 1);
    check_code(json!({ "ResultStatus": "Failed" }), 1);
    check_code(
        json!({ "RecordType": 9, "Operation": "PasswordLogonInitialAuthUsingPassword", "LoginStatus": 0 }),
        0,
    );
    check_code(
        json!({ "RecordType": "AzureActiveDirectoryAccountLogon", "LoginStatus": -2147 }),
        -2147,
    );
}

#[test]
fn an_application_that_signs_in_is_no_person() {
    let understood = one(
        &record(json!({ "UserType": 6, "UserId": "Backup", "Actor": [{"ID": "4b6986ec-c49c-40c0-89ce-b2ac51213e39", "Type": 0}] }))
            .to_string(),
    );
    let sign_in = sign_in(&understood);
    assert_eq!(sign_in.kind, SignInKind::ServicePrincipal);
    assert_eq!(
        (
            sign_in.user_id.as_deref(),
            sign_in.service_principal_id.as_deref(),
            sign_in.service_principal_name.as_deref()
        ),
        (None, Some("4b6986ec-c49c-40c0-89ce-b2ac51213e39"), Some("Backup"))
    );
}

#[test]
fn records_without_id_differ_by_what_they_say() {
    let key = |more: Value| {
        let mut own = record(json!({ "Id": null }));
        for (name, value) in more.as_object().into_iter().flatten() {
            own[name] = value.clone();
        }
        one(&own.to_string()).key
    };
    let plain = key(json!({}));
    assert_eq!(
        key(json!({ "UserId": "ANN@contoso.example", "Version": 2 })),
        plain
    );
    for other in [
        json!({ "CreationTime": "2026-03-02T08:15:31" }),
        json!({ "UserId": "bo@contoso.example" }),
        json!({ "ClientIP": "203.0.113.8" }),
        json!({ "ErrorNumber": 1 }),
        json!({ "IntraSystemId": "x" }),
    ] {
        assert_ne!(key(other.clone()), plain, "{other}");
    }
}

#[test]
fn the_downloads_are_tables_that_are_known_by_their_headings() {
    for input in [
        "RecordId,CreationDate,RecordType,Operation,UserId,AuditData\r\n",
        "CreationDate,UserIds,Operations,AuditData\n",
    ] {
        let told: Vec<Record> = read(input.as_bytes());
        assert!(told.is_empty(), "{told:?}");
    }
}
