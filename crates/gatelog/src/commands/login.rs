//! `gatelog login`: signs a person or an application in at a service.

use super::block_on;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::auth::browser::{self, Opened};
use crate::client::auth::device;
use crate::client::auth::endpoints::discover;
use crate::client::auth::grant::Applicant;
use crate::client::auth::login::{Kind, Login};
use crate::client::auth::loopback::Loopback;
use crate::client::auth::pkce::Pkce;
use crate::client::auth::proof::Proof;
use crate::client::auth::tokens::{Granted, claims, owner};
use crate::client::host::{Host, PlainHttp};
use crate::client::session::Session;
use crate::client::wait::or_interrupted;
use crate::exit::{Code, Usage};
use crate::output::{printable, say};
use anyhow::Result;
use edge::{chance, clock};
use model::time::Timestamp;
use secrecy::ExposeSecret;
use std::path::Path;

/// Sign in at a service that speaks the reports API.
///
/// A person signs in with the browser, here or on another device. An application signs in with its secret or certificate;
/// other commands can do that by themselves, too, when they are given the same. What was signed in last for a profile is used
/// by the commands that follow: they need no --host and --tenant.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog login --host https://reports.contoso.com --tenant contoso.com --client-id ID
  gatelog login --host https://reports.contoso.com --tenant contoso.com --client-id ID --device-code
  gatelog login --host https://reports.contoso.com --tenant contoso.com --client-id ID --client-secret-file secret.txt
  gatelog login --profile siem --certificate app.pem

An administrator registers an application for people's machines like this:
  gatelog app create --tenant contoso.com --name cli --public --delegated-permission Directory.Read.All \\
    --reply-address http://127.0.0.1/

Tokens are kept in $XDG_STATE_HOME/gatelog/tokens.json, readable by you alone. Secrets are never kept, only where they are.")]
pub(crate) struct Args {
    /// Sign in on another device, with a code that is shown here
    #[arg(long)]
    device_code: bool,
    /// Do not start a browser; only show the address
    #[arg(long)]
    no_browser: bool,
    /// The port of this machine that the browser comes back to [default: any free one]
    #[arg(long, value_name = "PORT", default_value_t = 0, hide_default_value = true)]
    port: u16,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    let keeper = session.keeper()?;
    block_on(or_interrupted(async {
        let login = if session.has_credentials() {
            if args.device_code {
                let reason = "an application with a secret or a certificate signs in by itself; leave out --device-code";
                return Err(Usage(reason.to_owned()).into());
            }
            session.sign_application_in().await?
        } else {
            sign_person_in(&session, args).await?
        };
        let held = keeper.hold().await?;
        held.keep(&session.settings.profile, &login)?;
        let who = owner(&claims(login.access_token.expose_secret()));
        session.note(&format!(
            "signed in to {} (tenant {}) as {}; the token ends at {}{}",
            login.host,
            login.tenant,
            printable(&who),
            Timestamp::from_unix_seconds(login.ends),
            match (
                &login.refresh_token,
                login.kind,
                &login.secret,
                &login.certificate
            ) {
                (Some(_), ..) => ", and is renewed by itself",
                (None, Kind::Application, None, None) => "; sign in anew then, since the secret is not kept",
                (None, Kind::Application, ..) => ", and another one is got by itself",
                (None, Kind::User, ..) => "; sign in anew then",
            }
        ));
        Ok(Code::Done)
    }))
}

async fn sign_person_in(session: &Session, args: &Args) -> Result<Login> {
    let client_id = session.client_id()?;
    let settings = &session.settings;
    let endpoints = discover(
        &session.http,
        session.authority(),
        &session.tenant,
        settings.oauth,
    )
    .await?;
    let proof = Proof::Nothing;
    let applicant = Applicant {
        http: &session.http,
        endpoints: &endpoints,
        client_id,
        resource: session.resource(),
        proof: &proof,
    };
    let granted = if args.device_code {
        device::sign_in(&applicant).await?
    } else {
        by_browser(&applicant, args).await?
    };
    let ends = clock::now().unix_seconds() + granted.lifetime_seconds;
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(Login {
        kind: Kind::User,
        host: session.host.origin(),
        tenant: session.tenant.clone(),
        client_id: client_id.to_owned(),
        resource: session.resource().to_owned(),
        authority: settings.authority.as_ref().map(Host::origin),
        secret: None,
        certificate: None,
        ca_file: settings.ca_file.as_deref().map(absolute),
        proxy: settings.proxy.clone(),
        plain_http: settings.plain_http == PlainHttp::Allowed,
        access_token: granted.access_token,
        refresh_token: granted.refresh_token,
        ends,
        lifetime_seconds: granted.lifetime_seconds,
        endpoints,
    })
}

async fn by_browser(applicant: &Applicant<'_>, args: &Args) -> Result<Granted> {
    let pkce = Pkce::new(chance::bytes());
    let loopback = Loopback::open(args.port, chance::guid().to_string()).await?;
    let redirect_uri = loopback.redirect_uri().to_owned();
    let question = loopback.question(
        applicant.endpoints,
        applicant.client_id,
        applicant.resource,
        &pkce.challenge,
    )?;
    let opened = if args.no_browser {
        Opened::No
    } else {
        browser::open(question.as_str())
    };
    match opened {
        Opened::Yes => say(&format!(
            "A browser was started to sign in. If it shows nothing, open this address:\n{question}"
        )),
        Opened::No => say(&format!(
            "To sign in, open this address in a browser on this machine:\n{question}"
        )),
    }
    let code = loopback.code(applicant.endpoints.issuer.as_deref()).await?;
    Ok(applicant.by_code(&code, &redirect_uri, &pkce.verifier).await?)
}
