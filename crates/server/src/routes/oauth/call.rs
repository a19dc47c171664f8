//! What a request brings to any of these addresses, and what a client brings to those that take a form by POST.

use super::notices::blocking;
use super::{Context, Failure, JSON, addressed, answer, registered};
use crate::app::App;
use crate::layers::{RequestId, whole_body};
use axum::extract::{FromRequest, FromRequestParts, MatchedPath, RawPathParams, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use issuer::client::Client;
use issuer::form::Form;
use issuer::grant::AddressedTenant;
use issuer::protocol::Protocol;
use issuer::refusal::Refusal;
use issuer::token_request::{BASIC_CHALLENGE, Presented};
use issuer::user_grant::assertion_audiences;
use std::sync::Arc;

/// A request as it came to one of these addresses. A handler takes it as an argument.
pub(super) struct Call {
    pub(super) app: Arc<App>,
    /// The tenant as the address spells it.
    pub(super) tenant_word: String,
    /// Which version of the protocol the address belongs to.
    pub(super) protocol: Protocol,
    pub(super) context: Context,
}

impl FromRequestParts<Arc<App>> for Call {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Call, Response> {
        let request = RequestId::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let params = RawPathParams::from_request_parts(parts, app)
            .await
            .map_err(IntoResponse::into_response)?;
        let tenant_word = params.iter().find(|(name, _)| *name == "tenant");
        let matched = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
        Ok(Call {
            app: Arc::clone(app),
            tenant_word: tenant_word.map(|(_, word)| word.to_owned()).unwrap_or_default(),
            protocol: matched.map_or(Protocol::V1, version_of),
            context: Context::of(app, &parts.headers, request),
        })
    }
}

/// The version that a route belongs to: v2 has a part of its path that says so.
fn version_of(route: &str) -> Protocol {
    if route.split('/').any(|part| part == "v2.0") {
        Protocol::V2
    } else {
        Protocol::V1
    }
}

/// A client's request with its whole form. A handler takes it as its last argument.
pub(super) struct ClientCall {
    pub(super) call: Call,
    pub(super) body: Bytes,
    headers: HeaderMap,
}

/// What a form says of the client that sends it, before anything is proved.
pub(super) struct Identified {
    pub(super) form: Form,
    pub(super) presented: Presented,
    pub(super) tenant: AddressedTenant,
    pub(super) client: Client,
}

impl FromRequest<Arc<App>> for ClientCall {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<ClientCall, Response> {
        let (mut parts, body) = request.into_parts();
        let call = Call::from_request_parts(&mut parts, app).await?;
        match whole_body(body).await {
            Ok(body) => Ok(ClientCall {
                call,
                body,
                headers: parts.headers,
            }),
            Err(fault) => Err(answer(
                fault.status(),
                fault.to_string(),
                "text/plain;charset=utf-8",
            )),
        }
    }
}

impl ClientCall {
    /// What of an Authorization header can be read.
    pub(super) fn authorization(&self) -> Option<&str> {
        self.headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
    }

    /// Who asks, by what it says of itself.
    pub(super) fn identified(&self) -> Result<Identified, Failure> {
        let form = Form::parse(&self.body).map_err(Refusal::NotAForm)?;
        let presented = Presented::read(&form, self.authorization())?;
        let tenant = addressed(&self.call.app, &self.call.tenant_word)?;
        let found = registered(&self.call.app, presented.client_id())?;
        let client = tenant.client(&presented.client, found.as_ref())?.clone();
        Ok(Identified {
            form,
            presented,
            tenant,
            client,
        })
    }

    /// The addresses by which the endpoint that was asked is known.
    pub(super) fn audiences(&self, client: Option<&Client>) -> Vec<String> {
        let mut words = vec![self.call.tenant_word.clone()];
        words.extend(client.map(|client| client.tenant.to_string()));
        let tenant = client.map(|client| client.tenant);
        assertion_audiences(&self.call.app.authority, &words, tenant)
    }

    /// Decides apart from the event loop, for it waits for the disk, and answers.
    pub(super) async fn answer_with(
        self,
        decide: impl FnOnce(&ClientCall) -> Result<String, Failure> + Send + 'static,
    ) -> Response {
        blocking(move || self.answer(decide(&self))).await
    }

    /// The answer to a client. One that failed with a Basic header is told that this is how it asked (RFC 6749, 5.2).
    pub(super) fn answer(&self, decided: Result<String, Failure>) -> Response {
        let failure = match decided {
            Ok(body) => return answer(StatusCode::OK, body, JSON),
            Err(failure) => failure,
        };
        let mut response = self.call.context.failure(&failure);
        let asked_by_basic = self.headers.contains_key(header::AUTHORIZATION);
        if response.status() == StatusCode::UNAUTHORIZED && asked_by_basic {
            let challenge = HeaderValue::from_static(BASIC_CHALLENGE);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The message and code of the old service for a wrong method on such an address.
pub(super) async fn only_post() -> Response {
    let body = r#"{"error":"invalid_request","error_description":"AADSTS900561: The endpoint only accepts POST requests."}"#;
    let mut response = answer(StatusCode::METHOD_NOT_ALLOWED, body.to_owned(), JSON);
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static("POST"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_belongs_to_v2_if_a_part_of_it_says_so() {
        assert_eq!(version_of("/{tenant}/oauth2/token"), Protocol::V1);
        assert_eq!(version_of("/{tenant}/oauth2/v2.0/token"), Protocol::V2);
        assert_eq!(version_of("/.well-known/x/{tenant}/v2.0"), Protocol::V2);
        assert_eq!(version_of("/{tenant}/v2.01/x"), Protocol::V1);
    }
}
