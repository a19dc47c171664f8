//! Signing in by an outside issuer: the address that a browser is sent to, the code that comes back, and who it was.

use super::fetch::{self, FetchFault};
use super::issuer::{Issuer, Known};
use super::vouches_for;
use crate::app::App;
use crate::config::OutsideSignIn;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use issuer::form::Form;
use issuer::outside::token::{OutsideFault, Outsider, SignIn, claimed_issuer, object_id};
use model::tenant::TenantId;
use model::user::UserName;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::control::{ControlError, OutsideUser, User};

/// The longest answer of a token endpoint that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// The longest code, in bytes. Entra's have about 1,500.
const MAX_CODE_BYTES: usize = 8 * 1024;

/// The longest local part that is made of somebody's name there.
const NAME_CHARACTERS: usize = 40;

/// Why somebody is not signed in. Nothing secret is in here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInFault {
    #[error("no issuer of that name may sign people of this tenant in")]
    NotOffered,
    #[error("the issuer cannot be asked")]
    Silent,
    #[error("the issuer has no `{0}` in its discovery document")]
    NoEndpoint(&'static str),
    #[error("the request of the application does not fit into a cookie")]
    TooLong,
    #[error("the issuer said `{0}`")]
    Refused(String),
    #[error("the answer has no code")]
    NoCode,
    #[error("the answer is of another issuer")]
    OtherIssuer,
    #[error("the client secret cannot be read: {0}")]
    Secret(std::io::Error),
    #[error("the token endpoint: {0}")]
    Fetch(#[from] FetchFault),
    #[error("the token endpoint answered with status {status}, `{error}`")]
    TokenEndpoint { status: u16, error: String },
    #[error("the token endpoint gave no id token")]
    NoIdToken,
    #[error(transparent)]
    Token(#[from] OutsideFault),
    #[error("no rule gives a role to whoever signed in")]
    NoRole,
    #[error("the account is switched off here")]
    Disabled,
    #[error("the tenant has no name that could stand in a user's")]
    NoTenantName,
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// An issuer that is about to be asked to sign somebody in.
pub(crate) struct Asking {
    pub(crate) issuer: Arc<Issuer>,
    known: Arc<Known>,
    terms: OutsideSignIn,
    /// Where the answer goes.
    reply_address: String,
}

/// What came back with the browser.
pub(crate) struct Answered<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) verifier: &'a str,
    pub(crate) form: &'a Form,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Asking {
    /// The issuer of a name, if it may sign people of a tenant in and can be asked.
    pub(crate) async fn of(app: &App, name: &str, tenant: TenantId) -> Result<Asking, SignInFault> {
        let offered = app.trusted().for_sign_in(app.control.as_ref(), tenant)?;
        let issuer = offered
            .into_iter()
            .find(|issuer| issuer.settings.name == name)
            .ok_or(SignInFault::NotOffered)?;
        let terms = issuer.settings.sign_in.clone().ok_or(SignInFault::NotOffered)?;
        issuer.ready_for(app, None).await;
        let known = issuer.known(app.now()).ok_or(SignInFault::Silent)?;
        let reply_address = format!("{}/common/oauth2/outside/{name}/callback", app.authority.origin());
        Ok(Asking {
            issuer,
            known,
            terms,
            reply_address,
        })
    }

    /// Where the browser is sent.
    pub(crate) fn address(
        &self,
        state: &str,
        nonce: &str,
        verifier: &str,
        anew: bool,
        max_age_seconds: Option<i64>,
    ) -> Result<String, SignInFault> {
        let missing = SignInFault::NoEndpoint("authorization_endpoint");
        let Some(endpoint) = &self.known.document.authorization_endpoint else {
            return Err(missing);
        };
        let mut url = Url::parse(endpoint).map_err(|_| missing)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.terms.client_id)
            .append_pair("redirect_uri", &self.reply_address)
            .append_pair("scope", &self.terms.scopes.join(" "))
            .append_pair("state", state)
            .append_pair("nonce", nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if anew {
            url.query_pairs_mut().append_pair("prompt", "login");
        }
        if let Some(seconds) = max_age_seconds {
            url.query_pairs_mut().append_pair("max_age", &seconds.to_string());
        }
        Ok(url.to_string())
    }

    /// Redeems what came back, and says who it was.
    pub(crate) async fn redeem(&self, app: &App, answer: &Answered<'_>) -> Result<Outsider, SignInFault> {
        let trust = &self.issuer.settings.trust;
        // RFC 9207, 2.4: the answer of one issuer must not be taken for another's.
        match answer.form.get("iss") {
            Some(issuer) if issuer != trust.issuer => return Err(SignInFault::OtherIssuer),
            None if self.known.document.names_itself => return Err(SignInFault::OtherIssuer),
            _ => {}
        }
        if let Some(error) = answer.form.get("error") {
            return Err(SignInFault::Refused(word(error)));
        }
        let code = answer
            .form
            .get("code")
            .filter(|code| code.len() <= MAX_CODE_BYTES)
            .ok_or(SignInFault::NoCode)?;
        let tokens = self.tokens(code, answer.verifier).await?;
        let id_token = tokens.id_token.ok_or(SignInFault::NoIdToken)?;
        let kid = claimed_issuer(&id_token).and_then(|claimed| claimed.kid);
        self.issuer.ready_for(app, kid.as_deref()).await;
        let now = app.now();
        let known = self.issuer.known(now).ok_or(SignInFault::Silent)?;
        let sign_in = SignIn {
            client_id: &self.terms.client_id,
            nonce: answer.nonce,
            access_token: tokens.access_token.as_deref(),
        };
        Ok(trust.id_token(&id_token, &known.keys, sign_in, now)?)
    }

    async fn tokens(&self, code: &str, verifier: &str) -> Result<Tokens, SignInFault> {
        let endpoint = self
            .known
            .document
            .token_endpoint
            .as_deref()
            .ok_or(SignInFault::NoEndpoint("token_endpoint"))?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.reply_address),
            ("code_verifier", verifier),
        ];
        let secret = match self.terms.client_secret_file.clone() {
            Some(file) => Some(read_secret(file).await?),
            None => None,
        };
        if secret.is_none() {
            fields.push(("client_id", &self.terms.client_id));
        }
        let client = fetch::client(&self.issuer.settings).await?;
        let mut request = client
            .post(endpoint)
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encoded(&fields));
        if let Some(secret) = &secret {
            // RFC 6749, 2.3.1: both are encoded like a form first.
            let pair = format!(
                "{}:{}",
                word_encoded(&self.terms.client_id),
                word_encoded(secret.expose_secret())
            );
            let mut value = http::HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
                .map_err(|_| SignInFault::NoEndpoint("token_endpoint"))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        let (status, body) = fetch::answer(request, MAX_ANSWER_BYTES).await?;
        if status != 200 {
            let refusal: Option<Refusal> = serde_json::from_slice(&body).ok();
            return Err(SignInFault::TokenEndpoint {
                status,
                error: refusal.map(|refusal| word(&refusal.error)).unwrap_or_default(),
            });
        }
        serde_json::from_slice(&body).map_err(|_| SignInFault::NoIdToken)
    }
}

/// Keeps somebody who signed in elsewhere as a user of the tenant, with the roles that the rules give now.
pub(crate) fn keep(
    app: &App,
    issuer: &Issuer,
    tenant: TenantId,
    outsider: &Outsider,
) -> Result<Arc<User>, SignInFault> {
    let settings = &issuer.settings;
    if !vouches_for(settings, app.control.as_ref(), tenant)? {
        return Err(SignInFault::NotOffered);
    }
    let object_id = object_id(&settings.trust.issuer, &outsider.subject, tenant);
    let known = app.control.user(object_id)?;
    if known.is_some_and(|user| user.disabled.is_some()) {
        return Err(SignInFault::Disabled);
    }
    // Whoever may do nothing here need not be kept.
    if outsider.roles.is_empty() {
        return Err(SignInFault::NoRole);
    }
    let domain = app
        .control
        .tenant_by_id(tenant)?
        .and_then(|tenant| tenant.names.first().map(ToString::to_string))
        .ok_or(SignInFault::NoTenantName)?;
    let tag = &object_id.simple().to_string()[..8];
    let names: Vec<UserName> = ["", tag]
        .iter()
        .filter_map(|tag| UserName::parse(&guest_name(&outsider.name, tag, &domain)).ok())
        .collect();
    let kept = OutsideUser {
        object_id,
        tenant,
        names,
        display_name: outsider
            .display_name
            .clone()
            .unwrap_or_else(|| outsider.name.clone()),
        given_name: outsider.given_name.clone(),
        family_name: outsider.family_name.clone(),
        roles: outsider.roles.clone(),
        issuer: settings.trust.issuer.clone(),
        subject: outsider.subject.clone(),
    };
    app.control.keep_outsider(&kept, app.now())?;
    app.control.user(object_id)?.ok_or(SignInFault::Disabled)
}

/// The name of a guest as Entra ID spells it: `ada_contoso.com#EXT#@fabrikam.com`. No user of ours can be taken for one.
fn guest_name(name: &str, tag: &str, domain: &str) -> String {
    let plain: String = name
        .chars()
        .take(NAME_CHARACTERS)
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | '+' => character,
            _ => '_',
        })
        .collect();
    let plain = plain.trim_matches('.');
    format!("{plain}#ext#{tag}@{domain}")
}

async fn read_secret(file: std::path::PathBuf) -> Result<SecretString, SignInFault> {
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(file)).await;
    let text = read
        .map_err(|panic| SignInFault::Secret(std::io::Error::other(panic)))?
        .map_err(SignInFault::Secret)?;
    Ok(SecretString::from(text.trim().to_owned()))
}

/// An error's name as it may stand in a log.
fn word(error: &str) -> String {
    error
        .chars()
        .take(60)
        .filter(|character| character.is_ascii_alphanumeric() || *character == '_')
        .collect()
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let pairs = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", word_encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn word_encoded(text: &str) -> String {
    issuer::reply::escaped(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, tag: &str, expected: &str) {
        let guest = guest_name(name, tag, "fabrikam.com");
        assert_eq!(UserName::parse(&guest).unwrap().as_str(), expected, "{name}");
    }

    #[test]
    fn a_guest_has_a_name_that_no_user_of_ours_has() {
        check("Ada@Contoso.com", "", "ada_contoso.com#ext#@fabrikam.com");
        check(
            "ada@contoso.com",
            "0123abcd",
            "ada_contoso.com#ext#0123abcd@fabrikam.com",
        );
        check("Ада", "", "___#ext#@fabrikam.com");
        check("...", "", "#ext#@fabrikam.com");
        check(".a b\"c.", "", "a_b_c#ext#@fabrikam.com");
        check(
            &"x".repeat(200),
            "0123abcd",
            &format!("{}#ext#0123abcd@fabrikam.com", "x".repeat(40)),
        );
    }

    #[test]
    fn what_an_issuer_says_is_a_word_in_the_log() {
        assert_eq!(word("access_denied"), "access_denied");
        assert_eq!(word("a\r\nb: <c>"), "abc");
        assert_eq!(word(&"x".repeat(100)).len(), 60);
    }
}
