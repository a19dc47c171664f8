//! The request lines of real clients (wire contract 5.3 and 0.8), and which rows or which error each must be answered.

use super::{ask, check, check_refusal, site};
use crate::support::FABRIKAM;

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
    let app = site.workplace.app("fabrikam.com", &["Directory.Read.All"]);
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
    // A row for each day since then: more than a page.
    let json = users.json();
    let days = json["value"].as_array().unwrap();
    assert_eq!((users.status, days.len()), (200, 1000));
    assert_eq!(days[0]["LocalUserCount"], 1, "{}", days[0]);
    check(
        &site,
        "GET /contoso.com/reports/auditEvents?api-version=beta&$filter=TimeStamp%20gt%202016-10-15",
        "400 Request_UnsupportedQuery",
    );
}
