//! The discovery document of an outside issuer (OpenID Connect Discovery 1.0, 3 and 4.3).

use serde::Deserialize;

/// The longest document that is read, in bytes. Real ones have two to ten thousand.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// The longest address in it, in bytes.
const MAX_ADDRESS_BYTES: usize = 2 * 1024;

/// What is taken from a discovery document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Where the keys are.
    pub jwks_uri: String,
    /// Where people sign in; not every issuer has people.
    pub authorization_endpoint: Option<String>,
    /// Where codes are redeemed.
    pub token_endpoint: Option<String>,
    /// Whether the answer to a sign-in names its issuer (RFC 9207), so that a missing `iss` is a forged answer.
    pub names_itself: bool,
}

/// Why a document is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentFault {
    /// It is longer than [`MAX_DOCUMENT_BYTES`].
    #[error("the discovery document is longer than {MAX_DOCUMENT_BYTES} bytes")]
    TooLong,
    /// It is not a JSON object with the members that must be there.
    #[error("the discovery document is not a JSON object with `issuer` and `jwks_uri`")]
    Malformed,
    /// It is of another issuer: whoever believed it would take one issuer's word for another's.
    #[error(
        "the discovery document is of another issuer, `{0}`: set `issuer` to exactly this if it is the right one"
    )]
    OtherIssuer(String),
    /// An address in it is not one that may be asked.
    #[error("`{0}` of the discovery document is not an https:// address (http:// is for this machine alone)")]
    Address(&'static str),
}

#[derive(Deserialize)]
struct Published {
    issuer: String,
    jwks_uri: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Where the document of an issuer is.
pub fn address_of(issuer: &str) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        issuer.strip_suffix('/').unwrap_or(issuer)
    )
}

/// Whether an address may be asked: https, or http on this machine.
pub fn is_safe(address: &str) -> bool {
    if address.len() > MAX_ADDRESS_BYTES
        || !address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte))
    {
        return false;
    }
    let (is_plain, rest) = match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return false,
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || host.contains('@') || address.contains('#') {
        return false;
    }
    !is_plain || is_this_machine(host)
}

/// `localhost`, `127.0.0.1` or `[::1]`, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

impl Document {
    /// Reads a document. Its `issuer` must be the one that was asked, letter by letter (Discovery, 4.3).
    pub fn read(json: &[u8], issuer: &str) -> Result<Document, DocumentFault> {
        if json.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentFault::TooLong);
        }
        if json.trim_ascii_start().first() != Some(&b'{') {
            return Err(DocumentFault::Malformed);
        }
        let published: Published = serde_json::from_slice(json).map_err(|_| DocumentFault::Malformed)?;
        if published.issuer != issuer {
            return Err(DocumentFault::OtherIssuer(crate::form::printable(
                &published.issuer,
            )));
        }
        // An issuer on this machine by http is a trial; only then is anything of it.
        let is_trial = issuer.starts_with("http://");
        let may_be_asked = |address: &str| is_safe(address) && (is_trial || address.starts_with("https://"));
        if !may_be_asked(&published.jwks_uri) {
            return Err(DocumentFault::Address("jwks_uri"));
        }
        for (name, address) in [
            ("authorization_endpoint", &published.authorization_endpoint),
            ("token_endpoint", &published.token_endpoint),
        ] {
            if address.as_deref().is_some_and(|address| !may_be_asked(address)) {
                return Err(DocumentFault::Address(name));
            }
        }
        Ok(Document {
            jwks_uri: published.jwks_uri,
            authorization_endpoint: published.authorization_endpoint,
            token_endpoint: published.token_endpoint,
            names_itself: published.authorization_response_iss_parameter_supported,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://id.contoso.com/realms/main";

    fn check(member: &str, value: Value, expected: &Result<(), DocumentFault>) {
        let mut document = json!({
            "issuer": ISSUER, "jwks_uri": "https://id.contoso.com/keys",
            "authorization_endpoint": "https://id.contoso.com/auth", "token_endpoint": "https://id.contoso.com/token",
            "response_types_supported": ["code"],
        });
        match value {
            Value::Null => drop(document.as_object_mut().unwrap().remove(member)),
            value => document[member] = value,
        }
        let got = Document::read(document.to_string().as_bytes(), ISSUER);
        assert_eq!(&got.map(|_| ()), expected, "{document}");
    }

    #[test]
    fn the_document_stands_below_the_issuer() {
        for issuer in [ISSUER, "https://id.contoso.com/realms/main/"] {
            let address = "https://id.contoso.com/realms/main/.well-known/openid-configuration";
            assert_eq!(address_of(issuer), address);
        }
    }

    #[test]
    fn a_document_must_be_of_the_issuer_that_was_asked() {
        check("x", json!(1), &Ok(()));
        for other in [
            "https://id.contoso.com/realms/main/",
            "https://id.contoso.com/realms/Main",
            "https://evil.example",
            "",
        ] {
            let fault = DocumentFault::OtherIssuer(other.to_owned());
            check("issuer", json!(other), &Err(fault));
        }
        check("issuer", Value::Null, &Err(DocumentFault::Malformed));
        check("issuer", json!([ISSUER]), &Err(DocumentFault::Malformed));
    }

    #[test]
    fn what_a_document_names_is_asked_by_tls() {
        for name in ["jwks_uri", "authorization_endpoint", "token_endpoint"] {
            for address in [
                "http://id.contoso.com/keys",
                "http://127.0.0.1/keys",
                "file:///etc/passwd",
                "",
                "https://",
                "https://user@evil.example/keys",
                "https://id.contoso.com/keys#x",
                "https://id.contoso.com/\r\nx: y",
            ] {
                check(name, json!(address), &Err(DocumentFault::Address(name)));
            }
        }
        check("jwks_uri", json!("https://keys.elsewhere.example/"), &Ok(()));
        check("jwks_uri", Value::Null, &Err(DocumentFault::Malformed));
        check("token_endpoint", Value::Null, &Ok(()));
        check(
            "authorization_response_iss_parameter_supported",
            json!(true),
            &Ok(()),
        );
    }

    #[test]
    fn http_is_for_this_machine_alone() {
        for (address, expected) in [
            ("http://localhost:3000", true),
            ("http://127.0.0.1:3000/x", true),
            ("http://[::1]:3000", true),
            ("http://[::1]", true),
            ("http://127.0.0.1.evil.example", false),
            ("http://localhost.evil.example:3000", false),
            ("http://10.0.0.1", false),
            ("https://10.0.0.1", true),
            ("ftp://localhost", false),
        ] {
            assert_eq!(is_safe(address), expected, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,200}") {
            prop_assert!(Document::read(text.as_bytes(), ISSUER).is_err());
            let _ = is_safe(&text);
        }
    }
}
