//! Writes a list as a file of the syntax in which lists are read.

use super::{Entry, List, read};
use std::fmt::Write;

pub(super) fn write(list: &List) -> String {
    let mut text = String::new();
    for edition in &list.editions {
        line(&mut text, format_args!("# {} {edition}", read::AS_OF));
    }
    if list.entries.is_empty() {
        line(&mut text, format_args!("# {}", read::EMPTY));
    }
    for entry in &list.entries {
        line(&mut text, format_args!("{}", Written(entry)));
    }
    text
}

/// Writing to a text does not fail.
fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
    text.push('\n');
}

struct Written<'a>(&'a Entry);

impl std::fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entry = self.0;
        if entry.network.prefix_len() == entry.network.max_prefix_len() {
            write!(f, "{}", entry.network.addr())?;
        } else {
            write!(f, "{}", entry.network)?;
        }
        if let Some(since) = entry.since {
            write!(f, " since={since}")?;
        }
        if let Some(until) = entry.until {
            write!(f, " until={until}")?;
        }
        if let Some(note) = &entry.note {
            write!(f, " {note}")?;
        }
        Ok(())
    }
}
