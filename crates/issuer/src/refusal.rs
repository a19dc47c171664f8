//! Why a request gets no token, in the words and codes of the old service (contract 4.3).

use crate::form::FormError;
use crate::keys::KeyError;
use model::time::Timestamp;
use serde::Serialize;
use uuid::Uuid;

/// Why a request gets no token. Texts of the caller's inside are cut short and free of control characters.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The tenant in the address does not exist.
    #[error(
        "AADSTS90002: Tenant '{tenant}' not found. Check that the address names a tenant of this service by its domain name or its id."
    )]
    NoSuchTenant {
        /// The word in the address.
        tenant: String,
    },
    /// The body cannot be read as a form.
    #[error("AADSTS90013: Invalid input received from the user: {0}.")]
    NotAForm(#[source] FormError),
    /// The Authorization header is not `Basic` with an id and a secret.
    #[error(
        "AADSTS90013: Invalid input received from the user: the Authorization header is not 'Basic' followed by the base64 text of client id, colon and client secret."
    )]
    BadAuthorizationHeader,
    /// The header and the body name different clients or secrets (RFC 6749, 2.3: one method per request).
    #[error(
        "AADSTS90013: Invalid input received from the user: the Authorization header and the body name different clients or secrets."
    )]
    TwoCredentials,
    /// A parameter is missing.
    #[error("AADSTS90014: The request body must contain the following parameter: '{0}'.")]
    MissingParameter(&'static str),
    /// The grant is none that this service gives tokens for.
    #[error("AADSTS70003: The access grant '{grant}' is not supported.")]
    UnsupportedGrant {
        /// What was asked.
        grant: String,
    },
    /// The tenant has no such application.
    #[error("AADSTS70001: Application with identifier '{client}' was not found in the directory {directory}")]
    NoSuchClient {
        /// The client id as it came.
        client: String,
        /// The tenant addressed.
        directory: String,
    },
    /// The application is switched off. Said only to who knows its secret.
    #[error("AADSTS70001: Application with identifier '{client}' is disabled.")]
    ClientDisabled {
        /// The client id.
        client: Uuid,
    },
    /// The secret is none of the application's.
    #[error("AADSTS70002: Error validating credentials. AADSTS50012: Invalid client secret is provided.")]
    WrongSecret,
    /// The secret was one of the application's.
    #[error(
        "AADSTS70002: Error validating credentials. AADSTS50012: The provided client secret has expired."
    )]
    ExpiredSecret,
    /// The resource is none of this service's.
    #[error(
        "AADSTS50001: The application named {resource} was not found in the tenant named {directory}. Ask for https://graph.windows.net to read reports, for api://gatelog-ingest to send events."
    )]
    UnknownResource {
        /// The resource as it came.
        resource: String,
        /// The tenant.
        directory: String,
    },
    /// We could not make the token.
    #[error("AADSTS50000: There was an error issuing a token.")]
    Internal(#[source] KeyError),
}

/// What tells one refusal from another in answers and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trace {
    /// When.
    pub now: Timestamp,
    /// The request's id, ours.
    pub trace_id: Uuid,
    /// The request's id, the client's (`client-request-id`) if it sent one.
    pub correlation_id: Uuid,
}

impl Refusal {
    /// The HTTP status: 401 when the client could not prove who it is, 500 when it is our fault, else 400.
    pub const fn status(&self) -> u16 {
        match self {
            Refusal::WrongSecret | Refusal::ExpiredSecret => 401,
            Refusal::Internal(_) => 500,
            _ => 400,
        }
    }

    /// The `error` member (RFC 6749, 5.2; `invalid_resource` is the old service's own).
    pub const fn error(&self) -> &'static str {
        match self {
            Refusal::NoSuchTenant { .. }
            | Refusal::NotAForm(_)
            | Refusal::BadAuthorizationHeader
            | Refusal::TwoCredentials
            | Refusal::MissingParameter(_) => "invalid_request",
            Refusal::UnsupportedGrant { .. } => "unsupported_grant_type",
            Refusal::NoSuchClient { .. } | Refusal::ClientDisabled { .. } => "unauthorized_client",
            Refusal::WrongSecret | Refusal::ExpiredSecret => "invalid_client",
            Refusal::UnknownResource { .. } => "invalid_resource",
            Refusal::Internal(_) => "server_error",
        }
    }

    /// The `error_codes` member: the numbers of the AADSTS codes in the text.
    pub const fn codes(&self) -> &'static [u32] {
        match self {
            Refusal::NoSuchTenant { .. } => &[90002],
            Refusal::NotAForm(_) | Refusal::BadAuthorizationHeader | Refusal::TwoCredentials => &[90013],
            Refusal::MissingParameter(_) => &[90014],
            Refusal::UnsupportedGrant { .. } => &[70003],
            Refusal::NoSuchClient { .. } | Refusal::ClientDisabled { .. } => &[70001],
            Refusal::WrongSecret | Refusal::ExpiredSecret => &[70002, 50012],
            Refusal::UnknownResource { .. } => &[50001],
            Refusal::Internal(_) => &[50000],
        }
    }

    /// The JSON body.
    pub fn body(&self, trace: &Trace) -> String {
        let timestamp = aadsts_time(trace.now);
        let (trace_id, correlation_id) = (trace.trace_id, trace.correlation_id);
        let body = RefusalJson {
            error: self.error(),
            error_description: format!(
                "{self}\r\nTrace ID: {trace_id}\r\nCorrelation ID: {correlation_id}\r\nTimestamp: {timestamp}"
            ),
            error_codes: self.codes(),
            timestamp: &timestamp,
            trace_id: trace_id.to_string(),
            correlation_id: correlation_id.to_string(),
        };
        // Serializing texts and numbers cannot fail.
        serde_json::to_string(&body).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct RefusalJson<'a> {
    error: &'static str,
    error_description: String,
    error_codes: &'static [u32],
    timestamp: &'a str,
    trace_id: String,
    correlation_id: String,
}

/// `2016-04-11 18:00:12Z`: whole seconds, a space between date and time.
fn aadsts_time(time: Timestamp) -> String {
    Timestamp::from_unix_seconds(time.unix_seconds())
        .to_string()
        .replacen('T', " ", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace() -> Trace {
        Trace {
            now: Timestamp::parse_vendor("2016-04-11T18:00:12.9876543Z").unwrap(),
            trace_id: Uuid::from_u128(0xf2ef_7dd7_0000_4000_8000_0000_0000_0001),
            correlation_id: Uuid::from_u128(0x8a3b_1c2d_0000_4000_8000_0000_0000_0002),
        }
    }

    /// The whole body, so that order and separators are seen too.
    fn check(refusal: &Refusal, status: u16, error: &str, description: &str, codes: &str) {
        let expected = format!(
            "{{\"error\":\"{error}\",\"error_description\":\"{description}\
             \\r\\nTrace ID: f2ef7dd7-0000-4000-8000-000000000001\
             \\r\\nCorrelation ID: 8a3b1c2d-0000-4000-8000-000000000002\
             \\r\\nTimestamp: 2016-04-11 18:00:12Z\",\
             \"error_codes\":[{codes}],\"timestamp\":\"2016-04-11 18:00:12Z\",\
             \"trace_id\":\"f2ef7dd7-0000-4000-8000-000000000001\",\
             \"correlation_id\":\"8a3b1c2d-0000-4000-8000-000000000002\"}}"
        );
        assert_eq!(refusal.body(&trace()), expected);
        assert_eq!(refusal.status(), status);
    }

    #[test]
    fn a_client_that_does_not_prove_who_it_is_gets_401_and_two_codes() {
        let description =
            "AADSTS70002: Error validating credentials. AADSTS50012: Invalid client secret is provided.";
        check(
            &Refusal::WrongSecret,
            401,
            "invalid_client",
            description,
            "70002,50012",
        );
        let description =
            "AADSTS70002: Error validating credentials. AADSTS50012: The provided client secret has expired.";
        check(
            &Refusal::ExpiredSecret,
            401,
            "invalid_client",
            description,
            "70002,50012",
        );
    }

    #[test]
    fn what_is_asked_wrongly_gets_400() {
        let client = "c".to_owned();
        let directory = "contoso.com".to_owned();
        check(
            &Refusal::UnsupportedGrant {
                grant: "client_credentials1".to_owned(),
            },
            400,
            "unsupported_grant_type",
            "AADSTS70003: The access grant 'client_credentials1' is not supported.",
            "70003",
        );
        check(
            &Refusal::MissingParameter("grant_type"),
            400,
            "invalid_request",
            "AADSTS90014: The request body must contain the following parameter: 'grant_type'.",
            "90014",
        );
        check(
            &Refusal::NoSuchClient { client, directory },
            400,
            "unauthorized_client",
            "AADSTS70001: Application with identifier 'c' was not found in the directory contoso.com",
            "70001",
        );
        check(
            &Refusal::ClientDisabled { client: Uuid::nil() },
            400,
            "unauthorized_client",
            "AADSTS70001: Application with identifier '00000000-0000-0000-0000-000000000000' is disabled.",
            "70001",
        );
    }

    #[test]
    fn tenants_and_resources_that_are_not_ours_get_400() {
        check(
            &Refusal::NoSuchTenant {
                tenant: "nowhere.example".to_owned(),
            },
            400,
            "invalid_request",
            "AADSTS90002: Tenant 'nowhere.example' not found. Check that the address names a tenant of this service by its \
             domain name or its id.",
            "90002",
        );
        check(
            &Refusal::UnknownResource {
                resource: "https://graph.microsoft.com".to_owned(),
                directory: "contoso.com".to_owned(),
            },
            400,
            "invalid_resource",
            "AADSTS50001: The application named https://graph.microsoft.com was not found in the tenant named contoso.com. \
             Ask for https://graph.windows.net to read reports, for api://gatelog-ingest to send events.",
            "50001",
        );
    }

    #[test]
    fn a_body_that_is_no_form_gets_400() {
        check(
            &Refusal::NotAForm(FormError::Repeated {
                name: "resource".to_owned(),
            }),
            400,
            "invalid_request",
            "AADSTS90013: Invalid input received from the user: the parameter 'resource' is given twice with different \
             values.",
            "90013",
        );
    }

    #[test]
    fn our_own_failure_says_nothing_about_its_cause() {
        check(
            &Refusal::Internal(KeyError::Generate),
            500,
            "server_error",
            "AADSTS50000: There was an error issuing a token.",
            "50000",
        );
    }
}
