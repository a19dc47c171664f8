//! `gatelog agent`: reads logs where they are written, and brings them to the service.

use super::block_on;
use crate::agent::config::{self, Config};
use crate::agent::log_file::LogFile;
use crate::agent::run::{Ended, SignalsOf};
use crate::agent::{check, run};
use crate::cli::Common;
use crate::exit::{Code, Usage};
use crate::output::answer;
use crate::platform;
use anyhow::Result;
use edge::logging::LogLevel;
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

/// Read logs where they are written, and bring them to the service.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog agent check --config /etc/gatelog/agent.toml --connect
  gatelog agent --config /etc/gatelog/agent.toml

What was read is kept in the agent's state folder until the service has it on its disk; a kill at any moment loses and
doubles nothing. SIGHUP reads the configuration anew. SIGTERM or Ctrl-C ends it when what was read is kept.")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What else an agent's configuration is good for.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say what would be read and sent, and change nothing
    #[command(
        after_help = "Exit codes: 0 all is well, 1 something cannot be read or reached, 2 the configuration is wrong, \
                            4 the service gives no token or no role."
    )]
    Check {
        /// Ask the service for a token, as the agent would
        #[arg(long)]
        connect: bool,
    },
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let Some(path) = common.config.as_deref() else {
        return Err(Usage(
            "name the agent's configuration: --config agent.toml (packaging/gatelog-agent.toml is an example)"
                .to_owned(),
        )
        .into());
    };
    let config = config::read(path).map_err(Usage)?;
    match args.command {
        Some(Command::Check { connect }) => check_it(common, &config, connect),
        None => platform::until_stopped(|| serve(path, config)),
    }
}

fn check_it(common: &Common, config: &Config, connect: bool) -> Result<Code> {
    let mut found = check::look(config);
    if connect {
        block_on(async {
            check::connect(config, &mut found).await;
            Ok(())
        })?;
    }
    answer(common.output, &found, || check::text(&found))?;
    Ok(match (found.is_denied, found.faults.is_empty()) {
        (true, _) => Code::Denied,
        (false, true) => Code::Done,
        (false, false) => Code::Failed,
    })
}

fn serve(path: &Path, config: Config) -> Result<Code> {
    let Some(file) = config.log_file.clone() else {
        let log = edge::logging::start(&config.log).map_err(unstarted)?;
        return work(path, config, &log);
    };
    let sink = LogFile::open(&file).map_err(|error| unstarted(format!("{}: {error}", file.display())))?;
    let log = edge::logging::start_to(&config.log, Box::new(sink)).map_err(unstarted)?;
    // Whoever has the log in a file may not see standard error.
    work(path, config, &log).inspect_err(|error| tracing::error!("the agent ends: {error:#}"))
}

fn unstarted(error: impl Display) -> anyhow::Error {
    anyhow::anyhow!("start the log: {error}")
}

fn work(path: &Path, config: Config, log: &LogLevel) -> Result<Code> {
    block_on(async {
        let mut signals = SignalsOf::take()?;
        let pipe = Arc::default();
        let mut config = config;
        let in_use = (config.log_file.clone(), config.log.format);
        loop {
            match run::run(&config, &mut signals, &pipe, &|| config::read(path)).await? {
                Ended::Stopped => return Ok(Code::Done),
                Ended::Reloaded(other) => {
                    tracing::info!("the configuration was read anew");
                    log.set(other.log.level.clone());
                    if (&other.log_file, other.log.format) != (&in_use.0, in_use.1) {
                        tracing::warn!("another `log.file` or `log.format` waits for a restart");
                    }
                    config = *other;
                }
            }
        }
    })
}
