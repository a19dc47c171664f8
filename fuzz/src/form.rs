//! Any bytes as a token request: never a panic, answers that stay inside their bounds, and no second reading.

use issuer::form::Form;
use issuer::protocol::Protocol;
use issuer::refusal::Trace;
use issuer::token_request::{ClientAuthentication, TokenRequest};
use model::time::Timestamp;
use secrecy::ExposeSecret;
use uuid::Uuid;

/// Takes the bytes for a body, and once more for a body with an Authorization header after the last line break.
pub fn check(bytes: &[u8]) {
    check_form(bytes);
    check_request(bytes, None);
    let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') else {
        return;
    };
    let header = String::from_utf8_lossy(&bytes[at + 1..]);
    check_request(&bytes[..at], Some(&header));
}

/// What was read says the same when it is written with every byte escaped and `+` for each space.
fn check_form(body: &[u8]) {
    let Ok(form) = Form::parse(body) else { return };
    let names = [
        "grant_type",
        "client_id",
        "client_secret",
        "resource",
        "scope",
        "",
        "a",
    ];
    let mut parts = Vec::new();
    for name in names {
        if let Some(value) = form.get(name) {
            parts.push(format!("{}={}", escaped(name), escaped(value)));
        }
    }
    let Ok(again) = Form::parse(parts.join("&").as_bytes()) else {
        // Escaping triples the length.
        assert!(
            body.len() * 3 > issuer::form::MAX_FORM_BYTES,
            "a form that was read is not read again"
        );
        return;
    };
    for name in names {
        assert_eq!(form.get(name), again.get(name), "{name}");
    }
}

fn check_request(body: &[u8], authorization: Option<&str>) {
    match TokenRequest::read(body, authorization, Protocol::V1) {
        Ok(request) => {
            assert!(
                request.presented.client.chars().count() <= 100,
                "a client's name fits a log line"
            );
            assert!(
                !request.presented.client.chars().any(char::is_control),
                "{:?}",
                request.presented.client
            );
            assert!(
                request
                    .resource
                    .as_deref()
                    .is_none_or(|resource| !resource.trim().is_empty())
            );
            assert!(
                request
                    .presented
                    .secret
                    .as_ref()
                    .is_none_or(|secret| !secret.expose_secret().is_empty())
            );
            let from_header = request.presented.authentication == ClientAuthentication::Basic;
            assert_eq!(from_header, authorization.is_some());
            let _ = request.presented.client_id();
        }
        Err(refusal) => {
            // An assertion of another type is the one thing that says who asks, and badly.
            assert!(matches!(refusal.status(), 400 | 401), "{refusal}");
            let trace = Trace {
                now: Timestamp::from_unix_seconds(1_570_060_000),
                trace_id: Uuid::from_u128(1),
                correlation_id: Uuid::from_u128(2),
            };
            let body = refusal.body(&trace);
            let body: serde_json::Value = serde_json::from_str(&body).expect("a refusal is JSON");
            let description = body["error_description"]
                .as_str()
                .expect("a refusal has a description");
            let sentence = description.split("\r\n").next().unwrap_or_default();
            assert!(!sentence.chars().any(char::is_control), "{sentence:?}");
            assert_eq!(description.matches("\r\n").count(), 3, "{description:?}");
        }
    }
}

/// Text in form encoding: `+` for a space, `%xx` for every other byte.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        match byte {
            b' ' => escaped.push('+'),
            other => escaped.extend([format!("%{other:02X}")]),
        }
    }
    escaped
}
