//! Tenants and applications of the control store, as addresses name them and as the issuer sees them.

use issuer::audience::Permission;
use issuer::client::{Client, ClientStatus, KnownSecret, SecretHash};
use model::tenant::{TenantId, TenantName};
use store::control::{App, AppPermission, ControlError, ControlStore, PermissionKind};

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
        permissions: app
            .permissions
            .iter()
            .filter(|permission| permission.kind == PermissionKind::Application)
            .filter_map(|permission| Permission::by_name(&permission.name))
            .collect(),
    }
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
