//! Parts of a request: the header that numbers them, and how they become the request again.

/// More parts than a request of this log can have: a part has some 30 KB, and no request comes near.
const PARTS_MAX: u32 = 1_000;

/// A part of a record, by its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The request's id, in lower case; a name made of the content where no header tells.
    pub(crate) whole: String,
    /// From 1.
    pub(crate) number: u32,
    /// How many there are; 0 where no header tells.
    pub(crate) count: u32,
}

/// A part as it stands in its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    id: &'a str,
    number: u32,
    count: u32,
    pub(super) text: &'a str,
}

impl Chunk<'_> {
    pub(super) fn owned(&self) -> Part {
        Part {
            whole: self.id.to_ascii_lowercase(),
            number: self.number,
            count: self.count,
        }
    }
}

/// The part that a text is; `None` if it does not begin with a header, an error if its numbers cannot be.
///
/// `Request '<GUID>', message <n> out of <m>: \n<chunk>` is what the log has, by the expression with which MIMAuditor reads it
/// (EventLogAgentService.cs), also without the line break; `Request: <GUID> , message <n> out of <m>` is what Microsoft's page on
/// hybrid reporting documents. The chunk is kept to the letter: a text may have been cut at a space.
pub(super) fn read(text: &str) -> Option<Result<Chunk<'_>, String>> {
    let mut rest = Rest(text.trim_start());
    rest.word("request")?;
    rest.spaces();
    rest.sign(':');
    rest.spaces();
    let quoted = rest.sign('\'');
    let id = rest.guid()?;
    if quoted && !rest.sign('\'') {
        return None;
    }
    rest.spaces();
    rest.sign(',');
    rest.spaces();
    rest.word("message")?;
    rest.spaces();
    let part = rest.digits()?;
    rest.spaces();
    rest.word("out of")?;
    rest.spaces();
    let parts = rest.digits()?;
    rest.sign(':');
    rest.sign(' ');
    rest.sign('\r');
    rest.sign('\n');
    let numbers = (part.parse::<u32>(), parts.parse::<u32>());
    match numbers {
        (Ok(number), Ok(count)) if (1..=count).contains(&number) && count <= PARTS_MAX => Some(Ok(Chunk {
            id,
            number,
            count,
            text: rest.0,
        })),
        _ => Some(Err(format!(
            "part {} of {} of the request {id} cannot be: parts are numbered from 1, and at most {PARTS_MAX} are put together",
            shorten(part),
            shorten(parts)
        ))),
    }
}

/// A part without a header: which request it belongs to cannot be known, so nothing will complete it.
pub(super) fn of_unknown(text: &str) -> Part {
    let mut record = serde_json::Map::new();
    record.insert("text".to_owned(), text.into());
    let digest = model::content::digest(&record, |_| false).digest;
    Part {
        whole: format!("unknown-{:016x}", u128::from_be_bytes(digest) >> 64),
        number: 1,
        count: 0,
    }
}

fn shorten(digits: &str) -> &str {
    digits.get(..12).unwrap_or(digits)
}

struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn sign(&mut self, sign: char) -> bool {
        let rest = self.0.strip_prefix(sign);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let found = self.0.get(..word.len())?;
        if !found.eq_ignore_ascii_case(word) {
            return None;
        }
        self.0 = &self.0[word.len()..];
        Some(())
    }

    fn guid(&mut self) -> Option<&'a str> {
        let (guid, rest) = self.0.split_at_checked(36)?;
        let is_guid = guid.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
        self.0 = rest;
        is_guid.then_some(guid)
    }

    fn digits(&mut self) -> Option<&'a str> {
        let end = self
            .0
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        self.0 = rest;
        (!digits.is_empty()).then_some(digits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "A1B2C3D4-0000-4000-8000-00000000000F";

    fn check(text: &str, expected: &str) {
        let got = match read(&text.replace("<id>", ID)) {
            None => "none".to_owned(),
            Some(Err(reason)) => reason,
            Some(Ok(chunk)) => format!("{}/{} {:?}", chunk.number, chunk.count, chunk.text),
        };
        assert!(got.starts_with(expected), "{text:?}: {got}");
    }

    #[test]
    fn a_header_is_read_in_every_way_that_it_is_written() {
        check(
            "Request '<id>', message 2 out of 3: \n{\"a\"",
            "2/3 \"{\\\"a\\\"\"",
        );
        check("Request '<id>', message 2 out of 3: \r\nx", "2/3 \"x\"");
        check("Request '<id>', message 2 out of 3: x", "2/3 \"x\"");
        check("Request '<id>', message 2 out of 3:x", "2/3 \"x\"");
        check("Request: <id> , message 2 out of 3\nx", "2/3 \"x\"");
        check("\nRequest: <id> , message 10 out of 10: \nx", "10/10 \"x\"");
    }

    #[test]
    fn a_chunk_is_kept_to_the_letter() {
        check("Request '<id>', message 1 out of 2: \n a \n", "1/2 \" a \\n\"");
        check("Request '<id>', message 2 out of 2: \n", "2/2 \"\"");
    }

    #[test]
    fn numbers_that_cannot_be_are_refused() {
        check("Request '<id>', message 0 out of 2: \nx", "part 0 of 2");
        check("Request '<id>', message 3 out of 2: \nx", "part 3 of 2");
        check("Request '<id>', message 1 out of 1001: \nx", "part 1 of 1001");
        check(
            "Request '<id>', message 1 out of 99999999999999999999: \nx",
            "part 1 of 999999999999",
        );
    }

    #[test]
    fn what_has_no_header_is_no_part() {
        check("{\"HybridObjectID\":\"<id>\"}", "none");
        check("Request 'x', message 1 out of 2: \nx", "none");
        check("Request '<id>, message 1 out of 2: \nx", "none");
        check("Request", "none");
        check("", "none");
    }

    #[test]
    fn a_part_without_a_header_is_the_same_whenever_it_comes() {
        assert_eq!(of_unknown("{\"a\":1},"), of_unknown("{\"a\":1},"));
        assert_ne!(of_unknown("{\"a\":1},"), of_unknown("{\"a\":2},"));
        assert_eq!(of_unknown("x").count, 0);
    }
}
