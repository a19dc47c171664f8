//! Text in UTF-8 or UTF-16 becomes UTF-8: Windows PowerShell writes downloads as UTF-16 with a byte order mark.

/// Turns bytes as they come into UTF-8, however they are cut.
#[derive(Debug)]
pub(crate) struct Decoder {
    encoding: Encoding,
    /// Raw bytes that wait for the rest: the first two of the input, half a code unit, or half a surrogate pair.
    waiting: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// Fewer than two bytes were seen.
    Undecided,
    Utf8,
    Utf16(Endian),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Endian {
    Little,
    Big,
}

/// Stands for half a code unit at the end of the input: no UTF-8 contains it, so what it is part of is refused.
const NOT_UTF8: u8 = 0xFF;

impl Decoder {
    pub(crate) fn new() -> Decoder {
        Decoder {
            encoding: Encoding::Undecided,
            waiting: Vec::new(),
        }
    }

    /// How many raw bytes stand behind a byte of the decoded text; summed up, they give the raw offset.
    pub(crate) fn raw_width(&self, byte: u8) -> u64 {
        match (self.encoding, byte) {
            (Encoding::Utf16(_), 0x80..=0xBF) => 0,
            (Encoding::Utf16(_), 0xF0..=0xF7) => 4,
            (Encoding::Utf16(_), 0..=0xEF) => 2,
            _ => 1,
        }
    }

    /// Raw bytes that stand before the decoded text: a UTF-16 byte order mark. That of UTF-8 stays in the text.
    pub(crate) fn decode(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> u64 {
        let mut mark_bytes = 0;
        let mut bytes = bytes;
        if self.encoding == Encoding::Undecided {
            let missing = (2 - self.waiting.len()).min(bytes.len());
            self.waiting.extend_from_slice(&bytes[..missing]);
            bytes = &bytes[missing..];
            if self.waiting.len() < 2 {
                return 0;
            }
            mark_bytes = self.decide();
        }
        match self.encoding {
            Encoding::Undecided => {}
            Encoding::Utf8 => {
                out.append(&mut self.waiting);
                out.extend_from_slice(bytes);
            }
            Encoding::Utf16(endian) => self.utf16(endian, bytes, out),
        }
        mark_bytes
    }

    /// Whether decoding changes nothing from here on, so that the bytes can be read where they are.
    pub(crate) fn is_transparent(&self) -> bool {
        self.encoding == Encoding::Utf8
    }

    /// What is left at the end of the input.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Undecided | Encoding::Utf8 => out.append(&mut self.waiting),
            Encoding::Utf16(_) => {
                if !self.waiting.is_empty() {
                    self.waiting.clear();
                    out.push(NOT_UTF8);
                }
            }
        }
    }

    /// By the byte order mark; without one, a zero beside the first bracket tells UTF-16 (JSON and XML have no zero bytes).
    fn decide(&mut self) -> u64 {
        let (encoding, mark_bytes) = match self.waiting[..] {
            [0xFF, 0xFE] => (Encoding::Utf16(Endian::Little), 2),
            [0xFE, 0xFF] => (Encoding::Utf16(Endian::Big), 2),
            [b'{' | b'[' | b'<', 0] => (Encoding::Utf16(Endian::Little), 0),
            [0, b'{' | b'[' | b'<'] => (Encoding::Utf16(Endian::Big), 0),
            _ => (Encoding::Utf8, 0),
        };
        self.encoding = encoding;
        if mark_bytes > 0 {
            self.waiting.clear();
        }
        mark_bytes
    }

    fn utf16(&mut self, endian: Endian, bytes: &[u8], out: &mut Vec<u8>) {
        let unit = |pair: [u8; 2]| match endian {
            Endian::Little => u16::from_le_bytes(pair),
            Endian::Big => u16::from_be_bytes(pair),
        };
        for byte in bytes {
            self.waiting.push(*byte);
            match self.waiting[..] {
                [a, b] => {
                    let first = unit([a, b]);
                    if !begins_pair(first) {
                        push_code_point(u32::from(first), out);
                        self.waiting.clear();
                    }
                }
                [a, b, c, d] => {
                    let (first, second) = (unit([a, b]), unit([c, d]));
                    // The bracket that told the encoding waits here too, and begins no pair.
                    if begins_pair(first) && (0xDC00..0xE000).contains(&second) {
                        let point =
                            0x1_0000 + ((u32::from(first) - 0xD800) << 10) + u32::from(second) - 0xDC00;
                        push_code_point(point, out);
                        self.waiting.clear();
                    } else {
                        push_code_point(u32::from(first), out);
                        self.waiting.drain(..2);
                        if !begins_pair(second) {
                            push_code_point(u32::from(second), out);
                            self.waiting.clear();
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// Whether a code unit is the first half of a surrogate pair.
fn begins_pair(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

/// Half a surrogate pair is written out as three bytes that are no UTF-8: the record around it is refused, not mended.
fn push_code_point(point: u32, out: &mut Vec<u8>) {
    match char::from_u32(point) {
        Some(character) => {
            let mut buffer = [0; 4];
            out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
        None => out.extend_from_slice(&[
            0xE0 | (point >> 12) as u8,
            0x80 | (point >> 6 & 0x3F) as u8,
            0x80 | (point & 0x3F) as u8,
        ]),
    }
}
