//! What `wevtutil query-events /format:xml` writes: events one after another, without a root.

use quick_xml::Reader;
use quick_xml::events::Event as Xml;

/// One event of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event<'a> {
    /// `System/EventRecordID`
    pub(super) number: u64,
    /// `System/TimeCreated/@SystemTime`, as it stands there.
    pub(super) time: String,
    /// From its first to its last character.
    pub(super) xml: &'a str,
}

/// The text of an answer: UTF-16 as `/unicode:true` makes it, with or without a mark at its start, or UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<String, String> {
    let is_wide = bytes.starts_with(&[0xff, 0xfe]) || (bytes.len() > 1 && bytes[0] != 0 && bytes[1] == 0);
    if !is_wide {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| format!("what wevtutil writes is neither UTF-16 nor UTF-8: {error}"))?;
        return Ok(text.trim_start_matches('\u{feff}').to_owned());
    }
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    // Half a pair of UTF-16 is possible in names; a replacement takes its place.
    Ok(String::from_utf16_lossy(&units)
        .trim_start_matches('\u{feff}')
        .to_owned())
}

/// The events of an answer, in its order.
pub(super) fn events(text: &str) -> Result<Vec<Event<'_>>, String> {
    let mut reader = Reader::from_str(text);
    let (mut found, mut path) = (Vec::new(), Vec::<String>::new());
    let (mut from, mut number, mut time) = (0, None, String::new());
    loop {
        let before = reader.buffer_position() as usize;
        let event = reader.read_event().map_err(|error| error.to_string())?;
        let is_empty = matches!(event, Xml::Empty(_));
        match event {
            Xml::Start(start) | Xml::Empty(start) => {
                let name = start.local_name().as_ref().to_owned();
                match path.len() {
                    0 if name == "Event" && !is_empty => (from, number, time) = (before, None, String::new()),
                    0 => return Err(format!("<{name}> is no event")),
                    2 if name == "TimeCreated" && path[1] == "System" => {
                        time = attribute(&start, "SystemTime")?;
                    }
                    _ => {}
                }
                if !is_empty {
                    path.push(name);
                }
            }
            Xml::Text(written) if path.len() == 3 && path[1] == "System" && path[2] == "EventRecordID" => {
                number = written.trim().parse::<u64>().ok();
            }
            Xml::End(_) => {
                path.pop();
                if path.is_empty() {
                    found.push(Event {
                        number: number.ok_or("an event has no EventRecordID")?,
                        time: std::mem::take(&mut time),
                        xml: &text[from..reader.buffer_position() as usize],
                    });
                }
            }
            Xml::Eof if path.is_empty() => return Ok(found),
            Xml::Eof => return Err("the answer breaks off within an event".to_owned()),
            _ => {}
        }
    }
}

fn attribute(start: &quick_xml::events::BytesStart<'_>, name: &str) -> Result<String, String> {
    let found = start.try_get_attribute(name).map_err(|error| error.to_string())?;
    Ok(found.map_or(String::new(), |attribute| attribute.value.into_owned()))
}

/// The number of an event that is no sound XML.
pub(super) fn number_of(text: &str) -> Option<u64> {
    let (_, rest) = text.split_once("<EventRecordID>")?;
    let (number, _) = rest.split_once("</EventRecordID>")?;
    number.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
        <EventID>4121</EventID><TimeCreated SystemTime='2017-05-12T08:15:30.1234567Z'/><EventRecordID>7</EventRecordID></System>\
        <EventData><Data>a &lt;/Event> of &#xA;two lines</Data></EventData></Event>";

    #[test]
    fn events_stand_one_after_another() {
        let check = |text: &str, expected: Result<&[(u64, &str)], &str>| {
            let read = events(text).map(|events| {
                let read = events.iter().map(|event| (event.number, event.time.clone()));
                read.collect::<Vec<_>>()
            });
            let expected = expected
                .map(|expected| {
                    let expected = expected
                        .iter()
                        .map(|(number, time)| (*number, (*time).to_owned()));
                    expected.collect::<Vec<_>>()
                })
                .map_err(str::to_owned);
            assert_eq!(read, expected, "{text}");
        };
        let time = "2017-05-12T08:15:30.1234567Z";
        check("", Ok(&[]));
        check(ONE, Ok(&[(7, time)]));
        check(
            &format!("{ONE}\r\n{}\r\n", ONE.replace(">7<", ">8<")),
            Ok(&[(7, time), (8, time)]),
        );
        // An event within an event is content.
        check(
            &ONE.replace("</EventData>", "<Event><System/></Event></EventData>"),
            Ok(&[(7, time)]),
        );
        check(
            &ONE[..ONE.len() - "</Event>".len()],
            Err("the answer breaks off within an event"),
        );
        check("<Events/>", Err("<Events> is no event"));
        check(
            &ONE.replace("EventRecordID", "Record"),
            Err("an event has no EventRecordID"),
        );
        assert_eq!(events(ONE).unwrap()[0].xml, ONE);
    }

    #[test]
    fn an_answer_is_utf_16_or_utf_8() {
        let wide = |text: &str| {
            text.encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>()
        };
        let check = |bytes: &[u8], expected: &str| assert_eq!(text(bytes).as_deref(), Ok(expected));
        check(&wide("<Event>Zoë</Event>"), "<Event>Zoë</Event>");
        check(&wide("\u{feff}<a>監査</a>"), "<a>監査</a>");
        check("\u{feff}<a>監査</a>".as_bytes(), "<a>監査</a>");
        check(b"", "");
        assert!(text(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn the_number_of_an_unsound_event_is_found() {
        assert_eq!(
            number_of("<Event><System><EventRecordID> 12 </EventRecordID><\u{1}"),
            Some(12)
        );
        assert_eq!(number_of("<Event>"), None);
    }
}
