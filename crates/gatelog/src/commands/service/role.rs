//! `gatelog role`: who may read.

use super::user::Which;
use super::{block_on, config_of};
use crate::administration::Remote;
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use server::link::query_value;
use server::routes::admin::{RoleAnswer, UserAnswer};

/// Give and take the roles that let users read.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the roles, what they let read, and who holds them
    #[command(after_help = "Examples:
  gatelog role list
  gatelog role list -o json")]
    List,
    /// Show a role: what it reads, what is masked for it, and who holds it
    #[command(after_help = "Examples:
  gatelog role show reports-reader
  gatelog role show 'Help Desk'     a role of your own, from [[roles]] in the configuration")]
    Show {
        /// The role
        role: String,
    },
    /// Give a user a role; it counts at once
    #[command(after_help = "Examples:
  gatelog role add alice@contoso.com 'Security Reader'
  gatelog role add alice@contoso.com reports-reader")]
    Add {
        #[command(flatten)]
        which: Which,
        /// The role: Global Administrator, Security Administrator, Security Reader, Reports Reader, or one of your own
        role: String,
    },
    /// Take a role from a user; it counts at once
    #[command(after_help = "Examples:
  gatelog role remove alice@contoso.com 'Security Reader'")]
    Remove {
        #[command(flatten)]
        which: Which,
        /// The role
        role: String,
    },
}

pub(super) fn run(common: &Common, remote: &Remote, command: &Command) -> Result<Code> {
    let link = remote.open(common, config_of)?;
    block_on(async {
        match command {
            Command::List => {
                let roles: Vec<RoleAnswer> = link.get("/roles").await?;
                answer(common.output, &roles, || listed(&roles))?;
            }
            Command::Show { role } => {
                let role: RoleAnswer = link.get(&format!("/roles/{}", query_value(role))).await?;
                answer(common.output, &role, || shown(&role))?;
            }
            Command::Add { which, role } => {
                let user: UserAnswer = link.post(&target(which, role), &()).await?;
                said(common, &user)?;
            }
            Command::Remove { which, role } => {
                let user: UserAnswer = link.delete(&target(which, role)).await?;
                said(common, &user)?;
            }
        }
        Ok(Code::Done)
    })
}

fn target(which: &Which, role: &str) -> String {
    which.target(&format!("/roles/{}", query_value(role)))
}

fn said(common: &Common, user: &UserAnswer) -> Result<()> {
    answer(common.output, user, || {
        let roles = if user.roles.is_empty() {
            "no role".to_owned()
        } else {
            user.roles.join(", ")
        };
        format!("{} holds {roles}", user.name)
    })
}

fn listed(roles: &[RoleAnswer]) -> String {
    let rows = roles
        .iter()
        .map(|role| {
            vec![
                role.role.clone(),
                role.reads.clone(),
                role.users.join(" "),
                role.template_id.map_or_else(String::new, |id| id.to_string()),
            ]
        })
        .collect();
    table(&["Role", "Reads", "Held by", "Template id"], rows)
}

fn shown(role: &RoleAnswer) -> String {
    let id = role
        .template_id
        .map_or_else(|| "none".to_owned(), |id| id.to_string());
    let text = format!(
        "role         {}\nreads        {}\ntemplate id  {id}\nheld by      {}",
        role.role,
        role.reads,
        role.users.join(" ")
    );
    if role.reports.is_empty() {
        return text;
    }
    let rows = role
        .reports
        .iter()
        .map(|report| vec![report.report.clone(), report.masked.join(" ")])
        .collect();
    format!("{text}\n\n{}", table(&["Report", "Masked"], rows))
}
