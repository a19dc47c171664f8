//! The port of this machine to which the browser brings the code (RFC 8252, 7.3).

use super::endpoints::Endpoints;
use super::grant::aim;
use crate::client::error::ClientError;
use crate::output::{printable, say};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// How long somebody may take to sign in.
const PATIENCE: Duration = Duration::from_secs(600);

/// How the page looks: like the pages of the service. It must come with the page, for nothing else answers here.
const STYLE: &str = "body{margin:0;background:#eef1f4;color:#1b1f24;font:16px/1.5 'Segoe UI',Helvetica,Arial,sans-serif}\
     main{max-width:26em;margin:4em auto;padding:1.5em 2em;background:#fff;border:1px solid #c8d0d8}h1{font-size:1.4em;font-weight:normal}";

/// A port that waits for one answer.
#[derive(Debug)]
pub(crate) struct Loopback {
    listener: TcpListener,
    redirect_uri: String,
    state: String,
}

/// What a request to the port turned out to be.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// The code of the sign-in that was started here.
    Code(String),
    /// The issuer refused, and says why.
    Refusal(String),
    /// It has nothing to do with the sign-in, or with another one.
    Nothing(&'static str),
}

impl Loopback {
    /// Takes a port; 0 is any free one. `state` is random text that the answer must repeat.
    pub(crate) async fn open(port: u16, state: String) -> Result<Loopback, ClientError> {
        let unreachable = |error: std::io::Error| ClientError::Unreachable {
            host: format!("http://127.0.0.1:{port}"),
            reason: format!("the port for the browser's answer cannot be taken: {error}"),
        };
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(unreachable)?;
        let port = listener.local_addr().map_err(unreachable)?.port();
        Ok(Loopback {
            listener,
            redirect_uri: format!("http://127.0.0.1:{port}/"),
            state,
        })
    }

    /// Where the browser is sent back to.
    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The address at which the user signs in.
    pub(crate) fn question(
        &self,
        endpoints: &Endpoints,
        client_id: &str,
        resource: &str,
        challenge: &str,
    ) -> Result<Url, ClientError> {
        let mut url = Url::parse(&endpoints.authorization).map_err(|error| ClientError::Strange {
            host: endpoints.authorization.clone(),
            what: format!("an address that is none: {error}"),
        })?;
        let (name, value) = aim(endpoints.protocol, resource);
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair(name, &value)
            .append_pair("state", &self.state)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Waits for the code. A request without the right state is answered, and changes nothing.
    pub(crate) async fn code(self, issuer: Option<&str>) -> Result<String, ClientError> {
        let (sender, mut came) = mpsc::channel(1);
        let expected = Arc::new((self.state.clone(), issuer.map(str::to_owned)));
        let listener = self.listener;
        let serving = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                let (sender, expected) = (sender.clone(), Arc::clone(&expected));
                tokio::spawn(async move {
                    if let Some(came) = converse(stream, expected).await {
                        // Whoever comes second is too late.
                        let _ = sender.try_send(came);
                    }
                });
            }
        });
        let waited = tokio::time::timeout(PATIENCE, came.recv()).await;
        serving.abort();
        match waited {
            Ok(Some(Came::Code(code))) => Ok(code),
            Ok(Some(Came::Refusal(reason))) => Err(ClientError::NotSignedIn(format!(
                "the sign-in was refused: {}",
                printable(&reason)
            ))),
            _ => Err(ClientError::NotSignedIn(format!(
                "nobody signed in within {} minutes",
                PATIENCE.as_secs() / 60
            ))),
        }
    }
}

/// One connection to its end, so that the closing page is with the browser before anything else is done.
async fn converse(stream: TcpStream, expected: Arc<(String, Option<String>)>) -> Option<Came> {
    let (sender, mut found) = mpsc::channel(1);
    let answer = service_fn(move |request: Request<Incoming>| {
        let came = understand(&request, &expected.0, expected.1.as_deref());
        let response = page(&came);
        if !matches!(came, Came::Nothing(_)) {
            let _ = sender.try_send(came);
        }
        async move { Ok::<_, Infallible>(response) }
    });
    // A browser that breaks off is its own affair.
    let _ = hyper::server::conn::http1::Builder::new()
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    found.try_recv().ok()
}

fn understand(request: &Request<Incoming>, state: &str, issuer: Option<&str>) -> Came {
    if request.method() != Method::GET || request.uri().path() != "/" {
        return Came::Nothing("There is nothing here.");
    }
    answer_of(request.uri().query().unwrap_or_default(), state, issuer)
}

/// What the query of the redirect says (RFC 6749, 4.1.2; RFC 9207).
fn answer_of(query: &str, state: &str, issuer: Option<&str>) -> Came {
    let Ok(url) = Url::parse(&format!("http://127.0.0.1/?{query}")) else {
        return Came::Nothing("There is nothing here.");
    };
    let one = |name: &str| {
        let mut values = url.query_pairs().filter(|(other, _)| other == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        // Twice the same parameter is none (RFC 6749, 3.1).
        if values.next().is_some() { None } else { value }
    };
    if one("state").as_deref() != Some(state) {
        say("an answer came that does not belong to this sign-in; still waiting");
        return Came::Nothing("This answer does not belong to the sign-in that was started.");
    }
    if let (Some(said), Some(issuer)) = (one("iss"), issuer)
        && said != issuer
    {
        say("an answer came from another issuer than the one asked; still waiting");
        return Came::Nothing("This answer is from another issuer than the one that was asked.");
    }
    if let Some(error) = one("error") {
        let description = one("error_description").unwrap_or_default();
        let first_line = description.lines().next().unwrap_or_default();
        return Came::Refusal(if first_line.is_empty() {
            error
        } else {
            format!("{first_line} [{error}]")
        });
    }
    match one("code") {
        Some(code) if !code.is_empty() => Came::Code(code),
        _ => Came::Nothing("This answer has no code."),
    }
}

/// A plain page: nothing of the request is repeated in it.
fn page(came: &Came) -> Response<Full<Bytes>> {
    let (status, title, text) = match came {
        Came::Code(_) => (
            StatusCode::OK,
            "Signed in",
            "You can close this window and go back to the command line.",
        ),
        Came::Refusal(_) => (
            StatusCode::OK,
            "Not signed in",
            "The sign-in was refused; the command line says why. You can close this window.",
        ),
        Came::Nothing(text) => (StatusCode::NOT_FOUND, "Not found", *text),
    };
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} - Gatelog</title><style>{STYLE}</style></head>\n\
         <body><main><p>Gatelog</p><h1>{title}</h1><p>{text}</p></main></body>\n</html>\n"
    );
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (
            header::CONTENT_SECURITY_POLICY,
            // The digest is that of `STYLE`.
            "default-src 'none'; style-src 'sha256-YF92f7UvbSM47ZUu5xF7AzMACSacjSME7o7TQETRbcM='; frame-ancestors 'none'",
        ),
        // The address of this page has the code in it.
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONNECTION, "close"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: &Came) {
        assert_eq!(answer_of(query, "s1", Some("https://i/")), *expected, "{query}");
    }

    #[test]
    fn the_policy_allows_the_style_of_the_page() {
        use base64::Engine;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, STYLE.as_bytes());
        let digest = base64::engine::general_purpose::STANDARD.encode(digest.as_ref());
        let page = page(&Came::Code(String::new()));
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains(&format!("'sha256-{digest}'")),
            "{policy} {digest}"
        );
    }

    #[test]
    fn only_the_answer_to_our_own_question_counts() {
        check("code=c&state=s1", &Came::Code("c".to_owned()));
        check(
            "code=c%2B%2F&session_state=x&state=s1&iss=https%3A%2F%2Fi%2F",
            &Came::Code("c+/".to_owned()),
        );
        let foreign = Came::Nothing("This answer does not belong to the sign-in that was started.");
        for query in [
            "",
            "code=c",
            "code=c&state=s2",
            "code=c&state=",
            "code=c&state=s1&state=s1",
        ] {
            check(query, &foreign);
        }
        check(
            "code=c&state=s1&iss=https%3A%2F%2Fevil%2F",
            &Came::Nothing("This answer is from another issuer than the one that was asked."),
        );
        check("state=s1", &Came::Nothing("This answer has no code."));
        check("code=&state=s1", &Came::Nothing("This answer has no code."));
    }

    #[test]
    fn a_refusal_says_why() {
        check(
            "error=access_denied&state=s1",
            &Came::Refusal("access_denied".to_owned()),
        );
        check(
            "error=access_denied&error_description=the+user+canceled%0D%0ATrace&state=s1",
            &Came::Refusal("the user canceled [access_denied]".to_owned()),
        );
    }
}
