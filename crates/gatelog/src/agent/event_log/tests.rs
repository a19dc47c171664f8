//! A channel that grows, is cleared and overwritten, as pieces in the spool. What stands in for `wevtutil` reads a plain file.

use super::*;
use crate::agent::lines::unpack;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tokio::runtime::Runtime;

const WEVTUTIL: &str = include_str!("../../../tests/agent/wevtutil.sh");

/// A channel, and the agent's input on it.
struct Site {
    folder: tempfile::TempDir,
    runtime: Runtime,
    spool: Arc<Spool>,
    counters: Arc<Counters>,
    plan: Plan,
    log: EventLog,
    now: Timestamp,
    /// The events that are in the channel: their numbers, and letters that tell them from others.
    events: Vec<(u64, String)>,
}

fn site(start: Start) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("wevtutil");
    fs::write(&program, WEVTUTIL).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let spool = Arc::new(Spool::open(&folder.path().join("state"), 1 << 30).unwrap());
    let plan = Plan {
        input: "mim".to_owned(),
        format: "auto".to_owned(),
        program,
        channel: "Requests".to_owned(),
        event_ids: Vec::new(),
        start,
        when_full: WhenFull::Block,
        poll: Duration::from_secs(1),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let counters = Arc::default();
    let log = opened(&runtime, &plan, &spool, &counters);
    let site = Site {
        folder,
        runtime,
        spool,
        counters,
        plan,
        log,
        now: Timestamp::from_unix_seconds(1_764_547_200),
        events: Vec::new(),
    };
    site.write();
    site
}

fn opened(runtime: &Runtime, plan: &Plan, spool: &Arc<Spool>, counters: &Arc<Counters>) -> EventLog {
    let _entered = runtime.enter();
    EventLog::open(plan.clone(), spool, counters, &CancellationToken::new())
}

fn xml(number: u64, name: &str) -> String {
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>4121</EventID><TimeCreated \
         SystemTime='{name}'/><EventRecordID>{number}</EventRecordID></System></Event>"
    )
}

impl Site {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self) {
        let lines = self
            .events
            .iter()
            .map(|(number, name)| format!("{number} {}\n", xml(*number, name)));
        fs::write(self.path().join("events"), lines.collect::<String>()).unwrap();
    }

    /// The channel has these events now.
    fn channel(&mut self, events: &[(u64, &str)]) {
        self.events = events
            .iter()
            .map(|(number, name)| (*number, (*name).to_owned()))
            .collect();
        self.write();
    }

    fn restart(&mut self) {
        self.log = opened(&self.runtime, &self.plan, &self.spool, &self.counters);
    }

    /// What is read until nothing more is there: the names of the events.
    fn read(&mut self) -> Vec<String> {
        while self.log.read(self.now).unwrap() == Step::Read {}
        self.taken()
    }

    fn taken(&self) -> Vec<String> {
        let mut names = Vec::new();
        while let Some(piece) = self.spool.take("mim").unwrap() {
            let body = String::from_utf8(unpack(&piece.body).unwrap()).unwrap();
            let of_piece = body
                .split("SystemTime='")
                .skip(1)
                .map(|rest| rest.split('\'').next().unwrap().to_owned());
            let of_piece: Vec<String> = of_piece.collect();
            assert_eq!(piece.records, of_piece.len() as u64);
            names.extend(of_piece);
            self.spool.done(piece.id).unwrap();
        }
        names
    }

    fn gaps(&self) -> Vec<(GapKind, u64)> {
        let gaps = self.spool.gaps().unwrap();
        gaps.iter().map(|(_, gap)| (gap.kind, gap.records)).collect()
    }
}

/// The events that a channel has, and those that are read of it.
type State<'a> = (&'a [(u64, &'a str)], &'a [&'a str]);

/// A channel goes through states; in each, some events are read. Between them the agent may be started anew. Then the gaps.
fn check(start: Start, states: &[State<'_>], gaps: &[(GapKind, u64)]) {
    for restarts in [false, true] {
        let mut site = site(start);
        for (events, expected) in states {
            site.channel(events);
            assert_eq!(site.read(), *expected, "{states:?}, restarts: {restarts}");
            assert_eq!(site.read(), [""; 0], "twice: {states:?}, restarts: {restarts}");
            if restarts {
                site.restart();
            }
        }
        assert_eq!(site.gaps(), gaps, "{states:?}, restarts: {restarts}");
    }
}

#[test]
fn a_channel_that_grows_is_read_once() {
    check(
        Start::Beginning,
        &[
            (&[], &[]),
            (&[(1, "a"), (2, "b")], &["a", "b"]),
            (&[(1, "a"), (2, "b"), (3, "c")], &["c"]),
        ],
        &[],
    );
    check(
        Start::End,
        &[
            (&[(1, "a"), (2, "b")], &[]),
            (&[(1, "a"), (2, "b"), (3, "c")], &["c"]),
        ],
        &[],
    );
}

#[test]
fn what_was_overwritten_before_it_was_read_is_told() {
    // The last one that was read is gone, and nothing else.
    check(
        Start::Beginning,
        &[
            (&[(1, "a"), (2, "b")], &["a", "b"]),
            (&[(3, "c"), (4, "d")], &["c", "d"]),
        ],
        &[],
    );
    check(
        Start::Beginning,
        &[(&[(1, "a")], &["a"]), (&[(5, "e"), (6, "f")], &["e", "f"])],
        &[(GapKind::Truncated, 3)],
    );
}

#[test]
fn a_channel_that_was_cleared_is_read_from_its_start() {
    // Numbers begin anew: behind the place that was read, at it, and beyond it.
    check(
        Start::Beginning,
        &[
            (&[(1, "a"), (2, "b"), (3, "c")], &["a", "b", "c"]),
            (&[], &[]),
            (&[(1, "x")], &["x"]),
        ],
        &[(GapKind::Truncated, 0)],
    );
    check(
        Start::Beginning,
        &[
            (&[(1, "a"), (2, "b")], &["a", "b"]),
            (&[(1, "x"), (2, "y")], &["x", "y"]),
        ],
        &[(GapKind::Truncated, 0)],
    );
    check(
        Start::Beginning,
        &[
            (&[(1, "a"), (2, "b")], &["a", "b"]),
            (&[(1, "x"), (2, "y"), (3, "z")], &["x", "y", "z"]),
        ],
        &[(GapKind::Truncated, 0)],
    );
    // Numbers go on, and nothing was missed.
    check(
        Start::Beginning,
        &[
            (&[(1, "a"), (2, "b")], &["a", "b"]),
            (&[], &[]),
            (&[(3, "c")], &["c"]),
        ],
        &[],
    );
}

#[test]
fn many_events_are_read_by_answers_and_pieces() {
    let mut site = site(Start::Beginning);
    let events: Vec<(u64, String)> = (1..=450).map(|number| (number, format!("e{number}"))).collect();
    site.events.clone_from(&events);
    site.write();
    let names: Vec<String> = events.into_iter().map(|(_, name)| name).collect();
    assert_eq!(site.read(), names);
}

#[test]
fn pieces_are_bounded_and_have_all_events_in_their_order() {
    let long = "x".repeat(PIECE_BYTES / 2);
    let longer = "y".repeat(PIECE_BYTES + 1);
    let check = |events: &[&str], expected: &[usize]| {
        let events: Vec<Event<'_>> = events
            .iter()
            .map(|xml| Event {
                number: 1,
                time: String::new(),
                xml,
            })
            .collect();
        let lengths: Vec<usize> = pieces(&events).map(<[_]>::len).collect();
        assert_eq!(lengths, expected);
    };
    check(&[], &[]);
    check(&["a", "b"], &[2]);
    check(&[&long, "a", &long, "b"], &[2, 2]);
    check(&[&longer, "a"], &[1, 1]);
}

#[test]
fn an_event_that_is_no_sound_xml_is_told_and_the_others_come() {
    let mut site = site(Start::Beginning);
    let unsound = "<Event><System><EventRecordID>2</EventRecordID></Sys</Event>";
    fs::write(
        site.path().join("events"),
        format!("1 {}\n2 {unsound}\n3 {}\n", xml(1, "a"), xml(3, "c")),
    )
    .unwrap();
    assert_eq!(site.read(), ["a", "c"]);
    assert_eq!(site.gaps(), [(GapKind::Unreadable, 1)]);
    assert_eq!(site.counters.all()["mim"].unreadable_records, 1);
}

#[test]
fn a_channel_that_cannot_be_read_is_told_once_and_read_when_it_can_be() {
    let mut site = site(Start::Beginning);
    site.channel(&[(1, "a")]);
    fs::write(site.path().join("fault"), "Access is denied.\r\n").unwrap();
    assert_eq!(site.log.read(site.now).unwrap(), Step::Idle);
    assert!(
        site.log.told.contains("`Requests`: wevtutil says no")
            && site.log.told.ends_with(": Access is denied."),
        "{}",
        site.log.told
    );
    fs::write(site.path().join("fault"), "").unwrap();
    assert_eq!(site.read(), ["a"]);
    assert_eq!(site.log.told, "");
    site.plan.program = site.path().join("nothing");
    site.restart();
    assert_eq!(site.log.read(site.now).unwrap(), Step::Idle);
    assert!(site.log.told.contains("cannot be started"), "{}", site.log.told);
}

#[test]
fn a_full_spool_leaves_events_where_they_are() {
    let mut site = site(Start::Beginning);
    site.spool = Arc::new(Spool::open(&site.path().join("other"), 1).unwrap());
    site.restart();
    site.channel(&[(1, "a")]);
    // The first piece is always taken, or one that is larger than the spool would wait for ever.
    assert_eq!(site.log.read(site.now).unwrap(), Step::Read);
    site.channel(&[(1, "a"), (2, "b")]);
    assert_eq!(site.log.read(site.now).unwrap(), Step::Blocked);
    assert_eq!(site.taken(), ["a"]);
    assert_eq!(site.read(), ["b"]);
    assert_eq!(site.gaps(), []);
}

#[test]
fn a_query_has_the_last_event_and_those_that_are_wanted() {
    let check = |number: u64, ids: &[RangeInclusive<u32>], expected: &str| {
        assert_eq!(query(number, ids), expected);
    };
    check(0, &[], "*");
    check(7, &[], "*[System[EventRecordID=7 or (EventRecordID>7)]]");
    check(
        7,
        &[4624..=4625, 4740..=4740],
        "*[System[EventRecordID=7 or (EventRecordID>7 and ((EventID>=4624 and EventID<=4625) or EventID=4740))]]",
    );
}

/// What happens to a channel.
#[derive(Debug, Clone)]
enum Happens {
    Written(u8),
    /// The oldest ones are overwritten.
    Overwritten(u8),
    Cleared {
        numbers_begin_anew: bool,
    },
    Read,
    Restart,
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (1..5u8).prop_map(Happens::Written),
        1 => (1..6u8).prop_map(Happens::Overwritten),
        1 => any::<bool>().prop_map(|numbers_begin_anew| Happens::Cleared { numbers_begin_anew }),
        4 => Just(Happens::Read),
        1 => Just(Happens::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each event comes once, in its order. One that does not come was gone before anybody looked, and then a gap was told, unless
    /// everything went with a clearing after which numbers went on or nothing was written, of which nobody can know.
    #[test]
    fn whatever_happens_to_a_channel_events_come_once_and_losses_are_told(script in prop::collection::vec(happens(), 1..30)) {
        let mut site = site(Start::Beginning);
        let (mut next, mut written, mut read) = (1_u64, 0_u64, Vec::new());
        let (mut gone, mut untold) = (Vec::new(), false);
        for step in script.iter().chain([&Happens::Read]) {
            let lose = |events: &[(u64, String)], read: &[String]| {
                let lost = events.iter().filter(|(_, name)| !read.contains(name));
                lost.map(|(_, name)| name.clone()).collect::<Vec<_>>()
            };
            match step {
                Happens::Written(count) => {
                    for _ in 0..*count {
                        written += 1;
                        site.events.push((next, format!("e{written}")));
                        next += 1;
                    }
                }
                Happens::Overwritten(count) => {
                    // An overwritten log has a newer event in it.
                    let count = usize::from(*count).min(site.events.len().saturating_sub(1));
                    let lost: Vec<_> = site.events.drain(..count).collect();
                    gone.extend(lose(&lost, &read));
                }
                Happens::Cleared { numbers_begin_anew } => {
                    let lost = std::mem::take(&mut site.events);
                    gone.extend(lose(&lost, &read));
                    untold = true;
                    if *numbers_begin_anew {
                        next = 1;
                    }
                }
                Happens::Read => {}
                Happens::Restart => site.restart(),
            }
            site.write();
            if matches!(step, Happens::Read) {
                read.extend(site.read());
            }
        }
        let expected: Vec<String> = (1..=written)
            .map(|number| format!("e{number}"))
            .filter(|name| !gone.contains(name))
            .collect();
        prop_assert_eq!(&read, &expected);
        // Before the first look nothing was known of the channel.
        let first_read = read.first().map_or(written + 1, |name| name[1..].parse().unwrap());
        let is_owed = gone.iter().any(|name| name[1..].parse::<u64>().unwrap() > first_read);
        prop_assert!(!is_owed || untold || !site.gaps().is_empty(), "{:?} are gone and nothing was told", gone);
    }
}
