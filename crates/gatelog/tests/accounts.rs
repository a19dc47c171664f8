//! People, roles and app passwords by command line, and what they open over HTTP.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::io::Write;
use std::process::Stdio;
use support::http::{Answer, Request};
use support::{CONTOSO, FABRIKAM, Server, Workplace, shown};

const ALICE: &str = "alice@contoso.com";
const LIST: &str = "/contoso.com/reports?api-version=beta";

fn place() -> Workplace {
    let place = Workplace::new();
    place.tenant(CONTOSO, "contoso.com");
    place
}

fn create(place: &Workplace, name: &str, more: &[&str]) -> Value {
    let tenant = ["user", "create", name, "--tenant", "contoso.com"];
    place.json(&[&tenant, more].concat())
}

/// A command that must fail with an exit code and say something.
fn check_refused(place: &Workplace, arguments: &[&str], code: i32, says: &str) {
    let output = place.run(arguments);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {}",
        shown(&output)
    );
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(says), "{arguments:?}: {said}");
}

#[test]
fn a_user_is_made_shown_changed_and_removed() {
    let place = place();
    let made = create(
        &place,
        "Alice@Contoso.com",
        &["--display-name", "Alice Adams", "--role", "security-reader"],
    );
    let password = made["password"].as_str().unwrap();
    assert!(password.len() >= 20, "{password}");
    let seen = place.json(&["user", "show", ALICE]);
    assert_eq!(seen["name"], ALICE);
    assert_eq!(seen["displayName"], "Alice Adams");
    assert_eq!(seen["roles"], serde_json::json!(["Security Reader"]));
    assert_eq!(seen["hasPassword"], true);
    assert!(seen.get("password").is_none(), "shown once: {seen}");

    let id = seen["id"].as_str().unwrap();
    let changed = place.json(&[
        "user",
        "update",
        id,
        "--name",
        "ann@contoso.com",
        "--given-name",
        "Ann",
    ]);
    assert_eq!(changed["name"], "ann@contoso.com");
    assert_eq!(changed["givenName"], "Ann");
    assert_eq!(changed["displayName"], "Alice Adams");
    let off = place.json(&["user", "disable", "ann@contoso.com"]);
    assert!(off["disabled"].is_string());
    assert!(place.json(&["user", "enable", id])["disabled"].is_null());
    place.json(&["user", "delete", id]);
    assert_eq!(place.json(&["user", "list"]), serde_json::json!([]));
}

#[test]
fn a_password_is_read_from_a_file_or_standard_input_and_judged() {
    let place = place();
    let file = place.file("password", "plum harbour seventeen\n");
    let made = create(&place, ALICE, &["--password-from", file.to_str().unwrap()]);
    assert!(made.get("password").is_none(), "nobody needs to be told: {made}");
    let mut child = place
        .command(&["user", "password", ALICE, "--password-from", "stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"short\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    assert!(
        shown(&output).contains("at least 12 characters"),
        "{}",
        shown(&output)
    );
    for (text, says) in [
        ("password1234", "tried first"),
        ("Alice2026!!!", "own name"),
        ("", "the password is empty"),
    ] {
        let file = place.file("bad", format!("{text}\n"));
        let path = file.to_str().unwrap();
        check_refused(
            &place,
            &["user", "password", ALICE, "--password-from", path],
            2,
            says,
        );
    }
    check_refused(
        &place,
        &["user", "password", ALICE, "--password-from", "prompt"],
        2,
        "there is no terminal",
    );
    let nothing = place.json(&["user", "password", ALICE, "--password-from", "none"]);
    assert_eq!(nothing["hasPassword"], false);
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let place = place();
    create(&place, ALICE, &[]);
    let create = |name: &'static str| ["user", "create", name, "--tenant", "contoso.com"];
    check_refused(
        &place,
        &create(ALICE),
        1,
        "already a user called alice@contoso.com",
    );
    check_refused(
        &place,
        &create("alice"),
        2,
        "use a form such as alice@contoso.com",
    );
    check_refused(
        &place,
        &["user", "create", "b@x.com", "--tenant", "nowhere.com"],
        3,
        "gatelog tenant list",
    );
    check_refused(
        &place,
        &["user", "show", "nobody@contoso.com"],
        3,
        "gatelog user list",
    );
    check_refused(
        &place,
        &["role", "add", ALICE, "King"],
        2,
        "is not one of: Global Administrator",
    );
    check_refused(
        &place,
        &["role", "remove", ALICE, "Security Reader"],
        3,
        "does not hold the role",
    );
}

#[test]
fn users_of_two_tenants_with_one_name_are_told_apart() {
    let place = place();
    place.tenant(FABRIKAM, "fabrikam.com");
    create(&place, ALICE, &[]);
    place.json(&[
        "user",
        "create",
        ALICE,
        "--tenant",
        "fabrikam.com",
        "--role",
        "Reports Reader",
    ]);
    check_refused(&place, &["user", "show", ALICE], 2, "say which with --tenant");
    let other = place.json(&["user", "show", ALICE, "--tenant", "fabrikam.com"]);
    assert_eq!(other["tenantId"], FABRIKAM);
    assert_eq!(
        place
            .json(&["user", "list", "--tenant", CONTOSO])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let id = other["id"].as_str().unwrap();
    check_refused(
        &place,
        &["user", "show", id, "--tenant", CONTOSO],
        3,
        "No user is called",
    );
}

#[test]
fn a_second_factor_is_shown_once_as_an_address_for_an_application() {
    let place = place();
    create(&place, ALICE, &[]);
    let enrolled = place.json(&["user", "second-factor", ALICE]);
    let otpauth = enrolled["otpauth"].as_str().unwrap();
    assert!(
        otpauth.starts_with("otpauth://totp/Gatelog:alice@contoso.com?secret="),
        "{otpauth}"
    );
    let seen = place.json(&["user", "show", ALICE]);
    assert_eq!(seen["secondFactor"], true);
    assert!(seen.get("otpauth").is_none());
    assert_eq!(
        place.json(&["user", "second-factor", ALICE, "--remove"])["secondFactor"],
        false
    );
}

/// An app password of a new user with a role.
fn app_password(place: &Workplace, role: &[&str]) -> String {
    create(place, ALICE, role);
    let made = place.json(&["user", "app-password", "create", ALICE, "--name", "Excel"]);
    made["password"].as_str().unwrap().to_owned()
}

fn basic(server: &Server, name: &str, password: &str, target: &str) -> Answer {
    server.send(&Request::get(target).header("Authorization", &as_basic(name, password)))
}

fn as_basic(name: &str, password: &str) -> String {
    use base64::Engine;
    let both = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    format!("Basic {both}")
}

fn challenge(answer: &Answer) -> Vec<String> {
    let all = answer.headers.iter();
    all.filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
        .map(|(_, value)| value.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn an_app_password_reads_reports_and_nothing_else() {
    let place = place();
    let password = app_password(&place, &["--role", "Security Reader"]);
    let server = place.serve();
    assert_eq!(basic(&server, ALICE, &password, LIST).status, 200);
    assert_eq!(
        basic(&server, "ALICE@contoso.com", &password.to_uppercase(), LIST).status,
        200
    );
    let rows = "/contoso.com/reports/auditEvents?api-version=beta";
    assert_eq!(basic(&server, ALICE, &password, rows).status, 200);
    let ingest = Request::post("/contoso.com/ingest/auto")
        .header("Authorization", &as_basic(ALICE, &password))
        .body("{}");
    assert_eq!(server.send(&ingest).status, 401);
    let listed = place.json(&["user", "app-password", "list", ALICE]);
    assert!(listed[0]["lastUsed"].is_string(), "{listed}");
    assert!(!listed.to_string().contains(&password[6..]), "{listed}");
}

#[test]
fn basic_is_offered_only_to_who_carried_it() {
    let place = place();
    let password = app_password(&place, &["--role", "Security Reader"]);
    let server = place.serve();
    assert_eq!(challenge(&server.send(&Request::get(LIST))), ["Bearer"]);
    assert_eq!(challenge(&server.get("nonsense", LIST)), ["Bearer"]);
    let wrong = basic(&server, ALICE, "wrong", LIST);
    assert_eq!(wrong.status, 401, "{}", wrong.text());
    assert_eq!(challenge(&wrong), ["Basic"]);
    let broken = server.send(&Request::get(LIST).header("Authorization", "Basic %%%"));
    assert_eq!(
        (broken.status, challenge(&broken)),
        (401, vec!["Basic".to_owned()])
    );
    assert_eq!(
        basic(&server, "bob@contoso.com", &password, LIST).status,
        401,
        "another's name"
    );
}

#[test]
fn an_app_password_opens_only_what_its_user_may_read_now() {
    let place = place();
    place.tenant(FABRIKAM, "fabrikam.com");
    let password = app_password(&place, &[]);
    let server = place.serve();
    let refused = basic(&server, ALICE, &password, LIST);
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert_eq!(
        refused.json()["odata.error"]["message"]["value"],
        "Api request is not from global admin or security admin or security reader role"
    );
    place.json(&["role", "add", ALICE, "Security Reader"]);
    assert_eq!(basic(&server, ALICE, &password, LIST).status, 200);
    let elsewhere = "/fabrikam.com/reports?api-version=beta";
    assert_eq!(basic(&server, ALICE, &password, elsewhere).status, 403);
    place.json(&["user", "disable", ALICE]);
    assert_eq!(basic(&server, ALICE, &password, LIST).status, 401);
    place.json(&["user", "enable", ALICE]);
    assert_eq!(basic(&server, ALICE, &password, LIST).status, 200);
    let held = place.json(&["user", "app-password", "list", ALICE]);
    place.json(&[
        "user",
        "app-password",
        "delete",
        ALICE,
        held[0]["id"].as_str().unwrap(),
    ]);
    assert_eq!(basic(&server, ALICE, &password, LIST).status, 401);
}

#[test]
fn who_asks_for_tokens_too_often_waits() {
    let place = place();
    let app = place.app(CONTOSO, &["Directory.Read.All"]);
    let server = place.serve_with(&[("limits.tokens_per_minute", "3")]);
    let ask = || {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            app.client_id, app.client_secret
        );
        server.send(&Request::post("/contoso.com/oauth2/token").form(&form))
    };
    for _ in 0..3 {
        assert_eq!(ask().status, 200);
    }
    let refused = ask();
    assert_eq!(refused.status, 429, "{}", refused.text());
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    assert!(
        refused.json()["error_description"]
            .as_str()
            .unwrap()
            .contains("AADSTS90033")
    );
}

#[test]
fn what_administrators_do_is_in_the_audit_reports_and_in_no_usage_report() {
    let place = place();
    let app = place.app(CONTOSO, &["Directory.Read.All"]);
    let on = ("own_events.enabled", "true");
    let server = place.serve_with(&[on]);
    create(&place, ALICE, &["--role", "Security Reader"]);
    place.json(&["user", "disable", ALICE]);
    let token = server.reading_token(&app);
    let rows = |target: &str| {
        let answer = server.get(&token, target);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["value"].as_array().unwrap().clone()
    };
    let audits = rows("/contoso.com/reports/auditEvents?api-version=beta");
    let mut seen: Vec<(&str, &str)> = audits
        .iter()
        .map(|row| (row["action"].as_str().unwrap(), row["actor"].as_str().unwrap()))
        .collect();
    seen.sort_unstable();
    let by = "Gatelog command line";
    assert_eq!(
        seen,
        [
            ("Add User", by),
            ("Add role member to Role", by),
            ("Disable account", by)
        ],
        "{audits:?}"
    );
    assert!(audits.iter().all(|row| row["target"] == ALICE), "{audits:?}");
    assert_eq!(
        rows("/contoso.com/reports/userActivitySummary?api-version=beta").len(),
        0
    );
    assert_eq!(
        rows("/contoso.com/reports/tenantUserCount?api-version=beta").len(),
        0
    );
    // Understood again from what is stored, it is the same.
    let rebuilt = place.json(&["rebuild"]);
    assert_eq!(
        (&rebuilt["events"], &rebuilt["notUnderstood"]),
        (&3.into(), &0.into()),
        "{rebuilt}"
    );
    assert_eq!(rows("/contoso.com/reports/auditEvents?api-version=beta").len(), 3);
    assert_eq!(
        rows("/contoso.com/reports/tenantUserCount?api-version=beta").len(),
        0
    );
}

#[test]
fn a_new_place_is_ready_to_run() {
    let place = Workplace::new();
    let data = place.path().join("fresh");
    let made = place.json(&[
        "init",
        "--data",
        data.to_str().unwrap(),
        "--tenant",
        "contoso.com",
        "--admin",
        ALICE,
        "--listen",
        "127.0.0.1:0",
    ]);
    assert!(made["admin"]["password"].is_string(), "{made}");
    assert_eq!(
        made["admin"]["roles"],
        serde_json::json!(["Global Administrator"])
    );
    let file = place.path().join("gatelog.toml");
    let with = |arguments: &[&str]| {
        let all = [arguments, &["--config", file.to_str().unwrap()]].concat();
        let mut command = place.command(&all);
        command.env_remove("GATELOG_DATA");
        command
    };
    let checked = with(&["config", "check"]).output().unwrap();
    assert!(checked.status.success(), "{}", shown(&checked));
    let mut command = with(&["serve", "--admin-listen", "127.0.0.1:0"]);
    let server = Server::start(&mut command);
    let users = with(&["user", "list", "-o", "json"]).output().unwrap();
    let users: Value = serde_json::from_slice(&users.stdout).unwrap();
    assert_eq!(users[0]["name"], ALICE);
    drop(server);
    check_refused(
        &place,
        &["init", "--tenant", "x.com", "--admin", "a@x.com"],
        2,
        "is there already",
    );
}

#[test]
fn init_asks_only_on_a_terminal() {
    let place = Workplace::new();
    check_refused(&place, &["init"], 2, "--tenant is missing");
}

#[test]
fn a_tenants_names_and_switches_are_changed() {
    let place = place();
    let changed = place.json(&[
        "tenant",
        "update",
        "contoso.com",
        "--display-name",
        "Contoso Ltd",
        "--add-name",
        "contoso.example",
        "--password-grant",
        "on",
    ]);
    assert_eq!(changed["displayName"], "Contoso Ltd");
    assert_eq!(changed["passwordGrant"], true);
    let seen = place.json(&["tenant", "show", "contoso.example"]);
    assert_eq!(
        seen["names"],
        serde_json::json!(["contoso.com", "contoso.example"])
    );
    let changed = place.json(&["tenant", "update", CONTOSO, "--remove-name", "contoso.com"]);
    assert_eq!(changed["names"], serde_json::json!(["contoso.example"]));
    check_refused(
        &place,
        &["tenant", "show", "contoso.com"],
        3,
        "No tenant is called",
    );
}
