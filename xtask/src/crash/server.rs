//! The server under test: building, starting, asking and killing it.

use super::http::{self, Ask};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant, SystemTime};

/// The directory that the made-up records belong to.
pub(crate) const TENANT: &str = "4b2462a4-bbee-495a-a0e1-f23ae524cc9c";
/// A server that does not answer by then does not start.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// A recount that takes longer hangs.
const COMMAND_PATIENCE: Duration = Duration::from_secs(300);
/// What stands before the address in the line that tells it.
const LISTENING: &str = "(listening on ";

/// What a run measures itself by.
#[allow(
    clippy::disallowed_methods,
    reason = "the edge: how long a run may take is real time"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// A seed for who names none.
#[allow(
    clippy::disallowed_methods,
    reason = "the edge: the seed is printed, so that the run can be repeated"
)]
pub(crate) fn seed_of_the_moment() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(1, |since| since.as_nanos() as u64 % 1_000_000_007)
}

/// The built program with a data folder, a tenant and an application that may bring and read.
pub(crate) struct Installation {
    binary: PathBuf,
    data: PathBuf,
    log: PathBuf,
    /// Where it listens: any port, unless its clients must find it again after a start.
    listen: String,
    client_id: String,
    client_secret: String,
}

impl Installation {
    /// The same, always on one port of the loopback.
    pub(crate) fn at_port(mut self, port: u16) -> Installation {
        self.listen = format!("127.0.0.1:{port}");
        self
    }

    /// The application that may bring and read, and its secret.
    pub(crate) fn application(&self) -> (&str, &str) {
        (&self.client_id, &self.client_secret)
    }

    /// Where the program is.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// Where the data are.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Builds the program and makes the tenant and the application.
    pub(crate) fn prepare(profile: &str, folder: &Path) -> Result<Installation> {
        let mut installation = Installation {
            binary: build(profile)?,
            data: folder.join("data"),
            log: folder.join("server.log"),
            listen: "127.0.0.1:0".to_owned(),
            client_id: String::new(),
            client_secret: String::new(),
        };
        installation.command(&["tenant", "create", "crash.example", "--id", TENANT])?;
        let app = installation.command(&[
            "app",
            "create",
            "--tenant",
            TENANT,
            "--name",
            "crash",
            "--permission",
            "Ingest",
            "--permission",
            "Directory.Read.All",
        ])?;
        let word = |name: &str| -> Result<String> {
            Ok(app[name]
                .as_str()
                .with_context(|| format!("app create tells no {name}"))?
                .to_owned())
        };
        installation.client_id = word("clientId")?;
        installation.client_secret = word("clientSecret")?;
        Ok(installation)
    }

    /// Recounts through the running server; answers its sums.
    pub(crate) fn store_check(&self) -> Result<String> {
        let answer = self.command(&["store", "check"])?;
        let faults = answer["faults"]
            .as_array()
            .context("store check tells no faults")?;
        if !faults.is_empty() {
            bail!("store check finds {answer}");
        }
        Ok(format!("{} contents, {} rows", answer["events"], answer["rows"]))
    }

    /// Runs a command to its end, which must be good, and reads its answer.
    fn command(&self, arguments: &[&str]) -> Result<Value> {
        let mut child = self
            .program()
            .args(["--output", "json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start gatelog")?;
        // What it prints fits into a pipe only while somebody reads.
        let reading = child.stdout.take().map(read_aside);
        let complaining = child.stderr.take().map(read_aside);
        let began = now();
        let status = loop {
            if let Some(status) = child.try_wait().context("wait for gatelog")? {
                break status;
            }
            if began.elapsed() > COMMAND_PATIENCE {
                child.kill().context("end gatelog")?;
                child.wait().context("end gatelog")?;
                bail!("gatelog {} takes too long", arguments.join(" "));
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let said = |aside: Option<std::thread::JoinHandle<String>>| {
            aside.and_then(|aside| aside.join().ok()).unwrap_or_default()
        };
        let (answer, complaint) = (said(reading), said(complaining));
        if !status.success() {
            bail!(
                "gatelog {} ended with {status}: {answer}{complaint}",
                arguments.join(" ")
            );
        }
        serde_json::from_str(&answer).with_context(|| format!("read the answer {answer}"))
    }

    /// The program on the data folder, without what the environment would add.
    fn program(&self) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("GATELOG") {
                command.env_remove(name);
            }
        }
        command.arg("--data").arg(&self.data).stdin(Stdio::null());
        command
    }

    fn serve(&self) -> Result<Child> {
        self.program()
            .args(["serve", "--listen", &self.listen, "--admin-listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("start gatelog serve")
    }
}

/// A running server. It is killed when this is dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    client_id: String,
    client_secret: String,
}

impl Server {
    /// Starts it and waits until it listens.
    pub(crate) fn start(installation: &Installation) -> Result<Server> {
        let mut child = installation.serve()?;
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&installation.log)
            .context("open the log of the server")?;
        let address = match child.stderr.take() {
            Some(stderr) => follow(stderr, log).recv_timeout(START_PATIENCE).ok(),
            None => None,
        };
        let Some(address) = address else {
            child.kill().context("end the server")?;
            let status = child.wait().context("end the server")?;
            bail!(
                "the server does not start ({status}); its log ends with:\n{}",
                tail(&installation.log)
            );
        };
        Ok(Server {
            child,
            address,
            client_id: installation.client_id.clone(),
            client_secret: installation.client_secret.clone(),
        })
    }

    /// Starts it and kills it before it is ready, as a supervisor in a hurry does.
    pub(crate) fn kill_while_starting(installation: &Installation, moment: Duration) -> Result<()> {
        let mut child = installation.serve()?;
        std::thread::sleep(moment);
        child.kill().context("kill the server")?;
        child.wait().context("wait for the killed server")?;
        Ok(())
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A token for a resource.
    pub(crate) fn token(&self, resource: &str) -> Result<String> {
        let body = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&resource={resource}",
            self.client_id, self.client_secret
        );
        let target = format!("/{TENANT}/oauth2/token");
        let answer = http::send(
            self.address,
            &Ask {
                method: "POST",
                target: &target,
                token: None,
                content_type: "application/x-www-form-urlencoded",
                body: body.as_bytes(),
            },
        )
        .context("ask for a token")?;
        let told: Value = serde_json::from_slice(&answer.body).context("read the token answer")?;
        told["access_token"]
            .as_str()
            .map(str::to_owned)
            .with_context(|| format!("no token was given: {told}"))
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) -> Result<()> {
        // The standard library kills with SIGKILL on every Unix.
        self.child.kill().context("kill the server")?;
        self.child.wait().context("wait for the killed server")?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes what the server says to its log, and tells the address once it names it.
fn follow(said: impl std::io::Read + Send + 'static, mut log: File) -> Receiver<SocketAddr> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(said).lines().map_while(Result::ok) {
            // The log is a help for people; a run goes on without it.
            let _ = writeln!(log, "{line}");
            let address = line
                .split_once(LISTENING)
                .and_then(|(_, rest)| rest.split(';').next()?.parse().ok());
            if let Some(address) = address {
                let _ = tell.send(address);
            }
        }
    });
    told
}

fn read_aside(mut said: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = said.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

/// Builds the program; answers where it is.
fn build(profile: &str) -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args([
            "build",
            "--package",
            "gatelog",
            "--bin",
            "gatelog",
            "--profile",
            profile,
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(crate::root()?)
        .stderr(Stdio::inherit())
        .output()
        .context("start cargo build")?;
    if !built.status.success() {
        bail!("cargo build ended with {}", built.status);
    }
    String::from_utf8_lossy(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "gatelog")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo build names no program")
}
