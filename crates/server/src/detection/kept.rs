//! What is kept of people and addresses that are not in memory, so that they need not be judged from all of their history when they come again.
//!
//! A state is right as long as it is of everything of its subject that was judged. So it is taken away for good before the cursor moves past
//! something of the subject that is not in it; after a kill before that, what is behind the cursor is read again, and its subjects are judged
//! again from a day that is not touched by it.

use super::{DetectionError, Tools};
use detect::{Engine, KEPT_FORM, Kept, Subject};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use store::control::{DetectionGrounds, KeptSubject};

/// Fewer sign-ins than this are folded again from the history, which costs no more than to write a state and to read it.
pub(super) const KEPT_FROM: u32 = 16;
/// What is not written yet is written when it is so much, whatever the cursor does.
const WAITING_MAX: usize = 1_000;
/// An address that thousands of people use is larger; most are below 1 kB.
const PACKED_BYTES_MAX: usize = 256 << 10;
/// Written in one transaction: nobody else waits for it long.
const WRITTEN_TOGETHER: usize = 200;

/// The states of a tenant's subjects that are not in memory.
#[derive(Default)]
pub(super) struct Shelf {
    /// By what they were judged; `None` if that is to be asked for again.
    grounds: Option<u64>,
    /// What is not on disk yet: states, and subjects that have none any more.
    waiting: BTreeMap<String, Option<Vec<u8>>>,
}

impl Shelf {
    /// Forgets what waits, and asks again by what is judged.
    pub(super) fn forget(&mut self) {
        *self = Shelf::default();
    }

    /// Removes what was kept by other grounds, if they were asked for again.
    pub(super) fn make_sure(
        &mut self,
        tools: &Tools<'_>,
        engine: &mut Engine,
        epoch: u64,
    ) -> Result<(), DetectionError> {
        if self.grounds.is_some() {
            return Ok(());
        }
        let historian = &tools.historian;
        let mut hash = DefaultHasher::new();
        (KEPT_FORM, epoch).hash(&mut hash);
        historian.enrichment.fingerprint().hash(&mut hash);
        historian.people.fingerprint().hash(&mut hash);
        let book = serde_json::to_vec(engine.book_mut()).map_err(|error| DetectionError::Snapshot {
            name: "rules".to_owned(),
            reason: error.to_string(),
        })?;
        book.hash(&mut hash);
        let number = hash.finish();
        let grounds = DetectionGrounds {
            number,
            last_commit: historian.store.snapshot(historian.tenant)?,
        };
        tools
            .control
            .retain_detection_subjects(historian.tenant, grounds)?;
        self.grounds = Some(number);
        Ok(())
    }

    /// Takes the state of a subject away.
    pub(super) fn take(
        &mut self,
        tools: &Tools<'_>,
        subject: &Subject,
    ) -> Result<Option<Vec<u8>>, DetectionError> {
        let name = name_of(subject);
        let packed = if let Some(waiting) = self.waiting.get_mut(&name) {
            waiting.take()
        } else {
            let kept = tools.control.detection_subject(tools.historian.tenant, &name)?;
            if kept.is_some() {
                self.waiting.insert(name, None);
            }
            kept
        };
        // What cannot be unpacked is folded again from the history.
        Ok(packed.and_then(|packed| zstd::decode_all(packed.as_slice()).ok()))
    }

    /// Puts states here; they may know of everything up to a commit.
    pub(super) fn put(
        &mut self,
        tools: &Tools<'_>,
        through: u64,
        let_go: Vec<Kept>,
    ) -> Result<(), DetectionError> {
        for (subject, state) in let_go {
            // What cannot be packed, or is too large, is folded again from the history.
            let packed = packed(&state)
                .ok()
                .filter(|packed| packed.len() <= PACKED_BYTES_MAX);
            self.waiting.insert(name_of(&subject), packed);
        }
        if self.waiting.len() >= WAITING_MAX {
            self.write(tools, through)?;
        }
        Ok(())
    }

    /// Writes what waits.
    pub(super) fn write(&mut self, tools: &Tools<'_>, through: u64) -> Result<(), DetectionError> {
        let Some(number) = self.grounds else {
            return Ok(());
        };
        let grounds = DetectionGrounds {
            number,
            last_commit: through,
        };
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let mut waiting = waiting
            .map(|(name, state)| KeptSubject { name, state })
            .peekable();
        while waiting.peek().is_some() {
            let together: Vec<KeptSubject> = waiting.by_ref().take(WRITTEN_TOGETHER).collect();
            let tenant = tools.historian.tenant;
            tools
                .control
                .put_detection_subjects(tenant, grounds, tools.now, &together)?;
        }
        Ok(())
    }
}

/// With a checksum: a state with a wrong bit may be read as another one.
fn packed(state: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1)?;
    encoder.include_checksum(true)?;
    encoder.write_all(state)?;
    encoder.finish()
}

/// Under which name a subject is kept.
fn name_of(subject: &Subject) -> String {
    match subject {
        Subject::Person(name) => format!("person {name}"),
        Subject::Address(address) => format!("address {address}"),
    }
}
