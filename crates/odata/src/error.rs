//! What a client is told when its request cannot be answered, in the envelope that old clients read.

use model::json::{ObjectWriter, write_text};
use serde_json::Value;

/// The code for a request that is malformed (wire contract 3.1 \[C: ERR\]).
pub const BAD_REQUEST: &str = "Request_BadRequest";
/// The code for a well-formed query that this service does not take (wire contract 3.1 \[C: ERR\]).
pub const UNSUPPORTED_QUERY: &str = "Request_UnsupportedQuery";
/// The code for a page that cannot be had any more (as the directory's own lists had it).
pub const EXPIRED_PAGE_TOKEN: &str = "Directory_ExpiredPageToken";
/// The code for a request without `api-version` (wire contract 3.1 \[C: VER\]; the code is known from Microsoft's samples).
pub const API_VERSION_MISSING: &str = "Headers_ApiVersionMissing";
/// The code for an `api-version` other than the one served.
pub const API_VERSION_INVALID: &str = "Headers_InvalidApiVersion";

/// Why a request cannot be answered: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The HTTP status.
    pub status: u16,
    /// The code that programs read.
    pub code: &'static str,
    /// The sentence that people read.
    pub message: String,
    /// What else we know, such as `position`; each becomes a member of its own.
    pub details: Vec<(&'static str, Value)>,
}

impl RequestError {
    /// A malformed request.
    pub fn bad(message: impl Into<String>) -> RequestError {
        RequestError::new(BAD_REQUEST, message)
    }

    /// A well-formed query that is not supported.
    pub fn unsupported(message: impl Into<String>) -> RequestError {
        RequestError::new(UNSUPPORTED_QUERY, message)
    }

    /// An error of status 400 with a code.
    pub fn new(code: &'static str, message: impl Into<String>) -> RequestError {
        RequestError {
            status: 400,
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// The same error, knowing one thing more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> RequestError {
        self.details.push((name, value.into()));
        self
    }

    /// The body to send; see [`error_body`].
    pub fn body(&self, request_id: &str, date: &str) -> Vec<u8> {
        error_body(self.code, &self.message, request_id, date, &self.details)
    }
}

/// The body of an error answer of either legacy face:
/// `{"odata.error":{"code","message":{"lang":"en","value"},"requestId","date", …}}` (wire contract 3.2 \[I\]).
///
/// Every known consumer of the old host reads this envelope, and some match the bare text `odata.error`. The details
/// follow as members of their own, so that the message stays the sentence that clients compare.
pub fn error_body(
    code: &str,
    message: &str,
    request_id: &str,
    date: &str,
    details: &[(&'static str, Value)],
) -> Vec<u8> {
    let mut text = br#"{"lang":"en","value":"#.to_vec();
    write_text(&mut text, message);
    text.push(b'}');
    let mut error = ObjectWriter::new();
    error
        .text("code", Some(code))
        .raw("message", &text)
        .text("requestId", Some(request_id))
        .text("date", Some(date));
    for (name, value) in details {
        error.value(name, value);
    }
    ObjectWriter::new().raw("odata.error", &error.finish()).finish()
}

/// A text of the client's as it may stand in a message: not longer than a line, and without control characters.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut letters = text.chars();
    let mut shown: String = letters
        .by_ref()
        .take(LONGEST)
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_the_one_old_clients_read() {
        let body = error_body(
            "Authentication_RequestFromUnsupportedUserRole",
            "Api request is not from global admin or security admin or security reader role",
            "0f1e",
            "2017-05-24T00:00:00",
            &[("requiredRole", "Security Reader".into())],
        );
        assert_eq!(
            String::from_utf8(body).unwrap(),
            concat!(
                r#"{"odata.error":{"code":"Authentication_RequestFromUnsupportedUserRole","message":{"lang":"en","#,
                r#""value":"Api request is not from global admin or security admin or security reader role"},"#,
                r#""requestId":"0f1e","date":"2017-05-24T00:00:00","requiredRole":"Security Reader"}}"#
            )
        );
    }

    #[test]
    fn what_a_client_wrote_is_shown_on_one_line() {
        assert_eq!(shown("eventTime"), "eventTime");
        assert_eq!(shown("a\r\nb\0é\u{7f}"), "a??b?é?");
        assert_eq!(shown(&"ä".repeat(60)), "ä".repeat(60));
        assert_eq!(shown(&"ä".repeat(61)), format!("{}…", "ä".repeat(60)));
    }

    #[test]
    fn hostile_text_stays_inside_its_member() {
        let error = RequestError::bad("a \"quoted\"\n`name`").with("position", 3);
        let body: Value = serde_json::from_slice(&error.body("id\"", "d")).unwrap();
        assert_eq!(body["odata.error"]["message"]["value"], "a \"quoted\"\n`name`");
        assert_eq!(body["odata.error"]["position"], 3);
        assert_eq!(body["odata.error"]["requestId"], "id\"");
    }
}
