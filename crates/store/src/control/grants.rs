//! What users granted to applications: sessions, consents, codes, refresh tokens, device codes, and what was revoked.

use super::error::ControlError;
use model::tenant::TenantId;
use model::time::Timestamp;
use std::fmt;
use uuid::Uuid;

/// SHA-256 of a code, a token or a cookie. The text itself is nowhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct GrantHash(pub [u8; 32]);

/// Keeps grants. A part of [`super::ControlStore`]. What counts once is taken and marked in one transaction, so that of
/// two requests at the same time one gets it.
pub trait GrantStore: Send + Sync {
    /// Keeps an authorization code.
    fn put_code(&self, hash: GrantHash, code: &AuthorizationCode, now: Timestamp)
    -> Result<(), ControlError>;

    /// Takes a code of an application; from now on it is used. One that was used before revokes all that came of it, until
    /// `revoked_until`. Whoever asks for another application's code gets, and changes, nothing.
    fn take_code(
        &self,
        hash: GrantHash,
        app: Uuid,
        now: Timestamp,
        revoked_until: Timestamp,
    ) -> Result<Taken<AuthorizationCode>, ControlError>;

    /// Keeps a refresh token, unless what it came of was revoked meanwhile. Says whether it is kept.
    fn put_refresh_token(
        &self,
        hash: GrantHash,
        token: &RefreshToken,
        now: Timestamp,
    ) -> Result<bool, ControlError>;

    /// Takes a refresh token of an application; from now on it is used. One that was used before revokes all that came of
    /// the same sign-in, until `revoked_until`. One that has ended or was revoked is none.
    fn take_refresh_token(
        &self,
        hash: GrantHash,
        app: Uuid,
        now: Timestamp,
        revoked_until: Timestamp,
    ) -> Result<Taken<RefreshToken>, ControlError>;

    /// A refresh token that could be taken now, without taking it.
    fn refresh_token(&self, hash: GrantHash, now: Timestamp) -> Result<Option<RefreshToken>, ControlError>;

    /// Revokes all that came of a sign-in: refresh tokens for good, access tokens until the instant given.
    fn revoke_family(&self, family: Uuid, until: Timestamp, now: Timestamp) -> Result<(), ControlError>;

    /// Revokes one access token by its own id.
    fn revoke_token(&self, token_id: &str, until: Timestamp) -> Result<(), ControlError>;

    /// Whether an access token was revoked, by its id or with all that came of its sign-in. Answered from memory.
    fn is_revoked(&self, token_id: Option<&str>, family: Option<Uuid>) -> bool;

    /// Keeps a device code; its user code must not be taken. Says whether it is kept.
    fn put_device_code(
        &self,
        hash: GrantHash,
        code: &NewDeviceCode,
        now: Timestamp,
    ) -> Result<bool, ControlError>;

    /// The device that shows a user code and waits.
    fn waiting_device(&self, user_code: &str, now: Timestamp) -> Result<Option<DeviceCode>, ControlError>;

    /// What a user decided for a waiting device. Says whether it still waited.
    fn decide_device(
        &self,
        user_code: &str,
        user: Uuid,
        decision: Decision,
        now: Timestamp,
    ) -> Result<bool, ControlError>;

    /// A device asks whether its user has decided. An approved code is used by this; asking earlier than `interval_ticks`
    /// after the last time is told.
    fn poll_device(
        &self,
        hash: GrantHash,
        app: Uuid,
        now: Timestamp,
        interval_ticks: i64,
    ) -> Result<Poll, ControlError>;

    /// Remembers that a browser signed in.
    fn put_session(
        &self,
        hash: GrantHash,
        user: Uuid,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<(), ControlError>;

    /// A session that has not ended.
    fn session(&self, hash: GrantHash, now: Timestamp) -> Result<Option<Session>, ControlError>;

    /// Ends a session. Says whether it was there.
    fn end_session(&self, hash: GrantHash) -> Result<bool, ControlError>;

    /// The permissions that a user agreed to for an application, by name.
    fn consents(&self, user: Uuid, app: Uuid) -> Result<Vec<String>, ControlError>;

    /// Remembers what a user agreed to; again is harmless.
    fn add_consents(
        &self,
        user: Uuid,
        app: Uuid,
        permissions: &[&str],
        now: Timestamp,
    ) -> Result<(), ControlError>;

    /// Ends everything that a user's sign-ins gave: sessions, codes, refresh tokens; access tokens until the instant
    /// given. For a changed password, and for an account that was taken over.
    fn end_grants_of(&self, user: Uuid, until: Timestamp, now: Timestamp) -> Result<(), ControlError>;

    /// Forgets what has ended. Says how many rows it was.
    fn forget_ended(&self, now: Timestamp) -> Result<usize, ControlError>;
}

/// What became of something that counts once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken<T> {
    /// It was there, and is now used.
    Fresh(T),
    /// It was used before; what came of it was revoked.
    Used,
    /// There is none such.
    None,
}

/// What an authorization code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationCode {
    /// What all tokens of this sign-in have in common.
    pub family: Uuid,
    /// The application.
    pub app: Uuid,
    /// The user.
    pub user: Uuid,
    /// The address that it is sent to.
    pub reply_address: String,
    /// The resource that was asked for.
    pub resource: String,
    /// Scopes and permissions.
    pub scope: String,
    /// What the application wants back.
    pub nonce: Option<String>,
    /// The challenge that protects it.
    pub challenge: Option<CodeChallenge>,
    /// From this instant on it is no good.
    pub expires: Timestamp,
}

/// A challenge of RFC 7636.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChallenge {
    /// Its text.
    pub text: String,
    /// How it was made.
    pub method: ChallengeMethod,
}

/// How a challenge is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeMethod {
    /// It is the verifier.
    Plain,
    /// It is SHA-256 of the verifier.
    S256,
}

/// What a refresh token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// What all tokens of this sign-in have in common.
    pub family: Uuid,
    /// The application.
    pub app: Uuid,
    /// The user.
    pub user: Uuid,
    /// The resource of the original request.
    pub resource: String,
    /// Scopes and permissions.
    pub scope: String,
    /// From this instant on it is no good.
    pub expires: Timestamp,
}

/// A device that asks for its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDeviceCode {
    /// What the user types.
    pub user_code: String,
    /// The tenant of the application.
    pub tenant: TenantId,
    /// The application.
    pub app: Uuid,
    /// The resource that was asked for.
    pub resource: String,
    /// Scopes and permissions.
    pub scope: String,
    /// From this instant on it is no good.
    pub expires: Timestamp,
}

/// A device that waits for its user, or has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceCode {
    /// The application.
    pub app: Uuid,
    /// The user who approved, if somebody has.
    pub user: Option<Uuid>,
    /// The resource that was asked for.
    pub resource: String,
    /// Scopes and permissions.
    pub scope: String,
}

/// What a user says to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may.
    Approve,
    /// It may not.
    Decline,
}

/// What a device learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// The user approved; the code is used now.
    Approved(DeviceCode),
    /// Nobody has decided yet.
    Pending,
    /// Nobody has decided yet, and it asks too often.
    TooFast,
    /// The user said no.
    Declined,
    /// Nobody decided in time.
    Expired,
    /// There is no such code, or it was used.
    None,
}

/// A browser that signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user: Uuid,
    /// When.
    pub created: Timestamp,
}

impl fmt::Debug for GrantHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GrantHash(…)")
    }
}
