//! Users, their roles, and what their sign-ins leave behind.

use super::{Remembered, SqliteControlStore, app_passwords, bytes, guid, maybe_time, outside, tenants, time};
use crate::control::error::ControlError;
use crate::control::users::{
    AppPassword, NewAppPassword, NewUser, OutsideUser, PasswordHash, Totp, TotpSecret, User, UserChanges,
    UserStatus, UserStore,
};
use model::tenant::TenantId;
use model::time::Timestamp;
use model::user::UserName;
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, ToSql, Transaction, params};
use std::sync::Arc;
use uuid::Uuid;

const COLUMNS: &str = "object_id, tenant, upn, display_name, given_name, family_name, created, disabled, \
                       password_hash, password_changed, totp_secret, totp_last_step, failures, locked_until, \
                       last_sign_in";

impl SqliteControlStore {
    /// Changes one user and forgets only that one: sign-ins are many, and what is known of others stays.
    fn change_user<T>(
        &self,
        doing: &'static str,
        object_id: Uuid,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        self.change_forgetting(doing, act, |remembered| {
            remembered.users.remove(&object_id);
        })
    }
}

impl UserStore for SqliteControlStore {
    fn create_user(&self, user: &NewUser, now: Timestamp) -> Result<(), ControlError> {
        self.change_user("create the user", user.object_id, |transaction| {
            tenants::must_exist(transaction, user.tenant)?;
            create(transaction, user, now)
        })
    }

    fn user(&self, object_id: Uuid) -> Result<Option<Arc<User>>, ControlError> {
        self.remembering(
            |remembered| remembered.users.get(&object_id).cloned(),
            |connection| by_object_id(connection, object_id),
            |remembered, user| drop(remembered.users.insert(object_id, user)),
        )
    }

    fn user_by_name(&self, tenant: TenantId, name: &UserName) -> Result<Option<Arc<User>>, ControlError> {
        Ok(by_name(&self.connection(), tenant, name)?.map(Arc::new))
    }

    fn users(&self, tenant: TenantId) -> Result<Vec<User>, ControlError> {
        of_tenant(&self.connection(), tenant)
    }

    fn update_user(
        &self,
        object_id: Uuid,
        changes: &UserChanges,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change_user("change the user", object_id, |transaction| {
            update(transaction, object_id, changes, now)
        })
    }

    fn set_password(
        &self,
        object_id: Uuid,
        password: Option<&PasswordHash>,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change_user("change the password", object_id, |transaction| {
            set(
                transaction,
                "change the password",
                object_id,
                "UPDATE users SET password_hash = ?2, password_changed = ?3, failures = 0, locked_until = NULL
                 WHERE object_id = ?1",
                params![bytes(&object_id), password.map(|hash| &hash.0), now.ticks()],
            )
        })
    }

    fn set_totp(&self, object_id: Uuid, secret: Option<&TotpSecret>) -> Result<(), ControlError> {
        self.change_user("change the second factor", object_id, |transaction| {
            set(
                transaction,
                "change the second factor",
                object_id,
                "UPDATE users SET totp_secret = ?2, totp_last_step = NULL WHERE object_id = ?1",
                params![bytes(&object_id), secret.map(|secret| secret.0.as_slice())],
            )
        })
    }

    fn use_totp_step(&self, object_id: Uuid, step: u64) -> Result<bool, ControlError> {
        self.change_user("use the one-time code", object_id, |transaction| {
            let used = transaction
                .execute(
                    "UPDATE users SET totp_last_step = ?2
                     WHERE object_id = ?1 AND totp_secret IS NOT NULL AND coalesce(totp_last_step, -1) < ?2",
                    params![bytes(&object_id), step.cast_signed()],
                )
                .map_err(ControlError::while_trying("use the one-time code"))?;
            Ok(used > 0)
        })
    }

    fn note_failure(&self, object_id: Uuid, delayed_until: Option<Timestamp>) -> Result<(), ControlError> {
        self.change_user("note the failed sign-in", object_id, |transaction| {
            set(
                transaction,
                "note the failed sign-in",
                object_id,
                "UPDATE users SET failures = failures + 1, locked_until = ?2 WHERE object_id = ?1",
                params![bytes(&object_id), delayed_until.map(Timestamp::ticks)],
            )
        })
    }

    fn note_sign_in(&self, object_id: Uuid, now: Timestamp) -> Result<(), ControlError> {
        self.change_user("note the sign-in", object_id, |transaction| {
            set(
                transaction,
                "note the sign-in",
                object_id,
                "UPDATE users SET failures = 0, locked_until = NULL, last_sign_in = ?2 WHERE object_id = ?1",
                params![bytes(&object_id), now.ticks()],
            )
        })
    }

    fn add_role(&self, object_id: Uuid, role: &str) -> Result<bool, ControlError> {
        self.change_user("give the role", object_id, |transaction| {
            must_exist(transaction, object_id)?;
            add_role(transaction, object_id, role)
        })
    }

    fn remove_role(&self, object_id: Uuid, role: &str) -> Result<bool, ControlError> {
        self.change_user("take the role", object_id, |transaction| {
            must_exist(transaction, object_id)?;
            let removed = transaction
                .execute(
                    "DELETE FROM user_roles WHERE user = ?1 AND role = ?2",
                    params![bytes(&object_id), role],
                )
                .map_err(ControlError::while_trying("take the role"))?;
            Ok(removed > 0)
        })
    }

    fn keep_outsider(&self, user: &OutsideUser, now: Timestamp) -> Result<(), ControlError> {
        self.change_user(
            "keep the user of an outside issuer",
            user.object_id,
            |transaction| {
                tenants::must_exist(transaction, user.tenant)?;
                outside::keep(transaction, user, now)
            },
        )
    }

    fn delete_user(&self, object_id: Uuid) -> Result<bool, ControlError> {
        // App passwords go with their user.
        self.change("delete the user", |transaction| {
            let deleted = transaction
                .execute("DELETE FROM users WHERE object_id = ?1", [bytes(&object_id)])
                .map_err(ControlError::while_trying("delete the user"))?;
            Ok(deleted > 0)
        })
    }

    fn add_app_password(
        &self,
        user: Uuid,
        password: &NewAppPassword,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change_forgetting(
            "add the app password",
            |transaction| {
                must_exist(transaction, user)?;
                app_passwords::add(transaction, user, password, now)
            },
            |remembered| remembered.app_passwords.clear(),
        )
    }

    fn app_password(&self, hash: [u8; 32]) -> Result<Option<Arc<AppPassword>>, ControlError> {
        self.remembering(
            |remembered| remembered.app_passwords.get(&hash).cloned(),
            |connection| app_passwords::by_hash(connection, hash),
            |remembered, password| drop(remembered.app_passwords.insert(hash, password)),
        )
    }

    fn app_passwords(&self, user: Uuid) -> Result<Vec<AppPassword>, ControlError> {
        app_passwords::of_user(&self.connection(), user)
    }

    fn note_app_password_use(&self, id: Uuid, now: Timestamp) -> Result<(), ControlError> {
        self.change_forgetting(
            "note the use of the app password",
            |transaction| app_passwords::note_use(transaction, id, now),
            |remembered| remembered.app_passwords.retain(|_, held| held.id != id),
        )
    }

    fn delete_app_password(&self, user: Uuid, id: Uuid) -> Result<bool, ControlError> {
        self.change_forgetting(
            "delete the app password",
            |transaction| app_passwords::delete(transaction, user, id),
            |remembered: &mut Remembered| remembered.app_passwords.clear(),
        )
    }
}

pub(super) fn create(connection: &Connection, user: &NewUser, now: Timestamp) -> Result<(), ControlError> {
    let changed = user.password.as_ref().map(|_| now.ticks());
    let added = connection
        .execute(
            "INSERT INTO users (object_id, tenant, upn, display_name, given_name, family_name, created,
                                password_hash, password_changed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
            params![
                bytes(&user.object_id),
                bytes(&user.tenant.guid()),
                user.name.as_str(),
                user.display_name,
                user.given_name,
                user.family_name,
                now.ticks(),
                user.password.as_ref().map(|hash| &hash.0),
                changed
            ],
        )
        .map_err(ControlError::while_trying("create the user"))?;
    if added == 0 {
        return Err(ControlError::UserExists {
            name: user.name.clone(),
            object_id: user.object_id,
        });
    }
    for role in &user.roles {
        add_role(connection, user.object_id, role)?;
    }
    Ok(())
}

fn by_object_id(connection: &Connection, object_id: Uuid) -> Result<Option<User>, ControlError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE object_id = ?1");
    one(connection, &sql, params![bytes(&object_id)])
}

fn by_name(connection: &Connection, tenant: TenantId, name: &UserName) -> Result<Option<User>, ControlError> {
    let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant = ?1 AND upn = ?2");
    one(connection, &sql, params![bytes(&tenant.guid()), name.as_str()])
}

fn of_tenant(connection: &Connection, tenant: TenantId) -> Result<Vec<User>, ControlError> {
    let failed = ControlError::while_trying("list the users");
    let sql = format!("SELECT {COLUMNS} FROM users WHERE tenant = ?1 ORDER BY created, object_id");
    let mut statement = connection.prepare(&sql).map_err(&failed)?;
    let bare = statement
        .query_map([bytes(&tenant.guid())], bare_user)
        .map_err(&failed)?;
    let mut users = Vec::new();
    for user in bare {
        users.push(complete(connection, user.map_err(&failed)?)?);
    }
    Ok(users)
}

fn update(
    connection: &Connection,
    object_id: Uuid,
    changes: &UserChanges,
    now: Timestamp,
) -> Result<(), ControlError> {
    const DOING: &str = "change the user";
    must_exist(connection, object_id)?;
    let id = bytes(&object_id);
    if let Some(name) = &changes.name {
        connection
            .execute(
                "UPDATE users SET upn = ?2 WHERE object_id = ?1",
                params![id, name.as_str()],
            )
            .map_err(|source| match source.sqlite_error_code() {
                Some(ErrorCode::ConstraintViolation) => ControlError::UserExists {
                    name: name.clone(),
                    object_id,
                },
                _ => ControlError::Database { doing: DOING, source },
            })?;
    }
    if let Some(text) = &changes.display_name {
        let sql = "UPDATE users SET display_name = ?2 WHERE object_id = ?1";
        set(connection, DOING, object_id, sql, params![id, text])?;
    }
    if let Some(text) = &changes.given_name {
        let sql = "UPDATE users SET given_name = ?2 WHERE object_id = ?1";
        set(connection, DOING, object_id, sql, params![id, text])?;
    }
    if let Some(text) = &changes.family_name {
        let sql = "UPDATE users SET family_name = ?2 WHERE object_id = ?1";
        set(connection, DOING, object_id, sql, params![id, text])?;
    }
    match changes.status {
        None => {}
        Some(UserStatus::Enabled) => {
            let sql = "UPDATE users SET disabled = NULL WHERE object_id = ?1";
            set(connection, DOING, object_id, sql, params![id])?;
        }
        Some(UserStatus::Disabled) => {
            let sql = "UPDATE users SET disabled = coalesce(disabled, ?2) WHERE object_id = ?1";
            set(connection, DOING, object_id, sql, params![id, now.ticks()])?;
        }
    }
    Ok(())
}

pub(super) fn add_role(connection: &Connection, object_id: Uuid, role: &str) -> Result<bool, ControlError> {
    let added = connection
        .execute(
            "INSERT INTO user_roles (user, role) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![bytes(&object_id), role],
        )
        .map_err(ControlError::while_trying("give the role"))?;
    Ok(added > 0)
}

fn must_exist(connection: &Connection, object_id: Uuid) -> Result<(), ControlError> {
    connection
        .query_row(
            "SELECT 1 FROM users WHERE object_id = ?1",
            [bytes(&object_id)],
            |_| Ok(()),
        )
        .optional()
        .map_err(ControlError::while_trying("look up the user"))?
        .ok_or(ControlError::NoSuchUser(object_id))
}

/// Changes columns of one user, who must exist.
fn set(
    connection: &Connection,
    doing: &'static str,
    object_id: Uuid,
    sql: &str,
    values: &[&dyn ToSql],
) -> Result<(), ControlError> {
    let changed = connection
        .execute(sql, values)
        .map_err(ControlError::while_trying(doing))?;
    if changed == 0 {
        Err(ControlError::NoSuchUser(object_id))
    } else {
        Ok(())
    }
}

fn one(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<Option<User>, ControlError> {
    let user = connection
        .query_row(sql, values, bare_user)
        .optional()
        .map_err(ControlError::while_trying("look up the user"))?;
    user.map(|user| complete(connection, user)).transpose()
}

fn bare_user(row: &Row<'_>) -> rusqlite::Result<User> {
    let name: String = row.get(2)?;
    let secret: Option<Vec<u8>> = row.get(10)?;
    let last_step: Option<i64> = row.get(11)?;
    Ok(User {
        object_id: guid(row, 0)?,
        tenant: TenantId::new(guid(row, 1)?),
        name: UserName::parse(&name)
            .map_err(|error| rusqlite::Error::FromSqlConversionFailure(2, Type::Text, Box::new(error)))?,
        display_name: row.get(3)?,
        given_name: row.get(4)?,
        family_name: row.get(5)?,
        created: time(row, 6)?,
        disabled: maybe_time(row, 7)?,
        password: row.get::<_, Option<String>>(8)?.map(PasswordHash),
        password_changed: maybe_time(row, 9)?,
        totp: secret.map(|secret| Totp {
            secret: TotpSecret(secret),
            last_step: last_step.map(i64::cast_unsigned),
        }),
        failures: row.get(12)?,
        delayed_until: maybe_time(row, 13)?,
        last_sign_in: maybe_time(row, 14)?,
        vouched: None,
        roles: Vec::new(),
    })
}

fn complete(connection: &Connection, mut user: User) -> Result<User, ControlError> {
    let failed = ControlError::while_trying("read the user's roles");
    let mut statement = connection
        .prepare("SELECT role FROM user_roles WHERE user = ?1 ORDER BY role")
        .map_err(&failed)?;
    let roles = statement
        .query_map([bytes(&user.object_id)], |row| row.get(0))
        .map_err(&failed)?;
    user.roles = roles.collect::<rusqlite::Result<_>>().map_err(&failed)?;
    user.vouched = outside::vouched(connection, user.object_id)?;
    Ok(user)
}
