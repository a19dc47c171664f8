//! What came a moment ago, so that detection need not read it back from the store: to unpack and parse a record again costs several times
//! what it costs to judge it.
//!
//! It is a cache and no queue: the change log says what is to be judged, and whatever is not here any more is read from the store.

use super::watermarks::Bringer;
use detect::Extract;
use hashlink::LinkedHashMap;
use model::identity::EventKey;
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Sign-ins that are kept at the most, some 600 bytes each.
const KEPT_MAX: usize = 100_000;
/// One with more text than this is read back: what a sender makes long must not fill the memory.
const TEXT_BYTES_MAX: usize = 4 << 10;
/// What detection did not ask for by then it has read from the store, or is too far behind.
const KEPT_TICKS: i64 = 60 * TICKS_PER_SECOND;

/// Boxed: the map keeps the room of entries that are gone.
type Kept = LinkedHashMap<(TenantId, EventKey), Box<Fresh>>;

/// The sign-ins of the last moments, of all tenants.
pub struct Recent {
    /// In the order in which they came.
    sign_ins: Mutex<Kept>,
    kept_max: usize,
}

/// A sign-in as it came.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(super) extract: Extract,
    pub(super) bringer: Bringer,
    arrived: Timestamp,
}

impl Default for Recent {
    fn default() -> Recent {
        Recent::keeping(KEPT_MAX)
    }
}

impl Recent {
    pub(crate) fn keeping(kept_max: usize) -> Recent {
        Recent {
            sign_ins: Mutex::default(),
            kept_max,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.sign_ins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps sign-ins that a source brought and that were stored just now for the first time, each with its format; the oldest go for them.
    pub(crate) fn put(
        &self,
        tenant: TenantId,
        arrived: Timestamp,
        source: &str,
        sign_ins: impl IntoIterator<Item = (Extract, &'static str)>,
    ) {
        let source: Arc<str> = source.into();
        let mut bringers: Vec<(&str, Bringer)> = Vec::new();
        let mut kept = self.lock();
        forget_old(&mut kept, arrived);
        for (extract, format) in sign_ins {
            if extract.text_bytes() > TEXT_BYTES_MAX {
                continue;
            }
            let known = bringers.iter().find(|(of, _)| *of == format);
            let bringer = if let Some((_, bringer)) = known {
                bringer.clone()
            } else {
                let bringer = Bringer {
                    source: Arc::clone(&source),
                    format: format.into(),
                };
                bringers.push((format, bringer.clone()));
                bringer
            };
            let fresh = Fresh {
                extract,
                bringer,
                arrived,
            };
            kept.insert((tenant, fresh.extract.key), Box::new(fresh));
        }
        while kept.len() > self.kept_max {
            kept.pop_front();
        }
    }

    /// Takes those that are here.
    pub(crate) fn take(&self, tenant: TenantId, keys: impl IntoIterator<Item = EventKey>) -> Vec<Fresh> {
        let mut kept = self.lock();
        let keys = keys.into_iter();
        keys.filter_map(|key| kept.remove(&(tenant, key)).map(|fresh| *fresh))
            .collect()
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Lets go of what came long ago.
    pub(crate) fn forget_old(&self, now: Timestamp) {
        let mut kept = self.lock();
        forget_old(&mut kept, now);
        if kept.is_empty() {
            kept.shrink_to_fit();
        }
    }
}

fn forget_old(kept: &mut Kept, now: Timestamp) {
    let is_old = |fresh: &Fresh| now.ticks().saturating_sub(fresh.arrived.ticks()) > KEPT_TICKS;
    while kept.front().is_some_and(|(_, fresh)| is_old(fresh)) {
        kept.pop_front();
    }
}
