//! `gatelog tenant`: makes and lists tenants.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use server::link::Link;
use server::routes::admin::{NewTenantAsked, TenantAnswer};
use uuid::Uuid;

/// Make and list tenants.
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
}

pub(super) fn run(common: &Common, command: &Command) -> Result<Code> {
    let link = Link::open(&config_of(common)?)?;
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
        }
        Ok(Code::Done)
    })
}
