//! The configuration: defaults, then a TOML file, then the environment, then flags; checked once and plain afterwards.

mod data;
mod detection;
mod enrichment;
mod error;
mod ingest;
mod key;
mod layering;
mod limits;
mod log;
mod network;
mod own_events;
mod reader;
mod reload;
mod reports;
mod retention;
mod roles;
mod server;
mod suggest;
mod text;
mod tokens;
mod trusted_issuers;

pub use data::Data;
pub use detection::Detection;
pub use enrichment::{Enrichment, ListFile, class_of, list_name, stem};
pub use error::{ConfigError, ConfigErrors};
pub use ingest::Ingest;
pub use key::{KeyDef, Kind};
pub use layering::{Inputs, Origin};
pub use limits::Limits;
pub use network::{Network, NotANetwork};
pub use own_events::OwnEvents;
pub use reload::{Change, Effect, changes, in_effect};
pub use reports::Reports;
pub use retention::{Retention, TenantRef};
pub use roles::Roles;
pub use server::{PlainHttp, ProxyHeaders, PublicUrl, Server, TlsFiles};
pub use text::{Origins, check, show, show_json};
pub use tokens::Tokens;
pub use trusted_issuers::{OutsideSignIn, TrustedIssuer};

use edge::logging::Log;
use layering::{Setting, Settings};
use reader::Reader;
use std::path::Path;
use std::sync::Arc;

/// Everything that can be configured, checked: whoever reads it need not wonder again.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Addresses, TLS and proxies.
    pub server: Server,
    /// What a request may cost.
    pub limits: Limits,
    /// What programs may bring.
    pub ingest: Ingest,
    /// Where the data live.
    pub data: Data,
    /// What is known of network addresses.
    pub enrichment: Enrichment,
    /// What reports show.
    pub reports: Reports,
    /// When data are deleted.
    pub retention: Retention,
    /// What is written to the log.
    pub log: Log,
    /// How long tokens live.
    pub tokens: Tokens,
    /// What the service tells of itself.
    pub own_events: OwnEvents,
    /// Roles of the operator's own.
    pub roles: Roles,
    /// How sign-ins are judged.
    pub detection: Detection,
    /// Outside issuers whose tokens are taken.
    pub trusted_issuers: Vec<Arc<TrustedIssuer>>,
}

/// A configuration with the memory of where each value came from.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The checked values.
    pub config: Config,
    settings: Settings,
}

/// The keys of every section, in the order in which they are shown.
pub const ALL: &[&[KeyDef]] = &[
    server::KEYS,
    limits::KEYS,
    ingest::KEYS,
    data::KEYS,
    enrichment::KEYS,
    reports::KEYS,
    retention::KEYS,
    log::KEYS,
    tokens::KEYS,
    own_events::KEYS,
    roles::KEYS,
    detection::KEYS,
    trusted_issuers::KEYS,
];

/// Every key with its kind, its default and what it is for.
pub fn keys() -> impl Iterator<Item = &'static KeyDef> {
    ALL.iter().copied().flatten()
}

/// Lays the inputs over the defaults and checks the result. Every mistake is told, not only the first one.
pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigErrors> {
    let (settings, mut errors) = layering::lay(inputs);
    let config = {
        let mut reader = Reader::new(&settings, &mut errors, inputs.credentials());
        let server = server::read(&mut reader);
        let limits = limits::read(&mut reader);
        let ingest = ingest::read(&mut reader);
        let data = data::read(&mut reader, inputs);
        let enrichment = enrichment::read(&mut reader);
        let reports = reports::read(&mut reader);
        let retention = retention::read(&mut reader);
        let log = log::read(&mut reader);
        let tokens = tokens::read(&mut reader);
        let own_events = own_events::read(&mut reader);
        let roles = roles::read(&mut reader);
        let detection = detection::read(&mut reader);
        let public_url = server.as_ref().ok().and_then(|server| server.public_url.as_ref());
        let known_roles = roles.as_ref().cloned().unwrap_or_default();
        let trusted_issuers = trusted_issuers::read(&mut reader, public_url, &known_roles);
        (
            server,
            limits,
            ingest,
            data,
            enrichment,
            reports,
            retention,
            log,
            tokens,
            own_events,
            roles,
            detection,
            trusted_issuers,
        )
    };
    let (
        Ok(server),
        Ok(limits),
        Ok(ingest),
        Ok(data),
        Ok(enrichment),
        Ok(reports),
        Ok(retention),
        Ok(log),
        Ok(tokens),
        Ok(own_events),
        Ok(roles),
        Ok(detection),
        Ok(trusted_issuers),
    ) = config
    else {
        return Err(ConfigErrors(errors));
    };
    if !errors.is_empty() {
        return Err(ConfigErrors(errors));
    }
    // The folder's default depends on the machine, so it is no constant of the list; shown it should be.
    let mut settings = settings;
    settings
        .entry("data.folder".to_owned())
        .or_insert_with(|| Setting::by_default(&data.folder.to_string_lossy()));
    Ok(Loaded {
        config: Config {
            server,
            limits,
            ingest,
            data,
            enrichment,
            reports,
            retention,
            log,
            tokens,
            own_events,
            roles,
            detection,
            trusted_issuers,
        },
        settings,
    })
}

/// Reads the file (if one is named) and the process's environment, and loads.
pub fn read(file: Option<&Path>, overrides: Vec<(String, String)>) -> Result<Loaded, ConfigErrors> {
    let mut inputs = Inputs {
        environment: layering::process_environment(),
        overrides,
        ..Inputs::default()
    };
    if let Some(path) = file {
        let text = std::fs::read_to_string(path).map_err(|source| {
            ConfigErrors(vec![ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            }])
        })?;
        inputs.file = Some((path.to_owned(), text));
    }
    load(&inputs)
}

#[cfg(test)]
mod tests;
