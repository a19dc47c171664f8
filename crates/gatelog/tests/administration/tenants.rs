//! The end of a tenant, and what is told of who takes its rows away.

use crate::site::site;
use crate::support::http::Request;
use crate::support::records::{audit, days_ago};
use crate::support::{CONTOSO, FABRIKAM, Server, path_of, shown};
use serde_json::json;

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
    let rows = |server: &Server, token: &str| -> Vec<String> {
        let ids = server.get(token, &audits("fabrikam.com")).ids();
        // Reading them is an export here, which is a row of its own.
        ids.into_iter().filter(|id| id.starts_with("a-")).collect()
    };
    let before = rows(&server, &fabrikam);

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

    // The name means no tenant, so it is none of the token's; and the token is nobody's.
    assert_eq!(server.get(&contoso, &audits("contoso.com")).status, 403);
    assert_eq!(server.get(&contoso, &audits("myorganization")).status, 401);
    let administer = |word: &str| {
        let target = format!("/{word}/admin/users");
        server.get(&site.administrator, &target).status
    };
    assert_eq!(administer("contoso.com"), 403);
    assert_eq!(administer("myorganization"), 401);
    assert_eq!(rows(&server, &fabrikam), before, "the other tenant");
    let nothing_is_left = |server: &Server| {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            apps[0].client_id, apps[0].client_secret
        );
        let token = server.send(&Request::post("/contoso.com/oauth2/token").form(&form));
        assert_eq!(token.status, 400, "{}", token.text());
        assert_eq!(place.json(&["tenant", "list"]).as_array().unwrap().len(), 1);
        assert!(!place.data().join("tenants").join(CONTOSO).exists());
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
    // Another address, so another issuer: tokens are asked for anew.
    let fabrikam = server.reading_token(&apps[1]);
    assert_eq!(rows(&server, &fabrikam), before);

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
    let stale = server.get(&reading, path_of(&link));
    assert_eq!(stale.status, 400, "{}", stale.text());
    assert_eq!(stale.error_code(), "Directory_ExpiredPageToken");
}
