//! Which settings may change while a server runs, and what differs between two configurations.

use super::key::toml_text;
use super::layering::pattern;
use super::{Config, Loaded};
use std::collections::BTreeSet;

/// The settings that count from a reload on. Whatever else is changed waits for a restart: addresses are bound, limits
/// are built into routes, the data folder is held.
const AT_ONCE: &[&str] = &[
    "server.tls_certificate_file",
    "server.tls_key_file",
    "limits.rows_examined",
    "limits.page_rows",
    "limits.ingest_decompressed_bytes",
    "enrichment.databases",
    "enrichment.lists[]",
    "enrichment.max_age_days",
    "reports.window_days",
    "reports.visibility",
    "retention.default_days",
    "retention.tenants",
    "log.level",
    "tokens.lifetime_seconds",
    "own_events.enabled",
    "own_events.export_rows",
    "roles[].name",
    "roles[].reports",
    "roles[].mask",
    "detection.enabled",
    "detection.allowed_lateness_seconds",
    "detection.rules",
    "detection.people",
    "trusted_issuers[]",
];

/// A setting that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its full name.
    pub key: String,
    /// What it was; `None` if it was not set.
    pub before: Option<String>,
    /// What it is.
    pub after: Option<String>,
    /// When it counts.
    pub effect: Effect,
}

/// When a changed setting counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// From the reload on.
    AtOnce,
    /// After the next start.
    AtRestart,
}

/// What differs, by name.
pub fn changes(before: &Loaded, after: &Loaded) -> Vec<Change> {
    let keys: BTreeSet<&String> = before.settings.keys().chain(after.settings.keys()).collect();
    let text = |loaded: &Loaded, key: &str| loaded.settings.get(key).map(|setting| toml_text(&setting.value));
    let is_switched = before.config.server.tls.is_some() != after.config.server.tls.is_some();
    let mut changes = Vec::new();
    for key in keys {
        let (before, after) = (text(before, key), text(after, key));
        if before == after {
            continue;
        }
        let is_of_tls = key.starts_with("server.tls_");
        let known_as = pattern(key);
        let at_once = AT_ONCE.iter().any(|known| {
            known_as == *known
                || known_as
                    .strip_prefix(known)
                    .is_some_and(|rest| rest.starts_with('.'))
        });
        changes.push(Change {
            key: key.clone(),
            before,
            after,
            effect: if at_once && !(is_of_tls && is_switched) {
                Effect::AtOnce
            } else {
                Effect::AtRestart
            },
        });
    }
    changes
}

/// The configuration that is in effect after a reload: the new one where that may change, else the old one.
pub fn in_effect(running: &Config, new: &Config) -> Config {
    let mut config = running.clone();
    if running.server.tls.is_some() && new.server.tls.is_some() {
        config.server.tls.clone_from(&new.server.tls);
    }
    config.limits.rows_examined = new.limits.rows_examined;
    config.limits.page_rows = new.limits.page_rows;
    config.limits.ingest_decompressed_bytes = new.limits.ingest_decompressed_bytes;
    config.enrichment = new.enrichment.clone();
    config.reports = new.reports.clone();
    config.retention = new.retention.clone();
    config.log.level = new.log.level.clone();
    config.tokens = new.tokens.clone();
    config.own_events = new.own_events.clone();
    config.roles = new.roles.clone();
    config.detection = new.detection.clone();
    config.trusted_issuers.clone_from(&new.trusted_issuers);
    config
}

#[cfg(test)]
mod tests {
    use super::super::{Inputs, keys, load};
    use super::*;

    fn loaded(settings: &[(&str, &str)]) -> Loaded {
        let given = [("data.folder", "/nowhere")];
        let overrides = given
            .iter()
            .chain(settings)
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        load(&Inputs {
            overrides,
            ..Inputs::default()
        })
        .unwrap()
    }

    /// One setting is changed; when does it count, and does the configuration in effect say so?
    fn check(settings: &[(&str, &str)], expected: Effect) {
        let (before, after) = (loaded(&[]), loaded(settings));
        let changed = changes(&before, &after);
        assert_eq!(changed.len(), settings.len(), "{changed:?}");
        for change in &changed {
            assert_eq!(change.effect, expected, "{change:?}");
        }
        let effective = in_effect(&before.config, &after.config);
        match expected {
            Effect::AtOnce => assert_eq!(effective, after.config, "{settings:?}"),
            Effect::AtRestart => assert_eq!(effective, before.config, "{settings:?}"),
        }
    }

    #[test]
    fn what_a_request_asks_for_anew_counts_at_once() {
        check(&[("limits.rows_examined", "5000")], Effect::AtOnce);
        check(&[("limits.page_rows", "2000")], Effect::AtOnce);
        check(&[("limits.ingest_decompressed_bytes", "1GiB")], Effect::AtOnce);
        check(&[("reports.window_days", "90")], Effect::AtOnce);
        check(&[("reports.visibility.auditEvents", "90")], Effect::AtOnce);
        check(&[("retention.default_days", "90")], Effect::AtOnce);
        check(&[("retention.tenants.contoso.com", "90")], Effect::AtOnce);
        check(&[("log.level", "debug")], Effect::AtOnce);
        check(&[("tokens.lifetime_seconds", "10m")], Effect::AtOnce);
        check(&[("own_events.enabled", "false")], Effect::AtOnce);
        check(&[("own_events.export_rows", "5")], Effect::AtOnce);
    }

    #[test]
    fn what_is_bound_built_or_held_waits_for_a_restart() {
        check(&[("server.listen", "127.0.0.1:9000")], Effect::AtRestart);
        check(&[("server.public_url", "https://a.example")], Effect::AtRestart);
        check(&[("server.trusted_proxies", "10.0.0.1")], Effect::AtRestart);
        check(&[("limits.connections", "5")], Effect::AtRestart);
        check(&[("limits.ingest_concurrent", "5")], Effect::AtRestart);
        check(&[("log.format", "json")], Effect::AtRestart);
        check(&[("data.folder", "/elsewhere")], Effect::AtRestart);
        check(
            &[
                ("server.tls_certificate_file", "/a"),
                ("server.tls_key_file", "/b"),
            ],
            Effect::AtRestart,
        );
    }

    #[test]
    fn another_certificate_counts_at_once() {
        let one = [
            ("server.tls_certificate_file", "/a"),
            ("server.tls_key_file", "/b"),
        ];
        let other = [
            ("server.tls_certificate_file", "/c"),
            ("server.tls_key_file", "/b"),
        ];
        let changed = changes(&loaded(&one), &loaded(&other));
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].effect, Effect::AtOnce);
        let effective = in_effect(&loaded(&one).config, &loaded(&other).config);
        assert_eq!(effective, loaded(&other).config);
    }

    #[test]
    fn the_list_names_settings_that_there_are() {
        for name in AT_ONCE {
            let is_there = |path: &str| {
                path.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            };
            assert!(keys().any(|key| is_there(key.path)), "{name}");
        }
    }
}
