//! Binary XML as Windows writes it into event logs: a record is a template and the values to put into it.
//!
//! After MS-EVEN6 2.2.3 and libyal's description of the format (documentation/Windows XML Event Log of libevtx). Every offset is
//! checked, and what a chunk may cost is bounded: a template can name a value of 30 KB as often as it likes.

use super::values::{self, Text};
use crate::windows::tree::{Content, Element};

/// Elements within elements, templates within values and values within templates.
const DEPTH_MAX: u32 = 64;
/// Steps for the records of one chunk; the chunks of real logs take some ten thousand.
const STEPS_MAX: u32 = 2_000_000;
/// Bytes of text that one record may come to; a chunk has 64 KiB.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Reads records of one chunk; offsets are those of the chunk.
pub(super) struct BinaryXml<'a> {
    chunk: &'a [u8],
    steps: u32,
    text_bytes: usize,
}

/// What is wrong with a record.
pub(super) type Fault = &'static str;

const CUT_OFF: Fault = "it goes on beyond its end";

/// Whether elements name what they depend on: those of templates do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    InTemplate,
    AsSuch,
}

/// A value that waits for its place in a template.
#[derive(Clone, Copy)]
struct Value {
    of_type: u8,
    start: usize,
    end: usize,
}

const TYPE_NOTHING: u8 = 0x00;
const TYPE_BINARY_XML: u8 = 0x21;

impl<'a> BinaryXml<'a> {
    pub(super) fn new(chunk: &'a [u8]) -> BinaryXml<'a> {
        BinaryXml {
            chunk,
            steps: 0,
            text_bytes: 0,
        }
    }

    /// The element of the record between two offsets.
    pub(super) fn record(&mut self, start: usize, end: usize) -> Result<Element, Fault> {
        self.text_bytes = 0;
        let mut at = Cursor::new(self.chunk, start, end);
        let content = self.content(&mut at, Written::AsSuch, &[], 0)?;
        let element = content.into_iter().find_map(|content| match content {
            Content::Element(element) => Some(element),
            _ => None,
        });
        element.ok_or("there is no element in it")
    }

    /// What stands in one place, up to the end of an element or of everything.
    fn content(
        &mut self,
        at: &mut Cursor<'_>,
        written: Written,
        values: &[Value],
        depth: u32,
    ) -> Result<Vec<Content>, Fault> {
        if depth > DEPTH_MAX {
            return Err("its elements are nested too deeply");
        }
        let mut content = Vec::new();
        while !at.is_at_end() {
            self.step()?;
            match at.byte()? {
                // The end of everything; the end of an element.
                0x00 | 0x04 => break,
                0x0F => at.skip(3)?,
                0x0C => content.append(&mut self.template(at, depth)?),
                token @ (0x01 | 0x41) => {
                    content.extend(
                        self.element(at, token & 0x40 != 0, written, values, depth)?
                            .map(Content::Element),
                    );
                }
                token => self.text(token, at, values, depth, &mut content)?,
            }
        }
        Ok(content)
    }

    /// An element from behind its token; `None` if it depends on a value that is not there.
    fn element(
        &mut self,
        at: &mut Cursor<'_>,
        has_attributes: bool,
        written: Written,
        values: &[Value],
        depth: u32,
    ) -> Result<Option<Element>, Fault> {
        const DEPENDS_ON_NOTHING: u16 = 0xFFFF;
        let depends_on = match written {
            Written::InTemplate => at.two_bytes()?,
            Written::AsSuch => DEPENDS_ON_NOTHING,
        };
        at.skip(4)?;
        let mut element = Element {
            name: self.name(at)?,
            ..Element::default()
        };
        if has_attributes {
            at.skip(4)?;
            while matches!(at.peek()?, 0x06 | 0x46) {
                self.step()?;
                at.skip(1)?;
                let name = self.name(at)?;
                let mut content = Vec::new();
                while !matches!(at.peek()?, 0x02 | 0x03 | 0x06 | 0x46) {
                    self.step()?;
                    let token = at.byte()?;
                    self.text(token, at, values, depth, &mut content)?;
                }
                // An attribute without a value is left out, as Windows does.
                if let Some(value) = texts(content) {
                    element.attributes.push((name, value));
                }
            }
        }
        match at.byte()? {
            0x02 => element.content = self.content(at, written, values, depth + 1)?,
            0x03 => {}
            _ => return Err("an element does not begin as one does"),
        }
        self.spend(bytes_of_repetition(&element))?;
        let is_left_out = depends_on != DEPENDS_ON_NOTHING
            && values
                .get(usize::from(depends_on))
                .is_none_or(|value| value.of_type == TYPE_NOTHING || value.start == value.end);
        Ok((!is_left_out).then_some(element))
    }

    /// A token of text, or of what stands for it.
    fn text(
        &mut self,
        token: u8,
        at: &mut Cursor<'_>,
        values: &[Value],
        depth: u32,
        content: &mut Vec<Content>,
    ) -> Result<(), Fault> {
        match token {
            0x05 | 0x45 => {
                // The type of such a text is always that of UTF-16.
                at.skip(1)?;
                let text = at.counted_text()?;
                self.take_text(text, content)
            }
            0x07 | 0x47 => {
                let text = at.counted_text()?;
                self.take_text(text, content)
            }
            0x08 | 0x48 => {
                let character = char::from_u32(u32::from(at.two_bytes()?));
                self.take_text(
                    character.unwrap_or(char::REPLACEMENT_CHARACTER).to_string(),
                    content,
                )
            }
            0x09 | 0x49 => {
                let name = self.name(at)?;
                self.take_text(entity(&name).to_owned(), content)
            }
            // An instruction for some program: its target, its text.
            0x0A => self.name(at).map(drop),
            0x0B => at.counted_text().map(drop),
            0x0D | 0x0E => {
                let number = at.two_bytes()?;
                at.skip(1)?;
                match values.get(usize::from(number)) {
                    Some(value) => self.substitute(*value, depth, content),
                    None => Ok(()),
                }
            }
            _ => Err("it has a token that does not exist"),
        }
    }

    fn substitute(&mut self, value: Value, depth: u32, content: &mut Vec<Content>) -> Result<(), Fault> {
        if value.of_type == TYPE_BINARY_XML {
            let mut at = Cursor::new(self.chunk, value.start, value.end);
            content.append(&mut self.content(&mut at, Written::AsSuch, &[], depth + 1)?);
            return Ok(());
        }
        let bytes = self.chunk.get(value.start..value.end).ok_or(CUT_OFF)?;
        self.spend(bytes.len())?;
        match values::text(value.of_type, bytes).ok_or("a value does not fit its type")? {
            Text::Nothing => Ok(()),
            Text::One(text) => self.take_text(text, content),
            Text::Several(several) => {
                content.push(Content::Texts(several));
                Ok(())
            }
        }
    }

    /// A template with its values, from behind its token.
    fn template(&mut self, at: &mut Cursor<'_>, depth: u32) -> Result<Vec<Content>, Fault> {
        const GUID_BYTES: usize = 16;
        at.skip(5)?;
        let definition = at.offset()?;
        let mut template = Cursor::new(self.chunk, definition, self.chunk.len());
        template.skip(4 + GUID_BYTES)?;
        let size = template.offset()?;
        let start = template.at;
        let end = start
            .checked_add(size)
            .filter(|end| *end <= self.chunk.len())
            .ok_or(CUT_OFF)?;
        // Where a template is used first, it stands.
        if definition == at.at {
            at.go_to(end)?;
        }
        let count = at.offset()?;
        let mut sizes = at.clone();
        at.skip(count.checked_mul(4).ok_or(CUT_OFF)?)?;
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            self.step()?;
            let size = usize::from(sizes.two_bytes()?);
            let of_type = sizes.byte()?;
            sizes.skip(1)?;
            let start = at.at;
            at.skip(size)?;
            values.push(Value {
                of_type,
                start,
                end: at.at,
            });
        }
        let mut template = Cursor::new(self.chunk, start, end);
        self.content(&mut template, Written::InTemplate, &values, depth + 1)
    }

    /// A name, which stands elsewhere in the chunk, or here where it is used first.
    fn name(&mut self, at: &mut Cursor<'_>) -> Result<String, Fault> {
        let offset = at.offset()?;
        let mut name = Cursor::new(self.chunk, offset, self.chunk.len());
        name.skip(6)?;
        let text = name.counted_text()?;
        name.skip(2)?;
        if offset == at.at {
            at.go_to(name.at)?;
        }
        self.spend(text.len())?;
        Ok(text)
    }

    fn take_text(&mut self, text: String, content: &mut Vec<Content>) -> Result<(), Fault> {
        self.spend(text.len())?;
        content.push(Content::Text(text));
        Ok(())
    }

    fn step(&mut self) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps > STEPS_MAX {
            return Err("the records of its chunk take too long to put together");
        }
        Ok(())
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Fault> {
        self.text_bytes = self.text_bytes.saturating_add(bytes);
        if self.text_bytes > TEXT_BYTES_MAX {
            return Err("it comes to more than 1 MiB of text");
        }
        Ok(())
    }
}

/// What it comes to that an element is written once for each text of a list in it, with its attributes each time.
fn bytes_of_repetition(element: &Element) -> usize {
    /// What a text or an attribute takes beside its bytes.
    const BYTES_BESIDE: usize = 64;
    let texts: usize = element
        .content
        .iter()
        .map(|content| match content {
            Content::Texts(texts) => texts.len(),
            _ => 0,
        })
        .sum();
    let attributes: usize = element
        .attributes
        .iter()
        .map(|(name, value)| BYTES_BESIDE + name.len() + value.len())
        .sum();
    texts.saturating_mul(BYTES_BESIDE + attributes)
}

/// What the content of an attribute says; `None` if it says nothing.
fn texts(content: Vec<Content>) -> Option<String> {
    let mut text = None;
    for part in content {
        let part = match part {
            Content::Text(part) => part,
            Content::Texts(parts) => parts.join(","),
            Content::Element(_) => continue,
        };
        text.get_or_insert_with(String::new).push_str(&part);
    }
    text
}

fn entity(name: &str) -> &str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

/// A place in the chunk, and the end that it must not pass.
#[derive(Clone)]
struct Cursor<'a> {
    chunk: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Cursor<'a> {
    fn new(chunk: &'a [u8], at: usize, end: usize) -> Cursor<'a> {
        Cursor {
            chunk,
            at,
            end: end.min(chunk.len()),
        }
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let end = self
            .at
            .checked_add(count)
            .filter(|end| *end <= self.end)
            .ok_or(CUT_OFF)?;
        let bytes = self.chunk.get(self.at..end).ok_or(CUT_OFF)?;
        self.at = end;
        Ok(bytes)
    }

    fn skip(&mut self, count: usize) -> Result<(), Fault> {
        self.take(count).map(drop)
    }

    fn go_to(&mut self, place: usize) -> Result<(), Fault> {
        self.skip(place.checked_sub(self.at).ok_or(CUT_OFF)?)
    }

    fn peek(&self) -> Result<u8, Fault> {
        self.clone().byte()
    }

    fn byte(&mut self) -> Result<u8, Fault> {
        Ok(self.take(1)?[0])
    }

    fn two_bytes(&mut self) -> Result<u16, Fault> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// An offset, a size or a count, in four bytes.
    fn offset(&mut self) -> Result<usize, Fault> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    /// UTF-16 with the number of its units before it.
    fn counted_text(&mut self) -> Result<String, Fault> {
        let units = usize::from(self.two_bytes()?);
        Ok(values::utf16(self.take(units * 2)?))
    }
}
