//! What every route shares: the stores, the keys, the settings, and who is known.

use crate::config::Config;
use crate::detection::{Recent, Turns};
use crate::enrichment::Enriching;
use crate::exports::Exports;
use crate::keyring::Keys;
use crate::ledger::names::Inputs;
use crate::metrics::Metrics;
use crate::passwords::Passwords;
use crate::passwords::tries::Tries;
use crate::rates::Rates;
use crate::short_reads::ShortReads;
use crate::trusted::Trusted;
use crate::trusted::once::Once;
use edge::{chance, clock, cores};
use enrich::Enrichment;
use issuer::audience::Authority;
use issuer::verify::VerifiedToken;
use model::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use store::control::ControlStore;
use store::events::EventStore;
use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;

/// Verified tokens that are remembered at the most; more than that many clients at once verify again.
const REMEMBERED_TOKENS: usize = 10_000;

/// Wrong codes of devices that cost nothing: people mistype. After them each costs twice the time of the one before.
const FREE_DEVICE_GUESSES: u32 = 5;

/// The service without its listeners.
pub struct App {
    /// Events and rows.
    pub events: Arc<dyn EventStore>,
    /// Tenants, applications, keys.
    pub control: Arc<dyn ControlStore>,
    config: RwLock<Arc<Config>>,
    /// Told when other settings came: what waits for its next turn need not wait with them.
    pub configured: Notify,
    /// Who issues our tokens and for whom.
    pub authority: Authority,
    keys: RwLock<Arc<Keys>>,
    changing_keys: Mutex<()>,
    trusted: RwLock<Arc<Trusted>>,
    /// Whose turn it is to judge sign-ins.
    pub detection: Turns,
    /// Sign-ins that came a moment ago and were not judged yet.
    pub recent: Recent,
    /// Answers to sign-ins elsewhere that were taken.
    pub(crate) states: Once,
    /// Tokens that were checked.
    pub tokens: TokenMemory,
    /// Uploads under way.
    pub uploads: Arc<Semaphore>,
    /// Whether short pages are read on the event loop.
    pub short_reads: ShortReads,
    /// Checks the passwords of people.
    pub passwords: Passwords,
    /// How often tokens are asked for.
    pub rates: Rates,
    /// The inputs that programs named.
    pub inputs: Inputs,
    /// Who took how many rows away today.
    pub exports: Exports,
    /// Wrong codes of devices, by the address they were typed at.
    pub(crate) device_guesses: Tries,
    /// What makes the tokens of forms: another with each start, so that none outlives it.
    pub(crate) form_key: [u8; 32],
    /// What is written after its request was answered; the server waits for it when it stops.
    pub background: TaskTracker,
    /// What is known of addresses.
    pub(crate) enriching: Enriching,
    /// What is measured.
    pub metrics: Arc<Metrics>,
}

impl App {
    /// Puts the parts together.
    pub fn new(
        events: Arc<dyn EventStore>,
        control: Arc<dyn ControlStore>,
        config: Config,
        authority: Authority,
        keys: Keys,
        metrics: Arc<Metrics>,
    ) -> App {
        App {
            uploads: Arc::new(Semaphore::new(config.limits.ingest_concurrent)),
            tokens: TokenMemory::default(),
            short_reads: ShortReads::new(cores::workers()),
            passwords: Passwords::new(cores::cores()),
            rates: Rates::new(&config.limits),
            inputs: Inputs::default(),
            exports: Exports::default(),
            device_guesses: Tries::new(FREE_DEVICE_GUESSES),
            form_key: chance::bytes(),
            background: TaskTracker::new(),
            enriching: Enriching::default(),
            states: Once::default(),
            trusted: RwLock::new(Arc::new(Trusted::of(
                &config.trusted_issuers,
                &Trusted::default(),
            ))),
            detection: Turns::default(),
            recent: Recent::default(),
            events,
            control,
            config: RwLock::new(Arc::new(config)),
            configured: Notify::new(),
            authority,
            keys: RwLock::new(Arc::new(keys)),
            changing_keys: Mutex::new(()),
            metrics,
        }
    }

    /// The settings in effect. Some may change while the server runs: ask anew for each request.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other settings, from now on.
    pub fn configure(&self, config: Config) {
        let trusted = Trusted::of(&config.trusted_issuers, &self.trusted());
        *self.trusted.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(trusted);
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
        self.configured.notify_one();
    }

    /// The outside issuers whose tokens are taken. They may change while the server runs: ask anew for each request.
    pub fn trusted(&self) -> Arc<Trusted> {
        Arc::clone(&self.trusted.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What signs tokens and what checks them. They may change while the server runs: ask anew for each request.
    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Other keys, from now on; tokens are verified anew.
    pub(crate) fn use_keys(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        self.tokens.clear();
    }

    /// Held by the one who changes keys.
    pub(crate) fn changing_keys(&self) -> MutexGuard<'_, ()> {
        self.changing_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of addresses. It may change while the server runs: ask anew for each batch of look-ups. The first one
    /// who asks waits while files are read, so this is no work for the event loop.
    pub fn enrichment(&self) -> Arc<Enrichment> {
        self.enriching.current(&self.config())
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        clock::now()
    }
}

/// Verified tokens by the hash of their text, until they end: a signature costs 25 µs, a look-up none.
///
/// Only what the signature says is remembered; whether the application may still read is looked up each time.
#[derive(Default)]
pub struct TokenMemory(Mutex<HashMap<[u8; 32], Arc<VerifiedToken>>>);

impl TokenMemory {
    /// What was verified before and has not ended.
    pub fn get(&self, token: &str, now: Timestamp) -> Option<Arc<VerifiedToken>> {
        let name = name_of(token);
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let verified = memory.get(&name)?;
        if verified.expires_at > now {
            return Some(Arc::clone(verified));
        }
        memory.remove(&name);
        None
    }

    /// Forgets every token.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Remembers a token that was just verified.
    pub fn put(&self, token: &str, verified: Arc<VerifiedToken>, now: Timestamp) {
        let name = name_of(token);
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= REMEMBERED_TOKENS {
            memory.retain(|_, held| held.expires_at > now);
        }
        if memory.len() >= REMEMBERED_TOKENS {
            memory.clear();
        }
        memory.insert(name, verified);
    }
}

fn name_of(token: &str) -> [u8; 32] {
    *blake3::hash(token.as_bytes()).as_bytes()
}
