//! The server: HTTP and everything around it. The only room that knows axum.

pub mod app;
pub mod auth;
pub mod basic;
pub mod clients;
pub mod config;
pub mod demo;
pub mod detection;
pub mod enrichment;
pub mod exports;
pub mod findings;
pub mod health;
pub mod inputs;
pub mod keyring;
pub mod layers;
pub mod ledger;
pub mod legacy;
pub mod link;
pub mod listener;
pub mod metrics;
pub mod own_events;
pub mod passwords;
pub mod problem;
pub mod rates;
pub mod reload;
pub mod routes;
pub mod run;
pub mod service;
pub mod short_reads;
mod tasks;
pub mod trusted;

#[cfg(test)]
mod testing;
