//! What several tests of this room share: a configuration, doors, and clients that never wait for ever.

use crate::config::{Config, Inputs, load};
use crate::detection::Recent;
use crate::inputs::intake::{Intake, TenantRule, Terms};
use crate::layers::{Door, DoorRules, TenantAddresses};
use crate::metrics::Metrics;
use crate::problem::render_fault;
use axum::Router;
use model::batch::Lateness;
use model::tenant::TenantId;
use model::time::Timestamp;
use serde_json::{Value, json};
use sources::{Choice, Limits};
use std::net::SocketAddr;
use std::time::Duration;
use store::events::EventStore;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

/// A configuration with some settings, and any free ports.
pub(crate) fn config(settings: &[(&str, &str)]) -> Config {
    let given = [
        ("data.folder", "/nowhere"),
        ("server.listen", "127.0.0.1:0"),
        ("server.admin_listen", "127.0.0.1:0"),
    ];
    let overrides = given
        .iter()
        .chain(settings)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    load(&Inputs {
        overrides,
        ..Inputs::default()
    })
    .unwrap()
    .config
}

/// A sign-in at a screen as Microsoft Graph tells it: with an error's code, or 0.
pub(crate) fn sign_in(id: Uuid, at: Timestamp, user: &str, address: &str, code: u32) -> Value {
    json!({
        "id": id,
        "createdDateTime": at.to_string(),
        "userPrincipalName": format!("{user}@contoso.example"),
        "appId": "c44b4083-3bb0-49c1-b47d-974e53cbdf3c",
        "ipAddress": address,
        "clientAppUsed": "Browser",
        "isInteractive": true,
        "status": { "errorCode": code },
    })
}

/// Stores records in one commit, of which none may be rejected; how many were new.
pub(crate) fn bring(
    store: &dyn EventStore,
    tenant: TenantId,
    now: fn() -> Timestamp,
    records: impl IntoIterator<Item = Value>,
) -> u64 {
    let records = records.into_iter().map(|record| record.to_string());
    bring_by(store, tenant, now, ("test", None), records)
}

/// The same of records of any format, brought by a source and kept for detection as well.
pub(crate) fn bring_by(
    store: &dyn EventStore,
    tenant: TenantId,
    now: fn() -> Timestamp,
    (source, recent): (&str, Option<&Recent>),
    records: impl IntoIterator<Item = String>,
) -> u64 {
    let mut intake = Intake::new(Terms {
        store,
        tenants: TenantRule::Only(tenant),
        source,
        lateness: Lateness::NotCounted,
        sequence: None,
        choice: Choice::Auto,
        recent,
        limits: Limits::default(),
        now,
    });
    for record in records {
        intake.push(record.as_bytes()).unwrap();
        intake.push(b"\n").unwrap();
    }
    intake.finish().unwrap();
    let counts = intake.summary().total.counts;
    assert_eq!(counts.rejected, 0);
    counts.new
}

pub(crate) const RULES: DoorRules = DoorRules {
    tenants: TenantAddresses::Yes,
    faults: render_fault,
};

pub(crate) fn door(routes: Router) -> Door {
    Door::new(routes, RULES, &config(&[]).server, Metrics::new())
}

/// A test that waits for what never comes shall fail, not hang.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .expect("it should have happened long ago")
}

/// Everything that comes until the other end closes or breaks the connection.
pub(crate) async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = soon(stream.read(&mut chunk)).await {
        bytes.extend_from_slice(&chunk[..count]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One answer whose body has a known length of `body` bytes at the end.
pub(crate) async fn answer_ending_with(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut text = String::new();
    let mut chunk = [0; 4096];
    while !text.ends_with(end) {
        let count = soon(stream.read(&mut chunk)).await.unwrap();
        assert!(count > 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&chunk[..count]));
    }
    text
}

/// Sends text and answers everything that comes back.
pub(crate) async fn exchange(address: SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    rest(&mut stream).await
}
