//! One piece of a plain file, and what is done when its content is another one than before.

use super::{Followed, Step, Tail, content};
use crate::agent::gap::{Gap, GapKind};
use crate::agent::lines::{self, Cut, LINE_BYTES_MOST};
use crate::agent::mark::{FileMark, Mark};
use crate::agent::spool::{Spool, SpoolError};
use crate::platform;
use model::time::Timestamp;

/// What stands at the place up to which a file was read.
enum Next {
    /// Whole lines.
    Lines(Vec<u8>),
    /// The beginning of a line, or nothing.
    Half(Vec<u8>),
    /// A line that is too long, up to where it was looked at.
    TooLong(usize),
    /// The file cannot be read.
    Fault(String),
}

impl Tail {
    pub(super) fn read_plain(
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
        if file.seen == Some(state) {
            return self.rest(index, spool, now);
        }
        let size = state.0;
        if size < file.mark.offset || !content::is_same(handle, &file.mark) {
            return self.begin_anew(index, size, spool, now);
        }
        let next = next(file, size, self.plan.piece_bytes);
        let Some(handle) = &file.handle else {
            return Ok(Step::Idle);
        };
        // What was read counts only if the file was not cut or replaced meanwhile.
        if !content::is_same(handle, &file.mark) {
            return self.begin_anew(index, size, spool, now);
        }
        let mut mark = FileMark {
            size,
            ..file.mark.clone()
        };
        match next {
            Next::Fault(fault) => {
                self.tell(fault);
                Ok(Step::Idle)
            }
            Next::Half(half) => {
                if file.seen.is_none_or(|seen| seen.0 != size) {
                    file.quiet_since = now;
                }
                file.seen = Some(state);
                // The rest of a line that is passed over is none.
                file.half = if file.mark.skipping { Vec::new() } else { half };
                self.rest(index, spool, now)
            }
            Next::TooLong(length) => {
                content::read_to(handle, &mut mark, file.mark.offset + length as u64);
                if !mark.skipping {
                    mark.skipping = true;
                    let detail = format!(
                        "`{}` has a line of more than {} MiB at byte {}: it is left out",
                        mark.path,
                        LINE_BYTES_MOST >> 20,
                        file.mark.offset
                    );
                    tracing::error!(input = %self.plan.input, "{detail}");
                    spool.gap(
                        &self.plan.input,
                        &Gap::noticed(GapKind::Unreadable, 1, now, detail),
                    )?;
                }
                spool.mark(&self.plan.input, &Mark::File(Box::new(mark.clone())), now)?;
                file.mark = mark;
                Ok(Step::Read)
            }
            Next::Lines(bytes) => {
                content::read_to(handle, &mut mark, file.mark.offset + bytes.len() as u64);
                let mut body = &bytes[..];
                if mark.skipping {
                    // The end of the line that was too long.
                    let end = body
                        .iter()
                        .position(|byte| *byte == b'\n')
                        .map_or(body.len(), |at| at + 1);
                    body = &body[end..];
                    mark.skipping = false;
                }
                let Some(mark) = self.put(body, mark, spool, now)? else {
                    return Ok(Step::Blocked);
                };
                let file = &mut self.files[index];
                file.mark = mark;
                file.half.clear();
                file.quiet_since = now;
                Ok(Step::Read)
            }
        }
    }

    /// Everything but a half line was read. It counts as a line when nobody will end it.
    fn rest(&mut self, index: usize, spool: &Spool, now: Timestamp) -> Result<Step, SpoolError> {
        let file = &self.files[index];
        let patience = if file.mark.is_rotated() {
            self.plan.rotate_seconds
        } else {
            self.plan.half_line_seconds
        };
        if !file.is_quiet(patience, now) {
            return Ok(Step::Idle);
        }
        if !file.half.is_empty() {
            let mut mark = file.mark.clone();
            let Some(handle) = &file.handle else {
                return Ok(Step::Idle);
            };
            content::read_to(handle, &mut mark, file.mark.offset + file.half.len() as u64);
            let Some(mark) = self.put(&file.half, mark, spool, now)? else {
                return Ok(Step::Blocked);
            };
            let file = &mut self.files[index];
            file.mark = mark;
            file.half.clear();
            return Ok(Step::Read);
        }
        if file.mark.gone.is_some() {
            let mark = file.mark.clone();
            spool.mark(&self.plan.input, &Mark::File(Box::new(mark)), now)?;
            self.files[index].handle = None;
        }
        Ok(Step::Idle)
    }

    /// The file was cut, or another content stands in it: it is read from its start.
    pub(super) fn begin_anew(
        &mut self,
        index: usize,
        size: u64,
        spool: &Spool,
        now: Timestamp,
    ) -> Result<Step, SpoolError> {
        let file = &self.files[index];
        let before = file.mark.clone();
        let mut mark = FileMark {
            key: before.key,
            path: before.path.clone(),
            first_path: before.path.clone(),
            device: before.device,
            inode: before.inode,
            gone: before.gone,
            size,
            ..FileMark::default()
        };
        if let Some(handle) = self.files[index].handle.take() {
            let mut recognised = Ok(());
            if !content::is_packed(&handle) {
                content::read_to(&handle, &mut mark, 0);
                let all: Vec<usize> = (0..self.files.len()).collect();
                recognised = self.recognise(&handle, size, &mut mark, &all, spool, now);
            }
            self.files[index].handle = Some(handle);
            recognised?;
        }
        let file = &self.files[index];
        let (half, seen_size) = (file.half.clone(), file.seen.map_or(0, |seen| seen.0));
        let known_size = before.size.max(seen_size);
        let unread = known_size.saturating_sub(before.offset + half.len() as u64);
        // The half line is all that is left of the line: as it is, the service may know what to do with it.
        let Some(mark) = self.put(&half, mark, spool, now)? else {
            return Ok(Step::Blocked);
        };
        tracing::info!(input = %self.plan.input, "`{}` was cut or replaced: it is read from its start", mark.path);
        let file = &mut self.files[index];
        file.mark = mark;
        file.half.clear();
        file.seen = None;
        file.quiet_since = now;
        if content::is_telling(&before) {
            // A copy of what was in it may come, packed or not; what is missing is told if none does.
            let mut former = FileMark {
                device: 0,
                inode: 0,
                gone: Some(now.unix_seconds()),
                size: before.offset + unread,
                ..before
            };
            former.key = spool.add_file(&self.plan.input, &former)?;
            self.files.push(Followed::of(former, now));
        } else if unread > 0 {
            let detail = format!(
                "`{}` was cut or replaced before {unread} bytes of it were read",
                before.path
            );
            tracing::error!(input = %self.plan.input, "{detail}");
            spool.gap(
                &self.plan.input,
                &Gap::noticed(GapKind::Truncated, 0, now, detail),
            )?;
        }
        Ok(Step::Read)
    }
}

fn next(file: &Followed, size: u64, piece_bytes: usize) -> Next {
    let Some(handle) = &file.handle else {
        return Next::Half(Vec::new());
    };
    let available = size - file.mark.offset;
    let mut wanted = available.min(piece_bytes as u64) as usize;
    loop {
        let mut bytes = vec![0; wanted];
        let read = match platform::read_at(handle, &mut bytes, file.mark.offset) {
            Ok(read) => read,
            Err(error) => return Next::Fault(format!("{}: {error}", file.mark.path)),
        };
        bytes.truncate(read);
        match lines::cut(&bytes) {
            Cut::Whole(length) => {
                bytes.truncate(length);
                return Next::Lines(bytes);
            }
            Cut::TooLong => return Next::TooLong(bytes.len()),
            // The rest of a line that is passed over need not be kept.
            Cut::Half if file.mark.skipping && read == piece_bytes => return Next::TooLong(bytes.len()),
            Cut::Half if read < wanted || wanted as u64 == available => return Next::Half(bytes),
            Cut::Half => wanted = available.min(LINE_BYTES_MOST.min(wanted * 2) as u64) as usize,
        }
    }
}
