//! The mission's flow: an authorization code in a browser, tokens for it, their renewal, and the reports.

use crate::site::*;

/// Wire contract 0.5 and 4.1 to 4.3, letter by letter.
#[test]
fn the_script_of_2017_reads_reports_as_the_user_who_signed_in() {
    let site = site();
    let mut browser = Browser::default();
    let page = browser.get(&site.server, &authorize_address(&site.script, ""));
    assert_eq!(page.status, 200);
    assert!(
        page.text().contains("Report &#60;script&#62;"),
        "names are escaped: {}",
        page.text()
    );
    let sign_in = form(&page);
    for word in ["code=", "error="] {
        assert!(
            !sign_in.action.contains(word),
            "the script closes its window at {word}"
        );
    }
    let fields = [
        ("user", "Ada@Shared.example"),
        ("password", PASSWORD),
        ("answer", "yes"),
    ];
    let page = browser.send(&site.server, &sign_in, &fields);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.text().contains("ada@shared.example"), "{}", page.text());
    let redirect = browser.send(&site.server, &form(&page), &[("answer", "yes")]);
    assert_eq!(redirect.status, 302, "{}", redirect.text());
    let location = redirect.header("location").unwrap();
    let query = location.strip_prefix("https://localhost/?").unwrap();
    let names: Vec<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap())
        .collect();
    assert_eq!(names, ["code", "session_state"], "{location}");

    let answer = site.redeem(&site.script, &code_of(&redirect), "");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = answer.json();
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["resource"], "https://graph.windows.net");
    assert_eq!(tokens["scope"], "Directory.Read.All");
    assert_eq!(tokens["expires_in"], "3600");
    let access = text(&tokens, "access_token");
    let token_claims = claims(&access);
    assert_eq!(token_claims["upn"], "ada@shared.example");
    assert_eq!(token_claims["scp"], "Directory.Read.All");
    assert_eq!(token_claims["appidacr"], "1");
    // wire contract 4.5: Security Reader.
    assert_eq!(token_claims["wids"][0], "5d6b6bb7-de71-4623-b4af-96380a352509");
    assert_eq!(
        claims(&text(&tokens, "id_token"))["aud"],
        site.script.client_id.as_str()
    );
    assert_eq!(site.server.get(&access, LIST).status, 200);
    assert_eq!(site.server.get(&access, AUDIT).ids().len(), 1);
    assert_eq!(site.server.get(&access, RISKY).status, 200);

    // The renewal names no resource.
    let renewed = site.refresh(&site.script, &text(&tokens, "refresh_token"));
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    let renewed = renewed.json();
    assert_eq!(renewed["resource"], "https://graph.windows.net");
    assert_ne!(renewed["refresh_token"], tokens["refresh_token"]);
    assert_eq!(
        site.server
            .get(&text(&renewed, "access_token"), AUDIT)
            .ids()
            .len(),
        1
    );
}

#[test]
fn whoever_is_signed_in_and_has_agreed_is_not_asked_again() {
    let site = site();
    let mut browser = Browser::default();
    let first = site.answer(
        &mut browser,
        &authorize_address(&site.script, ""),
        "ada@shared.example",
    );
    let again = browser.get(&site.server, &authorize_address(&site.script, "&state=a%20b%26c"));
    assert_eq!(again.status, 302, "{}", again.text());
    let location = again.header("location").unwrap();
    assert!(location.ends_with("&state=a+b%26c"), "{location}");
    let session = |location: &str| location.split("session_state=").nth(1).unwrap()[..36].to_owned();
    assert_eq!(session(location), session(first.header("location").unwrap()));
    // Another application asks for itself, and prompts are obeyed.
    let other = browser.get(&site.server, &authorize_address(&site.other, ""));
    assert!(other.text().contains("act for you"), "{}", other.text());
    let login = browser.get(&site.server, &authorize_address(&site.script, "&prompt=login"));
    assert!(login.text().contains("id=\"password\""), "{}", login.text());
    let hinted = browser.get(
        &site.server,
        &authorize_address(&site.script, "&login_hint=rita@contoso.com"),
    );
    assert!(
        hinted.text().contains("value=\"rita@contoso.com\""),
        "{}",
        hinted.text()
    );
}

#[test]
fn what_cannot_be_done_in_silence_is_said_at_the_reply_address() {
    let site = site();
    let mut browser = Browser::default();
    let refused = browser.get(
        &site.server,
        &authorize_address(&site.script, "&prompt=none&state=s"),
    );
    assert_eq!(refused.status, 302);
    let location = refused.header("location").unwrap();
    assert!(
        location.starts_with("https://localhost/?error=login_required&error_description=AADSTS50058"),
        "{location}"
    );
    assert!(location.ends_with("&state=s"), "{location}");
}

#[test]
fn a_user_who_says_no_is_taken_at_their_word() {
    let site = site();
    let mut browser = Browser::default();
    let page = browser.get(&site.server, &authorize_address(&site.script, ""));
    let answer = browser.send(&site.server, &form(&page), &[("answer", "no")]);
    let expected =
        "https://localhost/?error=access_denied&error_description=the+user+canceled+the+authentication";
    assert_eq!(answer.header("location"), Some(expected));
    let page = browser.get(&site.server, &authorize_address(&site.script, ""));
    let fields = [
        ("user", "ada@shared.example"),
        ("password", PASSWORD),
        ("answer", "yes"),
    ];
    let consent = browser.send(&site.server, &form(&page), &fields);
    let answer = browser.send(&site.server, &form(&consent), &[("answer", "no")]);
    assert_eq!(answer.header("location"), Some(expected));
}

#[test]
fn a_wrong_password_and_an_unknown_name_read_the_same() {
    let site = site();
    let told = |user: &str, password: &str| {
        let mut browser = Browser::default();
        let page = browser.get(&site.server, &authorize_address(&site.script, ""));
        let fields = [("user", user), ("password", password), ("answer", "yes")];
        let page = browser.send(&site.server, &form(&page), &fields);
        assert_eq!(page.status, 200);
        let text = page.text();
        let start = text
            .find("role=\"alert\"")
            .unwrap_or_else(|| panic!("no message: {text}"));
        text[start..].split("</p>").next().unwrap().to_owned()
    };
    let known = told("ada@shared.example", "wrong");
    assert!(known.contains("not right"), "{known}");
    assert_eq!(told("nobody@contoso.com", PASSWORD), known);
    assert_eq!(told("' OR 1=1 --", PASSWORD), known);
}

/// Wire contract 3.2: the sentence alone; what is missing stands in a member of its own.
#[test]
fn a_user_without_a_role_gets_the_sentence_of_the_old_service() {
    let site = site();
    let sentence = "Api request is not from global admin or security admin or security reader role";
    let norman = text(&site.tokens(&site.script, "norman@contoso.com"), "access_token");
    for target in [LIST, AUDIT, RISKY] {
        let refused = site.server.get(&norman, target);
        assert_eq!(refused.status, 403, "{target}");
        assert_eq!(refused.error_message(), sentence);
        assert_eq!(
            refused.error_code(),
            "Authentication_RequestFromUnsupportedUserRole"
        );
        assert_eq!(
            refused.json()["odata.error"]["requiredRoles"][0],
            "Global Administrator"
        );
    }
    let rita = text(&site.tokens(&site.script, "rita@contoso.com"), "access_token");
    assert_eq!(site.server.get(&rita, AUDIT).status, 200);
    let refused = site.server.get(&rita, RISKY);
    assert_eq!(
        (refused.status, refused.error_message().as_str()),
        (403, sentence)
    );
    let roles = refused.json()["odata.error"]["requiredRoles"].clone();
    assert_eq!(roles.as_array().unwrap().len(), 3, "{roles}");
}

#[test]
fn an_application_that_may_not_act_for_users_is_refused_at_authorize() {
    let site = site();
    let bare = site.workplace.json(&[
        "app",
        "create",
        "--tenant",
        "contoso.com",
        "--name",
        "bare",
        "--permission",
        "Directory.Read.All",
        "--reply-address",
        REPLY,
    ]);
    let bare = crate::support::App {
        tenant: "contoso.com".to_owned(),
        client_id: text(&bare, "clientId"),
        client_secret: text(&bare, "clientSecret"),
    };
    let answer = site.answer(
        &mut Browser::default(),
        &authorize_address(&bare, ""),
        "ada@shared.example",
    );
    let location = answer
        .header("location")
        .unwrap_or_else(|| panic!("{}", answer.text()));
    assert!(
        location.starts_with("https://localhost/?error=consent_required&error_description=AADSTS65001"),
        "{location}"
    );
}

#[test]
fn a_form_takes_the_code_where_the_application_asks_for_one() {
    let site = site();
    let target = authorize_address(&site.script, "&response_mode=form_post&state=s");
    let mut browser = Browser::default();
    let mut page = browser.get(&site.server, &target);
    for fields in [
        &[
            ("user", "ada@shared.example"),
            ("password", PASSWORD),
            ("answer", "yes"),
        ][..],
        &[("answer", "yes")],
    ] {
        page = browser.send(&site.server, &form(&page), fields);
    }
    assert_eq!(page.status, 200, "{}", page.text());
    let posted = form(&page);
    assert_eq!(posted.action, REPLY);
    let names: Vec<&str> = posted.hidden.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["code", "session_state", "state"]);
    let answer = site.redeem(&site.script, &posted.hidden[0].1, "");
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn pages_run_nothing_and_stand_in_no_frame() {
    let site = site();
    let mut browser = Browser::default();
    let page = browser.get(&site.server, &authorize_address(&site.script, ""));
    assert_eq!(
        page.header("content-security-policy"),
        Some(
            "default-src 'none'; style-src 'self'; form-action 'self' https://localhost; frame-ancestors 'none'; base-uri 'none'"
        )
    );
    assert_eq!(page.header("x-frame-options"), Some("DENY"));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(page.header("cache-control"), Some("no-store"));
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert!(
        !page.text().contains("<script") && !page.text().contains("style="),
        "{}",
        page.text()
    );
    let style = browser.get(&site.server, "/assets/gatelog.css");
    assert_eq!(
        (style.status, style.header("content-type")),
        (200, Some("text/css;charset=utf-8"))
    );
}

#[test]
fn signing_out_ends_the_session_of_this_browser() {
    let site = site();
    let mut browser = Browser::default();
    site.answer(
        &mut browser,
        &authorize_address(&site.script, ""),
        "ada@shared.example",
    );
    let stolen = browser.clone();
    let page = browser.get(&site.server, "/common/oauth2/logout");
    assert!(page.text().contains("signed out"), "{}", page.text());
    for mut browser in [browser, stolen] {
        let page = browser.get(&site.server, &authorize_address(&site.script, ""));
        assert!(page.text().contains("id=\"password\""), "{}", page.text());
    }
}
