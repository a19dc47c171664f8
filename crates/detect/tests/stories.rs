//! The stories of the detectors, told to the engine sign-in by sign-in: what they expect is what is found.

mod support;

use detect::Populations;
use support::{Atlas, House, lines};

/// Tells a story: each block of findings is about the sign-ins since the last one, in a house of its own.
fn check(story: &str) {
    let mut atlas = Atlas::default();
    let mut sign_ins = Vec::new();
    let mut stories = 0;
    for (kind, block) in blocks(story) {
        match kind {
            "places" => block.iter().for_each(|line| atlas.place(line)),
            "addresses" => block.iter().for_each(|line| atlas.address(line)),
            "sign-ins" => {
                for line in block {
                    let next = atlas.sign_ins(line, sign_ins.len());
                    sign_ins.extend(next);
                }
            }
            "findings" => {
                let mut told = std::mem::take(&mut sign_ins);
                told.sort_by_key(|seen| (seen.time, seen.key));
                let populations = Populations::of(told.iter().map(|seen| &**seen));
                let mut house = House::new(&populations);
                for seen in &told {
                    let news = house.store(seen);
                    house.observe(&news);
                }
                let found = lines(&house.holding());
                let is_as_expected = found.len() == block.len()
                    && found
                        .iter()
                        .zip(&block)
                        .all(|(found, expected)| match expected.strip_suffix('*') {
                            Some(beginning) => found.starts_with(beginning),
                            None => found == expected,
                        });
                assert!(
                    is_as_expected,
                    "expected\n{}\nfound\n{}",
                    block.join("\n"),
                    found.join("\n")
                );
                stories += 1;
            }
            other => panic!("what is a block of {other}?"),
        }
    }
    assert!(
        stories > 0 && sign_ins.is_empty(),
        "sign-ins without findings expect nothing"
    );
}

/// Fenced blocks with their words behind the fence.
fn blocks(story: &str) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in story.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(""), Some(_)) => blocks.extend(open.take()),
            (Some(kind), None) => open = Some((kind, Vec::new())),
            (None, Some((_, lines))) => lines.push(line),
            _ => {}
        }
    }
    blocks
}

#[test]
fn after_multiple_failures() {
    check(include_str!("../stories/after-multiple-failures.md"));
}

#[test]
fn unknown_sources() {
    check(include_str!("../stories/unknown-sources.md"));
}

#[test]
fn infected_devices() {
    check(include_str!("../stories/infected-devices.md"));
}

#[test]
fn suspicious_addresses() {
    check(include_str!("../stories/suspicious-addresses.md"));
}

#[test]
fn multiple_geographies() {
    check(include_str!("../stories/multiple-geographies.md"));
}

#[test]
fn irregular() {
    check(include_str!("../stories/irregular.md"));
}
