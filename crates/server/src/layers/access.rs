//! One line in the log and one measure for every request, written when the answer's last byte is gone.

use super::{ClientAddress, RequestId, TenantAddresses};
use crate::metrics::Metrics;
use axum::body::{Body, Bytes};
use edge::clock::Stopwatch;
use edge::logging::ACCESS;
use http::{Method, StatusCode, Uri};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// Options of a query whose values say nothing of anybody; other values stay out of the log.
const OPEN_OPTIONS: &[&str] = &[
    "api-version",
    "$top",
    "$skip",
    "$select",
    "$orderby",
    "$count",
    "$format",
];

/// Asked every few seconds by machines; they are measured, and logged only when they fail.
const PROBES: &[&str] = &["/livez", "/readyz", "/healthz", "/metrics"];

/// The longest path or query in the log.
const MOST_SHOWN_BYTES: usize = 1_024;

/// What is longer is no name of an option but something that lost its own.
const LONGEST_NAME_BYTES: usize = 40;

/// The open requests of one connection. Nobody is woken when one comes or goes: who wants to know looks from time to time.
#[derive(Debug)]
pub(crate) struct OpenRequests {
    open: AtomicUsize,
    /// When the last one ended, in microseconds of `age`.
    ended: AtomicU64,
    age: Stopwatch,
}

impl OpenRequests {
    /// None yet.
    pub(crate) fn none() -> Arc<OpenRequests> {
        Arc::new(OpenRequests {
            open: AtomicUsize::new(0),
            ended: AtomicU64::new(0),
            age: Stopwatch::start(),
        })
    }

    /// Time since the connection began.
    pub(crate) fn age(&self) -> Duration {
        self.age.elapsed()
    }

    /// Since which age no request has been open; `None` while one is.
    pub(crate) fn none_since(&self) -> Option<Duration> {
        // What the last one noted before it counted itself out is seen with its count.
        (self.open.load(Ordering::Acquire) == 0)
            .then(|| Duration::from_micros(self.ended.load(Ordering::Relaxed)))
    }
}

/// Counts a request as open on its connection until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenRequest(Arc<OpenRequests>);

impl OpenRequest {
    /// Counts one more.
    pub(crate) fn new(open: &Arc<OpenRequests>) -> Arc<OpenRequest> {
        open.open.fetch_add(1, Ordering::Relaxed);
        Arc::new(OpenRequest(Arc::clone(open)))
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let age = self.0.age().as_micros() as u64;
        self.0.ended.store(age, Ordering::Relaxed);
        self.0.open.fetch_sub(1, Ordering::Release);
    }
}

/// What will be logged of a request.
#[derive(Debug)]
pub(super) struct AccessLine {
    pub(super) metrics: Arc<Metrics>,
    pub(super) request: RequestId,
    pub(super) client: ClientAddress,
    pub(super) tenants: TenantAddresses,
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) started: Stopwatch,
    pub(super) route: Option<Arc<str>>,
    pub(super) status: StatusCode,
    pub(super) _open: Option<Arc<OpenRequest>>,
}

/// The answer's body, with the line that is written when it ends.
pub(super) fn watched(body: Body, line: AccessLine) -> Body {
    let whole = line.method == Method::HEAD;
    Body::new(WatchedBody {
        body,
        line,
        bytes: 0,
        whole,
    })
}

struct WatchedBody {
    body: Body,
    line: AccessLine,
    bytes: u64,
    whole: bool,
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match &frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::warn!(request.id = %self.line.request, "an answer broke off: {error}");
            }
            Poll::Ready(None) => self.whole = true,
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        let whole = self.whole || self.body.is_end_stream();
        self.line.write(self.bytes, whole);
    }
}

impl AccessLine {
    fn write(&self, bytes: u64, whole: bool) {
        let span = self.started.elapsed();
        self.metrics
            .observe_request(&self.method, self.route.as_deref(), self.status, span);
        let probe = self.route.as_deref().is_some_and(|route| PROBES.contains(&route));
        if (probe && !self.status.is_server_error())
            || !tracing::enabled!(target: ACCESS, tracing::Level::INFO)
        {
            return;
        }
        let path = shown(self.uri.path());
        let query = self.uri.query().map(without_values).unwrap_or_default();
        let question = if query.is_empty() { "" } else { "?" };
        let milliseconds = span.as_micros() as f64 / 1_000.0;
        let cut = if whole { "" } else { ", cut off" };
        let status = self.status.as_u16();
        tracing::info!(
            target: ACCESS,
            {
                request.id = %self.request,
                client.address = self.client.0.map(tracing::field::display),
                http.method = %self.method,
                http.path = path,
                http.query = query,
                http.status = status,
                http.bytes = bytes,
                http.whole = whole,
                tenant = tenant(self.tenants, path),
                duration_ms = milliseconds,
            },
            "{} {path}{question}{query} {status} {bytes} bytes in {milliseconds:.1} ms{cut}",
            self.method,
        );
    }
}

/// The first segment: where an address names its tenant.
fn tenant(tenants: TenantAddresses, path: &str) -> Option<&str> {
    match tenants {
        TenantAddresses::Yes => path.trim_start_matches('/').split('/').next(),
        TenantAddresses::No => None,
    }
}

/// The names of the options, and the values of those that are nobody's secret.
fn without_values(query: &str) -> String {
    let mut text = String::new();
    for option in shown(query).split('&') {
        if !text.is_empty() {
            text.push('&');
        }
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let plain_name = name.replace("%24", "$").to_ascii_lowercase();
        // `api-version=beta$filter=…` hides a filter behind an innocent name.
        let open = OPEN_OPTIONS.contains(&plain_name.as_str())
            && value.is_some_and(|value| !value.contains(['$', '%', '=']));
        let name = if name.len() > LONGEST_NAME_BYTES {
            "…"
        } else {
            name
        };
        match value {
            Some(value) if open => text.extend([name, "=", value]),
            Some(_) => text.extend([name, "=…"]),
            // A word without `=` may be a value whose name was lost.
            None if option.is_empty() => {}
            None => text.push('…'),
        }
    }
    text
}

fn shown(text: &str) -> &str {
    let mut end = text.len().min(MOST_SHOWN_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: &str) {
        assert_eq!(without_values(query), expected);
    }

    #[test]
    fn values_that_may_tell_of_somebody_stay_out_of_the_log() {
        check(
            "api-version=beta&$filter=userPrincipalName%20eq%20'ada'&$top=5",
            "api-version=beta&$filter=…&$top=5",
        );
        check("%24filter=x&%24top=5", "%24filter=…&%24top=5");
        check("code=secret&state=x", "code=…&state=…");
        check("api-version=beta$filter=user+eq+'ada'", "api-version=…");
        check("&=eventTime%20gt%202026", "=…");
        check("eyJhbGciOi", "…");
        check(&format!("{}=&$top=1", "ey".repeat(30)), "…=…&$top=1");
        check("", "");
    }

    #[test]
    fn a_tenant_is_the_first_segment() {
        assert_eq!(
            tenant(TenantAddresses::Yes, "/contoso.com/reports"),
            Some("contoso.com")
        );
        assert_eq!(tenant(TenantAddresses::Yes, "/"), Some(""));
        assert_eq!(tenant(TenantAddresses::No, "/metrics"), None);
    }

    #[test]
    fn long_text_is_cut_between_letters() {
        assert_eq!(shown(&"ä".repeat(1_000)).len(), 1_024);
        assert_eq!(shown(&format!("a{}", "ä".repeat(1_000))).len(), 1_023);
    }
}
