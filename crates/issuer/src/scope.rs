//! What is asked for: the `resource` of v1, the `scope` of v2, and what of it an application may have.

use crate::audience::{Audience, Authority, Permission, REPORTS_RESOURCE_ID};
use crate::client::Client;
use crate::form;
use crate::protocol::Protocol;

/// The most scopes in one request.
const MAX_SCOPES: usize = 50;

/// The word that asks for everything that was granted before (v2).
pub(crate) const DEFAULT: &str = ".default";

/// Scopes that are not about a resource (OpenID Connect Core, 5.4 and 11).
const IDENTITY_SCOPES: &[&str] = &["openid", "profile", "email", "offline_access"];

/// What a client asks for, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The resource as the client spelled it: the audience of the token.
    pub resource: String,
    /// The face that it means.
    pub audience: Audience,
    /// The permissions that are named; empty means all that there are.
    permissions: Vec<Permission>,
    /// The identity scopes that are named, in the order of the standard.
    identity: Vec<&'static str>,
}

/// Why what is asked for cannot be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeFault {
    /// The resource is none of ours.
    UnknownResource(String),
    /// A scope is none of ours, or of a second resource.
    UnknownScope(String),
}

impl Wanted {
    /// Understands what a request asks for. `before` is the resource of an earlier grant, for requests that name none.
    pub fn read(
        protocol: Protocol,
        resource: Option<&str>,
        scope: Option<&str>,
        before: Option<&str>,
        authority: &Authority,
    ) -> Result<Wanted, ScopeFault> {
        match protocol {
            Protocol::V1 => {
                // `scope` is passed over (contract 4.1), but a client that asks for itself may say openid.
                let resource = resource.or(before).unwrap_or(REPORTS_RESOURCE_ID);
                let audience = authority
                    .audience(resource)
                    .ok_or_else(|| ScopeFault::UnknownResource(form::printable(resource)))?;
                Ok(Wanted {
                    resource: resource.to_owned(),
                    audience,
                    permissions: Vec::new(),
                    identity: IDENTITY_SCOPES.to_vec(),
                })
            }
            Protocol::V2 => Wanted::of_scopes(scope.unwrap_or_default(), resource.or(before), authority),
        }
    }

    fn of_scopes(scope: &str, before: Option<&str>, authority: &Authority) -> Result<Wanted, ScopeFault> {
        let unknown = |scope: &str| ScopeFault::UnknownScope(form::printable(scope));
        let mut identity = Vec::new();
        let mut permissions = Vec::new();
        let mut named: Option<(String, Audience)> = None;
        for (index, scope) in scope.split_ascii_whitespace().enumerate() {
            if index == MAX_SCOPES {
                return Err(unknown(scope));
            }
            if let Some(known) = IDENTITY_SCOPES.iter().find(|known| **known == scope) {
                if !identity.contains(known) {
                    identity.push(*known);
                }
                continue;
            }
            let (resource, name) = match scope.rsplit_once('/') {
                Some((resource, name)) => (Some(resource), name),
                None => (None, scope),
            };
            if let Some(resource) = resource {
                let audience = authority.audience(resource).ok_or_else(|| unknown(scope))?;
                match &named {
                    // One token is for one resource.
                    Some((_, before)) if *before != audience => return Err(unknown(scope)),
                    Some(_) => {}
                    None => named = Some((resource.to_owned(), audience)),
                }
            }
            if name == DEFAULT && resource.is_some() {
                continue;
            }
            let permission = Permission::by_name(name).ok_or_else(|| unknown(scope))?;
            if !permissions.contains(&permission) {
                permissions.push(permission);
            }
        }
        let (resource, audience) = if let Some(named) = named {
            named
        } else {
            let resource = before.unwrap_or(REPORTS_RESOURCE_ID);
            let audience = authority
                .audience(resource)
                .ok_or_else(|| ScopeFault::UnknownResource(form::printable(resource)))?;
            (resource.to_owned(), audience)
        };
        if let Some(other) = permissions
            .iter()
            .find(|permission| permission.audience() != audience)
        {
            return Err(unknown(other.name()));
        }
        Ok(Wanted {
            resource,
            audience,
            permissions,
            identity,
        })
    }

    /// The names of the delegated permissions that a user's token gets: those asked for that the application has. Empty
    /// means that it may not act for a user here.
    pub fn delegated(&self, client: &Client) -> Vec<&'static str> {
        let asked =
            |permission: &&Permission| self.permissions.is_empty() || self.permissions.contains(permission);
        Permission::ALL
            .iter()
            .filter(|permission| permission.audience() == self.audience)
            .filter(asked)
            .filter(|permission| client.delegated.contains(permission))
            .map(|permission| permission.name())
            .collect()
    }

    /// What is kept of a grant: identity scopes and permissions, in one text.
    pub fn granted(&self, client: &Client) -> String {
        let mut words: Vec<&str> = self.identity.clone();
        words.extend(self.delegated(client));
        words.join(" ")
    }
}

/// Whether a kept grant holds a word.
pub fn holds(granted: &str, word: &str) -> bool {
    granted.split(' ').any(|held| held == word)
}

/// The permissions of a kept grant that the application still has: what a renewed token gets.
pub fn still_delegated(granted: &str, client: &Client, audience: Audience) -> Vec<&'static str> {
    Permission::ALL
        .iter()
        .filter(|permission| permission.audience() == audience)
        .filter(|permission| client.delegated.contains(permission) && holds(granted, permission.name()))
        .map(|permission| permission.name())
        .collect()
}

/// How many permissions for this face the application may have of a user.
pub(crate) fn all_delegated(client: &Client, audience: Audience) -> usize {
    let of_the_face = |permission: &&Permission| permission.audience() == audience;
    client.delegated.iter().filter(of_the_face).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::client;
    use proptest::prelude::*;

    fn authority() -> Authority {
        Authority::new("https://reports.contoso.com", &[])
    }

    /// What a scope of v2 means: resource, then what is granted; or the fault.
    fn check(scope: &str, expected: &str) {
        let got = Wanted::read(Protocol::V2, None, Some(scope), None, &authority());
        let got = match got {
            Ok(wanted) => format!("{}: {}", wanted.resource, wanted.granted(&client())),
            Err(fault) => format!("{fault:?}"),
        };
        assert_eq!(got, expected, "{scope}");
    }

    #[test]
    fn a_scope_names_resource_and_permission() {
        check(
            "https://graph.windows.net/.default",
            "https://graph.windows.net: Directory.Read.All",
        );
        check(
            "openid profile offline_access https://graph.windows.net//.default",
            "https://graph.windows.net/: openid profile offline_access Directory.Read.All",
        );
        check(
            "https://reports.contoso.com/Directory.Read.All openid openid",
            "https://reports.contoso.com: openid Directory.Read.All",
        );
        check(
            "00000002-0000-0000-c000-000000000000/.default",
            "00000002-0000-0000-c000-000000000000: Directory.Read.All",
        );
        check(
            "directory.read.all",
            "00000002-0000-0000-c000-000000000000: Directory.Read.All",
        );
        check(
            "openid",
            "00000002-0000-0000-c000-000000000000: openid Directory.Read.All",
        );
        check("api://gatelog-ingest/.default", "api://gatelog-ingest: ");
    }

    #[test]
    fn what_is_not_ours_is_named() {
        check(
            "https://graph.microsoft.com/User.Read",
            r#"UnknownScope("https://graph.microsoft.com/User.Read")"#,
        );
        check("User.Read", r#"UnknownScope("User.Read")"#);
        check(".default", r#"UnknownScope(".default")"#);
        check("Ingest", r#"UnknownScope("Ingest")"#);
        check(
            "https://graph.windows.net/.default api://gatelog-ingest/.default",
            r#"UnknownScope("api://gatelog-ingest/.default")"#,
        );
        check(&"openid ".repeat(51), r#"UnknownScope("openid")"#);
    }

    fn check_v1(resource: Option<&str>, before: Option<&str>, expected: &str) {
        let got = Wanted::read(
            Protocol::V1,
            resource,
            Some("anything at all"),
            before,
            &authority(),
        );
        let got = got.map_or_else(|fault| format!("{fault:?}"), |wanted| wanted.resource);
        assert_eq!(got, expected);
    }

    #[test]
    fn v1_names_a_resource_and_passes_over_the_scope() {
        check_v1(
            Some("https://graph.windows.net"),
            None,
            "https://graph.windows.net",
        );
        check_v1(
            None,
            Some("https://graph.windows.net/"),
            "https://graph.windows.net/",
        );
        check_v1(None, None, "00000002-0000-0000-c000-000000000000");
        check_v1(
            Some("https://graph.microsoft.com"),
            Some("https://graph.windows.net"),
            r#"UnknownResource("https://graph.microsoft.com")"#,
        );
    }

    #[test]
    fn a_permission_that_was_taken_away_is_not_given_again() {
        let mut client = client();
        let granted = "openid Directory.Read.All";
        assert_eq!(
            still_delegated(granted, &client, Audience::Reports),
            ["Directory.Read.All"]
        );
        assert!(still_delegated("openid", &client, Audience::Reports).is_empty());
        assert!(still_delegated(granted, &client, Audience::Ingest).is_empty());
        client.delegated.clear();
        assert!(still_delegated(granted, &client, Audience::Reports).is_empty());
    }

    proptest! {
        #[test]
        fn no_scope_makes_the_reader_panic(scope in ".{0,120}") {
            let _ = Wanted::read(Protocol::V2, None, Some(&scope), None, &authority());
        }
    }
}
