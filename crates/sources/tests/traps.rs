//! What real records do that no documentation says; each was seen in the wild.

mod common;

use common::{one, or_dash, refusal};
use model::event::Facts;
use serde_json::{Value, json};
use sources::{Choice, Understood};

/// A sign-in as Azure Monitor writes it, with other members put in (`null` takes one away).
fn azure(envelope: Value, properties: Value) -> String {
    let mut record = json!({
        "time": "2025-01-15T09:30:45Z", "category": "SignInLogs", "operationName": "Sign-in activity", "resultType": "0",
        "properties": {
            "id": "1", "createdDateTime": "2025-01-15T09:30:00Z", "userPrincipalName": "ann@contoso.example",
            "status": {"errorCode": 0},
        },
    });
    put(&mut record["properties"], properties);
    put(&mut record, envelope);
    record.to_string()
}

fn put(record: &mut Value, members: Value) {
    let Value::Object(members) = members else {
        panic!("not an object: {members}")
    };
    for (name, value) in members {
        record[name] = value;
    }
}

fn error_code(understood: &Understood) -> i64 {
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    sign_in.error_code
}

fn check_time(envelope: Value, properties: Value, expected: &str) {
    let input = azure(envelope, properties);
    assert_eq!(one(&input).event.time.to_string(), expected, "{input}");
}

fn check_outcome(envelope: Value, properties: Value, expected: i64) {
    let input = azure(envelope, properties);
    assert_eq!(error_code(&one(&input)), expected, "{input}");
}

fn check_user(id: &str) {
    let understood = one(&azure(json!({}), json!({ "userId": id })));
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!()
    };
    assert_eq!(or_dash(sign_in.user_id.as_ref()), id);
}

fn check_tenant(input: &str, expected: &str) {
    let tenant = one(input)
        .event
        .tenant
        .map_or_else(|| "-".to_owned(), |tenant| tenant.to_string());
    assert_eq!(tenant, expected, "{input}");
}

fn check_refused(input: &str, expected: &str) {
    let refusal = refusal(Choice::Auto, input);
    assert!(refusal.contains(expected), "{refusal} does not say {expected}");
}

#[test]
fn times_come_in_many_ways() {
    let time = |text: &str| json!({ "createdDateTime": text });
    check_time(json!({}), time("8/22/2022 6:07:16 PM"), "2022-08-22T18:07:16Z");
    check_time(
        json!({}),
        time("2022-09-09T8:48:50.361Z"),
        "2022-09-09T08:48:50.361Z",
    );
    check_time(
        json!({}),
        time("2022-09-09T08:48:50-05:00"),
        "2022-09-09T13:48:50Z",
    );
    check_time(
        json!({}),
        time("2015-03-12T22:01:18.4385955Z"),
        "2015-03-12T22:01:18.4385955Z",
    );
    check_time(
        json!({}),
        time("2023-07-26 22:58:30.983201999"),
        "2023-07-26T22:58:30.9832019Z",
    );
    check_time(
        json!({}),
        json!({ "createdDateTime": 1_700_000_000_123_i64 }),
        "2023-11-14T22:13:20.123Z",
    );
}

#[test]
fn the_events_own_time_goes_before_the_records() {
    check_time(json!({}), json!({}), "2025-01-15T09:30:00Z");
    check_time(
        json!({}),
        json!({ "createdDateTime": null }),
        "2025-01-15T09:30:45Z",
    );
    check_time(
        json!({}),
        json!({ "createdDateTime": "" }),
        "2025-01-15T09:30:45Z",
    );
    check_time(
        json!({ "time": "8/22/2022 6:07:16 PM" }),
        json!({ "createdDateTime": null }),
        "2022-08-22T18:07:16Z",
    );
}

#[test]
fn the_time_of_arrival_is_never_the_events() {
    check_refused(
        r#"{"TimeGenerated":"2023-01-02T03:10:00Z","Type":"SigninLogs","ResultType":"0","Id":"1"}"#,
        "it does not say when it happened: it has no `createdDateTime`; `TimeGenerated` is when it was received",
    );
    check_refused(
        r#"{"TimeGenerated":"2023-01-02T03:10:00Z","category":"SignInLogs","properties":{"status":{"errorCode":0}}}"#,
        "it has no `createdDateTime` and no `time`",
    );
    check_refused(
        &azure(json!({ "time": "x" }), json!({ "createdDateTime": "yesterday" })),
        "`createdDateTime` is `yesterday`",
    );
}

#[test]
fn the_level_may_be_a_number_or_a_text() {
    check_outcome(json!({ "Level": 4 }), json!({}), 0);
    check_outcome(json!({ "Level": "4" }), json!({}), 0);
}

#[test]
fn the_location_is_text_outside_and_an_object_inside() {
    let place = |properties: Value| {
        let understood = one(&azure(json!({ "location": "SE" }), properties));
        let Facts::SignIn(sign_in) = understood.event.facts else {
            panic!()
        };
        (
            or_dash(sign_in.location.city.as_ref()),
            or_dash(sign_in.location.country.as_ref()),
        )
    };
    assert_eq!(
        place(json!({ "location": {"city": "Oslo", "countryOrRegion": "NO"} })),
        ("Oslo".into(), "NO".into())
    );
    assert_eq!(
        place(json!({ "location": {"city": "Lund"} })),
        ("Lund".into(), "SE".into())
    );
    assert_eq!(place(json!({})), ("-".into(), "SE".into()));
}

#[test]
fn the_result_type_is_a_number_a_text_or_a_word() {
    let no_status = || json!({ "status": null });
    check_outcome(json!({ "resultType": "0" }), no_status(), 0);
    check_outcome(json!({ "resultType": 0 }), no_status(), 0);
    check_outcome(json!({ "resultType": "50126" }), no_status(), 50126);
    check_outcome(json!({ "resultType": 50126 }), no_status(), 50126);
    check_outcome(json!({ "resultType": "Success" }), no_status(), 0);
    check_outcome(json!({ "resultType": "Failure" }), no_status(), 1);
    check_outcome(
        json!({ "resultType": null, "resultSignature": "SUCCESS" }),
        no_status(),
        0,
    );
}

#[test]
fn the_sign_ins_own_status_goes_before_the_envelopes_word() {
    let status = |code: Value| json!({ "status": { "errorCode": code } });
    check_outcome(json!({ "resultType": "Success" }), status(json!(50053)), 50053);
    check_outcome(json!({ "resultType": "Failure" }), status(json!(50053)), 50053);
    check_outcome(json!({ "resultType": "50126" }), status(json!(0)), 0);
    check_outcome(json!({ "resultType": "0" }), status(json!("50126")), 50126);
    check_outcome(
        json!({ "resultType": "50126" }),
        json!({ "status": {"failureReason": "x"} }),
        50126,
    );
}

#[test]
fn a_sign_in_without_outcome_is_no_success() {
    check_refused(
        &azure(json!({ "resultType": null }), json!({ "status": null })),
        "it does not say whether the sign-in succeeded",
    );
    check_refused(
        &azure(json!({ "resultType": "" }), json!({ "status": {} })),
        "export those too",
    );
}

#[test]
fn addresses_come_with_ports_brackets_and_marks_for_none() {
    let address = |envelope: Value, properties: Value| {
        let understood = one(&azure(envelope, properties));
        let Facts::SignIn(sign_in) = understood.event.facts else {
            panic!()
        };
        or_dash(sign_in.ip_address.as_ref())
    };
    let inside = |text: &str| {
        address(
            json!({ "callerIpAddress": "192.0.2.1" }),
            json!({ "ipAddress": text }),
        )
    };
    assert_eq!(inside("::ffff:10.23.123.11"), "10.23.123.11");
    assert_eq!(inside("[2001:db8::1]:443"), "2001:db8::1");
    assert_eq!(inside("203.0.113.7:51234"), "203.0.113.7");
    assert_eq!(inside("-"), "192.0.2.1");
    assert_eq!(inside(""), "192.0.2.1");
    assert_eq!(address(json!({ "callerIpAddress": "-" }), json!({})), "-");
}

#[test]
fn users_of_every_sort_are_kept_as_written() {
    for id in [
        "ann@contoso.example",
        "26be570a-ae82-4189-b4e2-a37c6808512d",
        "NT AUTHORITY\\SYSTEM (Microsoft.Exchange)",
        "MACHINE1$",
        "sshd_4332",
        "00000000-0000-0000-0000-000000000000",
        "Änne Ørsted",
    ] {
        check_user(id);
    }
}

#[test]
fn names_come_in_any_case() {
    let input = r#"{"calleripaddress":"192.0.2.1","category":"signinlogs","correlationid":"c","resulttype":7000215,
        "tenantid":"a2aa49aa-2c0c-49d2-af87-f402c421df0b","time":"2023-07-26 23:00:20.889","properties":{"ID":"1","UserPrincipalName":"ann"}}"#;
    let understood = one(input);
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!()
    };
    assert_eq!(
        (sign_in.error_code, sign_in.ip_address.as_deref()),
        (7_000_215, Some("192.0.2.1"))
    );
    assert_eq!(
        (
            sign_in.correlation_id.as_deref(),
            sign_in.user_principal_name.as_deref()
        ),
        (Some("c"), Some("ann"))
    );
    check_tenant(input, "a2aa49aa-2c0c-49d2-af87-f402c421df0b");
}

#[test]
fn only_a_guid_names_a_tenant() {
    let (one_guid, other_guid) = (
        "a2aa49aa-2c0c-49d2-af87-f402c421df0b",
        "c0dd2fa0-71be-4df8-b2a6-24cee7de069a",
    );
    let path = |id: &str| format!("/tenants/{id}/providers/Microsoft.aadiam");
    let check = |envelope: Value, expected: &str| check_tenant(&azure(envelope, json!({})), expected);
    check(json!({}), "-");
    check(
        json!({ "tenantId": one_guid, "resourceId": path(other_guid) }),
        one_guid,
    );
    check(
        json!({ "tenantId": "tenant-abc", "resourceId": path(other_guid) }),
        other_guid,
    );
    check(
        json!({ "tenantId": "123456789", "resourceId": path("123456789") }),
        "-",
    );
    check(
        json!({ "resourceId": path(&other_guid.to_uppercase()).replace("tenants", "TENANTS") }),
        other_guid,
    );
    check(json!({ "AADTenantId": one_guid }), one_guid);
    check(
        json!({ "resourceId": format!("/subscriptions/{one_guid}/providers/x") }),
        "-",
    );
}

#[test]
fn in_log_analytics_the_tenant_id_is_the_workspace() {
    let row = |more: &str| {
        format!(
            r#"{{"TenantId":"ab86c959-1ba3-495c-a00d-ced30d8825d3","Type":"SigninLogs","CreatedDateTime":"2023-01-02T03:04:05Z","ResultType":"0"{more}}}"#
        )
    };
    check_tenant(&row(""), "-");
    check_tenant(
        &row(r#","AADTenantId":"4b2462a4-bbee-495a-a0e1-f23ae524cc9c""#),
        "4b2462a4-bbee-495a-a0e1-f23ae524cc9c",
    );
}

#[test]
fn what_the_transport_adds_is_no_change() {
    let rank = |envelope: Value| one(&azure(envelope, json!({}))).rank;
    let plain = rank(json!({}));
    assert_eq!(
        rank(json!({ "p_row_id": "1", "p_parse_time": "x", "@timestamp": "y", "_ingested": 1 })),
        plain
    );
    assert_eq!(rank(json!({ "callerIpAddress": "" })), plain);
    assert_ne!(rank(json!({ "callerIpAddress": "192.0.2.1" })), plain);
    let row = |more: &str| {
        one(&format!(r#"{{"Id":"1","Type":"SigninLogs","CreatedDateTime":"2023-01-02T03:04:05Z","ResultType":"0"{more}}}"#)).rank
    };
    let added = r#","TimeGenerated":"2023-01-02T03:10:00Z","_ItemId":"x","TenantId":"y","SourceSystem":"Azure AD","MG":"z""#;
    assert_eq!(row(added), row(""));
    assert_ne!(
        row(r#","RiskEventTypes_V2":"[]""#),
        row(r#","RiskEventTypes_V2":"""#)
    );
}

#[test]
fn a_later_update_by_the_vendor_is_known() {
    let understood = one(&azure(
        json!({}),
        json!({ "riskLastUpdatedDateTime": "2025-01-16T00:00:00Z" }),
    ));
    assert_eq!(
        understood.rank.updated.unwrap().to_string(),
        "2025-01-16T00:00:00Z"
    );
    assert_eq!(understood.event.updated, understood.rank.updated);
    assert_eq!(one(&azure(json!({}), json!({}))).rank.updated, None);
}

#[test]
fn records_without_id_differ_by_any_of_their_facts() {
    let key = |envelope: Value, properties: Value| {
        let mut members = json!({ "id": null });
        put(&mut members, properties);
        one(&azure(envelope, members)).key
    };
    let plain = key(json!({}), json!({}));
    assert_eq!(key(json!({ "Level": "4" }), json!({ "userAgent": "x" })), plain);
    assert_eq!(
        key(json!({}), json!({ "userPrincipalName": "ANN@contoso.example" })),
        plain
    );
    assert_eq!(
        key(json!({}), json!({ "createdDateTime": "1/15/2025 9:30:00 AM" })),
        plain
    );
    for other in [
        json!({ "createdDateTime": "2025-01-15T09:30:00.0000001Z" }),
        json!({ "userPrincipalName": "bo" }),
        json!({ "ipAddress": "192.0.2.1" }),
        json!({ "appId": "x" }),
        json!({ "status": {"errorCode": 1} }),
        json!({ "correlationId": "x" }),
        json!({ "resourceDisplayName": "x" }),
        json!({ "userId": "x" }),
    ] {
        assert_ne!(key(json!({}), other.clone()), plain, "{other}");
    }
    assert_ne!(
        key(json!({ "category": "NonInteractiveUserSignInLogs" }), json!({})),
        plain
    );
}

#[test]
fn logs_that_fill_no_report_are_ignored_by_name() {
    for category in [
        "MicrosoftGraphActivityLogs",
        "EnrichedOffice365AuditLogs",
        "NetworkAccessTrafficLogs",
    ] {
        check_refused(
            &azure(json!({ "category": category }), json!({})),
            &format!("ignored: Azure Monitor category `{category}` fills no report yet"),
        );
    }
}

#[test]
fn bytes_that_are_no_utf_8_are_refused_and_kept() {
    let input = b"{\"a\":\"\xE9\"}";
    let mut records = common::read(input);
    let sources::Understanding::Rejected { reason, original } = records.remove(0).understanding else {
        panic!()
    };
    assert_eq!(
        reason,
        "it is not valid UTF-8: byte 0xE9 at offset 6 of the record; save the file as UTF-8"
    );
    assert_eq!(original, input);
}

#[test]
fn words_that_json_does_not_know_are_refused() {
    check_refused(
        r#"{"a":tru}"#,
        "it is not valid JSON: expected ident at line 1 column 9",
    );
    check_refused(r#"{"a":NaN}"#, "a value is missing (line 1, column 6)");
}
