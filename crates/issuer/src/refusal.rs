//! Why a request gets no token, in the words and codes of the old service (contract 4.3).

use crate::assertion::AssertionFault;
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
    /// The application said who it is by a JSON web token that is no good.
    #[error(
        "AADSTS70002: Error validating credentials. AADSTS50012: The client assertion is not accepted: {0}."
    )]
    BadAssertion(#[source] AssertionFault),
    /// A public application cannot prove anything: what it presents is known to everybody.
    #[error(
        "AADSTS700025: Client is public so neither 'client_assertion' nor 'client_secret' should be presented."
    )]
    PublicClientWithSecret,
    /// A confidential application must say who it is.
    #[error(
        "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    )]
    ClientMustProve,
    /// The reply address is none of the application's.
    #[error(
        "AADSTS50011: The reply address '{address}' does not match the reply addresses configured for the application: {client}"
    )]
    ReplyAddress {
        /// The address as it came.
        address: String,
        /// The client id.
        client: Uuid,
    },
    /// Only codes are given.
    #[error("AADSTS70005: The response type '{0}' is not supported. Use 'code'.")]
    ResponseType(String),
    /// A parameter has a value that we do not take.
    #[error("AADSTS90013: Invalid input received from the user: {name} {why}.")]
    BadParameter {
        /// Its name.
        name: &'static str,
        /// What is wrong and what would be right.
        why: &'static str,
    },
    /// A public client must protect its code (RFC 7636, RFC 9700).
    #[error("AADSTS9002325: Proof Key for Code Exchange is required: send a code_challenge.")]
    ChallengeRequired,
    /// A scope is none of ours.
    #[error(
        "AADSTS70011: The provided value for the input parameter 'scope' is not valid. The scope {0} is not valid. Ask for https://graph.windows.net/.default, openid, profile or offline_access."
    )]
    UnknownScope(String),
    /// Nobody is signed in, and the request does not let us ask.
    #[error("AADSTS50058: A silent sign-in request was sent but no user is signed in.")]
    SignInNeeded,
    /// The application may not act for the user: it lacks the permission, or the user was not asked.
    #[error(
        "AADSTS65001: The user or administrator has not consented to use the application with ID '{client}'. An administrator gives it the delegated permission Directory.Read.All."
    )]
    NoConsent {
        /// The client id.
        client: Uuid,
    },
    /// The user said no.
    #[error("the user canceled the authentication")]
    Canceled,
    /// Only an administrator can agree for everybody.
    #[error("AADSTS90093: This operation can only be performed by an administrator.")]
    AdministratorNeeded,
    /// The code is none of ours for this client.
    #[error(
        "AADSTS70002: Error validating credentials. AADSTS70000: The provided authorization code is not valid."
    )]
    UnknownCode,
    /// The code was redeemed before.
    #[error(
        "AADSTS54005: OAuth2 Authorization code was already redeemed, please retry with a new valid code. What it gave was revoked."
    )]
    UsedCode,
    /// The code, or the refresh token, has ended.
    #[error(
        "AADSTS70002: Error validating credentials. AADSTS70008: The provided authorization code or refresh token is expired. Send a new interactive authorization request for this user and resource."
    )]
    ExpiredGrant,
    /// The code was sent to another address.
    #[error(
        "AADSTS70002: Error validating credentials. AADSTS50011: The reply address does not match the reply address provided when requesting the authorization code."
    )]
    OtherReplyAddress,
    /// The verifier is missing, too much, or wrong.
    #[error(
        "AADSTS501481: The Code_Verifier does not match the code_challenge supplied in the authorization request."
    )]
    WrongVerifier,
    /// The refresh token is none of ours for this client, or was revoked.
    #[error(
        "AADSTS70002: Error validating credentials. AADSTS70000: The provided refresh token is not valid."
    )]
    UnknownRefreshToken,
    /// The refresh token was used before.
    #[error(
        "AADSTS70002: Error validating credentials. AADSTS70000: The provided refresh token was used before. It and all that came of it were revoked: sign in again."
    )]
    UsedRefreshToken,
    /// The user is switched off, or gone.
    #[error("AADSTS50057: The user account is disabled.")]
    UserDisabled,
    /// The name or the password is wrong; which one is not told.
    #[error("AADSTS50126: Error validating credentials due to invalid username or password.")]
    WrongPassword,
    /// Too many failures; the account waits.
    #[error(
        "AADSTS50053: The account is locked, you've tried to sign in too many times with an incorrect user ID or password. Try again in {retry_after_seconds} seconds."
    )]
    Locked {
        /// After how many seconds it is worth trying again.
        retry_after_seconds: u64,
    },
    /// The user must also show a one-time code, which this grant has no place for.
    #[error("AADSTS50076: You must use multi-factor authentication to access the resource.")]
    SecondFactorNeeded,
    /// Nobody has decided yet.
    #[error("AADSTS70016: Pending end-user authorization.")]
    DevicePending,
    /// The device asks more often than it was told.
    #[error("AADSTS70016: Pending end-user authorization. Wait longer between two requests.")]
    DeviceTooFast,
    /// The user said no.
    #[error("AADSTS65004: The user declined to consent to access the app.")]
    DeviceDeclined,
    /// Nobody decided in time.
    #[error("AADSTS70019: Verification code expired. Have the user retry.")]
    DeviceExpired,
    /// The device code is none of ours for this client.
    #[error("AADSTS70018: Bad verification code.")]
    UnknownDeviceCode,
    /// The authorization endpoint is another service's.
    #[error("AADSTS50049: Unknown or invalid instance.")]
    UnknownInstance,
    /// Too much was asked at once.
    #[error("AADSTS90055: Too many requests. Try again in {retry_after_seconds} seconds.")]
    TooMany {
        /// After how many seconds it is worth trying again.
        retry_after_seconds: u64,
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

/// What programs read of a refusal.
struct Facts {
    status: u16,
    error: &'static str,
    codes: &'static [u32],
}

impl Refusal {
    /// The HTTP status: 401 when the client could not prove who it is, 429 when it asks too much, 500 when it is our
    /// fault, else 400.
    pub fn status(&self) -> u16 {
        self.facts().status
    }

    /// The `error` member (RFC 6749, 5.2; RFC 8628, 3.5; `invalid_resource` is the old service's own).
    pub fn error(&self) -> &'static str {
        self.facts().error
    }

    /// The `error_codes` member: the numbers of the AADSTS codes in the text.
    pub fn codes(&self) -> &'static [u32] {
        self.facts().codes
    }

    /// The `error` of an answer at the reply address, where OpenID Connect has words of its own (Core, 3.1.2.6).
    pub fn redirect_error(&self) -> &'static str {
        match self {
            Refusal::NoConsent { .. } => "consent_required",
            _ => self.error(),
        }
    }

    /// After how many seconds it is worth trying again, if waiting helps.
    pub fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Refusal::Locked { retry_after_seconds } | Refusal::TooMany { retry_after_seconds } => {
                Some(*retry_after_seconds)
            }
            _ => None,
        }
    }

    fn facts(&self) -> Facts {
        let facts = |status, error, codes| Facts { status, error, codes };
        match self {
            Refusal::NoSuchTenant { .. } => facts(400, "invalid_request", &[90002]),
            Refusal::NotAForm(_)
            | Refusal::BadAuthorizationHeader
            | Refusal::TwoCredentials
            | Refusal::BadParameter { .. } => facts(400, "invalid_request", &[90013]),
            Refusal::MissingParameter(_) => facts(400, "invalid_request", &[90014]),
            Refusal::UnsupportedGrant { .. } => facts(400, "unsupported_grant_type", &[70003]),
            Refusal::NoSuchClient { .. } | Refusal::ClientDisabled { .. } => {
                facts(400, "unauthorized_client", &[70001])
            }
            Refusal::WrongSecret | Refusal::ExpiredSecret | Refusal::BadAssertion(_) => {
                facts(401, "invalid_client", &[70002, 50012])
            }
            Refusal::PublicClientWithSecret => facts(401, "invalid_client", &[700_025]),
            Refusal::ClientMustProve => facts(401, "invalid_client", &[7_000_218]),
            Refusal::UnknownResource { .. } => facts(400, "invalid_resource", &[50001]),
            Refusal::UnknownScope(_) => facts(400, "invalid_scope", &[70011]),
            Refusal::ReplyAddress { .. } => facts(400, "invalid_request", &[50011]),
            Refusal::ResponseType(_) => facts(400, "unsupported_response_type", &[70005]),
            Refusal::ChallengeRequired => facts(400, "invalid_request", &[9_002_325]),
            Refusal::SignInNeeded => facts(400, "login_required", &[50058]),
            Refusal::NoConsent { .. } => facts(400, "invalid_grant", &[65001]),
            Refusal::Canceled | Refusal::DeviceDeclined => facts(400, "access_denied", &[65004]),
            Refusal::AdministratorNeeded => facts(400, "access_denied", &[90093]),
            Refusal::UnknownCode | Refusal::UnknownRefreshToken | Refusal::UsedRefreshToken => {
                facts(400, "invalid_grant", &[70002, 70000])
            }
            Refusal::UsedCode => facts(400, "invalid_grant", &[54005]),
            Refusal::ExpiredGrant => facts(400, "invalid_grant", &[70002, 70008]),
            Refusal::OtherReplyAddress => facts(400, "invalid_grant", &[70002, 50011]),
            Refusal::WrongVerifier => facts(400, "invalid_grant", &[501_481]),
            Refusal::UserDisabled => facts(400, "invalid_grant", &[50057]),
            Refusal::WrongPassword => facts(400, "invalid_grant", &[50126]),
            Refusal::Locked { .. } => facts(400, "invalid_grant", &[50053]),
            Refusal::SecondFactorNeeded => facts(400, "interaction_required", &[50076]),
            Refusal::DevicePending => facts(400, "authorization_pending", &[70016]),
            Refusal::DeviceTooFast => facts(400, "slow_down", &[70016]),
            Refusal::DeviceExpired => facts(400, "expired_token", &[70019]),
            Refusal::UnknownDeviceCode => facts(400, "invalid_grant", &[70018]),
            Refusal::UnknownInstance => facts(400, "invalid_instance", &[50049]),
            Refusal::TooMany { .. } => facts(429, "temporarily_unavailable", &[90055]),
            Refusal::Internal(_) => facts(500, "server_error", &[50000]),
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
