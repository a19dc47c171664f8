//! Who asks: a bearer token, the tenant it is for, and what its application and its user may do now.

use crate::app::App;
use crate::trusted::{self, Issuer};
use crate::{basic, clients};
use http::{HeaderMap, header};
use issuer::audience::{Audience, Permission};
use issuer::challenge::{self, Reason};
use issuer::outside::token::{OutsideFault, object_id};
use issuer::verify::{TokenFault, VerifiedToken};
use model::reports::ReportDef;
use model::role::{DefinedRole, DirectoryRole, masked_in};
use model::tenant::TenantId;
use std::sync::Arc;
use store::control::{self, ControlError, User};
use uuid::Uuid;

/// Who asks, checked.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant whose rows may be read or written.
    pub tenant: TenantId,
    /// The application.
    pub app_id: Uuid,
    /// The user for whom it acts, if it acts for one.
    pub user: Option<Uuid>,
    /// What may be read.
    pub reads: Reads,
}

/// What a caller may read.
#[derive(Debug, Clone)]
pub enum Reads {
    /// Every report.
    Everything,
    /// What the roles give, each report by the one that shows the most of it.
    OfRoles {
        /// Whether the reports that are not about security are read whole.
        not_security: bool,
        /// Roles that the operator defined; none for most people, which costs nothing.
        defined: Vec<Arc<DefinedRole>>,
    },
}

/// The properties of a report that a caller sees as null; none for most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Masked(pub Vec<&'static str>);

/// The roles that read what is about security, for answers to those who lack them.
const SECURITY_ROLES: &[DirectoryRole] = &[
    DirectoryRole::GlobalAdministrator,
    DirectoryRole::SecurityAdministrator,
    DirectoryRole::SecurityReader,
];

/// Why a request was not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// No `Authorization: Bearer`.
    #[error("the request carries no bearer token")]
    NoToken,
    /// The app password is unknown, over, or of somebody who is switched off or called otherwise.
    #[error("the user name or the app password is wrong, or the app password has ended")]
    BadPassword,
    /// A token that is none of ours, not for this, or over.
    #[error("{0}")]
    BadToken(TokenFault),
    /// A token of an outside issuer that is no good.
    #[error("of the issuer `{issuer}`: {fault}")]
    BadOutsideToken {
        /// The issuer's name in the configuration.
        issuer: String,
        /// What is wrong with it.
        fault: OutsideFault,
    },
    /// A token of an outside issuer whose keys could not be had, so far.
    #[error("the issuer `{issuer}` cannot be asked for its keys")]
    SilentIssuer {
        /// The issuer's name in the configuration.
        issuer: String,
        /// When to try again.
        retry_after_seconds: u64,
    },
    /// A good token of another tenant; whether the addressed one exists is not told.
    #[error("the token is of another tenant than the address")]
    OtherTenant,
    /// The application is gone or switched off since the token was made.
    #[error("the application {0} is not registered here any more, or is disabled")]
    NoSuchApplication(Uuid),
    /// The application has not the permission.
    #[error("the application {app_id} does not have the permission {permission}")]
    NoPermission {
        /// The application.
        app_id: Uuid,
        /// What it lacks.
        permission: &'static str,
    },
    /// The user is gone or switched off since the token was made.
    #[error("the user {0} is not known here any more, or is disabled")]
    NoSuchUser(Uuid),
    /// The user has none of the roles that may.
    #[error("the user has none of the roles that may read this")]
    NoRole {
        /// The roles that may, by name.
        needed: Vec<&'static str>,
    },
    /// The token was revoked, or what it came of.
    #[error("the token was revoked")]
    Revoked,
    /// It could not be looked up.
    #[error(transparent)]
    Control(#[from] ControlError),
}

/// Lets in an application of the addressed tenant that has the permission, for itself or for a user with a role.
pub fn caller(
    app: &App,
    headers: &HeaderMap,
    tenant_word: &str,
    permission: Permission,
) -> Result<Caller, Denied> {
    if basic::is_carried(headers) {
        return basic::caller(app, headers, tenant_word, permission);
    }
    // Outside issuers vouch for readers; whoever sends events is registered here.
    if permission == Permission::DirectoryReadAll
        && let Some(outside) = outsider(app, headers, tenant_word)?
    {
        return Ok(outside);
    }
    let (verified, client) = known(app, headers, tenant_word, permission.audience())?;
    // Both must agree: the token says what was granted then, the control store what holds now.
    let name = permission.name();
    let granted = match &verified.user {
        None => verified.roles.iter().any(|role| role == name) && clients::holds(&client, permission),
        Some(user) => {
            user.scopes.iter().any(|scope| scope == name) && clients::holds_delegated(&client, permission)
        }
    };
    if !granted {
        return Err(Denied::NoPermission {
            app_id: verified.app_id,
            permission: name,
        });
    }
    let (user, reads) = if verified.user.is_none() {
        (None, Reads::Everything)
    } else {
        let user = living(app, &verified)?;
        (Some(user.object_id), reads_of(app, &user.roles)?)
    };
    Ok(Caller {
        tenant: verified.tenant,
        app_id: verified.app_id,
        user,
        reads,
    })
}

/// Whoever a trusted outside issuer vouches for; `None` if the token is not of one.
///
/// Nothing is remembered of such a token: a key that its issuer takes back, and a rule that the operator changes, count
/// from the next request on.
fn outsider(app: &App, headers: &HeaderMap, tenant_word: &str) -> Result<Option<Caller>, Denied> {
    let trusted = app.trusted();
    let Some((issuer, token)) = bearer(headers).and_then(|token| Some((trusted.claimed(token)?.0, token)))
    else {
        return Ok(None);
    };
    let (settings, now) = (&issuer.settings, app.now());
    let Some(published) = issuer.known(now) else {
        return Err(Denied::SilentIssuer {
            issuer: settings.name.clone(),
            retry_after_seconds: settings.pause.as_secs(),
        });
    };
    let outsider = settings
        .trust
        .access_token(token, &published.keys, now)
        .map_err(|fault| Denied::BadOutsideToken {
            issuer: settings.name.clone(),
            fault,
        })?;
    let tenant = tenant_of(app, issuer, tenant_word)?;
    let id = object_id(&settings.trust.issuer, &outsider.subject, tenant);
    // Whoever signed in here before can be switched off here, too.
    let is_disabled = |user: &User| user.tenant != tenant || user.disabled.is_some();
    if app.control.user(id)?.is_some_and(|user| is_disabled(&user)) {
        return Err(Denied::NoSuchUser(id));
    }
    tracing::debug!(issuer = %settings.name, user = %id, "a token of an outside issuer was taken");
    Ok(Some(Caller {
        tenant,
        app_id: object_id(
            &settings.trust.issuer,
            &format!("client {}", outsider.client.as_deref().unwrap_or_default()),
            tenant,
        ),
        user: Some(id),
        reads: reads_of(app, &outsider.roles)?,
    }))
}

/// The addressed tenant, if the issuer vouches for it. Where it vouches for several, the address must name one.
fn tenant_of(app: &App, issuer: &Issuer, tenant_word: &str) -> Result<TenantId, Denied> {
    let tenants = trusted::tenants(&issuer.settings, app.control.as_ref())?;
    if is_own_tenant(tenant_word) {
        let [only] = tenants.as_slice() else {
            return Err(Denied::OtherTenant);
        };
        return Ok(*only);
    }
    clients::tenant(app.control.as_ref(), tenant_word)?
        .filter(|addressed| tenants.contains(addressed))
        .ok_or(Denied::OtherTenant)
}

/// The user of a token for the reports, and the application that holds it, whatever both may do.
pub fn user_of(app: &App, headers: &HeaderMap, tenant_word: &str) -> Result<(Uuid, Arc<User>), Denied> {
    let (verified, _) = known(app, headers, tenant_word, Audience::Reports)?;
    if verified.user.is_none() {
        return Err(Denied::NoSuchUser(verified.object_id));
    }
    Ok((verified.app_id, living(app, &verified)?))
}

/// Lets in a Global Administrator of the addressed tenant, by a token of ours whose application may act as its user in all things.
pub fn administrator(
    app: &App,
    headers: &HeaderMap,
    tenant_word: &str,
) -> Result<(TenantId, Arc<User>), Denied> {
    let permission = Permission::AccessAsUser;
    let (verified, client) = known(app, headers, tenant_word, permission.audience())?;
    let scopes = verified.user.as_ref().map(|user| user.scopes.as_slice());
    let is_granted = scopes.is_some_and(|scopes| scopes.iter().any(|scope| scope == permission.name()));
    if !is_granted || !clients::holds_delegated(&client, permission) {
        return Err(Denied::NoPermission {
            app_id: verified.app_id,
            permission: permission.name(),
        });
    }
    let user = living(app, &verified)?;
    if !clients::is_administrator(&user) {
        return Err(Denied::NoRole {
            needed: vec![DirectoryRole::GlobalAdministrator.name()],
        });
    }
    Ok((verified.tenant, user))
}

impl Caller {
    /// Whether a report may be read, and what of it is masked.
    pub fn may_read(&self, report: &ReportDef) -> Result<Masked, Denied> {
        self.reads.of(report).ok_or_else(|| Denied::NoRole {
            needed: needed_for(report),
        })
    }
}

impl Reads {
    /// What is masked of a report; `None` if it may not be read at all.
    pub fn of(&self, report: &ReportDef) -> Option<Masked> {
        let Reads::OfRoles {
            not_security,
            defined,
        } = self
        else {
            return Some(Masked::default());
        };
        if *not_security && !is_about_security(report) {
            return Some(Masked::default());
        }
        masked_in(defined, report).map(Masked)
    }
}

/// The built-in roles that read a report.
fn needed_for(report: &ReportDef) -> Vec<&'static str> {
    let roles = if is_about_security(report) {
        SECURITY_ROLES
    } else {
        DirectoryRole::ALL
    };
    roles.iter().map(|role| role.name()).collect()
}

/// Reports of suspicion and of lost credentials: who reads usage has no business with them.
fn is_about_security(report: &ReportDef) -> bool {
    const SECURITY_REPORTS: &[&str] = &[
        "allUsersWithAnomalousSignInActivityEvents",
        "compromisedCredentials",
        "irregularSignInActivityEvents",
        "signInsAfterMultipleFailuresEvents",
        "signInsFromIPAddressesWithSuspiciousActivityEvents",
        "signInsFromMultipleGeographiesEvents",
        "signInsFromPossiblyInfectedDevicesEvents",
        "signInsFromUnknownSourcesEvents",
        "threatenedCredentials",
        "weakCredentials",
    ];
    SECURITY_REPORTS.contains(&report.name)
}

/// What roles let read now, by their names, whatever the token says of them. A name that nobody defines any more reads nothing.
pub(crate) fn reads_of(app: &App, roles: &[String]) -> Result<Reads, Denied> {
    let (mut not_security, mut defined) = (false, Vec::new());
    for name in roles {
        match DirectoryRole::kept_as(name) {
            Some(role) if SECURITY_ROLES.contains(&role) => return Ok(Reads::Everything),
            Some(_) => not_security = true,
            None => defined.extend(app.config().roles.by_name(name).cloned()),
        }
    }
    if not_security || !defined.is_empty() {
        return Ok(Reads::OfRoles {
            not_security,
            defined,
        });
    }
    Err(Denied::NoRole {
        needed: DirectoryRole::ALL.iter().map(|role| role.name()).collect(),
    })
}

/// The user of a token, if it is still there and switched on.
fn living(app: &App, verified: &VerifiedToken) -> Result<Arc<User>, Denied> {
    let gone = || Denied::NoSuchUser(verified.object_id);
    let user = app
        .control
        .user(verified.object_id)?
        .filter(|user| user.tenant == verified.tenant && user.disabled.is_none())
        .ok_or_else(gone)?;
    if !trusted::is_vouched_for(app, &user)? {
        return Err(gone());
    }
    Ok(user)
}

/// A good token of the addressed tenant that was not revoked, and its application, which is still there.
fn known(
    app: &App,
    headers: &HeaderMap,
    tenant_word: &str,
    audience: Audience,
) -> Result<(Arc<VerifiedToken>, Arc<control::App>), Denied> {
    let token = bearer(headers).ok_or(Denied::NoToken)?;
    let verified = verify(app, token, audience)?;
    if !addresses(app, tenant_word, verified.tenant)? {
        return Err(Denied::OtherTenant);
    }
    let family = verified.user.as_ref().map(|user| user.family);
    if app.control.is_revoked(verified.token_id.as_deref(), family) {
        return Err(Denied::Revoked);
    }
    let client = app
        .control
        .app(verified.app_id)?
        .filter(|client| client.tenant == verified.tenant && client.disabled.is_none())
        .ok_or(Denied::NoSuchApplication(verified.app_id))?;
    Ok((verified, client))
}

/// The `WWW-Authenticate` of a refusal: Bearer alone, as ADAL's parser wants it; Basic for a request that carried it.
pub fn challenge(app: &App, tenant_word: &str, denied: &Denied) -> String {
    if matches!(denied, Denied::BadPassword) {
        return basic::CHALLENGE.to_owned();
    }
    let reason = match denied {
        Denied::NoToken => Reason::Missing,
        Denied::BadToken(fault) => fault.reason(),
        Denied::BadOutsideToken {
            fault: OutsideFault::Expired,
            ..
        } => Reason::Expired,
        _ => Reason::Invalid,
    };
    let tenant = if is_own_tenant(tenant_word) || !is_plain(tenant_word) {
        "common"
    } else {
        tenant_word
    };
    challenge::bearer(&app.authority, tenant, reason)
}

/// An empty tenant, `$tenantdomain` and `myorganization` mean the token's tenant (wire contract 0.9).
pub fn is_own_tenant(word: &str) -> bool {
    word.is_empty()
        || word.eq_ignore_ascii_case("myorganization")
        || word.eq_ignore_ascii_case("$tenantdomain")
}

/// Only such words may stand in a header that quotes them.
fn is_plain(word: &str) -> bool {
    word.len() <= 253
        && word
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

pub(crate) fn addresses(app: &App, word: &str, tenant: TenantId) -> Result<bool, Denied> {
    if is_own_tenant(word) {
        return Ok(true);
    }
    Ok(clients::tenant(app.control.as_ref(), word)? == Some(tenant))
}

fn verify(app: &App, token: &str, audience: Audience) -> Result<Arc<VerifiedToken>, Denied> {
    let now = app.now();
    if let Some(verified) = app.tokens.get(token, now) {
        if verified.audience != audience {
            return Err(Denied::BadToken(TokenFault::Audience));
        }
        return Ok(verified);
    }
    let keys = app.keys();
    let verified = keys
        .verifier
        .verify(token, &[audience], now)
        .map_err(Denied::BadToken)?;
    let verified = Arc::new(verified);
    app.tokens.put(token, Arc::clone(&verified), now);
    if !Arc::ptr_eq(&keys, &app.keys()) {
        // The keys changed meanwhile: what was just remembered may be refused by the new ones.
        app.tokens.clear();
    }
    Ok(verified)
}

/// The token of `Authorization: Bearer …`; the scheme in any case (RFC 9110 11.1).
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return None;
    };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn check(given: &[&str], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in given {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(bearer(&headers), expected, "{given:?}");
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        check(&["Bearer abc.def.ghi"], Some("abc.def.ghi"));
        check(&["bearer  abc"], Some("abc"));
    }

    #[test]
    fn anything_else_is_no_token() {
        check(&[], None);
        check(&["Bearer"], None);
        check(&["Bearer "], None);
        check(&["Basic abc"], None);
        check(&["Bearer a", "Bearer b"], None);
    }
}
