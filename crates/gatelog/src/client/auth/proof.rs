//! How an application proves who it is: by a secret, by a certificate, or not at all.

use super::assertion::Signer;
use crate::client::error::ClientError;
use crate::exit::Usage;
use edge::{chance, clock};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};

/// No secret is so long.
const LONGEST_SECRET: u64 = 64 << 10;

/// Where a secret is read from. The secret itself is never written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SecretSource {
    /// A file.
    File(PathBuf),
    /// A credential of systemd, in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// Standard input, once.
    Stdin,
}

impl SecretSource {
    /// Reads `-`, `credential:NAME` or the name of a file, which is relative to a folder.
    pub(crate) fn parse(text: &str, folder: &Path) -> SecretSource {
        if text == "-" {
            return SecretSource::Stdin;
        }
        match text.strip_prefix("credential:") {
            Some(name) => SecretSource::Credential(name.to_owned()),
            None => SecretSource::File(folder.join(text)),
        }
    }

    /// The same, for a later command that is started elsewhere. Standard input has nothing to say to it.
    pub(crate) fn to_keep(&self) -> Option<SecretSource> {
        match self {
            SecretSource::File(path) => Some(SecretSource::File(
                std::path::absolute(path).unwrap_or_else(|_| path.clone()),
            )),
            SecretSource::Credential(_) => Some(self.clone()),
            SecretSource::Stdin => None,
        }
    }

    /// Reads the secret; line ends around it are none of it.
    pub(crate) fn read(&self) -> anyhow::Result<SecretString> {
        let (path, read) = match self {
            SecretSource::Stdin => {
                let mut text = String::new();
                let read = std::io::stdin().take(LONGEST_SECRET).read_to_string(&mut text);
                (PathBuf::from("standard input"), read.map(|_| text))
            }
            SecretSource::File(path) => (path.clone(), limited(path)),
            SecretSource::Credential(name) => {
                let folder = std::env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                    Usage(format!(
                        "credential:{name} is of systemd, and CREDENTIALS_DIRECTORY is not set: start this by a unit with \
                         LoadCredential="
                    ))
                })?;
                if name.is_empty() || name.contains('/') || name.starts_with('.') {
                    return Err(Usage(format!("credential:{name} is no name of a credential")).into());
                }
                let path = PathBuf::from(folder).join(name);
                let text = limited(&path);
                (path, text)
            }
        };
        let text = read.map_err(|error| ClientError::file(&path, &error))?;
        let secret = text.trim_matches(['\r', '\n']);
        if secret.is_empty() {
            let reason = "it is empty, and a secret was expected".to_owned();
            return Err(ClientError::OwnFile { path, reason }.into());
        }
        Ok(SecretString::from(secret.to_owned()))
    }
}

fn limited(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(path)?
        .take(LONGEST_SECRET)
        .read_to_string(&mut text)?;
    Ok(text)
}

/// A proof that is ready to be sent.
pub(crate) enum Proof {
    /// A public client has none.
    Nothing,
    /// The secret.
    Secret(SecretString),
    /// Signs an assertion for each request.
    Certificate(Box<Signer>),
}

impl Proof {
    /// Reads the secret or the certificate, whichever is named.
    pub(crate) fn read(secret: Option<&SecretSource>, certificate: Option<&Path>) -> anyhow::Result<Proof> {
        if let Some(path) = certificate {
            return Ok(Proof::Certificate(Box::new(Signer::read(path)?)));
        }
        match secret {
            Some(source) => Ok(Proof::Secret(source.read()?)),
            None => Ok(Proof::Nothing),
        }
    }

    /// The fields of the form that prove it (RFC 6749, 2.3.1; RFC 7523, 2.2).
    pub(crate) fn fields(
        &self,
        client_id: &str,
        token_endpoint: &str,
    ) -> Result<Vec<(&'static str, SecretString)>, ClientError> {
        Ok(match self {
            Proof::Nothing => Vec::new(),
            Proof::Secret(secret) => vec![("client_secret", secret.clone())],
            Proof::Certificate(signer) => {
                let assertion = signer.assertion(
                    client_id,
                    token_endpoint,
                    clock::now().unix_seconds(),
                    &chance::guid().to_string(),
                )?;
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned();
                vec![
                    ("client_assertion_type", SecretString::from(kind)),
                    ("client_assertion", assertion),
                ]
            }
        })
    }
}

/// The values of fields in the open, for the form that is about to be sent.
pub(crate) fn exposed<'a>(fields: &'a [(&'static str, SecretString)]) -> Vec<(&'a str, &'a str)> {
    fields
        .iter()
        .map(|(name, value)| (*name, value.expose_secret()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_file_a_credential_or_standard_input() {
        let check = |text: &str, expected: SecretSource| {
            assert_eq!(SecretSource::parse(text, Path::new("/etc/gatelog")), expected);
        };
        check("-", SecretSource::Stdin);
        check("credential:reader", SecretSource::Credential("reader".to_owned()));
        check("s", SecretSource::File(PathBuf::from("/etc/gatelog/s")));
        check("/run/s", SecretSource::File(PathBuf::from("/run/s")));
    }

    #[test]
    fn line_ends_are_not_part_of_a_secret_and_nothing_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let read = |content: &str| {
            std::fs::write(&path, content).unwrap();
            SecretSource::File(path.clone()).read()
        };
        assert_eq!(read(" a b \r\n").unwrap().expose_secret(), " a b ");
        assert!(read("\n").unwrap_err().to_string().contains("empty"));
    }
}
