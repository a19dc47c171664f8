//! Opens an address in the user's browser.

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
    let programs: Vec<String> = match own {
        Some(programs) => programs.split(':').map(str::to_owned).collect(),
        None => vec![DESKTOP.to_owned()],
    };
    for program in programs {
        let started = Command::new(&program)
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

#[cfg(target_os = "macos")]
const DESKTOP: &str = "open";
#[cfg(not(target_os = "macos"))]
const DESKTOP: &str = "xdg-open";
