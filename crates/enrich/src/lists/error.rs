//! Why a file is no list.

use std::sync::Arc;

/// Why a file is no list, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the list `{list}`: {problem}")]
pub struct ListError {
    /// The list's name.
    pub list: Arc<str>,
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: ListProblem,
}

/// What is wrong with a line, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListProblem {
    /// Neither an address nor a network.
    #[error("`{0}` is no address and no network: write one such as 203.0.113.7 or 203.0.113.0/24 a line")]
    NotANetwork(String),
    /// A network whose address lies within it.
    #[error(
        "`{written}` has bits set beyond its prefix: write {network} for all of it, or the address alone"
    )]
    BitsBeyondPrefix {
        /// As it stands there.
        written: String,
        /// The whole network.
        network: String,
    },
    /// A network of everything.
    #[error("`{0}` names every address: take the line out")]
    Everything(String),
    /// A date that is none.
    #[error("`{word}={value}` is no date: write {word}=2026-05-01 or {word}=2026-05-01T12:00:00Z")]
    NotADate {
        /// `since` or `until`.
        word: &'static str,
        /// What stands there.
        value: String,
    },
    /// The same word twice.
    #[error("`{0}=` stands there twice: leave one")]
    Twice(&'static str),
    /// An interval that is none.
    #[error("it ends before it begins: `until` has to be later than `since`")]
    EndsBeforeItBegins,
    /// A line as of when the list was made that does not tell it.
    #[error("`{0}` is no date: write `# as-of: 2026-05-01` or `# as-of: 2026-05-01T12:00:00Z`")]
    NotAnEdition(String),
    /// Not text.
    #[error("it is not UTF-8 text: save the file as UTF-8, or unpack it first")]
    NotText,
    /// A line without an end.
    #[error("it is longer than {0} bytes: is this a list?")]
    LongLine(usize),
    /// A file without an end.
    #[error("the list has more than {0} entries: split it")]
    TooManyEntries(usize),
    /// Too many editions.
    #[error("the list has more than {0} lines `# as-of:`")]
    TooManyEditions(usize),
    /// Nothing at all: rather a download that failed than a list of nobody.
    #[error("the list names nobody: if that is meant, write `# empty` on a line of its own")]
    Empty,
}
