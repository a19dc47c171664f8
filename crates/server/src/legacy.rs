//! Errors of the legacy faces: `odata.error`, in the words and with the status that old clients know.

use crate::app::App;
use crate::auth::{self, Denied};
use crate::layers::{FaultReport, RequestId};
use axum::body::Body;
use axum::response::Response;
use edge::clock;
use http::{HeaderValue, StatusCode, header};
use issuer::outside::token::OutsideFault;
use issuer::verify::TokenFault;
use model::time::Timestamp;
use odata::error::{RequestError, error_body};
use serde_json::Value;
use store::error::StoreError;

/// `Content-Type` of errors (wire contract 3.1).
const CONTENT_TYPE: &str = "application/json;odata.metadata=minimal;charset=utf-8";

/// An error on its way out.
#[derive(Debug)]
pub struct LegacyError {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Vec<(&'static str, Value)>,
    headers: Vec<(header::HeaderName, String)>,
}

impl LegacyError {
    /// An error with a status, a code of the contract's 3.1 or 3.2, and a sentence.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> LegacyError {
        LegacyError {
            status,
            code,
            message: message.into(),
            details: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// The same error, knowing one thing more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> LegacyError {
        self.details.push((name, value.into()));
        self
    }

    /// The same error with a header.
    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: impl Into<String>) -> LegacyError {
        self.headers.push((name, value.into()));
        self
    }

    /// The address names nothing.
    pub fn not_found(message: impl Into<String>) -> LegacyError {
        LegacyError::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
    }

    /// The method is not one of reading (wire contract 2: the service only supports READ).
    pub fn read_only() -> LegacyError {
        let message = "The service is read-only: use GET or HEAD.";
        LegacyError::new(StatusCode::METHOD_NOT_ALLOWED, "Request_BadRequest", message)
            .header(header::ALLOW, "GET, HEAD")
    }

    /// A request that was not let in.
    pub fn denied(app: &App, tenant_word: &str, denied: &Denied) -> LegacyError {
        let unauthorized = |code, message| {
            LegacyError::new(StatusCode::UNAUTHORIZED, code, message).header(
                header::WWW_AUTHENTICATE,
                auth::challenge(app, tenant_word, denied),
            )
        };
        match denied {
            Denied::BadToken(TokenFault::Expired)
            | Denied::BadOutsideToken {
                fault: OutsideFault::Expired,
                ..
            } => unauthorized(
                "Authentication_ExpiredToken",
                "Your access token has expired. Please renew it before submitting the request.",
            ),
            Denied::NoToken | Denied::BadToken(_) | Denied::Revoked => unauthorized(
                "Authentication_MissingOrMalformed",
                "Access Token missing or malformed.",
            ),
            // The signature came first, so this tells nobody but the issuer's own clients.
            Denied::BadOutsideToken { issuer, fault } => unauthorized(
                "Authentication_MissingOrMalformed",
                "Access Token missing or malformed.",
            )
            .with("issuer", issuer.as_str())
            .with("reason", fault.to_string()),
            Denied::SilentIssuer {
                issuer,
                retry_after_seconds,
            } => LegacyError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "Request_ThrottledTemporarily",
                "The issuer of the access token cannot be asked for its keys at the moment. Please try again later.",
            )
            .with("issuer", issuer.as_str())
            .header(header::RETRY_AFTER, retry_after_seconds.to_string()),
            Denied::BadPassword => unauthorized(
                "Authentication_MissingOrMalformed",
                "The user name or the app password is wrong, or the app password has ended.",
            ),
            Denied::NoSuchApplication(app_id) => unauthorized(
                "Authorization_IdentityNotFound",
                "The identity of the calling application could not be established.",
            )
            .with("appId", app_id.to_string()),
            Denied::NoSuchUser(user) => unauthorized(
                "Authorization_IdentityDisabled",
                "The identity of the user could not be established, or is disabled.",
            )
            .with("userId", user.to_string()),
            // The sentence of the old service, alone (wire contract 3.2).
            Denied::NoRole { needed } => LegacyError::new(
                StatusCode::FORBIDDEN,
                "Authentication_RequestFromUnsupportedUserRole",
                "Api request is not from global admin or security admin or security reader role",
            )
            .with("requiredRoles", needed.clone()),
            Denied::OtherTenant => LegacyError::new(
                StatusCode::FORBIDDEN,
                "Authentication_Unauthorized",
                "The access token is for another tenant than the one addressed.",
            ),
            Denied::NoPermission { app_id, permission } => LegacyError::new(
                StatusCode::FORBIDDEN,
                "Authentication_ApplicationHasNoDirectoryReadAccess",
                "Unable to check Directory Read access for appId",
            )
            .with("appId", app_id.to_string())
            .with("requiredPermission", *permission),
            Denied::Control(error) => LegacyError::internal(error),
        }
    }

    /// Something of ours failed: logged with the request's id, told only as that.
    pub fn internal(error: &dyn std::error::Error) -> LegacyError {
        tracing::error!("a request could not be answered: {error}");
        LegacyError::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Service_InternalServerError",
            "The service could not answer; the log has the reason under this request's id.",
        )
    }

    /// The store failed.
    pub fn store(error: &StoreError) -> LegacyError {
        if !error.is_passing() {
            return LegacyError::internal(error);
        }
        tracing::warn!("a request was put off: {error}");
        let message = "Your request is throttled temporarily. Please try after 5 seconds.";
        LegacyError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Request_ThrottledTemporarily",
            message,
        )
        .header(header::RETRY_AFTER, "5")
    }

    /// The answer.
    pub fn response(self, request: RequestId) -> Response {
        let body = error_body(
            self.code,
            &self.message,
            &request.to_string(),
            &date(clock::now()),
            &self.details,
        );
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        headers.insert("odata-version", HeaderValue::from_static("4.0"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl From<RequestError> for LegacyError {
    fn from(error: RequestError) -> LegacyError {
        let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
        LegacyError {
            status,
            code: error.code,
            message: error.message,
            details: error.details,
            headers: Vec::new(),
        }
    }
}

impl From<StoreError> for LegacyError {
    fn from(error: StoreError) -> LegacyError {
        LegacyError::store(&error)
    }
}

/// Faults of the shell around the legacy routes.
pub fn render_fault(report: &FaultReport<'_>) -> Response {
    let status = report.fault.status();
    let code = match status {
        StatusCode::SERVICE_UNAVAILABLE => "Request_ThrottledTemporarily",
        StatusCode::INTERNAL_SERVER_ERROR => "Service_InternalServerError",
        _ => "Request_BadRequest",
    };
    let mut error = LegacyError::new(status, code, report.fault.to_string());
    if let Some(seconds) = report.fault.retry_after_seconds() {
        error = error.header(header::RETRY_AFTER, seconds.to_string());
    }
    error.response(report.request)
}

/// `2017-05-24T00:00:00`: whole seconds, no zone, as the old service's errors had it.
fn date(now: Timestamp) -> String {
    Timestamp::from_unix_seconds(now.unix_seconds())
        .to_string()
        .trim_end_matches('Z')
        .to_owned()
}
