//! The name with which a person signs in to the service itself.

use crate::tenant::TenantName;
use std::fmt;

/// A user principal name such as `alice@contoso.com`, in lower case. Entra allows ASCII letters, digits and
/// `' . - _ ! # ^ ~` before the `@`, at most 64 characters, and a domain behind it; we allow `+` as well, because
/// addresses of mail have it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UserName {
    text: String,
    at: usize,
}

/// The text cannot be the name of a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot be the name of a user: use a form such as alice@contoso.com \
     (letters, digits and '.-_!#^~+, then @ and a domain)"
)]
pub struct UserNameError(String);

/// The most characters before the `@`.
const LOCAL_PART_CHARACTERS: usize = 64;

impl UserName {
    /// Checks a name at the door; it is kept in lower case.
    pub fn parse(text: &str) -> Result<UserName, UserNameError> {
        let name = text.trim().to_ascii_lowercase();
        let refused = || UserNameError(text.chars().take(80).filter(|c| !c.is_control()).collect());
        let (local, domain) = name.split_once('@').ok_or_else(refused)?;
        let at = local.len();
        let is_sound = (1..=LOCAL_PART_CHARACTERS).contains(&at)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && local
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"'.-_!#^~+".contains(&byte));
        if !is_sound || TenantName::parse(domain).is_err() {
            return Err(refused());
        }
        Ok(UserName { text: name, at })
    }

    /// The name in lower case.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands behind the `@`.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(input: &str, expected: Option<(&str, &str)>) {
        let name = UserName::parse(input).ok();
        let parts = name.as_ref().map(|name| (name.local_part(), name.domain()));
        assert_eq!(parts, expected, "{input}");
    }

    #[test]
    fn a_name_has_a_local_part_and_a_domain_in_lower_case() {
        check("Alice@Contoso.COM", Some(("alice", "contoso.com")));
        check(
            " a.b-c_d'e@contoso.example ",
            Some(("a.b-c_d'e", "contoso.example")),
        );
        check("bob+reports@contoso.com", Some(("bob+reports", "contoso.com")));
        check(
            "guest_fabrikam.com#ext#@contoso.com",
            Some(("guest_fabrikam.com#ext#", "contoso.com")),
        );
        check(
            &format!("{}@contoso.com", "x".repeat(64)),
            Some((&"x".repeat(64), "contoso.com")),
        );
    }

    #[test]
    fn anything_else_names_nobody() {
        for text in [
            "",
            "alice",
            "@contoso.com",
            "alice@",
            "alice@b@contoso.com",
            "al ice@contoso.com",
            "alice@con toso.com",
            "alice\r\n@contoso.com",
            "älice@contoso.com",
            ".alice@contoso.com",
            "alice.@contoso.com",
            "alice@common",
            "<b>@contoso.com",
            &format!("{}@contoso.com", "x".repeat(65)),
        ] {
            check(text, None);
        }
    }

    #[test]
    fn a_refusal_prints_no_control_characters() {
        let error = UserName::parse("a\x1b[31m\r\n@x").unwrap_err().to_string();
        assert!(!error.contains(char::is_control), "{error:?}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_a_name_reads_itself(text in ".{0,100}") {
            if let Ok(name) = UserName::parse(&text) {
                prop_assert_eq!(UserName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}
