//! Requests over HTTP: whom to trust, how long to wait, how much to read, and which side failed.

use super::error::ClientError;
use super::host::Host;
use super::retry::{ATTEMPTS, Patience, decide};
use super::said::said;
use crate::exit::Usage;
use crate::output::say;
use edge::clock::{self, Stopwatch};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, Proxy, Url};
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Silence for so long is an end. A page that is looked for in years of events may take its time.
const SILENCE_TIMEOUT: Duration = Duration::from_secs(300);
/// No page is so long: 1,000 rows of 60 KB.
const LONGEST_BODY: usize = 64 << 20;

/// What the connections are made of.
#[derive(Debug, Default)]
pub(crate) struct Wiring<'a> {
    /// Authorities in PEM that are trusted beside the machine's own.
    pub(crate) ca_file: Option<&'a Path>,
    /// A proxy; those of the environment are not looked at.
    pub(crate) proxy: Option<&'a str>,
    /// Whether each request is told on standard error.
    pub(crate) debug: bool,
    /// Whether waiting is not told.
    pub(crate) quiet: bool,
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    debug: bool,
    quiet: bool,
    /// Whether a throttled request is sent again here, or its answer is handed on.
    waits: bool,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// A request that can be sent again.
pub(crate) struct Ask<'a> {
    method: Method,
    url: &'a Url,
    bearer: Option<&'a SecretString>,
    headers: &'a [(&'static str, &'static str)],
    form: Option<String>,
    json: Option<String>,
    /// Any body, with headers of its own.
    content: Option<(HeaderMap, bytes::Bytes)>,
}

impl<'a> Ask<'a> {
    /// Asks for something.
    pub(crate) fn get(url: &'a Url) -> Ask<'a> {
        Ask {
            method: Method::GET,
            url,
            bearer: None,
            headers: &[],
            form: None,
            json: None,
            content: None,
        }
    }

    /// Sends bytes, with headers that say what they are.
    pub(crate) fn content(url: &'a Url, headers: HeaderMap, body: bytes::Bytes) -> Ask<'a> {
        Ask {
            method: Method::POST,
            content: Some((headers, body)),
            ..Ask::get(url)
        }
    }

    /// Any method, with a body of JSON if there is one.
    #[cfg_attr(windows, allow(dead_code, reason = "only the service's commands administer"))]
    pub(crate) fn json(method: Method, url: &'a Url, json: Option<String>) -> Ask<'a> {
        Ask {
            method,
            json,
            ..Ask::get(url)
        }
    }

    /// Sends a form.
    pub(crate) fn form(url: &'a Url, fields: &[(&str, &str)]) -> Ask<'a> {
        Ask {
            method: Method::POST,
            form: Some(form(fields)),
            ..Ask::get(url)
        }
    }

    /// With a token.
    pub(crate) fn bearer(mut self, token: &'a SecretString) -> Ask<'a> {
        self.bearer = Some(token);
        self
    }

    /// With more headers.
    pub(crate) fn headers(mut self, headers: &'a [(&'static str, &'static str)]) -> Ask<'a> {
        self.headers = headers;
        self
    }
}

/// `a=b&c=d`, encoded.
fn form(fields: &[(&str, &str)]) -> String {
    // The address is only a place to hang the query on.
    let Ok(mut url) = Url::parse("http://form/") else {
        return String::new();
    };
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}

impl Http {
    /// Makes the connections' settings.
    pub(crate) fn new(wiring: &Wiring<'_>) -> anyhow::Result<Http> {
        // Somebody else of this process may have chosen already; there is only one to choose.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut builder = Client::builder()
            .no_proxy()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_TIMEOUT)
            .user_agent(concat!("gatelog/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = wiring.ca_file {
            let pem = std::fs::read(path).map_err(|error| ClientError::file(path, &error))?;
            let authorities =
                Certificate::from_pem_bundle(&pem).map_err(|error| ClientError::file(path, &error))?;
            if authorities.is_empty() {
                return Err(Usage(format!("{} has no certificate in PEM", path.display())).into());
            }
            builder = builder.tls_certs_merge(authorities);
        }
        if let Some(proxy) = wiring.proxy {
            let proxy = Proxy::all(proxy)
                .map_err(|error| Usage(format!("the proxy {proxy:?} cannot be used: {error}")))?;
            builder = builder.proxy(proxy);
        }
        let client = builder
            .build()
            .map_err(|error| anyhow::anyhow!("prepare connections: {}", root_of(&error)))?;
        Ok(Http {
            client,
            debug: wiring.debug,
            quiet: wiring.quiet,
            waits: true,
        })
    }

    /// The same for somebody who waits by itself: the answer to each request is handed on at once.
    pub(crate) fn without_waiting(self) -> Http {
        Http { waits: false, ..self }
    }

    /// Sends a request and reads the whole answer. A throttled request waits and is sent again, some times.
    pub(crate) async fn send(&self, ask: &Ask<'_>) -> Result<Answer, ClientError> {
        let mut attempt = 1;
        loop {
            let answer = self.send_once(ask).await?;
            if !self.waits || !matches!(answer.status, 429 | 503) {
                return Ok(answer);
            }
            let header = answer
                .headers
                .get(RETRY_AFTER)
                .and_then(|value| value.to_str().ok());
            match decide(attempt, header, clock::now().unix_seconds()) {
                Patience::Wait(wait) => {
                    if !self.quiet {
                        say(&format!(
                            "{} asks for patience (status {}): waiting {} s, then attempt {} of {ATTEMPTS}",
                            origin(ask.url),
                            answer.status,
                            wait.as_secs(),
                            attempt + 1
                        ));
                    }
                    tokio::time::sleep(wait).await;
                    attempt += 1;
                }
                Patience::GiveUp => {
                    let waits = header.map_or_else(String::new, |header| format!("; Retry-After: {header}"));
                    return Err(ClientError::Throttled {
                        host: origin(ask.url),
                        said: format!(
                            "{}; given up after {attempt} of {ATTEMPTS} attempts{waits}",
                            said(answer.status, &answer.body)
                        ),
                    });
                }
            }
        }
    }

    async fn send_once(&self, ask: &Ask<'_>) -> Result<Answer, ClientError> {
        let watch = Stopwatch::start();
        let mut request = self.client.request(ask.method.clone(), ask.url.clone());
        if !ask.headers.iter().any(|(name, _)| *name == ACCEPT.as_str()) {
            request = request.header(ACCEPT, "application/json");
        }
        for (name, value) in ask.headers {
            request = request.header(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        if let Some(token) = ask.bearer {
            let value = format!("Bearer {}", token.expose_secret());
            let mut value = HeaderValue::from_str(&value).map_err(|_| {
                ClientError::NotSignedIn(
                    "the token has characters that no token has; sign in anew".to_owned(),
                )
            })?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(form) = &ask.form {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone());
        }
        if let Some(json) = &ask.json {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(json.clone());
        }
        if let Some((headers, body)) = &ask.content {
            request = request.headers(headers.clone()).body(body.clone());
        }
        let outcome = async {
            let mut response = request.send().await.map_err(|error| whose(ask.url, &error))?;
            let status = response.status().as_u16();
            let headers = std::mem::take(response.headers_mut());
            let mut body = Vec::new();
            while let Some(piece) = response.chunk().await.map_err(|error| whose(ask.url, &error))? {
                if body.len() + piece.len() > LONGEST_BODY {
                    return Err(ClientError::Strange {
                        host: origin(ask.url),
                        what: format!("an answer of more than {} MiB", LONGEST_BODY >> 20),
                    });
                }
                body.extend_from_slice(&piece);
            }
            Ok(Answer {
                status,
                headers,
                body,
            })
        }
        .await;
        if self.debug {
            // Neither headers nor forms: they carry tokens and secrets.
            let end = match &outcome {
                Ok(answer) => format!(
                    "{} {} bytes request-id {}",
                    answer.status,
                    answer.body.len(),
                    answer.header("request-id").unwrap_or("-")
                ),
                Err(error) => error.to_string(),
            };
            say(&format!(
                "debug: {} {} -> {end} ({} ms)",
                ask.method,
                ask.url,
                watch.elapsed().as_millis()
            ));
        }
        outcome
    }
}

impl Answer {
    /// A header's text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// This answer, if it is one of success.
    pub(crate) fn ok(self, host: &Host) -> Result<Answer, ClientError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        if (300..400).contains(&self.status) {
            return Err(ClientError::Strange {
                host: host.origin(),
                what: format!(
                    "a redirect to {} (a token is sent nowhere else than it was got for)",
                    self.header("location").unwrap_or("nowhere")
                ),
            });
        }
        Err(ClientError::Refused {
            host: host.origin(),
            status: self.status,
            said: said(self.status, &self.body),
        })
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Tells a failure of TLS from one of the network.
fn whose(url: &Url, error: &reqwest::Error) -> ClientError {
    let host = origin(url);
    let reason = root_of(error);
    if is_of_tls(error) {
        return ClientError::Tls { host, reason };
    }
    if error.is_connect() {
        return ClientError::Unreachable { host, reason };
    }
    if error.is_timeout() {
        let reason = format!("no word for {} s", SILENCE_TIMEOUT.as_secs());
        return ClientError::BrokeOff { host, reason };
    }
    ClientError::BrokeOff { host, reason }
}

/// The innermost cause: the outer ones say `error sending request`.
fn root_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn is_of_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    if error.is::<rustls::Error>() {
        return true;
    }
    // What is packed into an error of input and output is not its source.
    let inside = error
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    inside.is_some_and(|inside| is_of_tls(inside)) || error.source().is_some_and(is_of_tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_encoded() {
        assert_eq!(form(&[("a", "b c&d"), ("é", "+")]), "a=b+c%26d&%C3%A9=%2B");
        assert_eq!(form(&[]), "");
    }
}
