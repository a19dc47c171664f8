//! The server: HTTP and everything around it. The only room that knows axum, the clock and chance.

pub mod chance;
pub mod clock;
pub mod config;
pub mod health;
pub mod layers;
pub mod listener;
pub mod logging;
pub mod metrics;
pub mod problem;
pub mod run;

#[cfg(test)]
mod testing;
