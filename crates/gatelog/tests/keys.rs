//! Changing the keys that sign tokens, beside a running server and without one.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::os::unix::fs::PermissionsExt;
use support::{App, CONTOSO, Server, Workplace};

const LIST: &str = "/contoso.com/reports?api-version=beta";

fn place() -> (Workplace, App) {
    let place = Workplace::new();
    place.tenant(CONTOSO, "contoso.com");
    let app = place.app(CONTOSO, &["Directory.Read.All"]);
    (place, app)
}

/// Tokens name their issuer by its address, which stays the same here.
fn serve(place: &Workplace) -> Server {
    place.serve_with(&[("server.public_url", "http://reports.contoso.com:8080")])
}

fn check(server: &Server, token: &str, expected: u16) {
    let answer = server.get(token, LIST);
    assert_eq!(answer.status, expected, "{}", answer.text());
}

/// The states of the keys, newest first.
fn states(keys: &Value) -> Vec<&str> {
    let keys = keys.as_array().unwrap();
    keys.iter().map(|key| key["state"].as_str().unwrap()).collect()
}

/// The `kid` in a token's header.
fn key_of(token: &str) -> String {
    use base64::Engine;
    let header = token.split('.').next().unwrap();
    let header = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(header)
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

#[test]
fn tokens_of_the_old_key_stay_good_until_they_end() {
    let (place, app) = place();
    let server = serve(&place);
    let old = server.reading_token(&app);
    check(&server, &old, 200);
    let keys = place.json(&["key", "rotate"]);
    assert_eq!(states(&keys), ["signs", "verifies"], "{keys}");
    let new = server.reading_token(&app);
    assert_ne!(key_of(&old), key_of(&new));
    assert_eq!(keys[0]["keyId"], key_of(&new));
    assert_eq!(keys[1]["keyId"], key_of(&old));
    check(&server, &new, 200);
    check(&server, &old, 200);
    drop(server);
    let server = serve(&place);
    check(&server, &new, 200);
    check(&server, &old, 200);
}

#[test]
fn tokens_of_a_key_that_was_given_up_are_refused_at_once() {
    let (place, app) = place();
    let server = serve(&place);
    let old = server.reading_token(&app);
    check(&server, &old, 200);
    let keys = place.json(&["key", "rotate", "--refuse-old-tokens"]);
    assert_eq!(states(&keys), ["signs", "ended"], "{keys}");
    check(&server, &old, 401);
    check(&server, &server.reading_token(&app), 200);
    drop(server);
    check(&serve(&place), &old, 401);
}

#[test]
fn a_key_is_changed_without_a_server_and_is_its_owners_alone() {
    let (place, app) = place();
    let old = {
        let server = serve(&place);
        server.reading_token(&app)
    };
    place.json(&["key", "rotate"]);
    place.json(&["key", "rotate"]);
    let keys = place.json(&["key", "list"]);
    assert_eq!(states(&keys), ["signs", "verifies", "verifies"], "{keys}");
    for key in keys.as_array().unwrap() {
        let path = place.data().join("keys").join(key["file"].as_str().unwrap());
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    check(&serve(&place), &old, 200);
}
