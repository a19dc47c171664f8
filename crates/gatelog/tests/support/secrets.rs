//! Every secret that the tests of a program use, and whether one of them stands in a log. Nobody has to remember: what is
//! sent and answered is looked through as it passes.

use super::http::{Answer, Request};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Fields of forms and members of answers that are secret.
const SECRET_NAMES: &[&str] = &[
    "access_token",
    "appPassword",
    "assertion",
    "clientSecret",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "device_code",
    "id_token",
    "password",
    "refresh_token",
    "secret",
    "token",
    "totpSecret",
    "user_code",
    "usercode",
];

/// Shorter ones are made up by tests of refusals, and stand in any text by chance.
const LEAST_BYTES: usize = 9;

static HEARD: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Remembers a secret.
pub(crate) fn hear(secret: &str) {
    if secret.len() >= LEAST_BYTES {
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        heard.insert(secret.to_owned());
    }
}

/// The secrets of JSON that a command or the service answered.
pub(crate) fn hear_json(json: &Value) {
    match json {
        Value::Object(members) => {
            for (name, value) in members {
                match value.as_str() {
                    Some(text) if SECRET_NAMES.contains(&name.as_str()) => hear(text),
                    _ => hear_json(value),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(hear_json),
        _ => {}
    }
}

/// The secrets of a request.
pub(super) fn hear_request(request: &Request) {
    for value in request.values("authorization") {
        hear(
            value
                .split_once(' ')
                .map_or(value, |(_, credentials)| credentials),
        );
    }
    for value in request.values("cookie") {
        value.split("; ").for_each(hear_cookie);
    }
    if let Some(form) = request.form_text() {
        hear_form(form);
    }
}

/// The secrets of an answer.
pub(super) fn hear_answer(answer: &Answer) {
    for (name, value) in &answer.headers {
        match name.as_str() {
            "set-cookie" => hear_cookie(value.split(';').next().unwrap_or_default()),
            "location" => hear_form(value.split_once('?').map_or("", |(_, query)| query)),
            _ => {}
        }
    }
    if let Ok(json) = serde_json::from_slice(&answer.body) {
        hear_json(&json);
    }
}

fn hear_cookie(pair: &str) {
    hear(pair.split_once('=').map_or("", |(_, value)| value));
}

/// As they are escaped, and in clear where that is the same but for a few letters.
fn hear_form(form: &str) {
    for pair in form.split('&') {
        let Some((name, value)) = pair.split_once('=') else {
            continue;
        };
        if SECRET_NAMES.contains(&name) {
            hear(value);
            hear(&unescaped(value));
        }
    }
}

fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                u8::from_str_radix(&digits, 16).unwrap_or(b'?')
            }
            other => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The first line with a secret in it, and what part of it.
pub(crate) fn found_in(lines: &[String]) -> Option<String> {
    let heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
    for line in lines {
        if let Some(secret) = heard.iter().find(|secret| line.contains(secret.as_str())) {
            return Some(format!("a log has the secret {secret:?}: {line}"));
        }
    }
    None
}
