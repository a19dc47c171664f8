//! Where a password comes from: never from the command line, which every process of the machine can read.

use crate::exit::Usage;
use anyhow::{Context, Result};
use server::routes::admin::PasswordAsked;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::str::FromStr;

/// Where a password comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// The service makes one and it is shown once.
    Generate,
    /// Asked for on the terminal, twice, without showing it.
    Prompt,
    /// The first line of standard input.
    Stdin,
    /// There is none.
    Nothing,
    /// The first line of a file.
    File(PathBuf),
}

/// Help for arguments of this sort.
pub(crate) const HELP: &str =
    "Where the password comes from: `generate`, `prompt`, `stdin`, `none`, or a file";

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Source, Self::Err> {
        Ok(match text {
            "generate" => Source::Generate,
            "prompt" => Source::Prompt,
            "stdin" | "-" => Source::Stdin,
            "none" => Source::Nothing,
            path => Source::File(PathBuf::from(path)),
        })
    }
}

impl Source {
    /// Gets the password, or says that the service makes it.
    pub(crate) fn read(&self) -> Result<PasswordAsked> {
        Ok(match self {
            Source::Generate => PasswordAsked::Generated,
            Source::Nothing => PasswordAsked::Nothing,
            Source::Prompt => PasswordAsked::Given(prompted()?),
            Source::Stdin => {
                let mut line = String::new();
                std::io::stdin()
                    .lock()
                    .read_line(&mut line)
                    .context("read the password from standard input")?;
                PasswordAsked::Given(first_line(&line)?)
            }
            Source::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    Usage(format!(
                        "the password cannot be read from {}: {error}; name a file, or use generate, prompt, stdin or none",
                        path.display()
                    ))
                })?;
                PasswordAsked::Given(first_line(&text)?)
            }
        })
    }
}

fn prompted() -> Result<String> {
    if !std::io::stdin().is_terminal() {
        return Err(Usage(
            "there is no terminal to ask for the password on: use --password-from stdin, or a file"
                .to_owned(),
        )
        .into());
    }
    let first = rpassword::prompt_password("Password: ").context("ask for the password")?;
    let second = rpassword::prompt_password("The same again: ").context("ask for the password")?;
    if first != second {
        return Err(Usage("the two passwords differ; try again".to_owned()).into());
    }
    Ok(first)
}

fn first_line(text: &str) -> Result<String> {
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Usage("the password is empty: it is the first line of the input".to_owned()).into());
    }
    Ok(line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_sources_and_anything_else_a_file() {
        for (text, expected) in [
            ("generate", Source::Generate),
            ("prompt", Source::Prompt),
            ("stdin", Source::Stdin),
            ("-", Source::Stdin),
            ("none", Source::Nothing),
            ("./none", Source::File(PathBuf::from("./none"))),
        ] {
            assert_eq!(text.parse::<Source>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_password_is_the_first_line_as_it_is() {
        assert_eq!(first_line(" two words \r\nmore").unwrap(), " two words ");
        assert!(first_line("\n").is_err());
    }
}
