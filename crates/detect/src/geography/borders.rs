//! How far apart countries are at the least, and a circle around each: from a table made of Natural Earth's outlines.

use model::whereabouts::Country;

/// Made by `borders.py` beside it, which tells its layout and which parts count for which country.
const TABLE: &[u8] = include_bytes!("borders.table");
const HEAD: &[u8] = b"gatelog borders 1\n";
/// Two letters, two hundredths of degrees, a radius.
const COUNTRY_BYTES: usize = 8;

/// A circle on the ground that has all of a country in it, with all of its parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circle {
    /// Degrees north of its middle.
    pub latitude_degrees: f64,
    /// Degrees east of its middle.
    pub longitude_degrees: f64,
    /// From the middle to the furthest point of the country, in kilometres.
    pub radius_km: f64,
}

/// The least distance between the territories of two countries, in kilometres, rounded down: 0 for one and the same and for
/// neighbours. A country that the table does not know has none.
///
/// A lower bound. Islands and parts overseas count, and parts with letters of their own (Puerto Rico, Guadeloupe, Gibraltar)
/// count for the country, too, where tables of addresses often name that instead.
pub fn border_gap_km(one: Country, other: Country) -> Option<f64> {
    let (one, other) = (place_of(one)?, place_of(other)?);
    let (earlier, later) = (one.min(other), one.max(other));
    if earlier == later {
        return Some(0.0);
    }
    let pair = later * (later - 1) / 2 + earlier;
    let gaps = HEAD.len() + 2 + count() * COUNTRY_BYTES;
    Some(f64::from(u16_at(gaps + 2 * pair)?))
}

/// A circle around a country, with all of its parts.
pub fn circle_of(country: Country) -> Option<Circle> {
    let record = record(place_of(country)?)?;
    let number = |at: usize| Some([*record.get(at)?, *record.get(at + 1)?]);
    Some(Circle {
        latitude_degrees: f64::from(i16::from_le_bytes(number(2)?)) / 100.0,
        longitude_degrees: f64::from(i16::from_le_bytes(number(4)?)) / 100.0,
        radius_km: f64::from(u16::from_le_bytes(number(6)?)),
    })
}

/// How many countries there are; none if the table is another one.
fn count() -> usize {
    if TABLE.starts_with(HEAD) {
        u16_at(HEAD.len()).map_or(0, usize::from)
    } else {
        0
    }
}

fn record(place: usize) -> Option<&'static [u8]> {
    let from = HEAD.len() + 2 + place * COUNTRY_BYTES;
    TABLE.get(from..from + COUNTRY_BYTES)
}

/// The countries stand there by their letters.
fn place_of(country: Country) -> Option<usize> {
    let letters = country.as_str().as_bytes();
    let (mut from, mut to) = (0, count());
    while from < to {
        let middle = usize::midpoint(from, to);
        match record(middle)?[..2].cmp(letters) {
            std::cmp::Ordering::Less => from = middle + 1,
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Greater => to = middle,
        }
    }
    None
}

fn u16_at(at: usize) -> Option<u16> {
    let bytes = TABLE.get(at..at + 2)?;
    Some(u16::from_le_bytes([bytes[0], bytes[1]]))
}
