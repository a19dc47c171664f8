//! The public RBA login data set's CSV, row by row: the sign-in, what its columns say of the address, and the truth.
//!
//! Layout and meaning by the data set's own description (das-group/rba-dataset, Wiefling et al. 2022, CC BY 4.0). Its values are made up
//! after real ones: addresses of 10.0.0.0/8 stand for public ones, so what the columns say of them counts, and nothing else.

use model::event::{Device, Event, Facts, Place, SignIn};
use model::identity::{EventKey, Kind, Vendor};
use model::time::Timestamp;
use model::whereabouts::{Country, Network, Scope, Whereabouts};
use std::net::IpAddr;
use std::sync::Arc;

/// A row of the data set.
#[derive(Debug, Clone, PartialEq)]
pub struct RbaRow {
    /// The sign-in.
    pub event: Event,
    /// Its identity, by the row's index or, where there is none, by what the row says.
    pub key: EventKey,
    /// What the row says of the address: country and network; it has no coordinates.
    pub whereabouts: Whereabouts,
    /// Whether the address is one of attackers (`Is Attack IP`).
    pub is_attack_address: bool,
    /// Whether somebody else than the owner got in (`Is Account Takeover`).
    pub is_takeover: bool,
}

/// Why a file or a row of it is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RbaError {
    /// The first line is no heading of this data set.
    #[error("the first line has no column `{0}`: is it the RBA data set's CSV, with its heading?")]
    NoColumn(&'static str),
    /// A column stands in the heading twice.
    #[error("the first line has the column `{0}` twice: take one out")]
    TwiceColumn(&'static str),
    /// A line is too long.
    #[error("line {line} has more than {LONGEST_LINE} bytes: no row of the data set is that long")]
    LongLine {
        /// Counted from 1.
        line: u64,
    },
    /// A line is not text.
    #[error("line {line} is not UTF-8: save the file as UTF-8")]
    NotText {
        /// Counted from 1.
        line: u64,
    },
    /// A quote is not closed, or text follows on a closed one.
    #[error("line {line} has a quote that does not end with its cell: rows of several lines are not read")]
    Quote {
        /// Counted from 1.
        line: u64,
    },
    /// A row has more or fewer cells than the heading.
    #[error("line {line} has {cells} cells and the heading has {columns}: mend or take out the line")]
    Cells {
        /// Counted from 1.
        line: u64,
        /// In the line.
        cells: usize,
        /// In the heading.
        columns: usize,
    },
    /// A cell says something that it cannot say.
    #[error("line {line}, column `{column}`: `{text}` is not {wanted}")]
    Cell {
        /// Counted from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// The cell, shortened.
        text: String,
        /// What was expected.
        wanted: &'static str,
    },
}

/// No row is longer, in bytes: the longest User-Agents that servers take are 8 KiB.
pub const LONGEST_LINE: usize = 64 * 1024;
/// What of a cell an error shows, in characters.
const SHOWN: usize = 64;

const INDEX: usize = 0;
const TIME: usize = 1;
const USER: usize = 2;
const ADDRESS: usize = 3;
const COUNTRY: usize = 4;
const REGION: usize = 5;
const CITY: usize = 6;
const NETWORK: usize = 7;
const USER_AGENT: usize = 8;
const BROWSER: usize = 9;
const SYSTEM: usize = 10;
const SUCCESS: usize = 11;
const ATTACK_ADDRESS: usize = 12;
const TAKEOVER: usize = 13;

/// The columns that are used. `Round-Trip Time [ms]` and `Device Type` are passed over: no detector of ours asks for them.
const COLUMNS: [(&str, Need); 14] = [
    ("index", Need::Not),
    ("Login Timestamp", Need::Must),
    ("User ID", Need::Must),
    ("IP Address", Need::Must),
    ("Country", Need::Not),
    ("Region", Need::Not),
    ("City", Need::Not),
    ("ASN", Need::Not),
    ("User Agent String", Need::Not),
    ("Browser Name and Version", Need::Not),
    ("OS Name and Version", Need::Not),
    ("Login Successful", Need::Must),
    ("Is Attack IP", Need::Must),
    ("Is Account Takeover", Need::Must),
];

/// Whether a column must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Must,
    Not,
}

/// Where each column stands: what the first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RbaColumns {
    at: [Option<usize>; COLUMNS.len()],
    count: usize,
}

impl RbaColumns {
    /// From the file's first line, with or without its end and a byte-order mark. Columns may come in any order, and others among them.
    pub fn of(line: &[u8]) -> Result<RbaColumns, RbaError> {
        let text = text(line, 1)?;
        let names = cells(text.strip_prefix('\u{feff}').unwrap_or(text), 1)?;
        let mut at = [None; COLUMNS.len()];
        for (number, (column, need)) in COLUMNS.iter().enumerate() {
            let mut places = names
                .iter()
                .enumerate()
                .filter(|(_, name)| name.trim().eq_ignore_ascii_case(column));
            at[number] = places.next().map(|(place, _)| place);
            if places.next().is_some() {
                return Err(RbaError::TwiceColumn(column));
            }
            if at[number].is_none() && *need == Need::Must {
                return Err(RbaError::NoColumn(column));
            }
        }
        Ok(RbaColumns {
            at,
            count: names.len(),
        })
    }

    /// Reads a row. `line` is counted from 1, the heading being 1. An empty line is no row.
    pub fn read(&self, bytes: &[u8], line: u64) -> Result<Option<RbaRow>, RbaError> {
        let text = text(bytes, line)?;
        if text.is_empty() {
            return Ok(None);
        }
        let cells = cells(text, line)?;
        if cells.len() != self.count {
            return Err(RbaError::Cells {
                line,
                cells: cells.len(),
                columns: self.count,
            });
        }
        let row = Row {
            columns: self,
            cells,
            line,
        };
        row.read().map(Some)
    }
}

/// Reads a whole file in memory: one answer for each row. A bad heading is the only answer.
pub fn read_all(bytes: &[u8]) -> impl Iterator<Item = Result<RbaRow, RbaError>> {
    let mut lines = (1_u64..).zip(bytes.split(|byte| *byte == b'\n'));
    let first = lines.next().map_or(&[][..], |(_, line)| line);
    let (columns, error) = match RbaColumns::of(first) {
        Ok(columns) => (Some(columns), None),
        Err(error) => (None, Some(Err(error))),
    };
    let rows = lines
        .map_while(move |(number, line)| Some(columns.as_ref()?.read(line, number).transpose()))
        .flatten();
    error.into_iter().chain(rows)
}

fn text(bytes: &[u8], line: u64) -> Result<&str, RbaError> {
    if bytes.len() > LONGEST_LINE {
        return Err(RbaError::LongLine { line });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| RbaError::NotText { line })?;
    Ok(text.trim_end_matches(['\r', '\n']))
}

/// The cells of a line (RFC 4180, but a row is one line).
fn cells(line: &str, number: u64) -> Result<Vec<String>, RbaError> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_cell(quoted).ok_or(RbaError::Quote { line: number })?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(cells),
            None => return Err(RbaError::Quote { line: number }),
        }
    }
}

/// A cell after its opening quote, and what follows on the closing one.
fn quoted_cell(mut rest: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    loop {
        let quote = rest.find('"')?;
        cell.push_str(&rest[..quote]);
        rest = &rest[quote + 1..];
        let Some(after) = rest.strip_prefix('"') else {
            return Some((cell, rest));
        };
        cell.push('"');
        rest = after;
    }
}

/// A row that has as many cells as the heading.
struct Row<'a> {
    columns: &'a RbaColumns,
    cells: Vec<String>,
    line: u64,
}

impl Row<'_> {
    /// A cell's text; `-` and `nan` are how the data set says nothing.
    fn cell(&self, column: usize) -> Option<&str> {
        let text = self.cells[self.columns.at[column]?].trim();
        let is_nothing = matches!(text, "" | "-") || text.eq_ignore_ascii_case("nan");
        (!is_nothing).then_some(text)
    }

    fn error(&self, column: usize, wanted: &'static str) -> RbaError {
        RbaError::Cell {
            line: self.line,
            column: COLUMNS[column].0,
            text: self
                .cell(column)
                .unwrap_or_default()
                .chars()
                .take(SHOWN)
                .collect(),
            wanted,
        }
    }

    fn truth(&self, column: usize) -> Result<bool, RbaError> {
        match self.cell(column).map(str::to_ascii_lowercase).as_deref() {
            Some("true" | "1" | "1.0") => Ok(true),
            Some("false" | "0" | "0.0") => Ok(false),
            _ => Err(self.error(column, "True or False")),
        }
    }

    fn owned(&self, column: usize) -> Option<String> {
        self.cell(column).map(str::to_owned)
    }

    fn read(&self) -> Result<RbaRow, RbaError> {
        let time = self.cell(TIME).unwrap_or_default();
        let time = Timestamp::parse_vendor(time).map_err(|_| self.error(TIME, "a time"))?;
        let user = self.cell(USER).ok_or_else(|| self.error(USER, "a user"))?;
        let address = self
            .cell(ADDRESS)
            .and_then(|text| text.parse::<IpAddr>().ok())
            .ok_or_else(|| self.error(ADDRESS, "a network address"))?
            .to_canonical();
        let country = match self.cell(COUNTRY) {
            Some(text) => {
                Some(Country::parse(text).ok_or_else(|| self.error(COUNTRY, "a country of two letters"))?)
            }
            None => None,
        };
        let network = match self.cell(NETWORK) {
            Some(text) => Some(network(text).ok_or_else(|| self.error(NETWORK, "the number of a network"))?),
            None => None,
        };
        let is_success = self.truth(SUCCESS)?;
        let (is_attack_address, is_takeover) = (self.truth(ATTACK_ADDRESS)?, self.truth(TAKEOVER)?);
        let key = match self.cell(INDEX) {
            Some(index) => EventKey::from_family_id(FAMILY, Kind::SignIn, index),
            None => EventKey::from_fields(
                "rba-1",
                Kind::SignIn,
                &[
                    &time.to_string(),
                    user,
                    &address.to_string(),
                    self.cell(USER_AGENT).unwrap_or_default(),
                ],
            ),
        };
        let sign_in = SignIn {
            user_id: Some(user.to_owned()),
            ip_address: Some(address.to_string()),
            location: Place {
                city: self.owned(CITY),
                state: self.owned(REGION),
                country: country.map(|country| country.to_string()),
                ..Place::default()
            },
            device: Device {
                operating_system: self.owned(SYSTEM),
                browser: self.owned(BROWSER),
                ..Device::default()
            },
            user_agent: self.owned(USER_AGENT),
            error_code: i64::from(!is_success),
            failure_reason: (!is_success).then(|| "The sign-in failed.".to_owned()),
            ..SignIn::default()
        };
        Ok(RbaRow {
            event: Event {
                vendor: Vendor::Mapped,
                vendor_id: self.owned(INDEX),
                time,
                updated: None,
                tenant: None,
                facts: Facts::SignIn(Box::new(sign_in)),
            },
            key,
            whereabouts: Whereabouts {
                scope: Scope::Public,
                country,
                network: network.map(|number| Network {
                    number,
                    name: Arc::from(""),
                }),
                ..Whereabouts::default()
            },
            is_attack_address,
            is_takeover,
        })
    }
}

/// The name of the data set's id space.
const FAMILY: &str = "rba";

/// A number of a network; the data set's tools write `29695.0`, too.
fn network(text: &str) -> Option<u32> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIXTURE: &[u8] = include_bytes!("../fixtures/rba.csv");
    const HEADING: &str = "index,Login Timestamp,User ID,Round-Trip Time [ms],IP Address,Country,Region,City,ASN,User Agent String,Browser Name and Version,OS Name and Version,Device Type,Login Successful,Is Attack IP,Is Account Takeover";

    fn row(bytes: &[u8], number: usize) -> RbaRow {
        read_all(bytes).nth(number).unwrap().unwrap()
    }

    fn sign_in(row: &RbaRow) -> &SignIn {
        match &row.event.facts {
            Facts::SignIn(sign_in) => sign_in,
            _ => panic!("no sign-in"),
        }
    }

    /// The first problem of a file, or nothing.
    fn check(file: &str, expected: Option<&str>) {
        let error = read_all(file.as_bytes()).find_map(Result::err);
        assert_eq!(
            error.map(|error| error.to_string()).as_deref(),
            expected,
            "{file}"
        );
    }

    #[test]
    fn a_row_is_a_sign_in_with_its_truth() {
        let first = row(FIXTURE, 0);
        assert_eq!(first.event.time.to_string(), "2020-02-04T07:15:01.021Z");
        assert_eq!(first.event.vendor_id.as_deref(), Some("0"));
        assert_eq!(sign_in(&first).user_id.as_deref(), Some("-1820000000000000001"));
        assert_eq!(sign_in(&first).ip_address.as_deref(), Some("203.0.113.17"));
        assert_eq!(sign_in(&first).location.city.as_deref(), Some("Bergen"));
        assert_eq!(sign_in(&first).error_code, 0);
        assert_eq!(
            sign_in(&first).user_agent.as_deref(),
            Some(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.130 Safari/537.36"
            )
        );
        assert_eq!(first.whereabouts.country, Country::parse("NO"));
        assert_eq!(
            first.whereabouts.network.map(|network| network.number),
            Some(64501)
        );
        assert_eq!((first.is_attack_address, first.is_takeover), (false, false));
    }

    #[test]
    fn truth_and_what_is_missing_are_read() {
        let rows: Vec<RbaRow> = read_all(FIXTURE).collect::<Result<_, _>>().unwrap();
        let told: Vec<(i64, bool, bool)> = rows
            .iter()
            .map(|row| (sign_in(row).error_code, row.is_attack_address, row.is_takeover))
            .collect();
        let expected = [
            (0, false, false),
            (1, false, false),
            (0, false, false),
            (1, true, false),
            (0, true, true),
            (0, false, false),
        ];
        assert_eq!(told, expected);
        // `-` is how the data set says that it does not know.
        assert_eq!(sign_in(&rows[3]).location.city, None);
        assert_eq!(rows[3].whereabouts.country, Country::parse("RO"));
        // Addresses of 10.0.0.0/8 stand for public ones.
        assert_eq!(sign_in(&rows[2]).ip_address.as_deref(), Some("10.4.8.15"));
        assert_eq!(rows[2].whereabouts.scope, Scope::Public);
        // Quotes within a quoted cell.
        assert_eq!(sign_in(&rows[5]).user_agent.as_deref(), Some("Sync \"Pro\", 2.1"));
        let mut keys: Vec<EventKey> = rows.iter().map(|row| row.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), rows.len());
    }

    #[test]
    fn columns_may_come_in_any_order_and_without_what_is_not_needed() {
        let file = "\u{feff}User ID,Is Account Takeover,login timestamp,IP Address,Is Attack IP,Login Successful\r\n7,0,2020-02-04 07:15:01,2001:db8::7,0,1\r\n\r\n";
        let rows: Vec<RbaRow> = read_all(file.as_bytes()).collect::<Result<_, _>>().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(sign_in(&rows[0]).ip_address.as_deref(), Some("2001:db8::7"));
        assert_eq!(rows[0].whereabouts.country, None);
    }

    #[test]
    fn a_problem_says_what_where_and_what_to_do() {
        let line = "0,2020-02-04 07:15:01.021,1,,203.0.113.17,NO,-,-,64501,UA,B,O,mobile,True,False,False";
        check(&format!("{HEADING}\n{line}\n"), None);
        check(
            "",
            Some(
                "the first line has no column `Login Timestamp`: is it the RBA data set's CSV, with its heading?",
            ),
        );
        check(
            &HEADING.replace("Is Attack IP", "Attack"),
            Some(
                "the first line has no column `Is Attack IP`: is it the RBA data set's CSV, with its heading?",
            ),
        );
        check(
            &format!("{HEADING},User ID\n"),
            Some("the first line has the column `User ID` twice: take one out"),
        );
        check(
            &format!("{HEADING}\n{line},more\n"),
            Some("line 2 has 17 cells and the heading has 16: mend or take out the line"),
        );
        for (from, to, expected) in [
            (
                "2020-02-04 07:15:01.021",
                "soon",
                "line 2, column `Login Timestamp`: `soon` is not a time",
            ),
            (
                "203.0.113.17",
                "home",
                "line 2, column `IP Address`: `home` is not a network address",
            ),
            (
                ",NO,",
                ",NOR,",
                "line 2, column `Country`: `NOR` is not a country of two letters",
            ),
            (
                "64501",
                "x",
                "line 2, column `ASN`: `x` is not the number of a network",
            ),
            (
                "mobile,True",
                "mobile,yes",
                "line 2, column `Login Successful`: `yes` is not True or False",
            ),
            ("021,1,", "021,,", "line 2, column `User ID`: `` is not a user"),
            (
                ",UA,",
                ",\"UA,",
                "line 2 has a quote that does not end with its cell: rows of several lines are not read",
            ),
            (
                ",UA,",
                ",\"U\"A,",
                "line 2 has a quote that does not end with its cell: rows of several lines are not read",
            ),
        ] {
            check(
                &format!("{HEADING}\n{}\n", line.replacen(from, to, 1)),
                Some(expected),
            );
        }
        check(
            &format!("{HEADING}\n{}\n", "x".repeat(LONGEST_LINE + 1)),
            Some("line 2 has more than 65536 bytes: no row of the data set is that long"),
        );
        let mut file = format!("{HEADING}\n").into_bytes();
        file.push(0xff);
        assert_eq!(
            read_all(&file).last().unwrap().unwrap_err().to_string(),
            "line 2 is not UTF-8: save the file as UTF-8"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut file = format!("{HEADING}\n").into_bytes();
            file.extend_from_slice(&bytes);
            prop_assert!(read_all(&file).count() <= bytes.len() + 1);
            let _ = read_all(&bytes).count();
        }

        /// What stands in a quoted cell comes out as it went in.
        #[test]
        fn any_text_survives_its_quotes(text in "[^\r\n]{0,40}") {
            let quoted = format!("\"{}\",x", text.replace('"', "\"\""));
            prop_assert_eq!(cells(&quoted, 1).unwrap(), [text, "x".to_owned()]);
        }
    }
}
