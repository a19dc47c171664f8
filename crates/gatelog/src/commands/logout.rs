//! `gatelog logout`: takes a sign-in back at the service, where it can, and forgets it here.

use super::block_on;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::auth::grant::Applicant;
use crate::client::auth::keeper::Keeper;
use crate::client::auth::login::Login;
use crate::client::auth::proof::Proof;
use crate::client::http::{Http, Wiring};
use crate::client::profiles::settings;
use crate::exit::Code;
use crate::output::say;
use anyhow::Result;
use secrecy::SecretString;

/// Take a sign-in back at the service, where it can, and forget it here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog logout
  gatelog logout --profile siem")]
pub(crate) struct Args {
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let settings = settings(&args.connection, common.config.as_deref())?;
    let keeper = Keeper::open()?;
    block_on(async {
        let told = |text: String| {
            if !settings.quiet {
                say(&format!("gatelog: {text}"));
            }
        };
        let held = keeper.hold().await?;
        let Some(login) = held.login(&settings.profile)? else {
            told(format!("nobody is signed in by the profile {}", settings.profile));
            return Ok(Code::Done);
        };
        // Forgotten first: whatever the service says, nothing stays here.
        held.forget(&settings.profile)?;
        drop(held);
        let revoked = match login.endpoints.revocation.clone() {
            None => "the service has no way to take tokens back: they end by themselves".to_owned(),
            Some(address) => {
                let http = Http::new(&Wiring {
                    ca_file: login.ca_file.as_deref(),
                    proxy: login.proxy.as_deref(),
                    debug: settings.debug,
                    quiet: settings.quiet,
                })?;
                match revoke(&http, &login, &address).await {
                    Ok(()) => "the service has taken the tokens back".to_owned(),
                    Err(error) => format!("the service did not take the tokens back: {error:#}"),
                }
            }
        };
        told(format!(
            "signed out of {} (tenant {}); {revoked}",
            login.host, login.tenant
        ));
        Ok(Code::Done)
    })
}

/// RFC 7009: the refresh token first, since its access tokens go with it where the service does that.
async fn revoke(http: &Http, login: &Login, address: &str) -> Result<()> {
    let proof = Proof::read(login.secret.as_ref(), login.certificate.as_deref())?;
    let applicant = Applicant {
        http,
        endpoints: &login.endpoints,
        client_id: &login.client_id,
        resource: &login.resource,
        proof: &proof,
    };
    let tokens = [
        ("refresh_token", login.refresh_token.as_ref()),
        ("access_token", Some(&login.access_token)),
    ];
    for (hint, token) in tokens {
        let Some(token) = token else { continue };
        let mut fields = vec![
            ("token", token.clone()),
            ("token_type_hint", SecretString::from(hint.to_owned())),
            ("client_id", SecretString::from(login.client_id.clone())),
        ];
        fields.extend(proof.fields(&login.client_id, &login.endpoints.token)?);
        let answer = applicant.send(address, &fields).await?;
        // An access token that cannot be taken back ends within the hour (RFC 7009, 2.2.1).
        if answer.status != 200 && hint == "refresh_token" {
            anyhow::bail!("{}", crate::client::said::said(answer.status, &answer.body));
        }
    }
    Ok(())
}
