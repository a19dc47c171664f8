//! `/{tenant}/oauth2/authorize`: a browser asks for a code; somebody signs in and agrees.

use super::browser::{Purpose, SignedIn};
use super::notices::{Told, blocking, stale_form, told, unavailable};
use super::visit::{Question, Visit};
use super::{Failure, addressed, registered};
use super::{outside, pages};
use crate::clients;
use crate::layers::{ClientAddress, whole_body};
use crate::passwords::{self, Attempt};
use crate::routes::listed::Routes;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::Response;
use axum::routing::{get, post};
use edge::chance;
use issuer::authorize::{AuthorizeRequest, Freshness, Step, Terms, Visitor, next};
use issuer::client::Client;
use issuer::form::Form;
use issuer::opaque::Opaque;
use issuer::pkce::Method;
use issuer::refusal::Refusal;
use issuer::reply::{self, ReplyTo};
use secrecy::{ExposeSecret, SecretString};
use store::control::{AuthorizationCode, ChallengeMethod, CodeChallenge, GrantHash};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/oauth2/authorize", get(asked).post(posted))
        .route("/{tenant}/oauth2/v2.0/authorize", get(asked).post(posted))
        .route("/{tenant}/oauth2/login", post(sign_in))
        .route("/{tenant}/oauth2/v2.0/login", post(sign_in))
        .route("/{tenant}/oauth2/consent", post(consent))
        .route("/{tenant}/oauth2/v2.0/consent", post(consent))
}

/// An authorize request of a known client, with terms that can be met, and the browser that brings it.
pub(super) struct Interaction {
    pub(super) visit: Visit,
    pub(super) query: String,
    pub(super) client: Client,
    reply_to: ReplyTo,
    pub(super) terms: Terms,
}

async fn asked(visit: Visit, RawQuery(query): RawQuery) -> Response {
    show(visit, query.unwrap_or_default()).await
}

/// The same parameters in a form (OpenID Connect Core, 3.1.2.1).
async fn posted(visit: Visit, body: Body) -> Response {
    match whole_body(body).await {
        Ok(body) => show(visit, String::from_utf8_lossy(&body).into_owned()).await,
        Err(_) => stale_form(&visit.browser),
    }
}

/// The authorize request itself.
async fn show(visit: Visit, query: String) -> Response {
    blocking(move || {
        let mut interaction = match Interaction::open(visit, query) {
            Ok(interaction) => interaction,
            Err(answer) => return *answer,
        };
        match interaction.visit.signed_in() {
            Ok(signed_in) => interaction.go_on(signed_in.as_ref(), Freshness::Earlier),
            Err(error) => interaction.visit.fail(error.into()),
        }
    })
    .await
}

/// Somebody sent the form with name and password.
async fn sign_in(visit: Visit, address: ClientAddress, body: Body) -> Response {
    let form = match visit.form(body).await {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    let mut interaction = match Interaction::of_form(visit, Purpose::SignIn, &form) {
        Ok(interaction) => interaction,
        Err(answer) => return *answer,
    };
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
    let user = match passwords::check(&interaction.visit.call.app, &attempt).await {
        Ok(user) => user,
        Err(refused) => {
            return match told(&refused, &interaction.visit.call.context) {
                Some(told) => interaction.ask_who(&name, &told),
                None => unavailable(&interaction.visit.browser),
            };
        }
    };
    tracing::info!(user = %user.name, app = %interaction.client.client_id, "somebody signed in");
    blocking(move || match interaction.visit.sign_in(&user) {
        Ok(signed_in) => interaction.go_on(Some(&signed_in), Freshness::ForThisRequest),
        Err(error) => interaction.visit.fail(error.into()),
    })
    .await
}

/// Somebody sent the form that asks for permissions.
async fn consent(visit: Visit, body: Body) -> Response {
    let form = match visit.form(body).await {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    blocking(
        move || match Interaction::of_form(visit, Purpose::Consent, &form) {
            Ok(mut interaction) => interaction
                .agreed()
                .unwrap_or_else(|failure| interaction.visit.fail(failure)),
            Err(answer) => *answer,
        },
    )
    .await
}

impl Interaction {
    /// Understands an authorize request, anew with each form that carries it: nothing of it is kept between requests.
    pub(super) fn open(visit: Visit, query: String) -> Result<Interaction, Box<Response>> {
        match understood(&visit, &query) {
            Ok((client, reply_to, terms)) => Ok(Interaction {
                visit,
                query,
                client,
                reply_to,
                terms,
            }),
            Err(failure) => Err(Box::new(visit.fail(failure))),
        }
    }

    /// The request that a form of ours carries, if the form was made for this browser and did not say no.
    fn of_form(visit: Visit, purpose: Purpose, form: &Form) -> Result<Interaction, Box<Response>> {
        let query = form.get("request").unwrap_or_default().to_owned();
        let interaction = Interaction::open(visit, query)?;
        if !interaction.visit.made(purpose, &interaction.about(), form) {
            return Err(Box::new(interaction.visit.forged()));
        }
        if form.get("answer") != Some("yes") {
            return Err(Box::new(interaction.refuse(&Refusal::Canceled)));
        }
        Ok(interaction)
    }

    pub(super) fn go_on(&mut self, signed_in: Option<&SignedIn>, freshness: Freshness) -> Response {
        self.next_step(signed_in, freshness)
            .unwrap_or_else(|failure| self.visit.fail(failure))
    }

    fn next_step(&mut self, signed_in: Option<&SignedIn>, freshness: Freshness) -> Result<Response, Failure> {
        let app = &self.visit.call.app;
        let user = signed_in.map(|signed_in| clients::user(&signed_in.user));
        let visitor = signed_in.zip(user.as_ref()).map(|(signed_in, user)| Visitor {
            user,
            signed_in: signed_in.session.created,
            freshness,
            is_administrator: clients::is_administrator(&signed_in.user),
        });
        let consented = match &user {
            Some(user) => app.control.consents(user.object_id, self.client.client_id)?,
            None => Vec::new(),
        };
        let step = next(&self.terms, &self.client, visitor, &consented, app.now());
        match (step, signed_in) {
            (Step::Consent, Some(signed_in)) => Ok(self.ask_for_consent(signed_in)),
            (Step::Give, Some(signed_in)) => self.give(signed_in),
            (Step::Refuse(refusal), _) => Ok(self.refuse(&refusal)),
            (Step::SignIn | Step::Consent | Step::Give, _) => {
                let hint = self.terms.login_hint.clone().unwrap_or_default();
                Ok(self.ask_who(&hint, &Told::default()))
            }
        }
    }

    fn agreed(&mut self) -> Result<Response, Failure> {
        // The form's token said that it was made for this session; it may have ended since.
        let Some(signed_in) = self.visit.signed_in()? else {
            return Ok(self.ask_who("", &Told::of("You were signed out.")));
        };
        let Interaction { client, terms, .. } = &*self;
        let app = &self.visit.call.app;
        let user = clients::user(&signed_in.user);
        let visitor = Visitor {
            user: &user,
            signed_in: signed_in.session.created,
            freshness: Freshness::ForThisRequest,
            is_administrator: clients::is_administrator(&signed_in.user),
        };
        let permissions = terms.wanted.delegated(client);
        let agreed: Vec<String> = permissions.iter().map(|name| (*name).to_owned()).collect();
        match next(terms, client, Some(visitor), &agreed, app.now()) {
            Step::Refuse(refusal) => return Ok(self.refuse(&refusal)),
            Step::SignIn => return Ok(self.ask_who("", &Told::default())),
            Step::Consent | Step::Give => {}
        }
        app.control
            .add_consents(user.object_id, client.client_id, &permissions, app.now())?;
        tracing::info!(user = %user.name, app = %client.client_id, "somebody agreed that an application acts for them");
        self.give(&signed_in)
    }

    /// A code, on its way to the application.
    fn give(&self, signed_in: &SignedIn) -> Result<Response, Failure> {
        let Interaction {
            client,
            terms,
            reply_to,
            ..
        } = self;
        let app = &self.visit.call.app;
        let code = Opaque::from_random(&chance::bytes());
        let now = app.now();
        let lifetime = app.config().tokens.code.as_secs() as i64;
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
        app.control.put_code(GrantHash(code.hash), &kept, now)?;
        let session_state = self.visit.browser.session_state().to_string();
        let reply = reply_to.code(
            code.text.expose_secret(),
            &session_state,
            terms.prompt.admin_consent,
        );
        Ok(pages::answer(&reply, &self.visit.browser))
    }

    pub(super) fn ask_who(&mut self, user: &str, told: &Told) -> Response {
        let mut question = self.question("login");
        question.elsewhere = outside::links(self);
        self.visit.ask_who(Purpose::SignIn, &question, user, told)
    }

    fn ask_for_consent(&mut self, signed_in: &SignedIn) -> Response {
        let question = self.question("consent");
        let permissions = self.terms.wanted.delegated(&self.client);
        self.visit
            .ask_for_consent(Purpose::Consent, &question, &permissions, signed_in)
    }

    fn refuse(&self, refusal: &Refusal) -> Response {
        self.visit.refuse_at(&self.reply_to, refusal)
    }

    /// What a form of this interaction is bound to.
    fn about(&self) -> String {
        let call = &self.visit.call;
        format!("{:?} {} {}", call.protocol, call.tenant_word, self.query)
    }

    /// The form that goes to one of the addresses above. These have no query: old scripts look for words in the address.
    fn question(&self, endpoint: &str) -> Question {
        let call = &self.visit.call;
        Question {
            application: self.client.name.clone(),
            about: self.about(),
            action: format!("/{}/{}", call.tenant_word, call.protocol.path(endpoint)),
            request: self.query.clone(),
            may_go_to: reply::origin(&self.reply_to.address),
            elsewhere: Vec::new(),
        }
    }
}

fn understood(visit: &Visit, query: &str) -> Result<(Client, ReplyTo, Terms), Failure> {
    let call = &visit.call;
    let request = AuthorizeRequest::read(query.as_bytes(), call.protocol)?;
    let tenant = addressed(&call.app, &call.tenant_word)?;
    let found = registered(&call.app, request.client_id())?;
    let (client, reply_to) = request.reply_to(&tenant, found.as_ref(), &call.app.authority)?;
    let client = client.clone();
    let terms = request
        .terms(&client, &reply_to, &tenant, &call.app.authority)
        .map_err(|refusal| Failure::Reply(Box::new(reply_to.clone()), refusal))?;
    Ok((client, reply_to, terms))
}
