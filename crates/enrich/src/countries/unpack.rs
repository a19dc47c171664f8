//! A table from the bytes of a file: nothing is believed before it was checked.

use super::{CountryTable, Ranges, TableError};
use model::time::Timestamp;
use model::whereabouts::Country;
use std::io::Read;

/// What a file may be long; the one that comes with the program has half a megabyte.
const MAX_BYTES: usize = 32 << 20;
/// What it may be long unpacked.
const MAX_UNPACKED_BYTES: usize = 128 << 20;
/// Ranges of one family; the one that comes with the program has a third of a million.
const MAX_RANGES: usize = 6_000_000;
/// What the four lines may be long together.
const MAX_HEAD_BYTES: usize = 2048;

struct Head<'a> {
    bytes: &'a [u8],
    as_of: Timestamp,
    source: &'a str,
    v4_ranges: usize,
    v6_ranges: usize,
}

pub(super) fn unpack(bytes: &[u8]) -> Result<CountryTable, TableError> {
    if bytes.len() > MAX_BYTES {
        return Err(TableError::TooMuch {
            limit: MAX_BYTES,
            what: "bytes",
        });
    }
    let head = head(bytes)?;
    let body = unpacked(&bytes[head.bytes.len()..])?;
    let mut rest = body
        .strip_prefix(head.bytes)
        .ok_or(TableError::Damaged("the head is not the one that was packed"))?;
    let codes = codes(&mut rest)?;
    let v4 = ranges(&mut rest, head.v4_ranges, codes.len(), |start| {
        u32::try_from(start).ok()
    })?;
    let v6 = ranges(&mut rest, head.v6_ranges, codes.len(), Some)?;
    if !rest.is_empty() {
        return Err(TableError::Damaged("there is more than the head says"));
    }
    Ok(CountryTable {
        as_of: head.as_of,
        source: head.source.to_owned(),
        codes,
        v4,
        v6,
    })
}

fn head(bytes: &[u8]) -> Result<Head<'_>, TableError> {
    let within = &bytes[..bytes.len().min(MAX_HEAD_BYTES)];
    let mut lines = within.split_inclusive(|byte| *byte == b'\n');
    let mut length = 0;
    let mut line = |number: usize, word: &'static str| {
        let problem = TableError::Head {
            line: number,
            expected: word,
        };
        let line = lines.next().ok_or(problem.clone())?;
        length += line.len();
        let text = line
            .strip_suffix(b"\n")
            .and_then(|text| text.strip_prefix(word.as_bytes()))
            .and_then(|text| text.strip_prefix(b" "))
            .ok_or(problem.clone())?;
        Ok((
            std::str::from_utf8(text).map_err(|_| problem.clone())?,
            problem,
            length,
        ))
    };

    let (version, ..) = line(1, "gatelog countries").map_err(|_| TableError::NotATable)?;
    if version != "1" {
        return Err(TableError::Version(version.chars().take(16).collect()));
    }
    let (as_of, problem, _) = line(2, "as-of")?;
    let as_of = Timestamp::parse_vendor(as_of).map_err(|_| problem)?;
    let (source, ..) = line(3, "source")?;
    let (counts, problem, length) = line(4, "ranges")?;
    let (v4, v6) = counts.split_once(' ').ok_or(problem.clone())?;
    Ok(Head {
        bytes: &bytes[..length],
        as_of,
        source,
        v4_ranges: count(v4, problem.clone())?,
        v6_ranges: count(v6, problem)?,
    })
}

fn count(text: &str, problem: TableError) -> Result<usize, TableError> {
    let count = text.parse::<usize>().map_err(|_| problem)?;
    if count > MAX_RANGES {
        return Err(TableError::TooMuch {
            limit: MAX_RANGES,
            what: "ranges",
        });
    }
    Ok(count)
}

fn unpacked(frame: &[u8]) -> Result<Vec<u8>, TableError> {
    let damaged = |_| TableError::Damaged("they cannot be unpacked");
    let mut body = Vec::new();
    let decoder = zstd::Decoder::with_buffer(frame).map_err(damaged)?.single_frame();
    let mut limited = decoder.take(MAX_UNPACKED_BYTES as u64 + 1);
    limited.read_to_end(&mut body).map_err(damaged)?;
    if body.len() > MAX_UNPACKED_BYTES {
        return Err(TableError::TooMuch {
            limit: MAX_UNPACKED_BYTES,
            what: "bytes unpacked",
        });
    }
    if !limited.into_inner().finish().is_empty() {
        return Err(TableError::Damaged("something follows them"));
    }
    Ok(body)
}

fn codes(rest: &mut &[u8]) -> Result<Vec<Country>, TableError> {
    let count = number(rest)?;
    if count > 255 {
        return Err(TableError::TooManyCountries);
    }
    let letters = take(rest, count as usize * 2)?;
    let mut codes = Vec::with_capacity(count as usize);
    for pair in letters.chunks_exact(2) {
        let country = std::str::from_utf8(pair).ok().and_then(Country::parse);
        codes.push(country.ok_or(TableError::Damaged("a country has no two letters"))?);
    }
    Ok(codes)
}

fn ranges<A>(
    rest: &mut &[u8],
    count: usize,
    countries: usize,
    address: fn(u128) -> Option<A>,
) -> Result<Ranges<A>, TableError> {
    // Each range takes two bytes at least: what the head claims cannot make us reserve more than the file has.
    if rest.len() < count * 2 {
        return Err(TableError::Damaged("there is less than the head says"));
    }
    let mut starts = Vec::with_capacity(count);
    let mut before = None;
    for _ in 0..count {
        let distance = number(rest)?;
        let start = match before {
            None => Some(distance),
            Some(_) if distance == 0 => None,
            Some(before) => distance.checked_add(before),
        };
        let start = start.ok_or(TableError::Damaged("the ranges do not ascend"))?;
        starts.push(address(start).ok_or(TableError::Damaged("a range lies beyond all addresses"))?);
        before = Some(start);
    }
    let owners = take(rest, count)?;
    if owners.iter().any(|owner| usize::from(*owner) > countries) {
        return Err(TableError::Damaged(
            "a range belongs to a country that is not in the list",
        ));
    }
    Ok(Ranges {
        starts,
        owners: owners.to_vec(),
    })
}

fn number(rest: &mut &[u8]) -> Result<u128, TableError> {
    let mut number = 0_u128;
    for place in 0..19 {
        let byte = take(rest, 1)?[0];
        let part = u128::from(byte & 0x7f);
        let shifted = part << (7 * place);
        if shifted >> (7 * place) != part {
            break;
        }
        number |= shifted;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(TableError::Damaged("a number is too large"))
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], TableError> {
    let (taken, left) = rest
        .split_at_checked(count)
        .ok_or(TableError::Damaged("they end too early"))?;
    *rest = left;
    Ok(taken)
}
