//! What somebody with bad intent tries, each as a request over HTTP.

use crate::site::*;
use crate::support::http::{Connection, Request};
use crate::support::{App, FABRIKAM};

fn check_shut_out(site: &Site, token: &str, why: &str) {
    let answer = site.server.get(token, LIST);
    assert_eq!(answer.status, 401, "{why}: {}", answer.text());
}

#[test]
fn a_replayed_code_gets_nothing_and_revokes_what_it_gave() {
    let site = site();
    let code = site.code(&site.script, "ada@shared.example", "");
    let tokens = site.redeem(&site.script, &code, "").json();
    let access = text(&tokens, "access_token");
    assert_eq!(site.server.get(&access, LIST).status, 200);
    check_refused(
        &site.redeem(&site.script, &code, ""),
        (400, "invalid_grant", &[54005]),
    );
    check_shut_out(&site, &access, "the access token came of the code");
    let refreshed = site.refresh(&site.script, &text(&tokens, "refresh_token"));
    check_refused(&refreshed, (400, "invalid_grant", &[70002, 70000]));
}

#[test]
fn a_code_redeemed_many_times_at_once_counts_once() {
    let site = site();
    let code = site.code(&site.script, "ada@shared.example", "");
    let granted = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| site.redeem(&site.script, &code, "").status))
            .collect();
        tries
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .filter(|status| *status == 200)
            .count()
    });
    assert!(granted <= 1, "{granted} got tokens");
}

#[test]
fn a_code_is_no_good_for_another_application() {
    let site = site();
    let code = site.code(&site.script, "ada@shared.example", "");
    check_refused(
        &site.redeem(&site.other, &code, ""),
        (400, "invalid_grant", &[70002, 70000]),
    );
    // Trying did not use it up for its own.
    assert_eq!(site.redeem(&site.script, &code, "").status, 200);
}

#[test]
fn a_code_is_no_good_with_another_reply_address() {
    let site = site();
    for address in ["https://localhost/", "https://evil.example", ""] {
        let code = site.code(&site.script, "ada@shared.example", "");
        let form = format!(
            "grant_type=authorization_code&redirect_uri={address}&client_id={}&client_secret={}&code={code}",
            site.script.client_id, site.script.client_secret
        );
        check_refused(&site.token(&form), (400, "invalid_grant", &[70002, 50011]));
    }
}

#[test]
fn a_code_without_the_applications_secret_is_worth_nothing() {
    let site = site();
    let code = site.code(&site.script, "ada@shared.example", "");
    let form = format!(
        "grant_type=authorization_code&redirect_uri={REPLY}&client_id={}&code={code}",
        site.script.client_id
    );
    check_refused(&site.token(&form), (401, "invalid_client", &[7_000_218]));
    check_refused(
        &site.token(&format!("{form}&client_secret=guess")),
        (401, "invalid_client", &[70002, 50012]),
    );
    assert_eq!(site.redeem(&site.script, &code, "").status, 200);
}

#[test]
fn a_challenge_cannot_be_left_out_guessed_or_added() {
    let site = site();
    let protected = format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let refused = (400, "invalid_grant", &[501_481][..]);
    for (more, redeemed_with) in [
        (protected.as_str(), String::new()),
        (&protected, format!("&code_verifier={}", "a".repeat(43))),
        // The challenge itself, as if the method had been plain.
        (&protected, format!("&code_verifier={CHALLENGE}")),
        // Taken away on the way there, and present on the way back.
        ("", format!("&code_verifier={VERIFIER}")),
    ] {
        let code = site.code(&site.script, "ada@shared.example", more);
        check_refused(&site.redeem(&site.script, &code, &redeemed_with), refused);
    }
    let code = site.code(&site.script, "ada@shared.example", &protected);
    let granted = site.redeem(&site.script, &code, &format!("&code_verifier={VERIFIER}"));
    assert_eq!(granted.status, 200, "{}", granted.text());
}

#[test]
fn a_refresh_token_that_comes_twice_ends_everything_of_its_sign_in() {
    let site = site();
    let first = site.tokens(&site.script, "ada@shared.example");
    let old = text(&first, "refresh_token");
    check_refused(
        &site.refresh(&site.other, &old),
        (400, "invalid_grant", &[70002, 70000]),
    );
    let second = site.refresh(&site.script, &old).json();
    assert_eq!(site.server.get(&text(&second, "access_token"), LIST).status, 200);
    let reused = site.refresh(&site.script, &old);
    check_refused(&reused, (400, "invalid_grant", &[70002, 70000]));
    assert!(
        reused.json()["error_description"]
            .as_str()
            .unwrap()
            .contains("was used before")
    );
    let next = site.refresh(&site.script, &text(&second, "refresh_token"));
    check_refused(&next, (400, "invalid_grant", &[70002, 70000]));
    for tokens in [first, second] {
        check_shut_out(&site, &text(&tokens, "access_token"), "it is of the same sign-in");
    }
    // Another sign-in has nothing to do with it.
    let another = text(&site.tokens(&site.script, "ada@shared.example"), "access_token");
    assert_eq!(site.server.get(&another, LIST).status, 200);
}

#[test]
fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let site = site();
    for address in [
        "https://evil.example",
        "https://localhost/",
        "https://localhost.evil.example",
        "https://localhost@evil.example",
        "https://localhost%2f..%2f",
        "javascript:alert(1)",
        "%0d%0aLocation:%20https://evil.example",
    ] {
        let target = format!(
            "/common/oauth2/authorize?response_type=code&client_id={}&redirect_uri={address}&prompt=none",
            site.script.client_id
        );
        let answer = Browser::default().get(&site.server, &target);
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{address}"
        );
        assert!(answer.text().contains("AADSTS50011"), "{}", answer.text());
        assert!(!answer.text().contains("<form"), "{}", answer.text());
    }
    for query in [
        "post_logout_redirect_uri=https://evil.example".to_owned(),
        format!(
            "client_id={}&post_logout_redirect_uri=https://evil.example",
            site.script.client_id
        ),
        "post_logout_redirect_uri=https://localhost".to_owned(),
        format!(
            "client_id={}&post_logout_redirect_uri=//evil.example",
            site.script.client_id
        ),
    ] {
        let answer = Browser::default().get(&site.server, &format!("/common/oauth2/logout?{query}"));
        assert_eq!((answer.status, answer.header("location")), (200, None), "{query}");
    }
    let known = format!(
        "/common/oauth2/logout?client_id={}&post_logout_redirect_uri={REPLY}",
        site.script.client_id
    );
    assert_eq!(
        Browser::default().get(&site.server, &known).header("location"),
        Some(REPLY)
    );
}

#[test]
fn a_form_that_was_made_for_another_browser_does_nothing() {
    let site = site();
    let target = authorize_address(&site.script, "");
    let fields = [
        ("user", "ada@shared.example"),
        ("password", PASSWORD),
        ("answer", "yes"),
    ];
    let agree = [("answer", "yes")];
    let mut victim = Browser::default();
    let mut attacker = Browser::default();
    let own_sign_in = form(&attacker.get(&site.server, &target));
    // Signing a victim in as somebody else, with and without a cookie of its own.
    let refused = victim.send(&site.server, &own_sign_in, &fields);
    assert_eq!((refused.status, refused.header("location")), (400, None));
    let sign_in = form(&victim.get(&site.server, &target));
    assert_eq!(victim.send(&site.server, &own_sign_in, &fields).status, 400);
    // Agreeing in a victim's name.
    let consent = form(&victim.send(&site.server, &sign_in, &fields));
    let own_consent = form(&attacker.send(&site.server, &own_sign_in, &fields));
    let refused = victim.send(&site.server, &own_consent, &agree);
    assert_eq!((refused.status, refused.header("location")), (400, None));
    // Without a token, with another form's, for another request, or without the session.
    let mut bare = consent.clone();
    bare.hidden.retain(|(name, _)| name != "form");
    assert_eq!(victim.send(&site.server, &bare, &agree).status, 400);
    let mut swapped = consent.clone();
    swapped.hidden.clone_from(&sign_in.hidden);
    assert_eq!(victim.send(&site.server, &swapped, &agree).status, 400);
    let mut other_request = consent.clone();
    for (name, value) in &mut other_request.hidden {
        if name == "request" {
            *value = value.replace(&site.script.client_id, &site.other.client_id);
        }
    }
    assert_eq!(victim.send(&site.server, &other_request, &agree).status, 400);
    let mut signed_out = victim.clone();
    signed_out.forget("gatelog-session");
    assert_eq!(signed_out.send(&site.server, &consent, &agree).status, 400);
    assert_eq!(victim.send(&site.server, &consent, &agree).status, 302);
}

#[test]
fn a_session_is_new_with_each_sign_in() {
    let site = site();
    let mut browser = Browser::default();
    site.answer(
        &mut browser,
        &authorize_address(&site.script, ""),
        "ada@shared.example",
    );
    let before = browser.cookie("gatelog-session").unwrap().to_owned();
    let login = form(&browser.get(&site.server, &authorize_address(&site.script, "&prompt=login")));
    let fields = [
        ("user", "rita@contoso.com"),
        ("password", PASSWORD),
        ("answer", "yes"),
    ];
    browser.send(&site.server, &login, &fields);
    assert_ne!(browser.cookie("gatelog-session"), Some(before.as_str()));
    // The old one has ended with it.
    let request = Request::get(&authorize_address(&site.script, ""))
        .header("Cookie", &format!("gatelog-session={before}"));
    assert!(site.server.send(&request).text().contains("id=\"password\""));
}

#[test]
fn a_session_of_one_tenant_is_none_in_another() {
    let site = site();
    let made = site.workplace.json(&[
        "app",
        "create",
        "--tenant",
        "fabrikam.com",
        "--name",
        "theirs",
        "--delegated-permission",
        "Directory.Read.All",
        "--reply-address",
        REPLY,
    ]);
    let theirs = App {
        tenant: "fabrikam.com".to_owned(),
        client_id: text(&made, "clientId"),
        client_secret: text(&made, "clientSecret"),
    };
    let mut browser = Browser::default();
    site.answer(
        &mut browser,
        &authorize_address(&site.script, ""),
        "ada@shared.example",
    );
    let page = browser.get(&site.server, &authorize_address(&theirs, ""));
    assert!(page.text().contains("id=\"password\""), "{}", page.text());
    // The same name is another user there, whose token opens nothing here.
    let answer = site.answer(
        &mut Browser::default(),
        &authorize_address(&theirs, ""),
        "ada@shared.example",
    );
    let granted = site.redeem(&theirs, &code_of(&answer), "");
    let access = text(&granted.json(), "access_token");
    assert_eq!(claims(&access)["tid"], FABRIKAM);
    assert_eq!(site.server.get(&access, LIST).status, 403);
    assert_eq!(
        site.server
            .get(&access, "/fabrikam.com/reports?api-version=beta")
            .status,
        200
    );
    // Nor does our application exist there.
    let target = authorize_address(&site.script, "").replace("/common/", "/fabrikam.com/");
    let answer = Browser::default().get(&site.server, &target);
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("AADSTS70001"), "{}", answer.text());
}

#[test]
fn an_id_token_is_no_access_token() {
    let site = site();
    let tokens = site.tokens(&site.script, "ada@shared.example");
    check_shut_out(
        &site,
        &text(&tokens, "id_token"),
        "it says who signed in, no more",
    );
    check_shut_out(
        &site,
        &text(&tokens, "refresh_token"),
        "it is for the token endpoint",
    );
}

#[test]
fn a_users_token_that_was_changed_is_none() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let site = site();
    let access = text(&site.tokens(&site.script, "norman@contoso.com"), "access_token");
    let parts: Vec<&str> = access.split('.').collect();
    let mut promoted = claims(&access);
    promoted["wids"] = serde_json::json!(["62e90394-69f5-4237-9190-012177145e10"]);
    promoted["oid"] = "adaa0000-0000-4000-8000-000000000001".into();
    let promoted = URL_SAFE_NO_PAD.encode(promoted.to_string());
    let header = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let kid = claims_of(parts[0])["kid"].as_str().unwrap().to_owned();
    for (forged, why) in [
        (
            format!("{}.{promoted}.{}", parts[0], parts[2]),
            "another's signature",
        ),
        (format!("{}.{promoted}.", parts[0]), "no signature"),
        (format!("{}.{promoted}.", header(r#"{"alg":"none"}"#)), "alg none"),
        (
            format!(
                "{}.{promoted}.",
                header(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#))
            ),
            "alg none with our kid",
        ),
        (
            hs256(
                &header(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#)),
                &promoted,
                &public_key(&site),
            ),
            "our public key as a shared secret",
        ),
        (
            hs256(
                &header(&format!(r#"{{"alg":"RS256","kid":"{kid}"}}"#)),
                &promoted,
                &public_key(&site),
            ),
            "the same under our algorithm's name",
        ),
        (
            format!(
                "{}.{promoted}.{}",
                header(r#"{"alg":"RS256","kid":"../../dev/null"}"#),
                parts[2]
            ),
            "a kid that is a path",
        ),
        (
            format!(
                "{}.{promoted}.{}",
                header(r#"{"alg":"RS256","jku":"https://evil.example/keys"}"#),
                parts[2]
            ),
            "a key of one's own",
        ),
    ] {
        check_shut_out(&site, &forged, why);
    }
    // The untouched one is good, and without a role.
    assert_eq!(site.server.get(&access, LIST).status, 403);
}

fn claims_of(part: &str) -> serde_json::Value {
    claims(&format!(".{part}."))
}

/// The modulus of our key as it is published.
fn public_key(site: &Site) -> Vec<u8> {
    let keys = site.server.send(&Request::get("/common/discovery/keys")).json();
    keys["keys"][0]["n"].as_str().unwrap().as_bytes().to_vec()
}

fn hs256(header: &str, claims: &str, secret: &[u8]) -> String {
    use aws_lc_rs::hmac;
    use base64::Engine;
    let message = format!("{header}.{claims}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let signature = hmac::sign(&key, message.as_bytes());
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature);
    format!("{message}.{signature}")
}

#[test]
fn a_parameter_that_comes_twice_is_refused() {
    let site = site();
    let target = authorize_address(&site.script, "&redirect_uri=https://evil.example");
    let answer = Browser::default().get(&site.server, &target);
    assert_eq!(
        (answer.status, answer.header("location")),
        (400, None),
        "{}",
        answer.text()
    );
}

#[test]
fn nothing_that_a_client_sends_breaks_a_header_or_a_page() {
    let site = site();
    let state = "%0d%0aSet-Cookie:%20a=b%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let refused = Browser::default().get(
        &site.server,
        &authorize_address(&site.script, &format!("&prompt=none&state={state}")),
    );
    assert_eq!(refused.status, 302);
    assert_eq!(refused.header("set-cookie"), None);
    let page = Browser::default().get(
        &site.server,
        &authorize_address(&site.script, &format!("&state={state}&login_hint={state}")),
    );
    assert!(!page.text().contains("<script"), "{}", page.text());
    let page = Browser::default().get(&site.server, "/common/oauth2/authorize?client_id=%3Cscript%3E");
    assert_eq!(page.status, 400);
    assert!(!page.text().contains("<script"), "{}", page.text());
}

#[test]
fn nothing_that_a_client_sends_makes_a_line_of_the_log() {
    let mut site = site();
    let line = "\n2026-01-01T00:00:00Z ERROR forged: \u{1b}[31mall is lost\r\n";
    let typed = escaped(line);
    let mut browser = Browser::default();
    let page = form(&browser.get(
        &site.server,
        &authorize_address(&site.script, &format!("&state={typed}&login_hint={typed}")),
    ));
    let fields = |user: &str| {
        browser.clone().send(
            &site.server,
            &page,
            &[("user", user), ("password", "wrong horse"), ("answer", "yes")],
        )
    };
    assert_eq!(fields(&format!("ada@shared.example{line}")).status, 200);
    for target in [
        format!("/{typed}/reports?api-version=beta"),
        format!("/contoso.com/reports/{typed}?api-version=beta"),
        format!("/common/oauth2/authorize?client_id={typed}"),
        format!("/common/discovery/instance?authorization_endpoint={typed}"),
    ] {
        let request = Request::get(&target)
            .header("User-Agent", "agent\u{1b}[31m")
            .header("client-request-id", "forged")
            .header("X-Forwarded-For", "forged");
        assert!(
            (400..500).contains(&site.server.send(&request).status),
            "{target}"
        );
    }
    for form in [
        format!("grant_type=client_credentials&client_id={typed}&client_secret=x"),
        format!("grant_type={typed}&client_id={}", site.script.client_id),
        format!(
            "grant_type=refresh_token&refresh_token={typed}&client_id={}&client_secret={}",
            site.script.client_id, site.script.client_secret
        ),
    ] {
        assert!((400..500).contains(&site.token(&form).status), "{form}");
    }
    // Whatever came before it is in the log, too.
    site.server
        .send(&Request::get("/the-end/reports?api-version=beta"));
    site.server.program.wait_for("the-end");
    for line in site.server.program.heard() {
        assert!(
            !line.starts_with("2026-01-01") && !line.starts_with("ERROR"),
            "{line:?}"
        );
        assert!(!line.contains(['\u{1b}', '\r']), "{line:?}");
    }
}

#[test]
fn what_is_too_large_is_refused() {
    let site = site();
    let long = "a".repeat(200_000);
    for (request, expected) in [
        (
            Request::get(&format!("/common/oauth2/authorize?client_id={long}")),
            &[414, 431][..],
        ),
        (Request::get(LIST).bearer(&long), &[431]),
        (Request::get(LIST).bearer(&long[..17_000]), &[401]),
        (Request::get(LIST).header("Cookie", &long), &[431]),
        (
            Request::post("/common/oauth2/token").form(&"a=b&".repeat(2_000_000)),
            &[413],
        ),
        (
            Request::post("/common/oauth2/login").form(&"a=b&".repeat(2_000_000)),
            &[413],
        ),
        (
            Request::post("/common/oauth2/token").form(&"a=b&".repeat(5_000)),
            &[400],
        ),
    ] {
        let answer = site.server.send(&request);
        assert!(
            expected.contains(&answer.status),
            "{}: {expected:?}",
            answer.status
        );
    }
}

/// Many who say half of what they have to say keep nobody else from being answered, and are not waited for.
#[test]
fn what_is_too_slow_is_ended() {
    // More than a busy machine takes for a whole request.
    let site = site_with(&[("limits.header_seconds", "5"), ("limits.stall_seconds", "5")]);
    let started = "POST /common/oauth2/token HTTP/1.1\r\nHost: x\r\n";
    let body = format!("{started}Content-Length: 100\r\n\r\ngrant_type=");
    let mut slow: Vec<Connection> = (0..40).map(|_| Connection::open(&site.server.address)).collect();
    for (number, connection) in slow.iter_mut().enumerate() {
        connection.say(if number % 2 == 0 {
            started.as_bytes()
        } else {
            body.as_bytes()
        });
    }
    assert_eq!(
        site.server.send(&Request::get("/common/discovery/keys")).status,
        200
    );
    for (number, mut connection) in slow.into_iter().enumerate() {
        let said = connection.rest();
        let is_told = said.is_empty() || said.starts_with("HTTP/1.1 408 ");
        assert!(is_told, "{number}: {said}");
    }
}
