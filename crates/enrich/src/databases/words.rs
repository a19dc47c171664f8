//! Names that come again and again, held once.

use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// How many names are kept. Those of the cities from which an organisation works fit many times.
const PLACES: usize = 8192;
/// Locks, so that look-ups of several threads seldom wait for each other.
const SHELVES: usize = 16;

/// A bounded store of names: a name that is gone from it costs another copy and nothing else.
pub(super) struct Words {
    hasher: RandomState,
    shelves: [Mutex<Vec<Option<Arc<str>>>>; SHELVES],
}

impl Default for Words {
    fn default() -> Words {
        Words {
            hasher: RandomState::new(),
            shelves: std::array::from_fn(|_| Mutex::new(Vec::new())),
        }
    }
}

impl Words {
    pub(super) fn shared(&self, word: &str) -> Arc<str> {
        let hash = self.hasher.hash_one(word) as usize;
        // A name is whole or not there: a panic elsewhere leaves nothing half done.
        let mut names = self.shelves[hash % SHELVES]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if names.is_empty() {
            names.resize(PLACES / SHELVES, None);
        }
        let place = hash / SHELVES % (PLACES / SHELVES);
        if let Some(known) = &names[place]
            && known.as_ref() == word
        {
            return Arc::clone(known);
        }
        let new: Arc<str> = word.into();
        names[place] = Some(Arc::clone(&new));
        new
    }
}
