//! Codes and refresh tokens, and what was revoked.

use super::{SqliteControlStore, bytes, devices, guid, sessions, time};
use crate::control::error::ControlError;
use crate::control::grants::{
    AuthorizationCode, ChallengeMethod, CodeChallenge, Decision, DeviceCode, GrantHash, GrantStore,
    NewDeviceCode, Poll, RefreshToken, Session, Taken,
};
use model::time::{TICKS_PER_DAY, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::collections::HashMap;
use std::sync::PoisonError;
use uuid::Uuid;

impl SqliteControlStore {
    /// A change of grants alone: nothing that is remembered of tenants, users or applications becomes untrue.
    fn change_grants<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        self.change_forgetting(doing, act, |_| {})
    }

    /// The same, for a change that may revoke: what it revoked is known before it returns.
    fn change_revoking<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce(&Transaction<'_>, &mut Revocations) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        let mut revocations = Revocations::default();
        let result = self.change_grants(doing, |transaction| act(transaction, &mut revocations))?;
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.extend(revocations.0);
        Ok(result)
    }
}

/// What a transaction revoked: keys and until when they matter.
#[derive(Default)]
struct Revocations(Vec<(String, Timestamp)>);

impl Revocations {
    fn add(&mut self, connection: &Connection, key: String, until: Timestamp) -> Result<(), ControlError> {
        connection
            .execute(
                "INSERT INTO revoked_tokens (token_id, expires) VALUES (?1, ?2)
                 ON CONFLICT (token_id) DO UPDATE SET expires = max(expires, excluded.expires)",
                params![key, until.ticks()],
            )
            .map_err(ControlError::while_trying("revoke a token"))?;
        self.0.push((key, until));
        Ok(())
    }

    fn family(
        &mut self,
        connection: &Connection,
        family: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        connection
            .execute(
                "UPDATE refresh_tokens SET revoked = coalesce(revoked, ?2) WHERE family = ?1",
                params![bytes(&family), now.ticks()],
            )
            .map_err(ControlError::while_trying("revoke refresh tokens"))?;
        self.add(connection, family_key(family), until)
    }
}

/// Under which key a family stands among the revoked: no token's own id has a colon.
fn family_key(family: Uuid) -> String {
    format!("family:{family}")
}

/// What was revoked and still matters, for memory.
pub(super) fn revoked(connection: &Connection) -> Result<HashMap<String, Timestamp>, ControlError> {
    let failed = ControlError::while_trying("read what was revoked");
    let mut statement = connection
        .prepare("SELECT token_id, expires FROM revoked_tokens")
        .map_err(&failed)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, time(row, 1)?)))
        .map_err(&failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(&failed)
}

impl GrantStore for SqliteControlStore {
    fn put_code(
        &self,
        hash: GrantHash,
        code: &AuthorizationCode,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change_grants("keep the code", |transaction| {
            put_code(transaction, hash, code, now)
        })
    }

    fn take_code(
        &self,
        hash: GrantHash,
        app: Uuid,
        now: Timestamp,
        revoked_until: Timestamp,
    ) -> Result<Taken<AuthorizationCode>, ControlError> {
        self.change_revoking("take the code", |transaction, revocations| {
            let failed = ControlError::while_trying("take the code");
            let found = transaction
                .query_row(
                    "SELECT family, app, user, reply_address, resource, scope, nonce, challenge, challenge_method,
                            expires, used IS NOT NULL
                     FROM authorization_codes WHERE hash = ?1 AND app = ?2",
                    params![hash.0.as_slice(), bytes(&app)],
                    |row| Ok((code(row)?, row.get::<_, bool>(10)?)),
                )
                .optional()
                .map_err(&failed)?;
            let Some((code, was_used)) = found else {
                return Ok(Taken::None);
            };
            if was_used {
                revocations.family(transaction, code.family, revoked_until, now)?;
                return Ok(Taken::Used);
            }
            transaction
                .execute(
                    "UPDATE authorization_codes SET used = ?2 WHERE hash = ?1",
                    params![hash.0.as_slice(), now.ticks()],
                )
                .map_err(&failed)?;
            Ok(Taken::Fresh(code))
        })
    }

    fn put_refresh_token(
        &self,
        hash: GrantHash,
        token: &RefreshToken,
        now: Timestamp,
    ) -> Result<bool, ControlError> {
        self.change_grants("keep the refresh token", |transaction| {
            let kept = transaction
                .execute(
                    "INSERT INTO refresh_tokens (hash, family, app, user, resource, scope, created, expires)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
                     WHERE NOT EXISTS (SELECT 1 FROM revoked_tokens WHERE token_id = ?9)",
                    params![
                        hash.0.as_slice(),
                        bytes(&token.family),
                        bytes(&token.app),
                        bytes(&token.user),
                        token.resource,
                        token.scope,
                        now.ticks(),
                        token.expires.ticks(),
                        family_key(token.family)
                    ],
                )
                .map_err(ControlError::while_trying("keep the refresh token"))?;
            Ok(kept > 0)
        })
    }

    fn take_refresh_token(
        &self,
        hash: GrantHash,
        app: Uuid,
        now: Timestamp,
        revoked_until: Timestamp,
    ) -> Result<Taken<RefreshToken>, ControlError> {
        self.change_revoking("take the refresh token", |transaction, revocations| {
            let failed = ControlError::while_trying("take the refresh token");
            let found = transaction
                .query_row(
                    "SELECT family, app, user, resource, scope, expires, used IS NOT NULL, revoked IS NOT NULL
                     FROM refresh_tokens WHERE hash = ?1 AND app = ?2",
                    params![hash.0.as_slice(), bytes(&app)],
                    |row| Ok((refresh_token(row)?, row.get::<_, bool>(6)?, row.get::<_, bool>(7)?)),
                )
                .optional()
                .map_err(&failed)?;
            let Some((token, was_used, was_revoked)) = found else {
                return Ok(Taken::None);
            };
            if was_used {
                revocations.family(transaction, token.family, revoked_until, now)?;
                return Ok(Taken::Used);
            }
            if was_revoked || token.expires <= now {
                return Ok(Taken::None);
            }
            transaction
                .execute(
                    "UPDATE refresh_tokens SET used = ?2 WHERE hash = ?1",
                    params![hash.0.as_slice(), now.ticks()],
                )
                .map_err(&failed)?;
            Ok(Taken::Fresh(token))
        })
    }

    fn refresh_token(&self, hash: GrantHash, now: Timestamp) -> Result<Option<RefreshToken>, ControlError> {
        self.connection()
            .query_row(
                "SELECT family, app, user, resource, scope, expires FROM refresh_tokens
                 WHERE hash = ?1 AND used IS NULL AND revoked IS NULL AND expires > ?2",
                params![hash.0.as_slice(), now.ticks()],
                refresh_token,
            )
            .optional()
            .map_err(ControlError::while_trying("look up the refresh token"))
    }

    fn revoke_family(&self, family: Uuid, until: Timestamp, now: Timestamp) -> Result<(), ControlError> {
        self.change_revoking("revoke a sign-in's tokens", |transaction, revocations| {
            revocations.family(transaction, family, until, now)
        })
    }

    fn revoke_token(&self, token_id: &str, until: Timestamp) -> Result<(), ControlError> {
        self.change_revoking("revoke a token", |transaction, revocations| {
            revocations.add(transaction, token_id.to_owned(), until)
        })
    }

    fn is_revoked(&self, token_id: Option<&str>, family: Option<Uuid>) -> bool {
        let revoked = self.revoked.read().unwrap_or_else(PoisonError::into_inner);
        if revoked.is_empty() {
            return false;
        }
        token_id.is_some_and(|id| revoked.contains_key(id))
            || family.is_some_and(|family| revoked.contains_key(&family_key(family)))
    }

    fn put_device_code(
        &self,
        hash: GrantHash,
        code: &NewDeviceCode,
        now: Timestamp,
    ) -> Result<bool, ControlError> {
        self.change_grants("keep the device code", |transaction| {
            devices::put(transaction, hash, code, now)
        })
    }

    fn waiting_device(&self, user_code: &str, now: Timestamp) -> Result<Option<DeviceCode>, ControlError> {
        devices::waiting(&self.connection(), user_code, now)
    }

    fn decide_device(
        &self,
        user_code: &str,
        user: Uuid,
        decision: Decision,
        now: Timestamp,
    ) -> Result<bool, ControlError> {
        self.change_grants("decide for a device", |transaction| {
            devices::decide(transaction, user_code, user, decision, now)
        })
    }

    fn poll_device(
        &self,
        hash: GrantHash,
        app: Uuid,
        now: Timestamp,
        interval_ticks: i64,
    ) -> Result<Poll, ControlError> {
        self.change_grants("poll for a device", |transaction| {
            devices::poll(transaction, hash, app, now, interval_ticks)
        })
    }

    fn put_session(
        &self,
        hash: GrantHash,
        user: Uuid,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change_grants("keep the session", |transaction| {
            sessions::put(transaction, hash, user, expires, now)
        })
    }

    fn session(&self, hash: GrantHash, now: Timestamp) -> Result<Option<Session>, ControlError> {
        sessions::find(&self.connection(), hash, now)
    }

    fn end_session(&self, hash: GrantHash) -> Result<bool, ControlError> {
        self.change_grants("end the session", |transaction| sessions::end(transaction, hash))
    }

    fn consents(&self, user: Uuid, app: Uuid) -> Result<Vec<String>, ControlError> {
        sessions::consents(&self.connection(), user, app)
    }

    fn add_consents(
        &self,
        user: Uuid,
        app: Uuid,
        permissions: &[&str],
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change_grants("remember the consent", |transaction| {
            sessions::add_consents(transaction, user, app, permissions, now)
        })
    }

    fn end_grants_of(&self, user: Uuid, until: Timestamp, now: Timestamp) -> Result<(), ControlError> {
        self.change_revoking("end a user's sign-ins", |transaction, revocations| {
            let failed = ControlError::while_trying("end a user's sign-ins");
            let families: Vec<Uuid> = {
                let mut statement = transaction
                    .prepare(
                        "SELECT DISTINCT family FROM refresh_tokens WHERE user = ?1 AND revoked IS NULL
                         UNION SELECT family FROM authorization_codes WHERE user = ?1",
                    )
                    .map_err(&failed)?;
                let rows = statement
                    .query_map([bytes(&user)], |row| guid(row, 0))
                    .map_err(&failed)?;
                rows.collect::<rusqlite::Result<_>>().map_err(&failed)?
            };
            for family in families {
                revocations.family(transaction, family, until, now)?;
            }
            for sql in [
                "DELETE FROM sessions WHERE user = ?1",
                "UPDATE authorization_codes SET used = coalesce(used, created) WHERE user = ?1",
                "UPDATE device_codes SET state = 'used' WHERE user = ?1",
            ] {
                transaction.execute(sql, [bytes(&user)]).map_err(&failed)?;
            }
            Ok(())
        })
    }

    fn forget_ended(&self, now: Timestamp) -> Result<usize, ControlError> {
        let forgotten = self.change_grants("forget what has ended", |transaction| {
            let mut forgotten = 0;
            // A used code is kept for a day, so that a replay is still seen.
            let a_day_ago = now.plus_ticks(-TICKS_PER_DAY);
            for (sql, before) in [
                ("DELETE FROM authorization_codes WHERE expires <= ?1", a_day_ago),
                ("DELETE FROM refresh_tokens WHERE expires <= ?1", now),
                ("DELETE FROM device_codes WHERE expires <= ?1", a_day_ago),
                ("DELETE FROM sessions WHERE expires <= ?1", now),
                ("DELETE FROM revoked_tokens WHERE expires <= ?1", now),
            ] {
                forgotten += transaction
                    .execute(sql, [before.ticks()])
                    .map_err(ControlError::while_trying("forget what has ended"))?;
            }
            Ok(forgotten)
        })?;
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.retain(|_, until| *until > now);
        Ok(forgotten)
    }
}

fn put_code(
    connection: &Connection,
    hash: GrantHash,
    code: &AuthorizationCode,
    now: Timestamp,
) -> Result<(), ControlError> {
    let challenge = code.challenge.as_ref();
    connection
        .execute(
            "INSERT INTO authorization_codes (hash, family, app, user, reply_address, resource, scope, nonce,
                challenge, challenge_method, created, expires)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            params![
                hash.0.as_slice(),
                bytes(&code.family),
                bytes(&code.app),
                bytes(&code.user),
                code.reply_address,
                code.resource,
                code.scope,
                code.nonce,
                challenge.map(|challenge| &challenge.text),
                challenge.map(|challenge| match challenge.method {
                    ChallengeMethod::Plain => "plain",
                    ChallengeMethod::S256 => "S256",
                }),
                now.ticks(),
                code.expires.ticks()
            ],
        )
        .map_err(ControlError::while_trying("keep the code"))?;
    Ok(())
}

fn code(row: &Row<'_>) -> rusqlite::Result<AuthorizationCode> {
    let challenge: Option<String> = row.get(7)?;
    let method: Option<String> = row.get(8)?;
    Ok(AuthorizationCode {
        family: guid(row, 0)?,
        app: guid(row, 1)?,
        user: guid(row, 2)?,
        reply_address: row.get(3)?,
        resource: row.get(4)?,
        scope: row.get(5)?,
        nonce: row.get(6)?,
        challenge: challenge.map(|text| CodeChallenge {
            text,
            // Anything but `plain` must be hashed: a damaged row never becomes easier to redeem.
            method: match method.as_deref() {
                Some("plain") => ChallengeMethod::Plain,
                _ => ChallengeMethod::S256,
            },
        }),
        expires: time(row, 9)?,
    })
}

fn refresh_token(row: &Row<'_>) -> rusqlite::Result<RefreshToken> {
    Ok(RefreshToken {
        family: guid(row, 0)?,
        app: guid(row, 1)?,
        user: guid(row, 2)?,
        resource: row.get(3)?,
        scope: row.get(4)?,
        expires: time(row, 5)?,
    })
}

#[cfg(test)]
mod tests;
