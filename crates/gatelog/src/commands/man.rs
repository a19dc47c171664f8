//! `gatelog man`: the manual pages, for packages.

use crate::cli::Cli;
use crate::client::error::ClientError;
use crate::exit::Code;
use anyhow::Result;
use clap::CommandFactory;
use std::path::PathBuf;

/// Write a manual page for each command into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog man --to man && man man/gatelog-get.1")]
pub(crate) struct Args {
    /// The folder
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

pub(super) fn run(args: &Args) -> Result<Code> {
    std::fs::create_dir_all(&args.to).map_err(|error| ClientError::file(&args.to, &error))?;
    clap_mangen::generate_to(Cli::command(), &args.to)
        .map_err(|error| ClientError::file(&args.to, &error))?;
    Ok(Code::Done)
}
