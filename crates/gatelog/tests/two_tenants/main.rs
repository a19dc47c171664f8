//! Two tenants with the same event ids and the same people never see anything of each other.

#![allow(clippy::unwrap_used)] // Helpers of tests.

#[path = "../support/mod.rs"]
mod support;

mod addresses;
mod cases;

use support::http::{Answer, Request};
use support::records::{audit_by, days_ago, sign_in};
use support::{App, CONTOSO, FABRIKAM, Server, Workplace};

/// Both tenants' administrator and user are called the same.
const ACTOR: &str = "admin@shared.example";
const USER: &str = "dora@shared.example";

struct Tenant {
    id: &'static str,
    name: &'static str,
    /// A word that only its own records hold, and its people's names.
    mark: &'static str,
    token: String,
    ingest: String,
    /// Of its administrator, who may read and administer.
    person: String,
    application: App,
    /// The administrator's object id.
    person_id: String,
}

struct Site {
    server: Server,
    tenants: [Tenant; 2],
    workplace: Workplace,
}

/// A self-service reset as Entra writes it, so that the reports of passwords have rows too.
fn reset(id: &str, time: &str, mark: &str) -> String {
    audit_by(id, time, "Reset password (self-service)", USER, USER)
        .replace("Core Directory", "Self-service Password Management")
        .replace(
            r#""resultReason":"""#,
            &format!(r#""resultReason":"{mark} Successfully completed reset.""#),
        )
}

/// The same ids, times and people; only the mark differs, in every record.
fn records(mark: &str) -> String {
    let records = [
        audit_by("audit-1", &days_ago(1), &format!("Add {mark}"), ACTOR, USER),
        audit_by("audit-2", &days_ago(40), &format!("Delete {mark}"), ACTOR, USER),
        reset("reset-1", &days_ago(2), mark),
        sign_in("sign-in-1", &days_ago(1), USER, &format!("{mark} Portal"), 0),
        sign_in("sign-in-2", &days_ago(40), USER, &format!("{mark} Shell"), 50126),
    ];
    records.join("\n")
}

fn site() -> Site {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.tenant(FABRIKAM, "fabrikam.com");
    let made = [("contoso.com", "Heron"), ("fabrikam.com", "Osprey")].map(|(name, mark)| {
        let administrator = [
            "user",
            "create",
            ACTOR,
            "--tenant",
            name,
            "--display-name",
            mark,
            "--role",
            "Global Administrator",
        ];
        workplace.json(&["tenant", "update", name, "--password-grant", "on"]);
        let script = [
            "app",
            "create",
            "--tenant",
            name,
            "--name",
            "script",
            "--permission",
            "Directory.Read.All",
            "--permission",
            "Ingest",
            "--delegated-permission",
            "Directory.Read.All",
            "--delegated-permission",
            "Directory.AccessAsUser.All",
            "--reply-address",
            "https://localhost",
        ];
        (
            name,
            mark,
            workplace.json(&script),
            workplace.json(&administrator),
        )
    });
    let server = workplace.serve();
    let [contoso, fabrikam] = made.map(|(name, mark, app, person)| {
        let text = |of: &serde_json::Value, member: &str| of[member].as_str().unwrap().to_owned();
        let application = App {
            tenant: name.to_owned(),
            client_id: text(&app, "clientId"),
            client_secret: text(&app, "clientSecret"),
        };
        let form = format!(
            "grant_type=password&username={ACTOR}&password={}&resource=https://graph.windows.net&scope=openid&{}",
            text(&person, "password"),
            application.proof()
        );
        let granted = server.send(&Request::post(&format!("/{name}/oauth2/token")).form(&form));
        assert_eq!(granted.status, 200, "{}", granted.text());
        Tenant {
            id: if name == "contoso.com" { CONTOSO } else { FABRIKAM },
            name,
            mark,
            token: server.reading_token(&application),
            ingest: server.ingest_token(&application),
            person: text(&granted.json(), "access_token"),
            person_id: text(&person, "id"),
            application,
        }
    });
    let site = Site {
        server,
        tenants: [contoso, fabrikam],
        workplace,
    };
    // In turns, over both ways in.
    let [contoso, fabrikam] = &site.tenants;
    let answer = site
        .server
        .ingest(&contoso.ingest, contoso.name, &records(contoso.mark));
    assert_eq!(answer["new"], 5, "{answer}");
    let file = site.workplace.file("fabrikam.jsonl", records(fabrikam.mark));
    let answer = site
        .workplace
        .json(&["import", "--tenant", fabrikam.name, file.to_str().unwrap()]);
    assert_eq!(answer["new"], 5, "{answer}");
    site
}

impl App {
    /// Who it is, in a form.
    fn proof(&self) -> String {
        format!(
            "client_id={}&client_secret={}",
            self.client_id, self.client_secret
        )
    }
}

impl Tenant {
    fn get(&self, site: &Site, target: &str) -> Answer {
        let request = Request::get(target)
            .bearer(&self.token)
            .header("Prefer", r#"include-annotations="*", maxpagesize=1"#);
        site.server.send(&request)
    }
}

/// Every address that tells something of a tenant's data, `{t}` for the tenant.
const ADDRESSES: &[(&str, bool)] = &[
    ("/{t}/reports/auditEvents?api-version=beta", true),
    (
        "/{t}/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202020-01-01",
        true,
    ),
    ("/{t}/reports/ssprActivityEvents?api-version=beta", true),
    ("/{t}/reports/allUserSignInActivityEvents?api-version=beta", true),
    ("/{t}/activities/audit?api-version=beta", true),
    (
        "/{t}/activities/audit?api-version=beta&$filter=actor/name%20eq%20'Ada%20Admin'",
        true,
    ),
    (
        "/{t}/activities/audit?api-version=beta&$filter=contains(activity,'%65r')",
        true,
    ),
    ("/{t}/activities/signinEvents?api-version=beta", true),
    (
        "/{t}/activities/signinEvents?api-version=beta&$filter=userPrincipalName%20eq%20'dora@shared.example'",
        true,
    ),
    ("/{t}/reports?api-version=beta", false),
    (
        "/{t}/reports/ssprRegistrationActivityEvents?api-version=beta",
        false,
    ),
    ("/{t}/reports/ssgmGroupActivityEvents?api-version=beta", false),
    ("/{t}/reports/b2cAuthenticationCount?api-version=beta", false),
    ("/{t}/$metadata?api-version=beta", false),
    ("/{t}/reports/$metadata?api-version=beta", false),
    ("/{t}/activities/$metadata?api-version=beta", false),
    ("/{t}/activities/auditActivityTypes?api-version=beta", false),
];

/// Whether an answer, its headers and body, holds a word.
fn says(answer: &Answer, word: &str) -> bool {
    answer.text().contains(word) || answer.headers.iter().any(|(_, value)| value.contains(word))
}

#[test]
fn who_asks_with_a_token_sees_that_tenants_rows_and_no_others() {
    let site = site();
    for (own, other) in [(0, 1), (1, 0)].map(|(own, other)| (&site.tenants[own], &site.tenants[other])) {
        for (address, has_rows) in ADDRESSES {
            for word in [own.name, own.id, "myorganization", "$tenantdomain"] {
                let mut target = address.replace("{t}", word);
                let mut marked = false;
                // Page by page, each of one row.
                for _ in 0..10 {
                    let answer = own.get(&site, &target);
                    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
                    assert!(!says(&answer, other.mark), "{target}: {}", answer.text());
                    assert!(!says(&answer, other.id) && !says(&answer, other.name), "{target}");
                    marked |= says(&answer, own.mark);
                    let is_json = answer.header("content-type").unwrap().contains("json");
                    let Some(link) = is_json.then(|| answer.next_link()).flatten() else {
                        break;
                    };
                    target = support::path_of(&link).to_owned();
                }
                assert_eq!(marked, *has_rows, "{address}");
            }
        }
    }
}

#[test]
fn the_other_tenants_address_is_refused_whatever_is_asked() {
    let site = site();
    for (own, other) in [(0, 1), (1, 0)].map(|(own, other)| (&site.tenants[own], &site.tenants[other])) {
        for (address, _) in ADDRESSES {
            for word in [other.name, other.id] {
                let answer = own.get(&site, &address.replace("{t}", word));
                assert_eq!(answer.status, 403, "{address}: {}", answer.text());
                assert!(!says(&answer, other.mark) && !says(&answer, own.mark));
            }
        }
        let request = Request::post(&format!("/{}/ingest/auto", other.name))
            .bearer(&own.ingest)
            .body(records("Intruder"));
        assert_eq!(site.server.send(&request).status, 403);
    }
}

#[test]
fn a_change_in_one_tenant_changes_nothing_in_the_other() {
    let site = site();
    let [contoso, fabrikam] = &site.tenants;
    let rows = |tenant: &Tenant| {
        let target = format!("/{}/activities/audit?api-version=beta", tenant.name);
        site.server.get(&tenant.token, &target).text()
    };
    let before = rows(fabrikam);
    let changed = records("Kestrel");
    let answer = site.server.ingest(&contoso.ingest, contoso.name, &changed);
    assert_eq!(
        (&answer["changed"], &answer["new"]),
        (&5.into(), &0.into()),
        "{answer}"
    );
    assert_eq!(rows(fabrikam), before);
    // What one tenant knows is new to the other.
    let answer = site.server.ingest(&fabrikam.ingest, fabrikam.name, &changed);
    assert_eq!(answer["changed"], 5, "{answer}");
    assert_eq!(
        site.workplace.json(&["store", "check"])["faults"],
        serde_json::json!([])
    );
    // And the totals are each one's own.
    let status = site.workplace.json(&["store", "status"]);
    for tenant in status["tenants"].as_array().unwrap() {
        let rows: Vec<(&str, u64)> = tenant["reports"]
            .as_array()
            .unwrap()
            .iter()
            // What is counted anew for each question has no number of rows.
            .filter_map(|report| Some((report["report"].as_str().unwrap(), report["rows"].as_u64()?)))
            .collect();
        assert_eq!(
            rows.iter().find(|(name, _)| *name == "auditEvents").unwrap().1,
            3,
            "{rows:?}"
        );
        assert_eq!(
            rows.iter().find(|(name, _)| *name == "signinEvents").unwrap().1,
            2,
            "{rows:?}"
        );
    }
}

#[test]
fn why_a_report_is_empty_tells_of_the_own_tenant_only() {
    let site = site();
    site.workplace
        .tenant("c5fd010a-2972-4be2-9c67-986ceca2a042", "empty.example");
    let app = site.workplace.app("empty.example", &["Directory.Read.All"]);
    let token = site.server.reading_token(&app);
    for report in [
        "reports/auditEvents",
        "reports/ssprActivityEvents",
        "activities/signinEvents",
    ] {
        let answer = site
            .server
            .get(&token, &format!("/empty.example/{report}?api-version=beta"));
        assert_eq!(answer.ids(), [""; 0]);
        assert_eq!(
            answer.header("gatelog-why-empty"),
            Some("nothing has been imported for this tenant")
        );
    }
}
