//! Following nextLink to the end gives every row once, whatever else happens meanwhile.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod support;

use std::collections::BTreeSet;
use support::http::{Answer, Request};
use support::records::{audit, sign_in};
use support::{CONTOSO, FABRIKAM, Server, Workplace, ids_of, path_of};

/// A filter that sees all rows here.
const ALL: &str = "$filter=eventTime%20ge%202019-01-01";

struct Site {
    server: Server,
    token: String,
    ingest: String,
    workplace: Workplace,
}

/// 2,300 audits of three months, of which many share an instant, in no order.
fn site(settings: &[(&str, &str)]) -> Site {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    let app = workplace.app("contoso.com", &["Directory.Read.All", "Ingest"]);
    let records: Vec<String> = (0..2300).map(row).collect();
    let file = workplace.file("audits.jsonl", records.join("\n"));
    assert_eq!(
        workplace.json(&["import", file.to_str().unwrap(), "--tenant", CONTOSO])["new"],
        2300
    );
    let server = workplace.serve_with(settings);
    Site {
        token: server.reading_token(&app),
        ingest: server.ingest_token(&app),
        server,
        workplace,
    }
}

/// Seven rows share each instant; 13 and 2,300 have no common divisor, so this is every number once.
fn row(number: u32) -> String {
    let place = number * 13 % 2300;
    audit(&format!("row{place}"), &time(place / 7), "Add user")
}

/// 329 instants, four to a day, from December 2019 on.
fn time(instant: u32) -> String {
    let (day, quarter) = (instant / 4, instant % 4);
    let (month, day) = match day {
        0..31 => ("2019-12", day + 1),
        31..62 => ("2020-01", day - 30),
        _ => ("2020-02", day - 61),
    };
    format!("{month}-{day:02}T{:02}:00:00.1234567Z", quarter * 6)
}

fn all_ids() -> BTreeSet<String> {
    (0..2300).map(|place| format!("row{place}")).collect()
}

impl Site {
    fn pages(&self, query: &str, prefer: Option<&str>) -> Vec<Answer> {
        let request = |target: &str| {
            let request = Request::get(target).bearer(&self.token);
            match prefer {
                Some(prefer) => request.header("Prefer", prefer),
                None => request,
            }
        };
        let target = format!("/contoso.com/reports/auditEvents?api-version=beta&{query}");
        self.server.pages(request, &target)
    }

    fn get(&self, target: &str) -> Answer {
        self.server.get(&self.token, target)
    }
}

/// A question, the wish for a page's size, and the sizes of the pages that must come; the rows are the first of the
/// whole order after those skipped.
fn check(site: &Site, query: &str, prefer: Option<&str>, sizes: &[usize], skipped: usize) {
    let whole = ids_of(&site.pages(ALL, None));
    let pages = site.pages(&format!("{ALL}&{query}"), prefer);
    let got: Vec<usize> = pages.iter().map(|page| page.ids().len()).collect();
    assert_eq!(got, sizes, "{query} {prefer:?}");
    let rows: usize = sizes.iter().sum();
    assert_eq!(
        ids_of(&pages),
        whole[skipped..skipped + rows],
        "{query} {prefer:?}"
    );
}

#[test]
fn all_pages_together_are_every_row_once_newest_first() {
    let site = site(&[]);
    let pages = site.pages(ALL, None);
    let sizes: Vec<usize> = pages.iter().map(|page| page.ids().len()).collect();
    assert_eq!(sizes, [1000, 1000, 300]);
    let ids = ids_of(&pages);
    assert_eq!(ids.len(), 2300);
    assert_eq!(ids.iter().cloned().collect::<BTreeSet<_>>(), all_ids());
    let times: Vec<String> = pages
        .iter()
        .flat_map(|page| page.json()["value"].as_array().unwrap().clone())
        .map(|row| row["eventTime"].as_str().unwrap().to_owned())
        .collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older));
    assert_eq!(times[0], "2020-02-21T00:00:00.1234567Z");
    assert_eq!(times[2299], "2019-12-01T00:00:00.1234567Z");
    assert_eq!(
        ids_of(&site.pages(ALL, None)),
        ids,
        "the order is always the same"
    );
}

#[test]
fn top_skip_and_the_wished_size_cut_pages_but_never_rows() {
    let site = site(&[]);
    check(&site, "$top=1000", None, &[1000], 0);
    check(&site, "$top=1500", None, &[1000, 500], 0);
    check(&site, "$top=2000", None, &[1000, 1000], 0);
    check(&site, "$top=5000", None, &[1000, 1000, 300], 0);
    check(&site, "$top=20", Some("odata.maxpagesize=7"), &[7, 7, 6], 0);
    check(
        &site,
        "$skip=10&$top=20",
        Some("odata.maxpagesize=7"),
        &[7, 7, 6],
        10,
    );
    check(&site, "$skip=10&$top=20", Some("maxpagesize=20"), &[20], 10);
    check(&site, "$skip=2290", None, &[10], 2290);
    check(
        &site,
        "$skip=1295&$top=1010",
        Some("maxpagesize=5000"),
        &[1000, 5],
        1295,
    );
    check(
        &site,
        "$skip=2250",
        Some("odata.maxpagesize=20"),
        &[20, 20, 10],
        2250,
    );
    let page = site.server.send(
        &Request::get(&format!(
            "/contoso.com/reports/auditEvents?api-version=beta&{ALL}"
        ))
        .bearer(&site.token)
        .header("Prefer", "odata.maxpagesize=3"),
    );
    assert_eq!(page.header("preference-applied"), Some("maxpagesize=3"));
    assert_eq!(page.ids().len(), 3);
}

#[test]
fn the_token_alone_is_enough() {
    let site = site(&[]);
    let whole = ids_of(&site.pages(ALL, None));
    let mut ids = Vec::new();
    let mut target = format!("/contoso.com/reports/auditEvents?api-version=beta&{ALL}&$top=2200");
    loop {
        let page = site.get(&target);
        ids.extend(page.ids());
        let Some(link) = page.next_link() else { break };
        // `parse_qs(urlparse(link).query)["$skiptoken"][0]`, sent again by `urlencode` (wire contract 1.4 [C: PYI]).
        let token = link.split_once("%24skiptoken=").unwrap().1;
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        );
        target = format!("/contoso.com/reports/auditEvents?api-version=beta&%24skiptoken={token}");
    }
    assert_eq!(ids, whole[..2200]);
}

#[test]
fn options_repeated_beside_the_token_change_nothing() {
    let site = site(&[]);
    let whole = ids_of(&site.pages(ALL, None));
    let first = site.get(&format!(
        "/contoso.com/reports/auditEvents?api-version=beta&{ALL}&$top=1010"
    ));
    let next = path_of(&first.next_link().unwrap()).to_owned();
    for more in [
        "",
        "&$top=1010",
        &format!("&{ALL}&$top=1010"),
        "&api-version=1.6&api-version=beta",
    ] {
        let page = site.get(&format!("{next}{more}"));
        assert_eq!(
            (page.status, page.ids(), page.next_link()),
            (200, whole[1000..1010].to_vec(), None),
            "{more}"
        );
    }
}

#[test]
fn the_default_window_pages_too() {
    let site = site(&[("reports.window_days", "36500")]);
    assert_eq!(ids_of(&site.pages("x=y", None)).len(), 2300);
    let pages = site.pages("$top=15", Some("maxpagesize=10"));
    assert_eq!(
        pages.iter().map(|page| page.ids().len()).collect::<Vec<_>>(),
        [10, 5]
    );
}

#[test]
fn pages_stay_right_while_rows_arrive_and_change() {
    let site = site(&[]);
    let whole = ids_of(&site.pages(ALL, None));
    let request = |target: &str| {
        Request::get(target)
            .bearer(&site.token)
            .header("Prefer", "odata.maxpagesize=100")
    };
    let mut target = format!("/contoso.com/reports/auditEvents?api-version=beta&{ALL}");
    let mut ids = Vec::new();
    for round in 0_u32.. {
        let page = site.server.send(&request(&target));
        assert_eq!(page.status, 200, "{}", page.text());
        ids.extend(page.ids());
        let Some(link) = page.next_link() else { break };
        target = path_of(&link).to_owned();
        // New rows before, among and behind those read; a known one with other content; two that move in time, one
        // from before the reader to behind it and one the other way.
        let (before, behind) = ("2020-02-29T00:00:00Z", "2019-11-30T00:00:00Z");
        let records = [
            audit(&format!("newest{round}"), before, "Add user"),
            audit(&format!("among{round}"), &time(round * 13 % 329), "Add user"),
            audit(&format!("oldest{round}"), behind, "Add user"),
            audit(
                &whole[(round as usize * 97) % 2300],
                &time(round % 329),
                "Update user",
            ),
            audit(&whole[round as usize], behind, "Update user"),
            audit(&whole[2299 - round as usize], before, "Update user"),
        ];
        site.server.ingest(&site.ingest, CONTOSO, &records.join("\n"));
        assert!(round < 100, "the pages have no end");
    }
    assert_eq!(
        ids.iter().filter(|id| id.starts_with("row")).count(),
        2300,
        "each old row once"
    );
    assert_eq!(
        ids.iter().cloned().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "no row twice"
    );
    assert!(all_ids().is_subset(&ids.iter().cloned().collect()));
    // Who starts anew sees what has come: 22 rounds of three new rows.
    let again = ids_of(&site.pages(ALL, None));
    assert_eq!(again.len(), 2300 + 3 * 22);
    assert_eq!(again.iter().collect::<BTreeSet<_>>().len(), again.len());
    let check = site.workplace.json(&["store", "check"]);
    assert_eq!(check["faults"], serde_json::json!([]));
}

#[test]
fn a_token_that_is_not_in_its_place_is_refused() {
    let site = site(&[]);
    site.workplace.tenant(FABRIKAM, "fabrikam.com");
    let other = site.workplace.app("fabrikam.com", &["Directory.Read.All"]);
    let others_token = site.server.reading_token(&other);
    site.server.ingest(
        &site.ingest,
        CONTOSO,
        &sign_in("s1", "2020-01-01T00:00:00Z", "a@contoso.com", "Portal", 0),
    );
    let first = site.get(&format!(
        "/contoso.com/reports/auditEvents?api-version=beta&{ALL}"
    ));
    let link = first.next_link().unwrap();
    let token = link.split_once("%24skiptoken=").unwrap().1;
    let ask = |tenant: &str, bearer: &str, report: &str, token: &str| {
        let target = format!("/{tenant}/{report}?api-version=beta&%24skiptoken={token}");
        let answer = site.server.get(bearer, &target);
        let code = if answer.status == 200 {
            String::new()
        } else {
            answer.error_code()
        };
        (answer.status, code)
    };
    let refused = (400, "Request_BadRequest".to_owned());
    assert_eq!(
        ask("contoso.com", &site.token, "reports/auditEvents", token).0,
        200
    );
    for report in [
        "reports/ssprActivityEvents",
        "activities/audit",
        "activities/signinEvents",
    ] {
        assert_eq!(
            ask("contoso.com", &site.token, report, token),
            refused,
            "{report}"
        );
    }
    assert_eq!(
        ask("fabrikam.com", &others_token, "reports/auditEvents", token),
        refused
    );
    for place in (0..token.len()).step_by(5) {
        let mut damaged = token.as_bytes().to_vec();
        damaged[place] = if damaged[place] == b'A' { b'B' } else { b'A' };
        let damaged = String::from_utf8(damaged).unwrap();
        assert_eq!(
            ask("contoso.com", &site.token, "reports/auditEvents", &damaged),
            refused,
            "{place}"
        );
    }
    for damaged in [
        &token[1..],
        &token[..token.len() - 1],
        &format!("{token}A"),
        "A",
        "-1339686058",
        "%00",
        "%2B%2F",
    ] {
        assert_eq!(
            ask("contoso.com", &site.token, "reports/auditEvents", damaged),
            refused,
            "{damaged}"
        );
    }
}

#[test]
fn links_have_the_origin_that_was_asked() {
    let plain = site(&[]);
    let target = format!("/contoso.com//reports/auditEvents?api-version=beta&{ALL}&$top=1001");
    let links = |site: &Site, host: Option<&str>| {
        let request = Request::get(&target).bearer(&site.token);
        let answer = site.server.send(&match host {
            Some(host) => request.host(host),
            None => request,
        });
        let context = answer.json()["@odata.context"].as_str().unwrap().to_owned();
        (
            answer.next_link().unwrap(),
            context,
            answer.header("strict-transport-security").is_some(),
        )
    };
    for (host, origin) in [
        (None, format!("http://{}", plain.server.address)),
        (
            Some("reports.example:8443"),
            "http://reports.example:8443".to_owned(),
        ),
        (Some("localhost"), "http://localhost".to_owned()),
    ] {
        let (next, context, _) = links(&plain, host);
        let expected = format!("{origin}/contoso.com//reports/auditEvents?api-version=beta&%24skiptoken=");
        assert!(next.starts_with(&expected), "{next}");
        assert_eq!(
            context,
            format!("{origin}/contoso.com/reports/$metadata#auditEvents")
        );
    }
    drop(plain);
    let public = site(&[("server.public_url", "https://reports.contoso.com")]);
    for host in [None, Some("other.example")] {
        let (next, context, insists) = links(&public, host);
        assert!(
            next.starts_with("https://reports.contoso.com/contoso.com//reports/"),
            "{next}"
        );
        assert!(
            context.starts_with("https://reports.contoso.com/contoso.com/"),
            "{context}"
        );
        assert!(insists, "behind a public https address the answer insists on TLS");
    }
}

#[test]
fn what_examines_many_rows_gives_short_pages_and_still_every_row() {
    let site = site(&[("limits.rows_examined", "1000")]);
    let actors = "contains(activity,'user')%20and%20activityDate%20ge%202019-01-01";
    let get = |filter: &str| {
        let target = format!("/contoso.com/activities/audit?api-version=beta&$filter={filter}");
        site.server
            .pages(|target| Request::get(target).bearer(&site.token), &target)
    };
    assert_eq!(ids_of(&get(actors)).len(), 2300);
    let one = audit("needle", "2019-12-01T00:00:00Z", "Delete policy");
    site.server.ingest(&site.ingest, CONTOSO, &one);
    let pages = get("contains(activity,'policy')%20and%20activityDate%20ge%202019-01-01");
    assert_eq!(ids_of(&pages), ["needle"]);
    assert_eq!(pages.len(), 3, "2,301 rows, 1,000 a request");
}
