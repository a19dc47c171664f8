//! `$filter`: text in, a predicate about one report's rows out.
//!
//! The language is the reference's and no larger (wire contract 1.5 and 2.5): `eq gt ge lt le`, `and` before `or`,
//! parentheses, and on /activities `contains`, `startsWith` and `any`. Whatever else OData has is refused with its place
//! and the reason, never passed over.

mod lexer;
mod literal;
mod name;
mod parser;

use crate::error::{BAD_REQUEST, RequestError, UNSUPPORTED_QUERY};
use model::query::Predicate;
use model::reports::ReportDef;

/// The longest `$filter` that is read, in bytes.
pub const MAX_FILTER_BYTES: usize = 8 * 1024;
/// How deep parentheses may be nested.
pub const MAX_DEPTH: usize = 32;
/// The most comparisons in one `$filter`.
pub const MAX_COMPARISONS: usize = 200;

/// Reads the `$filter` of a question about a report. Errors name the place in characters, counted from 1.
pub fn parse(report: &'static ReportDef, text: &str) -> Result<Predicate, RequestError> {
    if text.len() > MAX_FILTER_BYTES {
        return Err(RequestError::bad(format!(
            "The $filter has {} bytes; at most {MAX_FILTER_BYTES} are read. Ask several shorter questions.",
            text.len()
        )));
    }
    lexer::tokens(text)
        .and_then(|tokens| parser::parse(report, tokens, text.len()))
        .map_err(|error| error.located_in(text))
}

/// What is wrong with a `$filter`, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FilterError {
    /// The byte at which the offending part starts.
    offset: usize,
    kind: ErrorKind,
    message: String,
}

/// Whether it is no OData at all or OData that is not done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorKind {
    Malformed,
    Unsupported,
}

impl FilterError {
    fn malformed(offset: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            offset,
            kind: ErrorKind::Malformed,
            message: message.into(),
        }
    }

    fn unsupported(offset: usize, message: impl Into<String>) -> FilterError {
        FilterError {
            offset,
            kind: ErrorKind::Unsupported,
            message: message.into(),
        }
    }

    /// The error as the client sees it: the sentence with the place, and an excerpt with a mark under the place.
    fn located_in(self, text: &str) -> RequestError {
        let position = text[..self.offset].chars().count() + 1;
        let code = match self.kind {
            ErrorKind::Malformed => BAD_REQUEST,
            ErrorKind::Unsupported => UNSUPPORTED_QUERY,
        };
        RequestError::new(
            code,
            format!("{} (at character {position} of $filter).", self.message),
        )
        .with("position", position)
        .with("excerpt", excerpt(text, self.offset))
    }
}

/// Two lines: the text around the place, and a caret under it.
fn excerpt(text: &str, offset: usize) -> String {
    const BEFORE: usize = 30;
    const AFTER: usize = 40;
    let visible = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut before: Vec<char> = text[..offset].chars().rev().take(BEFORE).map(visible).collect();
    before.reverse();
    let after = text[offset..].chars().take(AFTER).map(visible);
    let caret = " ".repeat(before.len());
    before
        .into_iter()
        .chain(after)
        .chain(['\n'])
        .chain(caret.chars())
        .chain(['^'])
        .collect()
}

#[cfg(test)]
mod tests;
