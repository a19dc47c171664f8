//! `/livez`, `/readyz` and `/healthz`: whether the process lives, and whether to send it requests.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, Uri, header};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whether the server can answer. Clones speak of the same server.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<Facts>>);

/// One thing that must hold before requests make sense; whoever sees to it says how it stands.
#[derive(Debug)]
pub struct Check {
    readiness: Readiness,
    number: usize,
}

#[derive(Debug, Default)]
struct Facts {
    draining: bool,
    checks: Vec<(&'static str, Result<(), String>)>,
}

impl Readiness {
    /// Without checks: ready.
    pub fn new() -> Readiness {
        Readiness::default()
    }

    /// A check that has not passed yet. The name is for people who run the server: `store`, `disk`.
    pub fn check(&self, name: &'static str) -> Check {
        let mut facts = self.facts();
        facts.checks.push((name, Err("not done yet".to_owned())));
        Check {
            readiness: self.clone(),
            number: facts.checks.len() - 1,
        }
    }

    /// From now on not ready: the server is about to stop, and whoever balances load should turn away.
    pub fn start_draining(&self) {
        self.facts().draining = true;
    }

    /// Whether every check passes and the server is not about to stop.
    pub fn is_ready(&self) -> bool {
        let facts = self.facts();
        !facts.draining && facts.checks.iter().all(|(_, outcome)| outcome.is_ok())
    }

    /// A line for each check, then the verdict.
    fn verbose(&self) -> String {
        let mut text = String::new();
        {
            let facts = self.facts();
            for (name, outcome) in &facts.checks {
                let _ = match outcome {
                    Ok(()) => writeln!(text, "[+] {name} ok"),
                    Err(reason) => writeln!(text, "[-] {name}: {reason}"),
                };
            }
            if facts.draining {
                text.push_str("[-] server: stopping\n");
            }
        }
        text.push_str(if self.is_ready() { "ready\n" } else { "not ready\n" });
        text
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Check {
    /// It holds.
    pub fn passes(&self) {
        self.set(Ok(()));
    }

    /// It does not; the reason is shown to anybody who asks `/readyz?verbose`, so it holds no secrets.
    pub fn fails(&self, reason: impl Into<String>) {
        self.set(Err(reason.into()));
    }

    fn set(&self, outcome: Result<(), String>) {
        if let Some((_, kept)) = self.readiness.facts().checks.get_mut(self.number) {
            *kept = outcome;
        }
    }
}

/// `/livez`, `/readyz` and its alias `/healthz`, without authentication.
pub fn routes(readiness: Readiness) -> Router {
    Router::new()
        .route("/livez", get(async || text(StatusCode::OK, "alive\n".to_owned())))
        .route("/readyz", get(ready))
        .route("/healthz", get(ready))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Readiness>, uri: Uri) -> Response {
    let status = if readiness.is_ready() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let verbose = uri
        .query()
        .is_some_and(|query| query.split('&').any(|option| option.starts_with("verbose")));
    let body = match (verbose, status) {
        (true, _) => readiness.verbose(),
        (false, StatusCode::OK) => "ready\n".to_owned(),
        (false, _) => "not ready\n".to_owned(),
    };
    text(status, body)
}

fn text(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn check(readiness: &Readiness, path: &str, expected: (u16, &str)) {
        let request = http::Request::get(path).body(Body::empty()).unwrap();
        let response = routes(readiness.clone()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!((status, std::str::from_utf8(&body).unwrap()), expected, "{path}");
    }

    #[tokio::test]
    async fn ready_once_every_check_passes_and_not_while_stopping() {
        let readiness = Readiness::new();
        check(&readiness, "/readyz", (200, "ready\n")).await;
        let (store, disk) = (readiness.check("store"), readiness.check("disk"));
        check(&readiness, "/readyz", (503, "not ready\n")).await;
        check(
            &readiness,
            "/readyz?verbose",
            (
                503,
                "[-] store: not done yet\n[-] disk: not done yet\nnot ready\n",
            ),
        )
        .await;
        store.passes();
        disk.passes();
        check(&readiness, "/healthz", (200, "ready\n")).await;
        disk.fails("less than 1 GiB free");
        check(
            &readiness,
            "/readyz?verbose",
            (503, "[+] store ok\n[-] disk: less than 1 GiB free\nnot ready\n"),
        )
        .await;
        disk.passes();
        readiness.start_draining();
        check(
            &readiness,
            "/readyz?verbose",
            (
                503,
                "[+] store ok\n[+] disk ok\n[-] server: stopping\nnot ready\n",
            ),
        )
        .await;
        check(&readiness, "/livez", (200, "alive\n")).await;
    }
}
