//! Keycloak's events in every shape. Fields as its Java documentation and its listener have them; the rest is made up.

mod common;

use common::{one, or_dash, read, refusal};
use model::event::{Facts, SignInKind};
use model::time::Timestamp;
use proptest::prelude::*;
use serde_json::json;
use sources::{Choice, Hints, Limits, Understanding, Understood, open_with};

const LOGIN_ERROR: &str = r#"type="LOGIN_ERROR", realmId="r1", realmName="contoso", clientId="account", userId="u1", ipAddress="203.0.113.7", error="invalid_user_credentials", auth_method="openid-connect", auth_type="code", redirect_uri="https://app.contoso.example/cb", code_id="c1", username="ann""#;

fn line(message: &str) -> String {
    format!("2026-11-01 12:00:00,123 WARN  [org.keycloak.events] (executor-thread-1) {message}")
}

fn logged(message: &str) -> String {
    json!({
        "timestamp": "2026-11-01T13:00:00.12391473+01:00", "sequence": 60286, "loggerClassName": "org.jboss.logging.Logger",
        "loggerName": "org.keycloak.events", "level": "WARN", "message": message, "threadName": "executor-thread-1",
        "mdc": {}, "ndc": "", "hostName": "keycloak-0", "processId": 1
    })
    .to_string()
}

/// `time | kind | user id | user | client | address | error | more`
fn told(understood: &Understood) -> String {
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    assert_eq!(understood.format, "keycloak");
    assert_eq!(sign_in.error_code, i64::from(sign_in.failure_reason.is_some()));
    let mut told = vec![
        understood.event.time.to_string(),
        sign_in.kind.as_str().to_owned(),
    ];
    told.extend(
        [
            &sign_in.user_id,
            &sign_in.user_principal_name,
            &sign_in.app_id,
            &sign_in.ip_address,
            &sign_in.failure_reason,
            &sign_in.additional_details,
        ]
        .map(|text| or_dash(text.as_ref())),
    );
    told.join(" | ")
}

fn check(input: &str, expected: &str) {
    assert_eq!(told(&one(input)), expected, "{input}");
}

/// `activity | service | result | actor | user | group or other`
fn check_audit(input: &str, expected: &str) {
    let understood = one(input);
    let Facts::Audit(audit) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    let target = |is_user: bool| {
        let found = audit
            .targets
            .iter()
            .find(|target| (target.resource_type.as_deref() == Some("User")) == is_user);
        found.and_then(|target| target.name()).unwrap_or("-").to_owned()
    };
    let told = [
        or_dash(audit.activity.as_ref()),
        or_dash(audit.logged_by_service.as_ref()),
        or_dash(audit.result.as_ref()),
        audit.actor.name().unwrap_or("-").to_owned(),
        target(true),
        target(false),
    ];
    assert_eq!(told.join(" | "), expected, "{input}");
}

#[test]
fn a_failed_sign_in_says_the_same_in_every_shape() {
    let expected = "2026-11-01T12:00:00.123Z | interactiveUser | u1 | ann | account | 203.0.113.7 | invalid_user_credentials | -";
    check(&line(LOGIN_ERROR), expected);
    check(&logged(LOGIN_ERROR), expected);
    check(
        r#"{"time":1793534400123,"type":"LOGIN_ERROR","realmId":"r1","clientId":"account","userId":"u1","ipAddress":"203.0.113.7","error":"invalid_user_credentials","details":{"username":"ann","code_id":"c1"}}"#,
        expected,
    );
    check(
        &line(
            "type=LOGIN_ERROR, realmId=r1, clientId=account, userId=u1, ipAddress=203.0.113.7, error=invalid_user_credentials, auth_method=openid-connect, redirect_uri='https://a/ b', code_id=c1, username=ann",
        ),
        expected,
    );
    check(&line(&LOGIN_ERROR.replace('"', "'")), expected);
}

#[test]
fn the_shapes_of_one_event_are_one_event_where_they_tell_the_same_time() {
    let text = one(&line(LOGIN_ERROR));
    let key = |input: &str| one(input).key;
    assert_eq!(key(&logged(LOGIN_ERROR)), text.key);
    let syslog = format!(
        "<12>1 2026-11-01T12:00:00.124Z keycloak-0 keycloak 1 org.keycloak.events - \u{feff}{}",
        line(LOGIN_ERROR)
    );
    assert_eq!(key(&syslog), text.key);
    let rest = r#"{"time":1793534400123,"type":"LOGIN_ERROR","realmId":"r1","clientId":"account","userId":"u1","ipAddress":"203.0.113.7","error":"invalid_user_credentials","details":{"username":"ann","code_id":"c1"}}"#;
    assert_eq!(key(rest), text.key, "the same millisecond");
    assert_ne!(key(&rest.replace("400123", "400122")), text.key);
    let with_id = rest.replace(r#"{"time""#, r#"{"id":"e1","time""#);
    assert_ne!(key(&with_id), text.key, "an id is an identity of its own");
    assert_eq!(key(&with_id.replace("400123", "400122")), key(&with_id));
}

#[test]
fn success_has_no_error_and_an_interrupt_says_so() {
    check(
        &line(
            r#"type="LOGIN", realmId="r1", clientId="account", userId="u1", sessionId="s1", ipAddress="203.0.113.7", username="ann""#,
        ),
        "2026-11-01T12:00:00.123Z | interactiveUser | u1 | ann | account | 203.0.113.7 | - | -",
    );
    check(
        &line(
            r#"type="LOGIN_ERROR", realmId="r1", clientId="null", userId="null", ipAddress="203.0.113.7", error="expired_code""#,
        ),
        "2026-11-01T12:00:00.123Z | interactiveUser | - | - | - | 203.0.113.7 | expired_code | no credential was refused: an \
         interrupt, or a fault of the application",
    );
    check(
        &line(
            r#"type="CLIENT_LOGIN", realmId="r1", clientId="robot", userId="s1", ipAddress="203.0.113.7", username="service-account-robot""#,
        ),
        "2026-11-01T12:00:00.123Z | servicePrincipal | - | - | robot | 203.0.113.7 | - | -",
    );
    let Facts::SignIn(sign_in) = one(&line(
        r#"type="CLIENT_LOGIN", realmId="r1", clientId="robot", userId="s1", ipAddress="::1""#,
    ))
    .event
    .facts
    else {
        panic!("it is a sign-in")
    };
    assert_eq!(sign_in.kind, SignInKind::ServicePrincipal);
    assert_eq!(sign_in.service_principal_id.as_deref(), Some("s1"));
}

#[test]
fn a_time_without_date_takes_it_from_around() {
    let bare = format!("12:00:00,123 WARN  [org.keycloak.events] (default task-1) {LOGIN_ERROR}");
    let expected = "2026-11-01T12:00:00.123Z | interactiveUser | u1 | ann | account | 203.0.113.7 | invalid_user_credentials | -";
    check(
        &format!("2026-11-01T12:00:01Z web1 keycloak[1]: {bare}"),
        expected,
    );
    check(
        &format!("2026-11-01T12:00:00.500000000Z stdout F {bare}"),
        expected,
    );
    check(
        &json!({"log": format!("{bare}\n"), "stream": "stdout", "time": "2026-11-01T12:00:00.5Z"})
            .to_string(),
        expected,
    );
    let hints = Hints {
        not_after: Some(Timestamp::parse_vendor("2026-11-01T18:00:00Z").unwrap()),
        ..Hints::default()
    };
    let mut records = Vec::new();
    let mut parser = open_with(Choice::Auto, Limits::default(), hints);
    parser.push(bare.as_bytes(), &mut records);
    parser.finish(&mut records);
    let Understanding::Event(understood) = &records[0].understanding else {
        panic!("{records:?}")
    };
    assert_eq!(told(understood), expected);
    assert_eq!(
        String::from_utf8_lossy(&understood.original),
        format!("2026-11-01 {bare}")
    );
    assert!(refusal(Choice::Auto, &bare).starts_with("rejected: its time has no date, and nothing tells it"));
}

#[test]
fn what_users_do_to_their_accounts_is_told_in_the_old_words() {
    let event = |kind: &str, more: &str| {
        line(&format!(
            r#"type="{kind}", realmId="r1", clientId="account", userId="u1", ipAddress="203.0.113.7"{more}, username="ann""#
        ))
    };
    for (kind, more, expected) in [
        ("REGISTER", "", "Add user | Keycloak | success"),
        ("UPDATE_PASSWORD", "", "Change user password | Keycloak | success"),
        (
            "UPDATE_CREDENTIAL",
            r#", credential_type="password""#,
            "Change user password | Keycloak | success",
        ),
        (
            "UPDATE_CREDENTIAL",
            r#", credential_type="otp""#,
            "User registered security info | Self-service Password Management | success",
        ),
        (
            "UPDATE_TOTP",
            "",
            "User registered security info | Self-service Password Management | success",
        ),
        (
            "SEND_RESET_PASSWORD",
            "",
            "User started password reset | Self-service Password Management | success",
        ),
        (
            "RESET_PASSWORD_ERROR",
            r#", error="user_not_found""#,
            "Reset password (self-service) | Self-service Password Management | failure",
        ),
    ] {
        check_audit(&event(kind, more), &format!("{expected} | ann | ann | -"));
    }
    assert_eq!(
        refusal(Choice::Auto, &event("CODE_TO_TOKEN", "")),
        "ignored: Keycloak: events of type CODE_TO_TOKEN"
    );
}

#[test]
fn what_administrators_do_is_told_in_the_old_words() {
    let rest = |operation: &str, resource: &str, path: &str, representation: &str| {
        json!({
            "time": 1_793_534_400_123_i64, "realmId": "r1", "operationType": operation, "resourceType": resource,
            "authDetails": {"realmId": "master", "clientId": "c1", "userId": "admin1", "ipAddress": "203.0.113.7"},
            "resourcePath": path, "representation": representation
        })
        .to_string()
    };
    check_audit(
        &rest(
            "CREATE",
            "USER",
            "users/u2",
            r#"{"username":"bob","enabled":true}"#,
        ),
        "Add user | Keycloak | success | admin1 | bob | -",
    );
    check_audit(
        &rest("ACTION", "USER", "users/u2/reset-password", ""),
        "Reset user password | Keycloak | success | admin1 | u2 | -",
    );
    check_audit(
        &rest(
            "CREATE",
            "GROUP_MEMBERSHIP",
            "users/u2/groups/g1",
            r#"{"id":"g1","name":"ops"}"#,
        ),
        "Add member to group | Keycloak | success | admin1 | u2 | ops",
    );
    check_audit(
        &rest("UPDATE", "REALM", "", ""),
        "UPDATE REALM | Keycloak | success | admin1 | - | -",
    );
    check_audit(
        &line(
            r#"operationType="DELETE", realmId="master", realmName="master", clientId="c1", userId="admin1", ipAddress="203.0.113.7", resourceType="USER", resourcePath="users/u2", error="User not found""#,
        ),
        "Delete user | Keycloak | failure | admin1 | u2 | -",
    );
}

#[test]
fn what_is_not_an_event_is_ignored() {
    assert_eq!(
        refusal(Choice::Auto, &line("something else")),
        "ignored: Keycloak: lines of its events' logger that tell no event"
    );
    assert_eq!(
        refusal(
            Choice::Auto,
            "2026-11-01 12:00:00,123 INFO  [io.quarkus] (main) Keycloak 26.0 started"
        ),
        "ignored: lines of programs without a plain name tell no sign-in and no change of an account"
    );
    let other = logged("Keycloak 26.0 started").replace("org.keycloak.events", "io.quarkus");
    assert_eq!(
        refusal(Choice::Auto, &other),
        "ignored: Keycloak: lines of the server's log by others than its events' logger"
    );
    assert!(
        refusal(Choice::Auto, r#"{"type":"LOGIN","realmId":"r1","clientId":"c1"}"#)
            .starts_with("rejected: the event has no time"),
    );
}

#[test]
fn without_quotes_a_user_can_fake_details_and_nothing_else() {
    let message = "type=LOGIN_ERROR, realmId=r1, clientId=account, userId=null, ipAddress=203.0.113.7, error=user_not_found, \
                   auth_method=openid-connect, username=x, ipAddress=198.51.100.1, error=expired_code, userId=u1, username=ann";
    check(
        &line(message),
        "2026-11-01T12:00:00.123Z | interactiveUser | - | - | account | 203.0.113.7 | user_not_found | -",
    );
}

fn hostile() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "\"",
        "\\",
        "'",
        ", ",
        "=",
        "error",
        "error=\"",
        "\", error=\"x",
        "username=\"",
        "\", ipAddress=null",
        "\", code_id=null",
        "ipAddress=\"198.51.100.1\"",
        "ann",
        " ",
        "é",
        "[org.keycloak.events] (t) ",
        "type=\"LOGIN\", realmId=\"r\"",
        "null",
        "\u{202e}",
    ]);
    prop::collection::vec(parts, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    /// As `StringUtil.sanitizeSpacesAndQuotes` writes it.
    #[test]
    fn hostile_text_stays_in_its_field(name in hostile(), client in hostile()) {
        let escaped = |text: &str| text.replace('"', "\\\"");
        // A backslash at the end of a value looks like one before a quote: the value then takes in what follows.
        prop_assume!(!name.ends_with('\\') && !client.ends_with('\\'));
        let message = format!(
            r#"type="LOGIN_ERROR", realmId="r1", clientId="{}", userId="u1", ipAddress="203.0.113.7", error="user_not_found", username="{}", code_id="c1""#,
            escaped(&client), escaped(&name),
        );
        let understood = one(&line(&message));
        let Facts::SignIn(sign_in) = &understood.event.facts else { panic!("{understood:?}") };
        prop_assert_eq!(sign_in.user_id.as_deref(), Some("u1"));
        prop_assert_eq!(sign_in.ip_address.as_deref(), Some("203.0.113.7"));
        prop_assert_eq!(sign_in.failure_reason.as_deref(), Some("user_not_found"));
        prop_assert_eq!(sign_in.correlation_id.as_deref(), Some("c1"));
        // JSON keeps it without any doubt.
        let rest = json!({"time": 1, "type": "LOGIN_ERROR", "realmId": "r1", "clientId": client, "userId": "u1",
            "ipAddress": "203.0.113.7", "error": "user_not_found", "details": {"username": name, "code_id": "c1"}});
        let mut rest = read(rest.to_string().as_bytes());
        prop_assert_eq!(rest.len(), 1);
        drop(rest.remove(0));
    }

    /// Any value, a backslash at its end too, leaves the fields before it alone and makes no second event.
    #[test]
    fn a_user_name_changes_nothing_before_it(name in hostile()) {
        for quoted in [true, false] {
            let text = if quoted { format!("\"{}\"", name.replace('"', "\\\"")) } else { name.clone() };
            let quote = if quoted { "\"" } else { "" };
            let message = format!(
                "type={quote}LOGIN_ERROR{quote}, realmId={quote}r1{quote}, clientId={quote}c{quote}, userId={quote}u1{quote}, \
                 ipAddress={quote}203.0.113.7{quote}, error={quote}user_not_found{quote}, username={text}",
            );
            let understood = one(&line(&message));
            let Facts::SignIn(sign_in) = &understood.event.facts else { panic!("{understood:?}") };
            prop_assert_eq!(sign_in.user_id.as_deref(), Some("u1"));
            prop_assert_eq!(sign_in.ip_address.as_deref(), Some("203.0.113.7"));
            prop_assert_eq!(sign_in.failure_reason.as_deref(), Some("user_not_found"));
        }
    }
}

/// A value may hold what looks like its end at every few bytes; looking on to the end of the line at each would take 10¹²
/// steps.
#[test]
fn ends_of_values_that_are_none_cost_no_more_than_their_length() {
    let ends = |end: &str| end.repeat((8 << 20) / end.len());
    for message in [
        format!(
            r#"type="LOGIN", realmId="r", clientId="c", username="{}"#,
            ends("\", ")
        ),
        format!("type=LOGIN, realmId=r, clientId=c, username={}", ends(", ")),
    ] {
        assert_eq!(read(line(&message).as_bytes()).len(), 1);
    }
}
