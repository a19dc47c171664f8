//! The grammar of one JSON object, byte by byte and without memory of its content: where it ends and where it breaks.

/// Follows one object from its `{` to its `}`.
#[derive(Debug)]
pub(super) struct ObjectScanner {
    /// Brackets that are open.
    depth: u32,
    depth_max: u32,
    /// One bit per open bracket: 1 for an object, 0 for an array.
    kinds: u128,
    expect: Expect,
    text: Text,
    /// The member name that is being read at the first level.
    name: NameProbe,
    list: ListProbe,
    lists: Lists,
    /// From the first fault on only brackets and quotes are counted.
    broken: bool,
}

/// Whether a member `value` or `records` may make this object a page of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    Found,
    Overlooked,
}

/// What a byte did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The object goes on.
    Inside,
    /// The byte closed the object.
    Closed,
    /// The byte is the `{` of the first element of a list of records; it was not taken.
    ListOfRecords,
    /// The byte cannot stand here; it was not taken, and the next step counts brackets only.
    Broken(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    NameOrEnd,
    Name,
    Colon,
    Value,
    ValueOrEnd,
    /// Within a number or a word.
    Bare,
    CommaOrEnd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    Outside,
    Inside,
    /// After a backslash.
    Escape,
}

/// The first bytes of a member name at the first level.
#[derive(Debug, Clone, Copy, Default)]
struct NameProbe {
    reading: bool,
    bytes: [u8; 8],
    len: usize,
}

/// How far the beginning of a list of records has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListProbe {
    No,
    /// The name was read.
    Named,
    /// The `[` was read.
    Opened,
}

/// One under the limit of serde_json's recursion, and what 128 bits can hold.
pub(super) const DEPTH_MAX: u32 = 127;

impl ObjectScanner {
    /// Before the first `{`.
    pub(super) fn new(depth_max: u32, lists: Lists) -> ObjectScanner {
        ObjectScanner {
            depth: 0,
            depth_max: depth_max.clamp(1, DEPTH_MAX),
            kinds: 0,
            expect: Expect::Value,
            text: Text::Outside,
            name: NameProbe::default(),
            list: ListProbe::No,
            lists,
            broken: false,
        }
    }

    /// After a list of records was read as a list: inside the page object that held it.
    pub(super) fn after_list(depth_max: u32) -> ObjectScanner {
        let mut scanner = ObjectScanner::new(depth_max, Lists::Found);
        scanner.depth = 1;
        scanner.kinds = 1;
        scanner.expect = Expect::CommaOrEnd;
        scanner
    }

    /// Whether the next byte belongs to a text of an object that is whole so far.
    pub(super) fn is_in_text(&self) -> bool {
        self.text != Text::Outside && !self.broken
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    /// From here on only brackets and quotes are counted.
    pub(super) fn give_up(&mut self) {
        self.broken = true;
    }

    /// White space ends a number or a word.
    pub(super) fn gap(&mut self) {
        if self.expect == Expect::Bare && self.text == Text::Outside {
            self.expect = Expect::CommaOrEnd;
        }
    }

    /// Reads on within a text: how many bytes were taken. Stops after the closing quote and before a line break.
    pub(super) fn text_run(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            if self.text == Text::Escape {
                self.text = Text::Inside;
                if bytes[at] == b'\n' {
                    return at;
                }
                self.name.push(&bytes[at..=at]);
                at += 1;
                continue;
            }
            let rest = &bytes[at..];
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))
                .unwrap_or(rest.len());
            self.name.push(&rest[..plain]);
            at += plain;
            match bytes.get(at) {
                Some(b'"') => {
                    self.text = Text::Outside;
                    self.text_ended();
                    return at + 1;
                }
                Some(b'\\') => {
                    self.text = Text::Escape;
                    // No name that we look for has an escape.
                    self.name.push(b"\\");
                    at += 1;
                }
                _ => return at,
            }
        }
        at
    }

    /// Takes a byte that is no white space, outside of texts (or anywhere in a broken object).
    pub(super) fn step(&mut self, byte: u8) -> Step {
        if self.broken {
            return self.count(byte);
        }
        match (self.expect, byte) {
            (Expect::NameOrEnd | Expect::Name, b'"') => {
                self.text = Text::Inside;
                self.expect = Expect::Colon;
                self.name = NameProbe {
                    reading: self.depth == 1,
                    ..NameProbe::default()
                };
                Step::Inside
            }
            (Expect::NameOrEnd, b'}')
            | (Expect::ValueOrEnd, b']')
            | (Expect::CommaOrEnd | Expect::Bare, b'}' | b']') => self.close(byte),
            (Expect::Colon, b':') => {
                self.expect = Expect::Value;
                Step::Inside
            }
            (Expect::Value | Expect::ValueOrEnd, b'{') if self.list == ListProbe::Opened => {
                Step::ListOfRecords
            }
            (Expect::Value | Expect::ValueOrEnd, b'{' | b'[') => self.open(byte),
            (Expect::Value | Expect::ValueOrEnd, b'"') => {
                self.list = ListProbe::No;
                self.text = Text::Inside;
                self.expect = Expect::CommaOrEnd;
                Step::Inside
            }
            (Expect::Value | Expect::ValueOrEnd, b'-' | b'0'..=b'9' | b'a'..=b'z') => {
                self.list = ListProbe::No;
                self.expect = Expect::Bare;
                Step::Inside
            }
            (Expect::Bare, b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') => Step::Inside,
            (Expect::CommaOrEnd | Expect::Bare, b',') => {
                self.expect = if self.kinds & 1 == 1 {
                    Expect::Name
                } else {
                    Expect::Value
                };
                Step::Inside
            }
            (expect, _) => {
                self.broken = true;
                Step::Broken(expect.wanted())
            }
        }
    }

    fn open(&mut self, byte: u8) -> Step {
        if self.depth >= self.depth_max {
            self.broken = true;
            return Step::Broken("it is nested too deep");
        }
        self.list = if byte == b'[' && self.list == ListProbe::Named {
            ListProbe::Opened
        } else {
            ListProbe::No
        };
        self.depth += 1;
        self.kinds = self.kinds << 1 | u128::from(byte == b'{');
        self.expect = if byte == b'{' {
            Expect::NameOrEnd
        } else {
            Expect::ValueOrEnd
        };
        Step::Inside
    }

    fn close(&mut self, byte: u8) -> Step {
        if (self.kinds & 1 == 1) != (byte == b'}') {
            self.broken = true;
            return Step::Broken("brackets do not match");
        }
        self.list = ListProbe::No;
        self.kinds >>= 1;
        self.depth -= 1;
        self.expect = Expect::CommaOrEnd;
        if self.depth == 0 {
            Step::Closed
        } else {
            Step::Inside
        }
    }

    fn text_ended(&mut self) {
        if std::mem::take(&mut self.name.reading) && self.lists == Lists::Found {
            let name = &self.name.bytes[..self.name.len.min(8)];
            let is_list = self.name.len <= 8 && (name == b"value" || name == b"records");
            self.list = if is_list { ListProbe::Named } else { ListProbe::No };
        }
    }

    fn count(&mut self, byte: u8) -> Step {
        match (self.text, byte) {
            (Text::Escape, _) | (Text::Outside, b'"') => self.text = Text::Inside,
            (Text::Inside, b'"') => self.text = Text::Outside,
            (Text::Inside, b'\\') => self.text = Text::Escape,
            (Text::Outside, b'{' | b'[') => self.depth = self.depth.saturating_add(1),
            (Text::Outside, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    return Step::Closed;
                }
            }
            _ => {}
        }
        Step::Inside
    }
}

impl NameProbe {
    fn push(&mut self, bytes: &[u8]) {
        if !self.reading {
            return;
        }
        for byte in bytes.iter().take(9) {
            if self.len < 8 {
                self.bytes[self.len] = *byte;
            }
            self.len = (self.len + 1).min(9);
        }
    }
}

impl Expect {
    fn wanted(self) -> &'static str {
        match self {
            Expect::NameOrEnd => "a name in quotes or `}` is missing",
            Expect::Name => "a name in quotes is missing",
            Expect::Colon => "`:` is missing",
            Expect::Value => "a value is missing",
            Expect::ValueOrEnd => "a value or `]` is missing",
            Expect::Bare | Expect::CommaOrEnd => "`,` or a closing bracket is missing",
        }
    }
}
