//! Where tokens are got: as the discovery documents say, else the addresses of the old service.

use crate::client::error::ClientError;
use crate::client::host::Host;
use crate::client::http::{Ask, Http};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which spelling of OAuth2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Protocol {
    /// `/{tenant}/oauth2/…`, with `resource`
    V1,
    /// `/{tenant}/oauth2/v2.0/…`, with `scope`
    V2,
}

impl Protocol {
    /// `v1` or `v2`.
    pub(crate) fn named(text: &str) -> Option<Protocol> {
        match text {
            "v1" => Some(Protocol::V1),
            "v2" => Some(Protocol::V2),
            _ => None,
        }
    }
}

/// The addresses of an issuer, all on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Endpoints {
    pub(crate) protocol: Protocol,
    pub(crate) authorization: String,
    pub(crate) token: String,
    pub(crate) device: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) revocation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issuer: Option<String>,
}

/// Asks for the discovery documents: that of v2, that of v1, and if neither is there, the fixed addresses of v1 (wire
/// contract 4.1 and 4.2).
pub(crate) async fn discover(
    http: &Http,
    authority: &Host,
    tenant: &str,
    wanted: Option<Protocol>,
) -> Result<Endpoints, ClientError> {
    let tried: &[Protocol] = match wanted {
        Some(Protocol::V1) => &[Protocol::V1],
        Some(Protocol::V2) => &[Protocol::V2],
        None => &[Protocol::V2, Protocol::V1],
    };
    for protocol in tried {
        let path: &[&str] = match protocol {
            Protocol::V1 => &[tenant, ".well-known", "openid-configuration"],
            Protocol::V2 => &[tenant, "v2.0", ".well-known", "openid-configuration"],
        };
        let answer = http.send(&Ask::get(&authority.at(path))).await?;
        if answer.status != 200 {
            continue;
        }
        if let Ok(document) = serde_json::from_slice::<Value>(&answer.body) {
            return read(&document, authority, tenant, *protocol);
        }
    }
    Ok(fixed(authority, tenant, wanted.unwrap_or(Protocol::V1)))
}

fn fixed(authority: &Host, tenant: &str, protocol: Protocol) -> Endpoints {
    let at = |name: &str| {
        let url = match protocol {
            Protocol::V1 => authority.at(&[tenant, "oauth2", name]),
            Protocol::V2 => authority.at(&[tenant, "oauth2", "v2.0", name]),
        };
        url.to_string()
    };
    Endpoints {
        protocol,
        authorization: at("authorize"),
        token: at("token"),
        device: at("devicecode"),
        revocation: None,
        issuer: None,
    }
}

/// What a document says; what it does not say is where the old service had it. An address on another host is refused:
/// codes and secrets go there.
fn read(
    document: &Value,
    authority: &Host,
    tenant: &str,
    protocol: Protocol,
) -> Result<Endpoints, ClientError> {
    let address = |name: &str| -> Result<Option<String>, ClientError> {
        let Some(text) = document[name].as_str() else {
            return Ok(None);
        };
        match Url::parse(text) {
            Ok(url) if authority.owns_or_is_beside(&url) => Ok(Some(text.to_owned())),
            _ => Err(ClientError::Strange {
                host: authority.origin(),
                what: format!(
                    "a discovery document whose {name} is {text:?}, on another host; if sign-ins belong there, name it \
                     with --authority"
                ),
            }),
        }
    };
    let fixed = fixed(authority, tenant, protocol);
    Ok(Endpoints {
        protocol,
        authorization: address("authorization_endpoint")?.unwrap_or(fixed.authorization),
        token: address("token_endpoint")?.unwrap_or(fixed.token),
        device: address("device_authorization_endpoint")?.unwrap_or(fixed.device),
        revocation: address("revocation_endpoint")?,
        issuer: document["issuer"].as_str().map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::host::PlainHttp;

    fn check(document: &str, expected: Result<[Option<&str>; 4], &str>) {
        let authority = Host::parse("https://login.example", PlainHttp::LoopbackAlone).unwrap();
        let document: Value = serde_json::from_str(document).unwrap();
        match (read(&document, &authority, "t", Protocol::V2), expected) {
            (Ok(read), Ok(expected)) => {
                let read = [
                    Some(read.authorization.as_str()),
                    Some(read.token.as_str()),
                    Some(read.device.as_str()),
                    read.revocation.as_deref(),
                ];
                assert_eq!(read, expected);
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (other, _) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_document_says_where() {
        check(
            r#"{"token_endpoint":"https://login.example/x/token","revocation_endpoint":"https://login.example/x/revoke"}"#,
            Ok([
                Some("https://login.example/t/oauth2/v2.0/authorize"),
                Some("https://login.example/x/token"),
                Some("https://login.example/t/oauth2/v2.0/devicecode"),
                Some("https://login.example/x/revoke"),
            ]),
        );
    }

    #[test]
    fn a_document_cannot_send_secrets_elsewhere() {
        for (name, address) in [
            ("token_endpoint", "https://evil.example/token"),
            ("token_endpoint", "http://login.example/token"),
            ("authorization_endpoint", "https://login.example.evil/a"),
            ("device_authorization_endpoint", "/relative"),
            ("revocation_endpoint", "https://login.example:444/r"),
        ] {
            check(&format!(r#"{{"{name}":"{address}"}}"#), Err(name));
        }
    }
}
