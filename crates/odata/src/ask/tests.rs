//! What a request asks of the store, page after page.

use super::*;
use crate::fixtures;
use crate::options;
use uuid::Uuid;

fn time(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

fn context() -> Context {
    Context {
        tenant: TenantId::new(Uuid::from_u128(7)),
        now: time("2017-05-24T12:00:00Z"),
        default_window_days: 30,
        page_rows_max: 1000,
        max_page_size: None,
        max_examined: 200_000,
        snapshot: 5,
        epoch: 1,
        visible_since: None,
    }
}

fn asked_in(report: &'static ReportDef, query: &str, context: &Context) -> Result<Asked, RequestError> {
    ask(
        report,
        &options::parse(Some(&format!("api-version=beta&{query}"))).unwrap(),
        context,
    )
}

fn asked(query: &str) -> Asked {
    asked_in(&fixtures::AUDIT_EVENTS, query, &context()).unwrap()
}

/// `first..last` of each range; an open end is left out.
fn ranges(times: &TimeRanges) -> String {
    let end = |time: Timestamp, open: Timestamp| {
        if time == open {
            String::new()
        } else {
            time.to_string()
        }
    };
    let shown: Vec<String> = times
        .iter()
        .map(|(first, last)| format!("{}..{}", end(first, Timestamp::MIN), end(last, Timestamp::MAX)))
        .collect();
    shown.join(" ")
}

#[track_caller]
fn check_times(report: &'static ReportDef, query: &str, expected: &str, examined: &str) {
    let asked = asked_in(report, query, &context()).unwrap();
    assert_eq!(ranges(&asked.query.times), expected, "{query}");
    let predicate = asked
        .query
        .predicate
        .map_or("nothing".to_owned(), |predicate| format!("{predicate:?}"));
    let nested = ["And", "Or", "Text", "Compare"]
        .iter()
        .find(|kind| predicate.starts_with(*kind));
    assert_eq!(
        nested.copied().unwrap_or("nothing"),
        examined,
        "{query}: {predicate}"
    );
}

const WINDOW: &str = "2017-04-24T12:00:00Z..2017-05-25T12:00:00Z";

#[test]
fn without_a_date_the_last_thirty_days_answer_and_what_is_accepted_ahead_of_the_clock() {
    check_times(&fixtures::AUDIT_EVENTS, "", WINDOW, "nothing");
    check_times(&fixtures::AUDIT_EVENTS, "$top=5", WINDOW, "nothing");
    check_times(
        &fixtures::SIGNIN_EVENTS,
        "$filter=loginStatus eq '0'",
        WINDOW,
        "Text",
    );
    let asked = asked("");
    assert_eq!(
        asked.window,
        Some((time("2017-04-24T12:00:00Z"), time("2017-05-25T12:00:00Z")))
    );
}

#[test]
fn a_date_in_the_filter_lifts_the_window() {
    let audit = &fixtures::AUDIT_EVENTS;
    check_times(
        audit,
        "$filter=eventTime gt 2014-03-01",
        "2014-03-01T00:00:00.0000001Z..",
        "nothing",
    );
    check_times(
        audit,
        "$filter=eventTime le 2014-03-01",
        "..2014-03-01T00:00:00Z",
        "nothing",
    );
    check_times(
        audit,
        "$filter=eventTime eq 2015-03-12T22:01:18.4385955Z",
        "2015-03-12T22:01:18.4385955Z..2015-03-12T22:01:18.4385955Z",
        "nothing",
    );
    check_times(
        audit,
        "$filter=eventTime gt 2015-01-01 and eventTime lt 2014-01-01",
        "",
        "nothing",
    );
    // The reference's own example (wire contract 1.5).
    check_times(
        audit,
        "$filter=(eventTime gt 2014-03-01 and eventTime lt 2015-04-23) or eventTime lt 2015-02-01",
        "..2015-04-22T23:59:59.9999999Z",
        "nothing",
    );
    check_times(
        audit,
        "$filter=eventTime lt 2014-01-01 or eventTime ge 2016-01-01",
        "..2013-12-31T23:59:59.9999999Z 2016-01-01T00:00:00Z..",
        "nothing",
    );
    assert_eq!(asked("$filter=eventTime gt 2014-03-01").window, None);
}

#[test]
fn what_the_ranges_say_is_not_examined_again() {
    let signins = &fixtures::SIGNIN_EVENTS;
    let both = "$filter=signinDateTime ge 2017-01-01 and loginStatus eq '1'";
    check_times(signins, both, "2017-01-01T00:00:00Z..", "Text");
    let three = "$filter=signinDateTime ge 2017-01-01 and loginStatus eq '1' and userId eq 'a'";
    check_times(signins, three, "2017-01-01T00:00:00Z..", "And");
    let either = "$filter=signinDateTime ge 2017-01-01 or loginStatus eq '1'";
    check_times(signins, either, "..", "Or");
    // The other date of this report does not order its rows.
    let other = "$filter=lastSignInTime ge 2017-01-01";
    check_times(&fixtures::INFECTED_DEVICES, other, "..", "Compare");
}

#[test]
fn the_time_of_a_report_without_a_date_of_its_own_is_asked_by_name() {
    let count = &fixtures::AUTHENTICATION_COUNT;
    check_times(count, "", "2017-04-24T12:00:00Z..2017-05-24T12:00:00Z", "nothing");
    check_times(
        count,
        "$filter=TimeStamp ge 2016-10-15",
        "2016-10-15T00:00:00Z..2017-05-24T12:00:00Z",
        "nothing",
    );
    check_times(
        count,
        "$filter=ApplicationId eq ada78934-a6da-4e69-b816-10de0d79db1d and TimeStamp lt 2017-01-01",
        "..2016-12-31T23:59:59.9999999Z",
        "Compare",
    );
}

#[test]
fn what_a_report_no_longer_shows_is_not_asked_for() {
    let context = Context {
        visible_since: Some(time("2017-05-01")),
        ..context()
    };
    let shown = |query| {
        ranges(
            &asked_in(&fixtures::AUDIT_EVENTS, query, &context)
                .unwrap()
                .query
                .times,
        )
    };
    assert_eq!(shown(""), "2017-05-01T00:00:00Z..2017-05-25T12:00:00Z");
    assert_eq!(shown("$filter=eventTime gt 2014-03-01"), "2017-05-01T00:00:00Z..");
    assert_eq!(shown("$filter=eventTime lt 2014-03-01"), "");
}

/// How many rows each page asks for, until there is no next one; every page but the last is full.
#[track_caller]
fn check_pages(query: &str, wish: Option<usize>, rows_there: u64, expected: &[usize]) {
    let context = Context {
        max_page_size: wish,
        ..context()
    };
    let mut asked = asked_in(&fixtures::AUDIT_EVENTS, query, &context).unwrap();
    let mut left = rows_there;
    let mut limits = Vec::new();
    loop {
        limits.push(asked.query.limit);
        let rows = left.min(asked.query.limit as u64);
        left -= rows;
        let end = (left > 0).then_some(Position {
            time: time("2017-05-02"),
            key: [1; 16],
        });
        let Some(token) = asked.next_token(&Progress {
            rows,
            skipped: 0,
            end,
        }) else {
            break;
        };
        asked = asked_in(&fixtures::AUDIT_EVENTS, &format!("$skiptoken={token}"), &context).unwrap();
    }
    assert_eq!(limits, expected, "{query}");
}

#[test]
fn top_up_to_a_thousand_is_one_page_and_more_comes_in_pages() {
    check_pages("", None, 2500, &[1000, 1000, 1000]);
    check_pages("", None, 2000, &[1000, 1000]);
    check_pages("$top=1000", None, 2500, &[1000]);
    check_pages("$top=999", None, 2500, &[999]);
    check_pages("$top=2500", None, 5000, &[1000, 1000, 500]);
    check_pages("$top=2500", None, 1200, &[1000, 1000]);
    check_pages("$top=4294967295", None, 1500, &[1000, 1000]);
}

#[test]
fn a_wish_makes_pages_smaller_and_never_larger() {
    check_pages("", Some(400), 1000, &[400, 400, 400]);
    check_pages("$top=500", Some(400), 1000, &[400, 100]);
    check_pages("", Some(5000), 1500, &[1000, 1000]);
    check_pages("", Some(0), 2, &[1, 1]);
}

fn progress(rows: u64, skipped: u64) -> Progress {
    Progress {
        rows,
        skipped,
        end: Some(Position {
            time: time("2017-05-02"),
            key: [1; 16],
        }),
    }
}

#[test]
fn the_next_page_reads_the_same_question_from_where_the_last_one_ended() {
    let context = Context {
        max_page_size: Some(10),
        ..context()
    };
    let signins = &fixtures::SIGNIN_EVENTS;
    let first = asked_in(signins, "$filter=loginStatus eq '0'&$skip=3&$top=25", &context).unwrap();
    assert_eq!(
        (first.query.skip, first.query.after, first.query.snapshot),
        (3, None, Some(5))
    );
    let token = first.next_token(&progress(10, 3)).unwrap();

    let later = Context {
        now: time("2017-05-26"),
        snapshot: 9,
        max_page_size: None,
        ..context
    };
    let next = asked_in(signins, &format!("$skiptoken={token}"), &later).unwrap();
    assert_eq!(next.query.after, progress(10, 3).end);
    assert_eq!(
        (next.query.skip, next.query.limit, next.top_left),
        (0, 10, Some(15))
    );
    assert_eq!(
        next.query.snapshot,
        Some(5),
        "rows that arrived since do not shift pages"
    );
    assert_eq!(
        next.window, first.window,
        "the window does not move with the clock"
    );
    assert_eq!(next.query.times, first.query.times);
    assert_eq!(next.query.predicate, first.query.predicate);
}

#[test]
fn rows_still_to_be_skipped_are_skipped_on_the_next_page() {
    let first = asked("$skip=300&$top=5");
    let token = first.next_token(&progress(0, 120)).unwrap();
    let next = asked(&format!("$skiptoken={token}"));
    assert_eq!((next.query.skip, next.top_left), (180, Some(5)));
}

#[test]
fn the_token_counts_and_the_options_beside_it_do_not() {
    let token = asked("$filter=eventTime gt 2017-01-01&$top=3000")
        .next_token(&progress(1000, 0))
        .unwrap();
    let next = asked(&format!(
        "$filter=eventTime lt 2014-01-01&$top=7&$skip=9&$skiptoken={token}"
    ));
    assert_eq!(ranges(&next.query.times), "2017-01-01T00:00:00.0000001Z..");
    assert_eq!(
        (next.top_left, next.query.skip, next.query.limit),
        (Some(2000), 0, 1000)
    );
}

#[test]
fn the_next_link_replaces_its_token_however_that_was_spelled() {
    let mut query = "api-version=beta&$top=5000".to_owned();
    for _ in 0..4 {
        let asked = ask(
            &fixtures::AUDIT_EVENTS,
            &options::parse(Some(&query)).unwrap(),
            &context(),
        )
        .unwrap();
        let token = asked.next_token(&progress(1000, 0)).unwrap();
        let link = crate::page::next_link("http://h", "/t/reports/auditEvents", &token);
        assert_eq!(
            link.to_ascii_lowercase().matches("skiptoken").count(),
            1,
            "{link}"
        );
        query = link.split_once('?').unwrap().1.to_owned();
    }
}

#[test]
fn the_longest_filter_fits_into_the_next_link() {
    let padding = " ".repeat(8_192 - "eventTime gt 2014-03-01".len());
    let asked = asked(&format!("$filter=eventTime{padding} gt 2014-03-01").replacen(' ', "", 1));
    let token = asked.next_token(&progress(1000, 0)).unwrap();
    let query = format!("api-version=beta&%24skiptoken={token}");
    assert!(
        ask(
            &fixtures::AUDIT_EVENTS,
            &options::parse(Some(&query)).unwrap(),
            &context()
        )
        .is_ok()
    );
}

#[test]
fn a_token_of_another_report_tenant_or_service_is_refused() {
    let token = asked("").next_token(&progress(1000, 0)).unwrap();
    let query = format!("$skiptoken={token}");
    let other_report = asked_in(&fixtures::SIGNIN_EVENTS, &query, &context()).unwrap_err();
    assert!(
        other_report
            .message
            .contains("not to `signinEvents`; start again without it"),
        "{other_report}"
    );
    let elsewhere = Context {
        tenant: TenantId::new(Uuid::from_u128(8)),
        ..context()
    };
    let foreign = "This $skiptoken is not one of this service's; start again without it.";
    assert_eq!(
        asked_in(&fixtures::AUDIT_EVENTS, &query, &elsewhere)
            .unwrap_err()
            .message,
        foreign
    );
    let old = asked_in(&fixtures::SIGNIN_EVENTS, "$skiptoken=-1339686058", &context()).unwrap_err();
    assert_eq!(old.message, foreign);
}

#[test]
fn rows_are_not_served_as_xml() {
    let error = asked_in(&fixtures::AUDIT_EVENTS, "$format=xml", &context()).unwrap_err();
    assert!(
        error.message.contains("only $metadata is served as XML"),
        "{error}"
    );
}
