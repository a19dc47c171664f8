//! `gatelog config`: checks and shows the configuration.

use crate::cli::Common;
use crate::exit::Code;
use crate::output::{Format, line, say};
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
        (Command::Check, loaded) if common.output == Format::Json => {
            let mistakes: Vec<String> = loaded.as_ref().err().map_or_else(Vec::new, |errors| {
                errors.0.iter().map(ToString::to_string).collect()
            });
            line(&serde_json::json!({ "sound": mistakes.is_empty(), "mistakes": mistakes }).to_string())?;
            return Ok(if mistakes.is_empty() {
                Code::Done
            } else {
                Code::Usage
            });
        }
        (Command::Check, loaded) => {
            let text = config::check(&loaded);
            if loaded.is_err() {
                say(&text);
                return Ok(Code::Usage);
            }
            line(&text)?;
        }
        (Command::Show { .. }, Ok(loaded)) if common.output == Format::Json => {
            line(&config::show_json(&loaded).to_string())?;
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
