//! The id of a request: ours on every answer, and the client's own sent back if it is sane (wire contract 1.6).

use axum::extract::FromRequestParts;
use edge::chance;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::fmt;
use uuid::Uuid;

/// The header with our id.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// The header with the client's id.
pub(super) const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// The id of one request: in the answer's `request-id`, in errors and in the log. A handler takes it as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(Uuid);

impl RequestId {
    /// A fresh one. What a client sends is never taken for it: ids that a client chooses would hide it in the log.
    pub fn fresh() -> RequestId {
        RequestId(chance::guid())
    }

    /// From a GUID, for tests and for errors made outside of a request.
    pub const fn from_guid(guid: Uuid) -> RequestId {
        RequestId(guid)
    }

    pub(super) fn header(self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.to_string()).ok()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<RequestId, StatusCode> {
        parts
            .extensions
            .get()
            .copied()
            .ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

/// The client's own id, if it gave exactly one that is sane: 1 to 128 letters, digits and `- _ . { }`.
pub(super) fn clients_own(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut given = headers.get_all(CLIENT_REQUEST_ID).iter();
    let (id, None) = (given.next()?, given.next()) else {
        return None;
    };
    let sane = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.{}".contains(byte);
    ((1..=128).contains(&id.len()) && id.as_bytes().iter().all(sane)).then(|| id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &[&str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for id in given {
            headers.append(CLIENT_REQUEST_ID, HeaderValue::from_bytes(id.as_bytes()).unwrap());
        }
        assert_eq!(
            clients_own(&headers).as_ref().map(|id| id.to_str().unwrap()),
            expected,
            "{given:?}"
        );
    }

    #[test]
    fn a_sane_id_of_the_client_is_sent_back() {
        check(
            &["67e55044-10b1-426f-9247-bb680e5fe0c8"],
            Some("67e55044-10b1-426f-9247-bb680e5fe0c8"),
        );
        check(
            &["{67e55044-10b1-426f-9247-bb680e5fe0c8}"],
            Some("{67e55044-10b1-426f-9247-bb680e5fe0c8}"),
        );
        check(&[&"a".repeat(128)], Some(&"a".repeat(128)));
    }

    #[test]
    fn other_text_is_not() {
        check(&[], None);
        check(&[""], None);
        check(&["a b"], None);
        check(&["<script>"], None);
        check(&["ä"], None);
        check(&["a", "a"], None);
        check(&[&"a".repeat(129)], None);
    }
}
