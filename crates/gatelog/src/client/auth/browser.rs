//! Opens an address in the user's browser.

use crate::platform;
use std::process::{Command, Stdio};

/// Whether a browser was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opened {
    Yes,
    No,
}

/// Starts `$BROWSER`, else what the desktop has. The address is an argument of its own: no shell reads it.
pub(crate) fn open(address: &str) -> Opened {
    let own = std::env::var("BROWSER")
        .ok()
        .filter(|program| !program.is_empty());
    let programs: Vec<Vec<&str>> = match &own {
        Some(programs) => programs.split(':').map(|program| vec![program]).collect(),
        None => vec![platform::BROWSER.to_vec()],
    };
    for program in programs {
        let started = Command::new(program[0])
            .args(&program[1..])
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        if started.is_ok() {
            return Opened::Yes;
        }
    }
    Opened::No
}
