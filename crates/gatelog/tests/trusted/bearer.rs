//! Access tokens of an outside issuer as bearers: who is let in, and what an issuer can and cannot do to the service.

use crate::stand_in::{DISCOVERY, KEYS, Key, Said, StandIn, hmac_under, message};
use crate::support::http::Request;
use crate::support::{CONTOSO, FABRIKAM, Server};
use crate::{Cases, check, claims, claims_with, configure, now, read, serve, workplace};
use serde_json::{Value, json};
use std::time::Duration;

const MALFORMED: &str = "Access Token missing or malformed.";
const SILENT: &str = "cannot be asked for its keys";

/// Waits for what comes when a pause is over.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("waited in vain: {what}");
}

fn metric(server: &Server, name: &str) -> String {
    let text = Request::get("/metrics").send(&server.admin).text();
    let line = text.lines().find(|line| line.starts_with(name));
    line.unwrap_or_default().to_owned()
}

#[test]
fn whoever_a_trusted_issuer_vouches_for_reads_the_reports_of_its_tenant_alone() {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let (workplace, config) = workplace(&issuer, "");
    let server = serve(&workplace, &config);
    let token = key.sign(&claims(&issuer));
    for tenant in [CONTOSO, "contoso.com", "myorganization"] {
        check(&read(&server, &token, tenant), 200, "\"value\":[");
    }
    check(&read(&server, &token, FABRIKAM), 403, "another tenant");
    check(&read(&server, &token, "fabrikam.com"), 403, "another tenant");
    check(&read(&server, &token, "nowhere.example"), 403, "another tenant");
    assert_eq!((issuer.times(DISCOVERY), issuer.times(KEYS)), (1, 1));
    assert_eq!(
        metric(&server, "gatelog_trusted_issuer_requests_total"),
        "gatelog_trusted_issuer_requests_total{issuer=\"outside\",result=\"good\"} 1"
    );
    // Sending events is for those who are registered here.
    let ingest = Request::post("/contoso.com/ingest/auto")
        .bearer(&token)
        .body("{}");
    assert_eq!(server.send(&ingest).status, 401);
    let userinfo = Request::get("/openid/userinfo").bearer(&token);
    assert_eq!(server.send(&userinfo).status, 401);
}

#[test]
fn without_a_role_nothing_is_read() {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let (workplace, config) = workplace(&issuer, "");
    let server = serve(&workplace, &config);
    let sentence = "Api request is not from global admin or security admin or security reader role";
    for groups in [
        Value::Null,
        json!([]),
        json!(["SOC"]),
        json!("soc2"),
        json!({ "soc": 1 }),
    ] {
        let token = key.sign(&claims_with(&issuer, "groups", groups));
        check(&read(&server, &token, "contoso.com"), 403, sentence);
    }
    // A role that the token says of itself is none.
    let mut boasting = claims_with(&issuer, "groups", Value::Null);
    boasting["roles"] = json!(["Global Administrator", "Directory.Read.All", "soc"]);
    boasting["wids"] = json!(["62e90394-69f5-4237-9190-012177145e10"]);
    boasting["tid"] = json!(CONTOSO);
    check(&read(&server, &key.sign(&boasting), "contoso.com"), 403, sentence);
}

#[test]
fn forged_and_foreign_tokens_are_refused() {
    let (key, other) = (Key::new("one"), Key::new("one"));
    let issuer = StandIn::start(&[&key]);
    let (workplace, config) = workplace(&issuer, "");
    let server = serve(&workplace, &config);
    let good = claims(&issuer);
    check(&read(&server, &key.sign(&good), "contoso.com"), 200, "");
    let header = |algorithm: &str| json!({ "alg": algorithm, "kid": "one", "typ": "JWT" });
    let cases = Cases::default();
    let refused = |token: &str, reason: &str, case: &str| {
        cases.look(case, || {
            let answer = read(&server, token, "contoso.com");
            check(&answer, 401, reason);
            assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer "));
        });
    };
    for algorithm in ["none", "None", "nOnE"] {
        refused(
            &format!("{}.", message(&header(algorithm), &good)),
            "algorithm",
            algorithm,
        );
    }
    for secret in [
        key.public_der(),
        key.jwk()["n"].as_str().unwrap().as_bytes().to_vec(),
    ] {
        refused(
            &hmac_under(&header("HS256"), &good, &secret),
            "algorithm",
            "HS256",
        );
    }
    refused(
        &other.sign(&good),
        "signature is wrong",
        "another key of that name",
    );
    let with_key =
        json!({ "alg": "RS256", "kid": "one", "jwk": other.jwk(), "jku": "http://127.0.0.1:9/keys" });
    refused(
        &other.sign_under(&with_key, &good),
        "signature is wrong",
        "jwk and jku",
    );
    refused(
        &key.sign_under(
            &json!({ "alg": "RS256", "kid": "one", "crit": ["b64"], "b64": false }),
            &good,
        ),
        "critical",
        "crit",
    );
    refused(
        &key.sign_under(
            &json!({ "alg": "RS256", "kid": "one", "typ": "logout+jwt" }),
            &good,
        ),
        "of a type",
        "typ of the header",
    );
    let mut tampered = claims(&issuer);
    tampered["sub"] = json!("eve");
    let (_, signature) = key
        .sign(&good)
        .rsplit_once('.')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    refused(
        &format!("{}.{signature}", message(&header("RS256"), &tampered)),
        "signature is wrong",
        "tampered",
    );
    let claim = |name: &str, value: Value, reason: &str| {
        let case = format!("{name} = {value}");
        refused(&key.sign(&claims_with(&issuer, name, value)), reason, &case);
    };
    claim("aud", json!("api://other"), "another audience");
    claim("aud", json!("https://graph.windows.net"), "another audience");
    claim("aud", Value::Null, "`aud` is missing");
    claim("exp", json!(now() - 3_600), "expired");
    claim("exp", Value::Null, "`exp` is missing");
    claim("exp", json!(now() + 400 * 86_400), "lives longer");
    claim("nbf", json!(now() + 3_600), "not valid yet");
    claim("iat", json!(now() + 3_600), "not valid yet");
    claim("sub", Value::Null, "names its subject");
    claim("typ", json!("ID"), "of a type");
    claim("at_hash", json!("x"), "of a type");
    claim("cnf", json!({ "jkt": "x" }), "bound to a key");
    // Of an issuer that nobody trusts it is just no token.
    claim("iss", json!("https://evil.example"), MALFORMED);
    claim("iss", json!(format!("{}/", issuer.issuer)), MALFORMED);
    cases.end();
}

#[test]
fn made_up_keys_do_not_make_us_ask_more_often() {
    let (key, other) = (Key::new("one"), Key::new("two"));
    let issuer = StandIn::start(&[&key]);
    let (workplace, config) = workplace(&issuer, "pause_seconds = \"1h\"");
    let server = serve(&workplace, &config);
    check(
        &read(&server, &key.sign(&claims(&issuer)), "contoso.com"),
        200,
        "",
    );
    let asked = issuer.times(KEYS);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (server, issuer, other) = (&server, &issuer, &other);
            scope.spawn(move || {
                for number in 0..25 {
                    let header = json!({ "alg": "RS256", "kid": format!("{thread}-{number}") });
                    let token = other.sign_under(&header, &claims(issuer));
                    check(&read(server, &token, "contoso.com"), 401, "key is unknown");
                }
            });
        }
    });
    assert_eq!(issuer.times(KEYS), asked, "200 unknown keys within the pause");
}

#[test]
fn a_new_key_is_found_once_the_pause_is_over() {
    let (old, new) = (Key::new("old"), Key::new("new"));
    let issuer = StandIn::start(&[&old]);
    let (workplace, config) = workplace(&issuer, "pause_seconds = 1");
    let server = serve(&workplace, &config);
    check(
        &read(&server, &old.sign(&claims(&issuer)), "contoso.com"),
        200,
        "",
    );
    issuer.publish(&[&new]);
    let token = new.sign(&claims(&issuer));
    until("the new key", || {
        read(&server, &token, "contoso.com").status == 200
    });
    check(
        &read(&server, &old.sign(&claims(&issuer)), "contoso.com"),
        401,
        "key is unknown",
    );
}

#[test]
fn many_who_come_at_once_are_one_question() {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let said = Said {
        after: Duration::from_millis(500),
        ..Said::json(&issuer.document())
    };
    issuer.say(DISCOVERY, said);
    let (workplace, config) = workplace(&issuer, "");
    let server = serve(&workplace, &config);
    let token = key.sign(&claims(&issuer));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| check(&read(&server, &token, "contoso.com"), 200, ""));
        }
    });
    assert_eq!((issuer.times(DISCOVERY), issuer.times(KEYS)), (1, 1));
}

/// What an issuer says at an address, and that its tokens are then refused for now.
fn check_unbelieved(path: &str, said: &Said, more: &str) {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let elsewhere = StandIn::start(&[&key]);
    let said = Said {
        headers: said.headers.replace("ELSEWHERE", &elsewhere.issuer),
        body: said
            .body
            .replace("ELSEWHERE", &elsewhere.issuer)
            .replace("ISSUER", &issuer.issuer)
            .replace("\"THE KEY\"", &key.jwk().to_string()),
        ..said.clone()
    };
    issuer.say(path, said);
    let (workplace, config) = workplace(&issuer, more);
    let server = serve(&workplace, &config);
    let answer = read(&server, &key.sign(&claims(&issuer)), "contoso.com");
    check(&answer, 503, SILENT);
    assert!(answer.header("retry-after").is_some());
    assert_eq!(
        elsewhere.times(DISCOVERY) + elsewhere.times(KEYS),
        0,
        "it was sent elsewhere"
    );
    let app = workplace_app(&server, &workplace);
    check(&read(&server, &app, "contoso.com"), 200, "");
}

/// A token of our own, which nothing outside touches.
fn workplace_app(server: &Server, workplace: &crate::support::Workplace) -> String {
    let app = workplace.app("contoso.com", &["Directory.Read.All"]);
    server.token(&app, "https://graph.windows.net")
}

#[test]
fn a_document_of_another_issuer_is_not_believed() {
    let document = json!({ "issuer": "https://evil.example", "jwks_uri": "ISSUER/keys" });
    check_unbelieved(DISCOVERY, &Said::json(&document), "");
    let document = json!({ "issuer": "ISSUER/", "jwks_uri": "ISSUER/keys" });
    check_unbelieved(DISCOVERY, &Said::json(&document), "");
}

#[test]
fn an_issuer_that_points_elsewhere_is_not_followed() {
    check_unbelieved(DISCOVERY, &Said::redirect(&format!("ELSEWHERE{DISCOVERY}")), "");
    check_unbelieved(KEYS, &Said::redirect(&format!("ELSEWHERE{KEYS}")), "");
}

#[test]
fn an_issuer_that_says_too_much_or_nonsense_is_not_heard() {
    // The right key is in it.
    let long = json!({ "keys": ["THE KEY"], "x": "x".repeat(300_000) });
    check_unbelieved(KEYS, &Said::json(&long), "");
    let mut nonsense = Said::json(&json!({}));
    nonsense.body = "<html>".to_owned();
    check_unbelieved(DISCOVERY, &nonsense, "");
    check_unbelieved(KEYS, &nonsense, "");
    let gone = Said {
        status: 500,
        ..Said::json(&json!({}))
    };
    check_unbelieved(DISCOVERY, &gone, "");
    let secret = json!({ "keys": [{ "kty": "oct", "kid": "one", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8" }] });
    check_unbelieved(KEYS, &Said::json(&secret), "");
}

#[test]
fn a_slow_issuer_keeps_nobody_else_waiting() {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let slow = Said {
        after: Duration::from_secs(30),
        ..Said::json(&issuer.document())
    };
    issuer.say(DISCOVERY, slow);
    let (workplace, config) = workplace(&issuer, "timeout_seconds = 20");
    let server = serve(&workplace, &config);
    let ours = workplace_app(&server, &workplace);
    let token = key.sign(&claims(&issuer));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| read(&server, &token, "contoso.com"));
        until("the issuer is asked", || issuer.times(DISCOVERY) == 1);
        check(&read(&server, &ours, "contoso.com"), 200, "");
        assert!(!waiting.is_finished(), "ours was answered while the other waited");
        check(&waiting.join().unwrap(), 503, SILENT);
    });
}

#[test]
fn the_keys_that_were_there_count_while_the_issuer_is_away() {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let (workplace, config) = workplace(
        &issuer,
        "pause_seconds = 1\nrefresh_seconds = 1\nstale_seconds = 5",
    );
    let server = serve(&workplace, &config);
    let token = key.sign(&claims(&issuer));
    check(&read(&server, &token, "contoso.com"), 200, "");
    let away = Said {
        status: 503,
        ..Said::json(&json!({}))
    };
    issuer.say(DISCOVERY, away);
    let before = issuer.times(DISCOVERY);
    until("it is asked again", || {
        read(&server, &token, "contoso.com");
        issuer.times(DISCOVERY) > before
    });
    check(&read(&server, &token, "contoso.com"), 200, "");
    until("they are too old", || {
        read(&server, &token, "contoso.com").status == 503
    });
    issuer.say(DISCOVERY, Said::json(&issuer.document()));
    until("it is back", || {
        read(&server, &token, "contoso.com").status == 200
    });
}

#[test]
fn a_reload_changes_the_rules_at_once_and_keeps_the_keys_of_issuers_that_stayed() {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let (workplace, config) = workplace(&issuer, "");
    let mut server = serve(&workplace, &config);
    let token = key.sign(&claims(&issuer));
    let about_security = "/contoso.com/reports/irregularSignInActivityEvents?api-version=beta";
    check(&server.get(&token, about_security), 200, "");
    let reload = |server: &mut Server, text: Option<&str>| {
        if let Some(role) = text {
            configure(&workplace, &issuer, "", role);
        }
        server.program.signal("HUP");
        server.program.wait_for("reloaded");
    };
    reload(&mut server, None);
    check(&server.get(&token, about_security), 200, "");
    assert_eq!(issuer.times(KEYS), 1, "nothing changed, nothing is asked");
    reload(&mut server, Some("Reports Reader"));
    check(&server.get(&token, about_security), 403, "");
    check(&read(&server, &token, "contoso.com"), 200, "");
    workplace.file("gatelog.toml", "");
    server.program.signal("HUP");
    server.program.wait_for("reloaded");
    check(&read(&server, &token, "contoso.com"), 401, MALFORMED);
}

#[test]
fn a_configuration_that_would_trust_too_much_is_refused() {
    let key = Key::new("one");
    let issuer = StandIn::start(&[&key]);
    let (workplace, config) = workplace(&issuer, "");
    let sound = std::fs::read_to_string(&config).unwrap();
    let refused = |from: &str, to: &str, reason: &str| {
        assert!(sound.contains(from), "{from}");
        workplace.file("gatelog.toml", sound.replace(from, to));
        let output = workplace.run(&["config", "check", "--config", config.to_str().unwrap()]);
        let text = crate::support::shown(&output);
        assert!(!output.status.success(), "{text}");
        assert!(text.contains(reason), "{reason:?} in {text}");
    };
    refused(
        &issuer.issuer,
        "http://id.contoso.com",
        "it takes an https:// address",
    );
    refused("Security Reader", "King", "Global Administrator");
    refused("tenants = [\"contoso.com\"]\n", "", "names the tenants");
    refused("audiences", "algorithms = [\"HS256\"]\naudiences", "never taken");
    refused("audiences", "algorithms = [\"none\"]\naudiences", "never taken");
    refused("audiences", "skew_seconds = \"1h\"\naudiences", "0 to 300");
    refused(
        "audiences",
        "client_id = \"api://gatelog\"\naudiences",
        "must not be `client_id`",
    );
    refused(
        "audiences",
        "ca_file = \"nowhere.pem\"\naudiences",
        "cannot be read",
    );
    refused("name = \"outside\"", "name = \"Out side\"", "small letters");
    refused("audiences", "audience", "did you mean");
    workplace.file("gatelog.toml", format!("{sound}\n{sound}"));
    let output = workplace.run(&["config", "check", "--config", config.to_str().unwrap()]);
    assert!(crate::support::shown(&output).contains("another issuer has that name"));
}
