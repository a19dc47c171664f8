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
pub(super) struct Names {
    /// By [`model::usage::Sort::number`] and key.
    known: HashMap<u8, HashMap<String, KnownName>>,
    remembered: usize,
}

#[derive(Debug)]
struct KnownName {
    id: i64,
    name: Label,
    title: Label,
}

/// What something is called, and the last day on which an event called it so: the last day wins, then the larger text, so
/// that every order of arrival agrees.
#[derive(Debug, Default)]
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
        self.known = HashMap::new();
        self.remembered = 0;
    }

    fn id(&mut self, connection: &Connection, named: &Named, day: i64) -> rusqlite::Result<i64> {
        let of_sort = self.known.get_mut(&named.sort.number());
        if let Some(known) = of_sort.and_then(|names| names.get_mut(&named.key)) {
            known.hear(connection, named, day)?;
            return Ok(known.id);
        }
        if self.remembered >= NAMES_REMEMBERED {
            self.forget();
        }
        let known = match look_up(connection, named)? {
            Some(mut known) => {
                known.hear(connection, named, day)?;
                known
            }
            None => KnownName::first(connection, named, day)?,
        };
        let id = known.id;
        self.known
            .entry(named.sort.number())
            .or_default()
            .insert(named.key.clone(), known);
        self.remembered += 1;
        Ok(id)
    }
}

impl KnownName {
    /// Something that the month has not met yet, with what an event of a day calls it.
    fn first(connection: &Connection, named: &Named, day: i64) -> rusqlite::Result<KnownName> {
        let (mut name, mut title) = (Label::default(), Label::default());
        name.hear(named.name.as_deref(), day);
        title.hear(named.title.as_deref(), day);
        let id = connection
            .prepare_cached(
                "INSERT INTO named(sort, key, name, name_day, title, title_day) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .insert(params![
                named.sort.number(),
                named.key,
                name.text,
                name.day,
                title.text,
                title.day
            ])?;
        Ok(KnownName { id, name, title })
    }

    /// Takes what an event of a day calls it.
    fn hear(&mut self, connection: &Connection, named: &Named, day: i64) -> rusqlite::Result<()> {
        let is_new = [
            self.name.hear(named.name.as_deref(), day),
            self.title.hear(named.title.as_deref(), day),
        ];
        if is_new == [false, false] {
            return Ok(());
        }
        connection
            .prepare_cached(
                "UPDATE named SET name = ?2, name_day = ?3, title = ?4, title_day = ?5 WHERE id = ?1",
            )?
            .execute(params![
                self.id,
                self.name.text,
                self.name.day,
                self.title.text,
                self.title.day
            ])?;
        Ok(())
    }
}

impl Label {
    /// Whether the text is taken.
    fn hear(&mut self, text: Option<&str>, day: i64) -> bool {
        if text.is_none() || (Some(day), text) <= (self.day, self.text.as_deref()) {
            return false;
        }
        *self = Label {
            day: Some(day),
            text: text.map(str::to_owned),
        };
        true
    }
}

fn look_up(connection: &Connection, named: &Named) -> rusqlite::Result<Option<KnownName>> {
    connection
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
        .optional()
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
                Member::Named(member) => names.id(connection, member, day)?,
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
