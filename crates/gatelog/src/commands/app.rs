//! `gatelog app`: registers applications and their secrets.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::{Context, Result};
use server::link::{Link, query_value};
use server::routes::admin::{AppAnswer, NewAppAsked, NewSecretAsked, SecretAnswer};
use std::path::PathBuf;
use uuid::Uuid;

/// Register applications and their secrets.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Register an application; its secret is shown once
    #[command(after_help = "Examples:
  gatelog app create --tenant contoso.com --name siem --permission Directory.Read.All
  gatelog app create --tenant contoso.com --name collector --permission Ingest --secret-days 90
  gatelog app create --tenant contoso.com --name script --delegated-permission Directory.Read.All \
    --reply-address https://localhost")]
    Create {
        /// Its tenant, by name or GUID
        #[arg(long)]
        tenant: String,
        /// What people call it
        #[arg(long)]
        name: String,
        /// What it may do: Directory.Read.All (read reports), Ingest (bring events)
        #[arg(long = "permission", value_name = "PERMISSION")]
        permissions: Vec<String>,
        /// What it may do for a user who signed in: Directory.Read.All (read the reports that the user may read)
        #[arg(long = "delegated-permission", value_name = "PERMISSION")]
        delegated_permissions: Vec<String>,
        /// It runs on people's machines and can keep no secret, so it gets none
        #[arg(long)]
        public: bool,
        /// A file with a certificate in PEM by which it proves who it is, instead of a secret
        #[arg(long, value_name = "FILE", conflicts_with_all = ["public", "secret_days"])]
        certificate: Option<PathBuf>,
        /// Where answers of an interactive sign-in may go
        #[arg(long = "reply-address", value_name = "ADDRESS")]
        reply_addresses: Vec<String>,
        /// A directory role that it holds
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        /// After how many days its secret ends [default: never]
        #[arg(long, value_name = "DAYS")]
        secret_days: Option<u32>,
    },
    /// List the applications
    List {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Give an application another secret, shown once; those before stay
    Secret {
        /// Its client id
        client_id: Uuid,
        /// After how many days the secret ends [default: never]
        #[arg(long, value_name = "DAYS")]
        secret_days: Option<u32>,
    },
    /// Switch an application off: its tokens stop at once
    Disable {
        /// Its client id
        client_id: Uuid,
    },
    /// Switch an application on again
    Enable {
        /// Its client id
        client_id: Uuid,
    },
    /// Remove an application and its secrets
    Delete {
        /// Its client id
        client_id: Uuid,
    },
}

pub(super) fn run(common: &Common, command: &Command) -> Result<Code> {
    let link = Link::open(&config_of(common)?)?;
    block_on(async {
        match command {
            Command::Create {
                tenant,
                name,
                permissions,
                delegated_permissions,
                public,
                certificate,
                reply_addresses,
                roles,
                secret_days,
            } => {
                let certificate = certificate
                    .as_ref()
                    .map(|path| {
                        std::fs::read_to_string(path)
                            .with_context(|| format!("read the certificate {}", path.display()))
                    })
                    .transpose()?;
                let asked = NewAppAsked {
                    tenant: tenant.clone(),
                    name: name.clone(),
                    permissions: permissions.clone(),
                    delegated_permissions: delegated_permissions.clone(),
                    public: *public,
                    certificate,
                    reply_addresses: reply_addresses.clone(),
                    roles: roles.clone(),
                    client_id: None,
                    secret_days: *secret_days,
                };
                let made: AppAnswer = link.post("/apps", &asked).await?;
                answer(common.output, &made, || created(&made))?;
            }
            Command::List { tenant } => {
                let target = match tenant {
                    Some(word) => format!("/apps?tenant={}", query_value(word)),
                    None => "/apps".to_owned(),
                };
                let apps: Vec<AppAnswer> = link.get(&target).await?;
                answer(common.output, &apps, || listed(&apps))?;
            }
            Command::Secret {
                client_id,
                secret_days,
            } => {
                let asked = NewSecretAsked {
                    secret_days: *secret_days,
                };
                let made: SecretAnswer = link.post(&format!("/apps/{client_id}/secrets"), &asked).await?;
                answer(common.output, &made, || {
                    format!(
                        "client secret  {}\n               (shown this once; ends: {})",
                        made.client_secret,
                        made.expires.as_deref().unwrap_or("never")
                    )
                })?;
            }
            Command::Disable { client_id } => {
                let app: AppAnswer = link.post(&format!("/apps/{client_id}/disable"), &()).await?;
                answer(common.output, &app, || {
                    format!("switched off {} ({client_id})", app.name)
                })?;
            }
            Command::Enable { client_id } => {
                let app: AppAnswer = link.post(&format!("/apps/{client_id}/enable"), &()).await?;
                answer(common.output, &app, || {
                    format!("switched on {} ({client_id})", app.name)
                })?;
            }
            Command::Delete { client_id } => {
                let app: AppAnswer = link.delete(&format!("/apps/{client_id}")).await?;
                answer(common.output, &app, || {
                    format!("removed {} ({client_id})", app.name)
                })?;
            }
        }
        Ok(Code::Done)
    })
}

fn created(made: &AppAnswer) -> String {
    let or_nothing = |permissions: &[String]| match permissions {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    };
    let secret = match &made.client_secret {
        Some(secret) => format!(
            "{secret}\n               (shown this once; `gatelog app secret {}` makes another)",
            made.client_id
        ),
        None => "none".to_owned(),
    };
    format!(
        "registered     {}\ntenant         {}\nclient id      {}\nclient secret  {secret}\nmay            {}\nfor users      {}",
        made.name,
        made.tenant_id,
        made.client_id,
        or_nothing(&made.permissions),
        or_nothing(&made.delegated_permissions),
    )
}

fn listed(apps: &[AppAnswer]) -> String {
    let rows = apps
        .iter()
        .map(|app| {
            let state = app
                .disabled
                .as_ref()
                .map_or_else(|| "on".to_owned(), |since| format!("off since {since}"));
            vec![
                app.client_id.to_string(),
                app.name.clone(),
                app.tenant_id.to_string(),
                app.permissions.join(" "),
                app.secret_hints.join(" "),
                state,
            ]
        })
        .collect();
    table(&["Client id", "Name", "Tenant", "May", "Secrets", "State"], rows)
}
