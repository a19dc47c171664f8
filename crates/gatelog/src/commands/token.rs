//! `gatelog token`: prints a bearer token for other programs.

use super::block_on;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::auth::tokens::claims;
use crate::client::session::Session;
use crate::client::wait::or_interrupted;
use crate::exit::Code;
use crate::output::{Format, line};
use anyhow::Result;
use model::time::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;

/// Print a bearer token for other programs, renewed if it ends soon.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  curl -H \"Authorization: Bearer $(gatelog token)\" 'https://reports.contoso.com/contoso.com/reports?api-version=beta'
  gatelog token -o json        {\"tokenType\":\"Bearer\",\"accessToken\":\"…\",\"expiresOn\":\"…\",\"tenant\":\"…\",\"host\":\"…\"}

Whoever has the token may read until it ends: keep it out of files and of the arguments of commands.")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    block_on(or_interrupted(async {
        let token = session.token().await?;
        let token = token.expose_secret();
        if common.output != Format::Json {
            line(token)?;
            return Ok(Code::Done);
        }
        let ends = match session.login() {
            Some(login) => Some(login.ends),
            None => claims(token)["exp"].as_i64(),
        };
        let shown = json!({
            "tokenType": "Bearer",
            "accessToken": token,
            "expiresOn": ends.map(|ends| Timestamp::from_unix_seconds(ends).to_string()),
            "tenant": session.tenant,
            "host": session.host.origin(),
        });
        line(&shown.to_string())?;
        Ok(Code::Done)
    }))
}
