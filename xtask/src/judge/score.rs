//! Alarms against the truth: recall, precision and false alarms, by detector.

use super::contestants::{ADDRESSES, Alarm, FAILURES, INFECTED, IRREGULAR, TRAVEL, UNKNOWN};
use detect::Rules;
use model::identity::EventKey;
use model::time::TICKS_PER_SECOND;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use world::labels::{self, Takeover};
use world::oracles::{self, AfterFailures, UnknownSource};
use world::{AttackKind, HardCase, Record, World};

/// How many failures in a row matter, as the report's default has it.
pub(crate) const LEAST_FAILURES: u32 = 10;
/// The share of honest sign-ins at a screen that an irregular detector with scores may flag.
const FLAGGED_HONEST: f64 = 0.01;
/// An alarm of rules that do not tell the success belongs to one that follows within so long.
const FOLLOWS_SECONDS: i64 = 86_400;

/// Of which attacks the recall of journeys is told apart: what can be damped differs.
const TRAVEL_BY_KIND: &[(&[AttackKind], &str)] = &[
    (&[AttackKind::Naive], "recall, naive"),
    (
        &[AttackKind::VpnCountry, AttackKind::VpnCity],
        "recall, VPN in the country",
    ),
    (
        &[
            AttackKind::Targeted,
            AttackKind::SeenAddress,
            AttackKind::Infected,
        ],
        "recall, homes in the country",
    ),
    (&[AttackKind::Tor], "recall, Tor"),
    (
        &[AttackKind::Spray, AttackKind::Stuffing, AttackKind::BruteForce],
        "recall, guessed",
    ),
];

/// The truth of one world, ready to be asked.
pub(crate) struct Truth {
    records: HashMap<EventKey, Record>,
    names: HashMap<String, u32>,
    /// Accounts and days on which something happened.
    user_days: usize,
    /// Addresses from which something happened, and those of them from which somebody guessed.
    addresses: BTreeSet<IpAddr>,
    guessing: BTreeSet<IpAddr>,
    takeovers: Vec<Takeover>,
    /// For each guessing attack with a hit: the addresses of its hits.
    hits: Vec<(AttackKind, BTreeSet<IpAddr>)>,
    after_failures: Vec<AfterFailures>,
    unknown: Vec<UnknownSource>,
    infected: Vec<UnknownSource>,
    honest_successes: usize,
}

/// A figure of a table: what of how many.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Share {
    pub(crate) part: f64,
    pub(crate) whole: f64,
}

impl Share {
    fn of(part: usize, whole: usize) -> Share {
        Share {
            part: part as f64,
            whole: whole as f64,
        }
    }

    /// The share; nothing of nothing.
    pub(crate) fn value(self) -> Option<f64> {
        (self.whole > 0.0).then(|| self.part / self.whole)
    }
}

/// The figures of one contestant in one world by detector and name.
pub(crate) type Figures = BTreeMap<(&'static str, &'static str), Share>;

/// False travel alarms by the hard cases that their sign-ins had.
pub(crate) type Causes = BTreeMap<&'static str, usize>;

impl Truth {
    pub(crate) fn of(world: &World) -> Truth {
        let records = world.records();
        let takeovers = labels::takeovers(&records, &world.attacks);
        let mut hits: BTreeMap<u32, BTreeSet<IpAddr>> = BTreeMap::new();
        let mut guessing = BTreeSet::new();
        let mut addresses = BTreeSet::new();
        let mut honest = HashSet::new();
        for record in &records {
            let address = IpAddr::V4(record.address);
            addresses.insert(address);
            let Some(attack) = record.truth.actor.attack() else {
                if record.is_success() && record.is_interactive() {
                    honest.insert(record.key);
                }
                continue;
            };
            if !is_guessing(world.attacks[attack as usize].kind) {
                continue;
            }
            guessing.insert(address);
            if record.is_success() {
                hits.entry(attack).or_default().insert(address);
            }
        }
        let names = world
            .accounts()
            .iter()
            .enumerate()
            .map(|(number, account)| (account.name.clone(), number as u32));
        Truth {
            user_days: labels::person_days(&records)
                .keys()
                .filter(|(account, _)| (*account as usize) < world.accounts().len())
                .count(),
            names: names.collect(),
            addresses,
            guessing,
            takeovers,
            hits: hits
                .into_iter()
                .map(|(attack, addresses)| (world.attacks[attack as usize].kind, addresses))
                .collect(),
            after_failures: oracles::after_failures(&records, LEAST_FAILURES),
            unknown: oracles::unknown_sources(&records, &world.listings),
            infected: oracles::infected_devices(&records, &world.listings),
            honest_successes: honest.len(),
            records: records.into_iter().map(|record| (record.key, record)).collect(),
        }
    }

    /// Days on which an account had something, over all accounts.
    pub(crate) fn user_days(&self) -> usize {
        self.user_days
    }

    /// Takeovers, and how many of them are journeys that no airliner makes.
    pub(crate) fn takeovers(&self) -> (usize, usize) {
        let impossible = self
            .takeovers
            .iter()
            .filter(|takeover| takeover.impossible_km.is_some());
        (self.takeovers.len(), impossible.count())
    }

    /// All takeovers.
    pub(crate) fn takeovers_all(&self) -> &[Takeover] {
        &self.takeovers
    }

    /// The name of an account.
    pub(crate) fn name_of(&self, account: u32) -> &str {
        let named = self.names.iter().find(|(_, number)| **number == account);
        named.map_or("", |(name, _)| name)
    }

    /// Whether a sign-in is an honest success at a screen.
    pub(crate) fn is_honest(&self, key: &EventKey) -> bool {
        self.records.get(key).is_some_and(|record| {
            record.is_success() && record.is_interactive() && record.truth.actor.attack().is_none()
        })
    }

    /// The hard cases of an alarm's sign-ins.
    pub(crate) fn cases_of(&self, alarm: &Alarm) -> Vec<&'static str> {
        self.causes(alarm).into_iter().collect()
    }

    /// Everything that can be said of the alarms of a contestant that has these detectors.
    pub(crate) fn judge(&self, detectors: &[&str], alarms: &[Alarm]) -> (Figures, Causes) {
        let mut figures = Figures::new();
        let mut causes = Causes::new();
        let of = |detector: &str| -> Vec<&Alarm> {
            alarms.iter().filter(|alarm| alarm.detector == detector).collect()
        };
        for detector in detectors {
            let theirs = of(detector);
            match *detector {
                TRAVEL => self.travel(&theirs, &mut figures, &mut causes),
                FAILURES => self.failures(&theirs, &mut figures),
                UNKNOWN => self.by_day(UNKNOWN, &theirs, &self.unknown, &mut figures),
                INFECTED => self.by_day(INFECTED, &theirs, &self.infected, &mut figures),
                ADDRESSES => self.suspicious(&theirs, &mut figures),
                IRREGULAR => self.irregular(&theirs, &mut figures),
                _ => {}
            }
        }
        (figures, causes)
    }

    /// Whether a sign-in is an attacker's success.
    pub(crate) fn is_attackers(&self, key: EventKey) -> bool {
        self.records
            .get(&key)
            .is_some_and(|record| record.is_success() && record.truth.actor.attack().is_some())
    }

    fn account(&self, alarm: &Alarm) -> Option<u32> {
        self.names.get(&**alarm.subject.as_ref()?).copied()
    }

    fn travel(&self, alarms: &[&Alarm], figures: &mut Figures, causes: &mut Causes) {
        let told: HashSet<EventKey> = alarms
            .iter()
            .flat_map(|alarm| alarm.keys.iter().copied())
            .collect();
        let is_found = |takeover: &&Takeover| takeover.successes.iter().any(|key| told.contains(key));
        let impossible: Vec<&Takeover> = self
            .takeovers
            .iter()
            .filter(|takeover| takeover.impossible_km.is_some())
            .collect();
        let found = impossible
            .iter()
            .copied()
            .filter(|takeover| is_found(takeover))
            .count();
        let (right, wrong): (Vec<&Alarm>, Vec<&Alarm>) = alarms
            .iter()
            .copied()
            .partition(|alarm| alarm.keys.iter().any(|key| self.is_attackers(*key)));
        for alarm in &wrong {
            for cause in self.causes(alarm) {
                *causes.entry(cause).or_default() += 1;
            }
        }
        figures.insert((TRAVEL, "recall"), Share::of(found, impossible.len()));
        for (kinds, name) in TRAVEL_BY_KIND {
            let of_kind: Vec<&Takeover> = impossible
                .iter()
                .copied()
                .filter(|takeover| kinds.contains(&takeover.kind))
                .collect();
            let found = of_kind
                .iter()
                .copied()
                .filter(|takeover| is_found(takeover))
                .count();
            figures.insert((TRAVEL, name), Share::of(found, of_kind.len()));
        }
        figures.insert((TRAVEL, "precision"), Share::of(right.len(), alarms.len()));
        figures.insert(
            (TRAVEL, "false per 1,000 user-days"),
            Share::of(wrong.len() * 1000, self.user_days),
        );
    }

    /// The hard cases of an alarm's sign-ins that could have led to it.
    fn causes(&self, alarm: &Alarm) -> BTreeSet<&'static str> {
        let mut causes = BTreeSet::new();
        for record in alarm.keys.iter().filter_map(|key| self.records.get(key)) {
            for (case, words) in HardCase::ALL {
                let is_about_places = !matches!(
                    case,
                    HardCase::Interrupt | HardCase::Duplicate | HardCase::NatOffice
                );
                if is_about_places && record.truth.hard.has(*case) {
                    causes.insert(*words);
                }
            }
        }
        if causes.is_empty() {
            causes.insert("nothing but what the databases say");
        }
        causes
    }

    fn failures(&self, alarms: &[&Alarm], figures: &mut Figures) {
        let belongs = |alarm: &Alarm, row: &AfterFailures| {
            if alarm.count.is_some() {
                return alarm.keys.contains(&row.success) && alarm.count == Some(row.failures);
            }
            let seconds = (row.time.ticks() - alarm.time.ticks()) / TICKS_PER_SECOND;
            self.account(alarm) == Some(row.account) && (0..=FOLLOWS_SECONDS).contains(&seconds)
        };
        let rows = &self.after_failures;
        let found = rows
            .iter()
            .filter(|row| alarms.iter().any(|alarm| belongs(alarm, row)))
            .count();
        let right = alarms
            .iter()
            .filter(|alarm| rows.iter().any(|row| belongs(alarm, row)))
            .count();
        figures.insert((FAILURES, "recall"), Share::of(found, rows.len()));
        figures.insert((FAILURES, "precision"), Share::of(right, alarms.len()));
        let is_exact = found == rows.len() && alarms.len() == rows.len() && right == alarms.len();
        figures.insert(
            (FAILURES, "exactly the oracle's rows"),
            Share::of(usize::from(is_exact), 1),
        );
    }

    fn by_day(
        &self,
        detector: &'static str,
        alarms: &[&Alarm],
        rows: &[UnknownSource],
        figures: &mut Figures,
    ) {
        let told: HashSet<(u32, IpAddr, i64)> = alarms
            .iter()
            .filter_map(|alarm| Some((self.account(alarm)?, alarm.address?, alarm.time.day())))
            .collect();
        let true_rows: HashSet<(u32, IpAddr, i64)> = rows
            .iter()
            .map(|row| (row.account, IpAddr::V4(row.address), row.day))
            .collect();
        let found = true_rows.intersection(&told).count();
        figures.insert((detector, "recall"), Share::of(found, true_rows.len()));
        figures.insert((detector, "precision"), Share::of(found, told.len()));
        figures.insert(
            (detector, "false per 1,000 user-days"),
            Share::of((told.len() - found) * 1000, self.user_days),
        );
    }

    fn suspicious(&self, alarms: &[&Alarm], figures: &mut Figures) {
        let told: BTreeSet<IpAddr> = alarms.iter().filter_map(|alarm| alarm.address).collect();
        for (kind, name) in [
            (AttackKind::Spray, "sprays with a hit found"),
            (AttackKind::Stuffing, "stuffings with a hit found"),
            (AttackKind::BruteForce, "brute forces with a hit found"),
        ] {
            let of_kind: Vec<&BTreeSet<IpAddr>> = self
                .hits
                .iter()
                .filter(|(of, _)| *of == kind)
                .map(|(_, addresses)| addresses)
                .collect();
            let found = of_kind
                .iter()
                .filter(|addresses| addresses.iter().any(|address| told.contains(address)))
                .count();
            figures.insert((ADDRESSES, name), Share::of(found, of_kind.len()));
        }
        let wrong = told.difference(&self.guessing).count();
        figures.insert(
            (ADDRESSES, "precision"),
            Share::of(told.len() - wrong, told.len()),
        );
        figures.insert(
            (ADDRESSES, "false per 1,000 active addresses"),
            Share::of(wrong * 1000, self.addresses.len()),
        );
    }

    fn irregular(&self, alarms: &[&Alarm], figures: &mut Figures) {
        // The highest score of each sign-in; an alarm without a score is above every threshold.
        let mut scores: HashMap<EventKey, f64> = HashMap::new();
        for alarm in alarms {
            let score = alarm.score.unwrap_or(f64::INFINITY);
            for key in &alarm.keys {
                let best = scores.entry(*key).or_insert(score);
                *best = best.max(score);
            }
        }
        let mut honest: Vec<f64> = scores
            .iter()
            .filter(|(key, _)| self.is_honest(key))
            .map(|(_, score)| *score)
            .collect();
        honest.sort_by(|one, other| other.total_cmp(one));
        let allowed = (self.honest_successes as f64 * FLAGGED_HONEST) as usize;
        // Strictly above: what comes next after the allowed ones must not be flagged.
        let threshold = honest.get(allowed).copied().unwrap_or(f64::NEG_INFINITY);
        let is_flagged = |score: f64| score > threshold || score == f64::INFINITY;
        let flagged = honest.iter().filter(|score| is_flagged(**score)).count();
        figures.insert(
            (IRREGULAR, "score from which that is so"),
            Share {
                part: threshold,
                whole: 1.0,
            },
        );
        figures.insert(
            (IRREGULAR, "honest flagged"),
            Share::of(flagged, self.honest_successes),
        );
        let shipped = Rules::default().irregular.irregular_score;
        let flagged = honest.iter().filter(|score| **score >= shipped).count();
        figures.insert(
            (IRREGULAR, "honest flagged as shipped"),
            Share::of(flagged, self.honest_successes),
        );
        let mut caught: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
        let mut as_shipped: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
        for takeover in &self.takeovers {
            let name = match takeover.kind {
                AttackKind::Naive => "naive caught",
                AttackKind::VpnCountry | AttackKind::VpnCity => "VPN caught",
                AttackKind::Targeted => "targeted caught",
                AttackKind::SeenAddress => "address seen before caught",
                AttackKind::Tor => "Tor caught",
                _ => continue,
            };
            let is_caught = takeover
                .successes
                .iter()
                .any(|key| scores.get(key).is_some_and(|score| is_flagged(*score)));
            let counts = caught.entry(name).or_default();
            counts.0 += usize::from(is_caught);
            counts.1 += 1;
            let is_caught = takeover
                .successes
                .iter()
                .any(|key| scores.get(key).is_some_and(|score| *score >= shipped));
            let counts = as_shipped.entry(shipped_name(name)).or_default();
            counts.0 += usize::from(is_caught);
            counts.1 += 1;
        }
        for (name, (part, whole)) in caught.into_iter().chain(as_shipped) {
            figures.insert((IRREGULAR, name), Share::of(part, whole));
        }
    }
}

/// The figure of the same takeovers at the threshold that is shipped.
fn shipped_name(name: &str) -> &'static str {
    match name {
        "naive caught" => "naive caught as shipped",
        "VPN caught" => "VPN caught as shipped",
        "targeted caught" => "targeted caught as shipped",
        "Tor caught" => "Tor caught as shipped",
        _ => "address seen before caught as shipped",
    }
}

fn is_guessing(kind: AttackKind) -> bool {
    matches!(
        kind,
        AttackKind::Spray | AttackKind::Stuffing | AttackKind::BruteForce
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::time::Timestamp;
    use std::sync::Arc;
    use world::{Plan, sketch};

    const ALL: &[&str] = &[TRAVEL, FAILURES, UNKNOWN, ADDRESSES, INFECTED, IRREGULAR];

    fn world() -> (World, Truth) {
        let plan = Plan::new(7, 120, 40, Timestamp::from_unix_seconds(1_788_220_800));
        let world = World::make_up(&plan, &sketch::atlas()).unwrap();
        let truth = Truth::of(&world);
        (world, truth)
    }

    fn alarm(world: &World, detector: &'static str, record: &Record) -> Alarm {
        Alarm {
            detector,
            subject: Some(Arc::from(world.account(record.account).name.as_str())),
            address: Some(IpAddr::V4(record.address)),
            time: record.time,
            keys: vec![record.key],
            count: None,
            score: None,
            because: String::new(),
        }
    }

    /// An alarm of each detector for each record that is wanted.
    fn alarms(world: &World, is_wanted: impl Fn(&Record) -> bool) -> Vec<Alarm> {
        let records = world.records();
        let wanted = records.iter().filter(|record| is_wanted(record));
        wanted
            .flat_map(|record| ALL.iter().map(|detector| alarm(world, detector, record)))
            .collect()
    }

    fn check(figures: &Figures, detector: &'static str, figure: &'static str, expected: f64) {
        let value = figures.get(&(detector, figure)).copied().and_then(Share::value);
        assert_eq!(value, Some(expected), "{detector}: {figure}");
    }

    #[test]
    fn who_finds_nothing_has_missed_everything() {
        let (_, truth) = world();
        let (figures, causes) = truth.judge(ALL, &[]);
        check(&figures, TRAVEL, "recall", 0.0);
        check(&figures, TRAVEL, "false per 1,000 user-days", 0.0);
        check(&figures, FAILURES, "recall", 0.0);
        check(&figures, FAILURES, "exactly the oracle's rows", 0.0);
        check(&figures, UNKNOWN, "recall", 0.0);
        check(&figures, INFECTED, "recall", 0.0);
        check(&figures, ADDRESSES, "sprays with a hit found", 0.0);
        check(&figures, IRREGULAR, "naive caught", 0.0);
        assert!(causes.is_empty());
        assert!(truth.judge(&[], &[]).0.is_empty());
    }

    #[test]
    fn who_knows_the_attackers_finds_everything_and_nothing_else() {
        let (world, truth) = world();
        let guesses = |record: &Record| {
            let attack = record.truth.actor.attack().unwrap();
            is_guessing(world.attacks[attack as usize].kind)
        };
        let mut all = alarms(&world, |record| {
            record.is_success() && record.truth.actor.attack().is_some()
        });
        all.retain(|alarm| alarm.detector != ADDRESSES || guesses(&truth.records[&alarm.keys[0]]));
        let (figures, causes) = truth.judge(ALL, &all);
        check(&figures, TRAVEL, "recall", 1.0);
        check(&figures, TRAVEL, "precision", 1.0);
        check(&figures, ADDRESSES, "sprays with a hit found", 1.0);
        check(&figures, ADDRESSES, "precision", 1.0);
        check(&figures, IRREGULAR, "targeted caught", 1.0);
        check(&figures, IRREGULAR, "honest flagged", 0.0);
        assert!(causes.is_empty());
    }

    #[test]
    fn who_cries_at_the_honest_is_wrong_each_time() {
        let (world, truth) = world();
        let honest = |record: &Record| {
            record.is_success() && record.is_interactive() && record.truth.actor.attack().is_none()
        };
        let (figures, causes) = truth.judge(ALL, &alarms(&world, honest));
        check(&figures, TRAVEL, "recall", 0.0);
        check(&figures, TRAVEL, "precision", 0.0);
        check(&figures, IRREGULAR, "honest flagged", 1.0);
        check(&figures, IRREGULAR, "naive caught", 0.0);
        assert!(!causes.is_empty());
        let per_thousand = figures[&(TRAVEL, "false per 1,000 user-days")].value().unwrap();
        let records = world.records().iter().filter(|record| honest(record)).count();
        assert!((per_thousand - records as f64 * 1000.0 / truth.user_days() as f64).abs() < 1e-6);
    }

    #[test]
    fn rows_of_the_oracles_are_exact_and_a_wrong_count_is_not() {
        let (world, truth) = world();
        let mut rows: Vec<Alarm> = truth
            .after_failures
            .iter()
            .map(|row| {
                let mut alarm = alarm(&world, FAILURES, &truth.records[&row.success]);
                alarm.count = Some(row.failures);
                alarm
            })
            .collect();
        assert!(rows.len() > 3, "{}", rows.len());
        let exact = |rows: &[Alarm]| {
            let (figures, _) = truth.judge(&[FAILURES], rows);
            figures[&(FAILURES, "exactly the oracle's rows")].value() == Some(1.0)
        };
        assert!(exact(&rows));
        rows[0].count = rows[0].count.map(|count| count + 1);
        assert!(!exact(&rows));
        rows.remove(0);
        assert!(!exact(&rows));
    }

    /// With scores the judge sets the threshold: one honest sign-in in a hundred is flagged, and no more.
    #[test]
    fn the_threshold_of_scores_flags_one_honest_sign_in_in_a_hundred() {
        let (world, truth) = world();
        let mut number = 0.0;
        let mut all = alarms(&world, |record| record.is_success() && record.is_interactive());
        for alarm in &mut all {
            let record = &truth.records[&alarm.keys[0]];
            number += 1.0;
            alarm.score = Some(if record.truth.actor.attack().is_some() {
                1e9
            } else {
                number
            });
        }
        let (figures, _) = truth.judge(&[IRREGULAR], &all);
        let flagged = figures[&(IRREGULAR, "honest flagged")].value().unwrap();
        assert!((0.009..=0.01).contains(&flagged), "{flagged}");
        check(&figures, IRREGULAR, "targeted caught", 1.0);
    }
}
