//! The agent as a process against the real service.

#![allow(clippy::unwrap_used)] // Helpers of tests.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code)] // Those of the store and of the formats use the rest of them.
#[path = "../../../sources/tests/common/evtx.rs"]
mod evtx;
#[cfg(target_os = "linux")]
#[allow(dead_code, clippy::print_stdout)]
#[path = "../../../store/tests/told/machine.rs"]
mod machine;

mod event_logs;
#[cfg(target_os = "linux")]
mod full_disk;
mod process;
mod site;
