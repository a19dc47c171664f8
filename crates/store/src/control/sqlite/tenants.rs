//! Tenants and their names.

use super::{bytes, guid, time};
use crate::control::error::ControlError;
use crate::control::{PasswordGrant, Tenant, TenantSettings};
use model::tenant::{TenantId, TenantName};
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn create(
    connection: &Connection,
    id: TenantId,
    names: &[TenantName],
    display_name: &str,
    now: Timestamp,
) -> Result<(), ControlError> {
    let added = connection
        .execute(
            "INSERT INTO tenants (id, created, display_name) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![bytes(&id.guid()), now.ticks(), display_name],
        )
        .map_err(ControlError::while_trying("create the tenant"))?;
    if added == 0 {
        return Err(ControlError::TenantExists(id));
    }
    for name in names {
        add_name(connection, id, name)?;
    }
    Ok(())
}

pub(super) fn add_name(
    connection: &Connection,
    tenant: TenantId,
    name: &TenantName,
) -> Result<(), ControlError> {
    match owner(connection, name)? {
        Some(owner) if owner == tenant => return Ok(()),
        Some(owner) => {
            return Err(ControlError::NameTaken {
                name: name.clone(),
                owner,
            });
        }
        None => {}
    }
    connection
        .execute(
            "INSERT INTO tenant_names (name, tenant, position)
             SELECT ?1, ?2, coalesce(max(position) + 1, 0) FROM tenant_names WHERE tenant = ?2",
            params![name.as_str(), bytes(&tenant.guid())],
        )
        .map_err(ControlError::while_trying("add the tenant's name"))?;
    Ok(())
}

/// Everything that names the tenant goes with it: the tables say `ON DELETE CASCADE`.
pub(super) fn delete(connection: &Connection, tenant: TenantId) -> Result<bool, ControlError> {
    let deleted = connection
        .execute("DELETE FROM tenants WHERE id = ?1", [bytes(&tenant.guid())])
        .map_err(ControlError::while_trying("delete the tenant"))?;
    Ok(deleted > 0)
}

pub(super) fn must_exist(connection: &Connection, id: TenantId) -> Result<(), ControlError> {
    connection
        .query_row("SELECT 1 FROM tenants WHERE id = ?1", [bytes(&id.guid())], |_| {
            Ok(())
        })
        .optional()
        .map_err(ControlError::while_trying("look up the tenant"))?
        .ok_or(ControlError::NoSuchTenant(id))
}

pub(super) fn by_name(connection: &Connection, name: &TenantName) -> Result<Option<Tenant>, ControlError> {
    match owner(connection, name)? {
        Some(id) => by_id(connection, id),
        None => Ok(None),
    }
}

pub(super) fn by_id(connection: &Connection, id: TenantId) -> Result<Option<Tenant>, ControlError> {
    let found = connection
        .query_row(
            "SELECT created, display_name FROM tenants WHERE id = ?1",
            [bytes(&id.guid())],
            |row| Ok((time(row, 0)?, row.get(1)?)),
        )
        .optional()
        .map_err(ControlError::while_trying("look up the tenant"))?;
    let Some((created, display_name)) = found else {
        return Ok(None);
    };
    Ok(Some(Tenant {
        id,
        names: names(connection, id)?,
        display_name,
        created,
        settings: settings(connection, id)?,
    }))
}

/// The key in `tenant_settings`; anything but `ALLOWED` is no.
const PASSWORD_GRANT: &str = "password_grant";
const ALLOWED: &str = "allowed";

pub(super) fn set_settings(
    connection: &Connection,
    tenant: TenantId,
    settings: TenantSettings,
) -> Result<(), ControlError> {
    let failed = ControlError::while_trying("change the tenant's settings");
    let id = tenant.guid();
    match settings.password_grant {
        PasswordGrant::Allowed => connection.execute(
            "INSERT INTO tenant_settings (tenant, key, value) VALUES (?1, ?2, ?3)
             ON CONFLICT (tenant, key) DO UPDATE SET value = excluded.value",
            params![bytes(&id), PASSWORD_GRANT, ALLOWED],
        ),
        PasswordGrant::Refused => connection.execute(
            "DELETE FROM tenant_settings WHERE tenant = ?1 AND key = ?2",
            params![bytes(&id), PASSWORD_GRANT],
        ),
    }
    .map_err(&failed)?;
    Ok(())
}

pub(super) fn set_display_name(
    connection: &Connection,
    tenant: TenantId,
    display_name: &str,
) -> Result<(), ControlError> {
    connection
        .execute(
            "UPDATE tenants SET display_name = ?2 WHERE id = ?1",
            params![bytes(&tenant.guid()), display_name],
        )
        .map_err(ControlError::while_trying("rename the tenant"))?;
    Ok(())
}

pub(super) fn remove_name(
    connection: &Connection,
    tenant: TenantId,
    name: &TenantName,
) -> Result<bool, ControlError> {
    let removed = connection
        .execute(
            "DELETE FROM tenant_names WHERE tenant = ?1 AND name = ?2",
            params![bytes(&tenant.guid()), name.as_str()],
        )
        .map_err(ControlError::while_trying("remove the tenant's name"))?;
    Ok(removed > 0)
}

fn settings(connection: &Connection, id: TenantId) -> Result<TenantSettings, ControlError> {
    let value: Option<String> = connection
        .query_row(
            "SELECT value FROM tenant_settings WHERE tenant = ?1 AND key = ?2",
            params![bytes(&id.guid()), PASSWORD_GRANT],
            |row| row.get(0),
        )
        .optional()
        .map_err(ControlError::while_trying("read the tenant's settings"))?;
    let password_grant = match value.as_deref() {
        Some(ALLOWED) => PasswordGrant::Allowed,
        _ => PasswordGrant::Refused,
    };
    Ok(TenantSettings { password_grant })
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Tenant>, ControlError> {
    let failed = ControlError::while_trying("list the tenants");
    let mut statement = connection
        .prepare("SELECT id FROM tenants ORDER BY created, id")
        .map_err(&failed)?;
    let ids = statement.query_map([], |row| guid(row, 0)).map_err(&failed)?;
    let mut tenants = Vec::new();
    for id in ids {
        tenants.extend(by_id(connection, TenantId::new(id.map_err(&failed)?))?);
    }
    Ok(tenants)
}

fn owner(connection: &Connection, name: &TenantName) -> Result<Option<TenantId>, ControlError> {
    let owner = connection
        .query_row(
            "SELECT tenant FROM tenant_names WHERE name = ?1",
            [name.as_str()],
            |row| guid(row, 0),
        )
        .optional()
        .map_err(ControlError::while_trying("look up the tenant's name"))?;
    Ok(owner.map(TenantId::new))
}

fn names(connection: &Connection, id: TenantId) -> Result<Vec<TenantName>, ControlError> {
    let failed = ControlError::while_trying("list the tenant's names");
    let mut statement = connection
        .prepare("SELECT name FROM tenant_names WHERE tenant = ?1 ORDER BY position")
        .map_err(&failed)?;
    let texts = statement
        .query_map([bytes(&id.guid())], |row| row.get::<_, String>(0))
        .map_err(&failed)?;
    let mut names = Vec::new();
    for text in texts {
        let name = TenantName::parse(&text.map_err(&failed)?);
        names.push(name.map_err(|error| ControlError::Damaged(format!("tenant {id}: {error}")))?);
    }
    Ok(names)
}
