//! Files that are read as a whole: event logs by the chunk as they grow, and documents (XML, CSV, JSON) when they have come.

use super::counters::Counters;
use super::evtx::{self, CHUNKS_A_PIECE};
use super::gap::{Gap, GapKind};
use super::lines;
use super::mark::{Digest, Mark, digest};
use super::pattern::Pattern;
use super::spool::{NewPiece, Spool, SpoolError, WhenFull};
use super::tail::{Step, account};
use crate::platform::{self, FromStart};
use edge::decoding::{Carrier, Encoding};
use model::time::{TICKS_PER_SECOND, Timestamp};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A longer document is not read: an import from the command line can do that.
pub(crate) const DOCUMENT_BYTES_MOST: u64 = 64 << 20;
/// What was not seen for so many days is forgotten, and would be sent again.
const REMEMBERED_DAYS: i64 = 400;
/// What is still there is noted again after so many days.
const NOTED_DAYS: i64 = 30;

/// How the files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As event logs, by the chunk, at once.
    EventLogs,
    /// As a whole, when nothing was written to it for so many seconds.
    Whole {
        /// Seconds.
        settle: i64,
    },
}

/// What is read, and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) input: String,
    /// The word in the address of ingest.
    pub(crate) format: String,
    pub(crate) files: Vec<Pattern>,
    pub(crate) exclude: Vec<Pattern>,
    pub(crate) when_full: WhenFull,
    pub(crate) reading: Reading,
}

/// The files of one input.
pub(crate) struct Documents {
    plan: Plan,
    counters: Arc<Counters>,
    /// Contents that were read, with the day on which each was noted last.
    seen: BTreeMap<Digest, i64>,
    files: HashMap<PathBuf, Looked>,
    waiting: Vec<PathBuf>,
}

/// A file as it was looked at last.
struct Looked {
    state: (u64, i128),
    since: Timestamp,
    is_read: bool,
    told: String,
}

impl Documents {
    /// Goes on where the spool says that it was.
    pub(crate) fn open(
        plan: Plan,
        spool: &Spool,
        counters: Arc<Counters>,
        now: Timestamp,
    ) -> Result<Documents, SpoolError> {
        spool.forget_before(&plan.input, now.day() - REMEMBERED_DAYS)?;
        let seen = spool.seen(&plan.input)?;
        Ok(Documents {
            plan,
            counters,
            seen,
            files: HashMap::new(),
            waiting: Vec::new(),
        })
    }

    /// Looks which files there are, and which of them changed.
    pub(crate) fn look(&mut self, now: Timestamp) {
        let mut faults = Vec::new();
        let mut paths = Vec::new();
        for pattern in &self.plan.files {
            paths.extend(pattern.files(&mut faults));
        }
        paths.retain(|path| !self.plan.exclude.iter().any(|pattern| pattern.matches(path)));
        let there: HashSet<&PathBuf> = paths.iter().collect();
        self.files.retain(|path, _| there.contains(path));
        self.waiting.clear();
        let mut unread = 0;
        for path in paths {
            let Ok(seen) = platform::seen(&path) else {
                continue;
            };
            let state = (seen.bytes, seen.written);
            let looked = self.files.entry(path.clone()).or_insert_with(|| Looked {
                state,
                since: now,
                is_read: false,
                told: String::new(),
            });
            if looked.state != state {
                looked.state = state;
                looked.since = now;
                looked.is_read = false;
            }
            let quiet = now.ticks() - looked.since.ticks();
            let is_settled = match self.plan.reading {
                Reading::EventLogs => true,
                Reading::Whole { settle } => quiet >= settle * TICKS_PER_SECOND,
            };
            if !looked.is_read {
                unread += state.0;
                if is_settled && state.0 > 0 {
                    self.waiting.push(path);
                }
            }
        }
        self.waiting.reverse();
        self.counters
            .of(&self.plan.input, |counts| counts.unread_bytes = unread);
    }

    /// Reads at most one piece.
    pub(crate) fn read(&mut self, spool: &Spool, now: Timestamp) -> Result<Step, SpoolError> {
        let Some(path) = self.waiting.last().cloned() else {
            return Ok(Step::Idle);
        };
        let step = match self.plan.reading {
            Reading::EventLogs => self.read_chunks(&path, spool, now),
            Reading::Whole { .. } => self.read_whole(&path, spool, now),
        };
        match step {
            Ok(Step::Idle) => {
                self.waiting.pop();
                if let Some(looked) = self.files.get_mut(&path) {
                    looked.is_read = true;
                }
                Ok(Step::Read)
            }
            Ok(step) => Ok(step),
            Err(Fault::Spool(error)) => Err(error),
            Err(Fault::File(reason)) => {
                self.waiting.pop();
                self.unreadable(&path, &reason, spool, now)?;
                Ok(Step::Read)
            }
        }
    }

    fn read_chunks(&mut self, path: &Path, spool: &Spool, now: Timestamp) -> Result<Step, Fault> {
        let file = platform::open(path)?;
        let Some(header) = evtx::header(&file)? else {
            return Err(Fault::File("it is no event log (EVTX)".to_owned()));
        };
        let today = now.day();
        let (mut bodies, mut digests, mut records, mut noted) = (Vec::new(), Vec::new(), 0, Vec::new());
        for chunk in evtx::chunks(&file, file.metadata()?.len())? {
            if let Some(day) = self.seen.get(&chunk.digest) {
                if today - day >= NOTED_DAYS {
                    noted.push(chunk.digest);
                }
                continue;
            }
            // One that changes while it is read is read at the next look.
            if bodies.len() < CHUNKS_A_PIECE
                && let Some(content) = evtx::content(&file, &chunk)?
            {
                bodies.push(content);
                digests.push(chunk.digest);
                records += chunk.records;
            }
        }
        if !noted.is_empty() {
            spool.mark(&self.plan.input, &Mark::Seen(noted.clone()), now)?;
            self.seen.extend(noted.into_iter().map(|digest| (digest, today)));
        }
        if bodies.is_empty() {
            return Ok(Step::Idle);
        }
        self.put(
            path,
            &evtx::document(&header, &bodies),
            records,
            digests,
            spool,
            now,
        )
    }

    fn read_whole(&mut self, path: &Path, spool: &Spool, now: Timestamp) -> Result<Step, Fault> {
        let file = platform::open(path)?;
        let mut start = [0; 4];
        let length = platform::read_at(&file, &mut start, 0)?;
        let mut content = Vec::new();
        Encoding::by_magic(&start[..length])
            .reader(FromStart::of(file), Carrier::File)?
            .take(DOCUMENT_BYTES_MOST + 1)
            .read_to_end(&mut content)?;
        if content.len() as u64 > DOCUMENT_BYTES_MOST {
            return Err(Fault::File(format!(
                "it has more than {} MiB; bring it with `gatelog import`",
                DOCUMENT_BYTES_MOST >> 20
            )));
        }
        let digest = digest(&content);
        if content.is_empty() || self.seen.contains_key(&digest) {
            return Ok(Step::Idle);
        }
        self.put(path, &content, 1, vec![digest], spool, now)
    }

    fn put(
        &mut self,
        path: &Path,
        content: &[u8],
        records: u64,
        digests: Vec<Digest>,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<Step, Fault> {
        let packed = lines::pack(content)?;
        let piece = NewPiece {
            input: &self.plan.input,
            format: &self.plan.format,
            kind: lines::DOCUMENT,
            origin: &path.to_string_lossy(),
            records,
            body: &packed,
        };
        let put = spool.put(&piece, &Mark::Seen(digests.clone()), self.plan.when_full, now)?;
        if !account(&self.counters, &self.plan.input, content.len(), records, &put) {
            return Ok(Step::Blocked);
        }
        self.seen
            .extend(digests.into_iter().map(|digest| (digest, now.day())));
        Ok(Step::Read)
    }

    /// Told once, and tried again when the file changes.
    fn unreadable(
        &mut self,
        path: &Path,
        reason: &str,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let Some(looked) = self.files.get_mut(path) else {
            return Ok(());
        };
        looked.is_read = true;
        if looked.told == reason {
            return Ok(());
        }
        reason.clone_into(&mut looked.told);
        let detail = format!("`{}` cannot be read: {reason}", path.display());
        tracing::error!(input = %self.plan.input, "{detail}");
        spool.gap(
            &self.plan.input,
            &Gap::noticed(GapKind::Unreadable, 0, now, detail),
        )
    }
}

/// Why a file could not be read.
enum Fault {
    File(String),
    Spool(SpoolError),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Fault {
        Fault::File(error.to_string())
    }
}

impl From<SpoolError> for Fault {
    fn from(error: SpoolError) -> Fault {
        Fault::Spool(error)
    }
}

#[cfg(test)]
mod tests;
