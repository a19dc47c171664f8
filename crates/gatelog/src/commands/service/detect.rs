//! `gatelog detect`: kept history judged again, to see what other thresholds would find before they count.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::client::since;
use crate::exit::Code;
use crate::output::answer;
use anyhow::{Context, Result};
use edge::clock;
use server::link::Link;
use server::routes::admin::{DetectAnswer, DetectAsked};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

/// Judge kept sign-ins again, and show what is different.
///
/// With --dry-run nothing is stored: see what other thresholds would find and what they would not, then put the file into
/// `detection.rules`. Without it, what is new is stored and what does not hold any more is taken back. The snapshots of what is
/// usual for everybody are made anew of all that is kept. Works beside a running server.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatelog detect --since 30d --rules stricter.toml --dry-run    what would be new, and what gone
  gatelog detect --since 2026-11-01                             judge again what was imported out of order")]
pub(crate) struct Args {
    /// From when on: 7d, 36h, a date, an instant
    #[arg(long)]
    since: String,
    /// Thresholds to judge by (TOML); without it those that counted at each time
    #[arg(long)]
    rules: Option<PathBuf>,
    /// Only show what would be different
    #[arg(long)]
    dry_run: bool,
    /// Whose history, if there are several tenants
    #[arg(long)]
    tenant: Option<String>,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let since = since::parse(&args.since, clock::now())?;
    let rules = match &args.rules {
        Some(path) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("read the rules in {}", path.display()))?;
            Some(text)
        }
        None => None,
    };
    let link = Link::open(&config_of(common)?)?;
    let asked = DetectAsked {
        tenant: args.tenant.clone(),
        since: since.to_string(),
        rules,
        dry_run: args.dry_run,
    };
    block_on(async {
        let made: DetectAnswer = link.post("/detect", &asked).await?;
        answer(common.output, &made, || told(&made))?;
        Ok(Code::Done)
    })
}

/// What is different, for people.
fn told(made: &DetectAnswer) -> String {
    let mut text = format!(
        "judged {} sign-ins of {} people and addresses{}\n",
        made.sign_ins,
        made.subjects,
        if made.dry_run { "; nothing was stored" } else { "" }
    );
    let detectors: BTreeSet<&String> = [&made.new, &made.changed, &made.gone, &made.same]
        .into_iter()
        .flat_map(BTreeMap::keys)
        .collect();
    let _ = writeln!(
        text,
        "{:<26}{:>8}{:>9}{:>8}{:>8}",
        "detector", "new", "changed", "gone", "same"
    );
    for detector in detectors {
        let of = |counts: &BTreeMap<String, u64>| counts.get(detector).copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "{detector:<26}{:>8}{:>9}{:>8}{:>8}",
            of(&made.new),
            of(&made.changed),
            of(&made.gone),
            of(&made.same)
        );
    }
    for finding in &made.findings {
        let user = finding.user.as_deref().unwrap_or("nobody");
        let _ = writeln!(
            text,
            "{} {} {} {user}: {}",
            finding.what, finding.time, finding.detector, finding.summary
        );
    }
    text
}
