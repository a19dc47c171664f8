//! `gatelog tenant`: makes, shows, changes and deletes tenants.

use super::{block_on, config_of};
use crate::administration::Remote;
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use server::link::query_value;
use server::routes::admin::{NewTenantAsked, TenantAnswer, TenantChangesAsked};
use uuid::Uuid;

/// Make, show, change and delete tenants.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a tenant
    #[command(after_help = "Examples:
  gatelog tenant create contoso.com
  gatelog tenant create contoso.com contoso.onmicrosoft.com --id 4b2462a4-bbee-495a-a0e1-f23ae524cc9c")]
    Create {
        /// Its domain names, the main one first
        #[arg(required = true)]
        names: Vec<String>,
        /// Its GUID, if it has one already (the directory's id in Entra)
        #[arg(long)]
        id: Option<Uuid>,
        /// What people call it
        #[arg(long)]
        display_name: Option<String>,
    },
    /// List the tenants
    List,
    /// Show a tenant
    #[command(after_help = "Examples:
  gatelog tenant show contoso.com")]
    Show {
        /// The tenant, by name or GUID
        tenant: String,
    },
    /// Change a tenant's names and what is switched on for it
    #[command(after_help = "Examples:
  gatelog tenant update contoso.com --display-name 'Contoso Ltd' --add-name contoso.example
  gatelog tenant update contoso.com --password-grant on    old scripts may send a user's password for a token")]
    Update {
        /// The tenant, by name or GUID
        tenant: String,
        /// What people call it
        #[arg(long)]
        display_name: Option<String>,
        /// A domain name that it gets
        #[arg(long = "add-name", value_name = "NAME")]
        add_names: Vec<String>,
        /// A domain name that it loses
        #[arg(long = "remove-name", value_name = "NAME")]
        remove_names: Vec<String>,
        /// Whether applications may send a user's password for a token
        #[arg(long, value_name = "on|off", value_parser = on_or_off)]
        password_grant: Option<bool>,
    },
    /// Delete a tenant with every event, user and application of it, for good
    #[command(after_help = "Examples:
  gatelog tenant delete contoso.com                                                  says what has to be confirmed
  gatelog tenant delete contoso.com --confirm 4b2462a4-bbee-495a-a0e1-f23ae524cc9c   does it

Its tokens and sign-ins are no good from then on. Backups that were taken before still have it.")]
    Delete {
        /// The tenant, by name or GUID
        tenant: String,
        /// Its GUID once more: nothing is deleted without it
        #[arg(long, value_name = "GUID")]
        confirm: Option<Uuid>,
    },
}

pub(super) fn run(common: &Common, remote: &Remote, command: &Command) -> Result<Code> {
    let link = remote.open(common, config_of)?;
    block_on(async {
        match command {
            Command::Create {
                names,
                id,
                display_name,
            } => {
                let asked = NewTenantAsked {
                    names: names.clone(),
                    id: *id,
                    display_name: display_name.clone(),
                };
                let made: TenantAnswer = link.post("/tenants", &asked).await?;
                answer(common.output, &made, || {
                    format!("made tenant {} ({})", made.display_name, made.id)
                })?;
            }
            Command::List => {
                let tenants: Vec<TenantAnswer> = link.get("/tenants").await?;
                answer(common.output, &tenants, || {
                    let rows = tenants
                        .iter()
                        .map(|tenant| {
                            vec![
                                tenant.id.to_string(),
                                tenant.names.join(" "),
                                tenant.created.clone(),
                            ]
                        })
                        .collect();
                    table(&["Id", "Names", "Since (UTC)"], rows)
                })?;
            }
            Command::Show { tenant } => {
                let tenant: TenantAnswer = link.get(&format!("/tenants/{}", query_value(tenant))).await?;
                answer(common.output, &tenant, || shown(&tenant))?;
            }
            Command::Update {
                tenant,
                display_name,
                add_names,
                remove_names,
                password_grant,
            } => {
                let asked = TenantChangesAsked {
                    display_name: display_name.clone(),
                    add_names: add_names.clone(),
                    remove_names: remove_names.clone(),
                    password_grant: *password_grant,
                };
                let target = format!("/tenants/{}", query_value(tenant));
                let tenant: TenantAnswer = link.post(&target, &asked).await?;
                answer(common.output, &tenant, || shown(&tenant))?;
            }
            Command::Delete { tenant, confirm } => {
                let mut target = format!("/tenants/{}", query_value(tenant));
                if let Some(confirm) = confirm {
                    target = format!("{target}?confirm={confirm}");
                }
                let gone: TenantAnswer = link.delete(&target).await?;
                answer(common.output, &gone, || {
                    format!("deleted {} ({}) with all that it had", gone.display_name, gone.id)
                })?;
            }
        }
        Ok(Code::Done)
    })
}

fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("say on or off".to_owned()),
    }
}

fn shown(tenant: &TenantAnswer) -> String {
    format!(
        "tenant          {}\nid              {}\nnames           {}\nsince           {}\npassword grant  {}",
        tenant.display_name,
        tenant.id,
        tenant.names.join(" "),
        tenant.created,
        if tenant.password_grant { "on" } else { "off" }
    )
}
