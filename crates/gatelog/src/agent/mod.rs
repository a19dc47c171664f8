//! The agent: reads logs where they are written, keeps what it read on its own disk, and brings it to the service exactly once.
//!
//! Two steps, each safe at a kill: records and how far they reach go into the spool in one transaction; a piece leaves the spool
//! after the service said that it has it. What a kill repeats, the service knows by the identity of its events.

mod aside;
pub(crate) mod check;
pub(crate) mod config;
mod counters;
mod documents;
mod event_log;
mod evtx;
mod face;
mod gap;
mod gather;
mod journald;
mod lines;
mod link;
pub(crate) mod log_file;
mod mark;
mod pattern;
pub(crate) mod run;
mod sender;
mod spool;
mod stdin;
mod syslog;
mod tail;
mod verdict;

#[cfg(test)]
mod scripts;
