//! `gatelog judge`: what the detectors find in a data set of which the truth is known.

mod figures;
mod lines;
mod pass;

use crate::cli::Common;
use crate::exit::Code;
use crate::output::{answer, printable, say};
use anyhow::{Context, Result};
use figures::Answer;
use lines::Lines;
use std::fmt::Write;
use std::io::BufReader;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

/// Measure the detectors by a data set of which the truth is known.
///
/// Reads the CSV of the public RBA login data set (Wiefling et al., das-group/rba-dataset, CC BY 4.0) row by row, in the order of time as it
/// is published, and shows what each detector finds of its takeovers and of its sign-ins from attackers' addresses, and how many honest sign-ins it
/// flags. Nothing is stored, no server is needed, and nothing is looked up: country and network are those of the file.
///
/// Memory does not grow with the rows of the file but with the people and addresses that are remembered, about 20 KB for a person of ten
/// sign-ins with their addresses, and with the sign-ins of 30 days, about 0.6 KB for each. Beyond --remember, whoever was not seen for longest is forgotten and learned anew.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  gatelog judge --rba rba-dataset.csv --rows 1000000       the first million rows
  gatelog judge --rba rba-dataset.csv -o json > judged.json

Exit code 6: it was done, and some rows could not be used; the answer says how many and why.")]
pub(crate) struct Args {
    /// The data set's CSV, unpacked
    #[arg(long, value_name = "FILE")]
    rba: PathBuf,
    /// Only so many rows from the start of the file
    #[arg(long, value_name = "N")]
    rows: Option<NonZeroU64>,
    /// So many people, and as many addresses, are remembered at a time
    #[arg(long, value_name = "N", default_value = "200000")]
    remember: NonZeroUsize,
}

pub(super) fn run(common: &Common, args: &Args) -> Result<Code> {
    let path = args.rba.display();
    let file = std::fs::File::open(&args.rba).with_context(|| format!("open {path}"))?;
    let mut lines = Lines::of(BufReader::with_capacity(1 << 20, file));
    let judged = pass::judge(&mut lines, args.rows.map(NonZeroU64::get), args.remember.get())
        .with_context(|| format!("judge by {path}"))?;
    answer(common.output, &judged, || told(&judged))?;
    if judged.unread_rows + judged.rows_out_of_order == 0 {
        return Ok(Code::Done);
    }
    if let Some(reason) = &judged.first_unread {
        say(&format!(
            "{} rows were not read; the first: {}",
            judged.unread_rows,
            printable(reason)
        ));
    }
    if judged.rows_out_of_order > 0 {
        say(&format!(
            "{} rows were not judged: they are older than the row before them, and a file of this size is read once; sort it by `Login Timestamp`",
            judged.rows_out_of_order
        ));
    }
    Ok(Code::Partial)
}

/// The answer for people.
fn told(judged: &Answer) -> String {
    let mut text = format!(
        "{} sign-ins of {} users from {} addresses, {} of them successful",
        judged.sign_ins, judged.users, judged.addresses, judged.successes
    );
    if let (Some(from), Some(to)) = (&judged.from, &judged.to) {
        let _ = write!(text, "\n{from} to {to}");
    }
    let _ = writeln!(
        text,
        "\n{} takeovers, {} sign-ins from attackers' addresses ({} successful), {} honest successes\n",
        judged.takeovers,
        judged.attack_address_sign_ins,
        judged.attack_address_successes,
        judged.honest_successes
    );
    let _ = writeln!(
        text,
        "{:<26}{:>10}{:>12}{:>18}{:>12}",
        "detector", "findings", "takeovers", "attack addresses", "honest"
    );
    for row in &judged.detectors {
        let _ = writeln!(
            text,
            "{:<26}{:>10}{:>12}{:>18}{:>12}",
            row.detector,
            row.findings,
            row.takeovers_found,
            row.attack_address_sign_ins_found,
            percent(row.honest_flagged_percent)
        );
    }
    let irregular = &judged.irregular;
    let _ = writeln!(
        text,
        "\nirregular: {} of {} takeovers have a score; the others are of people who were not known yet",
        irregular.takeovers_with_score, judged.takeovers
    );
    let _ = writeln!(
        text,
        "{:<26}{:>10}{:>12}{:>18}{:>12}",
        "", "score", "takeovers", "caught", "honest"
    );
    for (name, at) in [
        ("as shipped, from", &irregular.as_shipped),
        ("at 1 % honest, above", &irregular.at_one_percent),
    ] {
        let score = at
            .score
            .map_or_else(|| "any".to_owned(), |score| format!("{score:.4}"));
        let _ = writeln!(
            text,
            "{name:<26}{score:>10}{:>12}{:>18}{:>12}",
            at.takeovers_caught,
            percent(at.caught_percent),
            percent(at.honest_flagged_percent)
        );
    }
    text.push_str("\nWhat this cannot tell:\n");
    for sentence in &judged.cannot_tell {
        let _ = writeln!(text, "- {sentence}");
    }
    text
}

/// Nothing of nothing is no share.
fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3} %"))
}
