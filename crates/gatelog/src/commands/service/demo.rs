//! `gatelog demo`: a server with made-up events in a temporary folder, and curl lines that work.

use super::{block_on, config_with};
use crate::cli::Common;
use crate::exit::{Code, Usage};
use crate::output::{Format, line, say};
use anyhow::{Context, Result};
use generator::{AddressList, Generator, Plan, address_lists};
use model::time::Timestamp;
use serde::Serialize;
use server::config::{Config, ListFile, class_of};
use server::demo::{Guest, Judged};
use server::run::Stop;
use server::service::Server;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Start a server with made-up events and print curl lines that work.
///
/// The events are of a made-up directory, contoso.example, and always the same for the same seed, users, days and end.
/// Nothing is kept: the data folder goes when the demo ends.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog demo
  gatelog demo --users 2000 --days 90 --listen 127.0.0.1:9090
  gatelog demo -o json        prints one line for programs: url, tenant, tenantId, clientId, clientSecret, token")]
pub(crate) struct Args {
    /// Address and port of the service; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Address and port of metrics and health; any free port by default
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
    admin_listen: String,
    /// Another seed makes other events
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many people the directory has
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    users: u32,
    /// How many days of events
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    days: u32,
    /// When the events end [default: now]
    #[arg(long, value_name = "TIME")]
    end: Option<String>,
}

/// The line for programs.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    url: String,
    tenant: String,
    tenant_id: String,
    client_id: String,
    client_secret: String,
    token: String,
}

const DOMAIN: &str = "contoso.example";

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let end = match &args.end {
        Some(text) => Timestamp::parse_vendor(text).map_err(|error| Usage(error.to_string()))?,
        None => edge::clock::now(),
    };
    let folder = tempfile::Builder::new()
        .prefix("gatelog-demo-")
        .permissions(std::fs::Permissions::from_mode(0o700))
        .tempdir()
        .context("make a folder for the demo")?;
    let mut common = common.clone();
    common.data = Some(folder.path().to_owned());
    let mut overrides = vec![
        ("server.listen".to_owned(), args.listen.clone()),
        ("server.admin_listen".to_owned(), args.admin_listen.clone()),
        // Nothing comes late: everything is there before it is judged.
        ("detection.allowed_lateness_seconds".to_owned(), "0".to_owned()),
    ];
    // What is printed is the three lines; who wants more asks for it.
    if std::env::var_os("GATELOG__LOG__LEVEL").is_none() {
        overrides.push(("log.level".to_owned(), "warn".to_owned()));
    }
    let mut config = config_with(&common, overrides)?;
    bring_lists(&mut config, folder.path(), &address_lists(end))?;
    let _log =
        edge::logging::start(&config.log).map_err(|error| anyhow::anyhow!("start the log: {error}"))?;
    let format = common.output;
    block_on(async {
        let server = Server::prepare(config).await?;
        let stop = Stop::new();
        let watching = tokio::spawn(stop.watch_signals()?);
        let guest = {
            let app = std::sync::Arc::clone(server.app());
            let (seed, users, days) = (args.seed, args.users, args.days);
            tokio::task::spawn_blocking(move || -> Result<(Guest, u64, Judged)> {
                let guest = server::demo::welcome(&app, DOMAIN, seed)?;
                let plan = Plan {
                    seed,
                    users,
                    days,
                    end,
                    tenant: guest.tenant,
                    domain: DOMAIN.to_owned(),
                };
                let mut records = Generator::new(plan).map(|told| (told.source.name(), told.record));
                let stored = server::demo::fill(&app, &guest, &mut records)?;
                let judged = server::demo::judge(&app, &guest)?;
                Ok((guest, stored, judged))
            })
            .await??
        };
        let (guest, stored, judged) = guest;
        let token = server::demo::reading_token(server.app(), &guest)?;
        // For the client, which takes secrets from files alone; the folder is its owner's, and goes with the demo.
        let secret_file = folder.path().join("client-secret");
        std::fs::write(&secret_file, &guest.client_secret).context("write the secret for the client")?;
        let ready = Ready {
            url: server.origin(),
            tenant: DOMAIN.to_owned(),
            tenant_id: guest.tenant.to_string(),
            client_id: guest.client_id.to_string(),
            client_secret: guest.client_secret.clone(),
            token,
        };
        // The addresses are taken already: who connects now waits until serving starts a moment later.
        match format {
            Format::Json => line(&serde_json::to_string(&ready)?)?,
            _ => line(&welcome(
                &ready,
                stored,
                judged,
                &secret_file,
                server.addresses().1,
            ))?,
        }
        server.run(&stop).await;
        watching.abort();
        say("the demo has ended; its data are gone");
        Ok(Code::Done)
    })
}

/// Writes the demo's own lists of addresses into its folder, as if `[[enrichment.lists]]` named them.
fn bring_lists(config: &mut Config, folder: &Path, lists: &[AddressList]) -> Result<()> {
    let folder = folder.join("lists");
    std::fs::create_dir(&folder).context("make a folder for the demo's lists")?;
    for list in lists {
        let file = folder.join(format!("{}.txt", list.name));
        std::fs::write(&file, &list.text).with_context(|| format!("write the list {}", list.name))?;
        config.enrichment.lists.push(ListFile {
            class: class_of(list.class).map_err(anyhow::Error::msg)?,
            name: list.name.to_owned(),
            file,
        });
    }
    Ok(())
}

fn welcome(
    ready: &Ready,
    stored: u64,
    judged: Judged,
    secret_file: &Path,
    admin: std::net::SocketAddr,
) -> String {
    let Ready {
        url,
        tenant,
        token,
        client_id,
        client_secret,
        ..
    } = ready;
    let secret_file = secret_file.display();
    let judged = match judged {
        Judged::All => "Detection has judged all sign-ins.".to_owned(),
        Judged::AllBut(waiting) => {
            format!(
                "Detection has judged all sign-ins but {waiting} that lie in the future; these follow when their time comes."
            )
        }
        Judged::SwitchedOff => {
            "Detection is switched off, so all that is anomalous is so by the vendor's verdicts.".to_owned()
        }
    };
    format!(
        "Gatelog serves {stored} made-up events of {tenant} at {url}. Copy these lines into another terminal:

TOKEN={token}

# the reports
curl -s -H \"Authorization: Bearer $TOKEN\" '{url}/{tenant}/reports?api-version=beta'

# the five newest changes in the directory
curl -s -H \"Authorization: Bearer $TOKEN\" '{url}/{tenant}/reports/auditEvents?api-version=beta&$top=5'

# sign-ins that failed
curl -s -G -H \"Authorization: Bearer $TOKEN\" '{url}/{tenant}/activities/signinEvents' \\
  --data-urlencode 'api-version=beta' --data-urlencode '$filter=loginStatus eq '\"'1'\" --data-urlencode '$top=5'

# whose sign-ins are anomalous, and by which report; some were found by Gatelog itself, some are verdicts of the vendor
curl -s -H \"Authorization: Bearer $TOKEN\" '{url}/{tenant}/reports/allUsersWithAnomalousSignInActivityEvents?api-version=beta&$top=5'

{judged} What it found, and by which evidence:
export GATELOG_HOST={url} GATELOG_TENANT={tenant} GATELOG_CLIENT_ID={client_id} \\
  GATELOG_CLIENT_SECRET_FILE={secret_file}
gatelog findings
gatelog explain ID          # the id of a line of that list

The token ends in an hour; for another one:
curl -s '{url}/{tenant}/oauth2/token' -d grant_type=client_credentials -d client_id={client_id} -d client_secret={client_secret}

Metrics and health: http://{admin}/metrics, http://{admin}/readyz. Ctrl-C ends the demo and removes its data."
    )
}
