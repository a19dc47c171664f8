//! Which country an address was handed to: sorted ranges, IPv4 and IPv6 apart.

mod error;
mod pack;
mod unpack;

pub use error::TableError;

use model::time::Timestamp;
use model::whereabouts::Country;
use std::net::IpAddr;

/// The table that comes with the program. How it was made stands beside it, in `README.md`.
const EMBEDDED: &[u8] = include_bytes!("../../data/countries.table");

/// Countries by address. Immutable; about 6 MB for all of the Internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountryTable {
    as_of: Timestamp,
    source: String,
    codes: Vec<Country>,
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

/// Adjoining ranges: one reaches from its start to the next one's. What lies before the first is nobody's.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Ranges<A> {
    /// Ascending.
    starts: Vec<A>,
    /// Whose each range is: 0 is nobody's, else a country's place in the list, counted from 1.
    owners: Vec<u8>,
}

impl<A> Default for Ranges<A> {
    fn default() -> Ranges<A> {
        Ranges {
            starts: Vec::new(),
            owners: Vec::new(),
        }
    }
}

impl<A: Ord + Copy> Ranges<A> {
    fn owner(&self, address: A) -> u8 {
        let after = self.starts.partition_point(|start| *start <= address);
        let range = after.checked_sub(1).and_then(|range| self.owners.get(range));
        range.copied().unwrap_or(0)
    }
}

impl CountryTable {
    /// The table that comes with the program.
    pub fn embedded() -> Result<CountryTable, TableError> {
        CountryTable::from_bytes(EMBEDDED)
    }

    /// The country of an address; of an IPv4 address in IPv6 clothes, nothing.
    pub fn country(&self, address: IpAddr) -> Option<Country> {
        let owner = match address {
            IpAddr::V4(v4) => self.v4.owner(v4.to_bits()),
            IpAddr::V6(v6) => self.v6.owner(v6.to_bits()),
        };
        let place = usize::from(owner).checked_sub(1)?;
        self.codes.get(place).copied()
    }

    /// As of when the data are.
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// Where the data are from, on one line.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How many ranges there are, of both families.
    pub fn len(&self) -> usize {
        self.v4.starts.len() + self.v6.starts.len()
    }

    /// Whether it knows of no address at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many countries are named.
    pub fn countries(&self) -> usize {
        self.codes.len()
    }

    /// The table as a file. The same table gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TableError> {
        pack::pack(self)
    }

    /// A table from the bytes of a file.
    pub fn from_bytes(bytes: &[u8]) -> Result<CountryTable, TableError> {
        unpack::unpack(bytes)
    }

    /// Whether the bytes say that they are such a table; whether they are sound, reading tells.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(pack::MAGIC)
    }
}

/// Makes a table of ranges that come in ascending order, IPv4 and IPv6 each for itself.
#[derive(Debug)]
pub struct CountryTableBuilder {
    table: CountryTable,
    /// The first address after the last range; nothing when the last range reached the end.
    v4_next: Option<u32>,
    v6_next: Option<u128>,
}

impl CountryTableBuilder {
    /// A table of data that are as of a moment, and from somewhere: one line, for people.
    pub fn new(as_of: Timestamp, source: &str) -> CountryTableBuilder {
        let source: String = source
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(pack::MAX_SOURCE_CHARACTERS)
            .collect();
        CountryTableBuilder {
            table: CountryTable {
                as_of,
                source: source.trim().to_owned(),
                codes: Vec::new(),
                v4: Ranges::default(),
                v6: Ranges::default(),
            },
            v4_next: Some(0),
            v6_next: Some(0),
        }
    }

    /// Adds a range, both ends included.
    pub fn push(&mut self, first: IpAddr, last: IpAddr, country: Country) -> Result<(), TableError> {
        let owner = self.owner(country)?;
        match (first, last) {
            (IpAddr::V4(first), IpAddr::V4(last)) => {
                let (first, last) = (first.to_bits(), last.to_bits());
                let next = self.v4_next.filter(|next| *next <= first && first <= last);
                add(&mut self.table.v4, next, first, owner).ok_or(TableError::OutOfOrder)?;
                self.v4_next = last.checked_add(1);
            }
            (IpAddr::V6(first), IpAddr::V6(last)) => {
                let (first, last) = (first.to_bits(), last.to_bits());
                let next = self.v6_next.filter(|next| *next <= first && first <= last);
                add(&mut self.table.v6, next, first, owner).ok_or(TableError::OutOfOrder)?;
                self.v6_next = last.checked_add(1);
            }
            _ => return Err(TableError::OutOfOrder),
        }
        Ok(())
    }

    /// The table of all that was added.
    pub fn finish(mut self) -> CountryTable {
        end(&mut self.table.v4, self.v4_next);
        end(&mut self.table.v6, self.v6_next);
        self.table
    }

    fn owner(&mut self, country: Country) -> Result<u8, TableError> {
        let codes = &mut self.table.codes;
        let known = codes.iter().position(|code| *code == country);
        let place = known.unwrap_or(codes.len());
        if known.is_none() {
            codes.push(country);
        }
        u8::try_from(place + 1).map_err(|_| TableError::TooManyCountries)
    }
}

/// Adds the start of a range, and of the gap before it; `next` is where the last range ended.
fn add<A: Ord + Copy>(ranges: &mut Ranges<A>, next: Option<A>, first: A, owner: u8) -> Option<()> {
    let next = next?;
    if next < first {
        begin(ranges, next, 0);
    }
    begin(ranges, first, owner);
    Some(())
}

fn end<A: Copy>(ranges: &mut Ranges<A>, next: Option<A>) {
    if let Some(next) = next {
        begin(ranges, next, 0);
    }
}

/// Begins a range, unless it is the same owner's as the one before.
fn begin<A>(ranges: &mut Ranges<A>, start: A, owner: u8) {
    let before = ranges.owners.last().copied().unwrap_or(0);
    if before != owner {
        ranges.starts.push(start);
        ranges.owners.push(owner);
    }
}
