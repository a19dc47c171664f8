//! What `$filter` refuses: the text, the place of the trouble, and what the client is told.

use super::super::*;
use super::check;
use crate::fixtures;
use serde_json::json;

#[track_caller]
fn check_refused(report: &'static ReportDef, text: &str, position: usize, message: &str) {
    let error = parse(report, text).expect_err(text);
    let got = error
        .details
        .iter()
        .find(|(name, _)| *name == "position")
        .map(|(_, value)| value.clone());
    assert_eq!(got, Some(json!(position)), "{text}: {error}");
    assert!(error.message.contains(message), "{text}: {error}");
    assert!(
        error
            .message
            .ends_with(&format!(" (at character {position} of $filter).")),
        "{text}: {error}"
    );
}

#[test]
fn what_the_reference_calls_unsupported_is_refused_with_its_place() {
    let audit = &fixtures::AUDIT_EVENTS;
    check_refused(
        audit,
        "eventTime ne 2014-03-01",
        11,
        "`ne` is not supported. $filter takes eq, gt",
    );
    check_refused(audit, "not eventTime eq 2014-03-01", 1, "`not` is not supported");
    check_refused(
        audit,
        "not (eventTime eq 2014-03-01)",
        1,
        "`not` is not supported",
    );
    check_refused(
        audit,
        "startswith(actor,'a')",
        1,
        "`startswith(…)` is not supported",
    );
    check_refused(audit, "contains(actor,'a')", 1, "`contains(…)` is not supported");
    check_refused(
        audit,
        "actor/any(a: a eq 'x')",
        1,
        "`actor/any(…)` is not supported",
    );
    check_refused(
        audit,
        "eventTime eq 2014-03-01 add 1",
        25,
        "`add` is not supported",
    );
    check_refused(
        audit,
        "eventTime sub 2014-03-01 gt 1",
        11,
        "`sub` is not supported",
    );
    check_refused(
        audit,
        "eventTime gt null",
        14,
        "`null` is not supported as a value",
    );
    check_refused(audit, "year(eventTime) eq 2014", 1, "`year(…)` is not supported");
    check_refused(audit, "eventTime gt now()", 14, "`now(…)` is not supported");
    check_refused(audit, "eventTime in (2014-03-01)", 11, "`in` is not supported");
}

#[test]
fn a_wrong_name_is_answered_with_the_right_one() {
    let audit = &fixtures::AUDIT_EVENTS;
    check_refused(
        audit,
        "eventtime gt 2014-03-01",
        1,
        "has no `eventtime` to filter by. Did you mean `eventTime`?",
    );
    check_refused(
        audit,
        "eventTime gt 2014-03-01 and Time lt 2015-01-01",
        29,
        "what can be used: eventTime",
    );
    check_refused(
        audit,
        "actor eq 'x'",
        1,
        "`actor` of `auditEvents` cannot be used in $filter; what can be used: eventTime",
    );
    check_refused(audit, "event/time eq 'x'", 1, "Did you mean `eventTime`?");
    check_refused(
        &fixtures::TENANT_USER_COUNT,
        "Share eq 1",
        1,
        "`Share` of `tenantUserCount` cannot be used",
    );
    check_refused(
        &fixtures::ACTIVITIES_AUDIT,
        "activitydate gt 2014-03-01",
        1,
        "Did you mean `activityDate`?",
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_with_the_right_form() {
    let audit = &fixtures::AUDIT_EVENTS;
    check_refused(
        audit,
        "eventTime gt '2014-03-01'",
        14,
        "a date without quotes: 2014-03-01",
    );
    check_refused(audit, "eventTime gt 2014-02-30", 14, "`2014-02-30` is none");
    check_refused(
        audit,
        "eventTime gt 10/15/2016",
        14,
        "a date, and `10` is none. Write 2016-01-08",
    );
    check_refused(
        audit,
        "eventTime gt 5",
        14,
        "`5` is none. Write 2016-01-08 or 2016-01-08T09:05:00Z",
    );
    check_refused(
        audit,
        "eventTime gt datetime'2014-03-01'",
        14,
        "Dates are written bare",
    );
    check_refused(
        audit,
        "eventTime gt 2014-03-01T00:00:00.1234567890123Z",
        14,
        "is none",
    );
    // Only what lost its zone gets one back.
    check_refused(
        audit,
        "eventTime ge 2016-01-08T09:05:00Z 00:00",
        35,
        "`00:00` stands where",
    );
    check_refused(
        audit,
        "eventTime ge 2016-01-08T09:05:00+01:00 00:00",
        40,
        "`00:00` stands where",
    );
    let users = &fixtures::TENANT_USER_COUNT;
    check_refused(users, "Provider eq 5", 13, "text in single quotes: '5'");
    check_refused(users, "Provider eq Local", 13, "has no `Local` to filter by");
    check_refused(
        users,
        "Provider gt 'a'",
        10,
        "`Provider` can only be compared with `eq`",
    );
    check_refused(
        users,
        "TotalUserCount eq '5'",
        19,
        "a whole number without quotes",
    );
    check_refused(
        users,
        "TotalUserCount eq 99999999999999999999",
        19,
        "a whole number",
    );
    check_refused(
        users,
        "PolicyId eq 'ada78934-a6da-4e69-b816-10de0d79db1d'",
        13,
        "a GUID without quotes",
    );
    check_refused(users, "PolicyId eq 5", 13, "a GUID without quotes");
    check_refused(
        users,
        "PolicyId gt ada78934-a6da-4e69-b816-10de0d79db1d",
        10,
        "only be compared with `eq`",
    );
}

#[test]
fn what_is_no_filter_at_all_is_refused_with_its_place() {
    let audit = &fixtures::AUDIT_EVENTS;
    check_refused(audit, " ", 2, "The $filter ends where a property");
    check_refused(audit, "eventTime", 10, "The $filter ends where `eq`, `gt`");
    check_refused(
        audit,
        "eventTime gt",
        13,
        "The $filter ends where a value should stand",
    );
    check_refused(audit, "eventTime gt 2014-03-01 and", 28, "The $filter ends where");
    check_refused(
        audit,
        "(eventTime gt 2014-03-01",
        25,
        "The $filter ends where `and`, `or` or `)` should stand",
    );
    check_refused(audit, "eventTime gt 2014-03-01)", 24, "This `)` was never opened");
    check_refused(
        audit,
        "eventTime gt 2014-03-01 eventTime",
        25,
        "`eventTime` stands where `and`, `or` or the end",
    );
    check_refused(
        audit,
        "2014-03-01 eq 2014-03-01",
        1,
        "One side of a comparison must be a property",
    );
    check_refused(
        audit,
        "eventTime eq eventTime",
        14,
        "Two properties cannot be compared",
    );
    check_refused(
        audit,
        "eventTime > 2014-03-01",
        11,
        "`>` is not an operator here. Use eq, gt, ge, lt or le",
    );
    check_refused(audit, "eventTime gt \"2014-03-01\"", 14, "single quotes");
    check_refused(
        audit,
        "eventTime gt 2014-03-01$top=5",
        24,
        "is there an `&` missing before an option?",
    );
    check_refused(audit, "eventTime eq\u{0}", 13, "cannot stand here");
}

#[test]
fn typographic_quotes_are_named() {
    let signins = &fixtures::SIGNIN_EVENTS;
    check_refused(
        signins,
        "userId eq ’abc’",
        11,
        "`’` is not a straight quote. Use straight quotes: 'text'",
    );
    check_refused(signins, "userId eq ‘abc’", 11, "Use straight quotes");
    check_refused(signins, "userId eq 'it''s", 11, "The quote is not closed");
    check_refused(
        signins,
        "userId eq 'a' and userPrincipalName eq “b”",
        40,
        "Use straight quotes",
    );
}

#[test]
fn places_are_counted_in_characters() {
    check_refused(
        &fixtures::SIGNIN_EVENTS,
        "userId eq 'größe' ne",
        19,
        "`ne` is not supported",
    );
    let error = parse(&fixtures::SIGNIN_EVENTS, "userId eq 'größe' ne 5").unwrap_err();
    let excerpt = error
        .details
        .iter()
        .find(|(name, _)| *name == "excerpt")
        .map(|(_, value)| value.clone());
    assert_eq!(
        excerpt,
        Some(json!("userId eq 'größe' ne 5\n                  ^"))
    );
}

#[test]
fn activities_refuse_what_goes_beyond_their_list() {
    let audit = &fixtures::ACTIVITIES_AUDIT;
    let namespace = model::entity::AUDIT_LOG_NAMESPACE;
    check_refused(
        audit,
        "contains(category,'x')",
        10,
        "`contains` can only be used with activity",
    );
    check_refused(
        audit,
        "endswith(activity,'x')",
        1,
        "contains and startsWith with activity, targets/any(t: …)",
    );
    check_refused(audit, "contains(activity,x)", 19, "has no `x` to filter by");
    check_refused(audit, "contains(activity,5)", 19, "text in single quotes");
    check_refused(audit, "contains(activity,'x') eq false", 27, "only `eq true`");
    check_refused(
        audit,
        "targets/all(t: t/name eq 'x')",
        1,
        "`targets/all(…)` is not supported",
    );
    check_refused(audit, "targets/any()", 13, "a name for the item");
    check_refused(
        audit,
        "targets/any(t: name eq 'x')",
        16,
        "names start with the item: `t/…`",
    );
    check_refused(audit, "targets/any(t: t/nam eq 'x')", 16, "Did you mean `name`?");
    check_refused(
        audit,
        "targets/any(t: targets/any(s: s/name eq 'x'))",
        16,
        "cannot stand inside another",
    );
    check_refused(
        audit,
        &format!("actor/{namespace}.Other/userPrincipalName eq 'x'"),
        7,
        "ActorUserEntity`",
    );
    check_refused(
        audit,
        &format!("actor/{namespace}.ActorUserEntity/name eq 'x'"),
        7,
        "no type cast here",
    );
    check_refused(
        audit,
        &format!("actor/{namespace}.ActorUserEntity eq 'x'"),
        7,
        "no type cast here",
    );
    check_refused(audit, "a.b/c.d/e eq 'x'", 1, "no type cast here");
}

#[test]
fn there_are_limits_on_length_depth_and_number() {
    let audit = &fixtures::AUDIT_EVENTS;
    let nested = |depth: usize| {
        format!(
            "{}eventTime eq 2014-03-01{}",
            "(".repeat(depth),
            ")".repeat(depth)
        )
    };
    check(audit, &nested(MAX_DEPTH), "eventTime=2014-03-01T00:00:00Z");
    check_refused(
        audit,
        &nested(MAX_DEPTH + 1),
        MAX_DEPTH + 1,
        "nested deeper than 32",
    );
    let many = |count: usize| vec!["eventTime eq 2014-03-01"; count].join(" or ");
    assert!(parse(audit, &many(MAX_COMPARISONS)).is_ok());
    check_refused(
        audit,
        &many(MAX_COMPARISONS + 1),
        5414,
        "more than 200 comparisons",
    );
    let longest = format!("{:MAX_FILTER_BYTES$}", "eventTime eq 2014-03-01");
    check(audit, &longest, "eventTime=2014-03-01T00:00:00Z");
    let long = parse(audit, &" ".repeat(MAX_FILTER_BYTES + 1)).unwrap_err();
    assert!(
        long.message
            .starts_with("The $filter has 8193 bytes; at most 8192 are read."),
        "{long}"
    );
}

#[test]
fn malformed_and_unsupported_have_codes_of_their_own() {
    let code = |text: &str| parse(&fixtures::AUDIT_EVENTS, text).unwrap_err().code;
    assert_eq!(code("eventTime gt"), "Request_BadRequest");
    assert_eq!(code("eventTime ne 2014-03-01"), "Request_UnsupportedQuery");
    assert_eq!(code("nothing eq 2014-03-01"), "Request_UnsupportedQuery");
}

/// Eight kilobytes of somebody's text in an error help nobody, and control characters spoil a terminal.
#[test]
fn what_a_client_wrote_comes_back_short_and_without_control_characters() {
    let audit = &fixtures::AUDIT_EVENTS;
    let activities = &fixtures::ACTIVITIES_AUDIT;
    let (long, cut) = ("a".repeat(5000), format!("{}…", "a".repeat(60)));
    let nines = format!("9{}", "9".repeat(5000));
    check_refused(audit, "eventTime 'a\r\n\u{1b}b' 1", 11, "`'a???b'` stands where");
    check_refused(
        audit,
        &format!("eventTime '{long}' 1"),
        11,
        &format!("`'{cut}'` stands where"),
    );
    check_refused(
        audit,
        &format!("{long} eq 1"),
        1,
        &format!("has no `{cut}` to filter by"),
    );
    check_refused(
        audit,
        &format!("{long}(a)"),
        1,
        &format!("`{cut}(…)` is not supported"),
    );
    check_refused(
        audit,
        &format!("eventTime eq '{long}'"),
        14,
        &format!("`{cut}` is none"),
    );
    check_refused(
        activities,
        &format!("category eq {nines}"),
        13,
        &format!("'{}…'", "9".repeat(60)),
    );
    check_refused(
        activities,
        &format!("targets/any({long}: name eq 'x')"),
        5015,
        &format!("`{cut}/…`"),
    );
}
