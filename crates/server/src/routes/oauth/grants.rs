//! The grants of users, for a client that has proved who it is: what is looked up and kept around each decision.

use super::{Failure, issuing};
use crate::app::App;
use crate::layers::ClientAddress;
use crate::passwords::{self, Attempt, Refused};
use crate::{clients, trusted};
use edge::chance;
use issuer::audience::REPORTS_RESOURCE_ID;
use issuer::client::Client;
use issuer::grant::{AddressedTenant, Proof, TokenAnswer, wanted};
use issuer::opaque::{MAX_OPAQUE_BYTES, Opaque, hash_of};
use issuer::pkce::{Challenge, Method};
use issuer::protocol::Protocol;
use issuer::refusal::Refusal;
use issuer::scope::Wanted;
use issuer::token_request::{Grant, TokenRequest};
use issuer::user_grant::{self, KeptCode, UserGrant};
use model::time::{TICKS_PER_SECOND, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use store::control::{ChallengeMethod, GrantHash, PasswordGrant, Poll, RefreshToken, Taken, User};
use tokio::task::spawn_blocking;
use uuid::Uuid;

/// How often a device may ask, in seconds; it is told so with its code.
pub(super) const DEVICE_INTERVAL_SECONDS: i64 = 5;

/// Asking this much earlier is still taken for asking in time: clients wait by clocks of their own.
const DEVICE_LENIENCE_TICKS: i64 = TICKS_PER_SECOND;

/// How long a revoked sign-in is remembered, in seconds: longer than any access token lives, and longer than it takes to
/// make one.
const REVOKED_SECONDS: i64 = 2 * 86_400;

/// A request of a client that is who it says.
pub(super) struct Ready {
    pub(super) app: Arc<App>,
    pub(super) request: TokenRequest,
    pub(super) tenant: AddressedTenant,
    pub(super) client: Client,
    pub(super) proof: Proof,
    pub(super) now: Timestamp,
}

/// What a user permitted, whatever brought it about.
struct Permitted {
    user: Uuid,
    family: Uuid,
    resource: String,
    granted: String,
    nonce: Option<String>,
}

/// Until when a revoked sign-in is remembered.
pub(super) fn revoked_until(now: Timestamp) -> Timestamp {
    now.plus_seconds(REVOKED_SECONDS)
}

/// Under which hash a text from outside would be known; `None` if it is too long to be one of ours.
pub(super) fn known_as(text: &SecretString) -> Option<GrantHash> {
    let text = text.expose_secret().trim();
    (text.len() <= MAX_OPAQUE_BYTES).then(|| GrantHash(hash_of(text)))
}

/// What counts once: whatever came of it was revoked when it was used again.
fn fresh<T>(taken: Taken<T>, app: Uuid, used: Refusal, unknown: Refusal) -> Result<T, Failure> {
    match taken {
        Taken::Fresh(kept) => Ok(kept),
        Taken::Used => {
            tracing::warn!(app = %app, "what its sign-in gave was revoked: {used}");
            Err(used.into())
        }
        Taken::None => Err(unknown.into()),
    }
}

impl Ready {
    /// Answers a grant of a user.
    pub(super) async fn give(self, address: ClientAddress) -> Result<TokenAnswer, Failure> {
        let user = match &self.request.grant {
            Grant::Password { name, password } => Some(self.sign_in(name, password, address).await?),
            _ => None,
        };
        // What follows waits for the disk.
        let decided = spawn_blocking(move || match &self.request.grant {
            Grant::AuthorizationCode {
                code,
                reply_address,
                verifier,
            } => self.code(code, reply_address.as_deref(), verifier.as_ref()),
            Grant::RefreshToken(token) => self.refresh(token),
            Grant::DeviceCode(code) => self.device(code),
            Grant::Password { .. } | Grant::ClientCredentials => self.password(user.as_deref()),
        });
        match decided.await {
            Ok(decided) => decided,
            Err(panic) => {
                tracing::error!("a token could not be made: {panic}");
                Err(Failure::Unavailable)
            }
        }
    }

    /// What the request asks for; `before` is the resource that was permitted before.
    fn wanted(&self, before: Option<&str>) -> Result<Wanted, Refusal> {
        wanted(&self.request, before, &self.tenant, &self.app.authority)
    }

    fn code(
        &self,
        code: &SecretString,
        reply_address: Option<&str>,
        verifier: Option<&SecretString>,
    ) -> Result<TokenAnswer, Failure> {
        // A request that can never be answered must not use the code up.
        self.wanted(Some(REPORTS_RESOURCE_ID))?;
        let hash = known_as(code).ok_or(Refusal::UnknownCode)?;
        let app = self.client.client_id;
        let taken = self
            .app
            .control
            .take_code(hash, app, self.now, revoked_until(self.now))?;
        let kept = fresh(taken, app, Refusal::UsedCode, Refusal::UnknownCode)?;
        let presented = KeptCode {
            reply_address: kept.reply_address.clone(),
            challenge: kept.challenge.as_ref().map(|challenge| Challenge {
                text: challenge.text.clone(),
                method: match challenge.method {
                    ChallengeMethod::Plain => Method::Plain,
                    ChallengeMethod::S256 => Method::S256,
                },
            }),
            expires: kept.expires,
        };
        let protocol = self.request.protocol;
        user_grant::check_code(
            &presented,
            reply_address,
            verifier,
            &self.client,
            protocol,
            self.now,
        )?;
        let wanted = self.wanted(Some(&kept.resource))?;
        self.tokens(&Permitted {
            user: kept.user,
            family: kept.family,
            resource: wanted.resource,
            granted: kept.scope,
            nonce: kept.nonce,
        })
    }

    fn refresh(&self, token: &SecretString) -> Result<TokenAnswer, Failure> {
        self.wanted(Some(REPORTS_RESOURCE_ID))?;
        let hash = known_as(token).ok_or(Refusal::UnknownRefreshToken)?;
        let app = self.client.client_id;
        let found = self
            .app
            .control
            .take_refresh_token(hash, app, self.now, revoked_until(self.now))?;
        let kept = fresh(
            found,
            app,
            Refusal::UsedRefreshToken,
            Refusal::UnknownRefreshToken,
        )?;
        let wanted = self.wanted(Some(&kept.resource))?;
        self.tokens(&Permitted {
            user: kept.user,
            family: kept.family,
            granted: user_grant::renewed(&kept.scope, &wanted, &self.client),
            resource: wanted.resource,
            nonce: None,
        })
    }

    fn device(&self, code: &SecretString) -> Result<TokenAnswer, Failure> {
        let hash = known_as(code).ok_or(Refusal::UnknownDeviceCode)?;
        let interval = DEVICE_INTERVAL_SECONDS * TICKS_PER_SECOND - DEVICE_LENIENCE_TICKS;
        let app = self.client.client_id;
        let refusal = match self.app.control.poll_device(hash, app, self.now, interval)? {
            Poll::Approved(device) => {
                return self.tokens(&Permitted {
                    user: device.user.ok_or(Refusal::UnknownDeviceCode)?,
                    family: chance::guid(),
                    resource: device.resource,
                    granted: device.scope,
                    nonce: None,
                });
            }
            Poll::Pending => Refusal::DevicePending,
            // ADAL gives up at an error that it does not know.
            Poll::TooFast if self.request.protocol == Protocol::V1 => Refusal::DevicePending,
            Poll::TooFast => Refusal::DeviceTooFast,
            Poll::Declined => Refusal::DeviceDeclined,
            Poll::Expired => Refusal::DeviceExpired,
            Poll::None => Refusal::UnknownDeviceCode,
        };
        Err(refusal.into())
    }

    /// Name and password in the hands of the application: only in v1, and only where the tenant lets them.
    async fn sign_in(
        &self,
        name: &str,
        password: &SecretString,
        address: ClientAddress,
    ) -> Result<Arc<User>, Failure> {
        let tenant = self.app.control.tenant_by_id(self.client.tenant)?;
        let is_allowed =
            tenant.is_some_and(|tenant| tenant.settings.password_grant == PasswordGrant::Allowed);
        if self.request.protocol != Protocol::V1 || !is_allowed {
            return Err(Refusal::UnsupportedGrant {
                grant: "password".to_owned(),
            }
            .into());
        }
        let attempt = Attempt {
            tenant: self.client.tenant,
            name,
            password,
            code: None,
            address,
            application: Some(self.client.client_id),
        };
        passwords::check(&self.app, &attempt)
            .await
            .map_err(|refused| match refused {
                Refused::Wrong => Refusal::WrongPassword.into(),
                Refused::CodeMissing | Refused::CodeWrong => Refusal::SecondFactorNeeded.into(),
                Refused::Disabled => Refusal::UserDisabled.into(),
                Refused::Delayed { seconds } => Refusal::Locked {
                    retry_after_seconds: u64::from(seconds),
                }
                .into(),
                Refused::Busy { seconds } => Refusal::TooMany {
                    retry_after_seconds: u64::from(seconds),
                }
                .into(),
                Refused::Control(error) => Failure::Control(error),
                Refused::Failed(error) => {
                    tracing::error!("a password could not be checked: {error}");
                    Failure::Unavailable
                }
            })
    }

    fn password(&self, user: Option<&User>) -> Result<TokenAnswer, Failure> {
        let user = user.ok_or(Refusal::WrongPassword)?;
        let wanted = self.wanted(None)?;
        // Nobody can be asked here; that the administrator gave the permission, and let passwords be used, must do.
        self.tokens(&Permitted {
            user: user.object_id,
            family: chance::guid(),
            granted: wanted.granted(&self.client),
            resource: wanted.resource,
            nonce: None,
        })
    }

    /// Makes the tokens of what was permitted, and keeps what gets the next ones.
    fn tokens(&self, permitted: &Permitted) -> Result<TokenAnswer, Failure> {
        let app = &self.app;
        let user = app.control.user(permitted.user)?;
        if let Some(user) = &user
            && !trusted::is_vouched_for(app, user)?
        {
            return Err(Refusal::ExpiredGrant.into());
        }
        let user = user.as_deref().map(clients::user);
        let user = user_grant::check_user(user.as_ref(), &self.client)?;
        let protocol = self.request.protocol;
        let config = app.config();
        let refresh = user_grant::wants_refresh(&permitted.granted, protocol)
            .then(|| Opaque::from_random(&chance::bytes()));
        let grant = UserGrant {
            client: &self.client,
            proof: self.proof,
            user,
            resource: &permitted.resource,
            granted: &permitted.granted,
            nonce: permitted.nonce.as_deref(),
            family: permitted.family,
        };
        let keys = app.keys();
        let issuing = issuing(app, &keys, protocol, self.now);
        let answer = user_grant::tokens(grant, refresh.as_ref(), issuing)?;
        if let Some(refresh) = &refresh {
            let kept = RefreshToken {
                family: permitted.family,
                app: self.client.client_id,
                user: permitted.user,
                resource: permitted.resource.clone(),
                scope: permitted.granted.clone(),
                expires: self.now.plus_seconds(config.tokens.refresh.as_secs() as i64),
            };
            // What it came of may have been revoked in this very moment.
            if !app
                .control
                .put_refresh_token(GrantHash(refresh.hash), &kept, self.now)?
            {
                return Err(Refusal::UsedCode.into());
            }
        }
        Ok(answer)
    }
}
