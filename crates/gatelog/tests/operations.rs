//! Running the service: health, metrics, stopping, and starts that are refused with the reason.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;
use support::http::{Connection, LAST_CHUNK, Request, chunk};
use support::records::{audit, days_ago};
use support::{CONTOSO, Program, Server, Workplace, bare, shown};

/// A command line, its exit code, and words that it says on standard error.
fn check_refused(workplace: &Workplace, arguments: &[&str], code: i32, words: &[&str]) {
    let output = workplace.run(arguments);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}",
        shown(&output)
    );
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", shown(&output));
    let said = String::from_utf8(output.stderr).unwrap();
    for word in words {
        assert!(said.contains(word), "{arguments:?}: {word:?} in {said}");
    }
}

/// Waits until `/readyz` answers so, which it does within moments.
fn wait_for_ready(server: &Server, status: u16) {
    for _ in 0..600 {
        if Request::get("/readyz").send(&server.admin).status == status {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("/readyz never answers {status}");
}

#[test]
fn health_and_metrics_are_on_their_own_address() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    let server = workplace.serve();
    // It follows a first try of the disk.
    wait_for_ready(&server, 200);
    let admin = |path: &str| Request::get(path).send(&server.admin);
    for path in ["/livez", "/readyz", "/healthz", "/readyz?verbose"] {
        let answer = admin(path);
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    }
    let token = server.reading_token(&app);
    for _ in 0..3 {
        assert_eq!(
            server
                .get(&token, "/contoso.com/reports/auditEvents?api-version=beta")
                .status,
            200
        );
    }
    assert_eq!(
        server
            .get(&token, "/nobody.example/reports/auditEvents?api-version=beta")
            .status,
        403
    );
    server.ingest(
        &server.ingest_token(&app),
        "contoso.com",
        &audit("a", &days_ago(1), "Add user"),
    );
    let metrics = admin("/metrics");
    assert_eq!(metrics.status, 200);
    let text = metrics.text();
    let count = |status: &str| {
        let labels =
            format!("_count{{method=\"GET\",route=\"/{{tenant}}/reports/{{report}}\",status=\"{status}\"}} ");
        let line = text
            .lines()
            .find(|line| line.contains(&labels))
            .unwrap_or_else(|| panic!("{labels}: {text}"));
        line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    assert_eq!((count("2xx"), count("4xx")), (3, 1));
    assert!(
        text.lines().any(|line| line.contains("result=\"new\"")
            && line.contains("\"ingest\"")
            && line.ends_with(" 1")),
        "{text}"
    );
    for secret in [token.as_str(), app.client_secret.as_str(), "contoso"] {
        assert!(!text.contains(secret), "{secret}");
    }
    // The service's own address has none of it, and the other way round.
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(server.send(&Request::get(path)).status, 404, "{path}");
    }
    assert_eq!(admin("/contoso.com/reports?api-version=beta").status, 404);
}

#[test]
fn every_metric_is_in_the_handbook_and_every_one_of_the_handbook_is_printed() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Ingest"]);
    // An outside issuer that nobody can reach: port 9 discards what it gets, where it is there at all.
    let config = workplace.file(
        "gatelog.toml",
        "[[trusted_issuers]]\nname = \"away\"\nissuer = \"http://127.0.0.1:9\"\ntenants = [\"contoso.com\"]\n\
         audiences = [\"a\"]\nroles = [{ claim = \"a\", value = \"b\", role = \"Reports Reader\" }]\n",
    );
    let server = workplace.serve_with_arguments(&["--config", config.to_str().unwrap()]);
    let of_the_issuer = "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.eyJpc3MiOiJodHRwOi8vMTI3LjAuMC4xOjkifQ.x";
    assert_eq!(
        server
            .get(of_the_issuer, "/contoso.com/reports?api-version=beta")
            .status,
        503
    );
    server.ingest(
        &server.ingest_token(&app),
        "contoso.com",
        &audit("a", &days_ago(1), "Add user"),
    );
    let metrics = || Request::get("/metrics").send(&server.admin).text();
    // The tasks measure for the first time a moment after the start.
    while !(metrics().contains("gatelog_store_bytes{") && metrics().contains("gatelog_store_write_failed ")) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let printed: BTreeSet<String> = metrics()
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect();
    let handbook = include_str!("../../../docs/operations.md");
    let told: BTreeSet<String> = handbook
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(" | ").next())
        .flat_map(|cell| cell.split('`'))
        .filter(|word| {
            ["gatelog_", "http_", "process_"]
                .iter()
                .any(|prefix| word.starts_with(prefix))
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(
        printed, told,
        "left: what /metrics prints; right: docs/operations.md"
    );
    assert!(printed.len() > 15);
}

#[test]
fn a_stop_lets_what_is_in_flight_end_and_says_done() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Ingest", "Directory.Read.All"]);
    let mut server = workplace.serve();
    let token = server.ingest_token(&app);
    let mut held = Connection::open(&server.address);
    held.say(
        format!(
            "POST /contoso.com/ingest/auto HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\
             Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        .as_bytes(),
    );
    assert_eq!(held.answer("POST").status, 100);
    server.program.signal("TERM");
    server.program.wait_for("SIGTERM");
    // The log speaks first; who balances load is told a moment later.
    wait_for_ready(&server, 503);
    assert_eq!(Request::get("/livez").send(&server.admin).status, 200);
    held.say(&chunk(
        audit("last", "2026-01-01T00:00:00Z", "Add user").as_bytes(),
    ));
    held.say(LAST_CHUNK);
    let answer = held.answer("POST");
    assert_eq!((answer.status, &answer.json()["new"]), (200, &1.into()));
    let (status, said) = server.program.wait();
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(said.lines().last().unwrap().contains("stopped"), "{said}");
    // What was acknowledged is there.
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let target = "/contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20eq%202026-01-01";
    assert_eq!(server.get(&token, target).ids(), ["last"]);
}

#[test]
fn a_token_outlives_a_restart() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let settings = [("server.public_url", "https://reports.contoso.com")];
    let server = workplace.serve_with(&settings);
    let token = server.reading_token(&app);
    server.program.kill();
    let server = workplace.serve_with(&settings);
    assert_eq!(
        server.get(&token, "/contoso.com/reports?api-version=beta").status,
        200
    );
}

#[test]
fn a_wrong_setting_is_refused_with_the_one_that_was_meant() {
    let workplace = Workplace::new();
    let file = workplace.file(
        "gatelog.toml",
        "[server]\nlisten = \"127.0.0.1:0\"\nadmin_lisen = \"127.0.0.1:0\"\n",
    );
    let file = file.to_str().unwrap();
    for command in [
        ["serve", "--config", file].as_slice(),
        &["config", "check", "--config", file],
    ] {
        check_refused(
            &workplace,
            command,
            2,
            &["admin_lisen", "admin_listen", "gatelog.toml"],
        );
    }
    let mut command = workplace.command(&["serve"]);
    let output = command.env("GATELOG__LIMITS__PAGE_ROWZ", "5").output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    let said = String::from_utf8(output.stderr).unwrap().to_lowercase();
    assert!(said.contains("page_rows"), "{said}");
    let file = workplace.file(
        "bad.toml",
        "[limits]\npage_rows = 7\n[server]\nlisten = \"localhost\"\n",
    );
    // Everything that is wrong at once.
    check_refused(
        &workplace,
        &["serve", "--config", file.to_str().unwrap()],
        2,
        &["page_rows", "1000", "server.listen", "127.0.0.1:8080"],
    );
    check_refused(
        &workplace,
        &["serve", "--config", "nowhere.toml"],
        2,
        &["nowhere.toml"],
    );
    assert!(!workplace.data().exists(), "nothing was made");
}

#[test]
fn plain_http_is_refused_where_others_could_listen() {
    let workplace = Workplace::new();
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:8080"] {
        check_refused(
            &workplace,
            &["serve", "--listen", address, "--admin-listen", "127.0.0.1:0"],
            2,
            &[
                "server.listen",
                "in clear",
                "server.tls_certificate_file",
                "server.allow_plain_http",
            ],
        );
    }
    check_refused(
        &workplace,
        &["serve", "--listen", "127.0.0.1:0", "--admin-listen", "0.0.0.0:0"],
        2,
        &["server.admin_listen", "in clear"],
    );
    assert!(!workplace.data().exists(), "nothing was made");
}

#[test]
fn a_second_server_on_the_same_folder_is_refused_and_the_first_goes_on() {
    let workplace = Workplace::new();
    let server = workplace.serve();
    check_refused(
        &workplace,
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--admin-listen",
            "127.0.0.1:0",
        ],
        1,
        &[workplace.data().to_str().unwrap(), "in use"],
    );
    assert_eq!(Request::get("/livez").send(&server.admin).status, 200);
    // Commands still reach it.
    workplace.tenant(CONTOSO, "contoso.com");
    let listed = workplace.json(&["tenant", "list"]);
    assert_eq!(listed[0]["id"], CONTOSO);
}

#[test]
fn an_address_that_is_taken_is_said() {
    let (one, other) = (Workplace::new(), Workplace::new());
    let server = one.serve();
    check_refused(
        &other,
        &[
            "serve",
            "--listen",
            &server.address,
            "--admin-listen",
            "127.0.0.1:0",
        ],
        1,
        &[&server.address],
    );
}

#[test]
fn a_server_that_was_killed_leaves_nothing_in_the_way() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.serve().program.kill();
    assert!(
        workplace.data().join("admin.sock").exists(),
        "a kill cannot tidy up"
    );
    assert_eq!(workplace.json(&["tenant", "list"])[0]["id"], CONTOSO);
    let server = workplace.serve();
    assert_eq!(workplace.json(&["tenant", "list"])[0]["id"], CONTOSO);
    drop(server);
}

#[test]
fn the_configuration_can_be_checked_and_shown() {
    let workplace = Workplace::new();
    let file = workplace.file("gatelog.toml", "[reports]\nwindow_days = 90\n");
    let config = ["--config", file.to_str().unwrap()];
    let shown_by = |arguments: &[&str]| {
        let output = workplace
            .command(&[arguments, &config].concat())
            .env("GATELOG__LIMITS__PAGE_ROWS", "2000")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(!shown_by(&["config", "check"]).is_empty());
    let text = shown_by(&["config", "show"]);
    for line in [
        "window_days = 90",
        "page_rows = 2000",
        "listen = \"127.0.0.1:8080\"",
    ] {
        assert!(
            text.lines().any(|shown| shown.trim().starts_with(line)),
            "{line}: {text}"
        );
    }
    let text = shown_by(&["config", "show", "--origin"]);
    let line = |key: &str| {
        text.lines()
            .find(|line| line.contains(key))
            .unwrap_or_else(|| panic!("{key}: {text}"))
    };
    assert!(line("window_days").contains("gatelog.toml"), "{text}");
    assert!(line("page_rows").contains("GATELOG__LIMITS__PAGE_ROWS"), "{text}");
    // What is shown can be used.
    let again = workplace.file("again.toml", shown_by(&["config", "show"]));
    let output = workplace.run(&["config", "check", "--config", again.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
}

#[test]
fn the_data_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let workplace = Workplace::new();
    let server = workplace.serve();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&workplace.data()), 0o700);
    assert_eq!(mode(&workplace.data().join("admin.sock")), 0o600);
    let keys: Vec<_> = std::fs::read_dir(workplace.data().join("keys"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(keys.len(), 1);
    assert_eq!(mode(&keys[0]), 0o600);
    drop(server);
}

#[test]
fn the_demo_prints_one_line_for_programs_and_it_works() {
    let mut command = bare(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "-o",
        "json",
        "--users",
        "10",
        "--days",
        "3",
        "--seed",
        "1",
        "--end",
        "2026-01-31T12:00:00Z",
    ]);
    let mut program = Program::start(command.stdout(Stdio::piped()));
    let mut line = String::new();
    BufReader::new(program.stdout()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let mut names: Vec<&String> = ready.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["clientId", "clientSecret", "tenant", "tenantId", "token", "url"]
    );
    let text = |name: &str| ready[name].as_str().unwrap();
    let address = text("url").strip_prefix("http://").unwrap();
    let get = |token: &str, target: &str| Request::get(target).bearer(token).send(address);
    let tenant = text("tenant");
    assert_eq!(tenant, "contoso.example");
    let since =
        "$filter=signinDateTime%20ge%202026-01-28%20and%20signinDateTime%20le%202026-01-31T12:00:00Z&$top=5";
    let rows = get(
        text("token"),
        &format!("/{tenant}/activities/signinEvents?api-version=beta&{since}"),
    );
    assert_eq!(rows.ids().len(), 5);
    let later = format!(
        "/{tenant}/activities/signinEvents?api-version=beta&$filter=signinDateTime%20gt%202026-01-31T12:00:00Z"
    );
    assert_eq!(
        get(text("token"), &later).ids(),
        [""; 0],
        "nothing is after the end"
    );
    // The printed token reads only; the client may ingest.
    let record = audit("mine", &days_ago(1), "Add user");
    let bring = |token: &str| {
        let target = format!("/{}/ingest/auto", text("tenantId"));
        Request::post(&target)
            .bearer(token)
            .body(record.as_str())
            .send(address)
            .status
    };
    assert_eq!(bring(text("token")), 401);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&resource=api://gatelog-ingest",
        text("clientId"),
        text("clientSecret")
    );
    let token = Request::post(&format!("/{tenant}/oauth2/token"))
        .form(&form)
        .send(address)
        .json();
    assert_eq!(bring(token["access_token"].as_str().unwrap()), 200);
    assert_eq!(
        get(
            text("token"),
            &format!("/{tenant}/reports/auditEvents?api-version=beta&$top=1")
        )
        .ids(),
        ["mine"]
    );
    program.signal("TERM");
    let (status, said) = program.wait();
    assert_eq!(status.code(), Some(0), "{said}");
}
