//! Tenants and applications of the control store, as addresses name them and as the issuer sees them.

use issuer::audience::Permission;
use issuer::client::{Client, ClientKind, ClientStatus, KnownCertificate, KnownSecret, SecretHash};
use issuer::user::{User, UserStatus};
use model::role::DirectoryRole;
use model::tenant::{TenantId, TenantName};
use store::control::{self, App, AppKind, AppPermission, ControlError, ControlStore, PermissionKind};

/// The tenant of a GUID or a name, in any case.
pub fn tenant(control: &dyn ControlStore, word: &str) -> Result<Option<TenantId>, ControlError> {
    if let Some(id) = TenantId::parse(word) {
        return Ok(control.tenant_by_id(id)?.map(|tenant| tenant.id));
    }
    let Ok(name) = TenantName::parse(word) else {
        return Ok(None);
    };
    Ok(control.tenant_by_name(&name)?.map(|tenant| tenant.id))
}

/// An application as the issuer sees it.
pub fn client(app: &App) -> Client {
    Client {
        client_id: app.client_id,
        tenant: app.tenant,
        object_id: app.object_id,
        name: app.name.clone(),
        kind: match app.kind {
            AppKind::Confidential => ClientKind::Confidential,
            AppKind::Public => ClientKind::Public,
        },
        status: if app.disabled.is_some() {
            ClientStatus::Disabled
        } else {
            ClientStatus::Enabled
        },
        secrets: app
            .secrets
            .iter()
            .map(|secret| KnownSecret {
                hash: SecretHash(secret.hash),
                expires: secret.expires,
            })
            .collect(),
        certificates: app
            .certificates
            .iter()
            .map(|certificate| KnownCertificate {
                public_key: certificate.public_key.clone(),
                expires: certificate.expires,
            })
            .collect(),
        permissions: permissions(app, PermissionKind::Application),
        delegated: permissions(app, PermissionKind::Delegated),
        reply_addresses: app.reply_addresses.clone(),
    }
}

/// A user as the issuer sees it.
pub fn user(user: &control::User) -> User {
    User {
        object_id: user.object_id,
        tenant: user.tenant,
        name: user.name.as_str().to_owned(),
        display_name: user.display_name.clone(),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
        status: if user.disabled.is_some() {
            UserStatus::Disabled
        } else {
            UserStatus::Enabled
        },
        role_templates: roles(user).map(DirectoryRole::template_id).collect(),
    }
}

/// The built-in roles of a user; those that the operator defines are in no token, which could only repeat their names.
pub fn roles(user: &control::User) -> impl Iterator<Item = DirectoryRole> {
    user.roles.iter().filter_map(|name| DirectoryRole::kept_as(name))
}

/// Whether a user may agree for everybody.
pub fn is_administrator(user: &control::User) -> bool {
    roles(user).any(|role| role == DirectoryRole::GlobalAdministrator)
}

fn permissions(app: &App, kind: PermissionKind) -> Vec<Permission> {
    app.permissions
        .iter()
        .filter(|permission| permission.kind == kind)
        .filter_map(|permission| Permission::by_name(&permission.name))
        .collect()
}

/// Whether an application holds a permission for the users who sign in with it.
pub fn holds_delegated(app: &App, permission: Permission) -> bool {
    app.permissions
        .iter()
        .any(|held| held.kind == PermissionKind::Delegated && held.name == permission.name())
}

/// Whether an application holds a permission for itself.
pub fn holds(app: &App, permission: Permission) -> bool {
    app.permissions.iter().any(|held| held == &stored(permission))
}

/// A permission as the control store keeps it.
pub fn stored(permission: Permission) -> AppPermission {
    AppPermission {
        kind: PermissionKind::Application,
        name: permission.name().to_owned(),
    }
}
