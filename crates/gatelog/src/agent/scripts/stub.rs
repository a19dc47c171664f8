//! A service for scripts: it keeps the ids of the records that it was brought, and fails in every way that is asked of it.

#[cfg(unix)]
use super::real::Real;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What the service does instead of what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// 429 with a time to wait.
    Throttled,
    /// 503, with and without a time.
    Away,
    /// 500
    Broken,
    /// The connection is cut before anything is stored.
    Cut,
    /// Everything is stored, and the answer is lost.
    LostAnswer,
    /// Everything is stored; the answer comes late.
    Slow,
    /// The token is refused.
    Unauthorised,
    /// A proxy answers 200 with a page of its own.
    ForeignPage,
    /// A proxy answers everything with 405 and a page of its own, as nginx does where it serves a page instead.
    ForeignRefusal,
    /// The service condemns the piece. No script has it: nothing is lost in scripts.
    Condemned,
    /// The service does not know the format of the address.
    NoSuchFormat,
}

/// All of them.
pub(super) const FAULTS: [(Fault, &str); 9] = [
    (Fault::Throttled, "429"),
    (Fault::Away, "503"),
    (Fault::Broken, "500"),
    (Fault::Cut, "cut connection"),
    (Fault::LostAnswer, "lost answer"),
    (Fault::Slow, "slow answer"),
    (Fault::Unauthorised, "401"),
    (Fault::ForeignPage, "page of a proxy"),
    (Fault::ForeignRefusal, "405 of a proxy"),
];

/// What the service has, and what it will do next.
#[derive(Debug, Default)]
pub(super) struct Book {
    pub(super) faults: VecDeque<Fault>,
    /// Larger bodies are refused with 413, unpacked.
    pub(super) largest: usize,
    pub(super) struck: BTreeMap<&'static str, u64>,
    /// How often each record came.
    pub(super) records: BTreeMap<String, u64>,
    /// What came under each number, in the order in which it was stored.
    pub(super) sequences: BTreeMap<u64, Vec<BTreeSet<String>>>,
    /// The formats under which pieces came, in order.
    pub(super) formats: Vec<String>,
    pub(super) gaps: BTreeMap<String, Value>,
    /// What was wrong with a request: nothing may be.
    pub(super) complaints: Vec<String>,
    tokens: u64,
}

/// A running stub.
#[derive(Clone)]
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    book: Arc<Mutex<Book>>,
    /// Where what is let through goes, if not only into the book.
    #[cfg(unix)]
    real: Option<Arc<Real>>,
    under_way: Arc<AtomicUsize>,
}

impl Stub {
    /// One that has nothing but its book.
    pub(super) async fn start() -> Stub {
        let stub = Stub::bind().await;
        stub.0.clone().serve(stub.1);
        stub.0
    }

    /// One before a real service.
    #[cfg(unix)]
    pub(super) async fn before(real: Arc<Real>) -> Stub {
        let (mut stub, listener) = Stub::bind().await;
        stub.real = Some(real);
        stub.clone().serve(listener);
        stub
    }

    async fn bind() -> (Stub, tokio::net::TcpListener) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stub = Stub {
            address: listener.local_addr().unwrap(),
            book: Arc::default(),
            #[cfg(unix)]
            real: None,
            under_way: Arc::default(),
        };
        (stub, listener)
    }

    fn serve(self, listener: tokio::net::TcpListener) {
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let stub = self.clone();
                tokio::spawn(async move {
                    let answer = service_fn(move |request| {
                        let stub = stub.clone();
                        async move { stub.answer(request).await }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), answer)
                        .await;
                });
            }
        });
    }

    /// Waits until nothing is under way to the real service: what an agent sent before it was killed.
    pub(super) async fn settled(&self) {
        while self.under_way.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    /// Forgets everything, for the next script.
    pub(super) fn clear(&self) {
        *self.book() = Book {
            largest: usize::MAX,
            ..Book::default()
        };
    }

    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        let path = request.uri().path().to_owned();
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let (source, sequence) = (header("gatelog-source"), header("gatelog-sequence"));
        let (token, encoding) = (header("authorization"), header("content-encoding"));
        let headers = [
            "content-type",
            "content-encoding",
            "gatelog-source",
            "gatelog-sequence",
        ];
        let headers = headers.map(|name| (name, header(name)));
        let body = request
            .into_body()
            .collect()
            .await
            .map_err(io::Error::other)?
            .to_bytes();
        if path.ends_with("openid-configuration") {
            return Ok(status(404, None, &json!({})));
        }
        if path.ends_with("/token") {
            let mut book = self.book();
            book.tokens += 1;
            let token = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": format!("t{}", book.tokens)});
            return Ok(status(200, None, &token));
        }
        let fault = {
            let mut book = self.book();
            if let Some((_, format)) = path.split_once("/ingest/") {
                book.formats.push(format.to_owned());
            }
            if token.is_none_or(|token| !token.starts_with("Bearer t")) {
                book.complaints.push("a request without a token".to_owned());
            }
            let fault = book.faults.pop_front();
            let name = FAULTS.iter().find(|(other, _)| Some(*other) == fault);
            if let Some((_, name)) = name {
                *book.struck.entry(name).or_default() += 1;
            }
            fault
        };
        let refused = json!({"type": "urn:gatelog:problem:x", "title": "No", "detail": "Not now."});
        match fault {
            Some(Fault::Throttled) => return Ok(status(429, Some("1"), &refused)),
            Some(Fault::Away) => return Ok(status(503, None, &refused)),
            Some(Fault::Broken) => return Ok(status(500, None, &refused)),
            Some(Fault::Unauthorised) => return Ok(status(401, None, &refused)),
            Some(Fault::ForeignPage) => {
                return Ok(Response::new(Full::new(Bytes::from_static(
                    b"<html>Sign in here</html>",
                ))));
            }
            Some(Fault::ForeignRefusal) => {
                let page = Value::from("<h1>We are at work here</h1>");
                return Ok(status(405, None, &page));
            }
            Some(Fault::Condemned) => return Ok(problem(415, "unsupported-media-type")),
            Some(Fault::NoSuchFormat) => return Ok(problem(404, "no-such-format")),
            Some(Fault::Cut) => return Err(io::Error::other("cut")),
            _ => {}
        }
        let mut told = json!({});
        if path.ends_with("/gaps") {
            let gap: Value = serde_json::from_slice(&body).unwrap();
            let id = gap["id"].as_str().unwrap().to_owned();
            told = json!({ "id": id });
            self.book().gaps.insert(id, gap);
            if let Some(answer) = self.hand_on(path, headers.to_vec(), body).await {
                told = answer;
            }
        } else {
            let bytes = zstd::stream::decode_all(&body[..]).unwrap();
            let Some(mut told) = self.take(&bytes, encoding.as_deref(), source.as_deref(), sequence) else {
                return Ok(status(413, None, &refused));
            };
            if let Some(answer) = self.hand_on(path, headers.to_vec(), body).await {
                told = answer;
            }
            match fault {
                Some(Fault::LostAnswer) => return Err(io::Error::other("lost")),
                Some(Fault::Slow) => tokio::time::sleep(Duration::from_millis(3)).await,
                _ => {}
            }
            return Ok(status(200, None, &told));
        }
        match fault {
            Some(Fault::LostAnswer) => Err(io::Error::other("lost")),
            _ => Ok(status(201, None, &told)),
        }
    }

    /// Hands on to the real service, and answers what it said. That goes on to its end if the agent goes away.
    #[cfg(unix)]
    async fn hand_on(
        &self,
        path: String,
        headers: Vec<(&'static str, Option<String>)>,
        body: Bytes,
    ) -> Option<Value> {
        let real = Arc::clone(self.real.as_ref()?);
        let stub = self.clone();
        stub.under_way.fetch_add(1, Ordering::AcqRel);
        let work = tokio::spawn(async move {
            let (status, answer) = real.hand_on(&path, &headers, body).await;
            if !(200..300).contains(&status) {
                let answer = String::from_utf8_lossy(&answer).into_owned();
                stub.book()
                    .complaints
                    .push(format!("the service says {status}: {answer}"));
            }
            stub.under_way.fetch_sub(1, Ordering::AcqRel);
            serde_json::from_slice(&answer).ok()
        });
        work.await.unwrap()
    }

    #[cfg(not(unix))]
    async fn hand_on(&self, _: String, _: Vec<(&'static str, Option<String>)>, _: Bytes) -> Option<Value> {
        None
    }

    /// Stores what was brought; `None` if it is too large.
    fn take(
        &self,
        bytes: &[u8],
        encoding: Option<&str>,
        source: Option<&str>,
        sequence: Option<String>,
    ) -> Option<Value> {
        let mut book = self.book();
        if encoding != Some("zstd") || source != Some("log") {
            book.complaints.push(format!("headers {encoding:?} {source:?}"));
        }
        if bytes.len() > book.largest && bytes.split(|byte| *byte == b'\n').count() > 2 {
            *book.struck.entry("413").or_default() += 1;
            return None;
        }
        Some(book.store(bytes, sequence.unwrap().parse().unwrap()))
    }
}

impl Book {
    fn store(&mut self, bytes: &[u8], sequence: u64) -> Value {
        let (mut new, mut known) = (0, 0);
        let mut ids = BTreeSet::new();
        for line in bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.trim_ascii().is_empty())
        {
            let record: Value = match serde_json::from_slice(line) {
                Ok(record) => record,
                Err(error) => {
                    let line = String::from_utf8_lossy(line).into_owned();
                    self.complaints
                        .push(format!("a line that is no record ({error}): {line}"));
                    continue;
                }
            };
            let id = record["id"].as_str().unwrap().to_owned();
            let times = self.records.entry(id.clone()).or_default();
            *times += 1;
            if *times == 1 {
                new += 1;
            } else {
                known += 1;
            }
            ids.insert(id);
        }
        self.sequences.entry(sequence).or_default().push(ids);
        json!({"read": new + known, "new": new, "changed": 0, "known": known, "ignored": 0, "rejected": 0})
    }
}

fn status(status: u16, retry_after: Option<&str>, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status.try_into().unwrap();
    if let Some(seconds) = retry_after {
        response
            .headers_mut()
            .insert("retry-after", seconds.parse().unwrap());
    }
    response
}

/// A problem as the service has it.
fn problem(code: u16, kind: &str) -> Response<Full<Bytes>> {
    let told = json!({"type": format!("urn:gatelog:problem:{kind}"), "title": "No"});
    let mut response = status(code, None, &told);
    let media = "application/problem+json; charset=utf-8".parse().unwrap();
    response.headers_mut().insert("content-type", media);
    response
}
