//! `gatelog role`: who may read.

use super::user::Which;
use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use anyhow::Result;
use model::role::DirectoryRole;
use serde::Serialize;
use server::link::{Link, query_value};
use server::routes::admin::UserAnswer;

/// Give and take the roles that let users read.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the roles, what they let read, and who holds them
    #[command(after_help = "Examples:
  gatelog role list
  gatelog role list -o json")]
    List,
    /// Give a user a role; it counts at once
    #[command(after_help = "Examples:
  gatelog role add alice@contoso.com 'Security Reader'
  gatelog role add alice@contoso.com reports-reader")]
    Add {
        #[command(flatten)]
        which: Which,
        /// The role: Global Administrator, Security Administrator, Security Reader or Reports Reader
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

/// A role and those who hold it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleLine {
    role: &'static str,
    template_id: String,
    reads: &'static str,
    users: Vec<String>,
}

pub(super) fn run(common: &Common, command: &Command) -> Result<Code> {
    let link = Link::open(&config_of(common)?)?;
    block_on(async {
        match command {
            Command::List => {
                let users: Vec<UserAnswer> = link.get("/users").await?;
                let lines: Vec<RoleLine> = DirectoryRole::ALL
                    .iter()
                    .map(|role| line(*role, &users))
                    .collect();
                answer(common.output, &lines, || listed(&lines))?;
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

fn line(role: DirectoryRole, users: &[UserAnswer]) -> RoleLine {
    RoleLine {
        role: role.name(),
        template_id: role.template_id().to_string(),
        reads: match role {
            DirectoryRole::ReportsReader => "reports that are not about security",
            _ => "every report",
        },
        users: users
            .iter()
            .filter(|user| user.roles.iter().any(|held| held == role.name()))
            .map(|user| user.name.clone())
            .collect(),
    }
}

fn listed(lines: &[RoleLine]) -> String {
    let rows = lines
        .iter()
        .map(|line| {
            vec![
                line.role.to_owned(),
                line.reads.to_owned(),
                line.users.join(" "),
                line.template_id.clone(),
            ]
        })
        .collect();
    table(&["Role", "Reads", "Held by", "Template id"], rows)
}
