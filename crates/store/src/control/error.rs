//! What can go wrong in the control store.

use super::SCHEMA_VERSION;
use model::tenant::{TenantId, TenantName};
use model::user::UserName;
use std::path::PathBuf;
use uuid::Uuid;

/// What can go wrong in the control store.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The id is taken.
    #[error("there is already a tenant with the id {0}")]
    TenantExists(TenantId),
    /// The name is taken.
    #[error("the name `{name}` belongs to the tenant {owner} already")]
    NameTaken {
        /// The name.
        name: TenantName,
        /// Whose it is.
        owner: TenantId,
    },
    /// What was to be changed belongs to a tenant that does not exist.
    #[error("there is no tenant with the id {0}")]
    NoSuchTenant(TenantId),
    /// The client id or the object id is taken.
    #[error("there is already an application with the client id {client_id} or the object id {object_id}")]
    AppExists {
        /// The client id.
        client_id: Uuid,
        /// The id of the service principal.
        object_id: Uuid,
    },
    /// The application that was to be changed does not exist.
    #[error("there is no application with the client id {0}")]
    NoSuchApp(Uuid),
    /// The name or the object id is taken.
    #[error("there is already a user called {name} in the tenant, or one with the object id {object_id}")]
    UserExists {
        /// The name.
        name: UserName,
        /// The object id.
        object_id: Uuid,
    },
    /// The user who was to be changed does not exist.
    #[error("there is no user with the object id {0}")]
    NoSuchUser(Uuid),
    /// A later version of the program wrote the file.
    #[error(
        "{} was written by a newer version of Gatelog (schema {found}, this version knows {SCHEMA_VERSION}): \
         run the newer version, or restore a backup made by this one", path.display()
    )]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The schema version that it says it has.
        found: i64,
    },
    /// The file is a database of something else.
    #[error("{} is no control store of Gatelog: move it away, or name another data folder", path.display())]
    NotAControlStore {
        /// The file.
        path: PathBuf,
    },
    /// Another process has the file open.
    #[error("{} is in use by another process: stop it, or send the command to the running server", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file or its folder cannot be made or read.
    #[error("could not {doing} {}", path.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A stored value is not what this program stores.
    #[error("the control store is damaged: {0}")]
    Damaged(String),
    /// The database failed: the disk is full, gone, or read-only.
    #[error("the control store could not {doing}")]
    Database {
        /// What was tried.
        doing: &'static str,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
}

impl ControlError {
    /// For `map_err`: names what was tried.
    pub(super) fn while_trying(doing: &'static str) -> impl Fn(rusqlite::Error) -> ControlError {
        move |source| ControlError::Database { doing, source }
    }
}
