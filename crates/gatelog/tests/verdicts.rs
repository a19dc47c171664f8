//! Provisioning logs and the vendor's verdicts from record to served row, and that an event is one by whatever road it
//! comes.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::{Value, json};
use support::{App, CONTOSO, Server, Workplace};

/// The same nine events by three roads: a sign-in, an audit, two provisioned accounts, two risk detections, a risky user,
/// a risk detection about an application and a risky application.
const GRAPH: &str = include_str!("../../sources/tests/fixtures/roads_graph.jsonl");
const AZURE_MONITOR: &str = include_str!("../../sources/tests/fixtures/roads_azure_monitor.jsonl");
const LOG_ANALYTICS: &str = include_str!("../../sources/tests/fixtures/roads_log_analytics.jsonl");

/// What shows them, each with the property that its filter takes.
const REPORTS: &[(&str, &str)] = &[
    ("activities/signinEvents", "signinDateTime"),
    ("activities/audit", "activityDate"),
    ("reports/auditEvents", "eventTime"),
    ("reports/allUserSignInActivityEvents", "eventTime"),
    ("reports/accountProvisioningEvents", "eventTime"),
    (
        "reports/signInsFromUnknownSourcesEvents",
        "timeOfLastSuccessfulSignIn",
    ),
    (
        "reports/signInsFromIPAddressesWithSuspiciousActivityEvents",
        "eventTime",
    ),
    (
        "reports/signInsFromPossiblyInfectedDevicesEvents",
        "lastSignInTime",
    ),
    ("reports/irregularSignInActivityEvents", "eventTime"),
    ("reports/allUsersWithAnomalousSignInActivityEvents", "eventTime"),
    ("reports/compromisedCredentials", "eventTime"),
    ("reports/threatenedCredentials", "eventTime"),
    ("reports/weakCredentials", "eventTime"),
];

/// A workplace with the directory of the records, and an application that may read and bring.
fn workplace() -> (Workplace, App) {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    (workplace, app)
}

/// Imports a road; answers new, changed and known.
fn import(workplace: &Workplace, road: &str) -> [u64; 3] {
    let file = workplace.file("road.jsonl", road);
    let output = workplace.json(&["import", "--tenant", CONTOSO, file.to_str().unwrap()]);
    assert_eq!(
        (&output["ignored"], &output["rejected"]),
        (&json!(0), &json!(0)),
        "{output}"
    );
    ["new", "changed", "known"].map(|name| output[name].as_u64().unwrap())
}

fn rows(server: &Server, token: &str, report: &str, time: &str) -> Vec<Value> {
    let answer = server.get(
        token,
        &format!("/contoso.com/{report}?api-version=beta&$filter={time}%20ge%202019-01-01"),
    );
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["value"].as_array().unwrap().clone()
}

/// Every row of every report that shows something of the events.
fn served(workplace: &Workplace, app: &App) -> Vec<(&'static str, Vec<Value>)> {
    let check = workplace.run(&["store", "check"]);
    assert!(check.status.success(), "{}", support::shown(&check));
    let server = workplace.serve();
    let token = server.reading_token(app);
    REPORTS
        .iter()
        .map(|(report, time)| (*report, rows(&server, &token, report, time)))
        .collect()
}

#[test]
fn an_event_is_one_by_whatever_road_it_comes_and_in_whatever_order() {
    let mut all = Vec::new();
    for roads in [
        [GRAPH, AZURE_MONITOR, LOG_ANALYTICS],
        [LOG_ANALYTICS, AZURE_MONITOR, GRAPH],
        [AZURE_MONITOR, LOG_ANALYTICS, GRAPH],
    ] {
        let (workplace, app) = workplace();
        assert_eq!(import(&workplace, roads[0]), [9, 0, 0]);
        assert_eq!(import(&workplace, roads[1]), [0, 9, 0], "changed once");
        assert_eq!(import(&workplace, roads[1]), [0, 0, 9], "then known");
        assert_eq!(import(&workplace, roads[2]), [0, 9, 0]);
        for road in roads {
            assert_eq!(import(&workplace, road), [0, 0, 9]);
        }
        all.push(served(&workplace, &app));
    }
    let count = |report: &str| {
        let (_, rows) = all[0].iter().find(|(name, _)| *name == report).unwrap();
        rows.len()
    };
    assert_eq!(
        [
            count("activities/signinEvents"),
            count("activities/audit"),
            count("reports/accountProvisioningEvents"),
            count("reports/signInsFromUnknownSourcesEvents"),
            count("reports/allUsersWithAnomalousSignInActivityEvents"),
            count("reports/compromisedCredentials"),
            count("reports/irregularSignInActivityEvents"),
        ],
        [1, 1, 2, 1, 1, 2, 0]
    );
    assert_eq!(all[1], all[0]);
    assert_eq!(all[2], all[0]);
}

/// The rows written by hand from the records; any road alone must give them.
#[test]
fn each_road_alone_gives_the_rows_that_its_records_say() {
    for (road, provisioned) in [
        (GRAPH, ["2022-08-23T13:36:52.869547Z", "2022-08-24T20:53:08Z"]),
        (
            AZURE_MONITOR,
            ["2022-08-23T13:36:52.869547Z", "2022-08-24T20:53:08Z"],
        ),
        // This table knows only when it was received.
        (LOG_ANALYTICS, ["2022-08-23T13:40:00Z", "2022-08-24T20:59:59Z"]),
    ] {
        let (workplace, app) = workplace();
        assert_eq!(import(&workplace, road), [9, 0, 0]);
        let served = served(&workplace, &app);
        let rows = |report: &str| {
            let (_, rows) = served.iter().find(|(name, _)| *name == report).unwrap();
            Value::Array(rows.clone())
        };
        assert_eq!(
            rows("reports/accountProvisioningEvents"),
            json!([
                {
                    "id": "gc532ff9-r265-ec76-861e-42e2970a8218", "eventTime": provisioned[1],
                    "application": "Contoso", "instanceName": "ContosoOutDelta.4b2462a4", "operation": "create",
                    "sourceType": "Group", "targetType": "Group", "joiningProperty": null, "addedProperties": null,
                    "removedProperties": null, "result": "Failure",
                },
                {
                    "id": "ebc7b845-7505-2dfa-269a-93257fab469a", "eventTime": provisioned[0],
                    "application": "Dropbox Business", "instanceName": "Dropbox Business (EU)", "operation": "create",
                    "sourceType": "User", "targetType": "urn:ietf:params:scim:schemas:core:2.0:User",
                    "joiningProperty": "51e26eae-d07b-44e5-bb0b-249f49569a8c",
                    "addedProperties": "externalId, name.givenName, title", "removedProperties": "manager",
                    "result": "Success",
                },
            ])
        );
        // uuid5 of the event's identity: the vendor's id is no GUID.
        let id = rows("reports/signInsFromUnknownSourcesEvents")[0]["id"].clone();
        assert_eq!(id, "f9698745-d8fc-5179-a190-ed69777457f7");
        assert_eq!(
            rows("reports/signInsFromUnknownSourcesEvents"),
            json!([{
                "numberOfSignins": 1, "ipAddress": "203.0.113.42",
                "timeOfLastSuccessfulSignIn": "2022-08-22T18:05:06.133Z", "id": id, "displayName": "Joe Dane",
                "userName": "joe@contoso.example",
            }])
        );
        assert_eq!(
            rows("reports/allUsersWithAnomalousSignInActivityEvents"),
            json!([{
                "eventTime": "2022-08-22T18:05:06.133Z",
                "detail": "Anonymous address (Microsoft Entra ID Protection: anonymizedIPAddress, level high, state atRisk); \
                           203.0.113.42; Dresden, Sachsen, DE",
                "reason": "signInsFromUnknownSourcesEvents", "id": id, "displayName": "Joe Dane",
                "userName": "joe@contoso.example",
            }])
        );
        assert_eq!(
            rows("reports/compromisedCredentials"),
            json!([
                {
                    "eventTime": "2022-10-01T00:10:00Z", "credentialType": "Application credential",
                    "reason": "Leaked credentials (Microsoft Entra ID Protection: leakedCredentials, level high, state atRisk)",
                    "id": "4b6986ec-c49c-40c0-89ce-b2ac51213e39", "displayName": "deployer", "userName": null,
                },
                {
                    "eventTime": "2022-09-09T08:48:50.361Z", "credentialType": "Password",
                    "reason": "Leaked credentials (Microsoft Entra ID Protection: leakedCredentials, level high, \
                               state remediated, detail userPerformedSecuredPasswordReset)",
                    "id": "e3b2b242-4ccb-4cf1-9b8b-004cf034a458", "displayName": "Lea Miller",
                    "userName": "lea@contoso.example",
                },
            ])
        );
        let json = "reports/allUserSignInActivityEvents";
        assert_eq!(rows(json)[0]["userName"], "joe@contoso.example");
    }
}

/// The detection with another state, as of later.
fn later(state: &str, updated: &str) -> String {
    let line = GRAPH.lines().nth(4).unwrap();
    let mut record: Value = serde_json::from_str(line).unwrap();
    record["riskState"] = json!(state);
    record["lastUpdatedDateTime"] = json!(updated);
    record.to_string()
}

#[test]
fn a_verdict_that_the_vendor_takes_back_is_shown_no_more_whatever_comes_first() {
    let first = later("atRisk", "2022-08-22T18:07:16Z");
    let dismissed = later("dismissed", "2022-08-23T09:00:00Z");
    for records in [[&first, &dismissed], [&dismissed, &first]] {
        let (workplace, app) = workplace();
        let server = workplace.serve();
        let (token, ingest) = (server.reading_token(&app), server.ingest_token(&app));
        let shown = |server: &Server| {
            [
                ("signInsFromUnknownSourcesEvents", "timeOfLastSuccessfulSignIn"),
                ("allUsersWithAnomalousSignInActivityEvents", "eventTime"),
            ]
            .map(|(report, time)| rows(server, &token, &format!("reports/{report}"), time).len())
        };
        let told = server.ingest(&ingest, "contoso.com", records[0]);
        assert_eq!(told["new"], 1, "{told}");
        let is_first = *records[0] == first;
        assert_eq!(shown(&server), [usize::from(is_first); 2]);
        let told = server.ingest(&ingest, "contoso.com", records[1]);
        assert_eq!(told["changed"], 1, "{told}");
        assert_eq!(shown(&server), [0, 0]);
        // Meant again after all.
        server.ingest(
            &ingest,
            "contoso.com",
            &later("confirmedCompromised", "2022-08-24T00:00:00Z"),
        );
        assert_eq!(shown(&server), [1, 1]);
        drop(server);
        let check = workplace.run(&["store", "check"]);
        assert!(check.status.success(), "{}", support::shown(&check));
    }
}

#[test]
fn a_report_of_verdicts_takes_its_own_filter_and_pages() {
    let (workplace, app) = workplace();
    let mut lines = String::new();
    for number in 0..30 {
        let line = GRAPH.lines().nth(4).unwrap();
        let mut record: Value = serde_json::from_str(line).unwrap();
        record["id"] = json!(format!("d9b2d63d-a233-4123-847a-4f5a0d9e2c{number:02}"));
        record["riskEventType"] = json!("unlikelyTravel");
        record["activityDateTime"] = json!(format!("2022-08-01T00:00:{number:02}Z"));
        lines.push_str(&format!("{record}\n"));
    }
    assert_eq!(import(&workplace, &lines), [30, 0, 0]);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let ids = |query: &str| {
        let target = format!("/contoso.com/reports/irregularSignInActivityEvents?api-version=beta&{query}");
        let pages = server.pages(
            |target: &str| {
                support::http::Request::get(target)
                    .bearer(&token)
                    .header("Prefer", "odata.maxpagesize=4")
            },
            &target,
        );
        support::ids_of(&pages)
    };
    let expected: Vec<String> = (10..20)
        .rev()
        .map(|number| format!("d9b2d63d-a233-4123-847a-4f5a0d9e2c{number}"))
        .collect();
    assert_eq!(
        ids("$filter=eventTime%20ge%202022-08-01T00:00:10Z%20and%20eventTime%20lt%202022-08-01T00:00:20Z"),
        expected
    );
    assert_eq!(
        ids("$filter=eventTime%20lt%202022-08-01T00:00:20Z%20and%20eventTime%20ge%202022-08-01&$top=2"),
        expected[..2]
    );
    let refused = server.get(
        &token,
        "/contoso.com/reports/irregularSignInActivityEvents?api-version=beta&$filter=ipAddress%20eq%20'x'",
    );
    assert_eq!(refused.status, 400);
}
