//! Device codes.

use super::{bytes, guid};
use crate::control::error::ControlError;
use crate::control::grants::{Decision, DeviceCode, GrantHash, NewDeviceCode, Poll};
use model::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

/// The columns of [`device_code`], in its order.
const COLUMNS: &str = "app, user, resource, scope";

pub(super) fn put(
    connection: &Connection,
    hash: GrantHash,
    code: &NewDeviceCode,
    now: Timestamp,
) -> Result<bool, ControlError> {
    let kept = connection
        .execute(
            "INSERT INTO device_codes (hash, user_code, tenant, app, resource, scope, created, expires, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'pending') ON CONFLICT DO NOTHING",
            params![
                hash.0.as_slice(),
                code.user_code,
                bytes(&code.tenant.guid()),
                bytes(&code.app),
                code.resource,
                code.scope,
                now.ticks(),
                code.expires.ticks()
            ],
        )
        .map_err(ControlError::while_trying("keep the device code"))?;
    Ok(kept > 0)
}

pub(super) fn waiting(
    connection: &Connection,
    user_code: &str,
    now: Timestamp,
) -> Result<Option<DeviceCode>, ControlError> {
    connection
        .query_row(
            &format!(
                "SELECT {COLUMNS} FROM device_codes WHERE user_code = ?1 AND state = 'pending' AND expires > ?2"
            ),
            params![user_code, now.ticks()],
            device_code,
        )
        .optional()
        .map_err(ControlError::while_trying("look up the device"))
}

pub(super) fn decide(
    connection: &Connection,
    user_code: &str,
    user: Uuid,
    decision: Decision,
    now: Timestamp,
) -> Result<bool, ControlError> {
    let state = match decision {
        Decision::Approve => "approved",
        Decision::Decline => "declined",
    };
    let decided = connection
        .execute(
            "UPDATE device_codes SET state = ?3, user = ?2
             WHERE user_code = ?1 AND state = 'pending' AND expires > ?4",
            params![user_code, bytes(&user), state, now.ticks()],
        )
        .map_err(ControlError::while_trying("decide for a device"))?;
    Ok(decided > 0)
}

pub(super) fn poll(
    connection: &Connection,
    hash: GrantHash,
    app: Uuid,
    now: Timestamp,
    interval_ticks: i64,
) -> Result<Poll, ControlError> {
    let failed = ControlError::while_trying("poll for a device");
    let found = connection
        .query_row(
            &format!(
                "SELECT {COLUMNS}, state, expires, last_poll FROM device_codes WHERE hash = ?1 AND app = ?2"
            ),
            params![hash.0.as_slice(), bytes(&app)],
            |row| {
                let state: String = row.get(4)?;
                let (expires, last): (i64, Option<i64>) = (row.get(5)?, row.get(6)?);
                Ok((device_code(row)?, state, expires, last))
            },
        )
        .optional()
        .map_err(&failed)?;
    let Some((code, state, expires, last_poll)) = found else {
        return Ok(Poll::None);
    };
    let set = |assignment: &str| {
        connection
            .execute(
                &format!("UPDATE device_codes SET {assignment} WHERE hash = ?1"),
                params![hash.0.as_slice(), now.ticks()],
            )
            .map_err(&failed)
    };
    match state.as_str() {
        "used" => Ok(Poll::None),
        _ if expires <= now.ticks() => Ok(Poll::Expired),
        "approved" => {
            set("state = 'used', last_poll = ?2")?;
            Ok(Poll::Approved(code))
        }
        "declined" => Ok(Poll::Declined),
        _ => {
            set("last_poll = ?2")?;
            let too_fast = last_poll.is_some_and(|last| now.ticks().saturating_sub(last) < interval_ticks);
            Ok(if too_fast { Poll::TooFast } else { Poll::Pending })
        }
    }
}

fn device_code(row: &Row<'_>) -> rusqlite::Result<DeviceCode> {
    let user: Option<[u8; 16]> = row.get(1)?;
    Ok(DeviceCode {
        app: guid(row, 0)?,
        user: user.map(Uuid::from_bytes),
        resource: row.get(2)?,
        scope: row.get(3)?,
    })
}
