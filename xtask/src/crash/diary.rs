//! What was sent, what was acknowledged, and whether the stored rows agree.

use model::time::Timestamp;
use std::collections::HashMap;
use std::fmt;

/// Faults that are told one by one.
const FAULTS_TOLD: usize = 10;

/// One content of an event: the number of its revision in its list.
#[derive(Debug, Clone, Copy)]
struct Content {
    time: Timestamp,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Sent in this round, not answered.
    InFlight,
    /// Sent in a round before, never answered, and not seen since.
    Unanswered,
    /// Answered with 200, or seen by a reader: it must stay.
    Promised,
}

/// An event that was sent, by its vendor id.
#[derive(Debug, Default)]
struct Event {
    contents: Vec<Content>,
    is_acknowledged: bool,
}

/// A row as the service shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) time: Timestamp,
    /// The content, by the name that the record carries; 0 for the first.
    pub(super) revision: usize,
}

/// Everything that was sent. A higher revision wins over a lower one: each has one property more.
#[derive(Debug, Default)]
pub(super) struct Diary {
    events: HashMap<String, Event>,
}

impl Diary {
    /// Notes a content before it is sent; answers the number of its revision.
    pub(super) fn sends_new_content(&mut self, id: &str, time: Timestamp) -> usize {
        let event = self.events.entry(id.to_owned()).or_default();
        event.contents.push(Content {
            time,
            state: State::InFlight,
        });
        event.contents.len() - 1
    }

    /// Notes that contents were answered with 200.
    pub(super) fn acknowledge(&mut self, contents: &[(String, usize)]) {
        for (id, revision) in contents {
            if let Some(event) = self.events.get_mut(id)
                && let Some(content) = event.contents.get_mut(*revision)
            {
                content.state = State::Promised;
                event.is_acknowledged = true;
            }
        }
    }

    /// Events that were acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        self.events.values().filter(|event| event.is_acknowledged).count()
    }

    /// Contents that were acknowledged or seen.
    pub(super) fn acknowledged_contents(&self) -> usize {
        self.contents_in(State::Promised)
    }

    /// Contents that were sent in this round and not answered.
    pub(super) fn in_flight(&self) -> usize {
        self.contents_in(State::InFlight)
    }

    /// Compares with all rows there are, and closes the round; answers how many events that were in flight are there with
    /// such a content. What a reader has seen once must stay from then on.
    pub(super) fn compare(&mut self, rows: &[Row]) -> Result<usize, Faults> {
        let mut faults = Faults::default();
        let mut seen: HashMap<&str, &Row> = HashMap::with_capacity(rows.len());
        for row in rows {
            if seen.insert(&row.id, row).is_some() {
                faults.add(format!("event {} is there twice", row.id));
            }
        }
        let mut found = 0;
        for (id, event) in &mut self.events {
            let promised = event
                .contents
                .iter()
                .rposition(|content| content.state == State::Promised);
            match (seen.remove(id.as_str()), promised) {
                (None, Some(revision)) => faults.add(format!(
                    "event {id} is lost: its content {revision} of {} was acknowledged",
                    event.contents[revision].time
                )),
                (None, None) => {}
                (Some(row), promised) => {
                    let Some(content) = event.contents.get_mut(row.revision) else {
                        faults.add(format!(
                            "event {id} has content {}, which was never sent",
                            row.revision
                        ));
                        continue;
                    };
                    if content.time != row.time {
                        faults.add(format!(
                            "event {id} is at {}, its content {} at {}",
                            row.time, row.revision, content.time
                        ));
                    }
                    if let Some(promised) = promised.filter(|promised| *promised > row.revision) {
                        faults.add(format!(
                            "event {id} shows content {}, although content {promised} was acknowledged",
                            row.revision
                        ));
                    }
                    found += usize::from(content.state == State::InFlight);
                    content.state = State::Promised;
                }
            }
            for content in &mut event.contents {
                if content.state == State::InFlight {
                    content.state = State::Unanswered;
                }
            }
        }
        for id in seen.keys() {
            faults.add(format!("event {id} is there and was never sent"));
        }
        if faults.number == 0 {
            Ok(found)
        } else {
            Err(faults)
        }
    }

    fn contents_in(&self, state: State) -> usize {
        self.events
            .values()
            .flat_map(|event| &event.contents)
            .filter(|content| content.state == state)
            .count()
    }
}

/// What does not agree.
#[derive(Debug, Default)]
pub(super) struct Faults {
    number: usize,
    told: Vec<String>,
}

impl Faults {
    fn add(&mut self, fault: String) {
        self.number += 1;
        if self.told.len() < FAULTS_TOLD {
            self.told.push(fault);
        }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} faults", self.number)?;
        for fault in &self.told {
            write!(f, "\n  {fault}")?;
        }
        if self.number > self.told.len() {
            write!(f, "\n  … and {} more", self.number - self.told.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        let (id, revision) = text.split_at(1);
        let revision = revision.parse().unwrap();
        Row {
            id: id.to_owned(),
            time: Timestamp::from_unix_seconds(revision as i64),
            revision,
        }
    }

    /// `sent` names an event by a letter and a content by a digit; `!` behind it says acknowledged.
    fn check(sent: &str, rows: &str, expected: Result<usize, &str>) {
        let mut diary = Diary::default();
        for word in sent.split_whitespace() {
            let content = row(word.trim_end_matches('!'));
            assert_eq!(
                diary.sends_new_content(&content.id, content.time),
                content.revision
            );
            if word.ends_with('!') {
                diary.acknowledge(&[(content.id, content.revision)]);
            }
        }
        let rows: Vec<Row> = rows.split_whitespace().map(row).collect();
        match (diary.compare(&rows), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{sent} | {}", rows.len()),
            (Err(faults), Err(part)) => assert!(faults.to_string().contains(part), "{sent}: {faults}"),
            (got, _) => panic!("{sent}: {got:?}"),
        }
    }

    #[test]
    fn what_was_acknowledged_must_be_there_once() {
        check("a0! b0!", "a0 b0", Ok(0));
        check("a0! b0!", "a0", Err("event b is lost"));
        check("a0! b0!", "a0 b0 a0", Err("event a is there twice"));
    }

    #[test]
    fn what_was_not_answered_may_be_there_once() {
        check("a0! b0 c0", "a0 c0", Ok(1));
        check("a0! b0", "a0", Ok(0));
        check("a0! b0", "a0 b0 b0", Err("event b is there twice"));
        check("a0!", "a0 z0", Err("event z is there and was never sent"));
    }

    #[test]
    fn an_acknowledged_content_is_never_taken_back() {
        check("a0! a1!", "a1", Ok(0));
        check("a0! a1", "a0", Ok(0));
        check("a0! a1", "a1", Ok(1));
        check("a0 a1!", "a1", Ok(0));
        check("a0! a1!", "a0", Err("shows content 0, although content 1"));
        check("a0!", "a1", Err("content 1, which was never sent"));
    }

    #[test]
    fn what_a_reader_saw_must_stay() {
        let mut diary = Diary::default();
        diary.sends_new_content("a", row("a0").time);
        assert_eq!(diary.compare(&[row("a0")]).unwrap(), 1);
        assert!(
            diary
                .compare(&[])
                .unwrap_err()
                .to_string()
                .contains("event a is lost")
        );
    }
}
