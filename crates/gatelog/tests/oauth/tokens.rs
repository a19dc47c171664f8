//! Tokens after they were given: certificates, passwords, revocation, introspection, userinfo.

use crate::site::*;
use crate::support::http::{Answer, Request};
use crate::support::{App, CONTOSO, FABRIKAM};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// An application with a certificate, and its private key.
fn certified(site: &Site) -> (App, RsaKeyPair) {
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new())
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let file = site.workplace.file("certificate.pem", certificate.pem());
    let made = site.workplace.json(&[
        "app",
        "create",
        "--tenant",
        "contoso.com",
        "--name",
        "certified",
        "--permission",
        "Directory.Read.All",
        "--certificate",
        file.to_str().unwrap(),
    ]);
    assert_eq!(made["clientSecret"], Value::Null);
    let app = App {
        tenant: "contoso.com".to_owned(),
        client_id: text(&made, "clientId"),
        client_secret: String::new(),
    };
    (app, RsaKeyPair::from_pkcs8(&key.serialize_der()).unwrap())
}

fn assertion(key: &RsaKeyPair, alg: &str, claims: &Value) -> String {
    let padding: &dyn RsaEncoding = if alg == "PS256" {
        &RSA_PSS_SHA256
    } else {
        &RSA_PKCS1_SHA256
    };
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!(
        "{}.{}",
        encode(&json!({ "alg": alg, "typ": "JWT" })),
        encode(claims)
    );
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(padding, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .unwrap();
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn ask(site: &Site, assertion: &str) -> Answer {
    site.post(
        "/contoso.com/oauth2/token",
        &format!(
            "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion={assertion}"
        ),
    )
}

#[test]
fn an_application_proves_itself_by_its_certificate() {
    let site = site();
    let (app, key) = certified(&site);
    let now = crate::support::records::now().unix_seconds();
    let endpoint = format!("http://{}/contoso.com/oauth2/token", site.server.address);
    let claims_with = |name: &str, value: Value| {
        let mut claims = json!({
            "iss": app.client_id, "sub": app.client_id, "aud": endpoint, "exp": now + 600, "nbf": now, "jti": "1",
        });
        claims[name] = value;
        claims
    };
    for alg in ["RS256", "PS256"] {
        let answer = ask(&site, &assertion(&key, alg, &claims_with("jti", "2".into())));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let access = text(&answer.json(), "access_token");
        assert_eq!(claims(&access)["appidacr"], "2");
        assert_eq!(site.server.get(&access, AUDIT).ids().len(), 1);
    }
    // openid-client means the issuer, and MSAL for Python writes fractions of a second.
    let issuer = |tenant: &str| json!(format!("http://{}/{tenant}/v2.0", site.server.address));
    for claims in [
        claims_with("aud", issuer(CONTOSO)),
        claims_with("exp", json!(now as f64 + 600.25)),
    ] {
        let answer = ask(&site, &assertion(&key, "RS256", &claims));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let other_key = certified(&site).1;
    let good = claims_with("jti", "3".into());
    let unsigned = format!(
        "{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#),
        URL_SAFE_NO_PAD.encode(good.to_string())
    );
    let refused = (401, "invalid_client", &[70002, 50012][..]);
    for (bad, why) in [
        (unsigned, "alg none"),
        (assertion(&other_key, "RS256", &good), "another key"),
        (
            assertion(
                &key,
                "RS256",
                &claims_with("aud", "https://evil.example/token".into()),
            ),
            "another audience",
        ),
        (
            assertion(
                &key,
                "RS256",
                &claims_with("sub", site.script.client_id.as_str().into()),
            ),
            "another client",
        ),
        (
            assertion(&key, "RS256", &claims_with("aud", issuer(FABRIKAM))),
            "another tenant's issuer",
        ),
        (
            assertion(&key, "RS256", &claims_with("exp", (now - 1).into())),
            "over",
        ),
        (
            assertion(&key, "RS256", &claims_with("nbf", (now + 3_600).into())),
            "not begun",
        ),
        (
            assertion(&key, "RS256", &claims_with("exp", (now + 999_999).into())),
            "too long",
        ),
    ] {
        let answer = ask(&site, &bad);
        assert_eq!(answer.status, 401, "{why}: {}", answer.text());
        if why != "another client" {
            check_refused(&answer, refused);
        }
    }
}

fn about(site: &Site, endpoint: &str, app: &App, token: &str) -> Answer {
    let form = format!(
        "client_id={}&client_secret={}&token={token}",
        app.client_id, app.client_secret
    );
    site.post(&format!("/contoso.com/oauth2/v2.0/{endpoint}"), &form)
}

#[test]
fn a_revoked_token_is_no_good_from_then_on() {
    let site = site();
    let tokens = site.tokens(&site.script, "ada@shared.example");
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    // Another application's word does nothing, and is told nothing.
    assert_eq!(about(&site, "revoke", &site.other, &refresh).status, 200);
    assert_eq!(about(&site, "revoke", &site.other, &access).status, 200);
    assert_eq!(site.server.get(&access, LIST).status, 200);
    let renewed = site.refresh(&site.script, &refresh).json();
    let (access, refresh) = (text(&renewed, "access_token"), text(&renewed, "refresh_token"));
    assert_eq!(about(&site, "revoke", &site.script, &access).status, 200);
    assert_eq!(site.server.get(&access, LIST).status, 401);
    assert_eq!(
        about(&site, "introspect", &site.script, &access).json(),
        json!({ "active": false })
    );
    // The refresh token takes everything with it.
    let renewed = site.refresh(&site.script, &refresh).json();
    assert_eq!(
        about(&site, "revoke", &site.script, &text(&renewed, "refresh_token")).status,
        200
    );
    assert_eq!(site.server.get(&text(&renewed, "access_token"), LIST).status, 401);
    check_refused(
        &site.refresh(&site.script, &text(&renewed, "refresh_token")),
        (400, "invalid_grant", &[70002, 70000]),
    );
    for nonsense in ["x", "", "a.b.c"] {
        let answer = about(&site, "revoke", &site.script, nonsense);
        assert_eq!(answer.status, if nonsense.is_empty() { 400 } else { 200 });
    }
}

#[test]
fn introspection_tells_an_application_of_the_tenant_what_a_token_is_worth() {
    let site = site();
    let tokens = site.tokens(&site.script, "ada@shared.example");
    let told = about(&site, "introspect", &site.other, &text(&tokens, "access_token")).json();
    assert_eq!(
        (&told["active"], &told["username"]),
        (&true.into(), &"ada@shared.example".into()),
        "{told}"
    );
    assert_eq!(told["client_id"], site.script.client_id.as_str());
    let told = about(&site, "introspect", &site.script, &text(&tokens, "refresh_token")).json();
    assert_eq!(
        (&told["active"], &told["token_type"]),
        (&true.into(), &"refresh_token".into()),
        "{told}"
    );
    let others = about(&site, "introspect", &site.other, &text(&tokens, "refresh_token")).json();
    assert_eq!(others, json!({ "active": false }));
    check_refused(
        &about(&site, "introspect", &site.public, "x"),
        (401, "invalid_client", &[7_000_218]),
    );
}

#[test]
fn userinfo_says_who_the_user_is() {
    let site = site();
    let tokens = site.tokens(&site.script, "norman@contoso.com");
    for path in [
        "/openid/userinfo",
        "/common/openid/userinfo",
        "/contoso.com/openid/userinfo",
    ] {
        let answer = site.server.get(&text(&tokens, "access_token"), path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let told = answer.json();
        assert_eq!(
            (&told["upn"], &told["name"]),
            (&"norman@contoso.com".into(), &"Norman".into())
        );
        assert_eq!(told["sub"], claims(&text(&tokens, "id_token"))["sub"]);
    }
    let nobody = site.server.send(&Request::get("/openid/userinfo"));
    assert_eq!(nobody.status, 401);
    assert!(nobody.header("www-authenticate").unwrap().starts_with("Bearer "));
    let app = site.workplace.app("contoso.com", &["Directory.Read.All"]);
    assert_eq!(
        site.server
            .get(&site.server.reading_token(&app), "/openid/userinfo")
            .status,
        401
    );
}

#[test]
fn a_users_password_is_taken_only_where_the_tenant_lets_it_be() {
    let site = site();
    let realm = site.server.send(&Request::get(
        "/common/UserRealm/ada%40shared.example?api-version=1.0",
    ));
    assert_eq!(realm.json()["account_type"], "Managed");
    let form = format!(
        "grant_type=password&scope=openid&client_id={}&client_secret={}&resource=https://graph.windows.net&username=ada%40shared.example&password={}",
        site.script.client_id,
        site.script.client_secret,
        escaped(PASSWORD)
    );
    check_refused(&site.token(&form), (400, "unsupported_grant_type", &[70003]));
}
