//! A channel that grows, is cleared and overwritten, as pieces in the spool. What stands in for `wevtutil` reads a plain file.

mod scripts;

use super::*;
use crate::agent::lines::unpack;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tokio::runtime::Runtime;

const WEVTUTIL: &str = include_str!("../../../../tests/agent/wevtutil.sh");

/// A channel, and the agent's input on it.
struct Site {
    folder: tempfile::TempDir,
    runtime: Runtime,
    spool: Arc<Spool>,
    counters: Arc<Counters>,
    plan: Plan,
    log: EventLog,
    now: Timestamp,
    /// The events that are in the channel: their numbers, and names that tell them from others.
    events: Vec<(u64, String)>,
}

/// Events whose names begin so are those that an input with a choice wants.
const WANTED: char = 'w';

fn site(start: Start) -> Site {
    site_with(start, &[], 1 << 30)
}

fn site_with(start: Start, event_ids: &[RangeInclusive<u32>], spool_bytes: u64) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("wevtutil");
    fs::write(&program, WEVTUTIL).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let spool = Arc::new(Spool::open(&folder.path().join("state"), spool_bytes).unwrap());
    let plan = Plan {
        input: "mim".to_owned(),
        format: "auto".to_owned(),
        program,
        channel: "Requests".to_owned(),
        event_ids: event_ids.to_vec(),
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

fn id_of(name: &str) -> u32 {
    if name.starts_with(WANTED) { 4_121 } else { 4_137 }
}

fn line(number: u64, name: &str) -> String {
    let id = id_of(name);
    // Some that cannot be read.
    let broken = if name.ends_with('!') {
        "<Data>\u{1}</Dat>"
    } else {
        ""
    };
    format!(
        "{number} {id} <Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID \
         Qualifiers='0'>{id}</EventID><TimeCreated SystemTime='{name}'/><EventRecordID>{number}</EventRecordID></System>{broken}</Event>\n"
    )
}

impl Site {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self) {
        let lines = self.events.iter().map(|(number, name)| line(*number, name));
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
        self.look();
        self.taken()
    }

    fn look(&mut self) {
        for _ in 0..100 {
            if self.log.read(self.now).unwrap() != Step::Read {
                return;
            }
        }
        panic!("there is always more to read");
    }

    /// How often something was asked since this was called last.
    fn asked(&self) -> usize {
        let path = self.path().join("asked");
        let asked = fs::read_to_string(&path).unwrap_or_default().lines().count();
        let _ = fs::remove_file(path);
        asked
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
    check_with(start, &[], states, gaps);
}

fn check_with(start: Start, ids: &[RangeInclusive<u32>], states: &[State<'_>], gaps: &[(GapKind, u64)]) {
    for restarts in [false, true] {
        let mut site = site_with(start, ids, 1 << 30);
        for (events, expected) in states {
            site.channel(events);
            assert_eq!(site.read(), *expected, "{states:?}, restarts: {restarts}");
            if restarts {
                site.restart();
            }
            assert_eq!(site.read(), [""; 0], "twice: {states:?}, restarts: {restarts}");
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
    // One that has lost events before it was first looked at.
    check(Start::Beginning, &[(&[(8, "h"), (9, "i")], &["h", "i"])], &[]);
}

#[test]
fn a_channel_whose_start_is_its_end_is_read_from_what_comes_after_the_first_look() {
    check(
        Start::End,
        &[
            (&[(1, "a"), (2, "b")], &[]),
            (&[(1, "a"), (2, "b"), (3, "c")], &["c"]),
        ],
        &[],
    );
    check(Start::End, &[(&[], &[]), (&[(1, "a")], &["a"])], &[]);
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
        &[
            (&[(1, "a")], &["a"]),
            (&[(5, "e"), (6, "f")], &["e", "f"]),
            (&[(6, "f")], &[]),
            (&[(9, "i")], &["i"]),
        ],
        &[(GapKind::Truncated, 3), (GapKind::Truncated, 2)],
    );
}

#[test]
fn a_channel_that_was_cleared_is_read_from_its_start() {
    // Numbers begin anew: behind the place that was read, at it, and beyond it.
    let read: State<'_> = (&[(1, "a"), (2, "b"), (3, "c")], &["a", "b", "c"]);
    let cleared = [(GapKind::Truncated, 0)];
    check(
        Start::Beginning,
        &[read, (&[], &[]), (&[(1, "x")], &["x"])],
        &cleared,
    );
    check(
        Start::Beginning,
        &[read, (&[(1, "x"), (2, "y"), (3, "z")], &["x", "y", "z"])],
        &cleared,
    );
    check(
        Start::Beginning,
        &[
            read,
            (&[(2, "w"), (3, "x"), (4, "y"), (5, "z")], &["w", "x", "y", "z"]),
        ],
        &cleared,
    );
    // Numbers go on: nothing was missed, and something was.
    check(Start::Beginning, &[read, (&[], &[]), (&[(4, "d")], &["d"])], &[]);
    check(
        Start::Beginning,
        &[read, (&[], &[]), (&[(6, "f")], &["f"])],
        &[(GapKind::Truncated, 2)],
    );
}

#[test]
fn of_a_choice_of_events_those_that_are_not_wanted_leave_no_gap() {
    let ids = [4_121..=4_121];
    check_with(
        Start::Beginning,
        &ids,
        &[
            (&[(1, "w1"), (2, "o2")], &["w1"]),
            // Hours without one that is wanted, in which the channel goes round.
            (&[(1, "w1"), (2, "o2"), (3, "o3"), (4, "o4")], &[]),
            (&[(4, "o4"), (5, "o5"), (6, "o6")], &[]),
            (&[(6, "o6"), (7, "w7")], &["w7"]),
        ],
        &[],
    );
    // One that was not looked at may have been wanted.
    check_with(
        Start::Beginning,
        &ids,
        &[(&[(1, "o1")], &[]), (&[(4, "o4"), (5, "w5")], &["w5"])],
        &[(GapKind::Truncated, 0)],
    );
}

#[test]
fn an_idle_channel_costs_one_question_and_a_new_event_two() {
    let mut site = site(Start::Beginning);
    site.channel(&[(1, "a")]);
    site.read();
    site.asked();
    assert_eq!((site.read(), site.asked()), (vec![], 1));
    site.channel(&[(1, "a"), (2, "b")]);
    assert_eq!((site.read(), site.asked()), (vec!["b".to_owned()], 2));
}

#[test]
fn many_events_are_read_by_answers_and_pieces() {
    for ids in [vec![], vec![4_121..=4_121]] {
        let mut site = site_with(Start::Beginning, &ids, 1 << 30);
        let total = EVENTS_AN_ANSWER as u64 + 7;
        site.events = (1..=total)
            .map(|number| (number, format!("{WANTED}{number}")))
            .collect();
        site.write();
        let names: Vec<String> = site.events.iter().map(|(_, name)| name.clone()).collect();
        assert_eq!(site.read(), names);
    }
}

#[test]
fn an_answer_that_is_too_long_is_asked_for_in_halves_and_later_for_more_again() {
    for far in [false, true] {
        let mut site = site(Start::Beginning);
        site.channel(&[(1, "a")]);
        assert_eq!(site.read(), ["a"]);
        // Some forty events fit into an answer.
        site.log.answer_bytes_most = 10_000;
        let total = if far { NEAR as u64 + 100 } else { 300 };
        site.events
            .extend((2..=total).map(|number| (number, format!("e{number}"))));
        site.write();
        let names: Vec<String> = (2..=total).map(|number| format!("e{number}")).collect();
        assert_eq!(site.read(), names);
        let limit = site.log.events_an_answer.get();
        assert!((10..=80).contains(&limit), "{limit}");
        assert_eq!(site.log.told, "");
        // A single one that is too long is told, and nothing is moved on.
        site.log.answer_bytes_most = 10;
        site.events.push((total + 1, "z".to_owned()));
        site.write();
        assert_eq!(site.read(), [""; 0]);
        assert!(
            site.log.told.contains("have more than 10 bytes"),
            "{}",
            site.log.told
        );
        site.log.answer_bytes_most = ANSWER_BYTES_MOST;
        assert_eq!(site.read(), ["z"]);
        site.log.events_an_answer.set(2);
        for _ in 0..200 {
            site.events
                .push((site.events.len() as u64 + 1, "more".to_owned()));
        }
        site.write();
        assert_eq!(site.read().len(), 200);
        assert!(
            site.log.events_an_answer.get() > 2,
            "more are never asked for again"
        );
    }
}

#[test]
fn numbers_that_jump_and_events_that_come_between_two_questions_are_no_fault() {
    check(
        Start::Beginning,
        &[
            (&[(1, "a"), (5, "b"), (100, "c")], &["a", "b", "c"]),
            (
                &[(1, "a"), (5, "b"), (100, "c"), (300, "d"), (301, "e")],
                &["d", "e"],
            ),
        ],
        &[],
    );
    let mut site = site(Start::Beginning);
    site.channel(&[(1, "a")]);
    site.read();
    site.channel(&[(1, "a"), (2, "b")]);
    // What stands in writes these after the first question.
    fs::write(site.path().join("then"), [line(3, "c"), line(4, "d")].concat()).unwrap();
    site.asked();
    let read = site.read();
    assert_eq!(
        (read, site.asked()),
        (vec!["b".to_owned(), "c".to_owned(), "d".to_owned()], 2)
    );
    assert_eq!(site.gaps(), []);
}

#[test]
fn another_channel_under_the_same_name_is_looked_at_for_the_first_time() {
    let mut site = site(Start::Beginning);
    site.channel(&[(900, "a")]);
    assert_eq!(site.read(), ["a"]);
    site.plan.channel = "Others".to_owned();
    site.restart();
    site.channel(&[(5_000, "x")]);
    assert_eq!(site.read(), ["x"]);
    assert_eq!(site.gaps(), []);
}

#[test]
fn a_policy_that_drops_lets_a_channel_go_on_and_tells_of_it() {
    for when_full in [WhenFull::DropNewest, WhenFull::DropOldest] {
        let mut site = site_with(Start::Beginning, &[], 1);
        site.plan.when_full = when_full;
        site.restart();
        site.channel(&[(1, "a")]);
        site.look();
        site.channel(&[(1, "a"), (2, "b")]);
        site.look();
        site.channel(&[(1, "a"), (2, "b"), (3, "c")]);
        site.look();
        let kept = if when_full == WhenFull::DropNewest {
            "a"
        } else {
            "c"
        };
        assert_eq!(site.taken(), [kept], "{when_full:?}");
        assert_eq!(site.read(), [""; 0]);
        let dropped: u64 = site.gaps().iter().map(|gap| gap.1).sum();
        assert_eq!(dropped, 2, "{:?}", site.gaps());
    }
}

fn event<'a>(xml: &'a str, fault: Option<&str>) -> Event<'a> {
    Event {
        number: 1,
        id: None,
        time: String::new(),
        xml,
        fault: fault.map(str::to_owned),
    }
}

#[test]
fn pieces_are_bounded_and_have_all_events_in_their_order() {
    let long = "x".repeat(PIECE_BYTES / 2);
    let longer = "y".repeat(PIECE_BYTES + 1);
    let check = |events: &[(&str, bool)], expected: &[usize]| {
        let events: Vec<Event<'_>> = events
            .iter()
            .map(|(xml, is_sound)| event(xml, (!is_sound).then_some("it is broken")))
            .collect();
        let lengths: Vec<usize> = runs(&events)
            .map(|run| match run {
                Run::Piece(events) => events.len(),
                Run::Unsound(..) => 0,
            })
            .collect();
        assert_eq!(lengths, expected);
    };
    check(&[], &[]);
    check(&[("a", true), ("b", true)], &[2]);
    check(&[(&long, true), ("a", true), (&long, true), ("b", true)], &[2, 2]);
    check(&[(&longer, true), ("a", true)], &[1, 1]);
    check(
        &[("a", true), ("b", false), ("c", true), ("d", false)],
        &[1, 0, 1, 0],
    );
}

#[test]
fn a_piece_that_is_too_large_is_cut_between_events() {
    let xml = |number: u64| {
        let line = line(number, "a");
        line[line.find('<').unwrap()..].to_owned()
    };
    let piece = |numbers: RangeInclusive<u64>| {
        let text: String = numbers.map(xml).collect();
        lines::pack(text.as_bytes()).unwrap()
    };
    let parts = halves(&piece(1..=3)).unwrap();
    assert_eq!(parts.each_ref().map(|part| part.records), [1, 2]);
    assert_eq!(
        parts.each_ref().map(|part| unpack(&part.body).unwrap()),
        [1..=1, 2..=3].map(|numbers| unpack(&piece(numbers)).unwrap())
    );
    assert!(halves(&piece(1..=1)).is_none());
    assert!(halves(&lines::pack(b"{\"a\":1}\n").unwrap()).is_none());
}

#[test]
fn an_event_that_is_no_sound_xml_is_told_and_the_others_come() {
    check(
        Start::Beginning,
        &[
            (&[(1, "a"), (2, "b!"), (3, "c")], &["a", "c"]),
            // The newest one.
            (&[(3, "c"), (4, "d!")], &[]),
            (&[(4, "d!"), (5, "e")], &["e"]),
            // What is missing before it is told as well.
            (&[(8, "h!"), (9, "i")], &["i"]),
        ],
        &[
            (GapKind::Unreadable, 1),
            (GapKind::Unreadable, 1),
            (GapKind::Truncated, 2),
            (GapKind::Unreadable, 1),
        ],
    );
}

#[test]
fn a_channel_that_cannot_be_read_is_told_once_and_read_when_it_can_be() {
    let mut site = site(Start::Beginning);
    site.channel(&[(1, "a")]);
    let told = |site: &mut Site, said: &[u8]| {
        fs::write(site.path().join("fault"), said).unwrap();
        assert_eq!(site.log.read(site.now).unwrap(), Step::Idle);
        site.log.told.clone()
    };
    let first = told(&mut site, b"Access is denied.\r\n");
    assert!(
        first.contains("`Requests`: wevtutil says no") && first.ends_with(": Access is denied."),
        "{first}"
    );
    // In a code page of old.
    let second = told(&mut site, b"Acc\x8as refus\x82.");
    assert!(second.ends_with(": Acc\u{fffd}s refus\u{fffd}."), "{second}");
    fs::write(site.path().join("fault"), "").unwrap();
    assert_eq!(site.read(), ["a"]);
    assert_eq!(site.log.told, "");
    site.plan.program = site.path().join("nothing");
    site.restart();
    assert_eq!(site.log.read(site.now).unwrap(), Step::Idle);
    assert!(site.log.told.contains("cannot be started"), "{}", site.log.told);
}

#[test]
fn a_channel_whose_numbers_do_not_ascend_is_not_read_past() {
    let mut site;
    for (before, then) in [
        (&[(7, "a")][..], &[(7, "a"), (9, "b"), (8, "c"), (10, "d")][..]),
        (&[], &[(100, "a"), (5, "b")]),
        (
            &[(1_000, "a")],
            &[(1_000, "a"), (5, "b"), (1_001, "c"), (6, "d"), (1_002, "e")],
        ),
    ] {
        site = site_with(Start::Beginning, &[], 1 << 30);
        site.channel(before);
        site.read();
        site.channel(then);
        assert_eq!(site.read(), [""; 0], "{then:?}");
        assert!(site.log.told.contains("do not ascend"), "{}", site.log.told);
        assert_eq!(site.gaps(), []);
    }
}

#[test]
fn what_is_overwritten_while_the_spool_is_full_is_told() {
    let mut site = site_with(Start::Beginning, &[], 1);
    // The first piece is always taken, or one that is larger than the spool would wait for ever.
    site.channel(&[(1, "a")]);
    site.look();
    site.channel(&[(1, "a"), (2, "b")]);
    assert_eq!(site.log.read(site.now).unwrap(), Step::Blocked);
    // Twice the channel goes round.
    site.channel(&[(5, "e")]);
    site.look();
    site.channel(&[(9, "i")]);
    site.look();
    assert_eq!(site.gaps(), [(GapKind::Truncated, 3), (GapKind::Truncated, 4)]);
    assert_eq!(site.taken(), ["a"]);
    assert_eq!(site.read(), ["i"]);
}
