//! Events of the System Log as rows of a query: `actorId`, `actorName`, `sourceIP`, `userAgent` and `result` are columns, where a record of Okta
//! has objects. Queries saved in Panther and in warehouses give them so.

use crate::fields::Fields;
use serde_json::{Map, Value, json};

/// What the names of Okta's events begin with; other makers' `eventType` does not.
/// <https://developer.okta.com/docs/reference/api/event-types/>
const BEGINNINGS: &[&str] = &[
    "app.",
    "application.",
    "core.",
    "device.",
    "group.",
    "iam.",
    "policy.",
    "security.",
    "system.",
    "user.",
    "zone.",
];

/// The row as a record of Okta; `None` if it is no such row.
pub(super) fn written_out(record: &Map<String, Value>) -> Option<Map<String, Value>> {
    let fields = Fields::new(record);
    let word = fields.text("eventType")?;
    let has_beginning = BEGINNINGS.iter().any(|beginning| word.starts_with(beginning));
    let is_object = |name: &str| fields.object(name).is_some();
    if !has_beginning || is_object("actor") || is_object("client") {
        return None;
    }
    let (result, address) = (fields.text("result")?, fields.text("sourceIP")?);
    let mut whole = record.clone();
    let mut put = |name: &str, value: Value| {
        whole.insert(name.to_owned(), value);
    };
    put("outcome", json!({ "result": result }));
    put(
        "client",
        json!({ "ipAddress": address, "userAgent": { "rawUserAgent": fields.text("userAgent") } }),
    );
    let actor = json!({ "alternateId": fields.text("actorId"), "displayName": fields.text("actorName"), "type": "User" });
    put("actor", actor);
    Some(whole)
}
