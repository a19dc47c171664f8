//! `gatelog completions`: what a shell needs to complete commands.

use crate::cli::Cli;
use crate::exit::Code;
use crate::output::line;
use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

/// Print what a shell needs to complete commands.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog completions bash > ~/.local/share/bash-completion/completions/gatelog
  gatelog completions zsh > ~/.zfunc/_gatelog
  gatelog completions fish > ~/.config/fish/completions/gatelog.fish
  gatelog completions powershell >> $PROFILE")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args) -> Result<Code> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gatelog", &mut text);
    line(&String::from_utf8_lossy(&text))?;
    Ok(Code::Done)
}
