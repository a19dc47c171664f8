//! `gatelog app`: registers applications and their secrets.

use super::{block_on, config_of};
use crate::administration::Remote;
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::{Context, Result};
use server::link::query_value;
use server::routes::admin::{AppAnswer, AppChangesAsked, NewAppAsked, NewSecretAsked, SecretAnswer};
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
        /// What it may do for a user who signed in: Directory.Read.All (read the reports that the user may read),
        /// Directory.AccessAsUser.All (administer, if the user may)
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
    /// Show an application
    #[command(after_help = "Examples:
  gatelog app show 6f2b5b0c-7d7c-4d3c-9b0a-3e1f0c0f7a11")]
    Show {
        /// Its client id
        client_id: Uuid,
    },
    /// Change what an application is called, what it may do, and where answers may go
    #[command(after_help = "Examples:
  gatelog app update ID --name siem-2 --add-permission Ingest
  gatelog app update ID --add-reply-address https://portal.contoso.com/ --remove-reply-address https://localhost")]
    Update {
        /// Its client id
        client_id: Uuid,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        /// A permission that it gets
        #[arg(long = "add-permission", value_name = "PERMISSION")]
        add_permissions: Vec<String>,
        /// A permission that it loses; tokens that it has lose it at once
        #[arg(long = "remove-permission", value_name = "PERMISSION")]
        remove_permissions: Vec<String>,
        /// A permission for users who signed in that it gets
        #[arg(long = "add-delegated-permission", value_name = "PERMISSION")]
        add_delegated_permissions: Vec<String>,
        /// A permission for users who signed in that it loses
        #[arg(long = "remove-delegated-permission", value_name = "PERMISSION")]
        remove_delegated_permissions: Vec<String>,
        /// A reply address that it gets
        #[arg(long = "add-reply-address", value_name = "ADDRESS")]
        add_reply_addresses: Vec<String>,
        /// A reply address that it loses
        #[arg(long = "remove-reply-address", value_name = "ADDRESS")]
        remove_reply_addresses: Vec<String>,
    },
    /// Give an application another secret, shown once; those before stay until they are removed
    #[command(after_help = "Examples:
  gatelog app secret ID --secret-days 90    another secret; then, when nobody uses the old one any more:
  gatelog app secret ID --remove aBc        the one that begins so, as `gatelog app show` has it")]
    Secret {
        /// Its client id
        client_id: Uuid,
        /// After how many days the secret ends [default: never]
        #[arg(long, value_name = "DAYS", conflicts_with = "remove")]
        secret_days: Option<u32>,
        /// Remove the secret that begins so, instead of making one
        #[arg(long, value_name = "BEGINNING")]
        remove: Option<String>,
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

pub(super) fn run(common: &Common, remote: &Remote, command: &Command) -> Result<Code> {
    let link = remote.open(common, config_of)?;
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
            Command::Show { client_id } => {
                let app: AppAnswer = link.get(&format!("/apps/{client_id}")).await?;
                answer(common.output, &app, || shown(&app))?;
            }
            Command::Update {
                client_id,
                name,
                add_permissions,
                remove_permissions,
                add_delegated_permissions,
                remove_delegated_permissions,
                add_reply_addresses,
                remove_reply_addresses,
            } => {
                let asked = AppChangesAsked {
                    name: name.clone(),
                    add_permissions: add_permissions.clone(),
                    remove_permissions: remove_permissions.clone(),
                    add_delegated_permissions: add_delegated_permissions.clone(),
                    remove_delegated_permissions: remove_delegated_permissions.clone(),
                    add_reply_addresses: add_reply_addresses.clone(),
                    remove_reply_addresses: remove_reply_addresses.clone(),
                };
                let app: AppAnswer = link.post(&format!("/apps/{client_id}"), &asked).await?;
                answer(common.output, &app, || shown(&app))?;
            }
            Command::Secret {
                client_id,
                remove: Some(beginning),
                ..
            } => {
                let target = format!("/apps/{client_id}/secrets/{}", query_value(beginning));
                let app: AppAnswer = link.delete(&target).await?;
                answer(common.output, &app, || shown(&app))?;
            }
            Command::Secret {
                client_id,
                secret_days,
                remove: None,
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

fn or_nothing(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    }
}

fn shown(app: &AppAnswer) -> String {
    format!(
        "application    {}\ntenant         {}\nclient id      {}\nkind           {}\nmay            {}\nfor users      {}\n\
         answers go to  {}\nsecrets        {}\ncertificates   {}\nsince          {}\nstate          {}",
        app.name,
        app.tenant_id,
        app.client_id,
        if app.public { "public" } else { "confidential" },
        or_nothing(&app.permissions),
        or_nothing(&app.delegated_permissions),
        or_nothing(&app.reply_addresses),
        or_nothing(&app.secret_hints),
        or_nothing(&app.certificate_thumbprints),
        app.created,
        app.disabled
            .as_ref()
            .map_or_else(|| "on".to_owned(), |since| format!("off since {since}")),
    )
}

fn created(made: &AppAnswer) -> String {
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
