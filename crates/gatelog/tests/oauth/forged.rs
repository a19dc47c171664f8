//! Tokens that the service's own key signed and that nevertheless must open nothing: one thing about each is wrong.

use crate::site::*;
use crate::support::http::Request;
use crate::support::{App, CONTOSO, FABRIKAM};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// What an attacker does not have: the key that signs. With it only the other checks are left to be passed.
struct Forge {
    key: RsaKeyPair,
    header: Value,
    claims: Value,
}

impl Forge {
    /// Takes a good token apart, and its key from the data folder.
    fn new(site: &Site, token: &str) -> Forge {
        let folder = site.workplace.data().join("keys");
        let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap();
        let pem = std::fs::read_to_string(file.path()).unwrap();
        let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let key = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
        let header = token.split('.').next().unwrap();
        Forge {
            key,
            header: serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap(),
            claims: claims(token),
        }
    }

    fn sign(&self, padding: &'static dyn RsaEncoding, header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", encode(header), encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The token with a claim that says something else, or is not there.
    fn with_claim(&self, name: &str, value: Option<Value>) -> String {
        self.sign(&RSA_PKCS1_SHA256, &self.header, &with(&self.claims, name, value))
    }

    /// The token with a member of the header that says something else, or is not there.
    fn with_header(&self, padding: &'static dyn RsaEncoding, name: &str, value: Option<Value>) -> String {
        self.sign(padding, &with(&self.header, name, value), &self.claims)
    }
}

fn with(object: &Value, name: &str, value: Option<Value>) -> Value {
    let mut object = object.clone();
    match value {
        Some(value) => object[name] = value,
        None => drop(object.as_object_mut().unwrap().remove(name)),
    }
    object
}

/// A token of a user and one of an application.
fn tokens(site: &Site) -> [String; 2] {
    let daemon = site
        .workplace
        .app("contoso.com", &["Directory.Read.All", "Ingest"]);
    [
        text(&site.tokens(&site.script, "ada@shared.example"), "access_token"),
        site.server.reading_token(&daemon),
    ]
}

/// Each claim, with what it must not say.
fn check_claims(cases: impl Fn(&Value, &Site) -> Vec<(&'static str, Option<Value>)>) {
    let site = site();
    for token in tokens(&site) {
        let forge = Forge::new(&site, &token);
        let same = forge.sign(&RSA_PKCS1_SHA256, &forge.header, &forge.claims);
        assert_eq!(site.server.get(&same, LIST).status, 200, "the forge works");
        for (name, value) in cases(&forge.claims, &site) {
            let told = format!("{name} is {value:?}");
            let answer = site.server.get(&forge.with_claim(name, value), LIST);
            assert_eq!(answer.status, 401, "{told}: {}", answer.text());
        }
    }
}

#[test]
fn a_token_that_has_expired_or_never_expires_opens_nothing() {
    check_claims(|claims, _| {
        let now = crate::support::records::now().unix_seconds();
        let begun = claims["nbf"].as_i64().unwrap();
        vec![
            ("exp", Some(json!(now - 1))),
            ("exp", Some(json!(begun))),
            ("exp", Some(json!("never"))),
            ("exp", None),
        ]
    });
}

#[test]
fn a_token_that_is_not_valid_yet_opens_nothing() {
    check_claims(|_, _| {
        let now = crate::support::records::now().unix_seconds();
        vec![
            ("nbf", Some(json!(now + 120))),
            ("nbf", Some(json!("always"))),
            ("nbf", None),
        ]
    });
}

#[test]
fn a_token_for_somebody_else_opens_nothing() {
    check_claims(|_, _| {
        vec![
            ("aud", Some(json!("https://graph.microsoft.com"))),
            ("aud", Some(json!("api://gatelog-ingest"))),
            ("aud", Some(json!(["https://graph.windows.net"]))),
            ("aud", None),
        ]
    });
}

#[test]
fn a_token_of_another_issuer_opens_nothing() {
    check_claims(|_, site| {
        let own = &site.server.address;
        vec![
            ("iss", Some(json!(format!("https://sts.windows.net/{CONTOSO}/")))),
            ("iss", Some(json!(format!("http://{own}/{FABRIKAM}/")))),
            ("iss", Some(json!(format!("http://{own}/")))),
            ("iss", None),
        ]
    });
}

#[test]
fn a_token_opens_its_tenant_and_no_other() {
    let site = site();
    for token in tokens(&site) {
        let forge = Forge::new(&site, &token);
        assert_eq!(
            site.server
                .get(&token, "/fabrikam.com/reports?api-version=beta")
                .status,
            403
        );
        // Its tenant changed, its issuer with it: the application and the user are none of that tenant's.
        let iss = format!("http://{}/{FABRIKAM}/", site.server.address);
        let moved = with(&forge.claims, "tid", Some(json!(FABRIKAM)));
        let moved = with(&moved, "iss", Some(json!(iss)));
        let moved = forge.sign(&RSA_PKCS1_SHA256, &forge.header, &moved);
        for target in [LIST, "/fabrikam.com/reports?api-version=beta"] {
            let answer = site.server.get(&moved, target);
            assert!([401, 403].contains(&answer.status), "{target}: {}", answer.text());
        }
        check_shut_out(&site, &forge.with_claim("tid", Some(json!(FABRIKAM))));
        check_shut_out(&site, &forge.with_claim("tid", None));
    }
}

fn check_shut_out(site: &Site, token: &str) {
    let answer = site.server.get(token, LIST);
    assert_eq!(answer.status, 401, "{}", answer.text());
}

#[test]
fn only_one_algorithm_and_only_known_keys_count() {
    let site = site();
    for token in tokens(&site) {
        let forge = Forge::new(&site, &token);
        let kid = forge.header["kid"].as_str().unwrap().to_owned();
        for forged in [
            // Sound signatures of our own key, by ways that we never sign.
            forge.with_header(&RSA_PKCS1_SHA384, "alg", Some(json!("RS384"))),
            forge.with_header(&RSA_PSS_SHA256, "alg", Some(json!("PS256"))),
            forge.with_header(&RSA_PKCS1_SHA256, "alg", None),
            forge.with_header(&RSA_PKCS1_SHA256, "alg", Some(json!("rs256"))),
            forge.with_header(&RSA_PKCS1_SHA256, "kid", None),
            forge.with_header(&RSA_PKCS1_SHA256, "kid", Some(json!(""))),
            forge.with_header(&RSA_PKCS1_SHA256, "kid", Some(json!(format!("../{kid}")))),
            forge.with_header(&RSA_PKCS1_SHA256, "kid", Some(json!(kid.to_uppercase() + "'--"))),
            forge.with_header(&RSA_PKCS1_SHA256, "crit", Some(json!(["exp"]))),
        ] {
            check_shut_out(&site, &forged);
        }
    }
}

#[test]
fn what_a_token_says_of_roles_is_not_believed() {
    let site = site();
    let norman = text(&site.tokens(&site.script, "norman@contoso.com"), "access_token");
    let forge = Forge::new(&site, &norman);
    let administrator = json!(["62e90394-69f5-4237-9190-012177145e10"]);
    let promoted = forge.with_claim("wids", Some(administrator));
    assert_eq!(site.server.get(&promoted, LIST).status, 403);
    let nobody = forge.with_claim("oid", Some(json!("11111111-2222-4333-8444-555555555555")));
    assert_eq!(site.server.get(&nobody, LIST).status, 401);
    // Nor what a token of an application says of its permissions, once they were taken away.
    let daemon: App = site.workplace.app("contoso.com", &["Ingest"]);
    let token = site.server.reading_token(&daemon);
    let promoted = Forge::new(&site, &token).with_claim("roles", Some(json!(["Directory.Read.All"])));
    assert_eq!(site.server.get(&promoted, LIST).status, 403);
}

#[test]
fn an_unknown_name_costs_one_hash_as_a_known_one_does() {
    let site = site();
    let hashes = || {
        let metrics = Request::get("/metrics").send(&site.server.admin).text();
        let line = metrics
            .lines()
            .find(|line| line.starts_with("gatelog_password_verifications_total "));
        line.unwrap().rsplit(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let mut answers = Vec::new();
    for user in ["ada@shared.example", "nobody@contoso.com", "not a name at all"] {
        let before = hashes();
        let mut browser = Browser::default();
        let page = form(&browser.get(&site.server, &authorize_address(&site.script, "")));
        let fields = [("user", user), ("password", "wrong horse"), ("answer", "yes")];
        let answer = browser.send(&site.server, &page, &fields);
        assert_eq!(hashes() - before, 1, "{user}");
        answers.push((answer.status, answer.text().contains("is not right")));
    }
    assert_eq!(answers, [(200, true); 3]);
}
