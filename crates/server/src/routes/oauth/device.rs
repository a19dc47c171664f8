//! `/{tenant}/oauth2/devicecode` for devices, `/{tenant}/oauth2/deviceauth` for their users (RFC 8628).

use super::browser::{Browser, Purpose, SignedIn};
use super::grants::DEVICE_INTERVAL_SECONDS;
use super::notices::{blocking, stale_form, told, unavailable};
use super::pages::{self, ConsentPage, DevicePage, NoticePage, SignInPage};
use super::token::{audiences, authorization, only_post, with_challenge};
use super::{Context, Failure, JSON, addressed, answer, registered};
use crate::app::App;
use crate::layers::{ClientAddress, Origin, RequestId, whole_body};
use crate::passwords::{self, Attempt, tries::address_key};
use crate::{chance, clients};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use issuer::client::{Client, ClientKind, ClientStatus};
use issuer::form::Form;
use issuer::grant::authenticate;
use issuer::opaque::{Opaque, typed_user_code, user_code};
use issuer::protocol::Protocol;
use issuer::refusal::Refusal;
use issuer::scope::Wanted;
use issuer::token_request::Presented;
use issuer::user_grant::check_user;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::sync::Arc;
use store::control::{Decision, DeviceCode, GrantHash, NewDeviceCode};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route("/{tenant}/oauth2/devicecode", post(begin_v1).fallback(only_post))
        .route(
            "/{tenant}/oauth2/v2.0/devicecode",
            post(begin_v2).fallback(only_post),
        )
        .route("/{tenant}/oauth2/deviceauth", get(ask_for_code).post(next))
}

/// How often a user code is made anew because another device shows it already.
const USER_CODE_TRIES: usize = 8;

async fn begin_v1(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    request: Request,
) -> Response {
    begin(state, path, Protocol::V1, request_id, request).await
}

async fn begin_v2(
    state: State<Arc<App>>,
    path: Path<String>,
    request_id: RequestId,
    request: Request,
) -> Response {
    begin(state, path, Protocol::V2, request_id, request).await
}

async fn begin(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    protocol: Protocol,
    request_id: RequestId,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let context = Context::of(&app, &parts.headers, request_id);
    let body = match whole_body(body).await {
        Ok(body) => body,
        Err(fault) => return answer(fault.status(), fault.to_string(), "text/plain;charset=utf-8"),
    };
    blocking(
        move || match begun(&app, &tenant_word, protocol, &parts.headers, &body, &context) {
            Ok(body) => answer(StatusCode::OK, body, JSON),
            Err(failure) => with_challenge(context.failure(&failure), &parts.headers),
        },
    )
    .await
}

/// A device gets two codes: one for itself, one for its user to type.
fn begun(
    app: &App,
    tenant_word: &str,
    protocol: Protocol,
    headers: &HeaderMap,
    body: &[u8],
    context: &Context,
) -> Result<String, Failure> {
    let form = Form::parse(body).map_err(Refusal::NotAForm)?;
    let presented = Presented::read(&form, authorization(headers))?;
    let tenant = addressed(app, tenant_word)?;
    let found = registered(app, presented.client_id())?;
    let client = tenant.client(&presented.client, found.as_ref())?;
    let now = context.trace.now;
    // The old libraries send no secret here, whatever the application is; the token endpoint asks for it.
    let proves = presented.secret.is_some() || presented.assertion.is_some();
    if proves || client.kind == ClientKind::Public {
        let audiences = audiences(app, tenant_word, Some(client));
        authenticate(&presented, client, &audiences, now)?;
    } else if client.status == ClientStatus::Disabled {
        return Err(Refusal::ClientDisabled {
            client: client.client_id,
        }
        .into());
    }
    let trimmed = |name| form.get(name).map(str::trim).filter(|value| !value.is_empty());
    let wanted = Wanted::read(
        protocol,
        trimmed("resource"),
        trimmed("scope"),
        None,
        &app.authority,
    )
    .map_err(|fault| issuer::grant::scope_refusal(fault, &tenant))?;
    if wanted.delegated(client).is_empty() {
        return Err(Refusal::NoConsent {
            client: client.client_id,
        }
        .into());
    }
    let lifetime = app.config().tokens.device_code.as_secs() as i64;
    let code = Opaque::from_random(&chance::bytes());
    for _ in 0..USER_CODE_TRIES {
        let kept = NewDeviceCode {
            user_code: user_code(&chance::bytes()),
            tenant: client.tenant,
            app: client.client_id,
            resource: wanted.resource.clone(),
            scope: wanted.granted(client),
            expires: now.plus_seconds(lifetime),
        };
        if app.control.put_device_code(GrantHash(code.hash), &kept, now)? {
            return Ok(device_answer(app, protocol, &kept.user_code, &code, lifetime));
        }
    }
    tracing::error!("no user code was free");
    Err(Failure::Unavailable)
}

fn device_answer(app: &App, protocol: Protocol, user_code: &str, code: &Opaque, lifetime: i64) -> String {
    let address = app.authority.endpoint("common", Protocol::V1, "deviceauth");
    let message = format!("To sign in, open the page {address} in a browser and enter the code {user_code}.");
    let code = code.text.expose_secret();
    let body = match protocol {
        Protocol::V1 => json!({
            "user_code": user_code, "device_code": code, "verification_url": address,
            "expires_in": lifetime.to_string(), "interval": DEVICE_INTERVAL_SECONDS.to_string(), "message": message,
        }),
        Protocol::V2 => json!({
            "user_code": user_code, "device_code": code, "verification_uri": address, "expires_in": lifetime,
            "interval": DEVICE_INTERVAL_SECONDS, "message": message,
        }),
    };
    body.to_string()
}

/// A page of a user whose device waits.
struct Visit {
    app: Arc<App>,
    tenant_word: String,
    context: Context,
    browser: Browser,
    address: ClientAddress,
}

async fn ask_for_code(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    request_id: RequestId,
    origin: Origin,
    address: ClientAddress,
    headers: HeaderMap,
) -> Response {
    let mut visit = Visit::new(app, tenant_word, request_id, &origin, address, &headers);
    visit.ask_for_code(StatusCode::OK, None)
}

/// A form of the user's: the code, then name and password, then the decision. Each carries what the ones before found.
async fn next(
    State(app): State<Arc<App>>,
    Path(tenant_word): Path<String>,
    request_id: RequestId,
    origin: Origin,
    address: ClientAddress,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let mut visit = Visit::new(app, tenant_word, request_id, &origin, address, &parts.headers);
    let Ok(Ok(form)) = whole_body(body).await.map(|body| Form::parse(&body)) else {
        return stale_form(&visit.browser);
    };
    let token = form.get("form").unwrap_or_default();
    let code = form.get("request").unwrap_or_default().to_owned();
    let about = visit.about(&code);
    if visit
        .browser
        .made(&visit.app, Purpose::DeviceCode, &visit.about(""), token)
    {
        let typed = form.get("usercode").unwrap_or_default().to_owned();
        return blocking(move || visit.found_code(&typed)).await;
    }
    if visit
        .browser
        .made(&visit.app, Purpose::DeviceSignIn, &about, token)
    {
        return visit.sign_in(&code, &form).await;
    }
    if visit
        .browser
        .made(&visit.app, Purpose::DeviceConsent, &about, token)
    {
        let decision = match form.get("answer") {
            Some("yes") => Decision::Approve,
            _ => Decision::Decline,
        };
        return blocking(move || visit.decide(&code, decision)).await;
    }
    tracing::warn!(request.id = %request_id, "a form came that was not made for this browser");
    stale_form(&visit.browser)
}

impl Visit {
    fn new(
        app: Arc<App>,
        tenant_word: String,
        request: RequestId,
        origin: &Origin,
        address: ClientAddress,
        headers: &HeaderMap,
    ) -> Visit {
        Visit {
            context: Context::of(&app, headers, request),
            browser: Browser::of(headers, origin),
            app,
            tenant_word,
            address,
        }
    }

    fn about(&self, code: &str) -> String {
        format!("device {} {code}", self.tenant_word)
    }

    fn action(&self) -> String {
        format!("/{}/oauth2/deviceauth", self.tenant_word)
    }

    fn ask_for_code(&mut self, status: StatusCode, message: Option<&str>) -> Response {
        let about = self.about("");
        let form_token = self.browser.form_token(&self.app, Purpose::DeviceCode, &about);
        let action = self.action();
        let page = DevicePage {
            action: &action,
            form_token: &form_token,
            message,
        };
        pages::page(status, &page, &self.browser, None)
    }

    /// The device and the application of a code; guesses cost more and more time.
    fn waiting(&self, typed: &str) -> Result<Result<(String, DeviceCode, Client), Wait>, Failure> {
        let (now, key) = (self.app.now(), self.address.0.map(address_key));
        let guesses = &self.app.device_guesses;
        if let Some(seconds) = key.as_ref().and_then(|key| guesses.wait(key, now)) {
            return Ok(Err(Wait { seconds }));
        }
        if let Some(code) = typed_user_code(typed)
            && let Some(device) = self.app.control.waiting_device(&code, now)?
            && let Some(client) = registered(&self.app, Some(device.app))?
            && client.status == ClientStatus::Enabled
            && addressed(&self.app, &self.tenant_word)?
                .client(&client.client_id.to_string(), Some(&client))
                .is_ok()
        {
            return Ok(Ok((code, device, client)));
        }
        tracing::info!(request.id = %self.context.request, "an unknown device code was typed");
        if let Some(key) = &key {
            guesses.fail(key, now);
        }
        Ok(Err(Wait { seconds: 0 }))
    }

    fn found_code(&mut self, typed: &str) -> Response {
        match self.waiting(typed) {
            Ok(Ok((code, _, client))) => match self.browser.signed_in(&self.app) {
                Ok(Some(signed_in))
                    if signed_in.user.tenant == client.tenant && signed_in.user.disabled.is_none() =>
                {
                    self.ask_for_consent(&code, &client, &signed_in)
                }
                Ok(_) => self.ask_who(&code, &client, StatusCode::OK, "", None, false),
                Err(error) => self.fail(error.into()),
            },
            Ok(Err(wait)) => self.wrong_code(wait),
            Err(failure) => self.fail(failure),
        }
    }

    fn wrong_code(&mut self, Wait { seconds }: Wait) -> Response {
        if seconds == 0 {
            return self.ask_for_code(
                StatusCode::OK,
                Some("No program waits under this code. Look again, or start anew there."),
            );
        }
        let message = format!("There were too many wrong codes. Wait {seconds} seconds and try again.");
        let mut response = self.ask_for_code(StatusCode::TOO_MANY_REQUESTS, Some(&message));
        super::add_retry_after(&mut response, Some(u64::from(seconds)));
        response
    }

    fn ask_who(
        &mut self,
        code: &str,
        client: &Client,
        status: StatusCode,
        user: &str,
        message: Option<&str>,
        needs_code: bool,
    ) -> Response {
        let about = self.about(code);
        let form_token = self.browser.form_token(&self.app, Purpose::DeviceSignIn, &about);
        let action = self.action();
        let page = SignInPage {
            application: &client.name,
            action: &action,
            request: code,
            form_token: &form_token,
            user,
            message,
            needs_code,
        };
        pages::page(status, &page, &self.browser, None)
    }

    async fn sign_in(mut self, code: &str, form: &Form) -> Response {
        let (code, client) = match self.waiting(code) {
            Ok(Ok((code, _, client))) => (code, client),
            Ok(Err(wait)) => return self.wrong_code(wait),
            Err(failure) => return self.fail(failure),
        };
        if form.get("answer") != Some("yes") {
            return self.ask_for_code(StatusCode::OK, None);
        }
        let name = form.get("user").unwrap_or_default().trim().to_owned();
        let password = SecretString::from(form.get("password").unwrap_or_default());
        let attempt = Attempt {
            tenant: client.tenant,
            name: &name,
            password: &password,
            code: form.get("one_time"),
            address: self.address,
            application: Some(client.client_id),
        };
        let user = match passwords::check(&self.app, &attempt).await {
            Ok(user) => user,
            Err(refused) => {
                let Some(told) = told(&refused, &self.context) else {
                    return unavailable(&self.browser);
                };
                let mut response = self.ask_who(
                    &code,
                    &client,
                    told.status,
                    &name,
                    Some(&told.message),
                    told.needs_code,
                );
                super::add_retry_after(&mut response, refused.retry_after_seconds().map(u64::from));
                return response;
            }
        };
        blocking(move || match self.browser.sign_in(&self.app, &user) {
            Ok(signed_in) => self.ask_for_consent(&code, &client, &signed_in),
            Err(error) => self.fail(error.into()),
        })
        .await
    }

    /// Always asked, also if the user agreed before: somebody else may have started the device.
    fn ask_for_consent(&mut self, code: &str, client: &Client, signed_in: &SignedIn) -> Response {
        let about = self.about(code);
        let form_token = self.browser.form_token(&self.app, Purpose::DeviceConsent, &about);
        let permissions: Vec<&str> = client
            .delegated
            .iter()
            .map(|permission| pages::in_words(permission.name()))
            .collect();
        let action = self.action();
        let page = ConsentPage {
            application: &client.name,
            user: signed_in.user.name.as_str(),
            permissions: &permissions,
            action: &action,
            request: code,
            form_token: &form_token,
        };
        pages::page(StatusCode::OK, &page, &self.browser, None)
    }

    fn decide(&mut self, code: &str, decision: Decision) -> Response {
        self.decided(code, decision)
            .unwrap_or_else(|failure| self.fail(failure))
    }

    fn decided(&mut self, code: &str, decision: Decision) -> Result<Response, Failure> {
        let (code, device, client) = match self.waiting(code)? {
            Ok(found) => found,
            Err(wait) => return Ok(self.wrong_code(wait)),
        };
        let Some(signed_in) = self.browser.signed_in(&self.app)? else {
            return Ok(self.ask_for_code(StatusCode::OK, Some("You were signed out.")));
        };
        let user = clients::user(&signed_in.user);
        check_user(Some(&user), &client)?;
        let now = self.app.now();
        if !self
            .app
            .control
            .decide_device(&code, user.object_id, decision, now)?
        {
            return Ok(self.wrong_code(Wait { seconds: 0 }));
        }
        let (heading, text) = match decision {
            Decision::Decline => ("Nothing was allowed", "You can close this page."),
            Decision::Approve => {
                let permissions: Vec<&str> = client
                    .delegated
                    .iter()
                    .map(|permission| permission.name())
                    .filter(|name| issuer::scope::holds(&device.scope, name))
                    .collect();
                self.app
                    .control
                    .add_consents(user.object_id, client.client_id, &permissions, now)?;
                tracing::info!(user = %user.name, app = %client.client_id, "somebody let a device in");
                ("You are signed in on your device", "You can close this page.")
            }
        };
        let notice = NoticePage {
            heading,
            text,
            details: None,
        };
        Ok(pages::page(StatusCode::OK, &notice, &self.browser, None))
    }

    fn fail(&self, failure: Failure) -> Response {
        match failure {
            Failure::Refused(refusal) | Failure::Reply(_, refusal) => {
                self.context.note(&refusal);
                pages::refusal(&refusal, &self.context.trace, &self.browser)
            }
            Failure::Control(error) => {
                tracing::error!(request.id = %self.context.request, "a device could not be let in: {error}");
                unavailable(&self.browser)
            }
            Failure::Unavailable => unavailable(&self.browser),
        }
    }
}

/// A code that nothing waits under; before so many seconds nobody from there may type another.
struct Wait {
    seconds: u32,
}
