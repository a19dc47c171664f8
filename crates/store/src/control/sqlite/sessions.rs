//! Sessions of browsers, and what users agreed to.

use super::{bytes, guid, time};
use crate::control::error::ControlError;
use crate::control::grants::{GrantHash, Session};
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

pub(super) fn put(
    connection: &Connection,
    hash: GrantHash,
    user: Uuid,
    expires: Timestamp,
    now: Timestamp,
) -> Result<(), ControlError> {
    connection
        .execute(
            "INSERT INTO sessions (hash, user, created, last_seen, expires) VALUES (?1, ?2, ?3, ?3, ?4)",
            params![hash.0.as_slice(), bytes(&user), now.ticks(), expires.ticks()],
        )
        .map_err(ControlError::while_trying("keep the session"))?;
    Ok(())
}

pub(super) fn find(
    connection: &Connection,
    hash: GrantHash,
    now: Timestamp,
) -> Result<Option<Session>, ControlError> {
    connection
        .query_row(
            "SELECT user, created FROM sessions WHERE hash = ?1 AND expires > ?2",
            params![hash.0.as_slice(), now.ticks()],
            |row| {
                Ok(Session {
                    user: guid(row, 0)?,
                    created: time(row, 1)?,
                })
            },
        )
        .optional()
        .map_err(ControlError::while_trying("look up the session"))
}

pub(super) fn end(connection: &Connection, hash: GrantHash) -> Result<bool, ControlError> {
    let ended = connection
        .execute("DELETE FROM sessions WHERE hash = ?1", [hash.0.as_slice()])
        .map_err(ControlError::while_trying("end the session"))?;
    Ok(ended > 0)
}

pub(super) fn consents(connection: &Connection, user: Uuid, app: Uuid) -> Result<Vec<String>, ControlError> {
    let failed = ControlError::while_trying("look up the consent");
    let mut statement = connection
        .prepare("SELECT scope FROM consents WHERE user = ?1 AND app = ?2 ORDER BY scope")
        .map_err(&failed)?;
    let rows = statement
        .query_map([bytes(&user), bytes(&app)], |row| row.get(0))
        .map_err(&failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(&failed)
}

pub(super) fn add_consents(
    connection: &Connection,
    user: Uuid,
    app: Uuid,
    permissions: &[&str],
    now: Timestamp,
) -> Result<(), ControlError> {
    for permission in permissions {
        connection
            .execute(
                "INSERT INTO consents (user, app, scope, granted) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                params![bytes(&user), bytes(&app), permission, now.ticks()],
            )
            .map_err(ControlError::while_trying("remember the consent"))?;
    }
    Ok(())
}
