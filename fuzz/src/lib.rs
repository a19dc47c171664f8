//! What must hold for any bytes from outside: one check for each parser of outside input.
//!
//! A check takes bytes and panics if something does not hold. libFuzzer makes the bytes up (one binary for each check);
//! the test `corpus` gives every check what is kept in the corpus, so that a fault once found stays found.

pub mod address_lists;
pub mod assertion;
pub mod authorize;
pub mod countries;
pub mod entra_records;
mod event;
#[allow(dead_code, missing_docs, reason = "the tests of the room have it, too")]
#[path = "../../crates/sources/tests/common/evtx.rs"]
mod event_log;
pub mod evtx;
pub mod filter;
pub mod form;
mod json_tree;
pub mod lines;
pub mod mapping;
pub mod mim;
mod mutation;
mod pieces;
pub mod rba;
pub mod records;
pub mod request_line;
mod row;
pub mod skip_token;
mod spelling;
pub mod tables;
pub mod time;
pub mod token;
pub mod vendor_records;
pub mod xml;

/// What an input decides by its hash: where it is cut, how small the limits are, and how much of a check it gets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chance([u8; 32]);

impl Chance {
    fn of(bytes: &[u8]) -> Chance {
        Chance(*blake3::hash(bytes).as_bytes())
    }

    /// One of the things to choose from; `byte` tells one choice from another, from 0 to 30.
    fn one_of<T: Copy>(&self, byte: usize, things: &[T]) -> T {
        things[usize::from(self.0[byte]) % things.len()]
    }

    /// Whether the input gets the whole check. libFuzzer tries millions, so there it is one in sixteen; the others get one
    /// of each kind of comparison. Whatever is kept in the corpus gets all of it in `cargo test`.
    fn is_in_full(&self) -> bool {
        !cfg!(fuzzing) || self.0[31].is_multiple_of(16)
    }

    /// All of them for an input that gets the whole check, else one.
    fn some_of<T: Copy>(&self, byte: usize, things: &[T]) -> Vec<T> {
        if self.is_in_full() {
            things.to_vec()
        } else {
            vec![self.one_of(byte, things)]
        }
    }
}

/// A check by the name of its target and its corpus.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the binary, and of the folder of its corpus.
    pub name: &'static str,
    /// Panics if the bytes show a fault.
    pub check: fn(&[u8]),
}

/// Every target.
pub const ALL: &[Target] = &[
    Target {
        name: "address_lists",
        check: address_lists::check,
    },
    Target {
        name: "assertion",
        check: assertion::check,
    },
    Target {
        name: "authorize",
        check: authorize::check,
    },
    Target {
        name: "countries",
        check: countries::check,
    },
    Target {
        name: "entra_records",
        check: entra_records::check,
    },
    Target {
        name: "evtx",
        check: evtx::check,
    },
    Target {
        name: "filter",
        check: filter::check,
    },
    Target {
        name: "form",
        check: form::check,
    },
    Target {
        name: "lines",
        check: lines::check,
    },
    Target {
        name: "mapping",
        check: mapping::check,
    },
    Target {
        name: "mim",
        check: mim::check,
    },
    Target {
        name: "rba",
        check: rba::check,
    },
    Target {
        name: "records",
        check: records::check,
    },
    Target {
        name: "request_line",
        check: request_line::check,
    },
    Target {
        name: "skip_token",
        check: skip_token::check,
    },
    Target {
        name: "tables",
        check: tables::check,
    },
    Target {
        name: "time",
        check: time::check,
    },
    Target {
        name: "token",
        check: token::check,
    },
    Target {
        name: "xml",
        check: xml::check,
    },
    Target {
        name: "vendor_records",
        check: vendor_records::check,
    },
];
