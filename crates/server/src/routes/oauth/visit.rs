//! A request of a browser: the call, the browser, and what every page of ours may have to answer.

use super::browser::{Browser, Purpose, SignedIn};
use super::call::Call;
use super::notices::{Told, stale_form, unavailable};
use super::pages::{self, ConsentPage, SignInPage};
use super::{Failure, add_retry_after};
use crate::app::App;
use crate::layers::{Origin, whole_body};
use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use issuer::form::Form;
use issuer::refusal::Refusal;
use issuer::reply::ReplyTo;
use std::sync::Arc;
use store::control::{ControlError, User};

/// A request of a browser. A handler takes it as an argument.
pub(super) struct Visit {
    pub(super) call: Call,
    pub(super) browser: Browser,
}

/// What a form asks about: for which application, and where the answer goes.
pub(super) struct Question {
    pub(super) application: String,
    /// What the form's token is bound to.
    pub(super) about: String,
    pub(super) action: String,
    /// What the form carries, so that nothing need be kept until it comes back.
    pub(super) request: String,
    /// The origin to which the answer may lead in the end, if it is not ours.
    pub(super) may_go_to: Option<String>,
    /// Where else people may sign in: what it is called, and where that leads.
    pub(super) elsewhere: Vec<(String, String)>,
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Visit, Response> {
        let call = Call::from_request_parts(parts, app).await?;
        let origin = Origin::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Visit {
            call,
            browser: Browser::of(&parts.headers, &origin),
        })
    }
}

impl Visit {
    /// The form that was sent, or what is answered to something that is none.
    pub(super) async fn form(&self, body: Body) -> Result<Form, Box<Response>> {
        match whole_body(body).await.map(|body| Form::parse(&body)) {
            Ok(Ok(form)) => Ok(form),
            _ => Err(Box::new(stale_form(&self.browser))),
        }
    }

    /// The token for a form about something.
    pub(super) fn form_token(&mut self, purpose: Purpose, about: &str) -> String {
        self.browser.form_token(&self.call.app, purpose, about)
    }

    /// Whether a form about something was made for this browser.
    pub(super) fn made(&self, purpose: Purpose, about: &str, form: &Form) -> bool {
        let token = form.get("form").unwrap_or_default();
        self.browser.made(&self.call.app, purpose, about, token)
    }

    /// The form was not made for this browser, or long ago: nothing is done.
    pub(super) fn forged(&self) -> Response {
        tracing::warn!(request.id = %self.call.context.request, "a form came that was not made for this browser");
        stale_form(&self.browser)
    }

    /// Who signed in with this browser, if the session still holds.
    pub(super) fn signed_in(&self) -> Result<Option<SignedIn>, ControlError> {
        self.browser.signed_in(&self.call.app)
    }

    /// Remembers that a user signed in.
    pub(super) fn sign_in(&mut self, user: &Arc<User>) -> Result<SignedIn, ControlError> {
        self.browser.sign_in(&self.call.app, user)
    }

    /// Asks for name and password.
    pub(super) fn ask_who(
        &mut self,
        purpose: Purpose,
        question: &Question,
        user: &str,
        told: &Told,
    ) -> Response {
        let page = SignInPage {
            application: &question.application,
            action: &question.action,
            request: &question.request,
            form_token: &self.form_token(purpose, &question.about),
            user,
            message: told.message.as_deref(),
            needs_code: told.needs_code,
            elsewhere: &question.elsewhere,
        };
        let mut response = pages::page(told.status, &page, &self.browser, question.may_go_to.as_deref());
        add_retry_after(&mut response, told.retry_after_seconds);
        response
    }

    /// Asks whether an application may have permissions.
    pub(super) fn ask_for_consent(
        &mut self,
        purpose: Purpose,
        question: &Question,
        permissions: &[&str],
        signed_in: &SignedIn,
    ) -> Response {
        let permissions: Vec<&str> = permissions.iter().map(|name| pages::in_words(name)).collect();
        let page = ConsentPage {
            application: &question.application,
            user: signed_in.user.name.as_str(),
            permissions: &permissions,
            action: &question.action,
            request: &question.request,
            form_token: &self.form_token(purpose, &question.about),
        };
        pages::page(
            StatusCode::OK,
            &page,
            &self.browser,
            question.may_go_to.as_deref(),
        )
    }

    /// A refusal on its way to the application.
    pub(super) fn refuse_at(&self, reply_to: &ReplyTo, refusal: &Refusal) -> Response {
        self.call.context.note(refusal);
        let reply = reply_to.refusal(refusal.redirect_error(), &refusal.to_string());
        pages::answer(&reply, &self.browser)
    }

    /// Anything else than what was asked for.
    pub(super) fn fail(&self, failure: Failure) -> Response {
        match failure {
            Failure::Refused(refusal) => {
                self.call.context.note(&refusal);
                pages::refusal(&refusal, &self.call.context.trace, &self.browser)
            }
            Failure::Reply(reply_to, refusal) => self.refuse_at(&reply_to, &refusal),
            Failure::Control(error) => {
                tracing::error!(request.id = %self.call.context.request, "a sign-in could not go on: {error}");
                unavailable(&self.browser)
            }
            Failure::Unavailable => unavailable(&self.browser),
        }
    }
}
