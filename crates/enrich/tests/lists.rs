//! Lists: what a line may say, when an entry counts, and what becomes of it when a newer edition comes.

#![allow(clippy::unwrap_used)] // Helpers of tests.

use enrich::{CountryTableBuilder, Enrichment, List, MaxAges, Parts};
use model::time::Timestamp;
use model::whereabouts::ListClass;
use proptest::prelude::*;
use std::sync::Arc;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_vendor(text).unwrap()
}

fn list(text: &str) -> List {
    List::read(ListClass::Tor, "exits", text.as_bytes(), at("2026-05-01")).unwrap()
}

fn enrichment(lists: Vec<List>) -> Enrichment {
    Enrichment::new(Parts {
        countries: Arc::new(CountryTableBuilder::new(Timestamp::MIN, "none").finish()),
        databases: Vec::new(),
        lists: lists.into_iter().map(Arc::new).collect(),
        max_ages: MaxAges::default(),
    })
}

/// The text of a list, an address, a moment, and the note of the entry that counts, if one does; `-` is one without note.
fn check(text: &str, address: &str, moment: &str, expected: Option<&str>) {
    let listed = enrichment(vec![list(text)])
        .look_up(address.parse().unwrap(), at(moment))
        .listed;
    let notes: Vec<&str> = listed
        .iter()
        .map(|listing| listing.note.as_deref().unwrap_or("-"))
        .collect();
    assert_eq!(
        notes,
        Vec::from_iter(expected),
        "{address} at {moment} in {text:?}"
    );
}

#[test]
fn a_line_is_an_address_or_a_network() {
    let day = "2026-05-01";
    check("203.0.113.7", "203.0.113.7", day, Some("-"));
    check("203.0.113.7", "203.0.113.8", day, None);
    check("203.0.113.0/25\n", "203.0.113.127", day, Some("-"));
    check("203.0.113.0/25\n", "203.0.113.128", day, None);
    check(
        "\u{feff}# exits\r\n\r\n203.0.113.7\r\n",
        "203.0.113.7",
        day,
        Some("-"),
    );
    check("2001:db8::/33", "2001:db8:7fff::1", day, Some("-"));
    check("2001:db8::/33", "2001:db8:8000::1", day, None);
    check("203.0.113.7 # a note of theirs", "203.0.113.7", day, Some("-"));
    check(
        "203.0.113.7\tEmotet  controller # seen",
        "203.0.113.7",
        day,
        Some("Emotet controller"),
    );
    check("203.0.113.7 8", "203.0.113.7", day, Some("8"));
}

#[test]
fn an_address_in_other_clothes_is_the_same() {
    let day = "2026-05-01";
    check("203.0.113.7", "::ffff:203.0.113.7", day, Some("-"));
    check("::ffff:203.0.113.0/120", "203.0.113.7", day, Some("-"));
    check("203.0.113.7", "64:ff9b::203.0.113.7", day, Some("-"));
    check("203.0.113.7", "2002:cb00:7107::1", day, Some("-"));
    check("2002:cb00:7107::/48", "2002:cb00:7107::1", day, Some("-"));
    // The organisation's own networks may be on its own list.
    check("10.0.0.0/8 office", "10.1.2.3", day, Some("office"));
}

#[test]
fn an_entry_counts_from_its_first_day_to_the_end_of_its_last() {
    let text = "203.0.113.7 since=2026-03-01 until=2026-03-31 spring";
    check(text, "203.0.113.7", "2026-02-28T23:59:59.9999999Z", None);
    check(text, "203.0.113.7", "2026-03-01T00:00:00Z", Some("spring"));
    check(
        text,
        "203.0.113.7",
        "2026-03-31T23:59:59.9999999Z",
        Some("spring"),
    );
    check(text, "203.0.113.7", "2026-04-01T00:00:00Z", None);
    let text = "203.0.113.7 until=2026-03-31T12:00:00Z";
    check(text, "203.0.113.7", "2026-03-31T11:59:59Z", Some("-"));
    check(text, "203.0.113.7", "2026-03-31T12:00:00Z", None);
    check(text, "203.0.113.7", "1999-01-01", Some("-"));
}

#[test]
fn the_narrowest_entry_that_counts_tells_why() {
    let text =
        "203.0.113.0/24 wide\n203.0.113.0/28 middle\n203.0.113.7 until=2026-04-01 narrow\n203.0.113.8 other";
    check(text, "203.0.113.7", "2026-03-01", Some("narrow"));
    check(text, "203.0.113.7", "2026-05-01", Some("middle"));
    check(text, "203.0.113.8", "2026-05-01", Some("other"));
    check(text, "203.0.113.9", "2026-05-01", Some("middle"));
    check(text, "203.0.113.16", "2026-05-01", Some("wide"));
    check(text, "203.0.114.0", "2026-05-01", None);
}

#[test]
fn each_list_names_an_address_once_by_class_and_name() {
    let read = |class, name, text: &str| List::read(class, name, text.as_bytes(), at("2026-05-01")).unwrap();
    let lists = vec![
        read(ListClass::Hosting, "b", "203.0.113.0/24"),
        read(ListClass::Hosting, "a", "203.0.113.7\n203.0.113.0/24"),
        read(ListClass::Tor, "z", "203.0.113.7"),
        read(ListClass::Vpn, "v", "198.51.100.0/24"),
    ];
    let listed = enrichment(lists)
        .look_up("203.0.113.7".parse().unwrap(), at("2026-05-02"))
        .listed;
    let named: Vec<String> = listed
        .iter()
        .map(|listing| format!("{}:{}", listing.class.as_str(), listing.list))
        .collect();
    assert_eq!(named, ["tor:z", "hosting:a", "hosting:b"]);
}

fn check_error(text: &[u8], expected: &str) {
    let read = List::read(ListClass::Tor, "exits", text, at("2026-05-01"));
    assert_eq!(read.unwrap_err().to_string(), format!("line {expected}"));
}

#[test]
fn an_error_says_which_line_and_what_to_do() {
    check_error(
        b"203.0.113.7\nnobody",
        "2 of the list `exits`: `nobody` is no address and no network: write one such as 203.0.113.7 or 203.0.113.0/24 a line",
    );
    check_error(
        b"203.0.113.77/24",
        "1 of the list `exits`: `203.0.113.77/24` has bits set beyond its prefix: write 203.0.113.0/24 for all of it, or the address alone",
    );
    check_error(
        b"0.0.0.0/0",
        "1 of the list `exits`: `0.0.0.0/0` names every address: take the line out",
    );
    check_error(
        b"::ffff:0.0.0.0/96",
        "1 of the list `exits`: `::ffff:0.0.0.0/96` names every address: take the line out",
    );
    check_error(
        b"203.0.113.7 since=soon",
        "1 of the list `exits`: `since=soon` is no date: write since=2026-05-01 or since=2026-05-01T12:00:00Z",
    );
    check_error(
        b"203.0.113.7 since=2026-01-01 since=2026-02-01",
        "1 of the list `exits`: `since=` stands there twice: leave one",
    );
    check_error(
        b"203.0.113.7 since=2026-02-01 until=2026-01-31",
        "1 of the list `exits`: it ends before it begins: `until` has to be later than `since`",
    );
    check_error(
        b"\n# as-of: yesterday",
        "2 of the list `exits`: `yesterday` is no date: write `# as-of: 2026-05-01` or `# as-of: 2026-05-01T12:00:00Z`",
    );
    check_error(
        b"\x1f\x8b\x08",
        "1 of the list `exits`: it is not UTF-8 text: save the file as UTF-8, or unpack it first",
    );
    check_error(
        b"# nothing\n",
        "2 of the list `exits`: the list names nobody: if that is meant, write `# empty` on a line of its own",
    );
    check_error(
        &[b'1'; 5000],
        "1 of the list `exits`: it is longer than 4096 bytes: is this a list?",
    );
    assert_eq!(list("# empty").entries().len(), 0);
}

fn check_stale(as_of: &str, class: ListClass, moment: &str, expected: bool) {
    let text = format!("# as-of: {as_of}\n203.0.113.7");
    let list = List::read(class, "l", text.as_bytes(), at("1999-01-01")).unwrap();
    let found = enrichment(vec![list]).look_up("203.0.113.7".parse().unwrap(), at(moment));
    let listing = &found.listed[0];
    assert_eq!(
        (listing.is_stale, listing.as_of),
        (expected, at(as_of)),
        "{as_of} at {moment}"
    );
}

#[test]
fn a_list_is_stale_a_while_after_it_was_made_and_a_while_before() {
    check_stale("2026-05-01", ListClass::Tor, "2026-05-01", false);
    check_stale("2026-05-01", ListClass::Tor, "2026-05-31T00:00:00Z", false);
    check_stale("2026-05-01", ListClass::Tor, "2026-05-31T00:00:01Z", true);
    check_stale("2026-05-01", ListClass::Tor, "2026-03-31T23:59:59Z", true);
    check_stale("2026-05-01", ListClass::Tor, "2026-04-01T00:00:00Z", false);
    check_stale("2026-05-01", ListClass::Vpn, "2026-05-31T00:00:01Z", false);
    check_stale("2026-05-01", ListClass::Vpn, "2026-07-01", true);
    check_stale("2026-05-01", ListClass::Corporate, "2036-05-01", false);
}

/// The first edition, the second one, and the lines of what is kept of both.
fn check_succession(old: &str, newer: &str, expected: &str) {
    let made = |day: &str, text: &str| List::read(ListClass::Tor, "exits", text.as_bytes(), at(day)).unwrap();
    let kept = made("2026-05-01", old).succeed(&made("2026-06-01", newer));
    let head = "# as-of: 2026-05-01T00:00:00Z\n# as-of: 2026-06-01T00:00:00Z\n";
    assert_eq!(
        kept.to_text(),
        format!("{head}{expected}"),
        "{old:?}, then {newer:?}"
    );
    // The same edition again changes nothing, and an older one neither.
    assert_eq!(kept.succeed(&made("2026-06-01", newer)), kept);
    assert_eq!(kept.succeed(&made("2026-04-01", "192.0.2.1")), kept);
}

#[test]
fn what_left_a_list_counted_until_then_and_what_came_counts_since() {
    let first = "2026-06-01T00:00:00Z";
    check_succession(
        "192.0.2.1\n192.0.2.2\n",
        "192.0.2.2\n192.0.2.3\n",
        &format!("192.0.2.1 until={first}\n192.0.2.2\n192.0.2.3 since={first}\n"),
    );
    // What ended by itself ended then.
    check_succession(
        "192.0.2.1 until=2026-05-09T00:00:00Z",
        "# empty",
        "192.0.2.1 until=2026-05-09T00:00:00Z\n",
    );
    // What would have begun later never did.
    check_succession(
        "192.0.2.1 since=2026-07-01",
        "192.0.2.2",
        &format!("192.0.2.2 since={first}\n"),
    );
    // The same network for another reason is another entry.
    check_succession(
        "192.0.2.1 Emotet",
        "192.0.2.1 Qakbot",
        &format!("192.0.2.1 until={first} Emotet\n192.0.2.1 since={first} Qakbot\n"),
    );
    // What a list says itself of the past counts for the past.
    check_succession(
        "192.0.2.9",
        "192.0.2.1 since=2026-01-05 until=2026-02-05\n192.0.2.9",
        "192.0.2.1 since=2026-01-05T00:00:00Z until=2026-02-06T00:00:00Z\n192.0.2.9\n",
    );
    check_succession(
        "192.0.2.9",
        "192.0.2.1 until=2026-02-05\n192.0.2.9",
        "192.0.2.1 until=2026-02-06T00:00:00Z\n192.0.2.9\n",
    );
    // It knows better when something began or ended.
    check_succession(
        "192.0.2.1",
        "192.0.2.1 since=2026-03-01T00:00:00Z",
        "192.0.2.1 since=2026-03-01T00:00:00Z\n",
    );
    check_succession(
        "192.0.2.1",
        "192.0.2.1 until=2026-05-20T00:00:00Z",
        "192.0.2.1 until=2026-05-20T00:00:00Z\n",
    );
}

#[test]
fn an_entry_that_left_and_came_back_has_a_gap() {
    let made = |day: &str, text: &str| List::read(ListClass::Tor, "exits", text.as_bytes(), at(day)).unwrap();
    let kept = made("2026-05-01", "192.0.2.1")
        .succeed(&made("2026-05-02", "# empty"))
        .succeed(&made("2026-05-03", "192.0.2.1"))
        .succeed(&made("2026-05-04", "192.0.2.1"));
    let enrichment = enrichment(vec![kept]);
    for (moment, expected) in [
        ("2026-04-01", Some("2026-05-01")),
        ("2026-05-01T23:59:59Z", Some("2026-05-01")),
        ("2026-05-02T00:00:00Z", None),
        ("2026-05-03T00:00:00Z", Some("2026-05-03")),
        ("2026-05-09", Some("2026-05-04")),
    ] {
        let found = enrichment.look_up("192.0.2.1".parse().unwrap(), at(moment));
        let as_of = found.listed_as(ListClass::Tor).map(|listing| listing.as_of);
        assert_eq!(as_of, expected.map(at), "{moment}");
    }
}

/// Lines over few networks, so that they meet; days of May 2026.
fn lines() -> impl Strategy<Value = String> {
    let network = prop::sample::select(vec![
        "192.0.2.1",
        "192.0.2.0/24",
        "192.0.2.0/28",
        "192.0.2.0/32",
        "192.0.2.128/25",
        "192.0.0.0/16",
        "2001:db8::/32",
        "2001:db8::1",
    ]);
    let day = prop::option::of(1..31_u32);
    let note = prop::sample::select(vec!["", " a", " b c"]);
    let line = (network, day.clone(), day, note).prop_map(|(network, since, until, note)| {
        let since = since.filter(|since| until.is_none_or(|until| *since <= until));
        let word = |word: &str, day: Option<u32>| {
            day.map_or(String::new(), |day| format!(" {word}=2026-05-{day:02}"))
        };
        format!(
            "{network}{}{}{note}\n",
            word("since", since),
            word("until", until)
        )
    });
    proptest::collection::vec(line, 1..12).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn a_list_that_is_written_is_the_same_when_read(first in lines(), second in lines()) {
        let kept = list(&first).succeed(&List::read(ListClass::Tor, "exits", second.as_bytes(), at("2026-05-15")).unwrap());
        for list in [list(&first), kept] {
            let again = List::read(ListClass::Tor, "exits", list.to_text().as_bytes(), at("1999-01-01"));
            prop_assert_eq!(again.unwrap(), list);
        }
    }

    /// Against a plain walk through all entries.
    #[test]
    fn an_address_is_listed_if_any_entry_names_it_then(text in lines(), day in 1..31_i64, half in any::<bool>()) {
        let list = list(&text);
        let moment = at("2026-05-01").plus_days(day - 1).plus_seconds(if half { 43_200 } else { 0 });
        let enrichment = enrichment(vec![list.clone()]);
        for address in ["192.0.2.0", "192.0.2.1", "192.0.2.15", "192.0.2.16", "192.0.2.200", "192.0.3.0", "192.1.0.0", "2001:db8::1", "2001:db8::2", "2001:db9::"] {
            let address = address.parse().unwrap();
            let named = list.entries().iter().filter(|entry| entry.network.contains(&address) && entry.counts_at(moment));
            let narrowest = named.map(|entry| entry.network.prefix_len()).max();
            let listed = enrichment.look_up(address, moment).listed;
            prop_assert_eq!(listed.len(), usize::from(narrowest.is_some()), "{} at {}", address, moment);
        }
    }

    /// Of lines that say nothing of time: at any moment those of the edition of then.
    #[test]
    fn a_day_is_judged_by_the_list_of_that_day(editions in proptest::collection::vec(proptest::collection::btree_set(0..6_u8, 0..6), 1..8)) {
        let made = |day: usize| at("2026-05-01").plus_days(day as i64);
        let read = |day: usize| {
            let text: Vec<String> = editions[day].iter().map(|last| format!("192.0.2.{last}")).collect();
            let text = text.join("\n");
            List::read(ListClass::Tor, "exits", format!("# empty\n{text}").as_bytes(), made(day)).unwrap()
        };
        let kept = (1..editions.len()).fold(read(0), |kept, day| kept.succeed(&read(day)));
        let enrichment = enrichment(vec![kept]);
        for (day, expected) in editions.iter().enumerate() {
            for last in 0..6_u8 {
                let found = enrichment.look_up([192, 0, 2, last].into(), made(day).plus_seconds(3600));
                prop_assert_eq!(!found.listed.is_empty(), expected.contains(&last), "192.0.2.{} on day {}", last, day);
            }
        }
    }

    #[test]
    fn any_bytes_are_a_list_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(list) = List::read(ListClass::Vpn, "x", &bytes, Timestamp::MIN) {
            let again = List::read(ListClass::Vpn, "x", list.to_text().as_bytes(), Timestamp::MAX);
            prop_assert_eq!(again.unwrap(), list);
        }
    }
}
