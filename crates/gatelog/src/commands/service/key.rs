//! `gatelog key`: shows and changes the keys that sign tokens.

use super::{block_on, config_of};
use crate::administration::Remote;
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use server::link::Refused;
use server::routes::admin::KeyAnswer;

/// Show and change the keys that sign tokens.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the keys: which one signs, and which old ones are still good
    #[command(after_help = "Examples:
  gatelog key list
  gatelog key list -o json")]
    List,
    /// Show a key
    #[command(after_help = "Examples:
  gatelog key show 8c1f0d2e")]
    Show {
        /// The key, by its name or the beginning of it
        key: String,
    },
    /// Sign with a new key from now on; tokens of the old one stay good until they end
    #[command(after_help = "Examples:
  gatelog key rotate                      once a year, say; no client notices
  gatelog key rotate --refuse-old-tokens  somebody else may have the key: every client signs in anew

The new key is in the folder `keys` of the data folder, for its owner only; back it up with `gatelog backup`.")]
    Rotate {
        /// Refuse tokens of the old keys at once
        #[arg(long)]
        refuse_old_tokens: bool,
    },
}

pub(super) fn run(common: &Common, remote: &Remote, command: &Command) -> Result<Code> {
    let link = remote.open(common, config_of)?;
    block_on(async {
        let keys: Vec<KeyAnswer> = match command {
            Command::List => link.get("/keys").await?,
            Command::Show { key } => {
                let keys: Vec<KeyAnswer> = link.get("/keys").await?;
                let meant: Vec<KeyAnswer> = keys
                    .into_iter()
                    .filter(|known| known.key_id.starts_with(key))
                    .collect();
                let [meant] = meant.as_slice() else {
                    let message = format!(
                        "{} keys begin with {key:?}; `gatelog key list` shows them",
                        meant.len()
                    );
                    return Err(Refused { status: 404, message }.into());
                };
                answer(common.output, meant, || listed(std::slice::from_ref(meant)))?;
                return Ok(Code::Done);
            }
            Command::Rotate { refuse_old_tokens } => {
                let old = if *refuse_old_tokens { "refused" } else { "kept" };
                link.post(&format!("/keys/rotate?old_tokens={old}"), &()).await?
            }
        };
        answer(common.output, &keys, || listed(&keys))?;
        Ok(Code::Done)
    })
}

fn listed(keys: &[KeyAnswer]) -> String {
    let rows = keys
        .iter()
        .map(|key| {
            vec![
                key.key_id.clone(),
                key.state.clone(),
                key.created.clone(),
                key.not_after.clone().unwrap_or_default(),
            ]
        })
        .collect();
    table(&["Key", "State", "Since (UTC)", "Good until (UTC)"], rows)
}
