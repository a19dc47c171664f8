//! The two legacy faces over real HTTP: the request lines of real clients, and what each must be answered.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use support::http::{Answer, Request};
use support::records::{audit, audit_by, days_ago, seconds_ago, sign_in};
use support::{CONTOSO, FABRIKAM, Server, Workplace};

/// One server for the tests that run at the same time; it ends with the last of them. Nobody changes its data.
static SHARED: Mutex<Weak<Site>> = Mutex::new(Weak::new());

struct Site {
    server: Server,
    token: String,
    _workplace: Workplace,
}

/// The rows that tests speak of, newest first:
///
/// - audits: `new1`, `new2` (a day and two ago), `y2018` (category Sync), `y2016`, `tick` (2015, seven digits);
/// - sign-ins: `in1` (failed), `in2`, `in2018`;
/// - in fabrikam.com 1,005 audits of the last hour.
fn site() -> Arc<Site> {
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(site) = shared.upgrade() {
        return site;
    }
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.tenant(FABRIKAM, "fabrikam.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    let sync = |record: String| record.replace("Core Directory", "Account Provisioning");
    let records = [
        audit("new1", &days_ago(1), "Add user"),
        audit_by(
            "new2",
            &days_ago(2),
            "Reset password (by admin)",
            "Ben@Contoso.com",
            "eve@contoso.com",
        ),
        sync(audit("y2018", "2018-08-20T15:16:45.5720566Z", "Export")),
        audit("y2016", "2016-06-01T00:00:00Z", "Delete user"),
        audit("tick", "2015-03-12T22:01:18.4385955Z", "Update user"),
        sign_in("in1", &days_ago(1), "dora@contoso.com", "Portal", 50126),
        sign_in("in2", &days_ago(2), "dora@contoso.com", "Graph Explorer", 0),
        sign_in("in2018", "2018-05-05T05:05:05Z", "eve@contoso.com", "Portal", 0),
    ];
    let file = workplace.file("contoso.jsonl", records.join("\n"));
    let imported = workplace.json(&["import", "--tenant", CONTOSO, file.to_str().unwrap()]);
    assert_eq!(imported["new"], 8, "{imported}");
    let many: Vec<String> = (0..1005)
        .map(|number| audit(&format!("many{number}"), &seconds_ago(3 * number), "Add user"))
        .collect();
    let file = workplace.file("fabrikam.jsonl", many.join("\n"));
    workplace.json(&["import", "--tenant", FABRIKAM, file.to_str().unwrap()]);
    let server = workplace.serve();
    let token = server.reading_token(&app);
    let site = Arc::new(Site {
        server,
        token,
        _workplace: workplace,
    });
    *shared = Arc::downgrade(&site);
    site
}

fn ask(site: &Site, line: &str) -> Answer {
    let (method, target) = line.split_once(' ').unwrap();
    site.server
        .send(&Request::new(method, target).bearer(&site.token))
}

/// A request line, and the answer to it: `200` with the ids of the rows in order, or a status with an error's code.
fn check(site: &Site, line: &str, expected: &str) {
    let answer = ask(site, line);
    let told = match answer.status {
        200 => answer.ids().join(" "),
        _ => answer.error_code(),
    };
    assert_eq!(
        format!("{} {told}", answer.status).trim_end(),
        expected,
        "{line}\n{}",
        answer.text()
    );
}

/// A request line, the status of its answer, and words that the error's sentence must hold.
fn check_refusal(site: &Site, line: &str, status: u16, words: &[&str]) {
    let answer = ask(site, line);
    assert_eq!(answer.status, status, "{line}\n{}", answer.text());
    for word in words {
        assert!(
            answer.error_message().contains(word),
            "{line}: {word:?} in {}",
            answer.text()
        );
    }
}

// The request lines of real clients (wire contract 5.3); `t` is contoso.com, dates are those of the rows here.

#[test]
fn every_spelling_of_a_space_and_a_dollar_filters() {
    let site = site();
    for line in [
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime+gt+2017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&%24filter=eventTime+gt+2017-01-01T00%3A00%3A00Z&%24top=5",
        "GET /contoso.com/reports/auditEvents?%24filter=eventTime%20gt%202017-01-01&api-version=beta",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202017-01-01%20",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=%20eventTime%20gt%202017-01-01&$top=5%20",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$Filter=eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta$filter=eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?API-Version=Beta&$filter=eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=(eventTime%20gt%202017-01-01)",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202017-01-01T00:00:00%2B00:00",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202017-01-01T00:00:00.000Z",
    ] {
        check(&site, line, "200 new1 new2 y2018");
    }
}

#[test]
fn options_with_a_broken_name_are_passed_over_and_the_window_applies() {
    let site = site();
    for line in [
        "GET /contoso.com/reports/auditEvents?api-version=beta",
        "GET /contoso.com/reports/auditEvents?api-version=beta&=eventTime%20gt%202026-11-20",
        "GET /contoso.com/reports/auditEvents?api-version=beta&%60$filter=eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&%5C$filter=eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&filter=eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&&",
        "GET /$tenantdomain/reports/auditEvents?api-version=beta&%60$filter=eventTime%20gt%202017-01-01",
    ] {
        check(&site, line, "200 new1 new2");
    }
    check(
        &site,
        "GET /contoso.com/reports/b2cUserJourneyEvents?api-version=beta&%5C$filter=eventTime%20gt%202017-01-01",
        "200",
    );
}

#[test]
fn the_tenant_may_be_spelled_in_many_ways() {
    let site = site();
    for path in [
        "/contoso.com/reports/auditEvents",
        "/Contoso.COM/reports/auditEvents",
        "/4b2462a4-bbee-495a-a0e1-f23ae524cc9c/reports/auditEvents",
        "/4B2462A4-BBEE-495A-A0E1-F23AE524CC9C/reports/auditEvents",
        "/$tenantdomain/reports/auditEvents",
        "/%24tenantdomain/reports/auditEvents",
        "/myorganization/reports/auditEvents",
        "/reports/auditEvents",
        "//reports/auditEvents",
        "/contoso.com//reports/auditEvents",
        "/contoso.com/reports//auditEvents",
    ] {
        check(&site, &format!("GET {path}?api-version=beta"), "200 new1 new2");
    }
    check(
        &site,
        "GET /contoso.com//activities/signinEvents?api-version=beta",
        "200 in1 in2",
    );
    check(
        &site,
        "GET /activities/signinEvents?api-version=beta",
        "200 in1 in2",
    );
}

#[test]
fn another_tenant_is_refused_whether_it_exists_or_not() {
    let site = site();
    for tenant in [
        "fabrikam.com",
        FABRIKAM,
        "nobody.example",
        "common",
        "organizations",
    ] {
        for path in ["reports", "reports/auditEvents", "activities/audit", "$metadata"] {
            check(
                &site,
                &format!("GET /{tenant}/{path}?api-version=beta"),
                "403 Authentication_Unauthorized",
            );
        }
    }
}

#[test]
fn repeated_options_count_by_the_last_and_names_have_no_case() {
    let site = site();
    let base = "GET /contoso.com/reports/auditEvents?api-version=beta";
    check(
        &site,
        &format!(
            "{base}&$filter=eventTime%20gt%202017-01-01&$filter=eventTime%20gt%202017-01-01&$top=5&$top=5"
        ),
        "200 new1 new2 y2018",
    );
    check(
        &site,
        &format!("{base}&$filter=eventTime%20gt%202017-01-01&$filter=eventTime%20lt%202016-01-01"),
        "200 tick",
    );
    check(&site, &format!("{base}&$top=5&$Top=1"), "200 new1");
    check(&site, &format!("{base}&$Top=1"), "200 new1");
    check(&site, &format!("{base}&$TOP=1&%24top=2"), "200 new1 new2");
    check(
        &site,
        &format!("{base}$filter=eventTime%20gt%202017-01-01&$filter=eventTime%20lt%202016-01-01"),
        "200 tick",
    );
}

#[test]
fn dates_compare_to_the_tick() {
    let site = site();
    let filter = |text: &str| {
        format!(
            "GET /contoso.com/reports/auditEvents?api-version=beta&$filter={}",
            text.replace(' ', "%20")
        )
    };
    check(
        &site,
        &filter("eventTime eq 2015-03-12T22:01:18.4385955Z"),
        "200 tick",
    );
    check(&site, &filter("eventTime eq 2015-03-12T22:01:18.4385954Z"), "200");
    check(
        &site,
        &filter("eventTime eq 2018-08-20T15:16:45.5720566Z"),
        "200 y2018",
    );
    check(&site, &filter("eventTime eq 2016-06-01"), "200 y2016");
    check(&site, &filter("eventTime lt 2016-06-01"), "200 tick");
    check(&site, &filter("eventTime le 2016-06-01"), "200 y2016 tick");
    check(
        &site,
        &filter("eventTime ge 2016-06-01 and eventTime lt 2019-01-01"),
        "200 y2018 y2016",
    );
    check(
        &site,
        &filter("eventTime gt 2016-06-01 and eventTime lt 2019-01-01"),
        "200 y2018",
    );
    // The reference's own example for `and` has parentheses and `or` (wire contract 1.5).
    check(
        &site,
        &filter("(eventTime gt 2016-01-01 and eventTime lt 2017-01-01) or eventTime lt 2015-12-01"),
        "200 y2016 tick",
    );
    let row = &ask(&site, &filter("eventTime eq 2015-03-12T22:01:18.4385955Z")).json()["value"][0];
    assert_eq!(row["eventTime"], "2015-03-12T22:01:18.4385955Z");
}

#[test]
fn top_and_skip_count_from_the_newest() {
    let site = site();
    let base = "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202000-01-01";
    check(&site, &format!("{base}&$top=2"), "200 new1 new2");
    check(&site, &format!("{base}&$skip=1&$top=2"), "200 new2 y2018");
    check(&site, &format!("{base}&$skip=3"), "200 y2016 tick");
    check(
        &site,
        &format!("{base}&$skip=0"),
        "200 new1 new2 y2018 y2016 tick",
    );
    check(&site, &format!("{base}&$skip=9"), "200");
    for bad in ["$top=0", "$top=-1", "$top=ten", "$top=", "$skip=-1", "$skip=x"] {
        check(&site, &format!("{base}&{bad}"), "400 Request_BadRequest");
    }
}

#[test]
fn a_thousand_rows_come_in_one_page() {
    let site = site();
    let app = site._workplace.app("fabrikam.com", &["Directory.Read.All"]);
    let token = site.server.reading_token(&app);
    let get = |target: &str| site.server.get(&token, target);
    let page = get("/fabrikam.com/reports/auditEvents?api-version=beta&$top=1000");
    assert_eq!(page.ids().len(), 1000);
    assert_eq!(page.next_link(), None);
    let page = get("/fabrikam.com/reports/auditEvents?api-version=beta&$top=500");
    assert_eq!((page.ids().len(), page.next_link()), (500, None));
    let page = get("/fabrikam.com/reports/auditEvents?api-version=beta");
    assert_eq!(page.ids().len(), 1000);
    assert!(page.next_link().is_some());
}

#[test]
fn activities_take_the_filters_of_the_reference() {
    let site = site();
    let audit = |filter: &str| format!("GET /contoso.com/activities/audit?api-version=beta&$filter={filter}");
    let cast = "Microsoft.ActiveDirectory.DataService.PublicApi.Model.Reporting.AuditLog";
    // As requests sends it: quotes raw.
    check(
        &site,
        &audit("(category%20eq%20'Sync'%20and%20activityDate%20gt%202017-01-01T00:00:00Z)"),
        "200 y2018",
    );
    check(
        &site,
        &audit("category%20eq%20%27Sync%27%20and%20activityDate%20gt%202017-01-01"),
        "200 y2018",
    );
    check(
        &site,
        &audit("category eq 'sync' and activityDate gt 2017-01-01")
            .replace(' ', "+")
            .replacen('+', " ", 1),
        "200",
    );
    check(&site, &audit("activity+eq+'Add+user'"), "200 new1");
    check(&site, &audit("contains(activity,'assword')"), "200 new2");
    check(&site, &audit("startsWith(activity,'Add')"), "200 new1");
    check(
        &site,
        &audit("startswith(activity,'Add')%20eq%20true"),
        "200 new1",
    );
    check(&site, &audit("contains(activity,'nothing')"), "200");
    check(&site, &audit("activityStatus%20eq%200"), "200 new1 new2");
    check(&site, &audit("activityStatus%20eq%20-1"), "200");
    check(&site, &audit("activityType%20eq%20'User'"), "200 new1 new2");
    check(&site, &audit("actor/name%20eq%20'ada%20ADMIN'"), "200 new1 new2");
    check(
        &site,
        &audit("actor/objectId%20eq%20'11111111-0000-4000-8000-000000000001'"),
        "200 new1 new2",
    );
    check(
        &site,
        &audit(&format!(
            "actor/{cast}.ActorUserEntity/userPrincipalName%20eq%20'ben@contoso.com'"
        )),
        "200 new2",
    );
    check(
        &site,
        &audit("targets/any(t:%20t/name%20eq%20'dora%20doe')"),
        "200 new1 new2",
    );
    check(
        &site,
        &audit("targets/any(t:t/objectId%20eq%20'22222222-0000-4000-8000-000000000002')"),
        "200 new1 new2",
    );
    check(
        &site,
        &audit(&format!(
            "targets/any(t:%20t/{cast}.TargetResourceUserEntity/userPrincipalName%20eq%20'EVE@contoso.com')"
        )),
        "200 new2",
    );
    let sign_ins =
        |filter: &str| format!("GET /contoso.com/activities/signinEvents?api-version=beta&$filter={filter}");
    check(
        &site,
        &sign_ins("signinDateTime+ge+2018-01-01T00:00:00Z"),
        "200 in1 in2 in2018",
    );
    check(
        &site,
        &sign_ins("signinDateTime+ge+2018-01-01+and+userPrincipalName+eq+'eve@contoso.com'"),
        "200 in2018",
    );
    check(
        &site,
        &sign_ins("userPrincipalName%20eq%20%27DORA@contoso.com%27"),
        "200 in1 in2",
    );
    check(&site, &sign_ins("loginStatus+eq+'1'"), "200 in1");
    check(&site, &sign_ins("loginStatus+eq+'0'"), "200 in2");
    check(&site, &sign_ins("appDisplayName+eq+'Portal'"), "200 in1");
    check(
        &site,
        &sign_ins("appId+eq+'c44b4083-3bb0-49c1-b47d-974e53cbdf3c'"),
        "200 in1 in2",
    );
    check(
        &site,
        &sign_ins("userId+eq+'22222222-0000-4000-8000-000000000002'"),
        "200 in1 in2",
    );
}

#[test]
fn what_the_reference_calls_unsupported_names_the_place() {
    let site = site();
    let report = |option: &str| format!("GET /contoso.com/reports/auditEvents?api-version=beta&{option}");
    // "eventTime ne …": the operator starts at the 11th character.
    for (filter, position) in [
        ("eventTime%20ne%202017-01-01", 11),
        ("startswith(actor,'a')", 1),
        ("eventTime%20gt%202017-01-01%20and%20contains(actor,'a')", 29),
        ("actor%20eq%20'a'", 1),
        ("eventTime%20gt%20null", 14),
        ("not%20(eventTime%20gt%202017-01-01)", 1),
        ("year(eventTime)%20eq%202017", 1),
    ] {
        let answer = ask(&site, &report(&format!("$filter={filter}")));
        assert_eq!(answer.status, 400, "{filter}");
        let error = &answer.json()["odata.error"];
        assert_eq!(error["position"], position, "{filter}: {error}");
        assert!(
            answer
                .error_message()
                .contains(&format!("at character {position} of $filter")),
            "{error}"
        );
    }
    for option in [
        "$select=id",
        "$orderby=eventTime",
        "$expand=x",
        "$count=true",
        "$search=x",
        "$apply=x",
    ] {
        let name = option.split('=').next().unwrap();
        check(&site, &report(option), "400 Request_UnsupportedQuery");
        check_refusal(&site, &report(option), 400, &[name]);
    }
    check_refusal(
        &site,
        &report("$fliter=eventTime%20gt%202017-01-01"),
        400,
        &["$fliter", "$filter"],
    );
    check(&site, &report("$format=xml"), "400 Request_UnsupportedQuery");
    check(&site, &report("$format=json"), "200 new1 new2");
    check(
        &site,
        "GET /contoso.com/activities/audit?api-version=beta&$filter=activityDate%20ne%202017-01-01",
        "400 Request_UnsupportedQuery",
    );
    check(
        &site,
        "GET /contoso.com/activities/signinEvents?api-version=beta&$filter=contains(userId,'a')",
        "400 Request_UnsupportedQuery",
    );
}

#[test]
fn what_cannot_be_read_is_refused() {
    let site = site();
    for line in [
        // The reference's own typing error: typographic quotes.
        "GET /contoso.com/activities/signinEvents?api-version=beta&$filter=userId+eq+\u{2019}a\u{2019}",
        "GET /contoso.com/activities/signinEvents?api-version=beta&$filter=userId+eq+%E2%80%99a%E2%80%99",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202017-13-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=(eventTime%20gt%202017-01-01",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=%zz",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=%ff",
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=",
        "GET /contoso.com/activities/signinEvents?%24skiptoken=-1339686058&api-version=beta",
    ] {
        check(&site, line, "400 Request_BadRequest");
    }
}

#[test]
fn the_api_version_is_beta() {
    let site = site();
    let path = "GET /contoso.com/reports/auditEvents";
    check(&site, path, "400 Headers_ApiVersionMissing");
    check(&site, &format!("{path}?$top=1"), "400 Headers_ApiVersionMissing");
    check(
        &site,
        &format!("{path}?api-version="),
        "400 Headers_ApiVersionMissing",
    );
    check(
        &site,
        &format!("{path}?api-version=1.6"),
        "400 Headers_InvalidApiVersion",
    );
    check(
        &site,
        "GET /contoso.com/reports?api-version=1.6",
        "400 Headers_InvalidApiVersion",
    );
    check(
        &site,
        "GET /contoso.com/$metadata",
        "400 Headers_ApiVersionMissing",
    );
    check(
        &site,
        "GET /contoso.com/activities/auditActivityTypes",
        "400 Headers_ApiVersionMissing",
    );
}

#[test]
fn a_wrong_name_is_not_found_and_the_right_one_is_said() {
    let site = site();
    let report = |name: &str| format!("GET /contoso.com/reports/{name}?api-version=beta");
    for (wrong, meant) in [
        ("auditEvent", "/reports/auditEvents"),
        ("AuditEvents", "/reports/auditEvents"),
        ("audit", "/activities/audit"),
        ("ssprActivity", "/reports/ssprActivityEvents"),
        ("signinEvents", "/activities/signinEvents"),
        ("b2cAuthenticationEvents", "/reports/b2cAuthenticationEvent"),
    ] {
        check(&site, &report(wrong), "404 Request_ResourceNotFound");
        check_refusal(&site, &report(wrong), 404, &[meant]);
    }
    check_refusal(
        &site,
        &report("somethingElseEntirely"),
        404,
        &["somethingElseEntirely"],
    );
    check_refusal(
        &site,
        "GET /contoso.com/activities/signInEvent?api-version=beta",
        404,
        &["/activities/signinEvents"],
    );
    // Microsoft's own samples: one forgets a slash, one has a name that never was.
    check(
        &site,
        "GET /contoso.com.onmicrosoft.comactivities/audit?api-version=beta",
        "404 Request_ResourceNotFound",
    );
    check(
        &site,
        "GET /contoso.com/reports/allUsersWithAnomalousSignInEvents?api-version=beta",
        "200",
    );
    check(
        &site,
        "GET /contoso.com/nothing?api-version=beta",
        "404 Request_ResourceNotFound",
    );
    check(&site, "GET /?api-version=beta", "404 Request_ResourceNotFound");
}

#[test]
fn b2c_reports_filter_by_names_that_are_no_properties() {
    let site = site();
    let one = |query: &str| {
        ask(
            &site,
            &format!("GET /contoso.com/reports/b2cAuthenticationCount?{query}"),
        )
    };
    for query in [
        "%24filter=ApplicationId+eq+ada78934-a6da-4e69-b816-10de0d79db1d&api-version=beta",
        "api-version=beta&%24filter=TimeStamp+gt+2016-10-15",
        "api-version=beta",
    ] {
        let answer = one(query);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let json = answer.json();
        assert_eq!(json["value"].as_array().unwrap().len(), 1, "{json}");
        assert_eq!(json["value"][0]["AuthenticationCount"], 0);
    }
    let users = ask(
        &site,
        "GET /contoso.com/reports/tenantUserCount?api-version=beta&$filter=TimeStamp%20gt%202016-10-15",
    );
    assert_eq!(
        (users.status, users.json()["value"].as_array().unwrap().len()),
        (200, 0)
    );
    check(
        &site,
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=TimeStamp%20gt%202016-10-15",
        "400 Request_UnsupportedQuery",
    );
}

/// The list of 2017 as its author printed it, then the two names more that were seen in the wild.
const REPORTS: &str = "b2cAuthenticationCountSummary False, b2cMfaRequestCount False, b2cMfaRequestEvent False, \
    b2cAuthenticationEvent False, b2cAuthenticationCount False, b2cMfaRequestCountSummary False, tenantUserCount False, \
    applicationUsageDetailEvents False, applicationUsageSummaryEvents True, b2cUserJourneySummaryEvents False, \
    b2cUserJourneyEvents False, cloudAppDiscoveryEvents False, mimSsgmGroupActivityEvents True, \
    ssgmGroupActivityEvents True, mimSsprActivityEvents True, ssprActivityEvents True, \
    mimSsprRegistrationActivityEvents True, ssprRegistrationActivityEvents True, threatenedCredentials False, \
    compromisedCredentials False, auditEvents False, accountProvisioningEvents False, \
    signInsFromUnknownSourcesEvents False, signInsFromIPAddressesWithSuspiciousActivityEvents True, \
    signInsFromMultipleGeographiesEvents False, signInsFromPossiblyInfectedDevicesEvents True, \
    irregularSignInActivityEvents True, allUsersWithAnomalousSignInActivityEvents True, \
    signInsAfterMultipleFailuresEvents False, applicationUsageSummary True, userActivitySummary False, \
    groupActivitySummary True, weakCredentials False, allUserSignInActivityEvents True";

#[test]
fn the_report_list_is_the_old_one_byte_for_byte() {
    let site = site();
    let answer = ask(&site, "GET /contoso.com/reports?api-version=beta");
    let items: Vec<String> = REPORTS
        .split(", ")
        .map(|report| {
            let (name, license) = report.split_once(' ').unwrap();
            format!(r#"{{"Name":"{name}","LicenseRequired":"{license}"}}"#)
        })
        .collect();
    let context = format!("http://{}/contoso.com/$metadata#reports", site.server.address);
    let expected = format!(
        r#"{{"@odata.context":"{context}","value":[{}]}}"#,
        items.join(",")
    );
    assert_eq!(items.len(), 34);
    assert_eq!(answer.text(), expected);
    for path in ["/contoso.com/reports/", "/contoso.com//reports", "/reports"] {
        assert_eq!(
            ask(&site, &format!("GET {path}?api-version=beta")).status,
            200,
            "{path}"
        );
    }
    check(
        &site,
        "GET /contoso.com/reports?api-version=beta&$top=1",
        "400 Request_UnsupportedQuery",
    );
}

#[test]
fn the_report_list_says_more_only_when_asked() {
    let site = site();
    let asked = Request::get("/contoso.com/reports?api-version=beta")
        .bearer(&site.token)
        .header("Prefer", r#"include-annotations="*""#);
    let answer = site.server.send(&asked);
    assert_eq!(
        answer.header("preference-applied"),
        Some(r#"include-annotations="*""#)
    );
    let json = answer.json();
    let report = |name: &str| {
        let all = json["value"].as_array().unwrap();
        all.iter().find(|report| report["Name"] == name).unwrap().clone()
    };
    assert_eq!(report("auditEvents")["rows"], 5);
    assert_eq!(report("auditEvents")["whyEmpty"], serde_json::Value::Null);
    assert_eq!(report("allUserSignInActivityEvents")["rows"], 3);
    assert_eq!(report("ssprActivityEvents")["rows"], 0);
    assert!(report("ssprActivityEvents")["whyEmpty"].is_string());
}

#[test]
fn contexts_and_items_have_the_names_that_clients_read() {
    let site = site();
    let get = |target: &str| site.server.get(&site.token, target);
    for (path, context) in [
        (
            "/contoso.com/reports/auditEvents",
            "/contoso.com/reports/$metadata#auditEvents",
        ),
        (
            "/contoso.com/activities/audit",
            "/contoso.com/activities/$metadata#audit",
        ),
        (
            "/$tenantdomain/reports/auditEvents",
            "/myorganization/reports/$metadata#auditEvents",
        ),
        (
            "/reports/auditEvents",
            "/myorganization/reports/$metadata#auditEvents",
        ),
    ] {
        let json = get(&format!("{path}?api-version=beta")).json();
        let expected = format!("http://{}{context}", site.server.address);
        assert_eq!(json["@odata.context"], expected.as_str());
        // Clients look for any name with "value" or "error" in it (wire contract 1.1 and 5.1).
        let names: BTreeSet<&String> = json.as_object().unwrap().keys().collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["@odata.context", "value"]);
    }
    let row = &get(
        "/contoso.com/activities/signinEvents?api-version=beta&$filter=signinDateTime%20lt%202019-01-01",
    )
    .json()["value"][0];
    assert_eq!(row["signinDateTime"], "2018-05-05T05:05:05Z");
    // date -u -d 2018-05-05T05:05:05Z +%s
    assert_eq!(row["signinDateTimeInMillis"], 1_525_496_705_000_u64);
    assert_eq!(row["loginStatus"], "0");
    assert_eq!(row["signinErrorCode"], 0);
    assert_eq!(row["location"]["country"], "BE");
    let failed = &get("/contoso.com/activities/signinEvents?api-version=beta&$top=1").json()["value"][0];
    assert_eq!(
        (&failed["loginStatus"], &failed["signinErrorCode"]),
        (&"1".into(), &50126.into())
    );
    let row = &get("/contoso.com/activities/audit?api-version=beta&$top=1").json()["value"][0];
    assert_eq!(row["activity"], "Add user");
    assert_eq!(row["activityResultStatus"], "Success");
    assert_eq!(row["targets"][0]["userPrincipalName"], "dora@contoso.com");
    let row = &get("/contoso.com/reports/auditEvents?api-version=beta&$top=1").json()["value"][0];
    let names: Vec<&String> = row.as_object().unwrap().keys().collect();
    let mut expected = [
        "id",
        "eventTime",
        "actor",
        "action",
        "target",
        "actorDetail",
        "targetDetail",
        "updatedProperties",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
}

/// An address of each family.
const ADDRESSES: &[&str] = &[
    "/contoso.com/reports",
    "/contoso.com/reports/",
    "/contoso.com/reports/auditEvents",
    "/contoso.com/reports/$metadata",
    "/contoso.com/$metadata",
    "/contoso.com/activities/audit",
    "/contoso.com/activities/signinEvents",
    "/contoso.com/activities/auditActivityTypes",
    "/contoso.com/activities/$metadata",
    "/reports/auditEvents",
    "//$metadata",
];

#[test]
fn only_reading_is_allowed() {
    let site = site();
    for path in ADDRESSES {
        for method in ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let answer = ask(&site, &format!("{method} {path}?api-version=beta"));
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"), "{method} {path}");
            assert!(!answer.error_code().is_empty());
        }
    }
    for path in ["/contoso.com/oauth2/token", "/contoso.com/ingest/auto"] {
        for method in ["GET", "PUT", "PATCH", "DELETE"] {
            let answer = ask(&site, &format!("{method} {path}"));
            assert_eq!(
                (answer.status, answer.header("allow")),
                (405, Some("POST")),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn who_has_no_token_may_not_even_know_what_is_allowed() {
    let site = site();
    for path in ADDRESSES {
        for method in ["GET", "HEAD", "POST", "DELETE"] {
            let answer = site
                .server
                .send(&Request::new(method, &format!("{path}?api-version=beta")));
            assert_eq!(answer.status, 401, "{method} {path}");
            assert!(answer.header("www-authenticate").is_some(), "{method} {path}");
        }
    }
}

#[test]
fn head_is_answered_with_the_headers_of_get() {
    let site = site();
    let mut targets: Vec<String> = ADDRESSES
        .iter()
        .map(|path| format!("{path}?api-version=beta"))
        .collect();
    targets.push("/contoso.com/reports/nothing?api-version=beta".to_owned());
    targets.push("/contoso.com/reports/ssprActivityEvents?api-version=beta".to_owned());
    targets.push("/contoso.com/reports/auditEvents".to_owned());
    for target in targets {
        for encoding in ["identity", "gzip"] {
            let ask = |method: &str| {
                let request = Request::new(method, &target)
                    .bearer(&site.token)
                    .header("Accept-Encoding", encoding);
                let answer = site.server.send(&request);
                let differ = ["date", "request-id", "transfer-encoding"];
                let mut headers = answer.headers.clone();
                headers.retain(|(name, _)| !differ.contains(&name.as_str()));
                headers.sort();
                (answer.status, headers, answer.body)
            };
            let (got, headed) = (ask("GET"), ask("HEAD"));
            assert_eq!((headed.0, &headed.1), (got.0, &got.1), "{encoding} {target}");
            assert!(headed.2.is_empty());
            assert!(!got.2.is_empty());
        }
    }
}

/// What every answer of the legacy faces carries, besides what HTTP itself needs.
const EVERY: [&str; 6] = [
    "cache-control",
    "content-length",
    "content-type",
    "date",
    "request-id",
    "x-content-type-options",
];

/// A target, the further names that its answer's headers have, and the media type with its charset.
fn check_headers(site: &Site, target: &str, more: &[&str], content_type: &str) {
    let request = Request::get(target)
        .bearer(&site.token)
        .header("client-request-id", "abc-1");
    let answer = site.server.send(&request);
    let names: Vec<&str> = answer.headers.iter().map(|(name, _)| name.as_str()).collect();
    let expected: BTreeSet<&str> = EVERY.iter().chain(more).copied().collect();
    assert_eq!(
        names.iter().copied().collect::<BTreeSet<_>>(),
        expected,
        "{target}"
    );
    assert_eq!(names.len(), expected.len(), "a header comes twice: {names:?}");
    assert_eq!(answer.header("content-type"), Some(content_type), "{target}");
    assert_eq!(answer.header("odata-version"), Some("4.0"));
    assert_eq!(answer.header("client-request-id"), Some("abc-1"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    let id = answer.header("request-id").unwrap();
    assert_eq!(uuid::Uuid::parse_str(id).unwrap().get_version_num(), 4);
    if answer.status >= 400 {
        assert_eq!(answer.json()["odata.error"]["requestId"], id);
    } else {
        assert_eq!(
            (answer.header("pragma"), answer.header("expires")),
            (Some("no-cache"), Some("-1"))
        );
    }
}

#[test]
fn answers_carry_the_old_headers_and_no_others() {
    let site = site();
    const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8";
    let good = ["client-request-id", "expires", "odata-version", "pragma", "vary"];
    for path in [
        "reports",
        "reports/auditEvents",
        "activities/audit",
        "activities/auditActivityTypes",
    ] {
        check_headers(
            &site,
            &format!("/contoso.com/{path}?api-version=beta"),
            &good,
            JSON,
        );
    }
    for path in ["$metadata", "reports/$metadata", "activities/$metadata"] {
        check_headers(
            &site,
            &format!("/contoso.com/{path}?api-version=beta"),
            &good,
            "application/xml;charset=utf-8",
        );
    }
    let bad = ["client-request-id", "odata-version", "vary"];
    for target in [
        "/contoso.com/reports/nothing?api-version=beta",
        "/contoso.com/reports/auditEvents",
        "/",
    ] {
        check_headers(
            &site,
            target,
            &bad,
            "application/json;odata.metadata=minimal;charset=utf-8",
        );
    }
}

#[test]
fn a_cross_origin_page_is_told_nothing() {
    let site = site();
    let request = Request::get("/contoso.com/reports?api-version=beta")
        .bearer(&site.token)
        .header("Origin", "https://evil.example");
    let answer = site.server.send(&request);
    assert!(
        answer
            .headers
            .iter()
            .all(|(name, _)| !name.starts_with("access-control"))
    );
}

#[test]
fn an_empty_report_says_why() {
    let site = site();
    let why = |path: &str| {
        let answer = ask(&site, &format!("GET /contoso.com/{path}"));
        assert_eq!(answer.ids(), [""; 0]);
        answer.header("gatelog-why-empty").unwrap().to_owned()
    };
    let text = why("reports/auditEvents?api-version=beta&$filter=eventTime%20gt%202100-01-01");
    assert!(text.contains("no row matches the filter"), "{text}");
    let text = why("reports/ssprActivityEvents?api-version=beta");
    assert!(text.contains("no event for this report has arrived"), "{text}");
    assert_eq!(
        why("reports/compromisedCredentials?api-version=beta"),
        "not filled by this version"
    );
    assert_eq!(
        ask(&site, "GET /contoso.com/reports/auditEvents?api-version=beta").header("gatelog-why-empty"),
        None
    );
}

/// Whether tags nest, attributes are quoted and no bare `&` or `<` is left: enough for a document without comments.
fn assert_well_formed(xml: &str) {
    let mut rest = xml
        .strip_prefix("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
        .unwrap();
    let mut open: Vec<&str> = Vec::new();
    let mut roots = 0;
    while let Some(start) = rest.find('<') {
        assert!(
            rest[..start].trim().is_empty(),
            "text outside of tags: {:?}",
            &rest[..start]
        );
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        let (body, closed) = tag.strip_suffix('/').map_or((tag, false), |body| (body, true));
        let name = body.split_whitespace().next().unwrap();
        assert_eq!(body[name.len()..].matches('"').count() % 2, 0, "{tag}");
        for (number, part) in body[name.len()..].split('"').enumerate() {
            let is_name = number % 2 == 0;
            assert!(
                !is_name || part.trim().is_empty() || part.trim().ends_with('='),
                "{tag}"
            );
            for entity in part.split('&').skip(1) {
                let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
                assert!(known.iter().any(|known| entity.starts_with(known)), "{tag}");
            }
        }
        roots += usize::from(open.is_empty());
        if !closed {
            open.push(name);
        }
    }
    assert!(
        open.is_empty() && roots == 1 && rest.trim().is_empty(),
        "{open:?} {roots} {rest:?}"
    );
}

#[test]
fn metadata_is_xml_at_its_three_addresses() {
    let site = site();
    for (path, holds) in [
        ("/contoso.com/$metadata", "<EntitySet Name=\"reports\""),
        ("/contoso.com/%24metadata", "<EntitySet Name=\"reports\""),
        ("//$metadata", "<EntitySet Name=\"reports\""),
        (
            "/contoso.com/reports/$metadata",
            "<EntitySet Name=\"ssprRegistrationActivityEvents\"",
        ),
        (
            "/contoso.com/reports/%24metadata",
            "<EntityType Name=\"SsprRegistrationActivityEvent\">",
        ),
        (
            "/contoso.com/activities/$metadata",
            "<EntitySet Name=\"signinEvents\"",
        ),
    ] {
        for accept in ["*/*", "application/json", "application/xml"] {
            let request = Request::get(&format!("{path}?api-version=beta"))
                .bearer(&site.token)
                .header("Accept", accept);
            let answer = site.server.send(&request);
            assert_eq!(answer.status, 200, "{path}");
            assert_well_formed(&answer.text());
            assert!(answer.text().contains("<edmx:Edmx Version=\"4.0\""));
            assert!(answer.text().contains(holds), "{path}");
        }
    }
    // The one fragment that survives (wire contract 2.4).
    let text = ask(&site, "GET /contoso.com/reports/$metadata?api-version=beta").text();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let fragment = [
        "<EntityType Name=\"SsprRegistrationActivityEvent\">",
        "<Key>",
        "<PropertyRef Name=\"id\"/>",
        "</Key>",
        "<Property Name=\"eventTime\" Type=\"Edm.DateTimeOffset\" Nullable=\"false\"/>",
        "<Property Name=\"role\" Type=\"Edm.String\"/>",
        "<Property Name=\"registrationActivity\" Type=\"Edm.String\"/>",
        "<Property Name=\"id\" Type=\"Edm.String\" Nullable=\"false\"/>",
        "<Property Name=\"displayName\" Type=\"Edm.String\"/>",
        "<Property Name=\"userName\" Type=\"Edm.String\"/>",
        "</EntityType>",
    ];
    assert!(
        lines.windows(fragment.len()).any(|window| window == fragment),
        "{text}"
    );
}

#[test]
fn the_activity_types_are_an_object_without_value() {
    let site = site();
    let json = ask(
        &site,
        "GET /contoso.com/activities/auditActivityTypes?api-version=beta",
    )
    .json();
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.context", "activityTypes"]);
    let types = json["activityTypes"].as_array().unwrap();
    assert!(
        types
            .iter()
            .any(|known| known["activity"] == "Add user" && known["category"] == "Directory"),
        "{json}"
    );
}

/// What an answer says once it is unpacked.
fn unpacked(answer: &Answer) -> String {
    let bytes = match answer.header("content-encoding") {
        Some("gzip") => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(
                &mut flate2::read::GzDecoder::new(answer.body.as_slice()),
                &mut bytes,
            )
            .unwrap();
            bytes
        }
        Some("zstd") => zstd::stream::decode_all(answer.body.as_slice()).unwrap(),
        None => answer.body.clone(),
        Some(other) => panic!("{other} was not asked for"),
    };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn answers_are_packed_when_asked() {
    let site = site();
    for (accept, encoding) in [
        ("gzip", Some("gzip")),
        ("zstd", Some("zstd")),
        ("gzip, deflate, br", Some("gzip")),
        ("br", None),
        ("identity", None),
        ("gzip;q=0", None),
    ] {
        for target in [
            "/contoso.com/reports?api-version=beta",
            "/contoso.com/reports/auditEvents?api-version=beta",
        ] {
            let request = Request::get(target).bearer(&site.token);
            let plain = site.server.send(&request);
            let packed = site.server.send(&request.header("Accept-Encoding", accept));
            assert_eq!(packed.header("content-encoding"), encoding, "{accept}");
            assert_eq!(packed.header("vary"), Some("accept-encoding"));
            assert_eq!(unpacked(&packed), plain.text());
            assert_eq!(encoding.is_some(), packed.body.len() < plain.body.len());
        }
    }
}
