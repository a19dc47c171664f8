//! The made-up people of a directory: who they are, where they live and what is on their desks.

use crate::chance::Chance;
use crate::devices::{DESKTOPS, LEGACY_CLIENTS, Machine, PHONES};
use crate::names::{DEPARTMENTS, Department, FAMILY, GIVEN, IT, Name};
use crate::places::CITIES;
use std::collections::HashMap;
use uuid::Uuid;

/// One person.
#[derive(Debug)]
pub(crate) struct Person {
    /// The object id in the directory.
    pub(crate) id: Uuid,
    pub(crate) display_name: String,
    pub(crate) user_principal_name: String,
    pub(crate) department: &'static Department,
    pub(crate) title: &'static str,
    /// Index of the city of home and desk.
    pub(crate) city: usize,
    pub(crate) desktop: &'static Machine,
    pub(crate) desktop_id: Uuid,
    pub(crate) desktop_name: String,
    pub(crate) phone: &'static Machine,
    /// A client that knows only a password, for the few who still have one.
    pub(crate) legacy_client: Option<&'static str>,
    /// The minute of the local day around which work begins.
    pub(crate) starts_at_minute: i64,
    /// How many of a thousand working days are spent at home.
    pub(crate) days_at_home: u64,
}

/// A name and an address that nobody of the directory has: for accounts that come and go.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub(crate) id: Uuid,
    pub(crate) display_name: String,
    pub(crate) user_principal_name: String,
}

/// The people of a directory and who of them administers it.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) people: Vec<Person>,
    /// Indexes of the administrators; not empty unless there is nobody.
    pub(crate) administrators: Vec<u32>,
    /// The city of the head office.
    pub(crate) head_office: usize,
    /// The cities of all offices.
    pub(crate) offices: Vec<usize>,
}

/// How many offices a company has.
const OFFICES: usize = 6;

impl Cast {
    /// Makes up a directory. People are the same whatever the number of people after them.
    pub(crate) fn new(seed: u64, users: u32, domain: &str) -> Cast {
        let mut chance = Chance::of(seed, &[KEY_OFFICES]);
        let mut offices = Vec::with_capacity(OFFICES);
        while offices.len() < OFFICES {
            let city = chance.below(CITIES.len() as u64) as usize;
            if !offices.contains(&city) {
                offices.push(city);
            }
        }
        let mut names = HashMap::new();
        let people: Vec<Person> = (0..users)
            .map(|number| person(seed, number, domain, &offices, &mut names))
            .collect();
        let mut administrators: Vec<u32> = (0..users)
            .filter(|number| people[*number as usize].department.name == IT)
            .take(MOST_ADMINISTRATORS)
            .collect();
        if administrators.is_empty() && users > 0 {
            administrators.push(0);
        }
        Cast {
            people,
            administrators,
            head_office: offices[0],
            offices,
        }
    }
}

impl Stranger {
    /// Makes up somebody who is not of the cast.
    pub(crate) fn new(chance: &mut Chance, domain: &str) -> Stranger {
        let (given, family) = (chance.pick(GIVEN), chance.pick(FAMILY));
        Stranger {
            id: chance.guid(),
            display_name: format!("{} {}", given.0, family.0),
            user_principal_name: format!("{}.{}.{:04}@{domain}", given.1, family.1, chance.below(10_000)),
        }
    }
}

const KEY_OFFICES: u64 = 1;
const KEY_PERSON: u64 = 2;

/// More administrators than this would be a finding of its own.
const MOST_ADMINISTRATORS: usize = 8;

fn person(
    seed: u64,
    number: u32,
    domain: &str,
    offices: &[usize],
    names: &mut HashMap<(&'static str, &'static str), u32>,
) -> Person {
    let chance = &mut Chance::of(seed, &[KEY_PERSON, u64::from(number)]);
    let (given, family): (&Name, &Name) = (chance.pick(GIVEN), chance.pick(FAMILY));
    let namesakes = names.entry((given.1, family.1)).or_insert(0);
    *namesakes += 1;
    let suffix = if *namesakes > 1 {
        namesakes.to_string()
    } else {
        String::new()
    };
    let department = chance.weighted(DEPARTMENTS);
    // Half of the people at the head office, most of the others at a branch, and some wherever they like.
    let city = match chance.below(100) {
        0..50 => offices[0],
        50..92 => *chance.pick(&offices[1..]),
        _ => chance.below(CITIES.len() as u64) as usize,
    };
    let desktop = chance.weighted(DESKTOPS);
    Person {
        id: chance.guid(),
        display_name: format!("{} {}", given.0, family.0),
        user_principal_name: format!("{}.{}{suffix}@{domain}", given.1, family.1),
        department,
        title: chance.word(department.titles),
        city,
        desktop,
        desktop_id: chance.guid(),
        desktop_name: format!(
            "{}-{:06X}",
            if desktop.operating_system == "MacOs" {
                "MAC"
            } else {
                "PC"
            },
            number
        ),
        phone: chance.weighted(PHONES),
        legacy_client: chance.in_thousand(60).then(|| *chance.weighted(LEGACY_CLIENTS)),
        starts_at_minute: chance.around(8 * 60 + 40, 100),
        days_at_home: chance.below(700),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nobody_shares_an_address_or_an_id() {
        let cast = Cast::new(1, 3000, "contoso.example");
        let addresses: HashSet<_> = cast
            .people
            .iter()
            .map(|person| &person.user_principal_name)
            .collect();
        let ids: HashSet<_> = cast.people.iter().map(|person| person.id).collect();
        assert_eq!((addresses.len(), ids.len()), (3000, 3000));
    }

    #[test]
    fn people_stay_the_same_when_more_are_hired() {
        let small = Cast::new(1, 10, "contoso.example");
        let large = Cast::new(1, 500, "contoso.example");
        for (one, other) in small.people.iter().zip(&large.people) {
            assert_eq!(
                (one.id, &one.user_principal_name),
                (other.id, &other.user_principal_name)
            );
        }
    }

    #[test]
    fn somebody_always_administers_unless_there_is_nobody() {
        for users in [1, 2, 50] {
            assert!(!Cast::new(9, users, "contoso.example").administrators.is_empty());
        }
        assert!(Cast::new(9, 0, "contoso.example").administrators.is_empty());
    }
}
