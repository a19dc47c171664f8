//! The authorize request: who asks for what, where the answer goes, and what must happen before there is one
//! (contract 4.1; RFC 6749, 4.1; OpenID Connect Core, 3.1.2).

use crate::audience::Authority;
use crate::client::{Client, ClientKind, ClientStatus};
use crate::form::{self, Form};
use crate::grant::{AddressedTenant, scope_refusal};
use crate::pkce::{self, Challenge, Method};
use crate::protocol::Protocol;
use crate::refusal::Refusal;
use crate::reply::{self, ReplyTo, ResponseMode};
use crate::scope::Wanted;
use crate::token_request;
use crate::user::{User, UserStatus};
use model::time::Timestamp;
use uuid::Uuid;

/// The longest query that is read, in bytes. It travels through the pages and back.
pub const MAX_QUERY_BYTES: usize = 8 * 1024;

/// The longest `state` or `nonce` that is kept, in bytes.
const MAX_ECHO_BYTES: usize = 4 * 1024;

/// An authorize request as it came, of which nothing has been checked yet but that it can be read.
#[derive(Debug)]
pub struct AuthorizeRequest {
    /// The spelling.
    pub protocol: Protocol,
    /// The client's id as it came, for error texts.
    pub client: String,
    form: Form,
}

/// What is asked for, checked. Everything in here may be answered at the reply address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The resource and the scopes.
    pub wanted: Wanted,
    /// The challenge that protects the code.
    pub challenge: Option<Challenge>,
    /// What the client wants back in the id token.
    pub nonce: Option<String>,
    /// What the user must be asked.
    pub prompt: Prompt,
    /// Who is expected to sign in.
    pub login_hint: Option<String>,
    /// How long ago the user may have signed in, in seconds.
    pub max_age_seconds: Option<i64>,
}

/// What the user must be asked, whatever is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools)] // One for each word of `prompt`, which come in any mix.
pub struct Prompt {
    /// Nothing may be asked.
    pub none: bool,
    /// The user must sign in again.
    pub sign_in: bool,
    /// The user must agree again.
    pub consent: bool,
    /// An administrator must agree, for everybody as old clients say; here for the administrator.
    pub admin_consent: bool,
}

/// Who is at the browser.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The user of the session.
    pub user: &'a User,
    /// When the user signed in.
    pub signed_in: Timestamp,
    /// Whether that was for this very request.
    pub freshness: Freshness,
    /// Whether the user holds the role Global Administrator.
    pub is_administrator: bool,
}

/// Whether somebody signed in for this very request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Just now.
    ForThisRequest,
    /// Some time ago, for another one.
    Earlier,
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// Somebody must sign in.
    SignIn,
    /// The user must be asked.
    Consent,
    /// A code is given.
    Give,
    /// The answer is no, at the reply address.
    Refuse(Refusal),
}

impl AuthorizeRequest {
    /// Reads a query (or the body of a form: both are encoded alike).
    pub fn read(query: &[u8], protocol: Protocol) -> Result<AuthorizeRequest, Refusal> {
        if query.len() > MAX_QUERY_BYTES {
            return Err(Refusal::NotAForm(form::FormError::TooLarge));
        }
        let form = Form::parse(query).map_err(Refusal::NotAForm)?;
        let client = form
            .get("client_id")
            .ok_or(Refusal::MissingParameter("client_id"))?;
        Ok(AuthorizeRequest {
            protocol,
            client: form::printable(client.trim()),
            form,
        })
    }

    /// The client's id, by which the caller looks it up.
    pub fn client_id(&self) -> Option<Uuid> {
        token_request::client_id(&self.client)
    }

    /// Where the answer goes. A refusal here is shown to the user and sent nowhere: nothing vouches for the address.
    pub fn reply_to<'c>(
        &self,
        tenant: &AddressedTenant,
        found: Option<&'c Client>,
        authority: &Authority,
    ) -> Result<(&'c Client, ReplyTo), Refusal> {
        let client = tenant.client(&self.client, found)?;
        if client.status == ClientStatus::Disabled {
            return Err(Refusal::ClientDisabled {
                client: client.client_id,
            });
        }
        let address = match (self.form.get("redirect_uri"), client.reply_addresses.as_slice()) {
            (Some(address), _) => address,
            // RFC 6749, 3.1.2.3: with one registered it need not be named.
            (None, [only]) => only,
            (None, _) => return Err(Refusal::MissingParameter("redirect_uri")),
        };
        if !reply::is_registered(client, address) {
            return Err(Refusal::ReplyAddress {
                address: form::printable(address),
                client: client.client_id,
            });
        }
        let mode = match self.form.get("response_mode") {
            Some("form_post") => ResponseMode::FormPost,
            _ => ResponseMode::Query,
        };
        let issuer = match self.protocol {
            Protocol::V1 => None,
            Protocol::V2 => Some(authority.issuer(client.tenant, Protocol::V2)),
        };
        let reply_to = ReplyTo {
            address: address.to_owned(),
            mode,
            state: self.form.get("state").map(str::to_owned),
            issuer,
        };
        Ok((client, reply_to))
    }

    /// What is asked for. A refusal here is answered at the reply address.
    pub fn terms(
        &self,
        client: &Client,
        reply_to: &ReplyTo,
        tenant: &AddressedTenant,
        authority: &Authority,
    ) -> Result<Terms, Refusal> {
        let get = |name| self.form.get(name);
        match get("response_type") {
            None => return Err(Refusal::MissingParameter("response_type")),
            Some("code") => {}
            Some(other) => return Err(Refusal::ResponseType(form::printable(other))),
        }
        if !matches!(get("response_mode"), None | Some("query" | "form_post")) {
            return Err(Refusal::BadParameter {
                name: "response_mode",
                why: "must be query or form_post",
            });
        }
        for name in ["request", "request_uri"] {
            if get(name).is_some() {
                return Err(Refusal::BadParameter {
                    name: "request",
                    why: "is not supported: send the parameters themselves",
                });
            }
        }
        for (name, value) in [("state", get("state")), ("nonce", get("nonce"))] {
            if value.is_some_and(|value| value.len() > MAX_ECHO_BYTES) {
                return Err(Refusal::BadParameter {
                    name,
                    why: "is longer than 4096 bytes",
                });
            }
        }
        let challenge = self.challenge()?;
        // ADAL's public clients of v1 know no challenge; an open port must have one whatever the version.
        let is_public_v2 = client.kind == ClientKind::Public && self.protocol == Protocol::V2;
        let must_have_one = is_public_v2 || reply::needs_challenge(client, &reply_to.address);
        if must_have_one && challenge.is_none() {
            return Err(Refusal::ChallengeRequired);
        }
        let wanted = Wanted::read(self.protocol, get("resource"), get("scope"), None, authority)
            .map_err(|fault| scope_refusal(fault, tenant))?;
        let max_age_seconds = match get("max_age").map(str::parse) {
            None => None,
            Some(Ok(seconds)) if seconds >= 0 => Some(seconds),
            Some(_) => {
                return Err(Refusal::BadParameter {
                    name: "max_age",
                    why: "must be a number of seconds",
                });
            }
        };
        Ok(Terms {
            wanted,
            challenge,
            nonce: get("nonce").map(str::to_owned),
            prompt: self.prompt()?,
            login_hint: get("login_hint").map(|hint| hint.trim().to_owned()),
            max_age_seconds,
        })
    }

    fn challenge(&self) -> Result<Option<Challenge>, Refusal> {
        let bad = |name, why| Err(Refusal::BadParameter { name, why });
        let method = self.form.get("code_challenge_method");
        let Some(text) = self.form.get("code_challenge") else {
            return match method {
                None => Ok(None),
                Some(_) => bad("code_challenge", "is missing, though its method is given"),
            };
        };
        let Some(method) = Method::by_name(method) else {
            return bad("code_challenge_method", "must be S256 or plain");
        };
        if !pkce::is_sound(text) {
            return bad(
                "code_challenge",
                "must have 43 to 128 letters, digits, and '-._~'",
            );
        }
        Ok(Some(Challenge {
            method,
            text: text.to_owned(),
        }))
    }

    fn prompt(&self) -> Result<Prompt, Refusal> {
        let mut prompt = Prompt::default();
        for word in self
            .form
            .get("prompt")
            .unwrap_or_default()
            .split_ascii_whitespace()
        {
            match word {
                "none" => prompt.none = true,
                "login" | "select_account" => prompt.sign_in = true,
                "consent" => prompt.consent = true,
                "admin_consent" => prompt.admin_consent = true,
                // ADAL's own word for "do as you always do".
                "refresh_session" | "attempt_none" => {}
                _ => {
                    return Err(Refusal::BadParameter {
                        name: "prompt",
                        why: "must be none, login, select_account, consent or admin_consent",
                    });
                }
            }
        }
        if prompt.none && (prompt.sign_in || prompt.consent || prompt.admin_consent) {
            return Err(Refusal::BadParameter {
                name: "prompt",
                why: "cannot be none and something else",
            });
        }
        Ok(prompt)
    }
}

/// What comes next. `consented` are the permissions to which the user agreed before, for this application.
pub fn next(
    terms: &Terms,
    client: &Client,
    visitor: Option<Visitor<'_>>,
    consented: &[String],
    now: Timestamp,
) -> Step {
    let ask_who = || {
        if terms.prompt.none {
            Step::Refuse(Refusal::SignInNeeded)
        } else {
            Step::SignIn
        }
    };
    // A session of another tenant, or of somebody who was switched off since, is none.
    let visitor = visitor
        .filter(|visitor| visitor.user.tenant == client.tenant && visitor.user.status == UserStatus::Enabled);
    let Some(visitor) = visitor else { return ask_who() };
    if visitor.freshness == Freshness::Earlier {
        let expected_another = terms
            .login_hint
            .as_ref()
            .is_some_and(|hint| !hint.eq_ignore_ascii_case(&visitor.user.name));
        let too_long_ago = terms
            .max_age_seconds
            .is_some_and(|seconds| visitor.signed_in.plus_seconds(seconds) < now);
        if terms.prompt.sign_in || expected_another || too_long_ago {
            return ask_who();
        }
    }
    let permissions = terms.wanted.delegated(client);
    let no_consent = || {
        Step::Refuse(Refusal::NoConsent {
            client: client.client_id,
        })
    };
    if permissions.is_empty() {
        return no_consent();
    }
    if terms.prompt.admin_consent && !visitor.is_administrator {
        return Step::Refuse(Refusal::AdministratorNeeded);
    }
    let agreed = permissions
        .iter()
        .all(|permission| consented.iter().any(|known| known == permission));
    if !agreed && terms.prompt.none {
        return no_consent();
    }
    if !agreed || terms.prompt.consent || terms.prompt.admin_consent {
        return Step::Consent;
    }
    Step::Give
}

#[cfg(test)]
mod tests;
