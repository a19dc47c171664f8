//! One outside issuer: its discovery document and its keys, when they are asked for, and how long they count.

use super::fetch::{self, FetchFault};
use crate::app::App;
use crate::config::TrustedIssuer;
use crate::metrics::Metrics;
use edge::clock;
use issuer::outside::document::{Document, address_of};
use issuer::outside::keys::{KeySet, MAX_KEY_SET_BYTES};
use issuer::outside::{document, keys};
use model::time::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An outside issuer.
pub struct Issuer {
    /// Its settings.
    pub settings: Arc<TrustedIssuer>,
    state: Mutex<State>,
    /// Held by whoever asks it: one at a time.
    asking: Arc<tokio::sync::Mutex<()>>,
}

/// What an issuer publishes.
#[derive(Debug)]
pub struct Known {
    /// Its discovery document.
    pub document: Document,
    /// Its keys.
    pub keys: KeySet,
}

#[derive(Default)]
struct State {
    known: Option<(Arc<Known>, Timestamp)>,
    /// When it was last asked, whatever came of it.
    asked: Option<Timestamp>,
}

/// Whether an issuer must be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// What is known will do.
    Nothing,
    /// It will do for now.
    Soon,
    /// Without asking the token cannot be checked.
    Now,
}

/// Why an issuer's publications cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskFault {
    #[error("{address}: {fault}")]
    Fetch { address: String, fault: FetchFault },
    #[error(transparent)]
    Document(#[from] document::DocumentFault),
    #[error(transparent)]
    Keys(#[from] keys::KeySetFault),
}

impl Issuer {
    pub(super) fn new(settings: Arc<TrustedIssuer>) -> Issuer {
        Issuer {
            settings,
            state: Mutex::default(),
            asking: Arc::default(),
        }
    }

    /// What the issuer publishes, unless it is too old to be believed.
    pub fn known(&self, now: Timestamp) -> Option<Arc<Known>> {
        let state = self.state();
        let (known, asked) = state.known.as_ref()?;
        let end = plus(plus(*asked, self.settings.refresh), self.settings.stale);
        (end > now).then(|| Arc::clone(known))
    }

    /// Asks the issuer if what is known of it is old, or does not have a key. At most one asks, and not again before the
    /// pause is over: whoever makes up keys cannot make us ask more often.
    pub async fn ready_for(self: &Arc<Issuer>, app: &App, kid: Option<&str>) {
        match self.need(kid, app.now()) {
            Need::Nothing => {}
            Need::Soon => {
                if let Ok(alone) = Arc::clone(&self.asking).try_lock_owned()
                    && self.may_ask(app.now())
                {
                    drop(self.ask_apart(app, alone));
                }
            }
            Need::Now => {
                // Whoever asks already may bring what is needed here.
                let alone = Arc::clone(&self.asking).lock_owned().await;
                let now = app.now();
                if self.need(kid, now) != Need::Nothing && self.may_ask(now) {
                    // A client that goes away must not cut it short for the others.
                    if let Err(panic) = self.ask_apart(app, alone).await {
                        tracing::error!("asking the issuer `{}` ended badly: {panic}", self.settings.name);
                    }
                }
            }
        }
    }

    fn need(&self, kid: Option<&str>, now: Timestamp) -> Need {
        let Some(known) = self.known(now) else {
            return Need::Now;
        };
        if kid.is_some_and(|kid| !known.keys.has(kid)) {
            return Need::Now;
        }
        let state = self.state();
        let is_fresh = state
            .known
            .as_ref()
            .is_some_and(|(_, asked)| plus(*asked, self.settings.refresh) > now);
        if is_fresh { Need::Nothing } else { Need::Soon }
    }

    fn may_ask(&self, now: Timestamp) -> bool {
        self.state()
            .asked
            .is_none_or(|asked| plus(asked, self.settings.pause) <= now)
    }

    fn ask_apart(
        self: &Arc<Issuer>,
        app: &App,
        alone: tokio::sync::OwnedMutexGuard<()>,
    ) -> tokio::task::JoinHandle<()> {
        let (issuer, metrics) = (Arc::clone(self), Arc::clone(&app.metrics));
        app.background.spawn(async move {
            issuer.ask(&metrics).await;
            drop(alone);
        })
    }

    async fn ask(&self, metrics: &Metrics) {
        let name = &self.settings.name;
        self.state().asked = Some(clock::now());
        match self.published().await {
            Ok(known) => {
                tracing::info!(
                    "the issuer `{name}` publishes {} keys that can be used",
                    known.keys.len()
                );
                let now = clock::now();
                let mut state = self.state();
                state.asked = Some(now);
                state.known = Some((Arc::new(known), now));
                metrics.note_issuer_answer(name, true);
            }
            Err(fault) => {
                // From the end on: an issuer that is slow is not asked again at once.
                let now = clock::now();
                self.state().asked = Some(now);
                let meanwhile = if self.known(now).is_some() {
                    "the keys that it had count meanwhile"
                } else {
                    "its tokens are refused meanwhile"
                };
                tracing::warn!("the issuer `{name}` could not be asked, {meanwhile}: {fault}");
                metrics.note_issuer_answer(name, false);
            }
        }
    }

    async fn published(&self) -> Result<Known, AskFault> {
        let settings = &self.settings;
        let client = fetch::client(settings).await.map_err(|fault| AskFault::Fetch {
            address: settings.trust.issuer.clone(),
            fault,
        })?;
        let get = async |address: &str, most| {
            fetch::get(&client, address, most)
                .await
                .map_err(|fault| AskFault::Fetch {
                    address: address.to_owned(),
                    fault,
                })
        };
        let issuer = &settings.trust.issuer;
        let json = get(&address_of(issuer), document::MAX_DOCUMENT_BYTES).await?;
        let document = Document::read(&json, issuer)?;
        let json = get(&document.jwks_uri, MAX_KEY_SET_BYTES).await?;
        let keys = KeySet::read(&json)?;
        Ok(Known { document, keys })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn plus(time: Timestamp, span: Duration) -> Timestamp {
    time.plus_seconds(span.as_secs() as i64)
}
