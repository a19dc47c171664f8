//! Gatelog: identity reports and events, served from your own machine.

mod cli;
mod commands;
mod exit;
mod output;
mod secret;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match commands::run(cli) {
        Ok(code) => code.into(),
        Err(error) => {
            output::complain(&error);
            exit::code_of(&error).into()
        }
    }
}
