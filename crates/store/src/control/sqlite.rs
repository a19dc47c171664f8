//! The control store in one SQLite file, `control.db`, with what detection remembers in another.

mod app_passwords;
mod apps;
mod detection;
mod devices;
mod grants;
mod open;
mod outside;
mod progress;
mod sessions;
mod subjects;
mod tenants;
mod users;

use super::error::ControlError;
use super::{
    App, AppChanges, AppPassword, AppStatus, ControlStore, NewApp, NewAppCertificate, NewAppSecret,
    SigningKeyRecord, Tenant, TenantSettings, User,
};
use model::tenant::{TenantId, TenantName};
use model::time::Timestamp;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use uuid::Uuid;

pub use open::CONTROL_FILE_NAME;
pub use subjects::DETECTION_FILE_NAME;

/// The control store in one SQLite file. One connection, which no other process can share, so that what was read once
/// can be remembered until the next change: every request asks for its tenant and its application.
pub struct SqliteControlStore {
    connection: Mutex<Connection>,
    remembered: RwLock<Remembered>,
    /// What was revoked and still matters: asked for with every request, changed seldom.
    revoked: RwLock<HashMap<String, Timestamp>>,
    subjects: subjects::Subjects,
}

/// What was read since the last change. Only what exists is remembered, so it cannot outgrow the store.
#[derive(Default)]
struct Remembered {
    tenants: HashMap<TenantId, Arc<Tenant>>,
    names: HashMap<TenantName, Arc<Tenant>>,
    apps: HashMap<Uuid, Arc<App>>,
    users: HashMap<Uuid, Arc<User>>,
    app_passwords: HashMap<[u8; 32], Arc<AppPassword>>,
}

impl SqliteControlStore {
    /// Opens the store in a folder, which must exist; makes the file (0600) if it is not there.
    pub fn open(folder: &Path) -> Result<SqliteControlStore, ControlError> {
        let connection = open::open(folder)?;
        Ok(SqliteControlStore {
            revoked: RwLock::new(grants::revoked(&connection)?),
            connection: Mutex::new(connection),
            remembered: RwLock::default(),
            subjects: subjects::Subjects::of(folder),
        })
    }

    /// A thread that panicked left no half-done change behind: its transaction was rolled back when it was dropped.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something in one transaction that is on disk when this returns, and forgets all that was read before.
    fn change<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, ControlError>,
    ) -> Result<T, ControlError> {
        self.change_forgetting(doing, act, |remembered| *remembered = Remembered::default())
    }

    /// The same for a change that makes only a part of what was read untrue.
    fn change_forgetting<T>(
        &self,
        doing: &'static str,
        act: impl FnOnce(&Transaction<'_>) -> Result<T, ControlError>,
        forget: impl FnOnce(&mut Remembered),
    ) -> Result<T, ControlError> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(ControlError::while_trying(doing))?;
        let result = act(&transaction)?;
        transaction.commit().map_err(ControlError::while_trying(doing))?;
        // While the connection is still locked: nobody can remember what was true before.
        forget(&mut self.remembered.write().unwrap_or_else(PoisonError::into_inner));
        Ok(result)
    }

    /// Answers from memory, else from the file, and then remembers. The connection stays locked meanwhile, so that no
    /// change comes between reading and remembering.
    fn remembering<T>(
        &self,
        recall: impl Fn(&Remembered) -> Option<Arc<T>>,
        read: impl FnOnce(&Connection) -> Result<Option<T>, ControlError>,
        remember: impl FnOnce(&mut Remembered, Arc<T>),
    ) -> Result<Option<Arc<T>>, ControlError> {
        if let Some(known) = recall(&self.remembered.read().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(Some(known));
        }
        let connection = self.connection();
        let Some(found) = read(&connection)? else {
            return Ok(None);
        };
        let found = Arc::new(found);
        remember(
            &mut self.remembered.write().unwrap_or_else(PoisonError::into_inner),
            Arc::clone(&found),
        );
        Ok(Some(found))
    }
}

impl ControlStore for SqliteControlStore {
    fn create_tenant(
        &self,
        id: TenantId,
        names: &[TenantName],
        display_name: &str,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change("create the tenant", |transaction| {
            tenants::create(transaction, id, names, display_name, now)
        })
    }

    fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, ControlError> {
        self.remembering(
            |remembered| remembered.tenants.get(&id).cloned(),
            |connection| tenants::by_id(connection, id),
            |remembered, tenant| drop(remembered.tenants.insert(id, tenant)),
        )
    }

    fn tenant_by_name(&self, name: &TenantName) -> Result<Option<Arc<Tenant>>, ControlError> {
        self.remembering(
            |remembered| remembered.names.get(name).cloned(),
            |connection| tenants::by_name(connection, name),
            |remembered, tenant| drop(remembered.names.insert(name.clone(), tenant)),
        )
    }

    fn tenants(&self) -> Result<Vec<Tenant>, ControlError> {
        tenants::all(&self.connection())
    }

    fn add_tenant_name(&self, tenant: TenantId, name: &TenantName) -> Result<(), ControlError> {
        self.change("add the tenant's name", |transaction| {
            tenants::must_exist(transaction, tenant)?;
            tenants::add_name(transaction, tenant, name)
        })
    }

    fn set_tenant_settings(&self, tenant: TenantId, settings: TenantSettings) -> Result<(), ControlError> {
        self.change("change the tenant's settings", |transaction| {
            tenants::must_exist(transaction, tenant)?;
            tenants::set_settings(transaction, tenant, settings)
        })
    }

    fn set_tenant_display_name(&self, tenant: TenantId, display_name: &str) -> Result<(), ControlError> {
        self.change("rename the tenant", |transaction| {
            tenants::must_exist(transaction, tenant)?;
            tenants::set_display_name(transaction, tenant, display_name)
        })
    }

    fn remove_tenant_name(&self, tenant: TenantId, name: &TenantName) -> Result<bool, ControlError> {
        self.change("remove the tenant's name", |transaction| {
            tenants::must_exist(transaction, tenant)?;
            tenants::remove_name(transaction, tenant, name)
        })
    }

    fn delete_tenant(&self, tenant: TenantId) -> Result<bool, ControlError> {
        self.subjects.clear(tenant)?;
        let is_deleted = self.change("delete the tenant", |transaction| {
            tenants::delete(transaction, tenant)
        })?;
        // Somebody may just have kept something.
        self.subjects.clear(tenant)?;
        Ok(is_deleted)
    }

    fn create_app(&self, app: &NewApp, now: Timestamp) -> Result<(), ControlError> {
        self.change("create the application", |transaction| {
            tenants::must_exist(transaction, app.tenant)?;
            apps::create(transaction, app, now)
        })
    }

    fn app(&self, client_id: Uuid) -> Result<Option<Arc<App>>, ControlError> {
        self.remembering(
            |remembered| remembered.apps.get(&client_id).cloned(),
            |connection| apps::by_client_id(connection, client_id),
            |remembered, app| drop(remembered.apps.insert(client_id, app)),
        )
    }

    fn apps(&self, tenant: TenantId) -> Result<Vec<App>, ControlError> {
        apps::of_tenant(&self.connection(), tenant)
    }

    fn add_secret(&self, client_id: Uuid, secret: &NewAppSecret, now: Timestamp) -> Result<(), ControlError> {
        self.change("add the secret", |transaction| {
            apps::add_secret(transaction, client_id, secret, now)
        })
    }

    fn add_certificate(
        &self,
        client_id: Uuid,
        certificate: &NewAppCertificate,
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change("add the certificate", |transaction| {
            apps::add_certificate(transaction, client_id, certificate, now)
        })
    }

    fn set_app_status(&self, client_id: Uuid, status: AppStatus, now: Timestamp) -> Result<(), ControlError> {
        self.change("switch the application", |transaction| {
            apps::set_status(transaction, client_id, status, now)
        })
    }

    fn update_app(&self, client_id: Uuid, changes: &AppChanges) -> Result<(), ControlError> {
        self.change("change the application", |transaction| {
            apps::update(transaction, client_id, changes)
        })
    }

    fn delete_secret(&self, client_id: Uuid, hash: [u8; 32]) -> Result<bool, ControlError> {
        self.change("delete the secret", |transaction| {
            apps::delete_secret(transaction, client_id, hash)
        })
    }

    fn delete_app(&self, client_id: Uuid) -> Result<bool, ControlError> {
        self.change("delete the application", |transaction| {
            apps::delete(transaction, client_id)
        })
    }

    fn put_signing_key(&self, key: &SigningKeyRecord) -> Result<(), ControlError> {
        self.change("remember the signing key", |transaction| {
            progress::put_signing_key(transaction, key)
        })
    }

    fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, ControlError> {
        progress::signing_keys(&self.connection())
    }

    fn checkpoint(&self, tenant: TenantId, source: &str) -> Result<Option<Vec<u8>>, ControlError> {
        progress::checkpoint(&self.connection(), tenant, source)
    }

    fn put_checkpoint(
        &self,
        tenant: TenantId,
        source: &str,
        value: &[u8],
        now: Timestamp,
    ) -> Result<(), ControlError> {
        self.change("remember the checkpoint", |transaction| {
            tenants::must_exist(transaction, tenant)?;
            progress::put_checkpoint(transaction, tenant, source, value, now)
        })
    }

    fn image(&self) -> Result<Vec<u8>, ControlError> {
        let image = self
            .connection()
            .serialize("main")
            .map_err(ControlError::while_trying("be copied"))?
            .to_vec();
        Ok(image)
    }
}

/// The bytes of an id, as its column holds them.
fn bytes(id: &Uuid) -> &[u8] {
    id.as_bytes()
}

/// The id in a column.
fn guid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get(column).map(Uuid::from_bytes)
}

/// The time in a column.
fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp::from_ticks)
}

/// The time in a column that may be empty.
fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let ticks: Option<i64> = row.get(column)?;
    Ok(ticks.map(Timestamp::from_ticks))
}

#[cfg(test)]
mod detection_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod user_tests;
