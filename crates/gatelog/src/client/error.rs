//! Why the client could not do what it was asked, and whose side it was.

use crate::exit::Code;
use std::path::PathBuf;

/// A failure, named by the side that failed: the network, TLS, the service, or a file of our own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nothing answers there.
    #[error("could not reach {host}: {reason}")]
    Unreachable {
        /// Scheme, host and port.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// Somebody answers, and we do not believe who it is, or it does not believe us.
    #[error("could not trust the connection to {host} (TLS): {reason}")]
    Tls {
        /// Scheme, host and port.
        host: String,
        /// What the TLS library said.
        reason: String,
    },
    /// It was there, and then it was not.
    #[error("the connection to {host} broke off: {reason}")]
    BrokeOff {
        /// Scheme, host and port.
        host: String,
        /// What the network said.
        reason: String,
    },
    /// The service answered, and the answer is no.
    #[error("{host} said no: {said}")]
    Refused {
        /// Scheme, host and port.
        host: String,
        /// HTTP status.
        status: u16,
        /// What it said.
        said: String,
    },
    /// The service asks for patience that we do not have.
    #[error("{host} is throttling this client: {said}")]
    Throttled {
        /// Scheme, host and port.
        host: String,
        /// How long it asks to wait, and how often that was done.
        said: String,
    },
    /// The service answered something that is not the reports API or OAuth2.
    #[error("{host} answered what this client does not understand: {what}")]
    Strange {
        /// Scheme, host and port.
        host: String,
        /// What was expected and what came.
        what: String,
    },
    /// There is no token, and nothing to get one with.
    #[error("{0}")]
    NotSignedIn(String),
    /// A file or folder of this machine.
    #[error("{}: {reason}", path.display())]
    OwnFile {
        /// Which one.
        path: PathBuf,
        /// What is the matter, and what to do.
        reason: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

impl ClientError {
    /// The exit code that tells a script which of them it was.
    pub(crate) fn code(&self) -> Code {
        match self {
            ClientError::Refused { status: 400, .. } => Code::Usage,
            ClientError::Refused { status: 404, .. } => Code::NotFound,
            ClientError::Refused {
                status: 401 | 403, ..
            }
            | ClientError::NotSignedIn(_) => Code::Denied,
            ClientError::Refused { status: 429, .. } | ClientError::Throttled { .. } => Code::Throttled,
            ClientError::Interrupted => Code::Interrupted,
            _ => Code::Failed,
        }
    }

    /// Whether asking the same again may help.
    pub(crate) fn is_passing(&self) -> bool {
        matches!(
            self,
            ClientError::Unreachable { .. } | ClientError::BrokeOff { .. }
        )
    }

    /// A file of ours that could not be read or written.
    pub(crate) fn file(path: impl Into<PathBuf>, error: &dyn std::error::Error) -> ClientError {
        ClientError::OwnFile {
            path: path.into(),
            reason: error.to_string(),
        }
    }
}
