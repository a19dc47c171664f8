//! Random scripts of what happens to a channel.

use super::*;
use proptest::prelude::*;

/// What happens to a channel.
#[derive(Debug, Clone)]
enum Happens {
    /// Some are wanted, some cannot be read.
    Written(Vec<&'static str>),
    /// The oldest ones are overwritten.
    Overwritten(u8),
    Cleared {
        numbers_begin_anew: bool,
    },
    Look,
    Sent,
    Restart,
}

fn happens() -> impl Strategy<Value = Happens> {
    let kind = prop_oneof![5 => Just("w"), 3 => Just("o"), 1 => Just("w!"), 1 => Just("o!")];
    prop_oneof![
        4 => prop::collection::vec(kind, 1..5).prop_map(Happens::Written),
        2 => (1..6u8).prop_map(Happens::Overwritten),
        1 => any::<bool>().prop_map(|numbers_begin_anew| Happens::Cleared { numbers_begin_anew }),
        4 => Just(Happens::Look),
        2 => Just(Happens::Sent),
        1 => Just(Happens::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// Each event that can be read comes once, in its order, unless it was gone before it was read. Of those the number is told where it
    /// can be known, and that there are some where it cannot; where there are none, nothing is told.
    #[test]
    fn whatever_happens_to_a_channel_events_come_once_and_losses_are_told(
        has_choice in any::<bool>(),
        is_small in any::<bool>(),
        script in prop::collection::vec(happens(), 1..30),
    ) {
        let ids = if has_choice { vec![4_121..=4_121] } else { vec![] };
        let mut site = site_with(Start::Beginning, &ids, if is_small { 1 } else { 1 << 30 });
        let (mut next, mut written, mut read) = (1_u64, Vec::<String>::new(), Vec::<String>::new());
        let (mut lost, mut owed) = (Vec::<String>::new(), 0_u64);
        let (mut begins_anew, mut is_unnoticed) = (false, false);
        let ends = [Happens::Written(vec!["w"])];
        for step in script.iter().chain(&ends) {
            // How many of these are lost, by the place up to which was read.
            let cursor = site.spool.cursor("mim").unwrap().and_then(|cursor| Cursor::parse(&cursor, "Requests"));
            let mut lose = |events: Vec<(u64, String)>| {
                let first = match &cursor {
                    Some(Cursor::At(place)) if !is_unnoticed => place.number + u64::from(place.is_read),
                    _ => 0,
                };
                let unread = events.into_iter().filter(|(number, _)| *number >= first);
                let unread: Vec<String> = unread.map(|(_, name)| name).collect();
                if first > 0 {
                    owed += unread.len() as u64;
                }
                lost.extend(unread);
            };
            match step {
                Happens::Written(kinds) => {
                    for kind in kinds {
                        let (letter, mark) = kind.split_at(1);
                        let name = format!("{letter}{}{mark}", written.len());
                        written.push(name.clone());
                        site.events.push((next, name));
                        next += 1;
                    }
                }
                Happens::Overwritten(count) => {
                    // An overwritten log has a newer event in it.
                    let count = usize::from(*count).min(site.events.len().saturating_sub(1));
                    lose(site.events.drain(..count).collect());
                }
                Happens::Cleared { numbers_begin_anew } => {
                    lose(std::mem::take(&mut site.events));
                    if *numbers_begin_anew {
                        next = 1;
                        (begins_anew, is_unnoticed) = (true, true);
                    }
                }
                Happens::Look => {
                    site.look();
                    // An empty channel tells nothing of its numbers.
                    is_unnoticed &= site.events.is_empty();
                }
                Happens::Sent => read.extend(site.taken()),
                Happens::Restart => site.restart(),
            }
            site.write();
        }
        // A small spool takes a piece at a time.
        loop {
            site.look();
            let more = site.taken();
            if more.is_empty() {
                break;
            }
            read.extend(more);
        }
        let is_wanted = |name: &String| !has_choice || name.starts_with(WANTED);
        let expected: Vec<&String> = written
            .iter()
            .filter(|name| is_wanted(name) && !name.ends_with('!') && !lost.contains(name))
            .collect();
        prop_assert_eq!(read.iter().collect::<Vec<_>>(), expected);
        let unsound = written.iter().filter(|name| name.ends_with('!') && !lost.contains(name));
        let gaps = site.gaps();
        let of = |kind: GapKind| gaps.iter().filter(move |gap| gap.0 == kind);
        // Those that are not wanted cannot be told from the others when they cannot be read; where the log itself chooses, they are not seen.
        let told: u64 = of(GapKind::Unreadable).map(|gap| gap.1).sum();
        prop_assert!(told <= unsound.clone().count() as u64 && told >= unsound.filter(|name| is_wanted(name)).count() as u64);
        let truncated: u64 = of(GapKind::Truncated).map(|gap| gap.1).sum();
        // Numbers that begin anew and have come to where they were hide what was lost in between.
        if has_choice && !begins_anew {
            prop_assert_eq!(of(GapKind::Truncated).count() > 0, owed > 0, "{:?}", lost);
        } else if !begins_anew {
            prop_assert_eq!(truncated, owed, "{:?}", lost);
        }
    }
}
