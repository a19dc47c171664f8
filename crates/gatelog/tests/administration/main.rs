//! Administration over the network by token, deleting a tenant, and what the service tells of itself about both.

#![allow(clippy::unwrap_used)] // Helpers of tests.

#[path = "../support/mod.rs"]
mod support;

mod by_token;
mod site;
mod tenants;
