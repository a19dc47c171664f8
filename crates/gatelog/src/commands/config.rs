//! `gatelog config`: checks and shows the configuration.

use crate::cli::Common;
use crate::exit::Code;
use crate::output::{line, say};
use anyhow::Result;
use server::config::{self, Origins};

/// Check and show the configuration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Say what is wrong with the configuration, if anything
    Check,
    /// Show every value that counts; secrets are not shown
    Show {
        /// Say where each value comes from
        #[arg(long)]
        origin: bool,
    },
}

pub(super) fn run(common: &Common, command: &Command) -> Result<Code> {
    let mut overrides = Vec::new();
    if let Some(data) = &common.data {
        overrides.push(("data.folder".to_owned(), data.to_string_lossy().into_owned()));
    }
    let loaded = config::read(common.config.as_deref(), overrides);
    match (command, loaded) {
        (Command::Check, loaded) => {
            let text = config::check(&loaded);
            if loaded.is_err() {
                say(&text);
                return Ok(Code::Usage);
            }
            line(&text)?;
        }
        (Command::Show { origin }, Ok(loaded)) => {
            line(&config::show(
                &loaded,
                if *origin { Origins::Shown } else { Origins::Hidden },
            ))?;
        }
        (Command::Show { .. }, Err(errors)) => {
            say(&errors.to_string());
            return Ok(Code::Usage);
        }
    }
    Ok(Code::Done)
}
