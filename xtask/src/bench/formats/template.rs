//! A record with places for what varies, and as many records of it as somebody wants.

use anyhow::{Result, bail};
use model::time::Timestamp;
use std::io::Write;

/// The first record's time: 2026-03-01T00:00:00Z.
const FIRST: i64 = 1_772_323_200;
/// Seconds between one record and the next, and what they have beyond a second.
const STEP_SECONDS: i64 = 7;
const STEP_MILLIS: i64 = 113;
/// So many people sign in, from so many addresses.
const USERS: u64 = 997;
const ADDRESSES: u64 = 251;

/// A text cut where something varies.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Place(Write1),
}

type Write1 = fn(&mut Vec<u8>, u64);

/// What may vary: `%id%` in a template becomes another GUID in each record.
const PLACES: &[(&str, Write1)] = &[
    ("%id%", |out, number| {
        let _ = write!(
            out,
            "{:08x}-5f0c-4a53-9d1b-{number:012x}",
            scattered(number) >> 32
        );
    }),
    ("%hex%", |out, number| {
        let _ = write!(out, "{:012x}{number:012x}", scattered(number) >> 16);
    }),
    ("%number%", |out, number| {
        let _ = write!(out, "{number}");
    }),
    ("%user%", |out, number| {
        let _ = write!(out, "user{}", scattered(number) % USERS);
    }),
    ("%address%", |out, number| {
        let _ = write!(out, "203.0.113.{}", scattered(number) % ADDRESSES + 1);
    }),
    // 2026-03-01T00:00:07.113Z
    ("%time%", |out, number| {
        let _ = write!(out, "{}", time(number));
    }),
    // 2026-03-01T00:00:07
    ("%local%", |out, number| {
        out.extend_from_slice(&iso(number).as_bytes()[..19]);
    }),
    // 2026-03-01 00:00:07,113, as loggers of Java have it
    ("%logged%", |out, number| {
        let iso = iso(number);
        let millis = time(number).unix_millis() % 1_000;
        let _ = write!(out, "{} {},{millis:03}", &iso[..10], &iso[11..19]);
    }),
    // 1772323207113
    ("%millis%", |out, number| {
        let _ = write!(out, "{}", time(number).unix_millis());
    }),
    // 1772323207
    ("%seconds%", |out, number| {
        let _ = write!(out, "{}", time(number).unix_seconds());
    }),
    // Mar  1 00:00:07, as syslog has it
    ("%syslog%", |out, number| {
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let iso = iso(number);
        let month: usize = iso[5..7].parse().unwrap_or(1);
        let day: u8 = iso[8..10].parse().unwrap_or(1);
        let _ = write!(out, "{} {day:2} {}", MONTHS[month - 1], &iso[11..19]);
    }),
];

impl Template {
    /// Cuts a text at its places. Fails for a word in percent signs that is none of them.
    pub(super) fn new(text: &str) -> Result<Template> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((at, name, write)) = next_place(rest) {
            pieces.push(Piece::Text(rest[..at].to_owned()));
            pieces.push(Piece::Place(write));
            rest = &rest[at + name.len()..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        for piece in &pieces {
            if let Piece::Text(text) = piece
                && let Some(word) = unknown_place(text)
            {
                let known: Vec<&str> = PLACES.iter().map(|(name, _)| *name).collect();
                bail!("there is no place `{word}`; there are {}", known.join(", "));
            }
        }
        Ok(Template(pieces))
    }

    /// Appends the record of a number.
    pub(super) fn write(&self, out: &mut Vec<u8>, number: u64) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Place(write) => write(out, number),
            }
        }
    }
}

fn next_place(text: &str) -> Option<(usize, &'static str, Write1)> {
    PLACES
        .iter()
        .filter_map(|(name, write)| Some((text.find(name)?, *name, *write)))
        .min_by_key(|(at, _, _)| *at)
}

/// `%word%` with nothing but small letters in it.
fn unknown_place(text: &str) -> Option<&str> {
    let mut parts = text.match_indices('%').map(|(at, _)| at).peekable();
    while let Some(start) = parts.next() {
        let end = *parts.peek()?;
        let word = &text[start + 1..end];
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Some(&text[start..=end]);
        }
    }
    None
}

fn time(number: u64) -> Timestamp {
    let number = number as i64;
    let millis = FIRST * 1_000 + number * STEP_SECONDS * 1_000 + (number * STEP_MILLIS) % 1_000;
    Timestamp::from_unix_millis(millis)
}

/// With at least `2026-03-01T00:00:07`.
fn iso(number: u64) -> String {
    time(number).to_string()
}

/// The same number far away from its neighbours (the finaliser of SplitMix64).
fn scattered(number: u64) -> u64 {
    let mixed = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, number: u64, expected: &str) {
        let mut out = Vec::new();
        Template::new(text).unwrap().write(&mut out, number);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
    }

    #[test]
    fn places_become_what_varies() {
        check(
            "%time% %local% %millis%",
            1,
            "2026-03-01T00:00:07.113Z 2026-03-01T00:00:07 1772323207113",
        );
        check("[%seconds%] %syslog%", 1, "[1772323207] Mar  1 00:00:07");
        check("%logged%", 9, "2026-03-01 00:01:03,017");
        check("%syslog%", 200_000, "Mar 17 04:53:20");
        check("%number%%number%", 7, "77");
        check("100%, %5B and no place", 7, "100%, %5B and no place");
    }

    #[test]
    fn ids_differ_and_are_guids() {
        let id = |number| {
            let mut out = Vec::new();
            Template::new("%id%").unwrap().write(&mut out, number);
            String::from_utf8(out).unwrap()
        };
        assert_ne!(id(1), id(2));
        assert_eq!(id(u64::from(u32::MAX)).len(), 36);
    }

    #[test]
    fn a_place_that_is_not_known_is_refused() {
        let error = Template::new("a %tiem% b").unwrap_err().to_string();
        assert!(
            error.starts_with("there is no place `%tiem%`; there are %id%, "),
            "{error}"
        );
    }
}
