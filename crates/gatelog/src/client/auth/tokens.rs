//! What a token endpoint answers, and what a token says of its owner.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::Value;

/// When nobody says how long a token lives (RFC 6749, 5.1 only recommends that it is said).
const DEFAULT_LIFETIME_SECONDS: i64 = 3_600;

/// Tokens as they were given.
#[derive(Debug)]
pub(crate) struct Granted {
    pub(crate) access_token: SecretString,
    pub(crate) refresh_token: Option<SecretString>,
    pub(crate) lifetime_seconds: i64,
}

impl Granted {
    /// Reads the answer of a token endpoint; v1 writes numbers as text (wire contract 0.4).
    pub(crate) fn read(body: &[u8]) -> Result<Granted, &'static str> {
        let json: Value =
            serde_json::from_slice(body).map_err(|_| "a token endpoint that does not answer JSON")?;
        let access_token = json["access_token"].as_str().unwrap_or_default();
        if access_token.is_empty() {
            return Err("a token endpoint that gives no access_token");
        }
        if !json["token_type"]
            .as_str()
            .is_some_and(|kind| kind.eq_ignore_ascii_case("bearer"))
        {
            return Err("a token that is not of the type Bearer");
        }
        let lifetime = match &json["expires_in"] {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        Ok(Granted {
            access_token: SecretString::from(access_token.to_owned()),
            refresh_token: json["refresh_token"]
                .as_str()
                .filter(|token| !token.is_empty())
                .map(|token| SecretString::from(token.to_owned())),
            lifetime_seconds: lifetime
                .unwrap_or(DEFAULT_LIFETIME_SECONDS)
                .clamp(0, 10 * 365 * 86_400),
        })
    }
}

/// What a token says of itself, for people to look at: nothing is checked, and nothing is decided by it. A token that is no
/// JWT says nothing.
pub(crate) fn claims(token: &str) -> Value {
    let read = || {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&payload).ok()
    };
    read().unwrap_or(Value::Null)
}

/// Who a token is of: the user's name, else the application.
pub(crate) fn owner(claims: &Value) -> String {
    let text = |name: &str| claims[name].as_str().map(str::to_owned);
    for name in ["upn", "unique_name", "preferred_username", "email"] {
        if let Some(user) = text(name) {
            return user;
        }
    }
    match text("appid").or_else(|| text("azp")).or_else(|| text("sub")) {
        Some(application) => format!("application {application}"),
        None => "somebody (the token does not say)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn check(body: &str, expected: Result<(&str, Option<&str>, i64), &str>) {
        let granted = Granted::read(body.as_bytes());
        let read = granted.as_ref().map(|granted| {
            (
                granted.access_token.expose_secret(),
                granted.refresh_token.as_ref().map(ExposeSecret::expose_secret),
                granted.lifetime_seconds,
            )
        });
        match (read, expected) {
            (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{body}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{body}: {error}"),
            (other, _) => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn both_spellings_are_read() {
        check(
            r#"{"token_type":"Bearer","expires_in":"3599","access_token":"a","refresh_token":"r"}"#,
            Ok(("a", Some("r"), 3599)),
        );
        check(
            r#"{"token_type":"bearer","expires_in":60,"access_token":"a"}"#,
            Ok(("a", None, 60)),
        );
        check(
            r#"{"token_type":"Bearer","access_token":"a","refresh_token":""}"#,
            Ok(("a", None, 3600)),
        );
        check(
            r#"{"token_type":"Bearer","expires_in":-5,"access_token":"a"}"#,
            Ok(("a", None, 0)),
        );
    }

    #[test]
    fn what_is_no_bearer_token_is_refused() {
        check("<html>", Err("JSON"));
        check(r#"{"token_type":"Bearer"}"#, Err("access_token"));
        check(r#"{"token_type":"pop","access_token":"a"}"#, Err("Bearer"));
        check(r#"{"access_token":"a"}"#, Err("Bearer"));
    }

    #[test]
    fn a_token_tells_its_owner() {
        let token = |claims: &str| format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims));
        let check =
            |claims_text: &str, expected: &str| assert_eq!(owner(&claims(&token(claims_text))), expected);
        check(r#"{"upn":"ada@contoso.com","appid":"a"}"#, "ada@contoso.com");
        check(r#"{"appid":"a"}"#, "application a");
        check("nonsense", "somebody (the token does not say)");
        assert_eq!(claims("opaque"), Value::Null);
    }
}
