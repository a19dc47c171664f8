//! `gatelog findings`: what the service's own detection found.

use super::block_on;
use crate::cli::Common;
use crate::client::arguments::Connection;
use crate::client::error::ClientError;
use crate::client::session::Session;
use crate::client::since;
use crate::client::wait::or_interrupted;
use crate::exit::Code;
use crate::output::{answer, say, table};
use anyhow::Result;
use edge::clock;
use model::finding::Found;
use reqwest::Url;
use serde::de::DeserializeOwned;
use server::findings::answer::{FindingAnswer, FindingsAnswer, RETRACTED};

/// List what Gatelog's own detection found, newest first; `gatelog explain` tells of each why.
///
/// Without --all it is the newest 100. The rows of the reports are had by `gatelog get`; there the verdicts of vendors stand
/// beside these.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  gatelog findings
  gatelog findings --detector multiple-geographies --since 7d
  gatelog findings --user ann@contoso.example --state all -o json")]
pub(crate) struct Args {
    /// Only what this detector found
    #[arg(long, value_parser = clap::builder::PossibleValuesParser::new(Found::DETECTORS.iter().copied()))]
    detector: Option<String>,
    /// Only what is about this person, by sign-in name or object id
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Findings at or after this: 7d, 36h, 90m ago, a date, or a time; without a zone it is UTC
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Those that hold, those that were retracted, or all
    #[arg(long, default_value = "standing", value_parser = ["standing", "retracted", "all"])]
    state: String,
    /// All pages
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let now = clock::now();
    let since = args
        .since
        .as_deref()
        .map(|text| since::parse(text, now))
        .transpose()?;
    let mut session = Session::open(&args.connection, common.config.as_deref())?;
    block_on(or_interrupted(async {
        let mut found: Vec<FindingAnswer> = Vec::new();
        let mut page: Option<String> = None;
        loop {
            let mut url = session.host.at(&[&session.tenant, "findings"]);
            {
                let mut words = url.query_pairs_mut();
                words.append_pair("state", &args.state);
                let given = [
                    ("detector", &args.detector),
                    ("user", &args.user),
                    ("since", &since.map(|since| since.to_string())),
                    ("limit", &args.all.then(|| "1000".to_owned())),
                    ("page", &page),
                ];
                for (name, value) in given {
                    if let Some(value) = value {
                        words.append_pair(name, value);
                    }
                }
            }
            let answered: FindingsAnswer = ask(&mut session, &url).await?;
            found.extend(answered.findings);
            page = answered.next;
            if page.is_none() || !(args.all || found.is_empty()) {
                break;
            }
        }
        answer(common.output, &found, || text(&found))?;
        if page.is_some() {
            say("there are more; --all lists them");
        }
        Ok(Code::Done)
    }))
}

/// Asks an address below the tenant that only a Gatelog has.
pub(super) async fn ask<T: DeserializeOwned>(session: &mut Session, url: &Url) -> Result<T> {
    let body = session.get(url, &[("accept", "application/json")]).await?.body;
    Ok(
        serde_json::from_slice(&body).map_err(|error| ClientError::Strange {
            host: session.host.origin(),
            what: format!("findings that this client cannot read: {error}"),
        })?,
    )
}

fn text(found: &[FindingAnswer]) -> String {
    if found.is_empty() {
        return "nothing found".to_owned();
    }
    let rows = found
        .iter()
        .map(|finding| {
            let user = finding.user_name.as_ref().or(finding.user_id.as_ref());
            vec![
                finding.time.clone(),
                finding.detector.clone(),
                user.or(finding.display_name.as_ref())
                    .cloned()
                    .unwrap_or_default(),
                finding.address.clone().unwrap_or_default(),
                why(finding),
                finding.id.to_string(),
            ]
        })
        .collect();
    table(
        &["Time (UTC)", "Detector", "User", "Address", "Why", "Finding"],
        rows,
    )
}

/// The summary, and why it holds no longer.
fn why(finding: &FindingAnswer) -> String {
    let summary = finding.summary.clone().unwrap_or_default();
    if finding.state != RETRACTED {
        return summary;
    }
    let reason = finding.retracted.as_deref().unwrap_or_default();
    format!("RETRACTED ({reason}): {summary}")
}
