//! What events add to the usage reports, kept so that it can be taken back: the writing side.

use model::time::TICKS_PER_DAY;
use model::usage::{Amounts, Member, Named, Tally, UsageDraft};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// Names that are remembered at the most; then all are forgotten and looked up again.
const NAMES_REMEMBERED: usize = 50_000;
/// `usage.member` where there is none.
const NOBODY: i64 = 0;

/// The applications, accounts and groups of a month that were met lately.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<(u8, String), KnownName>);

#[derive(Debug, Clone)]
struct KnownName {
    id: i64,
    name: Label,
    title: Label,
}

/// What something is called, and the last day on which an event called it so: the last day wins, then the larger text, so
/// that every order of arrival agrees.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Label {
    day: Option<i64>,
    text: Option<String>,
}

/// (tally, day, subject, member)
type Place = (u8, i64, i64, i64);

/// The sums of one commit, not written yet.
#[derive(Debug, Default)]
pub(super) struct Sums(BTreeMap<Place, Amounts>);

impl Names {
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    fn id(&mut self, connection: &Connection, named: &Named, day: i64) -> rusqlite::Result<i64> {
        if self.0.len() >= NAMES_REMEMBERED {
            self.0.clear();
        }
        let place = (named.sort.number(), named.key.clone());
        let mut known = match self.0.get(&place) {
            Some(known) => known.clone(),
            None => look_up(connection, named)?,
        };
        let label = |text: &Option<String>| match text {
            Some(_) => Label {
                day: Some(day),
                text: text.clone(),
            },
            None => Label::default(),
        };
        let (name, title) = (label(&named.name), label(&named.title));
        if name > known.name || title > known.title {
            known.name = known.name.max(name);
            known.title = known.title.max(title);
            connection
                .prepare_cached(
                    "UPDATE named SET name = ?2, name_day = ?3, title = ?4, title_day = ?5 WHERE id = ?1",
                )?
                .execute(params![
                    known.id,
                    known.name.text,
                    known.name.day,
                    known.title.text,
                    known.title.day
                ])?;
        }
        let id = known.id;
        self.0.insert(place, known);
        Ok(id)
    }
}

fn look_up(connection: &Connection, named: &Named) -> rusqlite::Result<KnownName> {
    let found = connection
        .prepare_cached(
            "SELECT id, name, name_day, title, title_day FROM named WHERE sort = ?1 AND key = ?2",
        )?
        .query_row(params![named.sort.number(), named.key], |row| {
            Ok(KnownName {
                id: row.get(0)?,
                name: Label {
                    text: row.get(1)?,
                    day: row.get(2)?,
                },
                title: Label {
                    text: row.get(3)?,
                    day: row.get(4)?,
                },
            })
        })
        .optional()?;
    if let Some(found) = found {
        return Ok(found);
    }
    let id = connection
        .prepare_cached("INSERT INTO named(sort, key) VALUES (?1, ?2)")?
        .insert(params![named.sort.number(), named.key])?;
    Ok(KnownName {
        id,
        name: Label::default(),
        title: Label::default(),
    })
}

impl Sums {
    /// Adds what a winning content adds, and answers how it is noted beside the event: `[[tally, subject, member, …], …]`,
    /// with numbers of this month's `named`.
    pub(super) fn add(
        &mut self,
        connection: &Connection,
        names: &mut Names,
        time_ticks: i64,
        drafts: &[UsageDraft],
    ) -> rusqlite::Result<Option<String>> {
        if drafts.is_empty() {
            return Ok(None);
        }
        let day = time_ticks.div_euclid(TICKS_PER_DAY);
        let mut note = String::with_capacity(32);
        for draft in drafts {
            let subject = names.id(connection, &draft.subject, day)?;
            let member = match &draft.member {
                Member::Nobody => NOBODY,
                Member::Named(named) => names.id(connection, named, day)?,
                Member::Instant => time_ticks,
            };
            self.change((draft.tally.number(), day, subject, member), draft.amounts, 1);
            let separator = if note.is_empty() { '[' } else { ',' };
            let [first, second, third] = draft.amounts;
            // Writing into memory cannot fail.
            let _ = write!(
                note,
                "{separator}[{},{subject},{member},{first},{second},{third}]",
                draft.tally.number()
            );
        }
        note.push(']');
        Ok(Some(note))
    }

    /// Takes back what was noted beside an event that wins no longer.
    pub(super) fn take_back(&mut self, time_ticks: i64, note: &str) {
        let day = time_ticks.div_euclid(TICKS_PER_DAY);
        let noted: Vec<[i64; 6]> = serde_json::from_str(note).unwrap_or_default();
        for [tally, subject, member, first, second, third] in noted {
            if let Some(tally) = Tally::ALL.iter().find(|known| i64::from(known.number()) == tally) {
                self.change((tally.number(), day, subject, member), [first, second, third], -1);
            }
        }
    }

    fn change(&mut self, place: Place, amounts: Amounts, times: i64) {
        let sum = self.0.entry(place).or_default();
        for (sum, amount) in sum.iter_mut().zip(amounts) {
            *sum += amount * times;
        }
    }

    /// Writes the sums, in the order in which they are kept.
    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO usage(tally, day, subject, member, first, second, third) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT DO UPDATE SET first = first + excluded.first, second = second + excluded.second,
                third = third + excluded.third",
        )?;
        for ((tally, day, subject, member), [first, second, third]) in self.0 {
            if [first, second, third] != [0, 0, 0] {
                statement.execute(params![tally, day, subject, member, first, second, third])?;
            }
        }
        Ok(())
    }
}
