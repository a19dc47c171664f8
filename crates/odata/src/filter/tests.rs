//! The language of `$filter` as a table: what a text means.

use super::*;
use crate::fixtures;
use model::query::{Case, Literal, Operator, TextTest};
use serde_json::json;

mod always;
mod refusals;

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
    let [one, two, three] = [1, 2, 3].map(|number| format!("TotalUserCount eq {number}"));
    let [first, second, third] = [1, 2, 3].map(|number| format!("TotalUserCount={number}"));
    check(
        users,
        &format!("{one} or {two} and {three}"),
        &format!("({first} | ({second} & {third}))"),
    );
    check(
        users,
        &format!("{one} and {two} or {three}"),
        &format!("(({first} & {second}) | {third})"),
    );
    check(
        users,
        &format!("({one} or {two}) and {three}"),
        &format!("(({first} | {second}) & {third})"),
    );
    check(
        users,
        &format!("({one} and ({two} and {three}))"),
        &format!("({first} & {second} & {third})"),
    );
    check(
        users,
        &format!("{one} or ({two} or {three})"),
        &format!("({first} | {second} | {third})"),
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
