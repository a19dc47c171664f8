//! Up to where a channel was read.

use super::answer::Event;

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

    /// Whether this is the event.
    pub(super) fn is(&self, event: &Event<'_>) -> bool {
        (self.number, &self.time) == (event.number, &event.time)
    }
}

impl Cursor {
    pub(super) fn parse(text: &str) -> Option<Cursor> {
        if text == "start" {
            return Some(Cursor::Start);
        }
        let (side, rest) = text.split_once(' ')?;
        let (number, time) = rest.split_once(' ')?;
        Some(Cursor::At(Place {
            number: number.parse().ok()?,
            time: time.to_owned(),
            is_read: match side {
                "after" => true,
                "before" => false,
                _ => return None,
            },
        }))
    }

    pub(super) fn written(&self) -> String {
        match self {
            Cursor::Start => "start".to_owned(),
            Cursor::At(place) => {
                let side = if place.is_read { "after" } else { "before" };
                format!("{side} {} {}", place.number, place.time)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let check = |text: &str, is_one: bool| {
            let read = Cursor::parse(text);
            assert_eq!(read.is_some(), is_one, "{text}");
            if let Some(read) = read {
                assert_eq!(read.written(), text);
            }
        };
        check("start", true);
        check("after 7 2026-01-31T12:00:00.000000000Z", true);
        check("before 18446744073709551615 ", true);
        check("after 7", false);
        check("at 7 x", false);
        check("s=1;i=2", false);
    }
}
