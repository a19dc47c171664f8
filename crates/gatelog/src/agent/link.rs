//! The way to the service: a token of the application, kept and renewed, and requests that carry it.

use super::gap::Gap;
use super::spool::Piece;
use crate::client::auth::endpoints::{Endpoints, Protocol, discover};
use crate::client::auth::grant::Applicant;
use crate::client::auth::proof::{Proof, SecretSource};
use crate::client::error::ClientError;
use crate::client::host::Host;
use crate::client::http::{Answer, Ask, Http, Wiring};
use anyhow::Context;
use edge::clock;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use std::path::PathBuf;

/// What the token is for.
pub(crate) const RESOURCE: &str = "api://gatelog-ingest";
/// A token that ends within so many seconds is renewed before it is used.
const MARGIN_SECONDS: i64 = 60;

/// Which service, and who sends.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    pub(crate) host: Host,
    pub(crate) authority: Option<Host>,
    pub(crate) tenant: String,
    pub(crate) client_id: String,
    pub(crate) secret: Option<SecretSource>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) proxy: Option<String>,
    pub(crate) oauth: Option<Protocol>,
}

/// Sends to the service.
pub(crate) struct Link {
    service: Service,
    http: Http,
    endpoints: Option<Endpoints>,
    token: Option<(SecretString, i64)>,
}

impl Link {
    /// Nothing is sent yet.
    pub(crate) fn new(service: Service) -> anyhow::Result<Link> {
        let http = Http::new(&Wiring {
            ca_file: service.ca_file.as_deref(),
            proxy: service.proxy.as_deref(),
            debug: false,
            quiet: true,
        })?;
        Ok(Link {
            service,
            http: http.without_waiting(),
            endpoints: None,
            token: None,
        })
    }

    /// A token that does not end at once. The secret is read anew for each, so that a changed one counts without a restart.
    pub(crate) async fn token(&mut self) -> anyhow::Result<SecretString> {
        let now = clock::now().unix_seconds();
        if let Some((token, ends)) = &self.token
            && *ends - MARGIN_SECONDS > now
        {
            return Ok(token.clone());
        }
        let service = &self.service;
        let proof = Proof::read(service.secret.as_ref(), service.certificate.as_deref())?;
        let authority = service.authority.as_ref().unwrap_or(&service.host);
        let endpoints = match &self.endpoints {
            Some(endpoints) => endpoints.clone(),
            None => discover(&self.http, authority, &service.tenant, service.oauth).await?,
        };
        let applicant = Applicant {
            http: &self.http,
            endpoints: &endpoints,
            client_id: &service.client_id,
            resource: RESOURCE,
            proof: &proof,
        };
        let granted = applicant.as_itself().await;
        let granted = match granted {
            Ok(granted) => granted,
            Err(error) => {
                // The addresses may be others by now.
                self.endpoints = None;
                return Err(error.into());
            }
        };
        self.endpoints = Some(endpoints);
        // A short token is used all the same, once.
        let ends = now + granted.lifetime_seconds;
        self.token = Some((granted.access_token.clone(), ends));
        Ok(granted.access_token)
    }

    /// Sends a piece to the address of its format.
    pub(crate) async fn bring(&mut self, piece: &Piece, format: &str) -> anyhow::Result<Answer> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(&piece.kind)?);
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("zstd"));
        headers.insert(
            HeaderName::from_static("gatelog-source"),
            HeaderValue::from_str(&piece.input)?,
        );
        headers.insert(
            HeaderName::from_static("gatelog-sequence"),
            HeaderValue::from(piece.sequence),
        );
        let path = [
            self.service.tenant.clone(),
            "ingest".to_owned(),
            format.to_owned(),
        ];
        self.post(&path, &headers, &piece.body.clone().into()).await
    }

    /// Tells a gap.
    pub(crate) async fn tell(&mut self, input: &str, gap: &Gap) -> anyhow::Result<Answer> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let path = [
            self.service.tenant.clone(),
            "sources".to_owned(),
            input.to_owned(),
            "gaps".to_owned(),
        ];
        self.post(&path, &headers, &gap.json().to_string().into()).await
    }

    /// Sends with a token; one that the service refuses is renewed once.
    async fn post(
        &mut self,
        path: &[String],
        headers: &HeaderMap,
        body: &bytes::Bytes,
    ) -> anyhow::Result<Answer> {
        let parts: Vec<&str> = path.iter().map(String::as_str).collect();
        let url = self.service.host.at(&parts);
        let token = self.token().await.context("get a token")?;
        let ask = || Ask::content(&url, headers.clone(), body.clone());
        let answer = self.http.send(&ask().bearer(&token)).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.token = None;
        let token = self.token().await.context("renew the token")?;
        Ok(self.http.send(&ask().bearer(&token)).await?)
    }
}

/// Whose side failed, in a word that a log can be searched for.
pub(crate) fn side(error: &anyhow::Error) -> &'static str {
    match error.downcast_ref::<ClientError>() {
        Some(ClientError::Unreachable { .. }) => "unreachable",
        Some(ClientError::Tls { .. }) => "tls",
        Some(ClientError::BrokeOff { .. }) => "broken off",
        Some(ClientError::NotSignedIn(_)) => "no token",
        Some(ClientError::Throttled { .. }) => "throttled",
        _ => "failed",
    }
}
