//! What the exit code of a command means.

use crate::client::error::ClientError;
use std::process::ExitCode;

/// The exit codes of every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// Done.
    Done = 0,
    /// It failed.
    Failed = 1,
    /// It was asked wrongly.
    Usage = 2,
    /// What was asked for is not there.
    NotFound = 3,
    /// Nobody is signed in, or whoever is may not.
    Denied = 4,
    /// The service was too busy for too long.
    Throttled = 5,
    /// A part of it was done.
    Partial = 6,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Code> for ExitCode {
    fn from(code: Code) -> ExitCode {
        ExitCode::from(code as u8)
    }
}

/// The user asked for something that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The exit code of an error.
pub(crate) fn code_of(error: &anyhow::Error) -> Code {
    if error.downcast_ref::<Usage>().is_some() {
        return Code::Usage;
    }
    if let Some(error) = error.downcast_ref::<ClientError>() {
        return error.code();
    }
    of_service(error)
}

/// Of an answer of the server that has the data folder.
#[cfg(unix)]
fn of_service(error: &anyhow::Error) -> Code {
    let refused = error.downcast_ref::<server::link::Refused>();
    match refused.map(|refused| refused.status) {
        Some(404) => Code::NotFound,
        Some(400) => Code::Usage,
        Some(401 | 403) => Code::Denied,
        _ => Code::Failed,
    }
}

/// There is none on this system.
#[cfg(not(unix))]
fn of_service(_: &anyhow::Error) -> Code {
    Code::Failed
}
