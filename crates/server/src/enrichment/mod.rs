//! What is known of network addresses, in a running server: read from files, and read again when they change.

mod files;
mod gauges;
mod load;
mod state;
mod update;

pub(crate) use gauges::Gauges;
pub use state::{EnrichmentStatus, ListedAnswer, LookUpAnswer, NetworkAnswer, SourceKind, SourceStatus};
pub use update::{Update, UpdateError, Updated, update};

use crate::config::Config;
use enrich::Enrichment;
use load::Loaded;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The enrichment in force. Reading it again puts another in its place; whoever has the old one keeps it.
#[derive(Debug, Default)]
pub(crate) struct Enriching {
    loaded: RwLock<Option<Arc<Loaded>>>,
    /// Held by the one who reads files.
    loading: Mutex<()>,
}

/// How much of the files is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// What is needed to begin with: a server does not start later because a file is large.
    Enough,
    /// All of them: a file that took another's place has to be sound to its end.
    Full,
}

impl Enriching {
    /// What is in force; the first one who asks reads the files, and waits for them.
    pub(crate) fn current(&self, config: &Config) -> Arc<Enrichment> {
        Arc::clone(&self.loaded(config).enrichment)
    }

    /// The same with what is known of each of its files.
    pub(crate) fn loaded(&self, config: &Config) -> Arc<Loaded> {
        if let Some(loaded) = self.get() {
            return loaded;
        }
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = self.get() {
            return loaded;
        }
        self.put(load::load(config, None, Care::Enough))
    }

    /// Reads the files that changed since they were read, and those that were not read yet. What cannot be read stays as
    /// it was.
    pub(crate) fn renew(&self, config: &Config) -> Arc<Loaded> {
        let _loading = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.get();
        let care = if before.is_some() {
            Care::Full
        } else {
            Care::Enough
        };
        match load::load(config, before.as_ref(), care) {
            // Nothing changed: those who compare by pointer keep what they have.
            renewed if before.as_ref().is_some_and(|before| before.is_same(&renewed)) => {
                before.unwrap_or(renewed)
            }
            renewed => self.put(renewed),
        }
    }

    fn get(&self) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, loaded: Arc<Loaded>) -> Arc<Loaded> {
        let mut held = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        *held = Some(Arc::clone(&loaded));
        loaded
    }
}

#[cfg(test)]
mod tests;
