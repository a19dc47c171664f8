//! Programs of others against the real service over TLS: the libraries that scripts were and are written with, and a browser.
//!
//! They stand in the folder that `GATELOG_CLIENTS` names, a virtual environment of Python and the modules of Node, at the
//! versions of `requirements.txt` and `package-lock.json`; `.ci/run` puts them there. `GATELOG_CHROMIUM` names the browser,
//! and pictures of what it shows are left in `GATELOG_SCREENSHOTS` if that names a folder.

#![allow(clippy::unwrap_used)] // Helpers of tests.

mod browser;
mod conversation;
mod libraries;
mod recipes;
#[allow(dead_code)] // The tests of the issuer use all of it.
#[path = "../oauth/site.rs"]
mod site;
#[path = "../support/mod.rs"]
mod support;

use std::path::PathBuf;

/// The folder of the libraries.
fn clients() -> Option<PathBuf> {
    outside("clients", "GATELOG_CLIENTS")
}

/// The browser.
fn chromium() -> Option<PathBuf> {
    outside("chromium", "GATELOG_CHROMIUM")
}

/// What a variable names. Without it a test says so and passes, unless `GATELOG_REQUIRE` names it.
#[allow(clippy::print_stderr)] // A skipped test says so.
fn outside(what: &str, variable: &str) -> Option<PathBuf> {
    let found = std::env::var_os(variable).map(PathBuf::from);
    if found.is_none() {
        let required = std::env::var("GATELOG_REQUIRE").unwrap_or_default();
        assert!(
            !required.split(',').any(|word| word.trim() == what),
            "GATELOG_REQUIRE names {what}, but {variable} is not set"
        );
        eprintln!("skipped: {variable} is not set; .ci/run tells how");
    }
    found
}
