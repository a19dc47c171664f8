//! What can be asked of `cargo xtask crash`.

use anyhow::{Context, Result, bail};
use std::time::Duration;

/// What is asked.
#[derive(Debug)]
pub(super) enum Asked {
    /// To run.
    Run(Options),
    /// To say how.
    Help,
}

/// How to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) rounds: u32,
    pub(super) clients: u32,
    pub(super) seed: u64,
    /// The cargo profile of the server.
    pub(super) profile: String,
    /// No round begins after it.
    pub(super) time_limit: Duration,
}

pub(super) const HELP: &str = "usage: cargo xtask crash [--rounds 50] [--clients 4] [--seed N] [--profile release] [--minutes 30]

Kills `gatelog serve` with SIGKILL in the middle of an ingest from several clients, and checks after each kill, without
sending anything again, that every acknowledged event is there once. The same seed draws the same records and moments;
what the machine makes of them differs from run to run.";

/// Reads the arguments after the task's name.
pub(super) fn parse(arguments: impl Iterator<Item = String>) -> Result<Asked> {
    let mut options = Options {
        rounds: 50,
        clients: 4,
        seed: super::server::seed_of_the_moment(),
        profile: "release".to_owned(),
        time_limit: Duration::from_secs(30 * 60),
    };
    let mut arguments = arguments;
    while let Some(name) = arguments.next() {
        if matches!(name.as_str(), "help" | "--help" | "-h") {
            return Ok(Asked::Help);
        }
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("{name} needs a value\n{HELP}"))
        };
        match name.as_str() {
            "--rounds" => options.rounds = number(&name, &value()?, 100_000)?,
            "--clients" => options.clients = number(&name, &value()?, 8)?,
            "--seed" => {
                let text = value()?;
                options.seed = text
                    .parse()
                    .with_context(|| format!("--seed {text} is not a whole number"))?;
            }
            "--profile" => options.profile = value()?,
            "--minutes" => {
                options.time_limit = Duration::from_secs(60 * u64::from(number(&name, &value()?, 1_440)?));
            }
            _ => bail!("there is no option {name}\n{HELP}"),
        }
    }
    Ok(Asked::Run(options))
}

fn number(name: &str, text: &str, most: u32) -> Result<u32> {
    text.parse()
        .ok()
        .filter(|number| (1..=most).contains(number))
        .with_context(|| format!("{name} {text} is not a whole number from 1 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(u32, u32, &str), &str>) {
        let got = parse(text.split_whitespace().map(str::to_owned));
        match (got, expected) {
            (Ok(Asked::Run(options)), Ok(expected)) => {
                assert_eq!(
                    (options.rounds, options.clients, options.profile.as_str()),
                    expected,
                    "{text}"
                );
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn options_are_read_and_wrong_ones_refused() {
        check("", Ok((50, 4, "release")));
        check("--rounds 3 --clients 2 --profile dev", Ok((3, 2, "dev")));
        check("--rounds 0", Err("from 1 to 100000"));
        check("--clients", Err("needs a value"));
        check("--client 3", Err("there is no option --client"));
        check("--seed x", Err("not a whole number"));
    }
}
