//! Outside issuers over HTTP: a stand-in that makes every mistake, and a real OpenID Connect provider.

#![allow(clippy::unwrap_used)] // Helpers of tests.

#[path = "../support/mod.rs"]
mod support;

mod bearer;
mod real;
mod sign_in;
mod stand_in;

#[allow(dead_code)] // The tests of our own issuer use all of it.
#[path = "../oauth/site.rs"]
mod site;

use serde_json::{Value, json};
use stand_in::StandIn;
use std::path::PathBuf;
use support::http::Answer;
use support::{CONTOSO, FABRIKAM, Server, Workplace};

/// What access tokens are for.
pub(crate) const AUDIENCE: &str = "api://gatelog";

/// A workplace with two tenants, and a configuration that trusts an issuer for the first.
pub(crate) fn workplace(issuer: &StandIn, more: &str) -> (Workplace, PathBuf) {
    let workplace = Workplace::new();
    workplace.tenant(CONTOSO, "contoso.com");
    workplace.tenant(FABRIKAM, "fabrikam.com");
    let config = configure(&workplace, issuer, more, "Security Reader");
    (workplace, config)
}

/// Writes the configuration. Who is in the group `soc` has the role.
pub(crate) fn configure(workplace: &Workplace, issuer: &StandIn, more: &str, role: &str) -> PathBuf {
    let text = format!(
        "[[trusted_issuers]]\nname = \"outside\"\nissuer = \"{}\"\ntenants = [\"contoso.com\"]\n\
         audiences = [\"{AUDIENCE}\"]\n{more}\n\
         roles = [{{ claim = \"groups\", value = \"soc\", role = \"{role}\" }}]\n",
        issuer.issuer
    );
    workplace.file("gatelog.toml", text)
}

pub(crate) fn serve(workplace: &Workplace, config: &std::path::Path) -> Server {
    workplace.serve_with_arguments(&["--config", config.to_str().unwrap()])
}

/// Seconds since 1970.
#[allow(clippy::disallowed_methods)] // The tokens of a test must hold now.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs() as i64
}

/// What a good access token says.
pub(crate) fn claims(issuer: &StandIn) -> Value {
    json!({
        "iss": issuer.issuer, "aud": AUDIENCE, "sub": "ada", "exp": now() + 600, "iat": now(), "groups": ["soc"],
        "preferred_username": "ada@contoso.com", "azp": "cli",
    })
}

/// The same with one claim changed, or taken out by `null`.
pub(crate) fn claims_with(issuer: &StandIn, name: &str, value: Value) -> Value {
    let mut claims = claims(issuer);
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

/// Cases of one test, of which each is looked at, and all that fail are told in the end.
#[derive(Default)]
pub(crate) struct Cases(std::cell::RefCell<Vec<String>>);

impl Cases {
    pub(crate) fn look(&self, case: &str, look: impl FnOnce()) {
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(look)).is_err() {
            self.0.borrow_mut().push(case.to_owned());
        }
    }

    #[track_caller]
    pub(crate) fn end(self) {
        let failed = self.0.into_inner();
        assert!(failed.is_empty(), "these failed: {failed:#?}");
    }
}

/// Reads a report of a tenant.
pub(crate) fn read(server: &Server, token: &str, tenant: &str) -> Answer {
    server.get(token, &format!("/{tenant}/reports/auditEvents?api-version=beta"))
}

#[track_caller]
pub(crate) fn check(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(words), "{words:?} in {}", answer.text());
}
