//! Administration over the network by token, deleting a tenant, and what the service tells of itself about both.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use serde_json::{Value, json};
use support::http::{Answer, Request};
use support::records::{audit, days_ago};
use support::{App, CONTOSO, FABRIKAM, Server, Workplace, path_of, shown};

const ADA: &str = "ada@shared.example";

struct Site {
    server: Server,
    workplace: Workplace,
    /// Administers, by an application that may act as its user.
    administrator: String,
    /// The other tenant's Ada and application, as its own administration shows them.
    other_user: String,
    other_app: String,
}

/// Both tenants have an Ada who administers, and an application.
fn site() -> Site {
    let workplace = Workplace::new();
    for (id, name) in [(CONTOSO, "contoso.com"), (FABRIKAM, "fabrikam.com")] {
        workplace.tenant(id, name);
        workplace.json(&["tenant", "update", name, "--password-grant", "on"]);
    }
    let other_user = user(&workplace, "fabrikam.com", ADA, &["Global Administrator"]).0;
    let other_app = workplace.app("fabrikam.com", &["Directory.Read.All"]).client_id;
    let ada = user(&workplace, "contoso.com", ADA, &["Global Administrator"]).1;
    let app = script(&workplace, &["Directory.Read.All", "Directory.AccessAsUser.All"]);
    let server = workplace.serve_with(&[("own_events.enabled", "true"), ("own_events.export_rows", "3")]);
    let administrator = token(&server, &app, ADA, &ada);
    Site {
        server,
        workplace,
        administrator,
        other_user,
        other_app,
    }
}

/// A user's id and password.
fn user(workplace: &Workplace, tenant: &str, name: &str, roles: &[&str]) -> (String, String) {
    let mut arguments = vec!["user", "create", name, "--tenant", tenant];
    for role in roles {
        arguments.extend(["--role", role]);
    }
    let made = workplace.json(&arguments);
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    (text("id"), text("password"))
}

/// An application of contoso.com that acts for users.
fn script(workplace: &Workplace, delegated: &[&str]) -> App {
    let mut arguments = vec!["app", "create", "--tenant", "contoso.com", "--name", "script"];
    for permission in delegated {
        arguments.extend(["--delegated-permission", permission]);
    }
    let made = workplace.json(&arguments);
    App {
        tenant: "contoso.com".to_owned(),
        client_id: made["clientId"].as_str().unwrap().to_owned(),
        client_secret: made["clientSecret"].as_str().unwrap().to_owned(),
    }
}

fn token(server: &Server, app: &App, name: &str, password: &str) -> String {
    let form = format!(
        "grant_type=password&username={name}&password={password}&client_id={}&client_secret={}&resource=https://graph.windows.net",
        app.client_id, app.client_secret
    );
    let answer = server.send(&Request::post(&format!("/{}/oauth2/token", app.tenant)).form(&form));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

impl Site {
    fn ask(&self, token: &str, method: &str, target: &str, body: &Value) -> Answer {
        let request = Request::new(method, &format!("/contoso.com/admin{target}")).bearer(token);
        let request = match body {
            Value::Null => request,
            body => request.body(body.to_string()),
        };
        self.server.send(&request)
    }

    fn administer(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.ask(&self.administrator, method, target, body)
    }

    /// What the tenant's audit has of acts: activity, actor, target; newest first.
    fn acts(&self) -> Vec<(String, String, String)> {
        let target = "/contoso.com/activities/audit?api-version=beta";
        let rows = self.server.get(&self.administrator, target).json();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let rows = rows["value"].as_array().unwrap().iter();
        rows.map(|row| {
            let actor = &row["actor"];
            let by = [&actor["userPrincipalName"], &actor["name"]].map(text);
            let by = by.into_iter().find(|name| !name.is_empty()).unwrap_or_default();
            (text(&row["activity"]), by, text(&row["targets"][0]["name"]))
        })
        .collect()
    }

    /// Waits until an act is there: exports are written after the answer.
    fn act(&self, activity: &str) -> (String, String, String) {
        for _ in 0..200 {
            if let Some(act) = self.acts().into_iter().find(|(name, _, _)| name == activity) {
                return act;
            }
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
        panic!("no {activity}: {:?}", self.acts());
    }
}

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

#[test]
fn reading_many_rows_is_one_export_and_looking_at_a_page_is_none() {
    let site = site();
    let reader = site
        .workplace
        .app("contoso.com", &["Directory.Read.All", "Ingest"]);
    let ingest = site.server.ingest_token(&reader);
    let token = site.server.reading_token(&reader);
    let records: Vec<String> = (0..6)
        .map(|id| audit(&format!("a-{id}"), &days_ago(40), "Add user"))
        .collect();
    site.server.ingest(&ingest, "contoso.com", &records.join("\n"));
    let target = "/contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20lt%20";
    let target = format!("{target}{}", days_ago(30));
    let page = |target: &str| {
        Request::get(target)
            .bearer(&token)
            .header("Prefer", "maxpagesize=1")
    };
    let exports = || {
        site.acts()
            .into_iter()
            .filter(|(name, _, _)| name == "Export report")
            .count()
    };
    let mut link = target.clone();
    for _ in 0..3 {
        let answer = site.server.send(&page(&link));
        path_of(&answer.next_link().unwrap()).clone_into(&mut link);
    }
    assert_eq!(exports(), 0, "three rows are a look");
    let pages = site.server.pages(page, &target);
    assert_eq!(pages.len(), 6);
    assert_eq!(
        site.act("Export report"),
        (
            "Export report".to_owned(),
            "test".to_owned(),
            "auditEvents".to_owned()
        )
    );
    site.server.pages(page, &target);
    // Whoever looks at the audit here reads many rows, too: that is an export of its own report by its own reader.
    let by_application = site
        .acts()
        .into_iter()
        .filter(|(name, by, _)| name == "Export report" && by == "test");
    assert_eq!(by_application.count(), 1, "{:?}", site.acts());
    // None of it counts as usage.
    let usage = "/contoso.com/reports/userActivitySummary?api-version=beta";
    assert_eq!(site.server.get(&token, usage).ids(), [""; 0]);
}

#[test]
fn a_deleted_tenant_is_gone_with_its_tokens_and_files_and_begins_anew() {
    let site = site();
    let mut server = site.server;
    let place = &site.workplace;
    let apps = ["contoso.com", "fabrikam.com"].map(|name| place.app(name, &["Directory.Read.All", "Ingest"]));
    let [contoso, fabrikam] = apps.each_ref().map(|app| server.reading_token(app));
    for app in &apps {
        let records: Vec<String> = (0..4)
            .map(|id| audit(&format!("a-{id}"), &days_ago(1), "Add user"))
            .collect();
        server.ingest(&server.ingest_token(app), &app.tenant, &records.join("\n"));
    }
    let audits = |tenant: &str| format!("/{tenant}/reports/auditEvents?api-version=beta");
    let request = Request::get(&audits("contoso.com"))
        .bearer(&contoso)
        .header("Prefer", "maxpagesize=1");
    let link = server.send(&request).next_link().unwrap();
    let rows = |server: &Server| server.get(&fabrikam, &audits("fabrikam.com")).text();
    let before = rows(&server);

    for wrong in [
        &["tenant", "delete", "contoso.com"][..],
        &["tenant", "delete", "contoso.com", "--confirm", FABRIKAM],
    ] {
        let refused = place.run(wrong);
        assert_eq!(refused.status.code(), Some(2), "{}", shown(&refused));
        assert!(
            shown(&refused).contains(&format!("--confirm {CONTOSO}")),
            "{}",
            shown(&refused)
        );
    }
    assert_eq!(server.get(&contoso, &audits("contoso.com")).status, 200);
    let gone = place.json(&["tenant", "delete", "contoso.com", "--confirm", CONTOSO]);
    assert_eq!(gone["id"], CONTOSO);

    let nothing_is_left = |server: &Server| {
        // The name means no tenant, so it is none of the token's; and the token is nobody's.
        assert_eq!(server.get(&contoso, &audits("contoso.com")).status, 403);
        assert_eq!(server.get(&contoso, &audits("myorganization")).status, 401);
        let administer = |word: &str| {
            server
                .get(&site.administrator, &format!("/{word}/admin/users"))
                .status
        };
        assert_eq!(
            (administer("contoso.com"), administer("myorganization")),
            (403, 401)
        );
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            apps[0].client_id, apps[0].client_secret
        );
        let token = server.send(&Request::post("/contoso.com/oauth2/token").form(&form));
        assert_eq!(token.status, 400, "{}", token.text());
        assert_eq!(place.json(&["tenant", "list"]).as_array().unwrap().len(), 1);
        assert!(!place.data().join("tenants").join(CONTOSO).exists());
        assert_eq!(rows(server), before, "the other tenant");
        assert_eq!(place.json(&["store", "check"])["faults"], json!([]));
    };
    nothing_is_left(&server);
    let again = place.run(&["tenant", "delete", CONTOSO, "--confirm", CONTOSO]);
    assert_eq!(again.status.code(), Some(3), "{}", shown(&again));
    let copy = place.path().join("copy");
    place.json(&["backup", copy.to_str().unwrap()]);
    place.json(&["restore", copy.to_str().unwrap(), "--verify"]);
    let saved: Vec<_> = std::fs::read_dir(copy.join("tenants"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(saved, [FABRIKAM], "nothing of it is in a backup");
    drop(server);
    server = place.serve();
    nothing_is_left(&server);

    // Another one with the same names and GUID has nothing of the first, and page tokens of before are none of its.
    place.tenant(CONTOSO, "contoso.com");
    assert_eq!(
        place.json(&["user", "list", "--tenant", "contoso.com"]),
        json!([])
    );
    let app = place.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    let (reading, ingest) = (server.reading_token(&app), server.ingest_token(&app));
    assert_eq!(server.get(&reading, &audits("contoso.com")).ids(), [""; 0]);
    server.ingest(&ingest, "contoso.com", &audit("b-1", &days_ago(1), "Add user"));
    assert_eq!(server.get(&reading, &audits("contoso.com")).ids(), ["b-1"]);
    assert_eq!(
        server.get(&contoso, &audits("contoso.com")).status,
        401,
        "the application is another"
    );
    let stale = server.get(&reading, path_of(&link));
    assert_eq!(stale.status, 400, "{}", stale.text());
    assert_eq!(stale.error_code(), "Directory_ExpiredPageToken");
}
