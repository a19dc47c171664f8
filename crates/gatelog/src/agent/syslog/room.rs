//! How many connections there may be: where all places are taken, the one that has been silent longest makes room.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Connections at the same time; more wait for their turn.
const CONNECTIONS: usize = 256;
/// Who was silent for less has something to say: it is not closed for others. Closing costs what a sender writes at that moment,
/// because nobody acknowledges syslog, so nobody is closed for silence alone.
const SILENT: Duration = Duration::from_secs(60);

/// The places of one listener.
pub(super) struct Room {
    free: Arc<Semaphore>,
    silent: Duration,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    places: BTreeMap<u64, Use>,
}

struct Use {
    sender: SocketAddr,
    last: Instant,
    wanted: CancellationToken,
}

/// The place of one connection; it is free again when this is dropped.
pub(super) struct Place {
    number: u64,
    wanted: CancellationToken,
    taken: Arc<Mutex<Taken>>,
    _permit: OwnedSemaphorePermit,
}

impl Default for Room {
    fn default() -> Room {
        Room::of(CONNECTIONS, SILENT)
    }
}

impl Room {
    /// So many places, of which those that were silent for so long are given away at need.
    pub(super) fn of(places: usize, silent: Duration) -> Room {
        Room {
            free: Arc::new(Semaphore::new(places)),
            silent,
            taken: Arc::default(),
        }
    }

    /// A place, as soon as there is one; `None` never in practice: the room is never closed.
    pub(super) async fn place(&self, sender: SocketAddr) -> Option<Place> {
        let mut free = std::pin::pin!(Arc::clone(&self.free).acquire_owned());
        let permit = loop {
            // The wait for a place is one wait, so that the turn is kept; in between those that are silent are looked for.
            tokio::select! {
                biased;
                permit = &mut free => break permit.ok()?,
                () = tokio::time::sleep(self.silent.min(Duration::from_secs(1)) / 10) => self.make_room(),
            }
        };
        let wanted = CancellationToken::new();
        let mut taken = lock(&self.taken);
        let number = taken.next;
        taken.next += 1;
        let used = Use {
            sender,
            last: Instant::now(),
            wanted: wanted.clone(),
        };
        taken.places.insert(number, used);
        drop(taken);
        Some(Place {
            number,
            wanted,
            taken: Arc::clone(&self.taken),
            _permit: permit,
        })
    }

    /// Asks the connection that has been silent longest to end, if it was so for long enough and none was asked already.
    fn make_room(&self) {
        let taken = lock(&self.taken);
        if taken.places.values().any(|used| used.wanted.is_cancelled()) {
            return;
        }
        let Some(used) = taken.places.values().min_by_key(|used| used.last) else {
            return;
        };
        if used.last.elapsed() >= self.silent {
            tracing::warn!(
                "{} was silent for {} s and is closed: another sender needs its place",
                used.sender,
                used.last.elapsed().as_secs()
            );
            used.wanted.cancel();
        }
    }
}

impl Place {
    /// Something came.
    pub(super) fn is_used(&self) {
        if let Some(used) = lock(&self.taken).places.get_mut(&self.number) {
            used.last = Instant::now();
        }
    }

    /// Waits until somebody else needs the place.
    pub(super) async fn is_wanted(&self) {
        self.wanted.cancelled().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.taken).places.remove(&self.number);
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}
