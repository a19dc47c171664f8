//! Asks an outside issuer over HTTP: by TLS with the authorities of the settings, without redirects or proxies of the
//! environment, within a time and a size.

use crate::config::TrustedIssuer;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, RequestBuilder};

/// Why an issuer gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchFault {
    /// Connections cannot be made at all.
    #[error("connections cannot be prepared: {0}")]
    Client(String),
    /// No answer, or not the whole of it.
    #[error("there was no answer: {0}")]
    Silent(String),
    /// Not in time.
    #[error("there was no answer in time")]
    Slow,
    /// It points elsewhere: keys are taken from where the operator said, and nowhere else.
    #[error("it answered with a redirect (status {0}), which is not followed")]
    Redirect(u16),
    /// Another status than 200.
    #[error("it answered with status {0}")]
    Status(u16),
    /// Too much of an answer.
    #[error("its answer is longer than {0} bytes")]
    TooLong(usize),
}

/// What asks this issuer. Made anew each time: that is seldom, and the machine's authorities may have changed.
pub(crate) async fn client(settings: &TrustedIssuer) -> Result<Client, FetchFault> {
    let (authorities, patience) = (settings.authorities.clone(), settings.patience);
    let is_plain = settings.trust.issuer.starts_with("http://");
    let made = tokio::task::spawn_blocking(move || {
        // Somebody else of this process may have chosen already; there is only one to choose.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .https_only(!is_plain)
            .timeout(patience)
            .user_agent(concat!("gatelog/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = authorities {
            let authorities = Certificate::from_pem_bundle(&pem).map_err(|error| root_of(&error))?;
            builder = builder.tls_certs_merge(authorities);
        }
        builder.build().map_err(|error| root_of(&error))
    });
    match made.await {
        Ok(client) => client.map_err(FetchFault::Client),
        Err(panic) => Err(FetchFault::Client(panic.to_string())),
    }
}

/// What stands at an address.
pub(crate) async fn get(client: &Client, address: &str, most_bytes: usize) -> Result<Vec<u8>, FetchFault> {
    let request = client.get(address).header("accept", "application/json");
    match answer(request, most_bytes).await? {
        (200, body) => Ok(body),
        (status, _) => Err(FetchFault::Status(status)),
    }
}

/// Status and body of an answer that is no redirect.
pub(crate) async fn answer(request: RequestBuilder, most_bytes: usize) -> Result<(u16, Vec<u8>), FetchFault> {
    let mut response = request.send().await.map_err(|error| fault_of(&error))?;
    let status = response.status().as_u16();
    if (300..400).contains(&status) {
        return Err(FetchFault::Redirect(status));
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| fault_of(&error))? {
        // Of what is unpacked, so that a small answer cannot become a large one.
        if body.len() + piece.len() > most_bytes {
            return Err(FetchFault::TooLong(most_bytes));
        }
        body.extend_from_slice(&piece);
    }
    Ok((status, body))
}

fn fault_of(error: &reqwest::Error) -> FetchFault {
    if error.is_timeout() {
        return FetchFault::Slow;
    }
    FetchFault::Silent(root_of(error))
}

/// The innermost cause: the outer ones say `error sending request`.
fn root_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
