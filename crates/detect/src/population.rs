//! What is usual for everybody in a directory: a snapshot for each UTC day, made of the days before it.
//!
//! One sign-in can be judged against everybody only in one order of arrival. So it is judged against the snapshot of its day, which is made
//! once, has a version, and is named in the finding.

use crate::habits::{Feature, Value, values};
use crate::seen::{Outcome, Seen};
use model::event::SignInKind;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Days that a snapshot is made of.
pub const DAYS: i64 = 30;
/// So many people must have used an address, on so many days, for it to be taken for a shared exit of the directory: an office, its VPN.
const EXIT_PEOPLE: usize = 8;
const EXIT_DAYS: usize = 5;
/// So many people must use a network, and so many cities must its addresses be in, for it to be one that wanders.
const WANDERING_PEOPLE: usize = 8;
const WANDERING_CITIES: usize = 3;
/// People of one address that are counted on one day; more change nothing.
const COUNTED_PEOPLE: usize = 64;
/// Different values of a feature that are kept of one day; beyond, the rest counts as unseen.
const KEPT_VALUES: usize = 200_000;

/// What one UTC day showed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    sign_ins: u64,
    #[serde(with = "pairs")]
    counts: HashMap<(Feature, Value), u32>,
    /// Who was at an address, by numbers of people.
    #[serde(with = "pairs")]
    people_at: HashMap<Value, BTreeSet<u64>>,
    /// Who was in a network, the same way, and in which cities its addresses were.
    #[serde(with = "pairs")]
    people_in: HashMap<Value, BTreeSet<u64>>,
    #[serde(with = "pairs")]
    cities_of: HashMap<Value, BTreeSet<u64>>,
}

impl Day {
    /// Learns from a success of the day, of whichever person.
    pub fn add(&mut self, seen: &Seen) {
        if seen.outcome != Outcome::Success || seen.kind != SignInKind::Interactive {
            return;
        }
        self.sign_ins += 1;
        let person = crate::hashing::number(&[seen.subject.as_bytes()]);
        let values = values(seen);
        if let Some(network) = values.of(Feature::Network) {
            note(&mut self.people_in, network, person);
            if let Some(city) = values.of(Feature::City) {
                note(&mut self.cities_of, network, city);
            }
        }
        for (feature, value) in values.told() {
            if self.counts.len() < KEPT_VALUES || self.counts.contains_key(&(feature, value)) {
                *self.counts.entry((feature, value)).or_default() += 1;
            }
            if feature == Feature::Address {
                note(&mut self.people_at, value, person);
            }
        }
    }
}

/// Notes that something was seen with a value, within bounds.
fn note(seen_with: &mut HashMap<Value, BTreeSet<u64>>, value: Value, what: u64) {
    if seen_with.len() >= KEPT_VALUES && !seen_with.contains_key(&value) {
        return;
    }
    let all = seen_with.entry(value).or_default();
    if all.len() < COUNTED_PEOPLE {
        all.insert(what);
    }
}

/// What was usual in a directory before a day.
///
/// Nearly all of its room is taken by the counts, and only a sign-in that is scored needs those of its day. The rest, which a judgement of a whole
/// history needs day by day, is small, and is what is serialized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// The UTC day that it is for, counted from 1970: what came before is in it.
    pub day: i64,
    /// Sign-ins that it is made of.
    pub sign_ins: u64,
    /// Of which days it is made: bit 0 is the day before its own, bit 1 the one before that. Days that are closed later are not in it.
    made_of: u32,
    /// What more than one sign-in had, by feature and value; sorted. `None` if they are not at hand.
    #[serde(skip)]
    counts: Option<Box<[(Key, u32)]>>,
    /// Addresses that many people share; sorted.
    exits: Vec<(Value, Exit)>,
    /// Networks whose addresses wander; sorted.
    wandering: Vec<(Value, Wandering)>,
}

/// A feature and its value in one number: what it must be short for, there is one of them for each value and day.
type Key = u64;

fn key(feature: Feature, value: Value) -> Key {
    crate::hashing::number(&[&[feature as u8], &value.to_le_bytes()])
}

/// An address that many people of the directory share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exit {
    /// How many people.
    pub(crate) people: usize,
    /// On how many days.
    pub(crate) days: usize,
}

/// A network that people of the directory use, and whose addresses databases place in many cities: a carrier's, where somebody at home and their
/// telephone in their hand are hundreds of kilometres apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wandering {
    /// How many people.
    pub(crate) people: usize,
    /// In how many cities.
    pub(crate) cities: usize,
}

impl Default for Population {
    /// That of nobody.
    fn default() -> Population {
        Population {
            day: 0,
            sign_ins: 0,
            made_of: 0,
            counts: Some(Box::default()),
            exits: Vec::new(),
            wandering: Vec::new(),
        }
    }
}

impl Population {
    /// The snapshot for a day, of what the days before it showed.
    pub fn for_day(day: i64, days: &BTreeMap<i64, Day>) -> Population {
        let mut sign_ins = 0;
        let mut made_of = 0;
        let mut at: HashMap<Value, (BTreeSet<u64>, usize)> = HashMap::new();
        let mut networks: HashMap<Value, (BTreeSet<u64>, BTreeSet<u64>)> = HashMap::new();
        for (of, shown) in days.range(day - DAYS..day) {
            made_of |= 1 << (day - 1 - of);
            for (network, people) in &shown.people_in {
                networks.entry(*network).or_default().0.extend(people);
            }
            for (network, cities) in &shown.cities_of {
                networks.entry(*network).or_default().1.extend(cities);
            }
            sign_ins += shown.sign_ins;
            for (address, people) in &shown.people_at {
                let entry = at.entry(*address).or_default();
                entry.0.extend(people);
                entry.1 += 1;
            }
        }
        let exits = at.into_iter().map(|(address, (people, days))| {
            let people = people.len();
            (address, Exit { people, days })
        });
        let mut exits: Vec<(Value, Exit)> = exits
            .filter(|(_, exit)| exit.people >= EXIT_PEOPLE && exit.days >= EXIT_DAYS)
            .collect();
        exits.sort_unstable_by_key(|(address, _)| *address);
        let wandering = networks.into_iter().map(|(network, (people, cities))| {
            let (people, cities) = (people.len(), cities.len());
            (network, Wandering { people, cities })
        });
        let mut wandering: Vec<(Value, Wandering)> = wandering
            .filter(|(_, wandering)| {
                wandering.people >= WANDERING_PEOPLE && wandering.cities >= WANDERING_CITIES
            })
            .collect();
        wandering.sort_unstable_by_key(|(network, _)| *network);
        let mut population = Population {
            day,
            sign_ins,
            made_of,
            counts: None,
            exits,
            wandering,
        };
        population.count(days);
        population
    }

    /// The days that it is made of.
    pub fn made_of(&self) -> impl Iterator<Item = i64> + use<> {
        let (day, made_of) = (self.day, self.made_of);
        (0..DAYS)
            .filter(move |back| made_of >> back & 1 == 1)
            .map(move |back| day - 1 - back)
    }

    /// Whether sign-ins of its day can be scored.
    pub fn has_counts(&self) -> bool {
        self.counts.is_some()
    }

    /// The counts of the days that it is made of, as far as they are still there.
    fn count(&mut self, days: &BTreeMap<i64, Day>) {
        let mut counts: HashMap<Key, u32> = HashMap::new();
        for shown in self.made_of().filter_map(|day| days.get(&day)) {
            for ((feature, value), count) in &shown.counts {
                *counts.entry(key(*feature, *value)).or_default() += count;
            }
        }
        let mut several: Box<[(Key, u32)]> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
        several.sort_unstable();
        self.counts = Some(several);
    }

    /// The share of sign-ins with a value; of one that nobody or one alone had, that of one sign-in.
    pub(crate) fn share(&self, feature: Feature, value: Value) -> f64 {
        debug_assert!(
            self.counts.is_some(),
            "a sign-in of day {} is scored without counts",
            self.day
        );
        let counts = self.counts.as_deref().unwrap_or_default();
        let wanted = key(feature, value);
        let at = counts.binary_search_by_key(&wanted, |(key, _)| *key);
        let count = at.map_or(1.0, |at| f64::from(counts[at].1));
        count / (self.sign_ins as f64 + 1.0)
    }

    /// The network whose addresses wander, if it is one.
    pub(crate) fn wandering(&self, network: Option<Value>) -> Option<Wandering> {
        let wanted = network?;
        let at = self
            .wandering
            .binary_search_by_key(&wanted, |(network, _)| *network);
        at.ok().map(|at| self.wandering[at].1)
    }

    /// The shared exit that an address is.
    pub(crate) fn exit(&self, address: Option<Value>) -> Option<Exit> {
        let wanted = address?;
        let at = self.exits.binary_search_by_key(&wanted, |(address, _)| *address);
        at.ok().map(|at| self.exits[at].1)
    }
}

/// The snapshots by day.
#[derive(Debug, Clone, Default)]
pub struct Populations {
    by_day: BTreeMap<i64, Arc<Population>>,
    nobody: Arc<Population>,
}

impl Populations {
    /// Adds the snapshot for a day; one for the same day takes the place of the former.
    pub fn insert(&mut self, population: Population) {
        self.by_day.insert(population.day, Arc::new(population));
    }

    /// All of them, by day.
    pub fn all(&self) -> impl Iterator<Item = &Population> {
        self.by_day.values().map(|population| &**population)
    }

    /// Whether there is a snapshot for a day.
    pub fn has(&self, day: i64) -> bool {
        self.by_day.contains_key(&day)
    }

    /// Forgets snapshots for days before one.
    pub fn forget_before(&mut self, day: i64) {
        self.by_day = self.by_day.split_off(&day);
    }

    /// Counts again for the snapshot of a day, out of the days that it is made of.
    pub fn count(&mut self, day: i64, days: &BTreeMap<i64, Day>) {
        if let Some(population) = self.by_day.get_mut(&day) {
            Arc::make_mut(population).count(days);
        }
    }

    /// Lets go of the counts of snapshots for days of which that is said.
    pub fn forget_counts(&mut self, mut of: impl FnMut(i64) -> bool) {
        for (day, population) in &mut self.by_day {
            if population.has_counts() && of(*day) {
                Arc::make_mut(population).counts = None;
            }
        }
    }

    /// What counts for a sign-in of a day: its own snapshot, else the newest before; nothing is usual where there is none.
    pub fn at(&self, day: i64) -> &Population {
        self.by_day
            .range(..=day)
            .next_back()
            .map_or(&self.nobody, |(_, population)| population)
    }

    /// Snapshots for all days that sign-ins tell of, as they would have been made day by day.
    pub fn of<'a>(sign_ins: impl IntoIterator<Item = &'a Seen>) -> Populations {
        let mut days: BTreeMap<i64, Day> = BTreeMap::new();
        for seen in sign_ins {
            days.entry(seen.time.day()).or_default().add(seen);
        }
        let mut populations = Populations::default();
        let (Some(first), Some(last)) = (days.keys().next().copied(), days.keys().next_back().copied())
        else {
            return populations;
        };
        for day in first..=last + 1 {
            populations.insert(Population::for_day(day, &days));
        }
        populations
    }
}

/// Maps with keys that are no text, as lists of pairs, sorted: the same map is always the same bytes.
mod pairs {
    use super::HashMap;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::hash::Hash;

    pub(super) fn serialize<K, V, S>(map: &HashMap<K, V>, to: S) -> Result<S::Ok, S::Error>
    where
        K: Serialize + Ord,
        V: Serialize,
        S: Serializer,
    {
        let mut pairs: Vec<(&K, &V)> = map.iter().collect();
        pairs.sort_unstable_by_key(|(key, _)| *key);
        pairs.serialize(to)
    }

    pub(super) fn deserialize<'a, K, V, D>(from: D) -> Result<HashMap<K, V>, D::Error>
    where
        K: Deserialize<'a> + Eq + Hash,
        V: Deserialize<'a>,
        D: Deserializer<'a>,
    {
        Ok(Vec::<(K, V)>::deserialize(from)?.into_iter().collect())
    }
}
