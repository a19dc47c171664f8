//! `/{tenant}/oauth2/authorize`: a browser asks for a code; somebody signs in and agrees.

use super::browser::{Browser, Purpose, SignedIn};
use super::notices::{blocking, stale_form, told, unavailable};
use super::pages::{self, ConsentPage, SignInPage};
use super::{Context, Failure, addressed, registered};
use crate::app::App;
use crate::layers::{ClientAddress, Origin, RequestId, whole_body};
use crate::passwords::{self, Attempt, Refused};
use crate::{chance, clients};
use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use issuer::authorize::{AuthorizeRequest, Freshness, Step, Terms, Visitor, next};
use issuer::client::Client;
use issuer::form::Form;
use issuer::opaque::Opaque;
use issuer::pkce::Method;
use issuer::protocol::Protocol;
use issuer::refusal::Refusal;
use issuer::reply::{self, ReplyTo};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use store::control::{AuthorizationCode, ChallengeMethod, CodeChallenge, GrantHash};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/{tenant}/oauth2/authorize", get(show_v1).post(show_posted_v1))
        .route(
            "/{tenant}/oauth2/v2.0/authorize",
            get(show_v2).post(show_posted_v2),
        )
        .route("/{tenant}/oauth2/login", post(sign_in_v1))
        .route("/{tenant}/oauth2/v2.0/login", post(sign_in_v2))
        .route("/{tenant}/oauth2/consent", post(consent_v1))
        .route("/{tenant}/oauth2/v2.0/consent", post(consent_v2))
}

/// A request as it came to one of the addresses of this file.
struct Asked {
    app: Arc<App>,
    protocol: Protocol,
    tenant_word: String,
    context: Context,
    browser: Browser,
}

/// An authorize request of a known client, with terms that can be met.
struct Interaction {
    tenant_word: String,
    protocol: Protocol,
    query: String,
    client: Client,
    reply_to: ReplyTo,
    terms: Terms,
}

async fn show_v1(
    state: State<Arc<App>>,
    path: Path<String>,
    query: RawQuery,
    request: RequestId,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::new(state, path, Protocol::V1, request, &origin, &headers);
    asked.show(query.0.unwrap_or_default()).await
}

async fn show_v2(
    state: State<Arc<App>>,
    path: Path<String>,
    query: RawQuery,
    request: RequestId,
    origin: Origin,
    headers: HeaderMap,
) -> Response {
    let asked = Asked::new(state, path, Protocol::V2, request, &origin, &headers);
    asked.show(query.0.unwrap_or_default()).await
}

async fn show_posted_v1(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    origin: Origin,
    request: Request,
) -> Response {
    show_posted(state, path, Protocol::V1, request_id, &origin, request).await
}

async fn show_posted_v2(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    origin: Origin,
    request: Request,
) -> Response {
    show_posted(state, path, Protocol::V2, request_id, &origin, request).await
}

/// The same parameters in a form (OpenID Connect Core, 3.1.2.1).
async fn show_posted(
    state: State<Arc<App>>,
    path: Path<String>,
    protocol: Protocol,
    request_id: RequestId,
    origin: &Origin,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let asked = Asked::new(state, path, protocol, request_id, origin, &parts.headers);
    let Ok(body) = whole_body(body).await else {
        return asked.unreadable();
    };
    let query = String::from_utf8_lossy(&body).into_owned();
    asked.show(query).await
}

async fn sign_in_v1(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    origin: Origin,
    address: ClientAddress,
    request: Request,
) -> Response {
    sign_in(state, path, Protocol::V1, request_id, &origin, address, request).await
}

async fn sign_in_v2(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    origin: Origin,
    address: ClientAddress,
    request: Request,
) -> Response {
    sign_in(state, path, Protocol::V2, request_id, &origin, address, request).await
}

async fn consent_v1(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    origin: Origin,
    request: Request,
) -> Response {
    consent(state, path, Protocol::V1, request_id, &origin, request).await
}

async fn consent_v2(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    origin: Origin,
    request: Request,
) -> Response {
    consent(state, path, Protocol::V2, request_id, &origin, request).await
}

/// Somebody sent the form with name and password.
async fn sign_in(
    state: State<Arc<App>>,
    path: Path<String>,
    protocol: Protocol,
    request_id: RequestId,
    origin: &Origin,
    address: ClientAddress,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = Asked::new(state, path, protocol, request_id, origin, &parts.headers);
    let Ok(Ok(form)) = whole_body(body).await.map(|body| Form::parse(&body)) else {
        return asked.unreadable();
    };
    let query = form.get("request").unwrap_or_default().to_owned();
    let interaction = match asked.open(query) {
        Ok(interaction) => interaction,
        Err(failure) => return asked.fail(failure),
    };
    let form_token = form.get("form").unwrap_or_default();
    if !asked
        .browser
        .made(&asked.app, Purpose::SignIn, &interaction.about(), form_token)
    {
        return asked.forged();
    }
    if form.get("answer") != Some("yes") {
        return asked.refuse(&interaction, &Refusal::Canceled);
    }
    let name = form.get("user").unwrap_or_default().trim().to_owned();
    let password = SecretString::from(form.get("password").unwrap_or_default());
    let attempt = Attempt {
        tenant: interaction.client.tenant,
        name: &name,
        password: &password,
        code: form.get("one_time"),
        address,
        application: Some(interaction.client.client_id),
    };
    let user = match passwords::check(&asked.app, &attempt).await {
        Ok(user) => user,
        Err(refused) => return asked.ask_again(&interaction, &name, &refused),
    };
    tracing::info!(user = %user.name, app = %interaction.client.client_id, "somebody signed in");
    blocking(move || {
        let signed_in = match asked.browser.sign_in(&asked.app, &user) {
            Ok(signed_in) => signed_in,
            Err(error) => return asked.fail(error.into()),
        };
        asked.go_on(&interaction, Some(&signed_in), Freshness::ForThisRequest)
    })
    .await
}

/// Somebody sent the form that asks for permissions.
async fn consent(
    state: State<Arc<App>>,
    path: Path<String>,
    protocol: Protocol,
    request_id: RequestId,
    origin: &Origin,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut asked = Asked::new(state, path, protocol, request_id, origin, &parts.headers);
    let Ok(Ok(form)) = whole_body(body).await.map(|body| Form::parse(&body)) else {
        return asked.unreadable();
    };
    blocking(move || {
        let query = form.get("request").unwrap_or_default().to_owned();
        let interaction = match asked.open(query) {
            Ok(interaction) => interaction,
            Err(failure) => return asked.fail(failure),
        };
        let form_token = form.get("form").unwrap_or_default();
        if !asked
            .browser
            .made(&asked.app, Purpose::Consent, &interaction.about(), form_token)
        {
            return asked.forged();
        }
        if form.get("answer") != Some("yes") {
            return asked.refuse(&interaction, &Refusal::Canceled);
        }
        asked
            .agreed(&interaction)
            .unwrap_or_else(|failure| asked.fail(failure))
    })
    .await
}

impl Asked {
    fn new(
        State(app): State<Arc<App>>,
        Path(tenant_word): Path<String>,
        protocol: Protocol,
        request: RequestId,
        origin: &Origin,
        headers: &HeaderMap,
    ) -> Asked {
        Asked {
            context: Context::of(&app, headers, request),
            browser: Browser::of(headers, origin),
            app,
            protocol,
            tenant_word,
        }
    }

    /// The authorize request itself.
    async fn show(mut self, query: String) -> Response {
        blocking(move || {
            let interaction = match self.open(query) {
                Ok(interaction) => interaction,
                Err(failure) => return self.fail(failure),
            };
            match self.browser.signed_in(&self.app) {
                Ok(signed_in) => self.go_on(&interaction, signed_in.as_ref(), Freshness::Earlier),
                Err(error) => self.fail(error.into()),
            }
        })
        .await
    }

    /// Understands an authorize request, anew with each form that carries it: nothing of it is kept between requests.
    fn open(&self, query: String) -> Result<Interaction, Failure> {
        let request = AuthorizeRequest::read(query.as_bytes(), self.protocol)?;
        let tenant = addressed(&self.app, &self.tenant_word)?;
        let found = registered(&self.app, request.client_id())?;
        let (client, reply_to) = request.reply_to(&tenant, found.as_ref(), &self.app.authority)?;
        let client = client.clone();
        let terms = request
            .terms(&client, &reply_to, &tenant, &self.app.authority)
            .map_err(|refusal| Failure::Reply(Box::new(reply_to.clone()), refusal))?;
        Ok(Interaction {
            tenant_word: self.tenant_word.clone(),
            protocol: self.protocol,
            query,
            client,
            reply_to,
            terms,
        })
    }

    fn go_on(
        &mut self,
        interaction: &Interaction,
        signed_in: Option<&SignedIn>,
        freshness: Freshness,
    ) -> Response {
        self.next_step(interaction, signed_in, freshness)
            .unwrap_or_else(|failure| self.fail(failure))
    }

    fn next_step(
        &mut self,
        interaction: &Interaction,
        signed_in: Option<&SignedIn>,
        freshness: Freshness,
    ) -> Result<Response, Failure> {
        let Interaction { client, terms, .. } = interaction;
        let user = signed_in.map(|signed_in| clients::user(&signed_in.user));
        let visitor = signed_in.zip(user.as_ref()).map(|(signed_in, user)| Visitor {
            user,
            signed_in: signed_in.session.created,
            freshness,
            is_administrator: clients::is_administrator(&signed_in.user),
        });
        let consented = match &user {
            Some(user) => self.app.control.consents(user.object_id, client.client_id)?,
            None => Vec::new(),
        };
        match (
            next(terms, client, visitor, &consented, self.app.now()),
            signed_in,
        ) {
            (Step::Consent, Some(signed_in)) => Ok(self.ask_for_consent(interaction, signed_in)),
            (Step::Give, Some(signed_in)) => self.give(interaction, signed_in),
            (Step::Refuse(refusal), _) => Ok(self.refuse(interaction, &refusal)),
            (Step::SignIn | Step::Consent | Step::Give, _) => {
                let hint = terms.login_hint.clone().unwrap_or_default();
                Ok(self.ask_who(interaction, StatusCode::OK, &hint, None, false))
            }
        }
    }

    fn agreed(&mut self, interaction: &Interaction) -> Result<Response, Failure> {
        let Interaction { client, terms, .. } = interaction;
        // The form's token said that it was made for this session; it may have ended since.
        let Some(signed_in) = self.browser.signed_in(&self.app)? else {
            return Ok(self.ask_who(
                interaction,
                StatusCode::OK,
                "",
                Some("You were signed out."),
                false,
            ));
        };
        let user = clients::user(&signed_in.user);
        let visitor = Visitor {
            user: &user,
            signed_in: signed_in.session.created,
            freshness: Freshness::ForThisRequest,
            is_administrator: clients::is_administrator(&signed_in.user),
        };
        let permissions = terms.wanted.delegated(client);
        let agreed: Vec<String> = permissions.iter().map(|name| (*name).to_owned()).collect();
        match next(terms, client, Some(visitor), &agreed, self.app.now()) {
            Step::Refuse(refusal) => return Ok(self.refuse(interaction, &refusal)),
            Step::SignIn => return Ok(self.ask_who(interaction, StatusCode::OK, "", None, false)),
            Step::Consent | Step::Give => {}
        }
        let now = self.app.now();
        self.app
            .control
            .add_consents(user.object_id, client.client_id, &permissions, now)?;
        tracing::info!(user = %user.name, app = %client.client_id, "somebody agreed that an application acts for them");
        self.give(interaction, &signed_in)
    }

    /// A code, on its way to the application.
    fn give(&mut self, interaction: &Interaction, signed_in: &SignedIn) -> Result<Response, Failure> {
        let Interaction {
            client,
            terms,
            reply_to,
            ..
        } = interaction;
        let code = Opaque::from_random(&chance::bytes());
        let now = self.app.now();
        let lifetime = self.app.config().tokens.code.as_secs() as i64;
        let kept = AuthorizationCode {
            family: chance::guid(),
            app: client.client_id,
            user: signed_in.user.object_id,
            reply_address: reply_to.address.clone(),
            resource: terms.wanted.resource.clone(),
            scope: terms.wanted.granted(client),
            nonce: terms.nonce.clone(),
            challenge: terms.challenge.as_ref().map(|challenge| CodeChallenge {
                text: challenge.text.clone(),
                method: match challenge.method {
                    Method::Plain => ChallengeMethod::Plain,
                    Method::S256 => ChallengeMethod::S256,
                },
            }),
            expires: now.plus_seconds(lifetime),
        };
        self.app.control.put_code(GrantHash(code.hash), &kept, now)?;
        let session_state = self.browser.session_state().to_string();
        let reply = reply_to.code(
            code.text.expose_secret(),
            &session_state,
            terms.prompt.admin_consent,
        );
        Ok(pages::answer(&reply, &self.browser))
    }

    fn ask_who(
        &mut self,
        interaction: &Interaction,
        status: StatusCode,
        user: &str,
        message: Option<&str>,
        needs_code: bool,
    ) -> Response {
        let about = interaction.about();
        let form_token = self.browser.form_token(&self.app, Purpose::SignIn, &about);
        let action = interaction.address("login");
        let page = SignInPage {
            application: &interaction.client.name,
            action: &action,
            request: &interaction.query,
            form_token: &form_token,
            user,
            message,
            needs_code,
        };
        let origin = reply::origin(&interaction.reply_to.address);
        pages::page(status, &page, &self.browser, origin.as_deref())
    }

    fn ask_again(&mut self, interaction: &Interaction, name: &str, refused: &Refused) -> Response {
        let Some(told) = told(refused, &self.context) else {
            return self.fail(Failure::Unavailable);
        };
        let mut response = self.ask_who(
            interaction,
            told.status,
            name,
            Some(&told.message),
            told.needs_code,
        );
        super::add_retry_after(&mut response, refused.retry_after_seconds().map(u64::from));
        response
    }

    fn ask_for_consent(&mut self, interaction: &Interaction, signed_in: &SignedIn) -> Response {
        let about = interaction.about();
        let form_token = self.browser.form_token(&self.app, Purpose::Consent, &about);
        let permissions = interaction.terms.wanted.delegated(&interaction.client);
        let permissions: Vec<&str> = permissions.iter().map(|name| pages::in_words(name)).collect();
        let action = interaction.address("consent");
        let page = ConsentPage {
            application: &interaction.client.name,
            user: signed_in.user.name.as_str(),
            permissions: &permissions,
            action: &action,
            request: &interaction.query,
            form_token: &form_token,
        };
        let origin = reply::origin(&interaction.reply_to.address);
        pages::page(StatusCode::OK, &page, &self.browser, origin.as_deref())
    }

    fn refuse(&self, interaction: &Interaction, refusal: &Refusal) -> Response {
        self.refuse_at(&interaction.reply_to, refusal)
    }

    fn refuse_at(&self, reply_to: &ReplyTo, refusal: &Refusal) -> Response {
        self.context.note(refusal);
        let reply = reply_to.refusal(refusal.redirect_error(), &refusal.to_string());
        pages::answer(&reply, &self.browser)
    }

    fn fail(&self, failure: Failure) -> Response {
        match failure {
            Failure::Refused(refusal) => {
                self.context.note(&refusal);
                pages::refusal(&refusal, &self.context.trace, &self.browser)
            }
            Failure::Reply(reply_to, refusal) => self.refuse_at(&reply_to, &refusal),
            Failure::Control(error) => {
                tracing::error!(request.id = %self.context.request, "a sign-in could not go on: {error}");
                unavailable(&self.browser)
            }
            Failure::Unavailable => unavailable(&self.browser),
        }
    }

    /// The form was not made for this browser, or long ago: nothing is done.
    fn forged(&self) -> Response {
        tracing::warn!(request.id = %self.context.request, "a form came that was not made for this browser");
        stale_form(&self.browser)
    }

    fn unreadable(&self) -> Response {
        stale_form(&self.browser)
    }
}

impl Interaction {
    /// What a form of this interaction is bound to.
    fn about(&self) -> String {
        format!("{:?} {} {}", self.protocol, self.tenant_word, self.query)
    }

    /// Where a form of this interaction goes. It has no query: old scripts look for words in the address.
    fn address(&self, endpoint: &str) -> String {
        format!("/{}/{}", self.tenant_word, self.protocol.path(endpoint))
    }
}
