//! The ledger as senders, readers and administrators meet it: a real server, real files, and somebody who tampers.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use model::time::{TICKS_PER_SECOND, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;
use support::http::{Answer, Request};
use support::records::{audit, now};
use support::{App, CONTOSO, Server, Workplace};

struct Site {
    server: Server,
    app: App,
    ingest: String,
    read: String,
    workplace: Workplace,
}

fn site() -> Site {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    let server = workplace.serve_with(&[("own_events.enabled", "true")]);
    Site {
        ingest: server.ingest_token(&app),
        read: server.reading_token(&app),
        server,
        app,
        workplace,
    }
}

impl Site {
    fn source(&self, input: &str) -> String {
        format!("ingest:{}/{input}", self.app.client_id)
    }

    /// An upload of an input, with its number; answers what came of it.
    fn upload(&self, input: &str, number: u64, records: &str) -> Value {
        let request = Request::post("/contoso.com/ingest/auto")
            .bearer(&self.ingest)
            .header("Gatelog-Source", input)
            .header("Gatelog-Sequence", &number.to_string())
            .body(records);
        let answer = self.server.send(&request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    fn get(&self, rest: &str) -> Value {
        let answer = self
            .server
            .get(&self.read, &format!("/contoso.com/sources{rest}"));
        assert_eq!(answer.status, 200, "{rest}: {}", answer.text());
        answer.json()
    }

    /// Kind, first and last of what is open, by a source's encoded name.
    fn open(&self, input: &str) -> Vec<(String, u64, u64)> {
        let target = format!("/{}/gaps", encoded(&self.source(input)));
        let gaps = self.get(&target);
        let gaps = gaps["gaps"].as_array().unwrap();
        let number = |gap: &Value, name: &str| gap[name].as_u64().unwrap_or_default();
        gaps.iter()
            .map(|gap| {
                let kind = gap["kind"].as_str().unwrap().to_owned();
                (kind, number(gap, "firstNumber"), number(gap, "lastNumber"))
            })
            .collect()
    }

    fn tell(&self, source: &str, body: &Value) -> Answer {
        let target = format!("/contoso.com/sources/{source}/gaps");
        let request = Request::post(&target).bearer(&self.ingest).body(body.to_string());
        self.server.send(&request)
    }
}

fn encoded(source: &str) -> String {
    source.replace(':', "%3A").replace('/', "%2F")
}

fn record(number: u64) -> String {
    // A time that does not go on: the same record again has the same content.
    audit(&format!("r{number}"), "2026-01-05T10:20:30Z", "Add user")
}

fn sequence(first: u64, last: u64) -> (String, u64, u64) {
    ("sequence".to_owned(), first, last)
}

#[test]
fn a_break_in_the_numbers_of_an_input_is_shown_and_closes_itself() {
    let site = site();
    site.upload("mim", 1, &record(1));
    site.upload("mim", 2, &record(2));
    assert_eq!(site.open("mim"), []);
    site.upload("mim", 6, &record(6));
    assert_eq!(site.open("mim"), [sequence(3, 5)]);
    // Another input counts for itself, and a resend repeats its number.
    site.upload("security", 1, &record(7));
    site.upload("mim", 2, &record(2));
    assert_eq!(site.open("mim"), [sequence(3, 5)]);
    assert_eq!(site.open("security"), []);
    // An upload of nothing that is understood is an upload all the same.
    site.upload("mim", 4, "{\"x\":1}");
    assert_eq!(site.open("mim"), [sequence(3, 3), sequence(5, 5)]);
    site.upload("mim", 3, &record(3));
    site.upload("mim", 5, "");
    assert_eq!(site.open("mim"), []);
    let names = [site.source("mim"), site.source("security")];
    let found = site.get("");
    let sources = found["sources"].as_array().unwrap();
    let told: Vec<(&str, u64)> = sources
        .iter()
        .filter(|source| source["kind"] == "ingest")
        .map(|source| (source["name"].as_str().unwrap(), source["new"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [(names[0].as_str(), 4), (names[1].as_str(), 1)]);
    // The name as it stands is understood, too.
    let one = site.get(&format!("/{}?by=arrival", site.source("mim")));
    assert_eq!(one["source"]["batches"], 7, "{one}");
    assert_eq!(one["source"]["known"], 1);
    assert_eq!(
        one["source"]["lastError"]["reason"]
            .as_str()
            .unwrap()
            .split(':')
            .next(),
        Some("line 1")
    );
    let arrived: u64 = one["hours"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hour| hour["read"].as_u64().unwrap())
        .sum();
    assert_eq!(arrived, 6);
}

#[test]
fn numbers_survive_a_kill_and_are_measured() {
    let mut site = site();
    site.upload("mim", 1, &record(1));
    site.upload("mim", 3, &record(3));
    site.server.program.kill();
    site.server = site.workplace.serve();
    site.read = site.server.reading_token(&site.app);
    assert_eq!(site.open("mim"), [sequence(2, 2)]);
    let measured = || Request::get("/metrics").send(&site.server.admin).text();
    // The first round of measuring is over a moment after the start.
    let is_measured = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(50));
        measured().contains("gatelog_source_gaps{kind=\"sequence\"} 1")
    });
    assert!(is_measured, "{}", measured());
    assert!(measured().contains("gatelog_source_gaps{kind=\"hour\"} 0"));
    // Of each source, too.
    let source = format!("source=\"ingest:{}/mim\"", site.app.client_id);
    for expected in [
        format!("gatelog_source_records_total{{tenant=\"{CONTOSO}\",{source},result=\"new\"}} 2\n"),
        format!("gatelog_source_records_total{{tenant=\"{CONTOSO}\",{source},result=\"rejected\"}} 0\n"),
        format!("gatelog_source_open_gaps{{tenant=\"{CONTOSO}\",{source}}} 1\n"),
    ] {
        assert!(measured().contains(&expected), "{expected}: {}", measured());
    }
}

#[test]
fn headers_that_cannot_be_understood_are_refused() {
    let site = site();
    let long = "x".repeat(65);
    for (name, value) in [
        ("Gatelog-Source", "two words"),
        ("Gatelog-Source", "a/b"),
        ("Gatelog-Source", ""),
        ("Gatelog-Source", long.as_str()),
        ("Gatelog-Sequence", "0"),
        ("Gatelog-Sequence", "-1"),
        ("Gatelog-Sequence", "9223372036854775808"),
        ("Gatelog-Sequence", "one"),
    ] {
        let request = Request::post("/contoso.com/ingest/auto")
            .bearer(&site.ingest)
            .header(name, value)
            .body(record(1));
        let answer = site.server.send(&request);
        assert_eq!(
            (answer.status, &answer.json()["type"]),
            (400, &json!("urn:gatelog:problem:bad-header"))
        );
        assert!(
            answer.json()["detail"]
                .as_str()
                .unwrap()
                .to_lowercase()
                .contains(&name.to_lowercase())
        );
    }
    assert_eq!(site.get("")["sources"], json!([]));
}

#[test]
fn what_a_sender_tells_of_a_loss_is_kept_once_until_somebody_closes_it() {
    let site = site();
    let id = "2f4c1a9e-51d3-4c6b-8a77-0d1e2f3a4b5c";
    let gap = json!({
        "id": id, "kind": "dropped", "from": "2026-11-01T10:00:00Z", "to": "2026-11-01T11:30:00Z", "records": 420,
        "detail": "the spool was full",
    });
    let told = site.tell("mim", &gap);
    assert_eq!(
        (told.status, &told.json()["source"]),
        (201, &json!(site.source("mim")))
    );
    let again = site.tell(&encoded(&site.source("mim")), &gap);
    assert_eq!((again.status, &again.json()["known"]), (200, &json!(true)));
    assert_eq!(site.tell("other", &gap).status, 409);
    // The source is there although it has brought nothing yet.
    let sources = site.get("");
    assert_eq!(
        (&sources["sources"][0]["openGaps"], &sources["sources"][0]["read"]),
        (&json!(1), &json!(0))
    );
    for (body, status) in [
        (json!({ "id": id, "kind": "lost" }), 400),
        (json!({ "id": "x", "kind": "dropped" }), 400),
        (json!({ "id": id, "kind": "dropped", "from": "yesterday" }), 400),
        (
            json!({ "id": id, "kind": "dropped", "from": "2026-11-02", "to": "2026-11-01" }),
            400,
        ),
        (json!({ "id": id, "kind": "dropped", "more": 1 }), 400),
    ] {
        assert_eq!(site.tell("mim", &body).status, status, "{body}");
    }
    // However much is said of it, a loss is kept.
    let wordy = json!({ "id": "3f4c1a9e-51d3-4c6b-8a77-0d1e2f3a4b5c", "kind": "truncated", "detail": "x".repeat(5_000) });
    assert_eq!(site.tell("wordy", &wordy).status, 201);
    let kept = site.get(&format!("/{}/gaps", encoded(&site.source("wordy"))));
    assert_eq!(kept["gaps"][0]["detail"], "x".repeat(1_000));
    let foreign = "ingest%3A11111111-0000-4000-8000-000000000001%2Fmim";
    assert_eq!(site.tell(foreign, &gap).status, 403);
    let target = format!("/contoso.com/sources/{}/gaps", encoded(&site.source("mim")));
    let by_reader = Request::post(&target).bearer(&site.read).body(gap.to_string());
    assert_eq!(site.server.send(&by_reader).status, 401);
    // Who reads does not close.
    let close = Request::post(&format!("{target}/{id}/close"))
        .bearer(&site.read)
        .body("{\"because\":\"x\"}");
    assert_eq!(site.server.send(&close).status, 403);
    let refused = site
        .workplace
        .run(&["sources", "close-gap", id, "--because", " "]);
    assert!(!refused.status.success());
    let unknown = [
        "sources",
        "close-gap",
        "11111111-0000-4000-8000-000000000001",
        "--because",
        "x",
    ];
    assert_eq!(site.workplace.run(&unknown).status.code(), Some(3));
    let closed = site
        .workplace
        .json(&["sources", "close-gap", id, "--because", "it was a drill"]);
    assert_eq!(closed["closed"]["because"], "it was a drill");
    assert_eq!(site.open("mim"), []);
    let all = site.get(&format!("/{}/gaps?state=all", encoded(&site.source("mim"))));
    let told = &all["gaps"][0];
    assert_eq!(
        (
            &told["kind"],
            &told["records"],
            &told["from"],
            &told["closed"]["by"]
        ),
        (
            &json!("dropped"),
            &json!(420),
            &json!("2026-11-01T10:00:00Z"),
            &json!("the command line")
        )
    );
    // That it was closed is one of the tenant's own events.
    let audits = site
        .server
        .get(&site.read, "/contoso.com/activities/audit?api-version=beta");
    assert!(
        audits.text().contains("Close gap of a source"),
        "{}",
        audits.text()
    );
    // Told again after it was closed, it stays closed.
    assert_eq!(site.tell("mim", &gap).status, 200);
    assert_eq!(site.open("mim"), []);
}

/// Ten events in the hour that begins so many hours before the present one.
fn hour_of_events(hours_ago: i64) -> String {
    let hour = now()
        .hour_start()
        .plus_ticks(-hours_ago * 3_600 * TICKS_PER_SECOND);
    let record = |number: i64| {
        let time = hour.plus_ticks(number * 300 * TICKS_PER_SECOND).to_string();
        audit(&format!("h{hours_ago}-{number}"), &time, "Add user")
    };
    (0..10).map(record).collect::<Vec<_>>().join("\n")
}

#[test]
fn an_hour_against_the_habit_is_missed_until_its_events_come() {
    let site = site();
    // Sixteen days without a silence but one, of three hours.
    let hours: Vec<String> = (1..16 * 24)
        .rev()
        .filter(|hours_ago| !(30..33).contains(hours_ago))
        .map(hour_of_events)
        .collect();
    for some in hours.chunks(100) {
        site.upload("feed", 1, &some.join("\n"));
    }
    let source = encoded(&site.source("feed"));
    let hour = |ago: i64| {
        now()
            .hour_start()
            .plus_ticks(-ago * 3_600 * TICKS_PER_SECOND)
            .to_string()
    };
    let gaps = site.get(&format!("/{source}/gaps"));
    assert_eq!(gaps["gaps"].as_array().unwrap().len(), 1, "{gaps}");
    let gap = &gaps["gaps"][0];
    assert_eq!(
        (&gap["kind"], &gap["from"], &gap["to"]),
        (&json!("hour"), &json!(hour(32)), &json!(hour(29)))
    );
    let shown = site.get(&format!("/{source}?hours=40"));
    let missing: Vec<&Value> = shown["hours"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|hour| hour["missing"] == true)
        .map(|hour| &hour["hour"])
        .collect();
    assert_eq!(missing, [&json!(hour(30)), &json!(hour(31)), &json!(hour(32))]);
    // Pages go on where the last one ended.
    let mut seen = 0;
    let mut before = String::new();
    loop {
        let page = site.get(&format!("/{source}?hours=150{before}"));
        seen += page["hours"].as_array().unwrap().len();
        let Some(next) = page["next"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(seen, 16 * 24 - 1);
    // Two of the hours come, a day late; the third stays missing under its own id.
    site.upload(
        "feed",
        2,
        &format!("{}\n{}", hour_of_events(31), hour_of_events(32)),
    );
    let gaps = site.get(&format!("/{source}/gaps"));
    let left = &gaps["gaps"][0];
    assert_eq!((&left["from"], &left["to"]), (&json!(hour(30)), &json!(hour(29))));
    let late = site.get(&format!("/{source}?by=arrival"));
    assert_eq!(late["source"]["late"], 20, "{late}");
    let latest = late["source"]["latestSeconds"].as_u64().unwrap();
    // The newest was at the 45th minute of the last hour; the latest at the beginning of the 32nd before.
    assert_eq!(latest, 31 * 3_600 + 45 * 60);
    // What somebody closed is missing no more, and is still told.
    let id = left["id"].as_str().unwrap();
    site.workplace.json(&[
        "sources",
        "close-gap",
        id,
        "--because",
        "the vendor was down",
        "--tenant",
        "contoso.com",
    ]);
    assert_eq!(site.get(&format!("/{source}/gaps"))["gaps"], json!([]));
    let table = site
        .workplace
        .run(&["sources", "status", &site.source("feed"), "--closed"]);
    let text = String::from_utf8(table.stdout).unwrap();
    assert!(
        text.contains("the vendor was down") && !text.contains("MISSING"),
        "{text}"
    );
    let proof = site.workplace.json(&["sources", "prove"]);
    assert_eq!(
        (&proof[0]["agrees"], &proof[0]["faults"]),
        (&json!(true), &json!([]))
    );
}

#[test]
fn an_upload_that_breaks_off_is_the_sources_last_error() {
    let site = site();
    let request = Request::post("/contoso.com/ingest/auto")
        .bearer(&site.ingest)
        .header("Gatelog-Source", "mim")
        .header("Gatelog-Sequence", "1")
        .header("Content-Encoding", "gzip")
        .body("this is no gzip");
    assert_eq!(site.server.send(&request).status, 400);
    let sources = site.get("");
    let source = &sources["sources"][0];
    let reason = source["lastError"]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the upload broke off"), "{source}");
    assert!(Timestamp::parse_vendor(source["lastError"]["at"].as_str().unwrap()).is_ok());
    // Its number did not come: it is missed as soon as a later one comes.
    site.upload("mim", 2, &record(2));
    assert_eq!(site.open("mim"), [sequence(1, 1)]);
}

/// A person's token, by password; the person holds a role.
fn person(workplace: &Workplace, server: &Server, app: &App, name: &str, role: &str) -> String {
    let made = [
        "user",
        "create",
        name,
        "--tenant",
        "contoso.com",
        "--display-name",
        "Somebody",
        "--role",
        role,
    ];
    let made = workplace.json(&made);
    let form = format!(
        "grant_type=password&username={name}&password={}&resource=https://graph.windows.net&client_id={}&client_secret={}",
        made["password"].as_str().unwrap(),
        app.client_id,
        app.client_secret
    );
    let granted = server.send(&Request::post("/contoso.com/oauth2/token").form(&form));
    assert_eq!(granted.status, 200, "{}", granted.text());
    granted.json()["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn an_administrator_closes_and_proves_by_token_and_a_reports_reader_sees_no_texts_of_errors() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.json(&["tenant", "update", "contoso.com", "--password-grant", "on"]);
    let made = workplace.json(&[
        "app",
        "create",
        "--tenant",
        "contoso.com",
        "--name",
        "script",
        "--permission",
        "Ingest",
        "--delegated-permission",
        "Directory.Read.All",
        "--delegated-permission",
        "Directory.AccessAsUser.All",
        "--reply-address",
        "https://localhost",
    ]);
    let app = App {
        tenant: "contoso.com".to_owned(),
        client_id: made["clientId"].as_str().unwrap().to_owned(),
        client_secret: made["clientSecret"].as_str().unwrap().to_owned(),
    };
    let server = workplace.serve();
    let ada = person(
        &workplace,
        &server,
        &app,
        "ada@contoso.com",
        "Global Administrator",
    );
    let rob = person(&workplace, &server, &app, "rob@contoso.com", "Reports Reader");
    let upload = |number: &str, records: &str| {
        let request = Request::post("/contoso.com/ingest/auto")
            .bearer(&server.ingest_token(&app))
            .header("Gatelog-Sequence", number)
            .body(records);
        assert_eq!(server.send(&request).status, 200);
    };
    upload("1", &record(1));
    upload("3", "{\"userPrincipalName\":\"dora@contoso.com\"}");
    let source = format!("/contoso.com/sources/ingest:{}", app.client_id);
    let gaps = server.get(&rob, &format!("{source}/gaps")).json();
    let id = gaps["gaps"][0]["id"].as_str().unwrap();
    let close = |token: &str, body: &str| {
        let request = Request::post(&format!("{source}/gaps/{id}/close"))
            .bearer(token)
            .body(body);
        server.send(&request)
    };
    assert_eq!(close(&rob, "{\"because\":\"x\"}").status, 403);
    assert_eq!(close(&ada, "{\"because\":\"\"}").status, 400);
    assert_eq!(close(&ada, "{}").status, 400);
    let closed = close(&ada, "{\"because\":\"it was sent by hand\"}");
    assert_eq!(closed.status, 200, "{}", closed.text());
    assert_eq!(closed.json()["closed"]["by"], "ada@contoso.com");
    // Closing again says how it was closed.
    let again = close(&ada, "{\"because\":\"another reason\"}").json();
    assert_eq!(again["closed"]["because"], "it was sent by hand");
    assert_eq!(
        server.get(&rob, &format!("{source}/gaps")).json()["gaps"],
        json!([])
    );
    let prove = |token: &str| {
        let request = Request::post("/contoso.com/sources/prove").bearer(token).body("");
        server.send(&request)
    };
    assert_eq!(prove(&rob).status, 403);
    let proved = prove(&ada);
    assert_eq!((proved.status, &proved.json()["agrees"]), (200, &json!(true)));
    let error = |token: &str| {
        let answer = server.get(token, &format!("{source}?by=arrival")).json();
        assert_eq!(
            answer["source"]["lastError"]["reason"],
            answer["hours"][0]["lastError"]["reason"]
        );
        answer["source"]["lastError"]["reason"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(error(&ada).starts_with("line 1"), "{}", error(&ada));
    assert_eq!(error(&rob), "not shown to this role");
    // What is none of the addresses, and methods that they do not take.
    let put = Request::new("PUT", &source).bearer(&ada);
    let refused = server.send(&put);
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET")));
    assert_eq!(server.get(&ada, "/contoso.com/sources/gaps").status, 404);
    assert_eq!(server.get(&ada, "/contoso.com/sources/nobody").status, 404);
    assert_eq!(server.get(&ada, &format!("{source}?by=day")).status, 400);
    assert_eq!(server.get("x", "/contoso.com/sources").status, 401);
}
