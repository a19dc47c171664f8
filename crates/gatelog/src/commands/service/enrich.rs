//! `gatelog enrich`: what is known of network addresses, how old that is, and newer files for it.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::{Code, Usage};
use crate::output::{answer, table};
use anyhow::Result;
use server::config::{class_of, list_name, stem};
use server::enrichment::{EnrichmentStatus, LookUpAnswer, SourceKind, SourceStatus, Update, Updated, update};
use server::link::{Link, query_value};
use std::path::PathBuf;

/// See what is known of network addresses, and bring newer files.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Each source: as of when it is, how old, how much it knows, and whether its newest file is in force
    #[command(after_help = "Examples:
  gatelog enrich status
  gatelog enrich status -o json

It ends with code 1 if a source is stale or its file cannot be used.")]
    Status,
    /// Check a newer file and put it below the data folder; a running service takes it over at once
    #[command(after_help = "Examples:
  gatelog enrich update --country GeoLite2-Country.mmdb
  gatelog enrich update --city dbip-city-ipv4.mmdb --city dbip-city-ipv6.mmdb
  gatelog enrich update --list tor exits.txt
  gatelog enrich update --list corporate offices.txt --name offices

Files of places take the place of those that were brought before. A list is a newer edition of the list of the same class
and name: what is not in it any more still counts for events of before. docs/enrichment.md says where such files can be had.")]
    Update(UpdateArgs),
    /// What is known of an address, and which lists named it at a moment
    #[command(after_help = "Examples:
  gatelog enrich lookup 203.0.113.7
  gatelog enrich lookup 2001:db8::1 --at 2026-05-01T12:00:00Z")]
    Lookup {
        /// The address
        address: String,
        /// The moment that lists are asked about [default: now]
        #[arg(long, value_name = "TIME")]
        at: Option<String>,
    },
}

/// One sort of file at a time.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group = clap::ArgGroup::new("what").required(true).args(["country", "city", "list"]))]
pub(crate) struct UpdateArgs {
    /// Countries: a file in MaxMind's format, or a table of `cargo xtask countries`
    #[arg(long, value_name = "FILE")]
    country: Option<PathBuf>,
    /// Places or networks: a file in MaxMind's format; again for each file of several
    #[arg(long, value_name = "FILE")]
    city: Vec<PathBuf>,
    /// A list: its class (tor, anonymous-proxy, vpn, relay, satellite, hosting, botnet, corporate) and its file
    #[arg(long, num_args = 2, value_names = ["CLASS", "FILE"])]
    list: Vec<String>,
    /// What the list is called [default: the file's name]
    #[arg(long, value_name = "NAME", requires = "list")]
    name: Option<String>,
}

pub(super) fn run(common: &Common, command: &Command) -> Result<Code> {
    let config = config_of(common)?;
    let link = Link::open(&config)?;
    block_on(async {
        match command {
            Command::Status => {
                let status: EnrichmentStatus = link.get("/enrichment").await?;
                answer(common.output, &status, || shown(&status))?;
                let is_good = |source: &SourceStatus| !source.is_stale && source.failure.is_none();
                Ok(if status.sources.iter().all(is_good) {
                    Code::Done
                } else {
                    Code::Failed
                })
            }
            Command::Update(args) => {
                let updated = update(&config.data.folder, &wanted(args)?)?;
                let status: EnrichmentStatus = link.post("/enrichment/reload", &()).await?;
                answer(common.output, &updated, || told(&updated, &status))?;
                Ok(Code::Done)
            }
            Command::Lookup { address, at } => {
                let mut target = format!("/enrichment/lookup?address={}", query_value(address));
                if let Some(at) = at {
                    target = format!("{target}&at={}", query_value(at));
                }
                let found: LookUpAnswer = link.get(&target).await?;
                answer(common.output, &found, || looked_up(&found))?;
                Ok(Code::Done)
            }
        }
    })
}

fn wanted(args: &UpdateArgs) -> Result<Update, Usage> {
    if let Some(file) = &args.country {
        return Ok(Update::Countries(file.clone()));
    }
    let [class, file, ..] = args.list.as_slice() else {
        return Ok(Update::Places(args.city.clone()));
    };
    if args.list.len() > 2 {
        return Err(Usage("one list at a time".to_owned()));
    }
    let file = PathBuf::from(file);
    let name = args.name.clone().unwrap_or_else(|| stem(&file));
    Ok(Update::List {
        class: class_of(class).map_err(|wanted| Usage(format!("`{class}` is no class: {wanted}")))?,
        name: list_name(&name)
            .map_err(|wanted| Usage(format!("`{name}` cannot be its name (--name): {wanted}")))?,
        file,
    })
}

fn shown(status: &EnrichmentStatus) -> String {
    let rows = status.sources.iter().map(|source| {
        vec![
            kind_of(source),
            source.name.clone(),
            source.as_of.clone().unwrap_or_else(|| "never read".to_owned()),
            source
                .age_seconds
                .map_or(String::new(), |seconds| (seconds / 86_400).to_string()),
            source
                .max_age_days
                .map_or_else(|| "-".to_owned(), |days| days.to_string()),
            source.entries.to_string(),
            state(source).to_owned(),
        ]
    });
    let head = [
        "Source",
        "Name",
        "As of (UTC)",
        "Days old",
        "At most",
        "Entries",
        "State",
    ];
    let mut text = vec![table(&head, rows.collect())];
    for source in &status.sources {
        if let Some(failure) = &source.failure {
            text.push(format!("{} {}: {failure}", kind_of(source), source.name));
        }
        if source.is_stale {
            text.push(format!(
                "{} {} is stale: bring a newer file, by `gatelog enrich update` or in its place",
                kind_of(source),
                source.name
            ));
        }
    }
    text.join("\n")
}

fn kind_of(source: &SourceStatus) -> String {
    match (source.kind, &source.class) {
        (SourceKind::List, Some(class)) => class.clone(),
        (kind, _) => kind.as_str().to_owned(),
    }
}

fn state(source: &SourceStatus) -> &'static str {
    match (&source.failure, source.is_stale) {
        (Some(_), _) => "failed",
        (None, true) => "stale",
        (None, false) => "good",
    }
}

fn told(updated: &[Updated], status: &EnrichmentStatus) -> String {
    let mut text: Vec<String> = updated
        .iter()
        .map(|file| format!("{}: {} entries, as of {}", file.file, file.entries, file.as_of))
        .collect();
    text.push(shown(status));
    text.join("\n")
}

fn looked_up(found: &LookUpAnswer) -> String {
    let mut rows = vec![
        vec!["address".to_owned(), found.address.clone()],
        vec!["scope".to_owned(), found.scope.clone()],
    ];
    let mut tell = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            rows.push(vec![name.to_owned(), value]);
        }
    };
    tell("country", found.country.clone());
    tell("city", found.city.clone());
    tell("region", found.region.clone());
    if let (Some(latitude), Some(longitude), Some(radius)) =
        (found.latitude, found.longitude, found.radius_km)
    {
        tell(
            "spot",
            Some(format!("{latitude}, {longitude}, within {radius} km")),
        );
    }
    let network = found.network.as_ref();
    tell(
        "network",
        network.map(|network| format!("AS{} {}", network.number, network.name)),
    );
    for listing in &found.listed {
        let mut text = format!("by `{}` as of {}", listing.list, listing.as_of);
        if let Some(since) = &listing.since {
            text = format!("{text}, since {since}");
        }
        if let Some(note) = &listing.note {
            text = format!("{text}: {note}");
        }
        if listing.is_stale {
            text.push_str(" (the list is stale)");
        }
        tell(&listing.class, Some(text));
    }
    if found.listed.is_empty() {
        tell("lists", Some(format!("none named it at {}", found.at)));
    }
    table(&["", ""], rows)
}
