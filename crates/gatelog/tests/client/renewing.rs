//! Tokens that end or are refused on the way, services that ask for patience, connections that break.

use crate::stub::{Asked, Says, Stub};
use crate::{Home, Site, err, out};
use std::process::Stdio;

const ALL: &[&str] = &["get", "auditEvents", "--since", "2020-01-01", "--all"];

fn is_page(asked: &Asked) -> bool {
    asked.path() == "/contoso.com/reports/auditEvents"
}

/// Exports everything through a server that does something else once, at the third page; then the rows must be the same, and
/// the page asked for again.
fn check_meddled(says: &Says, hint: &str) -> Stub {
    let site = Site::new();
    let home = site.home();
    let expected = out(&site.run(&home, ALL), 0);
    let mut pages = 0;
    let once = says.clone();
    let front = site.front(move |asked| {
        pages += usize::from(is_page(asked));
        (is_page(asked) && pages == 3).then(|| once.clone())
    });
    let home = site.home();
    let output = site.command(&home, &front.url(), ALL).output().unwrap();
    assert_eq!(out(&output, 0), expected);
    assert!(err(&output, 0).contains(hint), "{output:?}");
    let pages: Vec<String> = front
        .asked()
        .into_iter()
        .filter(is_page)
        .map(|asked| asked.target)
        .collect();
    assert_eq!(pages.len(), 51);
    assert_eq!(pages[2], pages[3]);
    front
}

#[test]
fn a_token_refused_in_the_middle_is_renewed_and_the_same_page_asked_again() {
    let expired = r#"{"odata.error":{"code":"Authentication_ExpiredToken","message":{"lang":"en","value":"Your access token has expired."}}}"#;
    let front = check_meddled(&Says::json(401, expired), "");
    let tokens = front
        .asked()
        .iter()
        .filter(|asked| asked.path().ends_with("/token"))
        .count();
    assert_eq!(tokens, 2);
}

#[test]
fn a_service_that_asks_for_patience_gets_it() {
    check_meddled(&Says::json(429, "{}").with("Retry-After", "1"), "waiting 1 s");
    check_meddled(&Says::json(503, "{}").with("Retry-After", "0"), "waiting 0 s");
}

#[test]
fn a_connection_that_breaks_in_the_middle_is_made_anew() {
    check_meddled(&Says::Nothing, "broke off");
}

#[test]
fn a_token_that_is_refused_again_is_no_token() {
    let site = Site::new();
    let home = site.home();
    let front = site.front(|asked| is_page(asked).then(|| Says::json(401, "{}")));
    let output = site.command(&home, &front.url(), ALL).output().unwrap();
    assert!(err(&output, 4).contains("said no"), "{output:?}");
    assert_eq!(front.asked().iter().filter(|asked| is_page(asked)).count(), 2);
}

#[test]
fn patience_has_an_end_and_an_exit_code() {
    let site = Site::new();
    let check = |retry_after: &'static str, requests: usize| {
        let home = site.home();
        let front = site.front(move |asked| {
            is_page(asked).then(|| {
                Says::json(429, r#"{"error":{"code":"UnknownError","message":"Slow."}}"#)
                    .with("Retry-After", retry_after)
            })
        });
        let output = site.command(&home, &front.url(), ALL).output().unwrap();
        let said = err(&output, 5);
        assert!(said.contains("throttling") && said.contains("Slow."), "{said}");
        assert_eq!(
            front.asked().iter().filter(|asked| is_page(asked)).count(),
            requests
        );
    };
    check("86400", 1);
    check("0", 6);
}

/// An issuer with refresh tokens that count once, and a service that takes what it gave.
fn rotating(lifetime_of_the_first: u32) -> Stub {
    let mut given = 0;
    Stub::start(move |asked| {
        if asked.path().ends_with("/devicecode") {
            return Says::json(
                200,
                r#"{"user_code":"U","device_code":"D","verification_url":"https://h/d","expires_in":"900","interval":"0"}"#,
            );
        }
        if !asked.path().ends_with("/token") {
            return Says::json(404, "{}");
        }
        let expected = format!("refresh{given}");
        if given > 0 && asked.field("refresh_token") != Some(expected) {
            return Says::json(
                400,
                r#"{"error":"invalid_grant","error_description":"AADSTS70008: It was used.\r\nTrace"}"#,
            );
        }
        let lifetime = if given == 0 { lifetime_of_the_first } else { 3600 };
        given += 1;
        Says::json(
            200,
            &format!(
                r#"{{"token_type":"Bearer","expires_in":"{lifetime}","access_token":"access{given}","refresh_token":"refresh{given}"}}"#
            ),
        )
    })
}

fn sign_in(stub: &Stub) -> Home {
    let home = Home::new();
    let url = stub.url();
    out(&home.login(&url, &["--device-code"]), 0);
    home
}

#[test]
fn a_refresh_token_is_used_once_however_many_want_it() {
    let stub = rotating(0);
    let home = sign_in(&stub);
    let children: Vec<_> = (0..6)
        .map(|_| {
            let mut command = home.command(&["token"]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for child in children {
        assert_eq!(out(&child.wait_with_output().unwrap(), 0), "access2\n");
    }
    let refreshed = stub
        .asked()
        .iter()
        .filter(|asked| asked.field("grant_type").as_deref() == Some("refresh_token"))
        .count();
    assert_eq!(refreshed, 1);
}

#[test]
fn a_token_that_lives_is_used_and_one_that_ended_for_good_is_told() {
    let stub = rotating(3600);
    let home = sign_in(&stub);
    assert_eq!(out(&home.run(&["token"]), 0), "access1\n");

    // Somebody else has used the refresh token: the sign-in is over.
    let stub = rotating(0);
    let home = sign_in(&stub);
    let stolen = std::fs::read_to_string(home.tokens())
        .unwrap()
        .replace("refresh1", "refresh0");
    std::fs::write(home.tokens(), stolen).unwrap();
    let said = err(&home.run(&["token"]), 4);
    assert!(said.contains("AADSTS70008: It was used."), "{said}");
    assert!(said.contains("gatelog login --host"), "{said}");
}

#[test]
fn a_sign_in_is_not_used_for_another_service_or_tenant() {
    let stub = rotating(3600);
    let home = sign_in(&stub);
    let other = rotating(3600);
    for arguments in [
        &["get", "x", "--host", &other.url(), "--tenant", "t"][..],
        &["get", "x", "--tenant", "another"],
        &["get", "x", "--client-id", "another"],
        &["get", "x", "--resource", "api://another"],
        &["token", "--host", &other.url(), "--tenant", "t"],
    ] {
        let output = home.run(arguments);
        assert!(
            err(&output, 4).contains("not signed in"),
            "{arguments:?}: {output:?}"
        );
    }
    assert_eq!(other.asked().len(), 0);
}
