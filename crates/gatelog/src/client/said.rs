//! What a service says when it says no, in one line.

use crate::output::printable;
use serde_json::Value;

/// The longest piece of an answer that is shown when it is no error that we know.
const LONGEST_QUOTE: usize = 300;

/// Members of an error beside its message that help whoever reads it.
const DETAILS: &[(&str, &str)] = &[
    ("didYouMean", "did you mean"),
    ("requiredPermission", "required permission"),
    ("requiredRoles", "required roles"),
    ("missingRole", "missing role"),
    ("appId", "application"),
];

/// What an answer with an error says: `odata.error`, the error of OAuth2 or of OData V4, a problem of RFC 9457, or its text.
pub(crate) fn said(status: u16, body: &[u8]) -> String {
    let json: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = odata(&json["odata.error"])
        .or_else(|| oauth(&json))
        .or_else(|| odata(&json["error"]))
        .or_else(|| problem(&json))
        .unwrap_or_else(|| quote(body));
    if text.is_empty() {
        return format!("status {status}");
    }
    format!("{} (status {status})", printable(&text))
}

/// The code of an error of OAuth2: `authorization_pending`, `invalid_grant`.
pub(crate) fn oauth_code(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    json["error"].as_str().map(str::to_owned)
}

fn odata(error: &Value) -> Option<String> {
    let code = error["code"].as_str();
    let message = error["message"]["value"]
        .as_str()
        .or_else(|| error["message"].as_str())?;
    let mut text = match code {
        Some(code) => format!("{message} [{code}]"),
        None => message.to_owned(),
    };
    for (member, words) in DETAILS {
        let value = match &error[*member] {
            Value::String(value) => value.clone(),
            Value::Array(values) => {
                let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
                values.join(", ")
            }
            _ => continue,
        };
        text.extend(["; ", words, ": ", &value]);
    }
    let request = error["requestId"]
        .as_str()
        .or_else(|| error["request-id"].as_str());
    if let Some(request) = request {
        text.extend(["; request ", request]);
    }
    Some(text)
}

fn oauth(json: &Value) -> Option<String> {
    let code = json["error"].as_str()?;
    // AADSTS texts go on with trace and correlation ids, a line each.
    let description = json["error_description"].as_str().unwrap_or_default();
    let first_line = description.lines().next().unwrap_or_default();
    if first_line.is_empty() {
        return Some(code.to_owned());
    }
    Some(format!("{first_line} [{code}]"))
}

fn problem(json: &Value) -> Option<String> {
    let title = json["title"].as_str()?;
    Some(match json["detail"].as_str() {
        Some(detail) => format!("{title}: {detail}"),
        None => title.to_owned(),
    })
}

fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * LONGEST_QUOTE)]);
    text.trim().chars().take(LONGEST_QUOTE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        assert_eq!(said(403, body.as_bytes()), expected);
    }

    #[test]
    fn the_old_envelope_is_read() {
        check(
            r#"{"odata.error":{"code":"C","message":{"lang":"en","value":"No."},"requiredPermission":"P","requestId":"r"}}"#,
            "No. [C]; required permission: P; request r (status 403)",
        );
        check(
            r#"{"odata.error":{"code":"C","message":{"value":"No."},"didYouMean":"x","requiredRoles":["A","B"]}}"#,
            "No. [C]; did you mean: x; required roles: A, B (status 403)",
        );
    }

    #[test]
    fn other_envelopes_are_read() {
        check(
            r#"{"error":"invalid_grant","error_description":"AADSTS70008: It is old.\r\nTrace ID: 1"}"#,
            "AADSTS70008: It is old. [invalid_grant] (status 403)",
        );
        check(r#"{"error":"access_denied"}"#, "access_denied (status 403)");
        check(
            r#"{"error":{"code":"C","message":"No."}}"#,
            "No. [C] (status 403)",
        );
        check(r#"{"title":"T","detail":"D"}"#, "T: D (status 403)");
    }

    #[test]
    fn whatever_else_comes_is_quoted_and_cannot_move_the_cursor() {
        check("", "status 403");
        check("<h1>\u{1b}[2J no</h1>", "<h1>\u{fffd}[2J no</h1> (status 403)");
        assert!(said(502, &vec![b'x'; 100_000]).len() < 400);
        assert_eq!(said(502, b"\xff\xfe"), "\u{fffd}\u{fffd} (status 502)");
    }
}
