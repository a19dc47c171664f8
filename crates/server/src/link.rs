//! How a command reaches administration: through the running server's socket, or in-process when no server runs.

use crate::config::Config;
use crate::layers::RequestId;
use crate::routes::admin::{self, BackupPlan, ImportDone, ImportLine, ImportPlace, RejectedRecord};
use crate::service::{ADMIN_SOCKET, FOLDER_PAUSE, FOLDER_TRIES, Service};
use anyhow::{Context, Result, anyhow, bail};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use http::Method;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};
use store::error::StoreError;
use tokio::net::UnixStream;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// The way to administration.
pub struct Link {
    reach: Reach,
}

enum Reach {
    /// No server runs: this process holds the data folder.
    Here { routes: Router, _service: Service },
    /// A server runs and listens here.
    Socket(PathBuf),
}

/// A refusal of administration, in its own words.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The HTTP status, which tells what sort of refusal it is.
    pub status: u16,
    /// What is wrong, and what to do.
    pub message: String,
}

/// A backup that was begun. Nothing leaves the data folder until this is dropped.
pub struct HeldBackup {
    /// What to copy.
    pub plan: BackupPlan,
    pulse: JoinHandle<()>,
}

impl HeldBackup {
    /// Whether it held until now: a server that went away holds nothing.
    pub fn check(&self) -> Result<()> {
        if self.pulse.is_finished() {
            return Err(hold_lost());
        }
        Ok(())
    }
}

impl Drop for HeldBackup {
    fn drop(&mut self) {
        self.pulse.abort();
    }
}

fn hold_lost() -> anyhow::Error {
    anyhow!("the server went away during the backup; start it, and back up again")
}

impl Link {
    /// Takes the data folder if it is free, else the socket of the server that has it.
    pub fn open(config: &Config) -> Result<Link> {
        let socket = config.data.folder.join(ADMIN_SOCKET);
        let mut tries = 0;
        loop {
            match Service::apart(config.clone()) {
                Ok(service) => {
                    let routes = admin::routes(&service.app);
                    return Ok(Link {
                        reach: Reach::Here {
                            routes,
                            _service: service,
                        },
                    });
                }
                Err(error) => match error.downcast_ref::<StoreError>() {
                    Some(StoreError::InUse { .. }) => {}
                    _ => return Err(error),
                },
            }
            // Somebody has the folder: a server, which answers, or another command, which is done soon.
            if std::os::unix::net::UnixStream::connect(&socket).is_ok() || tries == FOLDER_TRIES {
                return Ok(Link {
                    reach: Reach::Socket(socket),
                });
            }
            tries += 1;
            std::thread::sleep(FOLDER_PAUSE);
        }
    }

    /// Asks for something.
    pub async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T> {
        self.call(Method::GET, target, Body::empty()).await
    }

    /// Sends something.
    pub async fn post<T: DeserializeOwned>(&self, target: &str, body: &impl Serialize) -> Result<T> {
        self.call(Method::POST, target, Body::from(serde_json::to_vec(body)?))
            .await
    }

    /// Removes something.
    pub async fn delete<T: DeserializeOwned>(&self, target: &str) -> Result<T> {
        self.call(Method::DELETE, target, Body::empty()).await
    }

    /// Brings a file: its pieces in, refused records out as they come, and the sums at the end.
    pub async fn import(
        &self,
        place: &ImportPlace,
        pieces: Receiver<Bytes>,
        mut rejected: impl FnMut(RejectedRecord) -> Result<()>,
    ) -> Result<ImportDone> {
        let target = format!("/import?{}", query(place));
        let response = self
            .send(Method::POST, &target, Body::from_stream(Pieces(pieces)))
            .await?;
        let (head, mut body) = response.into_parts();
        if !head.status.is_success() {
            return Err(refused(head.status.as_u16(), &body.collect().await?.to_bytes()));
        }
        let mut waiting: Vec<u8> = Vec::new();
        let mut done = None;
        while let Some(frame) = body.frame().await {
            let Ok(bytes) = frame.context("the server ended the import early")?.into_data() else {
                continue;
            };
            waiting.extend_from_slice(&bytes);
            let mut start = 0;
            while let Some(length) = waiting[start..].iter().position(|byte| *byte == b'\n') {
                match serde_json::from_slice(&waiting[start..start + length])? {
                    ImportLine::Rejected(record) => rejected(record)?,
                    ImportLine::Failed { reason } => bail!(reason),
                    ImportLine::Done(sums) => done = Some(sums),
                }
                start += length + 1;
            }
            waiting.drain(..start);
        }
        done.ok_or_else(|| anyhow!("the server ended the import early; import again, nothing is doubled"))
    }

    /// Begins a backup: what to copy, and a hold on it while the answer lives.
    pub async fn begin_backup(&self) -> Result<HeldBackup> {
        let response = self.send(Method::POST, "/backup", Body::empty()).await?;
        let (head, mut body) = response.into_parts();
        if !head.status.is_success() {
            return Err(refused(head.status.as_u16(), &body.collect().await?.to_bytes()));
        }
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            let frame = body.frame().await.ok_or_else(hold_lost)?;
            if let Ok(bytes) = frame.map_err(|_| hold_lost())?.into_data() {
                line.extend_from_slice(&bytes);
            }
        }
        let plan: BackupPlan = serde_json::from_slice(&line).context("read the plan of the backup")?;
        // What follows says nothing but that it still holds; it must be read all the same.
        let pulse = tokio::spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
        Ok(HeldBackup { plan, pulse })
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, target: &str, body: Body) -> Result<T> {
        let response = self.send(method, target, body).await?;
        let status = response.status();
        let bytes = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            return Err(refused(status.as_u16(), &bytes));
        }
        serde_json::from_slice(&bytes).context("read the answer of administration")
    }

    async fn send(&self, method: Method, target: &str, body: Body) -> Result<Response> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = target.parse()?;
        match &self.reach {
            Reach::Here { routes, .. } => {
                request.extensions_mut().insert(RequestId::fresh());
                match routes.clone().oneshot(request).await {
                    Ok(response) => Ok(response),
                    Err(never) => match never {},
                }
            }
            Reach::Socket(path) => {
                request
                    .headers_mut()
                    .insert(http::header::HOST, http::HeaderValue::from_static("localhost"));
                let stream = UnixStream::connect(path).await.with_context(|| {
                    format!(
                        "the data folder is in use, but no server answers on {}; is another command at work?",
                        path.display()
                    )
                })?;
                let (mut sender, connection) =
                    hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
                // The connection ends with the answer's body, which the caller holds.
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!("the connection to the server ended: {error}");
                    }
                });
                Ok(sender.send_request(request).await?.map(Body::new))
            }
        }
    }
}

/// The address of the service as its settings tell it.
pub fn origin(config: &Config) -> String {
    crate::layers::origin_of(&config.server, config.server.listen).to_string()
}

/// A value in a query string.
pub fn query_value(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            _ => escaped = format!("{escaped}%{byte:02X}"),
        }
    }
    escaped
}

/// What administration said, as an error.
pub fn refused(status: u16, body: &[u8]) -> anyhow::Error {
    let problem: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| {
        problem
            .get(name)
            .and_then(serde_json::Value::as_str)
            .map(str::to_owned)
    };
    let message = text("detail")
        .or_else(|| text("title"))
        .unwrap_or_else(|| format!("the server answered {status}"));
    Refused { status, message }.into()
}

/// A query string of plain values: GUIDs, ids of formats and times in UTC, which need no escaping, and the file's name, which does.
fn query(place: &ImportPlace) -> String {
    let mut parts = Vec::new();
    if let Some(only) = place.only {
        parts.push(format!("only={only}"));
    }
    if let Some(unnamed) = place.unnamed {
        parts.push(format!("unnamed={unnamed}"));
    }
    if let Some(format) = &place.format {
        parts.push(format!("format={format}"));
    }
    if let Some(mapping) = &place.mapping {
        parts.push(format!("mapping={mapping}"));
    }
    if let Some(time) = &place.not_after {
        parts.push(format!("notAfter={time}"));
    }
    if let Some(time) = &place.undated_at {
        parts.push(format!("undatedAt={}", query_value(time)));
    }
    if let Some(run) = place.run {
        parts.push(format!("run={run}"));
    }
    if let Some(file) = &place.file {
        parts.push(format!("file={}", query_value(file)));
    }
    parts.join("&")
}

/// Pieces that arrive, as a body.
pub(crate) struct Pieces(pub(crate) Receiver<Bytes>);

impl futures_core::Stream for Pieces {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context).map(|piece| piece.map(Ok))
    }
}
