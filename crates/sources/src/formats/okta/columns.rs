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

/// The names of the columns that tell an event from others of the same time.
pub(super) const TOLD_APART_BY: [&str; 6] = [
    "eventType",
    "actorId",
    "actorName",
    "sourceIP",
    "result",
    "userAgent",
];

/// The row as a record of Okta; `None` if it is no such row: one has an event of Okta's catalogue, with at least three words, and says who did it or that it
/// comes out of a pipeline.
pub(super) fn written_out(record: &Map<String, Value>) -> Option<Map<String, Value>> {
    let fields = Fields::new(record);
    let word = fields.text("eventType")?;
    let is_in_catalogue = BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
        && word.split('.').filter(|part| !part.is_empty()).count() >= 3;
    let is_object = |name: &str| fields.object(name).is_some();
    let actor_id = fields.text("actorId");
    let is_told = actor_id.is_some() || fields.get("p_event_time").is_some();
    if !is_in_catalogue || !is_told || is_object("actor") || is_object("client") {
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
    // Saved queries call the sign-in name an id, too.
    let is_name = actor_id.as_deref().is_some_and(|id| id.contains('@'));
    let (name, id) = if is_name {
        (actor_id, None)
    } else {
        (None, actor_id)
    };
    let actor =
        json!({ "id": id, "alternateId": name, "displayName": fields.text("actorName"), "type": "User" });
    put("actor", actor);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(row: &str, expected: Option<(&str, &str)>) {
        let row: Map<String, Value> = serde_json::from_str(row).unwrap();
        let whole = written_out(&row);
        let actor = whole.as_ref().map(|whole| {
            let text = |name: &str| whole["actor"][name].as_str().unwrap_or("-").to_owned();
            (text("alternateId"), text("id"))
        });
        let expected = expected.map(|(name, id)| (name.to_owned(), id.to_owned()));
        assert_eq!(actor, expected, "{row:?}");
    }

    #[test]
    fn rows_of_queries_are_recognised_and_others_are_not() {
        let row = |actor: &str, word: &str| {
            format!(r#"{{{actor}"eventType":"{word}","sourceIP":"203.0.113.7","result":"SUCCESS"}}"#)
        };
        let session = "user.session.start";
        check(
            &row(r#""actorId":"ann@contoso.example","#, session),
            Some(("ann@contoso.example", "-")),
        );
        check(&row(r#""actorId":"00uann","#, session), Some(("-", "00uann")));
        check(
            &row(r#""p_event_time":"2026-03-04 05:06:07","#, session),
            Some(("-", "-")),
        );
        check(&row("", session), None);
        for word in [
            "user.login",
            "user..x",
            "logout",
            "s3.object.created",
            "payment.card.used",
        ] {
            check(&row(r#""actorId":"00uann","#, word), None);
        }
        check(
            r#"{"actorId":"00uann","eventType":"user.session.start","sourceIP":"203.0.113.7"}"#,
            None,
        );
        check(
            r#"{"actor":{},"actorId":"00uann","eventType":"user.session.start","sourceIP":"203.0.113.7","result":"SUCCESS"}"#,
            None,
        );
    }
}
