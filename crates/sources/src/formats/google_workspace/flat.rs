//! One event of an activity in one shape, whichever of the two it came in: parameters as a list of named values, as the API
//! answers them, or as an object, as log pipelines write them.

use crate::dating;
use crate::fields::Fields;
use serde_json::{Map, Value};

/// Parameters may hold parameters (a mail's `message_info`); real ones are three deep.
const NESTED_MAX: u32 = 16;

/// The event as an object `{actor, id, ipAddress, …, type, name, parameters: {…}}`, with times in one spelling and every
/// value as text or a list of texts, so that an event has the same content in both shapes. `None` if there are several events.
pub(super) fn flat(record: &Map<String, Value>) -> Option<Map<String, Value>> {
    let fields = Fields::new(record);
    let mut flat: Map<String, Value> = record
        .iter()
        .filter(|(name, _)| !is_packing(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let events = fields.list("events");
    if events.len() > 1 {
        return None;
    }
    if let Some(event) = events.first().and_then(Value::as_object) {
        for (name, value) in event {
            flat.insert(name.clone(), value.clone());
        }
    }
    let parameters = Fields::new(&flat).get("parameters").map(|value| plain(value, 0));
    flat.retain(|name, _| !name.eq_ignore_ascii_case("parameters"));
    if let Some(parameters) = parameters.filter(Value::is_object) {
        flat.insert("parameters".to_owned(), parameters);
    }
    let id = Fields::new(&flat).object("id").map(|id| {
        let mut id = id.into_owned();
        let spelled = dating::event_time(Fields::new(&id), &["time"], Fields::new(&Map::new()));
        if let Ok(time) = spelled {
            id.retain(|name, _| !name.eq_ignore_ascii_case("time"));
            id.insert("time".to_owned(), Value::String(time.to_string()));
        }
        Value::Object(id)
    });
    if let Some(id) = id {
        flat.retain(|name, _| !name.eq_ignore_ascii_case("id"));
        flat.insert("id".to_owned(), id);
    }
    Some(flat)
}

/// What the API writes around an activity; it says nothing of it.
fn is_packing(name: &str) -> bool {
    ["kind", "etag", "events"]
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
}

/// `[{"name": "a", "boolValue": true}]` as `{"a": "true"}`.
fn plain(value: &Value, depth: u32) -> Value {
    match value {
        Value::Array(items) if depth < NESTED_MAX => {
            let named = items
                .iter()
                .map(|item| named_value(item, depth))
                .collect::<Option<Vec<_>>>();
            match named {
                Some(named) if !named.is_empty() => {
                    let mut object = Map::new();
                    for (name, value) in named {
                        object.entry(name).or_insert(value);
                    }
                    Value::Object(object)
                }
                _ => Value::Array(items.iter().map(|item| plain(item, depth + 1)).collect()),
            }
        }
        Value::Object(members) if depth < NESTED_MAX => members
            .iter()
            .map(|(name, value)| (name.clone(), plain(value, depth + 1)))
            .collect(),
        Value::Bool(truth) => Value::String(truth.to_string()),
        Value::Number(number) => Value::String(number.to_string()),
        other => other.clone(),
    }
}

/// The name and the value of a parameter as the API writes it
/// (<https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list>).
fn named_value(item: &Value, depth: u32) -> Option<(String, Value)> {
    const VALUES: &[&str] = &["value", "intValue", "boolValue", "multiValue", "multiIntValue"];
    const MESSAGES: &[&str] = &["messageValue", "multiMessageValue"];
    let item = item.as_object()?;
    let name = item.get("name")?.as_str()?.to_owned();
    if let Some(value) = VALUES.iter().find_map(|kind| item.get(*kind)) {
        return Some((name, plain(value, depth + 1)));
    }
    let Some(message) = MESSAGES.iter().find_map(|kind| item.get(*kind)) else {
        // A parameter that is named and says nothing.
        return (item.len() == 1).then_some((name, Value::Null));
    };
    let inner = |message: &Value| {
        let parameters = message.get("parameter").unwrap_or(message);
        plain(parameters, depth + 1)
    };
    Some((
        name,
        match message {
            Value::Array(messages) => messages.iter().map(inner).collect(),
            one => inner(one),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(record: &str, expected: &str) {
        let record: Map<String, Value> = serde_json::from_str(record).unwrap();
        let expected: Map<String, Value> = serde_json::from_str(expected).unwrap();
        assert_eq!(flat(&record), Some(expected));
    }

    const FLAT: &str = r#"{"id":{"time":"2020-07-07T15:50:49.617Z","applicationName":"login"},"type":"login",
        "name":"login_success","parameters":{"is_suspicious":"false","n":"5","m":["a","b"],"i":{"x":"1"}}}"#;

    #[test]
    fn both_shapes_become_one() {
        check(
            r#"{"kind":"admin#reports#activity","etag":"x","id":{"time":"2020-07-07T15:50:49.617Z","applicationName":"login"},
                "events":[{"type":"login","name":"login_success","parameters":[{"name":"is_suspicious","boolValue":false},
                {"name":"n","intValue":"5"},{"name":"m","multiValue":["a","b"]},
                {"name":"i","messageValue":{"parameter":[{"name":"x","intValue":"1"}]}}]}]}"#,
            FLAT,
        );
        check(
            r#"{"id":{"time":"2020-07-07 15:50:49.617000000","applicationName":"login"},"type":"login","name":"login_success",
                "parameters":{"is_suspicious":false,"n":5,"m":["a","b"],"i":{"x":1}}}"#,
            FLAT,
        );
    }

    #[test]
    fn several_events_are_not_one() {
        let record = serde_json::from_str(r#"{"events":[{"name":"a"},{"name":"b"}]}"#).unwrap();
        assert_eq!(flat(&record), None);
    }
}
