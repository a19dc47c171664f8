//! Which of the two spellings of OAuth2 a request speaks.

/// The spelling, told by the address: `/oauth2/…` or `/oauth2/v2.0/…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `resource` says what a token is for; numbers of the answer are texts (contract 4.2).
    V1,
    /// `scope` says what a token is for; numbers are numbers (RFC 6749).
    V2,
}

impl Protocol {
    /// The path of an endpoint below the tenant: `oauth2/token`, `oauth2/v2.0/token`.
    pub fn path(self, endpoint: &str) -> String {
        match self {
            Protocol::V1 => format!("oauth2/{endpoint}"),
            Protocol::V2 => format!("oauth2/v2.0/{endpoint}"),
        }
    }
}
