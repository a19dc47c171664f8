//! `--scripts`: the test of random scripts, with as many as are asked for.

use anyhow::{Context, Result};
use std::process::{Command, ExitCode};

const TEST: &str = "agent::scripts::whatever_happens_each_record_is_at_the_service_once";

pub(super) fn run(scripts: u64, seed: u64) -> Result<ExitCode> {
    println!("agent: {scripts} scripts from seed {seed}");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args([
            "test",
            "--package",
            "gatelog",
            "--bin",
            "gatelog",
            "--",
            TEST,
            "--exact",
            "--nocapture",
        ])
        .env("GATELOG_SCRIPTS", scripts.to_string())
        .env("GATELOG_SEED", seed.to_string())
        .current_dir(crate::root()?)
        .status()
        .context("start cargo test")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
