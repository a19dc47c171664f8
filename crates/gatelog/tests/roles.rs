//! Roles of the operator's own: what they read, and that nothing masked leaves by any way.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use support::http::{Answer, Request};
use support::records::{audit_by, days_ago, sign_in};
use support::{CONTOSO, Server, Workplace, path_of, shown};

const HELEN: &str = "helen@contoso.com";

/// What the records say of people, by which a masked value would be recognised.
const HIDDEN: &[&str] = &[
    "dora@contoso.com",
    "Dora Doe",
    "22222222-0000-4000-8000-000000000002",
    "203.0.113",
    "admin@contoso.com",
    "Ada Admin",
];

/// The reports of the role `Statistics`, and whether they have rows here.
const READ: &[(&str, bool)] = &[
    ("activities/signinEvents", true),
    ("activities/audit", true),
    ("reports/auditEvents", true),
    ("reports/allUserSignInActivityEvents", true),
    ("reports/applicationUsageDetailEvents", true),
    ("reports/userActivitySummary", true),
    ("reports/weakCredentials", false),
];

const ROLES: &str = r#"
[[roles]]
name = "Statistics"
reports = ["signinEvents", "audit", "auditEvents", "allUserSignInActivityEvents",
    "applicationUsageDetailEvents", "userActivitySummary", "weakCredentials"]
mask = ["userPrincipalName", "userDisplayName", "userId", "displayName", "userName", "ipAddress",
    "audit.actor", "audit.targets", "auditEvents.actor", "auditEvents.target",
    "actorDetail", "targetDetail"]

[[roles]]
name = "Network"
reports = ["signinEvents"]
mask = ["userPrincipalName", "userDisplayName", "userId", "location"]

[[roles]]
name = "Passing"
reports = ["*"]
"#;

struct Place {
    server: Server,
    workplace: Workplace,
    application: support::App,
    config: String,
}

fn place() -> Place {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let records = [
        audit_by(
            "audit-1",
            &days_ago(1),
            "Add user",
            "admin@contoso.com",
            "dora@contoso.com",
        ),
        audit_by(
            "audit-2",
            &days_ago(2),
            "Delete user",
            "admin@contoso.com",
            "dora@contoso.com",
        ),
        sign_in("sign-in-1", &days_ago(1), "dora@contoso.com", "Portal", 0),
        sign_in("sign-in-2", &days_ago(2), "dora@contoso.com", "Portal", 50126),
    ];
    let file = workplace.file("records.jsonl", records.join("\n"));
    workplace.json(&["import", "--tenant", "contoso.com", file.to_str().unwrap()]);
    let made = workplace.json(&[
        "app",
        "create",
        "--tenant",
        "contoso.com",
        "--name",
        "script",
        "--delegated-permission",
        "Directory.Read.All",
    ]);
    let application = support::App {
        tenant: "contoso.com".to_owned(),
        client_id: made["clientId"].as_str().unwrap().to_owned(),
        client_secret: made["clientSecret"].as_str().unwrap().to_owned(),
    };
    workplace.json(&["tenant", "update", "contoso.com", "--password-grant", "on"]);
    let config = workplace.file("gatelog.toml", ROLES);
    let config = config.to_str().unwrap().to_owned();
    let server = workplace.serve_with_arguments(&["--config", &config]);
    Place {
        server,
        workplace,
        application,
        config,
    }
}

impl Place {
    /// A user with roles, and a token for that user.
    fn token(&self, name: &str, roles: &[&str]) -> String {
        let mut arguments = vec!["user", "create", name, "--tenant", "contoso.com"];
        for role in roles {
            arguments.extend(["--role", role]);
        }
        let password = self.workplace.json(&arguments)["password"]
            .as_str()
            .unwrap()
            .to_owned();
        let form = format!(
            "grant_type=password&username={name}&password={password}&client_id={}&client_secret={}&resource=https://graph.windows.net",
            self.application.client_id, self.application.client_secret
        );
        let answer = self
            .server
            .send(&Request::post("/contoso.com/oauth2/token").form(&form));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Every page of a report, of one row each.
    fn pages(&self, token: &str, report: &str) -> Vec<Answer> {
        let mut target = format!("/contoso.com/{report}?api-version=beta");
        let mut pages = Vec::new();
        loop {
            let request = Request::get(&target)
                .bearer(token)
                .header("Prefer", r#"include-annotations="*", maxpagesize=1"#);
            let page = self.server.send(&request);
            assert_eq!(page.status, 200, "{target}: {}", page.text());
            let next = page.next_link();
            pages.push(page);
            let Some(link) = next else { return pages };
            path_of(&link).clone_into(&mut target);
        }
    }
}

/// Which of the hidden texts an answer holds, headers and body.
fn seen(answer: &Answer) -> Vec<&'static str> {
    let holds = |text: &&str| {
        answer.text().contains(*text) || answer.headers.iter().any(|(_, value)| value.contains(*text))
    };
    HIDDEN.iter().copied().filter(holds).collect()
}

#[test]
fn no_value_of_a_masked_property_is_in_any_answer() {
    let place = place();
    let statistics = place.token(HELEN, &["statistics"]);
    let everything = place.token("sam@contoso.com", &["Security Reader"]);
    for (report, has_rows) in READ {
        let mut rows = 0;
        for page in place.pages(&statistics, report) {
            assert_eq!(seen(&page), [""; 0], "{report}: {}", page.text());
            rows += page.json()["value"].as_array().unwrap().len();
        }
        let whole = place.pages(&everything, report);
        let all: usize = whole
            .iter()
            .map(|page| page.json()["value"].as_array().unwrap().len())
            .sum();
        assert_eq!(rows, all, "{report}: no row is left out");
        assert_eq!(rows > 0, *has_rows, "{report}");
        if *has_rows {
            assert!(
                whole.iter().any(|page| !seen(page).is_empty()),
                "{report} tells nothing to anybody"
            );
        }
    }
    let row = &place.pages(&statistics, "activities/signinEvents")[0].json()["value"][0];
    let null = serde_json::Value::Null;
    assert_eq!((&row["userPrincipalName"], &row["ipAddress"]), (&null, &null));
    assert!(row.as_object().unwrap().contains_key("ipAddress"));
    assert_eq!(row["appDisplayName"], "Portal");
    assert_eq!(row["location"]["city"], "Ghent");
    // What describes reports stays whole.
    for target in ["reports", "reports/$metadata", "activities/$metadata"] {
        let target = format!("/contoso.com/{target}?api-version=beta");
        assert_eq!(
            place.server.get(&statistics, &target).text(),
            place.server.get(&everything, &target).text()
        );
    }
}

#[test]
fn a_filter_on_a_masked_property_is_refused() {
    let place = place();
    let token = place.token(HELEN, &["Statistics"]);
    let ask = |report: &str, filter: &str| {
        let target = format!("/contoso.com/{report}?api-version=beta&$filter={filter}");
        place.server.get(&token, &target)
    };
    for (report, filter, property) in [
        (
            "activities/signinEvents",
            "userPrincipalName%20eq%20'dora@contoso.com'",
            "userPrincipalName",
        ),
        ("activities/audit", "startsWith(actor/name,'Ada')", "actor"),
        (
            "activities/signinEvents",
            "signinDateTime%20gt%202020-01-01%20and%20(loginStatus%20eq%20'0'%20or%20userId%20eq%20'x')",
            "userId",
        ),
        ("activities/audit", "actor/name%20eq%20'Ada%20Admin'", "actor"),
        (
            "activities/audit",
            "targets/any(t:%20t/name%20eq%20'Dora%20Doe')",
            "targets",
        ),
    ] {
        let refused = ask(report, filter);
        assert_eq!(refused.status, 403, "{filter}: {}", refused.text());
        assert_eq!(refused.error_code(), "Authorization_RequestDenied", "{filter}");
        assert_eq!(
            refused.json()["odata.error"]["maskedProperty"],
            property,
            "{filter}"
        );
        assert_eq!(seen(&refused), [""; 0], "{filter}");
    }
    let shown = ask(
        "activities/signinEvents",
        "signinDateTime%20gt%202020-01-01%20and%20appDisplayName%20eq%20'Portal'",
    );
    assert_eq!((shown.status, shown.ids().len()), (200, 2), "{}", shown.text());
    // A page token carries a $filter, too: one of somebody who may ask so.
    let everything = place.token("sam@contoso.com", &["Security Reader"]);
    let target = "/contoso.com/activities/signinEvents?api-version=beta&$filter=userPrincipalName%20eq%20'dora@contoso.com'&$top=2";
    let request = Request::get(target)
        .bearer(&everything)
        .header("Prefer", "maxpagesize=1");
    let link = place.server.send(&request).next_link().unwrap();
    assert_eq!(place.server.get(&everything, path_of(&link)).status, 200);
    let refused = place.server.get(&token, path_of(&link));
    assert_eq!(
        (refused.status, seen(&refused)),
        (403, vec![]),
        "{}",
        refused.text()
    );
}

#[test]
fn of_several_roles_each_report_has_the_widest() {
    let place = place();
    let first = |token: &str| place.pages(token, "activities/signinEvents")[0].json()["value"][0].clone();
    let network = place.token("nora@contoso.com", &["Network"]);
    let row = first(&network);
    assert_eq!(row["ipAddress"], "203.0.113.9");
    assert!(row["userId"].is_null() && row["location"].is_null());
    let audit = "/contoso.com/reports/auditEvents?api-version=beta";
    let refused = place.server.get(&network, audit);
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.error_message(),
        "Api request is not from global admin or security admin or security reader role"
    );
    // Nor does the list tell how many rows there are of what is not read.
    let request = Request::get("/contoso.com/reports?api-version=beta")
        .bearer(&network)
        .header("Prefer", r#"include-annotations="*""#);
    let list = place.server.send(&request).json();
    let reports = list["value"].as_array().unwrap();
    let listed = reports
        .iter()
        .find(|report| report["Name"] == "auditEvents")
        .unwrap();
    assert!(
        listed["rows"].is_null() && listed["newestRow"].is_null(),
        "{listed}"
    );
    assert_eq!(listed["whyEmpty"], "none of your roles reads it");
    // Each role hides what the other shows: only what both hide is hidden.
    let both = place.token(HELEN, &["Statistics", "Network"]);
    let row = first(&both);
    assert_eq!(row["ipAddress"], "203.0.113.9");
    assert_eq!(row["location"]["city"], "Ghent");
    assert!(row["userPrincipalName"].is_null() && row["userId"].is_null());
    // A built-in role is wider still, and one that reads less takes nothing away.
    let usage = place.token("rita@contoso.com", &["Statistics", "Reports Reader"]);
    assert_eq!(first(&usage)["userPrincipalName"], "dora@contoso.com");
    let weak = "/contoso.com/reports/weakCredentials?api-version=beta";
    assert_eq!(place.server.get(&usage, weak).status, 200, "by its own role");
    let risky = "/contoso.com/reports/irregularSignInActivityEvents?api-version=beta";
    assert_eq!(place.server.get(&usage, risky).status, 403);
    let passing = place.token("petra@contoso.com", &["Statistics", "Passing"]);
    assert_eq!(place.server.get(&passing, risky).status, 200);
    assert_eq!(first(&passing)["userId"], "22222222-0000-4000-8000-000000000002");
}

#[test]
fn a_role_is_given_taken_and_shown_and_counts_at_once() {
    let mut place = place();
    let token = place.token(HELEN, &[]);
    let target = "/contoso.com/activities/signinEvents?api-version=beta";
    assert_eq!(place.server.get(&token, target).status, 403);
    let given = place.workplace.json(&["role", "add", HELEN, "network"]);
    assert_eq!(given["roles"], serde_json::json!(["Network"]));
    assert_eq!(place.server.get(&token, target).status, 200);
    let role = place.workplace.json(&["role", "show", "network"]);
    assert_eq!(role["users"], serde_json::json!([HELEN]));
    assert_eq!(role["reports"][0]["report"], "signinEvents");
    assert_eq!(
        role["reports"][0]["masked"],
        serde_json::json!(["userPrincipalName", "userDisplayName", "userId", "location"])
    );
    let unknown = place.workplace.run(&["role", "add", HELEN, "Netwrok"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", shown(&unknown));
    assert!(
        shown(&unknown).contains("Statistics, Network, Passing"),
        "{}",
        shown(&unknown)
    );
    // Taken out of the settings it reads nothing, and can still be taken from its holder.
    place.workplace.file(&place.config, "");
    place.server.program.signal("HUP");
    place.server.program.wait_for("reloaded");
    assert_eq!(place.server.get(&token, target).status, 403);
    let roles = place.workplace.json(&["role", "list"]);
    let left = roles
        .as_array()
        .unwrap()
        .iter()
        .find(|role| role["role"] == "Network")
        .unwrap();
    assert_eq!(left["reads"], "nothing: the settings do not define it any more");
    let without = place.workplace.json(&["role", "remove", HELEN, "network"]);
    assert_eq!(without["roles"], serde_json::json!([]));
}

#[test]
fn what_the_client_writes_is_masked_as_well() {
    let place = place();
    let token = place.token(HELEN, &["Statistics"]);
    let host = format!("http://{}", place.server.address);
    let run = |arguments: &[&str]| {
        let mut command = place.workplace.command(arguments);
        command
            .args(["--host", &host, "--tenant", "contoso.com"])
            .env("GATELOG_TOKEN", &token);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", shown(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    for format in ["json", "jsonl", "csv", "tsv", "table"] {
        let text = run(&["get", "signinEvents", "--all", "-o", format]);
        assert!(text.contains("Portal"), "{format}: {text}");
        for hidden in HIDDEN {
            assert!(!text.contains(hidden), "{format}: {text}");
        }
    }
    let folder = place.workplace.path().join("out");
    run(&["export", "signinEvents", "--to", folder.to_str().unwrap()]);
    for entry in std::fs::read_dir(&folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
        for hidden in HIDDEN {
            assert!(!text.contains(hidden), "{text}");
        }
    }
}
