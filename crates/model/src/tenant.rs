//! A tenant: a directory with a GUID and domain names. Nothing crosses a tenant.

use std::fmt;
use uuid::Uuid;

/// The GUID of a directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Uuid);

/// A name by which a tenant can be addressed: a domain, lower case, 1 to 253 letters, digits, dots and hyphens; never a
/// GUID and never a word of the router.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TenantName(String);

/// Words that stand for something else where a tenant could stand, so no tenant may be called so.
pub const RESERVED_WORDS: &[&str] = &[
    "$metadata",
    "$tenantdomain",
    "activities",
    "admin",
    "assets",
    "common",
    "consumers",
    "health",
    "healthz",
    "ingest",
    "livez",
    "me",
    "metrics",
    "myorganization",
    "oauth2",
    "odata",
    "organizations",
    "portal",
    "readyz",
    "reports",
    "sources",
    "v2.0",
];

/// The tenant that takes records which name none, when the store has not exactly one.
pub const DEFAULT_TENANT_NAME: &str = "default";

/// Why a text cannot name a tenant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TenantNameError {
    /// Empty, too long, or with other characters than a domain has.
    #[error(
        "`{0}` cannot name a tenant: use a domain name such as contoso.com (letters, digits, dots and hyphens)"
    )]
    NotADomain(String),
    /// One of [`RESERVED_WORDS`].
    #[error("`{0}` cannot name a tenant: the word means something else in an address of this service")]
    Reserved(String),
    /// A GUID is an id, not a name.
    #[error("`{0}` is a GUID; a tenant's name is a domain such as contoso.com, its GUID is given apart")]
    Guid(String),
}

impl TenantId {
    /// From a GUID.
    pub const fn new(guid: Uuid) -> TenantId {
        TenantId(guid)
    }

    /// From a GUID's usual text (with hyphens), in any case; anything else names no tenant.
    pub fn parse(text: &str) -> Option<TenantId> {
        if text.len() != 36 {
            return None;
        }
        Uuid::try_parse(text).ok().map(TenantId)
    }

    /// The GUID.
    pub const fn guid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl TenantName {
    /// Checks a name at the door; it is kept in lower case.
    pub fn parse(text: &str) -> Result<TenantName, TenantNameError> {
        let name = text.trim().to_ascii_lowercase();
        if RESERVED_WORDS.contains(&name.as_str()) {
            return Err(TenantNameError::Reserved(name));
        }
        if Uuid::try_parse(&name).is_ok() {
            return Err(TenantNameError::Guid(name));
        }
        let labels_are_sound = name.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        if name.len() > 253 || !labels_are_sound {
            return Err(TenantNameError::NotADomain(text.chars().take(80).collect()));
        }
        Ok(TenantName(name))
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Result<&str, &str>) {
        let got = TenantName::parse(input);
        match (got, expected) {
            (Ok(name), Ok(wanted)) => assert_eq!(name.as_str(), wanted),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, expected) => panic!("{input}: {got:?} is not {expected:?}"),
        }
    }

    #[test]
    fn a_domain_names_a_tenant_in_any_case() {
        check("Contoso.COM", Ok("contoso.com"));
        check("contoso.onmicrosoft.com", Ok("contoso.onmicrosoft.com"));
        check("default", Ok("default"));
    }

    #[test]
    fn words_of_the_router_and_guids_name_none() {
        check("common", Err("means something else"));
        check("Reports", Err("means something else"));
        check("a2aa49aa-2c0c-49d2-af87-f402c421df0b", Err("GUID"));
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            "a b",
            "../etc",
            "a/b",
            "con\nt",
            "-a",
            "a-",
            "a..b",
            &"x".repeat(64),
        ] {
            check(text, Err("domain name"));
        }
    }

    /// RFC 1035, section 2.3.4: 63 octets a label; 253 characters are what its 255 octets leave.
    #[test]
    fn a_name_is_as_long_as_a_domain_may_be() {
        let label = "x".repeat(63);
        check(&label, Ok(&label));
        let longest = format!("{label}.{label}.{label}.{}", "y".repeat(61));
        assert_eq!(longest.len(), 253);
        check(&longest, Ok(&longest));
        check(&format!("{longest}z"), Err("domain name"));
    }

    #[test]
    fn a_tenant_is_written_as_its_guid_and_its_name() {
        let guid = "a2aa49aa-2c0c-49d2-af87-f402c421df0b";
        let id = TenantId::parse(guid).unwrap();
        assert_eq!(format!("{id} {id:?}"), format!("{guid} {guid}"));
        assert_eq!(
            TenantName::parse("contoso.com").unwrap().to_string(),
            "contoso.com"
        );
    }

    #[test]
    fn only_a_whole_guid_is_an_id() {
        assert!(TenantId::parse("A2AA49AA-2c0c-49d2-af87-f402c421df0b").is_some());
        assert!(TenantId::parse("tenant-123").is_none());
        assert!(TenantId::parse("a2aa49aa2c0c49d2af87f402c421df0b").is_none());
    }
}
