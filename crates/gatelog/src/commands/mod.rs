//! The list of commands: one file each.

mod agent;
mod app;
mod backup;
mod completions;
mod config;
mod demo;
mod detect;
mod enrich;
mod explain;
mod export;
mod findings;
mod get;
mod import;
mod init;
mod judge;
mod key;
mod login;
mod logout;
mod man;
mod mapping;
mod rebuild;
mod reports;
mod restore;
mod role;
mod serve;
mod sources;
mod store;
mod tenant;
mod token;
mod user;
mod whoami;

use crate::administration::Administer;
use crate::cli::{Cli, Common};
use crate::exit::Code;
use anyhow::{Context, Result};
use server::config::Config;
use std::future::Future;

/// What can be asked for.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Start a server with made-up events and print curl lines that work
    Demo(demo::Args),
    /// Keep the records of files, folders or standard input
    Import(import::Args),
    /// See what a mapping file makes of records
    #[command(subcommand)]
    Mapping(mapping::Command),
    /// Serve the reports
    Serve(serve::Args),
    /// Read logs where they are written, and bring them to the service
    Agent(agent::Args),
    /// Make a configuration, the first tenant and its administrator
    Init(init::Args),
    /// Make, show and change tenants
    Tenant(Administer<tenant::Command>),
    /// Register applications and their secrets
    App(Administer<app::Command>),
    /// Make and change people who sign in
    User(Administer<user::Command>),
    /// Give and take the roles that let users read
    Role(Administer<role::Command>),
    /// Show and change the keys that sign tokens
    Key(Administer<key::Command>),
    /// See what is stored, and recount it
    #[command(subcommand)]
    Store(store::Command),
    /// See what came from where, what is missing, and recount it
    Sources(Administer<sources::Command>),
    /// See what is known of network addresses, and bring newer files
    #[command(subcommand)]
    Enrich(enrich::Command),
    /// Copy everything to a folder, also while a server runs
    Backup(backup::Args),
    /// Bring a backup back, or only check it
    Restore(restore::Args),
    /// Check and show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Judge kept sign-ins again, and show what is different
    Detect(detect::Args),
    /// Measure the detectors by a data set of which the truth is known
    Judge(judge::Args),
    /// Make the rows of reports anew from the records as they came
    Rebuild(rebuild::Args),
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
    /// List what Gatelog's own detection found
    Findings(findings::Args),
    /// Explain a finding by its evidence
    Explain(explain::Args),
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
        Command::Demo(args) => demo::run(common, &args),
        Command::Detect(args) => detect::run(common, &args),
        Command::Import(args) => import::run(common, &args),
        Command::Judge(args) => judge::run(common, &args),
        Command::Rebuild(args) => rebuild::run(common, &args),
        Command::Mapping(command) => mapping::run(common, &command),
        Command::Serve(args) => serve::run(common, &args),
        Command::Agent(args) => agent::run(common, &args),
        Command::Tenant(asked) => tenant::run(common, &asked.remote, &asked.command),
        Command::App(asked) => app::run(common, &asked.remote, &asked.command),
        Command::Init(args) => init::run(common, &args),
        Command::User(asked) => user::run(common, &asked.remote, &asked.command),
        Command::Role(asked) => role::run(common, &asked.remote, &asked.command),
        Command::Key(asked) => key::run(common, &asked.remote, &asked.command),
        Command::Store(command) => store::run(common, &command),
        Command::Sources(asked) => sources::run(common, &asked.remote, &asked.command),
        Command::Enrich(command) => enrich::run(common, &command),
        Command::Backup(args) => backup::run(common, &args),
        Command::Restore(args) => restore::run(common, &args),
        Command::Config(command) => config::run(common, &command),
        Command::Login(args) => login::run(common, &args),
        Command::Logout(args) => logout::run(common, &args),
        Command::Whoami(args) => whoami::run(common, &args),
        Command::Token(args) => token::run(common, &args),
        Command::Reports(args) => reports::run(common, &args),
        Command::Get(args) => get::run(common, &args),
        Command::Findings(args) => findings::run(common, &args),
        Command::Explain(args) => explain::run(common, &args),
        Command::Export(args) => export::run(common, &args),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// Some settings by flag, and those that every command takes.
fn overrides(common: &Common, mut own: Vec<(String, String)>) -> Vec<(String, String)> {
    if let Some(data) = &common.data {
        own.push(("data.folder".to_owned(), data.to_string_lossy().into_owned()));
    }
    own
}

fn config_with(common: &Common, own: Vec<(String, String)>) -> Result<Config> {
    let loaded = server::config::read(common.config.as_deref(), overrides(common, own))
        .map_err(|errors| crate::exit::Usage(errors.to_string()))?;
    Ok(loaded.config)
}

fn config_of(common: &Common) -> Result<Config> {
    config_with(common, Vec::new())
}

/// Runs what waits for others.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(server::app::workers())
        .enable_all()
        .build()
        .context("start the event loop")?
        .block_on(work)
}
