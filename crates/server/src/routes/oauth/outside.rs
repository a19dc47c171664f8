//! `/{tenant}/oauth2/outside/{issuer}`: somebody signs in by an outside issuer (OpenID Connect Core, 3.1, with a code and
//! PKCE), comes back, and goes on to the application.
//!
//! What is under way lies in a cookie of the browser that nobody else can make, so that an answer counts in the browser
//! that asked, and once.

use super::authorize::Interaction;
use super::browser::Browser;
use super::notices::{Told, blocking, stale_form, unavailable};
use super::pages;
use super::visit::Visit;
use crate::app::App;
use crate::layers::ClientAddress;
use crate::own_events::{self, SignIn};
use crate::routes::listed::Routes;
use crate::trusted::sign_in::{Answered, Asking, SignInFault, keep};
use axum::extract::{Path, RawQuery};
use axum::response::Response;
use axum::routing::get;
use edge::chance;
use http::StatusCode;
use issuer::authorize::Freshness;
use issuer::form::Form;
use issuer::opaque::Opaque;
use issuer::protocol::Protocol;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long somebody may take at the outside issuer, in seconds.
const MOST_SECONDS: i64 = 600;

/// The longest cookie that browsers keep has 4,096 bytes with its name and attributes.
const MOST_COOKIE_BYTES: usize = 3_900;

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/oauth2/outside", get(go_on))
        .route("/{tenant}/oauth2/v2.0/outside", get(go_on))
        .route("/{tenant}/oauth2/outside/{issuer}", get(begin))
        .route("/{tenant}/oauth2/v2.0/outside/{issuer}", get(begin))
        .route("/{tenant}/oauth2/outside/{issuer}/callback", get(answered))
}

/// A sign-in that is under way, in the words of its cookie.
#[derive(Serialize, Deserialize)]
struct Pending {
    issuer: String,
    tenant_word: String,
    v2: bool,
    /// The authorize request of our client.
    query: String,
    state: String,
    nonce: String,
    verifier: String,
    /// Seconds since 1970.
    expires: i64,
    outcome: Option<Outcome>,
}

/// What came of it, until the browser is at an address without a code in it.
#[derive(Serialize, Deserialize)]
enum Outcome {
    SignedIn,
    /// What people are told.
    Failed(String),
}

/// The links by which people of the client's tenant may sign in elsewhere: what they say, and where they lead.
pub(super) fn links(interaction: &Interaction) -> Vec<(String, String)> {
    let call = &interaction.visit.call;
    let found = call
        .app
        .trusted()
        .for_sign_in(call.app.control.as_ref(), interaction.client.tenant);
    let issuers = found.unwrap_or_else(|error| {
        tracing::error!("the issuers of a tenant could not be looked up: {error}");
        Vec::new()
    });
    let link = |issuer: &Arc<crate::trusted::Issuer>| {
        let place = call.protocol.path(&format!("outside/{}", issuer.settings.name));
        let request = issuer::reply::escaped(&interaction.query);
        (
            issuer.settings.label.clone(),
            format!("/{}/{place}?request={request}", call.tenant_word),
        )
    };
    issuers.iter().map(link).collect()
}

/// Somebody wants to sign in elsewhere.
async fn begin(visit: Visit, Path((_, name)): Path<(String, String)>, RawQuery(query): RawQuery) -> Response {
    let form = Form::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let request = form.get("request").unwrap_or_default().to_owned();
    let mut interaction = match Interaction::open(visit, request) {
        Ok(interaction) => interaction,
        Err(answer) => return *answer,
    };
    let app = Arc::clone(&interaction.visit.call.app);
    let asking = match Asking::of(&app, &name, interaction.client.tenant).await {
        Ok(asking) => asking,
        Err(fault) => return interaction.ask_who("", &said(&fault)),
    };
    let text = || {
        Opaque::from_random(&chance::bytes())
            .text
            .expose_secret()
            .to_owned()
    };
    let call = &interaction.visit.call;
    let pending = Pending {
        issuer: name,
        tenant_word: call.tenant_word.clone(),
        v2: call.protocol == Protocol::V2,
        query: interaction.query.clone(),
        state: text(),
        nonce: text(),
        verifier: text(),
        expires: app.now().plus_seconds(MOST_SECONDS).unix_seconds(),
        outcome: None,
    };
    let prompt = &interaction.terms.prompt;
    let target = asking.address(
        &pending.state,
        &pending.nonce,
        &pending.verifier,
        prompt.sign_in,
        interaction.terms.max_age_seconds,
    );
    match target {
        Ok(target) if pending.seal(&app, &mut interaction.visit.browser) => {
            pages::redirect(&target, &interaction.visit.browser)
        }
        Ok(_) => interaction.ask_who("", &said(&SignInFault::TooLong)),
        Err(fault) => interaction.ask_who("", &said(&fault)),
    }
}

/// Somebody comes back. The answer is looked at and taken out of the address before any page is shown.
async fn answered(
    mut visit: Visit,
    Path((_, name)): Path<(String, String)>,
    address: ClientAddress,
    RawQuery(query): RawQuery,
) -> Response {
    let app = Arc::clone(&visit.call.app);
    let form = Form::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let pending = Pending::of(&app, &visit.browser).filter(|pending| {
        let state = form.get("state").unwrap_or_default();
        pending.issuer == name
            && pending.outcome.is_none()
            // Comparing hashes of blake3 takes the same time whatever they are.
            && blake3::hash(pending.state.as_bytes()) == blake3::hash(state.as_bytes())
    });
    let Some(mut pending) =
        pending.filter(|pending| app.states.take(&pending.state, pending.expires, app.now()))
    else {
        tracing::warn!(request.id = %visit.call.context.request, issuer = %name, "an answer came that this browser did not ask for");
        visit.browser.clear_outside();
        return pages::redirect("/common/oauth2/outside", &visit.browser);
    };
    visit.call.tenant_word.clone_from(&pending.tenant_word);
    visit.call.protocol = pending.protocol();
    let mut interaction = match Interaction::open(visit, pending.query.clone()) {
        Ok(interaction) => interaction,
        Err(answer) => return *answer,
    };
    let answer = Answered {
        nonce: &pending.nonce,
        verifier: &pending.verifier,
        form: &form,
    };
    let tenant = interaction.client.tenant;
    let vouched = match Asking::of(&app, &name, tenant).await {
        Ok(asking) => asking
            .redeem(&app, &answer)
            .await
            .map(|outsider| (asking, outsider)),
        Err(fault) => Err(fault),
    };
    blocking(move || {
        let signed_in = vouched.and_then(|(asking, outsider)| keep(&app, &asking.issuer, tenant, &outsider));
        pending.outcome = Some(match signed_in {
            Ok(user) => {
                tracing::info!(user = %user.name, app = %interaction.client.client_id, issuer = %name, "somebody signed in by an outside issuer");
                if let Err(error) = interaction.visit.sign_in(&user) {
                    return interaction.visit.fail(error.into());
                }
                own_events::sign_in(
                    &app,
                    SignIn {
                        user,
                        application: Some(interaction.client.client_id),
                        address,
                        failure: None,
                        second_factor: false,
                        issuer: Some(name),
                    },
                );
                Outcome::SignedIn
            }
            Err(SignInFault::Control(error)) => return interaction.visit.fail(error.into()),
            Err(fault) => {
                tracing::warn!(request.id = %interaction.visit.call.context.request, issuer = %name, "somebody could not sign in by an outside issuer: {fault}");
                Outcome::Failed(told(&fault))
            }
        });
        let call = &interaction.visit.call;
        let next = format!("/{}/{}", call.tenant_word, call.protocol.path("outside"));
        if !pending.seal(&app, &mut interaction.visit.browser) {
            return unavailable(&interaction.visit.browser);
        }
        pages::redirect(&next, &interaction.visit.browser)
    })
    .await
}

/// Goes on to the application, at an address that says nothing.
async fn go_on(mut visit: Visit) -> Response {
    blocking(move || {
        let app = Arc::clone(&visit.call.app);
        let pending = Pending::of(&app, &visit.browser).filter(|pending| {
            pending.tenant_word == visit.call.tenant_word && pending.protocol() == visit.call.protocol
        });
        visit.browser.clear_outside();
        let Some((pending, outcome)) = pending.and_then(|mut pending| {
            let outcome = pending.outcome.take()?;
            Some((pending, outcome))
        }) else {
            return stale_form(&visit.browser);
        };
        let mut interaction = match Interaction::open(visit, pending.query) {
            Ok(interaction) => interaction,
            Err(answer) => return *answer,
        };
        match outcome {
            Outcome::Failed(words) => interaction.ask_who("", &Told::of(&words)),
            Outcome::SignedIn => match interaction.visit.signed_in() {
                Ok(signed_in) => interaction.go_on(signed_in.as_ref(), Freshness::ForThisRequest),
                Err(error) => interaction.visit.fail(error.into()),
            },
        }
    })
    .await
}

impl Pending {
    /// The one of this browser, if it is still good.
    fn of(app: &App, browser: &Browser) -> Option<Pending> {
        let pending: Pending = serde_json::from_str(&browser.outside(app)?).ok()?;
        (pending.expires > app.now().unix_seconds()).then_some(pending)
    }

    /// Gives it to the browser; `false` if it is more than a cookie holds.
    fn seal(&self, app: &App, browser: &mut Browser) -> bool {
        let Ok(text) = serde_json::to_string(self) else {
            return false;
        };
        browser.set_outside(app, &text, MOST_COOKIE_BYTES)
    }

    fn protocol(&self) -> Protocol {
        if self.v2 { Protocol::V2 } else { Protocol::V1 }
    }
}

fn said(fault: &SignInFault) -> Told {
    tracing::warn!("a sign-in by an outside issuer could not begin: {fault}");
    Told {
        status: match fault {
            SignInFault::Silent => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        },
        ..Told::of(&told(fault))
    }
}

/// What people read; what an issuer said stays in the log.
fn told(fault: &SignInFault) -> String {
    match fault {
        SignInFault::Refused(_) => "You were not signed in there. Try again, or sign in here.".to_owned(),
        SignInFault::NoRole => {
            "Your account there is good, but gives you no role here. Ask an administrator.".to_owned()
        }
        SignInFault::Disabled => "This account is switched off. Ask an administrator.".to_owned(),
        SignInFault::Silent => {
            "The service where you wanted to sign in cannot be reached. Try again in a moment.".to_owned()
        }
        SignInFault::NotOffered => "That way to sign in is not offered here.".to_owned(),
        SignInFault::TooLong => {
            "The application asks for too much to sign in elsewhere. Sign in here.".to_owned()
        }
        _ => "Signing in there did not work. Try again; an administrator finds the reason in the log."
            .to_owned(),
    }
}
