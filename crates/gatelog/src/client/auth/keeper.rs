//! The file that keeps sign-ins, one for each profile: mode 0600 in a folder of mode 0700, replaced in one step, under a lock.

use super::login::Login;
use crate::client::error::ClientError;
use crate::client::place;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// No file of ours is so long.
const LONGEST_FILE: u64 = 16 << 20;

/// Where sign-ins are kept.
#[derive(Debug, Clone)]
pub(crate) struct Keeper {
    folder: PathBuf,
}

/// The right to change the file: nobody else changes it as long as this is held.
#[derive(Debug)]
pub(crate) struct Held {
    keeper: Keeper,
    /// Closing it gives the lock back.
    _lock: File,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Content {
    logins: BTreeMap<String, Login>,
}

impl Keeper {
    /// In `$XDG_STATE_HOME/gatelog`.
    pub(crate) fn open() -> Result<Keeper, ClientError> {
        let folder = place::state_folder(|name| std::env::var_os(name))?;
        Ok(Keeper { folder })
    }

    /// The sign-in of a profile. A file that others may read is refused.
    pub(crate) fn login(&self, profile: &str) -> Result<Option<Login>, ClientError> {
        Ok(self.content()?.logins.remove(profile))
    }

    /// Waits until nobody else changes the file.
    pub(crate) async fn hold(&self) -> Result<Held, ClientError> {
        place::private_folder(&self.folder)?;
        let path = self.folder.join("tokens.lock");
        let lock = place::lock_file(&path)?;
        let waited = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock)).await;
        let lock = match waited {
            Ok(Ok(lock)) => lock,
            Ok(Err(error)) => return Err(ClientError::file(path, &error)),
            Err(error) => return Err(ClientError::file(path, &error)),
        };
        Ok(Held {
            keeper: self.clone(),
            _lock: lock,
        })
    }

    fn path(&self) -> PathBuf {
        self.folder.join("tokens.json")
    }

    fn content(&self) -> Result<Content, ClientError> {
        let path = self.path();
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(ClientError::file(path, &error)),
        };
        place::check_private(&self.folder)?;
        place::check_private(&path)?;
        let mut text = Vec::new();
        file.take(LONGEST_FILE)
            .read_to_end(&mut text)
            .map_err(|error| ClientError::file(&path, &error))?;
        serde_json::from_slice(&text).map_err(|error| ClientError::OwnFile {
            reason: format!(
                "it is no file of sign-ins ({error}); remove it with `rm {}` and sign in anew",
                path.display()
            ),
            path,
        })
    }
}

impl Held {
    /// The sign-in of a profile, as it is now.
    pub(crate) fn login(&self, profile: &str) -> Result<Option<Login>, ClientError> {
        self.keeper.login(profile)
    }

    /// Keeps a sign-in.
    pub(crate) fn keep(&self, profile: &str, login: &Login) -> Result<(), ClientError> {
        let mut content = self.keeper.content()?;
        content.logins.insert(profile.to_owned(), login.clone());
        self.write(&content)
    }

    /// Forgets a sign-in. The file goes with its last one.
    pub(crate) fn forget(&self, profile: &str) -> Result<(), ClientError> {
        let mut content = self.keeper.content()?;
        content.logins.remove(profile);
        if !content.logins.is_empty() {
            return self.write(&content);
        }
        let path = self.keeper.path();
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(ClientError::file(path, &error))
            }
            _ => place::sync_folder(&self.keeper.folder),
        }
    }

    fn write(&self, content: &Content) -> Result<(), ClientError> {
        let path = self.keeper.path();
        let text = serde_json::to_vec_pretty(content).map_err(|error| ClientError::file(&path, &error))?;
        place::replace(&path, &text)
    }
}
