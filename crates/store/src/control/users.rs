//! People who sign in to the service itself, and their app passwords.

use super::error::ControlError;
use model::tenant::TenantId;
use model::time::Timestamp;
use model::user::UserName;
use std::fmt;
use std::sync::Arc;
use uuid::Uuid;

/// Keeps users, their roles, and what their sign-ins leave behind. A part of [`super::ControlStore`].
pub trait UserStore: Send + Sync {
    /// Makes a user with roles, all or nothing.
    fn create_user(&self, user: &NewUser, now: Timestamp) -> Result<(), ControlError>;

    /// A user by the object id, with the roles.
    fn user(&self, object_id: Uuid) -> Result<Option<Arc<User>>, ControlError>;

    /// A user of a tenant by name.
    fn user_by_name(&self, tenant: TenantId, name: &UserName) -> Result<Option<Arc<User>>, ControlError>;

    /// The users of a tenant, oldest first.
    fn users(&self, tenant: TenantId) -> Result<Vec<User>, ControlError>;

    /// Changes what is given and leaves the rest.
    fn update_user(&self, object_id: Uuid, changes: &UserChanges, now: Timestamp)
    -> Result<(), ControlError>;

    /// Gives a user another password, or none; earlier failures are forgotten.
    fn set_password(
        &self,
        object_id: Uuid,
        password: Option<&PasswordHash>,
        now: Timestamp,
    ) -> Result<(), ControlError>;

    /// Gives a user a secret for one-time codes, or takes it away; no step of it is used yet.
    fn set_totp(&self, object_id: Uuid, secret: Option<&TotpSecret>) -> Result<(), ControlError>;

    /// Uses up a step of the user's one-time codes. `false` if it, or a later one, was used before: a code counts once.
    fn use_totp_step(&self, object_id: Uuid, step: u64) -> Result<bool, ControlError>;

    /// One more failed sign-in, and from when the next may be tried.
    fn note_failure(&self, object_id: Uuid, delayed_until: Option<Timestamp>) -> Result<(), ControlError>;

    /// A sign-in that succeeded: failures are forgotten.
    fn note_sign_in(&self, object_id: Uuid, now: Timestamp) -> Result<(), ControlError>;

    /// Gives a user a role; again is harmless. Says whether it is new.
    fn add_role(&self, object_id: Uuid, role: &str) -> Result<bool, ControlError>;

    /// Takes a role from a user. Says whether it was there.
    fn remove_role(&self, object_id: Uuid, role: &str) -> Result<bool, ControlError>;

    /// Makes or renews a user for whom an outside issuer vouches now, with the roles of now and no others.
    fn keep_outsider(&self, user: &OutsideUser, now: Timestamp) -> Result<(), ControlError>;

    /// Removes a user and all that belongs to it: app passwords, sessions, tokens. Says whether it was there.
    fn delete_user(&self, object_id: Uuid) -> Result<bool, ControlError>;

    /// Gives a user an app password.
    fn add_app_password(
        &self,
        user: Uuid,
        password: &NewAppPassword,
        now: Timestamp,
    ) -> Result<(), ControlError>;

    /// The app password of a hash, whether it has ended or not.
    fn app_password(&self, hash: [u8; 32]) -> Result<Option<Arc<AppPassword>>, ControlError>;

    /// The app passwords of a user, oldest first.
    fn app_passwords(&self, user: Uuid) -> Result<Vec<AppPassword>, ControlError>;

    /// Remembers that an app password was used.
    fn note_app_password_use(&self, id: Uuid, now: Timestamp) -> Result<(), ControlError>;

    /// Removes an app password of a user. Says whether it was there.
    fn delete_app_password(&self, user: Uuid, id: Uuid) -> Result<bool, ControlError>;
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user's id: `oid` of tokens.
    pub object_id: Uuid,
    /// The tenant the user belongs to.
    pub tenant: TenantId,
    /// The name with which the user signs in.
    pub name: UserName,
    /// What people call the user.
    pub display_name: String,
    /// The given name, if it is known.
    pub given_name: Option<String>,
    /// The family name, if it is known.
    pub family_name: Option<String>,
    /// Since when we know the user.
    pub created: Timestamp,
    /// Since when the user is switched off.
    pub disabled: Option<Timestamp>,
    /// The hash of the password; without one nobody signs in by password.
    pub password: Option<PasswordHash>,
    /// Since when the password is this one.
    pub password_changed: Option<Timestamp>,
    /// The secret for one-time codes, if a second factor is asked for.
    pub totp: Option<Totp>,
    /// Failed sign-ins since the last one that succeeded.
    pub failures: u32,
    /// Before this instant no sign-in is tried.
    pub delayed_until: Option<Timestamp>,
    /// The last sign-in that succeeded.
    pub last_sign_in: Option<Timestamp>,
    /// Who vouched for the user, if that was an outside issuer.
    pub vouched: Option<Vouched>,
    /// The directory roles that the user holds, by name, in the order of the alphabet.
    pub roles: Vec<String>,
}

/// An outside issuer's word for a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Its `iss`.
    pub issuer: String,
    /// When the user last signed in there.
    pub signed_in: Timestamp,
}

/// Somebody who has just signed in by an outside issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideUser {
    /// The user's id, made of issuer, subject and tenant.
    pub object_id: Uuid,
    /// The tenant for which the issuer vouches.
    pub tenant: TenantId,
    /// What the user may be called, the first that is free.
    pub names: Vec<UserName>,
    /// What people call the user.
    pub display_name: String,
    /// The given name, if it is known.
    pub given_name: Option<String>,
    /// The family name, if it is known.
    pub family_name: Option<String>,
    /// The roles that the issuer's claims give, by name.
    pub roles: Vec<String>,
    /// The issuer's `iss`.
    pub issuer: String,
    /// What the issuer calls the user.
    pub subject: String,
}

/// A user to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The user's id.
    pub object_id: Uuid,
    /// The tenant the user belongs to.
    pub tenant: TenantId,
    /// The name with which the user signs in.
    pub name: UserName,
    /// What people call the user.
    pub display_name: String,
    /// The given name, if it is known.
    pub given_name: Option<String>,
    /// The family name, if it is known.
    pub family_name: Option<String>,
    /// The hash of the password, if there is one.
    pub password: Option<PasswordHash>,
    /// The directory roles that the user holds, by name.
    pub roles: Vec<String>,
}

/// What is to be changed about a user; `None` leaves it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserChanges {
    /// Another name to sign in with.
    pub name: Option<UserName>,
    /// What people call the user.
    pub display_name: Option<String>,
    /// Another given name, or none.
    pub given_name: Option<Option<String>>,
    /// Another family name, or none.
    pub family_name: Option<Option<String>>,
    /// On or off.
    pub status: Option<UserStatus>,
}

/// Whether a user may sign in and use what was given at sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// The user may.
    Enabled,
    /// The user may not.
    Disabled,
}

/// The hash of a password as a PHC string (`$argon2id$…`). It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

/// The secret for one-time codes. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(pub Vec<u8>);

/// What is kept for one-time codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Totp {
    /// The secret.
    pub secret: TotpSecret,
    /// The last step whose code was used.
    pub last_step: Option<u64>,
}

/// What is kept of an app password: a password for one program that cannot sign in interactively.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppPassword {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// What people call it.
    pub name: String,
    /// Its first characters, by which people tell them apart.
    pub hint: String,
    /// Since when it is good.
    pub created: Timestamp,
    /// From this instant on it is no longer good; `None` is never.
    pub expires: Option<Timestamp>,
    /// When it was last used, about.
    pub last_used: Option<Timestamp>,
}

/// An app password to be kept.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAppPassword {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the password.
    pub hash: [u8; 32],
    /// Its first characters.
    pub hint: String,
    /// From this instant on it is no longer good; `None` is never.
    pub expires: Option<Timestamp>,
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

impl fmt::Debug for NewAppPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "NewAppPassword({}, {}…, expires {:?})",
            self.name, self.hint, self.expires
        )
    }
}
