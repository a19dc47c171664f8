//! `gatelog get` and `gatelog reports`: the right rows, the right exit codes, and whose fault it was.

use crate::stub::{Says, Stub};
use crate::support::http::Request;
use crate::{Home, ROWS, Site, err, out};

fn ids(lines: &str) -> Vec<String> {
    let id = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        row["id"].as_str().unwrap().to_owned()
    };
    lines.lines().map(id).collect()
}

const ALL_OF_2020: &str =
    "/contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20ge%202020-01-01";

#[test]
fn all_pages_are_the_rows_that_a_client_of_four_lines_sees() {
    let site = Site::new();
    let home = site.home();
    let got = out(
        &site.run(&home, &["get", "auditEvents", "--since", "2020-01-01", "--all"]),
        0,
    );
    let expected = site.rows(ALL_OF_2020);
    assert_eq!(expected.len(), ROWS as usize);
    assert_eq!(ids(&got), expected);

    // The newest 45 need three pages.
    let newest = site.run(
        &home,
        &["get", "auditEvents", "--since", "2020-01-01", "--top", "45"],
    );
    assert_eq!(ids(&out(&newest, 0)), expected[..45]);

    // Without either it is one page, and that is told beside the rows.
    let page = site.run(&home, &["get", "auditEvents", "--since", "2020-01-01"]);
    assert_eq!(ids(&out(&page, 0)), expected[..20]);
    assert!(err(&page, 0).contains("--all"), "{page:?}");

    let some = site.run(
        &home,
        &[
            "get",
            "auditEvents",
            "--since",
            "2020-01-02T00:00",
            "--until",
            "2020-01-01T22:00-05:00",
            "--all",
        ],
    );
    let filtered = site.rows(
        "/contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20ge%202020-01-02T00:00:00Z%20and%20eventTime%20lt%202020-01-02T03:00:00Z",
    );
    assert_eq!(filtered.len(), 21);
    assert_eq!(ids(&out(&some, 0)), filtered);
}

#[test]
fn why_there_is_nothing_is_told() {
    let site = Site::new();
    let home = site.home();
    // The newest row is of 2020; the default window is 30 days.
    let nothing = site.run(&home, &["get", "auditEvents", "--all"]);
    assert_eq!(out(&nothing, 0), "");
    assert!(
        err(&nothing, 0).contains("no rows: the newest row is of 2020-01-"),
        "{nothing:?}"
    );
    let quiet = site.run(&home, &["get", "auditEvents", "--quiet"]);
    assert_eq!(err(&quiet, 0), "");
}

#[test]
fn reports_are_listed_with_what_the_service_knows() {
    let site = Site::new();
    let home = site.home();
    let listed = site.run(&home, &["reports", "-o", "json"]);
    let listed: serde_json::Value = serde_json::from_str(&out(&listed, 0)).unwrap();
    let by_path = |path: &str| {
        let found = listed
            .as_array()
            .unwrap()
            .iter()
            .find(|report| report["path"] == path);
        found.unwrap_or_else(|| panic!("no {path}: {listed}")).clone()
    };
    let audits = by_path("auditEvents");
    assert_eq!(audits["rows"], ROWS);
    assert_eq!(audits["licenseRequired"], "False");
    assert_eq!(audits["filterProperty"], "eventTime");
    assert!(
        audits["newestRow"].as_str().unwrap().starts_with("2020-01-06T"),
        "{audits}"
    );
    let failures = by_path("signInsAfterMultipleFailuresEvents");
    assert_eq!(failures["filterProperty"], "firstSuccessfulSignIn");
    assert!(failures["whyEmpty"].is_string(), "{failures}");
    assert_eq!(
        by_path("activities/signinEvents")["filterProperty"],
        "signinDateTime"
    );
    let table = out(&site.run(&home, &["reports"]), 0);
    assert!(table.starts_with(" Report "), "{table}");
}

#[test]
fn a_host_that_knows_less_leaves_columns_empty() {
    let stub = Stub::start(|asked| match asked.path() {
        "/t/reports" => Says::json(
            200,
            r#"{"@odata.context":"x","value":[{"Name":"auditEvents","LicenseRequired":"False"},{"Name":"strangeEvents","LicenseRequired":"True"}]}"#,
        ),
        _ => Says::json(
            404,
            r#"{"odata.error":{"code":"Request_ResourceNotFound","message":{"lang":"en","value":"No."}}}"#,
        ),
    });
    let home = Home::new();
    let listed = home
        .command(&["reports", "--host", &stub.url(), "--tenant", "t"])
        .env("GATELOG_TOKEN", "somebody's")
        .output()
        .unwrap();
    assert_eq!(
        out(&listed, 0),
        concat!(
            " Report         Licence  Filter by  Rows  Newest row (UTC)  Why empty\n",
            " auditEvents    no       eventTime\n",
            " strangeEvents  yes\n"
        )
    );
    assert!(
        stub.asked()
            .iter()
            .all(|asked| asked.header("authorization") == Some("Bearer somebody's"))
    );
}

#[test]
fn the_exit_code_says_what_was_wrong() {
    let site = Site::new();
    let home = site.home();
    let check = |arguments: &[&str], code: i32, word: &str| {
        let output = site.run(&home, arguments);
        assert!(err(&output, code).contains(word), "{arguments:?}: {output:?}");
        assert_eq!(out(&output, code), "", "{arguments:?}");
    };
    check(&["get", "auditEvent"], 3, "auditEvents");
    check(&["get", "auditEvents", "--filter", "actor eq 'x'"], 2, "actor");
    check(&["get", "auditEvents", "--since", "yesterday"], 2, "7d");
    check(&["get", "auditEvents", "--query", "[?"], 2, "JMESPath");
    check(&["get", "a/b"], 2, "reports/NAME");
    check(
        &["get", "auditEvents", "--host", "http://reports.example"],
        2,
        "plain HTTP",
    );
    check(&["get", "auditEvents", "--tenant", "nobody.example"], 4, "90002");
    check(&["whoami", "-o", "csv"], 2, "table or json");
    check(
        &["get", "auditEvents", "--ca-file", "/nonexistent"],
        1,
        "/nonexistent",
    );
    check(
        &[
            "get",
            "auditEvents",
            "--client-secret-file",
            "/nonexistent",
            "--client-id",
            "another",
        ],
        1,
        "/nonexistent",
    );
    check(
        &["get", "auditEvents", "--host", "http://127.0.0.1:1"],
        1,
        "could not reach http://127.0.0.1:1",
    );

    let without = site.workplace.app("contoso.com", &["Ingest"]);
    let home = Home::new();
    home.workplace.file("secret", &without.client_secret);
    let mut command = site.command(&home, &site.host(), &["get", "auditEvents"]);
    command.env("GATELOG_CLIENT_ID", &without.client_id);
    let denied = command.output().unwrap();
    let said = err(&denied, 4);
    assert!(
        said.contains("said no") && said.contains("Directory.Read.All"),
        "{said}"
    );

    home.workplace.file("secret", "wrong");
    let mut command = site.command(&home, &site.host(), &["whoami"]);
    command.env("GATELOG_CLIENT_ID", &without.client_id);
    std::fs::remove_file(home.tokens()).unwrap();
    let wrong = command.output().unwrap();
    assert!(err(&wrong, 4).contains("gives no token"), "{wrong:?}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let site = Site::new();
    let home = site.home();
    let mut child = site
        .command(
            &home,
            &site.host(),
            &["get", "auditEvents", "--since", "2020-01-01", "--all"],
        )
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(err(&output, 0), "");
}

#[test]
fn proxies_of_the_environment_are_not_looked_at() {
    let site = Site::new();
    let home = site.home();
    let mut command = site.command(
        &home,
        &site.host(),
        &["get", "auditEvents", "--since", "2020-01-01"],
    );
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
    ] {
        command.env(name, "http://127.0.0.1:1");
    }
    out(&command.output().unwrap(), 0);
    let output = site.run(&home, &["get", "auditEvents", "--proxy", "http://127.0.0.1:1"]);
    assert!(err(&output, 1).contains("could not reach"), "{output:?}");
}

#[test]
fn a_token_for_other_programs_works() {
    let site = Site::new();
    let home = site.home();
    let token = out(&site.run(&home, &["token"]), 0);
    let list = site
        .server
        .send(&Request::get("/contoso.com/reports?api-version=beta").bearer(token.trim()));
    assert_eq!(list.status, 200);
    let json = out(&site.run(&home, &["token", "-o", "json"]), 0);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["tokenType"], &json["accessToken"]),
        (&"Bearer".into(), &token.trim().into())
    );
    let whoami = out(&site.run(&home, &["whoami"]), 0);
    for word in [
        &site.app.client_id,
        "contoso.com",
        "Directory.Read.All",
        &site.host(),
    ] {
        assert!(whoami.contains(word), "{word}: {whoami}");
    }
}
