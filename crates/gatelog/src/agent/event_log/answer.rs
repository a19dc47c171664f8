//! What `wevtutil query-events /format:xml` writes: events one after another, without a root.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event as Xml};

const END: &str = "</Event>";

/// One event of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event<'a> {
    /// `System/EventRecordID`
    pub(super) number: u64,
    /// `System/EventID`
    pub(super) id: Option<u32>,
    /// `System/TimeCreated/@SystemTime`, as it stands there.
    pub(super) time: String,
    /// From its first to its last character.
    pub(super) xml: &'a str,
    /// Why it is no sound XML. Number, id and time were looked for in the text, then.
    pub(super) fault: Option<String>,
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

/// The events of an answer, in its order. One that is no sound XML is an event with a fault.
pub(super) fn events(text: &str) -> Result<Vec<Event<'_>>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if !begins(rest) {
            let shown: String = rest.chars().take(60).collect();
            return Err(format!("{shown:?} is no event"));
        }
        let event = first(rest)?;
        rest = rest[event.xml.len()..].trim_start();
        found.push(event);
    }
    Ok(found)
}

fn begins(text: &str) -> bool {
    text.strip_prefix("<Event")
        .is_some_and(|rest| rest.starts_with(|next: char| next == '>' || next.is_whitespace()))
}

/// The event that a text begins with: up to the first end of one behind which another begins, and that makes sound XML.
fn first(text: &str) -> Result<Event<'_>, String> {
    let ends = text.match_indices(END).map(|(at, end)| at + end.len());
    let ends = ends.filter(|end| {
        let rest = text[*end..].trim_start();
        rest.is_empty() || begins(rest)
    });
    let mut unsound = None;
    for end in ends {
        let xml = &text[..end];
        match read(xml) {
            Ok(Some(event)) => return Ok(event),
            // An event within an event.
            Ok(None) => {}
            Err(fault) => {
                unsound.get_or_insert((xml, fault));
                break;
            }
        }
    }
    let (xml, fault) = unsound.ok_or("the answer breaks off within an event")?;
    Ok(Event {
        number: between(xml, "<EventRecordID>", "</EventRecordID>")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| format!("an event that has no number is no sound XML: {fault}"))?,
        id: between(xml, "<EventID", "</EventID>")
            .and_then(|id| id.split_once('>'))
            .and_then(|(_, id)| id.trim().parse().ok()),
        time: between(xml, "SystemTime='", "'")
            .or_else(|| between(xml, "SystemTime=\"", "\""))
            .unwrap_or_default()
            .to_owned(),
        xml,
        fault: Some(fault),
    })
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found.trim())
}

/// One event; `None` if it is not at its end.
fn read(xml: &str) -> Result<Option<Event<'_>>, String> {
    let mut reader = Reader::from_str(xml);
    let mut path = Vec::<String>::new();
    let (mut number, mut id, mut time) = (None, None, String::new());
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Xml::Start(start) => {
                time_of(&start, &path, &mut time)?;
                path.push(start.local_name().as_ref().to_owned());
            }
            Xml::Empty(start) => time_of(&start, &path, &mut time)?,
            Xml::Text(written) if path.len() == 3 && path[1] == "System" => match path[2].as_str() {
                "EventRecordID" => number = written.trim().parse().ok(),
                "EventID" => id = written.trim().parse().ok(),
                _ => {}
            },
            Xml::End(_) => {
                path.pop();
            }
            Xml::Eof if path.is_empty() => {
                return Ok(Some(Event {
                    number: number.ok_or("it has no EventRecordID")?,
                    id,
                    time,
                    xml,
                    fault: None,
                }));
            }
            Xml::Eof => return Ok(None),
            _ => {}
        }
    }
}

fn time_of(start: &BytesStart<'_>, path: &[String], time: &mut String) -> Result<(), String> {
    if path.len() != 2 || path[1] != "System" || start.local_name().as_ref() != "TimeCreated" {
        return Ok(());
    }
    let found = start
        .try_get_attribute("SystemTime")
        .map_err(|error| error.to_string())?;
    if let Some(found) = found {
        *time = found.value.into_owned();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ONE: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
        <EventID Qualifiers='0'>4121</EventID><TimeCreated SystemTime='2017-05-12T08:15:30.1234567Z'/>\
        <EventRecordID>7</EventRecordID></System><EventData><Data>a &lt;/Event> of &#xA;two lines</Data></EventData></Event>";
    const TIME: &str = "2017-05-12T08:15:30.1234567Z";

    /// Number, event id, time, and whether it is sound.
    type Seen<'a> = (u64, Option<u32>, &'a str, bool);

    #[test]
    fn events_stand_one_after_another() {
        let check = |text: &str, expected: Result<&[Seen<'_>], &str>| {
            let read = events(text);
            let read = read.as_ref().map(|events| {
                let seen = events.iter();
                seen.map(|event| (event.number, event.id, event.time.as_str(), event.fault.is_none()))
                    .collect::<Vec<_>>()
            });
            match (read, expected) {
                (Ok(read), Ok(expected)) => assert_eq!(read, expected, "{text}"),
                (Err(fault), Err(expected)) => assert!(fault.contains(expected), "{fault}: {text}"),
                (read, _) => panic!("{read:?}: {text}"),
            }
        };
        let seven = (7, Some(4_121), TIME, true);
        let eight = (8, Some(4_121), TIME, true);
        let other = ONE.replace(">7<", ">8<");
        check("", Ok(&[]));
        check(ONE, Ok(&[seven]));
        check(&format!("{ONE}\r\n{other}\r\n"), Ok(&[seven, eight]));
        check(&format!("{ONE}{other}"), Ok(&[seven, eight]));
        // Events within an event are content.
        let inner = "<Event><System/></Event>";
        let nested = ONE.replace("</EventData>", &format!("{inner} {inner}</EventData>"));
        check(&format!("{nested}\n{other}"), Ok(&[seven, eight]));
        // One that is unsound, and the others.
        let unsound = ONE.replace("<EventData>", "<EventData><Data>\u{1}</Dat>");
        check(
            &format!("{unsound}\n{other}"),
            Ok(&[(7, Some(4_121), TIME, false), eight]),
        );
        check(
            &format!("{other}\n{unsound}"),
            Ok(&[eight, (7, Some(4_121), TIME, false)]),
        );
        check(
            &unsound.replace("EventRecordID", "Record"),
            Err("an event that has no number"),
        );
        check(
            &ONE.replace("EventRecordID", "Record"),
            Err("an event that has no number"),
        );
        check(
            &ONE[..ONE.len() - END.len()],
            Err("the answer breaks off within an event"),
        );
        check("<Events/>", Err("\"<Events/>\" is no event"));
        check(&format!("{ONE} Access is denied."), Err("breaks off"));
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

    proptest! {
        /// Whatever is written, it is an error or events that stand in it in their order; never a panic.
        #[test]
        fn any_answer_is_events_or_an_error(
            parts in prop::collection::vec(
                prop_oneof![
                    Just(ONE.to_owned()), Just("<Event>".to_owned()), Just(END.to_owned()), Just("<System>".to_owned()),
                    Just("<EventRecordID>9</EventRecordID>".to_owned()), Just("<![CDATA[".to_owned()), Just("\u{0}".to_owned()),
                    Just("\n".to_owned()), "\\PC{0,8}",
                ],
                0..12,
            ),
            bytes in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            let _ = text(&bytes);
            let written = parts.concat();
            if let Ok(events) = events(&written) {
                let mut rest = written.as_str();
                for event in events {
                    let (_, after) = rest.split_once(event.xml).unwrap();
                    rest = after;
                }
            }
        }
    }
}
