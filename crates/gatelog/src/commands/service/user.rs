//! `gatelog user`: people who sign in, and their app passwords.

use super::{block_on, config_of};
use crate::administration::{Administration, Remote};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, table};
use crate::secret::{self, Source};
use anyhow::Result;
use server::link::query_value;
use server::routes::admin::{
    AppPasswordAnswer, NewAppPasswordAsked, NewUserAsked, UserAnswer, UserChangesAsked,
};
use uuid::Uuid;

/// Make and change people who sign in, their passwords and second factors.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a user; a password that the service makes is shown once
    #[command(after_help = "Examples:
  gatelog user create alice@contoso.com --tenant contoso.com --role 'Security Reader'
  gatelog user create bob@contoso.com --tenant contoso.com --password-from prompt
  pass show gatelog/carol | gatelog user create carol@contoso.com --tenant contoso.com --password-from stdin")]
    Create {
        /// The name to sign in with, such as alice@contoso.com
        name: String,
        /// The tenant, by name or GUID
        #[arg(long)]
        tenant: String,
        /// What people call the user [default: the name]
        #[arg(long)]
        display_name: Option<String>,
        /// The given name
        #[arg(long)]
        given_name: Option<String>,
        /// The family name
        #[arg(long)]
        family_name: Option<String>,
        /// A directory role; `gatelog role list` shows them
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<String>,
        #[arg(long, value_name = "SOURCE", default_value = "generate", help = secret::HELP)]
        password_from: Source,
    },
    /// List the users
    #[command(after_help = "Examples:
  gatelog user list
  gatelog user list --tenant contoso.com -o json")]
    List {
        /// Only this tenant's
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Show a user
    #[command(after_help = "Examples:
  gatelog user show alice@contoso.com")]
    Show(Which),
    /// Change what a user is called
    #[command(after_help = "Examples:
  gatelog user update alice@contoso.com --display-name 'Alice Brown' --name alice.brown@contoso.com")]
    Update {
        #[command(flatten)]
        which: Which,
        /// Another name to sign in with
        #[arg(long)]
        name: Option<String>,
        /// What people call the user
        #[arg(long)]
        display_name: Option<String>,
        /// The given name; '' takes it away
        #[arg(long)]
        given_name: Option<String>,
        /// The family name; '' takes it away
        #[arg(long)]
        family_name: Option<String>,
    },
    /// Give a user another password; sign-ins of before end
    #[command(after_help = "Examples:
  gatelog user password alice@contoso.com
  gatelog user password alice@contoso.com --password-from prompt")]
    Password {
        #[command(flatten)]
        which: Which,
        #[arg(long, value_name = "SOURCE", default_value = "generate", help = secret::HELP)]
        password_from: Source,
    },
    /// Ask a user for one-time codes, too; the secret for the authenticator application is shown once
    #[command(after_help = "Examples:
  gatelog user second-factor alice@contoso.com
  gatelog user second-factor alice@contoso.com -o json | jq -r .otpauth | qrencode -t utf8
  gatelog user second-factor alice@contoso.com --remove")]
    SecondFactor {
        #[command(flatten)]
        which: Which,
        /// Ask for the password alone again
        #[arg(long)]
        remove: bool,
    },
    /// Switch a user off: tokens and app passwords stop at once
    #[command(after_help = "Examples:
  gatelog user disable alice@contoso.com")]
    Disable(Which),
    /// Switch a user on again
    #[command(after_help = "Examples:
  gatelog user enable alice@contoso.com")]
    Enable(Which),
    /// Remove a user with app passwords, sessions and tokens
    #[command(after_help = "Examples:
  gatelog user delete alice@contoso.com")]
    Delete(Which),
    /// Passwords for programs that cannot sign in interactively, such as Excel and Power BI
    #[command(subcommand)]
    AppPassword(AppPassword),
}

/// Which user.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Which {
    /// The user, by name or object id
    user: String,
    /// The tenant, where several have such a user
    #[arg(long)]
    tenant: Option<String>,
}

/// Passwords for programs that cannot sign in interactively.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum AppPassword {
    /// Make one, shown once; it reads what its user may read, and nothing else
    #[command(after_help = "Examples:
  gatelog user app-password create alice@contoso.com --name Excel
  gatelog user app-password create alice@contoso.com --name 'Power BI' --days 90")]
    Create {
        #[command(flatten)]
        which: Which,
        /// What people call it
        #[arg(long)]
        name: String,
        /// After how many days it ends [default: 365]
        #[arg(long)]
        days: Option<u32>,
    },
    /// List those of a user
    #[command(after_help = "Examples:
  gatelog user app-password list alice@contoso.com")]
    List(Which),
    /// Remove one: it stops at once
    #[command(after_help = "Examples:
  gatelog user app-password delete alice@contoso.com 3f0c1f5e-0d5c-4c8b-9a57-6a3f3c6f2b11")]
    Delete {
        #[command(flatten)]
        which: Which,
        /// Its id
        id: Uuid,
    },
}

impl Which {
    /// The address of something of the user.
    pub(super) fn target(&self, rest: &str) -> String {
        let user = query_value(&self.user);
        match &self.tenant {
            Some(tenant) => format!("/users/{user}{rest}?tenant={}", query_value(tenant)),
            None => format!("/users/{user}{rest}"),
        }
    }
}

pub(super) fn run(common: &Common, remote: &Remote, command: &Command) -> Result<Code> {
    // Before the data folder is taken: people take their time at a prompt.
    let asked = match command {
        Command::Create { password_from, .. } | Command::Password { password_from, .. } => {
            Some(password_from.read()?)
        }
        _ => None,
    };
    let link = remote.open(common, config_of)?;
    let say = |user: &UserAnswer, what: &str| {
        answer(common.output, user, || {
            format!("{what} {} ({})", user.name, user.id)
        })
    };
    block_on(async {
        match command {
            Command::Create {
                name,
                tenant,
                display_name,
                given_name,
                family_name,
                roles,
                ..
            } => {
                let asked = NewUserAsked {
                    tenant: tenant.clone(),
                    name: name.clone(),
                    display_name: display_name.clone(),
                    given_name: given_name.clone(),
                    family_name: family_name.clone(),
                    roles: roles.clone(),
                    password: asked.unwrap_or_default(),
                };
                let user: UserAnswer = link.post("/users", &asked).await?;
                answer(common.output, &user, || shown(&user))?;
            }
            Command::List { tenant } => {
                let target = match tenant {
                    Some(word) => format!("/users?tenant={}", query_value(word)),
                    None => "/users".to_owned(),
                };
                let users: Vec<UserAnswer> = link.get(&target).await?;
                answer(common.output, &users, || listed(&users))?;
            }
            Command::Show(which) => {
                let user: UserAnswer = link.get(&which.target("")).await?;
                answer(common.output, &user, || shown(&user))?;
            }
            Command::Update {
                which,
                name,
                display_name,
                given_name,
                family_name,
            } => {
                let asked = UserChangesAsked {
                    name: name.clone(),
                    display_name: display_name.clone(),
                    given_name: given_name.clone(),
                    family_name: family_name.clone(),
                };
                let user: UserAnswer = link.post(&which.target(""), &asked).await?;
                answer(common.output, &user, || shown(&user))?;
            }
            Command::Password { which, .. } => {
                let asked = asked.unwrap_or_default();
                let user: UserAnswer = link.post(&which.target("/password"), &asked).await?;
                answer(common.output, &user, || shown(&user))?;
            }
            Command::SecondFactor { which, remove } => {
                let target = which.target("/second-factor");
                let user: UserAnswer = if *remove {
                    link.delete(&target).await?
                } else {
                    link.post(&target, &()).await?
                };
                answer(common.output, &user, || shown(&user))?;
            }
            Command::Disable(which) => {
                let user: UserAnswer = link.post(&which.target("/disable"), &()).await?;
                say(&user, "switched off")?;
            }
            Command::Enable(which) => {
                let user: UserAnswer = link.post(&which.target("/enable"), &()).await?;
                say(&user, "switched on")?;
            }
            Command::Delete(which) => {
                let user: UserAnswer = link.delete(&which.target("")).await?;
                say(&user, "removed")?;
            }
            Command::AppPassword(command) => app_password(common, &link, command).await?,
        }
        Ok(Code::Done)
    })
}

async fn app_password(common: &Common, link: &Administration, command: &AppPassword) -> Result<()> {
    match command {
        AppPassword::Create { which, name, days } => {
            let asked = NewAppPasswordAsked {
                name: name.clone(),
                days: *days,
            };
            let made: AppPasswordAnswer = link.post(&which.target("/app-passwords"), &asked).await?;
            answer(common.output, &made, || {
                format!(
                    "user name     {}\napp password  {}\n              (shown this once; ends {})\nid            {}",
                    made.user,
                    made.password.as_deref().unwrap_or_default(),
                    made.expires.as_deref().unwrap_or("never"),
                    made.id
                )
            })
        }
        AppPassword::List(which) => {
            let held: Vec<AppPasswordAnswer> = link.get(&which.target("/app-passwords")).await?;
            answer(common.output, &held, || {
                let rows = held
                    .iter()
                    .map(|held| {
                        vec![
                            held.id.to_string(),
                            held.name.clone(),
                            format!("{}…", held.hint),
                            held.created.clone(),
                            held.expires.clone().unwrap_or_default(),
                            held.last_used.clone().unwrap_or_default(),
                        ]
                    })
                    .collect();
                table(
                    &["Id", "Name", "Begins", "Since (UTC)", "Ends (UTC)", "Used (UTC)"],
                    rows,
                )
            })
        }
        AppPassword::Delete { which, id } => {
            let gone: AppPasswordAnswer = link
                .delete(&which.target(&format!("/app-passwords/{id}")))
                .await?;
            answer(common.output, &gone, || {
                format!("removed the app password {} of {}", gone.name, gone.user)
            })
        }
    }
}

fn shown(user: &UserAnswer) -> String {
    let mut lines = vec![
        format!("user           {}", user.name),
        format!("called         {}", user.display_name),
        format!("object id      {}", user.id),
        format!("tenant         {}", user.tenant_id),
        format!(
            "roles          {}",
            if user.roles.is_empty() {
                "none: may not read reports".to_owned()
            } else {
                user.roles.join(", ")
            }
        ),
        format!(
            "signs in with  {}",
            match (user.has_password, user.second_factor) {
                (false, _) => "nothing yet",
                (true, false) => "a password",
                (true, true) => "a password and one-time codes",
            }
        ),
        format!("state          {}", state(user)),
        format!(
            "last sign-in   {}",
            user.last_sign_in.as_deref().unwrap_or("never")
        ),
    ];
    if let Some(password) = &user.password {
        lines.push(format!("password       {password}"));
        lines.push(format!(
            "               (shown this once; `gatelog user password {}` makes another)",
            user.name
        ));
    }
    if let Some(otpauth) = &user.otpauth {
        lines.push(format!("one-time codes {otpauth}"));
        lines.push("               (shown this once: for an authenticator application)".to_owned());
    }
    lines.join("\n")
}

fn state(user: &UserAnswer) -> String {
    user.disabled
        .as_ref()
        .map_or_else(|| "on".to_owned(), |since| format!("off since {since}"))
}

fn listed(users: &[UserAnswer]) -> String {
    let rows = users
        .iter()
        .map(|user| {
            vec![
                user.name.clone(),
                user.display_name.clone(),
                user.roles.join(", "),
                user.last_sign_in.clone().unwrap_or_default(),
                state(user),
                user.id.to_string(),
            ]
        })
        .collect();
    table(
        &[
            "Name",
            "Called",
            "Roles",
            "Last sign-in (UTC)",
            "State",
            "Object id",
        ],
        rows,
    )
}
