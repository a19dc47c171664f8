//! Signing keys, and how far sources have come.

use super::{bytes, maybe_time, time};
use crate::control::SigningKeyRecord;
use crate::control::error::ControlError;
use model::tenant::TenantId;
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

pub(super) fn put_signing_key(connection: &Connection, key: &SigningKeyRecord) -> Result<(), ControlError> {
    connection
        .execute(
            "INSERT INTO signing_keys (kid, created, not_after, file_name) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (kid) DO UPDATE
             SET created = excluded.created, not_after = excluded.not_after, file_name = excluded.file_name",
            params![
                key.kid,
                key.created.ticks(),
                key.not_after.map(Timestamp::ticks),
                key.file_name
            ],
        )
        .map_err(ControlError::while_trying("remember the signing key"))?;
    Ok(())
}

pub(super) fn signing_keys(connection: &Connection) -> Result<Vec<SigningKeyRecord>, ControlError> {
    let failed = ControlError::while_trying("list the signing keys");
    let mut statement = connection
        .prepare("SELECT kid, created, not_after, file_name FROM signing_keys ORDER BY created DESC, kid")
        .map_err(&failed)?;
    let rows = statement.query_map([], |row| {
        Ok(SigningKeyRecord {
            kid: row.get(0)?,
            created: time(row, 1)?,
            not_after: maybe_time(row, 2)?,
            file_name: row.get(3)?,
        })
    });
    rows.map_err(&failed)?
        .collect::<rusqlite::Result<_>>()
        .map_err(&failed)
}

pub(super) fn checkpoint(
    connection: &Connection,
    tenant: TenantId,
    source: &str,
) -> Result<Option<Vec<u8>>, ControlError> {
    connection
        .query_row(
            "SELECT value FROM checkpoints WHERE tenant = ?1 AND source = ?2",
            params![bytes(&tenant.guid()), source],
            |row| row.get(0),
        )
        .optional()
        .map_err(ControlError::while_trying("read the checkpoint"))
}

pub(super) fn put_checkpoint(
    connection: &Connection,
    tenant: TenantId,
    source: &str,
    value: &[u8],
    now: Timestamp,
) -> Result<(), ControlError> {
    connection
        .execute(
            "INSERT INTO checkpoints (tenant, source, value, updated) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (tenant, source) DO UPDATE SET value = excluded.value, updated = excluded.updated",
            params![bytes(&tenant.guid()), source, value, now.ticks()],
        )
        .map_err(ControlError::while_trying("remember the checkpoint"))?;
    Ok(())
}
