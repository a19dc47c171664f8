//! What is printed, letter by letter.

use crate::stub::{Says, Stub};
use crate::support::records::audit_by;
use crate::support::{CONTOSO, Workplace};
use crate::{Home, golden, out};
use std::os::unix::fs::MetadataExt;

/// A server with three audits, of which one tries to be a formula.
fn three() -> (crate::Site, Home) {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let records = [
        audit_by(
            "one",
            "2020-01-01T10:00:00Z",
            "Add user",
            "ada@contoso.com",
            "dora@contoso.com",
        ),
        audit_by(
            "two",
            "2020-01-02T10:00:00.1234567Z",
            "=cmd|' /C calc'!A0",
            "@SUM(1,2)",
            "a,b; \\\"c\\\"",
        ),
        audit_by(
            "three",
            "2020-01-03T10:00:00.5Z",
            "Zeile 1\\r\\nZeile 2",
            "ｅｌｅｎａ@contoso.com",
            "-2+3",
        ),
    ];
    let file = workplace.file("audits.jsonl", records.join("\n"));
    workplace.json(&["import", file.to_str().unwrap(), "--tenant", CONTOSO]);
    let site = crate::Site::over(workplace, app);
    let home = site.home();
    (site, home)
}

#[test]
fn every_format_is_as_it_was_looked_at() {
    let (site, home) = three();
    let get = |more: &[&str]| {
        let always = ["get", "auditEvents", "--since", "2020-01-01", "--all"];
        out(&site.run(&home, &[&always, more].concat()), 0)
    };
    golden("audits.table", &get(&["-o", "table"]));
    golden("audits.csv", &get(&["-o", "csv"]));
    golden("audits-raw-bom.csv", &get(&["-o", "csv", "--raw", "--bom"]));
    golden("audits.tsv", &get(&["-o", "tsv"]));
    golden("audits.json", &get(&["-o", "json"]));
    golden("audits.jsonl", &get(&["-o", "jsonl"]));
    // Piped, it is JSON Lines.
    assert_eq!(get(&[]), get(&["-o", "jsonl"]));
    golden(
        "query.table",
        &get(&["-o", "table", "--query", "[].{when: eventTime, who: actor}"]),
    );
    assert_eq!(get(&["--query", "length(@)"]), "3\n");
    assert_eq!(
        get(&["--query", "[].id", "-o", "json"]),
        "[\n\"three\",\n\"two\",\n\"one\"\n]\n"
    );
    assert_eq!(
        get(&["--query", "[?id=='one'].actor", "-o", "tsv"]),
        "value\nada@contoso.com\n"
    );
    assert_eq!(get(&["--query", "[?id=='none']", "-o", "json"]), "[]\n");
}

#[test]
fn a_file_has_its_name_only_when_it_is_whole_and_is_the_users_alone() {
    let (site, home) = three();
    let file = home.workplace.path().join("audit.csv");
    let arguments = [
        "get",
        "auditEvents",
        "--since",
        "2020-01-01",
        "-o",
        "csv",
        "--to",
        "audit.csv",
    ];
    assert_eq!(out(&site.run(&home, &arguments), 0), "");
    golden("audits.csv", &std::fs::read_to_string(&file).unwrap());
    assert_eq!(file.metadata().unwrap().mode() & 0o7777, 0o600);
    // A report that is not there leaves what was there as it is, and nothing beside it.
    let output = site.run(&home, &["get", "nothing", "--to", "audit.csv"]);
    assert_eq!(output.status.code(), Some(3));
    golden("audits.csv", &std::fs::read_to_string(&file).unwrap());
    let names = std::fs::read_dir(home.workplace.path()).unwrap().count();
    assert_eq!(names, 3, "secret, state and the file");
}

#[test]
fn rows_of_a_host_without_metadata_have_the_columns_that_they_show() {
    let stub = Stub::start(|asked| {
        if asked.target.contains("metadata") {
            return Says::json(404, "{}");
        }
        let page =
            r#"{"value":[{"b":"\u001b[31mred","@odata.type":"x","a":{"k":[1,null]}},{"c":true,"a":-5}]}"#;
        Says::json(200, page)
    });
    let home = Home::new();
    let get = |format: &str| {
        let output = home
            .command(&[
                "get",
                "strangeEvents",
                "-o",
                format,
                "--host",
                &stub.url(),
                "--tenant",
                "t",
            ])
            .env("GATELOG_TOKEN", "x")
            .output()
            .unwrap();
        out(&output, 0)
    };
    assert_eq!(
        get("csv"),
        "b,a,c\r\n\u{1b}[31mred,\"{\"\"k\"\":[1,null]}\",\r\n,-5,true\r\n"
    );
    assert_eq!(
        get("table"),
        " b         a               c\n \u{fffd}[31mred  {\"k\":[1,null]}\n           -5              true\n"
    );
    // As it came: escapes stay escapes.
    assert!(get("jsonl").starts_with(r#"{"b":"\u001b[31mred""#));
}
