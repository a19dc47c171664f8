//! Up to where a channel was read.

use super::answer::Event;
use model::time::Timestamp;

/// What is kept between questions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cursor {
    /// The channel was empty, or its numbers begin anew: whatever is in it is to be read.
    Start,
    At(Place),
}

/// An event of the channel that is there as long as nothing is missing: its number, and its time, for numbers may begin anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) number: u64,
    time: String,
    /// Whether the event itself was read, or is the first that is not.
    pub(super) is_read: bool,
}

impl Place {
    pub(super) fn after(event: &Event<'_>) -> Place {
        Place {
            number: event.number,
            time: event.time.clone(),
            is_read: true,
        }
    }

    pub(super) fn before(event: &Event<'_>) -> Place {
        Place {
            is_read: false,
            ..Place::after(event)
        }
    }

    /// Whether this is the event. Versions of Windows write a time with more digits or fewer.
    pub(super) fn is(&self, event: &Event<'_>) -> bool {
        let parsed = |time: &str| Timestamp::parse_vendor(time).ok();
        let is_same_time = || match (parsed(&self.time), parsed(&event.time)) {
            (Some(time), Some(other)) => time == other,
            _ => self.time == event.time,
        };
        self.number == event.number && is_same_time()
    }
}

impl Cursor {
    /// Reads one of a channel; `None` for one of another channel, or of something else.
    pub(super) fn parse(text: &str, channel: &str) -> Option<Cursor> {
        let (side, rest) = text.split_once(' ')?;
        if side == "start" {
            return (rest == channel).then_some(Cursor::Start);
        }
        let (number, rest) = rest.split_once(' ')?;
        let (time, of) = rest.split_once(' ')?;
        let is_read = match side {
            "after" => true,
            "before" => false,
            _ => return None,
        };
        let place = Place {
            number: number.parse().ok()?,
            time: time.to_owned(),
            is_read,
        };
        (of == channel).then_some(Cursor::At(place))
    }

    /// As it is kept: which side of which event, and of which channel.
    pub(super) fn written(&self, channel: &str) -> String {
        match self {
            Cursor::Start => format!("start {channel}"),
            Cursor::At(place) => {
                let side = if place.is_read { "after" } else { "before" };
                // A time of the system has no blank in it; one that has must not look like another channel.
                let time = place.time.replace(' ', "_");
                format!("{side} {} {time} {channel}", place.number)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_is_of_its_channel_alone() {
        let check = |text: &str, is_one: bool| {
            let read = Cursor::parse(text, "Request Log");
            assert_eq!(read.is_some(), is_one, "{text}");
            if let Some(read) = read {
                assert_eq!(read.written("Request Log"), text);
            }
        };
        check("start Request Log", true);
        check("after 7 2026-01-31T12:00:00.000000000Z Request Log", true);
        check("before 18446744073709551615  Request Log", true);
        check("after 7 2026-01-31T12:00:00.000000000Z Security", false);
        check("start Security", false);
        check("after 7", false);
        check("at 7 x Request Log", false);
        check("s=1;i=2", false);
    }

    #[test]
    fn an_event_is_the_same_in_every_spelling_of_its_time() {
        let check = |time: &str, other: &str, expected: bool| {
            let event = |time: &str| Event {
                number: 7,
                id: None,
                time: time.to_owned(),
                xml: "",
                fault: None,
            };
            assert_eq!(
                Place::after(&event(time)).is(&event(other)),
                expected,
                "{time} {other}"
            );
        };
        check(
            "2026-01-31T12:00:00.123456700Z",
            "2026-01-31T12:00:00.1234567Z",
            true,
        );
        check(
            "2026-01-31T12:00:00.123456700Z",
            "2026-01-31T12:00:00.1234568Z",
            false,
        );
        check("", "", true);
        check("noon", "noon", true);
        check("noon", "2026-01-31T12:00:00Z", false);
    }
}
