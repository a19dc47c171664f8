//! CEF of made-up makers, and PingFederate's audit log in its three forms.

mod common;

use common::{one, or_dash, refusal};
use model::event::Facts;
use proptest::prelude::*;
use serde_json::json;
use sources::{ALL, Choice, Understood};

fn cef(signature: &str, name: &str, extension: &str) -> String {
    format!("CEF:0|Acme|Gate|1.0|{signature}|{name}|3|rt=1793534400123 {extension}")
}

/// `format | time | kind | user | address | error | application`
fn told(understood: &Understood) -> String {
    let Facts::SignIn(sign_in) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    assert_eq!(sign_in.error_code, i64::from(sign_in.failure_reason.is_some()));
    let user = sign_in.user_principal_name.as_ref().or(sign_in.user_id.as_ref());
    [
        understood.format.to_owned(),
        understood.event.time.to_string(),
        sign_in.kind.as_str().to_owned(),
        or_dash(user),
        or_dash(sign_in.ip_address.as_ref()),
        or_dash(sign_in.failure_reason.as_ref()),
        or_dash(sign_in.app_display_name.as_ref()),
    ]
    .join(" | ")
}

fn check(input: &str, expected: &str) {
    assert_eq!(told(&one(input)), expected, "{input}");
}

fn check_audit(input: &str, expected: &str) {
    let understood = one(input);
    let Facts::Audit(audit) = &understood.event.facts else {
        panic!("{understood:?}")
    };
    let told = [
        or_dash(audit.activity.as_ref()),
        or_dash(audit.result.as_ref()),
        audit.actor.name().unwrap_or("-").to_owned(),
        audit.targets[0].name().unwrap_or("-").to_owned(),
    ];
    assert_eq!(told.join(" | "), expected, "{input}");
}

fn check_ignored(input: &str, signature: &str) {
    assert_eq!(
        refusal(Choice::Auto, input),
        format!(
            "ignored: CEF of Acme Gate, signature {signature}: no sign-in and no change of an account that tells its user and how \
             it ended"
        )
    );
}

#[test]
fn a_sign_in_is_an_event_that_speaks_of_it_and_tells_its_user_and_its_end() {
    check(
        &cef("100", "User login", "duser=ann src=203.0.113.7 outcome=success"),
        "cef | 2026-11-01T12:00:00.123Z | interactiveUser | ann | 203.0.113.7 | - | Acme Gate",
    );
    check(
        &cef(
            "101",
            "VPN",
            "cat=Authentication suser=ann lee src=::ffff:203.0.113.7 act=denied reason=bad password",
        ),
        "cef | 2026-11-01T12:00:00.123Z | interactiveUser | ann lee | 203.0.113.7 | bad password | Acme Gate",
    );
    check(
        &format!("Oct 11 22:14:15 fw1 {}", cef("102", "Login failed", "duid=4711")),
        "cef | 2026-11-01T12:00:00.123Z | interactiveUser | 4711 | - | Login failed | Acme Gate",
    );
    check_ignored(&cef("103", "User login", "duser=ann"), "103");
    check_ignored(&cef("104", "User login", "outcome=success"), "104");
    check_ignored(&cef("105", "User logout", "duser=ann outcome=success"), "105");
    // A category of Windows speaks of both.
    check(
        &cef(
            "4625",
            "An account failed to log on",
            "cat=Logon/Logoff duser=ann src=203.0.113.7",
        ),
        "cef | 2026-11-01T12:00:00.123Z | interactiveUser | ann | 203.0.113.7 | An account failed to log on | Acme Gate",
    );
    check_ignored(
        &cef(
            "4634",
            "An account was logged off",
            "cat=Logon/Logoff duser=ann outcome=success",
        ),
        "4634",
    );
    check_ignored(&cef("106", "Packet dropped", "duser=ann outcome=success"), "106");
}

/// Nothing but its name tells how it ended.
#[test]
fn the_words_of_a_name_tell_how_a_sign_in_ended() {
    let check_end = |name: &str, is_failure: bool| {
        let reason = if is_failure { name } else { "-" };
        check(
            &cef("110", name, "duser=ann"),
            &format!("cef | 2026-11-01T12:00:00.123Z | interactiveUser | ann | - | {reason} | Acme Gate"),
        );
    };
    for name in [
        "User login with incorrect password",
        "Login password mismatch",
        "Login with expired password",
        "Login not successful",
        "Logon was not permitted",
        "Login wasn't allowed",
        "Login not allowed",
        "LoginNotAllowed",
        "Okta login timeout",
        "User login blocked",
        "User login from address 192.0.2.4 failed",
        "Login of locked account",
        "Login: bad password",
    ] {
        check_end(name, true);
    }
    for name in [
        "User login accepted",
        "Login from Denver succeeded",
        "Login with badge: 'OK'",
        "LoginSuccess",
        "User login address check passed",
    ] {
        check_end(name, false);
    }
    check(
        &cef("111", "User login", "duser=ann outcome=pass"),
        "cef | 2026-11-01T12:00:00.123Z | interactiveUser | ann | - | - | Acme Gate",
    );
    check_ignored(&cef("112", "Login with pass phrase", "duser=ann"), "112");
    check_ignored(&cef("113", "Okta login", "duser=ann"), "113");
}

#[test]
fn a_change_of_an_account_is_told_in_the_old_words() {
    for (name, expected) in [
        ("User created", "Add user"),
        ("Delete account", "Delete user"),
        ("Account disabled", "Update user"),
        ("Account locked", "Update user"),
        ("AccountUnlocked", "Update user"),
        ("Account address changed", "Update user"),
        ("Password reset", "Reset user password"),
        ("Password changed", "Change user password"),
        ("User added to group", "Add member to group"),
        ("Group member removed", "Remove member from group"),
        ("Group created", "Add group"),
    ] {
        check_audit(
            &cef("200", name, "suser=root duser=bob"),
            &format!("{expected} | success | root | bob"),
        );
    }
    check_audit(
        &cef("201", "Create user", "suser=root duser=bob outcome=failure"),
        "Add user | failure | root | bob",
    );
    check_ignored(&cef("202", "User created", ""), "202");
    check_ignored(&cef("203", "Account padding preset", "duser=bob"), "203");
}

#[test]
fn damaged_and_doubtful_events_are_rejected() {
    let cut = "CEF:0|Acme|Gate|1.0|100";
    assert!(
        refusal(Choice::Auto, cut).starts_with("rejected: its CEF header has 4 of 7 parts"),
        "{}",
        refusal(Choice::Auto, cut)
    );
    let doubled = cef("100", "User login", "duser=x outcome=success outcome=failure");
    assert!(refusal(Choice::Auto, &doubled).starts_with("rejected: its key outcome stands several times"));
    let timeless = cef("100", "User login", "duser=x outcome=success").replace("rt=1793534400123 ", "");
    assert!(refusal(Choice::Auto, &timeless).starts_with("rejected: the event has no time"));
}

/// Looking back over the word at each sign would take 2 · 10¹¹ steps.
#[test]
fn a_word_of_equals_signs_costs_no_more_than_its_length() {
    const HALF: usize = 500_000;
    for word in [
        format!("{}\\{}", "a".repeat(HALF), "=".repeat(HALF)),
        format!("{} {}{}", "k=v ".repeat(500), "a".repeat(HALF), "=".repeat(HALF)),
    ] {
        let input = cef("100", "User login", &format!("duser=ann outcome=success {word}"));
        check(
            &input,
            "cef | 2026-11-01T12:00:00.123Z | interactiveUser | ann | - | - | Acme Gate",
        );
    }
}

const AUDIT: &str = "2026-11-01 12:00:00,123| tid:aBc| SSO| ann@contoso.example| 203.0.113.7 | https://app.contoso.example| sp:app| \
                     SAML20| sso.contoso.example| IdP| success| HTMLForm| | 12 ";

#[test]
fn pingfederate_says_the_same_in_each_of_its_forms() {
    let expected = "pingfederate | 2026-11-01T12:00:00.123Z | interactiveUser | ann@contoso.example | 203.0.113.7 | - | sp:app";
    check(AUDIT, expected);
    check(&AUDIT.replace("tid:aBc| ", "tid:aBc| tx1| "), expected);
    let as_cef = "CEF:0|Ping Identity|PingFederate|12.0|SSO|SSO|0|rt=Nov 01 2026 12:00:00.123 duid=ann@contoso.example \
                  src=203.0.113.7 msg=success cs1Label=Target Application URL cs1=https://app.contoso.example \
                  cs2Label=Connection ID cs2=sp:app cs3Label=Protocol cs3=SAML20 dvchost=sso.contoso.example cs4Label=Role \
                  cs4=IdP externalId=tid:aBc cs5Label=SP Local User ID cs5= cs6Label=Attributes cs6= ";
    check(as_cef, expected);
    let as_json = json!({
        "timestamp": "2026-11-01T12:00:00.123Z", "trackingid": "tid:aBc", "event": "SSO", "subject": "ann@contoso.example",
        "ip": "203.0.113.7", "app": "https://app.contoso.example", "connectionid": "sp:app", "protocol": "SAML20",
        "host": "sso.contoso.example", "role": "IdP", "status": "success", "adapterid": "HTMLForm"
    })
    .to_string();
    check(&as_json, expected);
    let keys: Vec<_> = [AUDIT, as_cef, &as_json]
        .iter()
        .map(|input| one(input).key)
        .collect();
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn of_pingfederates_steps_the_last_counts() {
    let with = |event: &str, status: &str| AUDIT.replace("SSO", event).replace("success", status);
    check(
        &with("AUTHN_ATTEMPT", "failure").replace("| HTMLForm| |", "| HTMLForm| invalid credentials|"),
        "pingfederate | 2026-11-01T12:00:00.123Z | interactiveUser | ann@contoso.example | 203.0.113.7 | invalid credentials | sp:app",
    );
    check(
        &with("OAuth", "success"),
        "pingfederate | 2026-11-01T12:00:00.123Z | nonInteractiveUser | ann@contoso.example | 203.0.113.7 | - | sp:app",
    );
    for (event, status, reason) in [
        ("AUTHN_ATTEMPT", "success", "PingFederate: events AUTHN_ATTEMPT"),
        (
            "AUTHN_SESSION_USED",
            "success",
            "PingFederate: events AUTHN_SESSION_USED",
        ),
        (
            "AUTHN_ATTEMPT",
            "inprogress",
            "PingFederate: transactions that have not ended",
        ),
    ] {
        assert_eq!(
            refusal(Choice::Auto, &with(event, status)),
            format!("ignored: {reason}")
        );
    }
}

#[test]
fn no_other_format_recognises_what_these_do() {
    for input in [
        AUDIT.to_owned(),
        cef("100", "User login", "duser=ann outcome=success"),
        "2026-11-01T12:00:00Z h sshd[1]: Failed password for ann from ::1 port 1 ssh2".to_owned(),
        "2026-11-01 12:00:00,123 WARN  [org.keycloak.events] (t) type=\"LOGIN\", realmId=\"r\", clientId=\"c\"".to_owned(),
    ] {
        let own = one(&input).format;
        for other in ALL.iter().filter(|format| format.id != own) {
            let told = refusal(Choice::Only(other), &input);
            assert!(told.contains(&format!("looks like {own}")), "{}: {told}", other.id);
        }
    }
}

proptest! {
    /// A sender that escapes as the format says keeps every text in its key.
    #[test]
    fn hostile_text_stays_in_its_key(parts in prop::collection::vec(prop::sample::select(vec![
        "=", " ", "\\", "|", "outcome=success", " src=198.51.100.1", "\n", "ann", "duser", "é", "CEF:0|",
    ]), 1..8)) {
        let name = parts.concat();
        prop_assume!(!name.trim().is_empty());
        let escaped = name.replace('\\', "\\\\").replace('=', "\\=").replace('\n', "\\n");
        let understood = one(&cef("100", "Login failed", &format!("duser={escaped} src=203.0.113.7 outcome=failure")));
        let Facts::SignIn(sign_in) = &understood.event.facts else { panic!("{understood:?}") };
        prop_assert_eq!(sign_in.user_principal_name.as_deref(), Some(name.trim()));
        prop_assert_eq!(sign_in.ip_address.as_deref(), Some("203.0.113.7"));
        prop_assert_eq!(sign_in.error_code, 1);
    }
}
