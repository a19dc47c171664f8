//! What the service knows about itself: tenants, users, applications, keys, checkpoints and cursors. Nothing in here could
//! contradict a stored row.

mod detection;
mod error;
mod grants;
mod schema;
mod sqlite;
mod users;

pub use detection::{DetectionCursor, DetectionGrounds, DetectionSnapshot, DetectionStore, KeptSubject};
pub use error::ControlError;
pub use grants::{
    AuthorizationCode, ChallengeMethod, CodeChallenge, Decision, DeviceCode, GrantHash, GrantStore,
    NewDeviceCode, Poll, RefreshToken, Session, Taken,
};
pub use schema::SCHEMA_VERSION;
pub use sqlite::{CONTROL_FILE_NAME, DETECTION_FILE_NAME, SqliteControlStore};
pub use users::{
    AppPassword, NewAppPassword, NewUser, OutsideUser, PasswordHash, Totp, TotpSecret, User, UserChanges,
    UserStatus, UserStore, Vouched,
};

use model::tenant::{TenantId, TenantName};
use model::time::Timestamp;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// Keeps tenants, users, applications, key metadata, checkpoints and cursors. Calls wait for the disk: call them where waiting
/// is allowed. What is asked for and not there is `None`; what is to be changed and not there is an error that names it.
pub trait ControlStore: UserStore + GrantStore + DetectionStore + Send + Sync {
    /// Makes a tenant with its names, all or nothing. The first name is the main one.
    fn create_tenant(
        &self,
        id: TenantId,
        names: &[TenantName],
        display_name: &str,
        now: Timestamp,
    ) -> Result<(), ControlError>;

    /// A tenant by its id.
    fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, ControlError>;

    /// A tenant by any of its names.
    fn tenant_by_name(&self, name: &TenantName) -> Result<Option<Arc<Tenant>>, ControlError>;

    /// All tenants, oldest first.
    fn tenants(&self) -> Result<Vec<Tenant>, ControlError>;

    /// Gives a tenant another name; again is harmless.
    fn add_tenant_name(&self, tenant: TenantId, name: &TenantName) -> Result<(), ControlError>;

    /// Takes a name from a tenant. Says whether it was the tenant's.
    fn remove_tenant_name(&self, tenant: TenantId, name: &TenantName) -> Result<bool, ControlError>;

    /// Calls a tenant something else.
    fn set_tenant_display_name(&self, tenant: TenantId, display_name: &str) -> Result<(), ControlError>;

    /// Switches of a tenant, from now on.
    fn set_tenant_settings(&self, tenant: TenantId, settings: TenantSettings) -> Result<(), ControlError>;

    /// Removes a tenant with its names, users, applications, grants and all else that is its own. Says whether it was there.
    fn delete_tenant(&self, tenant: TenantId) -> Result<bool, ControlError>;

    /// Registers an application, without secrets.
    fn create_app(&self, app: &NewApp, now: Timestamp) -> Result<(), ControlError>;

    /// An application with all that belongs to it.
    fn app(&self, client_id: Uuid) -> Result<Option<Arc<App>>, ControlError>;

    /// The applications of a tenant, oldest first.
    fn apps(&self, tenant: TenantId) -> Result<Vec<App>, ControlError>;

    /// Gives an application another secret; the ones before stay. The same hash again replaces its end.
    fn add_secret(&self, client_id: Uuid, secret: &NewAppSecret, now: Timestamp) -> Result<(), ControlError>;

    /// Gives an application another certificate; the ones before stay. The same one again replaces its end.
    fn add_certificate(
        &self,
        client_id: Uuid,
        certificate: &NewAppCertificate,
        now: Timestamp,
    ) -> Result<(), ControlError>;

    /// Switches an application off (remembering since when) or on.
    fn set_app_status(&self, client_id: Uuid, status: AppStatus, now: Timestamp) -> Result<(), ControlError>;

    /// Changes what an application is called, what it may do, and where answers may go, all or nothing.
    fn update_app(&self, client_id: Uuid, changes: &AppChanges) -> Result<(), ControlError>;

    /// Takes a secret from an application: from now on it is no longer good. Says whether it was there.
    fn delete_secret(&self, client_id: Uuid, hash: [u8; 32]) -> Result<bool, ControlError>;

    /// Removes an application and all that belongs to it. Says whether it was there.
    fn delete_app(&self, client_id: Uuid) -> Result<bool, ControlError>;

    /// Remembers a signing key; the same `kid` again replaces what was known of it.
    fn put_signing_key(&self, key: &SigningKeyRecord) -> Result<(), ControlError>;

    /// All signing keys, newest first.
    fn signing_keys(&self) -> Result<Vec<SigningKeyRecord>, ControlError>;

    /// How far a source has been read, in the source's own words.
    fn checkpoint(&self, tenant: TenantId, source: &str) -> Result<Option<Vec<u8>>, ControlError>;

    /// Remembers how far a source has been read. Call it after the rows are on disk.
    fn put_checkpoint(
        &self,
        tenant: TenantId,
        source: &str,
        value: &[u8],
        now: Timestamp,
    ) -> Result<(), ControlError>;

    /// The whole store as the bytes of its file at this moment, for a backup. Take it before anything of the event store
    /// is copied: rows that are newer than their checkpoint are read once more, older ones would be missing.
    fn image(&self) -> Result<Vec<u8>, ControlError>;
}

/// A directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its names, the main one first; there may be none.
    pub names: Vec<TenantName>,
    /// What people call it.
    pub display_name: String,
    /// Since when we know it.
    pub created: Timestamp,
    /// What is switched on for it.
    pub settings: TenantSettings,
}

/// What is switched on for a tenant. A new one has what [`TenantSettings::default`] says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantSettings {
    /// Whether applications may send a user's password for a token (`grant_type=password`).
    pub password_grant: PasswordGrant,
}

/// Whether applications may send a user's password for a token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PasswordGrant {
    /// They may not: the application would learn the password.
    #[default]
    Refused,
    /// They may, for old scripts.
    Allowed,
}

/// A registered application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// Its public id.
    pub client_id: Uuid,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The id of its service principal.
    pub object_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Whether it can keep a secret.
    pub kind: AppKind,
    /// Since when it is registered.
    pub created: Timestamp,
    /// Since when it is switched off, if it is.
    pub disabled: Option<Timestamp>,
    /// Its secrets, oldest first; expired ones too.
    pub secrets: Vec<AppSecret>,
    /// The certificates by which it can prove who it is, oldest first; expired ones too.
    pub certificates: Vec<AppCertificate>,
    /// What it may do, by name.
    pub permissions: Vec<AppPermission>,
    /// The addresses to which answers of an interactive sign-in may go, exactly as registered.
    pub reply_addresses: Vec<String>,
    /// The directory roles that it holds, by name.
    pub roles: Vec<String>,
}

/// An application to be registered. Repeated permissions, addresses and roles count once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApp {
    /// Its public id.
    pub client_id: Uuid,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The id of its service principal.
    pub object_id: Uuid,
    /// What people call it.
    pub name: String,
    /// Whether it can keep a secret.
    pub kind: AppKind,
    /// What it may do, by name.
    pub permissions: Vec<AppPermission>,
    /// The addresses to which answers of an interactive sign-in may go.
    pub reply_addresses: Vec<String>,
    /// The directory roles that it holds, by name.
    pub roles: Vec<String>,
}

/// What is to be changed of an application; what is left out stays. What it has already or has not is no error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AppChanges {
    /// What people call it.
    pub name: Option<String>,
    /// Permissions that it gets.
    pub add_permissions: Vec<AppPermission>,
    /// Permissions that it loses.
    pub remove_permissions: Vec<AppPermission>,
    /// Reply addresses that it gets.
    pub add_reply_addresses: Vec<String>,
    /// Reply addresses that it loses.
    pub remove_reply_addresses: Vec<String>,
}

/// Whether an application can keep a secret (RFC 6749, 2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppKind {
    /// It runs on a server and proves who it is.
    Confidential,
    /// It runs on people's machines, where everybody can read what it knows.
    Public,
}

/// A certificate by which an application proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppCertificate {
    /// SHA-256 of the certificate.
    pub thumbprint: [u8; 32],
    /// Its public key, as the DER of a SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// Since when it is registered.
    pub created: Timestamp,
    /// From this instant on it is no longer good; `None` is never.
    pub expires: Option<Timestamp>,
}

/// A certificate to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAppCertificate {
    /// SHA-256 of the certificate.
    pub thumbprint: [u8; 32],
    /// Its public key, as the DER of a SubjectPublicKeyInfo.
    pub public_key: Vec<u8>,
    /// From this instant on it is no longer good; `None` is never.
    pub expires: Option<Timestamp>,
}

/// Whether an application may get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppStatus {
    /// It may.
    Enabled,
    /// It may not.
    Disabled,
}

/// Something that an application may do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AppPermission {
    /// For whom it acts then.
    pub kind: PermissionKind,
    /// The permission's name, such as `Directory.Read.All`.
    pub name: String,
}

/// For whom an application acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PermissionKind {
    /// For itself.
    Application,
    /// For the user who signed in.
    Delegated,
}

/// What is kept of an application's secret.
#[derive(Clone, PartialEq, Eq)]
pub struct AppSecret {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// Its first characters, by which people tell secrets apart.
    pub hint: String,
    /// Since when it is good.
    pub created: Timestamp,
    /// From this instant on it is no longer good; `None` is never.
    pub expires: Option<Timestamp>,
}

/// A secret to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAppSecret {
    /// SHA-256 of the secret.
    pub hash: [u8; 32],
    /// Its first characters.
    pub hint: String,
    /// From this instant on it is no longer good; `None` is never.
    pub expires: Option<Timestamp>,
}

/// What is known of a signing key. The key itself is in its own file and never in here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyRecord {
    /// Its name in token headers.
    pub kid: String,
    /// Since when it exists.
    pub created: Timestamp,
    /// From this instant on nothing that it signed is accepted; `None` while it is in use.
    pub not_after: Option<Timestamp>,
    /// The name of its file in the folder of keys.
    pub file_name: String,
}

impl fmt::Debug for AppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "AppSecret({}…, created {}, expires {:?})",
            self.hint, self.created, self.expires
        )
    }
}

impl fmt::Debug for NewAppSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewAppSecret({}…, expires {:?})", self.hint, self.expires)
    }
}
