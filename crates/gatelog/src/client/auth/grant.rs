//! Requests to a token endpoint.

use super::endpoints::{Endpoints, Protocol};
use super::proof::{Proof, exposed};
use super::tokens::Granted;
use crate::client::error::ClientError;
use crate::client::http::{Answer, Ask, Http};
use crate::client::said::said;
use reqwest::Url;
use secrecy::SecretString;

/// An application at an issuer, ready to ask for tokens.
pub(crate) struct Applicant<'a> {
    pub(crate) http: &'a Http,
    pub(crate) endpoints: &'a Endpoints,
    pub(crate) client_id: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) proof: &'a Proof,
}

impl Applicant<'_> {
    /// The application asks for itself (RFC 6749, 4.4).
    pub(crate) async fn as_itself(&self) -> Result<Granted, ClientError> {
        let mut fields = vec![("grant_type", plain("client_credentials"))];
        fields.push(match self.endpoints.protocol {
            Protocol::V1 => ("resource", plain(self.resource)),
            Protocol::V2 => ("scope", plain(&format!("{}/.default", self.resource))),
        });
        self.granted(fields).await
    }

    /// Redeems the code of a sign-in (RFC 6749, 4.1.3; RFC 7636, 4.5).
    pub(crate) async fn by_code(
        &self,
        code: &str,
        redirect_uri: &str,
        verifier: &SecretString,
    ) -> Result<Granted, ClientError> {
        let mut fields = vec![
            ("grant_type", plain("authorization_code")),
            ("code", plain(code)),
            ("redirect_uri", plain(redirect_uri)),
            ("code_verifier", verifier.clone()),
        ];
        fields.push(self.aim());
        self.granted(fields).await
    }

    /// Renews (RFC 6749, 6).
    pub(crate) async fn by_refresh_token(
        &self,
        refresh_token: &SecretString,
    ) -> Result<Granted, ClientError> {
        let mut fields = vec![
            ("grant_type", plain("refresh_token")),
            ("refresh_token", refresh_token.clone()),
        ];
        fields.push(self.aim());
        self.granted(fields).await
    }

    /// What a user's token is for: `resource` in v1, scopes in v2 (wire contract 4.1).
    pub(crate) fn aim(&self) -> (&'static str, SecretString) {
        let (name, value) = aim(self.endpoints.protocol, self.resource);
        (name, plain(&value))
    }

    /// Sends a form to the token endpoint, with who we are, and reads the answer whatever it is.
    pub(crate) async fn ask(
        &self,
        mut fields: Vec<(&'static str, SecretString)>,
    ) -> Result<Answer, ClientError> {
        fields.push(("client_id", plain(self.client_id)));
        fields.extend(self.proof.fields(self.client_id, &self.endpoints.token)?);
        self.send(&self.endpoints.token, &fields).await
    }

    /// Sends a form to an address of the issuer.
    pub(crate) async fn send(
        &self,
        address: &str,
        fields: &[(&'static str, SecretString)],
    ) -> Result<Answer, ClientError> {
        let url = Url::parse(address).map_err(|error| ClientError::Strange {
            host: address.to_owned(),
            what: format!("an address that is none: {error}"),
        })?;
        self.http.send(&Ask::form(&url, &exposed(fields))).await
    }

    async fn granted(&self, fields: Vec<(&'static str, SecretString)>) -> Result<Granted, ClientError> {
        let answer = self.ask(fields).await?;
        self.read(&answer)
    }

    /// The tokens of an answer, or what the issuer says instead.
    pub(crate) fn read(&self, answer: &Answer) -> Result<Granted, ClientError> {
        if answer.status != 200 {
            // Whatever status the issuer chose: who asks for a token and gets none is not signed in.
            return Err(ClientError::NotSignedIn(format!(
                "{} gives no token: {}",
                self.issuer(),
                said(answer.status, &answer.body)
            )));
        }
        Granted::read(&answer.body).map_err(|what| ClientError::Strange {
            host: self.issuer(),
            what: what.to_owned(),
        })
    }

    fn issuer(&self) -> String {
        Url::parse(&self.endpoints.token).map_or_else(
            |_| self.endpoints.token.clone(),
            |url| url.origin().ascii_serialization(),
        )
    }
}

/// What a user's token is for, as a parameter of authorize and token requests.
pub(crate) fn aim(protocol: Protocol, resource: &str) -> (&'static str, String) {
    match protocol {
        Protocol::V1 => ("resource", resource.to_owned()),
        Protocol::V2 => (
            "scope",
            format!("openid profile offline_access {resource}/.default"),
        ),
    }
}

fn plain(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}
