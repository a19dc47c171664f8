//! People who signed in by an outside issuer: users without a password, with the roles that they had then.

use super::{bytes, time};
use crate::control::error::ControlError;
use crate::control::users::{NewUser, OutsideUser, Vouched};
use model::time::Timestamp;
use model::user::UserName;
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use uuid::Uuid;

const DOING: &str = "keep the user of an outside issuer";

/// Makes or renews a user. A name that somebody else has is passed over; with none free a known user keeps the old one.
pub(super) fn keep(
    transaction: &Transaction<'_>,
    user: &OutsideUser,
    now: Timestamp,
) -> Result<(), ControlError> {
    let failed = ControlError::while_trying(DOING);
    let known: Option<String> = transaction
        .query_row(
            "SELECT upn FROM users WHERE object_id = ?1",
            [bytes(&user.object_id)],
            |row| row.get(0),
        )
        .optional()
        .map_err(&failed)?;
    let free = free_name(transaction, user)?;
    match (known, free) {
        (Some(known), free) => {
            let name = free.map_or(known, |free| free.as_str().to_owned());
            transaction
                .execute(
                    "UPDATE users SET upn = ?2, display_name = ?3, given_name = ?4, family_name = ?5
                     WHERE object_id = ?1",
                    params![
                        bytes(&user.object_id),
                        name,
                        user.display_name,
                        user.given_name,
                        user.family_name
                    ],
                )
                .map_err(&failed)?;
        }
        (None, Some(free)) => {
            let new = NewUser {
                object_id: user.object_id,
                tenant: user.tenant,
                name: free.clone(),
                display_name: user.display_name.clone(),
                given_name: user.given_name.clone(),
                family_name: user.family_name.clone(),
                password: None,
                roles: Vec::new(),
            };
            super::users::create(transaction, &new, now)?;
        }
        (None, None) => {
            return Err(match user.names.first() {
                Some(name) => ControlError::UserExists {
                    name: name.clone(),
                    object_id: user.object_id,
                },
                None => ControlError::NoSuchUser(user.object_id),
            });
        }
    }
    transaction
        .execute("DELETE FROM user_roles WHERE user = ?1", [bytes(&user.object_id)])
        .map_err(&failed)?;
    for role in &user.roles {
        super::users::add_role(transaction, user.object_id, role)?;
    }
    transaction
        .execute(
            "INSERT INTO outside_users (user, issuer, subject, signed_in) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (user) DO UPDATE SET signed_in = excluded.signed_in",
            params![bytes(&user.object_id), user.issuer, user.subject, now.ticks()],
        )
        .map_err(&failed)?;
    transaction
        .execute(
            "UPDATE users SET last_sign_in = ?2 WHERE object_id = ?1",
            params![bytes(&user.object_id), now.ticks()],
        )
        .map_err(&failed)?;
    Ok(())
}

/// Who vouched for a user, if anybody did.
pub(super) fn vouched(connection: &Connection, object_id: Uuid) -> Result<Option<Vouched>, ControlError> {
    connection
        .query_row(
            "SELECT issuer, signed_in FROM outside_users WHERE user = ?1",
            [bytes(&object_id)],
            |row| {
                Ok(Vouched {
                    issuer: row.get(0)?,
                    signed_in: time(row, 1)?,
                })
            },
        )
        .optional()
        .map_err(ControlError::while_trying("look up who vouched for the user"))
}

/// The first of the names that nobody else of the tenant has.
fn free_name<'u>(
    connection: &Connection,
    user: &'u OutsideUser,
) -> Result<Option<&'u UserName>, ControlError> {
    for name in &user.names {
        let taken: Option<i64> = connection
            .query_row(
                "SELECT 1 FROM users WHERE tenant = ?1 AND upn = ?2 AND object_id <> ?3",
                params![bytes(&user.tenant.guid()), name.as_str(), bytes(&user.object_id)],
                |row| row.get(0),
            )
            .optional()
            .map_err(ControlError::while_trying(DOING))?;
        if taken.is_none() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
