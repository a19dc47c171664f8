//! `gatelog import`: real records, any order, any packing, refused records, and a kill in the middle.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use generator::chance::Chance;
use model::time::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;
use support::http::{Answer, Request};
use support::records::{audit, days_ago, sign_in};
use support::{CONTOSO, FABRIKAM, Program, Server, Workplace, ids_of, shown};

const MSTICPY: &str = "msticpy/aad_signinlogs_la.jsonl";
const PANTHER: &str = "panther/azure_monitor_entra.jsonl";

/// A file of the folder that `GATELOG_SAMPLES` names. Without it the test says so and passes, unless `GATELOG_REQUIRE`
/// names `samples`.
#[allow(clippy::print_stderr)] // A skipped test says so.
fn sample(path: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("GATELOG_SAMPLES") else {
        let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|word| word.trim() == "samples"),
            "GATELOG_REQUIRE names samples, but GATELOG_SAMPLES is not set"
        );
        eprintln!("skipped: set GATELOG_SAMPLES to the folder with the real records ({path})");
        return None;
    };
    // Commands run in folders of their own, so the path must not depend on where the tests run.
    let folder = std::env::current_dir().unwrap().join("../..").join(folder);
    let path = folder.join(path);
    assert!(path.is_file(), "{}", path.display());
    Some(path)
}

/// Imports and compares the sums: read, new, changed, known, ignored, rejected.
fn check(workplace: &Workplace, arguments: &[&str], expected: [u64; 6]) -> Value {
    let all: Vec<&str> = ["import", "-o", "json"]
        .iter()
        .chain(arguments)
        .copied()
        .collect();
    let output = workplace.run(&all);
    check_output(&output, expected)
}

fn check_output(output: &Output, expected: [u64; 6]) -> Value {
    let code = if expected[5] > 0 { 6 } else { 0 };
    assert_eq!(output.status.code(), Some(code), "{}", shown(output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = ["read", "new", "changed", "known", "ignored", "rejected"];
    assert_eq!(names.map(|name| json[name].as_u64().unwrap()), expected, "{json}");
    json
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What the store says of itself, without when it was written.
fn status(workplace: &Workplace) -> Value {
    let mut status = workplace.json(&["store", "status"]);
    for tenant in status["tenants"].as_array_mut().unwrap() {
        for month in tenant["months"].as_array_mut().unwrap() {
            month["lastWrite"] = Value::Null;
        }
        tenant["sources"] = Value::Null;
    }
    status
}

/// A recount finds nothing wrong.
fn assert_sound(workplace: &Workplace) {
    let check = workplace.run(&["store", "check", "-o", "json"]);
    assert_eq!(check.status.code(), Some(0), "{}", shown(&check));
    let json: Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(json["faults"], json!([]));
}

/// Every page of every sign-in since 2019, byte for byte, as a client sees it that always asks the same host.
fn served(workplace: &Workplace, server: &Server, tenant: &str) -> Vec<String> {
    let app = workplace.app(tenant, &["Directory.Read.All"]);
    let token = server.reading_token(&app);
    let target = format!(
        "/{tenant}/activities/signinEvents?api-version=beta&$filter=signinDateTime%20ge%202019-01-01"
    );
    let request = |target: &str| Request::get(target).bearer(&token).host("reports.example");
    let pages = server.pages(request, &target);
    // All but the link to the next page, whose token may know how the rows came.
    let text = |page: &Answer| {
        page.text()
            .split("\"@odata.nextLink\"")
            .next()
            .unwrap()
            .to_owned()
    };
    pages.iter().map(text).collect()
}

#[test]
fn the_log_analytics_sample_is_45_sign_ins_of_which_41_changed() {
    let Some(path) = sample(MSTICPY) else { return };
    let workplace = Workplace::new();
    let json = check(&workplace, &[text(&path)], [86, 45, 41, 0, 0, 0]);
    assert_eq!(json["first"], "2020-05-20T07:06:01Z");
    assert_eq!(json["last"], "2020-05-20T19:51:40Z");
    assert_eq!(json["lines"].as_array().unwrap().len(), 1);
    assert_eq!(json["lines"][0]["format"], "entra-log-analytics");
    assert_eq!(json["lines"][0]["reports"], "signinEvents");
    // The directory that every row's ResourceId names, not the workspace of its TenantId.
    assert_eq!(
        json["tenants"].as_object().unwrap().keys().collect::<Vec<_>>(),
        [CONTOSO]
    );
    check(&workplace, &[text(&path)], [86, 0, 0, 86, 0, 0]);
    assert_sound(&workplace);
    let status = workplace.json(&["store", "status"]);
    let tenant = &status["tenants"][0];
    assert_eq!(tenant["reports"][0]["rows"], 45);
    let source = &tenant["sources"][0];
    assert_eq!(
        (
            &source["read"],
            &source["new"],
            &source["changed"],
            &source["known"]
        ),
        (&json!(172), &json!(45), &json!(41), &json!(86))
    );
}

#[test]
fn every_order_of_lines_gives_the_same_rows() {
    let Some(path) = sample(MSTICPY) else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let rows = |lines: &[&str]| {
        let workplace = Workplace::new();
        let file = workplace.file("rows.jsonl", lines.join("\n"));
        let json = workplace.json(&["import", file.to_str().unwrap()]);
        assert_eq!((&json["read"], &json["new"]), (&json!(86), &json!(45)));
        assert_sound(&workplace);
        let server = workplace.serve();
        let pages = served(&workplace, &server, CONTOSO);
        let rows: Value = serde_json::from_str(&pages[0]).unwrap();
        assert_eq!((pages.len(), rows["value"].as_array().unwrap().len()), (1, 45));
        (pages, status(&workplace))
    };
    let first = rows(&lines);
    let mut backwards = lines.clone();
    backwards.reverse();
    assert!(rows(&backwards) == first, "backwards");
    for seed in 1..=3 {
        let mut chance = Chance::new(seed);
        let mut shuffled = lines.clone();
        for last in (1..shuffled.len()).rev() {
            shuffled.swap(last, chance.below(last as u64 + 1) as usize);
        }
        assert!(rows(&shuffled) == first, "seed {seed}");
    }
}

#[test]
fn the_azure_monitor_sample_comes_in_whole_and_each_record_goes_to_its_tenant() {
    let Some(path) = sample(PANTHER) else { return };
    let workplace = Workplace::new();
    let json = check(&workplace, &[text(&path)], [47, 33, 13, 1, 0, 0]);
    let tenants = json["tenants"].as_object().unwrap();
    let read = |id: &str| tenants[id]["read"].as_u64().unwrap();
    assert_eq!(
        [
            read("a2aa49aa-2c0c-49d2-af87-f402c421df0b"),
            read("18360841-3f87-44a6-8c9a-3ffc680611a0"),
            read(FABRIKAM),
            read("c5fd010a-2972-4be2-9c67-986ceca2a042"),
        ],
        [7, 1, 1, 2]
    );
    // The 36 that name none are in a tenant called `default`.
    let listed = workplace.json(&["tenant", "list"]);
    let default = listed
        .as_array()
        .unwrap()
        .iter()
        .find(|tenant| tenant["names"] == json!(["default"]))
        .unwrap();
    assert_eq!((tenants.len(), read(default["id"].as_str().unwrap())), (5, 36));
    check(&workplace, &[text(&path)], [47, 0, 0, 47, 0, 0]);
    assert_sound(&workplace);
}

#[test]
fn with_a_tenant_what_names_another_is_refused_with_its_original() {
    let Some(path) = sample(PANTHER) else { return };
    let workplace = Workplace::new();
    let tenant = "a2aa49aa-2c0c-49d2-af87-f402c421df0b";
    workplace.tenant(tenant, "contoso.com");
    let json = check(
        &workplace,
        &["--tenant", "contoso.com", text(&path)],
        [47, 30, 12, 1, 0, 4],
    );
    assert_eq!(
        json["tenants"].as_object().unwrap().keys().collect::<Vec<_>>(),
        [tenant]
    );
    let name = json["rejectedFile"].as_str().unwrap();
    assert!(
        name.starts_with("import-") && name.ends_with(".rejected.jsonl"),
        "{name}"
    );
    let refused = rejected(&workplace.path().join(name));
    let originals = std::fs::read_to_string(&path).unwrap();
    let originals: Vec<&str> = originals.lines().collect();
    let lines: Vec<u64> = refused
        .iter()
        .map(|line| line["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [13, 15, 24, 25]);
    for line in &refused {
        assert_eq!(line["file"], text(&path));
        assert!(line["reason"].as_str().unwrap().contains(tenant));
        let number = line["line"].as_u64().unwrap() as usize;
        assert_eq!(line["original"].as_str().unwrap(), originals[number - 1]);
    }
    assert_sound(&workplace);
}

fn rejected(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn files_folders_standard_input_and_packed_files_are_read() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let record = |id: &str| audit(id, "2026-01-01T00:00:00Z", "Add user") + "\n";
    workplace.file("logs/a.json", record("a"));
    workplace.file("logs/b.json.gz", gzip(record("b").as_bytes()));
    workplace.file(
        "logs/deep/er/c.json.zst",
        zstd::bulk::compress(record("c").as_bytes(), 1).unwrap(),
    );
    // By its bytes, whatever it is called; two members one after another, as rotated logs have.
    workplace.file(
        "logs/d.log",
        [gzip(record("d").as_bytes()), gzip(record("e").as_bytes())].concat(),
    );
    workplace.file("logs/import-1.rejected.jsonl", "not read");
    workplace.file("logs/.hidden", "not read");
    let f = workplace.file("f.json", format!(r#"{{"value":[{}]}}"#, record("f").trim()));
    let json = check(&workplace, &["logs", text(&f)], [6, 6, 0, 0, 0, 0]);
    assert_eq!(json["files"], 5);
    let mut child = workplace
        .command(&["import", "-o", "json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&gzip((record("a") + &record("g")).as_bytes()))
        .unwrap();
    check_output(&child.wait_with_output().unwrap(), [2, 1, 0, 1, 0, 0]);
    let rows = workplace.json(&["store", "status"])["tenants"][0]["reports"][0]["rows"].clone();
    assert_eq!(rows, 7);
}

#[test]
fn a_log_without_years_is_dated_by_the_age_of_its_file_and_comes_in_whole() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let log = "Dec 31 23:59:59 web1 CRON[1]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)\n\
               Dec 31 23:59:59 web1 sshd[2]: Failed password for root from 203.0.113.9 port 4242 ssh2\n\
               Jan  2 03:04:05 web1 sshd[3]: Accepted publickey for ann from 203.0.113.7 port 4243 ssh2: ED25519 SHA256:abc\n\
               Jan  2 03:04:06 web1 kernel: something else\n";
    let path = workplace.file("auth.log", log);
    // date -u -d @1578182400 +%FT%TZ: 2020-01-05T00:00:00Z
    let written = std::time::UNIX_EPOCH + Duration::from_secs(1_578_182_400);
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(written)
        .unwrap();
    let json = check(&workplace, &[text(&path)], [4, 2, 0, 0, 2, 0]);
    assert_eq!(json["first"], "2019-12-31T23:59:59Z");
    assert_eq!(json["last"], "2020-01-02T03:04:05Z");
    check(&workplace, &[text(&path)], [4, 0, 0, 2, 2, 0]);
}

#[test]
fn the_answer_for_programs_has_its_names() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let file = workplace.file("a.json", audit("a", "2015-03-12T22:01:18.4385955Z", "Add user"));
    let json = check(&workplace, &[text(&file)], [1, 1, 0, 0, 0, 0]);
    let names: BTreeSet<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let sums = [
        "read",
        "new",
        "changed",
        "known",
        "ignored",
        "rejected",
        "quarantined",
        "first",
        "last",
    ];
    let more = [
        "files",
        "lines",
        "tenants",
        "ignoredReasons",
        "unassembled",
        "rejectedFile",
    ];
    assert_eq!(names, sums.iter().chain(&more).copied().collect());
    assert_eq!(
        (&json["first"], &json["last"]),
        (&json!("2015-03-12T22:01:18.4385955Z"), &json["first"])
    );
    assert_eq!(json["rejectedFile"], Value::Null);
}

#[test]
fn people_see_a_table_and_how_to_ask_for_old_rows() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let file = workplace.file("a.json", audit("a", "2015-03-12T22:01:18.4385955Z", "Add user"));
    let output = workplace.run(&["import", text(&file)]);
    let text = String::from_utf8(output.stdout).unwrap();
    let words: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert!(
        words
            .iter()
            .any(|line| line.starts_with(&["Format", "Reports", "Read", "New", "Changed"])),
        "{text}"
    );
    assert!(
        words.iter().any(|line| line.starts_with(&[
            "entra-graph",
            "auditEvents",
            "1",
            "1",
            "0",
            "0",
            "0",
            "0"
        ])),
        "{text}"
    );
    assert!(
        text.contains(&format!("/{CONTOSO}/reports/auditEvents'")),
        "{text}"
    );
    assert!(
        text.contains("$filter=eventTime ge 2015-03-12T22:01:18.4385955Z"),
        "{text}"
    );
    assert!(
        !text.contains('\u{1b}') && output.stderr.is_empty(),
        "no bar and no colours in a pipe"
    );
    let file = workplace.file("b.json", audit("b", &days_ago(1), "Add user"));
    let output = workplace.run(&["import", file.to_str().unwrap()]);
    assert!(
        !String::from_utf8(output.stdout).unwrap().contains("curl"),
        "nothing is outside of the window"
    );
}

#[test]
fn broken_lines_are_set_apart_byte_for_byte_and_the_rest_is_kept() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let good = |id: &str| audit(id, "2026-01-01T00:00:00Z", "Add user").into_bytes();
    let not_text = b"{\"id\":\"\xff\xfe\", broken".to_vec();
    let broken = b"{\"id\": \"x\",".to_vec();
    let lines = [
        good("a"),
        broken,
        good("b"),
        not_text,
        good("c"),
        b"plain text".to_vec(),
        good("d"),
    ];
    let file = workplace.file("a.jsonl", lines.join(&b'\n'));
    let place = workplace.path().join("set-apart.jsonl");
    let json = check(
        &workplace,
        &[text(&file), "--rejected", text(&place)],
        [7, 4, 0, 0, 0, 3],
    );
    assert_eq!(json["rejectedFile"], text(&place));
    let refused = rejected(&place);
    assert_eq!(
        refused
            .iter()
            .map(|line| line["line"].as_u64().unwrap())
            .collect::<Vec<_>>(),
        [2, 4, 6]
    );
    assert_eq!(refused[0]["original"], "{\"id\": \"x\",");
    assert_eq!(refused[2]["original"], "plain text");
    // python3 -c 'import base64; print(base64.b64encode(b"{\"id\":\"\xff\xfe\", broken"))'
    assert_eq!(refused[1]["originalBase64"], "eyJpZCI6Iv/+IiwgYnJva2Vu");
    assert!(
        refused
            .iter()
            .all(|line| !line["reason"].as_str().unwrap().is_empty())
    );
    assert_sound(&workplace);
}

#[test]
fn what_is_asked_wrongly_is_said_and_changes_nothing() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let file = workplace.file("a.json", audit("a", "2026-01-01T00:00:00Z", "Add user"));
    let empty = workplace.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    for (arguments, code, words) in [
        (vec!["import", "no-such-file.json"], 2, "no-such-file.json"),
        (vec!["import", "empty"], 2, "no file in empty"),
        (
            vec!["import", "--format", "syslog", text(&file)],
            2,
            "entra-graph",
        ),
        (
            vec!["import", "--tenant", "nobody.example", text(&file)],
            3,
            "nobody.example",
        ),
        (vec!["import"], 2, "PATH"),
    ] {
        let output = workplace.run(&arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            shown(&output)
        );
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    assert_eq!(status(&workplace)["tenants"][0]["reports"], json!([]));
    let cut = gzip(audit("a", "2026-01-01T00:00:00Z", "Add user").as_bytes());
    let file = workplace.file("cut.gz", &cut[..cut.len() - 9]);
    let output = workplace.run(&["import", text(&file)]);
    assert_eq!(output.status.code(), Some(1), "{}", shown(&output));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cut.gz"));
}

#[test]
fn with_a_server_running_the_import_goes_through_it() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let target = "/contoso.com/activities/signinEvents?api-version=beta";
    assert_eq!(server.get(&token, target).ids(), [""; 0]);
    let lines = [
        sign_in("s1", &days_ago(1), "dora@contoso.com", "Portal", 0),
        "broken".to_owned(),
        sign_in("s2", &days_ago(2), "dora@contoso.com", "Portal", 0),
    ];
    let file = workplace.file("a.jsonl", lines.join("\n"));
    let json = check(&workplace, &[text(&file)], [3, 2, 0, 0, 0, 1]);
    let refused = rejected(&workplace.path().join(json["rejectedFile"].as_str().unwrap()));
    assert_eq!(
        (&refused[0]["line"], &refused[0]["original"]),
        (&json!(2), &json!("broken"))
    );
    assert_eq!(server.get(&token, target).ids(), ["s1", "s2"]);
    check(&workplace, &[text(&file)], [3, 0, 0, 2, 0, 1]);
    assert_sound(&workplace);
}

/// How much of the generator's stream the killed import reads.
const STREAM_BYTES: u64 = 8 << 20;

#[test]
fn an_import_that_was_killed_and_started_again_is_as_if_never_killed() {
    let time = |text: &str| Timestamp::parse_vendor(text).unwrap();
    let mut records = Vec::new();
    let mut count = 0;
    let (start, end) = (time("2025-11-01T00:00:00Z"), time("2025-12-31T00:00:00Z"));
    for record in generator::stream(7, STREAM_BYTES, 800, start, end) {
        records.extend(record.json.bytes());
        records.push(b'\n');
        count += 1;
    }
    let killed = Workplace::new();
    killed.tenant(CONTOSO, "contoso.com");
    let file = killed.file("stream.jsonl", &records);
    let mut program = Program::start(killed.command(&["import", text(&file)]).stdout(Stdio::null()));
    // 10,486 records, 4,000 or a few more to a batch: the first batch is of November, the second makes December's file.
    let month = killed.data().join("tenants").join(CONTOSO).join("2025-12.db");
    for _ in 0..6_000 {
        if month.exists() || program.has_ended() {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!program.has_ended(), "it was to be killed in the middle");
    program.kill();
    let json = killed.json(&["import", text(&file)]);
    let sum = |name: &str| json[name].as_u64().unwrap();
    assert_eq!(
        (
            sum("read"),
            sum("new") + sum("known"),
            sum("changed"),
            sum("rejected")
        ),
        (count, count, 0, 0)
    );
    assert!(
        sum("known") > 0 && sum("new") > 0,
        "it was killed in the middle: {json}"
    );
    assert_sound(&killed);
    let whole = Workplace::new();
    whole.tenant(CONTOSO, "contoso.com");
    let file = whole.file("stream.jsonl", &records);
    check(&whole, &[text(&file)], [count, count, 0, 0, 0, 0]);
    assert_eq!(status(&killed), status(&whole));
    let pages = |workplace: &Workplace| served(workplace, &workplace.serve(), CONTOSO);
    let expected = pages(&whole);
    assert_eq!(expected.len() as u64, count.div_ceil(1000));
    assert!(pages(&killed) == expected, "the rows are the same, byte for byte");
}

#[test]
fn ids_that_two_files_share_are_one_event() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let server = workplace.serve();
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let first = workplace.file("a.json", audit("a", "2026-01-31T23:59:59Z", "Add user"));
    let second = workplace.file("b.json", audit("a", "2026-02-01T00:00:00Z", "Update user"));
    check(&workplace, &[text(&first), text(&second)], [2, 1, 1, 0, 0, 0]);
    let target = "/contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202020-01-01";
    let token = server.reading_token(&app);
    let pages = server.pages(|target| Request::get(target).bearer(&token), target);
    assert_eq!(ids_of(&pages), ["a"]);
    assert_sound(&workplace);
}

#[test]
fn records_without_a_time_come_in_only_by_somebodys_word() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let record = r#"{"event_type_id":5,"id":7,"user_name":"ann@contoso.com"}"#;
    let file = workplace.file("events.json", record);
    check(&workplace, &[text(&file)], [1, 0, 0, 0, 0, 1]);
    let wrong = workplace.run(&["import", "--undated-at", "soon", text(&file)]);
    assert_eq!(wrong.status.code(), Some(2), "{}", shown(&wrong));
    assert!(shown(&wrong).contains("\"soon\" is no time"), "{}", shown(&wrong));
    let given = ["--undated-at", "2024-05-01T00:00:00Z", text(&file)];
    let told = check(&workplace, &given, [1, 1, 0, 0, 0, 0]);
    assert_eq!(told["first"], "2024-05-01T00:00:00Z", "{told}");
    // The original says so: rows that are made anew have the same time.
    workplace.json(&["rebuild"]);
    check(&workplace, &given, [1, 0, 0, 1, 0, 0]);
    let dated = record.replace('{', r#"{"created_at":"2024-06-07T08:09:10Z","#);
    let dated = workplace.file("dated.json", dated);
    check(&workplace, &[text(&dated)], [1, 0, 1, 0, 0, 0]);
    check(&workplace, &given, [1, 0, 0, 1, 0, 0]);
    assert_sound(&workplace);
}
