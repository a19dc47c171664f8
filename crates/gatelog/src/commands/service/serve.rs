//! `gatelog serve`: serves the reports until it is asked to stop.

use super::block_on;
use crate::cli::Common;
use crate::exit::Code;
use anyhow::{Context, Result};
use server::reload::Reload;
use server::run::Stop;
use server::service::Server;
use std::sync::Arc;

/// Serve the reports.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog serve
  gatelog serve --listen 127.0.0.1:9090 --data /srv/gatelog
  GATELOG__LOG__FORMAT=json gatelog serve --config /etc/gatelog/gatelog.toml

SIGHUP reads the configuration and the certificate anew, and the log says what waits for a restart.
SIGTERM or Ctrl-C ends it when the requests in flight have ended; a second one ends it at once.")]
pub(crate) struct Args {
    /// Address and port of the service [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<String>,
    /// Address and port of /metrics, /livez and /readyz [default: 127.0.0.1:8081]
    #[arg(long, value_name = "ADDRESS:PORT")]
    admin_listen: Option<String>,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let mut overrides = Vec::new();
    for (key, value) in [
        ("server.listen", &args.listen),
        ("server.admin_listen", &args.admin_listen),
    ] {
        if let Some(value) = value {
            overrides.push((key.to_owned(), value.clone()));
        }
    }
    let all = super::overrides(common, overrides);
    let file = common.config.clone();
    let read_again = move || server::config::read(file.as_deref(), all.clone());
    let loaded = read_again().map_err(|errors| crate::exit::Usage(errors.to_string()))?;
    let config = loaded.config.clone();
    let log = edge::logging::start(&config.log).map_err(|error| anyhow::anyhow!("start the log: {error}"))?;
    block_on(async {
        let server = Server::prepare(config.clone()).await?;
        let (main, admin) = server.addresses();
        tracing::info!(
            "serving {} at {} (listening on {main}; metrics and health on http://{admin})",
            config.data.folder.display(),
            server.origin()
        );
        let stop = Stop::new();
        let reload = Reload::new(
            Arc::clone(server.app()),
            server.tls().cloned(),
            log,
            loaded,
            Box::new(read_again),
        );
        let watching = tokio::spawn(stop.watch_signals()?);
        let reloading = tokio::spawn(reload.watch(&stop)?);
        server.run(&stop).await;
        watching.abort();
        // It may be at work: it shares the service, which closes when nobody does.
        reloading.await.context("wait for the end of a reload")?;
        tracing::info!("stopped");
        Ok(Code::Done)
    })
}
