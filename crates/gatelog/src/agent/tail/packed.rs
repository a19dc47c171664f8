//! Packed rotations: unpacked once, and read on from where the plain file was left.

use super::content::{self, Copied};
use super::{Step, Tail};
use crate::agent::gap::{Gap, GapKind};
use crate::agent::lines::{self, Cut, LINE_BYTES_MOST};
use crate::agent::mark::{Digest, FINGERPRINT_BYTES, FileMark, Mark, digest};
use crate::agent::spool::{Spool, SpoolError};
use crate::platform::{self, FromStart};
use edge::decoding::{Carrier, Encoding};
use model::time::Timestamp;
use std::fs::File;
use std::io::{self, Read};

/// A packed file that is not whole may still be written; after so long without a change it is broken.
const PACKING_SECONDS: i64 = 600;
/// How much is unpacked at once.
const READ_BYTES: usize = 64 << 10;

/// A packed file that is being read.
pub(super) struct Unpacking {
    reader: Box<dyn Read + Send>,
    /// What was unpacked and not cut into pieces yet.
    carried: Vec<u8>,
    head: Vec<u8>,
    /// The bytes before the place up to which pieces were cut.
    recent: Vec<u8>,
    /// Why there is no more, if there is no more.
    end: Option<Result<(), String>>,
}

impl Tail {
    pub(super) fn read_packed(
        &mut self,
        index: usize,
        state: (u64, i128),
        spool: &Spool,
        now: Timestamp,
    ) -> Result<Step, SpoolError> {
        let file = &mut self.files[index];
        let Some(handle) = &file.handle else {
            return Ok(Step::Idle);
        };
        if file.unpacking.is_none() {
            if file.seen == Some(state) && file.mark.finished {
                if file.mark.gone.is_some() {
                    file.handle = None;
                }
                return Ok(Step::Idle);
            }
            if file.seen != Some(state) {
                file.seen = Some(state);
                file.quiet_since = now;
            }
            // Nothing was written to it since: it is as unfinished as it was.
            if file.unfinished == Some(state) && !file.is_quiet(PACKING_SECONDS, now) {
                return Ok(Step::Idle);
            }
            let raw = raw_digest(handle, state.0);
            if file.mark.packed != Some(raw) {
                let mut mark = FileMark {
                    key: file.mark.key,
                    path: file.mark.path.clone(),
                    first_path: file.mark.first_path.clone(),
                    device: file.mark.device,
                    inode: file.mark.inode,
                    gone: file.mark.gone,
                    packed: Some(raw),
                    size: state.0,
                    ..FileMark::default()
                };
                let Some(handle) = &self.files[index].handle else {
                    return Ok(Step::Idle);
                };
                let surveyed = survey(handle, self.files.iter().map(|file| &file.mark));
                // Whoever packs it may still be at work.
                if !surveyed.is_whole && !self.files[index].is_quiet(PACKING_SECONDS, now) {
                    self.files[index].unfinished = Some(state);
                    return Ok(Step::Idle);
                }
                self.files[index].unfinished = None;
                self.inherit(&surveyed.copied, &mut mark, spool, now)?;
                let file = &mut self.files[index];
                spool.mark(&self.plan.input, &Mark::File(Box::new(mark.clone())), now)?;
                file.mark = mark;
            } else if file.mark.finished {
                return Ok(Step::Idle);
            }
            let file = &mut self.files[index];
            let Some(handle) = &file.handle else {
                return Ok(Step::Idle);
            };
            match open(handle, file.mark.offset) {
                Ok(unpacking) => file.unpacking = Some(unpacking),
                Err(error) => {
                    let mark = FileMark {
                        finished: true,
                        ..file.mark.clone()
                    };
                    return self.broken(index, mark, &error.to_string(), spool, now);
                }
            }
        }
        self.unpack(index, spool, now)
    }

    /// One piece of what is unpacked.
    fn unpack(&mut self, index: usize, spool: &Spool, now: Timestamp) -> Result<Step, SpoolError> {
        let file = &mut self.files[index];
        let Some(unpacking) = &mut file.unpacking else {
            return Ok(Step::Idle);
        };
        unpacking.fill(self.plan.piece_bytes);
        let length = loop {
            match (lines::cut(&unpacking.carried), unpacking.end.is_some()) {
                (_, true) => break unpacking.last_lines(),
                (Cut::Whole(length), false) => break length,
                (Cut::Half, false) => unpacking.fill(unpacking.carried.len() * 2),
                (Cut::TooLong, false) => {
                    let detail = format!(
                        "`{}` has a line of more than {} MiB: it is left out",
                        file.mark.path,
                        LINE_BYTES_MOST >> 20
                    );
                    tracing::error!(input = %self.plan.input, "{detail}");
                    spool.gap(
                        &self.plan.input,
                        &Gap::noticed(GapKind::Unreadable, 1, now, detail),
                    )?;
                    file.mark.offset += unpacking.skip_line();
                    return Ok(Step::Read);
                }
            }
        };
        let body = unpacking.carried[..length].to_vec();
        let mut mark = file.mark.clone();
        mark.offset += length as u64;
        mark.finished = unpacking.end.is_some();
        let head = unpacking.head_with(&body);
        (mark.head, mark.head_length) = ((!head.is_empty()).then(|| digest(&head)), head.len() as u64);
        mark.window = unpacking.window_with(&body);
        let Some(mark) = self.put(&body, mark, spool, now)? else {
            return Ok(Step::Blocked);
        };
        let file = &mut self.files[index];
        let is_finished = mark.finished;
        file.mark = mark;
        let Some(unpacking) = &mut file.unpacking else {
            return Ok(Step::Read);
        };
        unpacking.take(length);
        if is_finished {
            let end = unpacking.end.take();
            file.unpacking = None;
            if let Some(Err(reason)) = end {
                let mark = file.mark.clone();
                return self.broken(index, mark, &reason, spool, now);
            }
        }
        Ok(Step::Read)
    }

    /// What could be read was read; the rest is told to be missing.
    fn broken(
        &mut self,
        index: usize,
        mark: FileMark,
        reason: &str,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<Step, SpoolError> {
        let detail = format!(
            "`{}` cannot be unpacked beyond byte {}: {reason}",
            mark.path, mark.offset
        );
        tracing::error!(input = %self.plan.input, "{detail}");
        spool.gap(
            &self.plan.input,
            &Gap::noticed(GapKind::HalfReadFile, 0, now, detail),
        )?;
        spool.mark(&self.plan.input, &Mark::File(Box::new(mark.clone())), now)?;
        self.files[index].mark = mark;
        Ok(Step::Read)
    }
}

impl Unpacking {
    /// Unpacks until so much is there, or the end.
    fn fill(&mut self, wanted: usize) {
        let mut buffer = vec![0; READ_BYTES];
        while self.end.is_none() && self.carried.len() < wanted.max(1) {
            match self.reader.read(&mut buffer) {
                Ok(0) => self.end = Some(Ok(())),
                Ok(read) => self.carried.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => self.end = Some(Err(error.to_string())),
            }
        }
    }

    /// Passes over so many bytes, or to the end; answers over how many.
    fn advance(&mut self, wanted: u64) -> u64 {
        let mut left = wanted;
        while left > 0 {
            self.fill(1);
            let length = self
                .carried
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            if length == 0 {
                break;
            }
            self.take(length);
            left -= length as u64;
        }
        wanted - left
    }

    /// How much of what is left are lines. In a file that broke off, the last one is none.
    fn last_lines(&self) -> usize {
        match (&self.end, lines::cut(&self.carried)) {
            (Some(Err(_)), Cut::Whole(length)) => length,
            (Some(Err(_)), _) => 0,
            _ => self.carried.len(),
        }
    }

    /// The first bytes of the content up to behind these.
    fn head_with(&self, bytes: &[u8]) -> Vec<u8> {
        let missing = (FINGERPRINT_BYTES as usize).saturating_sub(self.head.len());
        let mut head = self.head.clone();
        head.extend(bytes.iter().take(missing));
        head
    }

    /// The fingerprint of the last bytes of the content up to behind these.
    fn window_with(&self, bytes: &[u8]) -> Option<Digest> {
        let recent = [&self.recent[..], bytes].concat();
        let window = &recent[recent.len().saturating_sub(FINGERPRINT_BYTES as usize)..];
        (!window.is_empty()).then(|| digest(window))
    }

    /// Takes bytes off that became a piece.
    fn take(&mut self, length: usize) {
        let rest = self.carried.split_off(length);
        let taken = std::mem::replace(&mut self.carried, rest);
        self.pass(&taken);
    }

    fn pass(&mut self, bytes: &[u8]) {
        let most = FINGERPRINT_BYTES as usize;
        self.head = self.head_with(bytes);
        self.recent.extend_from_slice(bytes);
        self.recent.drain(..self.recent.len().saturating_sub(most));
    }

    /// Passes over a line to its end; answers how long it was.
    fn skip_line(&mut self) -> u64 {
        let mut skipped = 0;
        loop {
            let end = self.carried.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(self.carried.len(), |at| at + 1);
            skipped += length as u64;
            self.take(length);
            if end.is_some() || self.end.is_some() {
                return skipped;
            }
            self.fill(READ_BYTES);
        }
    }
}

/// Starts to unpack at an offset of the content.
fn open(handle: &File, offset: u64) -> io::Result<Unpacking> {
    let mut unpacking = Unpacking {
        reader: unpacker(handle)?,
        carried: Vec::new(),
        head: Vec::new(),
        recent: Vec::new(),
        end: None,
    };
    unpacking.advance(offset);
    Ok(unpacking)
}

fn unpacker(handle: &File) -> io::Result<Box<dyn Read + Send>> {
    let mut start = [0; 4];
    let read = platform::read_at(handle, &mut start, 0)?;
    let from_start = FromStart::of(handle.try_clone()?);
    Encoding::by_magic(&start[..read]).reader(from_start, Carrier::File)
}

/// What is in a packed file.
pub(super) struct Survey {
    pub(super) copied: Copied,
    /// Whether it could be unpacked to its end.
    is_whole: bool,
}

/// Unpacks a file as a whole, and finds the known files of which it is a copy.
pub(super) fn survey<'a>(handle: &File, known: impl Iterator<Item = &'a FileMark>) -> Survey {
    #[cfg(test)]
    content::counted(|counted| counted.surveys += 1);
    let mut known: Vec<&FileMark> = known.filter(|mark| content::is_telling(mark)).collect();
    known.sort_by_key(|mark| mark.offset);
    let mut survey = Survey {
        copied: Copied::default(),
        is_whole: false,
    };
    let Ok(mut unpacking) = open(handle, 0) else {
        return survey;
    };
    unpacking.fill(FINGERPRINT_BYTES as usize);
    let start = unpacking.carried.clone();
    let mut at = 0;
    for mark in known {
        at += unpacking.advance(mark.offset - at);
        if at < mark.offset {
            break;
        }
        let has_head = start
            .get(..mark.head_length as usize)
            .is_some_and(|head| Some(digest(head)) == mark.head);
        if has_head && (at == 0 || Some(digest(&unpacking.recent)) == mark.window) {
            survey.copied.keys.push(mark.key);
            survey.copied.longest = Some(mark.clone());
        }
    }
    survey.copied.length = at + unpacking.advance(u64::MAX);
    survey.is_whole = unpacking.end == Some(Ok(()));
    survey
}

/// What a packed file is recognised by without unpacking: its size, its first and its last bytes.
fn raw_digest(handle: &File, size: u64) -> Digest {
    let mut bytes = size.to_le_bytes().to_vec();
    for from in [0, size.saturating_sub(FINGERPRINT_BYTES)] {
        let mut part = vec![0; FINGERPRINT_BYTES as usize];
        let read = platform::read_at(handle, &mut part, from).unwrap_or(0);
        bytes.extend_from_slice(&part[..read]);
    }
    digest(&bytes)
}
