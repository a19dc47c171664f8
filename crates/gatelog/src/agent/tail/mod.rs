//! Files that grow are followed: through renames, truncations, copies and packed rotations, line by line.
//!
//! A file is known by device and inode, and by fingerprints of what was read: of its first bytes, and of the bytes before the
//! place up to which it was read. Whatever is doubtful is read from its start: a record that comes twice changes nothing at the
//! service, a record that never comes is lost.

mod content;
mod packed;
mod plain;

use super::counters::Counters;
use super::gap::{Gap, GapKind};
use super::lines;
use super::mark::{FileMark, Mark};
use super::pattern::Pattern;
use super::spool::{NewPiece, Put, Spool, SpoolError, WhenFull};
use crate::platform::{self, Seen};
use content::{Copied, Heads};
use model::time::{TICKS_PER_SECOND, Timestamp};
use packed::Unpacking;
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file that nothing was added to for so long is closed until something is.
const CLOSE_SECONDS: i64 = 300;
/// A file that went away before it was read may come back packed within so long.
const COPY_SECONDS: i64 = 120;
/// The media type of lines.
const LINES: &str = "application/x-ndjson";

/// What is followed, and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) input: String,
    /// The word in the address of ingest.
    pub(crate) format: String,
    pub(crate) files: Vec<Pattern>,
    pub(crate) exclude: Vec<Pattern>,
    /// Where files begin that are there at the very first look.
    pub(crate) start: Start,
    pub(crate) when_full: WhenFull,
    /// A file that was rotated away is read on for so long after its last change; then its half line counts as a line.
    pub(crate) rotate_seconds: i64,
    /// A line whose end did not come for so long counts as a line.
    pub(crate) half_line_seconds: i64,
    /// A piece has whole lines of about so many bytes.
    pub(crate) piece_bytes: usize,
}

/// Where a file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With what is in it.
    Beginning,
    /// With what is added.
    End,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// There may be more at once.
    Read,
    /// Everything was read.
    Idle,
    /// The spool is full.
    Blocked,
}

/// The files of one input.
pub(crate) struct Tail {
    plan: Plan,
    counters: Arc<Counters>,
    files: Vec<Followed>,
    turn: usize,
    /// Faults that were told, so that each is told once.
    told: HashSet<String>,
}

/// One file.
struct Followed {
    mark: FileMark,
    handle: Option<File>,
    /// Size and time of writing when it was read to its end.
    seen: Option<(u64, i128)>,
    /// Since when nothing came.
    quiet_since: Timestamp,
    /// The beginning of a line without its end.
    half: Vec<u8>,
    unpacking: Option<Unpacking>,
    /// Size and time of writing of a packed file when it was found to be unfinished.
    unfinished: Option<(u64, i128)>,
}

impl Followed {
    fn of(mark: FileMark, now: Timestamp) -> Followed {
        Followed {
            mark,
            handle: None,
            seen: None,
            quiet_since: now,
            half: Vec::new(),
            unpacking: None,
            unfinished: None,
        }
    }

    fn is_quiet(&self, seconds: i64, now: Timestamp) -> bool {
        now.ticks() - self.quiet_since.ticks() >= seconds * TICKS_PER_SECOND
    }
}

impl Tail {
    /// Goes on where the spool says that it was.
    pub(crate) fn open(
        plan: Plan,
        spool: &Spool,
        counters: Arc<Counters>,
        now: Timestamp,
    ) -> Result<Tail, SpoolError> {
        let files = spool
            .files(&plan.input)?
            .into_iter()
            .map(|mark| Followed::of(mark, now))
            .collect();
        Ok(Tail {
            plan,
            counters,
            files,
            turn: 0,
            told: HashSet::new(),
        })
    }

    /// Looks which files there are, and where those went that are followed.
    pub(crate) fn look(&mut self, spool: &Spool, now: Timestamp) -> Result<(), SpoolError> {
        let is_first = !spool.was_known(&self.plan.input)?;
        let known: HashMap<(u64, u64), usize> = self
            .files
            .iter()
            .enumerate()
            .filter(|(_, file)| file.mark.gone.is_none())
            .map(|(index, file)| ((file.mark.device, file.mark.inode), index))
            .collect();
        let mut placed = HashSet::new();
        let mut added = Vec::new();
        for path in self.paths() {
            let Ok(seen) = platform::seen(&path) else {
                continue;
            };
            match known.get(&seen.identity) {
                // The same file under a second name is one file.
                Some(index) => {
                    if placed.insert(*index) {
                        self.place(*index, &path, seen, now);
                    }
                }
                None => added.push((path, seen)),
            }
        }
        let mut folders = HashMap::new();
        for index in 0..self.files.len() {
            if self.files[index].mark.gone.is_none() && !placed.contains(&index) {
                self.search(index, &mut folders, spool, now)?;
            }
        }
        let mut identities: HashSet<(u64, u64)> = known.into_keys().collect();
        if !added.is_empty() {
            let mut heads = Heads::default();
            for (place, file) in self.files.iter().enumerate() {
                heads.note(place, &file.mark);
            }
            for (path, seen) in added {
                if identities.insert(seen.identity) {
                    self.add(&path, is_first, &mut heads, spool, now)?;
                }
            }
        }
        if is_first {
            spool.is_known(&self.plan.input)?;
        }
        self.settle(spool, now)?;
        let forgotten = spool.forget_files(&self.plan.input, now.unix_seconds())?;
        if !forgotten.is_empty() {
            self.files.retain(|file| !forgotten.contains(&file.mark.key));
        }
        self.counters.of(&self.plan.input, |counts| {
            counts.unread_bytes = unread(&self.files);
        });
        Ok(())
    }

    /// Reads at most one piece of the next file that has one.
    pub(crate) fn read(&mut self, spool: &Spool, now: Timestamp) -> Result<Step, SpoolError> {
        for _ in 0..self.files.len() {
            self.turn = (self.turn + 1) % self.files.len();
            let step = self.read_file(self.turn, spool, now)?;
            if step != Step::Idle {
                return Ok(step);
            }
        }
        Ok(Step::Idle)
    }

    fn read_file(&mut self, index: usize, spool: &Spool, now: Timestamp) -> Result<Step, SpoolError> {
        let file = &mut self.files[index];
        let Some(handle) = &file.handle else {
            return Ok(Step::Idle);
        };
        let seen = match platform::seen_of(handle) {
            Ok(seen) => seen,
            Err(error) => {
                let fault = format!("{}: {error}", file.mark.path);
                self.tell(fault);
                return Ok(Step::Idle);
            }
        };
        let state = (seen.bytes, seen.written);
        let is_packed = content::is_packed(handle);
        if file.mark.packed.is_some() && !is_packed {
            // Another file has the number of the packed one.
            file.unpacking = None;
            return self.begin_anew(index, state.0, spool, now);
        }
        let is_new_content = file.mark.offset == 0 && !file.mark.skipping;
        if file.mark.packed.is_some() || (is_new_content && is_packed) {
            return self.read_packed(index, state, spool, now);
        }
        self.read_plain(index, state, spool, now)
    }

    /// The files that the patterns name now.
    fn paths(&mut self) -> Vec<PathBuf> {
        let mut faults = Vec::new();
        let mut paths = Vec::new();
        for pattern in &self.plan.files {
            paths.extend(pattern.files(&mut faults));
        }
        paths.retain(|path| !self.plan.exclude.iter().any(|pattern| pattern.matches(path)));
        for fault in faults {
            self.tell(fault);
        }
        paths
    }

    /// A known file is here now.
    fn place(&mut self, index: usize, path: &Path, seen: Seen, now: Timestamp) {
        let file = &mut self.files[index];
        let name = path.to_string_lossy();
        if file.mark.path != name {
            tracing::info!(
                input = %self.plan.input,
                "`{}` is `{name}` now; it is read on where it was",
                file.mark.path
            );
            file.mark.path = name.into_owned();
        }
        let state = (seen.bytes, seen.written);
        // An unfinished one is looked at again when its time is over, and must be open then.
        let is_read = file.seen == Some(state) && file.unfinished != Some(state);
        if is_read && file.half.is_empty() && file.unpacking.is_none() && file.is_quiet(CLOSE_SECONDS, now) {
            file.handle = None;
        }
        if is_read || file.handle.is_some() {
            return;
        }
        match platform::open(path) {
            // Between the look and the opening another file may have taken the name.
            Ok(handle) => {
                if platform::seen_of(&handle)
                    .is_ok_and(|opened| opened.identity == (file.mark.device, file.mark.inode))
                {
                    file.handle = Some(handle);
                }
            }
            Err(error) => {
                let fault = format!("{}: {error}", path.display());
                self.tell(fault);
            }
        }
    }

    /// A known file is not where the patterns look: rotated to another name beside, or gone.
    fn search(
        &mut self,
        index: usize,
        folders: &mut HashMap<PathBuf, HashMap<(u64, u64), PathBuf>>,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let mark = &self.files[index].mark;
        let folder = Path::new(&mark.path)
            .parent()
            .unwrap_or(Path::new("/"))
            .to_owned();
        let beside = folders.entry(folder).or_insert_with_key(|folder| listed(folder));
        if let Some(path) = beside.get(&(mark.device, mark.inode)).cloned()
            && let Ok(seen) = platform::seen(&path)
        {
            self.place(index, &path, seen, now);
            return Ok(());
        }
        let file = &mut self.files[index];
        file.mark.gone = Some(now.unix_seconds());
        if file.handle.is_some() {
            // It has no name any more, and can be read to its end all the same.
            return Ok(());
        }
        let mark = file.mark.clone();
        spool.mark(&self.plan.input, &Mark::File(Box::new(mark)), now)
    }

    /// Tells what is missing of files that went away before they were read, if no copy of them came.
    fn settle(&mut self, spool: &Spool, now: Timestamp) -> Result<(), SpoolError> {
        // A copy may be among those that were not looked into yet.
        if self
            .files
            .iter()
            .any(|file| file.handle.is_some() && file.seen.is_none())
        {
            return Ok(());
        }
        let owing: Vec<usize> = (0..self.files.len())
            .filter(|index| owes(&self.files[*index], now))
            .collect();
        for index in owing {
            let mut mark = self.files[index].mark.clone();
            // A copy that was looked into before anything of the file was read was not recognised then.
            mark.inherited = self.longest_copy(&mark);
            if mark.size <= mark.inherited {
                spool.mark(&self.plan.input, &Mark::File(Box::new(mark.clone())), now)?;
                self.files[index].mark = mark;
                continue;
            }
            let (kind, what) = if mark.device == 0 {
                (GapKind::Truncated, "was cut or replaced")
            } else {
                (GapKind::HalfReadFile, "went away")
            };
            let detail = format!(
                "`{}` {what} before it was read beyond byte {}, and no copy of it came",
                mark.path, mark.offset
            );
            tracing::error!(input = %self.plan.input, "{detail}");
            spool.gap(&self.plan.input, &Gap::noticed(kind, 0, now, detail))?;
            mark.size = mark.offset;
            mark.finished = true;
            spool.mark(&self.plan.input, &Mark::File(Box::new(mark.clone())), now)?;
            self.files[index].mark = mark;
        }
        Ok(())
    }

    /// How long the longest copy of a file is that is there.
    fn longest_copy(&self, mark: &FileMark) -> u64 {
        let there = self.files.iter().filter(|file| file.mark.gone.is_none());
        let copies = there.filter_map(|file| {
            let handle = platform::open(Path::new(&file.mark.path)).ok()?;
            let copied = if content::is_packed(&handle) {
                packed::survey(&handle, std::iter::once(mark)).copied
            } else {
                let size = handle.metadata().ok()?.len();
                content::copied(&handle, size, std::iter::once(mark))
            };
            (!copied.keys.is_empty()).then_some(copied.length)
        });
        copies.max().unwrap_or(0)
    }

    /// A file that was not known before.
    fn add(
        &mut self,
        path: &Path,
        is_first: bool,
        heads: &mut Heads,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let opened =
            platform::open(path).and_then(|handle| platform::seen_of(&handle).map(|seen| (handle, seen)));
        let (handle, seen) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let fault = format!("{}: {error}", path.display());
                self.tell(fault);
                return Ok(());
            }
        };
        let (device, inode) = seen.identity;
        let name = path.to_string_lossy().into_owned();
        let mut mark = FileMark {
            path: name.clone(),
            first_path: name,
            device,
            inode,
            size: seen.bytes,
            ..FileMark::default()
        };
        let is_packed = content::is_packed(&handle);
        if !is_packed {
            content::read_to(&handle, &mut mark, 0);
            if is_first && self.plan.start == Start::End {
                content::read_to(&handle, &mut mark, seen.bytes);
            } else {
                // One that cannot be read is read from its start when it can be.
                let alike = heads.alike(&handle).unwrap_or_default();
                self.recognise(&handle, seen.bytes, &mut mark, &alike, spool, now)?;
            }
        }
        mark.key = spool.add_file(&self.plan.input, &mark)?;
        heads.note(self.files.len(), &mark);
        let mut file = Followed::of(mark, now);
        file.handle = Some(handle);
        self.files.push(file);
        Ok(())
    }

    /// A copy of what was read already is read on from there; `alike` are the places of the files of which it may be one.
    fn recognise(
        &mut self,
        handle: &File,
        size: u64,
        mark: &mut FileMark,
        alike: &[usize],
        spool: &Spool,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let known = alike.iter().map(|place| &self.files[*place].mark);
        let copied = content::copied(handle, size, known);
        self.inherit(&copied, mark, spool, now)
    }

    /// Moves a mark to where the file was left of which it is a copy, and notes that the copy is there.
    fn inherit(
        &mut self,
        copied: &Copied,
        mark: &mut FileMark,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<(), SpoolError> {
        let Some(other) = &copied.longest else {
            return Ok(());
        };
        for file in &mut self.files {
            if copied.keys.contains(&file.mark.key) && file.mark.inherited < copied.length {
                let noted = FileMark {
                    inherited: copied.length,
                    ..file.mark.clone()
                };
                spool.mark(&self.plan.input, &Mark::File(Box::new(noted.clone())), now)?;
                file.mark = noted;
            }
        }
        if other.offset > 0 {
            tracing::info!(
                input = %self.plan.input,
                "`{}` begins as `{}` did: its first {} bytes are read already",
                mark.path,
                other.path,
                other.offset
            );
        }
        mark.offset = other.offset;
        mark.head = other.head;
        mark.head_length = other.head_length;
        mark.window = other.window;
        Ok(())
    }

    /// Puts records into the spool together with how far they reach.
    fn put(
        &self,
        body: &[u8],
        mark: FileMark,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<Option<FileMark>, SpoolError> {
        let records = lines::records(body);
        let (input, origin) = (&self.plan.input, mark.path.clone());
        if records == 0 {
            spool.mark(input, &Mark::File(Box::new(mark.clone())), now)?;
            return Ok(Some(mark));
        }
        let packed = lines::pack(body).map_err(|error| SpoolError::Folder(error.to_string()))?;
        let piece = NewPiece {
            input,
            format: &self.plan.format,
            kind: LINES,
            origin: &origin,
            records,
            body: &packed,
        };
        let put = spool.put(
            &piece,
            &Mark::File(Box::new(mark.clone())),
            self.plan.when_full,
            now,
        )?;
        let kept = account(&self.counters, input, body.len(), records, &put);
        Ok(kept.then_some(mark))
    }

    /// Tells a fault once.
    fn tell(&mut self, fault: String) {
        if self.told.len() < 1_000 && !self.told.contains(&fault) {
            tracing::error!(input = %self.plan.input, "cannot read {fault}");
            self.told.insert(fault);
        }
    }
}

/// Counts what became of a piece, loudly where something was dropped. Answers whether it counts as read.
pub(crate) fn account(counters: &Counters, input: &str, bytes: usize, records: u64, put: &Put) -> bool {
    let (read, dropped) = match put {
        Put::Full => return false,
        Put::Kept { dropped } => (records, *dropped),
        Put::Dropped { records } => (0, *records),
    };
    counters.of(input, |counts| {
        counts.read_bytes += bytes as u64;
        counts.read_records += read;
        counts.dropped_records += dropped;
    });
    if dropped > 0 {
        tracing::error!(
            input = input,
            records = dropped,
            "the spool is full: {dropped} records were DROPPED; the service is told of the gap"
        );
    }
    true
}

/// Whether a file went away before it was read, and long enough ago for a copy of it to come.
fn owes(file: &Followed, now: Timestamp) -> bool {
    let mark = &file.mark;
    let is_over = mark
        .gone
        .is_some_and(|gone| now.unix_seconds() - gone >= COPY_SECONDS);
    let is_read = match mark.packed {
        Some(_) => mark.finished,
        None => mark.size <= mark.offset.max(mark.inherited),
    };
    is_over && !is_read && file.handle.is_none() && mark.size >= content::TELLING_BYTES
}

fn unread(files: &[Followed]) -> u64 {
    let plain = files
        .iter()
        .filter(|file| file.mark.packed.is_none() && file.handle.is_some());
    plain
        .filter_map(|file| {
            let size = file.handle.as_ref()?.metadata().ok()?.len();
            Some(size.saturating_sub(file.mark.offset))
        })
        .sum()
}

/// The files of a folder by what they are known by.
fn listed(folder: &Path) -> HashMap<(u64, u64), PathBuf> {
    let mut found = HashMap::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return found;
    };
    for entry in entries.flatten() {
        // Not `entry.metadata()`: that of a link would be the link's.
        if let Ok(seen) = platform::seen(&entry.path())
            && seen.is_file
        {
            found.insert(seen.identity, entry.path());
        }
    }
    found
}

#[cfg(test)]
mod tests;
