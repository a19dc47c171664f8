//! Signing in by an outside issuer: the way there and back, and each place where somebody could stand in it.

use crate::site::{Browser, REPLY, check_refused, code_of, form, text};
use crate::stand_in::{Key, Said, StandIn, TOKEN, hmac_under, message};
use crate::support::http::{Answer, Request};
use crate::support::{App, CONTOSO, Server, Workplace};
use crate::{AUDIENCE, Cases, check, claims_with, now, serve, workplace};
use reqwest::Url;
use serde_json::{Value, json};
use std::path::PathBuf;

const RETURN: &str = "/common/oauth2/outside/outside/callback";
const ROW: &str = "/contoso.com/reports/auditEvents?api-version=beta";
const STALE: &str = "This form is no longer good";
const FAILED: &str = "Signing in there did not work";

/// A service whose people may sign in by a stand-in.
struct House {
    key: Key,
    issuer: StandIn,
    app: App,
    config: PathBuf,
    server: Server,
    workplace: Workplace,
}

/// A sign-in on its way: what the browser was sent away with.
struct Away {
    browser: Browser,
    state: String,
    nonce: String,
    challenge: String,
}

fn house() -> House {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let more = "client_id = \"gatelog\"\nclient_secret_file = \"secret\"\nlabel = \"Contoso <SSO>\"";
    let (workplace, config) = workplace(&issuer, more);
    workplace.file("secret", "between us: 100%\n");
    let text = std::fs::read_to_string(&config).unwrap();
    let public = "[server]\npublic_url = \"https://reports.contoso.com\"\n";
    workplace.file("gatelog.toml", format!("{public}{text}"));
    let app = reader_app(&workplace, "contoso.com");
    let server = serve(&workplace, &config);
    House {
        key,
        issuer,
        app,
        config,
        server,
        workplace,
    }
}

/// An application of a tenant that may act for users.
pub(crate) fn reader_app(workplace: &Workplace, tenant: &str) -> App {
    let made = workplace.json(&[
        "app",
        "create",
        "--tenant",
        tenant,
        "--name",
        "Script",
        "--delegated-permission",
        "Directory.Read.All",
        "--reply-address",
        REPLY,
    ]);
    App {
        tenant: tenant.to_owned(),
        client_id: made["clientId"].as_str().unwrap().to_owned(),
        client_secret: made["clientSecret"].as_str().unwrap().to_owned(),
    }
}

/// The address of the script of 2017, with more parameters.
pub(crate) fn authorize_address(app: &App, more: &str) -> String {
    format!(
        "/common/oauth2/authorize?response_type=code&redirect_uri={REPLY}&client_id={}&resource=https%3a%2f%2fgraph.windows.net{more}",
        app.client_id
    )
}

/// Where the button of a sign-in page leads.
pub(crate) fn link(page: &Answer) -> String {
    let html = page.text();
    let (_, rest) = html
        .split_once("<a class=\"outside\" href=\"")
        .unwrap_or_else(|| panic!("no link: {html}"));
    rest.split('"').next().unwrap().replace("&#38;", "&")
}

/// A parameter of an address.
pub(crate) fn parameter(address: &str, name: &str) -> String {
    let url = Url::parse(address).unwrap();
    let found = url.query_pairs().find(|(its_name, _)| its_name == name);
    found
        .unwrap_or_else(|| panic!("no {name}: {address}"))
        .1
        .into_owned()
}

/// A code at the application's address becomes tokens.
pub(crate) fn redeem(server: &Server, app: &App, code: &str) -> Answer {
    server.send(&Request::post("/common/oauth2/token").form(&format!(
        "grant_type=authorization_code&redirect_uri={REPLY}&client_id={}&client_secret={}&code={code}&resource=https://graph.windows.net",
        app.client_id, app.client_secret
    )))
}

pub(crate) fn refresh(server: &Server, app: &App, token: &str) -> Answer {
    server.send(&Request::post("/common/oauth2/token").form(&format!(
        "grant_type=refresh_token&refresh_token={token}&client_id={}&client_secret={}",
        app.client_id, app.client_secret
    )))
}

/// Where a redirect leads.
pub(crate) fn location(answer: &Answer) -> String {
    assert_eq!(answer.status, 302, "{}", answer.text());
    answer.header("location").unwrap().to_owned()
}

impl House {
    fn leave(&self, more: &str) -> Away {
        let mut browser = Browser::default();
        let page = browser.get(&self.server, &authorize_address(&self.app, more));
        check(&page, 200, "Sign in with Contoso ");
        assert!(
            !page.text().contains("<SSO>"),
            "what the operator wrote is text, not HTML"
        );
        let sent = location(&browser.get(&self.server, &link(&page)));
        assert!(
            sent.starts_with(&format!("{}/auth?", self.issuer.issuer)),
            "{sent}"
        );
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "gatelog"),
            ("scope", "openid profile email"),
            ("code_challenge_method", "S256"),
            ("redirect_uri", &format!("https://reports.contoso.com{RETURN}")),
        ] {
            assert_eq!(parameter(&sent, name), value);
        }
        Away {
            browser,
            state: parameter(&sent, "state"),
            nonce: parameter(&sent, "nonce"),
            challenge: parameter(&sent, "code_challenge"),
        }
    }

    fn id_claims(&self, nonce: &str) -> Value {
        json!({
            "iss": self.issuer.issuer, "aud": "gatelog", "sub": "ada", "exp": now() + 600, "iat": now(), "nonce": nonce,
            "preferred_username": "ada@contoso.com", "name": "Ada Lovelace", "groups": ["soc"],
        })
    }

    fn gives(&self, id_token: &str) {
        let answer = json!({ "token_type": "Bearer", "access_token": "opaque", "id_token": id_token });
        self.issuer.say(TOKEN, Said::json(&answer));
    }

    /// The browser comes back with an answer and follows to the page that has none in its address.
    fn come_back(&self, browser: &mut Browser, answer: &str) -> Answer {
        let next = location(&browser.get(&self.server, &format!("{RETURN}?{answer}")));
        assert!(!next.contains("code=") && !next.contains("error="), "{next}");
        browser.get(&self.server, &next)
    }

    /// All of it, with claims of the id token changed.
    fn sign_in(&self, more: &str, change: impl FnOnce(&mut Value)) -> (Answer, Browser) {
        let mut away = self.leave(more);
        let mut claims = self.id_claims(&away.nonce);
        change(&mut claims);
        self.gives(&self.key.sign(&claims));
        let answer = self.come_back(&mut away.browser, &format!("code=abc&state={}", away.state));
        (answer, away.browser)
    }

    /// Signed in and agreed.
    fn tokens(&self) -> Value {
        let (page, mut browser) = self.sign_in("", |_| ());
        check(&page, 200, "ada_contoso.com");
        let answer = browser.send(&self.server, &form(&page), &[("answer", "yes")]);
        let answer = redeem(&self.server, &self.app, &code_of(&answer));
        check(&answer, 200, "access_token");
        answer.json()
    }

    fn reload(&mut self, text: &str) {
        self.workplace.file("gatelog.toml", text);
        self.server.program.signal("HUP");
        self.server.program.wait_for("reloaded");
    }
}

#[test]
fn somebody_from_outside_signs_in_and_gets_our_tokens() {
    let house = house();
    let mut away = house.leave("&state=s-1");
    house.gives(&house.key.sign(&house.id_claims(&away.nonce)));
    let page = house.come_back(&mut away.browser, &format!("code=abc&state={}", away.state));
    check(&page, 200, "ada_contoso.com");
    let body = house.issuer.last_body(TOKEN);
    let verifier = parameter(&format!("http://x/?{body}"), "code_verifier");
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let challenge = {
        use base64::Engine;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest.as_ref())
    };
    assert_eq!(challenge, away.challenge, "the verifier is that of the challenge");
    assert!(!body.contains("secret"), "our secret is in the header");
    let answer = away
        .browser
        .send(&house.server, &form(&page), &[("answer", "yes")]);
    assert!(
        location(&answer).starts_with("https://localhost/?code="),
        "{}",
        location(&answer)
    );
    assert!(location(&answer).ends_with("&state=s-1"));
    let tokens = redeem(&house.server, &house.app, &code_of(&answer)).json();
    let access = text(&tokens, "access_token");
    check(&house.server.get(&access, ROW), 200, "\"value\":[");
    let claims = crate::site::claims(&access);
    assert_eq!(claims["upn"], "ada_contoso.com#ext#@contoso.com");
    assert_eq!(claims["tid"], CONTOSO);
    let renewed = refresh(&house.server, &house.app, &text(&tokens, "refresh_token"));
    check(
        &house.server.get(&text(&renewed.json(), "access_token"), ROW),
        200,
        "",
    );
    // The browser stays signed in.
    let again = away
        .browser
        .get(&house.server, &authorize_address(&house.app, ""));
    assert!(location(&again).contains("code="));
}

#[test]
fn the_same_person_is_the_same_user_whatever_the_name() {
    let house = house();
    let first = crate::site::claims(&text(&house.tokens(), "access_token"))["oid"].clone();
    let (page, _) = house.sign_in("", |claims| {
        claims["preferred_username"] = json!("lovelace@contoso.com");
    });
    // Agreed before: the code comes at once.
    let again = redeem(&house.server, &house.app, &code_of(&page)).json();
    let again = crate::site::claims(&text(&again, "access_token"));
    assert_eq!(again["oid"], first);
    assert_eq!(again["upn"], "lovelace_contoso.com#ext#@contoso.com");
    // Somebody else with the same name is somebody else.
    let (page, mut browser) = house.sign_in("", |claims| {
        claims["preferred_username"] = json!("lovelace@contoso.com");
        claims["sub"] = json!("eve");
    });
    let answer = browser.send(&house.server, &form(&page), &[("answer", "yes")]);
    let eve = redeem(&house.server, &house.app, &code_of(&answer)).json();
    let eve = crate::site::claims(&text(&eve, "access_token"));
    assert_ne!(eve["oid"], first);
    assert_ne!(eve["upn"], again["upn"]);
}

/// Nothing came of it: nobody is signed in, no code, and the page says so.
fn check_not_signed_in(house: &House, browser: &mut Browser, answer: &Answer, words: &str) {
    assert!(answer.text().contains(words), "{words:?}: {}", answer.text());
    let page = browser.get(&house.server, &authorize_address(&house.app, ""));
    check(&page, 200, "id=\"password\"");
    let users = house.workplace.json(&["user", "list", "--tenant", "contoso.com"]);
    assert!(!users.to_string().contains("#ext#"), "{users}");
}

#[test]
fn an_answer_counts_in_the_browser_that_asked_and_once() {
    let house = house();
    let mut away = house.leave("");
    house.gives(&house.key.sign(&house.id_claims(&away.nonce)));
    let answer = format!("code=abc&state={}", away.state);
    // Somebody else's browser, as in a forged sign-in.
    let mut other = Browser::default();
    let page = house.come_back(&mut other, &answer);
    check_not_signed_in(&house, &mut other, &page, STALE);
    let mut other = house.leave("").browser;
    let page = house.come_back(&mut other, &answer);
    check_not_signed_in(&house, &mut other, &page, STALE);
    // Another state, or none.
    for wrong in ["code=abc&state=x", "code=abc", "code=abc&state="] {
        let mut browser = away.browser.clone();
        let page = house.come_back(&mut browser, wrong);
        check_not_signed_in(&house, &mut browser, &page, STALE);
    }
    assert_eq!(house.issuer.times(TOKEN), 0, "no code was redeemed");
    // The right one, and the same again with the same cookies.
    let mut replayed = away.browser.clone();
    check(
        &house.come_back(&mut away.browser, &answer),
        200,
        "ada_contoso.com",
    );
    assert_eq!(house.issuer.times(TOKEN), 1);
    let page = house.come_back(&mut replayed, &answer);
    assert!(page.text().contains(STALE), "{}", page.text());
    assert_eq!(house.issuer.times(TOKEN), 1, "a replayed answer redeems nothing");
}

#[test]
fn a_cookie_of_the_browsers_own_making_is_none() {
    let house = house();
    let away = house.leave("");
    house.gives(&house.key.sign(&house.id_claims("mine")));
    let cookie = away.browser.cookie("__Host-gatelog-outside").unwrap().to_owned();
    let (text, mac) = cookie.split_once('.').unwrap();
    let text = {
        use base64::Engine;
        let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let json = String::from_utf8(engine.decode(text).unwrap()).unwrap();
        engine.encode(json.replace(&away.nonce, "mine").replace(&away.state, "chosen"))
    };
    let form_cookie = away.browser.cookie("__Host-gatelog-form").unwrap();
    let request = Request::get(&format!("{RETURN}?code=abc&state=chosen")).header(
        "Cookie",
        &format!("__Host-gatelog-form={form_cookie}; __Host-gatelog-outside={text}.{mac}"),
    );
    assert_eq!(location(&house.server.send(&request)), "/common/oauth2/outside");
    assert_eq!(house.issuer.times(TOKEN), 0);
}

#[test]
fn an_id_token_that_is_not_the_answer_signs_nobody_in() {
    let house = house();
    let cases = Cases::default();
    let check_claim = |name: &str, value: Value| {
        cases.look(&format!("{name} = {value}"), || {
            let (page, mut browser) = house.sign_in("", |claims| match value {
                Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
                value => claims[name] = value,
            });
            check_not_signed_in(&house, &mut browser, &page, FAILED);
        });
    };
    check_claim("nonce", json!("another"));
    check_claim("nonce", Value::Null);
    check_claim("aud", json!("somebody-else"));
    check_claim("aud", json!(AUDIENCE));
    check_claim("aud", json!(["gatelog", "somebody-else"]));
    check_claim("azp", json!("somebody-else"));
    check_claim("iss", json!("https://evil.example"));
    check_claim("exp", json!(now() - 3_600));
    check_claim("iat", json!(now() + 3_600));
    check_claim("sub", Value::Null);
    check_claim("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"));
    let check_token = |case: &str, token: &dyn Fn(&Value) -> String| {
        cases.look(case, || {
            let mut away = house.leave("");
            house.gives(&token(&house.id_claims(&away.nonce)));
            let page = house.come_back(&mut away.browser, &format!("code=abc&state={}", away.state));
            check_not_signed_in(&house, &mut away.browser, &page, FAILED);
        });
    };
    let header = |algorithm: &str| json!({ "alg": algorithm, "kid": "one" });
    check_token("another key", &|claims| Key::new("one").sign(claims));
    check_token("HS256 by our secret", &|claims| {
        hmac_under(&header("HS256"), claims, b"between us: 100%")
    });
    check_token("HS256 by the public key", &|claims| {
        hmac_under(&header("HS256"), claims, &house.key.public_der())
    });
    check_token("none", &|claims| format!("{}.", message(&header("none"), claims)));
    check_token("empty", &|_| String::new());
    cases.end();
}

#[test]
fn what_an_issuer_answers_instead_is_told_and_nothing_of_it_shown() {
    let house = house();
    let cases = Cases::default();
    let check_answer = |answer: &str, words: &str| {
        cases.look(answer, || {
            let mut away = house.leave("");
            house.gives(&house.key.sign(&house.id_claims(&away.nonce)));
            let page = house.come_back(&mut away.browser, &format!("{answer}&state={}", away.state));
            check_not_signed_in(&house, &mut away.browser, &page, words);
            assert!(!page.text().contains("injected"), "{}", page.text());
        });
    };
    check_answer(
        "error=access_denied&error_description=injected",
        "You were not signed in there",
    );
    check_answer("error=%3Cinjected%3E", "You were not signed in there");
    check_answer("iss=https%3A%2F%2Fevil.example&code=abc", FAILED);
    check_answer("x=y", FAILED);
    let refused = Said {
        status: 400,
        ..Said::json(&json!({ "error": "invalid_grant", "error_description": "injected" }))
    };
    let elsewhere = StandIn::start(&[&house.key]);
    let answers = [
        ("a refusal", refused),
        (
            "a redirect",
            Said::redirect(&format!("{}{TOKEN}", elsewhere.issuer)),
        ),
        ("no id token", Said::json(&json!({ "access_token": "x" }))),
    ];
    for (case, said) in answers {
        cases.look(case, || {
            let mut away = house.leave("");
            house.issuer.say(TOKEN, said);
            let page = house.come_back(&mut away.browser, &format!("code=abc&state={}", away.state));
            check_not_signed_in(&house, &mut away.browser, &page, FAILED);
        });
    }
    cases.end();
    assert_eq!(elsewhere.times(TOKEN), 0, "the code was sent elsewhere");
}

#[test]
fn whoever_gets_no_role_is_not_kept() {
    let house = house();
    let (page, mut browser) = house.sign_in("", |claims| claims["groups"] = json!(["other"]));
    check_not_signed_in(&house, &mut browser, &page, "gives you no role here");
}

#[test]
fn another_tenant_does_not_offer_it() {
    let house = house();
    let fabrikam = reader_app(&house.workplace, "fabrikam.com");
    let mut browser = Browser::default();
    let page = browser.get(&house.server, &authorize_address(&fabrikam, ""));
    check(&page, 200, "id=\"password\"");
    assert!(!page.text().contains("class=\"outside\""), "{}", page.text());
    let query = crate::site::escaped(authorize_address(&fabrikam, "").split_once('?').unwrap().1);
    let page = browser.get(
        &house.server,
        &format!("/common/oauth2/outside/outside?request={query}"),
    );
    check(&page, 200, "not offered here");
    // Our sign-in there does not open their door either.
    let (page, mut browser) = house.sign_in("", |_| ());
    check(&page, 200, "ada_contoso.com");
    let page = browser.get(&house.server, &authorize_address(&fabrikam, ""));
    check(&page, 200, "id=\"password\"");
}

#[test]
fn who_is_switched_off_here_stays_out_whatever_the_issuer_says() {
    let house = house();
    let tokens = house.tokens();
    let name = "ada_contoso.com#ext#@contoso.com";
    house
        .workplace
        .json(&["user", "disable", name, "--tenant", "contoso.com"]);
    check(
        &house.server.get(&text(&tokens, "access_token"), ROW),
        401,
        "missing or malformed",
    );
    let bearer = house.key.sign(&claims_with(&house.issuer, "sub", json!("ada")));
    check(&house.server.get(&bearer, ROW), 401, "disabled");
    let (page, _) = house.sign_in("", |_| ());
    check(&page, 200, "switched off");
}

#[test]
fn roles_are_those_of_the_last_sign_in() {
    let mut house = house();
    let about_security = "/contoso.com/reports/irregularSignInActivityEvents?api-version=beta";
    let tokens = house.tokens();
    let access = text(&tokens, "access_token");
    check(&house.server.get(&access, about_security), 200, "");
    let weaker = std::fs::read_to_string(&house.config)
        .unwrap()
        .replace("Security Reader", "Reports Reader");
    house.reload(&weaker);
    let (page, _) = house.sign_in("", |_| ());
    assert!(location(&page).contains("code="));
    check(&house.server.get(&access, about_security), 403, "");
    check(&house.server.get(&access, ROW), 200, "");
}

#[test]
fn what_was_given_ends_with_the_trust_and_with_the_time() {
    let mut house = house();
    let tokens = house.tokens();
    let access = text(&tokens, "access_token");
    let sound = std::fs::read_to_string(&house.config).unwrap();
    let (head, _) = sound.split_once("[[trusted_issuers]]").unwrap();
    house.reload(head);
    check(&house.server.get(&access, ROW), 401, "disabled");
    house.reload(&sound);
    check(&house.server.get(&access, ROW), 200, "");
    // A day later, without another sign-in there.
    let House {
        server,
        workplace,
        app,
        config,
        ..
    } = house;
    server.program.signal("TERM");
    assert!(server.program.wait().0.success());
    let control = rusqlite::Connection::open(workplace.data().join("control.db")).unwrap();
    control
        .execute(
            "UPDATE outside_users SET signed_in = signed_in - 864000000000",
            [],
        )
        .unwrap();
    drop(control);
    let server = serve(&workplace, &config);
    check_refused(
        &refresh(&server, &app, &text(&tokens, "refresh_token")),
        (400, "invalid_grant", &[70002, 70008]),
    );
}
