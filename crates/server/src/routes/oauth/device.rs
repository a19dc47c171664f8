//! `/{tenant}/oauth2/devicecode` for devices, `/{tenant}/oauth2/deviceauth` for their users (RFC 8628).

use super::browser::{Purpose, SignedIn};
use super::call::{ClientCall, Identified, only_post};
use super::grants::DEVICE_INTERVAL_SECONDS;
use super::notices::{Told, blocking, told, unavailable};
use super::pages::{self, DevicePage, NoticePage};
use super::visit::{Question, Visit};
use super::{Failure, add_retry_after, addressed, registered};
use crate::app::App;
use crate::clients;
use crate::layers::ClientAddress;
use crate::passwords::{self, Attempt, tries::address_key};
use crate::routes::listed::Routes;
use axum::body::Body;
use axum::response::Response;
use axum::routing::{get, post};
use edge::chance;
use http::StatusCode;
use issuer::client::{Client, ClientKind, ClientStatus};
use issuer::form::Form;
use issuer::grant::authenticate;
use issuer::opaque::{Opaque, typed_user_code, user_code};
use issuer::protocol::Protocol;
use issuer::refusal::Refusal;
use issuer::scope::Wanted;
use issuer::user_grant::check_user;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use store::control::{Decision, DeviceCode, GrantHash, NewDeviceCode};

pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/{tenant}/oauth2/devicecode", post(begin).fallback(only_post))
        .route(
            "/{tenant}/oauth2/v2.0/devicecode",
            post(begin).fallback(only_post),
        )
        .route("/{tenant}/oauth2/deviceauth", get(ask_for_code).post(next))
}

/// How often a user code is made anew because another device shows it already.
const USER_CODE_TRIES: usize = 8;

async fn begin(call: ClientCall) -> Response {
    call.answer_with(begun).await
}

/// A device gets two codes: one for itself, one for its user to type.
fn begun(asked: &ClientCall) -> Result<String, Failure> {
    let Identified {
        form,
        presented,
        tenant,
        client,
    } = asked.identified()?;
    let (app, client) = (&asked.call.app, &client);
    let (protocol, now) = (asked.call.protocol, asked.call.context.trace.now);
    // The old libraries send no secret here, whatever the application is; the token endpoint asks for it.
    let proves = presented.secret.is_some() || presented.assertion.is_some();
    if proves || client.kind == ClientKind::Public {
        authenticate(&presented, client, &asked.audiences(Some(client)), now)?;
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
struct DeviceVisit {
    visit: Visit,
    address: ClientAddress,
}

async fn ask_for_code(visit: Visit, address: ClientAddress) -> Response {
    DeviceVisit { visit, address }.ask_for_code(StatusCode::OK, None)
}

/// A form of the user's: the code, then name and password, then the decision. Each carries what the ones before found.
async fn next(visit: Visit, address: ClientAddress, body: Body) -> Response {
    let form = match visit.form(body).await {
        Ok(form) => form,
        Err(answer) => return *answer,
    };
    let mut visit = DeviceVisit { visit, address };
    let code = form.get("request").unwrap_or_default().to_owned();
    let made = |purpose, code: &str| visit.visit.made(purpose, &visit.about(code), &form);
    if made(Purpose::DeviceCode, "") {
        let typed = form.get("usercode").unwrap_or_default().to_owned();
        return blocking(move || visit.found_code(&typed)).await;
    }
    if made(Purpose::DeviceSignIn, &code) {
        return visit.sign_in(&code, &form).await;
    }
    if made(Purpose::DeviceConsent, &code) {
        let decision = match form.get("answer") {
            Some("yes") => Decision::Approve,
            _ => Decision::Decline,
        };
        return blocking(move || visit.decide(&code, decision)).await;
    }
    visit.visit.forged()
}

impl DeviceVisit {
    fn about(&self, code: &str) -> String {
        format!("device {} {code}", self.visit.call.tenant_word)
    }

    fn action(&self) -> String {
        format!("/{}/oauth2/deviceauth", self.visit.call.tenant_word)
    }

    fn ask_for_code(&mut self, status: StatusCode, message: Option<&str>) -> Response {
        let about = self.about("");
        let form_token = self.visit.form_token(Purpose::DeviceCode, &about);
        let action = self.action();
        let page = DevicePage {
            action: &action,
            form_token: &form_token,
            message,
        };
        pages::page(status, &page, &self.visit.browser, None)
    }

    /// The device and the application of a code; guesses cost more and more time.
    fn waiting(&self, typed: &str) -> Result<Result<(String, DeviceCode, Client), Wait>, Failure> {
        let (now, key) = (self.visit.call.app.now(), self.address.0.map(address_key));
        let guesses = &self.visit.call.app.device_guesses;
        if let Some(seconds) = key.as_ref().and_then(|key| guesses.wait(key, now)) {
            return Ok(Err(Wait { seconds }));
        }
        if let Some(code) = typed_user_code(typed)
            && let Some(device) = self.visit.call.app.control.waiting_device(&code, now)?
            && let Some(client) = registered(&self.visit.call.app, Some(device.app))?
            && client.status == ClientStatus::Enabled
            && addressed(&self.visit.call.app, &self.visit.call.tenant_word)?
                .client(&client.client_id.to_string(), Some(&client))
                .is_ok()
        {
            return Ok(Ok((code, device, client)));
        }
        tracing::info!(request.id = %self.visit.call.context.request, "an unknown device code was typed");
        if let Some(key) = &key {
            guesses.fail(key, now);
        }
        Ok(Err(Wait { seconds: 0 }))
    }

    fn found_code(&mut self, typed: &str) -> Response {
        match self.waiting(typed) {
            Ok(Ok((code, _, client))) => match self.visit.signed_in() {
                Ok(Some(signed_in))
                    if signed_in.user.tenant == client.tenant && signed_in.user.disabled.is_none() =>
                {
                    self.ask_for_consent(&code, &client, &signed_in)
                }
                Ok(_) => self.ask_who(&code, &client, "", &Told::default()),
                Err(error) => self.visit.fail(error.into()),
            },
            Ok(Err(wait)) => self.wrong_code(wait),
            Err(failure) => self.visit.fail(failure),
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
        add_retry_after(&mut response, Some(u64::from(seconds)));
        response
    }

    fn ask_who(&mut self, code: &str, client: &Client, user: &str, told: &Told) -> Response {
        let question = self.question(code, client);
        self.visit.ask_who(Purpose::DeviceSignIn, &question, user, told)
    }

    fn question(&self, code: &str, client: &Client) -> Question {
        Question {
            application: client.name.clone(),
            about: self.about(code),
            action: self.action(),
            request: code.to_owned(),
            may_go_to: None,
            elsewhere: Vec::new(),
        }
    }

    async fn sign_in(mut self, code: &str, form: &Form) -> Response {
        let (code, client) = match self.waiting(code) {
            Ok(Ok((code, _, client))) => (code, client),
            Ok(Err(wait)) => return self.wrong_code(wait),
            Err(failure) => return self.visit.fail(failure),
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
        let user = match passwords::check(&self.visit.call.app, &attempt).await {
            Ok(user) => user,
            Err(refused) => {
                return match told(&refused, &self.visit.call.context) {
                    Some(told) => self.ask_who(&code, &client, &name, &told),
                    None => unavailable(&self.visit.browser),
                };
            }
        };
        blocking(move || match self.visit.sign_in(&user) {
            Ok(signed_in) => self.ask_for_consent(&code, &client, &signed_in),
            Err(error) => self.visit.fail(error.into()),
        })
        .await
    }

    /// Always asked, also if the user agreed before: somebody else may have started the device.
    fn ask_for_consent(&mut self, code: &str, client: &Client, signed_in: &SignedIn) -> Response {
        let question = self.question(code, client);
        let permissions: Vec<&str> = client
            .delegated
            .iter()
            .map(|permission| permission.name())
            .collect();
        self.visit
            .ask_for_consent(Purpose::DeviceConsent, &question, &permissions, signed_in)
    }

    fn decide(&mut self, code: &str, decision: Decision) -> Response {
        self.decided(code, decision)
            .unwrap_or_else(|failure| self.visit.fail(failure))
    }

    fn decided(&mut self, code: &str, decision: Decision) -> Result<Response, Failure> {
        let (code, device, client) = match self.waiting(code)? {
            Ok(found) => found,
            Err(wait) => return Ok(self.wrong_code(wait)),
        };
        let Some(signed_in) = self.visit.signed_in()? else {
            return Ok(self.ask_for_code(StatusCode::OK, Some("You were signed out.")));
        };
        let user = clients::user(&signed_in.user);
        check_user(Some(&user), &client)?;
        let now = self.visit.call.app.now();
        if !self
            .visit
            .call
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
                self.visit.call.app.control.add_consents(
                    user.object_id,
                    client.client_id,
                    &permissions,
                    now,
                )?;
                tracing::info!(user = %user.name, app = %client.client_id, "somebody let a device in");
                ("You are signed in on your device", "You can close this page.")
            }
        };
        let notice = NoticePage {
            heading,
            text,
            details: None,
        };
        Ok(pages::page(StatusCode::OK, &notice, &self.visit.browser, None))
    }
}

/// A code that nothing waits under; before so many seconds nobody from there may type another.
struct Wait {
    seconds: u32,
}
