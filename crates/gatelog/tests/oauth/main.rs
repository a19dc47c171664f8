//! Signing in: from the first page of a browser to the rows of a report, and what must not work on the way.

#![allow(clippy::unwrap_used)] // Helpers of tests.

#[path = "../support/mod.rs"]
mod support;

mod attacks;
mod devices;
mod flow;
mod forged;
mod metadata;
mod site;
mod tokens;
mod versions;
