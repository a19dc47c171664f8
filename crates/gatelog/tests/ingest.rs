//! Programs bring records over HTTP: whatever the packing, they are answered once everything is stored, and told why not.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::{Value, json};
use std::io::Write;
use support::http::{Answer, Connection, LAST_CHUNK, Request, chunk};
use support::records::{audit, days_ago, sign_in};
use support::{CONTOSO, FABRIKAM, Server, Workplace};

const AUTO: &str = "/contoso.com/ingest/auto";

struct Site {
    server: Server,
    ingest: String,
    read: String,
    workplace: Workplace,
}

fn site(settings: &[(&str, &str)]) -> Site {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    let server = workplace.serve_with(settings);
    Site {
        ingest: server.ingest_token(&app),
        read: server.reading_token(&app),
        server,
        workplace,
    }
}

impl Site {
    fn post(&self, path: &str) -> Request {
        Request::post(path).bearer(&self.ingest)
    }

    fn send(&self, request: &Request) -> Answer {
        self.server.send(request)
    }

    fn audits(&self) -> Vec<String> {
        let target = "/contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20ge%202001-01-01";
        self.server.get(&self.read, target).ids()
    }

    fn sign_ins(&self) -> Vec<String> {
        let target =
            "/contoso.com/activities/signinEvents?api-version=beta&$filter=signinDateTime%20ge%202001-01-01";
        self.server.get(&self.read, target).ids()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 1).unwrap()
}

/// A request, and the counts of its answer: read, new, changed, known, ignored, rejected.
fn check(site: &Site, request: &Request, expected: [u64; 6]) -> Value {
    let answer = site.send(request);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let json = answer.json();
    let names = ["read", "new", "changed", "known", "ignored", "rejected"];
    assert_eq!(names.map(|name| json[name].as_u64().unwrap()), expected, "{json}");
    json
}

/// A request, and the status and kind of the problem that answers it.
fn check_problem(site: &Site, request: &Request, status: u16, kind: &str) -> Answer {
    let answer = site.send(request);
    assert_problem(&answer, status, kind);
    answer
}

/// RFC 9457: media type, type, title, status and what happened.
fn assert_problem(answer: &Answer, status: u16, kind: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let media = answer.header("content-type").unwrap();
    assert_eq!(media.split(';').next(), Some("application/problem+json"));
    let json = answer.json();
    assert_eq!(
        (&json["type"], &json["status"]),
        (&format!("urn:gatelog:problem:{kind}").into(), &status.into())
    );
    assert!(!json["title"].as_str().unwrap().is_empty());
    assert!(!json["detail"].as_str().unwrap().is_empty());
    assert_eq!(json["requestId"].as_str(), answer.header("request-id"));
}

#[test]
fn every_packing_is_read_and_the_rows_are_there_at_once() {
    let site = site(&[]);
    let record = |number: u32| {
        audit(
            &format!("a{number}"),
            &format!("2026-01-0{number}T00:00:00Z"),
            "Add user",
        )
    };
    let two = format!("{}\n{}\n", record(1), record(2));
    check(&site, &site.post(AUTO).body(two.as_str()), [2, 2, 0, 0, 0, 0]);
    assert_eq!(site.audits(), ["a2", "a1"]);
    let packed = gzip(record(3).as_bytes());
    check(
        &site,
        &site
            .post(AUTO)
            .header("Content-Encoding", "gzip")
            .body(packed.as_slice()),
        [1, 1, 0, 0, 0, 0],
    );
    assert_eq!(site.audits(), ["a3", "a2", "a1"]);
    let packed = zstd(record(4).as_bytes());
    check(
        &site,
        &site.post(AUTO).header("Content-Encoding", "ZSTD").body(packed),
        [1, 1, 0, 0, 0, 0],
    );
    // In pieces that break a record and a word in two.
    let five = record(5);
    let (left, right) = five.as_bytes().split_at(100);
    check(&site, &site.post(AUTO).chunks(&[left, right]), [1, 1, 0, 0, 0, 0]);
    let packed = gzip(record(6).as_bytes());
    let (left, right) = packed.split_at(20);
    check(
        &site,
        &site
            .post(AUTO)
            .header("Content-Encoding", "gzip")
            .chunks(&[left, right]),
        [1, 1, 0, 0, 0, 0],
    );
    // A page of Microsoft Graph and an array.
    let page = format!(
        r#"{{"@odata.context":"x","value":[{},{}]}}"#,
        record(7),
        record(8)
    );
    check(
        &site,
        &site
            .post(AUTO)
            .header("Content-Type", "application/json")
            .body(page),
        [2, 2, 0, 0, 0, 0],
    );
    let array = format!("[{}]", record(9));
    check(
        &site,
        &site.post("/contoso.com/ingest/entra-graph").body(array),
        [1, 1, 0, 0, 0, 0],
    );
    assert_eq!(
        site.audits(),
        ["a9", "a8", "a7", "a6", "a5", "a4", "a3", "a2", "a1"]
    );
    // All of it again, through another packing.
    let all: Vec<String> = (1..=9).map(record).collect();
    let packed = zstd(all.join("\n").as_bytes());
    check(
        &site,
        &site.post(AUTO).header("Content-Encoding", "zstd").body(packed),
        [9, 0, 0, 9, 0, 0],
    );
    check(&site, &site.post(AUTO).body(""), [0, 0, 0, 0, 0, 0]);
    assert_eq!(site.audits().len(), 9);
}

#[test]
fn other_content_is_a_change_and_the_old_content_is_known_again() {
    let site = site(&[]);
    let first = sign_in("s1", "2026-01-01T00:00:00Z", "dora@contoso.com", "Portal", 0);
    let second = sign_in("s1", "2026-01-01T00:00:00Z", "dora@contoso.com", "Portal", 50126);
    check(&site, &site.post(AUTO).body(first.as_str()), [1, 1, 0, 0, 0, 0]);
    check(&site, &site.post(AUTO).body(second.as_str()), [1, 0, 1, 0, 0, 0]);
    check(
        &site,
        &site.post(AUTO).body(format!("{first}\n{second}")),
        [2, 0, 0, 2, 0, 0],
    );
    assert_eq!(site.sign_ins(), ["s1"]);
}

#[test]
fn what_is_not_taken_is_told_by_line_and_reason() {
    let site = site(&[]);
    let good = audit("good", "2026-01-01T00:00:00Z", "Add user");
    let foreign = audit("foreign", "2026-01-01T00:00:00Z", "Add user").replacen(
        '{',
        &format!(r#"{{"tenantId":"{FABRIKAM}","#),
        1,
    );
    let own = audit("own", "2026-01-02T00:00:00Z", "Add user").replacen(
        '{',
        &format!(r#"{{"tenantId":"{CONTOSO}","#),
        1,
    );
    let timeless = sign_in("timeless", "yesterday", "dora@contoso.com", "Portal", 0);
    let traffic =
        r#"{"time":"2026-01-01T00:00:00Z","category":"NetworkAccessTrafficLogs","properties":{"id":"r"}}"#;
    let lines = [
        good.as_str(),
        "{\"broken\":",
        foreign.as_str(),
        "",
        timeless.as_str(),
        traffic,
        r#"{"a":1}"#,
        own.as_str(),
    ];
    let json = check(&site, &site.post(AUTO).body(lines.join("\n")), [7, 2, 0, 0, 1, 4]);
    let told: Vec<(u64, &str)> = json["rejections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rejection| {
            (
                rejection["line"].as_u64().unwrap(),
                rejection["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
        [2, 3, 5, 7],
        "{told:?}"
    );
    assert!(
        told[1].1.contains(FABRIKAM) && told[1].1.contains(CONTOSO),
        "{told:?}"
    );
    assert!(told[2].1.contains("`createdDateTime` is `yesterday`"), "{told:?}");
    assert_eq!(json["rejectionsNotListed"], 0);
    assert_eq!(
        json["ignoredReasons"]
            .as_object()
            .unwrap()
            .values()
            .collect::<Vec<_>>(),
        [1]
    );
    assert_eq!(site.audits(), ["own", "good"]);
    // The answer stays short however much is wrong.
    let many = "{\"a\":1}\n".repeat(250);
    let json = check(&site, &site.post(AUTO).body(many), [250, 0, 0, 0, 0, 250]);
    assert_eq!(
        (
            json["rejections"].as_array().unwrap().len(),
            &json["rejectionsNotListed"]
        ),
        (100, &json!(150))
    );
    assert_eq!(site.workplace.json(&["store", "check"])["faults"], json!([]));
}

#[test]
fn what_cannot_be_read_at_all_is_a_problem() {
    let site = site(&[]);
    let record = audit("one", &days_ago(1), "Add user");
    let post = |path: &str| site.post(path).body(record.as_str());
    let unknown = check_problem(&site, &post("/contoso.com/ingest/syslog"), 404, "no-such-format");
    let formats = "ad-fs auth0 breach-list cef duo entra-azure-monitor entra-csv entra-csv-managed-identity entra-csv-non-interactive \
                   entra-graph entra-log-analytics google-workspace jumpcloud keycloak mim ocsf office-365 okta onelogin \
                   pingfederate unix-auth windows-security";
    let known = unknown.json()["formats"].clone();
    let mut known: Vec<&str> = known
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    known.sort_unstable();
    assert_eq!(known.join(" "), formats);
    check_problem(
        &site,
        &post(AUTO).header("Content-Encoding", "br"),
        415,
        "unsupported-media-type",
    );
    check_problem(
        &site,
        &post(AUTO).header("Content-Encoding", "gzip, gzip"),
        415,
        "unsupported-media-type",
    );
    check_problem(
        &site,
        &post(AUTO).header("Content-Type", "image/png"),
        415,
        "unsupported-media-type",
    );
    check_problem(
        &site,
        &post(AUTO).header("Content-Encoding", "gzip"),
        400,
        "bad-encoding",
    );
    check_problem(
        &site,
        &post(AUTO).header("Content-Encoding", "zstd"),
        400,
        "bad-encoding",
    );
    let mut cut = gzip(record.as_bytes());
    cut.truncate(cut.len() / 2);
    check_problem(
        &site,
        &site.post(AUTO).header("Content-Encoding", "gzip").body(cut),
        400,
        "bad-encoding",
    );
    for method in ["GET", "PUT", "DELETE"] {
        let answer = check_problem(
            &site,
            &Request::new(method, AUTO).bearer(&site.ingest),
            405,
            "method-not-allowed",
        );
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    assert_eq!(site.audits(), [""; 0]);
}

#[test]
fn an_upload_that_breaks_off_is_a_problem_and_can_be_sent_again() {
    let site = site(&[]);
    let record = audit("one", "2026-01-01T00:00:00Z", "Add user");
    let mut connection = Connection::open(&site.server.address);
    connection.say(
        format!("POST {AUTO} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n\r\n", site.ingest)
            .as_bytes(),
    );
    connection.say(&chunk(record.as_bytes()));
    connection.say(b"no length\r\n");
    let answer = connection.answer("POST");
    assert_eq!(answer.status, 400, "{}", answer.text());
    check(&site, &site.post(AUTO).body(record.as_str()), [1, 1, 0, 0, 0, 0]);
}

#[test]
fn an_upload_has_a_largest_size_packed_and_unpacked() {
    let site = site(&[
        ("limits.ingest_body_bytes", "2KiB"),
        ("limits.ingest_decompressed_bytes", "64KiB"),
    ]);
    let line = audit("one", "2026-01-01T00:00:00Z", "Add user") + "\n";
    let large = line.repeat(2048 / line.len() + 1);
    check_problem(
        &site,
        &site.post(AUTO).body(large.as_str()),
        413,
        "body-too-large",
    );
    check_problem(
        &site,
        &site.post(AUTO).chunks(&[line.as_bytes(), large.as_bytes()]),
        413,
        "body-too-large",
    );
    let bomb = vec![b' '; 256 << 10];
    for (encoding, packed) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        assert!(packed.len() < 2048);
        let request = site.post(AUTO).header("Content-Encoding", encoding).body(packed);
        check_problem(&site, &request, 413, "too-large-decompressed");
    }
    check(&site, &site.post(AUTO).body(line), [1, 1, 0, 0, 0, 0]);
}

#[test]
fn one_record_has_a_largest_size_and_the_others_are_still_read() {
    let site = site(&[]);
    let huge = audit("huge", "2026-01-01T00:00:00Z", &"x".repeat(5 << 20));
    let small = audit("small", "2026-01-01T00:00:00Z", "Add user");
    let json = check(
        &site,
        &site.post(AUTO).body(format!("{huge}\n{small}")),
        [2, 1, 0, 0, 0, 1],
    );
    assert_eq!(json["rejections"][0]["line"], 1);
    assert_eq!(site.audits(), ["small"]);
}

#[test]
fn too_many_uploads_at_once_are_told_to_wait() {
    let site = site(&[("limits.ingest_concurrent", "1")]);
    let (first, second) = (
        audit("first", "2026-01-01T00:00:00Z", "x"),
        audit("second", "2026-01-02T00:00:00Z", "x"),
    );
    let mut held = Connection::open(&site.server.address);
    // The server asks for the body only once the upload has its place.
    held.say(
        format!(
            "POST {AUTO} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
            site.ingest
        )
        .as_bytes(),
    );
    assert_eq!(held.answer("POST").status, 100);
    let refused = check_problem(
        &site,
        &site.post(AUTO).body(second.as_str()),
        429,
        "too-many-uploads",
    );
    assert_eq!(refused.header("retry-after"), Some("1"));
    held.say(&chunk(first.as_bytes()));
    held.say(LAST_CHUNK);
    let answer = held.answer("POST");
    assert_eq!((answer.status, &answer.json()["new"]), (200, &json!(1)));
    check(&site, &site.post(AUTO).body(second), [1, 1, 0, 0, 0, 0]);
    assert_eq!(site.audits(), ["second", "first"]);
}

#[test]
fn who_may_not_ingest_is_told_why() {
    let site = site(&[]);
    site.workplace.tenant(FABRIKAM, "fabrikam.com");
    let reader = site.workplace.app("contoso.com", &["Directory.Read.All"]);
    let other = site.workplace.app("fabrikam.com", &["Ingest"]);
    let bring = |request: Request| request.body(audit("one", &days_ago(1), "Add user"));
    let challenged = |answer: &Answer| answer.header("www-authenticate").unwrap().starts_with("Bearer ");
    assert!(challenged(&check_problem(
        &site,
        &bring(Request::post(AUTO)),
        401,
        "no-token"
    )));
    assert!(challenged(&check_problem(
        &site,
        &bring(Request::post(AUTO).bearer("x")),
        401,
        "bad-token"
    )));
    let answer = check_problem(
        &site,
        &bring(Request::post(AUTO).bearer(&site.read)),
        401,
        "bad-token",
    );
    assert!(challenged(&answer));
    assert!(
        answer.json()["detail"]
            .as_str()
            .unwrap()
            .contains("resource=api://gatelog-ingest")
    );
    let token = site.server.ingest_token(&reader);
    check_problem(
        &site,
        &bring(Request::post(AUTO).bearer(&token)),
        403,
        "no-permission",
    );
    let token = site.server.ingest_token(&other);
    check_problem(
        &site,
        &bring(Request::post(AUTO).bearer(&token)),
        403,
        "other-tenant",
    );
    check_problem(
        &site,
        &bring(site.post("/nobody.example/ingest/auto")),
        403,
        "other-tenant",
    );
    assert_eq!(site.audits(), [""; 0]);
    check(
        &site,
        &bring(site.post("/myorganization/ingest/auto")),
        [1, 1, 0, 0, 0, 0],
    );
}

#[test]
fn what_is_of_the_future_is_kept_apart_and_counted() {
    let site = site(&[]);
    let json = check(
        &site,
        &site.post(AUTO).body(audit("soon", &days_ago(-3), "Add user")),
        [1, 1, 0, 0, 0, 0],
    );
    assert_eq!(json["quarantined"], 1);
    let json = check(
        &site,
        &site.post(AUTO).body(audit("now", &days_ago(0), "Add user")),
        [1, 1, 0, 0, 0, 0],
    );
    assert_eq!(json["quarantined"], 0);
    let json = check(
        &site,
        &site.post(AUTO).body(audit("old", &days_ago(9), "Add user")),
        [1, 1, 0, 0, 0, 0],
    );
    assert_eq!(json["late"], 1);
    let status = site.workplace.json(&["store", "status"]);
    let source = &status["tenants"][0]["sources"][0];
    assert!(source["source"].as_str().unwrap().starts_with("ingest:"));
    assert_eq!(
        (
            &source["read"],
            &source["new"],
            &source["quarantined"],
            &source["late"]
        ),
        (&json!(3), &json!(3), &json!(1), &json!(1))
    );
}

#[test]
fn an_upload_keeps_its_place_until_it_is_stored_though_its_client_left() {
    const RECORDS: usize = 8_000;
    let site = site(&[("limits.ingest_concurrent", "1")]);
    let small = site.post(AUTO).body(audit("small", "2026-01-02T00:00:00Z", "x"));
    // The upload may be done before anybody asks beside it; then another is tried.
    let (mut tries, mut uploads) = (0, 0);
    let leaving = loop {
        assert!(tries < 30, "no upload was ever in another's way");
        let mut records = String::new();
        for number in 0..RECORDS {
            let time = format!("2026-01-01T00:{:02}:{:02}Z", number / 60 % 60, number % 60);
            records.push_str(&audit(&format!("large{tries}-{number}"), &time, "x"));
            records.push('\n');
        }
        // Packed it is small enough to arrive as a whole at once, and much work.
        let packed = zstd::bulk::compress(records.as_bytes(), 9).unwrap();
        assert!(packed.len() < 200_000, "{}", packed.len());
        let mut leaving = Connection::open(&site.server.address);
        let head = format!(
            "POST {AUTO} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\nContent-Encoding: zstd\r\nContent-Length: {}\r\n\r\n",
            site.ingest,
            packed.len()
        );
        leaving.say(head.as_bytes());
        leaving.say(&packed);
        tries += 1;
        if (0..100).any(|_| site.send(&small).status == 429) {
            uploads += 1;
            break leaving;
        }
        // The place of the one before may be free a moment after its answer.
        match leaving.answer("POST").status {
            200 => uploads += 1,
            status => assert_eq!(status, 429),
        }
    };
    drop(leaving);
    while site.send(&small).status == 429 {}
    let target = "/contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20ge%202001-01-01";
    let pages = site
        .server
        .pages(|target| Request::get(target).bearer(&site.read), target);
    assert_eq!(support::ids_of(&pages).len(), RECORDS * uploads + 1);
}
