//! Provisioning logs and the verdicts of Entra ID Protection in their three shapes: what arrives, and that it is one event
//! by whatever road it comes.

mod common;

use common::{one, read, refusal};
use model::event::{
    Facts, Modified, Place, ProvisionedIdentity, Provisioning, RiskDetection, RiskState, Suspect,
    SuspectKind, Verdict,
};
use model::time::Timestamp;
use serde_json::{Value, json};
use sources::{Choice, Understanding, Understood};

const GRAPH: &str = include_str!("fixtures/roads_graph.jsonl");
const AZURE_MONITOR: &str = include_str!("fixtures/roads_azure_monitor.jsonl");
const LOG_ANALYTICS: &str = include_str!("fixtures/roads_log_analytics.jsonl");

fn events(input: &str) -> Vec<Understood> {
    read(input.as_bytes())
        .into_iter()
        .map(|record| match record.understanding {
            Understanding::Event(understood) => *understood,
            other => panic!("line {}: {other:?}", record.line),
        })
        .collect()
}

#[allow(clippy::unnecessary_wraps)] // So that expected events read like the real ones.
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn time(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse_vendor(text).unwrap())
}

fn provisioning(understood: &Understood) -> &Provisioning {
    let Facts::Provisioning(provisioning) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    provisioning
}

fn detection(understood: &Understood) -> &RiskDetection {
    let Facts::RiskDetection(detection) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    detection
}

fn state(understood: &Understood) -> &RiskState {
    let Facts::RiskState(state) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    state
}

#[test]
fn every_field_of_a_provisioning_log_arrives() {
    let written = |name: &str, old: Option<&str>, new: Option<&str>| Modified {
        name: text(name),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
    };
    for input in [GRAPH, AZURE_MONITOR] {
        assert_eq!(
            *provisioning(&events(input)[2]),
            Provisioning {
                job_id: text("DropboxSCIMOutDelta.4b2462a4"),
                cycle_id: text("cc305635-a28e-4139-a056-42b5102933fe"),
                change_id: text("e2f2b317-d848-483e-9593-e14e01edcd6d"),
                action: text("create"),
                status: text("success"),
                error_code: None,
                error_reason: None,
                service_principal_id: text("74866461-3754-40ed-a743-9c88ff29643e"),
                service_principal_name: text("Dropbox Business"),
                instance_name: text("Dropbox Business (EU)"),
                source_system: text("Azure Active Directory"),
                target_system: text("Dropbox"),
                source: ProvisionedIdentity {
                    identity_type: text("User"),
                    id: text("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
                    display_name: text("Joe Dane"),
                    user_principal_name: text("joe@contoso.example"),
                },
                target: ProvisionedIdentity {
                    identity_type: text("urn:ietf:params:scim:schemas:core:2.0:User"),
                    id: text("dbmid:AAAyj2"),
                    ..ProvisionedIdentity::default()
                },
                joining_property: None,
                modified: vec![
                    written("externalId", None, Some("51e26eae-d07b-44e5-bb0b-249f49569a8c")),
                    written("name.givenName", None, Some("Joe")),
                    written("title", Some("Clerk"), Some("Manager")),
                    written("manager", Some("Ann"), None),
                ],
            }
        );
    }
}

#[test]
fn every_field_of_a_risk_detection_arrives() {
    for input in [GRAPH, AZURE_MONITOR, LOG_ANALYTICS] {
        let events = events(input);
        assert_eq!(
            *detection(&events[4]),
            RiskDetection {
                suspect: Suspect {
                    kind: SuspectKind::User,
                    id: text("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
                    user_principal_name: text("joe@contoso.example"),
                    display_name: text("Joe Dane"),
                    app_id: None,
                },
                event_type: text("anonymizedIPAddress"),
                verdict: Verdict {
                    level: text("high"),
                    state: text("atRisk"),
                    detail: text("none"),
                },
                linked_to: text("signin"),
                source: text("IdentityProtection"),
                timing: text("realtime"),
                ip_address: text("203.0.113.42"),
                location: Place {
                    city: text("Dresden"),
                    state: text("Sachsen"),
                    country: text("DE"),
                    latitude: Some(51.0714),
                    longitude: Some(13.7399),
                },
                user_agent: text("Mozilla/5.0 (Windows NT 10.0; rv:91.0) Gecko/20100101 Firefox/91.0"),
                malware_name: None,
                key_ids: Vec::new(),
                activity_time: time("2022-08-22T18:05:06.133Z"),
                detected_time: time("2022-08-22T18:06:00.5Z"),
                request_id: text("66ea54eb-6301-4ee5-be62-ff5a759b0100"),
                correlation_id: text("266133c2-fabb-492f-9ebf-bdf12317b817"),
            }
        );
        assert_eq!(events[4].event.updated, time("2022-08-22T18:07:16.894Z"));
    }
}

#[test]
fn verdicts_about_applications_and_people_as_a_whole_arrive() {
    for input in [GRAPH, AZURE_MONITOR, LOG_ANALYTICS] {
        let events = events(input);
        let deployer = Suspect {
            kind: SuspectKind::ServicePrincipal,
            id: text("4b6986ec-c49c-40c0-89ce-b2ac51213e39"),
            user_principal_name: None,
            display_name: text("deployer"),
            app_id: text("3b245ca3-dcce-4a54-a070-49ad8de02963"),
        };
        let leaked = detection(&events[7]);
        assert_eq!(leaked.suspect, deployer);
        assert_eq!(leaked.key_ids, ["6f2d4f3c-6a0b-4c1e-9d2f-0f6f0c7f7c55"]);
        assert_eq!(state(&events[8]).suspect, deployer);
        let joe = state(&events[6]);
        assert_eq!(
            (
                joe.suspect.kind,
                joe.suspect.id.as_deref(),
                joe.suspect.user_principal_name.as_deref()
            ),
            (
                SuspectKind::User,
                Some("51e26eae-d07b-44e5-bb0b-249f49569a8c"),
                Some("joe@contoso.example")
            )
        );
        assert_eq!(
            joe.verdict,
            Verdict {
                level: text("medium"),
                state: text("atRisk"),
                detail: text("none")
            }
        );
        assert_eq!((joe.is_deleted, joe.is_processing), (Some(false), Some(false)));
        assert_eq!(events[6].event.vendor_id, None, "the id is the person's");
    }
}

#[test]
fn the_same_event_by_three_roads_has_one_identity() {
    let keys = |input: &str| -> Vec<_> { events(input).iter().map(|event| event.key).collect() };
    let graph = keys(GRAPH);
    assert_eq!(graph.len(), 9);
    assert_eq!(keys(AZURE_MONITOR), graph);
    assert_eq!(keys(LOG_ANALYTICS), graph);
    let digests = |input: &str| -> Vec<_> { events(input).iter().map(|event| event.rank.digest).collect() };
    for (one, other) in digests(GRAPH).iter().zip(digests(AZURE_MONITOR)) {
        assert_ne!(*one, other, "each road packs it in its own way");
    }
}

#[test]
fn the_time_is_that_of_the_sign_in_or_else_of_the_detection() {
    let times = |input: &str| -> Vec<String> {
        events(input)[2..]
            .iter()
            .map(|event| event.event.time.to_string())
            .collect()
    };
    let expected = |provisioned: [&str; 2], joe: &str| {
        [
            provisioned[0],
            provisioned[1],
            "2022-08-22T18:05:06.133Z",
            "2022-09-09T08:48:50.361Z",
            joe,
            "2022-10-01T00:10:00Z",
            "2022-10-01T00:11:00.25Z",
        ]
        .map(str::to_owned)
    };
    let provisioned = ["2022-08-23T13:36:52.869547Z", "2022-08-24T20:53:08Z"];
    assert_eq!(
        times(GRAPH),
        expected(provisioned, "2022-08-22T18:11:52.7027185Z")
    );
    assert_eq!(
        times(AZURE_MONITOR),
        expected(provisioned, "2022-08-22T18:11:52.702Z")
    );
    // The table AADProvisioningLogs knows only when it was received.
    assert_eq!(
        times(LOG_ANALYTICS),
        expected(
            ["2022-08-23T13:40:00Z", "2022-08-24T20:59:59Z"],
            "2022-08-22T18:11:52.702Z"
        )
    );
}

#[test]
fn a_record_that_knows_when_it_happened_wins_over_one_that_knows_when_it_was_received() {
    for place in [2, 3] {
        let rank = |input: &str| events(input)[place].rank;
        assert!(rank(GRAPH) > rank(LOG_ANALYTICS));
        assert!(rank(AZURE_MONITOR) > rank(LOG_ANALYTICS));
    }
    let with_time = |time: &str| {
        one(&format!(
            r#"{{"Type":"AADProvisioningLogs","TimeGenerated":"2022-08-24T20:59:59Z","Id":"1","ProvisioningAction":"create"{time}}}"#
        ))
    };
    let own = with_time(r#","ActivityDateTime":"2022-08-24T20:53:08Z""#);
    assert_eq!(own.event.time.to_string(), "2022-08-24T20:53:08Z");
    assert!(own.rank > with_time("").rank);
}

/// `resultType` says `Success` beside a failure; `statusInfo` says 0, which is success, too.
#[test]
fn the_status_of_a_provisioning_is_its_own() {
    for input in [GRAPH, AZURE_MONITOR, LOG_ANALYTICS] {
        let events = events(input);
        let failed = provisioning(&events[3]);
        assert_eq!(failed.status.as_deref(), Some("failure"));
        assert_eq!(
            (failed.error_code.as_deref(), failed.error_reason.as_deref()),
            (Some("ContosoEntryConflict"), Some("Contoso answered 409."))
        );
    }
}

/// A record of the log, with members in `properties`.
fn azure(category: &str, properties: Value) -> String {
    json!({
        "time": "8/22/2022 6:07:16 PM", "category": category, "operationName": "x", "resultType": "Success",
        "properties": properties,
    })
    .to_string()
}

fn check_status(properties: Value, expected: Option<&str>) {
    let understood = one(&azure("ProvisioningLogs", properties));
    assert_eq!(provisioning(&understood).status.as_deref(), expected);
}

#[test]
fn a_status_may_be_a_word_or_an_older_number_and_is_never_the_result_type() {
    let action = "create";
    check_status(
        json!({"provisioningAction": action, "provisioningStatusInfo": {"Status": "skipped"}, "statusInfo": {"Status": 0}}),
        Some("skipped"),
    );
    check_status(
        json!({"provisioningAction": action, "statusInfo": {"Status": 2}}),
        Some("skipped"),
    );
    check_status(
        json!({"provisioningAction": action, "statusInfo": {"status": "failure"}}),
        Some("failure"),
    );
    check_status(json!({ "provisioningAction": action }), None);
    check_status(
        json!({"action": action, "provisioningStatusInfo": "{\"status\":\"warning\"}"}),
        Some("warning"),
    );
}

#[test]
fn the_joining_property_is_told_by_a_step() {
    let understood = one(&azure(
        "ProvisioningLogs",
        json!({
            "provisioningAction": "create",
            "provisioningSteps": [
                {"name": "EntryImportAdd", "details": {"SourceAnchor": "a071861412de"}},
                {"name": "EntryImportObjectNotFound", "details": {"JoiningProperty": "21023"}},
            ],
            "servicePrincipal": [{"id": "1", "displayName": "Workday"}],
        }),
    ));
    let provisioning = provisioning(&understood);
    assert_eq!(provisioning.joining_property.as_deref(), Some("21023"));
    assert_eq!(provisioning.service_principal_name.as_deref(), Some("Workday"));
}

#[test]
fn the_times_of_risk_events_are_american_without_a_digit_or_missing() {
    let told = |properties: Value| {
        let understood = one(&azure("UserRiskEvents", properties));
        (
            understood.event.time.to_string(),
            understood.event.updated.map(|time| time.to_string()),
        )
    };
    assert_eq!(
        told(
            json!({"riskEventType": "generic", "activityDateTime": "2022-09-09T8:48:50.361Z", "lastUpdatedDateTime": "9/9/2022 9:54:27 AM"})
        ),
        (
            "2022-09-09T08:48:50.361Z".to_owned(),
            Some("2022-09-09T09:54:27Z".to_owned())
        )
    );
    assert_eq!(
        told(json!({ "riskEventType": "generic" })),
        ("2022-08-22T18:07:16Z".to_owned(), None)
    );
}

#[test]
fn the_first_of_two_words_for_the_detection_counts() {
    let word = |properties: Value| {
        detection(&one(&azure("UserRiskEvents", properties)))
            .event_type
            .clone()
    };
    assert_eq!(
        word(json!({"riskType": "generic", "riskEventType": "passwordSpray"})),
        text("passwordSpray")
    );
    assert_eq!(
        word(json!({ "riskType": "unlikelyTravel" })),
        text("unlikelyTravel")
    );
}

#[test]
fn each_state_of_a_person_is_an_event_to_the_second() {
    let key = |properties: Value| one(&azure("RiskyUsers", properties)).key;
    let at = |time: &str, state: &str| {
        key(json!({"id": "u1", "riskState": state, "riskLastUpdatedDateTime": time}))
    };
    let first = at("2022-08-22T18:11:52.702Z", "atRisk");
    assert_eq!(first, at("2022-08-22T18:11:52.7027185Z", "atRisk"));
    assert_eq!(
        first,
        at("2022-08-22T18:11:52Z", "dismissed"),
        "the same second: the latest counts"
    );
    assert_ne!(first, at("2022-08-22T18:11:53Z", "atRisk"));
    // An item of the history has an id of its own.
    assert_eq!(
        first,
        key(
            json!({"id": "h7", "userId": "U1", "riskState": "atRisk", "riskLastUpdatedDateTime": "2022-08-22T18:11:52.702Z"})
        )
    );
    let of_an_application = one(&azure(
        "RiskyServicePrincipals",
        json!({"id": "u1", "riskState": "atRisk", "riskLastUpdatedDateTime": "2022-08-22T18:11:52.702Z"}),
    ));
    assert_ne!(first, of_an_application.key);
}

#[test]
fn records_without_id_differ_by_any_of_their_facts() {
    let key = |more: Value| {
        let mut properties = json!({
            "riskEventType": "unlikelyTravel", "activityDateTime": "2022-08-22T18:05:06Z", "userId": "u1",
        });
        for (name, value) in more.as_object().unwrap() {
            properties[name] = value.clone();
        }
        one(&azure("UserRiskEvents", properties)).key
    };
    let plain = key(json!({}));
    assert_eq!(plain, key(json!({ "riskState": "dismissed" })));
    for other in [
        json!({ "riskEventType": "newCountry" }),
        json!({ "userId": "u2" }),
        json!({ "ipAddress": "192.0.2.1" }),
        json!({ "requestId": "r" }),
        json!({ "activityDateTime": "2022-08-22T18:05:07Z" }),
    ] {
        assert_ne!(key(other.clone()), plain, "{other}");
    }
    let graph =
        one(r#"{"riskEventType":"unlikelyTravel","activityDateTime":"2022-08-22T18:05:06Z","userId":"U1"}"#);
    assert_eq!(graph.key, plain, "the same by another road");
}

#[test]
fn tables_without_their_name_are_known_by_their_columns() {
    for (place, line) in LOG_ANALYTICS.lines().enumerate() {
        let mut row: Value = serde_json::from_str(line).unwrap();
        row.as_object_mut().unwrap().remove("Type");
        let (named, nameless) = (&events(LOG_ANALYTICS)[place], one(&row.to_string()));
        assert_eq!(nameless.format, "entra-log-analytics", "{line}");
        assert_eq!(
            (nameless.key, &nameless.event),
            (named.key, &named.event),
            "{line}"
        );
    }
}

#[test]
fn powershells_spelling_of_graph_is_understood() {
    for (place, line) in GRAPH.lines().enumerate() {
        let row: Value = serde_json::from_str(line).unwrap();
        let pascal: serde_json::Map<String, Value> = row
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name[..1].to_uppercase() + &name[1..], value.clone()))
            .collect();
        let understood = one(&Value::Object(pascal).to_string());
        assert_eq!(understood.format, "entra-graph", "{line}");
        assert_eq!(understood.key, events(GRAPH)[place].key, "{line}");
    }
}

#[test]
fn flattened_records_of_a_pipeline_are_understood() {
    let flat = r#"{"time":"8/22/2022 6:07:16 PM","category":"userriskevents","operationname":"User Risk Detection",
        "riskeventtype":"maliciousIPAddress","riskstate":"atRisk","activitydatetime":"2022-08-22T18:05:06Z","userid":"u1","id":"x"}"#;
    let understood = one(flat);
    assert_eq!(
        detection(&understood).event_type.as_deref(),
        Some("maliciousIPAddress")
    );
    assert_eq!(understood.event.time.to_string(), "2022-08-22T18:05:06Z");
}

fn check_refused(category: &str, properties: Value, expected: &str) {
    let refusal = refusal(Choice::Auto, &azure(category, properties));
    assert!(refusal.starts_with("rejected: "), "{refusal}");
    assert!(refusal.contains(expected), "{refusal} does not say {expected}");
}

#[test]
fn what_says_nothing_is_refused_with_what_is_missing() {
    check_refused("UserRiskEvents", json!({"id": "1"}), "it has no `riskEventType`");
    check_refused(
        "RiskyUsers",
        json!({"riskState": "atRisk"}),
        "it has neither `id` nor",
    );
    check_refused("RiskyUsers", json!({"id": "1"}), "it has neither `riskState` nor");
    check_refused(
        "ProvisioningLogs",
        json!({"id": "1"}),
        "it has neither `provisioningAction` nor a status",
    );
    let undated = refusal(
        Choice::Auto,
        r#"{"Type":"AADRiskyUsers","TimeGenerated":"2022-08-22T18:11:53Z","Id":"1","RiskState":"atRisk"}"#,
    );
    assert!(
        undated.contains("it has no `riskLastUpdatedDateTime`; `TimeGenerated` is when it was received"),
        "{undated}"
    );
}
