//! The server: HTTP and everything around it. The only room that knows axum, the clock and chance.

pub mod config;
