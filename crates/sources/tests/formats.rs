//! The three shapes of Entra records, on records written by hand: every field that a record has arrives.

mod common;

use common::{one, read, read_as, refusal};
use model::event::{Actor, Audit, Device, Facts, Modified, Place, SignIn, SignInKind, Target};
use model::identity::{EventKey, Kind, Vendor};
use sources::{ALL, Choice, Record, Understanding, Understood, by_id};

#[allow(clippy::unnecessary_wraps)] // So that expected events read like the real ones.
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn understood(record: Record) -> Understood {
    match record.understanding {
        Understanding::Event(understood) => *understood,
        other => panic!("line {}: {other:?}", record.line),
    }
}

fn sign_in(understood: &Understood) -> &SignIn {
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    sign_in
}

fn audit(understood: &Understood) -> &Audit {
    let Facts::Audit(audit) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    audit
}

#[test]
fn every_field_of_a_graph_sign_in_arrives() {
    let records: Vec<_> = read(include_bytes!("fixtures/graph_sign_ins.json"));
    assert_eq!(
        records.iter().map(|record| record.line).collect::<Vec<_>>(),
        [5, 39, 47]
    );
    let events: Vec<Understood> = records.into_iter().map(understood).collect();
    let event = &events[0].event;
    assert_eq!(events[0].format, "entra-graph");
    assert_eq!(
        event.vendor_id.as_deref(),
        Some("66ea54eb-6301-4ee5-be62-ff5a759b0100")
    );
    assert_eq!(event.time.to_string(), "2023-12-01T16:03:24.1234567Z");
    assert_eq!((event.tenant, event.updated), (None, None));
    assert_eq!(
        *sign_in(&events[0]),
        SignIn {
            kind: SignInKind::Interactive,
            user_id: text("26be570a-ae82-4189-b4e2-a37c6808512d"),
            user_principal_name: text("ann@contoso.example"),
            user_display_name: text("Ann Berg"),
            app_id: text("de8bc8b5-d9f9-48b1-a8ad-b748da725064"),
            app_display_name: text("Graph explorer"),
            resource_id: text("00000003-0000-0000-c000-000000000000"),
            resource_display_name: text("Microsoft Graph"),
            service_principal_id: None,
            service_principal_name: None,
            ip_address: text("203.0.113.7"),
            location: Place {
                city: text("Redmond"),
                state: text("Washington"),
                country: text("US"),
                latitude: Some(47.680_500_030_517_58),
                longitude: Some(-122.120_941_162_109_38),
            },
            device: Device {
                id: None,
                display_name: text("LAPTOP-1"),
                operating_system: text("Windows 10"),
                browser: text("Edge 119.0"),
            },
            client_app: text("Browser"),
            user_agent: text("Mozilla/5.0"),
            error_code: 0,
            failure_reason: text("Other."),
            additional_details: text("MFA completed in Azure AD"),
            mfa_required: Some(true),
            mfa_method: text("Text message"),
            mfa_result: text("MFA completed in Azure AD"),
            correlation_id: text("d79f5bee-5860-4832-928f-3133e22ae912"),
            is_federated: None,
            conditional_access_status: text("notApplied"),
            risk_level: text("medium"),
            risk_state: text("atRisk"),
            risk_event_types: text("unfamiliarFeatures,anonymizedIPAddress"),
        }
    );
    let kinds: Vec<SignInKind> = events.iter().map(|event| sign_in(event).kind).collect();
    assert_eq!(
        kinds,
        [
            SignInKind::Interactive,
            SignInKind::NonInteractive,
            SignInKind::ServicePrincipal
        ]
    );
    let codes: Vec<i64> = events.iter().map(|event| sign_in(event).error_code).collect();
    assert_eq!(codes, [0, 50126, 7_000_215]);
    assert_eq!(
        sign_in(&events[2]).service_principal_name.as_deref(),
        Some("nightly backup")
    );
}

#[test]
fn every_field_of_a_graph_audit_arrives() {
    let events: Vec<Understood> = read(include_bytes!("fixtures/graph_audits.json"))
        .into_iter()
        .map(understood)
        .collect();
    assert_eq!(events[0].event.time.to_string(), "2024-02-29T23:59:59.9999999Z");
    assert_eq!(
        *audit(&events[0]),
        Audit {
            activity: text("Add member to group"),
            category: text("GroupManagement"),
            operation_type: text("Assign"),
            result: text("success"),
            result_reason: None,
            logged_by_service: text("Core Directory"),
            correlation_id: text("2f2a0a5e-6f0f-4b52-9f6a-0c1f4b7c9f11"),
            actor: Actor {
                user_id: text("26be570a-ae82-4189-b4e2-a37c6808512d"),
                user_principal_name: text("ann@contoso.example"),
                user_display_name: text("Ann Berg"),
                ip_address: text("203.0.113.7"),
                ..Actor::default()
            },
            targets: vec![
                Target {
                    resource_type: text("User"),
                    id: text("0c8f1a0e-5d5c-4a33-9b0a-61a2a8a5d0c2"),
                    display_name: None,
                    user_principal_name: text("bo@contoso.example"),
                    modified: vec![
                        Modified {
                            name: text("Group.DisplayName"),
                            old: None,
                            new: text("\"Finance\"")
                        },
                        Modified {
                            name: text("Roles"),
                            old: text("[\"a\"]"),
                            new: text("[\"a\",\"b\"]")
                        },
                    ],
                },
                Target {
                    resource_type: text("Group"),
                    id: text("7f1d7e3a-0d9b-4b52-8b7c-2c3b8f1a9e10"),
                    display_name: text("Finance"),
                    ..Target::default()
                },
            ],
            additional_details: vec![
                ("User-Agent".to_owned(), text("Mozilla/5.0")),
                ("Empty".to_owned(), None),
            ],
        }
    );
    assert_eq!(
        audit(&events[1]).actor,
        Actor {
            app_id: text("3b245ca3-dcce-4a54-a070-49ad8de02963"),
            app_display_name: text("Deployer"),
            service_principal_id: text("4b6986ec-c49c-40c0-89ce-b2ac51213e39"),
            service_principal_name: text("deployer-sp"),
            ..Actor::default()
        }
    );
    assert_eq!(
        audit(&events[1]).result_reason.as_deref(),
        Some("Insufficient privileges")
    );
}

#[test]
fn azure_monitor_records_arrive_from_lists_on_lines() {
    let mut records = read(include_bytes!("fixtures/azure_monitor.jsonl"));
    assert_eq!(
        records.iter().map(|record| record.line).collect::<Vec<_>>(),
        [1, 1, 2, 3]
    );
    let Understanding::Ignored { reason } = records.remove(1).understanding else {
        panic!()
    };
    assert_eq!(
        reason,
        "Azure Monitor category `MicrosoftGraphActivityLogs` fills no report yet"
    );
    let events: Vec<Understood> = records.into_iter().map(understood).collect();

    assert_eq!(events[0].format, "entra-azure-monitor");
    assert_eq!(
        events[0].event.tenant.unwrap().to_string(),
        "85e54ec3-85ee-4b03-9e3b-863075eb9b62"
    );
    assert_eq!(events[0].event.time.to_string(), "2022-09-09T08:47:10.5Z");
    let first = sign_in(&events[0]);
    assert_eq!(first.user_display_name.as_deref(), Some("Ann Berg"));
    assert_eq!((first.error_code, first.kind), (50126, SignInKind::Interactive));
    assert_eq!(
        (first.location.city.as_deref(), first.location.country.as_deref()),
        (Some("Lund"), Some("SE"))
    );
    assert_eq!(first.resource_id, None);

    assert_eq!(
        events[1].event.tenant.unwrap().to_string(),
        "4b2462a4-bbee-495a-a0e1-f23ae524cc9c"
    );
    assert_eq!(events[1].event.time.to_string(), "2022-08-22T18:07:16Z");
    let second = sign_in(&events[1]);
    assert_eq!((second.error_code, second.kind), (0, SignInKind::ManagedIdentity));
    assert_eq!(
        (
            second.user_display_name.as_deref(),
            second.service_principal_name.as_deref()
        ),
        (None, Some("vm-7"))
    );
    assert_eq!(
        (second.ip_address.as_deref(), second.location.country.as_deref()),
        (None, None)
    );
    assert_eq!(
        second.resource_id.as_deref(),
        Some("00000003-0000-0000-c000-000000000000")
    );

    assert_eq!(events[2].event.time.to_string(), "2022-09-09T23:59:59.123Z");
    let third = audit(&events[2]);
    assert_eq!(
        (third.category.as_deref(), third.activity.as_deref()),
        (Some("UserManagement"), Some("Reset user password"))
    );
    assert_eq!(third.actor.ip_address.as_deref(), Some("2001:db8::5"));
    assert_eq!(third.targets[0].name(), Some("bo@contoso.example"));
}

#[test]
fn log_analytics_rows_arrive_with_their_json_as_text() {
    let mut records = read(include_bytes!("fixtures/log_analytics.json"));
    let Understanding::Ignored { reason } = records.remove(2).understanding else {
        panic!()
    };
    assert_eq!(
        reason,
        "Log Analytics table `MicrosoftGraphActivityLogs` fills no report yet"
    );
    let events: Vec<Understood> = records.into_iter().map(understood).collect();
    assert_eq!(events[0].format, "entra-log-analytics");
    assert_eq!(
        events[0].event.tenant.unwrap().to_string(),
        "4b2462a4-bbee-495a-a0e1-f23ae524cc9c"
    );
    assert_eq!(events[0].event.time.to_string(), "2023-01-02T03:04:05.6789012Z");
    assert_eq!(
        *sign_in(&events[0]),
        SignIn {
            kind: SignInKind::NonInteractive,
            user_id: text("0c8f1a0e-5d5c-4a33-9b0a-61a2a8a5d0c2"),
            user_principal_name: text("bo@contoso.example"),
            user_display_name: text("Bo Ek"),
            app_id: text("27922004-5251-4030-b22d-91ecd9a37ea4"),
            app_display_name: text("Outlook Mobile"),
            resource_id: text("00000002-0000-0ff1-ce00-000000000000"),
            resource_display_name: text("Office 365 Exchange Online"),
            ip_address: text("198.51.100.77"),
            location: Place {
                city: text("Oslo"),
                state: text("Oslo"),
                country: text("NO"),
                latitude: Some(59.9),
                longitude: Some(10.7),
            },
            device: Device {
                id: text("d-1"),
                operating_system: text("Ios 16"),
                ..Device::default()
            },
            additional_details: text("MFA requirement satisfied by claim in the token"),
            mfa_required: Some(false),
            mfa_result: text("MFA requirement satisfied by claim in the token"),
            correlation_id: text("22222222-2222-2222-2222-222222222222"),
            risk_level: text("none"),
            risk_state: text("none"),
            ..SignIn::default()
        }
    );
    assert_eq!(
        events[1].event.tenant.unwrap().to_string(),
        "85e54ec3-85ee-4b03-9e3b-863075eb9b62"
    );
    let row = audit(&events[1]);
    assert_eq!(
        (row.operation_type.as_deref(), row.category.as_deref()),
        (Some("Add"), Some("UserManagement"))
    );
    assert_eq!(
        row.actor.user_principal_name.as_deref(),
        Some("ann@contoso.example")
    );
    assert_eq!(row.targets[0].modified[0].new.as_deref(), Some("[true]"));
    assert_eq!(row.additional_details, [("UserType".to_owned(), text("Member"))]);
}

#[test]
fn what_powershell_makes_of_graph_is_the_same_event() {
    let graph = one(
        r#"{"id":"1","createdDateTime":"2023-11-14T22:13:20.123Z","userPrincipalName":"ann","status":{"errorCode":50126}}"#,
    );
    for time in [r#""2023-11-14T22:13:20.123Z""#, r#""\/Date(1700000000123)\/""#] {
        let pascal = one(&format!(
            r#"{{"Id":"1","CreatedDateTime":{time},"UserPrincipalName":"ann","Status":{{"ErrorCode":50126}},"AdditionalProperties":{{}}}}"#
        ));
        assert_eq!(pascal.format, "entra-graph");
        assert_eq!((pascal.key, pascal.event), (graph.key, graph.event.clone()));
    }
    let audit = one(
        r#"{"Id":"1","Category":"UserManagement","ActivityDateTime":"2023-11-14T22:13:20Z","ActivityDisplayName":"Add user"}"#,
    );
    assert_eq!(audit.format, "entra-graph");
}

/// The same sign-in by way of Graph and by way of Azure Monitor is one event, in any case of its id.
#[test]
fn the_ways_of_one_event_give_one_identity() {
    let key = |input: &str| one(input).key;
    let graph = key(
        r#"{"id":"A2222222-0000-0000-0000-00000000000F","createdDateTime":"2023-01-02T03:04:05Z","status":{"errorCode":0}}"#,
    );
    let azure = key(
        r#"{"category":"SignInLogs","time":"2023-01-02T03:09:05Z","properties":{"id":"a2222222-0000-0000-0000-00000000000f","status":{"errorCode":0}}}"#,
    );
    assert_eq!(graph, azure);
    let by_hand = EventKey::from_vendor_id(
        Vendor::Entra,
        Kind::SignIn,
        "a2222222-0000-0000-0000-00000000000f",
    );
    assert_eq!(graph, by_hand);
}

#[test]
fn a_chosen_format_takes_nothing_else() {
    let graph = include_bytes!("fixtures/graph_audits.json");
    let azure = by_id("entra-azure-monitor").unwrap();
    for record in read_as(Choice::Only(azure), graph) {
        let Understanding::Rejected { reason, .. } = record.understanding else {
            panic!()
        };
        assert!(
            reason.starts_with("it is no Azure Monitor diagnostic record of Entra ID: looked for"),
            "{reason}"
        );
        assert!(
            reason.ends_with("choose the format entra-graph or auto"),
            "{reason}"
        );
    }
    for record in read_as(Choice::Only(by_id("entra-graph").unwrap()), graph) {
        assert!(matches!(record.understanding, Understanding::Event(_)));
    }
}

#[test]
fn formats_are_found_by_their_ids() {
    let ids: Vec<&str> = ALL.iter().map(|format| format.id).collect();
    // Stored beside each event: a name that is gone is a fault.
    for stored in [
        "entra-graph",
        "entra-azure-monitor",
        "entra-log-analytics",
        "entra-csv",
        "entra-csv-non-interactive",
        "entra-csv-managed-identity",
        "okta",
        "google-workspace",
        "auth0",
        "duo",
        "onelogin",
        "office-365",
        "jumpcloud",
        "ocsf",
        "breach-list",
    ] {
        assert_eq!(ids.iter().filter(|id| **id == stored).count(), 1, "{stored}");
    }
    assert!(
        ids.iter()
            .all(|id| by_id(id).is_some_and(|format| format.id == *id))
    );
    assert!(by_id("Entra-Graph").is_none());
}

/// Nobody who exports users or devices by mistake gets sign-ins.
#[test]
fn other_things_of_graph_are_not_taken_for_events() {
    let check = |input: &str, expected: &str| {
        let refusal = refusal(Choice::Auto, input);
        assert!(refusal.contains(expected), "{refusal} does not say {expected}");
    };
    let none = "rejected: no format recognises it: looked for";
    check(
        r#"{"id":"1","createdDateTime":"2023-01-02T03:04:05Z","userPrincipalName":"ann@contoso.example"}"#,
        none,
    );
    check(
        r#"{"id":"1","createdDateTime":"2023-01-02T03:04:05Z","appId":"1","signInAudience":"x"}"#,
        none,
    );
    check(
        r#"{"id":"1","createdDateTime":"2023-01-02T03:04:05Z","status":"newAlert"}"#,
        none,
    );
    check(r#"{"hello":"world"}"#, "it has `hello`");
    check("{}", "it has no members");
    check(
        r#"{"error":{"code":"InvalidAuthenticationToken","message":"Access token has expired."}}"#,
        "rejected: it is an error answer, not a record: Access token has expired. (InvalidAuthenticationToken)",
    );
}

#[test]
fn an_empty_page_is_no_record() {
    assert!(read(br#"{"@odata.context":"x","value":[]}"#).is_empty());
    assert!(read(br#"{"records":[]}"#).is_empty());
    for page in [
        r#"{"stat":"OK","response":{"authlogs":[]}}"#,
        r#"{"stat":"OK","response":{"authlogs":[],"metadata":{"next_offset":null,"total_objects":0}}}"#,
        r#"{"response":[],"stat":"OK"}"#,
        r#"{"data":[]}"#,
        r#"{"status":{"error":false,"code":200},"pagination":{"after_cursor":null},"data":[]}"#,
        r#"{"logs":[]}"#,
        r#"{"start":0,"limit":50,"length":0,"total":0,"logs":[]}"#,
    ] {
        assert!(read(page.as_bytes()).is_empty(), "{page}");
    }
    for no_page in [
        r#"{"stat":"FAIL","response":[]}"#,
        r#"{"stat":"OK","response":{"users":[]}}"#,
        r#"{"id":"1","data":[]}"#,
        r#"{"id":"1","logs":[]}"#,
    ] {
        assert_eq!(read(no_page.as_bytes()).len(), 1, "{no_page}");
    }
    assert_eq!(read(br#"{"id":"1","value":[]}"#).len(), 1);
}

#[test]
fn a_wrapped_record_is_unwrapped_and_its_original_kept_whole() {
    let inner = r#"{"id":"1","createdDateTime":"2023-01-02T03:04:05Z","status":{"errorCode":0}}"#;
    let as_text = serde_json::to_string(inner).unwrap();
    let bare = one(inner);
    for wrapped in [
        format!(r#"{{"rule":"x","log":{inner}}}"#),
        format!(r#"{{"message":{as_text},"@timestamp":"2024-01-01T00:00:00Z"}}"#),
        format!(r#"{{"event":{{"original":{as_text}}}}}"#),
        format!(r#"{{"event.original":{as_text}}}"#),
        format!(r#"{{"preview":false,"result":{{"_raw":{as_text}}}}}"#),
        format!(r#"{{"body":{{"raw":{inner}}}}}"#),
    ] {
        let understood = one(&wrapped);
        assert_eq!(
            (understood.key, understood.rank),
            (bare.key, bare.rank),
            "{wrapped}"
        );
        assert_eq!(String::from_utf8(understood.original).unwrap(), wrapped);
    }
}

#[test]
fn a_draft_carries_what_was_understood() {
    let understood = one(
        r#"{"id":"1","createdDateTime":"2023-01-02T03:04:05Z","userPrincipalName":"Ann@contoso.example","ipAddress":"203.0.113.7","status":{"errorCode":0}}"#,
    );
    let (key, rank, original) = (understood.key, understood.rank, understood.original.clone());
    let draft = understood.draft();
    assert_eq!(
        (draft.key, draft.rank, draft.original, draft.format),
        (key, rank, original, "entra-graph")
    );
    assert_eq!(
        (draft.kind, draft.time.to_string().as_str()),
        (Kind::SignIn, "2023-01-02T03:04:05Z")
    );
    assert_eq!(
        draft.subjects,
        [
            model::batch::Subject::person("ann@contoso.example"),
            model::batch::Subject::address("203.0.113.7")
        ]
    );
}
