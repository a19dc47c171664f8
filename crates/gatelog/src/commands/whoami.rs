//! `gatelog whoami`: who is signed in, where, and for how long.

use super::block_on;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::auth::tokens::{claims, owner};
use crate::client::session::Session;
use crate::client::wait::or_interrupted;
use crate::exit::Code;
use crate::output::{answer, printable};
use anyhow::Result;
use model::time::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::Value;

/// Show who is signed in, where, and for how long.
///
/// What is shown is what the token says of itself; the service may have changed its mind since.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog whoami
  gatelog whoami --profile siem -o json")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    name: String,
    profile: String,
    host: String,
    tenant: String,
    tenant_id: Option<String>,
    client_id: Option<String>,
    permissions: Vec<String>,
    token_ends: Option<String>,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    block_on(or_interrupted(async {
        let token = session.token().await?;
        let claims = claims(token.expose_secret());
        let text = |name: &str| claims[name].as_str().map(str::to_owned);
        let ends = match session.login() {
            Some(login) => Some(login.ends),
            None => claims["exp"].as_i64(),
        };
        let shown = Shown {
            name: owner(&claims),
            profile: session.settings.profile.clone(),
            host: session.host.origin(),
            tenant: session.tenant.clone(),
            tenant_id: text("tid"),
            client_id: text("appid").or_else(|| text("azp")),
            permissions: permissions(&claims),
            token_ends: ends.map(|ends| Timestamp::from_unix_seconds(ends).to_string()),
        };
        answer(common.output, &shown, || {
            let or_unknown = |text: &Option<String>| {
                text.clone()
                    .unwrap_or_else(|| "(the token does not say)".to_owned())
            };
            let lines = [
                ("name", shown.name.clone()),
                ("host", shown.host.clone()),
                ("tenant", shown.tenant.clone()),
                ("tenant id", or_unknown(&shown.tenant_id)),
                ("client id", or_unknown(&shown.client_id)),
                ("may", shown.permissions.join(", ")),
                ("token ends", or_unknown(&shown.token_ends)),
                ("profile", shown.profile.clone()),
            ];
            let lines: Vec<String> = lines
                .iter()
                .map(|(name, value)| format!("{name:<11} {}", printable(value)))
                .collect();
            lines.join("\n")
        })?;
        Ok(Code::Done)
    }))
}

/// An application's roles, or the scopes of a person's sign-in.
fn permissions(claims: &Value) -> Vec<String> {
    if let Some(roles) = claims["roles"].as_array() {
        return roles
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
    }
    let scopes = claims["scp"].as_str().unwrap_or_default();
    scopes.split_ascii_whitespace().map(str::to_owned).collect()
}
