//! The commands of a service: they need its data folder, or the words of the server that has it. Not on Windows, where Gatelog is the
//! agent and the client.

mod app;
mod backup;
mod config;
mod demo;
mod detect;
mod enrich;
mod explain;
mod findings;
mod import;
mod init;
mod judge;
mod key;
mod mapping;
mod rebuild;
mod restore;
mod role;
mod serve;
mod sources;
mod store;
mod tenant;
mod user;

use super::block_on;
use crate::administration::Administer;
use crate::cli::Common;
use crate::exit::Code;
use anyhow::Result;
use server::config::Config;

/// What can be asked of a service by whoever runs it.
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
    /// List what Gatelog's own detection found
    Findings(findings::Args),
    /// Explain a finding by its evidence
    Explain(explain::Args),
}

/// Runs a command to its end.
pub(super) fn run(common: &Common, command: Command) -> Result<Code> {
    match command {
        Command::Demo(args) => demo::run(common, &args),
        Command::Detect(args) => detect::run(common, &args),
        Command::Import(args) => import::run(common, &args),
        Command::Judge(args) => judge::run(common, &args),
        Command::Rebuild(args) => rebuild::run(common, &args),
        Command::Mapping(command) => mapping::run(common, &command),
        Command::Serve(args) => serve::run(common, &args),
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
        Command::Findings(args) => findings::run(common, &args),
        Command::Explain(args) => explain::run(common, &args),
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
