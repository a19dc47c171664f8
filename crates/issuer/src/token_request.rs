//! What a request to the token endpoint says: its grant, who asks, and for which resource.

use crate::assertion::{self, AssertionFault};
use crate::form::{self, Form, FormError};
use crate::protocol::Protocol;
use crate::refusal::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// The longest Authorization header that is read, in bytes.
const MAX_AUTHORIZATION_BYTES: usize = 4096;

/// What a token is asked for with.
#[derive(Debug)]
pub enum Grant {
    /// An application asks for itself (RFC 6749, 4.4).
    ClientCredentials,
    /// With a code that somebody who signed in brought (RFC 6749, 4.1.3).
    AuthorizationCode {
        /// The code.
        code: SecretString,
        /// The reply address that the code was sent to.
        reply_address: Option<String>,
        /// What proves that the asker is who asked for the code (RFC 7636).
        verifier: Option<SecretString>,
    },
    /// With a refresh token (RFC 6749, 6).
    RefreshToken(SecretString),
    /// With the code of a device that waits for its user (RFC 8628, 3.4).
    DeviceCode(SecretString),
    /// With a user's name and password (RFC 6749, 4.3).
    Password {
        /// The name.
        name: String,
        /// The password.
        password: SecretString,
    },
}

/// How the client said who it is (RFC 6749, 2.3.1; RFC 7523).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// In the body, or not at all.
    Post,
    /// In an Authorization header; then a 401 must carry [`BASIC_CHALLENGE`].
    Basic,
    /// By an assertion that its certificate's key signed.
    Assertion,
}

/// The challenge for a client that failed with [`ClientAuthentication::Basic`] (RFC 6749, 5.2).
pub const BASIC_CHALLENGE: &str = r#"Basic realm="gatelog", charset="UTF-8""#;

/// The name of the device grant in RFC 8628; the old service called it `device_code`.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Who asks, as the request says it. What else endpoints for clients share: revocation and introspection have no more.
#[derive(Debug)]
pub struct Presented {
    /// The client's id as it came, for error texts.
    pub client: String,
    /// How it said who it is.
    pub authentication: ClientAuthentication,
    /// The secret that it presented.
    pub secret: Option<SecretString>,
    /// The assertion that it presented.
    pub assertion: Option<SecretString>,
}

/// A request to the token endpoint. Parameters that no grant knows are ignored.
#[derive(Debug)]
pub struct TokenRequest {
    /// The spelling.
    pub protocol: Protocol,
    /// The grant.
    pub grant: Grant,
    /// Who asks.
    pub presented: Presented,
    /// The `resource` that it asks for (v1); `None` if it is missing or empty, as in Microsoft's own samples.
    pub resource: Option<String>,
    /// The `scope` that it asks for (v2).
    pub scope: Option<String>,
}

impl TokenRequest {
    /// Reads a request from its body and its Authorization header, if it has one.
    pub fn read(
        body: &[u8],
        authorization: Option<&str>,
        protocol: Protocol,
    ) -> Result<TokenRequest, Refusal> {
        let form = Form::parse(body).map_err(Refusal::NotAForm)?;
        let grant = grant(&form)?;
        let presented = Presented::read(&form, authorization)?;
        let trimmed = |name| {
            let value = form.get(name).map(|value| value.trim().to_owned());
            value.filter(|value| !value.is_empty())
        };
        Ok(TokenRequest {
            protocol,
            grant,
            presented,
            resource: trimmed("resource"),
            scope: trimmed("scope"),
        })
    }
}

impl Presented {
    /// Who asks, of a form and an Authorization header.
    pub fn read(form: &Form, authorization: Option<&str>) -> Result<Presented, Refusal> {
        let in_body = (
            form.get("client_id").map(|id| id.trim().to_owned()),
            form.get("client_secret"),
        );
        if let Some(header) = authorization {
            let (client, secret) = basic(header)?;
            let same_client = in_body.0.is_none_or(|other| other.eq_ignore_ascii_case(&client));
            let other_secret = in_body.1.is_some_and(|other| other != secret.expose_secret());
            if !same_client || other_secret || form.get("client_assertion").is_some() {
                return Err(Refusal::TwoCredentials);
            }
            return Ok(Presented {
                client: form::printable(&client),
                authentication: ClientAuthentication::Basic,
                secret: Some(secret),
                assertion: None,
            });
        }
        if let Some(assertion) = form.get("client_assertion") {
            if form.get("client_assertion_type") != Some(assertion::ASSERTION_TYPE) {
                return Err(Refusal::BadAssertion(AssertionFault::Type));
            }
            if in_body.1.is_some() {
                return Err(Refusal::TwoCredentials);
            }
            let claimed = || assertion::claimed_client(assertion).map(|id| id.to_string());
            let client = in_body
                .0
                .or_else(claimed)
                .ok_or(Refusal::MissingParameter("client_id"))?;
            return Ok(Presented {
                client: form::printable(&client),
                authentication: ClientAuthentication::Assertion,
                secret: None,
                assertion: Some(SecretString::from(assertion)),
            });
        }
        let client = in_body.0.ok_or(Refusal::MissingParameter("client_id"))?;
        Ok(Presented {
            client: form::printable(&client),
            authentication: ClientAuthentication::Post,
            secret: in_body.1.map(SecretString::from),
            assertion: None,
        })
    }

    /// The client's id, by which the caller looks it up; `None` if it is no GUID and so nobody's.
    pub fn client_id(&self) -> Option<Uuid> {
        client_id(&self.client)
    }
}

/// The id that a text names; `None` if it is no GUID in its usual form and so nobody's.
pub(crate) fn client_id(text: &str) -> Option<Uuid> {
    if text.len() == 36 {
        Uuid::try_parse(text).ok()
    } else {
        None
    }
}

fn grant(form: &Form) -> Result<Grant, Refusal> {
    let secret = |name: &'static str| {
        form.get(name)
            .map(SecretString::from)
            .ok_or(Refusal::MissingParameter(name))
    };
    let name = form
        .get("grant_type")
        .ok_or(Refusal::MissingParameter("grant_type"))?;
    match name {
        "client_credentials" => Ok(Grant::ClientCredentials),
        "authorization_code" => Ok(Grant::AuthorizationCode {
            code: secret("code")?,
            reply_address: form.get("redirect_uri").map(str::to_owned),
            verifier: form.get("code_verifier").map(SecretString::from),
        }),
        "refresh_token" => Ok(Grant::RefreshToken(secret("refresh_token")?)),
        // Old clients name the grant and its parameter otherwise than the standard (contract 4.2); MSAL sends both.
        "device_code" | DEVICE_GRANT => match form.get("device_code").or_else(|| form.get("code")) {
            Some(code) => Ok(Grant::DeviceCode(SecretString::from(code))),
            None => Err(Refusal::MissingParameter("device_code")),
        },
        "password" => Ok(Grant::Password {
            name: form
                .get("username")
                .ok_or(Refusal::MissingParameter("username"))?
                .to_owned(),
            password: secret("password")?,
        }),
        other => Err(Refusal::UnsupportedGrant {
            grant: form::printable(other),
        }),
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
        let got = match TokenRequest::read(body.as_bytes(), authorization, Protocol::V1) {
            Ok(request) => format!(
                "{} {} {:?} {}",
                request.presented.client,
                request
                    .presented
                    .secret
                    .as_ref()
                    .map_or("-", |secret| secret.expose_secret()),
                request.presented.authentication,
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

    /// The grant as it was understood.
    fn check_grant(body: &str, expected: &str) {
        let body = format!("client_id=a&{body}");
        let got = match TokenRequest::read(body.as_bytes(), None, Protocol::V1) {
            Err(refusal) => refusal.to_string(),
            Ok(request) => match request.grant {
                Grant::ClientCredentials => "client credentials".to_owned(),
                Grant::AuthorizationCode {
                    code,
                    reply_address,
                    verifier,
                } => format!(
                    "code {} {} {}",
                    code.expose_secret(),
                    reply_address.unwrap_or_default(),
                    verifier.as_ref().map_or("-", |verifier| verifier.expose_secret())
                ),
                Grant::RefreshToken(token) => format!("refresh {}", token.expose_secret()),
                Grant::DeviceCode(code) => format!("device {}", code.expose_secret()),
                Grant::Password { name, password } => format!("password {name} {}", password.expose_secret()),
            },
        };
        assert!(got.contains(expected), "{body}: {got}");
    }

    #[test]
    fn every_grant_is_understood_as_old_and_new_clients_write_it() {
        check_grant(
            "grant_type=authorization_code&redirect_uri=https://localhost&code=C&resource=https://graph.windows.net",
            "code C https://localhost -",
        );
        check_grant(
            "grant_type=authorization_code&code=C&code_verifier=V",
            "code C  V",
        );
        check_grant("grant_type=refresh_token&refresh_token=R&resource=", "refresh R");
        check_grant("grant_type=device_code&code=D", "device D");
        check_grant("grant_type=device_code&device_code=D", "device D");
        check_grant(&format!("grant_type={DEVICE_GRANT}&device_code=D"), "device D");
        check_grant(&format!("grant_type={DEVICE_GRANT}&code=D"), "device D");
        check_grant(
            "grant_type=password&username=ada%40contoso.com&password=p%26q",
            "password ada@contoso.com p&q",
        );
    }

    #[test]
    fn a_grant_without_its_parameter_is_told_which() {
        check_grant("grant_type=authorization_code", "'code'");
        check_grant("grant_type=refresh_token", "'refresh_token'");
        check_grant("grant_type=device_code", "'device_code'");
        check_grant("grant_type=password&username=a", "'password'");
        check_grant("grant_type=password&password=a", "'username'");
    }

    #[test]
    fn an_assertion_names_the_client_and_stands_alone() {
        let kind = "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        // {"sub":"11111111-2222-3333-4444-555555555555"}
        let assertion = "e30.eyJzdWIiOiIxMTExMTExMS0yMjIyLTMzMzMtNDQ0NC01NTU1NTU1NTU1NTUifQ.x";
        let grant = "grant_type=client_credentials";
        check(
            &format!("{grant}&{kind}&client_assertion={assertion}"),
            None,
            "11111111-2222-3333-4444-555555555555 - Assertion -",
        );
        check(
            &format!("{grant}&client_assertion={assertion}"),
            None,
            "client_assertion_type is not",
        );
        check(&format!("{grant}&{kind}&client_assertion=x"), None, "'client_id'");
        check(
            &format!("{grant}&{kind}&client_assertion={assertion}&client_secret=s"),
            None,
            "AADSTS90013",
        );
        check(
            &format!("{grant}&{kind}&client_assertion={assertion}"),
            Some("Basic YTpz"),
            "AADSTS90013",
        );
    }

    #[test]
    fn only_a_guid_names_a_client() {
        let id_of = |client: &str| {
            let body = format!("grant_type=client_credentials&client_id={client}");
            TokenRequest::read(body.as_bytes(), None, Protocol::V1)
                .unwrap()
                .presented
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
            b"grant_type=password&client_id=a&client_secret=hush&username=ada&password=whisper",
            None,
            Protocol::V1,
        )
        .unwrap();
        let printed = format!("{request:?}");
        assert!(
            !printed.contains("hush") && !printed.contains("whisper"),
            "{printed}"
        );
    }

    proptest! {
        #[test]
        fn no_header_makes_the_reader_panic(header in ".{0,60}", encoded in "[A-Za-z0-9+/]{0,40}={0,2}") {
            let _ = basic(&header);
            let _ = basic(&format!("Basic {encoded}"));
        }
    }
}
