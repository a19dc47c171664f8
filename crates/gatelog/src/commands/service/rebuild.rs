//! `gatelog rebuild`: rows and counts made anew from the originals that are kept.

use super::{block_on, config_of};
use crate::cli::Common;
use crate::exit::Code;
use crate::output::answer;
use anyhow::Result;
use server::link::{Link, query_value};
use server::routes::admin::RebuildAnswer;

/// Make the rows of reports anew from the records as they came.
///
/// After an upgrade that shows more of what is kept, or when in doubt. Works beside a running server; what is served stays
/// whole meanwhile, and nothing is read from outside.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this report, such as auditEvents; a usage report stands for all that are counted
    report: Option<String>,
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let link = Link::open(&config_of(common)?)?;
    let mut target = "/rebuild?".to_owned();
    for (name, value) in [("report", &args.report), ("tenant", &args.tenant)] {
        if let Some(value) = value {
            target.push_str(name);
            target.push('=');
            target.push_str(&query_value(value));
            target.push('&');
        }
    }
    block_on(async {
        let made: RebuildAnswer = link.post(target.trim_end_matches(['&', '?']), &()).await?;
        answer(common.output, &made, || told(&made))?;
        Ok(if made.not_understood == 0 {
            Code::Done
        } else {
            Code::Partial
        })
    })
}

/// What came of it, for people.
pub(super) fn told(made: &RebuildAnswer) -> String {
    let mut text = format!(
        "went through {} events in {} months of {} tenants: {} rows added, {} changed, {} removed; {} events count \
         otherwise in the usage reports",
        made.events, made.months, made.tenants, made.added, made.changed, made.removed, made.recounted
    );
    if made.not_understood > 0 {
        let rest = format!(
            "\n{} events stay as they were: this version does not understand their records",
            made.not_understood
        );
        text.push_str(&rest);
    }
    text
}
