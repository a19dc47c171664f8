//! Gatelog: identity reports and events, served from your own machine.

#[cfg(unix)]
mod administration;
mod agent;
mod cli;
mod client;
mod commands;
mod exit;
mod output;
mod platform;
#[cfg(unix)]
mod secret;

use clap::Parser;
use std::process::ExitCode;

#[cfg(unix)]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let done = match version_for_programs() {
        Some(version) => output::line(&version).map(|()| exit::Code::Done),
        None => commands::run(cli::Cli::parse()),
    };
    match done {
        Ok(code) => code.into(),
        Err(error) => {
            output::complain(&error);
            exit::code_of(&error).into()
        }
    }
}

/// `gatelog --version --json`, which clap's own `--version` would answer for people.
fn version_for_programs() -> Option<String> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let is_asked = arguments.len() == 2 && arguments[0] == "--version" && arguments[1] == "--json";
    is_asked.then(|| {
        serde_json::json!({ "name": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION") })
            .to_string()
    })
}
