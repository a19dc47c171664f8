//! What a token is good for: the audiences, the permissions that an application can hold on each, and who we are.

use crate::protocol::Protocol;
use model::tenant::TenantId;

/// The application id of Azure AD Graph: what a request without `resource` gets (contract 0.2).
pub const REPORTS_RESOURCE_ID: &str = "00000002-0000-0000-c000-000000000000";

/// The address of Azure AD Graph, which scripts send as `resource`, with or without a slash at the end.
pub const REPORTS_RESOURCE: &str = "https://graph.windows.net";

/// The audience of the ingest face.
pub const INGEST_RESOURCE: &str = "api://gatelog-ingest";

/// A face of the service that takes tokens. Reading and sending are apart: no token is good for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Reading reports.
    Reports,
    /// Sending events.
    Ingest,
}

/// What an application may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// Read the reports of the tenant.
    DirectoryReadAll,
    /// Do for a user whatever the user may do, administering included.
    AccessAsUser,
    /// Send events to the tenant.
    Ingest,
}

/// Who we are to clients: the public address, and the addresses that are accepted as the reports audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    origin: String,
    reports_origins: Vec<String>,
}

impl Permission {
    /// Every permission there is.
    pub const ALL: &[Permission] = &[
        Permission::DirectoryReadAll,
        Permission::AccessAsUser,
        Permission::Ingest,
    ];

    /// Those that an application can have for itself.
    pub const APPLICATION: &[Permission] = &[Permission::DirectoryReadAll, Permission::Ingest];

    /// Those that an application can have for a user who signed in.
    pub const DELEGATED: &[Permission] = &[Permission::DirectoryReadAll, Permission::AccessAsUser];

    /// Its name in the `roles` claim and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Permission::DirectoryReadAll => "Directory.Read.All",
            // Azure AD Graph's name for it.
            Permission::AccessAsUser => "Directory.AccessAsUser.All",
            Permission::Ingest => "Ingest",
        }
    }

    /// From its name, in any case.
    pub fn by_name(name: &str) -> Option<Permission> {
        Permission::ALL
            .iter()
            .copied()
            .find(|permission| permission.name().eq_ignore_ascii_case(name.trim()))
    }

    /// The face on which it counts.
    pub const fn audience(self) -> Audience {
        match self {
            Permission::DirectoryReadAll | Permission::AccessAsUser => Audience::Reports,
            Permission::Ingest => Audience::Ingest,
        }
    }
}

impl Authority {
    /// `origin` is the configured public address (`https://reports.contoso.com`), never what a Host header says;
    /// `other_origins` are further addresses by which clients know the service.
    pub fn new(origin: &str, other_origins: &[String]) -> Authority {
        let origin = origin.trim().trim_end_matches('/').to_owned();
        let mut reports_origins = vec![normal(&origin)];
        reports_origins.extend(other_origins.iter().map(|other| normal(other)));
        Authority {
            origin,
            reports_origins,
        }
    }

    /// The public address, without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The `iss` of tokens for a tenant: `<origin>/<tid>/`, in v2 `<origin>/<tid>/v2.0`.
    pub fn issuer(&self, tenant: TenantId, protocol: Protocol) -> String {
        match protocol {
            Protocol::V1 => format!("{}/{tenant}/", self.origin),
            Protocol::V2 => format!("{}/{tenant}/v2.0", self.origin),
        }
    }

    /// The address of an endpoint of a tenant: `endpoint` is `token`, `tenant` its word in the address.
    pub fn endpoint(&self, tenant: &str, protocol: Protocol, endpoint: &str) -> String {
        format!("{}/{tenant}/{}", self.origin, protocol.path(endpoint))
    }

    /// The audience that a `resource` or an `aud` names; in any case, with or without a slash at the end.
    pub fn audience(&self, resource: &str) -> Option<Audience> {
        let resource = normal(resource);
        match resource.as_str() {
            REPORTS_RESOURCE | REPORTS_RESOURCE_ID => Some(Audience::Reports),
            INGEST_RESOURCE => Some(Audience::Ingest),
            _ => self
                .reports_origins
                .contains(&resource)
                .then_some(Audience::Reports),
        }
    }
}

fn normal(resource: &str) -> String {
    let resource = resource.trim();
    resource
        .strip_suffix('/')
        .unwrap_or(resource)
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resource: &str, expected: Option<Audience>) {
        let authority = Authority::new(
            "https://reports.contoso.com/",
            &["https://10.0.0.5:8443".to_owned()],
        );
        assert_eq!(authority.audience(resource), expected, "{resource}");
    }

    #[test]
    fn the_reports_have_the_names_of_the_old_api() {
        check("https://graph.windows.net", Some(Audience::Reports));
        check("https://graph.windows.net/", Some(Audience::Reports));
        check("HTTPS://Graph.Windows.NET/", Some(Audience::Reports));
        check("00000002-0000-0000-c000-000000000000", Some(Audience::Reports));
        check("00000002-0000-0000-C000-000000000000", Some(Audience::Reports));
    }

    #[test]
    fn a_script_whose_host_name_was_replaced_asks_for_our_own_address() {
        check("https://reports.contoso.com", Some(Audience::Reports));
        check("https://reports.contoso.com/", Some(Audience::Reports));
        check("https://10.0.0.5:8443", Some(Audience::Reports));
    }

    #[test]
    fn sending_events_is_an_audience_of_its_own() {
        check("api://gatelog-ingest", Some(Audience::Ingest));
        check("api://gatelog-ingest/", Some(Audience::Ingest));
    }

    #[test]
    fn nothing_else_is_an_audience() {
        for resource in [
            "",
            "/",
            "https://graph.microsoft.com",
            "https://graph.windows.net.evil.example",
            "https://graph.windows.net//",
            "http://graph.windows.net",
            "https://graph.windows.net/contoso.com",
            "http://reports.contoso.com",
            "https://reports.contoso.com:8443",
            "api://gatelog-ingest2",
        ] {
            check(resource, None);
        }
    }

    #[test]
    fn a_permission_has_one_name_and_one_audience() {
        for permission in Permission::ALL {
            assert_eq!(Permission::by_name(permission.name()), Some(*permission));
        }
        assert_eq!(
            Permission::by_name("directory.read.all"),
            Some(Permission::DirectoryReadAll)
        );
        assert_eq!(Permission::by_name("Directory.ReadWrite.All"), None);
        assert_eq!(Permission::DirectoryReadAll.audience(), Audience::Reports);
        assert_eq!(Permission::Ingest.audience(), Audience::Ingest);
    }
}
