//! Messages in a stream (RFC 6587): counted octets, or a line each, whichever a message begins with.

/// The longest count that is read: seven digits are ten megabytes.
const LONGEST_COUNT: usize = 7;

/// Cuts a stream into messages.
#[derive(Debug)]
pub(crate) struct Frames {
    most: usize,
    buffer: Vec<u8>,
    /// Octets of a message over the limit that are still to be passed over.
    passing: usize,
    /// A line over the limit is passed over to its end.
    passing_line: bool,
    /// How the first message began.
    first: Option<First>,
}

/// How a sender frames. One that ends its messages with a line end may have lines within them that begin with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum First {
    Counted,
    Line,
}

/// What a number at the beginning of a message is, where messages are lines.
#[derive(Debug, PartialEq, Eq)]
enum Number {
    /// A count: a message follows it.
    Count,
    /// The beginning of a line.
    Text,
    /// What follows it has not come.
    Unknown,
}

/// The stream is none of syslog.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotSyslog;

impl Frames {
    /// Of messages of at most so many bytes; what a longer one has beyond that is left out.
    pub(crate) fn new(most: usize) -> Frames {
        Frames {
            most,
            buffer: Vec::new(),
            passing: 0,
            passing_line: false,
            first: None,
        }
    }

    /// Takes the next bytes, and gives the messages that are whole.
    pub(crate) fn push(&mut self, bytes: &[u8], messages: &mut Vec<Vec<u8>>) -> Result<(), NotSyslog> {
        self.buffer.extend_from_slice(bytes);
        loop {
            if self.passing > 0 {
                let length = self.passing.min(self.buffer.len());
                self.buffer.drain(..length);
                self.passing -= length;
                if self.passing > 0 {
                    return Ok(());
                }
            }
            if self.passing_line {
                let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') else {
                    self.buffer.clear();
                    return Ok(());
                };
                self.buffer.drain(..=end);
                self.passing_line = false;
            }
            match self.buffer.first() {
                None => return Ok(()),
                Some(b'\n' | b'\r' | 0) => {
                    self.buffer.remove(0);
                }
                Some(b'1'..=b'9') if self.first != Some(First::Line) => {
                    self.first = Some(First::Counted);
                    if !self.counted(messages)? {
                        return Ok(());
                    }
                }
                Some(b'1'..=b'9') => {
                    let is_whole = match self.number() {
                        Number::Count => self.counted(messages)?,
                        Number::Text => self.line(messages),
                        Number::Unknown => false,
                    };
                    if !is_whole {
                        return Ok(());
                    }
                }
                Some(_) => {
                    self.first.get_or_insert(First::Line);
                    if !self.line(messages) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The stream ended: what is left is a message, if it can be one.
    pub(crate) fn finish(&mut self) -> Option<Vec<u8>> {
        let is_counted = self.buffer.first().is_some_and(u8::is_ascii_digit)
            && (self.first != Some(First::Line) || self.number() == Number::Count);
        let rest = std::mem::take(&mut self.buffer);
        (!is_counted && !rest.is_empty() && self.passing == 0 && !self.passing_line).then_some(rest)
    }

    /// What the number is with which the buffer begins.
    fn number(&self) -> Number {
        let digits = self
            .buffer
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        match self.buffer[digits..] {
            [] | [b' '] if digits <= LONGEST_COUNT => Number::Unknown,
            [b' ', b'<', ..] if digits <= LONGEST_COUNT => Number::Count,
            _ => Number::Text,
        }
    }

    /// `MSG-LEN SP MSG`; false if it is not whole.
    fn counted(&mut self, messages: &mut Vec<Vec<u8>>) -> Result<bool, NotSyslog> {
        let Some(space) = self
            .buffer
            .iter()
            .take(LONGEST_COUNT + 1)
            .position(|byte| *byte == b' ')
        else {
            let is_number = self.buffer.iter().take(LONGEST_COUNT + 1).all(u8::is_ascii_digit);
            return if self.buffer.len() <= LONGEST_COUNT && is_number {
                Ok(false)
            } else {
                Err(NotSyslog)
            };
        };
        let count = std::str::from_utf8(&self.buffer[..space]).unwrap_or_default();
        let count: usize = count.parse().map_err(|_| NotSyslog)?;
        let kept = count.min(self.most);
        if self.buffer.len() - space - 1 < kept {
            return Ok(false);
        }
        messages.push(self.buffer[space + 1..space + 1 + kept].to_vec());
        self.buffer.drain(..space + 1 + kept);
        self.passing = count - kept;
        Ok(true)
    }

    /// A line; false if its end has not come.
    fn line(&mut self, messages: &mut Vec<Vec<u8>>) -> bool {
        match self.buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => {
                let kept = end.min(self.most);
                messages.push(self.buffer[..kept].to_vec());
                self.buffer.drain(..=end);
                true
            }
            None if self.buffer.len() > self.most => {
                messages.push(self.buffer[..self.most].to_vec());
                self.buffer.clear();
                self.passing_line = true;
                false
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of a stream that comes in pieces of every size.
    fn check(stream: &str, expected: &[&str]) {
        for size in 1..=stream.len().max(1) {
            let mut frames = Frames::new(10);
            let mut messages = Vec::new();
            for piece in stream.as_bytes().chunks(size) {
                frames.push(piece, &mut messages).unwrap();
            }
            messages.extend(frames.finish());
            let texts: Vec<_> = messages
                .iter()
                .map(|message| std::str::from_utf8(message).unwrap())
                .collect();
            assert_eq!(texts, expected, "{stream:?} by {size}");
        }
    }

    #[test]
    fn octets_are_counted() {
        check("4 <1>a5 <1>bc", &["<1>a", "<1>bc"]);
        check("7 <1>a\nbc3 <2>", &["<1>a\nbc", "<2>"]);
    }

    #[test]
    fn lines_end() {
        check("<1>a\n<1>bc\r\n\n<2>", &["<1>a", "<1>bc\r", "<2>"]);
    }

    #[test]
    fn both_may_be_mixed() {
        check("4 <1>a<1>bc\n4 <1>d", &["<1>a", "<1>bc", "<1>d"]);
    }

    #[test]
    fn a_number_within_a_message_of_lines_is_no_count() {
        check("<1>a\n12 x\n<1>b\n", &["<1>a", "12 x", "<1>b"]);
        check("<1>a\n1x\n<1>b\n", &["<1>a", "1x", "<1>b"]);
        check("<1>a\n12345678 <\n<1>b", &["<1>a", "12345678 <", "<1>b"]);
        check("<1>a\n4 <1>b<1>c\n", &["<1>a", "<1>b", "<1>c"]);
        check("<1>a\n12", &["<1>a", "12"]);
        check("<1>a\n9 <1>b", &["<1>a"]);
    }

    #[test]
    fn what_is_too_long_is_cut_and_the_next_message_is_whole() {
        check("14 <1>3456789abcd4 <1>a", &["<1>3456789", "<1>a"]);
        check("<1>3456789abcd\n<1>a\n", &["<1>3456789", "<1>a"]);
    }

    #[test]
    fn a_message_that_does_not_end_is_no_message() {
        check("9 <1>a", &[]);
        check("12", &[]);
    }

    #[test]
    fn what_is_no_syslog_is_refused() {
        for stream in ["12345678 x", "1x", "123456789"] {
            assert_eq!(
                Frames::new(10).push(stream.as_bytes(), &mut Vec::new()),
                Err(NotSyslog),
                "{stream}"
            );
        }
    }
}
