//! Stories and scripts: sign-ins written as lines, and a stand-in for the store that keeps events and findings.

#![allow(clippy::unwrap_used, dead_code)] // Each test program uses its own part.

use detect::{
    Effect, Engine, NO_LONGER, Outcome, Populations, RuleBook, Rules, Seen, Subject, Tool, detectors, settle,
};
use model::event::SignInKind;
use model::finding::{Finding, Person};
use model::identity::{EventKey, Kind};
use model::tenant::TenantId;
use model::time::{TICKS_PER_SECOND, Timestamp};
use model::whereabouts::{Country, ListClass, Listing, Network, Spot, Whereabouts};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

/// The tenant of all tests.
pub(crate) fn tenant() -> TenantId {
    TenantId::parse("4b2462a4-bbee-495a-a0e1-f23ae524cc9c").unwrap()
}

/// Places and addresses of a story.
#[derive(Default)]
pub(crate) struct Atlas {
    places: HashMap<String, (Country, Spot)>,
    addresses: HashMap<IpAddr, Arc<Whereabouts>>,
}

impl Atlas {
    /// `Berlin DE 52.52 13.405 25`: name, country, degrees north and east, radius in kilometres.
    pub(crate) fn place(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words[at].parse::<f64>().unwrap();
        let spot = Spot {
            latitude_degrees: number(2),
            longitude_degrees: number(3),
            radius_km: number(4),
            city: Some(Arc::from(words[0])),
            region: None,
        };
        let country = Country::parse(words[1]).unwrap();
        self.places.insert(words[0].to_owned(), (country, spot));
    }

    /// `203.0.113.9 @Berlin AS64501 vpn:rented stale note=x`: a place by name or a country by two letters, a network, a list.
    pub(crate) fn address(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let address: IpAddr = words.next().unwrap().parse().unwrap();
        let mut at = Whereabouts::default();
        for word in words {
            if let Some(place) = word.strip_prefix('@') {
                match self.places.get(place) {
                    Some((country, spot)) => {
                        at.country = Some(*country);
                        at.spot = Some(spot.clone());
                    }
                    None => at.country = Some(Country::parse(place).unwrap()),
                }
            } else if let Some(number) = word.strip_prefix("AS") {
                at.network = Some(Network {
                    number: number.parse().unwrap(),
                    name: Arc::from("Example"),
                });
            } else if let Some((class, list)) = word.split_once(':') {
                let class = ListClass::ALL
                    .iter()
                    .find(|known| known.as_str() == class)
                    .unwrap();
                at.listed.push(Listing {
                    class: *class,
                    list: Arc::from(list),
                    note: None,
                    since: None,
                    as_of: Timestamp::from_unix_seconds(1_770_000_000),
                    is_stale: false,
                });
            } else if word == "stale" {
                at.listed.last_mut().unwrap().is_stale = true;
            } else if let Some(note) = word.strip_prefix("note=") {
                at.listed.last_mut().unwrap().note = Some(Arc::from(note));
            } else {
                panic!("what is {word}?");
            }
        }
        self.addresses.insert(address, Arc::new(at));
    }

    /// `2026-03-02 02:00:00 ann wrong 203.0.113.9 x9 every 20s by=client federated with=curl/8 device=d1`; `p1..p9` are nine people.
    pub(crate) fn sign_ins(&self, line: &str, numbered_from: usize) -> Vec<Arc<Seen>> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let start = Timestamp::parse_vendor(&format!("{}T{}Z", words[0], words[1])).unwrap();
        let people = people(words[2]);
        let address: IpAddr = words[4].parse().unwrap();
        let (mut times, mut every) = (1, 0);
        let mut kind = SignInKind::Interactive;
        let mut is_federated = false;
        let mut tool = Tool {
            user_agent: Some(Arc::from("Mozilla/5.0 (Windows NT 10.0) Chrome/118.0")),
            browser: Some(Arc::from("chrome")),
            operating_system: Some(Arc::from("windows")),
            ..Tool::default()
        };
        let mut rest = words[5..].iter();
        while let Some(word) = rest.next() {
            if let Some(number) = word.strip_prefix('x') {
                times = number.parse().unwrap();
            } else if *word == "every" {
                every = seconds(rest.next().unwrap());
            } else if *word == "by=client" {
                kind = SignInKind::NonInteractive;
            } else if *word == "federated" {
                is_federated = true;
            } else if let Some(agent) = word.strip_prefix("with=") {
                tool.user_agent = Some(Arc::from(agent));
                tool.browser = None;
            } else if let Some(device) = word.strip_prefix("device=") {
                tool.device_id = Some(Arc::from(device));
            } else {
                panic!("what is {word}?");
            }
        }
        let outcome = match words[3] {
            "ok" => Outcome::Success,
            "wrong" | "unknown" => Outcome::WrongCredentials,
            "interrupted" => Outcome::Interrupted,
            "failed" => Outcome::OtherFailure,
            other => panic!("what is {other}?"),
        };
        let count = times.max(people.len());
        (0..count)
            .map(|index| {
                let person = &people[index % people.len()];
                Arc::new(Seen {
                    key: key(numbered_from + index),
                    time: start.plus_ticks(every * index as i64 * TICKS_PER_SECOND),
                    subject: Arc::from(person.as_str()),
                    person: Person {
                        user_name: Some(person.clone()),
                        ..Person::default()
                    },
                    kind,
                    outcome,
                    account_is_unknown: words[3] == "unknown",
                    is_federated,
                    address: Some(address),
                    whereabouts: self.addresses.get(&address).cloned().unwrap_or_default(),
                    tool: tool.clone(),
                    shown: detect::Shown::default(),
                })
            })
            .collect()
    }
}

/// The key of an event of a test.
pub(crate) fn key(number: usize) -> EventKey {
    EventKey::from_fields("test/1", Kind::SignIn, &[&number.to_string()])
}

fn people(word: &str) -> Vec<String> {
    let Some((first, last)) = word.split_once("..") else {
        return vec![word.to_owned()];
    };
    let split = first.find(|c: char| c.is_ascii_digit()).unwrap();
    let (name, from) = first.split_at(split);
    let to: usize = last[split..].parse().unwrap();
    (from.parse::<usize>().unwrap()..=to)
        .map(|number| format!("{name}{number}"))
        .collect()
}

fn seconds(text: &str) -> i64 {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: i64 = number.parse().unwrap();
    number
        * match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            other => panic!("what is {other}?"),
        }
}

/// What stands in for the store and for the task that drives the engine.
pub(crate) struct House {
    /// The engine.
    pub(crate) engine: Engine,
    /// Events by key, as they are now.
    pub(crate) events: BTreeMap<EventKey, Arc<Seen>>,
    /// Findings by id, retracted ones among them.
    pub(crate) findings: BTreeMap<uuid::Uuid, Finding>,
    populations: Populations,
    /// What the engine let go of, by whose it is.
    shelf: BTreeMap<Subject, Vec<u8>>,
    /// How often something was taken from there.
    pub(crate) recalled: usize,
    /// How often a history was judged.
    pub(crate) judged: usize,
}

impl House {
    /// A house without events.
    pub(crate) fn new(populations: &Populations) -> House {
        House {
            engine: engine(populations),
            events: BTreeMap::new(),
            findings: BTreeMap::new(),
            populations: populations.clone(),
            shelf: BTreeMap::new(),
            recalled: 0,
            judged: 0,
        }
    }

    /// The engine remembers so many from now on.
    pub(crate) fn remember(&mut self, remembered: usize) {
        self.engine.remember(remembered);
    }

    /// The same, and what it lets go of is kept, however little it is.
    pub(crate) fn remember_and_keep(&mut self, remembered: usize) {
        self.engine.keep_from(0);
        self.remember(remembered);
    }

    /// The engine remembers a subject that it let go of. What was on the shelf is not there any more: from now on it may be another.
    fn recall(&mut self, subject: &Subject) {
        self.shelf.extend(self.engine.let_go());
        if !self.engine.remembers(subject)
            && let Some(state) = self.shelf.remove(subject)
        {
            assert!(self.engine.recall(subject, &state), "{subject:?}");
            self.recalled += 1;
        }
    }

    /// The engine ends without a word, and another begins.
    pub(crate) fn restart(&mut self, populations: &Populations) {
        self.engine = engine(populations);
    }

    /// Stores a sign-in; one that is there with the same content changes nothing. Gives what must be observed: the sign-in, and the one
    /// that it takes the place of.
    pub(crate) fn store(&mut self, seen: &Arc<Seen>) -> Vec<Arc<Seen>> {
        match self.events.insert(seen.key, Arc::clone(seen)) {
            Some(former) if former == *seen => Vec::new(),
            Some(former) => vec![former, Arc::clone(seen)],
            None => vec![Arc::clone(seen)],
        }
    }

    /// Shows the engine what was stored.
    pub(crate) fn observe(&mut self, news: &[Arc<Seen>]) {
        if let [former, now] = news {
            for seen in [former, now] {
                self.judge(&Subject::Person(Arc::clone(&seen.subject)), seen.time);
                if let Some(address) = seen.address {
                    self.judge(&Subject::Address(address), seen.time);
                }
            }
            return;
        }
        for seen in news {
            self.recall(&Subject::Person(Arc::clone(&seen.subject)));
            if let Some(address) = seen.address {
                self.recall(&Subject::Address(address));
            }
            let observed = self.engine.observe(seen);
            for finding in observed.found {
                self.findings.insert(finding.id, finding);
            }
            for effect in observed.effects {
                let Effect::JudgeAgain { subject, from } = effect;
                self.judge(&subject, from);
            }
        }
    }

    fn judge(&mut self, subject: &Subject, from: Timestamp) {
        self.recall(subject);
        self.judged += 1;
        let reach = self.engine.reach(subject, from);
        let decides_from = reach.decides_from;
        let is_of = |seen: &Seen| match subject {
            Subject::Person(name) => seen.subject == *name,
            Subject::Address(address) => seen.address == Some(*address),
        };
        let history = self
            .events
            .values()
            .filter(|seen| is_of(seen) && seen.time >= reach.history_from);
        let history: Vec<Arc<Seen>> = history.cloned().collect();
        // Only what is decided is scored, by counts that are at hand.
        let populations = self.engine.populations_mut();
        let first = populations.at(decides_from.day()).day;
        populations.forget_counts(|day| day < first);
        let holds = self.engine.judge(subject, history, reach);
        *self.engine.populations_mut() = self.populations.clone();
        let before = self.findings.values().filter(|finding| {
            let judges = detectors::of(&finding.found).judges;
            let is_of = match subject {
                Subject::Person(name) => {
                    judges == detectors::Judges::People && finding.person.user_name.as_deref() == Some(name)
                }
                Subject::Address(address) => {
                    judges == detectors::Judges::Addresses && finding.address == Some(address.to_string())
                }
            };
            is_of && finding.time >= decides_from
        });
        for finding in settle(before.cloned().collect(), holds, NO_LONGER) {
            self.findings.insert(finding.id, finding);
        }
    }

    /// From when on sign-ins of a person are read to judge one of a time; `None` for all that there are.
    pub(crate) fn history_from(&self, person: &str, time: Timestamp) -> Option<Timestamp> {
        let reach = self.engine.reach(&Subject::Person(Arc::from(person)), time);
        (reach.history_from != Timestamp::MIN).then_some(reach.history_from)
    }

    /// The findings that hold.
    pub(crate) fn holding(&self) -> Vec<Finding> {
        self.findings
            .values()
            .filter(|finding| finding.retracted.is_none())
            .cloned()
            .collect()
    }
}

fn engine(populations: &Populations) -> Engine {
    let mut engine = Engine::new(tenant(), RuleBook::of(Rules::default()), 1_000);
    *engine.populations_mut() = populations.clone();
    engine
}

/// Findings as lines, by time.
pub(crate) fn lines(findings: &[Finding]) -> Vec<String> {
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            let person = finding.person.user_name.as_deref().unwrap_or("nobody");
            format!(
                "{} {} {person}: {}",
                finding.time,
                finding.found.detector(),
                finding.summary
            )
        })
        .collect();
    lines.sort();
    lines
}
