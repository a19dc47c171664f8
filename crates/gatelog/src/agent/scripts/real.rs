//! The real service behind the stub. What the stub lets through goes there by HTTP, into a store of its own; what is there is counted by
//! plain SQL, and its ledger is asked.

use super::Told;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use model::tenant::TenantId;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use server::app::App;
use server::ledger::{self, gaps};
use server::link::Link;
use server::run::Stop;
use server::service::Server;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, mpsc};

/// A service that runs on threads of its own.
pub(super) struct Real {
    address: SocketAddr,
    app: Arc<App>,
    link: Link,
    data: PathBuf,
    tenant: TenantId,
    stop: Stop,
    running: Option<std::thread::JoinHandle<()>>,
    /// Who brings records now, and the token for it.
    sender: Mutex<(String, String)>,
}

impl Real {
    pub(super) async fn start(folder: &Path) -> Real {
        let data = folder.join("service");
        let settings = [
            ("data.folder", data.to_str().unwrap()),
            ("server.listen", "127.0.0.1:0"),
            ("server.admin_listen", "127.0.0.1:0"),
            ("limits.tokens_per_minute", "1000000"),
        ];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let config = server::config::read(None, settings.to_vec()).unwrap().config;
        let stop = Stop::new();
        let (ready, is_ready) = mpsc::channel();
        let (asked, of_server) = (stop.clone(), config.clone());
        let running = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let server = Server::prepare(of_server).await.unwrap();
                ready
                    .send((server.addresses().0, Arc::clone(server.app())))
                    .unwrap();
                server.run(&asked).await;
            });
        });
        let (address, app) = is_ready.recv().unwrap();
        let link = Link::open(&config).unwrap();
        let made: Value = link
            .post("/tenants", &json!({"names": ["contoso.example"]}))
            .await
            .unwrap();
        Real {
            tenant: TenantId::parse(made["id"].as_str().unwrap()).unwrap(),
            address,
            app,
            link,
            data,
            stop,
            running: Some(running),
            sender: Mutex::default(),
        }
    }

    /// Each script is an application, so that its source is its own.
    pub(super) async fn begin(&self, seed: u64) {
        let asked =
            json!({"tenant": "contoso.example", "name": format!("script {seed}"), "permissions": ["Ingest"]});
        let made: Value = self.link.post("/apps", &asked).await.unwrap();
        let (id, secret) = (
            made["clientId"].as_str().unwrap(),
            made["clientSecret"].as_str().unwrap(),
        );
        let form = format!(
            "grant_type=client_credentials&resource=api%3A%2F%2Fgatelog-ingest&client_id={id}&client_secret={secret}"
        );
        let request = Request::post("/contoso.example/oauth2/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .unwrap();
        let (status, answer) = self.send(request).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let token = answer["access_token"].as_str().unwrap();
        *self.sender.lock().unwrap() = (id.to_owned(), format!("Bearer {token}"));
    }

    /// Hands on what the agent sent, under the token of the script; answers status and body.
    pub(super) async fn hand_on(
        &self,
        path: &str,
        headers: &[(&'static str, Option<String>)],
        body: Bytes,
    ) -> (u16, Bytes) {
        let token = self.sender.lock().unwrap().1.clone();
        let mut request = Request::post(path).header("authorization", token);
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(*name, value);
            }
        }
        self.send(request.body(body).unwrap()).await
    }

    async fn send(&self, mut request: Request<Bytes>) -> (u16, Bytes) {
        let host = self.address.to_string().parse().unwrap();
        request.headers_mut().insert("host", host);
        let stream = tokio::net::TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        let answer: Response<_> = sender.send_request(request.map(Full::new)).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        connection.abort();
        (status, body)
    }

    /// Whether the ledger agrees with what a script came to: its sums, and as numbers that never came those of dropped pieces alone.
    pub(super) fn check(
        &self,
        told: &Told,
        dropped_numbers: &BTreeSet<u64>,
        dropped_gaps: usize,
    ) -> Result<(), String> {
        let events = self.app.events.as_ref();
        let name = format!("ingest:{}/log", self.sender.lock().unwrap().0);
        let now = self.app.now();
        let sources = ledger::sources(events, self.tenant, Some(&name), now).unwrap();
        let counts = sources.first().map(|source| source.counts).unwrap_or_default();
        let expected = ledger::CountsAnswer {
            read: told.records + told.repeated,
            new: told.records,
            known: told.repeated,
            ..ledger::CountsAnswer::default()
        };
        if counts != expected {
            return Err(format!("the ledger has {counts:?} for {expected:?}"));
        }
        let open = gaps::of(events, self.tenant, Some(&name), now).unwrap();
        let of = |kind: &'static str| open.iter().filter(move |gap| gap.kind == kind);
        let numbers: BTreeSet<u64> = of(gaps::SEQUENCE)
            .flat_map(|gap| gap.first_number.unwrap()..=gap.last_number.unwrap())
            .collect();
        let others = open.len() - of(gaps::SEQUENCE).count();
        if !numbers.is_subset(dropped_numbers) || others != dropped_gaps {
            return Err(format!(
                "the ledger has the gaps {open:?} for {dropped_numbers:?}"
            ));
        }
        Ok(())
    }

    /// Counts by plain SQL how often each event is stored, and has the ledger recounted.
    pub(super) fn recount(&self) -> (u64, u64) {
        let proof = ledger::prove(self.app.events.as_ref(), self.tenant, 0).unwrap();
        assert!(proof.agrees, "{:?}", proof.faults);
        let (mut events, mut contents) = (0, 0);
        let folder = self.data.join("tenants").join(self.tenant.to_string());
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let is_month = path.file_name().unwrap().to_string_lossy().starts_with("2025-");
            if !is_month || path.extension().is_none_or(|ending| ending != "db") {
                continue;
            }
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
            let query = "SELECT count(DISTINCT key), count(*) FROM events";
            let (keys, all): (i64, i64) = connection
                .query_row(query, [], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            events += keys as u64;
            contents += all as u64;
        }
        (events, contents)
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        self.stop.ask();
        if let Some(running) = self.running.take() {
            let _ = running.join();
        }
    }
}
