//! Who is let in by token, what is seen and changed, and what is not.

use crate::site::{ADA, script, site, token, user};
use crate::support::http::Request;
use crate::support::{CONTOSO, FABRIKAM, Workplace, shown};
use serde_json::{Value, json};

#[test]
fn an_administrator_makes_changes_and_removes_users_and_applications_by_token() {
    let site = site();
    let made = site.administer(
        "POST",
        "/users",
        &json!({ "tenant": "contoso.com", "name": "bob@contoso.com", "roles": ["Reports Reader"] }),
    );
    assert_eq!(made.status, 200, "{}", made.text());
    assert!(made.json()["password"].is_string());
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let bob = made.json()["id"].as_str().unwrap().to_owned();
    let given = site.administer(
        "POST",
        "/users/bob%40contoso.com/roles/security-reader",
        &Value::Null,
    );
    assert_eq!(
        given.json()["roles"],
        json!(["Reports Reader", "Security Reader"]),
        "{}",
        given.text()
    );
    let app = site.administer(
        "POST",
        "/apps",
        &json!({ "tenant": CONTOSO, "name": "siem", "permissions": ["Directory.Read.All"] }),
    );
    assert_eq!(app.status, 201, "{}", app.text());
    let id = app.json()["clientId"].as_str().unwrap().to_owned();
    let changed = site.administer(
        "POST",
        &format!("/apps/{id}"),
        &json!({ "addPermissions": ["Ingest"] }),
    );
    assert_eq!(
        changed.json()["permissions"],
        json!(["Directory.Read.All", "Ingest"]),
        "{}",
        changed.text()
    );
    let secret = site.administer("POST", &format!("/apps/{id}/secrets"), &json!({}));
    assert_eq!(secret.status, 201, "{}", secret.text());
    let hint = site
        .administer("GET", &format!("/apps/{id}"), &Value::Null)
        .json()["secretHints"][0]
        .clone();
    let hint = hint.as_str().unwrap().trim_end_matches('…').to_owned();
    let left = site.administer("DELETE", &format!("/apps/{id}/secrets/{hint}"), &Value::Null);
    assert_eq!(
        left.json()["secretHints"].as_array().unwrap().len(),
        1,
        "{}",
        left.text()
    );
    for (method, target) in [
        ("POST", format!("/apps/{id}/disable")),
        ("DELETE", format!("/apps/{id}")),
        ("DELETE", format!("/users/{bob}")),
    ] {
        let done = site.administer(method, &target, &Value::Null);
        assert_eq!(done.status, 200, "{method} {target}: {}", done.text());
    }
    let renamed = site.administer(
        "POST",
        "/tenants/contoso.com",
        &json!({ "displayName": "Contoso Ltd" }),
    );
    assert_eq!(renamed.json()["displayName"], "Contoso Ltd", "{}", renamed.text());
    // Each of it is an event, by the person who did it.
    let acts = site.acts();
    let of = |activity: &str, target: &str| (activity.to_owned(), ADA.to_owned(), target.to_owned());
    for act in [
        of("Add user", "bob@contoso.com"),
        of("Add member to role", "bob@contoso.com"),
        of("Add application", "siem"),
        of("Update application", "siem"),
        of("Update application – Certificates and secrets management", "siem"),
        of("Update service principal", "siem"),
        of("Delete application", "siem"),
        of("Delete user", "bob@contoso.com"),
        of("Set Company Information", "Contoso Ltd"),
    ] {
        assert!(acts.contains(&act), "no {act:?} in {acts:#?}");
    }
}

#[test]
fn an_administrator_sees_and_changes_nothing_of_another_tenant() {
    let site = site();
    let (user, app) = (&site.other_user, &site.other_app);
    for (method, target, body) in [
        ("GET", format!("/users/{user}"), Value::Null),
        ("GET", "/users?tenant=fabrikam.com".to_owned(), Value::Null),
        ("GET", format!("/users/{user}?tenant={FABRIKAM}"), Value::Null),
        ("POST", format!("/users/{user}/disable"), Value::Null),
        ("POST", format!("/users/{user}/password"), json!("generated")),
        ("POST", format!("/users/{user}/second-factor"), Value::Null),
        (
            "POST",
            format!("/users/{user}/roles/security-reader"),
            Value::Null,
        ),
        ("GET", format!("/users/{user}/app-passwords"), Value::Null),
        ("DELETE", format!("/users/{user}"), Value::Null),
        (
            "POST",
            "/users".to_owned(),
            json!({ "tenant": "fabrikam.com", "name": "eve@fabrikam.com" }),
        ),
        ("GET", "/apps?tenant=fabrikam.com".to_owned(), Value::Null),
        ("GET", format!("/apps/{app}"), Value::Null),
        ("POST", format!("/apps/{app}"), json!({ "name": "mine" })),
        ("POST", format!("/apps/{app}/secrets"), json!({})),
        ("DELETE", format!("/apps/{app}/secrets/x"), Value::Null),
        ("POST", format!("/apps/{app}/disable"), Value::Null),
        ("DELETE", format!("/apps/{app}"), Value::Null),
        (
            "POST",
            "/apps".to_owned(),
            json!({ "tenant": FABRIKAM, "name": "mine" }),
        ),
        ("GET", "/roles?tenant=fabrikam.com".to_owned(), Value::Null),
        ("GET", "/tenants/fabrikam.com".to_owned(), Value::Null),
        (
            "POST",
            format!("/tenants/{FABRIKAM}"),
            json!({ "displayName": "mine" }),
        ),
    ] {
        let answer = site.administer(method, &target, &body);
        assert_eq!(answer.status, 404, "{method} {target}: {}", answer.text());
    }
    let ids = |target: &str, member: &str| -> Vec<Value> {
        let answer = site.administer("GET", target, &Value::Null);
        let rows = answer.json();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row[member].clone())
            .collect()
    };
    assert_eq!(ids("/tenants", "id"), [CONTOSO]);
    assert!(ids("/users", "tenantId").iter().all(|tenant| tenant == CONTOSO));
    assert!(ids("/apps", "tenantId").iter().all(|tenant| tenant == CONTOSO));
    let holders = site
        .administer("GET", "/roles/global-administrator", &Value::Null)
        .json();
    assert_eq!(holders["users"], json!([ADA]), "the other Ada is not counted");
    for word in ["fabrikam.com", FABRIKAM] {
        let request = Request::get(&format!("/{word}/admin/users")).bearer(&site.administrator);
        assert_eq!(site.server.send(&request).status, 403);
    }
    let still = site.workplace.json(&["user", "show", user]);
    assert!(still["disabled"].is_null(), "{still}");
}

#[test]
fn what_touches_every_tenant_is_not_on_the_network() {
    let site = site();
    for (method, target) in [
        ("GET", "/keys"),
        ("POST", "/keys/rotate"),
        ("POST", "/import?format=auto"),
        ("POST", "/backup"),
        ("GET", "/status"),
        ("POST", "/rebuild"),
    ] {
        let answer = site.administer(method, target, &json!({}));
        assert_eq!(answer.status, 404, "{method} {target}: {}", answer.text());
    }
    let made = site.administer("POST", "/tenants", &json!({ "names": ["third.example"] }));
    assert_eq!(made.status, 404, "{}", made.text());
    let target = format!("/tenants/contoso.com?confirm={CONTOSO}");
    assert_eq!(site.administer("DELETE", &target, &Value::Null).status, 404);
    assert_eq!(
        site.workplace.json(&["tenant", "list"]).as_array().unwrap().len(),
        2
    );
}

#[test]
fn only_a_global_administrator_with_an_application_for_it_is_let_in() {
    let site = site();
    let server = &site.server;
    let (rita_id, rita) = user(
        &site.workplace,
        "contoso.com",
        "rita@contoso.com",
        &["Security Administrator"],
    );
    let grace = user(
        &site.workplace,
        "contoso.com",
        "grace@contoso.com",
        &["Global Administrator"],
    )
    .1;
    let acting = script(&site.workplace, &["Directory.AccessAsUser.All"]);
    let reading = script(&site.workplace, &["Directory.Read.All"]);
    let status = |token: &str| site.ask(token, "GET", "/users", &Value::Null).status;
    let good = token(server, &acting, "grace@contoso.com", &grace);
    assert_eq!(status(&good), 200);
    assert_eq!(
        status(&token(server, &acting, "rita@contoso.com", &rita)),
        403,
        "no administrator"
    );
    assert_eq!(
        status(&token(server, &reading, "grace@contoso.com", &grace)),
        403,
        "only for reading"
    );
    // What acts as its user does not read for that.
    assert_eq!(
        server.get(&good, "/contoso.com/reports?api-version=beta").status,
        403
    );
    let daemon = site.workplace.app("contoso.com", &["Directory.Read.All"]);
    assert_eq!(status(&server.reading_token(&daemon)), 403, "nobody");
    assert_eq!(status("nonsense"), 401);
    assert_eq!(server.send(&Request::get("/contoso.com/admin/users")).status, 401);
    // No app password opens it.
    let made = site.workplace.json(&[
        "user",
        "app-password",
        "create",
        "grace@contoso.com",
        "--name",
        "x",
    ]);
    let both = format!("grace@contoso.com:{}", made["password"].as_str().unwrap());
    let basic = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, both);
    let request = Request::get("/contoso.com/admin/users").header("Authorization", &format!("Basic {basic}"));
    assert_eq!(server.send(&request).status, 401);
    // A permission that is taken, a role that is taken, a user that is switched off: at once.
    let take = [
        "app",
        "update",
        &acting.client_id,
        "--remove-delegated-permission",
        "Directory.AccessAsUser.All",
    ];
    site.workplace.json(&take);
    assert_eq!(status(&good), 403);
    let give = [
        "app",
        "update",
        &acting.client_id,
        "--add-delegated-permission",
        "Directory.AccessAsUser.All",
    ];
    site.workplace.json(&give);
    assert_eq!(status(&good), 200);
    site.workplace
        .json(&["role", "remove", "grace@contoso.com", "Global Administrator"]);
    assert_eq!(status(&good), 403);
    site.workplace
        .json(&["role", "add", "grace@contoso.com", "Global Administrator"]);
    assert_eq!(status(&good), 200);
    site.workplace.json(&["user", "disable", "grace@contoso.com"]);
    assert_eq!(status(&good), 401);
    // Nobody gives the permission to an application for itself.
    let refused = site.workplace.run(&[
        "app",
        "create",
        "--tenant",
        "contoso.com",
        "--name",
        "x",
        "--permission",
        "Directory.AccessAsUser.All",
    ]);
    assert_eq!(refused.status.code(), Some(2), "{}", shown(&refused));
    assert!(rita_id.len() == 36);
}

#[test]
fn the_commands_go_over_the_network_when_they_are_told_to() {
    let site = site();
    let elsewhere = Workplace::new();
    let host = format!("http://{}", site.server.address);
    let run = |arguments: &[&str]| {
        let mut command = elsewhere.command(arguments);
        command
            .args(["--host", &host, "--service-tenant", "contoso.com", "-o", "json"])
            .env("GATELOG_TOKEN", &site.administrator)
            .env("XDG_STATE_HOME", elsewhere.path())
            .env("XDG_CONFIG_HOME", elsewhere.path());
        command.output().unwrap()
    };
    let json = |arguments: &[&str]| -> Value {
        let output = run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let users = json(&["user", "list"]);
    assert_eq!(
        (users.as_array().unwrap().len(), &users[0]["name"]),
        (1, &json!(ADA))
    );
    json(&[
        "user",
        "create",
        "bob@contoso.com",
        "--tenant",
        "contoso.com",
        "--password-from",
        "none",
    ]);
    assert_eq!(
        json(&["role", "add", "bob@contoso.com", "reports-reader"])["roles"],
        json!(["Reports Reader"])
    );
    let app = json(&["app", "create", "--tenant", "contoso.com", "--name", "siem"]);
    let id = app["clientId"].as_str().unwrap();
    assert_eq!(json(&["app", "update", id, "--name", "siem-2"])["name"], "siem-2");
    assert_eq!(json(&["app", "show", id])["name"], "siem-2");
    json(&["app", "delete", id]);
    assert_eq!(json(&["tenant", "show", "contoso.com"])["id"], CONTOSO);
    assert_eq!(
        json(&["role", "show", "reports-reader"])["users"],
        json!(["bob@contoso.com"])
    );
    for (arguments, code, says) in [
        (&["key", "list"][..], 3, "on the machine that has the data folder"),
        (
            &["user", "show", "nobody@contoso.com"][..],
            3,
            "No user is called",
        ),
        (&["tenant", "show", "fabrikam.com"][..], 3, "No tenant is called"),
    ] {
        let output = run(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            shown(&output)
        );
        assert!(shown(&output).contains(says), "{arguments:?}: {}", shown(&output));
    }
    assert!(!elsewhere.data().exists(), "the data folder here is not touched");
    // A command that is told nothing of a network stays on this machine.
    let local = elsewhere.run(&["user", "list", "-o", "json"]);
    assert_eq!(String::from_utf8_lossy(&local.stdout).trim(), "[]");
}
