//! `gatelog init`: the first tenant, its administrator, and a configuration that is ready to run.

use super::{block_on, config_of, overrides};
use crate::cli::Common;
use crate::exit::{Code, Usage};
use crate::output::{answer, say};
use crate::secret::{self, Source};
use anyhow::{Context, Result};
use serde::Serialize;
use server::link::Link;
use server::routes::admin::{NewTenantAsked, NewUserAsked, TenantAnswer, UserAnswer};
use std::fs::OpenOptions;
use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Make a configuration file, the first tenant and its administrator.
///
/// What is not given by a flag is asked for on a terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog init
  gatelog init --tenant contoso.com --admin alice@contoso.com --public-url https://reports.contoso.com
  gatelog init --config /etc/gatelog/gatelog.toml --data /var/lib/gatelog --tenant contoso.com \\
      --tenant-id 4b2462a4-bbee-495a-a0e1-f23ae524cc9c --admin alice@contoso.com --password-from prompt")]
pub(crate) struct Args {
    /// The tenant's domain name, such as contoso.com
    #[arg(long)]
    tenant: Option<String>,
    /// The tenant's GUID (the directory's id in Entra) [default: a fresh one]
    #[arg(long)]
    tenant_id: Option<Uuid>,
    /// The administrator's name to sign in with, such as alice@contoso.com
    #[arg(long)]
    admin: Option<String>,
    #[arg(long, value_name = "SOURCE", help = secret::HELP)]
    password_from: Option<Source>,
    /// Address and port of the service
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// The address by which clients know the service, if it is behind a proxy
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

/// What was made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    config: PathBuf,
    data: PathBuf,
    tenant: TenantAnswer,
    admin: UserAnswer,
}

/// Where the configuration goes if nobody says otherwise.
const DEFAULT_FILE: &str = "gatelog.toml";

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let file = common
        .config
        .clone()
        .unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    if file.exists() {
        return Err(Usage(format!(
            "{} is there already and is not overwritten: name another with --config, or remove it",
            file.display()
        ))
        .into());
    }
    let tenant = asked(
        args.tenant.as_deref(),
        "--tenant",
        "The tenant's domain (contoso.com)",
    )?;
    let admin = asked(
        args.admin.as_deref(),
        "--admin",
        &format!("The administrator's name (alice@{tenant})"),
    )?;
    let password = match &args.password_from {
        Some(source) => source.read()?,
        None => Source::Generate.read()?,
    };
    // The settings are checked as a server would before anything is made.
    let mut settings = vec![("server.listen".to_owned(), args.listen.clone())];
    if let Some(url) = &args.public_url {
        settings.push(("server.public_url".to_owned(), url.clone()));
    }
    let without_file = Common {
        config: None,
        ..common.clone()
    };
    let config = server::config::read(None, overrides(&without_file, settings))
        .map_err(|errors| Usage(errors.to_string()))?
        .config;
    let data = std::path::absolute(&config.data.folder).context("find the data folder")?;
    let text = toml(&data, &args.listen, args.public_url.as_deref());
    let (tenant, admin) = {
        let link = Link::open(&config_of(&without_file)?)?;
        block_on(async {
            let asked = NewTenantAsked {
                names: vec![tenant.clone()],
                id: args.tenant_id,
                display_name: None,
            };
            let tenant: TenantAnswer = link.post("/tenants", &asked).await?;
            let asked = NewUserAsked {
                tenant: tenant.id.to_string(),
                name: admin,
                roles: vec![model::role::DirectoryRole::GlobalAdministrator.name().to_owned()],
                password,
                ..NewUserAsked::default()
            };
            let admin: UserAnswer = link.post("/users", &asked).await.with_context(|| {
                format!(
                    "the tenant {} is made, its administrator is not: make one by `gatelog user create`",
                    tenant.display_name
                )
            })?;
            Ok((tenant, admin))
        })?
    };
    write(&file, &text)?;
    let made = Made {
        config: file,
        data,
        tenant,
        admin,
    };
    answer(common.output, &made, || shown(&made))?;
    Ok(Code::Done)
}

/// What a flag says, else what is answered on the terminal.
fn asked(given: Option<&str>, flag: &str, question: &str) -> Result<String> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Usage(format!("{flag} is missing, and there is no terminal to ask on")).into());
    }
    say(&format!("{question}:"));
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("read the answer")?;
    let answer = line.trim();
    if answer.is_empty() {
        return Err(Usage(format!("nothing was answered; {flag} gives it, too")).into());
    }
    Ok(answer.to_owned())
}

fn toml(data: &Path, listen: &str, public_url: Option<&str>) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let public_url = match public_url {
        Some(url) => format!("public_url = {}\n", quoted(url)),
        None => "# The address by which clients know the service; it stands in tokens.\n\
                 # public_url = \"https://reports.contoso.com\"\n"
            .to_owned(),
    };
    format!(
        "# Gatelog. Every setting with its default: gatelog config show\n\n[server]\nlisten = {}\n{public_url}\n[data]\nfolder = {}\n",
        quoted(listen),
        quoted(&data.to_string_lossy())
    )
}

/// Never over a file that came meanwhile.
fn write(file: &Path, text: &str) -> Result<()> {
    let opened = OpenOptions::new().write(true).create_new(true).open(file);
    let mut opened = match opened {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Usage(format!(
                "the folder of {} is not there: make it first",
                file.display()
            ))
            .into());
        }
        opened => opened.with_context(|| format!("write {}", file.display()))?,
    };
    opened
        .write_all(text.as_bytes())
        .and_then(|()| opened.sync_all())
        .with_context(|| format!("write {}", file.display()))
}

fn shown(made: &Made) -> String {
    let config = made.config.display();
    let password = made.admin.password.as_ref().map_or_else(String::new, |password| {
        format!("\npassword       {password}\n               (shown this once)")
    });
    format!(
        "configuration  {config}\ndata folder    {}\ntenant         {} ({})\nadministrator  {}{password}\n\nNext:\n  \
         gatelog serve --config {config}\n  gatelog app create --config {config} --tenant {} --name siem --permission Directory.Read.All",
        made.data.display(),
        made.tenant.display_name,
        made.tenant.id,
        made.admin.name,
        made.tenant.display_name,
    )
}
