//! `Authorization: Basic` with an app password: for Excel and Power BI, which cannot use a foreign OAuth2 server.
//!
//! An app password has 160 random bits, so its SHA-256 is kept and no slow hash is needed. It opens reports and nothing
//! else, and only what its user may read now.

use crate::app::App;
use crate::auth::{self, Caller, Denied};
use crate::trusted;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use issuer::audience::Permission;
use issuer::client::SecretHash;
use model::time::{TICKS_PER_SECOND, Timestamp};

/// The challenge that a request with Basic gets (RFC 7617, 2).
pub const CHALLENGE: &str = r#"Basic realm="Gatelog reports", charset="UTF-8""#;

/// The use of an app password is written down so seldom: each page of a report would be a write.
const NOTED_EVERY_SECONDS: i64 = 3_600;

/// The longest header that is looked at, in bytes.
const MAX_HEADER_BYTES: usize = 1_024;

/// Name and password of `Authorization: Basic …`; the scheme in any case.
pub(crate) fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return None;
    };
    if value.len() > MAX_HEADER_BYTES {
        return None;
    }
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// Whether a request carries Basic, good or not: only then is it offered (wire contract 3.3: ADAL reads no challenge
/// that joins two schemes).
pub(crate) fn is_carried(headers: &HeaderMap) -> bool {
    headers.get_all(header::AUTHORIZATION).iter().any(|value| {
        value.to_str().is_ok_and(|value| {
            let scheme = value.split(' ').next().unwrap_or_default();
            scheme.eq_ignore_ascii_case("basic")
        })
    })
}

/// Lets in the user of an app password.
pub(crate) fn caller(
    app: &App,
    headers: &HeaderMap,
    tenant_word: &str,
    permission: Permission,
) -> Result<Caller, Denied> {
    if permission != Permission::DirectoryReadAll {
        return Err(Denied::NoToken);
    }
    let (name, password) = credentials(headers).ok_or(Denied::BadPassword)?;
    let now = app.now();
    let hash = SecretHash::of(&bare(&password)).0;
    let known = app.control.app_password(hash)?.ok_or(Denied::BadPassword)?;
    if known.expires.is_some_and(|end| end <= now) {
        return Err(Denied::BadPassword);
    }
    let user = app
        .control
        .user(known.user)?
        .filter(|user| user.disabled.is_none() && user.name.as_str().eq_ignore_ascii_case(name.trim()))
        .ok_or(Denied::BadPassword)?;
    if !trusted::is_vouched_for(app, &user)? {
        return Err(Denied::BadPassword);
    }
    if !auth::addresses(app, tenant_word, user.tenant)? {
        return Err(Denied::OtherTenant);
    }
    let reads = auth::reads_of(app, &user.roles)?;
    if is_due(known.last_used, now) {
        app.control.note_app_password_use(known.id, now)?;
    }
    Ok(Caller {
        tenant: user.tenant,
        app_id: known.id,
        user: Some(user.object_id),
        reads,
    })
}

/// The password without the hyphens and spaces that make it readable.
pub(crate) fn bare(password: &str) -> String {
    password
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.ticks() - last.ticks() >= NOTED_EVERY_SECONDS * TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(given: &[&str], expected: Option<(&str, &str)>) {
        let mut headers = HeaderMap::new();
        for value in given {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        let got = credentials(&headers);
        let got = got
            .as_ref()
            .map(|(name, password)| (name.as_str(), password.as_str()));
        assert_eq!(got, expected, "{given:?}");
    }

    /// Encoded by `printf … | base64`; the first is RFC 7617's own example.
    #[test]
    fn name_and_password_are_parted_at_the_first_colon() {
        check(
            &["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
            Some(("Aladdin", "open sesame")),
        );
        check(&["basic  YTpiOmM="], Some(("a", "b:c")));
    }

    #[test]
    fn anything_else_is_none() {
        check(&[], None);
        check(&["Bearer abc"], None);
        check(&["Basic"], None);
        check(&["Basic %%%"], None);
        check(&["Basic YWJj"], None);
        check(&["Basic YTpiOmM=", "Basic YTpiOmM="], None);
        check(&[&format!("Basic {}", "QUFB".repeat(400))], None);
    }
}
