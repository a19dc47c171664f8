//! A file's lines, none of which is held beyond a limit.

use std::io::{BufRead, Read};
use world::rba::LONGEST_LINE;

/// Lines one by one.
pub(super) struct Lines<R> {
    input: R,
    line: Vec<u8>,
    /// Of the line that was read last, counted from 1.
    pub(super) number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn of(input: R) -> Lines<R> {
        Lines {
            input,
            line: Vec::new(),
            number: 0,
        }
    }

    /// The next line with its end; of one that is too long the start, which is too long, too. `None` at the end.
    pub(super) fn next(&mut self) -> std::io::Result<Option<&[u8]>> {
        self.line.clear();
        let most = LONGEST_LINE as u64 + 1;
        self.input.by_ref().take(most).read_until(b'\n', &mut self.line)?;
        if self.line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        let is_cut = self.line.len() > LONGEST_LINE && self.line.last() != Some(&b'\n');
        if is_cut {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some(&self.line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_cut_and_passed_over() {
        let long = "x".repeat(LONGEST_LINE * 2);
        let input = format!("one\n{long}\nthree");
        let mut lines = Lines::of(input.as_bytes());
        let mut lengths = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [4, LONGEST_LINE + 1, 5]);
        assert_eq!(lines.number, 3);
    }
}
