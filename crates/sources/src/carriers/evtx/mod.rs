//! Windows event logs as files: a header of 4 KiB, then chunks of 64 KiB, each of which can be read by itself.
//!
//! The crate `evtx` reads them too. It was not taken: it switches serde_json's `preserve_order` on for the whole program, and
//! brings thirty packages, unsafe code and chance among them, into a room that has none.

mod binxml;
mod chunk;
mod values;

use super::{CarrierDef, CarrierReader, Recognised, Start};
use crate::reading::{self, Choice};
use crate::windows::tree::Element;
use crate::{Record, Understanding};
use chunk::{CHUNK_BYTES, Trust};
use serde_json::Value;

/// The carrier.
pub(super) const DEF: CarrierDef = CarrierDef {
    title: "a Windows event log (EVTX)",
    recognises,
    open: |_| Box::new(Reader::new()),
};

const MAGIC: &[u8] = b"ElfFile\0";
const HEADER_BYTES: usize = 4096;
/// Set in the header's flags while Windows writes to the file: the last chunks' checksums are then behind.
const IS_OPEN: u8 = 1;
const FLAGS_AT: usize = 120;

fn recognises(start: Start<'_>) -> Recognised {
    if start.raw.starts_with(MAGIC) {
        return Recognised::Yes;
    }
    if start.more && MAGIC.starts_with(start.raw) {
        return Recognised::NeedsMore;
    }
    Recognised::No
}

struct Reader {
    /// Bytes of the header or of the chunk that is not complete yet.
    buffer: Vec<u8>,
    /// What the header said; `None` before it was there.
    trust: Option<Trust>,
    /// Chunks before the one in the buffer.
    chunks: u64,
    /// Records so far: in place of lines, which such a file does not have.
    records: u64,
}

impl Reader {
    fn new() -> Reader {
        Reader {
            buffer: Vec::with_capacity(CHUNK_BYTES),
            trust: None,
            chunks: 0,
            records: 0,
        }
    }

    fn chunk_is_there(&mut self, trust: Trust, choice: &Choice, out: &mut Vec<Record>) {
        let number = self.chunks;
        let byte = HEADER_BYTES as u64 + number * CHUNK_BYTES as u64;
        for found in chunk::records(&self.buffer, trust) {
            self.records += 1;
            let (offset, understanding) = match found {
                chunk::Found::Record { offset, element } => (offset, understand(choice, element)),
                chunk::Found::Fault { offset, reason } => (
                    offset,
                    Understanding::Rejected {
                        reason: format!("chunk {} of the event log: {reason}", number + 1),
                        original: Vec::new(),
                    },
                ),
            };
            out.push(Record {
                line: self.records,
                byte: byte + offset as u64,
                understanding,
            });
        }
        self.chunks += 1;
        self.buffer.clear();
    }
}

/// The record as JSON is what is kept of it: the bytes of a record mean nothing without their chunk.
fn understand(choice: &Choice, element: Element) -> Understanding {
    let record = element.into_record();
    let judged = reading::judge(choice, &record);
    let understanding = judged.understanding(|| Value::Object(record).to_string().into_bytes());
    understanding.unwrap_or_else(|| Understanding::Ignored {
        reason: "an event without content".to_owned(),
    })
}

impl CarrierReader for Reader {
    fn push(&mut self, choice: &Choice, mut bytes: &[u8], out: &mut Vec<Record>) {
        while !bytes.is_empty() {
            let wanted = if self.trust.is_some() {
                CHUNK_BYTES
            } else {
                HEADER_BYTES
            };
            let taken = (wanted - self.buffer.len()).min(bytes.len());
            self.buffer.extend_from_slice(&bytes[..taken]);
            bytes = &bytes[taken..];
            if self.buffer.len() < wanted {
                return;
            }
            if let Some(trust) = self.trust {
                self.chunk_is_there(trust, choice, out);
            } else {
                let is_open = self.buffer[FLAGS_AT] & IS_OPEN != 0;
                self.trust = Some(if is_open { Trust::Records } else { Trust::Checksums });
                self.buffer.clear();
            }
        }
    }

    fn finish(&mut self, choice: &Choice, out: &mut Vec<Record>) {
        let is_header = self.trust.is_none();
        if self.buffer.iter().all(|byte| *byte == 0) && !is_header {
            return;
        }
        let there = self.buffer.len();
        if is_header {
            out.push(Record {
                line: 1,
                byte: 0,
                understanding: Understanding::Rejected {
                    reason: format!(
                        "the event log ends within its header, after {there} of {HEADER_BYTES} bytes; was the file cut off?"
                    ),
                    original: Vec::new(),
                },
            });
            return;
        }
        // What is there of the chunk is read; its checksums cannot hold, and it is told that something is missing.
        self.buffer.resize(CHUNK_BYTES, 0);
        let number = self.chunks + 1;
        let byte = HEADER_BYTES as u64 + self.chunks * CHUNK_BYTES as u64;
        self.chunk_is_there(Trust::Records, choice, out);
        self.records += 1;
        out.push(Record {
            line: self.records,
            byte,
            understanding: Understanding::Rejected {
                reason: format!(
                    "chunk {number} of the event log: the file ends after {there} of its {CHUNK_BYTES} bytes; was it cut off?"
                ),
                original: Vec::new(),
            },
        });
    }
}
