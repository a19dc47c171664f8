//! The ways to administration: the data folder of this machine, or a service over the network by token.

use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::http::Answer;
use crate::client::session::Session;
use anyhow::{Context, Result, anyhow};
use serde::Serialize;
use serde::de::DeserializeOwned;
use server::config::Config;
use server::link::{Link, refused};
use std::path::PathBuf;
use tokio::sync::Mutex;

/// Whose tenant is administered, if not those of this machine's data folder.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(
    next_help_heading = "Over the network, as a Global Administrator of the tenant (without these: the data folder here)"
)]
pub(crate) struct Remote {
    /// Scheme, host and port of the service, such as https://reports.contoso.com; sign in there first with `gatelog login`
    #[arg(long, global = true, value_name = "ADDRESS")]
    host: Option<String>,
    /// The section [profile.NAME] of the client's configuration file, with its sign-in
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// The tenant of the service [default: that of the sign-in]
    #[arg(
        long,
        global = true,
        value_name = "TENANT",
        env = "GATELOG_TENANT",
        hide_env_values = true
    )]
    service_tenant: Option<String>,
    /// Authorities in PEM that are trusted beside the machine's own
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "GATELOG_CA_FILE",
        hide_env_values = true
    )]
    ca_file: Option<PathBuf>,
    /// Send tokens over plain HTTP to other machines, too; everybody on the way can read them
    #[arg(long, global = true)]
    plain_http: bool,
}

/// A command with the way that it takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Administer<C: clap::Subcommand> {
    #[command(subcommand)]
    pub(crate) command: C,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// A way to administration.
pub(crate) enum Administration {
    /// The data folder, or the server that has it.
    Folder(Link),
    /// A service over the network.
    Service(Box<Mutex<Session>>),
}

impl Remote {
    /// The way: over the network if a flag names a service or a profile, never because a variable does.
    pub(crate) fn open(
        &self,
        common: &Common,
        config: impl FnOnce(&Common) -> Result<Config>,
    ) -> Result<Administration> {
        if self.host.is_none() && self.profile.is_none() {
            return Ok(Administration::Folder(Link::open(&config(common)?)?));
        }
        let connection = Connection {
            host: self.host.clone(),
            tenant: self.service_tenant.clone(),
            profile: self.profile.clone(),
            ca_file: self.ca_file.clone(),
            plain_http: self.plain_http,
            ..Connection::default()
        };
        let session = Session::open(&connection, common.config.as_deref())?;
        Ok(Administration::Service(Box::new(Mutex::new(session))))
    }
}

impl Administration {
    /// Asks for something.
    pub(crate) async fn get<T: DeserializeOwned>(&self, target: &str) -> Result<T> {
        match self {
            Administration::Folder(link) => link.get(target).await,
            Administration::Service(session) => {
                let answer = session.lock().await.administer("GET", target, None).await?;
                read(&answer)
            }
        }
    }

    /// Sends something.
    pub(crate) async fn post<T: DeserializeOwned>(&self, target: &str, body: &impl Serialize) -> Result<T> {
        match self {
            Administration::Folder(link) => link.post(target, body).await,
            Administration::Service(session) => {
                let body = serde_json::to_string(body)?;
                let answer = session
                    .lock()
                    .await
                    .administer("POST", target, Some(body))
                    .await?;
                read(&answer)
            }
        }
    }

    /// Removes something.
    pub(crate) async fn delete<T: DeserializeOwned>(&self, target: &str) -> Result<T> {
        match self {
            Administration::Folder(link) => link.delete(target).await,
            Administration::Service(session) => {
                let answer = session.lock().await.administer("DELETE", target, None).await?;
                read(&answer)
            }
        }
    }
}

fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    if !(200..300).contains(&answer.status) {
        return Err(refused(answer.status, &answer.body));
    }
    serde_json::from_slice(&answer.body)
        .context("read the answer of administration")
        .map_err(|error| anyhow!("{error:#}; is that a Gatelog service of this version?"))
}
