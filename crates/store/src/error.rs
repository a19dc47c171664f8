//! What a store could not do.

use std::path::PathBuf;

/// Why the store could not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another process works on the data folder.
    #[error(
        "the data folder {path} is in use by another Gatelog process; stop it first, or let the command go through it"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The data folder cannot be made or written.
    #[error("cannot use the data folder {path}: {reason}")]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said, and what to do.
        reason: String,
    },
    /// The disk is full; nothing of the batch was acknowledged.
    #[error(
        "the disk that holds {path} is full; free some space, then send again (nothing of this batch is lost or doubled)"
    )]
    DiskFull {
        /// The file that could not grow.
        path: PathBuf,
    },
    /// The disk or file system refuses to write.
    #[error("{path} cannot be written: {reason}; reads go on, sending again later is safe")]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The file was made by a later version of Gatelog.
    #[error(
        "{path} has schema {found}, made by a newer version of Gatelog; this one knows up to {known}: run the newer version, or \
         restore the backup that was taken before the upgrade (`gatelog restore`)"
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file is something else.
    #[error("{path} is not a Gatelog store file of tenant {tenant}; it was left untouched")]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// The tenant it should belong to.
        tenant: String,
    },
    /// The tenant was deleted; nothing is stored for it any more.
    #[error("the tenant {tenant} was deleted; nothing is stored for it")]
    TenantGone {
        /// The tenant.
        tenant: String,
    },
    /// Too much is waiting to be written; try again.
    #[error("too many batches wait to be written; try again in a moment")]
    Busy,
    /// The store is closing.
    #[error("the store is closing")]
    Closing,
    /// The backend failed otherwise.
    #[error("the store failed on {path}: {reason}")]
    Backend {
        /// The file.
        path: PathBuf,
        /// What the backend said.
        reason: String,
    },
}

impl StoreError {
    /// Whether the same call can succeed later without anybody changing the data.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            StoreError::Busy | StoreError::DiskFull { .. } | StoreError::NotWritable { .. }
        )
    }
}
