//! What a request to the token endpoint says: its grant, who asks, and for which resource.

use crate::form::{self, Form, FormError};
use crate::refusal::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// The longest Authorization header that is read, in bytes.
const MAX_AUTHORIZATION_BYTES: usize = 4096;

/// What a token is asked for with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// An application asks for itself (RFC 6749, 4.4).
    ClientCredentials,
}

/// How the client said who it is (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the body.
    Post,
    /// In an Authorization header; then a 401 must carry [`BASIC_CHALLENGE`].
    Basic,
}

/// The challenge for a client that failed with [`ClientAuthentication::Basic`] (RFC 6749, 5.2).
pub const BASIC_CHALLENGE: &str = r#"Basic realm="gatelog", charset="UTF-8""#;

/// A request to the token endpoint. Parameters that no grant knows are ignored.
#[derive(Debug)]
pub struct TokenRequest {
    /// The grant.
    pub grant: GrantType,
    /// The client's id as it came, for error texts.
    pub client: String,
    /// How it said who it is.
    pub authentication: ClientAuthentication,
    /// The secret that it presented.
    pub secret: Option<SecretString>,
    /// The `resource` that it asks for (v1); `None` if it is missing or empty, as in Microsoft's own samples.
    pub resource: Option<String>,
}

impl TokenRequest {
    /// Reads a request from its body and its Authorization header, if it has one.
    pub fn read(body: &[u8], authorization: Option<&str>) -> Result<TokenRequest, Refusal> {
        let form = Form::parse(body).map_err(Refusal::NotAForm)?;
        let grant = form
            .get("grant_type")
            .ok_or(Refusal::MissingParameter("grant_type"))?;
        let grant = match grant {
            "client_credentials" => GrantType::ClientCredentials,
            other => {
                return Err(Refusal::UnsupportedGrant {
                    grant: form::printable(other),
                });
            }
        };
        let resource = form.get("resource").map(|resource| resource.trim().to_owned());
        let in_body = (
            form.get("client_id").map(|id| id.trim().to_owned()),
            form.get("client_secret"),
        );
        let (client, secret, authentication) = if let Some(header) = authorization {
            let (client, secret) = basic(header)?;
            let same_client = in_body.0.is_none_or(|other| other.eq_ignore_ascii_case(&client));
            if !same_client || in_body.1.is_some_and(|other| other != secret.expose_secret()) {
                return Err(Refusal::TwoCredentials);
            }
            (client, Some(secret), ClientAuthentication::Basic)
        } else {
            let client = in_body.0.ok_or(Refusal::MissingParameter("client_id"))?;
            (
                client,
                in_body.1.map(SecretString::from),
                ClientAuthentication::Post,
            )
        };
        Ok(TokenRequest {
            grant,
            client: form::printable(&client),
            authentication,
            secret,
            resource: resource.filter(|resource| !resource.is_empty()),
        })
    }

    /// The client's id, by which the caller looks it up; `None` if it is no GUID and so nobody's.
    pub fn client_id(&self) -> Option<Uuid> {
        if self.client.len() == 36 {
            Uuid::try_parse(&self.client).ok()
        } else {
            None
        }
    }
}

/// Id and secret of a Basic header: base64 over the form-encoded id, a colon, the form-encoded secret.
fn basic(header: &str) -> Result<(String, SecretString), Refusal> {
    if header.len() > MAX_AUTHORIZATION_BYTES {
        return Err(Refusal::NotAForm(FormError::TooLarge));
    }
    let (scheme, encoded) = header
        .trim()
        .split_once(' ')
        .ok_or(Refusal::BadAuthorizationHeader)?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Err(Refusal::BadAuthorizationHeader);
    }
    let decoded = STANDARD
        .decode(encoded.trim())
        .map_err(|_| Refusal::BadAuthorizationHeader)?;
    let colon = decoded
        .iter()
        .position(|byte| *byte == b':')
        .ok_or(Refusal::BadAuthorizationHeader)?;
    let client = form::decode(&decoded[..colon]);
    let secret = form::decode(&decoded[colon + 1..]);
    if client.is_empty() || secret.is_empty() {
        return Err(Refusal::BadAuthorizationHeader);
    }
    Ok((client, SecretString::from(secret)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What was understood: client, secret, how, resource; or the refusal.
    fn check(body: &str, authorization: Option<&str>, expected: &str) {
        let got = match TokenRequest::read(body.as_bytes(), authorization) {
            Ok(request) => format!(
                "{} {} {:?} {}",
                request.client,
                request
                    .secret
                    .as_ref()
                    .map_or("-", |secret| secret.expose_secret()),
                request.authentication,
                request.resource.as_deref().unwrap_or("-"),
            ),
            Err(refusal) => refusal.to_string(),
        };
        assert!(got.contains(expected), "{body}: {got}");
    }

    #[test]
    fn the_bodies_of_old_clients_are_understood() {
        check(
            "grant_type=client_credentials&client_id=a&resource=https%3A%2F%2Fgraph.windows.net&client_secret=s%3D",
            None,
            "a s= Post https://graph.windows.net",
        );
        check(
            "grant_type=client_credentials&client_id=a&client_secret=s&scope=offline_access",
            None,
            "a s Post -",
        );
        check(
            "resource=&client_id=a&client_secret=s&grant_type=client_credentials",
            None,
            "a s Post -",
        );
        check(
            "grant_type=client_credentials&client_id=a&client_secret=s&resource=+",
            None,
            "a s Post -",
        );
        check("grant_type=client_credentials&client_id=a", None, "a - Post -");
    }

    /// The headers are by `printf %s … | base64`.
    #[test]
    fn a_client_may_say_who_it_is_in_the_header() {
        let body = "grant_type=client_credentials";
        check(body, Some("Basic YTpz"), "a s Basic -"); // a:s
        check(body, Some("basic YSUzQWI6cyUyQnQ6dQ=="), "a:b s+t:u Basic -"); // a%3Ab:s%2Bt:u
        check(
            "grant_type=client_credentials&client_id=a&client_secret=s",
            Some("Basic YTpz"),
            "a s Basic -",
        );
        check(
            "grant_type=client_credentials&client_id=A",
            Some("Basic YTpz"),
            "a s Basic -",
        );
    }

    #[test]
    fn one_request_has_one_client_and_one_secret() {
        check(
            "grant_type=client_credentials&client_id=b",
            Some("Basic YTpz"),
            "AADSTS90013",
        );
        check(
            "grant_type=client_credentials&client_secret=t",
            Some("Basic YTpz"),
            "AADSTS90013",
        );
    }

    #[test]
    fn a_header_that_is_not_basic_is_refused() {
        for header in [
            "",
            "Basic",
            "Bearer YTpz",
            "Basic %%%",
            "Basic YQ==",
            "Basic OnM=",
            "Basic YTo=",
            "Basic Og==",
        ] {
            check(
                "grant_type=client_credentials",
                Some(header),
                "the Authorization header is not 'Basic'",
            );
        }
        let padded = |length: usize| format!("Basic YTpz{}", " ".repeat(length - 10));
        check(
            "grant_type=client_credentials",
            Some(&padded(4096)),
            "a s Basic -",
        );
        check("grant_type=client_credentials", Some(&padded(4097)), "larger");
    }

    #[test]
    fn what_is_missing_is_named() {
        check(
            "",
            None,
            "AADSTS90014: The request body must contain the following parameter: 'grant_type'.",
        );
        check("grant_type=&client_id=a", None, "'grant_type'");
        check("grant_type=client_credentials", None, "'client_id'");
        check("grant_type=client_credentials&client_id=", None, "'client_id'");
    }

    #[test]
    fn grants_that_are_not_given_are_named() {
        check(
            "grant_type=client_credentials1&client_id=a",
            None,
            "AADSTS70003: The access grant 'client_credentials1'",
        );
        check("grant_type=Client_Credentials&client_id=a", None, "AADSTS70003");
        check(
            "grant_type=x%0D%0ASet-Cookie:%20y",
            None,
            "The access grant 'x??Set-Cookie: y' is not supported.",
        );
    }

    #[test]
    fn only_a_guid_names_a_client() {
        let id_of = |client: &str| {
            let body = format!("grant_type=client_credentials&client_id={client}");
            TokenRequest::read(body.as_bytes(), None)
                .unwrap()
                .client_id()
                .map(|id| id.to_string())
        };
        let guid = "11111111-2222-3333-4444-555555555555";
        assert_eq!(
            id_of("11111111-2222-3333-4444-555555555555").as_deref(),
            Some(guid)
        );
        assert_eq!(
            id_of("+11111111-2222-3333-4444-555555555555+").as_deref(),
            Some(guid)
        );
        assert_eq!(id_of("11111111222233334444555555555555"), None);
        assert_eq!(id_of("undefined"), None);
    }

    #[test]
    fn the_secret_is_not_printed() {
        let request = TokenRequest::read(
            b"grant_type=client_credentials&client_id=a&client_secret=hush",
            None,
        )
        .unwrap();
        assert!(!format!("{request:?}").contains("hush"));
    }

    proptest! {
        #[test]
        fn no_header_makes_the_reader_panic(header in ".{0,60}", encoded in "[A-Za-z0-9+/]{0,40}={0,2}") {
            let _ = basic(&header);
            let _ = basic(&format!("Basic {encoded}"));
        }
    }
}
