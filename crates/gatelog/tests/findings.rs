//! Findings of our own detection over HTTP and by the client: as rows, as a list, explained; retracted, masked, and not to be forged.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use model::finding::{Finding, Found, IrregularClass, Person};
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::{Value, json};
use server::findings::{Kept, keep};
use store::folder::DataFolder;
use store::sqlite::Options;
use support::http::{Answer, Request};
use support::{App, CONTOSO, FABRIKAM, Server, Workplace};
use uuid::Uuid;

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

/// A finding of a person on a day of May 2024.
fn finding(number: u128, day: u32, user: &str, found: Found) -> Finding {
    Finding {
        id: Uuid::from_u128(0x1000_0000_0000_5000_8000_0000_0000_0000 + number),
        time: time(&format!("2024-05-{day:02}T08:00:00Z")),
        person: Person {
            user_id: Some(format!("2222-{user}")),
            user_name: Some(format!("{user}@contoso.com")),
            display_name: Some(format!("The {user}")),
        },
        address: Some(format!("203.0.113.{number}")),
        found,
        rule_version: 1,
        summary: format!("seen {number} times"),
        evidence: json!({"events": ["b", "a"], "threshold": number as u64})
            .as_object()
            .unwrap()
            .clone(),
        retracted: None,
    }
}

/// One of each detector, on the days 1 to 6: three of Ann's, three of Bob's.
fn all() -> Vec<Finding> {
    let founds = [
        Found::MultipleGeographies {
            first_from: Some("Dresden, DE".to_owned()),
            second_from: Some("Osaka, JP".to_owned()),
            between_ticks: 36_000_000_000,
            travel_hours: 12,
        },
        Found::AfterMultipleFailures { failed_attempts: 14 },
        Found::UnknownSource { sign_ins: 3 },
        Found::SuspiciousAddress,
        Found::InfectedDevice {
            location: None,
            client: None,
            suspected_infection: "feodo".to_owned(),
            latest_activity: None,
        },
        Found::Irregular {
            class: IrregularClass::Suspicious,
            device: None,
            location: None,
        },
    ];
    let numbered = founds.into_iter().zip(1..);
    numbered
        .map(|(found, number)| {
            let user = if number <= 3 { "ann" } else { "bob" };
            finding(number, number as u32, user, found)
        })
        .collect()
}

/// The report of each, with its time property.
const SIX: [(&str, &str); 6] = [
    ("signInsFromMultipleGeographiesEvents", "timeOfSecondSignIn"),
    ("signInsAfterMultipleFailuresEvents", "firstSuccessfulSignIn"),
    ("signInsFromUnknownSourcesEvents", "timeOfLastSuccessfulSignIn"),
    ("signInsFromIPAddressesWithSuspiciousActivityEvents", "eventTime"),
    ("signInsFromPossiblyInfectedDevicesEvents", "lastSignInTime"),
    ("irregularSignInActivityEvents", "eventTime"),
];

/// Keeps findings as detection does, while no server runs.
fn judge(workplace: &Workplace, tenant: &str, findings: &[Finding], now: &str) -> Kept {
    let folder = DataFolder::open(&workplace.data()).unwrap();
    let store = store::open(&folder, Options::default()).unwrap();
    let tenant = TenantId::parse(tenant).unwrap();
    keep(store.as_ref(), tenant, findings, time(now)).unwrap()
}

fn retracted(mut finding: Finding, why: &str) -> Finding {
    finding.retracted = Some(why.to_owned());
    finding
}

fn workplace() -> (Workplace, App) {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    (workplace, app)
}

fn ids(server: &Server, token: &str, report: &str, filter: &str) -> Vec<String> {
    let filter = filter.replace(' ', "%20");
    let target = format!("/contoso.com/reports/{report}?api-version=beta&$filter={filter}");
    let answer = server.get(token, &target);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let rows = answer.json();
    let rows = rows["value"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_report_shows_its_own_and_the_union_all_whatever_time_is_asked_for() {
    let (workplace, app) = workplace();
    let found = all();
    assert_eq!(judge(&workplace, CONTOSO, &found, "2024-05-20").new, 6);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    for (index, (report, property)) in SIX.iter().enumerate() {
        let (day, id) = (index + 1, found[index].id.to_string());
        for (filter, is_there) in [
            (format!("{property} eq 2024-05-{day:02}T08:00:00Z"), true),
            (format!("{property} ge 2024-05-{day:02}T08:00:00Z"), true),
            (format!("{property} gt 2024-05-{day:02}T08:00:00Z"), false),
            (format!("{property} lt 2024-05-{day:02}T08:00:00Z"), false),
            (
                format!("{property} ge 2024-05-01 and {property} le 2024-05-{day:02}T08:00:00Z"),
                true,
            ),
        ] {
            let expected: Vec<String> = is_there.then(|| id.clone()).into_iter().collect();
            assert_eq!(
                ids(&server, &token, report, &filter),
                expected,
                "{report}: {filter}"
            );
        }
        let latest = ids(
            &server,
            &token,
            "signInsFromPossiblyInfectedDevicesEvents",
            "latestPotentiallySuspiciousActivity eq 2024-05-05T08:00:00Z",
        );
        assert_eq!(latest, [found[4].id.to_string()]);
    }
    let mut expected: Vec<String> = found.iter().map(|finding| finding.id.to_string()).collect();
    expected.reverse();
    let union = "allUsersWithAnomalousSignInActivityEvents";
    assert_eq!(ids(&server, &token, union, "eventTime ge 2024-05-01"), expected);
    let between = "eventTime ge 2024-05-02 and eventTime lt 2024-05-04";
    assert_eq!(ids(&server, &token, union, between), expected[3..5]);
}

#[test]
fn the_row_of_a_retracted_finding_goes_and_comes_back_when_it_holds_again() {
    let (workplace, app) = workplace();
    let found = all();
    let shown = || {
        let server = workplace.serve();
        let token = server.reading_token(&app);
        let rows = |report| ids(&server, &token, report, "eventTime ge 2024-05-01").len();
        let document = server.get(&token, &format!("/contoso.com/findings/{}", found[5].id));
        (
            rows("irregularSignInActivityEvents"),
            rows("allUsersWithAnomalousSignInActivityEvents"),
            document.json(),
        )
    };
    judge(&workplace, CONTOSO, &found, "2024-05-20");
    let (own, union, document) = shown();
    assert_eq!((own, union), (1, 6));
    assert_eq!(document["state"], "standing");
    assert_eq!(document["row"]["eventClassification"], "Suspicious");
    let gone = retracted(found[5].clone(), "a record came late");
    assert_eq!(judge(&workplace, CONTOSO, &[gone], "2024-05-21").changed, 1);
    let (own, union, document) = shown();
    assert_eq!((own, union), (0, 5));
    assert_eq!(
        (&document["state"], &document["retracted"], &document["row"]),
        (&json!("retracted"), &json!("a record came late"), &Value::Null)
    );
    assert_eq!(
        document["contents"][0]["row"]["eventClassification"],
        "Suspicious"
    );
    judge(&workplace, CONTOSO, &found, "2024-05-22");
    let (own, union, document) = shown();
    assert_eq!((own, union), (1, 6));
    let contents = document["contents"].as_array().unwrap().iter();
    let told: Vec<(Value, Value, Value)> = contents
        .map(|content| {
            let of = |name: &str| content[name].clone();
            (of("judgedAt"), of("retracted"), of("counts"))
        })
        .collect();
    assert_eq!(
        told,
        [
            (json!("2024-05-20T00:00:00Z"), Value::Null, json!(false)),
            (
                json!("2024-05-21T00:00:00Z"),
                json!("a record came late"),
                json!(false)
            ),
            (json!("2024-05-22T00:00:00Z"), Value::Null, json!(true)),
        ]
    );
    assert_eq!(
        document["evidence"],
        json!({"events": ["b", "a"], "threshold": 6})
    );
    // Rows made anew from what is kept are the same, and the store's own recount agrees.
    let rebuilt = workplace.json(&["rebuild"]);
    for name in ["added", "changed", "removed", "notUnderstood", "recounted"] {
        assert_eq!(rebuilt[name], 0, "{name}: {rebuilt}");
    }
    assert_eq!(shown().0, 1);
    let check = workplace.run(&["store", "check"]);
    assert!(check.status.success(), "{}", support::shown(&check));
    let sources = workplace.json(&["sources", "status"]);
    let source = &sources[0]["sources"][0];
    assert_eq!(
        (&source["name"], &source["kind"], &source["openGaps"]),
        (&json!("detection"), &json!("own"), &json!(0))
    );
}

/// The numbers of the findings of an answer.
fn numbers(answer: &Answer) -> Vec<u64> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let found = answer.json();
    let found = found["findings"].as_array().unwrap().iter();
    found
        .map(|finding| {
            let id = finding["id"].as_str().unwrap();
            id[id.len() - 1..].parse().unwrap()
        })
        .collect()
}

#[test]
fn findings_are_listed_newest_first_by_detector_person_time_and_state() {
    let (workplace, app) = workplace();
    workplace.tenant(FABRIKAM, "fabrikam.com");
    let found = all();
    judge(&workplace, CONTOSO, &found, "2024-05-20");
    let others = [finding(9, 7, "ann", Found::SuspiciousAddress)];
    judge(&workplace, FABRIKAM, &others, "2024-05-20");
    let gone = retracted(found[1].clone(), "a record came late");
    judge(&workplace, CONTOSO, &[gone], "2024-05-21");
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let get = |query: &str| server.get(&token, &format!("/contoso.com/findings?{query}"));
    for (query, expected) in [
        ("", &[6, 5, 4, 3, 1][..]),
        ("state=all", &[6, 5, 4, 3, 2, 1]),
        ("state=retracted", &[2]),
        ("detector=irregular", &[6]),
        ("detector=after-multiple-failures", &[]),
        ("user=ann@contoso.com", &[3, 1]),
        ("user=ANN%40contoso.com&state=all", &[3, 2, 1]),
        ("user=2222-bob", &[6, 5, 4]),
        ("user=nobody", &[]),
        ("since=2024-05-04", &[6, 5, 4]),
        ("since=2024-05-04T08:00:00.0000001Z", &[6, 5]),
        ("user=2222-bob&detector=infected-devices&state=all&since=", &[5]),
    ] {
        assert_eq!(numbers(&get(query)), expected, "{query}");
    }
    for limit in 1..=6 {
        let (mut got, mut page) = (Vec::new(), String::new());
        loop {
            let answer = get(&format!("state=all&limit={limit}&page={page}"));
            got.extend(numbers(&answer));
            match answer.json()["next"].as_str() {
                Some(next) => next.clone_into(&mut page),
                None => break,
            }
        }
        assert_eq!(got, [6, 5, 4, 3, 2, 1], "{limit} a page");
    }
    let listed = &get("detector=multiple-geographies").json()["findings"][0];
    let expected = json!({
        "id": "10000000-0000-5000-8000-000000000001", "detector": "multiple-geographies",
        "report": "signInsFromMultipleGeographiesEvents", "time": "2024-05-01T08:00:00Z", "judgedAt": "2024-05-20T00:00:00Z",
        "state": "standing", "retracted": null, "userId": "2222-ann", "userName": "ann@contoso.com", "displayName": "The ann",
        "address": "203.0.113.1", "summary": "seen 1 times", "ruleVersion": 1,
    });
    assert_eq!(*listed, expected);
    let next = get("limit=1").json()["next"].as_str().unwrap().to_owned();
    for bad in [
        "detector=travel",
        "state=open",
        "since=yesterday",
        "limit=0",
        "limit=x",
        "top=1",
        "page=x",
        &format!("page={next}&state=all"),
    ] {
        let refused = get(bad);
        assert_eq!(refused.status, 400, "{bad}: {}", refused.text());
        assert_eq!(
            refused.json()["type"],
            "urn:gatelog:problem:bad-question",
            "{bad}"
        );
    }
    for id in [
        // The other tenant's, none's, and no id at all.
        "10000000-0000-5000-8000-000000000009",
        "10000000-0000-5000-8000-000000000008",
        "x",
    ] {
        let none = server.get(&token, &format!("/contoso.com/findings/{id}"));
        assert_eq!(
            (none.status, &none.json()["type"]),
            (404, &json!("urn:gatelog:problem:no-such-finding")),
            "{id}"
        );
    }
    assert_eq!(server.get(&token, "/fabrikam.com/findings").status, 403);
    assert_eq!(server.send(&Request::get("/contoso.com/findings")).status, 401);
}

const ROLES: &str = r#"
[[roles]]
name = "Travel"
reports = ["signInsFromMultipleGeographiesEvents"]

[[roles]]
name = "Addresses"
reports = ["signInsFromUnknownSourcesEvents", "irregularSignInActivityEvents"]
mask = ["userName", "displayName"]
"#;

#[test]
fn whoever_may_not_see_the_report_does_not_see_the_finding_and_masks_hold() {
    let (workplace, _) = workplace();
    let found = all();
    judge(&workplace, CONTOSO, &found, "2024-05-20");
    let gone = retracted(found[5].clone(), "of bob@contoso.com");
    judge(&workplace, CONTOSO, &[gone], "2024-05-21");
    let made = workplace.json(&[
        "app",
        "create",
        "--tenant",
        "contoso.com",
        "--name",
        "script",
        "--delegated-permission",
        "Directory.Read.All",
    ]);
    workplace.json(&["tenant", "update", "contoso.com", "--password-grant", "on"]);
    let config = workplace.file("gatelog.toml", ROLES);
    let server = workplace.serve_with_arguments(&["--config", config.to_str().unwrap()]);
    let token = |name: &str, role: &str| {
        let user = workplace.json(&["user", "create", name, "--tenant", "contoso.com", "--role", role]);
        let form = format!(
            "grant_type=password&username={name}&password={}&client_id={}&client_secret={}&resource=https://graph.windows.net",
            user["password"].as_str().unwrap(),
            made["clientId"].as_str().unwrap(),
            made["clientSecret"].as_str().unwrap(),
        );
        let answer = server.send(&Request::post("/contoso.com/oauth2/token").form(&form));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    };
    let list = |token: &str, query: &str| server.get(token, &format!("/contoso.com/findings?{query}"));
    let security = token("sam@contoso.com", "Security Reader");
    assert_eq!(numbers(&list(&security, "state=all")), [6, 5, 4, 3, 2, 1]);
    let reports = token("rob@contoso.com", "Reports Reader");
    let one = |token: &str, number: usize| {
        server.get(token, &format!("/contoso.com/findings/{}", found[number - 1].id))
    };
    for refused in [list(&reports, ""), one(&reports, 1)] {
        assert_eq!(refused.status, 403, "{}", refused.text());
        assert_eq!(refused.json()["type"], "urn:gatelog:problem:no-permission");
        assert!(refused.text().contains("none of the roles"));
    }
    let travel = token("tom@contoso.com", "Travel");
    assert_eq!(numbers(&list(&travel, "state=all")), [1]);
    assert_eq!(
        list(&travel, "").json()["findings"][0]["userName"],
        "ann@contoso.com"
    );
    assert_eq!((one(&travel, 1).status, one(&travel, 3).status), (200, 404));
    let addresses = token("ada@contoso.com", "Addresses");
    let masked = list(&addresses, "state=all");
    assert_eq!(numbers(&masked), [6, 3]);
    let answers = [masked, one(&addresses, 3), one(&addresses, 6)];
    for answer in &answers {
        for hidden in ["ann", "bob", "2222-", "threshold"] {
            assert!(!answer.text().contains(hidden), "{hidden}: {}", answer.text());
        }
        assert!(answer.text().contains("203.0.113."), "{}", answer.text());
    }
    let document = answers[1].json();
    assert_eq!(document["masked"], json!(["userName", "displayName"]));
    assert_eq!(
        (&document["evidence"], &document["row"]["userName"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(document["row"]["ipAddress"], "203.0.113.3");
    assert_eq!(answers[2].json()["retracted"], "not shown to this role");
    let refused = list(&addresses, "user=ann@contoso.com");
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(refused.json()["maskedProperty"], "userName");
}

#[test]
fn nobody_can_bring_a_finding() {
    let (workplace, app) = workplace();
    let forged = sources::finding::encode(&all()[3], time("2024-05-20")).unwrap();
    let forged = String::from_utf8(forged).unwrap();
    let file = workplace.file("forged.jsonl", &forged);
    let imported = workplace.run(&[
        "import",
        "--tenant",
        CONTOSO,
        file.to_str().unwrap(),
        "-o",
        "json",
    ]);
    let told: Value = serde_json::from_slice(&imported.stdout).unwrap();
    assert_eq!(
        (&told["read"], &told["rejected"]),
        (&json!(1), &json!(1)),
        "{}",
        support::shown(&imported)
    );
    let named = workplace.run(&["import", "--format", "gatelog-finding", file.to_str().unwrap()]);
    assert_eq!(named.status.code(), Some(2), "{}", support::shown(&named));
    let server = workplace.serve();
    let (reads, brings) = (server.reading_token(&app), server.ingest_token(&app));
    for format in ["gatelog-finding", "gatelog"] {
        let request = Request::post(&format!("/contoso.com/ingest/{format}"));
        let refused = server.send(&request.bearer(&brings).body(forged.as_str()));
        assert_eq!(refused.status, 404, "{format}: {}", refused.text());
    }
    for record in [
        forged.clone(),
        format!(r#"{{"log":{forged}}}"#),
        json!({ "message": forged }).to_string(),
    ] {
        let request = Request::post("/contoso.com/ingest/auto");
        let answer = server.send(&request.bearer(&brings).body(record.as_str()));
        assert_eq!(answer.json()["rejected"], 1, "{}", answer.text());
    }
    let listed = server.get(&reads, "/contoso.com/findings?state=all");
    assert_eq!(numbers(&listed), [0; 0]);
    let report = "signInsFromIPAddressesWithSuspiciousActivityEvents";
    assert_eq!(ids(&server, &reads, report, "eventTime ge 2024-05-01"), [""; 0]);
}

#[test]
fn the_client_lists_and_explains() {
    let (workplace, app) = workplace();
    let found = all();
    judge(&workplace, CONTOSO, &found, "2024-05-20");
    let gone = retracted(found[3].clone(), "a record came late");
    judge(&workplace, CONTOSO, &[gone], "2024-05-21");
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let host = format!("http://{}", server.address);
    let run = |arguments: &[&str]| {
        let mut command = workplace.command(arguments);
        command.args(["--host", &host, "--tenant", "contoso.com"]);
        let output = command.env("GATELOG_TOKEN", &token).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (code, listed, said) = run(&["findings", "--user", "bob@contoso.com", "--state", "all"]);
    assert_eq!(code, Some(0), "{said}");
    let expected = "\
 Time (UTC)            Detector              User             Address      Why                                                  Finding
 2024-05-06T08:00:00Z  irregular             bob@contoso.com  203.0.113.6  seen 6 times                                 10000000-0000-5000-8000-000000000006
 2024-05-05T08:00:00Z  infected-devices      bob@contoso.com  203.0.113.5  seen 5 times                                 10000000-0000-5000-8000-000000000005
 2024-05-04T08:00:00Z  suspicious-addresses  bob@contoso.com  203.0.113.4  RETRACTED (a record came late): seen 4 times 10000000-0000-5000-8000-000000000004
";
    let squeezed = |text: &str| {
        let lines = text
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.collect::<Vec<_>>()
    };
    assert_eq!(squeezed(&listed), squeezed(expected));
    let (_, json, _) = run(&["findings", "--since", "2024-05-06", "-o", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["detector"], "irregular");
    let (code, _, said) = run(&["explain", "2024-05-04T08:00:00Z"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("in `gatelog findings` it ends each line"), "{said}");
    let (code, explained, said) = run(&["explain", &found[3].id.to_string()]);
    assert_eq!(code, Some(0), "{said}");
    let expected = "\
what      signInsFromIPAddressesWithSuspiciousActivityEvents (suspicious-addresses, rule 1)
who       The bob, bob@contoso.com, 2222-bob
when      2024-05-04T08:00:00Z
address   203.0.113.4
why       seen 4 times
state     retracted at 2024-05-21T00:00:00Z: a record came late

evidence
  events
    1. b
    2. a
  threshold  4

judgements, in the order in which they were made
  2024-05-20T00:00:00Z  found: seen 4 times
  2024-05-21T00:00:00Z  retracted: a record came late  <- counts
";
    assert_eq!(explained, expected);
    let (code, _, said) = run(&["explain", "10000000-0000-5000-8000-000000000009"]);
    assert_eq!(code, Some(3), "{said}");
    let (code, _, said) = run(&["findings", "--detector", "travel"]);
    assert_eq!(code, Some(2), "{said}");
}
