//! Who asks whom: flags over variables over `[profile.NAME]` of the client's configuration file.

use super::arguments::Connection;
use super::auth::endpoints::Protocol;
use super::auth::proof::SecretSource;
use super::error::ClientError;
use super::host::{Host, PlainHttp};
use super::place;
use crate::exit::Usage;
use secrecy::SecretString;
use std::path::{Path, PathBuf};

/// The profile of who names none.
pub(crate) const DEFAULT_PROFILE: &str = "default";

/// The audience of the reports API (wire contract 0.2).
pub(crate) const DEFAULT_RESOURCE: &str = "https://graph.windows.net";

/// The keys of a profile, in the order in which they are told.
const KEYS: &[&str] = &[
    "host",
    "tenant",
    "client_id",
    "client_secret_file",
    "certificate",
    "ca_file",
    "authority",
    "oauth",
    "resource",
    "proxy",
    "plain_http",
];

/// What flags, variables and the profile say together; what none of them says may come from the last sign-in.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) profile: String,
    pub(crate) host: Option<Host>,
    pub(crate) tenant: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) secret: Option<SecretSource>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) authority: Option<Host>,
    pub(crate) oauth: Option<Protocol>,
    pub(crate) resource: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) plain_http: PlainHttp,
    /// A token that somebody else got.
    pub(crate) token: Option<SecretString>,
    pub(crate) quiet: bool,
    pub(crate) debug: bool,
}

/// One profile as the file has it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Profile {
    values: Vec<(&'static str, String)>,
}

impl Profile {
    fn get(&self, key: &str) -> Option<String> {
        let found = self.values.iter().find(|(other, _)| *other == key);
        found.map(|(_, value)| value.clone())
    }
}

/// Reads the profile and lays flags and variables over it.
pub(crate) fn settings(connection: &Connection, file: Option<&Path>) -> anyhow::Result<Settings> {
    let name = given(connection.profile.as_ref());
    let path = match file {
        Some(path) => Some(path.to_owned()),
        None => place::config_file(|name| std::env::var_os(name)).ok(),
    };
    let text = match &path {
        Some(path) => match std::fs::read_to_string(path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && file.is_none() => None,
            Err(error) => return Err(ClientError::file(path, &error).into()),
        },
        None => None,
    };
    let path = path.unwrap_or_default();
    let profile = read(text.as_deref(), &path, name.as_deref())?;
    let folder = place::folder_of(&path);
    let value = |own: Option<&String>, key: &str| given(own).or_else(|| profile.get(key));
    let file_of = |own: Option<&PathBuf>, key: &str| {
        own.cloned()
            .or_else(|| profile.get(key).map(|name| folder.join(name)))
    };
    let plain_http = if connection.plain_http || profile.get("plain_http").as_deref() == Some("true") {
        PlainHttp::Allowed
    } else {
        PlainHttp::LoopbackAlone
    };
    let host = |text: Option<String>| text.map(|text| Host::parse(&text, plain_http)).transpose();
    // A secret file is named relative to what names it.
    let secret = match (
        given(connection.client_secret_file.as_ref()),
        profile.get("client_secret_file"),
    ) {
        (Some(own), _) => Some(SecretSource::parse(&own, Path::new(""))),
        (None, Some(named)) => Some(SecretSource::parse(&named, folder)),
        (None, None) => None,
    };
    let oauth = match (connection.oauth, profile.get("oauth")) {
        (Some(own), _) => Some(own),
        (None, Some(named)) => Some(
            Protocol::named(&named)
                .ok_or_else(|| Usage(format!("{}: oauth is v1 or v2, not {named:?}", path.display())))?,
        ),
        (None, None) => None,
    };
    let settings = Settings {
        host: host(value(connection.host.as_ref(), "host"))?,
        tenant: value(connection.tenant.as_ref(), "tenant"),
        client_id: value(connection.client_id.as_ref(), "client_id"),
        secret,
        certificate: file_of(connection.certificate.as_ref(), "certificate"),
        ca_file: file_of(connection.ca_file.as_ref(), "ca_file"),
        authority: host(value(connection.authority.as_ref(), "authority"))?,
        oauth,
        resource: value(connection.resource.as_ref(), "resource"),
        proxy: value(connection.proxy.as_ref(), "proxy"),
        plain_http,
        token: std::env::var("GATELOG_TOKEN")
            .ok()
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty())
            .map(SecretString::from),
        quiet: connection.quiet,
        debug: connection.debug,
        profile: name.unwrap_or_else(|| DEFAULT_PROFILE.to_owned()),
    };
    if settings.secret.is_some() && settings.certificate.is_some() {
        let reason = "a secret and a certificate are two ways to prove the same; name one of them";
        return Err(Usage(reason.to_owned()).into());
    }
    Ok(settings)
}

/// A variable that is set to nothing is not set.
fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.is_empty()).cloned()
}

/// The profile of a name in the file's text. Only the default one may be missing.
fn read(text: Option<&str>, path: &Path, name: Option<&str>) -> Result<Profile, Usage> {
    let wrong = |what: String| Usage(format!("{}: {what}", path.display()));
    let table: toml::Table = match text {
        Some(text) => text.parse().map_err(|error| wrong(format!("{error}")))?,
        None => toml::Table::new(),
    };
    if let Some(key) = table.keys().find(|key| *key != "profile") {
        return Err(wrong(format!(
            "`{key}` is not known; everything stands in sections such as [profile.{DEFAULT_PROFILE}]"
        )));
    }
    let empty = toml::Table::new();
    let profiles = match table.get("profile") {
        Some(toml::Value::Table(profiles)) => profiles,
        Some(_) => {
            return Err(wrong(
                "`profile` must be sections such as [profile.default]".to_owned(),
            ));
        }
        None => &empty,
    };
    // All of them are checked: a mistake in another profile is better known today.
    let mut wanted = None;
    for (profile_name, section) in profiles {
        let toml::Value::Table(section) = section else {
            return Err(wrong(format!("`profile.{profile_name}` must be a section")));
        };
        let profile = profile(section, profile_name).map_err(wrong)?;
        if profile_name == name.unwrap_or(DEFAULT_PROFILE) {
            wanted = Some(profile);
        }
    }
    match (wanted, name) {
        (Some(profile), _) => Ok(profile),
        (None, None | Some(DEFAULT_PROFILE)) => Ok(Profile::default()),
        (None, Some(name)) => {
            let names: Vec<&str> = profiles.keys().map(String::as_str).collect();
            Err(wrong(format!(
                "there is no [profile.{name}]{}",
                did_you_mean(name, &names)
            )))
        }
    }
}

fn profile(section: &toml::Table, name: &str) -> Result<Profile, String> {
    let mut values = Vec::new();
    for (key, value) in section {
        let Some(known) = KEYS.iter().find(|known| *known == key) else {
            return Err(format!(
                "`profile.{name}.{key}` is not known{}",
                did_you_mean(key, KEYS)
            ));
        };
        let text = match value {
            toml::Value::String(text) if *known != "plain_http" => text.clone(),
            toml::Value::Boolean(yes) if *known == "plain_http" => yes.to_string(),
            _ if *known == "plain_http" => {
                return Err(format!("`profile.{name}.{key}` must be true or false"));
            }
            _ => return Err(format!("`profile.{name}.{key}` must be a text in quotes")),
        };
        values.push((*known, text));
    }
    Ok(Profile { values })
}

fn did_you_mean(written: &str, known: &[&str]) -> String {
    if let Some(longer) = known.iter().find(|name| name.starts_with(written)) {
        return format!("; did you mean `{longer}`?");
    }
    let nearest = known
        .iter()
        .map(|name| (strsim::osa_distance(written, name), name))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, name)) if distance <= (written.len() / 3).max(1) => {
            format!("; did you mean `{name}`?")
        }
        _ if known.is_empty() => "; the file has none".to_owned(),
        _ => format!("; known are {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, name: Option<&str>, expected: Result<&[(&str, &str)], &str>) {
        let read = read(Some(text), Path::new("c.toml"), name);
        match (read, expected) {
            (Ok(profile), Ok(expected)) => {
                let values: Vec<(&str, &str)> = profile
                    .values
                    .iter()
                    .map(|(key, value)| (*key, value.as_str()))
                    .collect();
                assert_eq!(values, expected, "{text}");
            }
            (Err(error), Err(expected)) => assert_eq!(error.0, expected, "{text}"),
            (other, _) => panic!("{text}: {other:?}"),
        }
    }

    const TWO: &str =
        "[profile.default]\nhost = \"https://a\"\n[profile.lab]\nhost = \"http://b\"\nplain_http = true\n";

    #[test]
    fn a_profile_is_a_section() {
        check(TWO, None, Ok(&[("host", "https://a")]));
        check(
            TWO,
            Some("lab"),
            Ok(&[("host", "http://b"), ("plain_http", "true")]),
        );
        check("", None, Ok(&[]));
        check("", Some("default"), Ok(&[]));
    }

    #[test]
    fn what_is_not_known_is_refused_with_what_was_meant() {
        check(
            TWO,
            Some("lap"),
            Err("c.toml: there is no [profile.lap]; did you mean `lab`?"),
        );
        check(
            "",
            Some("lab"),
            Err("c.toml: there is no [profile.lab]; the file has none"),
        );
        check(
            "[profile.x]\nhots = \"a\"",
            None,
            Err("c.toml: `profile.x.hots` is not known; did you mean `host`?"),
        );
        check(
            "host = \"a\"",
            None,
            Err("c.toml: `host` is not known; everything stands in sections such as [profile.default]"),
        );
        check(
            "[profile.x]\nplain_http = \"yes\"",
            None,
            Err("c.toml: `profile.x.plain_http` must be true or false"),
        );
        check(
            "[profile.x]\nhost = 1",
            None,
            Err("c.toml: `profile.x.host` must be a text in quotes"),
        );
        check(
            "profile = 1",
            None,
            Err("c.toml: `profile` must be sections such as [profile.default]"),
        );
    }

    #[test]
    fn a_secret_is_not_taken_from_the_file() {
        let error = read(
            Some("[profile.x]\nclient_secret = \"s3cret\""),
            Path::new("c.toml"),
            None,
        )
        .unwrap_err();
        assert!(!error.0.contains("s3cret"), "{error}");
        assert!(error.0.contains("client_secret_file"), "{error}");
    }
}
