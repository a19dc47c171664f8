//! App passwords: what programs use that cannot sign in interactively.

use super::{bytes, guid, maybe_time, time};
use crate::control::error::ControlError;
use crate::control::users::{AppPassword, NewAppPassword};
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

const COLUMNS: &str = "id, user, name, hint, created, expires, last_used";

pub(super) fn add(
    connection: &Connection,
    user: Uuid,
    password: &NewAppPassword,
    now: Timestamp,
) -> Result<(), ControlError> {
    connection
        .execute(
            "INSERT INTO app_passwords (id, user, name, hash, hint, created, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                bytes(&password.id),
                bytes(&user),
                password.name,
                password.hash.as_slice(),
                password.hint,
                now.ticks(),
                password.expires.map(Timestamp::ticks)
            ],
        )
        .map_err(ControlError::while_trying("add the app password"))?;
    Ok(())
}

pub(super) fn by_hash(connection: &Connection, hash: [u8; 32]) -> Result<Option<AppPassword>, ControlError> {
    connection
        .query_row(
            &format!("SELECT {COLUMNS} FROM app_passwords WHERE hash = ?1"),
            [hash.as_slice()],
            read,
        )
        .optional()
        .map_err(ControlError::while_trying("look up the app password"))
}

pub(super) fn of_user(connection: &Connection, user: Uuid) -> Result<Vec<AppPassword>, ControlError> {
    let failed = ControlError::while_trying("list the app passwords");
    let sql = format!("SELECT {COLUMNS} FROM app_passwords WHERE user = ?1 ORDER BY created, id");
    let mut statement = connection.prepare(&sql).map_err(&failed)?;
    let found = statement.query_map([bytes(&user)], read).map_err(&failed)?;
    found.collect::<rusqlite::Result<_>>().map_err(&failed)
}

pub(super) fn note_use(connection: &Connection, id: Uuid, now: Timestamp) -> Result<(), ControlError> {
    connection
        .execute(
            "UPDATE app_passwords SET last_used = ?2 WHERE id = ?1",
            params![bytes(&id), now.ticks()],
        )
        .map_err(ControlError::while_trying("note the use of the app password"))?;
    Ok(())
}

pub(super) fn delete(connection: &Connection, user: Uuid, id: Uuid) -> Result<bool, ControlError> {
    let deleted = connection
        .execute(
            "DELETE FROM app_passwords WHERE id = ?1 AND user = ?2",
            params![bytes(&id), bytes(&user)],
        )
        .map_err(ControlError::while_trying("delete the app password"))?;
    Ok(deleted > 0)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AppPassword> {
    Ok(AppPassword {
        id: guid(row, 0)?,
        user: guid(row, 1)?,
        name: row.get(2)?,
        hint: row.get(3)?,
        created: time(row, 4)?,
        expires: maybe_time(row, 5)?,
        last_used: maybe_time(row, 6)?,
    })
}
