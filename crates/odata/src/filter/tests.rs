//! The language of `$filter` as tables: what a text means, and where and why one is refused.

use super::*;
use crate::fixtures;
use model::query::{Case, Literal, Operator, TextTest};
use serde_json::json;

mod always;

/// A predicate in a notation of its own: `&` and `|` with brackets, `=` with case, `~` without it.
fn show(predicate: &Predicate) -> String {
    let join = |parts: &[Predicate], mark: &str| {
        format!("({})", parts.iter().map(show).collect::<Vec<String>>().join(mark))
    };
    match predicate {
        Predicate::And(parts) => join(parts, " & "),
        Predicate::Or(parts) => join(parts, " | "),
        Predicate::Compare {
            path,
            operator,
            value,
        } => {
            let operator = match operator {
                Operator::Equal => "=",
                Operator::Greater => ">",
                Operator::GreaterOrEqual => ">=",
                Operator::Less => "<",
                Operator::LessOrEqual => "<=",
            };
            let value = match value {
                Literal::Time(time) => time.to_string(),
                Literal::Integer(number) => number.to_string(),
                Literal::Guid(guid) => format!("{{{guid}}}"),
            };
            format!("{}{operator}{value}", path.join("."))
        }
        Predicate::Text {
            path,
            test,
            value,
            case,
        } => {
            let test = match test {
                TextTest::Equal => "",
                TextTest::Contains => "*",
                TextTest::StartsWith => "^",
            };
            let case = if *case == Case::Sensitive { '=' } else { '~' };
            format!("{}{test}{case}{value:?}", path.join("."))
        }
        Predicate::Any { collection, item } => format!("{collection}[{}]", show(item)),
    }
}

#[track_caller]
fn check(report: &'static ReportDef, text: &str, expected: &str) {
    let got =
        parse(report, text).map_or_else(|error| format!("error: {error}"), |predicate| show(&predicate));
    assert_eq!(got, expected, "{text}");
}

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
fn the_five_comparisons_are_understood() {
    let audit = &fixtures::AUDIT_EVENTS;
    check(audit, "eventTime gt 2014-03-01", "eventTime>2014-03-01T00:00:00Z");
    check(
        audit,
        "eventTime ge 2014-03-01",
        "eventTime>=2014-03-01T00:00:00Z",
    );
    check(audit, "eventTime lt 2014-03-01", "eventTime<2014-03-01T00:00:00Z");
    check(
        audit,
        "eventTime le 2014-03-01",
        "eventTime<=2014-03-01T00:00:00Z",
    );
    check(audit, "eventTime eq 2014-03-01", "eventTime=2014-03-01T00:00:00Z");
    check(
        audit,
        "  ( ( eventTime   eq\t2014-03-01 ) ) ",
        "eventTime=2014-03-01T00:00:00Z",
    );
    check(
        audit,
        "eventTime GT 2014-03-01 AND eventTime Lt 2015-01-01",
        "(eventTime>2014-03-01T00:00:00Z & eventTime<2015-01-01T00:00:00Z)",
    );
}

#[test]
fn the_value_may_stand_first() {
    let audit = &fixtures::AUDIT_EVENTS;
    check(audit, "2014-03-01 lt eventTime", "eventTime>2014-03-01T00:00:00Z");
    check(
        audit,
        "2014-03-01 le eventTime",
        "eventTime>=2014-03-01T00:00:00Z",
    );
    check(audit, "2014-03-01 gt eventTime", "eventTime<2014-03-01T00:00:00Z");
    check(
        audit,
        "2014-03-01 ge eventTime",
        "eventTime<=2014-03-01T00:00:00Z",
    );
    check(audit, "2014-03-01 eq eventTime", "eventTime=2014-03-01T00:00:00Z");
}

#[test]
fn and_binds_before_or_and_brackets_before_both() {
    let users = &fixtures::TENANT_USER_COUNT;
    let (a, b, c) = (
        "TotalUserCount eq 1",
        "TotalUserCount eq 2",
        "TotalUserCount eq 3",
    );
    let (x, y, z) = ("TotalUserCount=1", "TotalUserCount=2", "TotalUserCount=3");
    check(
        users,
        &format!("{a} or {b} and {c}"),
        &format!("({x} | ({y} & {z}))"),
    );
    check(
        users,
        &format!("{a} and {b} or {c}"),
        &format!("(({x} & {y}) | {z})"),
    );
    check(
        users,
        &format!("({a} or {b}) and {c}"),
        &format!("(({x} | {y}) & {z})"),
    );
    check(
        users,
        &format!("({a} and ({b} and {c}))"),
        &format!("({x} & {y} & {z})"),
    );
    check(
        users,
        &format!("{a} or ({b} or {c})"),
        &format!("({x} | {y} | {z})"),
    );
    // The reference's own example for `and` (wire contract 1.5).
    check(
        &fixtures::AUDIT_EVENTS,
        "(eventTime gt 2014-03-01 and eventTime lt 2015-04-23) or eventTime lt 2015-02-01",
        "((eventTime>2014-03-01T00:00:00Z & eventTime<2015-04-23T00:00:00Z) | eventTime<2015-02-01T00:00:00Z)",
    );
}

#[test]
fn dates_are_read_as_clients_write_them() {
    let dates = [
        ("2017-01-01T00:00:00Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T00:00Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T12:30:00", "2017-01-01T12:30:00Z"),
        ("2017-01-01T00:00:00.000Z", "2017-01-01T00:00:00Z"),
        ("2017-01-01T00:00:00.1Z", "2017-01-01T00:00:00.1Z"),
        ("2015-03-12T22:01:18.4385955Z", "2015-03-12T22:01:18.4385955Z"),
        (
            "2015-03-12T22:01:18.438595512345Z",
            "2015-03-12T22:01:18.4385955Z",
        ),
        ("2016-01-08T09:05:00+00:00", "2016-01-08T09:05:00Z"),
        ("2016-01-08T09:05:00-05:00", "2016-01-08T14:05:00Z"),
        // A `+` that a decoder took for a space.
        ("2016-01-08T09:05:00 00:00", "2016-01-08T09:05:00Z"),
        ("2016-01-08T09:05:00.123 01:00", "2016-01-08T08:05:00.123Z"),
        ("2016-01-08T09:05:00 0130", "2016-01-08T07:35:00Z"),
        ("2016-01-08 09:05:00", "2016-01-08T09:05:00Z"),
        ("2016-01-08 09:05:00Z", "2016-01-08T09:05:00Z"),
        ("2016-01-08 09:05:00 02:00", "2016-01-08T07:05:00Z"),
    ];
    for (written, meant) in dates {
        let audit = &fixtures::AUDIT_EVENTS;
        check(
            audit,
            &format!("eventTime ge {written}"),
            &format!("eventTime>={meant}"),
        );
        check(
            audit,
            &format!("(eventTime lt {written})"),
            &format!("eventTime<{meant}"),
        );
        check(
            audit,
            &format!("{written} le eventTime"),
            &format!("eventTime>={meant}"),
        );
    }
}

#[test]
fn each_kind_of_property_has_its_kind_of_value() {
    let users = &fixtures::TENANT_USER_COUNT;
    let guid = "ada78934-a6da-4e69-b816-10de0d79db1d";
    check(users, "TotalUserCount ge -12", "TotalUserCount>=-12");
    check(
        users,
        &format!("PolicyId eq {guid}"),
        &format!("PolicyId={{{guid}}}"),
    );
    check(
        users,
        "PolicyId eq 12345678-ABCD-4e69-b816-10de0d79db1d",
        "PolicyId={12345678-abcd-4e69-b816-10de0d79db1d}",
    );
    check(
        users,
        &format!("{guid} eq PolicyId"),
        &format!("PolicyId={{{guid}}}"),
    );
    check(
        users,
        "Provider eq 'O''Neil & “co”'",
        r#"Provider="O'Neil & “co”""#,
    );
    check(users, "Provider eq ''", r#"Provider="""#);
    check(users, "Provider eq ''''", r#"Provider="'""#);
}

#[test]
fn a_filter_that_names_no_property_is_taken() {
    let count = &fixtures::AUTHENTICATION_COUNT;
    check(count, "TimeStamp gt 2016-10-15", "TimeStamp>2016-10-15T00:00:00Z");
    let text = "ApplicationId eq ada78934-a6da-4e69-b816-10de0d79db1d";
    check(
        count,
        text,
        "ApplicationId={ada78934-a6da-4e69-b816-10de0d79db1d}",
    );
    let row = json!({"StartTimeStamp": "2016-10-15T00:00:00Z", "AuthenticationCount": 0});
    assert!(
        !parse(count, text).unwrap().matches(&row),
        "no row is of an application that is not known"
    );
}

#[test]
fn activities_take_functions_casts_and_any() {
    let audit = &fixtures::ACTIVITIES_AUDIT;
    let namespace = model::entity::AUDIT_LOG_NAMESPACE;
    check(audit, "category eq 'Sync'", r#"category="Sync""#);
    check(audit, "activityStatus eq -1", "activityStatus=-1");
    check(audit, "contains(activity,'pass')", r#"activity*="pass""#);
    check(audit, "startsWith(activity, 'Add') eq true", r#"activity^="Add""#);
    check(audit, "STARTSWITH(activity,'Add')", r#"activity^="Add""#);
    check(audit, "actor/name eq 'Joe'", r#"actor.name~"Joe""#);
    check(
        audit,
        "actor/userPrincipalName eq 'j@x'",
        r#"actor.userPrincipalName~"j@x""#,
    );
    let cast = format!("actor/{namespace}.ActorUserEntity/userPrincipalName eq 'j@x'");
    check(audit, &cast, r#"actor.userPrincipalName~"j@x""#);
    check(audit, "targets/any(t: t/name eq 'x')", r#"targets[name~"x"]"#);
    check(
        audit,
        "targets/any(t:t/name eq 'x' or t/name eq 'y')",
        r#"targets[(name~"x" | name~"y")]"#,
    );
    let cast = format!("targets/any(x: x/{namespace}.TargetResourceUserEntity/userPrincipalName eq 'j@x')");
    check(audit, &cast, r#"targets[userPrincipalName~"j@x"]"#);
    check(
        audit,
        "(category eq 'Sync' and activity eq 'Export' and activityDate gt 2017-01-01 and activityDate lt 2017-02-01T00:00:00Z)",
        r#"(category="Sync" & activity="Export" & activityDate>2017-01-01T00:00:00Z & activityDate<2017-02-01T00:00:00Z)"#,
    );
    check(
        &fixtures::SIGNIN_EVENTS,
        "loginStatus eq '0'",
        r#"loginStatus="0""#,
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
