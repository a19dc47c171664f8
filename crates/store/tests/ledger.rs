//! Whatever comes in whatever order, with purges and restarts between, the ledger is a plain account of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod told;

use model::batch::{Batch, EventDraft, Lateness};
use model::gaps::missing_numbers;
use model::time::{Month, TICKS_PER_DAY, TICKS_PER_SECOND, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;
use store::events::{EventStore, Purge};
use store::ledger::{HourOf, SourceHour};
use store::sqlite::{CommitPoint, Options};
use told::{event, open, tenant, time};

const HOUR: i64 = 3_600 * TICKS_PER_SECOND;
const ALLOWED: i64 = 900 * TICKS_PER_SECOND;
const SOURCES: [&str; 3] = ["import", "feed:a", "feed:b"];

#[derive(Debug, Clone)]
enum Step {
    /// Source, hour of arrival since the start, events (id, quarter of an hour, content), ignored, rejected, number.
    Brings(usize, i64, Vec<(u8, i64, u8)>, u64, u64, u64),
    /// The oldest month that is there.
    Purges,
    Restarts,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Three months of quarters, many of them in few hours so that lines meet.
    let quarter = prop_oneof![0_i64..40, 0_i64..8_000, Just(20_000_i64)];
    let events = prop::collection::vec((0_u8..14, quarter, 0_u8..4), 0..9);
    let brings = (0_usize..3, 0_i64..5, events, 0_u64..3, 0_u64..3, 1_u64..12).prop_map(
        |(source, hour, events, ignored, rejected, number)| {
            Step::Brings(source, hour, events, ignored, rejected, number)
        },
    );
    prop::collection::vec(
        prop_oneof![12 => brings, 1 => Just(Step::Purges), 1 => Just(Step::Restarts)],
        1..14,
    )
}

fn start() -> Timestamp {
    time("2017-03-30T00:00:00Z")
}

fn draft((id, quarter, content): (u8, i64, u8)) -> EventDraft {
    let time = start().plus_ticks(quarter * HOUR / 4);
    let mut draft = event(&id.to_string(), &time.to_string(), content);
    // The same content has the same time.
    draft.rank.digest = [content; 16];
    draft.rank.digest[..8].copy_from_slice(&quarter.to_le_bytes());
    draft
}

/// A line: batches, read, new, changed, known, ignored, rejected, late, seconds late, ticks of the latest, quarantined, oldest,
/// newest.
type Line = [i64; 13];
const EMPTY: Line = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, i64::MAX, i64::MIN];

/// The account as somebody would keep it who reads every batch with a pencil.
#[derive(Default)]
struct Account {
    /// Source, hour of arrival, hour of the event (none for records without one).
    lines: BTreeMap<(&'static str, i64, Option<i64>), Line>,
    contents: BTreeMap<[u8; 16], (Month, BTreeSet<[u8; 16]>)>,
    newest: BTreeMap<&'static str, i64>,
    purged: BTreeSet<Month>,
    numbers: BTreeMap<&'static str, BTreeSet<u64>>,
}

impl Account {
    fn bring(&mut self, batch: &Batch, source: &'static str) {
        let arrived = batch.arrived.ticks();
        let arrival_hour = arrived.div_euclid(HOUR) * HOUR;
        let before = self.newest.get(source).copied();
        let mut rejected = batch.rejected as i64;
        // Where the batch is counted: the first event of the first month that it writes to.
        let mut counted: Option<(Month, i64)> = None;
        let mut heard = before;
        for event in &batch.events {
            let time = event.time.ticks();
            let home = self
                .contents
                .get(&event.key.0)
                .map_or(event.time.month(), |(home, _)| *home);
            if self.purged.contains(&home) {
                rejected += 1;
                continue;
            }
            let hour = time.div_euclid(HOUR) * HOUR;
            if counted.is_none_or(|(month, _)| home < month) {
                counted = Some((home, hour));
            }
            let (_, contents) = self
                .contents
                .entry(event.key.0)
                .or_insert_with(|| (home, BTreeSet::new()));
            let (is_first, is_other) = (contents.is_empty(), contents.insert(event.rank.digest));
            let is_ahead = time > arrived + TICKS_PER_DAY;
            let line = self
                .lines
                .entry((source, arrival_hour, Some(hour)))
                .or_insert(EMPTY);
            line[1] += 1;
            line[2] += i64::from(is_first);
            line[3] += i64::from(!is_first && is_other);
            line[4] += i64::from(!is_other);
            let is_known_or_sound = !is_other || !is_ahead;
            if is_known_or_sound {
                heard = heard.max(Some(time));
            }
            if !is_other {
                continue;
            }
            if source != "import" && before.is_some_and(|newest| time + ALLOWED < newest) {
                let late_by = before.unwrap() - time;
                line[7] += 1;
                line[8] += late_by / TICKS_PER_SECOND;
                line[9] = line[9].max(late_by);
            }
            line[10] += i64::from(is_ahead);
            if !is_ahead {
                line[11] = line[11].min(time);
                line[12] = line[12].max(time);
            }
        }
        if let Some(heard) = heard.filter(|_| source != "import") {
            self.newest.insert(source, heard);
        }
        let told_none = batch.ignored as i64 + rejected;
        if told_none > 0 || counted.is_none() {
            let line = self.lines.entry((source, arrival_hour, None)).or_insert(EMPTY);
            line[0] += i64::from(counted.is_none());
            line[1] += told_none;
            line[5] += batch.ignored as i64;
            line[6] += rejected;
        }
        if let Some((_, hour)) = counted {
            self.lines.get_mut(&(source, arrival_hour, Some(hour))).unwrap()[0] += 1;
        }
        self.numbers
            .entry(source)
            .or_default()
            .insert(batch.sequence.unwrap());
    }

    /// After a start, a feed's newest is what the ledger says.
    fn restart(&mut self) {
        self.newest.clear();
        for ((source, _, _), line) in &self.lines {
            if *source != "import" && line[12] > i64::MIN {
                let newest = self.newest.entry(source).or_insert(i64::MIN);
                *newest = (*newest).max(line[12]);
            }
        }
    }

    fn sums(&self, source: &str, by: HourOf) -> BTreeMap<i64, Line> {
        let mut sums: BTreeMap<i64, Line> = BTreeMap::new();
        for ((name, arrival, happened), line) in &self.lines {
            let hour = match by {
                HourOf::Arrival => Some(*arrival),
                HourOf::Event => *happened,
            };
            let Some(hour) = hour.filter(|_| *name == source) else {
                continue;
            };
            let sum = sums.entry(hour).or_insert(EMPTY);
            for place in [0, 1, 2, 3, 4, 5, 6, 7, 8, 10] {
                sum[place] += line[place];
            }
            sum[9] = sum[9].max(line[9]);
            sum[11] = sum[11].min(line[11]);
            sum[12] = sum[12].max(line[12]);
        }
        sums
    }
}

fn line_of(hour: &SourceHour) -> Line {
    let counts = &hour.counts;
    let numbers = [
        hour.batches,
        counts.read,
        counts.new,
        counts.changed,
        counts.known,
        counts.ignored,
        counts.rejected,
        counts.late,
        hour.late_by.seconds,
        hour.late_by.most_ticks.unsigned_abs(),
        counts.quarantined,
    ];
    let mut line = EMPTY;
    for (place, number) in numbers.into_iter().enumerate() {
        line[place] = number as i64;
    }
    line[11] = hour.oldest.map_or(i64::MAX, Timestamp::ticks);
    line[12] = hour.newest.map_or(i64::MIN, Timestamp::ticks);
    line
}

fn compare(store: &dyn EventStore, account: &Account) {
    for source in SOURCES {
        for by in [HourOf::Arrival, HourOf::Event] {
            let hours = store.source_hours(tenant(), source, by, None, 1_000).unwrap();
            let told: BTreeMap<i64, Line> = hours
                .iter()
                .map(|hour| (hour.hour.ticks(), line_of(hour)))
                .collect();
            assert_eq!(told, account.sums(source, by), "{source} by {by:?}");
        }
        let facts = store.source_facts(tenant(), Some(source)).unwrap();
        let missing = facts
            .first()
            .map_or(Vec::new(), |facts| missing_numbers(&facts.received));
        let numbers = account.numbers.get(source).cloned().unwrap_or_default();
        let highest = numbers.last().copied().unwrap_or_default();
        let expected: Vec<u64> = (1..highest).filter(|number| !numbers.contains(number)).collect();
        let missing: Vec<u64> = missing.iter().flat_map(|(first, last)| *first..=*last).collect();
        assert_eq!(missing, expected, "{source}");
    }
    let proof = store.prove(tenant()).unwrap();
    assert!(proof.faults.is_empty(), "{}", proof.faults.join("\n"));
    assert!(
        proof.hours.iter().all(|hour| hour.told == hour.found),
        "{proof:?}"
    );
    let read: u64 = proof.hours.iter().map(|hour| hour.counts.read).sum();
    assert_eq!(
        read as i64,
        account.lines.values().map(|line| line[1]).sum::<i64>()
    );
    let faults = store.check(tenant()).unwrap().faults;
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn check(steps: &[Step]) {
    let parent = tempfile::tempdir_in(if std::path::Path::new("/dev/shm").is_dir() {
        "/dev/shm"
    } else {
        "."
    })
    .unwrap();
    let data = parent.path().join("data");
    let mut opened = open(&data);
    let mut account = Account::default();
    for step in steps {
        match step {
            Step::Brings(source, hour, events, ignored, rejected, number) => {
                let source = SOURCES[*source];
                let batch = Batch {
                    source: source.to_owned(),
                    arrived: time("2017-06-21T12:34:56Z").plus_ticks(hour * HOUR),
                    lateness: if source == "import" {
                        Lateness::NotCounted
                    } else {
                        Lateness::After(ALLOWED)
                    },
                    ignored: *ignored,
                    rejected: *rejected,
                    sequence: Some(*number),
                    ..told::batch(&events.iter().map(|told| draft(*told)).collect::<Vec<_>>())
                };
                account.bring(&batch, source);
                told::try_append(opened.store.as_ref(), batch).unwrap();
            }
            Step::Purges => {
                let months = opened.store.months(tenant()).unwrap();
                let Some(oldest) = months.first() else { continue };
                let purged = opened
                    .store
                    .purge(tenant(), oldest, time("2017-08-01T00:00:00Z"))
                    .unwrap();
                assert_eq!(purged, Purge::Freed);
                account.purged.insert(oldest.month);
                account.contents.retain(|_, (home, _)| *home != oldest.month);
            }
            Step::Restarts => {
                drop(opened);
                opened = open(&data);
                account.restart();
            }
        }
    }
    compare(opened.store.as_ref(), &account);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_is_a_plain_account_of_any_script(steps in steps()) {
        check(&steps);
    }
}

/// Changes the file of a month behind the store's back; the recount must say so.
fn check_tampered(damage: &str, expected: &str) {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let opened = open(&data);
    let feed = |arrived: &str, events: &[EventDraft]| Batch {
        arrived: time(arrived),
        lateness: Lateness::After(ALLOWED),
        ignored: 1,
        ..told::batch(events)
    };
    let first = feed("2017-05-18T12:00:00Z", &[event("a", "2017-05-18T11:30:00Z", 1)]);
    let late = feed("2017-05-18T12:10:00Z", &[event("b", "2017-05-18T10:30:00Z", 1)]);
    told::try_append(opened.store.as_ref(), first).unwrap();
    told::try_append(opened.store.as_ref(), late).unwrap();
    assert!(opened.store.prove(tenant()).unwrap().faults.is_empty());
    let path = data.join("tenants").join(tenant().to_string()).join("2017-05.db");
    let changed = rusqlite::Connection::open(path)
        .unwrap()
        .execute(damage, [])
        .unwrap();
    assert_ne!(changed, 0, "nothing was damaged by: {damage}");
    let faults = opened.store.prove(tenant()).unwrap().faults;
    assert!(
        faults.iter().any(|fault| fault.contains(expected)),
        "{damage}: {faults:?}"
    );
}

#[test]
fn what_was_tampered_with_is_found() {
    check_tampered(
        "UPDATE ledger SET new = new + 1, read = read + 1 WHERE new > 0",
        "it says +1 new",
    );
    check_tampered("DELETE FROM ledger WHERE late > 0", "-1 new");
    check_tampered(
        "UPDATE ledger SET late = 0, late_seconds = 0, late_most = 0",
        "-1 late",
    );
    check_tampered(
        "UPDATE ledger SET late_seconds = late_seconds + 5 WHERE late > 0",
        "+5 seconds late",
    );
    check_tampered(
        "UPDATE ledger SET oldest = oldest + 1",
        "oldest 2017-05-18T10:30:00.0000001Z instead of",
    );
    check_tampered("UPDATE ledger SET newest = NULL", "newest none instead of");
    check_tampered("UPDATE ledger SET read = read + 1", "does not add up");
    check_tampered(
        "UPDATE ledger SET ignored = ignored + 1 WHERE ignored > 0",
        "does not add up",
    );
    check_tampered("DELETE FROM events WHERE late_by IS NOT NULL", "+1 late");
    check_tampered(
        "UPDATE events SET time = time - 36000000000",
        "the ledger disagrees",
    );
}

/// A numbered upload of a feed, with an event on each of the days.
fn numbered(number: u64, days: &[&str]) -> Batch {
    let events: Vec<EventDraft> = days
        .iter()
        .map(|day| event(&format!("{number} {day}"), &format!("{day}T10:00:00Z"), 1))
        .collect();
    Batch {
        source: "feed:a".to_owned(),
        ignored: 1,
        sequence: Some(number),
        ..told::batch(&events)
    }
}

/// A folder where a commit costs little.
fn quick_folder() -> tempfile::TempDir {
    let quick = std::path::Path::new("/dev/shm");
    tempfile::tempdir_in(if quick.is_dir() {
        quick
    } else {
        std::path::Path::new(".")
    })
    .unwrap()
}

/// The numbers that came, as the store says.
fn numbers(store: &dyn EventStore) -> BTreeSet<u64> {
    let facts = store.source_facts(tenant(), Some("feed:a")).unwrap();
    let runs = facts.first().map_or(Vec::new(), |facts| facts.received.clone());
    runs.iter().flat_map(|(first, last)| *first..=*last).collect()
}

/// The runs that are written down, file by file.
fn rows(data: &std::path::Path) -> BTreeMap<String, Vec<(i64, i64)>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(data.join("tenants").join(tenant().to_string())).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "db") {
            continue;
        }
        let file = rusqlite::Connection::open(&path).unwrap();
        let mut statement = file
            .prepare("SELECT first, last FROM received ORDER BY 1, 2")
            .unwrap();
        let runs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        files.insert(name, runs.unwrap().map(Result::unwrap).collect());
    }
    files
}

const PLACES: [&[&str]; 4] = [
    &[],
    &["2017-04-10"],
    &["2017-05-10"],
    &["2017-04-11", "2017-05-11"],
];

#[test]
fn two_thousand_uploads_that_alternate_leave_few_rows() {
    let parent = quick_folder();
    let data = parent.path().join("data");
    let mut opened = open(&data);
    let lost = [7, 1_300];
    for number in (1..=2_000_u64).filter(|number| !lost.contains(number)) {
        let days = PLACES[number as usize % 4];
        told::try_append(opened.store.as_ref(), numbered(number, days)).unwrap();
        if number == 1_000 {
            drop(opened);
            opened = open(&data);
        }
    }
    let expected: BTreeSet<u64> = (1..=2_000).filter(|number| !lost.contains(number)).collect();
    assert_eq!(numbers(opened.store.as_ref()), expected);
    let rows = rows(&data);
    let most = rows.values().map(Vec::len).max();
    // Two losses make three runs.
    assert!(most <= Some(3), "{most:?} rows in a file");
    assert_eq!(rows.len(), 3);
}

#[test]
fn while_a_backup_copies_no_file_speaks_for_another() {
    let parent = quick_folder();
    let data = parent.path().join("data");
    let opened = open(&data);
    let store = opened.store.as_ref();
    let bring = |number: u64, days: &[&str]| {
        told::try_append(store, numbered(number, days)).unwrap();
    };
    bring(1, &[]);
    bring(2, PLACES[1]);
    let backup = store.begin_backup().unwrap();
    bring(3, &[]);
    bring(4, PLACES[1]);
    // A copy of the month may be without the catalogue's third, and the other way round.
    let under_way = rows(&data);
    assert_eq!(under_way["catalogue"], [(1, 1), (3, 3)]);
    assert_eq!(under_way["2017-04"], [(1, 2), (4, 4)]);
    drop(backup);
    bring(5, PLACES[1]);
    assert_eq!(rows(&data)["2017-04"], [(1, 5)]);
}

static DIES_BETWEEN_MONTHS: AtomicBool = AtomicBool::new(false);

fn die(point: CommitPoint) {
    assert!(
        !(point == CommitPoint::BetweenMonths && DIES_BETWEEN_MONTHS.swap(false, Ordering::SeqCst)),
        "ends here, as the test wants it"
    );
}

#[test]
fn a_number_whose_upload_broke_off_between_months_has_not_come() {
    let parent = quick_folder();
    let data = parent.path().join("data");
    let options = Options {
        reached: Some(die),
        ..Options::default()
    };
    let mut opened = told::open_with(&data, options);
    for restarts in [false, true] {
        let store = opened.store.as_ref();
        let first = if restarts { 4 } else { 1 };
        let before: BTreeSet<u64> = (1..=first).collect();
        told::try_append(store, numbered(first, PLACES[1])).unwrap();
        DIES_BETWEEN_MONTHS.store(true, Ordering::SeqCst);
        told::try_append(store, numbered(first + 1, PLACES[3])).unwrap_err();
        assert_eq!(numbers(store), before);
        if restarts {
            drop(opened);
            opened = told::open_with(&data, options);
        }
        let store = opened.store.as_ref();
        told::try_append(store, numbered(first + 2, PLACES[1])).unwrap();
        let with_hole: BTreeSet<u64> = before.iter().copied().chain([first + 2]).collect();
        assert_eq!(numbers(store), with_hole);
        told::try_append(store, numbered(first + 1, PLACES[3])).unwrap();
        assert_eq!(numbers(store), (1..=first + 2).collect());
    }
}

/// Whom a commit wakes when it stands between its months, and what it waits for there.
static STANDS: Mutex<Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>> = Mutex::new(None);

fn stand(_: CommitPoint) {
    if let Some((standing, go_on)) = STANDS.lock().unwrap().take() {
        standing.send(()).unwrap();
        go_on.recv().unwrap();
    }
}

#[test]
fn what_the_ledger_has_counted_is_in_the_pages() {
    let parent = quick_folder();
    let options = Options {
        reached: Some(stand),
        ..Options::default()
    };
    let opened = told::open_with(&parent.path().join("data"), options);
    let store = opened.store.as_ref();
    told::append(store, &[event("1", "2017-05-01", 1), event("2", "2017-06-01", 1)]);
    let (standing, stands) = mpsc::channel();
    let (go, go_on) = mpsc::channel();
    *STANDS.lock().unwrap() = Some((standing, go_on));
    let counted_and_shown = || {
        let counted = store.ledger(tenant()).unwrap()[0].counts.new;
        let hours = store
            .source_hours(tenant(), "test", HourOf::Event, None, 100)
            .unwrap();
        let of_hours: u64 = hours.iter().map(|hour| hour.counts.new).sum();
        (
            counted,
            of_hours,
            store.scan(tenant(), &told::query(10)).unwrap().rows,
        )
    };
    std::thread::scope(|scope| {
        scope.spawn(|| told::append(store, &[event("3", "2017-05-02", 1), event("4", "2017-06-02", 1)]));
        stands.recv().unwrap();
        let asks = scope.spawn(counted_and_shown);
        // Time enough to answer too early; who is slower than that has no wrong answer.
        for _ in 0..100 {
            if asks.is_finished() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        go.send(()).unwrap();
        let (counted, of_hours, shown) = asks.join().unwrap();
        assert!(
            counted.max(of_hours) <= shown as u64,
            "{counted} {of_hours} {shown}"
        );
    });
}

/// A number and where its upload's events go; 4 frees the oldest month, 5 starts anew.
fn check_numbers(steps: &[(u64, usize)]) {
    let parent = quick_folder();
    let data = parent.path().join("data");
    let mut opened = open(&data);
    let mut expected = BTreeSet::new();
    for (number, place) in steps {
        match place {
            4 => {
                let months = opened.store.months(tenant()).unwrap();
                let Some(oldest) = months.first() else { continue };
                let now = time("2017-08-01T00:00:00Z");
                opened.store.purge(tenant(), oldest, now).unwrap();
            }
            5 => {
                drop(opened);
                opened = open(&data);
            }
            _ => {
                told::try_append(opened.store.as_ref(), numbered(*number, PLACES[*place])).unwrap();
                expected.insert(*number);
            }
        }
        assert_eq!(numbers(opened.store.as_ref()), expected, "{steps:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_numbers_that_came_are_a_plain_set(
        steps in prop::collection::vec((1_u64..20, prop_oneof![6 => 0_usize..4, 1 => 4_usize..6]), 1..30)
    ) {
        check_numbers(&steps);
    }
}
