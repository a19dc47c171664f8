//! A service with somebody who may ask it: finds a token, renews it in time and when it is refused, and keeps it.

use super::arguments::Connection;
use super::auth::endpoints::discover;
use super::auth::grant::Applicant;
use super::auth::keeper::{Held, Keeper};
use super::auth::login::{Kind, Login};
use super::auth::proof::{Proof, SecretSource};
use super::error::ClientError;
use super::host::{Host, PlainHttp};
use super::http::{Answer, Ask, Http, Wiring};
use super::profiles::{self, DEFAULT_RESOURCE, Settings};
use crate::exit::Usage;
use crate::output::say;
use anyhow::Context;
use edge::clock;
use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// A service, a tenant of it, and who asks.
pub(crate) struct Session {
    pub(crate) settings: Settings,
    pub(crate) http: Http,
    pub(crate) host: Host,
    pub(crate) tenant: String,
    keeper: Option<Keeper>,
    login: Option<Login>,
    /// A secret that came by standard input, which can be read only once.
    secret: Option<SecretString>,
}

impl Session {
    /// Puts together what flags, variables, the profile and the last sign-in say. Nothing is sent yet.
    pub(crate) fn open(connection: &Connection, file: Option<&Path>) -> anyhow::Result<Session> {
        let mut settings = profiles::settings(connection, file)?;
        // Without a home, a program with credentials of its own can work all the same.
        let keeper = Keeper::open().ok();
        let login = match &keeper {
            Some(keeper) => keeper.login(&settings.profile)?,
            None => None,
        };
        let is_ours = login.as_ref().is_some_and(|login| belongs(login, &settings));
        if let Some(login) = &login {
            fill(&mut settings, login)?;
        }
        let login = login.filter(|_| is_ours);
        if let Some(login) = &login {
            fill_credentials(&mut settings, login);
        }
        let host = settings.host.clone().ok_or_else(|| {
            Usage(
                "no service is named: use --host, GATELOG_HOST, `host` in the profile, or `gatelog login` once".to_owned(),
            )
        })?;
        let tenant = settings.tenant.clone().ok_or_else(|| {
            Usage("no tenant is named: use --tenant, GATELOG_TENANT or `tenant` in the profile".to_owned())
        })?;
        let http = Http::new(&Wiring {
            ca_file: settings.ca_file.as_deref(),
            proxy: settings.proxy.as_deref(),
            debug: settings.debug,
            quiet: settings.quiet,
        })?;
        Ok(Session {
            settings,
            http,
            host,
            tenant,
            keeper,
            login,
            secret: None,
        })
    }

    /// The sign-in that is in use.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// The file that keeps sign-ins.
    pub(crate) fn keeper(&self) -> Result<Keeper, ClientError> {
        self.keeper.clone().map_or_else(Keeper::open, Ok)
    }

    /// Where tokens come from.
    pub(crate) fn authority(&self) -> &Host {
        self.settings.authority.as_ref().unwrap_or(&self.host)
    }

    /// What tokens are for.
    pub(crate) fn resource(&self) -> &str {
        self.settings.resource.as_deref().unwrap_or(DEFAULT_RESOURCE)
    }

    /// Asks for an address of the service. A token that the service refuses is renewed once, and the same asked again.
    pub(crate) async fn get(
        &mut self,
        url: &Url,
        headers: &[(&'static str, &'static str)],
    ) -> anyhow::Result<Answer> {
        if !self.host.owns(url) {
            return Err(ClientError::Strange {
                host: self.host.origin(),
                what: format!(
                    "the address {url}, which is not on {}; the token is sent nowhere else",
                    self.host.origin()
                ),
            }
            .into());
        }
        let token = self.token().await?;
        let answer = self
            .http
            .send(&Ask::get(url).headers(headers).bearer(&token))
            .await?;
        if answer.status != 401 || self.settings.token.is_some() {
            return Ok(answer.ok(&self.host)?);
        }
        let token = self.renew(Some(&token)).await?;
        let answer = self
            .http
            .send(&Ask::get(url).headers(headers).bearer(&token))
            .await?;
        Ok(answer.ok(&self.host)?)
    }

    /// Asks administration of the tenant, below `/{tenant}/admin`. The answer is given whatever its status; a token that the
    /// service refuses is renewed once.
    #[cfg_attr(windows, expect(dead_code, reason = "only the service's commands administer"))]
    pub(crate) async fn administer(
        &mut self,
        method: &str,
        target: &str,
        body: Option<String>,
    ) -> anyhow::Result<Answer> {
        let address = format!("{}/{}/admin{target}", self.host.origin(), self.tenant);
        let url = Url::parse(&address).with_context(|| format!("ask {address}"))?;
        let method = Method::from_bytes(method.as_bytes())?;
        let token = self.token().await?;
        let answer = self
            .http
            .send(&Ask::json(method.clone(), &url, body.clone()).bearer(&token))
            .await?;
        if answer.status != 401 || self.settings.token.is_some() {
            return Ok(answer);
        }
        let token = self.renew(Some(&token)).await?;
        Ok(self
            .http
            .send(&Ask::json(method, &url, body).bearer(&token))
            .await?)
    }

    /// A token that does not end at once.
    pub(crate) async fn token(&mut self) -> anyhow::Result<SecretString> {
        if let Some(token) = &self.settings.token {
            return Ok(token.clone());
        }
        let now = clock::now().unix_seconds();
        if let Some(login) = &self.login
            && login.is_fresh(now)
        {
            return Ok(login.access_token.clone());
        }
        self.renew(None).await
    }

    /// Gets another token, unless another process has just done so. `refused` is the one that the service did not take.
    async fn renew(&mut self, refused: Option<&SecretString>) -> anyhow::Result<SecretString> {
        let held = match &self.keeper {
            Some(keeper) => match keeper.hold().await {
                Ok(held) => Some(held),
                // An application needs no file; a person's refresh token must not be used twice.
                Err(error) if self.has_credentials() => {
                    self.note(&format!("the token is not kept: {error}"));
                    None
                }
                Err(error) => return Err(error.into()),
            },
            None => None,
        };
        if let Some(held) = &held {
            let other = held.login(&self.settings.profile)?;
            if let Some(other) = other.filter(|login| belongs(login, &self.settings)) {
                let is_another = refused
                    .is_none_or(|refused| refused.expose_secret() != other.access_token.expose_secret());
                let is_fresh = other.is_fresh(clock::now().unix_seconds());
                let token = other.access_token.clone();
                self.login = Some(other);
                if is_another && is_fresh {
                    return Ok(token);
                }
            }
        }
        let login = self.another().await?;
        let token = login.access_token.clone();
        self.keep(held.as_ref(), &login)?;
        self.login = Some(login);
        Ok(token)
    }

    fn keep(&self, held: Option<&Held>, login: &Login) -> Result<(), ClientError> {
        match held.map_or(Ok(()), |held| held.keep(&self.settings.profile, login)) {
            Err(error) if login.kind == Kind::Application => {
                self.note(&format!("the token is not kept: {error}"));
                Ok(())
            }
            other => other,
        }
    }

    /// Renews the sign-in, or signs the application in anew.
    async fn another(&mut self) -> anyhow::Result<Login> {
        let now = || clock::now().unix_seconds();
        if let Some(login) = self.login.as_ref().filter(|login| login.kind == Kind::User) {
            let Some(refresh_token) = &login.refresh_token else {
                return Err(self
                    .not_signed_in("the sign-in has ended, and the service gave nothing to renew it with"));
            };
            let proof = Proof::read(login.secret.as_ref(), login.certificate.as_deref())?;
            let applicant = Applicant {
                http: &self.http,
                endpoints: &login.endpoints,
                client_id: &login.client_id,
                resource: &login.resource,
                proof: &proof,
            };
            let granted = applicant.by_refresh_token(refresh_token).await;
            return match granted {
                Ok(granted) => Ok(login.renewed(granted, now())),
                Err(ClientError::NotSignedIn(reason)) => {
                    Err(self.not_signed_in(&format!("the sign-in could not be renewed: {reason}")))
                }
                Err(error) => Err(error.into()),
            };
        }
        self.sign_application_in().await
    }

    /// Signs the application in by its secret or certificate.
    pub(crate) async fn sign_application_in(&mut self) -> anyhow::Result<Login> {
        if !self.has_credentials() {
            return Err(self.not_signed_in("there is no token for this service and tenant"));
        }
        let proof = self.proof()?;
        let client_id = self.client_id()?;
        let known = self.login.as_ref().map(|login| login.endpoints.clone());
        let known = known.filter(|known| self.settings.oauth.is_none_or(|asked| asked == known.protocol));
        let endpoints = match known {
            Some(endpoints) => endpoints,
            None => discover(&self.http, self.authority(), &self.tenant, self.settings.oauth).await?,
        };
        let applicant = Applicant {
            http: &self.http,
            endpoints: &endpoints,
            client_id,
            resource: self.resource(),
            proof: &proof,
        };
        let granted = applicant.as_itself().await?;
        let ends = clock::now().unix_seconds() + granted.lifetime_seconds;
        Ok(Login {
            kind: Kind::Application,
            host: self.host.origin(),
            tenant: self.tenant.clone(),
            client_id: client_id.to_owned(),
            resource: self.resource().to_owned(),
            authority: self.settings.authority.as_ref().map(Host::origin),
            secret: self.settings.secret.as_ref().and_then(SecretSource::to_keep),
            certificate: self.settings.certificate.as_deref().map(absolute),
            ca_file: self.settings.ca_file.as_deref().map(absolute),
            proxy: self.settings.proxy.clone(),
            plain_http: self.settings.plain_http == PlainHttp::Allowed,
            access_token: granted.access_token,
            refresh_token: None,
            ends,
            lifetime_seconds: granted.lifetime_seconds,
            endpoints,
        })
    }

    fn proof(&mut self) -> anyhow::Result<Proof> {
        if self.settings.secret != Some(SecretSource::Stdin) {
            return Proof::read(
                self.settings.secret.as_ref(),
                self.settings.certificate.as_deref(),
            );
        }
        let secret = match &self.secret {
            Some(secret) => secret.clone(),
            None => SecretSource::Stdin.read()?,
        };
        self.secret = Some(secret.clone());
        Ok(Proof::Secret(secret))
    }

    /// The application, or how to name it.
    pub(crate) fn client_id(&self) -> Result<&str, Usage> {
        self.settings.client_id.as_deref().ok_or_else(|| {
            Usage(
                "no application is named: use --client-id, GATELOG_CLIENT_ID or `client_id` in the profile; an \
                 administrator registers one with `gatelog app create`"
                    .to_owned(),
            )
        })
    }

    /// Whether an application can prove itself.
    pub(crate) fn has_credentials(&self) -> bool {
        self.settings.secret.is_some() || self.settings.certificate.is_some()
    }

    /// Something that the user may like to know.
    pub(crate) fn note(&self, text: &str) {
        if !self.settings.quiet {
            say(&format!("gatelog: {text}"));
        }
    }

    fn not_signed_in(&self, reason: &str) -> anyhow::Error {
        let profile = match self.settings.profile.as_str() {
            profiles::DEFAULT_PROFILE => String::new(),
            name => format!(" --profile {name}"),
        };
        ClientError::NotSignedIn(format!(
            "not signed in to {} (tenant {}): {reason}; run `gatelog login{profile} --host {} --tenant {}`",
            self.host.origin(),
            self.tenant,
            self.host.origin(),
            self.tenant
        ))
        .into()
    }
}

/// Whether a sign-in is of the service, tenant and application that are asked for. What is not asked for, it fills in.
fn belongs(login: &Login, settings: &Settings) -> bool {
    let same = |asked: Option<&str>, known: &str| asked.is_none_or(|asked| asked.eq_ignore_ascii_case(known));
    let origin = settings.host.as_ref().map(Host::origin);
    let authority = settings.authority.as_ref().map(Host::origin);
    same(origin.as_deref(), &login.host)
        && same(settings.tenant.as_deref(), &login.tenant)
        && same(settings.client_id.as_deref(), &login.client_id)
        && same(settings.resource.as_deref(), &login.resource)
        && (authority.is_none() || authority == login.authority)
        // Somebody who names a secret wants the application, not the person who signed in by it.
        && !(settings.secret.is_some() && login.kind == Kind::User)
}

/// What nothing else says of the service is as it was at the sign-in, unless another service is named.
fn fill(settings: &mut Settings, login: &Login) -> Result<(), Usage> {
    let asked = settings.host.as_ref().map(Host::origin);
    if asked.is_some_and(|asked| asked != login.host) {
        return Ok(());
    }
    if login.plain_http {
        settings.plain_http = PlainHttp::Allowed;
    }
    if settings.host.is_none() {
        settings.host = Some(Host::parse(&login.host, settings.plain_http)?);
    }
    if settings.authority.is_none() {
        let authority = login.authority.as_deref();
        settings.authority = authority
            .map(|text| Host::parse(text, settings.plain_http))
            .transpose()?;
    }
    settings.tenant.get_or_insert_with(|| login.tenant.clone());
    settings.client_id.get_or_insert_with(|| login.client_id.clone());
    settings.resource.get_or_insert_with(|| login.resource.clone());
    if settings.ca_file.is_none() {
        settings.ca_file.clone_from(&login.ca_file);
    }
    if settings.proxy.is_none() {
        settings.proxy.clone_from(&login.proxy);
    }
    Ok(())
}

/// The application can sign in again as it did.
fn fill_credentials(settings: &mut Settings, login: &Login) {
    if settings.secret.is_none() && settings.certificate.is_none() && login.kind == Kind::Application {
        settings.secret.clone_from(&login.secret);
        settings.certificate.clone_from(&login.certificate);
    }
}

fn absolute(path: &Path) -> std::path::PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
