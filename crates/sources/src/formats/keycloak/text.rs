//! The text that Keycloak's jboss-logging listener writes: `type="LOGIN", realmId="…", clientId="…", …, username="…"`.
//!
//! The fields that every event has come first and in a fixed order; the details follow, and a user may have written what
//! stands in them. So a field counts only where it stands in that order, and a detail that is told twice counts not at all.
//! With quotes (the default since Keycloak 21) a quote in a value has a backslash before it and nothing else is escaped
//! (`StringUtil.sanitizeSpacesAndQuotes`); without, a value ends where `, name=` follows, which a value may fake.

use super::{LOGGER, Told};
use crate::carriers::lines::envelope::{Stamp, bare_stamp};
use crate::carriers::lines::nearest;
use model::time::Timestamp;
use serde_json::Value;

/// The order in which `JBossLoggingEventListenerProvider` writes what every event has.
const ORDER: &[&str] = &[
    "type",
    "operationType",
    "realmId",
    "realmName",
    "clientId",
    "userId",
    "sessionId",
    "ipAddress",
    "resourceType",
    "resourcePath",
    "error",
];

/// What stands before the message of the logger and the message: the line of a log by Quarkus or `WildFly` is `time level
/// [logger] (thread) message`; by syslog the message may stand alone.
pub(super) fn of_logger(line: &str) -> Option<(&str, &str)> {
    if begins_event(line) {
        return Some(("", line));
    }
    let mark = line.find(&format!("[{LOGGER}]"))?;
    let prefix = &line[..mark];
    // The place of a logger is near the start; further on the word may be anybody's.
    if prefix.len() > 200 || prefix.contains(['"', '=']) {
        return None;
    }
    let rest = line[mark + LOGGER.len() + 2..].trim_start();
    let message = match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(") ").map_or("", |(_, message)| message),
        None => rest,
    };
    Some((prefix, message.trim_start()))
}

fn begins_event(text: &str) -> bool {
    (text.starts_with("type=") || text.starts_with("operationType=")) && text.contains(", realmId=")
}

/// The time of a line: its own, on the day that the envelope or the other lines tell if it has no date.
pub(super) fn time(prefix: &str, known: Option<Timestamp>) -> Option<Timestamp> {
    let starts = std::iter::once(0).chain(prefix.match_indices(' ').map(|(at, _)| at + 1));
    let mut of_day = None;
    for start in starts {
        match bare_stamp(&prefix[start..]) {
            Some((Stamp::Full(time), _)) => return Some(time),
            Some((Stamp::NoDate(ticks), _)) => of_day = Some(ticks),
            _ => {}
        }
    }
    match (of_day, known) {
        (Some(of_day), Some(known)) => Some(nearest(known, of_day)),
        (_, known) => known,
    }
}

/// The event of a message; without its time.
pub(super) fn parse(message: &str) -> Option<Told> {
    if !begins_event(message) {
        return None;
    }
    let mut told = Told::default();
    let mut place = 0;
    let mut rest = message.trim_end();
    let quote = rest
        .split_once('=')
        .and_then(|(_, value)| value.chars().next())
        .filter(|first| matches!(first, '"' | '\''));
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match quote {
            Some(quote) => quoted(after, quote),
            None => bare(after),
        };
        let value = (!matches!(value.as_str(), "" | "null")).then_some(value);
        let order = ORDER
            .iter()
            .position(|known| *known == name)
            .filter(|order| *order >= place);
        if let Some(order) = order {
            place = order + 1;
            put(&mut told, name, value);
        } else {
            // Only details follow.
            place = ORDER.len();
            put_detail(&mut told, name, value);
        }
        rest = next;
    }
    Some(told)
}

fn put(told: &mut Told, name: &str, value: Option<String>) {
    let field = match name {
        "type" => &mut told.kind,
        "operationType" => &mut told.operation,
        "realmId" => &mut told.realm,
        "clientId" => &mut told.client,
        "userId" => &mut told.user,
        "sessionId" => &mut told.session,
        "ipAddress" => &mut told.address,
        "resourceType" => &mut told.resource,
        "resourcePath" => &mut told.path,
        "error" => &mut told.error,
        _ => return,
    };
    *field = value;
}

/// A detail that comes twice is one that somebody faked: nobody can tell which.
fn put_detail(told: &mut Told, name: &str, value: Option<String>) {
    let value = if told.details.contains_key(name) {
        Value::Null
    } else {
        value.map_or(Value::Null, Value::String)
    };
    told.details.insert(name.to_owned(), value);
}

/// A value in quotes and what follows its comma. A quote ends it if no backslash stands before it, and if a field or nothing
/// follows.
fn quoted(text: &str, quote: char) -> (String, &str) {
    let Some(text) = text.strip_prefix(quote) else {
        return bare(text);
    };
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        if character == quote && before != '\\' {
            let after = &text[at + 1..];
            let next = next_field(after, Some(quote));
            if after.is_empty() || next.is_some() {
                let value = text[..at].replace(&format!("\\{quote}"), &quote.to_string());
                return (value, next.unwrap_or_default());
            }
        }
        before = character;
    }
    (text.to_owned(), "")
}

/// A value without quotes, or in single ones because it has spaces, and what follows its comma.
fn bare(text: &str) -> (String, &str) {
    let mut from = 0;
    while let Some(at) = text[from..].find(", ").map(|at| at + from) {
        if let Some(next) = next_field(&text[at..], None) {
            return (unwrapped(&text[..at]), next);
        }
        from = at + 2;
    }
    (unwrapped(text), "")
}

/// Values with spaces stood in single quotes before Keycloak 21.
fn unwrapped(value: &str) -> String {
    let bare = value
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .unwrap_or(value);
    bare.to_owned()
}

/// What follows a comma, if that is a field.
fn next_field(text: &str, quote: Option<char>) -> Option<&str> {
    let rest = text.strip_prefix(", ")?;
    // No further than the name: this is asked at each comma of a value.
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let name_bytes = rest.bytes().take_while(is_of_name).count();
    let value = rest[name_bytes..].strip_prefix('=')?;
    let is_value = quote.is_none_or(|quote| value.starts_with(quote) || value.starts_with("null"));
    (name_bytes > 0 && is_value).then_some(rest)
}
