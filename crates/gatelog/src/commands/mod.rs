//! The list of commands: one file each. What needs the data folder or the server's own words is in [`service`].

mod agent;
mod completions;
mod export;
mod get;
mod login;
mod logout;
mod man;
mod reports;
#[cfg(unix)]
mod service;
mod token;
mod whoami;

use crate::cli::Cli;
use crate::exit::Code;
use anyhow::{Context, Result};
use std::future::Future;

/// What can be asked for.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    #[cfg(unix)]
    #[command(flatten)]
    Service(service::Command),
    /// Read logs where they are written, and bring them to the service
    Agent(agent::Args),
    /// Sign in at a service that speaks the reports API
    Login(login::Args),
    /// Take a sign-in back and forget it
    Logout(logout::Args),
    /// Show who is signed in, where, and for how long
    Whoami(whoami::Args),
    /// Print a bearer token for other programs
    Token(token::Args),
    /// List the reports of a service, and what is in them
    Reports(reports::Args),
    /// Get the rows of a report
    Get(get::Args),
    /// Write whole reports into files
    Export(export::Args),
    /// Print what a shell needs to complete commands
    Completions(completions::Args),
    /// Write the manual pages, for packages
    #[command(hide = true)]
    Man(man::Args),
}

impl Command {
    /// Whether it prints rows of reports, for which there are more formats.
    fn prints_rows(&self) -> bool {
        matches!(self, Command::Get(_) | Command::Export(_))
    }
}

/// Runs a command to its end.
pub(crate) fn run(cli: Cli) -> Result<Code> {
    let common = &cli.common;
    if common.output.is_for_rows() && !cli.command.prints_rows() {
        let reason = "jsonl, csv and tsv are for rows of reports; this command prints table or json";
        return Err(crate::exit::Usage(reason.to_owned()).into());
    }
    match cli.command {
        #[cfg(unix)]
        Command::Service(command) => service::run(common, command),
        Command::Agent(args) => agent::run(common, &args),
        Command::Login(args) => login::run(common, &args),
        Command::Logout(args) => logout::run(common, &args),
        Command::Whoami(args) => whoami::run(common, &args),
        Command::Token(args) => token::run(common, &args),
        Command::Reports(args) => reports::run(common, &args),
        Command::Get(args) => get::run(common, &args),
        Command::Export(args) => export::run(common, &args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Runs what waits for others.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(edge::cores::workers())
        .enable_all()
        .build()
        .context("start the event loop")?
        .block_on(work)
}
