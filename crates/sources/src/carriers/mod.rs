//! Inputs that are neither JSON nor a table: each carrier cuts one kind of them into records and makes members of each, which
//! the formats then read. A carrier is a file beside this one and a line below.

pub(crate) mod event_xml;
mod evtx;
pub(crate) mod lines;

use crate::reading::Choice;
use crate::{Hints, Limits, Record};
use std::fmt;

/// A way in which records are written down.
pub(crate) struct CarrierDef {
    /// What it is called in messages.
    pub(crate) title: &'static str,
    /// Whether an input is of this kind, by its start. Once it says yes or no of some bytes it says the same of any longer
    /// start with them, so that it does not matter how an input is cut.
    pub(crate) recognises: fn(Start<'_>) -> Recognised,
    /// Opens a reader.
    pub(crate) open: fn(Limits) -> Box<dyn CarrierReader>,
}

/// The start of an input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start<'a> {
    /// The bytes as they came.
    pub(crate) raw: &'a [u8],
    /// The text from its first letter on, in UTF-8 whatever it came in.
    pub(crate) text: &'a [u8],
    /// Whether more may come. If not, a carrier says yes or no.
    pub(crate) more: bool,
}

/// Whether an input is of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// More of it must be seen.
    NeedsMore,
}

/// A reader of one input. The same bytes give the same records, however they are pushed.
pub(crate) trait CarrierReader: Send {
    /// What the edge knows of the input, before its first byte.
    fn hint(&mut self, _hints: Hints) {}
    /// Takes the next bytes and appends the records that end in them.
    fn push(&mut self, choice: &Choice, bytes: &[u8], out: &mut Vec<Record>);
    /// The input has ended: appends what is left.
    fn finish(&mut self, choice: &Choice, out: &mut Vec<Record>);
}

/// Every carrier. The first that recognises an input reads it.
pub(crate) const ALL: &[&CarrierDef] = &[&evtx::DEF, &event_xml::DEF, &lines::DEF];

impl PartialEq for CarrierDef {
    fn eq(&self, other: &CarrierDef) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for CarrierDef {}

impl fmt::Debug for CarrierDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title)
    }
}

/// The carrier of an input, or whether more of it must be seen to know.
pub(crate) fn of(start: Start<'_>) -> Result<Option<&'static CarrierDef>, NeedsMore> {
    let mut undecided = false;
    for carrier in ALL {
        match (carrier.recognises)(start) {
            Recognised::Yes if undecided => return Err(NeedsMore),
            Recognised::Yes => return Ok(Some(carrier)),
            Recognised::NeedsMore => undecided = true,
            Recognised::No => {}
        }
    }
    if undecided && start.more {
        return Err(NeedsMore);
    }
    Ok(None)
}

/// Nobody can tell yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NeedsMore;
