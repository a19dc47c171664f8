//! Decides whether a client gets a token, and says so in the words of the old service (contract 4.2).

use crate::assertion;
use crate::audience::Authority;
use crate::claims::{self, AppClaims, ClientClaims, Validity};
use crate::client::{Client, ClientKind, ClientStatus, SecretCheck};
use crate::form;
use crate::keys::SigningKey;
use crate::protocol::Protocol;
use crate::refusal::Refusal;
use crate::scope::{ScopeFault, Wanted};
use crate::token_request::{Presented, TokenRequest};
use model::tenant::TenantId;
use model::time::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// The headers that every answer of the token endpoint carries, good or bad (RFC 6749, 5.1).
pub const TOKEN_HEADERS: &[(&str, &str)] = &[("cache-control", "no-store"), ("pragma", "no-cache")];

/// Which tenant the address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressedTenant {
    /// This one.
    Known {
        /// Its id.
        id: TenantId,
        /// The word in the address, for error texts.
        word: String,
    },
    /// `common` or `organizations`: the client's own.
    OfTheClient,
    /// None that exists.
    Unknown {
        /// The word in the address.
        word: String,
    },
}

/// What is needed to make a token, whoever gets it.
#[derive(Debug, Clone, Copy)]
pub struct Issuing<'a> {
    /// Who we are.
    pub authority: &'a Authority,
    /// The key that signs.
    pub key: &'a SigningKey,
    /// The spelling.
    pub protocol: Protocol,
    /// When.
    pub now: Timestamp,
    /// How long the token lives.
    pub lifetime_seconds: i64,
    /// 128 random bits for the token's own id.
    pub random: [u8; 16],
}

/// How a client proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Not at all: it is public.
    None,
    /// By a secret.
    Secret,
    /// By a certificate.
    Certificate,
}

/// A token and what the client is told about it.
#[derive(Debug)]
pub struct TokenAnswer {
    /// The spelling.
    pub protocol: Protocol,
    /// The token.
    pub access_token: SecretString,
    /// The resource that it is good for, as the client spelled it.
    pub resource: String,
    /// From when to when it holds.
    pub validity: Validity,
    /// What it may do for its user; `None` for an application's own.
    pub scope: Option<String>,
    /// What gets the next one.
    pub refresh_token: Option<SecretString>,
    /// Who signed in.
    pub id_token: Option<SecretString>,
}

impl Proof {
    /// `appidacr` of tokens (contract 4.5).
    const fn claim(self) -> &'static str {
        match self {
            Proof::None => "0",
            Proof::Secret => "1",
            Proof::Certificate => "2",
        }
    }
}

impl AddressedTenant {
    /// The client, if it belongs to the tenant addressed. `found` is what the caller found under the client's id; an
    /// application of another tenant is none.
    pub fn client<'c>(&self, asked: &str, found: Option<&'c Client>) -> Result<&'c Client, Refusal> {
        let (directory, client) = match self {
            AddressedTenant::Known { id, word } => {
                (form::printable(word), found.filter(|client| client.tenant == *id))
            }
            AddressedTenant::OfTheClient => ("common".to_owned(), found),
            AddressedTenant::Unknown { word } => {
                return Err(Refusal::NoSuchTenant {
                    tenant: form::printable(word),
                });
            }
        };
        client.ok_or_else(|| Refusal::NoSuchClient {
            client: form::printable(asked),
            directory,
        })
    }

    fn directory(&self) -> String {
        match self {
            AddressedTenant::Known { word, .. } | AddressedTenant::Unknown { word } => form::printable(word),
            AddressedTenant::OfTheClient => "common".to_owned(),
        }
    }
}

/// Whether a client is who it says. `audiences` are the addresses of this token endpoint, for assertions.
///
/// A public client proves nothing and must not try. That an application is switched off is said only to who proved to be
/// it.
pub fn authenticate(
    presented: &Presented,
    client: &Client,
    audiences: &[String],
    now: Timestamp,
) -> Result<Proof, Refusal> {
    let proof = match (&presented.secret, &presented.assertion) {
        (None, None) => match client.kind {
            ClientKind::Public => Proof::None,
            ClientKind::Confidential => return Err(Refusal::ClientMustProve),
        },
        _ if client.kind == ClientKind::Public => return Err(Refusal::PublicClientWithSecret),
        (Some(secret), _) => match client.check_secret(secret.expose_secret(), now) {
            SecretCheck::Good => Proof::Secret,
            SecretCheck::Expired => return Err(Refusal::ExpiredSecret),
            SecretCheck::Wrong => return Err(Refusal::WrongSecret),
        },
        (None, Some(assertion)) => {
            assertion::check(assertion.expose_secret(), client, audiences, now)
                .map_err(Refusal::BadAssertion)?;
            Proof::Certificate
        }
    };
    if client.status == ClientStatus::Disabled {
        return Err(Refusal::ClientDisabled {
            client: client.client_id,
        });
    }
    Ok(proof)
}

/// What a request asks for, in the words of a refusal if it cannot be had. `before` is the resource of an earlier grant.
pub fn wanted(
    request: &TokenRequest,
    before: Option<&str>,
    tenant: &AddressedTenant,
    authority: &Authority,
) -> Result<Wanted, Refusal> {
    let (resource, scope) = (request.resource.as_deref(), request.scope.as_deref());
    Wanted::read(request.protocol, resource, scope, before, authority)
        .map_err(|fault| scope_refusal(fault, tenant))
}

/// A scope that cannot be had, in the words of a refusal.
pub fn scope_refusal(fault: ScopeFault, tenant: &AddressedTenant) -> Refusal {
    match fault {
        ScopeFault::UnknownResource(resource) => Refusal::UnknownResource {
            resource,
            directory: tenant.directory(),
        },
        ScopeFault::UnknownScope(scope) => Refusal::UnknownScope(scope),
    }
}

/// An application asks for a token of its own (RFC 6749, 4.4). `client` is what the caller found under
/// [`Presented::client_id`]; `audiences` are the addresses of this token endpoint.
///
/// An application without any permission gets a token too, as it did from the old service; the resource refuses it.
pub fn client_credentials(
    request: &TokenRequest,
    tenant: &AddressedTenant,
    client: Option<&Client>,
    audiences: &[String],
    issuing: Issuing<'_>,
) -> Result<TokenAnswer, Refusal> {
    let presented = &request.presented;
    let client = tenant.client(&presented.client, client)?;
    let proof = match authenticate(presented, client, audiences, issuing.now) {
        Ok(Proof::None) | Err(Refusal::ClientMustProve) => {
            return Err(Refusal::MissingParameter("client_secret or client_assertion"));
        }
        other => other?,
    };
    let wanted = wanted(request, None, tenant, issuing.authority)?;
    let roles = client.roles_for(wanted.audience);
    app_token(client, &wanted.resource, roles, proof, issuing)
}

impl TokenAnswer {
    /// The JSON body. In v1 numbers are texts: clients of the old service read them so.
    pub fn body(&self) -> String {
        let (lifetime, v1) = (self.validity.lifetime, self.protocol == Protocol::V1);
        let body = TokenJson {
            token_type: "Bearer",
            scope: self.scope.as_deref(),
            expires_in: Number::new(lifetime, self.protocol),
            ext_expires_in: Number::new(lifetime, self.protocol),
            expires_on: v1.then(|| self.validity.expires_on.to_string()),
            not_before: v1.then(|| self.validity.not_before.to_string()),
            resource: v1.then_some(&self.resource),
            access_token: self.access_token.expose_secret(),
            refresh_token: self
                .refresh_token
                .as_ref()
                .map(secrecy::ExposeSecret::expose_secret),
            id_token: self.id_token.as_ref().map(secrecy::ExposeSecret::expose_secret),
        };
        // Serializing texts and numbers cannot fail.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct TokenJson<'a> {
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    expires_in: Number,
    ext_expires_in: Number,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_on: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a String>,
    access_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
}

/// A number as the version spells it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Number {
    Text(String),
    Plain(i64),
}

impl Number {
    pub(crate) fn new(number: i64, protocol: Protocol) -> Number {
        match protocol {
            Protocol::V1 => Number::Text(number.to_string()),
            Protocol::V2 => Number::Plain(number),
        }
    }
}

/// `ver` of tokens.
pub(crate) const fn version(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::V1 => "1.0",
        Protocol::V2 => "2.0",
    }
}

/// Who got a token, spelled as the version does.
pub(crate) fn client_claims(client: &Client, proof: Proof, protocol: Protocol) -> ClientClaims {
    let (id, how) = (client.client_id.to_string(), proof.claim());
    match protocol {
        Protocol::V1 => ClientClaims::Appid {
            appid: id,
            appidacr: how,
        },
        Protocol::V2 => ClientClaims::Azp { azp: id, azpacr: how },
    }
}

fn app_token(
    client: &Client,
    resource: &str,
    roles: Vec<&'static str>,
    proof: Proof,
    issuing: Issuing<'_>,
) -> Result<TokenAnswer, Refusal> {
    let validity = Validity::from_now(issuing.now, issuing.lifetime_seconds);
    let issuer = issuing.authority.issuer(client.tenant, issuing.protocol);
    let claims = AppClaims {
        aud: resource.to_owned(),
        iss: issuer.clone(),
        iat: validity.not_before,
        nbf: validity.not_before,
        exp: validity.expires_on,
        client: client_claims(client, proof, issuing.protocol),
        idp: issuer,
        oid: client.object_id.to_string(),
        roles,
        sub: client.object_id.to_string(),
        tid: client.tenant.to_string(),
        uti: claims::token_id(issuing.random),
        ver: version(issuing.protocol),
    };
    let token = issuing.key.sign(&claims).map_err(Refusal::Internal)?;
    Ok(TokenAnswer {
        protocol: issuing.protocol,
        access_token: SecretString::from(token),
        resource: resource.to_owned(),
        validity,
        scope: None,
        refresh_token: None,
        id_token: None,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::audience::Permission;
    use crate::client::tests::{GOOD_SECRET, NOW, OLD_SECRET, client, tenant};
    use crate::keys::tests::key;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    pub(crate) fn authority() -> Authority {
        Authority::new("https://reports.contoso.com", &[])
    }

    fn contoso() -> AddressedTenant {
        AddressedTenant::Known {
            id: tenant(),
            word: "contoso.com".to_owned(),
        }
    }

    fn ask(
        resource: &str,
        secret: &str,
        client: Option<&Client>,
        tenant: &AddressedTenant,
    ) -> Result<TokenAnswer, Refusal> {
        let id = "11111111-2222-3333-4444-555555555555";
        let body = format!(
            "grant_type=client_credentials&client_id={id}&client_secret={secret}&resource={resource}"
        );
        let request = TokenRequest::read(body.as_bytes(), None, Protocol::V1).unwrap();
        let (authority, key) = (authority(), key());
        let issuing = Issuing {
            authority: &authority,
            key: &key,
            protocol: Protocol::V1,
            now: NOW,
            lifetime_seconds: 3600,
            random: [0xff; 16],
        };
        client_credentials(&request, tenant, client, &[], issuing)
    }

    pub(crate) fn token(resource: &str, client: &Client) -> String {
        let answer = ask(resource, GOOD_SECRET, Some(client), &contoso()).unwrap();
        answer.access_token.expose_secret().to_owned()
    }

    fn part(token: &str, index: usize) -> String {
        let part = token.split('.').nth(index).unwrap();
        String::from_utf8(URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    fn check(answer: Result<TokenAnswer, Refusal>, expected: &str) {
        let got = answer.map_or_else(
            |refusal| refusal.to_string(),
            |answer| part(answer.access_token.expose_secret(), 1),
        );
        assert!(got.contains(expected), "{got}");
    }

    #[test]
    fn the_answer_is_the_old_services_word_for_word() {
        let answer = ask(
            "https://graph.windows.net/",
            GOOD_SECRET,
            Some(&client()),
            &contoso(),
        )
        .unwrap();
        let token = answer.access_token.expose_secret();
        assert_eq!(
            answer.body(),
            format!(
                r#"{{"token_type":"Bearer","expires_in":"3600","ext_expires_in":"3600","expires_on":"1570063268","not_before":"1570059368","resource":"https://graph.windows.net/","access_token":"{token}"}}"#
            )
        );
    }

    #[test]
    fn the_token_is_the_old_services_claim_by_claim() {
        let token = token("https://graph.windows.net/", &client());
        let kid = key().kid().to_owned();
        assert_eq!(
            part(&token, 0),
            format!(r#"{{"typ":"JWT","alg":"RS256","kid":"{kid}","x5t":"{kid}"}}"#)
        );
        assert_eq!(
            part(&token, 1),
            concat!(
                r#"{"aud":"https://graph.windows.net/","#,
                r#""iss":"https://reports.contoso.com/a2aa49aa-2c0c-49d2-af87-f402c421df0b/","#,
                r#""iat":1570059368,"nbf":1570059368,"exp":1570063268,"#,
                r#""appid":"11111111-2222-3333-4444-555555555555","appidacr":"1","#,
                r#""idp":"https://reports.contoso.com/a2aa49aa-2c0c-49d2-af87-f402c421df0b/","#,
                r#""oid":"66666666-7777-8888-9999-aaaaaaaaaaaa","roles":["Directory.Read.All"],"#,
                r#""sub":"66666666-7777-8888-9999-aaaaaaaaaaaa","tid":"a2aa49aa-2c0c-49d2-af87-f402c421df0b","#,
                r#""uti":"_____________________w","ver":"1.0"}"#
            )
        );
    }

    #[test]
    fn without_a_resource_the_token_is_for_the_reports() {
        let answer = ask("", GOOD_SECRET, Some(&client()), &contoso()).unwrap();
        assert_eq!(answer.resource, "00000002-0000-0000-c000-000000000000");
        check(Ok(answer), r#""aud":"00000002-0000-0000-c000-000000000000""#);
    }

    #[test]
    fn a_token_holds_the_roles_of_its_audience_only() {
        let mut client = client();
        let ingest = |client: &Client| ask("api://gatelog-ingest", GOOD_SECRET, Some(client), &contoso());
        check(
            ingest(&client),
            r#""oid":"66666666-7777-8888-9999-aaaaaaaaaaaa","sub":"#,
        );
        client.permissions.push(Permission::Ingest);
        check(ingest(&client), r#""roles":["Ingest"],"#);
    }

    #[test]
    fn common_is_the_clients_own_tenant() {
        check(
            ask("", GOOD_SECRET, Some(&client()), &AddressedTenant::OfTheClient),
            "a2aa49aa-2c0c-49d2-af87-f402c421df0b",
        );
        let unknown = ask("", GOOD_SECRET, None, &AddressedTenant::OfTheClient);
        check(
            unknown,
            "AADSTS70001: Application with identifier '11111111-2222-3333-4444-555555555555' was not found",
        );
    }

    #[test]
    fn an_application_of_another_tenant_is_none() {
        let fabrikam = TenantId::parse("ffffffff-2c0c-49d2-af87-f402c421df0b").unwrap();
        let other = AddressedTenant::Known {
            id: fabrikam,
            word: "fabrikam.com".to_owned(),
        };
        check(
            ask("", GOOD_SECRET, Some(&client()), &other),
            "was not found in the directory fabrikam.com",
        );
        check(
            ask("", GOOD_SECRET, None, &contoso()),
            "was not found in the directory contoso.com",
        );
        let nowhere = AddressedTenant::Unknown {
            word: "no\nwhere".to_owned(),
        };
        check(
            ask("", GOOD_SECRET, Some(&client()), &nowhere),
            "AADSTS90002: Tenant 'no?where' not found.",
        );
    }

    #[test]
    fn only_a_good_secret_gets_a_token() {
        check(
            ask("", "guess", Some(&client()), &contoso()),
            "AADSTS50012: Invalid client secret",
        );
        check(
            ask("", OLD_SECRET, Some(&client()), &contoso()),
            "AADSTS50012: The provided client secret has expired",
        );
        check(
            ask("", "", Some(&client()), &contoso()),
            "AADSTS90014: The request body must contain the following parameter: 'client_secret or client_assertion'.",
        );
    }

    #[test]
    fn a_disabled_application_is_told_so_only_after_its_secret() {
        let mut client = client();
        client.status = ClientStatus::Disabled;
        check(ask("", GOOD_SECRET, Some(&client), &contoso()), "is disabled");
        check(ask("", "guess", Some(&client), &contoso()), "AADSTS50012");
    }

    #[test]
    fn a_public_application_has_nothing_to_ask_for_itself_with() {
        let mut client = client();
        client.kind = ClientKind::Public;
        check(ask("", GOOD_SECRET, Some(&client), &contoso()), "AADSTS700025");
        check(ask("", "", Some(&client), &contoso()), "AADSTS90014");
    }

    #[test]
    fn a_resource_that_is_not_ours_is_named() {
        let answer = ask(
            "https://graph.microsoft.com",
            GOOD_SECRET,
            Some(&client()),
            &contoso(),
        );
        check(
            answer,
            "AADSTS50001: The application named https://graph.microsoft.com was not found",
        );
    }

    #[test]
    fn the_token_is_not_printed() {
        let answer = ask("", GOOD_SECRET, Some(&client()), &contoso()).unwrap();
        assert!(!format!("{answer:?}").contains("eyJ"));
    }
}
