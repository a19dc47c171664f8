//! The `WWW-Authenticate` header of a 401 (contract 3.3), in the one shape that ADAL's parser takes.

use crate::audience::{Authority, REPORTS_RESOURCE_ID};

/// Why a request without a good token is turned away, as far as its sender is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It has no token.
    Missing,
    /// Its token has ended; a new one will do.
    Expired,
    /// Its token is no good for another reason; the log says which.
    Invalid,
}

/// The header's value. `tenant` is the tenant's word in the address; what could not be one becomes `common`.
///
/// ADAL demands double quotes around each value, commas between them and none at the end (which the old
/// documentation's example fails), and `Bearer` alone.
pub fn bearer(authority: &Authority, tenant: &str, reason: Reason) -> String {
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    let names_a_tenant = !tenant.is_empty() && tenant.len() <= 253 && tenant.bytes().all(sound);
    let tenant = if names_a_tenant { tenant } else { "common" };
    let origin = authority.origin();
    let description = reason.description();
    format!(
        "Bearer authorization_uri=\"{origin}/{tenant}/oauth2/authorize\", error=\"invalid_token\", \
         error_description=\"{description}\", resource_id=\"{REPORTS_RESOURCE_ID}\""
    )
}

impl Reason {
    /// The sentence for the header and the body.
    pub const fn description(self) -> &'static str {
        match self {
            Reason::Missing => "The access token is missing.",
            Reason::Expired => "The access token has expired.",
            Reason::Invalid => "The access token is not valid.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn authority() -> Authority {
        Authority::new("https://reports.contoso.com", &[])
    }

    fn check(tenant: &str, reason: Reason, address: &str, description: &str) {
        let expected = format!(
            "Bearer authorization_uri=\"{address}\", error=\"invalid_token\", error_description=\"{description}\", \
             resource_id=\"00000002-0000-0000-c000-000000000000\""
        );
        assert_eq!(bearer(&authority(), tenant, reason), expected);
    }

    /// ADAL's expression in words: `Bearer`, space, then pairs `key="value"` with no quote inside and commas between;
    /// no comma, space or quote in a key.
    fn adal_takes(challenge: &str) -> bool {
        let Some(rest) = challenge.strip_prefix("Bearer ") else {
            return false;
        };
        let mut rest = rest;
        loop {
            let Some((key, after)) = rest.split_once("=\"") else {
                return false;
            };
            let Some((_, after)) = after.split_once('"') else {
                return false;
            };
            if key.is_empty() || key.contains([',', ' ', '"', '=']) {
                return false;
            }
            match after.strip_prefix(", ") {
                Some(next) => rest = next,
                None => return after.is_empty(),
            }
        }
    }

    #[test]
    fn the_challenge_says_where_to_get_a_token_and_why() {
        let contoso = "https://reports.contoso.com/contoso.com/oauth2/authorize";
        check(
            "contoso.com",
            Reason::Missing,
            contoso,
            "The access token is missing.",
        );
        check(
            "contoso.com",
            Reason::Expired,
            contoso,
            "The access token has expired.",
        );
        check(
            "contoso.com",
            Reason::Invalid,
            contoso,
            "The access token is not valid.",
        );
    }

    #[test]
    fn what_cannot_be_a_tenant_is_not_echoed() {
        let common = "https://reports.contoso.com/common/oauth2/authorize";
        for tenant in [
            "",
            "$tenantdomain",
            "a\"b",
            "a b",
            "a\r\nb",
            "é",
            &"a".repeat(254),
        ] {
            check(tenant, Reason::Missing, common, "The access token is missing.");
        }
        let longest = "a".repeat(253);
        check(
            &longest,
            Reason::Missing,
            &format!("https://reports.contoso.com/{longest}/oauth2/authorize"),
            "The access token is missing.",
        );
    }

    #[test]
    fn the_reader_of_the_test_refuses_what_adal_refuses() {
        assert!(!adal_takes("Bearer a=\"b\", c=\"d\","));
        assert!(!adal_takes("Bearer a=b"));
        assert!(!adal_takes("Bearer a=\"b\", Basic realm=\"x\""));
        assert!(adal_takes("Bearer a=\"b\", c=\"d e\""));
    }

    proptest! {
        #[test]
        fn adal_takes_every_challenge(tenant in ".{0,40}") {
            prop_assert!(adal_takes(&bearer(&authority(), &tenant, Reason::Invalid)));
        }
    }
}
