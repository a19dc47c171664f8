//! What the service says about itself, and where.

use crate::site::*;
use crate::support::CONTOSO;
use crate::support::http::{Answer, Request};

fn get(site: &Site, target: &str) -> Answer {
    site.server.send(&Request::get(target))
}

#[test]
fn every_document_names_its_issuer_and_endpoints_that_are_there() {
    let site = site();
    let origin = format!("http://{}", site.server.address);
    for (path, issuer) in [
        (
            "/contoso.com/.well-known/openid-configuration",
            format!("{origin}/{CONTOSO}/"),
        ),
        (
            "/contoso.com/v2.0/.well-known/openid-configuration",
            format!("{origin}/{CONTOSO}/v2.0"),
        ),
        (
            "/common/.well-known/openid-configuration",
            format!("{origin}/{{tenantid}}/"),
        ),
        (
            "/.well-known/oauth-authorization-server/contoso.com",
            format!("{origin}/{CONTOSO}/"),
        ),
        (
            "/.well-known/oauth-authorization-server/contoso.com/v2.0",
            format!("{origin}/{CONTOSO}/v2.0"),
        ),
        (
            "/contoso.com/.well-known/oauth-authorization-server",
            format!("{origin}/{CONTOSO}/"),
        ),
    ] {
        let answer = get(&site, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let document = answer.json();
        assert_eq!(document["issuer"], issuer.as_str(), "{path}");
        for (name, address) in document.as_object().unwrap() {
            if !name.ends_with("_endpoint") && name != "jwks_uri" {
                continue;
            }
            let target = address
                .as_str()
                .unwrap()
                .strip_prefix(&origin)
                .unwrap()
                .to_owned();
            assert_ne!(get(&site, &target).status, 404, "{path}: {name} is {target}");
        }
    }
    assert_eq!(
        get(&site, "/nowhere.example/.well-known/openid-configuration").status,
        400
    );
}

#[test]
fn the_published_key_is_the_one_that_signs() {
    let site = site();
    let access = text(&site.tokens(&site.script, "ada@shared.example"), "access_token");
    let header = claims(&format!(".{}.", access.split('.').next().unwrap()));
    for path in [
        "/common/discovery/keys",
        "/contoso.com/discovery/keys",
        "/contoso.com/discovery/v2.0/keys",
    ] {
        let keys = get(&site, path).json();
        let key = &keys["keys"][0];
        assert_eq!(
            (&key["kid"], &key["kty"], &key["use"]),
            (&header["kid"], &"RSA".into(), &"sig".into()),
            "{path}"
        );
        assert!(key.get("d").is_none());
    }
}

#[test]
fn only_our_own_addresses_are_an_instance() {
    let site = site();
    let ask = |endpoint: &str| {
        get(
            &site,
            &format!(
                "/common/discovery/instance?api-version=1.0&authorization_endpoint={}",
                escaped(endpoint)
            ),
        )
    };
    let own = format!("http://{}/common/oauth2/authorize", site.server.address);
    let found = ask(&own);
    assert_eq!(found.status, 200, "{}", found.text());
    let document = text(&found.json(), "tenant_discovery_endpoint");
    assert!(
        document.ends_with("/common/.well-known/openid-configuration"),
        "{document}"
    );
    check_refused(
        &ask("https://evil.example/common/oauth2/authorize"),
        (400, "invalid_instance", &[50049]),
    );
}

#[test]
fn what_is_said_about_a_user_name_tells_nothing_about_the_user() {
    let site = site();
    let realm = |user: &str| get(&site, &format!("/common/userrealm/{user}?api-version=1.0")).json();
    assert_eq!(realm("ada@contoso.com")["domain_name"], "contoso.com");
    assert_eq!(realm("ada@contoso.com"), realm("nobody@contoso.com"));
}
