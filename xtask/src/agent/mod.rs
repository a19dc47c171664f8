//! `cargo xtask agent`: random scripts with the agent's parts, or many lines through a real agent that is killed again and again.

mod lines;
mod scripts;

use anyhow::{Context, Result, bail};
use std::process::ExitCode;
use std::time::Duration;

const HELP: &str = "usage: cargo xtask agent --scripts 1000 [--seed N]
       cargo xtask agent --lines 1000000 [--seed N] [--profile release] [--minutes 60]

With --scripts: the agent's own parts, driven by random scripts over files, kills, a full disk and a failing service; prints how
often each fault struck.
With --lines: a real agent on a file that grows and is rotated. The agent is killed with SIGKILL every few seconds, and the
service is killed and away half of the time. At the end the events of the service's store are counted by plain SQL: each line
must be there once.";

/// What is asked.
#[derive(Debug)]
struct Options {
    scripts: Option<u64>,
    lines: Option<u64>,
    seed: u64,
    profile: String,
    time_limit: Duration,
}

/// Runs the task with the arguments of the command line.
pub(crate) fn run() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    if arguments.is_empty()
        || arguments
            .iter()
            .any(|word| matches!(word.as_str(), "help" | "--help" | "-h"))
    {
        println!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    let options = parse(&arguments)?;
    match (options.scripts, options.lines) {
        (Some(scripts), None) => scripts::run(scripts, options.seed),
        (None, Some(lines)) => lines::run(lines, options.seed, &options.profile, options.time_limit),
        _ => bail!("ask for --scripts or for --lines\n{HELP}"),
    }
}

fn parse(arguments: &[String]) -> Result<Options> {
    let mut options = Options {
        scripts: None,
        lines: None,
        seed: crate::crash::seed_of_the_moment(),
        profile: "release".to_owned(),
        time_limit: Duration::from_secs(60 * 60),
    };
    let mut arguments = arguments.iter();
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .with_context(|| format!("{name} needs a value\n{HELP}"))?;
        let number = || {
            value
                .parse::<u64>()
                .with_context(|| format!("{name} {value} is not a whole number"))
        };
        match name.as_str() {
            "--scripts" => options.scripts = Some(number()?.max(1)),
            "--lines" => options.lines = Some(number()?.max(1)),
            "--seed" => options.seed = number()?,
            "--profile" => options.profile.clone_from(value),
            "--minutes" => options.time_limit = Duration::from_secs(60 * number()?.clamp(1, 1_440)),
            _ => bail!("there is no option {name}\n{HELP}"),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<(Option<u64>, Option<u64>, &str), &str>) {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        match (parse(&words), expected) {
            (Ok(options), Ok(expected)) => assert_eq!(
                (options.scripts, options.lines, options.profile.as_str()),
                expected,
                "{text}"
            ),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }

    #[test]
    fn options_are_read_and_wrong_ones_refused() {
        check("--scripts 1000 --seed 7", Ok((Some(1_000), None, "release")));
        check("--lines 20000 --profile dev", Ok((None, Some(20_000), "dev")));
        check("--lines", Err("needs a value"));
        check("--lines many", Err("not a whole number"));
        check("--line 3", Err("there is no option --line"));
    }
}
