//! Outside issuers whose tokens are taken: what they publish is asked for when it is needed, and kept for a while.
//!
//! A request waits for an issuer only if its own token needs a key that is not known yet. Whatever an issuer does, tokens
//! of the others and of our own are not touched by it.

mod fetch;
mod issuer;
pub(crate) mod once;
pub(crate) mod sign_in;

pub use issuer::{Issuer, Known};

use crate::app::App;
use crate::auth;
use crate::config::{TenantRef, TrustedIssuer};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use issuer_room::outside::token::{Claimed, claimed_issuer};
use model::tenant::TenantId;
use std::sync::Arc;
use store::control::{ControlError, ControlStore, User};

/// The room of the same name, whose `Issuer` is ours.
use ::issuer as issuer_room;

/// The issuers of the configuration.
#[derive(Default)]
pub struct Trusted {
    issuers: Vec<Arc<Issuer>>,
}

impl Trusted {
    /// Those of a configuration. What was known of one that did not change is kept.
    pub fn of(settings: &[Arc<TrustedIssuer>], before: &Trusted) -> Trusted {
        let issuers = settings.iter().map(|settings| {
            let same = before.issuers.iter().find(|known| *known.settings == **settings);
            same.cloned()
                .unwrap_or_else(|| Arc::new(Issuer::new(Arc::clone(settings))))
        });
        Trusted {
            issuers: issuers.collect(),
        }
    }

    /// Whether there is none, as in most installations.
    pub fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    /// The issuer whose token a text claims to be, and its key. Nothing of it is checked.
    pub fn claimed(&self, token: &str) -> Option<(&Arc<Issuer>, Claimed)> {
        if self.issuers.is_empty() {
            return None;
        }
        let claimed = claimed_issuer(token)?;
        let issuer = self
            .issuers
            .iter()
            .find(|issuer| issuer.settings.trust.issuer == claimed.issuer)?;
        Some((issuer, claimed))
    }

    /// The issuers by which people of a tenant may sign in.
    pub fn for_sign_in(
        &self,
        control: &dyn ControlStore,
        tenant: TenantId,
    ) -> Result<Vec<Arc<Issuer>>, ControlError> {
        let mut found = Vec::new();
        for issuer in &self.issuers {
            if issuer.settings.sign_in.is_some() && vouches_for(&issuer.settings, control, tenant)? {
                found.push(Arc::clone(issuer));
            }
        }
        Ok(found)
    }
}

/// Whether an issuer vouches for people of a tenant.
pub fn vouches_for(
    settings: &TrustedIssuer,
    control: &dyn ControlStore,
    tenant: TenantId,
) -> Result<bool, ControlError> {
    Ok(tenants(settings, control)?.contains(&tenant))
}

/// The tenants for which an issuer vouches, as far as they are there.
pub fn tenants(settings: &TrustedIssuer, control: &dyn ControlStore) -> Result<Vec<TenantId>, ControlError> {
    let mut found = Vec::new();
    for named in &settings.tenants {
        let tenant = match named {
            TenantRef::Id(id) => control.tenant_by_id(*id)?,
            TenantRef::Name(name) => control.tenant_by_name(name)?,
        };
        if let Some(tenant) = tenant
            && !found.contains(&tenant.id)
        {
            found.push(tenant.id);
        }
    }
    Ok(found)
}

/// Whether a user may go on with what was given: always one of ours; one from outside while the issuer is trusted for the
/// tenant, and the last sign-in there is not too long ago.
pub fn is_vouched_for(app: &App, user: &User) -> Result<bool, ControlError> {
    let Some(vouched) = &user.vouched else {
        return Ok(true);
    };
    let trusted = app.trusted();
    let issuer = trusted
        .issuers
        .iter()
        .find(|issuer| issuer.settings.trust.issuer == vouched.issuer);
    let Some((settings, sign_in)) =
        issuer.and_then(|issuer| Some((&issuer.settings, issuer.settings.sign_in.as_ref()?)))
    else {
        return Ok(false);
    };
    let end = vouched.signed_in.plus_seconds(sign_in.lasts.as_secs() as i64);
    Ok(end > app.now() && vouches_for(settings, app.control.as_ref(), user.tenant)?)
}

/// Sees to it, before a route looks at its token, that the keys of the token's issuer are there if they can be had.
pub async fn prepare(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let trusted = app.trusted();
    if !trusted.is_empty()
        && let Some(token) = auth::bearer(request.headers())
        && let Some((issuer, claimed)) = trusted.claimed(token)
    {
        issuer.ready_for(&app, claimed.kid.as_deref()).await;
    }
    next.run(request).await
}
