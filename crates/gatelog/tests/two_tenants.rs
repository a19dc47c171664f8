//! Two tenants with the same event ids and the same people never see anything of each other.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use std::collections::BTreeSet;
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

/// What one tenant's people and programs send to an address, `{t}` for the word of the address, `{c}`, `{u}` and `{token}` for
/// the client id, the person and the token of the *other* tenant.
struct Case {
    /// As the router has it.
    address: &'static str,
    method: &'static str,
    /// What is sent: the target and the form or JSON, if any.
    target: &'static str,
    body: Option<&'static str>,
    /// The statuses at the own tenant's address, with the other's things in the request or without.
    at_own: &'static [u16],
    /// Those at the other tenant's address.
    at_other: &'static [u16],
}

const fn get(
    address: &'static str,
    target: &'static str,
    at_own: &'static [u16],
    at_other: &'static [u16],
) -> Case {
    Case {
        address,
        method: "GET",
        target,
        body: None,
        at_own,
        at_other,
    }
}

const fn post(
    address: &'static str,
    target: &'static str,
    body: &'static str,
    at_own: &'static [u16],
    at_other: &'static [u16],
) -> Case {
    Case {
        address,
        method: "POST",
        target,
        body: Some(body),
        at_own,
        at_other,
    }
}

const fn delete(address: &'static str, target: &'static str, at_own: &'static [u16]) -> Case {
    Case {
        address,
        method: "DELETE",
        target,
        body: None,
        at_own,
        at_other: &[403],
    }
}

const CODE: &str = "client_id={c}&response_type=code&redirect_uri=https%3a%2f%2flocalhost&resource=https%3a%2f%2fgraph.windows.net";
const CREDENTIALS: &str =
    "grant_type=client_credentials&client_id={c}&client_secret=x&resource=https://graph.windows.net";

/// A case at least for every address of the router. Where the other tenant's application, person or token is named, nothing of
/// that tenant comes back; discovery documents and sign-in pages are public and tell nothing of anybody.
const CASES: &[Case] = &[
    get(
        "/{tenant}/reports",
        "/{t}/reports?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/reports/",
        "/{t}/reports/?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/reports/{report}",
        "/{t}/reports/auditEvents?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/activities/{report}",
        "/{t}/activities/signinEvents?api-version=beta",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/{document}",
        "/{t}/$metadata?api-version=beta",
        &[200],
        &[403],
    ),
    post(
        "/{tenant}/ingest/{format}",
        "/{t}/ingest/auto",
        "",
        &[401],
        &[401],
    ),
    get(
        "/{tenant}/oauth2/authorize",
        concat!("/{t}/oauth2/authorize?", "{code}"),
        &[200, 400],
        &[200],
    ),
    get(
        "/{tenant}/oauth2/v2.0/authorize",
        concat!("/{t}/oauth2/v2.0/authorize?", "{code}"),
        &[200, 400],
        &[200],
    ),
    post(
        "/{tenant}/oauth2/login",
        "/{t}/oauth2/login",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/v2.0/login",
        "/{t}/oauth2/v2.0/login",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/consent",
        "/{t}/oauth2/consent",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/v2.0/consent",
        "/{t}/oauth2/v2.0/consent",
        "{code}",
        &[200, 400],
        &[200, 400],
    ),
    post(
        "/{tenant}/oauth2/token",
        "/{t}/oauth2/token",
        "{credentials}",
        &[400],
        &[401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/token",
        "/{t}/oauth2/v2.0/token",
        "{credentials}",
        &[400],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/devicecode",
        "/{t}/oauth2/devicecode",
        "client_id={c}&resource=https://graph.windows.net",
        &[400],
        &[200, 400, 401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/devicecode",
        "/{t}/oauth2/v2.0/devicecode",
        "client_id={c}&scope=openid",
        &[400],
        &[200, 400, 401],
    ),
    get(
        "/{tenant}/oauth2/deviceauth",
        "/{t}/oauth2/deviceauth",
        &[200],
        &[200],
    ),
    post(
        "/{tenant}/oauth2/deviceauth",
        "/{t}/oauth2/deviceauth",
        "user_code=AAAA-BBBB",
        &[200, 400],
        &[200, 400],
    ),
    get("/{tenant}/oauth2/logout", "/{t}/oauth2/logout", &[200], &[200]),
    get(
        "/{tenant}/oauth2/v2.0/logout",
        "/{t}/oauth2/v2.0/logout",
        &[200],
        &[200],
    ),
    post(
        "/{tenant}/oauth2/revoke",
        "/{t}/oauth2/revoke",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/revoke",
        "/{t}/oauth2/v2.0/revoke",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/introspect",
        "/{t}/oauth2/introspect",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    post(
        "/{tenant}/oauth2/v2.0/introspect",
        "/{t}/oauth2/v2.0/introspect",
        "token={token}&{own}",
        &[200],
        &[400, 401],
    ),
    get(
        "/{tenant}/.well-known/openid-configuration",
        "/{t}/.well-known/openid-configuration",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/v2.0/.well-known/openid-configuration",
        "/{t}/v2.0/.well-known/openid-configuration",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/.well-known/oauth-authorization-server",
        "/{t}/.well-known/oauth-authorization-server",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/v2.0/.well-known/oauth-authorization-server",
        "/{t}/v2.0/.well-known/oauth-authorization-server",
        &[200],
        &[200],
    ),
    get(
        "/.well-known/oauth-authorization-server/{tenant}",
        "/.well-known/oauth-authorization-server/{t}",
        &[200],
        &[200],
    ),
    get(
        "/.well-known/oauth-authorization-server/{tenant}/v2.0",
        "/.well-known/oauth-authorization-server/{t}/v2.0",
        &[200],
        &[200],
    ),
    get("/{tenant}/discovery/keys", "/{t}/discovery/keys", &[200], &[200]),
    get(
        "/{tenant}/discovery/v2.0/keys",
        "/{t}/discovery/v2.0/keys",
        &[200],
        &[200],
    ),
    get(
        "/{tenant}/discovery/instance",
        "/{t}/discovery/instance",
        &[200, 400],
        &[200, 400],
    ),
    get(
        "/{tenant}/userrealm/{user}",
        "/{t}/userrealm/admin%40shared.example",
        &[200, 400],
        &[200, 400],
    ),
    get(
        "/{tenant}/UserRealm/{user}",
        "/{t}/UserRealm/admin%40shared.example",
        &[200, 400],
        &[200, 400],
    ),
    get("/assets/gatelog.css", "/assets/gatelog.css", &[200], &[200]),
    get("/openid/userinfo", "/openid/userinfo", &[200], &[200]),
    get(
        "/{tenant}/openid/userinfo",
        "/{t}/openid/userinfo",
        &[200],
        &[403],
    ),
    get("/{tenant}/admin/tenants", "/{t}/admin/tenants", &[200], &[403]),
    get(
        "/{tenant}/admin/tenants/{tenant}",
        "/{t}/admin/tenants/{o}",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/tenants/{tenant}",
        "/{t}/admin/tenants/{o}",
        "{}",
        &[404],
        &[403],
    ),
    get("/{tenant}/admin/apps", "/{t}/admin/apps", &[200], &[403]),
    get(
        "/{tenant}/admin/apps",
        "/{t}/admin/apps?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/apps/{client_id}",
        "/{t}/admin/apps/{c}",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/apps/{client_id}",
        "/{t}/admin/apps/{c}",
        "{}",
        &[404],
        &[403],
    ),
    delete("/{tenant}/admin/apps/{client_id}", "/{t}/admin/apps/{c}", &[404]),
    post(
        "/{tenant}/admin/apps/{client_id}/secrets",
        "/{t}/admin/apps/{c}/secrets",
        "{}",
        &[404],
        &[403],
    ),
    delete(
        "/{tenant}/admin/apps/{client_id}/secrets/{hint}",
        "/{t}/admin/apps/{c}/secrets/x",
        &[404],
    ),
    post(
        "/{tenant}/admin/apps/{client_id}/disable",
        "/{t}/admin/apps/{c}/disable",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/apps/{client_id}/enable",
        "/{t}/admin/apps/{c}/enable",
        "",
        &[404],
        &[403],
    ),
    get("/{tenant}/admin/users", "/{t}/admin/users", &[200], &[403]),
    get(
        "/{tenant}/admin/users",
        "/{t}/admin/users?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/{u}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/{u}?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/admin%40shared.example",
        &[200],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}",
        "/{t}/admin/users/{u}",
        "{}",
        &[404],
        &[403],
    ),
    delete("/{tenant}/admin/users/{user}", "/{t}/admin/users/{u}", &[404]),
    post(
        "/{tenant}/admin/users/{user}/password",
        "/{t}/admin/users/{u}/password",
        "\"generated\"",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/disable",
        "/{t}/admin/users/{u}/disable",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/enable",
        "/{t}/admin/users/{u}/enable",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/second-factor",
        "/{t}/admin/users/{u}/second-factor",
        "",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/roles/{role}",
        "/{t}/admin/users/{u}/roles/x",
        "",
        &[404],
        &[403],
    ),
    get("/{tenant}/admin/roles", "/{t}/admin/roles", &[200], &[403]),
    get(
        "/{tenant}/admin/roles",
        "/{t}/admin/roles?tenant={o}",
        &[404],
        &[403],
    ),
    get(
        "/{tenant}/admin/roles/{role}",
        "/{t}/admin/roles/global-administrator",
        &[200],
        &[403],
    ),
    get(
        "/{tenant}/admin/users/{user}/app-passwords",
        "/{t}/admin/users/{u}/app-passwords",
        &[404],
        &[403],
    ),
    post(
        "/{tenant}/admin/users/{user}/app-passwords",
        "/{t}/admin/users/{u}/app-passwords",
        "{\"name\":\"x\"}",
        &[404],
        &[403],
    ),
    delete(
        "/{tenant}/admin/users/{user}/app-passwords/{id}",
        "/{t}/admin/users/{u}/app-passwords/11111111-0000-4000-8000-000000000001",
        &[404],
    ),
];

#[test]
fn every_address_of_the_router_has_its_case() {
    let known: BTreeSet<&str> = CASES.iter().map(|case| case.address).collect();
    let addresses = server::routes::addresses();
    let served: BTreeSet<&str> = addresses.iter().map(String::as_str).collect();
    let unknown: Vec<_> = served.difference(&known).collect();
    assert!(
        unknown.is_empty(),
        "addresses of the router without a case here: {unknown:#?}"
    );
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(
        gone.is_empty(),
        "cases of addresses that the router has not: {gone:#?}"
    );
}

#[test]
fn no_address_tells_one_tenant_anything_of_the_other() {
    let site = site();
    let mut faults = Vec::new();
    for (own, other) in [(0, 1), (1, 0)].map(|(own, other)| (&site.tenants[own], &site.tenants[other])) {
        for case in CASES {
            for (word, expected) in [
                (own.name, case.at_own),
                (own.id, case.at_own),
                (other.name, case.at_other),
                (other.id, case.at_other),
            ] {
                let fill = |text: &str| {
                    text.replace("{code}", CODE)
                        .replace("{credentials}", CREDENTIALS)
                        .replace("{t}", word)
                        .replace("{o}", other.name)
                        .replace("{c}", &other.application.client_id)
                        .replace("{u}", &other.person_id)
                        .replace("{token}", &other.person)
                        .replace("{own}", &own.application.proof())
                };
                let target = fill(case.target);
                let mut request = Request::new(case.method, &target).bearer(&own.person);
                if let Some(body) = case.body {
                    let body = fill(body);
                    request = if body.starts_with(['{', '"']) || body.is_empty() {
                        request.body(body)
                    } else {
                        request.form(&body)
                    };
                }
                let answer = site.server.send(&request);
                let mut fault = |what: &str| {
                    let asked = format!("{} {target} by {}", case.method, own.name);
                    faults.push(format!("{asked}: {what}: {} {}", answer.status, answer.text()));
                };
                if !expected.contains(&answer.status) {
                    fault(&format!("not one of {expected:?}"));
                }
                if says(&answer, other.mark) {
                    fault("it tells of the other's people or events");
                }
                let is_own = word == own.name || word == own.id;
                if is_own && answer.status == 200 && says(&answer, other.id) {
                    fault("it names the other tenant");
                }
                if answer.text().contains(r#""active":true"#) {
                    fault("the other's token is none here");
                }
            }
        }
        // Nothing of it changed anything of the other, or took a token from it.
        let target = format!("/{}/admin/users/{}", other.name, other.person_id);
        let person = site.server.get(&other.person, &target);
        assert_eq!(person.status, 200, "{}", person.text());
        assert!(person.json()["disabled"].is_null() && person.text().contains(other.mark));
        let application = format!("/{}/admin/apps/{}", other.name, other.application.client_id);
        assert!(says(
            &site.server.get(&other.person, &application),
            &other.application.client_id
        ));
        assert_eq!(
            site.server
                .get(&other.token, &ADDRESSES[0].0.replace("{t}", other.name))
                .status,
            200
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
