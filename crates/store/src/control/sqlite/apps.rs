//! Applications and what belongs to them.

use super::{bytes, guid, maybe_time, time};
use crate::control::error::ControlError;
use crate::control::{
    App, AppCertificate, AppChanges, AppKind, AppPermission, AppSecret, AppStatus, NewApp, NewAppCertificate,
    NewAppSecret, PermissionKind,
};
use model::tenant::TenantId;
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

pub(super) fn create(connection: &Connection, app: &NewApp, now: Timestamp) -> Result<(), ControlError> {
    let failed = ControlError::while_trying("create the application");
    let id = bytes(&app.client_id);
    let added = connection
        .execute(
            "INSERT INTO apps (client_id, tenant, object_id, name, created, client_type)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
            params![
                id,
                bytes(&app.tenant.guid()),
                bytes(&app.object_id),
                app.name,
                now.ticks(),
                match app.kind {
                    AppKind::Confidential => "confidential",
                    AppKind::Public => "public",
                }
            ],
        )
        .map_err(&failed)?;
    if added == 0 {
        return Err(ControlError::AppExists {
            client_id: app.client_id,
            object_id: app.object_id,
        });
    }
    add_permissions(connection, &app.client_id, &app.permissions).map_err(&failed)?;
    add_reply_addresses(connection, &app.client_id, &app.reply_addresses).map_err(&failed)?;
    for role in &app.roles {
        connection
            .execute(
                "INSERT INTO app_roles (app, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![id, role],
            )
            .map_err(&failed)?;
    }
    Ok(())
}

fn add_permissions(
    connection: &Connection,
    client_id: &Uuid,
    permissions: &[AppPermission],
) -> rusqlite::Result<()> {
    for permission in permissions {
        connection.execute(
            "INSERT INTO app_permissions (app, kind, permission) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![bytes(client_id), kind_text(permission.kind), permission.name],
        )?;
    }
    Ok(())
}

fn add_reply_addresses(
    connection: &Connection,
    client_id: &Uuid,
    addresses: &[String],
) -> rusqlite::Result<()> {
    for address in addresses {
        connection.execute(
            "INSERT INTO app_reply_addresses (app, address) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![bytes(client_id), address],
        )?;
    }
    Ok(())
}

/// What is added after what is removed: who moves an address says both.
pub(super) fn update(
    connection: &Connection,
    client_id: Uuid,
    changes: &AppChanges,
) -> Result<(), ControlError> {
    let failed = ControlError::while_trying("change the application");
    let found = connection
        .execute(
            "UPDATE apps SET name = coalesce(?2, name) WHERE client_id = ?1",
            params![bytes(&client_id), changes.name],
        )
        .map_err(&failed)?;
    if found == 0 {
        return Err(ControlError::NoSuchApp(client_id));
    }
    for permission in &changes.remove_permissions {
        connection
            .execute(
                "DELETE FROM app_permissions WHERE app = ?1 AND kind = ?2 AND permission = ?3",
                params![bytes(&client_id), kind_text(permission.kind), permission.name],
            )
            .map_err(&failed)?;
    }
    for address in &changes.remove_reply_addresses {
        connection
            .execute(
                "DELETE FROM app_reply_addresses WHERE app = ?1 AND address = ?2",
                params![bytes(&client_id), address],
            )
            .map_err(&failed)?;
    }
    add_permissions(connection, &client_id, &changes.add_permissions).map_err(&failed)?;
    add_reply_addresses(connection, &client_id, &changes.add_reply_addresses).map_err(&failed)
}

pub(super) fn delete_secret(
    connection: &Connection,
    client_id: Uuid,
    hash: [u8; 32],
) -> Result<bool, ControlError> {
    let deleted = connection
        .execute(
            "DELETE FROM app_secrets WHERE app = ?1 AND hash = ?2",
            params![bytes(&client_id), hash.as_slice()],
        )
        .map_err(ControlError::while_trying("delete the secret"))?;
    Ok(deleted > 0)
}

pub(super) fn by_client_id(connection: &Connection, client_id: Uuid) -> Result<Option<App>, ControlError> {
    let app = connection
        .query_row(
            "SELECT client_id, tenant, object_id, name, created, disabled, client_type = 'public' FROM apps
             WHERE client_id = ?1",
            [bytes(&client_id)],
            bare_app,
        )
        .optional()
        .map_err(ControlError::while_trying("look up the application"))?;
    app.map(|app| complete(connection, app)).transpose()
}

pub(super) fn of_tenant(connection: &Connection, tenant: TenantId) -> Result<Vec<App>, ControlError> {
    let failed = ControlError::while_trying("list the applications");
    let mut statement = connection
        .prepare(
            "SELECT client_id, tenant, object_id, name, created, disabled, client_type = 'public' FROM apps WHERE tenant = ?1
             ORDER BY created, client_id",
        )
        .map_err(&failed)?;
    let bare = statement
        .query_map([bytes(&tenant.guid())], bare_app)
        .map_err(&failed)?;
    let mut apps = Vec::new();
    for app in bare {
        apps.push(complete(connection, app.map_err(&failed)?)?);
    }
    Ok(apps)
}

pub(super) fn add_secret(
    connection: &Connection,
    client_id: Uuid,
    secret: &NewAppSecret,
    now: Timestamp,
) -> Result<(), ControlError> {
    let added = connection
        .execute(
            "INSERT INTO app_secrets (app, hash, hint, created, expires)
             SELECT client_id, ?2, ?3, ?4, ?5 FROM apps WHERE client_id = ?1
             ON CONFLICT (app, hash) DO UPDATE SET expires = excluded.expires",
            params![
                bytes(&client_id),
                secret.hash.as_slice(),
                secret.hint,
                now.ticks(),
                secret.expires.map(Timestamp::ticks)
            ],
        )
        .map_err(ControlError::while_trying("add the secret"))?;
    if added == 0 {
        Err(ControlError::NoSuchApp(client_id))
    } else {
        Ok(())
    }
}

pub(super) fn add_certificate(
    connection: &Connection,
    client_id: Uuid,
    certificate: &NewAppCertificate,
    now: Timestamp,
) -> Result<(), ControlError> {
    let added = connection
        .execute(
            "INSERT INTO app_certificates (app, thumbprint, public_key, created, expires)
             SELECT client_id, ?2, ?3, ?4, ?5 FROM apps WHERE client_id = ?1
             ON CONFLICT (app, thumbprint) DO UPDATE SET expires = excluded.expires",
            params![
                bytes(&client_id),
                certificate.thumbprint.as_slice(),
                certificate.public_key,
                now.ticks(),
                certificate.expires.map(Timestamp::ticks)
            ],
        )
        .map_err(ControlError::while_trying("add the certificate"))?;
    if added == 0 {
        Err(ControlError::NoSuchApp(client_id))
    } else {
        Ok(())
    }
}

pub(super) fn set_status(
    connection: &Connection,
    client_id: Uuid,
    status: AppStatus,
    now: Timestamp,
) -> Result<(), ControlError> {
    let sql = match status {
        AppStatus::Enabled => "UPDATE apps SET disabled = NULL WHERE client_id = ?1 AND ?2 IS NOT NULL",
        AppStatus::Disabled => "UPDATE apps SET disabled = coalesce(disabled, ?2) WHERE client_id = ?1",
    };
    let changed = connection
        .execute(sql, params![bytes(&client_id), now.ticks()])
        .map_err(ControlError::while_trying("switch the application"))?;
    if changed == 0 {
        Err(ControlError::NoSuchApp(client_id))
    } else {
        Ok(())
    }
}

pub(super) fn delete(connection: &Connection, client_id: Uuid) -> Result<bool, ControlError> {
    let deleted = connection
        .execute("DELETE FROM apps WHERE client_id = ?1", [bytes(&client_id)])
        .map_err(ControlError::while_trying("delete the application"))?;
    Ok(deleted > 0)
}

fn bare_app(row: &Row<'_>) -> rusqlite::Result<App> {
    Ok(App {
        client_id: guid(row, 0)?,
        tenant: TenantId::new(guid(row, 1)?),
        object_id: guid(row, 2)?,
        name: row.get(3)?,
        kind: if row.get(6)? {
            AppKind::Public
        } else {
            AppKind::Confidential
        },
        created: time(row, 4)?,
        disabled: maybe_time(row, 5)?,
        secrets: Vec::new(),
        certificates: Vec::new(),
        permissions: Vec::new(),
        reply_addresses: Vec::new(),
        roles: Vec::new(),
    })
}

fn complete(connection: &Connection, mut app: App) -> Result<App, ControlError> {
    let id = app.client_id;
    app.secrets = list(
        connection,
        id,
        "SELECT hash, hint, created, expires FROM app_secrets WHERE app = ?1 ORDER BY created, hash",
        |row| {
            Ok(AppSecret {
                hash: row.get(0)?,
                hint: row.get(1)?,
                created: time(row, 2)?,
                expires: maybe_time(row, 3)?,
            })
        },
    )?;
    app.certificates = list(
        connection,
        id,
        "SELECT thumbprint, public_key, created, expires FROM app_certificates WHERE app = ?1
         ORDER BY created, thumbprint",
        |row| {
            Ok(AppCertificate {
                thumbprint: row.get(0)?,
                public_key: row.get(1)?,
                created: time(row, 2)?,
                expires: maybe_time(row, 3)?,
            })
        },
    )?;
    app.permissions = list(
        connection,
        id,
        "SELECT kind = 'delegated', permission FROM app_permissions WHERE app = ?1 ORDER BY kind, permission",
        |row| {
            let kind = if row.get(0)? {
                PermissionKind::Delegated
            } else {
                PermissionKind::Application
            };
            Ok(AppPermission {
                kind,
                name: row.get(1)?,
            })
        },
    )?;
    let addresses = "SELECT address FROM app_reply_addresses WHERE app = ?1 ORDER BY address";
    app.reply_addresses = list(connection, id, addresses, |row| row.get(0))?;
    app.roles = list(
        connection,
        id,
        "SELECT role FROM app_roles WHERE app = ?1 ORDER BY role",
        |row| row.get(0),
    )?;
    Ok(app)
}

fn list<T>(
    connection: &Connection,
    app: Uuid,
    sql: &str,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, ControlError> {
    let failed = ControlError::while_trying("read what belongs to the application");
    let mut statement = connection.prepare(sql).map_err(&failed)?;
    let rows = statement.query_map([bytes(&app)], read).map_err(&failed)?;
    rows.collect::<rusqlite::Result<Vec<T>>>().map_err(&failed)
}

fn kind_text(kind: PermissionKind) -> &'static str {
    match kind {
        PermissionKind::Application => "application",
        PermissionKind::Delegated => "delegated",
    }
}
