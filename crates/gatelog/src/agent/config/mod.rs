//! The agent's configuration: one TOML file, checked as a whole before anything is done.

mod inputs;
mod values;

use super::documents;
use super::event_log;
use super::gather::Gatherer;
use super::journald::Journal;
use super::link::Service;
use super::spool::WhenFull;
use super::syslog::Listen;
use super::tail;
use crate::client::auth::endpoints::Protocol;
use crate::client::auth::proof::SecretSource;
use crate::client::host::{Host, PlainHttp};
use crate::client::place;
use edge::logging::Log;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use values::{Size, did_you_mean, unknown_field};

/// Everything that can be configured, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) service: Service,
    pub(crate) state: PathBuf,
    pub(crate) spool_bytes: u64,
    /// Where health and metrics are, if anywhere.
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) log: Log,
    /// Where the log goes, if not to standard error.
    pub(crate) log_file: Option<PathBuf>,
    /// How often files are looked at.
    pub(crate) poll: Duration,
    /// How long a stop waits for what can still be sent.
    pub(crate) stop: Duration,
    pub(crate) inputs: Vec<Input>,
}

/// One origin of records.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    pub(crate) name: String,
    /// The word in the address of ingest.
    pub(crate) format: String,
    pub(crate) kind: Kind,
}

/// How records come.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    /// Files of lines that grow.
    Files(tail::Plan),
    /// Event logs, and documents.
    Documents(documents::Plan),
    /// A channel of the Windows event log.
    EventLog(event_log::Plan),
    /// The journal of systemd.
    Journald(Journal, Gathering),
    /// Standard input.
    Stdin(Gathering),
    /// A listener.
    Syslog(Box<Listen>, Gathering),
}

/// How lines that come by themselves are gathered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gathering {
    pub(crate) when_full: WhenFull,
    pub(crate) linger: Duration,
}

impl Gathering {
    /// What gathers them.
    pub(crate) fn gatherer(
        self,
        input: &Input,
        origin: &str,
        spool: &std::sync::Arc<super::spool::Spool>,
        counters: &std::sync::Arc<super::counters::Counters>,
    ) -> Gatherer {
        Gatherer {
            input: input.name.clone(),
            format: input.format.clone(),
            origin: origin.to_owned(),
            when_full: self.when_full,
            linger: self.linger,
            spool: std::sync::Arc::clone(spool),
            counters: std::sync::Arc::clone(counters),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    service: ServiceSection,
    state: StateSection,
    #[serde(default)]
    spool: SpoolSection,
    #[serde(default)]
    agent: AgentSection,
    #[serde(default)]
    http: HttpSection,
    #[serde(default)]
    log: LogSection,
    #[serde(default)]
    inputs: Vec<inputs::Section>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ServiceSection {
    host: String,
    tenant: String,
    client_id: String,
    client_secret_file: Option<String>,
    certificate: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    authority: Option<String>,
    oauth: Option<String>,
    proxy: Option<String>,
    #[serde(default)]
    plain_http: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StateSection {
    folder: PathBuf,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpoolSection {
    max_bytes: Option<Size>,
    when_full: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentSection {
    poll_milliseconds: Option<u64>,
    stop_seconds: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpSection {
    listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogSection {
    format: Option<String>,
    level: Option<String>,
    file: Option<PathBuf>,
}

/// Reads and checks a file. The error has every mistake that was found, one a line.
pub(crate) fn read(path: &Path) -> Result<Config, String> {
    let text =
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    // Names in it are beside it, wherever the agent was started.
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    parse(&text, &path)
}

/// The same of a text; relative names in it are beside the file.
pub(crate) fn parse(text: &str, path: &Path) -> Result<Config, String> {
    let file: File = toml::from_str(text).map_err(|error| syntax(&error, text, path))?;
    let folder = place::folder_of(path);
    let mut mistakes = Vec::new();
    let config = check(&file, folder, &mut mistakes);
    match config {
        Some(config) if mistakes.is_empty() => Ok(config),
        _ => {
            let lines = mistakes
                .iter()
                .map(|mistake| format!("{}: {mistake}", path.display()));
            Err(lines.collect::<Vec<_>>().join("\n"))
        }
    }
}

fn check(file: &File, folder: &Path, mistakes: &mut Vec<String>) -> Option<Config> {
    let service = service(&file.service, folder, mistakes);
    let when_full = match &file.spool.when_full {
        None => Some(WhenFull::Block),
        Some(word) => values::when_full("spool.when_full", word, mistakes),
    };
    let spool_bytes = file.spool.max_bytes.map_or(1 << 30, |size| size.0);
    if spool_bytes < 1 << 20 {
        mistakes.push("`spool.max_bytes` must be at least 1MiB".to_owned());
    }
    let listen = match file.http.listen.as_deref() {
        None => Some(SocketAddr::from(([127, 0, 0, 1], 8_083))),
        Some("off") => None,
        Some(text) => {
            let address = values::address("http.listen", text, mistakes);
            if address.is_some_and(|address| !address.ip().to_canonical().is_loopback()) {
                mistakes.push(format!(
                    "`http.listen` {text:?} is not of this machine alone: use 127.0.0.1 or [::1]; a scraper of another \
                     machine comes by a proxy"
                ));
            }
            address
        }
    };
    let log = Log::parse(
        file.log.format.as_deref().unwrap_or("human"),
        file.log.level.as_deref().unwrap_or("info"),
    );
    let log = log
        .map_err(|wanted| mistakes.push(format!("`log`: {wanted}")))
        .ok();
    if file.inputs.is_empty() {
        mistakes.push("there is no [[inputs]]: nothing would be read".to_owned());
    }
    let mut inputs: Vec<Input> = Vec::new();
    for section in &file.inputs {
        let input = inputs::check(section, folder, when_full.unwrap_or(WhenFull::Block), mistakes);
        if inputs.iter().any(|other| other.name == section.name) {
            mistakes.push(format!("two inputs are called {:?}", section.name));
        }
        inputs.extend(input);
    }
    if inputs
        .iter()
        .filter(|input| matches!(input.kind, Kind::Stdin(_)))
        .count()
        > 1
    {
        mistakes.push("standard input can be read by one input alone".to_owned());
    }
    Some(Config {
        service: service?,
        state: folder.join(&file.state.folder),
        spool_bytes,
        listen,
        log: log?,
        log_file: file.log.file.as_ref().map(|path| folder.join(path)),
        poll: Duration::from_millis(file.agent.poll_milliseconds.unwrap_or(250).clamp(10, 60_000)),
        stop: Duration::from_secs(file.agent.stop_seconds.unwrap_or(5).min(600)),
        inputs,
    })
}

fn service(section: &ServiceSection, folder: &Path, mistakes: &mut Vec<String>) -> Option<Service> {
    let plain = if section.plain_http {
        PlainHttp::Allowed
    } else {
        PlainHttp::LoopbackAlone
    };
    let mut host = |name: &str, text: &str| {
        Host::parse(text, plain)
            .map_err(|error| {
                let told = error.to_string().replace("--plain-http", "plain_http = true");
                mistakes.push(format!("`service.{name}`: {told}"));
            })
            .ok()
    };
    let own = host("host", &section.host);
    let authority = section.authority.as_deref().map(|text| host("authority", text));
    let oauth = section.oauth.as_deref().map(|text| {
        let known = Protocol::named(text);
        if known.is_none() {
            mistakes.push(format!("`service.oauth` is v1 or v2, not {text:?}"));
        }
        known
    });
    match (&section.client_secret_file, &section.certificate) {
        (None, None) => mistakes.push(
            "`service` needs client_secret_file (a file, or credential:NAME of systemd) or certificate"
                .to_owned(),
        ),
        (Some(_), Some(_)) => mistakes.push(
            "`service` has a secret and a certificate, two ways to prove the same: keep one of them"
                .to_owned(),
        ),
        _ => {}
    }
    if section.client_secret_file.as_deref() == Some("-") {
        mistakes.push(
            "`service.client_secret_file` cannot be standard input: a token is asked for again and again"
                .to_owned(),
        );
    }
    for (name, text) in [("tenant", &section.tenant), ("client_id", &section.client_id)] {
        if text.trim().is_empty() {
            mistakes.push(format!("`service.{name}` is empty"));
        }
    }
    Some(Service {
        host: own?,
        authority: authority.flatten(),
        tenant: section.tenant.clone(),
        client_id: section.client_id.clone(),
        secret: section
            .client_secret_file
            .as_deref()
            .map(|text| SecretSource::parse(text, folder)),
        certificate: section.certificate.as_ref().map(|path| folder.join(path)),
        ca_file: section.ca_file.as_ref().map(|path| folder.join(path)),
        proxy: section.proxy.clone(),
        oauth: oauth.flatten(),
    })
}

/// What TOML or serde say, with the line, and with the name that was probably meant.
fn syntax(error: &toml::de::Error, text: &str, path: &Path) -> String {
    let line = error.span().map_or(1, |span| {
        let before = &text.as_bytes()[..span.start.min(text.len())];
        before.split(|byte| *byte == b'\n').count()
    });
    let mut message = error.message().to_owned();
    if let Some((written, known)) = unknown_field(&message) {
        let hint = did_you_mean(&written, &known);
        message = format!(
            "there is no setting `{written}` here{hint}; known are {}",
            known.join(", ")
        );
    }
    format!("{}:{line}: {message}", path.display())
}

impl Config {
    /// The word in the address, by input.
    pub(crate) fn formats(&self) -> BTreeMap<String, String> {
        let pairs = self.inputs.iter();
        pairs
            .map(|input| (input.name.clone(), input.format.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests;
