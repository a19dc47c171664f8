//! What answers look like: lists, envelopes, headers, methods, `$metadata`, packing.

use super::{Site, ask, check, site};
use crate::support::http::{Answer, Request};
use crate::support::records::{days_ago, sign_in};
use crate::support::{CONTOSO, Workplace};
use std::collections::BTreeSet;

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
fn a_report_that_shows_some_rows_of_another_counts_its_own() {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let sign_in = |id: &str| sign_in(id, &days_ago(1), "dora@contoso.com", "Portal", 0);
    let of_a_program = sign_in("s-2").replace(
        r#""isInteractive":true"#,
        r#""isInteractive":false,"signInEventTypes":["servicePrincipal"]"#,
    );
    let file = workplace.file("records.jsonl", [sign_in("s-1"), of_a_program].join("\n"));
    workplace.json(&["import", "--tenant", "contoso.com", file.to_str().unwrap()]);
    let reader = workplace.app("contoso.com", &["Directory.Read.All"]);
    let server = workplace.serve();
    let token = server.reading_token(&reader);
    let ids = |report: &str| {
        let target = format!("/contoso.com/{report}?api-version=beta");
        server.get(&token, &target).ids().len()
    };
    assert_eq!(ids("activities/signinEvents"), 2);
    assert_eq!(ids("reports/allUserSignInActivityEvents"), 1);
    let asked = Request::get("/contoso.com/reports?api-version=beta")
        .bearer(&token)
        .header("Prefer", r#"include-annotations="*""#);
    let json = server.send(&asked).json();
    let reports = json["value"].as_array().unwrap();
    let listed = reports
        .iter()
        .find(|report| report["Name"] == "allUserSignInActivityEvents");
    assert_eq!(listed.unwrap()["rows"], 1);
    assert!(listed.unwrap()["newestRow"].is_string());
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
    let rows = "application/json;odata.metadata=minimal;odata.streaming=true;charset=utf-8";
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
            rows,
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
        why("reports/cloudAppDiscoveryEvents?api-version=beta"),
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
