//! Any text as a `$filter`: never a panic, what is understood can be spelled and means the same again, and the time
//! ranges that the store is asked for leave out no row that matches.

use crate::Chance;
use crate::request_line::{CONTEXT, check_error};
use crate::spelling;
use model::query::{Literal, Operator, Predicate, TimeRanges};
use model::reports::{Face, ReportDef, Rows, by_name};
use model::time::Timestamp;
use odata::ask::ask;
use odata::filter;
use odata::options::Options;
use serde_json::{Map, Value};

/// Reports whose `$filter` differs: one date, two dates, numbers, names without a property, functions, casts and lists.
const REPORTS: &[(Face, &str)] = &[
    (Face::Reports, "auditEvents"),
    (Face::Reports, "allUserSignInActivityEvents"),
    (Face::Reports, "signInsFromPossiblyInfectedDevicesEvents"),
    (Face::Reports, "applicationUsageDetailEvents"),
    (Face::Reports, "tenantUserCount"),
    (Face::Reports, "b2cAuthenticationCount"),
    (Face::Activities, "signinEvents"),
    (Face::Activities, "audit"),
];

/// The instants looked at for one text: enough for every edge of a filter that a person writes.
const INSTANTS_MAX: usize = 60;

/// Takes the bytes for a `$filter` of several reports.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let chance = Chance::of(bytes);
    let looked_at = chance.some_of(0, REPORTS);
    for of in REPORTS {
        let report = by_name(of.0, of.1).expect("the report is in the list");
        let parsed = filter::parse(report, &text);
        if !looked_at.contains(of) {
            continue;
        }
        match parsed {
            Ok(predicate) => check_predicate(report, &text, &predicate),
            Err(error) => check_error(&error),
        }
    }
}

fn check_predicate(report: &'static ReportDef, text: &str, predicate: &Predicate) {
    let spelled = spelling::of(report, predicate);
    // Brackets that were not needed are gone, but dates and casts may be longer than they were.
    if spelled.len() <= filter::MAX_FILTER_BYTES {
        let again = filter::parse(report, &spelled);
        assert_eq!(again.as_ref(), Ok(predicate), "{text} was spelled {spelled}");
    }
    let Some(member) = report.time_member() else {
        return;
    };
    let ranges = predicate.time_ranges(member);
    check_sorted(&ranges);
    if report.time_property.is_none() || matches!(report.rows, Rows::One(_)) {
        return;
    }
    let options = Options {
        filter: Some(text.to_owned()),
        ..Options::default()
    };
    let asked = match ask(report, &options, &CONTEXT) {
        Ok(asked) => asked,
        Err(error) => panic!("{text} is understood and cannot be asked: {error}"),
    };
    check_sorted(&asked.query.times);
    let (oldest, newest) = asked.window.unwrap_or((Timestamp::MIN, Timestamp::MAX));
    let mut rows = [Map::new(), willing(predicate)].map(Value::Object);
    for time in instants(predicate) {
        for row in &mut rows {
            row[member] = time.to_string().into();
            let matches = predicate.matches(row);
            assert!(!matches || ranges.contains(time), "{text} leaves out {row}");
            if predicate.is_only_about(member) {
                assert_eq!(matches, ranges.contains(time), "{text} and {row}");
            }
            let rest = asked.query.predicate.as_ref();
            let found = asked.query.times.contains(time) && rest.is_none_or(|rest| rest.matches(row));
            let wanted = matches && (oldest..=newest).contains(&time);
            assert_eq!(found, wanted, "{text} about {row} is asked as {:?}", asked.query);
        }
    }
}

fn check_sorted(ranges: &TimeRanges) {
    let mut last_end: Option<Timestamp> = None;
    for (first, last) in ranges.iter() {
        assert!(first <= last, "{ranges:?}");
        assert!(last_end.is_none_or(|end| end < first), "{ranges:?}");
        last_end = Some(last);
    }
}

/// Every edge of the predicate and its two neighbours, the ends of time and of the default window, and one in it.
fn instants(predicate: &Predicate) -> Vec<Timestamp> {
    let mut instants = vec![
        Timestamp::MIN,
        Timestamp::MAX,
        CONTEXT.now.plus_days(-CONTEXT.default_window_days),
        CONTEXT.now.plus_days(-1),
    ];
    add_edges(predicate, &mut instants);
    instants.sort_unstable();
    instants.dedup();
    instants.truncate(INSTANTS_MAX);
    instants
}

fn add_edges(predicate: &Predicate, instants: &mut Vec<Timestamp>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            for part in parts {
                add_edges(part, instants);
            }
        }
        Predicate::Any { item, .. } => add_edges(item, instants),
        Predicate::Compare {
            value: Literal::Time(time),
            ..
        } => instants.extend([time.plus_ticks(-1), *time, time.plus_ticks(1)]),
        Predicate::Compare { .. } | Predicate::Text { .. } => {}
    }
}

/// A row that has for every leaf of the predicate what that leaf wants; of several the last.
fn willing(predicate: &Predicate) -> Map<String, Value> {
    let mut row = Map::new();
    fill(predicate, &mut row);
    row
}

fn fill(predicate: &Predicate, row: &mut Map<String, Value>) {
    match predicate {
        Predicate::And(parts) | Predicate::Or(parts) => {
            for part in parts {
                fill(part, row);
            }
        }
        Predicate::Compare {
            path,
            operator,
            value,
        } => {
            let value = match (value, operator) {
                (Literal::Time(time), _) => Value::from(time.to_string()),
                (Literal::Guid(guid), _) => Value::from(guid.to_string().to_uppercase()),
                (Literal::Integer(number), Operator::Greater) => Value::from(number.saturating_add(1)),
                (Literal::Integer(number), Operator::Less) => Value::from(number.saturating_sub(1)),
                (Literal::Integer(number), _) => Value::from(*number),
            };
            put(row, path, value);
        }
        Predicate::Text { path, value, .. } => put(row, path, Value::from(value.clone())),
        Predicate::Any { collection, item } => {
            let items = Value::Array(vec![Value::Null, Value::Object(willing(item))]);
            row.insert((*collection).to_owned(), items);
        }
    }
}

fn put(row: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [name] => drop(row.insert((*name).to_owned(), value)),
        [name, rest @ ..] => {
            let inner = row
                .entry((*name).to_owned())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
