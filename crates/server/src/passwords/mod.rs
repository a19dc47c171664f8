//! Who a password says somebody is: checked slowly on purpose, on few threads, and slower after failures.
//!
//! Whether a user exists is not to be learnt here: an unknown name costs one hash as a known one does, gets the same
//! refusal, and is delayed alike.

pub(crate) mod tries;

use crate::app::App;
use crate::layers::ClientAddress;
use crate::own_events;
use issuer::delay::{FREE_ACCOUNT_FAILURES, FREE_ADDRESS_FAILURES};
use issuer::password::{Compared, HashFault, Password, decoy_hash};
use issuer::totp;
use model::tenant::TenantId;
use model::time::Timestamp;
use model::user::UserName;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use store::control::{ControlError, PasswordHash, User};
use tokio::sync::Semaphore;
use tokio::task::{JoinError, spawn_blocking};
use tries::{Tries, account_key, address_key};
use uuid::Uuid;

/// Hashes that may wait for a thread; more are put off. With some tens of milliseconds for each, these are seconds.
const WAITING_HASHES: usize = 64;

/// What to say to those who are put off, in seconds.
const BUSY_SECONDS: u32 = 2;

/// What a sign-in with a password needs to know between two requests.
pub struct Passwords {
    /// Hashes under way: as many as there are cores.
    threads: Arc<Semaphore>,
    /// Hashes under way and waiting.
    places: Arc<Semaphore>,
    decoy: String,
    accounts: Tries,
    addresses: Tries,
}

/// A sign-in that is tried.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The tenant of the user.
    pub tenant: TenantId,
    /// The name as it was typed.
    pub name: &'a str,
    /// The password as it was typed.
    pub password: &'a SecretString,
    /// The one-time code as it was typed, if one was asked for.
    pub code: Option<&'a str>,
    /// Where the request came from.
    pub address: ClientAddress,
    /// The client id of the application that the user signs in to.
    pub application: Option<Uuid>,
}

/// Why nobody signed in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The name is unknown, the password is another, or there is none: which of them is not told.
    #[error("the user name or the password is wrong")]
    Wrong,
    /// The password is right, and a one-time code is needed.
    #[error("a one-time code is needed")]
    CodeMissing,
    /// The password is right; the one-time code is wrong, or was used before.
    #[error("the one-time code is wrong or was used before")]
    CodeWrong,
    /// The password is right, but an administrator has switched the user off.
    #[error("the user is switched off")]
    Disabled,
    /// Too many failures of this account or from this address. Also a right password is not looked at.
    #[error("too many failures; the next try is in {seconds} s")]
    Delayed {
        /// From then on it may be tried again.
        seconds: u32,
    },
    /// Too many sign-ins at once.
    #[error("too many sign-ins at once; the next try is in {seconds} s")]
    Busy {
        /// From then on it may be tried again.
        seconds: u32,
    },
    /// The users could not be read or written.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A hash panicked.
    #[error("a password could not be checked")]
    Failed(#[from] JoinError),
}

impl Refused {
    /// The code of the old service (wire contract 4.3).
    pub fn aadsts_code(&self) -> u32 {
        match self {
            Refused::Wrong => 50126,
            Refused::CodeMissing | Refused::CodeWrong => 50076,
            Refused::Disabled => 50057,
            Refused::Delayed { .. } => 50053,
            Refused::Busy { .. } | Refused::Control(_) | Refused::Failed(_) => 90033,
        }
    }

    /// After how many seconds it is worth trying again.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Refused::Delayed { seconds } | Refused::Busy { seconds } => Some(*seconds),
            _ => None,
        }
    }
}

/// Why a password could not be hashed.
#[derive(Debug, thiserror::Error)]
pub enum NotHashed {
    /// Too many at once.
    #[error("too many sign-ins at once; try again in {BUSY_SECONDS} s")]
    Busy,
    /// The hash failed.
    #[error(transparent)]
    Hash(#[from] HashFault),
    /// The hash panicked.
    #[error("the password could not be hashed")]
    Failed(#[from] JoinError),
}

impl Passwords {
    /// With so many hashes at once.
    pub fn new(at_once: usize) -> Passwords {
        Passwords {
            threads: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + WAITING_HASHES)),
            decoy: decoy_hash(),
            accounts: Tries::new(FREE_ACCOUNT_FAILURES),
            addresses: Tries::new(FREE_ADDRESS_FAILURES),
        }
    }

    /// Makes the hash of a new password.
    pub async fn hash(&self, password: Password, salt: [u8; 16]) -> Result<PasswordHash, NotHashed> {
        let work = move || password.hash(&salt);
        let hash = self.on_a_thread(work).await.ok_or(NotHashed::Busy)??;
        Ok(PasswordHash(hash?))
    }

    async fn compare(&self, password: Password, hash: String) -> Result<Compared, Refused> {
        let work = move || password.compare(&hash);
        let compared = self.on_a_thread(work).await;
        Ok(compared.ok_or(Refused::Busy {
            seconds: BUSY_SECONDS,
        })??)
    }

    /// Runs a hash when a thread is free; `None` if too many wait already. It goes on when nobody waits for it any more,
    /// and so keeps its place until it is done.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<Result<T, JoinError>> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.ok()?;
        let held = move || {
            let done = work();
            drop((thread, place));
            done
        };
        Some(spawn_blocking(held).await)
    }

    /// How many seconds nobody may try, for this account or from this address.
    fn delay(&self, account: &[u8; 32], address: Option<&[u8; 32]>, now: Timestamp) -> Option<u32> {
        let of_address = address.and_then(|address| self.addresses.wait(address, now));
        self.accounts.wait(account, now).max(of_address)
    }
}

/// Checks a sign-in with a password, and remembers how it went.
pub async fn check(app: &Arc<App>, attempt: &Attempt<'_>) -> Result<Arc<User>, Refused> {
    let service = &app.passwords;
    let account = account_key(attempt.tenant, attempt.name);
    let address = attempt.address.0.map(address_key);
    let user = match UserName::parse(attempt.name) {
        Ok(name) => app.control.user_by_name(attempt.tenant, &name)?,
        Err(_) => None,
    };
    if let Some(user) = &user {
        service
            .accounts
            .recall(&account, user.failures, user.delayed_until, app.now());
    }
    if let Some(seconds) = service.delay(&account, address.as_ref(), app.now()) {
        return Err(Refused::Delayed { seconds });
    }

    let hash = user.as_ref().and_then(|user| user.password.as_ref());
    let hash = hash.map_or_else(|| service.decoy.clone(), |hash| hash.0.clone());
    let (password, is_sound) = match Password::typed(attempt.password.expose_secret()) {
        Ok(password) => (password, true),
        // Too long for any user's; compared all the same, so that it costs the same.
        Err(_) => (Password::empty(), false),
    };
    app.metrics.count_password_verification();
    let compared = service.compare(password, hash).await?;
    let now = app.now();
    // Guesses that were under way together shall not outrun the delay.
    if let Some(seconds) = service.delay(&account, address.as_ref(), now) {
        return Err(Refused::Delayed { seconds });
    }
    let failed = |user: Option<&Arc<User>>, refused: Refused| {
        if let Some(address) = &address {
            service.addresses.fail(address, now);
        }
        let delayed_until = service.accounts.fail(&account, now);
        if let Some(user) = user {
            note_failure(app, user, delayed_until);
            tell(app, attempt, user, Some(&refused));
        }
        refused
    };
    let Some(user) = user.filter(|user| user.password.is_some()) else {
        return Err(failed(None, Refused::Wrong));
    };
    if compared == Compared::Different || !is_sound {
        return Err(failed(Some(&user), Refused::Wrong));
    }
    if user.disabled.is_some() {
        tell(app, attempt, &user, Some(&Refused::Disabled));
        return Err(Refused::Disabled);
    }
    if let Some(second_factor) = &user.totp {
        let code = attempt.code.map(str::trim).filter(|code| !code.is_empty());
        let code = code.ok_or(Refused::CodeMissing)?;
        let step = totp::step_of(&second_factor.secret.0, code, now);
        let is_fresh = match step {
            Some(step) => app.control.use_totp_step(user.object_id, step)?,
            None => false,
        };
        if !is_fresh {
            return Err(failed(Some(&user), Refused::CodeWrong));
        }
    }
    service.accounts.succeed(&account);
    app.control.note_sign_in(user.object_id, now)?;
    tell(app, attempt, &user, None);
    Ok(user)
}

/// A sign-in of somebody whom we know becomes an event of the tenant. Delayed ones do not: whoever guesses could fill the
/// disk with them.
fn tell(app: &Arc<App>, attempt: &Attempt<'_>, user: &Arc<User>, refused: Option<&Refused>) {
    let told = own_events::SignIn {
        user: Arc::clone(user),
        application: attempt.application,
        address: attempt.address,
        failure: refused.map(|refused| (refused.aadsts_code(), refused.to_string())),
        second_factor: user.totp.is_some() && !matches!(refused, Some(Refused::Wrong)),
        issuer: None,
    };
    own_events::sign_in(app, told);
}

/// Writes a failure down, so that a restart does not forget it; apart, so that the disk's time does not tell a known user
/// from an unknown one. The delay itself counts already.
fn note_failure(app: &Arc<App>, user: &Arc<User>, delayed_until: Option<Timestamp>) {
    let (app, object_id) = (Arc::clone(app), user.object_id);
    app.background.clone().spawn_blocking(move || {
        if let Err(error) = app.control.note_failure(object_id, delayed_until) {
            tracing::warn!("a failed sign-in could not be written down: {error}");
        }
    });
}

#[cfg(test)]
mod tests;
