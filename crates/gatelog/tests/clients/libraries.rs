//! Each library with every grant that it has; what it must tell was written by hand.

use crate::clients;
use crate::conversation::{Stage, USER};
use crate::support::CONTOSO;
use serde_json::{Value, json};

fn check(script: &str, expected: impl FnOnce(&str) -> Value) {
    let Some(clients) = clients() else { return };
    let mut stage = Stage::new(clients);
    let command = stage.script(script);
    let steps = stage.steps(command);
    let expected = expected(&stage.service());
    for (step, expected) in steps.iter().zip(expected.as_array().unwrap()) {
        assert_eq!(step, expected, "{script}");
    }
    assert_eq!(json!(steps), expected, "{script}");
}

/// AADSTS codes as the libraries hand them on, by the name of the step.
fn refused(step: &str, error: &str, codes: &[u32]) -> Value {
    json!({ "step": step, "error": error, "codes": codes })
}

fn adal(service: &str) -> Vec<Value> {
    let authorize = format!("{service}/contoso.com/oauth2/authorize");
    vec![
        json!({ "step": "challenge", "authorization_uri": authorize }),
        json!({ "step": "client credentials", "type": "Bearer", "resource": "https://graph.windows.net", "rows": 1 }),
        refused("wrong secret", "invalid_client", &[70002, 50012]),
        json!({ "step": "certificate", "type": "Bearer", "rows": 1 }),
        refused("wrong key", "invalid_client", &[70002, 50012]),
        json!({ "step": "password", "user": USER, "name": "Given", "rows": 1 }),
        refused("wrong password", "invalid_grant", &[50126]),
        json!({ "step": "code", "user": USER, "tenant": CONTOSO, "state": ["s"], "rows": 1 }),
        json!({ "step": "refresh", "another": true, "rows": 1 }),
        refused("used refresh token", "invalid_grant", &[70002, 70000]),
        refused("its family", "invalid_grant", &[70002, 70000]),
        json!({ "step": "device code", "interval": 5, "user": USER, "rows": 1 }),
    ]
}

#[test]
fn adal_for_python_has_every_grant() {
    check("with_adal.py", |service| {
        let mut steps = adal(service);
        steps.insert(8, json!({ "step": "cache", "same": true }));
        json!(steps)
    });
}

#[test]
fn adal_for_node_has_every_grant() {
    check("with_adal.mjs", |service| json!(adal(service)));
}

#[test]
fn msal_for_python_has_every_grant_but_the_password() {
    check("with_msal.py", |_| {
        json!([
            { "step": "client credentials", "type": "Bearer", "rows": 1 },
            { "step": "cache", "source": "cache" },
            refused("wrong secret", "invalid_client", &[70002, 50012]),
            { "step": "certificate by SHA-1", "type": "Bearer", "rows": 1 },
            { "step": "certificate by SHA-256", "type": "Bearer", "rows": 1 },
            refused("wrong key", "invalid_client", &[70002, 50012]),
            { "step": "code", "user": USER, "name": "Ada Lovelace", "tenant": CONTOSO, "audience": true, "rows": 1 },
            { "step": "another state", "error": "state mismatch" },
            { "step": "cache", "account": USER, "source": "cache" },
            { "step": "refresh", "source": "identity_provider", "rows": 1 },
            refused("used refresh token", "invalid_grant", &[70002, 70000]),
            { "step": "its family", "silent": false },
            { "step": "device code", "interval": 5, "user": USER, "rows": 1 },
            { "step": "interactive", "user": USER, "rows": 1 },
        ])
    });
}

#[test]
fn msal_for_node_has_every_grant() {
    check("with_msal.mjs", |_| {
        let refused = |step: &str, error: &str, codes: &[&str]| json!({ "step": step, "kind": "ServerError", "error": error, "code": codes });
        json!([
            { "step": "client credentials", "type": "Bearer", "rows": 1 },
            { "step": "cache", "cached": true },
            refused("wrong secret", "invalid_client", &["AADSTS70002", "AADSTS50012"]),
            { "step": "certificate", "type": "Bearer", "rows": 1 },
            refused("wrong key", "invalid_client", &["AADSTS70002", "AADSTS50012"]),
            { "step": "code", "user": USER, "name": "Ada Lovelace", "tenant": CONTOSO, "nonce": "n", "rows": 1 },
            { "step": "cache", "cached": true },
            { "step": "refresh", "cached": false, "rows": 1 },
            refused("used code", "invalid_grant", &["AADSTS54005"]),
            refused("its family", "invalid_grant", &["AADSTS70002", "AADSTS70000"]),
            { "step": "device code", "interval": 5, "user": USER, "rows": 1 },
            { "step": "interactive", "user": USER, "rows": 1 },
        ])
    });
}

#[test]
fn authlib_proves_who_it_is_in_every_way() {
    check("with_authlib.py", |service| {
        let refused =
            |step: &str, kind: &str, error: &str| json!({ "step": step, "kind": kind, "error": error });
        json!([
            { "step": "discovery", "issuer": format!("{service}/{CONTOSO}/v2.0") },
            { "step": "client_secret_basic", "type": "Bearer", "expires_in": 3600, "rows": 1 },
            { "step": "client_secret_post", "type": "Bearer", "expires_in": 3600, "rows": 1 },
            { "step": "private_key_jwt", "type": "Bearer", "expires_in": 3600, "rows": 1 },
            refused("wrong secret", "OAuthError", "invalid_client"),
            { "step": "code", "user": USER, "name": "Ada Lovelace", "tenant": CONTOSO, "rows": 1 },
            refused("another nonce", "InvalidClaimError", "invalid_claim"),
            refused("another signature", "BadSignatureError", "bad_signature"),
            { "step": "user", "name": "Ada Lovelace" },
            { "step": "introspection", "active": true, "user": USER },
            { "step": "refresh", "another": true, "rows": 1 },
            refused("used refresh token", "OAuthError", "invalid_grant"),
            refused("waiting", "OAuthError", "authorization_pending"),
            { "step": "device code", "rows": 1 },
            refused("revoked", "OAuthError", "invalid_grant"),
            { "step": "password", "expires_in": "3600", "rows": 1 },
        ])
    });
}

#[test]
fn openid_client_finds_nothing_wrong_with_all_its_checks_on() {
    check("with_openid_client.mjs", |service| {
        let refused = |step: &str, error: &str, status: u16| json!({ "step": step, "kind": "ResponseBodyError", "error": error, "status": status });
        let issuer = format!("{service}/{CONTOSO}/v2.0");
        json!([
            { "step": "discovery", "issuer": issuer },
            { "step": "client credentials", "type": "bearer", "expires_in": 3600, "rows": 1 },
            { "step": "secret by Basic", "rows": 1 },
            refused("wrong secret", "invalid_client", 401),
            // RFC 6749, 5.2: who came by Basic is challenged for Basic.
            { "step": "wrong secret", "kind": "WWWAuthenticateChallengeError", "error": "OAUTH_WWW_AUTHENTICATE_CHALLENGE", "status": 401 },
            { "step": "private key", "rows": 1 },
            { "step": "code", "user": USER, "name": "Ada Lovelace", "tenant": CONTOSO, "issuer": issuer, "named": issuer, "rows": 1 },
            { "step": "user", "name": "Ada Lovelace", "user": USER },
            { "step": "introspection", "active": true, "user": USER, "client": true },
            { "step": "refresh", "another": true, "rows": 1 },
            refused("used refresh token", "invalid_grant", 400),
            refused("its family", "invalid_grant", 400),
            { "step": "its token", "active": false },
            { "step": "another state", "kind": "ClientError", "error": "OAUTH_INVALID_RESPONSE" },
            { "step": "another issuer", "kind": "ClientError", "error": "OAUTH_INVALID_RESPONSE" },
            { "step": "another signature", "kind": "ClientError", "error": "OAUTH_INVALID_RESPONSE" },
            { "step": "device code", "user": USER, "rows": 1 },
            refused("revoked", "invalid_grant", 400),
        ])
    });
}
