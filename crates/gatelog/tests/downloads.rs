//! What people download and export: the admin center's tables, archives of them, and records of other makers.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::Value;
use std::io::{Cursor, Write};
use support::http::Request;
use support::{CONTOSO, Workplace, shown};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const SIGN_INS: &str = include_str!("../../sources/tests/fixtures/portal_sign_ins.csv");
const APPLICATIONS: &str = include_str!("../../sources/tests/fixtures/portal_application_sign_ins.csv");
const AUDITS: &str = include_str!("../../sources/tests/fixtures/portal_audits.csv");

/// Microsoft Graph's record of the first sign-in of the table, with a place that the table does not tell.
const GRAPH: &str = r#"{"id":"66ea54eb-6301-4ee5-be62-ff5a759b0100","createdDateTime":"2024-05-06T07:08:09Z","userPrincipalName":"ann@contoso.example","userDisplayName":"Berg, Ann","ipAddress":"203.0.113.7","status":{"errorCode":0},"location":{"city":"Bonn","geoCoordinates":{"latitude":50.7,"longitude":7.1}},"authenticationDetails":[{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17,"r":18,"s":19,"t":20,"u":21,"v":22,"w":23,"x":24,"y":25,"z":26},{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":9,"j":10,"k":11,"l":12,"m":13,"n":14,"o":15,"p":16,"q":17}]}"#;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn workplace() -> Workplace {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace
}

/// Imports and compares the sums: read, new, changed, known, ignored, rejected.
fn check(workplace: &Workplace, paths: &[&str], expected: [u64; 6]) -> Value {
    let arguments: Vec<&str> = ["import", "-o", "json"].iter().chain(paths).copied().collect();
    let output = workplace.run(&arguments);
    let code = if expected[5] > 0 { 6 } else { 0 };
    assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = ["read", "new", "changed", "known", "ignored", "rejected"];
    assert_eq!(names.map(|name| json[name].as_u64().unwrap()), expected, "{json}");
    json
}

/// A command that fails, and what it says.
fn check_refused(workplace: &Workplace, arguments: &[&str], code: i32, expected: &str) {
    let output = workplace.run(arguments);
    assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(expected), "{said}");
}

/// Every row of a report, by a running server.
fn rows(workplace: &Workplace, report: &str, filter: &str) -> Vec<Value> {
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let target = format!("/contoso.com/{report}?api-version=beta&$filter={filter}%20ge%202001-01-01");
    server.get(&token, &target).json()["value"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn an_archive_of_downloads_is_read_as_its_files_are() {
    let workplace = workplace();
    let packed = archive(&[
        ("downloads/InteractiveSignIns_2024-05-06.csv", SIGN_INS.as_bytes()),
        (
            "downloads/ApplicationSignIns_2024-05-06.csv",
            APPLICATIONS.as_bytes(),
        ),
        ("downloads/AuditLogs_2024-05-06.csv", AUDITS.as_bytes()),
        ("downloads/graph.json", GRAPH.as_bytes()),
        ("__MACOSX/downloads/._x", b"x"),
    ]);
    // In a folder, beside another file.
    workplace.file("logs/may.zip", &packed);
    workplace.file("logs/x.rejected.jsonl", "no record");
    let json = check(&workplace, &["logs"], [7, 6, 1, 0, 0, 0]);
    assert_eq!(json["files"], 4);
    check(&workplace, &["logs/may.zip"], [7, 0, 0, 7, 0, 0]);
    let audits = rows(&workplace, "reports/auditEvents", "eventTime");
    assert_eq!(audits.len(), 2);
    assert_eq!(audits[1]["actor"], "ann@contoso.example");
}

#[test]
fn csv_and_graph_tell_one_sign_in_and_the_richer_is_shown_whatever_came_first() {
    let shown = |order: [&str; 2]| {
        let workplace = workplace();
        workplace.file("InteractiveSignIns.csv", SIGN_INS);
        workplace.file("graph.json", GRAPH);
        check(&workplace, &order, [4, 3, 1, 0, 0, 0]);
        check(&workplace, &order, [4, 0, 0, 4, 0, 0]);
        let rows = rows(&workplace, "activities/signinEvents", "signinDateTime");
        assert_eq!(rows.len(), 3);
        rows
    };
    let first = shown(["InteractiveSignIns.csv", "graph.json"]);
    assert_eq!(first, shown(["graph.json", "InteractiveSignIns.csv"]));
    let ann = first
        .iter()
        .find(|row| row["userPrincipalName"] == "ann@contoso.example");
    assert_eq!(ann.unwrap()["location"]["city"], "Bonn");
}

#[test]
fn what_is_refused_of_a_table_keeps_its_line_and_its_bytes() {
    let workplace = workplace();
    let torn = format!("{SIGN_INS}2024-05-06T07:12:00Z,9,\r\n");
    workplace.file("InteractiveSignIns.csv", torn);
    let json = check(&workplace, &["InteractiveSignIns.csv"], [4, 3, 0, 0, 0, 1]);
    let path = workplace.path().join(json["rejectedFile"].as_str().unwrap());
    let line: Value = serde_json::from_str(std::fs::read_to_string(path).unwrap().trim()).unwrap();
    assert_eq!(
        (line["file"].as_str(), line["line"].as_u64()),
        (Some("InteractiveSignIns.csv"), Some(6))
    );
    assert_eq!(line["original"], "2024-05-06T07:12:00Z,9,");
    assert!(
        line["reason"].as_str().unwrap().contains("it has 3 columns"),
        "{line}"
    );
}

#[test]
fn headings_in_another_language_are_told_on_the_screen() {
    let workplace = workplace();
    workplace.file(
        "de.csv",
        "Datum (UTC);Anforderungs-ID;Benutzer\n2024-05-06T07:08:09Z;1;Ann\n",
    );
    let output = workplace.run(&["import", "de.csv"]);
    assert_eq!(output.status.code(), Some(6), "{}", shown(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("rejected, de.csv:1: the headings of its columns are not known"),
        "{said}"
    );
    assert!(said.contains("download it with the portal in English"), "{said}");
}

#[test]
fn the_name_of_the_file_tells_non_interactive_sign_ins() {
    let workplace = workplace();
    workplace.file("NonInteractiveSignIns_2024-05-06.csv", SIGN_INS);
    let json = check(
        &workplace,
        &["NonInteractiveSignIns_2024-05-06.csv"],
        [3, 3, 0, 0, 0, 0],
    );
    assert_eq!(json["lines"][0]["format"], "entra-csv-non-interactive");
}

#[test]
fn archives_that_cannot_be_read_are_refused_before_anything_is_kept() {
    let workplace = workplace();
    let inner = archive(&[("a.json", GRAPH.as_bytes())]);
    workplace.file(
        "nested.zip",
        archive(&[("a.json", GRAPH.as_bytes()), ("b.zip", &inner)]),
    );
    check_refused(
        &workplace,
        &["import", "nested.zip"],
        2,
        "`b.zip` in the archive is an archive itself; unpack it",
    );
    workplace.file("book.xlsx", archive(&[("[Content_Types].xml", b"<x/>")]));
    check_refused(
        &workplace,
        &["import", "book.xlsx"],
        2,
        "it is an Excel workbook; save it as 'CSV UTF-8'",
    );
    workplace.file("torn.zip", &inner[..inner.len() - 10]);
    check_refused(
        &workplace,
        &["import", "torn.zip"],
        2,
        "the archive cannot be read",
    );
    let status = workplace.json(&["store", "status"]);
    assert_eq!(
        status["tenants"][0]["months"].as_array().map_or(0, Vec::len),
        0,
        "{status}"
    );
}

/// The first block of a sort in docs/mapping.md.
fn block(sort: &str) -> String {
    let text = include_str!("../../../docs/mapping.md");
    let start = text.find(&format!("```{sort}\n")).unwrap() + sort.len() + 4;
    let end = text[start..].find("```").unwrap();
    text[start..start + end].to_owned()
}

#[test]
fn the_example_of_the_documentation_is_what_the_program_does() {
    let workplace = workplace();
    workplace.file("vpn.log", block("json"));
    workplace.file("acme-vpn.toml", block("toml"));
    let output = workplace.run(&["mapping", "try", "vpn.log", "--mapping", "acme-vpn.toml"]);
    assert_eq!(output.status.code(), Some(6), "{}", shown(&output));
    let trim = |text: &str| {
        text.trim()
            .lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(
        trim(&String::from_utf8_lossy(&output.stdout)),
        trim(&block("text"))
    );
    // Nothing is kept by trying.
    let status = workplace.json(&["store", "status"]);
    assert_eq!(
        status["tenants"][0]["months"].as_array().map_or(0, Vec::len),
        0,
        "{status}"
    );

    let mapped = ["--mapping", "acme-vpn.toml", "vpn.log"];
    check(&workplace, &mapped, [5, 3, 0, 0, 1, 1]);
    check(&workplace, &mapped, [5, 0, 0, 3, 1, 1]);
    let rows = rows(&workplace, "activities/signinEvents", "signinDateTime");
    let names: Vec<&str> = rows
        .iter()
        .map(|row| row["userPrincipalName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["bo@contoso.example", "ann@contoso.example"]);
}

#[test]
fn trying_answers_programs_too() {
    let workplace = workplace();
    workplace.file(
        "vpn.log",
        block("json").lines().take(3).collect::<Vec<_>>().join("\n"),
    );
    workplace.file("acme-vpn.toml", block("toml"));
    let json = workplace.json(&[
        "mapping",
        "try",
        "vpn.log",
        "--mapping",
        "acme-vpn.toml",
        "--limit",
        "2",
    ]);
    assert_eq!(
        (json["read"].as_u64(), json["events"].as_u64()),
        (Some(3), Some(2))
    );
    assert_eq!(json["records"].as_array().unwrap().len(), 2);
    let second = &json["records"][1];
    assert_eq!(second["line"], 2);
    assert_eq!(second["outcome"], "failure 17");
    assert_eq!(second["missing"], serde_json::json!(["country", "user_agent"]));
    assert_eq!(json["found"]["country"], 1);
}

#[test]
fn a_mapping_that_is_not_sound_is_refused_with_its_lines() {
    let workplace = workplace();
    workplace.file("vpn.log", block("json"));
    workplace.file("bad.toml", block("toml").replace("user = ", "usr = "));
    let expected = "line 12: `usr` is not a field of events of kind `sign-in`; did you mean `user`?";
    check_refused(
        &workplace,
        &["import", "--mapping", "bad.toml", "vpn.log"],
        2,
        expected,
    );
    check_refused(
        &workplace,
        &["mapping", "try", "--mapping", "bad.toml", "vpn.log"],
        2,
        expected,
    );
    workplace.file(
        "gatelog.toml",
        "[ingest.mappings]\nacme-vpn = \"bad.toml\"\nauto = \"acme-vpn.toml\"\n",
    );
    let output = workplace.run(&["config", "check", "--config", "gatelog.toml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("gatelog.toml:2: `ingest.mappings.acme-vpn` cannot be"),
        "{said}"
    );
    assert!(said.contains("line 12: `usr` is not a field"), "{said}");
    assert!(
        said.contains("gatelog.toml:3: `ingest.mappings.auto` cannot be"),
        "{said}"
    );
}

#[test]
fn programs_bring_tables_and_mapped_records_and_no_archives() {
    let workplace = workplace();
    let mapping = workplace.file("acme-vpn.toml", block("toml"));
    let app = workplace.app("contoso.com", &["Ingest"]);
    let server = workplace.serve_with(&[("ingest.mappings.acme-vpn", mapping.to_str().unwrap())]);
    let token = server.ingest_token(&app);
    let post = |format: &str| Request::post(&format!("/contoso.com/ingest/{format}")).bearer(&token);
    let count = |request: &Request, expected: [u64; 3]| {
        let answer = server.send(request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        assert_eq!(
            ["new", "ignored", "rejected"].map(|name| json[name].as_u64().unwrap()),
            expected,
            "{json}"
        );
    };
    count(
        &post("auto").header("Content-Type", "text/csv").body(SIGN_INS),
        [3, 0, 0],
    );
    count(&post("entra-csv-non-interactive").body(APPLICATIONS), [1, 0, 0]);
    count(&post("acme-vpn").body(block("json")), [3, 1, 1]);
    let packed = archive(&[("a.json", GRAPH.as_bytes())]);
    for request in [
        post("auto")
            .header("Content-Type", "application/zip")
            .body(packed.clone()),
        post("auto")
            .header("Content-Type", "application/octet-stream")
            .body(packed),
    ] {
        let answer = server.send(&request);
        assert_eq!(answer.status, 415, "{}", answer.text());
        assert!(
            answer
                .text()
                .contains("Zip archives are not read here, but by `gatelog import`"),
            "{}",
            answer.text()
        );
    }
    let answer = server.send(&post("acme").body("{}"));
    assert_eq!(answer.status, 404);
    assert!(answer.text().contains("acme-vpn"), "{}", answer.text());
}
